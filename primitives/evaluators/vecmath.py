"""Elementary functions in float32 and float64 as straight-line code, so that a loop over them becomes vector code.

`helpers(dtype)` gives compiled scalar functions for use inside `njit` loops. They have no branches and call no library
(`math.exp` and its kind stay scalar in Numba). Polynomials are our own minimax fits (Remez exchange, 50 digits).

Decided, beside NaN in, NaN out and the IEEE limits at infinity and zero:

- exp and exp2 return 0 where the result would be below sqrt(2) times the least normal number, and log and log2 take a
  subnormal for 0; every other function takes and gives subnormals.
- sin, cos and tan (see `trigonometry`) hold their accuracy for every finite argument; `*_narrow` up to `trig_limit`
  only. sin(-0) and tan(-0) are +0.
- minimum and maximum give NaN if either argument is NaN; for two zeros of unlike sign they may give either.
- rint rounds ties to even. sign(NaN) is NaN and sign(-0) is 0. scalb rounds once.

Results do not depend on the neighbours of an element nor on the vector width: one input, one output, to the bit.
"""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace

import numba
import numpy as np

from primitives.compiled import closure
from primitives.evaluators import elementary, trigonometry
from primitives.evaluators.intrinsics import (
    add,
    bit_and,
    bits,
    constant,
    copysign,
    fabs,
    floor,
    fma,
    polynomial,
    rint,
    select,
    shift_left,
    shift_right,
    sqrt,
    subtract,
    unbits,
)

# What a helper set holds beside F, I and trig_limit; kernels of primitives may use all of it.
NAMES = ("exp", "exp2", "expm1", "log", "log2", "sin", "cos", "tan", "sin_narrow", "cos_narrow", "tan_narrow", "tanh",
         "erf", "logb", "scalb", "sign", "minimum", "maximum", *elementary.NAMES)  # fmt: skip
INSTRUCTIONS = {"sqrt": sqrt, "fabs": fabs, "rint": rint, "floor": floor, "copysign": copysign, "fma": fma}
# Functions with a faster body for arguments up to `trig_limit`: a loop may test a block of rows and take it.
NARROW = {"sin": "sin_narrow", "cos": "cos_narrow", "tan": "tan_narrow"}

_LN2 = 0.6931471805599453
# ln 2 as a sum of two floats, high part first.
_LN2_PARTS = {4: (0.6931471824645996, -1.9046542121259336e-09), 8: (0.6931471805599453, 2.3190468138462996e-17)}

# exp(r) = 1 + r + r^2 q(r) on |r| <= ln(2)/2
_EXP = {
    4: (0.50000000963000807, 0.16666517716325342, 0.041666202188858949, 0.0083690244878058211, 0.0013950732278357266),
    8: (
        0.49999999999999999965, 0.16666666666666684173, 0.041666666666666725388, 0.0083333333333164845614,
        0.0013888888888858072846, 0.00019841269897698645684, 0.000024801587374399269931, 2.7557233588090661546e-6,
        2.7557232835629905778e-7, 2.5112469011299520581e-8, 2.0927096917136671278e-9,
    ),
}  # fmt: skip
# 2^f = 1 + f q(f) on |f| <= 1/2
_EXP2 = {
    4: (
        0.69314720623763988836, 0.24022651346667280152, 0.055503278041782310098, 0.0096180038511516815101,
        0.0013400266112384594464, 0.00015476303719079214793,
    ),
    8: (
        0.69314718055994530837, 0.24022650695910071206, 0.05550410866482169823, 0.00961812910762849507,
        0.0013333558146390488657, 0.00015403530393341247174, 0.000015252733856186672033, 1.3215486832976107622e-6,
        1.0178051231290775691e-7, 7.0548882705462772996e-9, 4.4566702041716736762e-10, 2.5741791474346866929e-11,
    ),
}  # fmt: skip
# float32: log(1 + f) = f - f^2/2 + f^3 q(f) on |f| <= 1/3;
# float64: log((1 + s) / (1 - s)) = 2 s + s^3 q(s^2) on the image of [sqrt(1/2), sqrt(2)]
_LOG = {
    4: (
        0.33333179954662522215, -0.25004254928393888893, 0.2001308919772511023, -0.16471909737148681228,
        0.13958004889306271026, -0.15124587256717841894, 0.1422729210170720025,
    ),
    8: (
        0.66666666666666660965, 0.40000000000006258028, 0.28571428569082042766, 0.22222222647402405897,
        0.18181775615483936846, 0.15387092997720494941, 0.13250066648199369531, 0.13251804780631467172,
    ),
}  # fmt: skip
# erf(x) = x p(x^2) up to 1; beyond, 1 - exp(-x^2) q((x - k) / (x + k)), k = 2 (float32) and 2.5 (float64)
_ERF_NEAR = {
    4: (
        1.12837916571759535, -0.37612625750195458323, 0.11283584184748704993, -0.026853766553668317635,
        0.0051882319586807440075, -0.00080092697488307351245, 0.000078505384053927211251,
    ),
    8: (
        1.1283791670955125656, -0.37612638903183517053, 0.11283791670944078873, -0.026866170643093950058,
        0.0052239776059703201992, -0.00085483259220274357245, 0.00012055293354064382939, -0.000014924707936438680226,
        1.644707675104468017e-6, -1.6205887154993952428e-7, 1.3709107773757137496e-8, -7.7759247891338292756e-10,
    ),
}  # fmt: skip
_ERF_FAR = {
    4: (
        0.25539567682320694982, -0.42718587544797651959, 0.241657454933256299, -0.078981352102432386879,
        0.0037676376780974859391, 0.0073180153776023100107, 0.00010579116939559430538,
    ),
    8: (
        0.21080636406114358065, -0.37173673394897293135, 0.251713193217451293, -0.1250330523789905366,
        0.039922539073179693071, -0.0039937011703668965408, -0.0026423658309920884779, 0.00087591653664585092401,
        0.00022838266621764223982, -0.00012888593808209545069, -0.000034237213598060056873,
        0.000018537706363434398959, 7.694385822461144998e-6, -1.725875171366102499e-6, -1.2428203435436556621e-6,
    ),
}  # fmt: skip


