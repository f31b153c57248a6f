"""What the fit on a GPU is given: programs as its kernels read them, and where every start begins.

This is done on the CPU, by the functions of the fit there, so that both start from the same numbers to the bit.
"""

from __future__ import annotations

import numpy as np

from primitives import philox
from primitives.compiled import outer
from searches.functions.fit import draw, plan
from searches.functions.gradient import affine, dimensions

# rows of `info`: instructions and result of the whole program, and of the part that is fitted; which root of the target
# that part is fitted to; constants, and how many of them are solved for
LENGTH, RESULT, PART, FITTED, ROOT, CONSTANTS, LINEAR = range(7)
INFO = 7


@outer
def prepare(
    code, length, const, n_const, results, role, roots, keys, low, high, n_start, tape, linear, info, starts
):  # fmt: skip
    """Fill in what the kernels read; the last axis is the program, or the start (n_start to a program).

    code .. results, role, keys, low, high   as in fit.fit
    tape     int64[L, 3, P] out
    linear   bool[C + 1, P] out
    info     int64[INFO, P] out, see above
    starts   float64[C, P * n_start] out: the constants of each start
    """
    leaf, size = starts.shape[0], tape.shape[0]
    base, rows = leaf + 1, leaf + 1 + size
    own, uses, marked = np.zeros((size, 3), np.int64), np.empty(rows, np.int64), np.zeros(leaf + 1, np.bool_)
    degree, equations = np.empty(leaf), np.empty((2 * size + 2, rows + 1))
    stream, drawn = np.empty(philox.STREAM_FIELDS, np.uint64), np.zeros(leaf)
    for p in range(code.shape[0]):
        n, nc = np.int64(length[p]), np.int64(n_const[p])
        output, fitted, root = plan(code[p], n, np.int64(results[p, 0]), role, leaf, roots, own)
        part = fitted - base + 1 if fitted >= base else np.int64(0)
        n_linear = affine(own, part, base, nc, fitted, uses, marked)
        if nc == 0 or not dimensions(own, part, base, nc, fitted, degree, equations):
            degree[:] = 0.0
        for i in range(n):
            for j in range(3):
                tape[i, j, p] = own[i, j]
        for k in range(nc):
            linear[k, p] = marked[k]
        info[LENGTH, p], info[RESULT, p], info[PART, p], info[FITTED, p] = n, output, part, fitted
        info[ROOT, p], info[CONSTANTS, p], info[LINEAR, p] = root, nc, n_linear
        for s in range(n_start):
            draw(stream, keys[p], s, const[p], degree, nc, low, high, drawn)
            for k in range(nc):
                starts[k, p * n_start + s] = drawn[k]
