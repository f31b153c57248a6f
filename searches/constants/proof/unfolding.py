"""Interlaced fractions that take several steps of a fraction of degrees (1, 0) in a block: Bessel functions, tan, e^x.

With M(n) the matrix of a block and K(j) = [[j + c, z], [1, 0]] that of a step of the simple fraction, M follows from
m = deg trace M steps if U(n) M(n) = s K(m n) ... K(m n + m - 1) U(n+1) for a polynomial matrix U (a coboundary). The
determinant and the two highest coefficients of the trace leave one choice of s, c and |z|; U solves linear equations.
"""

from __future__ import annotations

from itertools import product

import sympy as sp
from flint import fmpq, fmpq_poly

from searches.constants.fraction import Fraction
from searches.constants.proof.contiguous import family
from searches.constants.proof.exact import HEAD, Exact, source
from searches.constants.proof.polynomials import X, degree, number, of, text
from searches.constants.proof.sums import rational

Matrix = list[list[fmpq_poly]]
MOST = 12  # steps a block
DEGREE = 3  # of U


def times(first: Matrix, second: Matrix) -> Matrix:
    """Product."""
    return [[sum((first[i][k] * second[k][j] for k in (0, 1)), of([])) for j in (0, 1)] for i in (0, 1)]


def _whole_root(q: fmpq, m: int) -> fmpq | None:
    """The positive rational m-th root of |q|, if any."""
    top, bottom = (round(abs(int(x)) ** (1 / m)) for x in (q.p, q.q))
    return fmpq(top, bottom) if top**m == abs(q.p) and bottom**m == q.q else None


def _steps(matrix: Matrix) -> tuple[int, fmpq, fmpq, list[fmpq]] | None:
    """m, s, c and the possible z."""
    trace = matrix[0][0] + matrix[1][1]
    determinant = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]
    m = degree(trace)
    if not 1 <= m <= MOST or degree(determinant) != 0:
        return None
    scale = trace[m] / m**m
    size = _whole_root(determinant[0] / scale**2, m)
    if size is None:
        return None
    # the product of m n + i + c, i < m, has m^(m-1) (m c + m (m-1)/2) at n^(m-1)
    c = (trace[m - 1] / (scale * m ** (m - 1)) - fmpq(m * (m - 1), 2)) / m
    return m, scale, c, [size, -size]


def coboundary(matrix: Matrix, steps: Matrix, scale: fmpq, most: int = DEGREE) -> Matrix | None:
    """U with U(n) M(n) = scale K(n) U(n+1), not singular, of the lowest degree."""
    for d in range(most + 1):
        columns = []
        for i, j, e in product((0, 1), (0, 1), range(d + 1)):
            unit: Matrix = [[X**e if (r, s) == (i, j) else of([]) for s in (0, 1)] for r in (0, 1)]
            ahead: Matrix = [[p(X + 1) if p.length() else p for p in row] for row in unit]
            left, right = times(unit, matrix), times(steps, ahead)
            columns.append([left[r][s] - scale * right[r][s] for r in (0, 1) for s in (0, 1)])
        for fixed in range(len(columns)):  # one unknown is 1, those before it 0
            answer = _kernel(columns, fixed)
            if answer is None:
                continue
            u: Matrix = [[of([]), of([])], [of([]), of([])]]
            for (i, j, e), c in zip(product((0, 1), (0, 1), range(d + 1)), answer, strict=True):
                u[i][j] += c * X**e
            if (u[0][0] * u[1][1] - u[0][1] * u[1][0]).length():
                return u
    return None


def _kernel(columns: list[list[fmpq_poly]], fixed: int) -> list[fmpq] | None:
    """A solution of the four polynomial equations with coefficient `fixed` 1 and those before it 0."""
    from flint import fmpq_mat

    height = max(p.length() for column in columns for p in column)
    used = columns[fixed + 1 :]
    rows = [[column[s][r] for column in used] + [-columns[fixed][s][r]] for s in range(4) for r in range(height)]
    reduced, rank = fmpq_mat(rows).rref()
    answer = [fmpq(0)] * len(used)
    for i in range(rank):
        pivot = next(j for j in range(len(used) + 1) if reduced[i, j] != 0)
        if pivot == len(used):
            return None
        answer[pivot] = reduced[i, len(used)]
    return [fmpq(0)] * fixed + [fmpq(1)] + answer


