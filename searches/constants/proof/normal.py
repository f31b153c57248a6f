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
from math import isqrt, lcm
from typing import Any

import sympy as sp

Expr = Any
HALF = sp.Rational(1, 2)


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


def _log(x: Expr) -> Expr:
    if x.is_Rational and x > 0:
        return sum((m * sp.log(p) for p, m in sp.factorrat(x).items()), sp.S.Zero)
    if x.func is sp.exp:
        return x.args[0]
    if x is sp.E:
        return sp.S.One
    if x.is_Mul and all(factor.is_positive for factor in x.args):
        return sum((_log(factor) for factor in x.args), sp.S.Zero)
    if x.is_Pow and x.base.is_positive and x.exp.is_Rational:
        return x.exp * _log(x.base)
    parts = surd(x) if algebraic(x) else None
    if parts is None or not x.is_positive:
        return sp.log(x)
    p, q, d = parts
    if q == 0 or p == 0:
        return _log(p if q == 0 else q) + (_log(d) / 2 if p == 0 else 0)
    norm = p * p - q * q * d  # log x = (log |norm| + log |x/x'|)/2, and x/x' has norm 1
    ratio = _acosh((p * p + q * q * d) / abs(norm)) / 2
    return _log(abs(norm)) / 2 + (ratio if p * q > 0 else -ratio)


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
def _acosh(x: Expr) -> Expr:
    """Of rationals that are no T_k of others only."""
    if x.is_Rational and x >= 1:
        if (s := root(x * x - 1)) is not None:
            return _log(x + s)
        found = _chebyshev(x, lambda s: bool(s > 1))
        return found[0] * _acosh(found[1]) if found else sp.acosh(x)
    square = sp.expand(x * x)
    if square.is_Rational and square >= 1 and x.is_positive:
        return _acosh(2 * square - 1) / 2
    if algebraic(x) and x.is_real and (x - 1).is_positive:
        return _log(sp.expand(x + sp.sqrtdenest(sp.sqrt(sp.expand(x * x - 1)))))
    return sp.acosh(x)


@lru_cache(maxsize=1024)
def _acos(x: Expr) -> Expr:
    """Of rationals in (0, 1) that are no T_k of others, turned by pi/2 or pi/3 where these are in their field."""
    known = sp.acos(x)
    if not known.has(sp.acos):
        return known
    if x.is_negative:
        return sp.pi - _acos(-x)
    if not x.is_Rational:
        square = sp.expand(x * x)
        return _acos(2 * square - 1) / 2 if square.is_Rational else sp.acos(x)

    def inside(s: Expr) -> bool:
        return bool(abs(found_angle(s) - angle) < 1e-9)

    angle = float(sp.acos(x))

    def found_angle(s: Expr) -> float:
        return next((k * float(sp.acos(s)) for k in (2, 3, 5) if abs(float(sp.chebyshevt(k, s) - x)) < 1e-12), -9.0)

    found = _chebyshev(x, lambda s: bool(abs(s) < 1) and inside(s))
    if found:
        return found[0] * _acos(found[1])
    if (s := root((1 - x) / 2)) is not None:  # cos(pi - t) = 2 s^2 - 1
        return sp.pi - 2 * _acos(s)
    if (sine := root(1 - x * x)) is not None and sine > x:
        return sp.pi / 2 - _acos(sine)
    if (third := root((1 - x * x) / 3)) is not None:  # cos(pi/3 - t) = x/2 + (3/2) sin t/sqrt(3)
        turned = x / 2 + 3 * third / 2
        if turned > x:  # t > pi/6: t = pi/3 - u, cos u = turned
            sign = 1 if angle < float(sp.pi / 3) else -1
            return sp.pi / 3 - sign * _acos(turned)
    return sp.acos(x)


def _atan(x: Expr) -> Expr:
    if x.is_negative:
        return -_atan(-x)
    known = sp.atan(x)
    if not known.has(sp.atan):
        return known
    square = sp.expand(x * x)
    if algebraic(x):
        return _acos(sp.radsimp((1 - square) / (1 + square))) / 2
    return known


def _asinh(x: Expr) -> Expr:
    if x.is_negative:
        return -_asinh(-x)
    return _acosh(sp.expand(2 * x * x + 1)) / 2 if algebraic(x) else sp.asinh(x)


def _atanh(x: Expr) -> Expr:
    if x.is_negative:
        return -_atanh(-x)
    square = sp.expand(x * x)
    return _acosh(sp.radsimp((1 + square) / (1 - square))) / 2 if algebraic(x) else sp.atanh(x)


