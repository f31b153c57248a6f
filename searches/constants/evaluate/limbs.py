"""Values to 57 digits (4 limbs of 60 bits) or 111 (7 limbs) of many fractions, by integer recurrences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from primitives.compiled import inner, outer
from searches.constants.evaluate.double import settled
from searches.constants.evaluate.first import LARGE, TERMS, backward, gather, rungs, tails_at
from searches.constants.evaluate.multiword import BITS, steps_4, steps_7
from searches.constants.evaluate.vectors import LANES

if TYPE_CHECKING:
    import flint

LIMIT = 2.0**58  # |a|, |b| below: then one step adds less than one limb
START = 2.0**-47  # relative error of the tail's series in float64, besides where it is cut
HALF = BITS // 2
DEPTHS = {4: (192,), 7: (384,)}  # tried before the full depth
ENOUGH = {4: 65.0, 7: 118.0}  # digits with which a row is content
SPARE = 10  # bits that the smaller of two numbers, and their sum, may lack


@dataclass(frozen=True)
class Limbs:
    """n fractions as quotients of integers: limbs int64[n, 2, L] of numerator and denominator, digits float64[n].

    digits: trustworthy decimal digits, from two depths and the bound on rounding; 0 where there are none.
    """

    limbs: np.ndarray
    digits: np.ndarray

    def quotient(self, i: int) -> tuple[int, int]:
        """Numerator and denominator of the i-th value."""
        p, q = self.limbs[i]
        return whole(p), whole(q)

    def ball(self, i: int) -> flint.arb:
        """The i-th value with a radius from its digits; needs flint's precision set high enough."""
        from flint import arb, fmpq

        if not self.digits[i]:
            return arb.nan()
        value = arb(fmpq(*self.quotient(i)))
        return value + arb(0, abs(value).upper() * arb(10) ** -arb(float(self.digits[i])))


def whole(limbs: np.ndarray) -> int:
    """The integer of limbs, least first."""
    result = 0
    for limb in reversed(limbs.tolist()):
        result = (result << BITS) + limb
    return result


def limbs(a: np.ndarray, b: np.ndarray, depth: int = 1000, limbs: int = 4) -> Limbs:
    """Values from depth N <= `depth` (>= 8), compared with those from 2N/3; limbs is 4 or 7.

    a int64[n, da + 1], b int64[n, db + 1] as in `first_pass`; |a(m)|, |b(m)| must stay below 2^58 up to N + 1, else
    there are no digits. Raises ValueError for another number of limbs.
    """
    if limbs not in (4, 7):
        raise ValueError(f"{limbs} limbs; there are kernels for 4 and 7")
    n = len(a)
    result = Limbs(np.zeros((n, 2, limbs), np.int64), np.zeros(n))
    if not n:
        return result
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    columns = [np.empty((rows, LANES)) for rows in (a.shape[1], b.shape[1], 2, 3)]
    room = np.empty((4, 2 * (2 * limbs + 1)), np.int64)
    left = np.arange(n)
    for d, content in rungs(a, b, depth, DEPTHS[limbs]):
        state = np.zeros((2, len(left), 2, limbs), np.int64)
        digits = np.zeros(len(left))
        _limbs(a[left], b[left], d, limbs, state, digits, *columns, np.empty((2, TERMS)), room)
        better = digits > result.digits[left]
        result.limbs[left[better]], result.digits[left[better]] = state[1, better], digits[better]
        left = left[(result.digits[left] < ENOUGH[limbs]) | ~content[left]]
        if not len(left):
            break
    return result


@inner
def _split(limbs, digits):
    """|number| in digits of HALF bits, least first; returns whether it is negative."""
    last = limbs.shape[0] - 1
    negative = limbs[last] < 0
    borrow = 0
    for k in range(last + 1):
        limb = limbs[k]
        if negative:
            limb = -limb - borrow
            if k < last:
                borrow = 1 if limb < 0 else 0
                limb += borrow << BITS
        digits[2 * k] = limb & ((1 << HALF) - 1)
        digits[2 * k + 1] = (limb >> HALF) & ((1 << HALF) - 1)
        digits[2 * k + 2] = limb >> BITS
    return negative


@inner
def _multiply(x, y, product):
    """product = x y, digits of HALF bits; as many digits as both have together."""
    n = product.shape[0] // 2
    for k in range(2 * n):
        product[k] = 0
    for i in range(n):
        carry = 0
        for j in range(n):
            total = product[i + j] + x[i] * y[j] + carry
            product[i + j] = total & ((1 << HALF) - 1)
            carry = total >> HALF
        product[i + n] = carry


@inner
def _difference(first, second, room):
    """|p/q - r/s| / |r/s| of first = p, q and second = r, s, each int64[2, L]; inf if any is 0."""
    n = room.shape[1] // 2
    left, right = room[0], room[1]
    signs = 0
    for k in range(2):  # p s, then q r
        signs += _split(first[k], room[2])
        signs += _split(second[1 - k], room[3])
        _multiply(room[2], room[3], room[k])
    difference, size = 0.0, 0.0
    for k in range(2 * n - 1, -1, -1):
        difference = difference * 2.0**HALF + (left[k] - right[k])
        size = size * 2.0**HALF + right[k]
    if size == 0 or signs % 2 == 1:
        return np.inf
    return abs(difference) / size


@inner
def _set(state, f):
    """state[2, L] = u, v with u / v = f."""
    top = state.shape[1] - 1
    fraction, exponent = math.frexp(f)
    u = v = 1 << BITS
    if exponent >= 0:
        u = int(fraction * 2.0**BITS)
        v = (1 << (BITS - exponent)) if exponent < BITS else 1
    else:
        u = int(f * 2.0**BITS)
    for k in range(top):
        state[0, k] = state[1, k] = 0
    state[0, top], state[1, top] = u, v


@outer
def _limbs(a, b, depth, count, state, digits, columns_a, columns_b, tails, work, series, room):
    short = depth * 2 // 3
    for block in range(0, len(a), LANES):
        lanes = min(LANES, len(a) - block)
        rows = np.arange(block, block + lanes)
        gather(a, b, rows, columns_a, columns_b)
        tails_at(a, b, rows, short, depth, tails, series)
        for lane in range(LANES):
            work[0, lane] = tails[1, lane]
        backward(columns_a, columns_b, depth, 2.0 ** (SPARE - BITS * count), START, work)
        for lane in range(lanes):
            i = rows[lane]
            if not settled(a[i], b[i], depth, LIMIT):
                continue
            for half in range(2):
                _set(state[half, i], tails[half, lane])
                n = depth if half == 1 else short
                if count == 4:
                    steps_4(a[i], b[i], state[half, i], n)
                else:
                    steps_7(a[i], b[i], state[half, i], n)
            error = work[1, lane] + 4 * _difference(state[0, i], state[1, i], room)
            top = count - 1  # a value beyond 2^100 is none
            if error < LARGE and not (state[1, i, 1, top] == 0 and state[1, i, 1, top - 1] >> 20 == 0):
                digits[i] = -math.log10(error)
