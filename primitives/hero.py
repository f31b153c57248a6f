"""The primitives of optimizer search: the 45 functions of "Symbolic discovery of optimization algorithms", mended.

Chen et al., arXiv 2302.06675, appendix; the published code is google/automl, `lion/`. Where that leaves a choice, or
fails, it is decided here:

- `div` gives 0 for 0/0: weights that have had no gradient yet have m = v = 0, and the paper's AdamW has no epsilon.
  Then m / |m| is sign(m) everywhere. Otherwise division is IEEE's, and `reciprocal(0)` is infinite.
- `log`, `log2`, `log10` and `sqrt` take |x|, `log1p` |1 + x|, `power` |x|: all total, as in the paper.
- `cbrt` is the real cube root (the published one is NaN below zero), `invert` is 1 - x (published: bitwise, which
  floats refuse), `interp(x, y, a)` is (1 - a) x + a y, in the order of arguments that the paper's programs use.
- `norm`, `dot` and `cosine_sim` are of one tensor, every weight of which gets the number; `global_norm` is of all
  tensors together. Sums are float64. `cosine_sim` with a vector of zeros is 0.
- `clip(x, c)` is x min(1, c / global_norm(x)).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from primitives import table
from primitives.primitive import Primitive, PrimitiveSet

_ANY = (-8.0, 8.0)
_POSITIVE = (2.0**-20, 64.0)
_EITHER = (-64.0, 64.0)
_NO_DERIVATIVE = {"gradient": "depends on every element of a tensor"}
_WHOLE = {"c": "needs a whole tensor", "sympy": "needs a whole tensor"} | _NO_DERIVATIVE
_unary = table.unary


def _quiet(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A NumPy function that says nothing of infinities and NaN."""

    def silent(*values: np.ndarray, **more: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return function(*values, **more)

    return silent


def _nullary(name: str, value: float, python: str, c: str, high: Callable[[Any], Any], sympy: Any) -> Primitive:
    """A number with a name."""
    return Primitive(
        name, 0, lambda: np.asarray(value), high, f"F({value!r})", python, c, sympy,
        torch=lambda t: t.tensor(value, dtype=t.float64), torch_source=repr(value), domain=(), nan="a constant",
    )  # fmt: skip


PI = _nullary("pi", math.pi, "np.pi", "0x1.921fb54442d18p+1{f}", lambda mp: mp.pi + 0, lambda sp: sp.pi)
E = _nullary("e", math.e, "np.e", "0x1.5bf0a8b145769p+1{f}", lambda mp: mp.e + 0, lambda sp: sp.E)
EPS = _nullary(
    "eps", 1e-8, "1e-08", "1e-8{f}", lambda mp: mp.mpf("1e-8"), lambda sp: sp.Rational(1, 10**8)
)  # fmt: skip

DIV = Primitive(
    "div", 2, _quiet(lambda a, b: np.where((a == 0) & (b == 0), np.zeros_like(a), np.divide(a, b))),
    lambda mp, a, b: a / b if a != 0 or b != 0 else mp.mpf(0), "divide({0}, {1})",
    "np.where(({0} == 0) & ({1} == 0), 0.0, np.divide({0}, {1}))", "({0} == 0 && {1} == 0 ? 0 : {0} / {1})",
    lambda sp, a, b: a / b, torch=lambda t, a, b: t.where((a == 0) & (b == 0), 0.0, a / b),
    torch_source="torch.where(({0} == 0) & ({1} == 0), 0.0, {0} / {1})",
    numba="(0.0 if {0} == 0 and {1} == 0 else np.divide({0}, {1}))",
    gradient=("divide(F(1), {1})", "-divide({r}, {1})"), symbol="/", units=(None, 1.0), domain=(_ANY, _POSITIVE),
    nan="0/0 is 0; inf/inf is NaN",
)  # fmt: skip
SQRT = _unary(
    "sqrt", "sqrt(fabs({0}))", "copysign(F(0.5) / {r}, {0})", domain=_EITHER, nan="of |x|",
    numpy=lambda a: np.sqrt(np.abs(a)), high=lambda mp, a: mp.sqrt(abs(a)), python="np.sqrt(np.abs({0}))",
    c="sqrt{f}(fabs{f}({0}))", sympy=lambda sp, a: sp.sqrt(sp.Abs(a)), torch=lambda t, a: a.abs().sqrt(),
)  # fmt: skip
CUBE = _unary(
    "cube", "{0} * {0} * {0}", "F(3) * {0} * {0}", ulp=1.5, numpy=lambda a: a * a * a, high=lambda mp, a: a**3,
    python="{0} * {0} * {0}", c="{0} * {0} * {0}", sympy=lambda sp, a: a**3, torch=lambda t, a: a * a * a,
)  # fmt: skip
CBRT = _unary(
    "cbrt", "cbrt({0})", "F(1) / (F(3) * {r} * {r})", domain=_EITHER, ulp=2.0, nan="the real root: cbrt(-8) is -2",
    high=lambda mp, a: mp.sign(a) * mp.cbrt(abs(a)), sympy=lambda sp, a: sp.real_root(a, 3),
    torch=lambda t, a: t.copysign(a.abs() ** (1 / 3), a),
    torch_source="torch.copysign(torch.abs({0}) ** (1 / 3), {0})",
)  # fmt: skip


def _logarithm(name: str, base: float, ulp: float, high: Any, sympy: Any) -> Primitive:
    return _unary(
        name, f"{name}(fabs({{0}}))", f"F({1 / math.log(base)!r}) / {{0}}", domain=_EITHER, ulp=ulp,
        nan="of |x|; -inf at zero", numpy=_quiet(lambda a: getattr(np, name)(np.abs(a))), high=high,
        python=f"np.{name}(np.abs({{0}}))", c=f"{name}{{f}}(fabs{{f}}({{0}}))", sympy=sympy,
        torch=lambda t, a: getattr(t, name)(a.abs()),
    )  # fmt: skip


def _of_size(mp: Any, a: Any, base: int = 0) -> Any:
    return (mp.log(abs(a), base) if base else mp.log(abs(a))) if a != 0 else mp.ninf


LOG = _logarithm("log", math.e, 2.0, _of_size, lambda sp, a: sp.log(sp.Abs(a)))
LOG2 = _logarithm("log2", 2, 2.5, lambda mp, a: _of_size(mp, a, 2), lambda sp, a: sp.log(sp.Abs(a), 2))
LOG10 = _logarithm("log10", 10, 3.5, lambda mp, a: _of_size(mp, a, 10), lambda sp, a: sp.log(sp.Abs(a), 10))
LOG1P = _unary(
    "log1p", "log1p({0})", "F(1) / (F(1) + {0})", ulp=5.0, nan="log|1 + x|; -inf at -1",
    numpy=_quiet(lambda a: np.where(a > -1, np.log1p(np.maximum(a, -1)), np.log(np.abs(1 + a)))),
    high=lambda mp, a: _of_size(mp, 1 + a), sympy=lambda sp, a: sp.log(sp.Abs(1 + a)),
    python="np.where({0} > -1, np.log1p(np.maximum({0}, -1.0)), np.log(np.abs(1.0 + {0})))",
    c="({0} > -1 ? log1p{f}({0}) : log{f}(fabs{f}(1 + {0})))",
    torch=lambda t, a: t.where(a > -1, t.log1p(a.clamp(min=-1)), (1 + a).abs().log()),
    torch_source="torch.where({0} > -1, torch.log1p(torch.clamp({0}, min=-1)), torch.log(torch.abs(1 + {0})))",
)  # fmt: skip
EXPM1 = _unary("expm1", "expm1({0})", "{r} + F(1)", ulp=3.0, sympy=lambda sp, a: sp.exp(a) - 1)
EXP10 = _unary(
    "exp10", "exp10({0})", "F(2.302585092994046) * {r}", ulp=3.0, numpy=_quiet(lambda a: np.power(a.dtype.type(10), a)),
    high=lambda mp, a: mp.mpf(10) ** a, python="10.0 ** {0}", c="pow{f}(10.0{f}, {0})",
    sympy=lambda sp, a: sp.Integer(10) ** a, torch=lambda t, a: t.pow(10.0, a), torch_source="torch.pow(10.0, {0})",
)  # fmt: skip
_UNIT = (-1.0, 1.0)
SINH = _unary("sinh", "sinh({0})", "cosh({0})", ulp=6.0)
COSH = _unary("cosh", "cosh({0})", "sinh({0})", ulp=6.0)


def _inverse(name: str, c: str, gradient: str, *, domain: tuple[float, float], ulp: float, nan: str) -> Primitive:
    short = name.replace("arc", "a")
    return _unary(
        name, f"{name}({{0}})", gradient, domain=domain, ulp=ulp, nan=nan, high=lambda mp, a: getattr(mp, short)(a),
        c=f"{c}{{f}}({{0}})", sympy=lambda sp, a: getattr(sp, short)(a),
    )  # fmt: skip


ARCSIN = _inverse(
    "arcsin", "asin", "F(1) / sqrt(F(1) - {0} * {0})", domain=_UNIT, ulp=6.0, nan="NaN beyond -1 and 1"
)  # fmt: skip
ARCCOS = _inverse(
    "arccos", "acos", "F(-1) / sqrt(F(1) - {0} * {0})", domain=_UNIT, ulp=6.0, nan="NaN beyond -1 and 1"
)  # fmt: skip
ARCTAN = _inverse("arctan", "atan", "F(1) / (F(1) + {0} * {0})", domain=_ANY, ulp=5.0, nan="NaN in, NaN out")
ARCSINH = _inverse(
    "arcsinh", "asinh", "F(1) / sqrt(F(1) + {0} * {0})", domain=_EITHER, ulp=8.0, nan="NaN in, NaN out"
)  # fmt: skip
ARCCOSH = _inverse(
    "arccosh", "acosh", "F(1) / sqrt({0} * {0} - F(1))", domain=(1.0, 64.0), ulp=8.0, nan="NaN below 1"
)  # fmt: skip
ARCTANH = _inverse(
    "arctanh", "atanh", "F(1) / (F(1) - {0} * {0})", domain=(-0.999, 0.999), ulp=8.0, nan="NaN beyond -1 and 1"
)  # fmt: skip
INVERT = _unary(
    "invert", "F(1) - {0}", "F(-1)", numpy=lambda a: 1 - a, high=lambda mp, a: 1 - a, python="1.0 - {0}",
    c="1.0{f} - {0}", sympy=lambda sp, a: 1 - a, torch=lambda t, a: 1.0 - a,
)  # fmt: skip
POWER = Primitive(
    "power", 2, _quiet(lambda a, b: np.power(np.abs(a), b)), lambda mp, a, b: mp.power(abs(a), b), "power({0}, {1})",
    "np.power(np.abs({0}), {1})", "pow{f}(fabs{f}({0}), {1})", lambda sp, a, b: sp.Abs(a) ** b,
    torch=lambda t, a, b: t.pow(a.abs(), b), torch_source="torch.pow(torch.abs({0}), {1})",
    gradient=("{1} * {r} / {0}", "log(fabs({0})) * {r}"), units=(None, None), domain=((2.0**-6, 64.0), _ANY), ulp=1.5,
    nan="|x|^y; 1 for y = 0 and for |x| = 1, whatever the other is",
)  # fmt: skip


def _by_tensor(number: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """NumPy's definition of a reduction: a number a tensor, for each of its rows; sums in float64."""

    @_quiet
    def reduced(*values: np.ndarray, segments: np.ndarray) -> np.ndarray:
        out = np.empty(values[0].shape)
        for begin, end in pairwise(segments.tolist()):
            out[begin:end] = number(*(v[begin:end].astype(np.float64) for v in values))
        return out

    return reduced


def _over_all(result: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """The same over all tensors."""

    @_quiet
    def reduced(*values: np.ndarray, segments: np.ndarray) -> np.ndarray:
        return np.broadcast_to(result(*(v.astype(np.float64) for v in values)), values[0].shape)

    return reduced


def _ratio(a: Any, b: Any) -> Any:
    return a / b if a != 0 or b != 0 else a


def _size(mp: Any, x: list[Any]) -> Any:
    return mp.sqrt(mp.fsum(v * v for v in x))


def _inner(mp: Any, x: list[Any], y: list[Any]) -> Any:
    return mp.fsum(v * w for v, w in zip(x, y, strict=True))


def _high_cosine(mp: Any, x: list[Any], y: list[Any]) -> list[Any]:
    sizes = _size(mp, x) * _size(mp, y)
    return [_inner(mp, x, y) / sizes if sizes != 0 else mp.mpf(0)] * len(x)


def _high_clip(mp: Any, x: list[Any], c: list[Any]) -> list[Any]:
    size = _size(mp, x)
    return [a * min(1, b / size) if size != 0 else mp.mpf(0) for a, b in zip(x, c, strict=True)]


def _cosine(a: np.ndarray, b: np.ndarray) -> Any:
    return _ratio(np.sum(a * b), np.sqrt(np.sum(a * a)) * np.sqrt(np.sum(b * b)))


def _torch_cosine(t: Any, a: Any, b: Any) -> Any:
    sizes = (a * a).sum().sqrt() * (b * b).sum().sqrt()
    return t.where(sizes == 0, 0.0, (a * b).sum() / sizes)


def _torch_clip(t: Any, a: Any, c: Any) -> Any:
    size = (a * a).sum().sqrt()
    return a * t.where(size == 0, 0.0, (c / size).clamp(max=1.0))


def _clipped(a: np.ndarray, c: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.sum(a * a))
    return a * np.where(size == 0, 0, np.minimum(1, c / size))


NORM = Primitive(
    "norm", 1, _by_tensor(lambda a: np.sqrt(np.sum(a * a))), lambda mp, x: [_size(mp, x)] * len(x), "F(sqrt({xx}))",
    "np.sqrt(np.sum({0} * {0}))", torch=lambda t, a: (a * a).sum().sqrt(),
    torch_source="torch.linalg.vector_norm({0})", over="leaf", ulp=1.5, missing=_WHOLE,
    nan="NaN for a tensor with a NaN",
)  # fmt: skip
GLOBAL_NORM = Primitive(
    "global_norm", 1, _over_all(lambda a: np.sqrt(np.sum(a * a))), NORM.high, NORM.kernel, NORM.python,
    torch=NORM.torch, torch_source=NORM.torch_source, over="tree", ulp=1.5, missing=_WHOLE,
    nan="NaN if there is a NaN anywhere",
)  # fmt: skip
DOT = Primitive(
    "dot", 2, _by_tensor(lambda a, b: np.sum(a * b)), lambda mp, x, y: [_inner(mp, x, y)] * len(x), "F({xy})",
    "np.sum({0} * {1})", torch=lambda t, a, b: (a * b).sum(), torch_source="torch.sum({0} * {1})", over="leaf",
    commutative=True, domain=(_POSITIVE, _POSITIVE), ulp=4.0, missing=_WHOLE, nan="NaN for a tensor with a NaN",
)  # fmt: skip
COSINE_SIM = Primitive(
    "cosine_sim", 2, _by_tensor(_cosine), _high_cosine,
    "F(select(sqrt({xx}) * sqrt({yy}) == 0.0, 0.0, {xy} / (sqrt({xx}) * sqrt({yy}))))",
    "np.sum({0} * {1}) / np.maximum(np.sqrt(np.sum({0} * {0})) * np.sqrt(np.sum({1} * {1})), 1e-300)",
    torch=_torch_cosine,
    torch_source="torch.sum({0} * {1}) / torch.clamp(torch.norm({0}) * torch.norm({1}), min=1e-37)",
    over="leaf", commutative=True, domain=(_POSITIVE, _POSITIVE), ulp=5.0, missing=_WHOLE,
    nan="0 with a tensor of zeros; NaN for one with a NaN",
)  # fmt: skip
CLIP = Primitive(
    "clip", 2, _over_all(_clipped), _high_clip,
    "F({0} * select(sqrt({xx}) == 0.0, 0.0, minimum(1.0, {1} / sqrt({xx}))))",
    "{0} * np.minimum(1.0, {1} / np.maximum(np.sqrt(np.sum({0} * {0})), 1e-300))",
    torch=_torch_clip,
    torch_source="{0} * torch.clamp({1} / torch.clamp(torch.linalg.vector_norm({0}), min=1e-37), max=1.0)",
    over="tree", domain=(_ANY, (0.1, 8.0)), ulp=3.5, missing=_WHOLE,
    nan="zeros stay zeros, whatever c is; else NaN if there is a NaN",
)  # fmt: skip

HERO = PrimitiveSet(
    (
        PI, E, EPS, table.ABS, table.COS, table.SIN, table.TAN, ARCSIN, ARCCOS, ARCTAN, SINH, COSH, table.TANH,
        ARCSINH, ARCCOSH, ARCTANH, table.EXP, table.EXP2, EXP10, EXPM1, LOG, LOG10, LOG2, LOG1P, table.SQUARE, SQRT,
        CUBE, CBRT, table.SIGN, table.RECIPROCAL, NORM, INVERT, table.NEG, GLOBAL_NORM, table.INTERP, DOT, COSINE_SIM,
        CLIP, POWER, table.ADD, table.SUB, table.MUL, DIV, table.MAX, table.MIN,
    )
)  # fmt: skip
# What programs begun from nothing are made of: in all 45 the paper found none.
REDUCED = HERO.subset(
    "add", "sub", "mul", "div", "max", "neg", "abs", "sign", "square", "sqrt", "reciprocal", "interp", "tanh", "exp",
    "log", "clip",
)  # fmt: skip