def _sine(x: Expr) -> Expr:
    """sin(pi x), 0 < x < 1; with one nested root only at eighths."""
    if x.q == 8:
        nested = sp.sqrt(2 + sp.sqrt(2)) / 2  # sin(3 pi/8)
        return nested if x.p in (3, 5) else (sp.sqrt(2) - 1) * nested
    return sp.sin(sp.pi * x)


@lru_cache(maxsize=1024)
def _gamma(x: Expr) -> Expr:
    if not x.is_Rational or x.q <= 2:
        return sp.gamma(x)
    if not 0 < x < 1:
        m = sp.floor(x)
        base = x - m
        factor = sp.rf(base, m) if m > 0 else 1 / sp.rf(x, -m)
        return factor * _gamma(base)
    if x > HALF:
        return sp.pi / (_sine(x) * _gamma(1 - x))
    if x == sp.Rational(1, 6):  # duplication at 1/6
        return sp.Rational(2) ** sp.Rational(-1, 3) * sp.sqrt(3) / sp.sqrt(sp.pi) * sp.gamma(sp.Rational(1, 3)) ** 2
    if x == sp.Rational(3, 8):  # duplication at 1/8
        eighth = sp.gamma(sp.Rational(1, 8))
        quarter = sp.gamma(sp.Rational(1, 4))
        return sp.sqrt(sp.pi) / _sine(x) * eighth / (sp.Rational(2) ** sp.Rational(3, 4) * quarter)
    return sp.gamma(x)


@lru_cache(maxsize=1024)
def _polygamma(m: Expr, x: Expr) -> Expr:
    if not (m.is_Integer and x.is_Rational) or (x.is_Integer and x <= 0):
        return sp.polygamma(m, x)
    base = x - sp.ceiling(x) + 1
    sign = sp.Integer(-1) ** m * sp.factorial(m)
    if x > base:
        return _polygamma(m, base) + sign * sum((base + i) ** (-m - 1) for i in range(int(x - base)))
    if x < base:
        return _polygamma(m, base) - sign * sum((x + i) ** (-m - 1) for i in range(int(base - x)))
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
    return (-1) ** m * (_polygamma(m, 1 - x) + turn)


def _split_polygamma(m: Expr, x: Expr) -> Expr:
    """At thirds, quarters and sixths: by reflection and multiplication."""
    third, quarter, sixth = (sp.Rational(1, k) for k in (3, 4, 6))
    if x in (2 * third, 3 * quarter, 5 * sixth):
        return sp.expand(_reflected(m, x))
    if x == sixth:  # psi_m(1/6) + psi_m(2/3) = 2^(m+1) psi_m(1/3)
        return sp.expand(2 ** (m + 1) * _polygamma(m, third) - _polygamma(m, 2 * third))
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
    total = -sp.EulerGamma - _log(sp.Integer(q)) - sp.pi / 2 * sp.cot(sp.pi * x)
    for n in range(1, q):
        total += sp.cos(2 * sp.pi * n * x) * _log(sp.expand(2 - 2 * sp.cos(2 * sp.pi * sp.Rational(n, q)))) / 2
    return sp.expand(total)


def _zeta(s: Expr, *rest: Expr) -> Expr:
    if rest and rest[0] != 1:
        if s.is_Integer and s > 1:
            return (-1) ** s * _polygamma(s - 1, rest[0]) / sp.factorial(s - 1)
        return sp.zeta(s, *rest)
    return sp.zeta(s)


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
    quarter = _gamma(sp.Rational(1, 4))
    if m == HALF:
        return quarter**2 / (4 * sp.sqrt(sp.pi))
    if m == -1:
        return quarter**2 / (4 * sp.sqrt(2 * sp.pi))
    return sp.elliptic_k(m)


RULES: dict[Any, Callable[..., Expr]] = {
    sp.log: _log,
    sp.acosh: _acosh,
    sp.acos: _acos,
    sp.asin: lambda x: -(sp.pi / 2 - _acos(-x)) if x.is_negative else sp.pi / 2 - _acos(x),
    sp.atan: _atan,
    sp.acot: lambda x: _atan(1 / x),
    sp.asinh: _asinh,
    sp.atanh: _atanh,
    sp.acoth: lambda x: _atanh(1 / x),
    sp.gamma: _gamma,
    sp.beta: lambda x, y: _gamma(x) * _gamma(y) / _gamma(x + y),
    sp.digamma: lambda x: _polygamma(sp.S.Zero, x),
    sp.polygamma: _polygamma,
    sp.zeta: _zeta,
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