def _all_converge(fraction: Fraction, u: Matrix, m: int, z: fmpq) -> bool:
    """Convergents that end inside a block have the same limit.

    There U(n) takes the end to (x, y), and x q(mn-1) + z y q(mn-2) is as large as its terms are, where the denominators
    q of the simple fraction grow as q(mn-1)/q(mn-2) ~ m n.
    """
    inside: Matrix = [[of([1]), of([])], [of([]), of([1])]]
    for i in range(fraction.period):
        x, y = (row[0] for row in times(u, inside))
        if degree(m * X * x + z * y) < max(degree(X * x), degree(y)):
            return False
        if i + 1 < fraction.period:
            step: Matrix = [[of(fraction.blocks[i][0]), of(fraction.blocks[i + 1][1])], [of([1]), of([])]]
            inside = times(inside, step)
    return True


def by_unfolding(fraction: Fraction, block: tuple[fmpq_poly, ...]) -> Exact | None:
    """The value by that of the simple fraction, or None."""
    matrix: Matrix = [[block[0], block[1]], [block[2], block[3]]]
    guess = _steps(matrix)
    if guess is None:
        return None
    m, scale, c, sizes = guess
    for z in sizes:
        steps: Matrix = [[of([1]), of([])], [of([]), of([1])]]
        for i in range(m):
            steps = times(steps, [[m * X + i + c, of([]) + z], [of([1]), of([])]])
        u = coboundary(matrix, steps, scale)
        simple = family(X + c, of([]) + z)
        if u is None or simple is None:
            continue
        if (u[0][0] * u[1][1] - u[0][1] * u[1][0])(0) == 0 or not _all_converge(fraction, u, m, z):
            continue
        inner, _ = simple.closing()
        x = [[rational(p(0)) for p in row] for row in u]
        below = x[0][0] - x[1][0] * inner
        value = (x[1][1] * inner - x[0][1]) / below
        if value.has(sp.zoo, sp.nan):
            return None
        pairs = ", ".join(f"({text(of(a))}, {text(of(b))})" for a, b in fraction.blocks)
        entries = ", ".join("[" + ", ".join(text(p) for p in row) + "]" for row in u)
        lines = [
            *HEAD,
            f"blocks = [{pairs}]  # (a, b) of the terms in turn",
            "M = eye(2)  # F(n) = (M11 F(n+1) + M12)/(M21 F(n+1) + M22)",
            "for i in range(len(blocks)):",
            "    following = blocks[i + 1][1] if i + 1 < len(blocks) else sympify(blocks[0][1]).subs(n, n + 1)",
            "    M = M*Matrix([[blocks[i][0], following], [1, 0]])",
            f"# {m} steps of the fraction a, b:",
            f"a, b = {text(X + c)}, {number(z)}",
            "steps = eye(2)",
            f"for i in range({m}):",
            f"    steps = steps*Matrix([[sympify(a).subs(n, {m}*n + i), b], [1, 0]])",
            f"U = Matrix([{entries}])",
            f"assert (U*M - {number(scale)}*steps*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)",
            "# U takes the minimal solution to the minimal one; convergents that end inside a block tend to it too:",
            "P = eye(2)",
            "for i in range(len(blocks)):  # denominators of a, b grow as m n, and nothing cancels",
            "    u, v = (U*P*Matrix([1, 0])).applyfunc(expand)",
            f"    assert degree({m}*n*u + b*v, n) == max(degree(n*u, n), degree(v, n))",
            "    if i + 1 < len(blocks):",
            "        P = P*Matrix([[blocks[i][0], blocks[i + 1][1]], [1, 0]])",
            *simple.lines,
            f"f = {source(inner)}",
            "V = U.subs(n, 0)",
            "value = (V[3]*f - V[1])/(V[0] - V[2]*f)",
        ]
        return Exact(value, f"coboundary with {m} steps; {simple.theorem}", tuple(lines))
    return None
