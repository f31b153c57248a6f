"""Values to 57 digits (4 limbs of 60 bits) or 111 (7 limbs) of many fractions, by integer recurrences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from primitives.compiled import inner, outer
from searches.constants.evaluate.double import settled
from searches.constants.evaluate.first import TERMS, backward, gather, tails_at
from searches.constants.evaluate.multiword import BITS, steps_4, steps_7
from searches.constants.evaluate.vectors import LANES

if TYPE_CHECKING:
    import flint

LIMIT = 2.0**58  # |a|, |b| below: then one step adds less than one limb
START = 2.0**-47  # relative error of the tail's series in float64, besides where it is cut
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
    """Values from depth N = `depth` (>= 8), compared with those from 2N/3; limbs is 4 or 7.

    a int64[n, da + 1], b int64[n, db + 1] as in `first_pass`; |a(m)|, |b(m)| must stay below 2^58 up to N + 1, else
    there are no digits. Raises ValueError for another number of limbs.
    """
    if limbs not in (4, 7):
        raise ValueError(f"{limbs} limbs; there are kernels for 4 and 7")
    n = len(a)
    state = np.zeros((2, n, 2, limbs), np.int64)
    error = np.full(n, np.inf)
    digits = np.zeros(n)
    if n:
        a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
        columns = [np.empty((rows, LANES)) for rows in (a.shape[1], b.shape[1], 2, 3)]
        _limbs(a, b, depth, limbs, state, error, *columns, np.empty((2, TERMS)))
    for i in np.flatnonzero(error < 0.1):
        (p, q), (r, s) = ([whole(x) for x in state[half, i]] for half in range(2))
        if q and s and r and abs(p) >> 100 <= abs(q):
            known = -math.log10(float(error[i]) + 2.0 * (abs(p * s - q * r) / abs(q * r)))
            digits[i] = max(known, 0.0) if known >= 1 else 0.0
    return Limbs(state[1], digits)


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
def _limbs(a, b, depth, count, state, error, columns_a, columns_b, tails, work, series):
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
            error[i] = work[1, lane]
