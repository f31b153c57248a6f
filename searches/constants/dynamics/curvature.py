"""How far the convergents of fractions reduce, graded, from their recurrence modulo primes.

Take the recurrence's matrices M(n) = [[a(n), b(n)], [1, 0]] modulo a prime l. The product of one period,
P = M(e + l) ... M(e + 1) with an infinitesimal e, has a trace and a determinant that do not change if e is moved by 1,
so they are polynomials in Z = e^l - e, which is -e up to the order l:

    trace P = t_0 + t_1 Z + t_2 Z^2 + ...        det P = u_0 + u_1 Z + ...

At integers Z is divisible by l. So over a long run each l-th step multiplies the common factor of p_n and q_n by
l^min(order of the trace, order of the determinant / 2): the gcd grows as (n!)^that. The determinant has the order of
the number of roots of b modulo l: deg b, if b splits into rational linear factors. So (n!)^(deg b / 2) is the most
there can be, and it takes t_0 = t_1 = ... = 0 up to deg b / 2: Katz's nilpotent p-curvature, written for recurrences.

The test of arXiv 2308.11829 asks whether p_N = q_N = 0 modulo primes, which is t_0 = 0 and says nothing until all is in
place. Here each coefficient counts. The highest depends on the two leading coefficients of a and b only: it asks for
rational exponents of n in the growth of p_n. A symmetry, a(r - n) = -a(n) or a(n), with b to match, makes every other
one vanish. The rest depend on all coefficients.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from primitives.compiled import inner, outer

PRIMES = (31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79)
SIEVED = (7, 11, 13, 17, 19, 23, 29, *PRIMES)  # by the sieve, small ones first
LANES = 64  # rows advanced together
MAX_ORDER = 12
_ROUND = np.float32(1.5 * 2**23)  # adding and subtracting it rounds to the nearest integer, below 2^22


def reduction(a: np.ndarray, b: np.ndarray, primes: tuple[int, ...] = PRIMES) -> np.ndarray:
    """How much of the largest possible reduction there is, in 0..1, of each fraction of a batch: float64[n].

    a, b  int64[n, width] coefficients, lowest degree first, zeros at the end

    1: p_n and q_n have a common factor about as large as sqrt(b(1) ... b(n)). 0: none; so too without roots of b. The
    mean over primes of `conditions`.
    """
    return conditions(a, b, primes).mean(axis=1)


def sieve(a: np.ndarray, b: np.ndarray, primes: tuple[int, ...] = SIEVED) -> np.ndarray:
    """Which fractions of a batch reduce as far as can be, modulo all primes: bool[n].

    The primes are tried in turn, small ones first, on what is left: millions a second, because chance passes one in l
    for each condition. It loses fractions whose coefficients have one of the primes in their denominators or
    discriminants, which small primes may be.
    """
    left = np.arange(len(a))
    for prime in primes:
        left = left[conditions(a[left], b[left], (prime,))[:, 0] == 1.0]
    kept = np.zeros(len(a), np.bool_)
    kept[left] = True
    return kept


def conditions(a: np.ndarray, b: np.ndarray, primes: tuple[int, ...] = PRIMES) -> np.ndarray:
    """For each fraction and prime, the share of its conditions that are met: float64[n, primes]."""
    trace, roots = vanishing(a, b, primes)
    degree = degrees(b)
    needed = (degree + 1) // 2
    met = np.zeros(roots.shape)
    for k in range(int(needed.max(initial=0))):
        met += ((trace >> k) & 1) * (k < needed)[:, None] * (roots > 2 * k)
    return met / np.maximum(needed, 1)[:, None]


def exponent(a: np.ndarray, b: np.ndarray, primes: tuple[int, ...] = PRIMES) -> np.ndarray:
    """The x of each fraction for which gcd(p_n, q_n) grows like (n!)^x, a mean over primes: float64[n]."""
    trace, roots = vanishing(a, b, primes)
    bound = (degrees(b) + 1) // 2
    order = np.zeros(roots.shape)
    for k in range(int(bound.max(initial=0))):
        order += (order == k) & (((trace >> k) & 1) == 1) & (k < bound)[:, None]
    return np.minimum(order, roots / 2.0).mean(axis=1)


def vanishing(a: np.ndarray, b: np.ndarray, primes: tuple[int, ...] = PRIMES) -> tuple[np.ndarray, np.ndarray]:
    """Which coefficients of the trace vanish, as bits of int32[n, primes] (bit k: t_k), and how many roots b has modulo
    each prime, with multiplicity, int32[n, primes] (a zero polynomial: the width of b).

    Bits are set for k below half the width of b, at most 12. Primes: above that number, and below 1000.
    """
    a, b = np.ascontiguousarray(a, np.int64), np.ascontiguousarray(b, np.int64)
    n, order = len(a), max(1, min(b.shape[1] // 2, MAX_ORDER))
    trace, roots = np.empty((n, len(primes)), np.int32), np.empty((n, len(primes)), np.int32)
    width = max(a.shape[1], b.shape[1])
    table = weights(primes, width)
    _vanishing(a, b, np.array(primes, np.int64), table, order, trace, roots)
    return trace, roots


def degrees(polys: np.ndarray) -> np.ndarray:
    """Degree of each row of coefficients; -1 for zero."""
    there = polys != 0
    return np.where(there.any(axis=1), polys.shape[1] - 1 - there[:, ::-1].argmax(axis=1), -1)


@lru_cache(maxsize=16)
def weights(primes: tuple[int, ...], width: int) -> np.ndarray:
    """float32[primes, largest, width, width]: [l, j, k, i] is C(i, k) j^(i-k) modulo l, nearest 0.

    The coefficient of e^k in (j + e)^i.
    """
    table = np.zeros((len(primes), max(primes), width, width), np.float32)
    for index, prime in enumerate(primes):
        for j in range(prime):
            for i in range(width):
                for k in range(i + 1):
                    r = comb(i, k) * pow(j, i - k, prime) % prime
                    table[index, j, k, i] = r - prime if 2 * r > prime else r
    return table


@inner
def _reduce(row, prime, inverse):
    """Each number of a row to its residue nearest 0."""
    for w in range(row.shape[0]):
        x = row[w]
        row[w] = x - ((x * inverse + _ROUND) - _ROUND) * prime


@inner
def _expand(coefficients, width, weights, order, prime, inverse, out):
    """The first `order` Taylor coefficients of polynomials at a point."""
    for k in range(order):
        row = out[k]
        for w in range(row.shape[0]):
            row[w] = np.float32(0)
        for i in range(k, width):
            factor, c = weights[k, i], coefficients[i]
            for w in range(row.shape[0]):
                row[w] += factor * c[w]
        _reduce(row, prime, inverse)


@inner
def _advance(ta, tb, now, before, order, prime, inverse):
    """before := ta now + tb before, truncated products of power series."""
    for k in range(order - 1, -1, -1):
        row, c, y = before[k], tb[0], now[k]
        d = ta[0]
        for w in range(row.shape[0]):
            row[w] = c[w] * row[w] + d[w] * y[w]
        for i in range(1, k + 1):
            c, d, x, y = tb[i], ta[i], before[k - i], now[k - i]
            for w in range(row.shape[0]):
                row[w] += c[w] * x[w] + d[w] * y[w]
        _reduce(row, prime, inverse)


@outer
def _vanishing(a, b, primes, table, order, trace, roots):
    """See `vanishing`. All numbers are integers below 2^22 in float32, hence exact."""
    n, wa, wb = a.shape[0], a.shape[1], b.shape[1]
    ca, cb = np.zeros((wa, LANES), np.float32), np.zeros((wb, LANES), np.float32)
    ta, tb = np.empty((order, LANES), np.float32), np.empty((wb, LANES), np.float32)
    x = np.empty((2, 2, order, LANES), np.float32)
    zero, found = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for start in range(0, n, LANES):
        size = min(LANES, n - start)
        for index in range(primes.shape[0]):
            whole = primes[index]
            prime = np.float32(whole)
            inverse = np.float32(1) / prime
            for w in range(size):
                for i in range(wa):
                    ca[i, w] = np.float32(a[start + w, i] % whole)
                for i in range(wb):
                    cb[i, w] = np.float32(b[start + w, i] % whole)
            x[:] = np.float32(0)
            x[0, 0, 0], x[1, 1, 0] = np.float32(1), np.float32(1)
            found[:] = np.float32(0)
            now = 0
            for j in range(1, whole + 1):
                weights = table[index, j % whole]
                _expand(ca, wa, weights, min(order, wa), prime, inverse, ta)
                for k in range(wa, order):
                    ta[k] = np.float32(0)
                _expand(cb, wb, weights, wb, prime, inverse, tb)
                zero[:] = np.float32(1)
                for k in range(wb):
                    row = tb[k]
                    for w in range(row.shape[0]):
                        zero[w] = zero[w] if row[w] == np.float32(0) else np.float32(0)
                        found[w] += zero[w]
                for column in range(2):
                    _advance(ta, tb, x[column, now], x[column, 1 - now], order, prime, inverse)
                now = 1 - now
            for w in range(size):
                bits = 0
                for k in range(order):
                    t = np.int64(x[0, now, k, w]) + np.int64(x[1, 1 - now, k, w])
                    if t % whole == 0:
                        bits |= 1 << k
                trace[start + w, index] = bits
                roots[start + w, index] = min(np.int64(found[w]), wb)
