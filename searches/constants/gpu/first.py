"""`evaluate.first_pass` and `evaluate.convergents` on a GPU: the same bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numba import cuda, float64

from primitives.compiled import inner, outer
from primitives.gpu.compile import kernel
from searches.constants.evaluate.first import (
    CONVERGES,
    EPS,
    LARGE,
    PENDING,
    STAGES,
    TERMS,
    accepted,
    at,
    content,
    decided,
    digits_of,
    plan,
    tail_pair,
)
from searches.constants.evaluate.kind import FirstPass
from searches.constants.evaluate.vectors import LANES, TINY
from searches.constants.gpu.compact import flagged, taken
from searches.constants.gpu.launch import THREADS, empty, fetch, launch, plain, upload
from searches.constants.gpu.registers import fma, horner, loaded, select


@inner
def carried(a, b, n, tail, first, unit):
    """(tail, error) at term 0 of the one at n > 0, relatively off by `first`: see `evaluate.vectors.backward_steps`."""
    inverse, error, second, third, worst = 1.0 / tail, first, 0.0, 0.0, 0.0
    double, x = unit + unit, float(n)
    for _ in range(n):
        part = horner(b, x) * inverse
        x -= 1.0
        tail = horner(a, x) + part
        tail = select(tail == 0.0, TINY, tail)
        inverse = 1.0 / tail
        value = fma(abs(part * inverse), error + double, unit)
        four = select(value < error, value, error)
        four = select(four < second, four, second)
        four = select(four < third, four, third)
        worst = select(four > worst, four, worst)
        third, second, error = second, error, value
    return tail, error if worst < LARGE else math.inf


@inner
def _decide(i, a, b, depth, value, error, kind, deepest, pending, shallow):
    kind[i], value[i], error[i], deepest[i] = decided(a[i], b[i], depth)
    pending[i] = kind[i] == PENDING
    shallow[i] = kind[i] == PENDING and deepest[i] < depth


@inner
def _plan(block, a, b, todo, deepest, stage, depths, units):
    rows = todo[block * LANES : min((block + 1) * LANES, todo.shape[0])]
    depths[block, 0], depths[block, 1], units[block] = plan(a, b, rows, deepest[rows[0]], stage)


@inner
def _begin(k, a, b, todo, depths, powers, series, tails):
    short, long = depths[k // LANES, 0], depths[k // LANES, 1]
    s, t, twice = tail_pair(a[todo[k]], b[todo[k]], short, long, series)
    if twice:
        s *= powers[twice, short]
        t *= powers[twice, long]
    tails[k, 0] = 1.0 if s == 0.0 else s
    tails[k, 1] = 1.0 if t == 0.0 else t


@inner
def _carry(k, a, b, like_a, like_b, todo, depths, units, tails, ends):
    row, half = k // 2, k % 2
    p, q = loaded(a, todo[row], like_a), loaded(b, todo[row], like_b)
    unit = units[row // LANES]
    ends[row, half, 0], ends[row, half, 1] = carried(p, q, depths[row // LANES, half], tails[row, half], unit, unit)


@inner
def _settle(k, todo, ends, last, value, error, kind, left):
    enough, off = content(ends[k, 0, 0], ends[k, 1, 0], ends[k, 1, 1], last)
    left[k] = not enough
    if enough:
        i = todo[k]
        value[i], error[i], kind[i] = accepted(ends[k, 1, 0], off, CONVERGES)


@inner
def _convergent(i, a, b, like_a, like_b, n, value):
    last = at(a[i], n + 0.0)
    last = TINY if last == 0 else last
    value[i], _ = carried(loaded(a, i, like_a), loaded(b, i, like_b), n, last, EPS, EPS)


@kernel
def decide(threads, a, b, depth, value, error, kind, deepest, pending, shallow):
    """What needs no evaluation; which rows do, and which of these not to the full depth."""
    i = cuda.grid(1)
    if i < threads:
        a, b, value, error, kind = plain(a), plain(b), plain(value), plain(error), plain(kind)
        _decide(i, a, b, depth, value, error, kind, plain(deepest), plain(pending), plain(shallow))


@kernel
def plan_blocks(threads, a, b, todo, deepest, stage, depths, units):
    """The depths of every LANES rows."""
    block = cuda.grid(1)
    if block < threads:
        _plan(block, plain(a), plain(b), plain(todo), plain(deepest), stage, plain(depths), plain(units))


@kernel
def begin(threads, a, b, todo, depths, powers, tails):
    """Tails at both depths."""
    memory = cuda.shared.array((2, TERMS, THREADS), float64)
    k = cuda.grid(1)
    if k < threads:
        series = memory[:, :, cuda.threadIdx.x]
        _begin(k, plain(a), plain(b), plain(todo), plain(depths), plain(powers), series, plain(tails))


@kernel
def carry(threads, a, b, like_a, like_b, todo, depths, units, tails, ends):
    """Tails at term 0 and their errors; two threads a row."""
    k = cuda.grid(1)
    if k < threads:
        _carry(
            k, plain(a), plain(b), like_a, like_b, plain(todo), plain(depths), plain(units), plain(tails), plain(ends)
        )


@kernel
def settle(threads, todo, ends, last, value, error, kind, left):
    """Which rows are done, and their values."""
    k = cuda.grid(1)
    if k < threads:
        _settle(k, plain(todo), plain(ends), last, plain(value), plain(error), plain(kind), plain(left))


@kernel
def convergents_of(threads, a, b, like_a, like_b, n, value):
    """The n-th convergents."""
    i = cuda.grid(1)
    if i < threads:
        _convergent(i, plain(a), plain(b), like_a, like_b, n, plain(value))


def likes(a: Any, b: Any, one: float | int = 0.0) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Tuples that tell kernels how many coefficients the rows of a and b have."""
    return (one,) * a.shape[1], (one,) * b.shape[1]


