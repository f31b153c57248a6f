"""The primitive table: real arithmetic, elementary functions, and the bit-level pieces of float kernels.

IEEE 754 throughout, nothing "protected": 1/0 is infinite, log(-1) and 0/0 are NaN. A search that wants protection
declares its own primitive.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from primitives.primitive import Primitive, PrimitiveSet

_ANY = (-8.0, 8.0)
_POSITIVE = (2.0**-20, 64.0)
_NO_SYMBOLIC = {"sympy": "a bit-level operation has no symbolic form"}
_NO_FORMULA = _NO_SYMBOLIC | {"gradient": "a step function of its argument"}


def unary(name: str, kernel: str, gradient: str = "", *, domain: tuple[float, float] = _ANY, **more: Any) -> Primitive:
    """A function of one argument that NumPy, mpmath, C, sympy and torch know as `name`, but for what `more` gives."""
    spellings: dict[str, Any] = {
        "numpy": getattr(np, name, None),
        "high": lambda mp, a: getattr(mp, name)(a),
        "python": f"np.{name}({{0}})",
        "c": f"{name}{{f}}({{0}})",
        "sympy": lambda sp, a: getattr(sp, name)(a),
        "torch": lambda t, a: getattr(t, name)(a),
    }
    derivative = (gradient,) if gradient else ()
    return Primitive(name, 1, kernel=kernel, gradient=derivative, domain=(domain,), **(spellings | more))


def _erf(a: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return np.asarray(erf(a))


def _logb(a: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(a) & (a != 0), np.frexp(a)[1] - 1.0, np.log2(np.abs(a)))


def _scale(a: np.ndarray, k: np.ndarray) -> np.ndarray:
    power = np.clip(np.rint(np.nan_to_num(k)), -4400, 4400).astype(np.int64)
    with np.errstate(over="ignore", under="ignore"):
        return np.where(np.isnan(k), np.nan, np.ldexp(a, power))


def _high_logb(mp: Any, a: Any) -> Any:
    return mp.mpf(mp.frexp(a)[1] - 1) if a != 0 else mp.ninf


def _torch_exponent(t: Any, a: Any) -> Any:
    return t.where(t.isfinite(a) & (a != 0), t.frexp(a)[1] - 1.0, a.abs().log2())


def _torch_scale(t: Any, a: Any, k: Any) -> Any:
    power = t.round(k).clamp(-2200, 2200).double()
    third = t.trunc(power / 3)  # a power of two that is finite and exact
    scaled = a.double() * t.exp2(third) * t.exp2(third) * t.exp2(power - 2 * third)
    return t.where(k == k, scaled.to(a.dtype), k)


ADD = Primitive(
    "add", 2, np.add, lambda mp, a, b: a + b, "{0} + {1}", "{0} + {1}", "{0} + {1}", lambda sp, a, b: a + b,
    torch=lambda t, a, b: a + b,
    gradient=("F(1)", "F(1)"), symbol="+", commutative=True, units=(0.0, 0.0), domain=(_ANY, _ANY),
)  # fmt: skip
SUB = Primitive(
    "sub", 2, np.subtract, lambda mp, a, b: a - b, "{0} - {1}", "{0} - {1}", "{0} - {1}", lambda sp, a, b: a - b,
    torch=lambda t, a, b: a - b,
    gradient=("F(1)", "F(-1)"), symbol="-", units=(None, 0.0), domain=(_ANY, _ANY),
)  # fmt: skip
MUL = Primitive(
    "mul", 2, np.multiply, lambda mp, a, b: a * b, "{0} * {1}", "{0} * {1}", "{0} * {1}", lambda sp, a, b: a * b,
    torch=lambda t, a, b: a * b,
    gradient=("{1}", "{0}"), symbol="*", commutative=True, units=(1.0, 1.0), domain=(_ANY, _ANY),
)  # fmt: skip
DIV = Primitive(
    "div", 2, np.divide, lambda mp, a, b: a / b, "{0} / {1}", "{0} / {1}", "{0} / {1}", lambda sp, a, b: a / b,
    torch=lambda t, a, b: a / b,
    gradient=("F(1) / {1}", "-{r} / {1}"), symbol="/", units=(None, 1.0), domain=(_ANY, _POSITIVE),
    nan="0/0 and inf/inf are NaN",
)  # fmt: skip
NEG = unary(
    "neg",
    "-{0}",
    "F(-1)",
    numpy=np.negative,
    high=lambda mp, a: -a,
    python="-{0}",
    c="-{0}",
    sympy=lambda sp, a: -a,
    torch=lambda t, a: -a,
)
ABS = unary(
    "abs",
    "fabs({0})",
    "copysign(F(1), {0})",
    high=lambda mp, a: abs(a),
    c="fabs{f}({0})",
    sympy=lambda sp, a: sp.Abs(a),
)
MIN = Primitive(
    "min", 2, np.minimum, lambda mp, a, b: min(a, b), "minimum({0}, {1})", "np.minimum({0}, {1})",
    "({0} < {1} || {0} != {0} ? {0} : {1})", lambda sp, a, b: sp.Min(a, b),
    torch=lambda t, a, b: t.minimum(a, b),
    gradient=("F(1) if {0} < {1} else F(0)", "F(0) if {0} < {1} else F(1)"),
    commutative=True, units=(float("inf"), float("inf")), domain=(_ANY, _ANY), nan="NaN if either is NaN",
)  # fmt: skip
MAX = Primitive(
    "max", 2, np.maximum, lambda mp, a, b: max(a, b), "maximum({0}, {1})", "np.maximum({0}, {1})",
    "({0} > {1} || {0} != {0} ? {0} : {1})", lambda sp, a, b: sp.Max(a, b),
    torch=lambda t, a, b: t.maximum(a, b),
    gradient=("F(1) if {0} > {1} else F(0)", "F(0) if {0} > {1} else F(1)"),
    commutative=True, units=(float("-inf"), float("-inf")), domain=(_ANY, _ANY), nan="NaN if either is NaN",
)  # fmt: skip
SQUARE = unary("square", "{0} * {0}", "F(2) * {0}", high=lambda mp, a: a * a, c="{0} * {0}", sympy=lambda sp, a: a**2)
SQRT = unary("sqrt", "sqrt({0})", "F(0.5) / {r}", domain=(0.0, 64.0), nan="NaN below zero; sqrt(-0) is -0")
RECIPROCAL = unary(
    "reciprocal", "F(1) / {0}", "-{r} * {r}", domain=_POSITIVE, high=lambda mp, a: 1 / a,
    python="1.0 / {0}", c="1.0{f} / {0}", sympy=lambda sp, a: 1 / a, torch=lambda t, a: 1.0 / a,
)  # fmt: skip
FMA = Primitive(
    "fma", 3, lambda a, b, c: a * b + c, lambda mp, a, b, c: a * b + c, "{0} * {1} + {2}", "{0} * {1} + {2}",
    "{0} * {1} + {2}", lambda sp, a, b, c: a * b + c, torch=lambda t, a, b, c: a * b + c,
    gradient=("{1}", "{0}", "F(1)"), commutative=True,
    domain=(_POSITIVE, _POSITIVE, _POSITIVE), ulp=1.5,
    nan="as a*b + c; whether the product is rounded first is the evaluator's choice",
)  # fmt: skip
EXP = unary("exp", "exp({0})", "{r}", ulp=1.5, nan="exp(-inf) = 0; overflow is inf")
EXP2 = unary(
    "exp2", "exp2({0})", "F(0.6931471805599453) * {r}", ulp=1.5, high=lambda mp, a: mp.mpf(2) ** a,
    sympy=lambda sp, a: sp.Integer(2) ** a,
)  # fmt: skip
LOG = unary("log", "log({0})", "F(1) / {0}", domain=_POSITIVE, ulp=2.0, nan="NaN below zero; log(0) = -inf")
LOG2 = unary(
    "log2", "log2({0})", "F(1.4426950408889634) / {0}", domain=_POSITIVE, ulp=2.5, nan="NaN below zero; log2(0) = -inf",
    high=lambda mp, a: mp.log(a, 2), sympy=lambda sp, a: sp.log(a, 2),
)  # fmt: skip
SIN = unary("sin", "sin({0})", "cos({0})", ulp=2.5, nan="NaN at infinity")
COS = unary("cos", "cos({0})", "-sin({0})", ulp=2.5, nan="NaN at infinity")
TAN = unary("tan", "tan({0})", "F(1) + {r} * {r}", ulp=4.0, nan="NaN at infinity")
TANH = unary("tanh", "tanh({0})", "F(1) - {r} * {r}", ulp=3.0)
ERF = unary(
    "erf",
    "erf({0})",
    "F(1.1283791670955126) * exp(-{0} * {0})",
    ulp=3.0,
    numpy=_erf,
    python="special.erf({0})",
    numba="math.erf({0})",
    torch_source="torch.erf({0})",
)
SIGN = unary(
    "sign", "sign({0})", "F(0)", c="({0} != {0} ? {0} : ({0} > 0) - ({0} < 0))",
    numba="np.sign({0}) + 0.0",  # its sign(-0) is -0
    torch=lambda t, a: t.where(a == a, t.sign(a), a),  # its sign(NaN) is 0, which the template, for reading, takes
    nan="sign(NaN) is NaN; sign(0) and sign(-0) are 0",
)  # fmt: skip
INTERP = Primitive(
    "interp", 3, lambda a, b, t: (1 - t) * a + t * b, lambda mp, a, b, t: (1 - t) * a + t * b,
    "(F(1) - {2}) * {0} + {2} * {1}", "(1.0 - {2}) * {0} + {2} * {1}", "(1.0{f} - {2}) * {0} + {2} * {1}",
    lambda sp, a, b, t: (1 - t) * a + t * b, torch=lambda t, a, b, c: (1.0 - c) * a + c * b,
    gradient=("F(1) - {2}", "{2}", "{1} - {0}"),
    domain=(_POSITIVE, _POSITIVE, (0.0, 1.0)), ulp=3.0, nan="as written: (1 - t) a + t b",
)  # fmt: skip
EXPONENT = unary(
    "exponent", "logb({0})", numpy=_logb, high=_high_logb, domain=_POSITIVE, sympy=None, torch=_torch_exponent,
    torch_source="torch.where(torch.isfinite({0}) & ({0} != 0), torch.frexp({0})[1] - 1.0, "
    "torch.log2(torch.abs({0})))",
    python="np.where(np.isfinite({0}) & ({0} != 0), np.frexp({0})[1] - 1.0, np.log2(np.abs({0})))",
    numba="(math.frexp({0})[1] - 1.0 if math.isfinite({0}) and {0} != 0.0 else "
    "-math.inf if {0} == 0.0 else abs({0}))",
    c="logb{f}({0})", missing=_NO_FORMULA,
    nan="floor(log2|x|), exact; -inf at zero, inf at infinity",
)  # fmt: skip
SCALE = Primitive(
    "scale", 2, _scale, lambda mp, a, k: mp.ldexp(a, int(mp.nint(k))), "scalb({0}, {1})",
    "np.where({1} == {1}, np.ldexp({0}, np.rint(np.clip(np.nan_to_num({1}), -4400, 4400)).astype(int)), np.nan)",
    "({1} == {1} ? scalbn{f}({0}, (int)rint{f}(fmin{f}(fmax{f}({1}, -4400.0{f}), 4400.0{f}))) : {1})", None,
    numba="(math.ldexp({0}, int(np.rint(min(max({1}, -4400.0), 4400.0)))) if {1} == {1} else {1})",
    # The template is for reading: torch.ldexp overflows with 2^k.
    torch=_torch_scale, torch_source="torch.where({1} == {1}, torch.ldexp({0}, torch.round({1})), {1})",
    domain=(_ANY, (-30.0, 30.0)), missing=_NO_FORMULA, nan="x * 2^round(k), k clipped to +-4400; NaN if either is NaN",
)  # fmt: skip
ROUND = unary(
    "round", "rint({0})", "F(0)", numpy=np.rint, high=lambda mp, a: mp.nint(a), python="np.rint({0})", c="rint{f}({0})",
    sympy=None, torch=lambda t, a: t.round(a), torch_source="torch.round({0})", missing=_NO_SYMBOLIC,
    nan="to nearest, ties to even",
)  # fmt: skip

REAL = PrimitiveSet(
    (ADD, SUB, MUL, DIV, NEG, ABS, MIN, MAX, SQUARE, SQRT, RECIPROCAL, FMA, EXP, EXP2, LOG, LOG2,
     SIN, COS, TAN, TANH, ERF, SIGN, INTERP, EXPONENT, SCALE, ROUND)
)  # fmt: skip
ARITHMETIC = REAL.subset("add", "sub", "mul", "div")
