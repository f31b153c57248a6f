"""sin, cos and tan for `vecmath`, in the same style: accurate for every finite argument, up to the largest.

Up to `limit` an argument is reduced by multiples of pi in three parts; that part alone is `sin_narrow` and so
on. Beyond, it is a mantissa times a power of two, which a table has modulo 2 pi: float32 then computes in float64,
float64 in sums of two.
"""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace

import numba
import numpy as np

from primitives.compiled import closure
from primitives.evaluators.intrinsics import (
    add,
    bit_and,
    bit_xor,
    bits,
    constant,
    copysign,
    fabs,
    fma,
    polynomial,
    select,
    shift_left,
    shift_right,
    subtract,
    unbits,
)

# pi as a sum of floats, high part first.
_PI = {
    4: (3.141592502593994, 1.5099578831723193e-07, 1.078060505991553e-14),
    8: (3.141592653589793, 1.224646799147353e-16, 2.1657133478438278e-32),
}
# sin(r) = r + r^3 q(r^2) on |r| <= 1.03 pi/2
_SIN = {
    4: (-0.16666657594499191597, 0.0083330133959077382265, -0.00019805589946648359525, 2.5966781834421190035e-6),
    8: (
        -0.16666666666666664889, 0.008333333333333121494, -0.00019841269841182939155, 2.7557319206652322013e-6,
        -2.5052106464508996196e-8, 1.6058919328432492934e-10, -7.6424655965316315029e-13, 2.7156893017744321208e-15,
    ),
}  # fmt: skip


