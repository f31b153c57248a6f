"""Levenberg-Marquardt for the free constants of one program, made for fractions.

- Constants in which the program is affine are always solved for (variable projection, Golub & Pereyra 1973), and steps
  of the others are damped by what of their derivative no linear constant can imitate.
- Fractions have valleys that run off to infinity, where x + a/x is only a/x. A step d of a constant c is therefore also
  tried in projective coordinates, in which infinity is a point like others, as d / (1 - d/c), and in logarithms.
- Valleys are bent: a second step with the same factors corrects the first.
- Equations are solved by orthogonalisation, for normal equations in float64 stall near 1e-9.
"""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np

from primitives.compiled import decorator, inner, outer
from searches.functions.gradient import DIV, forward, reverse, set_constants

INFINITY = math.inf

# one program as the kernels see it: its tape, instructions in use, row of the first, constants, row of the result
Code = namedtuple("Code", "tape length base n_const result linear n_linear")
# float64 scratch for m points: values, adjoint [rows, m]; small [C + 1, m]; system [C + 1, m + C]; upper, upper2
# [C + 1, C + 1]; reduced [C, m]; step to norms [C]; residual to seed [m]
Work = namedtuple(
    "Work",
    "values adjoint small system upper upper2 step delta trial other reduced norms residual saved saved2 weight "
    "inverse seed",
)


@decorator(_nrt=False, forceinline=True, fastmath={"reassoc", "contract"})
def _dot(a, b):
    # reassociation only: a sum of a few tens of products, which then vectorises
    s = 0.0
    for j in range(a.shape[0]):
        s += a[j] * b[j]
    return s


@inner
def _copy(source, target, n):
    for j in range(n):
        target[j] = source[j]


@inner
def _least_squares(system, n, upper, step):
    """Minimise |rhs + sum step_k row_k| over rows 0..n-1 of `system`, rhs = row n, by modified Gram-Schmidt.

    Rows become orthonormal, the rhs its own remainder. A row that depends on those before it gets step 0.
    """
    rhs = system[n]
    for k in range(n):
        row = system[k]
        above = 0.0
        for i in range(k):
            above += upper[i, k] * upper[i, k]
        square = _dot(row, row)
        norm = math.sqrt(square)
        if not norm > 1e-14 * math.sqrt(above + square):
            for j in range(k, n):
                upper[k, j] = 0.0
            continue
        upper[k, k] = norm
        scale = 1.0 / norm
        for j in range(row.shape[0]):
            row[j] *= scale
        for j in range(k + 1, n):
            other = system[j]
            t = _dot(row, other)
            upper[k, j] = t
            for i in range(row.shape[0]):
                other[i] -= t * row[i]
        t = _dot(row, rhs)
        step[k] = -t
        for i in range(row.shape[0]):
            rhs[i] -= t * row[i]
    for k in range(n - 1, -1, -1):
        s = 0.0
        if upper[k, k] > 0.0:
            s = step[k]
            for j in range(k + 1, n):
                s -= upper[k, j] * step[j]
            s /= upper[k, k]
        step[k] = s if abs(s) < INFINITY else 0.0


@inner
def residuals(code, work, const, residual):
    """Weighted relative residuals and their sum of squares (infinite where undefined)."""
    set_constants(const, code.n_const, work.values)
    forward(code.tape, 0, code.length, code.base, work.values)
    y = work.values[code.result]
    for j in range(residual.shape[0]):
        residual[j] = work.weight[j] * (y[j] * work.inverse[j] - 1.0)
    total = _dot(residual, residual)
    return total if total < INFINITY else INFINITY


@inner
def project(code, work, const, residual):
    """Solve for the linear constants of `const` in place; the sum of squares that remains."""
    total = residuals(code, work, const, residual)
    if total == INFINITY or code.n_linear == 0:
        return total
    reverse(code.tape, code.length, code.base, work.values, work.adjoint, code.result, work.seed)
    n, small = 0, work.small
    for k in range(code.n_const):
        if code.linear[k]:
            _copy(work.adjoint[k], small[n], residual.shape[0])
            n += 1
    _copy(residual, small[n], residual.shape[0])
    _least_squares(small, n, work.upper2, work.step)
    n = 0
    for k in range(code.n_const):
        if code.linear[k]:
            const[k] += work.step[n]
            n += 1
    return residuals(code, work, const, residual)


@inner
def _jacobian(code, work):
    """Derivatives by the nonlinear constants, less what linear ones can imitate, into `reduced`; False if undefined.

    `values` must hold the current point. Rows of `reduced` have norm 1; `norms` keeps what they had.
    """
    reverse(code.tape, code.length, code.base, work.values, work.adjoint, code.result, work.seed)
    adjoint, reduced, m = work.adjoint, work.reduced, work.reduced.shape[1]
    n = 0
    for k in range(code.n_const):
        work.step[k] = _dot(adjoint[k], adjoint[k])
        if not work.step[k] < INFINITY:
            return False
        if not code.linear[k]:
            _copy(adjoint[k], reduced[n], m)
            n += 1
    for k in range(code.n_const):
        if code.linear[k]:
            row = adjoint[k]
            square = _dot(row, row)
            if not square > 1e-26 * work.step[k]:
                continue
            for j in range(k + 1, code.n_const):
                if code.linear[j]:
                    t = _dot(row, adjoint[j]) / square
                    for i in range(m):
                        adjoint[j, i] -= t * row[i]
            for j in range(n):
                t = _dot(row, reduced[j]) / square
                for i in range(m):
                    reduced[j, i] -= t * row[i]
    for k in range(n):
        square = _dot(reduced[k], reduced[k])
        work.norms[k] = math.sqrt(square) if square > 0.0 else 1.0
        scale = 1.0 / work.norms[k]
        for j in range(m):
            reduced[k, j] *= scale
    return True


