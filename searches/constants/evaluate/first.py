"""The first pass: float64 values of many fractions, a block side by side.

The tail at depth N (its asymptotic series where convergence is slow) is carried back to term 0 by f_n = a(n) +
b(n+1)/f_{n+1}, from two depths. Their difference measures the truncation; a running bound on rounding goes along:
if f_{n+1} is off by a relative e, and r = b/f_{n+1}, then f_n = a + r is by |r/f_n| (e + 2 eps) + eps. Fractions for
which the two depths do not agree go on to the next, larger pair.
"""

from __future__ import annotations

import math

import numpy as np

from primitives.compiled import inner, outer
from primitives.evaluators.intrinsics import wide_vectors
from searches.constants.evaluate import tail as _tail
from searches.constants.evaluate.kind import FirstPass, Kind

LANES = 32
TERMS = 12  # of the series
EPS = 2.0**-53
DEPTHS = ((28, 40), (128, 192))  # tried before the full depth, roots of a and b permitting
AGREED = 8.0  # two depths agree if they differ by no more than this many times the bound on rounding
CONVERGES, TERMINATES, OSCILLATES, DIVERGES, SLOW, OVERFLOW = (int(k) for k in Kind)
ROOTS = 1 << 16  # integer roots of b are looked for up to here
INFINITE = 1e9  # a value above this whose denominator cannot be told from 0 is infinite


def first_pass(a: np.ndarray, b: np.ndarray, depth: int = 1000) -> FirstPass:
    """Values of n fractions: a int64[n, da + 1], b int64[n, db + 1], coefficients lowest degree first.

    Rows may have any lower degree, zeros at the end. Values are those of tail-accelerated evaluation to at most `depth`
    terms (>= 8), cheaper where convergence is fast. Raises ValueError for arrays of another kind.
    """
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or a.dtype != np.int64 or b.dtype != np.int64:
        raise ValueError("first_pass takes two int64 matrices with as many rows")
    if depth < 8:
        raise ValueError(f"depth {depth} is below 8")
    n = len(a)
    value, digits, kind = np.full(n, np.nan), np.zeros(n), np.empty(n, np.int8)
    if n:
        _first_pass(np.ascontiguousarray(a), np.ascontiguousarray(b), depth, value, digits, kind, *_scratch(a, b))
    return FirstPass(value, digits, kind)


