"""Fractions with elementary values: those that end, and those of constant a and b."""

from __future__ import annotations

import sympy as sp

from searches.constants.fraction import Fraction
from searches.constants.proof.exact import Deflated, Exact, header, source
from searches.constants.proof.polynomials import number, of, text, whole_roots
from searches.constants.proof.series import back
from searches.constants.proof.sums import rational


def terminating(fraction: Fraction) -> Exact | None:
    """b has a root n >= 1: the value is the convergent before it. None without such a root, or if that has q = 0."""
    ends = [r for r in whole_roots(of(fraction.b)) if r >= 1]
    if not ends:
        return None
    stop = min(ends)
    p, q = fraction.convergent(stop - 1)
    if q == 0:
        return None
    value = sp.Rational(p, q)
    lines: tuple[str, ...] = (
        "from sympy import *",
        'n = symbols("n")',
        f"a, b = [Lambda(n, p) for p in ({text(of(fraction.a))}, {text(of(fraction.b))})]",
        f"assert b({stop}) == 0  # the fraction ends before this term",
        f"value = a({stop - 1})",
        f"for m in range({stop - 1}, 0, -1):",
        "    value = a(m - 1) + b(m)/value" if _steady(fraction, stop) else "    value = oo",
    )
    if not _steady(fraction, stop):
        lines = (*lines[:4], f"value = {source(value)}  # the convergent before it")
    return Exact(value, "the fraction ends", lines)


def _steady(fraction: Fraction, stop: int) -> bool:
    """No tail of the finite fraction is 0."""
    value = sp.Rational(fraction.term(stop - 1)[0])
    for m in range(stop - 1, 0, -1):
        if value == 0:
            return False
        value = fraction.term(m - 1)[0] + sp.Rational(fraction.term(m)[1]) / value
    return True


def quadratic(fraction: Fraction, reduced: Deflated) -> Exact | None:
    """Constant a and b: the root of x = a + b/x of larger size. None where the fraction does not converge."""
    a, b = rational(reduced.a[0]), rational(reduced.b[0])
    square = a * a + 4 * b
    if a == 0 or square < 0:
        return None
    tail = (a + sp.sign(a) * sp.sqrt(square)) / 2
    lines = [
        *header(fraction, reduced),
        f"tail, other = [({number(reduced.a[0])} + s*sqrt({source(square)}))/2 for s in ({sp.sign(a)}, {-sp.sign(a)})]",
        "assert expand(tail**2 - a*tail - b) == 0 and expand(other**2 - a*other - b) == 0",
        "# convergents: (tail^(n+2) - other^(n+2))/(tail^(n+1) - other^(n+1)), or (n+2)/(n+1) tail if both are equal",
        "assert abs(tail) > abs(other) or tail == other",
        "value = tail*inflation.subs(n, 0)" if not reduced.plain else "value = tail",
    ]
    return Exact(back(fraction, reduced, 0, tail), "fixed point of a + b/x (Lagrange)", tuple(lines))
