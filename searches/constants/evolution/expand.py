"""Packed programs of the integer set to the coefficients of their polynomials, compiled."""

from __future__ import annotations

import numpy as np

from primitives.compiled import inner, outer
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet

ROLES = ("add", "sub", "mul", "neg", "square")
LARGEST = 2.0**52  # of a coefficient: sums of products stay exact


def roles(primitives: PrimitiveSet) -> np.ndarray:
    """int64[opcodes]: the place of each primitive among ROLES. Raises ValueError for one that makes no polynomials."""
    return np.array([ROLES.index(p.name) for p in primitives], np.int64)


def expand(batch: Packed, role: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """int64[n, degree + 1] coefficients of a and of b, lowest degree first, and bool[n]: whether all went well.

    Not well: a constant that is no integer, a coefficient above 2^52, on the way too, or a degree above `degree`.
    """
    a, b = (np.zeros((len(batch), degree + 1), np.int64) for _ in range(2))
    ok = np.zeros(len(batch), np.bool_)
    room = batch.code.shape[1] + 1 + batch.const.shape[1]
    _expand(*batch.arrays, role, np.zeros((room, degree + 1), np.int64), a, b, ok)
    return a, b, ok


@inner
def _times(x, y, out):
    """out := x y; False where it does not fit."""
    width = len(out)
    out[:] = 0
    for i in range(width):
        if x[i] == 0:
            continue
        for j in range(width):
            if y[j] == 0:
                continue
            if i + j >= width or abs(np.float64(x[i]) * np.float64(y[j])) > LARGEST:
                return False
            out[i + j] += x[i] * y[j]
            if abs(out[i + j]) > LARGEST:
                return False
    return True


@outer
def _expand(code, length, const, n_const, results, role, value, a, b, ok):
    """value: int64[1 + L + C, width], room for n, what instructions give, and constants."""
    width = value.shape[1]
    first = value.shape[0] - const.shape[1]
    for p in range(len(length)):
        fine = width > 1
        value[0] = 0
        value[0, 1] = 1
        for c in range(n_const[p]):
            x = const[p, c]
            if not (abs(x) <= LARGEST and np.floor(x) == x):
                fine = False
                break
            value[first + c] = 0
            value[first + c, 0] = np.int64(x)
        for i in range(length[p]):
            if not fine:
                break
            x, y = np.int64(code[p, i, 1]), np.int64(code[p, i, 2])
            x = x if x >= 0 else first - 1 - x
            y = y if y >= 0 else first - 1 - y
            op, out = role[code[p, i, 0]], value[1 + i]
            if op < 2:
                for k in range(width):
                    out[k] = value[x, k] + value[y, k] if op == 0 else value[x, k] - value[y, k]
                    fine &= abs(out[k]) <= LARGEST
            elif op == 3:
                for k in range(width):
                    out[k] = -value[x, k]
            else:
                fine = _times(value[x], value[y] if op == 2 else value[x], out)
        if fine:
            x, y = np.int64(results[p, 0]), np.int64(results[p, 1])
            a[p], b[p] = value[x if x >= 0 else first - 1 - x], value[y if y >= 0 else first - 1 - y]
        ok[p] = fine