def _scratch(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
    columns = lambda rows: np.empty((rows, LANES))  # noqa: E731
    series = np.empty((2, TERMS))
    return np.empty(len(a), np.int64), columns(a.shape[1]), columns(b.shape[1]), columns(8), series


@inner
def _bound(p, n):
    """Above |p(m)| for all m <= n, and at every step of Horner's rule."""
    result = 0.0
    for k in range(p.shape[0] - 1, -1, -1):
        result = result * n + abs(float(p[k]))
    return result


@inner
def _at(p, n):
    result = 0.0
    for k in range(p.shape[0] - 1, -1, -1):
        result = result * n + p[k]
    return result


@inner
def _root_bound(p, d):
    """Above all |roots| (Cauchy)."""
    result = 0.0
    for k in range(d):
        result = max(result, abs(float(p[k])))
    return 1 + result / abs(float(p[d])) if d >= 0 else 0.0


@inner
def _first_root(p, d):
    """The smallest integer n >= 1 with p(n) = 0, or 0; p is not the zero polynomial."""
    low = 0
    while p[low] == 0:
        low += 1
    size = abs(p[low])
    last = min(_root_bound(p, d), float(size), float(ROOTS))
    n = 1
    while n <= last:
        if size % n == 0:
            total = 0
            for k in range(d, -1, -1):  # exact modulo 2^64, and no sum of a root is 2^64
                total = total * n + p[k]
            if total == 0 and abs(_at(p, float(n))) <= 1e-9 * _bound(p, float(n)):
                return n
        n += 1
    return 0


@inner
def _digits(error):
    """Decimal digits of a relative error."""
    return -math.log10(error) if error > 0 else 17.0


@inner
def _terminated(a, b, root):
    """(value, relative error) of the fraction that ends before b(root)."""
    f, e = _at(a, float(root - 1)), 0.0
    for n in range(root - 2, -1, -1):
        f = 1e-200 if f == 0 else f
        r = _at(b, n + 1.0) / f
        f = _at(a, float(n)) + r
        e = abs(r) / max(abs(f), 1e-200) * (e + 2 * EPS) + EPS
    return f, e


@inner
def _accept(value, error, i, values, digits, kind, what):
    """Write down a value with its relative error; true if any digit is known."""
    if abs(value) > INFINITE and error > 1e-3:
        values[i], digits[i], kind[i] = math.inf, 0.0, DIVERGES
        return True
    if error >= 0.25 and abs(value) * error < 1e-9:  # nothing but rounding is left: 0
        values[i], digits[i], kind[i] = 0.0, _digits(abs(value) * (1 + error)), what
        return True
    known = min(_digits(error), 15.7)
    if known < 1:
        values[i], digits[i], kind[i] = math.nan, 0.0, SLOW
        return False
    values[i], digits[i], kind[i] = value, known, what
    return True


@inner
def _start(a, d, b, e, case, n, series):
    """The tail at n."""
    if case == _tail.FACTORIAL:
        f = _at(a, n + 1.0)
        return _at(a, float(n)) + (_at(b, n + 1.0) / f if f != 0 else 0.0)
    twice, parts = _tail.series(case, a, d, b, e, series[0], series[1])
    return _tail.tail(series[0], twice, parts, n)


@inner
def _backward(columns_a, columns_b, n, inverse, error, f, r):
    """From tails f[LANES] at n to term 0, there f and its relative rounding errors `error`."""
    wide_vectors()
    last_a, last_b = columns_a.shape[0] - 1, columns_b.shape[0] - 1
    for lane in range(LANES):
        inverse[lane] = 1.0 / f[lane]
        error[lane] = EPS
    for m in range(n - 1, -1, -1):
        x, y = float(m), m + 1.0
        for lane in range(LANES):
            f[lane] = columns_a[last_a, lane]
            r[lane] = columns_b[last_b, lane]
        for k in range(last_a - 1, -1, -1):
            for lane in range(LANES):
                f[lane] = f[lane] * x + columns_a[k, lane]
        for k in range(last_b - 1, -1, -1):
            for lane in range(LANES):
                r[lane] = r[lane] * y + columns_b[k, lane]
        for lane in range(LANES):
            part = r[lane] * inverse[lane]
            total = f[lane] + part
            total = 1e-200 if total == 0 else total
            reciprocal = 1.0 / total
            error[lane] = abs(part * reciprocal) * (error[lane] + 2 * EPS) + EPS
            inverse[lane] = reciprocal
            f[lane] = total


@outer
def _first_pass(a, b, depth, value, digits, kind, todo, columns_a, columns_b, work, series):
    limit = 2.0**63
    count = 0
    for i in range(a.shape[0]):
        d, e = _tail.degree(a[i]), _tail.degree(b[i])
        if max(_bound(a[i], float(depth + 1)), _bound(b[i], float(depth + 1))) >= limit:
            kind[i] = OVERFLOW
            continue
        root = _first_root(b[i], e) if e >= 0 else 1
        if root:
            v, error = _terminated(a[i], b[i], root)
            _accept(v, error, i, value, digits, kind, TERMINATES)
            continue
        case = _tail.classify(a[i], d, b[i], e)
        if case >= _tail.OSCILLATING:
            kind[i] = OSCILLATES if case == _tail.OSCILLATING else DIVERGES
            continue
        todo[count] = i
        count += 1
    for stage in range(3):
        kept = 0
        for block in range(0, count, LANES):
            lanes = min(LANES, count - block)
            short, long = depth * 2 // 3, depth
            if stage == 0:
                short, long = DEPTHS[0]
            elif stage == 1:
                short, long = DEPTHS[1]
            _evaluate(a, b, depth, stage, short, long, todo[block : block + lanes], columns_a, columns_b, work, series)
            for lane in range(lanes):
                i = todo[block + lane]
                v, w, e = work[0, lane], work[1, lane], work[2, lane]
                difference = abs(v - w) / max(abs(w), 1e-200)
                if difference <= AGREED * e:
                    _accept(w, AGREED * e, i, value, digits, kind, CONVERGES)
                elif stage == 2:
                    _accept(w, max(2 * difference, e) if difference == difference else 1.0, i, value, digits, kind, 0)
                else:
                    todo[kept] = i
                    kept += 1
        count = kept


@inner
def _evaluate(a, b, depth, stage, short, long, rows, columns_a, columns_b, work, series):
    """work[0], work[1]: the values from two depths; work[2]: relative rounding error of the second."""
    far = 0.0
    for lane in range(LANES):
        i = rows[min(lane, len(rows) - 1)]
        for k in range(a.shape[1]):
            columns_a[k, lane] = a[i, k]
        for k in range(b.shape[1]):
            columns_b[k, lane] = b[i, k]
        far = max(far, _root_bound(a[i], _tail.degree(a[i])), _root_bound(b[i], _tail.degree(b[i])))
    if stage < 2:
        more = int(min(2 * far, float(depth)))
        short, long = min(short + more, depth * 2 // 3), min(long + more, depth)
    for half in range(2):
        n = short if half == 0 else long
        f = work[3]
        for lane in range(len(rows)):
            i = rows[lane]
            d, e = _tail.degree(a[i]), _tail.degree(b[i])
            f[lane] = _start(a[i], d, b[i], e, _tail.classify(a[i], d, b[i], e), n, series)
        for lane in range(len(rows), LANES):
            f[lane] = 1.0
        _backward(columns_a, columns_b, n, work[4], work[2], f, work[5])
        for lane in range(LANES):
            work[half, lane] = f[lane]
