"""A cheap estimate, of whole batches, of how fast fractions near their limit and how large their denominators are.

From the recurrences x_n = a(n) x_(n-1) + b(n) x_(n-2) of p and q, to depth N and 2 N: no limit is known, the one at
2 N stands for it ("blind", arXiv 2412.16818).

    log |q_N|       in float64, scaled
    log error       |p_2N / q_2N - p_N / q_N| = |b(1) ... b(N+1) d_2N / (q_N q_2N)|, where d follows the same recurrence
                    from d_N = 0, d_(N+1) = 1: no digits cancel
    log gcd         of p_N and q_N: for each prime up to N, the power in it, in floating point to that base
    delta           -log error / log(q / gcd) - 1
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from primitives.compiled import inner, outer

LANES = 16
DEPTH = 128
_HUGE, _TINY = 2.0**300, 2.0**-300
_LOG_HUGE = float(np.log(_HUGE))
_ROUND = 1.5 * 2.0**52
_MODULUS = 2**24


@dataclass(frozen=True)
class Estimate:
    """Of a batch at depth N; all float64[n], logarithms natural. NaN where q_N or q_2N is 0 or too large to say."""

    delta: np.ndarray  # irrationality measure less 1
    log_q: np.ndarray  # log |q_N|, not reduced
    log_gcd: np.ndarray  # log gcd(p_N, q_N), primes up to N
    log_error: np.ndarray  # log |p_2N / q_2N - p_N / q_N|; -inf if these are equal
    depth: int

    @property
    def rate(self) -> np.ndarray:
        """Decimal digits that a term adds, on average to N. Near 0 where the limit is approached like a power of N."""
        return -self.log_error / (self.depth * np.log(10.0))

    @property
    def growth(self) -> np.ndarray:
        """log of the reduced q_N, a term."""
        return (self.log_q - self.log_gcd) / self.depth


def estimate(a: np.ndarray, b: np.ndarray, depth: int = DEPTH, reduced: bool = True) -> Estimate:
    """Of a batch of coefficients int64[n, width], lowest degree first. Not `reduced`: as if gcd(p_N, q_N) were 1."""
    a, b = np.ascontiguousarray(a, np.int64), np.ascontiguousarray(b, np.int64)
    log_q, log_error, log_gcd = (np.zeros(len(a)) for _ in range(3))
    _growth(a, b, depth, log_q, log_error)
    if reduced:
        primes, powers = _primes(depth)
        width = max(a.shape[1], b.shape[1])
        _common(a, b, depth, primes, powers, _moments(depth, width), log_gcd)
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = -log_error / (log_q - log_gcd) - 1.0
    return Estimate(delta, log_q, log_gcd, log_error, depth)


@lru_cache(maxsize=8)
def _primes(limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Primes up to a limit, and the largest power of each that is at most 2^24: as exponents, int64."""
    from sympy import primerange

    primes = np.array(list(primerange(2, limit + 1)), np.int64)
    exponents = [max(k for k in range(1, 25) if int(p) ** k <= _MODULUS) for p in primes]
    return primes, np.array(exponents, np.int64)


@lru_cache(maxsize=8)
def _moments(depth: int, width: int) -> np.ndarray:
    """float64[primes, depth + 1, width]: n^i modulo the prime power, nearest 0."""
    primes, exponents = _primes(depth)
    table = np.empty((len(primes), depth + 1, width))
    for index, (prime, exponent) in enumerate(zip(primes.tolist(), exponents.tolist(), strict=True)):
        modulus = prime**exponent
        for n in range(depth + 1):
            for i in range(width):
                r = pow(n, i, modulus)
                table[index, n, i] = r - modulus if 2 * r > modulus else r
    return table


@inner
def _horner(coefficients, n):
    """A polynomial at n, in float64."""
    x = 0.0
    for i in range(coefficients.shape[0] - 1, -1, -1):
        x = x * n + coefficients[i]
    return x


