"""How a fraction converges, decided exactly, and the asymptotic series of its tail in ball arithmetic.

The same cases as in `tail`, for interlaced fractions as well. The map of one period, F(n) = (A F(n+1) + B) / (C F(n+1)
+ D) with polynomials A..D in n, becomes f_n f_{n+1} = a(n) f_{n+1} + b(n+1) by f_n = C(n-1) F(n) + D(n-1), with
rational functions a = D(n-1) + A C(n-1)/C and b(n+1) = (B C - A D) C(n-1)/C, of which only the expansion at infinity is
needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

from flint import arb, fmpq, fmpz_poly

from searches.constants.fraction import Fraction, Poly


class Case(IntEnum):
    """How the two formal solutions lie; see `tail`."""

    FACTORIAL = 0
    EXPONENTIAL = 1
    PARTED_HALF = 2
    PARTED_WHOLE = 3
    ALTERNATING = 4
    OSCILLATING = 5
    DIVERGING = 6


Matrix = tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly]
SHIFT = fmpz_poly([1, 1])
BACK = fmpz_poly([-1, 1])
ZERO = fmpz_poly([])


def rotated(fraction: Fraction, by: int) -> tuple[tuple[Poly, Poly], ...]:
    """The blocks of the fraction whose term j is term j + by of this one."""
    from searches.constants.fraction import shifted

    k = fraction.period
    out = []
    for i in range(k):
        n, j = divmod(i + by, k)
        a, b = fraction.blocks[j]
        out.append((shifted(a, n), shifted(b, n)) if n else (a, b))
    return tuple(out)


def period_matrix(blocks: tuple[tuple[Poly, Poly], ...]) -> Matrix:
    """(A, B, C, D) of one period, as polynomials in n."""
    a, b, c, d = fmpz_poly([1]), fmpz_poly([]), fmpz_poly([]), fmpz_poly([1])
    for i, (top, _) in enumerate(blocks):
        p = fmpz_poly(list(top))
        q = fmpz_poly(list(blocks[i + 1][1])) if i + 1 < len(blocks) else fmpz_poly(list(blocks[0][1]))(SHIFT)
        a, b, c, d = a * p + b, a * q, c * p + d, c * q
    return a, b, c, d


@dataclass(frozen=True)
class Equation:
    """c(n) f_n f_{n+1} = p(n) f_{n+1} + q(n), and how to get the tail: (f_n - d(n-1)) / c(n-1) is that of term k n + s.

    `start` is s, `period` k.
    """

    c: fmpz_poly
    p: fmpz_poly
    q: fmpz_poly
    d: fmpz_poly
    start: int
    period: int

    @classmethod
    def of(cls, fraction: Fraction) -> Equation | None:
        """None if no rotation of the period gives one (all C vanish)."""
        k = fraction.period
        if k == 1:
            a, b = (fmpz_poly(list(x)) for x in fraction.blocks[0])
            return cls(fmpz_poly([1]), a, b(SHIFT), fmpz_poly([]), 0, 1)
        for s in range(k):
            a, b, c, d = period_matrix(rotated(fraction, s))
            if c != ZERO:
                before = c(BACK)
                return cls(c, c * d(BACK) + a * before, before * (b * c - a * d), d, s, k)
        return None

    def tail(self, f: arb, n: int) -> arb:
        """The tail at term period n + start, of the solution f_n."""
        return f if self.period == 1 else (f - self.d(n - 1)) / self.c(n - 1)

    def expansions(self, terms: int, number: Any) -> tuple[tuple[int, list], tuple[int, list]]:
        """(degree, coefficients of n^degree, n^(degree-1), ...) of p/c and q/c; degree -1000 for zero."""
        return _expansion(self.p, self.c, terms, number), _expansion(self.q, self.c, terms, number)


def _expansion(top: fmpz_poly, bottom: fmpz_poly, terms: int, number: Any) -> tuple[int, list]:
    """The Laurent series at infinity of a rational function."""
    if top == ZERO:
        return -1000, [number(0)] * terms
    upper, lower = list(top.coeffs())[::-1], list(bottom.coeffs())[::-1]
    out: list[Any] = []
    for j in range(terms):
        value = number(upper[j]) if j < len(upper) else number(0)
        for i in range(1, min(j, len(lower) - 1) + 1):
            if lower[i] != 0:
                value -= lower[i] * out[j - i]
        out.append(value if lower[0] == 1 else value / lower[0])
    return len(upper) - len(lower), out


@dataclass(frozen=True)
class Branch:
    """A case with what decides it, exactly: degrees d, e and leading coefficients a, b; the square of the parting."""

    case: Case
    d: int
    e: int
    lead_a: fmpq
    lead_b: fmpq
    parting: fmpq  # EXPONENTIAL: A^2 + 4B; PARTED_HALF: 4 c_1^2; PARTED_WHOLE: discriminant of c_1
    linear: fmpq  # PARTED_WHOLE: c_1^2 + linear c_1 + ... = 0

    @property
    def twice(self) -> int:
        """2 r of f ~ n^r."""
        return self.e if self.case == Case.ALTERNATING else 2 * self.d

    @property
    def parts(self) -> int:
        """The series is in n^(-1/parts)."""
        half = self.case == Case.PARTED_HALF or (self.case == Case.ALTERNATING and self.e % 2)
        return 2 if half else 1


def classify(equation: Equation) -> Branch:
    """The case of a fraction that does not terminate."""
    (d, a), (e, b) = equation.expansions(3, fmpq)
    case = Case.DIVERGING
    parting = linear = fmpq(0)
    if d == -1000:
        return Branch(case, d, e, a[0], b[0], parting, linear)
    if 2 * d > e:
        case = Case.FACTORIAL
    elif 2 * d < e:
        if b[0] < 0:
            case = Case.OSCILLATING
        elif e - 2 * d <= 2:
            case = Case.ALTERNATING
    else:
        case, parting, linear = _equal_degrees(d, a, b)
    return Branch(case, d, e, a[0], b[0], parting, linear)


def _equal_degrees(d: int, a: list[fmpq], b: list[fmpq]) -> tuple[Case, fmpq, fmpq]:
    """Case, parting, linear, where 2d = e."""
    parting = a[0] * a[0] + 4 * b[0]
    if parting != 0:
        return (Case.EXPONENTIAL if parting > 0 else Case.OSCILLATING), parting, fmpq(0)
    root = a[0] / 2
    parting = 4 * (d * root * root + a[1] * root + b[1])
    if parting != 0:
        return (Case.PARTED_HALF if parting > 0 else Case.OSCILLATING), parting, fmpq(0)
    linear = root - a[1]
    constant = fmpq(d * (d - 1), 2) * root * root + a[1] * d * root + a[2] * root + b[2]
    parting = linear * linear + 4 * constant
    return (Case.PARTED_WHOLE if parting >= 0 else Case.OSCILLATING), parting, linear


@lru_cache(maxsize=64)
def _binomials(twice: int, parts: int, terms: int, precision: int) -> list[list[arb]]:
    """[i][k] = binomial(r - i/parts, k), as balls of this precision (the caller's context)."""
    table = []
    for i in range(terms):
        top = fmpq(twice, 2) - fmpq(i, parts)
        row = [arb(1)]
        for k in range(1, (terms + 1 - i) // parts + 2):
            row.append(row[-1] * (top - (k - 1)) / k)
        table.append(row)
    return table


@dataclass(frozen=True)
class Series:
    """f_n = n^(twice/2) sum of c_j n^(-j/parts), f_{n+1} likewise with g_j.

    b: coefficients of q/c in `Equation`. Terms of a and b come a_at and b_at powers of n^(-1/parts) below those of f^2;
    coefficient j was found at order j + late.
    """

    c: list[arb]
    g: list[arb]
    b: list[arb]
    a_at: int
    b_at: int
    late: int


def series(equation: Equation, branch: Branch, terms: int, precision: int) -> Series:
    """So many terms of the tail's series; needs flint's context at `precision`."""
    parts, twice = branch.parts, branch.twice
    count = terms // parts + 3
    (d, a), (e, b) = equation.expansions(count, arb)
    binomials = _binomials(twice, parts, terms, precision)
    sign = 1 if branch.lead_a > 0 else -1
    a_at, b_at = (twice - 2 * d) * parts // 2, (twice - e) * parts
    match branch.case:
        case Case.FACTORIAL:
            c = [a[0]]
            factor = a[0]
        case Case.EXPONENTIAL:
            factor = sign * arb(branch.parting).sqrt()
            c = [(a[0] + factor) / 2]
        case Case.ALTERNATING:
            c = [sign * b[0].sqrt()]
            factor = 2 * c[0]
        case Case.PARTED_HALF:
            factor = sign * arb(branch.parting).sqrt()
            c = [a[0] / 2, factor / 2]
        case _:
            c = [a[0] / 2, (sign * arb(branch.parting).sqrt() - branch.linear) / 2]
            factor = arb(0)
    late = len(c) - 1

    def shift(j: int) -> arb:
        """Coefficient j of f_{n+1}, less c_j."""
        total = arb(0)
        for k in range(1, j // parts + 1):
            if j - parts * k < len(c):
                total += c[j - parts * k] * binomials[j - parts * k][k]
        return total

    g = [x + shift(j) for j, x in enumerate(c)]
    for j in range(len(c), terms):
        order = j + late
        g.append(shift(j))
        last = shift(order) if late else g[j]
        residual = arb(0)
        for i in range(late, j):
            residual += c[i] * g[order - i]
        if late:
            residual += c[0] * last
        for i in range((order - a_at) // parts + 1):
            k = order - a_at - parts * i
            residual -= a[i] * (last if k == order else g[k])
        if order >= b_at and (order - b_at) % parts == 0:
            residual -= b[(order - b_at) // parts]
        if branch.case == Case.PARTED_WHOLE:
            factor = 2 * c[1] + c[0] * j - a[1]
        c.append(-residual / factor)
        g[j] += c[j]
    return Series(c, g, b, a_at, b_at, late)


def tail(branch: Branch, c: list[arb], n: int) -> arb:
    """f_n by the series up to its smallest term; radius: the last terms taken."""
    x = 1 / arb(n) if branch.parts == 1 else 1 / arb(n).sqrt()
    power, total, least = arb(1), arb(0), None
    last = [arb(0)] * 3
    for coefficient in c:
        term = coefficient * power
        size = term.abs_upper()
        if least is not None and size > 16 * least:
            break
        if not term.contains(0):
            least = size if least is None else least.min(size)
        total += term
        power *= x
        last = [*last[1:], arb(0) if term.contains(0) else size]
    worst = last[0].max(last[1]).max(last[2])
    total += arb(0, worst)
    return total * (arb(n) ** (branch.twice // 2)) * (arb(n).sqrt() if branch.twice % 2 else 1)
