"""Algebraic numbers as formulas: by square and cube roots where that is simple, else as roots of polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as Rational
from math import isqrt, lcm
from typing import Any

from searches.constants.identify.formula import Formula, Monomial
from searches.constants.identify.lattice import precision

ONE: Monomial = ()


def algebraic(polynomial: Sequence[int], value: Any, digits: float) -> Formula:
    """The root of an irreducible polynomial (lowest degree first) that a flint ball of so many digits holds."""
    with precision(digits):
        if len(polynomial) == 3:
            c, b, a = polynomial
            return quadratic(a, b, c, 1 if 2 * a * value + b > 0 else -1)
        return (_cubic(polynomial) if len(polynomial) == 4 else None) or _place(polynomial, value)


def quadratic(a: int, b: int, c: int, sign: int) -> Formula:
    """(-b + sign sqrt(b^2 - 4 a c)) / (2 a), with the square part taken out of the root."""
    outside, inside = _outside(b * b - 4 * a * c, 2)
    root: Monomial = ((f"sqrt({inside})", 1),)
    return Formula.of("algebraic", {ONE: -b, root: sign * outside}, {ONE: 2 * a})


def _outside(n: int, power: int) -> tuple[int, int]:
    """(r, s) with n = r^power s, n positive: squares or cubes of small factors are taken out."""
    outside, inside = 1, n
    for k in range(2, min(isqrt(n), 10_000) + 1):
        while inside % k**power == 0:
            outside, inside = outside * k, inside // k**power
    return outside, inside


def _cubic(polynomial: Sequence[int]) -> Formula | None:
    """The real root of A (x - r)^3 + B (x - s)^3 with rational r, s, which are the roots of the Hessian: a Moebius
    form of a cube root. None for other cubics.
    """
    d, c, b, a = polynomial
    u, v, w = b * b - 3 * a * c, b * c - 9 * a * d, c * c - 3 * b * d
    if u == 0:  # a (x - center)^3 + d + a center^3
        center = Rational(-b, 3 * a)
        return _form(-(center**3) - Rational(d, a), (Rational(1), center), (Rational(0), Rational(1)))
    inner = v * v - 4 * u * w
    if inner <= 0 or isqrt(inner) ** 2 != inner:
        return None
    r, s = (Rational(-v + sign * isqrt(inner), 2 * u) for sign in (1, -1))
    # A + B = a, -3 (A r + B s) = b; t = (x - r)/(x - s) is a cube root of -B/A
    first = (Rational(-b, 3) - a * s) / (r - s)
    return _form((first - a) / first, (-s, r), (Rational(-1), Rational(1)))


def _form(cube: Rational, up: tuple[Rational, Rational], down: tuple[Rational, Rational]) -> Formula:
    """(up0 t + up1)/(down0 t + down1) of the real t with t^3 = cube."""
    sign = -1 if cube < 0 else 1
    outside, inside = _outside(abs(cube.numerator) * cube.denominator**2, 3)
    scale = sign * Rational(outside, cube.denominator)
    root: Monomial = ((f"{inside}^(1/3)", 1),)
    terms = (up[0] * scale, up[1], down[0] * scale, down[1])
    common = lcm(*(x.denominator for x in terms))
    p, q, r, s = (int(x * common) for x in terms)
    return Formula.of("algebraic", {root: p, ONE: q}, {root: r, ONE: s})


def _place(polynomial: Sequence[int], value: Any) -> Formula:
    """As the k-th real root from the left."""
    from flint import fmpz_poly

    roots: list[Any] = list(fmpz_poly(list(polynomial)).complex_roots())
    place = 1 + sum(bool(z.real < value) for z, _ in roots if z.imag.is_zero())
    name = f"root({place}, {', '.join(map(str, polynomial))})"
    return Formula.of("algebraic", {((name, 1),): 1}, {ONE: 1})
