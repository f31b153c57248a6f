"""From terms that obey a recurrence to an interlaced polynomial fraction, and to the number that it is.

Terms c_1, c_2, ... follow x = 1/(c_1 + s_1/(c_2 + ...)); T_i = c_i + s_i/(c_(i+1) + ...) are the tails, T_1 = 1/x.
A pattern says that from some i on c_(i + K n + r) = p_r(n) with polynomials p_0 ... p_(K-1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from math import comb, factorial, gcd, lcm

import numpy as np

from searches.constants.esma.signs import sign
from searches.constants.fraction import Fraction, Poly, plus, poly, shifted, times, value

Ratio = tuple[Poly, Poly]  # numerator and denominator, polynomials in the constant
MOST_DEGREE = 6
Key = tuple[int, tuple[tuple[Poly, int], ...]]


@dataclass(frozen=True)
class Pattern:
    """c_(start + K n + r) = polys[r](n) / divisor for n = 0, 1, ..., with the signs of a word."""

    start: int
    polys: tuple[Poly, ...]
    divisor: int = 1
    word: int = 0
    word_period: int = 1

    @property
    def degree(self) -> int:
        """The highest degree; 0 for a periodic fraction."""
        return max(len(p) for p in self.polys) - 1

    @property
    def period(self) -> int:
        """Of polynomials and signs together."""
        return lcm(len(self.polys), self.word_period)

    def term(self, i: int) -> int:
        """c_i; for i below the start what the pattern would have there."""
        n, r = divmod(i - self.start, len(self.polys))
        return value(self.polys[r], n) // self.divisor

    def terms(self, last: int) -> np.ndarray:
        """int64 c_start ... c_last; below 2^63 for all patterns that were found in int64."""
        n, r = np.divmod(np.arange(last + 1 - self.start), len(self.polys))
        table = np.array([[*p, *[0] * (self.degree + 1 - len(p))] for p in self.polys], np.int64)
        result = np.zeros(len(n), np.int64)
        for k in range(self.degree, -1, -1):
            result = result * n + table[r, k]
        return result // self.divisor

    def sign(self, i: int) -> int:
        """s_i."""
        return sign(self.word, self.word_period, i)

    @cached_property
    def key(self) -> Key:
        """The same for patterns that have a tail in common, however far they are shifted.

        n is counted such that the mean of the roots of the sum of all polynomials is in [0, 1); of the terms of a
        period the first is such that the whole is least.
        """
        found = []
        for first in range(self.start, self.start + self.period):
            polys = self._cut(first, self.period)
            total = reduce(plus, polys)
            degree = len(total) - 1
            by = -total[-2] // (degree * total[-1]) if degree > 0 else 0
            signs = (self.sign(first + r) for r in range(self.period))
            found.append(tuple((_moved(p, 1, by), s) for p, s in zip(polys, signs, strict=True)))
        return self.divisor, min(found)

    def fraction(self, first: int) -> Fraction:
        """Of tail T_first, with integer coefficients: terms are taken in more turns where that needs it."""
        period = self.period
        polys = self._cut(first, period)
        while any(c % self.divisor for p in polys for c in p):
            period += self.period
            polys = self._cut(first, period)
        b = [(self.sign(first + r - 1),) for r in range(period)]
        return Fraction(tuple((tuple(c // self.divisor for c in p), s) for p, s in zip(polys, b, strict=True)))

    def _cut(self, first: int, period: int) -> list[Poly]:
        """The polynomials, times the divisor, of c_(first + period n + r), r = 0 ... period - 1."""
        k = len(self.polys)
        places = (divmod(first + r - self.start, k) for r in range(period))
        return [_moved(self.polys[r], period // k, n) for n, r in places]


def find(terms: np.ndarray, length: int, memory: int, word: int = 0, word_period: int = 1) -> Pattern | None:
    """The pattern of int64 terms c_1, c_2, ... that obey a recurrence of this length and memory from the start.

    None where they obey another recurrence than those of interlaced polynomials, such as one of powers. A pattern is
    exact on all terms that are given; it uses up at most half of them.
    """
    first = length - memory
    tail = [int(c) for c in terms[first:]]
    for period in range(1, len(tail) // 2):
        differences = tail
        for degree in range(MOST_DEGREE + 1):
            differences = [b - a for a, b in zip(differences, differences[period:], strict=False)]
            if 2 * len(differences) < len(tail):
                break
            if not any(differences):
                polys = [_through(tail[r::period][: degree + 1]) for r in range(period)]
                scale = factorial(degree)
                common = gcd(scale, *(c for p in polys for c in p))
                divided = tuple(tuple(c // common for c in p) for p in polys)
                return Pattern(first + 1, divided, scale // common, word, word_period)
    return None


def tail_of(ratio: Ratio, quotient: int, complement: bool) -> Ratio:
    """T_1 of the number A/B above 1 with that first quotient: 1 over its fractional part, or over 1 minus that."""
    a, b = ratio
    part = plus(a, times((-quotient,), b))
    if complement:
        part = plus(b, times((-1,), part))
    return b, part


def after(tail: Ratio, c: int, s: int) -> Ratio:
    """T_(i+1) from T_i = c + s/T_(i+1)."""
    n, d = tail
    return times((s,), d), plus(n, times((-c,), d))


def before(tail: Ratio, c: int, s: int) -> Ratio:
    """T_i from T_(i+1)."""
    n, d = tail
    return plus(times((c,), n), times((s,), d)), n


def size(ratio: Ratio) -> int:
    """Decimal digits of the coefficients, without a common divisor."""
    divisor = gcd(*ratio[0], *ratio[1])
    return sum(len(str(abs(c) // divisor)) for side in ratio for c in side if c)


def simplest(pattern: Pattern, tails: dict[int, Ratio]) -> tuple[int, Fraction]:
    """Of the tails given the one whose number is written shortest, then the one with the smallest coefficients."""

    shortest = min(map(size, tails.values()))
    places = [i for i in tails if size(tails[i]) == shortest]
    return min(((i, pattern.fraction(i)) for i in places), key=lambda pair: (weight(pair[1]), -pair[0]))


def weight(fraction: Fraction) -> tuple[int, int]:
    """Turns that the terms take, and the sum of all coefficients of a without their signs."""
    return fraction.period, sum(abs(c) for a, _ in fraction.blocks for c in a)


def tails(pattern: Pattern, terms: np.ndarray, first: Ratio) -> dict[int, Ratio]:
    """T_i around the start of a pattern, two periods back and two on; before its start the pattern is extended."""
    period = pattern.period
    found, tail = {}, first
    for i in range(1, pattern.start):
        tail = after(tail, int(terms[i - 1]), pattern.sign(i))
    middle = tail
    for i in range(pattern.start, pattern.start + 2 * period):
        found[i] = tail
        tail = after(tail, pattern.term(i), pattern.sign(i))
    tail = middle
    for i in range(pattern.start - 1, pattern.start - 1 - 2 * period, -1):
        tail = before(tail, pattern.term(i), pattern.sign(i))
        found[i] = tail
    return found


def _through(values: list[int]) -> Poly:
    """d! p with p(0), ..., p(d) = values, by Newton's forward differences."""
    result: Poly = ()
    basis: Poly = (1,)  # n (n - 1) ... (n - j + 1)
    d = len(values) - 1
    for j in range(d + 1):
        difference = sum((-1) ** (j - i) * comb(j, i) * values[i] for i in range(j + 1))
        result = plus(result, times((difference * factorial(d) // factorial(j),), basis))
        basis = times(basis, (-j, 1))
    return result


def _moved(p: Poly, scale: int, by: int) -> Poly:
    """p(scale n + by)."""
    if len(p) <= 1:
        return p
    if len(p) == 2:
        return p[0] + p[1] * by, p[1] * scale
    shift = shifted(p, by)
    return poly([c * scale**k for k, c in enumerate(shift)])
