"""The sieve for whole grids of a: what depends on residues alone is looked up in tables.

Whether a fraction reduces modulo a prime depends on its coefficients modulo that prime. For one b, and a = sum of x_i
times fixed polynomials, all residues of x are tried once for each small prime; then a grid of x, as large as one likes,
is passed over with a look into a table or two for each: hundreds of millions a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from primitives.compiled import outer
from searches.constants.dynamics.curvature import conditions

PRIMES = (7, 11, 13)  # leave one in 1,000 where there is one condition, one in 1,000,000 where there are two
SHARE = 0.25  # tables are made as long as their entries are no more than this share of the grid


def survivors(
    b: np.ndarray, spans: np.ndarray, basis: np.ndarray, low: Sequence[int], sizes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of b and numbers of x for which the fraction reduces as far as can be, modulo some small primes.

    b      int64[m, terms]
    spans  int64[m, 2]: from which number of x to which (exclusive) to go for each b
    basis  int64[d, terms]: a = x @ basis, lowest degree first
    low, sizes   x_i is low_i + 0 ... sizes_i - 1; numbers count x_0 fastest

    Returns int64[k] and int64[k], in order.
    """
    total = int(np.prod([float(s) for s in sizes]))
    primes = [p for p in PRIMES if p ** len(sizes) <= SHARE * total]
    tables = [_table(b, basis, p) for p in primes]
    rows, numbers = [], []
    largest = max((t.shape[1] for t in tables), default=1)
    joined = np.zeros((len(b), max(len(primes), 1), largest), np.uint8)
    for i, table in enumerate(tables):
        joined[:, i, : table.shape[1]] = table
    first, count = np.array(low, np.int64), np.array(sizes, np.int64)
    moduli = np.array(primes, np.int64)
    for i, (start, stop) in enumerate(spans.tolist()):
        out = np.empty(stop - start, np.int64)
        found = out[: _scan(joined[i], moduli, first, count, start, stop, out)]
        numbers.append(found.copy())
        rows.append(np.full(len(found), i))
    empty = np.empty(0, np.int64)
    return np.concatenate([empty, *rows]), np.concatenate([empty, *numbers])


def _table(b: np.ndarray, basis: np.ndarray, prime: int) -> np.ndarray:
    """uint8[m, prime^d]: whether b and the residues of x, x_0 fastest, meet all conditions."""
    d = len(basis)
    x = np.stack([np.arange(prime**d) // prime**i % prime for i in range(d)], axis=1)
    a = x @ (basis % prime) % prime
    out = np.empty((len(b), len(a)), np.uint8)
    for i, one in enumerate(b):
        out[i] = conditions(a, np.broadcast_to(one, (len(a), len(one))), (prime,))[:, 0] == 1.0
    return out


@outer
def _scan(tables, primes, low, sizes, start, stop, out):
    """Numbers from start to stop whose residues all tables allow, into out; how many."""
    d, n = sizes.shape[0], primes.shape[0]
    bases = np.zeros(max(n, 1), np.int64)
    found, at = 0, start
    while at < stop:
        left = at // sizes[0]
        x = at % sizes[0]
        run = min(sizes[0] - x, stop - at)
        for p in range(n):
            rest, place, bases[p] = left, primes[p], 0
            for i in range(1, d):
                bases[p] += (low[i] + rest % sizes[i]) % primes[p] * place
                rest //= sizes[i]
                place *= primes[p]
        if n == 0:
            for k in range(run):
                out[found] = at + k
                found += 1
        else:
            prime, base, table = primes[0], bases[0], tables[0]
            residue = (low[0] + x) % prime
            for k in range(run):
                if table[base + residue]:
                    kept = True
                    for p in range(1, n):
                        kept = kept and tables[p, bases[p] + (low[0] + x + k) % primes[p]] != 0
                    if kept:
                        out[found] = at + k
                        found += 1
                residue += 1
                if residue == prime:
                    residue = 0
        at += run
    return found