@cache
def helpers(dtype: str) -> SimpleNamespace:
    """The functions for "float32" or "float64": compiled, inlined into their callers, of floats of that type."""
    F = {"float32": np.float32, "float64": np.float64}[dtype]
    I = {"float32": np.int32, "float64": np.int64}[dtype]  # noqa: E741
    size = np.dtype(F).itemsize
    single = size == 4
    info = np.finfo(F)
    mantissa = info.nmant
    bias = info.maxexp - 1

    ONE, ZERO, HALF, TWO = F(1), F(0), F(0.5), F(2)
    INF, NAN = F(np.inf), F(np.nan)
    SHIFT = I(mantissa)
    TINY = F(info.tiny)
    UP, UP_BITS = F(2.0**mantissa), F(-mantissa)  # lifts a subnormal into the normal range
    SPLIT_MASK = I(int(np.array(-np.inf, F).view(I)))  # sign and exponent
    BIAS = I(bias)
    FAR_POINT = F(2) if single else F(2.5)
    FAR_END = F(4) if single else F(6)
    TANH_END = F(10) if single else F(20)
    EXPM1_END, EXPM1_LEAST = F(math.log(float(info.max))), F(-20) if single else F(-40)

    kind = numba.float32 if single else numba.float64
    exp_series, log_series, near_series, far_series = (
        polynomial(kind, table[size]) for table in (_EXP, _LOG, _ERF_NEAR, _ERF_FAR)
    )
    twice_exp_series = polynomial(kind, tuple(2 * c for c in (1.0, 1.0, *_EXP[size])))
    twice_exp2_series = polynomial(kind, tuple(2 * c for c in (1.0, *_EXP2[size])))

    # Added and taken away again, `magic` rounds to an integer n, which the low bits of the sum hold; with `biased` they
    # hold n - 1 + bias.
    magic = constant(kind, 1.5 * 2.0**mantissa)
    biased = constant(kind, 1.5 * 2.0**mantissa + bias - 1)
    exp2_min, exp2_max = constant(kind, 1.0 - bias), constant(kind, 2.0 + bias)
    exp_min, exp_max = constant(kind, float(F((1 - bias) * _LN2))), constant(kind, float(F((bias + 2) * _LN2)))
    log2e = constant(kind, float(F(1 / _LN2)))
    ln2_high, ln2_low = _LN2_PARTS[size]
    minus_ln2_high, minus_ln2_low = constant(kind, -ln2_high), constant(kind, -ln2_low)
    step = constant(kind, 2.0**-mantissa)
    ln2_step, ln2_low_step = constant(kind, ln2_high * 2.0**-mantissa), constant(kind, ln2_low * 2.0**-mantissa)

    @closure
    def power_bits(y, t):
        """y * 2^n for y in [1/2, 2), where t = n + magic: n goes straight to the exponent bits."""
        return unbits(add(bits(y), shift_left(bits(t), SHIFT)))

    # exp and exp2 compute 2 e^r times 2^(n - 1): the last factor comes from the low bits of a biased t, is 0 for the
    # least n let through and infinite for the greatest, and the product overflows where it should.
    @closure
    def exp(x):
        x = select(exp_min() > x, exp_min(), x)
        x = select(exp_max() < x, exp_max(), x)
        t = fma(x, log2e(), biased())
        n = t - biased()
        r = fma(n, minus_ln2_low(), fma(n, minus_ln2_high(), x))
        return twice_exp_series(r) * unbits(shift_left(bits(t), SHIFT))

    @closure
    def exp2(x):
        x = select(exp2_min() > x, exp2_min(), x)
        x = select(exp2_max() < x, exp2_max(), x)
        t = x + biased()
        f = x - (t - biased())
        return twice_exp2_series(f) * unbits(shift_left(bits(t), SHIFT))

    LOG_SPLIT = I(int(np.array(2 / 3 if single else math.sqrt(0.5), F).view(I)))

    @closure
    def log_parts(x):
        """e 2^nmant and log(m) with x = m 2^e, m around 1; specials are left to the caller."""
        i = bits(x)
        d = bit_and(subtract(i, LOG_SPLIT), SPLIT_MASK)
        e = F(d)  # exact: only its upper bits are set
        f = unbits(subtract(i, d)) - ONE
        if single:
            s = f * f
            y = fma(fma(f, log_series(f), -HALF), s, f)
        else:
            s = f / (TWO + f)
            z = s * s
            h = HALF * f * f
            y = f - (h - s * fma(z, log_series(z), h))
        return e, y

    @closure
    def log_limits(x, y):
        """y, but as IEEE has it at zero (which takes in the subnormals), below zero, at infinity and NaN."""
        return select(x < TINY, select(x > -TINY, -INF, NAN), select(x < INF, y, x))

    @closure
    def log(x):
        e, y = log_parts(x)
        return log_limits(x, fma(e, ln2_step(), y) if single else fma(e, ln2_step(), fma(e, ln2_low_step(), y)))

    @closure
    def log2(x):
        e, y = log_parts(x)
        return log_limits(x, fma(y, log2e(), e * step()))

    @closure
    def expm1(x):
        a = select(x < EXPM1_LEAST, EXPM1_LEAST, select(x > EXPM1_END, EXPM1_END, x))
        t = fma(a, log2e(), magic())
        n = t - magic()
        r = fma(n, minus_ln2_low(), fma(n, minus_ln2_high(), a))
        scale = power_bits(HALF, t)  # of the last n let through, twice that would be infinite
        y = TWO * fma(scale, fma(r * r, exp_series(r), r), scale - HALF)
        return copysign(select(x > EXPM1_END, INF, y), x)  # keeps the sign of zero

    @closure
    def tanh(x):
        a = fabs(x)
        a = TWO * select(a > TANH_END, TANH_END, a)
        t = fma(a, log2e(), magic())
        n = t - magic()
        r = fma(n, minus_ln2_low(), fma(n, minus_ln2_high(), a))
        scale = power_bits(ONE, t)
        y = fma(scale, fma(r * r, exp_series(r), r), scale - ONE)  # exp(2a) - 1 without cancellation
        return copysign(y / (y + TWO), x)

    @closure
    def erf(x):
        a = fabs(x)
        near = x * near_series(x * x)
        b = select(a > FAR_END, FAR_END, a)
        far = ONE - exp(-(b * b)) * far_series((b - FAR_POINT) / (b + FAR_POINT))
        return select(a < ONE, near, copysign(far, x))

    @closure
    def logb(x):
        a = fabs(x)
        small = a < TINY
        i = bits(select(small, a * UP, a))
        e = F(subtract(shift_right(i, SHIFT), BIAS)) + select(small, UP_BITS, ZERO)
        return select(a < INF, select(a == ZERO, -INF, e), a)

    @closure
    def power_of_two(k):
        """2^k for an integral k in the normal range of float64."""
        return unbits(shift_left(add(np.int64(k), np.int64(1023)), np.int64(52)))

    @closure
    def clip(k, low, high):
        """k held to [low, high]; NaN becomes low."""
        return select(k > low, select(k < high, k, high), low)

    @closure
    def scalb(x, k):
        if single:
            # Exact in float64; the conversion rounds once.
            y = F(np.float64(x) * power_of_two(clip(np.float64(rint(k)), -300.0, 300.0)))
        else:
            # The last factor alone can reach the subnormals, so only it can round.
            n = rint(k)
            last = clip(n, -1000.0, 1000.0)
            middle = clip(n - last, -1000.0, 1000.0)
            first = clip(n - last - middle, -1000.0, 1000.0)
            y = x * power_of_two(first) * power_of_two(middle) * power_of_two(last)
        return select(k == k, y, k)

    @closure
    def sign(x):
        return select(x > ZERO, ONE, select(x < ZERO, -ONE, select(x == ZERO, ZERO, x)))

    @closure
    def minimum(a, b):
        return select((a < b) | (a != a), a, b)

    @closure
    def maximum(a, b):
        return select((a > b) | (a != a), a, b)

    trig = trigonometry.functions(dtype)
    own = SimpleNamespace(exp=exp, exp2=exp2, expm1=expm1, log=log, log2=log2, scalb=scalb)
    scope = locals() | vars(trig) | elementary.functions(dtype, own, helpers("float64") if single else None)
    return SimpleNamespace(F=F, I=I, trig_limit=trig.limit, **{name: scope[name] for name in NAMES}, **INSTRUCTIONS)
