"""A table of all small forms (p x + q)/(r x + s) of all constants x, and of the roots of small quadratics.

A million values are looked up in a second: both sides are sorted, and merged. What is found agrees to the digits of a
float64 only, so it is to be confirmed (`identify.confirm`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from discover.errors import UserError
from primitives.compiled import inner, outer
from primitives.evaluators.intrinsics import floor
from searches.constants.identify.algebraic import quadratic
from searches.constants.identify.formula import Formula, Monomial
from searches.constants.identify.library import Constant, Library

COEFFICIENTS = 8  # of the forms, at most
HEIGHT = 24  # of the quadratics, at most
LEAST = 10.0  # digits that a value needs to be looked up
MOST = 14.5  # digits that a float64 has to offer
SPLIT_BITS = 45  # of a constant's first part: times a coefficient, plus a coefficient it is exact
LARGEST = 60_000_000  # entries of a table, 12 bytes each
RATIONAL_RISK = 1e-5  # of taking a random number for rational


@inner
def _gcd(a, b):
    a, b = abs(a), abs(b)
    while b:
        a, b = b, a % b
    return a


@outer
def _forms(bound):
    """int8[n, 4]: (p, q, r, s) up to a bound, without common divisor, ps - qr not 0, of the two signs one."""
    width = 2 * bound + 1
    out = np.empty((width**3 * (bound + 1), 4), np.int8)
    n = 0
    for r in range(bound + 1):
        for s in range(-bound if r else 1, bound + 1):
            for p in range(-bound, bound + 1):
                for q in range(-bound, bound + 1):
                    if p * s != q * r and _gcd(_gcd(p, q), _gcd(r, s)) == 1:
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = p, q, r, s
                        n += 1
    return out[:n]


@outer
def _values(forms, first, second, out):
    """out[c * len(forms) + f]: form f of constant first[c] + second[c]."""
    n = forms.shape[0]
    for c in range(first.shape[0]):
        x, rest = first[c], second[c]
        for f in range(n):
            p, q, r, s = forms[f]
            out[c * n + f] = (p * x + q + p * rest) / (r * x + s + r * rest)


@outer
def _quadratics(height):
    """int64[n, 4]: a > 0, b, c, and the sign of the irrational root (-b + sign sqrt(b^2 - 4 a c)) / (2 a)."""
    out = np.empty((2 * height * (2 * height + 1) ** 2, 4), np.int64)
    n = 0
    for a in range(1, height + 1):
        for b in range(-height, height + 1):
            for c in range(-height, height + 1):
                d = b * b - 4 * a * c
                if d <= 0 or _gcd(a, _gcd(b, c)) != 1:
                    continue
                root = np.int64(np.sqrt(np.float64(d)) + 0.5)
                if root * root == d:
                    continue
                for sign in (-1, 1):
                    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = a, b, c, sign
                    n += 1
    return out[:n]


@outer
def _roots(quadratics, out):
    """The roots, without cancellation."""
    for k in range(quadratics.shape[0]):
        a, b, c, sign = quadratics[k]
        root = np.sqrt(np.float64(b * b - 4 * a * c))
        if b * sign <= 0:
            out[k] = (-b + sign * root) / (2 * a)
        else:
            out[k] = 2 * c / (-b - sign * root)


@outer
def _merge(table, codes, values, order, tolerance, index, found):
    """Pairs of a value and a code within the value's tolerance: how many there are; as many are written as fit."""
    n, at, count = table.shape[0], 0, 0
    for k in range(order.shape[0]):
        i = order[k]
        low, high = values[i] - tolerance[i], values[i] + tolerance[i]
        while at > 0 and table[at - 1] >= low:
            at -= 1
        while at < n and table[at] < low:
            at += 1
        j = at
        while j < n and table[j] <= high:
            if count < index.shape[0]:
                index[count], found[count] = i, codes[j]
            count += 1
            j += 1
    return count


@inner
def rational(v, tolerance, risk, margin):
    """(p, q, sure): p/q is v within the tolerance, and hardly by chance; else 0, 0.

    sure: the same for all tolerances within a factor of 1 +- margin.
    """
    p0, q0, p, q = np.int64(0), np.int64(1), np.int64(1), np.int64(0)
    x, sure = v, True
    for _ in range(40):
        whole = floor(x)
        p0, q0, p, q = p, q, np.int64(whole) * p + p0, np.int64(whole) * q + q0
        # A random number is this near to a ratio of such a denominator with about this probability.
        chance, off = np.float64(q) * np.float64(q) * tolerance, abs(v - np.float64(p) / np.float64(q))
        sure = sure and abs(chance - risk) >= margin * risk and abs(off - tolerance) >= margin * tolerance
        if chance > risk:
            break
        if off <= tolerance:
            return p, q, sure
        rest = x - whole
        if rest <= 0.0:
            break
        x = 1.0 / rest
        if x > 1e9:
            break
    return np.int64(0), np.int64(0), sure


