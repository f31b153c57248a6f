"""Double-double values (31 digits) of many fractions, a block side by side.

u_n = a(n) u_{n+1} + b(n+1) u_{n+2}, backwards from depth N, in pairs of float64 whose sum is the number; the value is
u_0 / u_1. Products are exact by a true fused multiply-add (Dekker, Numer. Math. 18, 1971; Ogita, Rump & Oishi, SIAM J.
Sci. Comput. 26, 2005). The tail's asymptotic series, in float64, starts it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from primitives.compiled import inner, outer
from primitives.evaluators.intrinsics import fma, wide_vectors
from searches.constants.evaluate.first import LARGE, TERMS, backward, bound, first_root, gather, rungs, tails_at
from searches.constants.evaluate.tail import OSCILLATING, classify, degree
from searches.constants.evaluate.vectors import LANES, double_steps

ROUNDING = 2.0**-102  # of a step
START = 2.0**-47  # of the tail's series, besides where it is cut
EXACT = 2.0**53
DEPTHS = (96, 384)  # tried before the full depth
ENOUGH = 29.0  # digits with which a row is content
INFINITE = 1e25  # no value is as large
RANGE = 900.0  # binary digits that numbers may grow by before they are scaled


@dataclass(frozen=True)
class DoubleDouble:
    """Values high + low of n fractions, float64[n] each, |low| <= ulp(high) / 2; nan where there is none.

    digits float64[n]: trustworthy decimal digits, from two depths and the bound on rounding; 0 where there are none.
    """

    high: np.ndarray
    low: np.ndarray
    digits: np.ndarray


def doubledouble(a: np.ndarray, b: np.ndarray, depth: int = 1000) -> DoubleDouble:
    """Values from depth N <= `depth` (>= 8), compared with those from 2N/3.

    a int64[n, da + 1], b int64[n, db + 1] as in `first_pass`, whose kinds tell which rows are worth it: here fractions
    that oscillate or diverge have no digits. |a(m)|, |b(m)| must stay below 2^63 up to N + 1, else no digits either.
    """
    n = len(a)
    result = DoubleDouble(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n))
    if not n:
        return result
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    columns = [np.empty((rows, LANES)) for rows in (a.shape[1], b.shape[1], 2, 3, 12)]
    left = np.arange(n)
    for d, content in rungs(a, b, depth, DEPTHS):
        part = np.full((3, len(left)), np.nan)
        _double(a[left], b[left], d, part, *columns, np.empty((2, TERMS)))
        better = part[2] > result.digits[left]
        for target, found in zip((result.high, result.low, result.digits), part, strict=True):
            target[left[better]] = found[better]
        left = left[(result.digits[left] < ENOUGH) | ~content[left]]
        if not len(left):
            break
    return result


@inner
def _terms(p, rows, n, high, low):
    """high + low = p(n) of each lane, exactly."""
    for lane in range(LANES):
        i = rows[min(lane, len(rows) - 1)]
        total = 0
        for k in range(p.shape[1] - 1, -1, -1):
            total = total * n + p[i, k]
        high[lane] = float(total)
        low[lane] = float(total - int(high[lane])) if abs(high[lane]) < 2.0**63 else 0.0


@inner
def _slow_step(a, b, rows, m, state, work):
    """A step at numbers beyond 2^53."""
    a_high, a_low, b_high, b_low = work[0], work[1], work[2], work[3]
    _terms(a, rows, m, a_high, a_low)
    _terms(b, rows, m + 1, b_high, b_low)
    for lane in range(LANES):
        u, u_low, v, v_low = state[0, lane], state[1, lane], state[2, lane], state[3, lane]
        p, q = a_high[lane] * u, b_high[lane] * v
        p_low = fma(a_high[lane], u, -p) + fma(a_high[lane], u_low, a_low[lane] * u)
        q_low = fma(b_high[lane], v, -q) + fma(b_high[lane], v_low, b_low[lane] * v)
        total = p + q
        part = total - p
        rest = (p - (total - part)) + (q - part) + (p_low + q_low)
        high = total + rest
        state[0, lane], state[1, lane], state[2, lane], state[3, lane] = high, rest - (high - total), u, u_low


@inner
def steps(a, b, rows, columns_a, columns_b, n, size, state, work):
    """state rows (u high, u low, v high, v low) from depth n to 0; `size` bounds all |a|, |b|."""
    wide_vectors()
    every = max(1, int(RANGE / (math.log2(size) + 2)))
    top = n
    while top > 0:
        count = min(every, top)
        if size <= EXACT:
            double_steps(columns_a, columns_b, state, top, count)
        else:
            for m in range(top - 1, top - 1 - count, -1):
                _slow_step(a, b, rows, m, state, work)
        top -= count
        for lane in range(LANES):
            largest = max(abs(state[0, lane]), abs(state[2, lane]))
            scale = 2.0 ** -math.frexp(largest)[1] if largest > 0 else 1.0
            for k in range(4):
                state[k, lane] *= scale


@inner
def divided(u, u_low, v, v_low):
    """(u + u_low) / (v + v_low)."""
    q = u / v
    rest = fma(-q, v, u) + u_low - q * v_low
    r = rest / v
    high = q + r
    return high, r - (high - q)


@outer
def _double(a, b, depth, result, columns_a, columns_b, tails, work, state, series):
    for block in range(0, len(a), LANES):
        lanes = min(LANES, len(a) - block)
        rows = np.arange(block, block + lanes)
        gather(a, b, rows, columns_a, columns_b)
        size = 1.0
        for i in rows:
            size = max(size, bound(a[i], depth + 1.0), bound(b[i], depth + 1.0))
        size = min(size, 2.0**63)
        tails_at(a, b, rows, depth * 2 // 3, depth, tails, series)
        for half in range(2):
            n = depth * 2 // 3 if half == 0 else depth
            for lane in range(LANES):
                work[0, lane] = tails[half, lane]
                state[0, lane], state[1, lane], state[2, lane], state[3, lane] = tails[half, lane], 0.0, 1.0, 0.0
            if half == 1:
                backward(columns_a, columns_b, n, ROUNDING, START, work[:3])
                for lane in range(LANES):
                    state[8, lane] = work[1, lane]
            steps(a, b, rows, columns_a, columns_b, n, size, state[:4], state[4:8])
            for lane in range(LANES):
                x, y = divided(state[0, lane], state[1, lane], state[2, lane], state[3, lane])
                if half == 0:
                    state[9, lane], state[10, lane] = x, y
                    continue
                if lane >= lanes:
                    continue
                i = rows[lane]
                error = double_error(a[i], b[i], depth, x, y, state[9, lane], state[10, lane], state[8, lane])
                if error < LARGE:
                    result[0, i], result[1, i], result[2, i] = x, y, double_digits(error)


@inner
def double_error(a, b, depth, x, y, x0, y0, rounding):
    """The relative error of x + y, of which a shorter depth says x0 + y0; infinite where it is no value."""
    error = rounding + 4 * (abs((x - x0) + (y - y0)) / max(abs(x), 1e-200))
    return error if error < LARGE and abs(x) < INFINITE and settled(a, b, depth, 2.0**63) else np.inf


@inner
def double_digits(error):
    """Decimal digits of a double-double's relative error."""
    return min(-math.log10(error), 31.5)


@inner
def settled(a, b, depth, limit):
    """Whether a fraction ends or converges, and has numbers below the limit."""
    if max(bound(a, depth + 1.0), bound(b, depth + 1.0)) >= limit:
        return False
    d, e = degree(a), degree(b)
    return e < 0 or classify(a, d, b, e) < OSCILLATING or first_root(b, e) > 0
