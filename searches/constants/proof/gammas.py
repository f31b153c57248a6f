"""Gamma, polygamma and zeta functions of rationals: by reflection, duplication and Gauss's theorem."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from searches.constants.proof.angles import HALF, log

Expr = Any


def _sine(x: Expr) -> Expr:
    """sin(pi x), 0 < x < 1; with one nested root only at eighths."""
    if x.q == 8:
        nested = sp.sqrt(2 + sp.sqrt(2)) / 2  # sin(3 pi/8)
        return nested if x.p in (3, 5) else (sp.sqrt(2) - 1) * nested
    return sp.sin(sp.pi * x)


@lru_cache(maxsize=1024)
def gamma(x: Expr) -> Expr:
    """By those in (0, 1/2], at sixths by Gamma(1/3), at eighths by Gamma(1/8) and Gamma(1/4)."""
    if not x.is_Rational or x.q <= 2:
        return sp.gamma(x)
    if not 0 < x < 1:
        m = sp.floor(x)
        base = x - m
        factor = sp.rf(base, m) if m > 0 else 1 / sp.rf(x, -m)
        return factor * gamma(base)
    if x > HALF:
        return sp.pi / (_sine(x) * gamma(1 - x))
    if x == sp.Rational(1, 6):  # duplication at 1/6
        return sp.Rational(2) ** sp.Rational(-1, 3) * sp.sqrt(3) / sp.sqrt(sp.pi) * sp.gamma(sp.Rational(1, 3)) ** 2
    if x == sp.Rational(3, 8):  # duplication at 1/8
        eighth = sp.gamma(sp.Rational(1, 8))
        quarter = sp.gamma(sp.Rational(1, 4))
        return sp.sqrt(sp.pi) / _sine(x) * eighth / (sp.Rational(2) ** sp.Rational(3, 4) * quarter)
    return sp.gamma(x)


@lru_cache(maxsize=1024)
def polygamma(m: Expr, x: Expr) -> Expr:
    """By those in (0, 1], zeta, and pi where reflection and multiplication give it."""
    if not (m.is_Integer and x.is_Rational) or (x.is_Integer and x <= 0):
        return sp.polygamma(m, x)
    base = x - sp.ceiling(x) + 1
    sign = sp.Integer(-1) ** m * sp.factorial(m)
    if x > base:
        return polygamma(m, base) + sign * sum((base + i) ** (-m - 1) for i in range(int(x - base)))
    if x < base:
        return polygamma(m, base) - sign * sum((x + i) ** (-m - 1) for i in range(int(base - x)))
    if m == 0:
        return _digamma(x)
    if x == 1:
        return -sign * sp.zeta(m + 1)
    if x == HALF:
        return -sign * (2 ** (m + 1) - 1) * sp.zeta(m + 1)
    q = x.q
    if q in (3, 4) or q == 6:
        return _split_polygamma(m, x)
    if x > HALF:
        return _reflected(m, x)
    return sp.polygamma(m, x)


def _reflected(m: Expr, x: Expr) -> Expr:
    """polygamma(m, x) by that at 1 - x: psi_m(1-x) - (-1)^m psi_m(x) = (-1)^m pi d^m/dx^m cot(pi x)."""
    t = sp.Symbol("t")
    turn = sp.pi * sp.diff(sp.cot(sp.pi * t), t, int(m)).subs(t, 1 - x)
    return (-1) ** m * (polygamma(m, 1 - x) + turn)


def _split_polygamma(m: Expr, x: Expr) -> Expr:
    """At thirds, quarters and sixths: by reflection and multiplication."""
    third, quarter, sixth = (sp.Rational(1, k) for k in (3, 4, 6))
    if x in (2 * third, 3 * quarter, 5 * sixth):
        return sp.expand(_reflected(m, x))
    if x == sixth:  # psi_m(1/6) + psi_m(2/3) = 2^(m+1) psi_m(1/3)
        return sp.expand(2 ** (m + 1) * polygamma(m, third) - polygamma(m, 2 * third))
    if m % 2 == 0:  # reflection gives the difference, multiplication the sum
        t = sp.Symbol("t")
        turn = sp.pi * sp.diff(sp.cot(sp.pi * t), t, int(m)).subs(t, x)
        total = -sp.factorial(m) * sp.zeta(m + 1) * (x.q ** (m + 1) - (2 ** (m + 1) if x.q == 4 else 1))
        return sp.expand((total * (-1) ** m - turn) / 2)
    if m == 1 and x == quarter:
        return sp.pi**2 + 8 * sp.Catalan
    return sp.polygamma(m, x)


def _digamma(x: Expr) -> Expr:
    """Gauss's theorem."""
    q = x.q
    if q == 1:
        return -sp.EulerGamma
    if q not in (2, 3, 4, 5, 6, 8, 10, 12):
        return sp.polygamma(0, x)
    total = -sp.EulerGamma - log(sp.Integer(q)) - sp.pi / 2 * sp.cot(sp.pi * x)
    for n in range(1, q):
        total += sp.cos(2 * sp.pi * n * x) * log(sp.expand(2 - 2 * sp.cos(2 * sp.pi * sp.Rational(n, q)))) / 2
    return sp.expand(total)


def zeta(s: Expr, *rest: Expr) -> Expr:
    """Of Riemann; that of Hurwitz by polygamma."""
    if rest and rest[0] != 1:
        if s.is_Integer and s > 1:
            return (-1) ** s * polygamma(s - 1, rest[0]) / sp.factorial(s - 1)
        return sp.zeta(s, *rest)
    return sp.zeta(s)
