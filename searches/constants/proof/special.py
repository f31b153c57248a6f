"""Special values of the contiguous ratios: f(0) in closed form.

A fraction's own recurrence carries a value from one index to another exactly, so each case below is needed at one
convenient index only. All raise Unsolved where no named theorem applies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from searches.constants.proof.angles import HALF
from searches.constants.proof.sums import incomplete_beta
from searches.constants.proof.telescope import Unsolved

Expr = Any
FAR = 40  # steps between indices


def _ahead(value: Expr, a: Callable[[Expr], Expr], b: Callable[[Expr], Expr], start: int, stop: int) -> Expr:
    """f(stop) of f(start), by f(n) = a(n) + b(n+1)/f(n+1) either way."""
    if abs(stop - start) > FAR:
        raise Unsolved
    # One Moebius form of the value, not a tower of quotients, on which sympy may work for ever.
    p, q, r, s = sp.S.One, sp.S.Zero, sp.S.Zero, sp.S.One
    for i in range(start, stop):
        x, y = a(sp.Integer(i)), b(sp.Integer(i + 1))
        p, q, r, s = y * r, y * s, sp.expand(p - x * r), sp.expand(q - x * s)
    for i in range(start - 1, stop - 1, -1):
        x, y = a(sp.Integer(i)), b(sp.Integer(i + 1))
        p, q, r, s = sp.expand(x * p + y * r), sp.expand(x * q + y * s), p, q
    return (p * value + q) / (r * value + s)


def kummer(k: Expr, p: Expr, c: Expr, z: Expr) -> tuple[Expr, str]:
    """k (c-1) 1F1(p; c-1; z)/1F1(p; c; z) where c - p is whole: Kummer's transformation to 1F1(1; .; -z)."""
    m = c - p
    if c.is_Integer and c <= 1:
        raise Unsolved
    if not m.is_Integer:
        return _bessel(k, p, c, z)

    def first(order: Expr, bottom: Expr) -> Expr:  # 1F1(order; bottom; -z)
        if order <= 0:
            return sum(
                sp.rf(order, i) * (-z) ** i / (sp.rf(bottom, i) * sp.factorial(i)) for i in range(int(-order) + 1)
            )
        before: Expr = sp.S.One
        now: Expr = sp.hyper([1], [bottom], -z)
        for i in range(1, int(order)):
            before, now = now, ((bottom - i) * before + (2 * i - bottom - z) * now) / i
        return now

    if abs(m) > FAR:
        raise Unsolved
    return k * (c - 1) * first(m - 1, c - 1) / first(m, c), "Kummer's transformation, incomplete gamma function"


def _bessel(k: Expr, p: Expr, c: Expr, z: Expr) -> tuple[Expr, str]:
    """The same where c - 2 p is whole: Kummer's second theorem, 1F1(q; 2q; z) by I_(q-1/2)(z/2), and whole steps."""
    if not (c - 2 * p).is_Integer or not p.is_Rational:
        raise Unsolved
    up = max(0, 1 - int(sp.floor(p)))
    q, bottom, w = p + up, 2 * (p + up), z / 2
    order = q - HALF
    # F = 1F1 and T = z dF/dz, both over exp(w) (|w|/2)^-order gamma(1 + order)
    here, slope = sp.besseli(order, abs(w)), w * sp.besseli(order, abs(w)) + abs(w) * sp.besseli(order + 1, abs(w))
    if max(abs(c - bottom), up) > FAR:
        raise Unsolved
    while bottom < c:
        if bottom == q:
            raise Unsolved
        above = (here - slope / z) * bottom / (bottom - q)
        here, slope, bottom = above, bottom * slope / z - q * above, bottom + 1
    while bottom > c:
        curve = (z - bottom + 1) * slope + z * q * here
        here, slope, bottom = here + slope / (bottom - 1), slope + curve / (bottom - 1), bottom - 1
    while q > p:
        if q == bottom:
            raise Unsolved
        slope = (slope - z * here) * (q - 1) / (q - bottom)
        here, q = here - slope / (q - 1), q - 1
    return k * (slope + (c - 1) * here) / here, "Kummer's second theorem, Bessel functions"


def parabolic(k: Expr, x: Expr, order: Expr) -> tuple[Expr, str]:
    """k D_(1-p)(x)/D_-p(x) for whole p: repeated integrals of the error function."""
    if not order.is_Integer or order < 1 or order > FAR:
        raise Unsolved
    ratio = sp.exp(-(x**2) / 2) / (sp.sqrt(sp.pi / 2) * sp.erfc(x / sp.sqrt(2)))
    for i in range(1, int(order)):
        ratio = i / (ratio - x)
    return k * ratio, "D_0 and D_-1 by the complementary error function"


