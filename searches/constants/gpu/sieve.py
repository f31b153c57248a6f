"""Which fractions reduce as far as can be, modulo primes: `dynamics.sieve` on a GPU, with its tables of residues.

All numbers are integers below 2^22 in float32, as on the CPU; a thread has its power series in shared memory.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import cuda, float32

from primitives.compiled import inner
from primitives.gpu.compile import kernel
from searches.constants.dynamics.curvature import MAX_ORDER, SIEVED, weights
from searches.constants.dynamics.residues import PRIMES, SHARE
from searches.constants.enumeration import Box
from searches.constants.gpu.compact import flagged, taken
from searches.constants.gpu.launch import THREADS, empty, launch, plain, upload
from searches.constants.gpu.rows import Rows, place_of

_ROUND = np.float32(1.5 * 2**23)


@inner
def _nearest(x, prime, inverse):
    """The residue nearest 0."""
    return x - ((x * inverse + _ROUND) - _ROUND) * prime


@inner
def _taylor(first, width, k, factors, prime, inverse, series):
    """Coefficient k at a point of the polynomial series[first:first + width]."""
    total = np.float32(0)
    for i in range(k, width):
        total += factors[k, i] * series[first + i]
    return _nearest(total, prime, inverse)


@inner
def _solve(degree, terms_a, terms_b, order, whole, table, series):
    """Whether all conditions of a fraction are met modulo a prime: see `dynamics.curvature`.

    series  float32: coefficients of a and b modulo the prime, then room for the Taylor series of a (order) and b
            (terms_b) at a point, and for four of the solution (order each)
    """
    prime = np.float32(whole)
    inverse = np.float32(1) / prime
    ta = terms_a + terms_b
    tb = ta + order
    x = tb + terms_b
    for k in range(4 * order):
        series[x + k] = np.float32(0)
    series[x] = np.float32(1)  # x_0, y_0, x_-1, y_-1: y of the other solution
    series[x + 3 * order] = np.float32(1)
    now, before, roots = x, x + 2 * order, 0
    for j in range(1, whole + 1):
        factors = table[j % whole]
        for k in range(order):
            series[ta + k] = np.float32(0)
            if k < terms_a:
                series[ta + k] = _taylor(0, terms_a, k, factors, prime, inverse, series)
        zero = True
        for k in range(terms_b):
            c = _taylor(terms_a, terms_b, k, factors, prime, inverse, series)
            series[tb + k] = c
            zero = zero and c == np.float32(0)
            roots += zero
        for column in range(2):
            y, z = now + column * order, before + column * order
            for k in range(order - 1, -1, -1):
                total = series[tb] * series[z + k] + series[ta] * series[y + k]
                for i in range(1, k + 1):
                    total += series[tb + i] * series[z + k - i] + series[ta + i] * series[y + k - i]
                series[z + k] = _nearest(total, prime, inverse)
        now, before = before, now
    needed = (degree + 1) // 2
    if needed < 1 or needed > order:
        return False
    for k in range(needed):
        trace = np.int64(series[now + k]) + np.int64(series[before + order + k])
        if trace % whole != 0 or min(roots, terms_b) <= 2 * k:
            return False
    return True


@inner
def _degree(b):
    d = b.shape[0] - 1
    while d >= 0 and b[d] == 0:
        d -= 1
    return d


@inner
def _reduces(i, a, b, order, primes, tables, series):
    for index in range(primes.shape[0]):
        whole = primes[index]
        for k in range(a.shape[1]):
            series[k] = np.float32(a[i, k] % whole)
        for k in range(b.shape[1]):
            series[a.shape[1] + k] = np.float32(b[i, k] % whole)
        if not _solve(_degree(b[i]), a.shape[1], b.shape[1], order, whole, tables[index], series):
            return False
    return True


@inner
def _tabulate(entry, b, basis, order, whole, table, series, out):
    every = out.shape[1]
    row, place = entry // every, entry % every
    terms_a, terms_b = basis.shape[1], b.shape[1]
    for k in range(terms_a):
        total, rest = 0, place
        for i in range(basis.shape[0]):
            total += rest % whole * basis[i, k]
            rest //= whole
        series[k] = np.float32(total % whole)
    for k in range(terms_b):
        series[terms_a + k] = np.float32(b[row, k] % whole)
    out[row, place] = _solve(_degree(b[row]), terms_a, terms_b, order, whole, table, series)


@inner
def _allow(i, start, many, low, sizes, zero, half, whole, table, first, flags):
    if not flags[i]:
        return
    number = start + i
    rest, entry, weight = place_of(number % many, zero, half), 0, 1
    for k in range(sizes.shape[0]):
        entry += (low[k] + rest % sizes[k]) % whole * weight
        rest //= sizes[k]
        weight *= whole
    flags[i] = table[number // many - first, entry]


@kernel
def reduces(threads, a, b, order, primes, tables, flags):
    """Whether fractions meet all conditions, modulo all primes."""
    memory = cuda.shared.array(0, float32)
    i = cuda.grid(1)
    if i < threads:
        series = memory[cuda.threadIdx.x :: THREADS]
        plain(flags)[i] = _reduces(i, plain(a), plain(b), order, plain(primes), plain(tables), series)


@kernel
def tabulate(threads, b, basis, order, whole, tables, out):
    """The same for every b and all residues of a's coordinates, modulo one prime."""
    memory = cuda.shared.array(0, float32)
    entry = cuda.grid(1)
    if entry < threads:
        series = memory[cuda.threadIdx.x :: THREADS]
        _tabulate(entry, plain(b), plain(basis), order, whole, plain(tables)[0], series, plain(out))


