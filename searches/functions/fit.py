"""Fitting the free constants of programs: Levenberg-Marquardt from many starts, then Lawson's weights toward minimax.

The residual is the relative error p(x) / f(x) - 1 at Chebyshev points. Four things make a blind start succeed often:

- Constants in which the program is affine are always solved for (variable projection, Golub & Pereyra 1973), and steps
  of the others are damped by what of their derivative no linear constant can imitate.
- Fractions have valleys that run off to infinity, where x + a/x is only a/x. A step d of a constant c is therefore also
  tried in projective coordinates, in which infinity is a point like others, as d / (1 - d/c), and in logarithms.
- Squarings that end a program are undone: what is squared is fitted to the root of the target.
- Equations are solved by orthogonalisation, for normal equations in float64 stall near 1e-9.
"""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
from numba import njit

from primitives import philox
from searches.functions.gradient import DIV, MUL, affine, decode, dimensions, forward, reverse, set_constants

INFINITY = math.inf

# one program as the kernels see it: its tape, instructions in use, row of the first, constants, row of the result
Code = namedtuple("Code", "tape length base n_const result linear n_linear")
# float64 scratch; m points: values, adjoint [rows, m], system [C + 1, m + C], upper [C + 1, C + 1]; the others [C] or [m]
Work = namedtuple(
    "Work", "values adjoint small system upper upper2 step delta trial other reduced norms residual saved saved2 weight inverse seed"
)


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def _dot(a, b):
    # reassociation only: a sum of a few tens of products, which then vectorises
    s = 0.0
    for j in range(a.shape[0]):
        s += a[j] * b[j]
    return s


@njit(nogil=True, cache=True, error_model="numpy")
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
            upper[k, k] = 0.0
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


@njit(nogil=True, cache=True, error_model="numpy")
def _residual(code, work, const, residual):
    """Weighted relative residuals and their sum of squares (infinite where undefined)."""
    set_constants(const, code.n_const, work.values)
    forward(code.tape, 0, code.length, code.base, work.values)
    y = work.values[code.result]
    for j in range(residual.shape[0]):
        residual[j] = work.weight[j] * (y[j] * work.inverse[j] - 1.0)
    total = _dot(residual, residual)
    return total if total < INFINITY else INFINITY


@njit(nogil=True, cache=True, error_model="numpy")
def _project(code, work, const, residual):
    """Solve for the linear constants of `const` in place; the sum of squares that remains."""
    total = _residual(code, work, const, residual)
    if total == INFINITY or code.n_linear == 0:
        return total
    reverse(code.tape, code.length, code.base, work.values, work.adjoint, code.result, work.seed)
    n, small = 0, work.small
    for k in range(code.n_const):
        if code.linear[k]:
            small[n] = work.adjoint[k]
            n += 1
    small[n] = residual
    _least_squares(small, n, work.upper2, work.step)
    n = 0
    for k in range(code.n_const):
        if code.linear[k]:
            const[k] += work.step[n]
            n += 1
    return _residual(code, work, const, residual)


