"""Fractions that a coboundary takes to one of a theorem."""

from __future__ import annotations

import sympy as sp
from flint import fmpq

from searches.constants.fraction import Fraction
from searches.constants.proof.exact import Deflated, Exact, header, source
from searches.constants.proof.polynomials import lead, number, of, shift, text, whole_roots
from searches.constants.proof.series import back
from searches.constants.proof.sums import rational
from searches.constants.proof.theorems import Theorem, theorems
from searches.constants.proof.unfolding import Matrix, coboundary

MOST = 8  # degree of a coboundary


def by_name(fraction: Fraction, reduced: Deflated) -> Exact | None:
    """The value by that of a theorem's fraction, or None."""
    for theorem, later in theorems(reduced.a, reduced.b):
        found = _by(theorem, later, fraction, reduced)
        if found is not None:
            return found
    return None


def _by(theorem: Theorem, later: int, fraction: Fraction, reduced: Deflated) -> Exact | None:
    """The same, with the theorem's fraction from term `later` on."""
    a, b = reduced.a, shift(reduced.b, 1)
    top, bottom = shift(theorem.a, later), shift(theorem.b, later + 1)
    v = lead(a) / lead(top)
    matrix: Matrix = [[a, b], [of([1]), of([])]]
    steps: Matrix = [[v * top, v * bottom], [of([]) + v, of([])]]
    u = coboundary(matrix, steps, fmpq(1), most=MOST if theorem.fast else 0)
    if u is None:
        return None
    determinant = u[0][0] * u[1][1] - u[0][1] * u[1][0]
    start = max([r + 1 for r in whole_roots(determinant) if r >= 0], default=0)
    inner = theorem.value
    for i in range(later + start):
        inner = rational(theorem.b(i + 1)) / (inner - rational(theorem.a(i)))
    w = [[rational(p(start)) for p in row] for row in u]
    value = back(fraction, reduced, start, (w[1][1] * inner - w[0][1]) / (w[0][0] - w[1][0] * inner))
    if value.has(sp.zoo, sp.nan):
        return None
    lines = [
        *header(fraction, reduced),
        "M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])",
        *_theorem(theorem),
        f"K = Matrix([[A, B.subs(n, n + 1)], [1, 0]]).subs(n, n + {later})",
        f"U = Matrix([{_rows(u)}])",
        f"assert (U*M - {number(v)}*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)",
        "# U takes the minimal solution to the minimal one",
        f"for i in range({later + start}):",
        "    f = B.subs(n, i + 1)/(f - A.subs(n, i))",
        f"V = U.subs(n, {start})",
        "tail = (V[3]*f - V[1])/(V[0] - V[2]*f)",
        f"value = {source(value)}  # the terms before the tail added" if start else "value = tail",
    ]
    if not start and not reduced.plain:
        lines[-1] = "value = tail*inflation.subs(n, 0)"
    return Exact(value, theorem.name, tuple(lines), known=not theorem.proof)


def _theorem(theorem: Theorem) -> list[str]:
    """A, B and f."""
    lines = [f"A, B = {text(theorem.a)}, {text(theorem.b)}  # {theorem.name}"]
    return [*lines, *(theorem.proof or (f"f = {source(theorem.value)}  # as the theorem says",))]


def _rows(u: Matrix) -> str:
    return ", ".join("[" + ", ".join(text(p) for p in row) + "]" for row in u)
