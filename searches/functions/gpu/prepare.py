"""What the fit on a GPU is given: programs as its kernels read them, and where every start begins.

This is done on the CPU, by the functions of the fit there, so that both start from the same numbers to the bit.
"""

from __future__ import annotations

import numpy as np

from primitives import philox
from primitives.compiled import outer
from searches.functions.fit import draw, plan
from searches.functions.gradient import affine, dimensions

# columns of `info`: instructions and result of the whole program, and of the part that is fitted; which root of the
# target that part is fitted to; constants, and how many of them are solved for
LENGTH, RESULT, PART, FITTED, ROOT, CONSTANTS, LINEAR = range(7)
INFO = 7


@outer
def prepare(
    code, length, const, n_const, results, role, roots, keys, low, high, tape, linear, info, starts
):  # fmt: skip
    """Fill in what the kernels read.

    code .. results, role, keys, low, high   as in fit.fit
    tape     int64[P, L, 3] out, see gradient.decode
    linear   bool[P, C + 1] out, see gradient.affine
    info     int64[P, INFO] out, see above
    starts   float64[P, S, C] out: the constants of each start
    """
    leaf, size = starts.shape[2], tape.shape[1]
    base, rows = leaf + 1, leaf + 1 + size
    uses, degree, equations = np.empty(rows, np.int64), np.empty(leaf), np.empty((2 * size + 2, rows + 1))
    stream = np.empty(philox.STREAM_FIELDS, np.uint64)
    for p in range(code.shape[0]):
        n, nc = np.int64(length[p]), np.int64(n_const[p])
        output, fitted, root = plan(code[p], n, np.int64(results[p, 0]), role, leaf, roots, tape[p])
        part = fitted - base + 1 if fitted >= base else np.int64(0)
        n_linear = affine(tape[p], part, base, nc, fitted, uses, linear[p])
        if nc == 0 or not dimensions(tape[p], part, base, nc, fitted, degree, equations):
            degree[:] = 0.0
        info[p, LENGTH], info[p, RESULT], info[p, PART], info[p, FITTED] = n, output, part, fitted
        info[p, ROOT], info[p, CONSTANTS], info[p, LINEAR] = root, nc, n_linear
        for s in range(starts.shape[1]):
            draw(stream, keys[p], s, const[p], degree, nc, low, high, starts[p, s])
