"""`evaluate.doubledouble` on a GPU: the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from primitives.compiled import inner, outer
from primitives.evaluators.intrinsics import bits, unbits
from primitives.gpu.compile import kernel
from searches.constants.evaluate.double import (
    DEPTHS,
    ENOUGH,
    EXACT,
    RANGE,
    ROUNDING,
    START,
    DoubleDouble,
    divided,
    double_digits,
    double_error,
)
from searches.constants.evaluate.first import LARGE, bound, rungs
from searches.constants.evaluate.vectors import LANES
from searches.constants.gpu.first import begin, carried, likes, powers
from searches.constants.gpu.launch import empty, fetch, launch, plain, upload
from searches.constants.gpu.registers import fma, horner, loaded

_LARGEST = 2.0**63


@inner
def _advanced(a, b, u, u_low, v, v_low):
    """a u + b v; see `evaluate.vectors.double_steps`."""
    p, q = a * u, b * v
    p_low = fma(a, u_low, fma(a, u, -p))
    q_low = fma(b, v_low, fma(b, v, -q))
    return _sum(p, p_low, q, q_low)


@inner
def _advanced_wide(a, a_low, b, b_low, u, u_low, v, v_low):
    """(a + a_low) u + (b + b_low) v; see `evaluate.double`."""
    p, q = a * u, b * v
    p_low = fma(a, u, -p) + fma(a, u_low, a_low * u)
    q_low = fma(b, v, -q) + fma(b, v_low, b_low * v)
    return _sum(p, p_low, q, q_low)


@inner
def _sum(p, p_low, q, q_low):
    total = p + q
    part = total - p
    rest = (p - (total - part)) + (q - part) + (p_low + q_low)
    high = total + rest
    return high, rest - (high - total)


@inner
def _wide(p, n):
    """high + low = p(n) of integers, exactly."""
    total = horner(p, n)
    high = float(total)
    return high, float(total - np.int64(high)) if abs(high) < _LARGEST else 0.0


@inner
def _scale(largest):
    """The power of two that brings a number into 0.5..1; any is right, as none of them rounds."""
    return unbits((np.int64(2045) - (bits(largest) >> 52)) << 52) if 1e-300 < largest < 1e300 else 1.0


@inner
def _every(size):
    """Steps after which numbers are scaled."""
    return max(1, int(RANGE / ((bits(size) >> 52) - 1023 + 3)))


@inner
def exact_steps(a, b, n, tail, every):
    """(u high, u low, v high, v low) at term 0 from (tail, 0, 1, 0) at n, polynomials below 2^53."""
    u, u_low, v, v_low, x, left = tail, 0.0, 1.0, 0.0, float(n), every
    for _ in range(n):
        q = horner(b, x)
        x -= 1.0
        high, low = _advanced(horner(a, x), q, u, u_low, v, v_low)
        u, u_low, v, v_low = high, low, u, u_low
        left -= 1
        if left == 0:
            left, scale = every, _scale(max(abs(u), abs(v)))
            u, u_low, v, v_low = u * scale, u_low * scale, v * scale, v_low * scale
    return u, u_low, v, v_low


@inner
def wide_steps(a, b, n, tail, every):
    """The same, polynomials below 2^63: a, b of integers."""
    u, u_low, v, v_low, left = tail, 0.0, 1.0, 0.0, every
    for m in range(n, 0, -1):
        p, p_low = _wide(a, np.int64(m - 1))
        q, q_low = _wide(b, np.int64(m))
        high, low = _advanced_wide(p, p_low, q, q_low, u, u_low, v, v_low)
        u, u_low, v, v_low = high, low, u, u_low
        left -= 1
        if left == 0:
            left, scale = every, _scale(max(abs(u), abs(v)))
            u, u_low, v, v_low = u * scale, u_low * scale, v * scale, v_low * scale
    return u, u_low, v, v_low


@inner
def _size(block, a, b, rows, depth, depths, sizes):
    size = 1.0
    for k in range(block * LANES, min((block + 1) * LANES, rows.shape[0])):
        size = max(size, bound(a[rows[k]], depth + 1.0), bound(b[rows[k]], depth + 1.0))
    sizes[block] = min(size, _LARGEST)
    depths[block, 0], depths[block, 1] = depth * 2 // 3, depth


@inner
def _exact(k, a, b, like_a, like_b, rows, depths, sizes, tails, ends):
    row, half = k // 2, k % 2
    size = sizes[row // LANES]
    if size <= EXACT:
        p, q = loaded(a, rows[row], like_a), loaded(b, rows[row], like_b)
        u, u_low, v, v_low = exact_steps(p, q, depths[row // LANES, half], tails[row, half], _every(size))
        ends[row, half, 0], ends[row, half, 1] = divided(u, u_low, v, v_low)


@inner
def _inexact(k, a, b, like_a, like_b, rows, depths, sizes, tails, ends):
    row, half = k // 2, k % 2
    size = sizes[row // LANES]
    if size > EXACT:
        p, q = loaded(a, rows[row], like_a), loaded(b, rows[row], like_b)
        u, u_low, v, v_low = wide_steps(p, q, depths[row // LANES, half], tails[row, half], _every(size))
        ends[row, half, 0], ends[row, half, 1] = divided(u, u_low, v, v_low)


@inner
def _judge(k, a, b, like_a, like_b, rows, depth, tails, ends, out):
    i = rows[k]
    _, rounding = carried(loaded(a, i, like_a), loaded(b, i, like_b), depth, tails[k, 1], START, ROUNDING)
    out[k, 0], out[k, 1] = ends[k, 1, 0], ends[k, 1, 1]
    out[k, 2] = double_error(a[i], b[i], depth, out[k, 0], out[k, 1], ends[k, 0, 0], ends[k, 0, 1], rounding)


@kernel
def measure_blocks(threads, a, b, rows, depth, depths, sizes):
    """How large the polynomials of every LANES rows get, and their two depths."""
    block = cuda.grid(1)
    if block < threads:
        _size(block, plain(a), plain(b), plain(rows), depth, plain(depths), plain(sizes))


@kernel
def exact(threads, a, b, like_a, like_b, rows, depths, sizes, tails, ends):
    """Values from both depths of rows whose polynomials stay below 2^53; two threads a row."""
    k = cuda.grid(1)
    if k < threads:
        a, b, rows, depths = plain(a), plain(b), plain(rows), plain(depths)
        _exact(k, a, b, like_a, like_b, rows, depths, plain(sizes), plain(tails), plain(ends))


@kernel
def wide(threads, a, b, like_a, like_b, rows, depths, sizes, tails, ends):
    """The same of the other rows."""
    k = cuda.grid(1)
    if k < threads:
        a, b, rows, depths = plain(a), plain(b), plain(rows), plain(depths)
        _inexact(k, a, b, like_a, like_b, rows, depths, plain(sizes), plain(tails), plain(ends))


@kernel
def judge(threads, a, b, like_a, like_b, rows, depth, tails, ends, out):
    """High, low and relative error of the values."""
    k = cuda.grid(1)
    if k < threads:
        a, b, rows, tails = plain(a), plain(b), plain(rows), plain(tails)
        _judge(k, a, b, like_a, like_b, rows, depth, tails, plain(ends), plain(out))


@outer
def _digits(found):
    for k in range(found.shape[0]):
        if found[k, 2] < LARGE:
            found[k, 2] = double_digits(found[k, 2])
        else:
            found[k] = np.nan


def at_depth(a: Any, b: Any, rows: Any, depth: int) -> Any:
    """float64[m, 3]: high, low, relative error (infinite: no value) of rows, from one depth; all on the device."""
    count = rows.shape[0]
    blocks = -(-count // LANES)
    depths, sizes = empty((blocks, 2), np.int64), empty(blocks)
    tails, ends, out = empty((count, 2)), empty((count, 2, 2)), empty((count, 3))
    launch(measure_blocks, blocks, a, b, rows, depth, depths, sizes)
    launch(begin, count, a, b, rows, depths, powers(depth, a.shape[1], b.shape[1]), tails)
    launch(exact, 2 * count, a, b, *likes(a, b), rows, depths, sizes, tails, ends)
    launch(wide, 2 * count, a, b, *likes(a, b, 0), rows, depths, sizes, tails, ends)
    launch(judge, count, a, b, *likes(a, b), rows, depth, tails, ends, out)
    return out


def doubledouble(a: np.ndarray, b: np.ndarray, depth: int = 1000) -> DoubleDouble:
    """`evaluate.doubledouble`, on the device."""
    n = len(a)
    result = DoubleDouble(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n))
    p, q, left = upload(a), upload(b), np.arange(n)
    for d, content in rungs(a, b, depth, DEPTHS):
        if not len(left):
            break
        part = fetch(at_depth(p, q, upload(left), d))
        _digits(part)
        better = part[:, 2] > result.digits[left]
        for target, found in zip((result.high, result.low, result.digits), part.T, strict=True):
            target[left[better]] = found[better]
        left = left[(result.digits[left] < ENOUGH) | ~content[left]]
    return result
