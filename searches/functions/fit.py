"""Fitting the free constants of many programs: many starts, of which ever fewer go on; then Lawson's weights.

The residual is the relative error p(x) / f(x) - 1 at Chebyshev points. Squarings that end a program are undone: what is
squared is fitted to the root of the target. Lawson's weights lead from least squares toward the minimax.
"""

from __future__ import annotations

import math

import numpy as np

from primitives import philox
from primitives.compiled import inner, outer
from searches.functions.gradient import MUL, affine, decode, dimensions
from searches.functions.levenberg import INFINITY, Code, levenberg, project, residuals, score, workspace


@inner
def draw(stream, key, index, given, degree, n_const, low, high, out):
    """Constants of start number `index`: first those given, next those that suit twice or half the argument, then
    rescaled, jittered or partly kept ones, and fresh ones.

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


@inner
def best_first(cost, order, n, keep):
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


@inner
def plan(code, length, result, role, leaf, roots, tape):
    """Decode into `tape`. Returns the row of the result; that of what is fitted, before the squarings that end the
    program; and how many these are (fewer than `roots`)."""
    decode(code, length, role, leaf, tape)
    base = leaf + 1
    output = leaf + result if result >= 0 else -1 - result
    fitted, root = output, 0
    while (
        fitted >= base
        and tape[fitted - base, 0] == MUL
        and tape[fitted - base, 1] == tape[fitted - base, 2]
        and tape[fitted - base, 1] >= base
        and root + 1 < roots
    ):
        fitted = tape[fitted - base, 1]
        root += 1
    return output, fitted, root


@outer
def fit(
    code,
    length,
    const,
    n_const,
    results,
    role,
    points,
    targets,
    dense,
    dense_target,
    keys,
    low,
    high,
    effort,
    error,
    fitted,
):
    """Fit every program of a packed batch.

    role          int64[n_ops]            see gradient.roles
    points        float64[m]              where residuals are taken
    targets       float64[S, m]           row s: the target's 2^s-th root there
    dense         float64[d], dense_target float64[d]   where the error is measured
    effort        int64[6]: starts drawn; how many go on, iterations each; how many of these go on, iterations each;
                  rounds of Lawson's weights
    error         float64[n]  out: largest relative error on the dense points, infinite if none is valid
    fitted        float64[n, C] out
    """
    n_start, n_short, short, n_long, long, lawson = effort
    n_short = min(n_short, n_start)
    n_long = min(n_long, n_short)
    capacity, leaf, m = const.shape[1], const.shape[1], points.shape[0]
    base, rows = leaf + 1, leaf + 1 + code.shape[1]
    wide = np.empty((rows, dense.shape[0]))
    work = workspace(rows, capacity, m)
    work.values[leaf] = points
    wide[leaf] = dense
    tape = np.empty((code.shape[1], 3), np.int64)
    uses, linear = np.empty(rows, np.int64), np.empty(capacity + 1, np.bool_)
    starts, cost = np.empty((n_start, capacity)), np.empty(n_start)
    order = np.empty(n_start, np.int64)
    degree, equations = np.empty(capacity), np.empty((2 * code.shape[1] + 2, rows + 1))
    stream = np.empty(philox.STREAM_FIELDS, np.uint64)
    for p in range(code.shape[0]):
        nc, n = np.int64(n_const[p]), np.int64(length[p])
        fitted[p] = const[p]
        error[p] = INFINITY
        output, inner, root = plan(code[p], n, np.int64(results[p, 0]), role, leaf, targets.shape[0], tape)
        work.weight[:] = 1.0
        for j in range(m):
            work.inverse[j] = 1.0 / targets[root, j]
        work.seed[:] = work.inverse
        whole = Code(tape, n, base, nc, output, linear, np.int64(0))
        if nc == 0:
            error[p] = score(whole, output, fitted[p], wide, dense_target)
            continue
        short_n = inner - base + 1 if inner >= base else np.int64(0)
        n_linear = affine(tape, short_n, base, nc, inner, uses, linear)
        part = Code(tape, short_n, base, nc, inner, linear, n_linear)
        if not dimensions(tape, short_n, base, nc, inner, degree, equations):
            degree[:] = 0.0
        for s in range(n_start):
            order[s] = s
            draw(stream, keys[p], s, const[p], degree, nc, low, high, starts[s])
            cost[s] = project(part, work, starts[s], work.residual)
        best_first(cost, order, n_start, n_short)
        for i in range(n_short):
            s = order[i]
            cost[s] = levenberg(part, work, starts[s], short, 1e-3, 1e-2)
        best_first(cost, order, n_short, n_long)
        for i in range(n_long):
            s = order[i]
            cost[s] = levenberg(part, work, starts[s], long, 1e-5, 1e-8)
        best_first(cost, order, n_long, n_long)
        for i in range(n_long):
            s = order[i]
            e = score(whole, output, starts[s], wide, dense_target)
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
            residuals(part, work, walk, work.residual)
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
            levenberg(part, work, walk, 4, 1e-6, 1e-8)
            e = score(whole, output, walk, wide, dense_target)
            if e < error[p]:
                error[p] = e
                fitted[p, :nc] = walk[:nc]
