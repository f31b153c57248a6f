"""Theorems on single fractions: a, b, the value, and where it was found, a proof by creative telescoping.

Each proof is a sum or integral G(n) and a rational certificate of G(n-1) = a(n) G(n) + b(n+1) G(n+1) (Zeilberger), so
that f(n) = G(n-1)/G(n) are the fraction's tails. These are for what has been found already; no search knows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_poly

from searches.constants.proof.exact import source
from searches.constants.proof.polynomials import X, degree, lead, of, root, shift
from searches.constants.proof.sums import rational

Expr = Any


@dataclass(frozen=True)
class Theorem:
    """name: who showed it. proof: certificate lines that define `f`, the value; () where only the name stands for it.

    fast: solutions of the recurrence differ in exponential growth, so polynomial coboundaries keep the minimal one.
    """

    name: str
    a: fmpq_poly
    b: fmpq_poly
    value: Expr
    proof: tuple[str, ...] = ()
    fast: bool = True


def _telescoped(names: str, ratios: tuple[str, str, str], relation: str, certificate: str) -> tuple[str, ...]:
    """Lines that check the recurrence: F(n-1, k)/F, F(n+1, k)/F, F(n, k+1)/F, and H = C F with H(k+1) - H(k) of it."""
    return (
        f'{names} = symbols("{names}")',
        f"before, after, up = {ratios[0]}, {ratios[1]}, {ratios[2]}  # F(n-1, k), F(n+1, k), F(n, k+1) over F(n, k)",
        f"C = {certificate}",
        f"assert cancel({relation} - (C.subs(k, k + 1)*up - C)) == 0",
    )


TRIGAMMA = (
    "k**3*(4*n + 2)*k + k**3*(22*n**2 + 4*n*s + 18*n + 2*s + 3) + k**2*(46*n**3 + 19*n**2*s + 51*n**2 + 18*n*s + 13*n"
    " + 4*s) + k*n*(43*n**3 + 30*n**2*s + 59*n**2 + 39*n*s + 19*n + 12*s) + n**2*(15*n**3 + 16*n**2*s + 24*n**2"
    " + 26*n*s + 9*n + 10*s)"
)
ZETA2 = (
    "-k**6 - 4*k**5*n - 3*k**5 + 13*k**4*n**2 + 13*k**4*n + 4*k**4 + 102*k**3*n**3 + 176*k**3*n**2 + 100*k**3*n"
    " + 19*k**3 + 225*k**2*n**4 + 516*k**2*n**3 + 419*k**2*n**2 + 141*k**2*n + 16*k**2 + 217*k*n**5 + 607*k*n**4"
    " + 619*k*n**3 + 273*k*n**2 + 44*k*n + 79*n**6 + 257*n**5 + 309*n**4 + 163*n**3 + 32*n**2"
)


def trigamma(x: fmpq) -> Theorem:
    """x + 1^4/(3x + 2^4/(5x + ...)) = 2/trigamma((x+1)/2), x > 0."""
    s = rational((x + 1) / 2)
    lines = (
        f"x = {source(rational(x))}  # F(n, k) = (n+k)!^3/(n!^2 k! (2n+k+1)! (s)_(n+k+1)), s = (x + 1)/2 > 1/2",
        *_telescoped(
            "k, s",
            (
                "n**2*(2*n + k + 1)*(2*n + k)*(s + n + k)/(n + k)**3",
                "(n + k + 1)**3/((n + 1)**2*(2*n + k + 3)*(2*n + k + 2)*(s + n + k + 1))",
                "(n + k + 1)**3/((k + 1)*(2*n + k + 2)*(s + n + k + 1))",
            ),
            "before - (2*s - 1)*(2*n + 1) - (n + 1)**4*after",
            f"k*({TRIGAMMA})/((n + k)**3*(2*n + k + 2))",
        ),
        "# F > 0, C F -> 0 as k -> oo and is 0 at k = 0: G(n-1) = x (2n+1) G(n) + (n+1)^4 G(n+1) for n >= 1. For n = 0",
        "# the sum telescopes to G(-1) = C F at k = 0 = 2; F(0, k) = k!/((k+1) (s)_(k+1)), and its sum D(s) has",
        "# D(s) - D(s+1) = (sum of k!/(s+1)_(k+1))/s = 1/s^2, D(oo) = 0, so that G(0) = trigamma(s)",
        "assert (cancel(C.subs(n, 0))/s).subs(k, 0) == 2",
        "assert cancel(1/s - 1/(s + k + 1) - (k + 1)/(s*(s + k + 1))) == 0",
        "# all f(n) = G(n-1)/G(n) > 0, a, b > 0 and the series of sqrt(a(n) a(n-1)/b(n)) diverges: Seidel-Stern",
        "f = 2/polygamma(1, (x + 1)/2)",
    )
    name = "Stieltjes, Ramanujan: continued fraction of the trigamma function"
    return Theorem(name, x * (2 * X + 1), X**4, 2 / sp.polygamma(1, s), lines, fast=False)


def hurwitz(y: fmpq) -> Theorem | None:
    """a = (2n+1)(n^2 + n + 1 + y), y = 2x(x+1), b = -n^6: 1/zeta(3, x+1), x > -1/2 rational."""
    square = root(1 + 2 * y)
    if square is None:
        return None
    x = (square - 1) / 2
    name = "Stieltjes, Ramanujan: continued fraction of zeta(3, x+1)"
    value = -2 / sp.polygamma(2, rational(x + 1))
    return Theorem(name, (2 * X + 1) * (X**2 + X + 1 + y), -(X**6), value, fast=False)


@lru_cache
def fixed() -> tuple[Theorem, ...]:
    """Those without a parameter."""
    zeta2, zeta3, catalan = sp.pi**2 / 6, sp.zeta(3), sp.Catalan
    third = (sp.polygamma(1, sp.Rational(1, 3)) - sp.polygamma(1, sp.Rational(2, 3))) / 9  # L(2, chi_-3)
    apery2 = (
        "# F(n, k) = (n+k)!^3/(n! k! (2n+k+1)!^2)",
        *_telescoped(
            "k, t",
            (
                "n*(2*n + k + 1)**2*(2*n + k)**2/(n + k)**3",
                "(n + k + 1)**3/((n + 1)*(2*n + k + 3)**2*(2*n + k + 2)**2)",
                "(n + k + 1)**3/((k + 1)*(2*n + k + 2)**2)",
            ),
            "before - (11*n**2 + 11*n + 3) - (n + 1)**4*after",
            f"k*({ZETA2})/((n + k)**3*(2*n + k + 2)**2)",
        ),
        "# F > 0, C F -> 0 as k -> oo and is 0 at k = 0: G(n-1) = a(n) G(n) + b(n+1) G(n+1), n >= 1. For n = 0,",
        "# where F(0, k) = 1/(k+1)^2, the sum telescopes to G(-1) = C F at k = 0 less its limit, and G(0) = zeta(2)",
        "zero = cancel(C.subs(n, 0))/(k + 1)**2",
        "assert zero.subs(k, 0) - limit(zero, k, oo) == 5",
        "# all f(n) = G(n-1)/G(n) > 0, a, b > 0 and the series of sqrt(a(n) a(n-1)/b(n)) diverges: Seidel-Stern",
        "f = 5/zeta(2)",
    )
    return (
        Theorem("Apery 1979", of([3, 11, 11]), X**4, 5 / zeta2, apery2),
        Theorem("Apery 1979", (2 * X + 1) * of([5, 17, 17]), -(X**6), 6 / zeta3, _apery3()),
        Theorem("Apery limit of the Franel numbers (Zagier 2009)", of([2, 7, 7]), 8 * X**4, 4 / zeta2),
        Theorem("Apery limit (Zagier 2009)", of([3, 10, 10]), -9 * X**4, 2 / third),
        Theorem("Apery limit (Almkvist-Zudilin 2006)", (2 * X + 1) * of([1, 3, 3]), -(X**6), 8 / (7 * zeta3)),
        Theorem("Apery limit (Almkvist-Zudilin 2006)", (2 * X + 1) * of([4, 10, 10]), -64 * X**6, 24 / (7 * zeta3)),
        Theorem("Catalan's constant as a double integral", of([1, 3, 3]), -2 * X**4, 1 / (2 * catalan), _catalan()),
    )


def _apery3() -> tuple[str, ...]:
    return (
        "# R(n, t) = ((t-1)...(t-n))^2/(t (t+1)...(t+n))^2, I(n) = -sum of dR/dt over t >= 1, G(n) = I(n)/n!^3",
        't = symbols("t")',
        "before, after = (t + n)**2/(t - n)**2, (t - n - 1)**2/(t + n + 1)**2  # R(n-1, t), R(n+1, t) over R(n, t)",
        "up, C = t**4/((t - n)**2*(t + n + 1)**2), 4*(2*n + 1)*(-2*t**2 + t + (2*n + 1)**2)  # R(n, t+1), H",
        "relation = n**3*before - (2*n + 1)*(17*n**2 + 17*n + 5) + (n + 1)**3*after",
        "assert cancel(relation - (C.subs(t, t + 1)*up - C)) == 0",
        "# C R has a double zero at t = 1 and tends to 0, so derivatives sum to G(n-1) = a(n) G(n) + b(n+1) G(n+1).",
        "# |R| <= 1/t^2 and |dR/dt| <= (4n + 2)|R|: I(n) grows less than exponentially, so by Poincare-Perron (the",
        "# roots of x^2 - 34 x + 1) G is minimal, and by Pincherle's theorem the value is a(0) + b(1) G(1)/G(0)",
        "R1 = (t - 1)**2/(t**2*(t + 1)**2)",
        "assert cancel(R1 - (1/t**2 - 4/t + 4/(t + 1)**2 + 4/(t + 1))) == 0  # so I(0) = 2 zeta(3), and",
        "I1 = 2*zeta(3) - 4*zeta(2) + 8*(zeta(3) - 1) + 4*(zeta(2) - 1)",
        "f = 5 - I1/(2*zeta(3))",
        "assert expand(I1 - 10*zeta(3) + 12) == 0",
    )


def _catalan() -> tuple[str, ...]:
    return (
        "# g(n) = integral of w = ((x^2-1)(y^2-1))^(-1/2) (1 + x y)^(-n-1) over x, y > 1; G(n) = g(n)/n!^2",
        'x, y = symbols("x y", positive=True)',
        "d = 1 + x*y",
        "p = (y - (n + 1)*x - n*x*y**2)/(2*d)",
        "flow = lambda p, v, u: v*p + (v**2 - 1)*diff(p, v) - (n + 1)*(v**2 - 1)*u*p/d  # d/dv ((v^2-1) p w)/w",
        "both = flow(p, x, y) + flow(p.subs({x: y, y: x}, simultaneous=True), y, x)",
        "assert cancel(n**2*d - (3*n**2 + 3*n + 1) + 2*(n + 1)**2/d - both) == 0",
        "# nothing flows through the boundary for n >= 1, so n^2 g(n-1) = a(n) g(n) - 2 (n+1)^2 g(n+1), that is",
        "# G(n-1) = a(n) G(n) + b(n+1) G(n+1). For n = 0 what flows out at x = oo is, and as much again at y = oo,",
        "out = integrate(limit(x*(p/d).subs(n, 0), x, oo)/sqrt(y**2 - 1), (y, 1, oo))",
        "assert out == -Rational(1, 2)  # so a(0) G(0) + b(1) G(1) = 1",
        "# x = cosh(t): g(0) = 2 (integral of atan(u)/u over (0, 1)) = 2 Catalan. 0 < g(n) <= g(0)/2^n, and the",
        "# quotients g(n+1)/g(n) of solutions tend to 1 or to 1/2 (Poincare-Perron): G is minimal (Pincherle)",
        "f = 1/(2*Catalan)",
    )


def theorems(a: fmpq_poly, b: fmpq_poly) -> Iterator[tuple[Theorem, int]]:
    """Those that may be of a and b, with how many terms later the fraction starts."""
    if degree(a) < 1:
        return
    moves = sorted({0, 1, 2, _move(a)})
    if (degree(a), degree(b)) == (1, 4):
        square = root(lead(b))
        if square is not None:
            x = abs(lead(a)) / (2 * square)
            yield from ((trigamma(x), s) for s in moves)
    if (degree(a), degree(b)) == (3, 6) and lead(b) * 4 == -(lead(a) ** 2):
        for s in moves:
            monic = shift(a, -s) * 2 / lead(a)  # (2n+1)(n^2 + n + 1 + y)
            y = monic[0] - 1
            found = hurwitz(y) if y > fmpq(-1, 2) else None
            if found is not None:
                yield found, s
    for theorem in fixed():
        same = lead(theorem.b) * lead(a) ** 2 == lead(b) * lead(theorem.a) ** 2
        if same and degree(theorem.a) == degree(a) and degree(theorem.b) == degree(b):
            yield from ((theorem, s) for s in moves)


def _move(a: fmpq_poly) -> int:
    """By the mean root of a, which is -1/2 in every theorem."""
    mean = a[degree(a) - 1] / (lead(a) * degree(a)) - fmpq(1, 2)
    return max(0, int(mean.floor())) if mean < 64 else 0