@inner
def _correct(code, work, n):
    """A second step, from the trial, with the factors of the first: it follows the bend of a valley. Into `other`."""
    step, m = work.step, work.saved.shape[0]
    for k in range(n):
        step[k] = -_dot(work.system[k, :m], work.saved)
    for k in range(n - 1, -1, -1):
        s = 0.0
        if work.upper[k, k] > 0.0:
            s = step[k]
            for j in range(k + 1, n):
                s -= work.upper[k, j] * step[j]
            s /= work.upper[k, k]
        step[k] = s if abs(s) < INFINITY else 0.0
    i = 0
    for k in range(code.n_const):
        work.other[k] = work.trial[k]
        if not code.linear[k]:
            work.other[k] += step[i] / work.norms[i]
            i += 1


@inner
def levenberg(code, work, const, iterations, tolerance, damping):
    """Improve `const` in place by Levenberg-Marquardt; the final sum of squares."""
    residual, system, m = work.residual, work.system, work.residual.shape[0]
    best = project(code, work, const, residual)
    n = code.n_const - code.n_linear
    if best == INFINITY or n == 0:
        return best
    fresh, slow = True, 0
    for _ in range(iterations):
        if fresh:
            if not _jacobian(code, work):
                return best
            fresh = False
        for k in range(n):
            _copy(work.reduced[k], system[k], m)
        _copy(residual, system[n], m)
        for k in range(n + 1):
            for j in range(m, m + n):
                system[k, j] = 0.0
            if k < n:
                system[k, m + k] = math.sqrt(damping)
        _least_squares(system[:, : m + n], n, work.upper, work.step)
        ratio, i = 0.0, 0
        for k in range(code.n_const):
            work.delta[k] = 0.0
            if not code.linear[k]:
                work.delta[k] = work.step[i] / work.norms[i]
                i += 1
                if abs(work.delta[k]) > abs(ratio * const[k]):
                    ratio = work.delta[k] / const[k]
        total = INFINITY
        stale = False  # whether `values` hold another point than the trial
        for attempt in range(4):  # the step; corrected; in projective coordinates; in logarithms
            if attempt == 0:
                for k in range(code.n_const):
                    work.other[k] = const[k] + work.delta[k]
            elif attempt == 1:
                if not (total > 0.1 * best and total < 1e6 * best):
                    continue
                _correct(code, work, n)
            else:
                if not (abs(ratio) > (0.5, 0.1)[attempt - 2] and abs(ratio) < INFINITY):
                    continue
                if attempt == 2 and ratio == 1.0:
                    continue
                for k in range(code.n_const):
                    if code.linear[k] or const[k] == 0.0:
                        work.other[k] = const[k]
                    elif attempt == 2:
                        work.other[k] = const[k] + work.delta[k] / (1.0 - ratio)
                    else:
                        work.other[k] = const[k] * math.exp(work.delta[k] / const[k] * min(1.0, 3.0 / abs(ratio)))
            other = project(code, work, work.other, work.saved2)
            stale = not other < total
            if other < total:
                total = other
                _copy(work.other, work.trial, code.n_const)
                _copy(work.saved2, work.saved, m)
        if stale and total < best:
            residuals(code, work, work.trial, work.saved)
        if total < best:
            gain = best - total
            _copy(work.trial, const, code.n_const)
            _copy(work.saved, residual, m)
            fresh = True
            slow = slow + 1 if gain < tolerance * best else 0
            damping = max(damping * (0.15 if slow == 0 else 0.003), 1e-20)
            best = total
            if slow >= 3 and damping < 1e-13:
                break
        else:
            damping *= 6.0
            if damping > 1e8:
                break
    return best


@inner
def score(code, result, const, values, target):
    """Largest relative error on dense points; infinite where undefined or where a divisor changes sign between them."""
    set_constants(const, code.n_const, values)
    forward(code.tape, 0, code.length, code.base, values)
    m = values.shape[1]
    for i in range(code.length):
        if code.tape[i, 0] == DIV:
            b = values[code.tape[i, 2]]
            negative = b[0] < 0.0
            for j in range(m):
                if (b[j] < 0.0) != negative or b[j] == 0.0:
                    return INFINITY
    y = values[result]
    worst = 0.0
    for j in range(m):
        e = abs(y[j] / target[j] - 1.0)
        if not e < INFINITY:
            return INFINITY
        if e > worst:
            worst = e
    return worst


@outer
def workspace(rows, capacity, m):
    """Scratch for programs of up to `rows` values and `capacity` constants on m points."""
    return Work(
        np.empty((rows, m)), np.empty((rows, m)), np.empty((capacity + 1, m)), np.empty((capacity + 1, m + capacity)),
        np.empty((capacity + 1, capacity + 1)), np.empty((capacity + 1, capacity + 1)), np.empty(capacity),
        np.empty(capacity), np.empty(capacity), np.empty(capacity), np.empty((capacity, m)), np.empty(capacity),
        np.empty(m), np.empty(m), np.empty(m), np.empty(m), np.empty(m), np.empty(m),
    )  # fmt: skip
