"""Berlekamp and Massey's shortest linear recurrence of a sequence modulo the prime 2^31 - 1.

Massey 1969. ESMA works modulo 199; a large prime says as much with half the terms: a random sequence of n terms has a
recurrence of length L < n / 2 with probability of about P^(2 L - n). Nothing is inverted on the way: polynomials are
scaled instead.
"""

from __future__ import annotations

import numpy as np

from primitives.compiled import inlined, inner, outer

P = 2**31 - 1
_P, _SHIFT = np.uint64(P), np.uint64(31)
_ONE, _ZERO = np.uint64(1), np.uint64(0)


@inlined
def folded(x):
    """x mod P up to one P too much, 0..2^31, for 0 <= x < 2^64."""
    x = (x & _P) + (x >> _SHIFT)
    return (x & _P) + (x >> _SHIFT)


@inlined
def reduced(x):
    """x mod P, for x < 2^64."""
    x = folded(x)
    return x - _P if x >= _P else x


@inner
def discrepancy_of(s, start, now, n):
    """Sum of now[j] s[start + j] over j < n, mod P."""
    total = _ZERO
    for j in range(n):
        product = np.uint64(now[j]) * np.uint64(s[start + j])
        total += (product & _P) + (product >> _SHIFT)
    return reduced(total)


@inner
def combined(now, scale, old, factor, gap, n):
    """now = scale now + factor x^gap old, for n coefficients of `old`; those of `now` below are done by `scaled`."""
    for j in range(n):
        x = np.uint64(now[gap + j]) * scale
        y = np.uint64(old[j]) * factor
        x = (x & _P) + (x >> _SHIFT) + (y & _P) + (y >> _SHIFT)
        now[gap + j] = np.uint32(reduced(x))


@inner
def scaled(now, scale, first, last):
    """now[first:last] *= scale."""
    for j in range(first, last):
        now[j] = np.uint32(reduced(np.uint64(now[j]) * scale))


@inner
def recurrence(terms, n, most, work):
    """Length L and memory m of the shortest recurrence of terms[:n]; (most + 1, 0) if it is longer than `most`.

    sum of c_j terms[i - j] over 0 <= j <= m is zero mod P for i >= L, with c = work[1, :m + 1] afterwards and c_0 not
    zero. The first L - m terms obey nothing. work: uint32[4, n + 1] or larger.
    """
    s, now, old, spare = work[0], work[1], work[2], work[3]
    for i in range(n):
        s[n - 1 - i] = np.uint32(terms[i] % P)  # backwards, so that the sum runs upwards in both
    for i in range(n + 1):
        now[i] = np.uint32(0)
    now[0], old[0] = np.uint32(1), np.uint32(1)
    length, m, m_old = np.uint64(0), _ZERO, _ZERO
    gap, last = _ONE, _ONE  # `last`: the discrepancy at which the length last changed
    for i in range(np.uint64(n)):
        d = discrepancy_of(s, np.uint64(n) - _ONE - i, now, m + _ONE)
        if d == _ZERO:
            gap += _ONE
            continue
        grows = length + length <= i
        before = m
        if grows:
            if i + _ONE - length > np.uint64(most):
                return np.int64(most) + 1, 0
            for j in range(m + _ONE):
                spare[j] = now[j]
        end = gap + m_old + _ONE
        scaled(now, last, _ZERO, min(gap, m + _ONE))
        combined(now, last, old, _P - d, gap, m_old + _ONE)
        scaled(now, last, end, max(end, m + _ONE))
        m = max(m, end - _ONE)
        while now[m] == 0:
            m -= _ONE
        if grows:
            for j in range(before + _ONE):
                old[j] = spare[j]
            m_old = before
            length = i + _ONE - length
            last = d
            gap = _ONE
        else:
            gap += _ONE
    return np.int64(length), np.int64(m)


@outer
def _of(terms, most, work):
    return recurrence(terms, terms.shape[0], most, work)


def shortest(terms: np.ndarray, most: int | None = None) -> tuple[int, int, list[int]]:
    """Length L, memory m and coefficients c_1 ... c_m of the shortest recurrence of int64 terms mod P.

    terms[i] = sum of c_j terms[i - j] for i >= L. With `most`, length most + 1 stands for any that is longer.
    """
    terms = np.ascontiguousarray(terms, np.int64)
    work = np.zeros((4, len(terms) + 1), np.uint32)
    length, memory = _of(terms, len(terms) if most is None else most, work)
    c = [int(x) for x in work[1, : memory + 1]]
    scale = pow(c[0], -1, P)
    return int(length), int(memory), [-x * scale % P for x in c[1:]]
