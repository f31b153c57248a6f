"""Closed forms of the basic sums that Euler's series leave, each by a named theorem.

Also the incomplete beta integral of Gauss's series, which comes to the same sums where Chebyshev's criterion holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from flint import fmpq

from searches.constants.proof.angles import HALF
from searches.constants.proof.telescope import Basic, Core, Unsolved

Expr = Any


def rational(q: fmpq) -> Expr:
    """To sympy."""
    return sp.Rational(int(q.p), int(q.q))


def total(core: Core, sums: Sequence[tuple[fmpq, Basic]]) -> tuple[Expr, list[str]]:
    """The weighted sum in closed form, and the theorems used. Raises Unsolved."""
    result: Expr = sp.S.Zero
    named: list[str] = []
    for weight, basic in sums:
        expression, theorem = _basic(core, basic)
        result += rational(weight) * expression
        if theorem not in named:
            named.append(theorem)
    return result, named


def _basic(core: Core, basic: Basic) -> tuple[Expr, str]:
    z, x = rational(core.z), rational(basic.x)
    shape = len(core.alphas), len(core.betas)
    if core.plain and basic.kind == "pole":
        return lerch(z, x, basic.power)
    if shape == (0, 1) and basic.kind == "one":
        beta = rational(core.betas[0])
        return sp.hyper([1], [beta], z) if beta != 1 else sp.exp(z), "exponential series, Kummer's 1F1(1; b; z)"
    if shape == (0, 2) and core.betas[1] == 1 and basic.kind in ("one", "j"):
        return _bessel(z, rational(core.betas[0]), basic.kind), "series of the Bessel functions"
    if shape == (1, 1):
        return _binomial(z, rational(core.alphas[0]), rational(core.betas[0]), basic)
    raise Unsolved


def lerch(z: Expr, x: Expr, power: int) -> tuple[Expr, str]:
    """The sum over j >= 0 of z^j/(j + x)^power; for z = power = 1 without its infinite part, which must cancel."""
    if z == 1:
        if power == 1:
            return -sp.polygamma(0, x), "series of the digamma function, Gauss's theorem"
        return (-1) ** power * sp.polygamma(power - 1, x) / sp.factorial(power - 1), "series of the polygamma function"
    if z == -1 and power > 1:
        halves = [sp.polygamma(power - 1, y) for y in (x / 2, (x + 1) / 2)]
        return (-1) ** power * (halves[0] - halves[1]) / (sp.factorial(power - 1) * 2**power), (
            "alternating series of the polygamma function"
        )
    base = x - sp.ceiling(x) + 1
    if base != x:  # by whole steps to (0, 1]
        inside, theorem = lerch(z, base, power)
        steps = int(x - base)
        if steps > 0:
            return (inside - sum(z**i / (base + i) ** power for i in range(steps))) / z**steps, theorem
        return inside * z**-steps + sum(z**i / (x + i) ** power for i in range(-steps)), theorem
    if power > 1:
        if x == 1 and z == HALF and power in (2, 3):
            log = sp.log(2)
            if power == 2:
                return 2 * (sp.pi**2 / 12 - log**2 / 2), "Euler's dilogarithm at 1/2"
            return 2 * (7 * sp.zeta(3) / 8 - sp.pi**2 * log / 12 + log**3 / 6), "Landen's trilogarithm at 1/2"
        raise Unsolved
    return lerch_integral(z, x), "Mercator's and Gregory's series"


def lerch_integral(z: Expr, x: Expr) -> Expr:
    """The integral of s^(x-1)/(1 - z s) over (0, 1), x in (0, 1], z < 1 real: sum of z^j/(j + x). Raises Unsolved."""
    if z == 0:
        return 1 / x
    if x == 1:
        return -sp.log(1 - z) / z
    size = sp.Abs(z)
    if x == HALF:  # double angles keep nested roots away
        turn = sp.radsimp((1 + z) / (1 - z))
        angle = sp.acosh(turn) if z.is_positive else sp.acos(turn)
        return angle * sp.sqrt(sp.radsimp(1 / size))
    p, q = int(x.p), int(x.q)
    if not (size.is_Rational and q in (3, 4, 6)):
        raise Unsolved
    step = size ** sp.Rational(1, q)
    if z == -1:
        return -(sp.polygamma(0, x / 2) - sp.polygamma(0, (x + 1) / 2)) / 2
    if not step.is_Rational:
        raise Unsolved
    result: Expr = sp.S.Zero
    for k in range(q):  # partial fractions over the roots of 1 = z v^q
        theta = 2 * sp.pi * k / q if z.is_positive else (2 * k + 1) * sp.pi / q
        c, s = sp.cos(theta), sp.sin(theta)
        result -= sp.cos(p * theta) * sp.log(sp.expand(1 - 2 * step * c + step**2)) / 2
        result += sp.sin(p * theta) * sp.atan(sp.radsimp(step * s / (1 - step * c)))
    return result / step**p


def _bessel(z: Expr, beta: Expr, kind: str) -> Expr:
    """Sum of z^j/(j! (beta)_j), or of j times it."""
    x, kernel = 2 * sp.sqrt(sp.Abs(z)), sp.besseli if z.is_positive else sp.besselj
    order = beta - 1 if kind == "one" else beta
    value = sp.gamma(order + 1) * (x / 2) ** -order * kernel(order, x)
    return value if kind == "one" else value * z / beta


def _binomial(z: Expr, alpha: Expr, beta: Expr, basic: Basic) -> tuple[Expr, str]:
    """Sums over c(j) = z^j (alpha)_j/(beta)_j."""
    if abs(z) > 1:
        raise Unsolved
    if basic.kind == "one":
        if beta == 1:
            return (1 - z) ** -alpha, "binomial series"
        if alpha == 1 and z != 1:  # Pfaff: 2F1(1, 1; b; z) = 2F1(1, b-1; b; z/(z-1))/(1-z)
            w = z / (z - 1)
            return (1 + (beta - 1) * w * lerch_integral(w, beta)) / (1 - z), "Pfaff's transformation, series of arcsin"
    if basic.kind == "pole" and beta == 1 and basic.power == 1:
        value, theorem = incomplete_beta(alpha, rational(basic.x), z)
        return (1 - z) ** -alpha * value, theorem
    if basic.kind == "pole" and alpha == 1 and basic.x == fmpq(1, 2) and basic.power == 1 and beta == HALF and z < 1:
        # j!/(1/2)_j/(j + 1/2) = 2 j!/(3/2)_j
        w = z / (z - 1)
        return 2 * lerch_integral(w, HALF) / 2 / (1 - z), "Pfaff's transformation, series of arcsin"
    if alpha == 1 and beta == HALF:
        return _central(z, basic)
    raise Unsolved


def _central(z: Expr, basic: Basic) -> tuple[Expr, str]:
    """Sums of (4 z)^n/(n^power C(2n, n)) from n = 1, and of 1/((2n+1)^2 C(2n, n)) from n = 0."""
    name = "central binomial sums: "
    if basic.kind == "ahead":
        angle = sp.acos(1 - 2 * z) / 2 if z > 0 else sp.acosh(1 - 2 * z) / 2  # arcsin sqrt(z), arcsinh sqrt(-z)
        if basic.power == 1 and z != 1:
            return sp.sign(z) * 2 * sp.sqrt(sp.Abs(z)) * angle / sp.sqrt(1 - z), name + "2 t arcsin t/sqrt(1 - t^2)"
        if basic.power == 2:
            return sp.sign(z) * 2 * angle**2, name + "2 arcsin(t)^2 (Euler)"
        if basic.power == 3 and z == -sp.Rational(1, 4):
            return -2 * sp.zeta(3) / 5, name + "zeta(3) (Markov 1890, Apery)"
        if basic.power == 4 and z == sp.Rational(1, 4):
            return 17 * sp.pi**4 / 3240, name + "17 pi^4/3240 (Comtet)"
    if basic.kind == "pole" and basic.x == fmpq(1, 2) and basic.power == 2 and z == sp.Rational(1, 4):
        return 4 * (
            8 * sp.Catalan / 3 - sp.pi * sp.log(2 + sp.sqrt(3)) / 3
        ), name + "Catalan's constant (Ramanujan 1915)"
    raise Unsolved


def incomplete_beta(a: Expr, b: Expr, z: Expr) -> tuple[Expr, str]:
    """(1-z)^a J(a, b), and why; J = 2F1(a, b; b+1; z)/b, the integral of t^(b-1) (1-z t)^-a over (0, 1), z < 1 real.

    By J(a-1, b) = J(a, b) - z J(a, b+1) and (1-z)^(1-a) = b J(a, b) - (b+1-a) z J(a, b+1) from a case that is
    elementary: a, b or a - b a whole number (Chebyshev 1853); or a part of a complete integral: z = -1 and a - 2 b
    whole (t -> 1/t), z = 1/4 and a - 1/2, 6 b whole, or z = 3 - 2 sqrt(2) and a - 1/2, 4 b whole. Raises Unsolved.
    """
    edge, name = 1 - z, "incomplete beta integral, "
    elementary = name + "elementary by Chebyshev's criterion"
    if z == 0:
        return 1 / b, elementary
    if b.is_Integer and b > 0:
        # expand t^(b-1) = ((1 - (1 - z t))/z)^(b-1)
        result: Expr = sp.S.Zero
        for i in range(int(b)):
            power = i - a
            one = -sp.log(edge) / z if power == -1 else (1 - edge ** (power + 1)) / ((power + 1) * z)
            result += sp.binomial(b - 1, i) * (-1) ** i * one
        return edge**a * result / z ** (b - 1), elementary
    if a.is_Integer:
        return edge**a * _along_a(a, b, z), elementary
    if b.is_Integer:
        raise Unsolved
    base = b - sp.ceiling(b) + 1
    if (a - b).is_Integer:
        # (1-z)^c J(c, c) is the integral of s^(c-1)/(1 + z s/(1-z))
        if base == HALF:  # sqrt((1-z)/|z|) as sqrt((1-z) |z|)/|z|, which is rational more often
            turn = sp.radsimp(1 - 2 * z)
            angle = sp.acos(turn) if z.is_positive else sp.acosh(turn)
            same = angle * sp.sqrt(sp.expand(abs(z) * edge)) / abs(z)
        else:
            same = lerch_integral(sp.radsimp(-z / edge), base)
        return _walk(a, b, base, base, same, z), elementary
    if z == -1 and (a - 2 * b).is_Integer:
        complete = 4**base * sp.gamma(base) ** 2 / sp.gamma(2 * base) / 2
        return _walk(a, b, 2 * base, base, complete, z), name + "half of a complete one (Kummer)"
    if z == sp.Rational(1, 4) and (a - HALF).is_Integer and 6 * base in (1, 5):
        return _walk(a, b, HALF, base, _third(base), z), name + "3-division of y^2 = x^3 - 1"
    if z == 3 - 2 * sp.sqrt(2) and (a - HALF).is_Integer and 4 * base in (1, 3):
        return sp.radsimp(_walk(a, b, HALF, base, _half(base), z)), name + "half arc of the lemniscate (Fagnano)"
    if z.is_negative:  # Pfaff's transformation
        value, theorem = incomplete_beta(b + 1 - a, b, sp.radsimp(-z / edge))
        return edge * value, theorem
    raise Unsolved


def _third(b: Expr) -> Expr:
    """sqrt(3/4) J(1/2, b) at z = 1/4, b = 1/6 or 5/6.

    With t = x^-3 the integral of t^(b-1) (1-t)^(-1/2) over (0, 1/4) is 3 times that of dx/sqrt(x^3 - 1), or of
    dx/(x^2 sqrt(x^3 - 1)), from x^3 = 4 on, and (4^(1/3), sqrt(3)) has order 3: two thirds of the complete integral,
    up to an algebraic number in the second kind.
    """
    complete = 2 * sp.beta(b, HALF) / 3
    algebraic = sp.sqrt(3) / 2 * sp.Rational(2) ** sp.Rational(1, 3) if 6 * b == 5 else 0
    return sp.sqrt(3) / 2 * sp.Rational(4) ** b * (complete - algebraic)


def _half(b: Expr) -> Expr:
    """(1-z)^(1/2) J(1/2, b) at z = 3 - 2 sqrt(2), b = 1/4 or 3/4.

    With t = s^4 the integral of t^(b-1) (1-t)^(-1/2) over (0, z) is 4 times that of ds/sqrt(1 - s^4), or of
    s^2 ds/sqrt(1 - s^4), to s^2 = sqrt(2) - 1, the half of the lemniscate's arc (Fagnano 1718).
    """
    complete = sp.beta(b, HALF) / 2
    if 4 * b == 1:
        return sp.sqrt(2) * complete
    return (2 + sp.sqrt(2)) * (complete + 2 - 2 * sp.sqrt(2))


def _along_a(a: Expr, b: Expr, z: Expr) -> Expr:
    """J of a whole a: from J(1, b0) and J(0, b) = 1/b."""
    if a <= 0:
        return sum((sp.binomial(-a, i) * (-z) ** i / (b + i) for i in range(int(-a) + 1)), sp.S.Zero)
    if a == 1:
        return lerch(z, b, 1)[0]
    # (a-1) z J(a, b) = (1-z)^(1-a) - (b-1) J(a-1, b-1), from the derivative of t^(b-1) (1-z t)^(1-a)
    return ((1 - z) ** (1 - a) - (b - 1) * _along_a(a - 1, b - 1, z)) / ((a - 1) * z)


def _walk(a: Expr, b: Expr, p: Expr, q: Expr, value: Expr, z: Expr) -> Expr:
    """From (1-z)^p J(p, q) to (1-z)^a J(a, b) by whole steps; nothing but z itself multiplies."""
    edge = 1 - z
    while p < a:  # p z J(p+1, q+1) = (1-z)^-p - q J(p, q), from the derivative of t^q (1-z t)^-p
        value = edge * (1 - q * value) / (p * z)
        p, q = p + 1, q + 1
    while p > a:
        value = (1 - (p - 1) * z * value / edge) / (q - 1)
        p, q = p - 1, q - 1
    while q < b:
        if q + 1 == p:
            raise Unsolved
        value = (q * value - edge) / ((q + 1 - p) * z)
        q = q + 1
    while q > b:
        value = (edge + (q - p) * z * value) / (q - 1)
        q = q - 1
    return value
