"""Closed forms brought to one form, so that equal ones are seen to be equal without digits.

Every rule is an exact identity: functions of rational arguments become polynomials in a few functions of a fundamental
set (logarithms of primes, acosh and acos of rationals that are no Chebyshev multiples, Gamma(1/4), Gamma(1/3),
trigamma, zeta, exponentials, Bessel functions of order in [0, 2), one Kummer function for the error functions). That
these are independent is not claimed, and not needed: equal normal forms are equal numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Rational
from functools import lru_cache
from math import lcm
from typing import Any

import sympy as sp

from searches.constants.proof.angles import HALF, acos, acosh, algebraic, asinh, atan, atanh, log
from searches.constants.proof.gammas import gamma, polygamma, zeta

Expr = Any


def equal(first: Expr, second: Expr) -> bool:
    """Whether two closed forms have the same normal form. False means not seen, not different."""
    return zero(normal(first) - normal(second))


def zero(expression: Expr) -> bool:
    """Whether it vanishes by algebra, the functions in it taken as unknowns."""
    return vanishes(exponentials(expression)[0])


def vanishes(expression: Expr) -> bool:
    """As `zero`, exponentials being unknowns already."""
    top = sp.expand(sp.numer(sp.together(expression)))
    return bool(top == 0 or sp.radsimp(top) == 0)


def exponentials(expression: Expr) -> tuple[Expr, dict[Expr, Expr]]:
    """Exponentials of rational multiples of one number as powers of one unknown; unknown -> x, which is exp(x)."""
    nodes = sorted(expression.atoms(sp.exp, type(sp.E)), key=sp.default_sort_key)
    groups: list[tuple[Expr, dict[Expr, Expr]]] = []
    for node in nodes:
        argument = node.args[0] if node.args else sp.S.One  # of sympy's own E
        for first, members in groups:
            ratio = sp.radsimp(argument / first)
            if ratio.is_Rational:
                members[node] = ratio
                break
        else:
            groups.append((argument, {node: sp.S.One}))
    powers, unknowns = {}, {}
    for i, (first, members) in enumerate(groups):
        unit = sp.Rational(1, lcm(*(r.q for r in members.values())))
        unknown = sp.Symbol(f"t{i}", positive=True)
        unknowns[unknown] = first * unit
        powers.update({node: unknown ** (r / unit) for node, r in members.items()})
    return expression.xreplace(powers), unknowns


@lru_cache(maxsize=4096)
def normal(expression: Expr) -> Expr:
    """In terms of the fundamental set."""
    if expression.is_Atom:
        return sp.expand(expression, func=True) if expression is sp.GoldenRatio else _atom(expression)
    arguments = [normal(x) for x in expression.args]
    rule = RULES.get(expression.func)
    if rule is not None:
        return rule(*arguments)
    if expression.func is sp.Pow:
        return _power(*arguments)
    return expression.func(*arguments)


def _atom(x: Expr) -> Expr:
    return x


def _power(base: Expr, exponent: Expr) -> Expr:
    if base.is_number and exponent == HALF and not base.is_Rational and algebraic(base):
        return sp.sqrtdenest(sp.sqrt(sp.expand(base)))
    return base**exponent


def _bessel(kind: Any, order: Expr, x: Expr) -> Expr:
    """To orders in [0, 2), by the three-term relation; half orders become elementary."""
    if not order.is_Rational:
        return kind(order, x)
    if order in (HALF, -HALF):
        wave = {sp.besseli: (sp.sinh, sp.cosh), sp.besselj: (sp.sin, sp.cos)}[kind][0 if order > 0 else 1]
        return sp.sqrt(2 / (sp.pi * x)) * RULES[wave](x)
    if order.q == 1 and order < 0:
        return _bessel(kind, -order, x) * ((-1) ** order if kind is sp.besselj else 1)
    sign = 1 if kind is sp.besselj else -1
    if order >= 2 or (order.q == 2 and order > 0):  # C(v+1) = sign (2v/x C(v) - C(v-1))
        v = order - 1
        return sp.expand(sign * (2 * v / x * _bessel(kind, v, x) - _bessel(kind, v - 1, x)))
    if order < 0:
        v = order + 1
        return sp.expand(2 * v / x * _bessel(kind, v, x) - sign * _bessel(kind, v + 1, x))
    return kind(order, x)


def _besselk(order: Expr, x: Expr) -> Expr:
    return sp.besselk(abs(order) if order.is_Rational else order, x)


def _kummer(x: Expr) -> Expr:
    """1F1(1; 3/2; x), which erf, erfi and Dawson's integral are."""
    return sp.hyper([1], [sp.Rational(3, 2)], x)


