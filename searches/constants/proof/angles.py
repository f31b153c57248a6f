"""Logarithms and angles of algebraic numbers: by logarithms of primes, acosh and acos of few rationals."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isqrt
from typing import Any

import sympy as sp

Expr = Any
HALF = sp.Rational(1, 2)


def algebraic(x: Expr) -> bool:
    """Made of rationals, roots and sums."""
    return all(node.is_Rational or node.func in (sp.Add, sp.Mul, sp.Pow) for node in sp.preorder_traversal(x)) and all(
        node.exp.is_Rational for node in sp.preorder_traversal(x) if node.func is sp.Pow
    )


def surd(x: Expr) -> tuple[Expr, Expr, Expr] | None:
    """(p, q, d) with x = p + q sqrt(d), d a whole number without square factors; None where it is not quadratic."""
    x = sp.expand(sp.radsimp(x))
    p: Expr = sp.S.Zero
    q: Expr = sp.S.Zero
    d: Expr = sp.S.One
    for term in sp.Add.make_args(x):
        c, rest = term.as_coeff_Mul()
        if rest == 1:
            p += c
        elif rest.is_Pow and rest.exp == HALF and rest.base.is_Integer and rest.base > 0 and d in (1, rest.base):
            q, d = q + c, rest.base
        else:
            return None
    return p, q, d


def root(r: Expr) -> Expr | None:
    """The rational square root of a rational, if any."""
    if r < 0:
        return None
    p, q = isqrt(r.p), isqrt(r.q)
    return sp.Rational(p, q) if p * p == r.p and q * q == r.q else None


def log(x: Expr) -> Expr:
    """Of primes, and acosh of rationals for the part of norm 1 of a quadratic number."""
    if x.is_Rational and x > 0:
        return sum((m * sp.log(p) for p, m in sp.factorrat(x).items()), sp.S.Zero)
    if x.func is sp.exp:
        return x.args[0]
    if x is sp.E:
        return sp.S.One
    if x.is_Mul and all(factor.is_positive for factor in x.args):
        return sum((log(factor) for factor in x.args), sp.S.Zero)
    if x.is_Pow and x.base.is_positive and x.exp.is_Rational:
        return x.exp * log(x.base)
    parts = surd(x) if algebraic(x) else None
    if parts is None or not x.is_positive:
        return sp.log(x)
    p, q, d = parts
    if q == 0 or p == 0:
        return log(p if q == 0 else q) + (log(d) / 2 if p == 0 else 0)
    norm = p * p - q * q * d  # log x = (log |norm| + log |x/x'|)/2, and x/x' has norm 1
    ratio = acosh((p * p + q * q * d) / abs(norm)) / 2
    return log(abs(norm)) / 2 + (ratio if p * q > 0 else -ratio)


def _chebyshev(r: Expr, inside: Callable[[Expr], bool]) -> tuple[int, Expr] | None:
    """(k, s) with r = T_k(s), s rational and allowed."""
    s = root((r + 1) / 2)
    if s is not None and inside(s):
        return 2, s
    x = sp.Symbol("x")
    for k in (3, 5):
        for s in sp.Poly(sp.chebyshevt(k, x) - r, x).ground_roots():
            if inside(s):
                return k, s
    return None


@lru_cache(maxsize=1024)
def acosh(x: Expr) -> Expr:
    """Of rationals that are no T_k of others only."""
    if x.is_Rational and x >= 1:
        if (s := root(x * x - 1)) is not None:
            return log(x + s)
        found = _chebyshev(x, lambda s: bool(s > 1))
        return found[0] * acosh(found[1]) if found else sp.acosh(x)
    square = sp.expand(x * x)
    if square.is_Rational and square >= 1 and x.is_positive:
        return acosh(2 * square - 1) / 2
    if algebraic(x) and x.is_real and (x - 1).is_positive:
        return log(sp.expand(x + sp.sqrtdenest(sp.sqrt(sp.expand(x * x - 1)))))
    return sp.acosh(x)


@lru_cache(maxsize=1024)
def acos(x: Expr) -> Expr:
    """Of rationals in (0, 1) that are no T_k of others, turned by pi/2 or pi/3 where these are in their field."""
    known = sp.acos(x)
    if not known.has(sp.acos):
        return known
    if x.is_negative:
        return sp.pi - acos(-x)
    if not x.is_Rational:
        square = sp.expand(x * x)
        return acos(2 * square - 1) / 2 if square.is_Rational else sp.acos(x)

    def inside(s: Expr) -> bool:
        return bool(abs(found_angle(s) - angle) < 1e-9)

    angle = float(sp.acos(x))

    def found_angle(s: Expr) -> float:
        return next((k * float(sp.acos(s)) for k in (2, 3, 5) if abs(float(sp.chebyshevt(k, s) - x)) < 1e-12), -9.0)

    found = _chebyshev(x, lambda s: bool(abs(s) < 1) and inside(s))
    if found:
        return found[0] * acos(found[1])
    if (s := root((1 - x) / 2)) is not None:  # cos(pi - t) = 2 s^2 - 1
        return sp.pi - 2 * acos(s)
    if (sine := root(1 - x * x)) is not None and sine > x:
        return sp.pi / 2 - acos(sine)
    if (third := root((1 - x * x) / 3)) is not None:  # cos(pi/3 - t) = x/2 + (3/2) sin t/sqrt(3)
        turned = x / 2 + 3 * third / 2
        if turned > x:  # t > pi/6: t = pi/3 - u, cos u = turned
            sign = 1 if angle < float(sp.pi / 3) else -1
            return sp.pi / 3 - sign * acos(turned)
    return sp.acos(x)


def atan(x: Expr) -> Expr:
    """By acos of the double angle."""
    if x.is_negative:
        return -atan(-x)
    known = sp.atan(x)
    if not known.has(sp.atan):
        return known
    square = sp.expand(x * x)
    if algebraic(x):
        return acos(sp.radsimp((1 - square) / (1 + square))) / 2
    return known


def asinh(x: Expr) -> Expr:
    """By acosh of twice it."""
    if x.is_negative:
        return -asinh(-x)
    return acosh(sp.expand(2 * x * x + 1)) / 2 if algebraic(x) else sp.asinh(x)


def atanh(x: Expr) -> Expr:
    """By acosh of twice it."""
    if x.is_negative:
        return -atanh(-x)
    square = sp.expand(x * x)
    return acosh(sp.radsimp((1 + square) / (1 - square))) / 2 if algebraic(x) else sp.atanh(x)
