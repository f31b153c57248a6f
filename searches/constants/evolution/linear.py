"""Fractions whose b is a product of rational linear factors: found, and cleared of what changes nothing; compiled.

An equivalence transformation a(n) -> c(n) a(n), b(n) -> c(n) c(n-1) b(n) leaves the value alone up to a factor, but not
the look of a fraction: every fraction has inflated copies of any degree, whose convergents reduce for no good reason.
So a fraction is judged by what is left when such c(n) are divided out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from primitives.compiled import inner, outer

SLOPES, OFFSETS = 24, 120  # linear factors k n + r with 0 < k <= SLOPES, |r| <= OFFSETS
SPLITS, ENDS = 1, 2  # bits of `Deflated.kind`


@dataclass(frozen=True)
class Deflated:
    """Of a batch.

    a, b    int64[n, width] coefficients without what an equivalence transformation brought in
    splits  bool[n]: b is a product of rational linear factors within SLOPES and OFFSETS; otherwise the rest is void
    ends    bool[n]: b(n) = 0 at some n >= 1, and the value is rational
    top     int64[n] degrees of numerator and denominator of the canonical form b(n) / (a(n) a(n-1)),
    bottom  in lowest terms
    """

    a: np.ndarray
    b: np.ndarray
    splits: np.ndarray
    ends: np.ndarray
    top: np.ndarray
    bottom: np.ndarray


def deflate(a: np.ndarray, b: np.ndarray) -> Deflated:
    """Of int64[n, width] coefficients, lowest degree first, both of one width."""
    a, b = a.copy(), b.copy()
    n, width = a.shape
    splits, ends = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    top, bottom = np.zeros(n, np.int64), np.zeros(n, np.int64)
    _deflate(a, b, np.zeros((width, 2), np.int64), np.zeros((2, width), np.int64), splits, ends, top, bottom)
    return Deflated(a, b, splits, ends, top, bottom)


@inner
def _degree(p):
    d = len(p) - 1
    while d >= 0 and p[d] == 0:
        d -= 1
    return d


@inner
def _is_root(p, degree, k, r):
    """Whether k n + r divides p: k^degree p(-r/k) = 0, modulo 2^64 and nearly so in floating point."""
    exact, rough, size = np.int64(0), 0.0, 0.0
    power, rough_power = np.int64(1), 1.0
    for i in range(degree, -1, -1):
        # Horner in homogeneous form: after step i, sum of p[j] (-r)^(j-i) k^(degree-j) for j >= i.
        term = np.float64(p[i]) * rough_power
        exact = exact * (-r) + p[i] * power
        rough = rough * (-r) + term
        size = size * abs(r) + abs(term)
        power *= k
        rough_power *= k
    return exact == 0 and abs(rough) <= 1e-9 * size


@inner
def _divide(p, degree, k, r):
    """p := p / (k n + r), which divides it."""
    carry = np.int64(0)
    for i in range(degree, 0, -1):
        c = (p[i] - carry) // k
        p[i] = c
        carry = c * r
    for i in range(degree):
        p[i] = p[i + 1]
    p[degree] = 0


@inner
def _gcd(x, y):
    x, y = abs(x), abs(y)
    while y:
        x, y = y, x % y
    return x


@inner
def _factor(p, factors):
    """The linear factors (k, r) of p, which is left with its content; their number, or -1 if there are others."""
    degree, found = _degree(p), 0
    while degree > 0 and p[0] == 0:
        _divide(p, degree, 1, 0)
        factors[found, 0], factors[found, 1] = 1, 0
        degree -= 1
        found += 1
    for k in range(1, SLOPES + 1):
        if degree <= 0 or p[degree] % k:
            continue
        for size in range(1, OFFSETS + 1):
            if degree <= 0:
                break
            if p[0] % size:
                continue
            for sign in range(2):
                r = size if sign == 0 else -size
                while degree > 0 and _gcd(k, r) == 1 and _is_root(p, degree, k, r):
                    _divide(p, degree, k, r)
                    factors[found, 0], factors[found, 1] = k, r
                    degree -= 1
                    found += 1
    return found if degree == 0 else -1


@inner
def _multiply(p, degree, k, r):
    """p := p (k n + r)."""
    for i in range(degree + 1, 0, -1):
        p[i] = p[i - 1] * k + p[i] * r
    p[0] *= r


@outer
def _deflate(a, b, factors, work, splits, ends, top, bottom):
    for row in range(a.shape[0]):
        p, q = a[row], b[row]
        degree = _degree(p)
        if degree < 0 or _degree(q) < 0:
            continue
        found = _factor(q, factors)
        if found < 0:
            continue
        splits[row] = True
        for i in range(found):
            ends[row] |= factors[i, 1] < 0 and factors[i, 1] % factors[i, 0] == 0
        i = 0
        while i < found and degree > 0:
            # c(n) = k n + r, if it divides a and b has both c(n) and c(n-1).
            k, r = factors[i]
            other = -1
            if _is_root(p, degree, k, r):
                for j in range(found):
                    if j != i and factors[j, 0] == k and factors[j, 1] == r - k:
                        other = j
            if other < 0:
                i += 1
                continue
            _divide(p, degree, k, r)
            degree -= 1
            for gone in (max(i, other), min(i, other)):
                found -= 1
                factors[gone] = factors[found]
            i = 0
        content = np.int64(0)
        for i in range(degree + 1):
            content = _gcd(content, p[i])
        c, factor = np.int64(1), 2
        while factor <= content and factor < 1000:
            if content % factor == 0 and q[0] % (factor * factor) == 0:
                content //= factor
                q[0] //= factor * factor
                c *= factor
            else:
                factor += 1
        for i in range(degree + 1):
            p[i] //= c
        for i in range(found):
            _multiply(q, i, factors[i, 0], factors[i, 1])
        work[0], work[1] = p, p
        here, before, common = degree, degree, 0
        for i in range(found):
            k, r = factors[i]
            if here > 0 and _is_root(work[0], here, k, r):
                _divide(work[0], here, k, r)
                here -= 1
                common += 1
            elif before > 0 and _is_root(work[1], before, k, r + k):
                _divide(work[1], before, k, r + k)
                before -= 1
                common += 1
        top[row], bottom[row] = found - common, 2 * degree - common