@kernel
def allow(threads, start, many, low, sizes, zero, half, whole, table, first, flags):
    """Clear the flags of fractions that a table rules out."""
    i = cuda.grid(1)
    if i < threads:
        low, sizes = plain(low), plain(sizes)
        _allow(i, start, many, low, sizes, zero, half, whole, plain(table), first, plain(flags))


@kernel
def number(threads, start, numbers):
    """Add `start` to all."""
    i = cuda.grid(1)
    if i < threads:
        plain(numbers)[i] += start


def _order(terms_b: int) -> int:
    return max(1, min(terms_b // 2, MAX_ORDER))


def _shared(terms_a: int, terms_b: int) -> int:
    """Bytes of shared memory that a block needs."""
    return 4 * THREADS * (terms_a + 2 * terms_b + 5 * _order(terms_b))


@lru_cache(maxsize=16)
def expansions(primes: tuple[int, ...], width: int) -> Any:
    """`dynamics.curvature.weights`, on the device."""
    return upload(weights(primes, width))


def sieve(a: Any, b: Any, primes: tuple[int, ...] = SIEVED) -> Any:
    """uint8[n] of rows int64[n, terms], all on the device: `dynamics.sieve`."""
    flags, width = empty(a.shape[0], np.uint8), max(a.shape[1], b.shape[1])
    arguments = a, b, _order(b.shape[1]), upload(np.array(primes, np.int64)), expansions(primes, width), flags
    launch(reduces, a.shape[0], *arguments, shared=_shared(a.shape[1], b.shape[1]))
    return flags


class Sieve:
    """Of numbers of a box those whose fractions reduce as far as can be."""

    def __init__(self, box: Box, rows: Rows) -> None:
        self.box, self.rows = box, rows

    def reducing(self, start: int, stop: int) -> tuple[Any, Any, Any]:
        """`Box.reducing`, on the device: numbers, and rows of a and b."""
        n, many = stop - start, self.rows.many
        first = start // many
        b = self.rows.rows_b(first, -(-stop // many) - first)
        flags = upload(np.ones(n, np.uint8))
        low, sizes, basis = self.rows.grid
        terms_a, terms_b = basis.shape[1], b.shape[1]
        for prime in PRIMES:
            entries = prime ** sizes.shape[0]
            if entries * b.shape[0] > SHARE * n:
                break
            table = empty((b.shape[0], entries), np.uint8)
            factors = expansions((prime,), max(terms_a, terms_b))
            threads, shared = b.shape[0] * entries, _shared(terms_a, terms_b)
            launch(tabulate, threads, b, basis, _order(terms_b), prime, factors, table, shared=shared)
            launch(allow, n, start, many, low, sizes, self.rows.zero, self.rows.half, prime, table, first, flags)
        numbers = flagged(flags, n)
        launch(number, numbers.shape[0], start, numbers)
        a, b = self.rows.rows(numbers.shape[0], numbers=numbers)
        kept = flagged(sieve(a, b), numbers.shape[0])
        return taken(numbers, kept), taken(a, kept), taken(b, kept)