@outer
def _growth(a, b, depth, log_q, log_error):
    """log |q_N| and the log of the difference of two convergents, row by row."""
    for row in range(a.shape[0]):
        before, now, scale = 0.0, 1.0, 0.0
        ahead, there, ahead_scale = 0.0, 0.0, 0.0
        product, product_scale = 1.0, 0.0
        at_depth = np.nan
        for n in range(1, 2 * depth + 1):
            x, y = _horner(a[row], float(n)), _horner(b[row], float(n))
            before, now = now, x * now + y * before
            size = max(abs(now), abs(before))
            if size > _HUGE:
                before, now, scale = before * _TINY, now * _TINY, scale + _LOG_HUGE
            elif size < _TINY:
                before, now, scale = before * _HUGE, now * _HUGE, scale - _LOG_HUGE
            if n <= depth + 1:
                product *= y
                if abs(product) > _HUGE:
                    product, product_scale = product * _TINY, product_scale + _LOG_HUGE
            if n == depth:
                at_depth = np.log(abs(now)) + scale
            elif n == depth + 1:
                there = 1.0
            elif n > depth:
                ahead, there = there, x * there + y * ahead
                size = max(abs(ahead), abs(there))
                if size > _HUGE:
                    ahead, there, ahead_scale = ahead * _TINY, there * _TINY, ahead_scale + _LOG_HUGE
        at_end = np.log(abs(now)) + scale
        log_q[row] = at_depth
        difference = np.log(abs(product)) + product_scale + np.log(abs(there)) + ahead_scale
        log_error[row] = difference - at_depth - at_end
        if not (np.isfinite(at_depth) and np.isfinite(at_end)):
            log_q[row], log_error[row] = np.nan, np.nan


@inner
def _reduce(x, modulus, inverse):
    """Nearest 0. |x| below 2^53; the quotient is off by one at most, which the callers allow."""
    return x - ((x * inverse + _ROUND) - _ROUND) * modulus


@inner
def _divisible(x, prime):
    """Is an integer in float64 a multiple of a prime?"""
    return x == np.floor(x / prime + 0.5) * prime


@inner
def _power(state, now, w, prime, digits):
    """Divides two terms running by their common power of a prime and says which it is.

    Zero to all digits known: that many, and arbitrary terms.
    """
    x, y = state[now, w], state[1 - now, w]
    if x == 0.0 and y == 0.0:
        state[now, w] = 1.0
        return digits
    count = 0.0
    while _divisible(x, prime) and _divisible(y, prime):
        x /= prime
        y /= prime
        count += 1.0
    state[now, w], state[1 - now, w] = x, y
    return count


@outer
def _common(a, b, depth, primes, exponents, moments, log_gcd):
    """The logarithm of gcd(p_N, q_N), primes up to N.

    Whenever two terms running of p, or of q, have a common factor l, it is divided out and the digit to the base l that
    is no longer known is taken to be 0: floating point to the base l. Where convergents reduce, the two directions in
    which the recurrence grows l-adically grow alike, so such an error is not enlarged.
    """
    n_rows, wa, wb = a.shape[0], a.shape[1], b.shape[1]
    ca, cb = np.zeros((wa, LANES)), np.zeros((wb, LANES))
    x, y = np.empty(LANES), np.empty(LANES)
    state = np.empty((2, 2, LANES))  # of p and of q: two terms running
    found = np.empty((2, LANES))
    for start in range(0, n_rows, LANES):
        size = min(LANES, n_rows - start)
        for w in range(size):
            log_gcd[start + w] = 0.0
        for index in range(primes.shape[0]):
            prime = float(primes[index])
            whole = primes[index] ** exponents[index]
            modulus, digits = float(whole), float(exponents[index])
            inverse = 1.0 / modulus
            for w in range(size):
                for i in range(wa):
                    c = a[start + w, i] % whole
                    ca[i, w] = float(c - whole if 2 * c > whole else c)
                for i in range(wb):
                    c = b[start + w, i] % whole
                    cb[i, w] = float(c - whole if 2 * c > whole else c)
            found[:] = 0.0
            state[0, 1], state[0, 0], state[1, 1], state[1, 0] = 1.0, ca[0], 0.0, 1.0
            now = 0
            every = 1 if primes[index] < 12 else primes[index]
            for n in range(1, depth + 1):
                power = moments[index, n]
                x[:] = 0.0
                y[:] = 0.0
                for i in range(wa):
                    factor, c = power[i], ca[i]
                    for w in range(LANES):
                        x[w] += factor * c[w]
                for i in range(wb):
                    factor, c = power[i], cb[i]
                    for w in range(LANES):
                        y[w] += factor * c[w]
                for w in range(LANES):
                    x[w] = _reduce(x[w], modulus, inverse)
                    y[w] = _reduce(y[w], modulus, inverse)
                for k in range(2):
                    r, s = state[k, now], state[k, 1 - now]
                    for w in range(LANES):
                        s[w] = _reduce(x[w] * r[w] + y[w] * s[w], modulus, inverse)
                now = 1 - now
                if n % every == 0:
                    for k in range(2):
                        for w in range(size):
                            found[k, w] += _power(state[k], now, w, prime, digits)
            for w in range(size):
                for k in range(2):
                    if state[k, now, w] == 0.0:
                        found[k, w] += digits
                    else:
                        while _divisible(state[k, now, w], prime):
                            state[k, now, w] /= prime
                            found[k, w] += 1.0
                log_gcd[start + w] += min(found[0, w], found[1, w]) * np.log(prime)