def _erf(x: Expr) -> Expr:
    square = sp.expand(x * x)
    return 2 * x / sp.sqrt(sp.pi) * sp.exp(-square) * _kummer(square)


def _erfi(x: Expr) -> Expr:
    square = sp.expand(x * x)
    return 2 * x / sp.sqrt(sp.pi) * sp.exp(square) * _kummer(-square)


def _hyper(top: Expr, bottom: Expr, x: Expr) -> Expr:
    """1F1(1; b; x) by b in (1, 2]: M(1, b, x) = 1 + x/b M(1, b+1, x)."""
    if tuple(top) != (1,) or len(bottom) != 1 or not bottom[0].is_Rational:
        return sp.hyper(top, bottom, x)
    b = bottom[0]
    if b == 1:
        return sp.exp(x)
    if b == 2:
        return (sp.exp(x) - 1) / x
    if b > 2:
        return sp.expand((_hyper((1,), (b - 1,), x) - 1) * (b - 1) / x)
    if b < 1:
        return sp.expand(1 + x / b * _hyper((1,), (b + 1,), x))
    return sp.hyper([1], [b], x)


def _expint(order: Expr, x: Expr) -> Expr:
    """By the order 1: n E(n+1) = exp(-x) - x E(n)."""
    if order.is_Integer and order > 1:
        return (sp.exp(-x) - x * _expint(order - 1, x)) / (order - 1)
    if order.is_Integer and order < 1:
        return (sp.exp(-x) - order * _expint(order + 1, x)) / x
    return sp.expint(order, x)


def _turning(x: Expr) -> tuple[Expr, Expr]:
    """cos x and sin x; sines are left in first power only by `zero`, which sees cos^2 + sin^2 = 1 as exponentials."""
    t = sp.exp(sp.I * x)
    return (t + 1 / t) / 2, (t - 1 / t) / (2 * sp.I)


def _trigonometric(function: Any) -> Callable[[Expr], Expr]:
    def rule(x: Expr) -> Expr:
        plain = function(x)
        if plain.func is not function:
            return plain
        c, s = _turning(x)
        return {sp.cos: c, sp.sin: s, sp.tan: s / c, sp.cot: c / s}[function]

    return rule


def _hyperbolic(function: Any) -> Callable[[Expr], Expr]:
    def rule(x: Expr) -> Expr:
        t = sp.exp(x)
        c, s = (t + 1 / t) / 2, (t - 1 / t) / 2
        return {sp.cosh: c, sp.sinh: s, sp.tanh: s / c, sp.coth: c / s}[function]

    return rule


def _elliptic_k(m: Expr) -> Expr:
    quarter = gamma(sp.Rational(1, 4))
    if m == HALF:
        return quarter**2 / (4 * sp.sqrt(sp.pi))
    if m == -1:
        return quarter**2 / (4 * sp.sqrt(2 * sp.pi))
    return sp.elliptic_k(m)


RULES: dict[Any, Callable[..., Expr]] = {
    sp.log: log,
    sp.acosh: acosh,
    sp.acos: acos,
    sp.asin: lambda x: -(sp.pi / 2 - acos(-x)) if x.is_negative else sp.pi / 2 - acos(x),
    sp.atan: atan,
    sp.acot: lambda x: atan(1 / x),
    sp.asinh: asinh,
    sp.atanh: atanh,
    sp.acoth: lambda x: atanh(1 / x),
    sp.gamma: gamma,
    sp.beta: lambda x, y: gamma(x) * gamma(y) / gamma(x + y),
    sp.digamma: lambda x: polygamma(sp.S.Zero, x),
    sp.polygamma: polygamma,
    sp.zeta: zeta,
    sp.besseli: lambda v, x: _bessel(sp.besseli, v, x),
    sp.besselj: lambda v, x: _bessel(sp.besselj, v, x),
    sp.besselk: _besselk,
    sp.erf: _erf,
    sp.erfc: lambda x: 1 - _erf(x),
    sp.erfi: _erfi,
    sp.hyper: _hyper,
    sp.expint: _expint,
    sp.elliptic_k: _elliptic_k,
    **{f: _trigonometric(f) for f in (sp.cos, sp.sin, sp.tan, sp.cot)},
    **{f: _hyperbolic(f) for f in (sp.cosh, sp.sinh, sp.tanh, sp.coth)},
}


def exact(r: Rational | int) -> Expr:
    """As a sympy rational."""
    return sp.Rational(r.numerator, r.denominator)
