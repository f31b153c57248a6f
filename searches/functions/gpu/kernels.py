"""The fit's kernels: the same functions as on the CPU, a thread for one start or for one program.

A thread works on strided views of one scratch array: its values, derivatives and equations, in global memory, for they
are too many for registers. The last axis of scratch is the thread, so that neighbours read neighbours.

P programs of up to L instructions and C constants, S starts each, m points.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import cuda

from primitives.compiled import outer
from primitives.gpu.compile import SIMULATED, kernel
from searches.functions.fit import best_first
from searches.functions.gpu.prepare import CONSTANTS, FITTED, LENGTH, LINEAR, PART, RESULT, ROOT
from searches.functions.levenberg import INFINITY, Code, Work, levenberg, residuals, score


def scratch_shape(rows: int, capacity: int, points: int) -> tuple[int, int]:
    """Rows and columns of one thread's scratch, see `_work`."""
    return 2 * rows + 5 * capacity + 15, points + capacity


@outer
def _work(own, rows, capacity, points, target, weight):
    """The Work of a thread as views of its scratch, with what a fit reads: the points, the inverse of its target, and
    the weights. Below one another lie the arrays of many rows, then the single rows."""
    c, m = capacity + 1, points.shape[0]
    small, system, upper, upper2 = 2 * rows, 2 * rows + c, 2 * rows + 2 * c, 2 * rows + 3 * c
    reduced = upper2 + c
    i = reduced + capacity
    work = Work(
        own[:rows, :m], own[rows:small, :m], own[small:system, :m], own[system:upper], own[upper:upper2, :c],
        own[upper2:reduced, :c], own[i, :capacity], own[i + 1, :capacity], own[i + 2, :capacity],
        own[i + 3, :capacity], own[reduced:i, :m], own[i + 4, :capacity], own[i + 5, :m], own[i + 6, :m],
        own[i + 7, :m], own[i + 8, :m], own[i + 9, :m], own[i + 10, :m],
    )  # fmt: skip
    for j in range(m):
        work.values[capacity, j] = points[j]
        work.weight[j] = weight[j]
        work.inverse[j] = 1.0 / target[j]
        work.seed[j] = work.inverse[j] * weight[j]
    return work


@outer
def _code(tape, linear, info, capacity, length, result):
    """The Code of a program: all of it, or the part that is fitted, by the columns of `info` that are named. Short
    integers, for the sake of registers."""
    return Code(
        tape, np.int32(info[length]), np.int32(capacity + 1), np.int32(info[CONSTANTS]), np.int32(info[result]), linear,
        np.int32(info[LINEAR]),
    )  # fmt: skip


@outer
def _descend(own, tape, linear, info, points, targets, weight, const, iterations, tolerance, damping):
    """Levenberg-Marquardt from one start, in place; the sum of squares."""
    capacity = const.shape[0]
    work = _work(own, capacity + 1 + tape.shape[0], capacity, points, targets[info[ROOT]], weight)
    return levenberg(_code(tape, linear, info, capacity, PART, FITTED), work, const, iterations, tolerance, damping)


@outer
def _judge(own, tape, linear, info, dense, dense_target, const):
    """The error of one program with these constants."""
    capacity = const.shape[0]
    for j in range(dense.shape[0]):
        own[capacity, j] = dense[j]
    code = _code(tape, linear, info, capacity, LENGTH, RESULT)
    return score(code, code.result, const, own, dense_target)


@outer
def _reweigh(own, tape, linear, info, points, targets, weight, const):
    """Lawson's weights for the next round, in place; False where there are none. `weight` is the square root of
    Lawson's weight w, which becomes w |r|, with mean 1."""
    capacity, m = const.shape[0], points.shape[0]
    work = _work(own, capacity + 1 + tape.shape[0], capacity, points, targets[info[ROOT]], weight)
    residuals(_code(tape, linear, info, capacity, PART, FITTED), work, const, work.residual)
    total = 0.0
    for j in range(m):
        weight[j] *= abs(work.residual[j])
        total += weight[j]
    if not (total > 0.0 and total < INFINITY):
        return False
    for j in range(m):
        weight[j] = math.sqrt(weight[j] * m / total)
    return True


@outer
def _select(cost, order, n, keep):
    best_first(cost, order, n, keep)


if SIMULATED:  # what kernels call is then run as compiled for the CPU, which does not know the simulator's arrays
    from numba.cuda.simulator.cudadrv.devicearray import FakeWithinKernelCUDAArray as _Wrapped

    def _unwrapped(function: Any) -> Any:
        return lambda *arguments: function(*(a._item._ary if isinstance(a, _Wrapped) else a for a in arguments))

    _descend, _judge, _reweigh, _select = (_unwrapped(f) for f in (_descend, _judge, _reweigh, _select))


@kernel
def descend(
    scratch, tape, linear, info, points, targets, weight, starts, order, cost, n, iterations, tolerance, damping
):  # fmt: skip
    """Levenberg-Marquardt from the first n starts in each program's order, a thread each; none where the order says -1.

    scratch float64[*scratch_shape, >= P n]; tape, linear, info, starts as in `prepare`, starts in place; weight
    float64[P, m]; order int64[P, S]; cost float64[P, S] out, by start.
    """
    t = cuda.grid(1)
    p = t // n
    if p < info.shape[0]:
        s = order[p, t - p * n]
        if s >= 0:
            cost[p, s] = _descend(
                scratch[:, :, t], tape[p], linear[p], info[p], points, targets, weight[p], starts[p, s], iterations,
                tolerance, damping,
            )  # fmt: skip


@kernel
def select(cost, order, n, keep):
    """Order the best `keep` of the first n starts in each program's order to the front; a thread for a program."""
    p = cuda.grid(1)
    if p < cost.shape[0]:
        _select(cost[p], order[p], n, keep)


@kernel
def judge(scratch, tape, linear, info, dense, dense_target, starts, order, n, error, fitted):
    """The error of each program at the first of n starts, in its order, where it is defined; kept where it is better.

    A thread for a program. scratch float64[rows, d, >= P]; error float64[P] and fitted float64[P, C] in place.
    """
    p = cuda.grid(1)
    if p < info.shape[0]:
        for i in range(n):
            s = order[p, i]
            if s < 0:
                break
            e = _judge(scratch[:, :, p], tape[p], linear[p], info[p], dense, dense_target, starts[p, s])
            if e < error[p]:
                error[p] = e
                for k in range(fitted.shape[1]):
                    fitted[p, k] = starts[p, s, k]
            if e < INFINITY:
                break


@kernel
def reweigh(scratch, tape, linear, info, points, targets, weight, starts, order, error, fitted, first):
    """Lawson's weights for the next round, of start 0, which alone goes on; the first time it becomes the best so far.

    A thread for a program; one that cannot go on gets order -1. Arrays as above.
    """
    p = cuda.grid(1)
    if p < info.shape[0]:
        if first:
            order[p, 0] = 0 if error[p] < INFINITY else -1
            for k in range(fitted.shape[1]):
                starts[p, 0, k] = fitted[p, k]
        if order[p, 0] >= 0 and not _reweigh(
            scratch[:, :, p], tape[p], linear[p], info[p], points, targets, weight[p], starts[p, 0]
        ):
            order[p, 0] = -1