@njit(nogil=True, cache=True, error_model="numpy")
def _jacobian(code, work):
    """Derivatives by the nonlinear constants, less what the linear ones can imitate, into `reduced`; False if undefined.

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
            reduced[n] = adjoint[k]
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


@njit(nogil=True, cache=True, error_model="numpy")
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


@njit(nogil=True, cache=True, error_model="numpy")
def _levenberg(code, work, const, iterations, tolerance, damping):
    """Improve `const` in place by Levenberg-Marquardt; the final sum of squares."""
    residual, system, m = work.residual, work.system, work.residual.shape[0]
    best = _project(code, work, const, residual)
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
            system[k, :m] = work.reduced[k]
            system[k, m : m + n] = 0.0
            system[k, m + k] = math.sqrt(damping)
        system[n, :m] = residual
        system[n, m : m + n] = 0.0
        _least_squares(system[:, : m + n], n, work.upper, work.step)
        ratio, i = 0.0, 0
        for k in range(code.n_const):
            work.delta[k] = 0.0
            if not code.linear[k]:
                work.delta[k] = work.step[i] / work.norms[i]
                i += 1
                if abs(work.delta[k]) > abs(ratio * const[k]):
                    ratio = work.delta[k] / const[k]
            work.trial[k] = const[k] + work.delta[k]
        total = _project(code, work, work.trial, work.saved)
        if total > 0.1 * best and total < 1e6 * best:
            _correct(code, work, n)
            total2 = _project(code, work, work.other, work.saved2)
            if total2 < total:
                total = total2
                work.trial[:] = work.other
                work.saved[:] = work.saved2
        stale = False  # whether `values` hold another point than the trial
        for way in range(2):
            if not (abs(ratio) > (0.5, 0.1)[way] and abs(ratio) < INFINITY) or (way == 0 and ratio == 1.0):
                continue
            for k in range(code.n_const):
                if code.linear[k] or const[k] == 0.0:
                    work.other[k] = const[k]
                elif way == 0:
                    work.other[k] = const[k] + work.delta[k] / (1.0 - ratio)
                else:
                    work.other[k] = const[k] * math.exp(work.delta[k] / const[k] * min(1.0, 3.0 / abs(ratio)))
            total2 = _project(code, work, work.other, work.saved2)
            stale = not total2 < total
            if total2 < total:
                total = total2
                work.trial[:] = work.other
                work.saved[:] = work.saved2
        if stale and total < best:
            _residual(code, work, work.trial, work.saved)
        if total < best:
            gain = best - total
            const[: code.n_const] = work.trial[: code.n_const]
            residual[:] = work.saved
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


@njit(nogil=True, cache=True, error_model="numpy")
def _score(code, result, const, values, target):
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


@njit(nogil=True, cache=True)
def _draw(stream, key, index, given, degree, n_const, low, high, out):
    """Constants of start number `index`: first those given, next those that suit twice or half the argument, then jittered
    or partly kept ones, then fresh ones.

    Fresh magnitudes are log-uniform between 10^low and 10^high, of either sign.
    """
    if index < 3:
        scale = (1.0, 2.0, 0.5)[index]
        for k in range(n_const):
            out[k] = given[k] * scale ** degree[k]
        return
    philox.start(stream, key, np.uint64(0), np.uint64(index))
    kind = index % 4  # 3: kept, at another scale; 0: each kept, jittered or fresh; 1, 2: fresh
    scale = 4.0 ** (2.0 * philox.uniform(stream) - 1.0)
    width = 10.0 ** (2.0 * philox.uniform(stream) - 2.0)
    for k in range(n_const):
        keep = kind == 3 or (kind == 0 and philox.uniform(stream) < 0.5)
        if keep and abs(given[k]) > 0.0:
            out[k] = given[k] * (scale ** degree[k] if kind == 3 else math.exp(width * philox.normal(stream)))
        else:
            size = 10.0 ** (low + (high - low) * philox.uniform(stream))
            out[k] = size if philox.uniform(stream) < 0.5 else -size


@njit(nogil=True, cache=True)
def _best_first(cost, order, n, keep):
    """Order the `keep` smallest of cost[order[:n]] to the front; ties by position."""
    for i in range(min(keep, n)):
        best = i
        for j in range(i + 1, n):
            if cost[order[j]] < cost[order[best]]:
                best = j
        picked = order[best]
        for j in range(best, i, -1):
            order[j] = order[j - 1]
        order[i] = picked


@njit(nogil=True, cache=True, error_model="numpy")
def fit(code, length, const, n_const, results, role, points, targets, dense, dense_target, keys, low, high, effort, error,
        fitted):
    """Fit every program of a packed batch.

    role          int64[n_ops]            see gradient.roles
    points        float64[m]              where residuals are taken
    targets       float64[S, m]           row s: the target's 2^s-th root there
    dense         float64[d], dense_target float64[d]   where the error is measured
    effort        int64[6]: starts drawn; starts that go on, iterations each; of these go on, iterations each; Lawson rounds
    error         float64[n]  out: largest relative error on the dense points, infinite if none is valid
    fitted        float64[n, C] out
    """
    n_start, n_short, short, n_long, long, lawson = effort
    n_short = min(n_short, n_start)
    n_long = min(n_long, n_short)
    capacity, leaf, m = const.shape[1], const.shape[1], points.shape[0]
    base, rows = leaf + 1, leaf + 1 + code.shape[1]
    wide = np.empty((rows, dense.shape[0]))
    work = Work(
        np.empty((rows, m)), np.empty((rows, m)), np.empty((capacity + 1, m)), np.empty((capacity + 1, m + capacity)),
        np.empty((capacity + 1, capacity + 1)), np.empty((capacity + 1, capacity + 1)), np.empty(capacity), np.empty(capacity), np.empty(capacity),
        np.empty(capacity), np.empty((capacity, m)), np.empty(capacity), np.empty(m), np.empty(m), np.empty(m), np.empty(m),
        np.empty(m), np.empty(m),
    )  # fmt: skip
    work.values[leaf] = points
    wide[leaf] = dense
    tape = np.empty((code.shape[1], 3), np.int64)
    uses, linear = np.empty(rows, np.int64), np.empty(capacity + 1, np.bool_)
    starts, cost, order = np.empty((n_start, capacity)), np.empty(n_start), np.empty(n_start, np.int64)
    degree, equations = np.empty(capacity), np.empty((2 * code.shape[1] + 2, rows + 1))
    stream = np.empty(philox.STREAM_FIELDS, np.uint64)
    for p in range(code.shape[0]):
        nc, n = np.int64(n_const[p]), np.int64(length[p])
        fitted[p] = const[p]
        error[p] = INFINITY
        decode(code[p], n, role, leaf, tape)
        v = np.int64(results[p, 0])
        output = leaf + v if v >= 0 else -1 - v
        inner, root = output, 0
        while (inner >= base and tape[inner - base, 0] == MUL and tape[inner - base, 1] == tape[inner - base, 2]
               and tape[inner - base, 1] >= base and root + 1 < targets.shape[0]):
            inner = tape[inner - base, 1]
            root += 1
        work.weight[:] = 1.0
        for j in range(m):
            work.inverse[j] = 1.0 / targets[root, j]
        work.seed[:] = work.inverse
        whole = Code(tape, n, base, nc, output, linear, np.int64(0))
        if nc == 0:
            error[p] = _score(whole, output, fitted[p], wide, dense_target)
            continue
        short_n = inner - base + 1 if inner >= base else np.int64(0)
        n_linear = affine(tape, short_n, base, nc, inner, uses, linear)
        part = Code(tape, short_n, base, nc, inner, linear, n_linear)
        if not dimensions(tape, short_n, base, nc, inner, degree, equations):
            degree[:] = 0.0
        for s in range(n_start):
            order[s] = s
            _draw(stream, keys[p], s, const[p], degree, nc, low, high, starts[s])
            cost[s] = _project(part, work, starts[s], work.residual)
        _best_first(cost, order, n_start, n_short)
        for i in range(n_short):
            s = order[i]
            cost[s] = _levenberg(part, work, starts[s], short, 1e-3, 1e-2)
        _best_first(cost, order, n_short, n_long)
        for i in range(n_long):
            s = order[i]
            cost[s] = _levenberg(part, work, starts[s], long, 1e-5, 1e-8)
        _best_first(cost, order, n_long, n_long)
        for i in range(n_long):
            s = order[i]
            e = _score(whole, output, starts[s], wide, dense_target)
            if e < error[p]:
                error[p] = e
                fitted[p, :nc] = starts[s, :nc]
            if e < INFINITY:
                break
        if error[p] == INFINITY:
            continue
        walk = starts[0]
        walk[:] = fitted[p]
        for _ in range(lawson):
            _residual(part, work, walk, work.residual)
            total = 0.0
            for j in range(m):
                # `weight` is the square root of Lawson's weight w; w becomes w |r|, with mean 1
                work.weight[j] *= abs(work.residual[j])
                total += work.weight[j]
            if not (total > 0.0 and total < INFINITY):
                break
            for j in range(m):
                work.weight[j] = math.sqrt(work.weight[j] * m / total)
                work.seed[j] = work.inverse[j] * work.weight[j]
            _levenberg(part, work, walk, 4, 1e-6, 1e-8)
            e = _score(whole, output, walk, wide, dense_target)
            if e < error[p]:
                error[p] = e
                fitted[p, :nc] = walk[:nc]
