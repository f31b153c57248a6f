"""More elementary functions for `vecmath`, composed from its own: powers and roots, the hyperbolic ones, the inverses.

In the same style: straight-line code without library calls, so that loops over them become vector code. Decided:
log1p is that of |1 + x|, power that of |x|; cbrt takes a subnormal for zero; arcsin and arccos are NaN beyond 1,
arctanh too, arccosh below 1.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numba
import numpy as np

from primitives.compiled import closure
from primitives.evaluators.intrinsics import (
    bit_and,
    bits,
    constant,
    copysign,
    fabs,
    fma,
    polynomial,
    rint,
    select,
    sqrt,
    subtract,
    unbits,
)

NAMES = ("divide", "log1p", "log10", "exp10", "sinh", "cosh", "arcsinh", "arccosh", "arctanh", "arcsin", "arccos",
         "arctan", "cbrt", "power")  # fmt: skip

# atan(h) = h + h^3 q(h^2) on |h| <= tan(pi/8)
_ATAN = {
    4: (
        -0.33333331760434555943, 0.19999540314957969397, -0.14263949753605724022, 0.10743668324830098134,
        -0.064517188693589580726,
    ),
    8: (
        -0.33333333333333330156, 0.19999999999995516545, -0.14285714284665680761, 0.11111111015187018721,
        -0.090909045753064890845, 0.076921831253768920895, -0.066645105255089365988, 0.058581409048663282818,
        -0.050854078345894842573, 0.039230447784793095235, -0.019175404711104933678,
    ),
}  # fmt: skip
# log((1 + s) / (1 - s)) = 2 s (1 + z / 3 + z^2 q(z)), z = s^2 <= .0295, to 2^-70
_LOG_TAIL = tuple(1 / (2 * k + 5) for k in range(13))
_LOG2_10 = 3.321928094887362347870319429489390175864831393


def functions(dtype: str, base: SimpleNamespace, double: SimpleNamespace | None) -> dict[str, object]:
    """The functions by name, from the `exp exp2 log log2 expm1 scalb` of vecmath in this dtype (and in float64)."""
    F = {"float32": np.float32, "float64": np.float64}[dtype]
    size = np.dtype(F).itemsize
    single = size == 4
    kind = numba.float32 if single else numba.float64
    exp, exp2, log, log2, expm1 = base.exp, base.exp2, base.log, base.log2, base.expm1

    ZERO, HALF, ONE, TWO, THIRD = F(0), F(0.5), F(1), F(2), F(1 / 3)
    INF, NAN, TINY = F(np.inf), F(np.nan), F(np.finfo(F).tiny)
    LN2, LOG10E, HALF_PI = F(math.log(2)), F(math.log10(math.e)), F(math.pi / 2)
    LARGE = F(1e4 if single else 1e9)  # beyond, 1 is lost beside the square
    ten = float(F(_LOG2_10))
    ten_low = _LOG2_10 - ten if single else 1.661617516973592e-16
    TEN_END, TEN_LEAST = F(64 if single else 512), F(-64 if single else -512)
    atan_series = polynomial(kind, _ATAN[size])
    log2_ten, log2_ten_low = constant(kind, ten), constant(kind, ten_low)

    @closure
    def divide(a, b):
        """a / b, but 0/0 is 0."""
        return select((a == ZERO) & (b == ZERO), ZERO, a / b)

    @closure
    def log1p(x):
        u = ONE + x
        y = select(u == ONE, x, log(fabs(u)) * (x / (u - ONE)))
        return select(fabs(x) < INF, y, fabs(x))

    @closure
    def log10(x):
        return log(x) * LOG10E

    @closure
    def exp10(x):
        x = select(x > TEN_END, TEN_END, select(x < TEN_LEAST, TEN_LEAST, x))
        t = x * log2_ten()
        rest = fma(x, log2_ten(), -t) + x * log2_ten_low()
        return exp2(t) * fma(rest, LN2, ONE)

    @closure
    def sinh(x):
        a = fabs(x)
        t = expm1(a)
        root = exp(HALF * a)
        far = (HALF * root) * root - HALF / (root * root)
        return copysign(select(a < ONE, HALF * (t + t / (t + ONE)), far), x)

    @closure
    def cosh(x):
        root = exp(HALF * fabs(x))
        return (HALF * root) * root + HALF / (root * root)

    @closure
    def arcsinh(x):
        a = fabs(x)
        s = a * a
        y = select(a > LARGE, log(a) + LN2, log1p(a + s / (ONE + sqrt(ONE + s))))
        return copysign(y, x)

    @closure
    def arccosh(x):
        t = x - ONE
        y = select(x > LARGE, log(x) + LN2, log1p(t + sqrt(t * (TWO + t))))
        return select(x < ONE, NAN, y)

    @closure
    def arctanh(x):
        a = fabs(x)
        return copysign(select(a > ONE, NAN, HALF * log1p(TWO * a / (ONE - a))), x)

    @closure
    def arctan_unit(z):
        """For z in [0, 1]: twice that of half the angle."""
        h = z / (ONE + sqrt(ONE + z * z))
        s = h * h
        return TWO * fma(h * s, atan_series(s), h)

    @closure
    def arctan(x):
        a = fabs(x)
        beyond = a > ONE
        y = arctan_unit(select(beyond, ONE / a, a))
        return copysign(select(beyond, HALF_PI - y, y), x)

    @closure
    def arcsin(x):
        a = fabs(x)
        y = TWO * arctan_unit(a / (ONE + sqrt((ONE - a) * (ONE + a))))
        return copysign(y, x)

    @closure
    def arccos(x):
        return TWO * arctan(sqrt((ONE - x) / (ONE + x)))

    @closure
    def cbrt(x):
        a = fabs(x)
        y = exp2(log2(a) * THIRD)
        y = y - (y - a / (y * y)) * THIRD
        return copysign(select(a < TINY, ZERO, select(a < INF, y, a)), x)

    if double is not None:
        wide_exp2, wide_log2 = double.exp2, double.log2

        @closure
        def power(x, y):
            a = fabs(x)
            # Rounded once, from float64.
            z = F(wide_exp2(np.float64(y) * wide_log2(np.float64(a))))
            return select((y == ZERO) | (a == ONE), ONE, z)

    else:
        log_tail = polynomial(kind, _LOG_TAIL)
        LOG_SPLIT, SPLIT_MASK = np.int64(0x3FE6A09E667F3BCD), np.int64(-(2**52))
        UP, UP_BITS, STEP = F(2.0**52), F(52), F(2.0**-52)
        LOG2E, LOG2E_LOW = F(1.4426950408889634), F(2.0355273740931033e-17)
        THIRD_LOW, END, scalb = F(1.850371707708594e-17), F(1200), base.scalb

        @closure
        def log2_pair(a):
            """log2(a) for finite a > 0 as a sum of two doubles, good to 2^-66: 2 artanh(s), s = (m - 1) / (m + 1)."""
            small = a < TINY
            i = bits(select(small, a * UP, a))
            d = bit_and(subtract(i, LOG_SPLIT), SPLIT_MASK)
            e = F(d) * STEP - select(small, UP_BITS, ZERO)
            m = unbits(subtract(i, d))
            f, under = m - ONE, ONE + m
            under_low = m - (under - ONE)
            s = f / under
            s_low = (fma(-s, under, f) - s * under_low) / under
            z = s * s
            z_low = fma(s, s, -z) + TWO * s * s_low
            g = z * THIRD
            g_low = fma(z, THIRD, -g) + (z * THIRD_LOW + z_low * THIRD) + z * z * log_tail(z)
            p = s * g
            p_low = fma(s, g, -p) + (s * g_low + s_low * g)
            high = s + p
            low = ((s - high) + p) + (s_low + p_low)
            u = TWO * high * LOG2E
            u_low = fma(TWO * high, LOG2E, -u) + TWO * (high * LOG2E_LOW + low * LOG2E)
            t = e + u
            return t, select(e == ZERO, ZERO, (e - t) + u) + u_low

        @closure
        def power(x, y):
            a = fabs(x)
            t, t_low = log2_pair(a)
            p = y * t
            near = fabs(p) < END
            p_low = select(near, fma(y, t, -p) + y * t_low, ZERO)
            p = select(near, p, copysign(END, p))
            n = rint(p)
            z = scalb(exp2((p - n) + p_low), n)
            edge = select((a == ZERO) == (y > ZERO), ZERO, INF)  # of zero and infinity
            z = select((a > ZERO) & (a < INF) & (fabs(y) < INF), z, edge)
            beyond = select((a > ONE) == (y > ZERO), INF, ZERO)  # of an infinite y
            z = select(fabs(y) < INF, z, beyond)
            z = select((a == a) & (y == y), z, NAN)
            return select((y == ZERO) | (a == ONE), ONE, z)

    scope = locals()
    return {name: scope[name] for name in NAMES}
