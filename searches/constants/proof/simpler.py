"""Fractions that a coboundary takes to a fraction of degrees (1, 0), whose value is a ratio of Bessel functions.

M(n) = [[a(n), b(n+1)], [1, 0]] and K(n) = [[n + c, z], [1, 0]] with U(n) M(n) = v(n) K(n) U(n+1), U polynomial. The factors
of b(n+1) come in pairs a whole number apart, of each one goes to v; z is the quotient of leading coefficients; c is known
up to halves from the growth of the solutions, as that of a polynomial times one grows by a whole power more.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp
from flint import fmpq, fmpq_poly

from searches.constants.fraction import Fraction
from searches.constants.proof.contiguous import family
from searches.constants.proof.exact import Deflated, Exact, header, source
from searches.constants.proof.polynomials import ONE, X, degree, lead, of, parts, shift, text, whole_roots
from searches.constants.proof.series import back
from searches.constants.proof.sums import rational
from searches.constants.proof.unfolding import Matrix, coboundary

MOST = 4  # degree of a
HALVES = (0, 1, -1, 2, -2)


def by_coboundary(fraction: Fraction, reduced: Deflated) -> Exact | None:
    """The value by that of the simple fraction, or None."""
    a, b = reduced.a, shift(reduced.b, 1)
    if not 2 <= degree(a) <= MOST or degree(b) != 2 * degree(a) - 2:
        return None
    pairs = _pairs(b)
    if pairs is None:
        return None
    scale, high = lead(a), degree(a)
    v, z = pairs * scale, lead(b) / (scale * scale)
    middle = a[high - 1] / scale - shift(reduced.b, 0)[degree(b) - 1] / lead(b) / 2
    matrix: Matrix = [[a, b], [of([1]), of([])]]
    for c in (middle + fmpq(h, 2) for h in HALVES):
        steps: Matrix = [[v * (X + c), v * z], [v, of([])]]
        u = coboundary(matrix, steps, 1)
        if u is None:
            continue
        determinant = u[0][0] * u[1][1] - u[0][1] * u[1][0]
        start = max([r + 1 for p in (determinant, v) for r in whole_roots(p) if r >= 0], default=0)
        simple = family(X + c + start, of([]) + z)
        assert simple is not None
        inner, _ = simple.closing()
        w = [[rational(p(start)) for p in row] for row in u]
        tail = (w[1][1] * inner - w[0][1]) / (w[0][0] - w[1][0] * inner)
        value = back(fraction, reduced, start, tail)
        if value.has(sp.zoo, sp.nan):
            return None
        entries = ", ".join("[" + ", ".join(text(p) for p in row) + "]" for row in u)
        lines = [
            *header(fraction, reduced),
            "M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])",
            f"K, v = Matrix([[{text(X + c)}, {rational(z)}], [1, 0]]), {text(v)}".replace(
                str(rational(z)), source(rational(z))
            ),
            f"U = Matrix([{entries}])",
            "assert (U*M - v*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)",
            "# U takes the minimal solution to the minimal one: the quotient of solutions grows faster than any power",
            f"a, b = K[0, 0].subs(n, n + {start}), K[0, 1]",
            *simple.lines,
            f"f, V = {source(inner)}, U.subs(n, {start})",
            "tail = (V[3]*f - V[1])/(V[0] - V[2]*f)",
            f"value = {source(value)}  # the terms before the tail added" if start else "value = tail",
        ]
        if not start and not reduced.plain:
            lines[-1] = "value = tail*inflation.subs(n, 0)"
        return Exact(value, f"coboundary; {simple.theorem}", tuple(lines))
    return None


def _pairs(b: fmpq_poly) -> fmpq_poly | None:
    """The product of one of each pair of linear factors of b a whole number apart, of the two the smaller; or None."""
    roots: list[fmpq] = []
    for g, m in parts(b)[1]:
        if degree(g) > 1:
            return None
        roots += [g[0]] * m
    result = ONE
    for first, second in _matched(sorted(roots)):
        if (second - first).q != 1:
            return None
        result *= X + first
    return result


def _matched(roots: list[fmpq]) -> Iterator[tuple[fmpq, fmpq]]:
    """Neighbours of one class."""
    classes: dict[fmpq, list[fmpq]] = {}
    for r in roots:
        classes.setdefault(r - r.floor(), []).append(r)
    for members in classes.values():
        if len(members) % 2:
            yield members[0], members[0] + fmpq(1, 2)  # no partner
            continue
        yield from zip(members[::2], members[1::2], strict=True)