@cache
def functions(dtype: str) -> SimpleNamespace:
    """For "float32" or "float64": sin, cos, tan, each also as `_narrow`, right up to `limit` only; and the limit."""
    F = {"float32": np.float32, "float64": np.float64}[dtype]
    I = {"float32": np.int32, "float64": np.int64}[dtype]  # noqa: E741
    size = np.dtype(F).itemsize
    single = size == 4
    mantissa = np.finfo(F).nmant
    limit = 5e5 if single else 1e15

    LIMIT, ZERO, HALF, ONE = F(limit), F(0), F(0.5), F(1)
    INF, NAN = F(np.inf), F(np.nan)
    SHIFT, SIGN_SHIFT = I(mantissa), I(size * 8 - 1)

    kind = numba.float32 if single else numba.float64
    sin_series = polynomial(kind, _SIN[size])
    # Added and taken away again, it rounds to an integer n, which the low bits of the sum hold.
    magic = constant(kind, 1.5 * 2.0**mantissa)
    inv_pi = constant(kind, float(F(1 / math.pi)))
    minus_pi_0, minus_pi_1, minus_pi_2 = (constant(kind, -v) for v in _PI[size])

    @closure
    def sin_core(r, t):
        """sin(r + n pi) for |r| about pi/2, where t = n + magic: odd n flips the sign."""
        s = r * r
        return unbits(bit_xor(bits(fma(r * s, sin_series(s), r)), shift_left(bits(t), SIGN_SHIFT)))

    @closure
    def sin_narrow(x):
        t = fma(x, inv_pi(), magic())
        n = t - magic()
        return sin_core(fma(n, minus_pi_2(), fma(n, minus_pi_1(), fma(n, minus_pi_0(), x))), t)

    @closure
    def cos_narrow(x):
        t = fma(x, inv_pi(), -HALF) + magic()
        n = (t - magic()) + HALF
        return -sin_core(fma(n, minus_pi_2(), fma(n, minus_pi_1(), fma(n, minus_pi_0(), x))), t)

    @closure
    def tan_narrow(x):
        return sin_narrow(x) / cos_narrow(x)

    if single:
        double = functions("float64")
        sin64, cos64 = double.sin_tail, double.cos_tail
        high, low = _two_pi_powers(0, 105, 2)
        WIDE, LAST = I(np.finfo(F).maxexp - 1 + mantissa), I(high.size - 1)
        FRACTION, HIDDEN = I(2**mantissa - 1), I(2**mantissa)
        D = np.float64

        @closure
        def reduced(x):
            """x modulo 2 pi (in part) as a sum of two doubles, for |x| >= 2^24: mantissa times (2^e mod 2 pi)."""
            i = bits(fabs(x))
            m = copysign(D(add(bit_and(i, FRACTION), HIDDEN)), D(x))
            e = subtract(shift_right(i, SHIFT), WIDE)
            e = np.uint64(select(e < I(0), I(0), select(e > LAST, LAST, e)))
            p = m * high[e]
            tail = fma(m, high[e], -p) + m * low[e]
            far = (fabs(x) > LIMIT) & (i >= shift_left(WIDE, SHIFT))
            return select(far, p, D(x)), select(far, tail, D(0))

        @closure
        def sin(x):
            p, tail = reduced(x)
            y = select(fabs(x) < INF, F(sin64(p, tail)), NAN)
            return select(fabs(x) <= LIMIT, sin_narrow(x), y)

        @closure
        def cos(x):
            p, tail = reduced(x)
            y = select(fabs(x) < INF, F(cos64(p, tail)), NAN)
            return select(fabs(x) <= LIMIT, cos_narrow(x), y)

    else:

        @closure
        def sin_tail(x, tail):
            """sin(x + tail) for a small tail."""
            t = fma(x, inv_pi(), magic())
            n = t - magic()
            return sin_core(fma(n, minus_pi_2(), fma(n, minus_pi_1(), fma(n, minus_pi_0(), x)) + tail), t)

        @closure
        def cos_tail(x, tail):
            """cos(x + tail) for a small tail."""
            t = fma(x, inv_pi(), -HALF) + magic()
            n = (t - magic()) + HALF
            return -sin_core(fma(n, minus_pi_2(), fma(n, minus_pi_1(), fma(n, minus_pi_0(), x)) + tail), t)

        high, middle, low = _two_pi_powers(-4, 1002, 3)
        HALF_BITS, MANTISSA, LIFTED = I(26), I(2**52 - 1), I(1023 + 52 - 4)
        LOW_HALF, HIDDEN_BIT, LAST_POWER = I(2**26 - 1), I(2**52), I(1001 - 26)

        @closure
        def two_sum(a, b):
            """a + b, rounded, and what rounding lost."""
            s = a + b
            t = s - a
            return s, (a - (s - t)) + (b - t)

        @closure
        def product(m, e):
            """m (2^e mod 2 pi) for an integer m < 2^27, as a sum of two; good to 2^-150."""
            p = m * high[e]
            q = m * middle[e]
            rest = fma(m, high[e], -p)
            return p, rest, q, fma(m, middle[e], -q) + m * low[e]

        @closure
        def wide(x, half):
            """|x| - (n + half) pi as a sum of two, and n + magic, for finite |x| of at least 2^48.

            The mantissa times (2^e mod 2 pi), in halves, so that the sum stays within what n can count.
            """
            i = bits(fabs(x))
            e = subtract(shift_right(i, SHIFT), LIFTED)
            m = add(bit_and(i, MANTISSA), HIDDEN_BIT)
            at = np.uint64(select(e < I(0), I(0), select(e > LAST_POWER, I(0), e)))
            upper, lower = F(shift_right(m, HALF_BITS)), F(bit_and(m, LOW_HALF))
            p, p_low, q, q_low = product(upper, at + np.uint64(26))
            r, r_low, s, s_low = product(lower, at)
            total, rest = two_sum(p, r)
            more, lost = two_sum(p_low, r_low)
            least, gone = two_sum(q, s)
            t = fma(total, inv_pi(), -half) + magic()
            n = (t - magic()) + half
            # total - n pi, in falling order of size
            total = fma(n, minus_pi_0(), total)
            u = n * minus_pi_1()
            u_low = fma(n, minus_pi_1(), -u)
            total, a = two_sum(total, rest)
            total, b = two_sum(total, more)
            total, c = two_sum(total, u)
            total, d = two_sum(total, least)
            tail = (a + b) + (c + d) + (lost + u_low + gone + (q_low + s_low) + n * minus_pi_2())
            return total, tail, t

        @closure
        def sin_wide(x):
            r, tail, t = wide(x, ZERO)
            return select(fabs(x) < INF, copysign(ONE, x) * sin_core(r + tail, t), NAN)

        @closure
        def cos_wide(x):
            r, tail, t = wide(x, HALF)
            return select(fabs(x) < INF, -sin_core(r + tail, t), NAN)

        @closure
        def sin(x):
            return sin_narrow(x) if fabs(x) <= LIMIT else sin_wide(x)

        @closure
        def cos(x):
            return cos_narrow(x) if fabs(x) <= LIMIT else cos_wide(x)

    @closure
    def tan(x):
        return sin(x) / cos(x)

    library = {"sin": sin, "cos": cos, "tan": tan}
    library |= {"sin_narrow": sin_narrow, "cos_narrow": cos_narrow, "tan_narrow": tan_narrow}
    if not single:
        library |= {"sin_tail": sin_tail, "cos_tail": cos_tail}  # of what float32 has reduced
    return SimpleNamespace(limit=limit, **library)


def _two_pi(bits: int) -> int:
    """2 pi in units of 2^-bits, by Machin's formula: pi / 4 = 4 arctan(1/5) - arctan(1/239)."""
    guard = 32

    def arctan_of_inverse(n: int) -> int:
        power = total = (1 << (bits + guard)) // n
        k, sign = 1, 1
        while power:
            power //= n * n
            k, sign = k + 2, -sign
            total += sign * (power // k)
        return total

    return 8 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> guard


@cache
def _two_pi_powers(first: int, count: int, parts: int) -> tuple[np.ndarray, ...]:
    """2^e modulo 2 pi, for so many e from `first`, as sums of some doubles: float64[count] each, the high parts first.

    2 pi, in units of 2^-scale, is an integer here, so that the powers of two reduce exactly.
    """
    scale = count + 64 * (parts + 1)
    two_pi = _two_pi(scale)
    table = np.empty((parts, count))
    for e in range(count):
        rest = (1 << (first + e + scale)) % two_pi
        if rest > two_pi // 2:
            rest -= two_pi
        unit = 1 << scale
        for part in range(parts):
            value = rest / unit
            table[part, e] = value
            numerator, denominator = value.as_integer_ratio()
            rest, unit = rest * denominator - numerator * unit, unit * denominator
    return tuple(table)
