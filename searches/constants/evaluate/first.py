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
from searches.constants.evaluate.vectors import LANES, TINY, backward_steps

TERMS = 16  # of the series
FEW_TERMS = 6  # where convergence is exponential anyway
EPS = 2.0**-53
DEPTHS = ((28, 40), (128, 192))  # tried before the full depth, roots of a and b permitting
AGREED = 8.0  # two depths agree if they differ by no more than this many times the bound on rounding
STAGES = len(DEPTHS) + 1
CONVERGES, TERMINATES, OSCILLATES, DIVERGES, SLOW, OVERFLOW = (int(k) for k in Kind)
PENDING = -1  # not decided yet
NO_DIGITS = 1.0  # a relative error
ROOTS = 1 << 16  # integer roots of b are looked for up to here
LIMIT = 2.0**63
LEAST = 32  # terms that a fraction must have before its numbers grow too large
LARGE = 1e-3  # an error of the first order that means nothing any more
NOTHING = 1e-12  # a value whose absolute error is below, and not its relative one, is 0
INFINITE = 1e9  # a value above this whose denominator cannot be told from 0 is infinite


def first_pass(a: np.ndarray, b: np.ndarray, depth: int = 1000) -> FirstPass:
    """Values of n fractions: a int64[n, da + 1], b int64[n, db + 1], coefficients lowest degree first.

    Rows may have any lower degree, zeros at the end. Values are those of tail-accelerated evaluation to at most `depth`
    terms (>= 8), fewer where convergence is fast or where |a(n)| or |b(n)| would reach 2^63; OVERFLOW if that happens
    within LEAST terms. A block of LANES rows shares its depth: the last bits of a value depend on the rows beside it,
    not on anything else. Raises ValueError for arrays of another kind.
    """
    if (
        a.ndim != 2
        or b.ndim != 2
        or not a.shape[1]
        or not b.shape[1]
        or len(a) != len(b)
        or not a.dtype == b.dtype == np.int64
    ):
        raise ValueError("first_pass takes two int64 matrices with as many rows, at least a column each")
    if depth < 8:
        raise ValueError(f"depth {depth} is below 8")
    n = len(a)
    value, digits, kind = np.full(n, np.nan), np.zeros(n), np.empty(n, np.int8)
    if not n:
        return FirstPass(value, digits, kind)
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    todo, deepest = np.empty(n, np.int64), np.empty(n, np.int64)
    left = _sort_out(a, b, depth, value, digits, kind, todo, deepest)
    todo, deepest = todo[:left], deepest[:left]
    if left and deepest.min() < depth:  # neighbours share a depth: put the like together
        order = np.argsort(deepest, kind="stable")
        todo, deepest = todo[order], deepest[order]
    columns = [np.empty((rows, LANES)) for rows in (a.shape[1], b.shape[1], 2, 6)]
    _evaluate(a, b, deepest, value, digits, kind, todo, *columns, np.empty((2, TERMS)))
    return FirstPass(value, digits, kind)


@inner
def bound(p, n):
    """Above |p(m)| for all m <= n, and at every step of Horner's rule."""
    result = 0.0
    for k in range(p.shape[0] - 1, -1, -1):
        result = result * n + abs(float(p[k]))
    return result


@inner
def at(p, n):
    """p(n) in float64."""
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
def first_root(p, d):
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
            if total == 0 and abs(at(p, float(n))) <= 1e-9 * bound(p, float(n)):
                return n
        n += 1
    return 0


@inner
def digits_of(error):
    """Decimal digits of an error of `accepted`."""
    if error == NO_DIGITS:
        return 0.0
    return min(-math.log10(error) if error > 0 else 17.0, 15.5)


@inner
def _terminated(a, b, root):
    """(value, relative error) of the fraction that ends before b(root)."""
    f, e = at(a, float(root - 1)), 0.0
    for n in range(root - 2, -1, -1):
        f = TINY if f == 0 else f
        r = at(b, n + 1.0) / f
        f = at(a, float(n)) + r
        e = abs(r) / max(abs(f), 1e-200) * (e + 2 * EPS) + EPS
    return f, e


@inner
def accepted(value, error, what):
    """(value, error, kind): what a value with a relative error stands for, or SLOW. A 0 has its absolute error."""
    if abs(value) > 1e150 or (abs(value) > INFINITE and LARGE < error < np.inf):
        return math.inf, NO_DIGITS, DIVERGES
    if (error > LARGE or abs(value) < 1e-150) and abs(value) * (1 + error) < NOTHING:  # only rounding is left of it
        return 0.0, abs(value) * (1 + error), what
    if error < LARGE:
        return value, error, what
    return math.nan, NO_DIGITS, SLOW