@outer
def _powers(out):
    for twice in range(out.shape[0]):
        for n in range(out.shape[1]):
            out[twice, n] = float(n) ** (twice / 2)


@lru_cache(maxsize=4)
def powers(depth: int, terms_a: int, terms_b: int) -> Any:
    """float64[2 r, n]: n^r as the CPU's library has it."""
    out = np.empty((max(2 * terms_a, terms_b), depth + 1))
    _powers(out)
    return upload(out)


@dataclass(frozen=True)
class Values:
    """Of the rows of a batch, on the device: value and error float64[n], kind int8[n], as `evaluate.first.accepted`
    gives them."""

    value: Any
    error: Any
    kind: Any


def evaluated(a: Any, b: Any, depth: int) -> Values:
    """`first_pass` of rows on the device."""
    n = a.shape[0]
    found = Values(empty(n), empty(n), empty(n, np.int8))
    deepest, flags, shallow = empty(n, np.int64), empty(n, np.uint8), empty(n, np.uint8)
    launch(decide, n, a, b, depth, found.value, found.error, found.kind, deepest, flags, shallow)
    todo = flagged(flags, n)
    if flagged(shallow, n).shape[0]:  # rows share a depth with those beside them: put the like together
        rows = fetch(todo)
        todo = upload(rows[np.argsort(fetch(deepest)[rows], kind="stable")])
    for stage in range(STAGES):
        count, last = todo.shape[0], stage == STAGES - 1
        if not count:
            break
        blocks = -(-count // LANES)
        depths, units, tails, ends = (
            empty((blocks, 2), np.int64),
            empty(blocks),
            empty((count, 2)),
            empty((count, 2, 2)),
        )
        launch(plan_blocks, blocks, a, b, todo, deepest, stage, depths, units)
        launch(begin, count, a, b, todo, depths, powers(depth, a.shape[1], b.shape[1]), tails)
        launch(carry, 2 * count, a, b, *likes(a, b), todo, depths, units, tails, ends)
        launch(settle, count, todo, ends, last, found.value, found.error, found.kind, flags)
        todo = taken(todo, flagged(flags, count))
    return found


@outer
def _digits(error, out):
    for i in range(error.shape[0]):
        out[i] = digits_of(error[i])


def digits(error: np.ndarray) -> np.ndarray:
    """float64[n]: decimal digits of errors of `Values`."""
    out = np.empty(len(error))
    _digits(error, out)
    return out


def first_pass(a: np.ndarray, b: np.ndarray, depth: int = 1000) -> FirstPass:
    """`evaluate.first_pass`, on the device."""
    found = evaluated(upload(a), upload(b), depth)
    return FirstPass(fetch(found.value), digits(fetch(found.error)), fetch(found.kind))


def convergents(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """`evaluate.convergents`, on the device."""
    p, q, value = upload(a), upload(b), empty(len(a))
    launch(convergents_of, len(a), p, q, *likes(p, q), n, value)
    return fetch(value)
