"""Exact partial quotients of a ratio of two real numbers that are known to so many bits.

Lehmer's algorithm: many steps of Euclid's on the leading 62 bits, then one multiplication of the long numbers by the
2 x 2 matrix of these steps. Numbers are limbs of 31 bits in int64, lowest first, so that two products and a carry fit.

With |error| <= e of both numbers, and x_i, y_i the cofactors of remainder r_i, its error is at most
(x_i + y_i) e <= 2 e max(u, v) / r_(i-1). While all r_i >= T and T^2 >= 8 e max(u, v), that is at most T / 4, so that
0 < r_(i+1) < r_i holds for the true remainders too if r_i - r_(i+1) >= T: the quotients are the true ones.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from primitives.compiled import inner, outer

LIMB = 31
MASK = 2**LIMB - 1
ROOM = 2**30  # of cofactors: below, two products and a carry fit into 63 bits
LONGEST = 2**60  # quotients from here on are not taken: the number is as good as rational

DONE, SHORT, HUGE = 0, 1, 2  # all terms asked for; precision used up; a quotient beyond LONGEST, or a zero


def limbs(values: Iterable[int], length: int) -> np.ndarray:
    """int64[n, length] of whole numbers from -2^(31 length - 1) on, and below that; the highest limb has the sign.

    Raises OverflowError.
    """
    size = -(-length * LIMB // 8)
    raw = np.frombuffer(b"".join(int(v).to_bytes(size, "little", signed=True) for v in values), np.uint8).reshape(
        -1, size
    )
    bits = np.unpackbits(raw, axis=1, bitorder="little")[:, : length * LIMB].reshape(len(raw), length, LIMB)
    result = np.asarray(bits @ (1 << np.arange(LIMB, dtype=np.int64)), np.int64)
    result[:, -1] -= (result[:, -1] >> (LIMB - 1)) << LIMB
    return result


@inner
def width(x):
    """Bits of a limb: the least w with x < 2^w."""
    w = 0
    if x >= 65536:
        x >>= 16
        w = 16
    if x >= 256:
        x >>= 8
        w += 8
    if x >= 16:
        x >>= 4
        w += 4
    while x > 0:
        x >>= 1
        w += 1
    return w


@inner
def size_of(u, length):
    """Limbs in use."""
    while length > 0 and u[length - 1] == 0:
        length -= 1
    return length


@inner
def bit_length(u, length):
    """Bits of u, which has so many limbs in use."""
    return 0 if length == 0 else LIMB * (length - 1) + width(u[length - 1])


@inner
def combine(out, powers, coefficients, columns):
    """out = |sum of coefficients[k] powers[k]|; returns its sign, or 0 if that does not fit."""
    length = out.shape[0]
    sign = 1
    for _ in range(2):
        carry = 0
        for i in range(length):
            total = carry
            for k in range(columns):
                total += sign * coefficients[k] * powers[k, i]
            out[i] = total & MASK
            carry = total >> LIMB
        if carry == 0:
            return sign
        sign = -sign
    return 0


@inner
def leading(u, length, top, shift):
    """The 62 bits of u from bit `shift` of limb top - 1 downwards; top >= 2."""
    word = (u[top - 1] << LIMB) | u[top - 2]
    low = u[top - 3] if top >= 3 else 0
    return (word << shift) | (low >> (LIMB - shift))


@inner
def less(u, v, length):
    """u < v."""
    for i in range(length - 1, -1, -1):
        if u[i] != v[i]:
            return u[i] < v[i]
    return False


@inner
def step(u, v, length):
    """One division: u, v = v, u mod v. Returns the quotient, or -1 if it is LONGEST or more."""
    quotient = 0
    n = size_of(v, length)
    m = size_of(u, length)
    wv = bit_length(v, n)
    while not less(u, v, length):
        m = size_of(u, m)
        wu = bit_length(u, m)
        # q 2^s <= u / v, with q of about 29 bits at most
        gap = wu - wv
        if gap > 61:
            return -1
        # of v the leading 31 bits, of u as many more as it is longer, 29 at most
        take = min(gap, 29)
        top_v = bits_at(v, n, wv - 31)
        top_u = bits_at(u, m, wu - 31 - take)
        q = max(top_u // (top_v + 1), 1)  # 0 only where gap is
        s = gap - take
        if (q << s) >= LONGEST or quotient + (q << s) >= LONGEST:
            return -1
        quotient += q << s
        subtract(u, v, q, s, length)
    for i in range(length):
        u[i], v[i] = v[i], u[i]
    return quotient


@inner
def bits_at(u, length, start):
    """The bits of u from `start` on, which may be negative (zeros follow u); fewer than 62 of them."""
    if start < 0:
        result = 0
        for i in range(min(length, 2) - 1, -1, -1):
            result = (result << LIMB) | u[i]
        return result << -start
    i, offset = start // LIMB, start % LIMB
    result = 0
    if i < length:
        result = u[i] >> offset
    if i + 1 < length:
        result |= u[i + 1] << (LIMB - offset)
    if i + 2 < length and offset > 0:
        result |= u[i + 2] << (2 * LIMB - offset)
    return result


@inner
def subtract(u, v, q, s, length):
    """u -= q 2^s v, for 0 <= q < 2^30."""
    skip, offset = s // LIMB, s % LIMB
    carry = 0
    before = 0
    for i in range(length - skip):
        shifted = ((v[i] << offset) & MASK) | (before >> (LIMB - offset))
        before = v[i]
        total = u[i + skip] - q * shifted + carry
        u[i + skip] = total & MASK
        carry = total >> LIMB


@inner
def quotients(u, v, error, out, most):
    """Partial quotients of u / v into out[:most], u >= v; spoils u and v. Returns how many, and DONE, SHORT or HUGE.

    error: bits of the largest error of u and v.
    """
    length = u.shape[0]
    n = size_of(u, length)
    limit = (bit_length(u, n) + error + 4) // 2 + 1
    count = 0
    while count < most:
        n = size_of(u, n)
        m = size_of(v, n)
        bits, small = bit_length(u, n), bit_length(v, m)
        if small <= limit or n < 3:
            return count, SHORT
        room = ROOM
        if bits - limit - 2 < 30:
            room = 1 << max(bits - limit - 2, 0)
        shift = LIMB - width(u[n - 1])
        r0, r1 = leading(u, n, n, shift), leading(v, n, n, shift)
        a, b, c, d = 1, 0, 0, 1
        steps = 0
        while count + steps < most and r1 > 0:
            q = r0 // r1
            r2 = r0 - q * r1
            if q >= ROOM:
                break
            e, f = a + q * c, b + q * d
            if e >= room or f >= room or r2 < max(e, f) or r1 - r2 < max(e + c, f + d):
                break
            out[count + steps] = q
            steps += 1
            a, b, c, d = c, d, e, f
            r0, r1 = r1, r2
        if steps == 0:
            q = step(u, v, n)
            if q < 0:
                return count, HUGE
            m = size_of(v, n)
            if m == 0:
                return count, HUGE
            if bit_length(v, m) <= limit or close(u, v, n, limit):
                return count, SHORT
            out[count] = q
            count += 1
            continue
        if steps & 1:
            a, b, c, d = -a, -b, -c, -d
        first = 0
        second = 0
        for i in range(n):
            x, y = u[i], v[i]
            first += a * x - b * y
            second += d * y - c * x
            u[i] = first & MASK
            v[i] = second & MASK
            first >>= LIMB
            second >>= LIMB
        sure = count
        count += steps
        if bit_length(v, size_of(v, n)) <= limit or close(u, v, n, limit):
            return max(count - 2, sure), SHORT  # r_k >= T by `room`; of r_(k-1) - r_k we know only that it is r_(k+1)
    return count, DONE


@inner
def close(u, v, length, limit):
    """u - v < 2^limit, for u > v."""
    carry = 0
    highest = 0
    for i in range(length):
        total = u[i] - v[i] + carry
        if total & MASK:
            highest = LIMB * i + width(total & MASK)
        carry = total >> LIMB
    return highest <= limit


@outer
def expand(u, v, error, out):
    """`quotients` of one pair, for Python."""
    return quotients(u, v, error, out, out.shape[0])
