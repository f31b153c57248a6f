"""The primitives of layers: functions of every element of a batch of images, and moments over its axes.

Liu et al., "Evolving normalization-activation layers" (arXiv 2004.02967), table 1, with `sub`, and with `erf`, which
Derf (arXiv 2512.10938) needs. Where the paper leaves a choice it is decided here:

- `rms` and `std` add EPS under the root: they are never zero, and have a derivative everywhere.
- `slog` and `ssqrt`, sign(x) log|x| and sign(x) sqrt|x|, are 0 at 0, with derivative 0 there.
- Division is IEEE's: layers that divide by zero do not survive.

A moment is named by what it averages and over what: `std_group` over a group of channels of one image, "layer" over all
its channels, "instance" over one channel of one image, "batch" over one channel of all images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives import hero, table
from primitives.primitive import AXES, Primitive, PrimitiveSet

EPS = 1e-5
STATISTICS = {"batch": "bhw", "layer": "gchw", "instance": "hw", "group": "chw"}
_NO_KERNEL = {
    "c": "needs a batch of images",
    "sympy": "needs a batch of images",
    "gradient": "depends on every element that it averages",
    "numba": "averages over axes of a batch of images, which only the reference and torch do",
}
_EITHER, _POSITIVE = (-64.0, 64.0), (2.0**-20, 64.0)


def _sigmoid(a: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # 1 / infinity is right
        return np.asarray(1 / (1 + np.exp(-a)))


SIGMOID = table.unary(
    "sigmoid", "F(1) / (F(1) + exp(-{0}))", "{r} * (F(1) - {r})", ulp=3.0,
    numpy=_sigmoid, high=lambda mp, a: 1 / (1 + mp.exp(-a)),
    python="1.0 / (1.0 + np.exp(-{0}))", c="1.0{f} / (1.0{f} + exp{f}(-{0}))",
    sympy=lambda sp, a: 1 / (1 + sp.exp(-a)), torch_source="torch.sigmoid({0})",
)  # fmt: skip


def _signed(name: str, function: str, ulp: float, kernel: str, gradient: str) -> Primitive:
    """sign(x) f(|x|), and 0 at 0, where its derivative is 0 too: f never sees what has an infinite one."""

    def apply(xp: Any, a: Any) -> Any:
        size = xp.where(a == 0, 1.0, abs(a))
        return xp.where(a == 0, 0.0, xp.sign(a) * getattr(xp, function)(size))

    return table.unary(
        name, kernel, gradient, domain=_EITHER, ulp=ulp, nan=f"sign(x) {function}|x|; 0 at 0", torch=apply,
        numpy=lambda a: apply(np, a), high=lambda mp, a: mp.sign(a) * getattr(mp, function)(abs(a)) if a else mp.mpf(0),
        python=f"np.sign({{0}}) * np.{function}(np.where({{0}} == 0, 1.0, np.abs({{0}})))",
        numba=f"(0.0 if {{0}} == 0 else np.sign({{0}}) * np.{function}(np.abs({{0}})))",
        c=f"({{0}} == 0 ? 0 : copysign{{f}}(1, {{0}}) * {function}{{f}}(fabs{{f}}({{0}})))",
        sympy=lambda sp, a: sp.sign(a) * getattr(sp, function)(sp.Abs(a)),
    )  # fmt: skip


SLOG = _signed(
    "slog", "log", 2.5, "select(log(fabs({0})) < F(-1000), F(0), sign({0}) * log(fabs({0})))",  # subnormals are zeros
    "select({0} == F(0), F(0), F(1) / fabs({0}))",
)  # fmt: skip
SSQRT = _signed(
    "ssqrt", "sqrt", 0.5, "sign({0}) * sqrt(fabs({0}))", "select({0} == F(0), F(0), F(0.5) / fabs({r}))"
)  # fmt: skip


def _moment(kind: str, statistic: str) -> Primitive:
    """A moment over the axes of a statistic; its result keeps them, with one element each."""
    over = STATISTICS[statistic]
    axes = tuple(AXES.index(axis) for axis in over)
    dims = tuple(axis if axis == 0 else axis - len(AXES) for axis in axes)  # there may be more axes behind the first

    def number(mean: Callable[[Any], Any], root: Callable[[Any], Any], a: Any) -> Any:
        if kind == "mean":
            return mean(a)
        centred = a - mean(a) if kind == "std" else a
        return root(mean(centred * centred) + EPS)

    def by_rows(a: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        array = a.reshape(shape).astype(np.float64)
        with np.errstate(all="ignore"):
            out = number(lambda v: v.mean(axis=axes, keepdims=True), np.sqrt, array)
        return np.broadcast_to(out, shape).reshape(-1)

    def high(mp: Any, x: list[Any]) -> list[Any]:
        middle = mp.fsum(x) / len(x) if kind != "rms" else mp.mpf(0)
        square = mp.fsum((v - middle) ** 2 for v in x) / len(x)
        return [middle if kind == "mean" else mp.sqrt(square + mp.mpf(EPS))] * len(x)

    def source(library: str, whole: str) -> str:
        mean = f"{library}.mean({{}}, {whole})"
        if kind == "mean":
            return mean.format("{0}")
        centred = f"{{0}} - {mean.format('{0}')}" if kind == "std" else "{0}"
        return f"{library}.sqrt({mean.format(f'{library}.square({centred})')} + {EPS})"

    return Primitive(
        f"{kind}_{statistic}", 1, by_rows, high, "", source("np", f"axis={axes}, keepdims=True"),
        torch=lambda t, a: number(lambda v: v.mean(dims, keepdim=True), t.sqrt, a),
        torch_source=source("torch", f"dim={axes}, keepdim=True"),
        domain=(_POSITIVE if kind == "mean" else _EITHER,),  # where nothing cancels
        over=over, ulp=4.0, missing=_NO_KERNEL, nan=f"NaN if there is one in the {statistic}",
    )  # fmt: skip


MOMENTS = tuple(_moment(kind, statistic) for statistic in STATISTICS for kind in ("mean", "rms", "std"))
FUNCTIONS = (
    table.ADD, table.SUB, table.MUL, table.DIV, table.MAX, table.NEG, SIGMOID, table.TANH, table.EXP, SLOG, table.ABS,
    table.SQUARE, SSQRT, table.ERF,
)  # fmt: skip
# The whole set; and what every image passes through by itself.
LAYERS = PrimitiveSet(FUNCTIONS + MOMENTS)
BY_IMAGE = PrimitiveSet(FUNCTIONS + tuple(p for p in MOMENTS if "b" not in p.over))
# Functions of one number, for layers that average nothing.
POINTWISE = PrimitiveSet(FUNCTIONS + (table.MIN, table.SQRT, hero.ARCTAN))