def tricomi(k: Expr, p: Expr, c: Expr, z: Expr) -> tuple[Expr, str]:
    """k U(p-1, c, z)/U(p, c, z) where p or p-c+1 is whole: U(0) = 1, U(1, c, z) = e^z E_(2-c)(z)."""
    cases = [(q, d) for q, d in ((p, c), (p - c + 1, 2 - c)) if q.is_Integer and q > 0]  # U(p, c, z) is z^(1-c) times
    if not cases:  # U(p-c+1, 2-c, z)
        raise Unsolved
    p, c = min(cases, key=lambda case: case[0])
    if not c.is_Rational or p > FAR:
        raise Unsolved
    ratio = 1 / (sp.exp(z) * sp.expint(2 - c, z))
    for i in range(1, int(p)):
        ratio = i * (i - c + 1) / (2 * i - c + z - ratio)
    return k * ratio, "exponential integral E_s(z)"


def gauss(k: Expr, p: Expr, q: Expr, c: Expr, z: Expr) -> tuple[Expr, str]:
    """k (1-z)(c-1) 2F1(p, q; c-1; z)/2F1(p, q; c; z)."""

    def a(i: Expr) -> Expr:
        return k * (c + i - 1 - (2 * (c + i) - p - q - 1) * z)

    def b(i: Expr) -> Expr:
        return k**2 * z * (1 - z) * (c + i - 1 - p) * (c + i - 1 - q)

    failed = Unsolved()
    for method in (_root, _second, _bailey):
        try:
            start, value, theorem = method(k, p, q, c, z)
            return _ahead(value, a, b, start, 0), theorem
        except Unsolved as error:
            failed = error
    raise failed


def _root(k: Expr, p: Expr, q: Expr, c: Expr, z: Expr) -> tuple[int, Expr, str]:
    """b has a whole root: 2F1(p, q; p; z) = (1-z)^-q over an incomplete beta integral."""
    cases = [(c - 1 - x, x, y) for x, y in ((p, q), (q, p)) if (c - 1 - x).is_Integer and c - 1 - x >= 0]
    for r, x, y in sorted(cases, key=lambda case: case[0]):
        if not (x.is_Rational and y.is_Rational) or (x.is_Integer and x <= 0):
            continue
        value, theorem = incomplete_beta(y, x, z)
        return int(-r), k * (1 - z) / value, theorem
    raise Unsolved


def _reciprocal(x: Expr) -> Expr:
    return sp.S.Zero if x.is_Integer and x <= 0 else 1 / sp.gamma(x)


def _second(k: Expr, p: Expr, q: Expr, c: Expr, z: Expr) -> tuple[int, Expr, str]:
    """z = 1/2 and c - (p+q)/2 half a whole number: Gauss's second theorem, for the function and its derivative."""
    if z != HALF or not p.is_Rational or not q.is_Rational:
        raise Unsolved
    middle = (p + q) / 2
    if (c - middle - HALF).is_Integer:
        c0 = middle + HALF
        value = _reciprocal((p + 1) / 2) * _reciprocal((q + 1) / 2)  # times sqrt(pi) gamma(c0)
        slope = 4 * _reciprocal(p / 2) * _reciprocal(q / 2)
    elif (c - middle).is_Integer:
        c0 = middle
        one, two = _reciprocal((p + 1) / 2) * _reciprocal(q / 2), _reciprocal(p / 2) * _reciprocal((q + 1) / 2)
        value, slope = one + two, 2 * p * one + 2 * q * two
    else:
        raise Unsolved
    if c0.is_Integer and c0 <= 0:
        raise Unsolved
    # (c-p)(c-q)/c 2F1(c+1) = (1-z)^... : (1-z) F' - (p+q-c) F
    above = slope / 2 - (p + q - c0) * value
    if above == 0 or (c0 - p) == 0 or (c0 - q) == 0:
        raise Unsolved
    ratio = k * HALF * (c0 - p) * (c0 - q) * value / above  # f at the index where c is c0 + 1
    return int(c0 + 1 - c), ratio, "Gauss's second theorem at z = 1/2"


def _bailey(k: Expr, p: Expr, q: Expr, c: Expr, z: Expr) -> tuple[int, Expr, str]:
    """z = 1/2 and p + q whole: Bailey's theorem for 2F1(p, 1-p; c; 1/2), then p by whole steps."""
    if z != HALF or not (p + q).is_Integer or not 1 <= p + q <= FAR or not p.is_Rational or not c.is_Rational:
        raise Unsolved
    steps = int(p + q - 1)
    x = p - steps  # x + q = 1

    def bailey(bottom: Expr) -> Expr:  # 2F1(x, 1-x; bottom; 1/2)/gamma(bottom) over 2 sqrt(pi) 2^-bottom
        return _reciprocal((x + bottom) / 2) * _reciprocal((bottom + 1 - x) / 2)

    if c.is_Integer and c <= 1:
        raise Unsolved
    # value F and z d/dz F, both over 2 sqrt(pi) 2^-c gamma(c); (c-1) F(c-1) = theta F + (c-1) F
    value = bailey(c)
    slope = 2 * bailey(c - 1) - (c - 1) * value
    for i in range(steps):
        y = x + i
        if y == 0:
            raise Unsolved
        twice = 2 * ((z * (y + q) - (c - 1)) * slope + z * y * q * value)  # theta^2 F, as 1 - z = 1/2
        value, slope = value + slope / y, slope + twice / y
    if value == 0:
        raise Unsolved
    return 0, k * HALF * (slope + (c - 1) * value) / value, "Bailey's theorem at z = 1/2"
