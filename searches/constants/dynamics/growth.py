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
_MODULUS = 2**48


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
    log_q, log_gcd, log_error = (x[:, 0] for x in course(a, b, (depth,), reduced))
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = -log_error / (log_q - log_gcd) - 1.0
    return Estimate(delta, log_q, log_gcd, log_error, depth)


def course(
    a: np.ndarray, b: np.ndarray, depths: tuple[int, ...], reduced: bool = True, reach: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log |q_N|, log gcd(p_N, q_N) and log |p_2M / q_2M - p_N / q_N| at increasing depths N, the last of them M.

    float64[n, depths] each. The gcd's primes are those up to `reach` times M: with factors k n + r of b they go up to
    about k N.
    """
    a, b = np.ascontiguousarray(a, np.int64), np.ascontiguousarray(b, np.int64)
    log_q, log_gcd, log_error = (np.zeros((len(a), len(depths))) for _ in range(3))
    at = np.array(depths, np.int64)
    _growth(a, b, at, log_q, log_error)
    if reduced:
        primes, powers = _primes(reach * depths[-1])
        _common(a, b, at, primes, powers, log_gcd)
    return log_q, log_gcd, log_error


@lru_cache(maxsize=8)
def _primes(limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Primes up to a limit, and the exponent of the largest power of each that is at most 2^48: int64."""
    from sympy import primerange

    primes = np.array(list(primerange(2, limit + 1)), np.int64)
    exponents = [max(k for k in range(1, 49) if int(p) ** k <= _MODULUS) for p in primes]
    return primes, np.array(exponents, np.int64)


@inner
def _horner(coefficients, n):
    """A polynomial at n, in float64."""
    x = 0.0
    for i in range(coefficients.shape[0] - 1, -1, -1):
        x = x * n + coefficients[i]
    return x


@inner
def _scaled(pair, scale):
    """Keeps two terms running within range; the logarithm of what they are to be multiplied by."""
    size = max(abs(pair[0]), abs(pair[1]))
    if size > _HUGE:
        pair[0] *= _TINY
        pair[1] *= _TINY
        return scale + _LOG_HUGE
    if 0.0 < size < _TINY:
        pair[0] *= _HUGE
        pair[1] *= _HUGE
        return scale - _LOG_HUGE
    return scale


@outer
def _growth(a, b, depths, log_q, log_error):
    """log |q_N| and log |b(1) ... b(N+1) K / (q_N q_end)|, row by row, where K = K(N+2, ..., end) is a continuant."""
    end = 2 * depths[-1]
    x, y = np.empty(end + 2), np.zeros(end + 2)
    product = np.empty(depths.shape[0])  # log |b(1) ... b(N+1)|
    pair, both = np.empty(2), np.zeros(2)
    for row in range(a.shape[0]):
        pair[0], pair[1], scale, index = 1.0, 0.0, 0.0, 0
        both[0], both_scale = 1.0, 0.0
        for n in range(1, end + 1):
            x[n], y[n] = _horner(a[row], float(n)), _horner(b[row], float(n))
            both[0] *= y[n]
            both_scale = _scaled(both, both_scale)
            if index > 0 and n == depths[index - 1] + 1:
                product[index - 1] = np.log(abs(both[0])) + both_scale
            pair[0], pair[1] = x[n] * pair[0] + y[n] * pair[1], pair[0]
            scale = _scaled(pair, scale)
            if index < depths.shape[0] and n == depths[index]:
                log_q[row, index] = np.log(abs(pair[0])) + scale
                index += 1
        at_end = np.log(abs(pair[0])) + scale
        pair[0], pair[1], scale = 1.0, 0.0, 0.0
        y[end + 1] = 0.0
        for n in range(end, depths[0], -1):
            # pair: K(n+1, ...), K(n+2, ...)
            if index > 0 and n == depths[index - 1] + 1:
                index -= 1
                known = log_q[row, index]
                log_error[row, index] = product[index] + np.log(abs(pair[0])) + scale - known - at_end
                if not (np.isfinite(known) and np.isfinite(at_end)):
                    log_q[row, index], log_error[row, index] = np.nan, np.nan
            pair[0], pair[1] = x[n] * pair[0] + y[n + 1] * pair[1], pair[0]
            scale = _scaled(pair, scale)


@inner
def _nearest(quotient):
    """A number below 2^51, rounded to an integer."""
    return np.int64((quotient + _ROUND) - _ROUND)


@inner
def _divisible(x, prime, inverse):
    """Is a number below 2^51 a multiple of a prime?"""
    return x == _nearest(float(x) * inverse) * prime


@inner
def _valuation(x, prime, digits):
    """How often a number is divisible by a prime; zero: to all digits known."""
    if x == 0:
        return digits
    count, inverse = 0, 1.0 / float(prime)
    while _divisible(x, prime, inverse):
        x //= prime
        count += 1
    return count


@inner
def _power(state, now, w, prime, digits):
    """Divides two terms running by their common power of a prime and says which it is.

    Zero to all digits known: that many, and arbitrary terms.
    """
    x, y = state[now, w], state[1 - now, w]
    if x == 0 and y == 0:
        state[now, w] = 1
        return digits
    count, inverse = 0, 1.0 / float(prime)
    while _divisible(x, prime, inverse) and _divisible(y, prime, inverse):
        x //= prime
        y //= prime
        count += 1
    state[now, w], state[1 - now, w] = x, y
    return count


@inner
def _values(coefficients, size, out):
    """Polynomials at n = 0, 1, ...: int64[n, lanes]. False if one may reach 2^62."""
    last = float(out.shape[0] - 1)
    for w in range(size):
        bound = 0.0
        for i in range(coefficients.shape[1] - 1, -1, -1):
            bound = bound * last + abs(float(coefficients[w, i]))
        if bound >= 2.0**62:
            return False
        for n in range(out.shape[0]):
            x = np.int64(0)
            for i in range(coefficients.shape[1] - 1, -1, -1):
                x = x * n + coefficients[w, i]
            out[n, w] = x
    return True


@inner
def _residues(coefficients, size, n, modulus, out):
    """Polynomials at n modulo 2^48 or less, nearest 0."""
    inverse = 1.0 / float(modulus)
    for w in range(size):
        x = np.int64(0)
        for i in range(coefficients.shape[1] - 1, -1, -1):
            x = x * n + coefficients[w, i] % modulus
            x -= _nearest(float(x) * inverse) * modulus
        out[w] = x


@inner
def _reduced(values, modulus, inverse, out):
    """Residues nearest 0 of numbers below 2^62, good to one more than nearest."""
    for w in range(out.shape[0]):
        x = values[w]
        x -= np.int64(float(x) * inverse) * modulus
        out[w] = x - _nearest(float(x) * inverse) * modulus


@outer
def _common(a, b, depths, primes, exponents, log_gcd):
    """The logarithm of gcd(p_N, q_N) at some depths N, primes up to the last one.

    Whenever two terms running of p, or of q, have a common factor l, it is divided out and the digit to the base l that
    is no longer known is taken to be 0: floating point to the base l. Where convergents reduce, the two directions in
    which the recurrence grows l-adically grow alike, so such an error is not enlarged.

    A residue of a product, of factors below 2^47, is the product less its nearest multiple of the modulus, both known
    modulo 2^64; the quotient is found in float64.
    """
    end = depths[-1]
    x, y = np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    values = np.zeros((2, end + 1, LANES), np.int64)
    state = np.empty((2, 2, LANES), np.int64)  # of p and of q: two terms running
    found = np.empty((2, LANES), np.int64)
    for start in range(0, a.shape[0], LANES):
        size = min(LANES, a.shape[0] - start)
        ca, cb = a[start : start + size], b[start : start + size]
        small = _values(ca, size, values[0]) and _values(cb, size, values[1])
        for w in range(size):
            log_gcd[start + w] = 0.0
        for index in range(primes.shape[0]):
            prime, digits = primes[index], exponents[index]
            modulus = prime**digits
            inverse = 1.0 / float(modulus)
            found[:] = 0
            state[:] = 0
            _residues(ca, size, 0, modulus, state[0, 0])
            state[0, 1], state[1, 0] = 1, 1
            now, at = 0, 0
            every = 1 if prime < 12 else prime
            for n in range(1, end + 1):
                if small:
                    _reduced(values[0, n], modulus, inverse, x)
                    _reduced(values[1, n], modulus, inverse, y)
                else:
                    _residues(ca, size, n, modulus, x)
                    _residues(cb, size, n, modulus, y)
                for k in range(2):
                    r, s = state[k, now], state[k, 1 - now]
                    for w in range(x.shape[0]):
                        quotient = (float(x[w]) * float(r[w]) + float(y[w]) * float(s[w])) * inverse
                        s[w] = x[w] * r[w] + y[w] * s[w] - _nearest(quotient) * modulus
                now = 1 - now
                if n % every == 0:
                    for k in range(2):
                        for w in range(size):
                            found[k, w] += _power(state[k], now, w, prime, digits)
                if n == depths[at]:
                    for w in range(size):
                        p = found[0, w] + _valuation(state[0, now, w], prime, digits)
                        q = found[1, w] + _valuation(state[1, now, w], prime, digits)
                        log_gcd[start + w, at] += min(p, q) * np.log(prime)
                    at += 1