@inner
def tail_pair(a, b, short, long, series):
    """(s, t, twice) of a row: its tails at two depths are s short^(twice/2) and t long^(twice/2)."""
    d, e = _tail.degree(a), _tail.degree(b)
    case = _tail.classify(a, d, b, e) if e >= 0 else _tail.DIVERGING
    if case >= _tail.OSCILLATING:
        return 1.0, 1.0, 0
    if case == _tail.FACTORIAL:
        return _one_step(a, b, short + 0.0), _one_step(a, b, long + 0.0), 0
    c, g = series[0], series[1]
    if case == _tail.EXPONENTIAL:
        c, g = c[:FEW_TERMS], g[:FEW_TERMS]
    twice, parts = _tail.series(case, a, d, b, e, c, g)
    return _tail.total(c, parts, short), _tail.total(c, parts, long), twice


@inner
def _one_step(a, b, n):
    f = at(a, n + 1)
    return at(a, n) + (at(b, n + 1) / f if f != 0 else 0.0)


@inner
def tails_at(a, b, rows, short, long, tails, series):
    """tails[0], tails[1]: those of each row at two depths, not 0."""
    for lane in range(len(rows)):
        i = rows[lane]
        tails[0, lane], tails[1, lane], twice = tail_pair(a[i], b[i], short, long, series)
        if twice:
            tails[0, lane] *= float(short) ** (twice / 2)
            tails[1, lane] *= float(long) ** (twice / 2)
    for half in range(2):
        for lane in range(LANES):
            if lane >= len(rows) or tails[half, lane] == 0:
                tails[half, lane] = 1.0


@inner
def backward(columns_a, columns_b, n, unit, first, state):
    """From tails state[0] at n, relatively off by `first`, to term 0: there state[0], and relative errors state[1].

    state float64[3, LANES]; `unit` is the rounding of one operation. Errors are of first order: they say nothing once
    they have been large for four terms in a row, and are infinite then.
    """
    wide_vectors()
    for lane in range(LANES):
        state[1, lane] = first
    backward_steps(columns_a, columns_b, state, n, unit)
    for lane in range(LANES):
        if not state[2, lane] < LARGE:
            state[1, lane] = np.inf


def rungs(a: np.ndarray, b: np.ndarray, depth: int, lower: tuple[int, ...]) -> list[tuple[int, np.ndarray]]:
    """Depths to try in turn, the last is `depth`, each with bool[n]: whether a row may be content with it.

    A row may where the roots of its polynomials, before which it does not yet behave as it does later, are far below.
    """
    far = np.empty(len(a))
    _reach(a, b, far)
    return [(d, 4 * far + 16 < d) for d in lower if d < depth] + [(depth, np.ones(len(a), bool))]


@outer
def _reach(a, b, far):
    for i in range(a.shape[0]):
        far[i] = reach(a[i], b[i])


@inner
def reach(a, b):
    """Above the magnitude of all roots of a row's polynomials."""
    return max(_root_bound(a, _tail.degree(a)), _root_bound(b, _tail.degree(b)))


