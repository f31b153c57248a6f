"""Fractions that a coboundary takes to one of degrees (1, 0), (1, 1) or (1, 2), whose value is a contiguous ratio.

M(n) = [[a(n), b(n+1)], [1, 0]] and K(n) = [[A n + c, B L(n)], [1, 0]] with U(n) M(n) = v(n) K(n) U(n+1), U polynomial,
A and B the leading coefficients of a and b. The factors of b(n+1) come in pairs a whole number apart, of which one goes
to v, and up to two more, L. The growth of the two solutions, n! k^n n^x, tells c but for whole steps of the difference
of their x, as a polynomial U changes x by whole steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import sympy as sp
from flint import fmpq, fmpq_poly

from searches.constants.fraction import Fraction
from searches.constants.proof.contiguous import hypergeometric, settled
from searches.constants.proof.exact import Deflated, Exact, header, source
from searches.constants.proof.polynomials import ONE, X, degree, lead, of, parts, root, shift, text, whole_roots
from searches.constants.proof.series import back
from searches.constants.proof.sums import rational
from searches.constants.proof.unfolding import Matrix, coboundary

MOST = 4  # degree of a
STEPS = (0, 1, -1, 2, -2)


def by_coboundary(fraction: Fraction, reduced: Deflated) -> Exact | None:
    """The value by that of the simple fraction, or None."""
    a, b = reduced.a, shift(reduced.b, 1)
    left = degree(b) - 2 * degree(a) + 2
    if not (2 <= degree(a) <= MOST and 0 <= left <= 2):
        return None
    matrix: Matrix = [[a, b], [of([1]), of([])]]
    best = None
    for v, rest in _splits(b, left):
        for c in _shifts(a, b, rest):
            top, bottom = lead(a) * X + c, lead(b) * rest
            u = coboundary(matrix, [[v * top, v * bottom], [v, of([])]], fmpq(1))
            if u is None:
                continue
            found = _value(fraction, reduced, u, v, top, bottom)
            if found is not None and found.closed:
                return found
            best = best or found
            break
    return best


def _value(
    fraction: Fraction, reduced: Deflated, u: Matrix, v: fmpq_poly, top: fmpq_poly, bottom: fmpq_poly
) -> Exact | None:
    """By U, from the value of the fraction K."""
    determinant = u[0][0] * u[1][1] - u[0][1] * u[1][0]
    zeros = [r + 1 for p in (determinant, v, bottom) for r in whole_roots(p) if r >= 0]
    found = settled(top, shift(bottom, -1), max(zeros, default=0))
    if found is None:
        return None
    simple, start = found
    inner, theorem, closed = hypergeometric(simple)
    w = [[rational(p(start)) for p in row] for row in u]
    tail = (w[1][1] * inner - w[0][1]) / (w[0][0] - w[1][0] * inner)
    value = back(fraction, reduced, start, tail)
    if value.has(sp.zoo, sp.nan):
        return None
    entries = ", ".join("[" + ", ".join(text(p) for p in row) + "]" for row in u)
    lines = [
        *header(fraction, reduced),
        "M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])",
        f"K, v = Matrix([[{text(top)}, {text(bottom)}], [1, 0]]), {text(v)}",
        f"U = Matrix([{entries}])",
        "assert (U*M - v*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)",
        "# U takes the minimal solution to the minimal one: the quotient of solutions grows faster than any power of n",
        f"a, b = K[0, 0].subs(n, n + {start}), K[0, 1].subs(n, n + {start - 1})",
        *simple.lines,
        f"f, V = {source(inner)}, U.subs(n, {start})",
        "tail = (V[3]*f - V[1])/(V[0] - V[2]*f)",
        f"value = {source(value)}  # the terms before the tail added" if start else "value = tail",
    ]
    if not start and not reduced.plain:
        lines[-1] = "value = tail*inflation.subs(n, 0)"
    return Exact(value, f"coboundary; {theorem}", tuple(lines), closed)


def _splits(b: fmpq_poly, left: int) -> Iterator[tuple[fmpq_poly, fmpq_poly]]:
    """(v, L): b(n+1) is its leading coefficient times L, v, and v with each factor moved; L of degree `left`."""
    zeros: list[fmpq] = []
    for g, m in parts(b)[1]:
        if degree(g) > 1:
            return
        zeros += [g[0]] * m
    zeros.sort()
    seen = set()
    for rest in combinations(range(len(zeros)), left):
        key = tuple(sorted(zeros[i] - zeros[i].floor() for i in rest))
        chosen = _paired([z for i, z in enumerate(zeros) if i not in rest])
        if chosen is None or str(key) in seen:
            continue
        seen.add(str(key))
        v, remaining = ONE, ONE
        for z in chosen:
            v *= X + z
        for i in rest:
            remaining *= X + zeros[i]
        yield v, remaining


def _paired(zeros: list[fmpq]) -> list[fmpq] | None:
    """The smaller one of each pair of a class, or None if one is without partner."""
    classes: dict[str, list[fmpq]] = {}
    for z in zeros:
        classes.setdefault(str(z - z.floor()), []).append(z)
    if any(len(members) % 2 for members in classes.values()):
        return None
    return [z for members in classes.values() for z in members[::2]]


def _shifts(a: fmpq_poly, b: fmpq_poly, rest: fmpq_poly) -> list[fmpq]:
    """Possible c."""
    alpha, beta, d = lead(a), lead(b), degree(a)
    above, below = a[d - 1], b[degree(b) - 1] / beta  # second coefficients
    inner = rest[degree(rest) - 1] if degree(rest) else fmpq(0)
    # 2 c/A + (of L) must be as of M: from f = k n^d (1 + x/n + ...) for both k, the difference of x
    middle = above + alpha * (inner - below + 2 * d - 2) / 2
    unit = alpha
    if degree(rest) == 2:
        middle = above + alpha * (d - 1 + inner - below) / 2
        square = root(alpha * alpha + 4 * beta)
        if square is None or square == 0:
            return [middle]
        unit = square
    return [middle + unit * h / 2 for h in STEPS]