@outer
def _rationals(values, digits, risk, out):
    """out[i] = (p, q) where values[i] is p/q as far as its digits say, and hardly by chance; else (0, 0)."""
    for i in range(values.shape[0]):
        v = values[i]
        out[i] = 0
        if abs(v) < 1e15 and digits[i] > 0.0:
            out[i, 0], out[i, 1], _ = rational(v, 10.0 ** -digits[i] * abs(v), risk, 0.0)


def rationals(values: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """int64[n, 2]: p, q of the values (float64[n]) that are p/q to all their digits (float64[n]), else 0, 0."""
    out = np.empty((len(values), 2), np.int64)
    _rationals(values, np.minimum(digits, MOST), RATIONAL_RISK, out)
    return out


@lru_cache(maxsize=2)
def _all_forms(bound: int) -> np.ndarray:
    return _forms(bound)


@dataclass(frozen=True)
class Table:
    """Forms with coefficients up to `bound` of a library's constants, as numbers in increasing order.

    Codes count the roots of quadratics first, then form after form of constant after constant.
    """

    library: Library
    bound: int = COEFFICIENTS
    height: int = HEIGHT

    def __post_init__(self) -> None:
        """Raises UserError for a table that would not fit into memory."""
        entries = (2 * self.bound + 1) ** 3 * (self.bound + 1) * len(self.constants)
        if entries > LARGEST:
            forms = f"about {entries:.1g} forms, at most {LARGEST:.1g}"
            what = f"coefficients up to {self.bound} of {len(self.constants)} constants"
            raise UserError(f"{what} make {forms}: choose smaller coefficients or fewer constants")

    @cached_property
    def forms(self) -> np.ndarray:
        """int8[n, 4]: p, q, r, s."""
        return _all_forms(self.bound)

    @cached_property
    def quadratics(self) -> np.ndarray:
        """int64[n, 4]: a, b, c and the sign of the root."""
        return _quadratics(self.height)

    @property
    def constants(self) -> tuple[Constant, ...]:
        """Those whose forms are in the table: all but quadratic numbers, which are among the roots."""
        return tuple(c for c in self.library.constants if c.degree != 2)

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        roots, forms = len(self.quadratics), len(self.forms)
        first, second = np.array([_halves(c) for c in self.constants], np.float64).reshape(-1, 2).T.copy()
        values = np.empty(roots + forms * len(first))
        _roots(self.quadratics, values[:roots])
        _values(self.forms, first, second, values[roots:])
        codes = np.argsort(values).astype(np.int32)
        return values[codes], codes

    @property
    def values(self) -> np.ndarray:
        """float64[m]: the numbers, ascending."""
        return self._sorted[0]

    def __len__(self) -> int:
        return len(self.values)

    def lookup(self, values: np.ndarray, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (index int64[m], code int64[m]) of values (float64[n]) and the entries they agree with to all their
        decimal digits (float64[n]), in increasing order, so roots of quadratics before forms of constants. Values that
        have fewer than 10 digits, are not finite, or are rational are in none.
        """
        usable = np.flatnonzero(np.isfinite(values) & (digits >= LEAST) & (values != 0.0))
        order = usable[np.argsort(values[usable])]
        tolerance = np.abs(values) * 10.0 ** -np.clip(digits, LEAST, MOST)
        capacity = 1 << 16
        while True:
            index, found = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
            count = _merge(*self._sorted, values, order, tolerance, index, found)
            if count <= capacity:
                break
            capacity = count
        index, found = index[:count], found[:count]
        kept = np.flatnonzero(rationals(values[index], digits[index])[:, 1] == 0)
        pairs = kept[np.lexsort((found[kept], index[kept]))]
        return index[pairs], found[pairs]

    def formula(self, code: int) -> Formula:
        """The entry of a code."""
        roots = len(self.quadratics)
        if code < roots:
            return quadratic(*(int(c) for c in self.quadratics[code]))
        which, form = divmod(code - roots, len(self.forms))
        p, q, r, s = (int(c) for c in self.forms[form])
        return moebius(self.constants[which], p, q, r, s)

    def decoy(self, codes: np.ndarray) -> np.ndarray:
        """bool[m]: the entry is a form of a decoy."""
        named = np.array([c.decoy for c in self.constants], bool)
        which = (codes - len(self.quadratics)) // len(self.forms)
        return (which >= 0) & named[np.maximum(which, 0)] if len(named) else np.zeros(len(codes), bool)


def _halves(constant: Constant) -> tuple[float, float]:
    """As a sum of two float64, the first of few bits."""
    value = constant.value(40)
    near = float(value)
    grid = 2.0 ** (np.frexp(near)[1] - SPLIT_BITS)
    first = float(np.round(near / grid) * grid)
    return first, float(value - first)


def moebius(constant: Constant, p: int, q: int, r: int, s: int) -> Formula:
    """(p x + q)/(r x + s)."""
    x: Monomial = ((constant.name, 1),)
    return Formula.of("algebraic" if constant.degree else "moebius", {x: p, (): q}, {x: r, (): s})