def convergents(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """float64 n-th convergents p_n / q_n (n >= 1) of fractions as in `first_pass`; nothing is checked."""
    value = np.empty(len(a))
    if len(a):
        columns = [np.empty((rows, LANES)) for rows in (a.shape[1], b.shape[1], 3)]
        _convergents(np.ascontiguousarray(a), np.ascontiguousarray(b), n, value, *columns)
    return value


@outer
def _convergents(a, b, n, value, columns_a, columns_b, state):
    for block in range(0, len(a), LANES):
        lanes = min(LANES, len(a) - block)
        gather(a, b, np.arange(block, block + lanes), columns_a, columns_b)
        for lane in range(LANES):
            state[0, lane] = at(a[block + min(lane, lanes - 1)], n + 0.0)
            state[0, lane] = TINY if state[0, lane] == 0 else state[0, lane]
        backward(columns_a, columns_b, n, EPS, EPS, state)
        value[block : block + lanes] = state[0, :lanes]


@inner
def _deepest(a, b, depth):
    """The largest n up to the depth at which no |a(m)|, |b(m + 1)|, m <= n, can reach 2^63."""
    low, high = 0, depth
    if max(bound(a, depth + 1.0), bound(b, depth + 1.0)) < LIMIT:
        return depth
    while high - low > 1:
        middle = (low + high) // 2
        if max(bound(a, middle + 1.0), bound(b, middle + 1.0)) < LIMIT:
            low = middle
        else:
            high = middle
    return low


@inner
def decided(a, b, depth):
    """(kind, value, error, deepest) of a row as far as they need no evaluation: else the kind is PENDING."""
    d, e = _tail.degree(a), _tail.degree(b)
    n = _deepest(a, b, depth)
    if n < min(LEAST, depth):
        return OVERFLOW, math.nan, NO_DIGITS, n
    root = first_root(b, e) if e >= 0 else 1
    if root:
        v, error = _terminated(a, b, root)
        value, error, kind = accepted(v, error, TERMINATES)
        return kind, value, error, n
    case = _tail.classify(a, d, b, e)
    if case >= _tail.OSCILLATING:
        return OSCILLATES if case == _tail.OSCILLATING else DIVERGES, math.nan, NO_DIGITS, n
    return PENDING, math.nan, NO_DIGITS, n


@outer
def _sort_out(a, b, depth, value, digits, kind, todo, deepest):
    """Decide what can be decided without evaluating; returns how many rows are left, their numbers in `todo`."""
    count = 0
    for i in range(a.shape[0]):
        kind[i], value[i], error, n = decided(a[i], b[i], depth)
        digits[i] = digits_of(error)
        if kind[i] == PENDING:
            todo[count] = i
            deepest[count] = n
            count += 1
    return count


@inner
def content(v, w, e, last):
    """(whether values v and w of two depths are enough, the relative error of w), e bounding its rounding.

    `last`: there are no deeper ones; the series may not help much, nor more terms.
    """
    difference = abs(v - w) / max(abs(w), 1e-200)
    agreed = difference <= AGREED * e and e < LARGE
    enough = agreed or last or abs(w) * (e + difference) < NOTHING
    return enough, e + (2 if agreed else 4) * difference


@outer
def _evaluate(a, b, deepest, value, digits, kind, todo, columns_a, columns_b, tails, work, series):
    """Evaluate the rows `todo`; deepest: of each of these, in ascending order or all the same."""
    count = len(todo)
    for stage in range(STAGES):
        kept = 0
        for block in range(0, count, LANES):
            lanes = min(LANES, count - block)
            depth = deepest[block]
            rows = todo[block : block + lanes]
            _block(a, b, depth, stage, rows, columns_a, columns_b, tails, work, series)
            for lane in range(lanes):
                i = rows[lane]
                enough, error = content(work[0, lane], work[3, lane], work[4, lane], stage == STAGES - 1)
                if enough:
                    value[i], error, kind[i] = accepted(work[3, lane], error, CONVERGES)
                    digits[i] = digits_of(error)
                else:
                    todo[kept] = i
                    deepest[kept] = deepest[block + lane]
                    kept += 1
        count = kept


@inner
def gather(a, b, rows, columns_a, columns_b):
    """Coefficients of up to LANES rows as columns[degree, lane]; the last row fills the lanes left over."""
    for lane in range(LANES):
        i = rows[min(lane, len(rows) - 1)]
        for k in range(a.shape[1]):
            columns_a[k, lane] = a[i, k]
        for k in range(b.shape[1]):
            columns_b[k, lane] = b[i, k]


@inner
def plan(a, b, rows, depth, stage):
    """(short, long, unit) of a block of rows: its two depths, and the rounding of one operation."""
    far, size = 0.0, 0.0
    for i in rows:
        far = max(far, reach(a[i], b[i]))
    short, long = depth * 2 // 3, depth
    if stage < STAGES - 1:
        more = int(min(2 * far, float(depth)))
        short, long = min(DEPTHS[stage][0] + more, short), min(DEPTHS[stage][1] + more, long)
    for i in rows:
        size = max(size, bound(a[i], long + 1.0), bound(b[i], long + 1.0))
    unit = EPS if size <= 2.0**53 else 2 * EPS * max(a.shape[1], b.shape[1])  # polynomials round too
    return short, long, unit


@inner
def _block(a, b, depth, stage, rows, columns_a, columns_b, tails, work, series):
    """work rows: values, relative rounding errors, warnings, from one depth, then from another."""
    gather(a, b, rows, columns_a, columns_b)
    short, long, unit = plan(a, b, rows, depth, stage)
    tails_at(a, b, rows, short, long, tails, series)
    for half in range(2):
        n = short if half == 0 else long
        state = work[3 * half : 3 * half + 3]
        for lane in range(LANES):
            state[0, lane] = tails[half, lane]
        backward(columns_a, columns_b, n, unit, unit, state)
