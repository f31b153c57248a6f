"""What PTX instructions that only compute do to arrays of values, one of each thread. For `emulator`.

Every float operation rounds once, as IEEE 754 has it. One without a rounding in its name is refused: the assembler may
make a product and a sum into one operation, so that its result is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.compiled import outer
from primitives.evaluators.intrinsics import fma
from primitives.gpu.emulator_integers import (
    DTYPES,
    Function,
    Operation,
    carrying,
    count,
    field,
    funnel,
    plain,
    product,
    quotient,
    remainder,
    same,
    shift,
)

_EITHER = {"add": np.add, "sub": np.subtract, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
           "not": np.invert}  # fmt: skip
_COMPARE: dict[str, Function] = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
                                 "gt": np.greater, "ge": np.greater_equal}  # fmt: skip
_UNSIGNED_COMPARE = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}


@outer
def _fma(a, b, c):  # type: ignore[no-untyped-def]
    out = np.empty_like(a)
    for i in range(len(a)):
        out[i] = fma(a[i], b[i], c[i])
    return out


_FLOATS: dict[str, Function] = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "fma": _fma}


def operation(opcode: str) -> Operation | None:
    """What an opcode does, or None if that is not known here."""
    base, *modifiers = opcode.split(".")
    kind = modifiers[-1] if modifiers else ""
    if base == "setp":
        return _setp(modifiers)
    if base == "cvt":
        return _cvt(modifiers)
    if kind not in DTYPES or base not in _TABLE:
        return None
    return _TABLE[base](base, modifiers[:-1], kind)


def _arithmetic(base: str, modifiers: list[str], kind: str) -> Operation | None:
    """add, sub, mul, mad, fma, div, rem of floats and integers."""
    if kind[0] == "f":
        if modifiers != ["rn"] or base not in _FLOATS:
            return None
        return same(_FLOATS[base], kind, 3 if base == "fma" else 2)
    if "cc" in modifiers or base.endswith("c"):
        return carrying(base, [m for m in modifiers if m != "cc"], kind)
    if base in ("add", "sub") and not modifiers:
        return same(_EITHER[base], plain(kind), 2)
    if base in ("div", "rem") and not modifiers:
        return same(quotient if base == "div" else remainder, kind, 2)
    if base in ("mul", "mad") and modifiers in (["lo"], ["hi"], ["wide"]):
        function, result, inner = product(modifiers[0], kind)
        if base == "mul":
            return Operation(function, result, (inner, inner))
        return Operation(lambda a, b, c: function(a, b) + c, result, (inner, inner, result))
    return None


def _logic(base: str, modifiers: list[str], kind: str) -> Operation | None:
    return None if modifiers else same(_EITHER[base], plain(kind), 1 if base == "not" else 2)


def _sign(base: str, modifiers: list[str], kind: str) -> Operation | None:
    if modifiers:
        return None
    if base == "copysign":
        return same(lambda sign, size: np.copysign(size, sign), kind, 2)
    return same(np.negative if base == "neg" else np.absolute, plain(kind), 1)


def _extremum(base: str, modifiers: list[str], kind: str) -> Operation | None:
    """min, max: of a number and a NaN the number, -0 below +0; with `.NaN` a NaN."""
    least = base == "min"
    if kind[0] != "f":
        return None if modifiers else same(np.minimum if least else np.maximum, kind, 2)
    if modifiers not in ([], ["NaN"]):
        return None
    ordinary: Any = (np.minimum if least else np.maximum) if modifiers else (np.fmin if least else np.fmax)

    def function(a: Any, b: Any) -> Any:
        minus = np.signbit(a) | np.signbit(b) if least else np.signbit(a) & np.signbit(b)
        zeros = (a == 0) & (b == 0)
        return np.where(zeros, np.copysign(a, np.where(minus, a.dtype.type(-1), a.dtype.type(1))), ordinary(a, b))

    return same(function, kind, 2)


def _root(base: str, modifiers: list[str], kind: str) -> Operation | None:
    if modifiers != ["rn"] or kind[0] != "f":
        return None
    return same(np.sqrt if base == "sqrt" else np.reciprocal, kind, 1)


def _selp(base: str, modifiers: list[str], kind: str) -> Operation | None:
    kind = plain(kind)
    return Operation(lambda a, b, p: np.where(p, a, b), kind, (kind, kind, "pred"))


def _setp(modifiers: list[str]) -> Operation | None:
    """setp.CMP.TYPE, or setp.CMP.BOOL.TYPE with one predicate more."""
    name, *join, kind = modifiers
    if kind not in DTYPES or len(join) > 1:
        return None
    compare: Function
    if kind[0] == "f":
        if name in ("num", "nan"):
            compare = (lambda a, b: (a == a) & (b == b)) if name == "num" else (lambda a, b: (a != a) | (b != b))
        elif name == "ne":  # ordered, unlike NumPy's
            compare = lambda a, b: (a < b) | (a > b)  # noqa: E731
        elif name in _COMPARE:
            compare = _COMPARE[name]
        elif name.endswith("u") and name[:-1] in _COMPARE:
            ordered = _COMPARE[{"eq": "eq", "ne": "ne", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}[name[:-1]]]
            if name == "equ":
                compare = lambda a, b: ~((a < b) | (a > b))  # noqa: E731
            else:
                compare = ordered if name == "neu" else lambda a, b: ~ordered(a, b)
        else:
            return None
    else:
        name = _UNSIGNED_COMPARE.get(name, name)
        if name not in _COMPARE:
            return None
        compare, kind = _COMPARE[name], plain(kind) if name in ("eq", "ne") else kind
    if not join:
        return Operation(compare, "pred", (kind, kind))
    both = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[join[0]]
    return Operation(lambda a, b, p: both(compare(a, b), p), "pred", (kind, kind, "pred"))


_ROUND = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}


def _cvt(modifiers: list[str]) -> Operation | None:
    """Between integers by their low bits, to floats rounded to nearest, from floats to integers held to the range."""
    *rounding, to, source = modifiers
    if to not in DTYPES or source not in DTYPES or len(rounding) > 1:
        return None
    dtype, how = DTYPES[to], "".join(rounding)
    if to[0] != "f" and source[0] != "f" and not how:
        return Operation(lambda a: a.astype(dtype), to, (source,))
    if to[0] == "f" and ((how == "rn" and (source[0] != "f" or (to, source) == ("f32", "f64"))) or
                         (not how and (to, source) == ("f64", "f32"))):  # fmt: skip
        return Operation(lambda a: a.astype(dtype), to, (source,))
    if how in _ROUND and to == source:
        return Operation(_ROUND[how], to, (source,))
    if how in _ROUND and source[0] == "f" and to[0] != "f":
        return Operation(lambda a: _to_integer(_ROUND[how](a), dtype), to, (source,))
    return None


def _to_integer(x: Any, dtype: Any) -> Any:
    """Floats that are integral, held to the range of a type. NaN is 0 from float32 to 32 bits, else the sign bit."""
    info = np.iinfo(dtype)
    low, high = x.dtype.type(info.min), x.dtype.type(2.0 ** (info.bits - (dtype.kind == "i")))
    inside = (x >= low) & (x < high)
    wild = 0 if x.dtype.itemsize == 4 and info.bits <= 32 else 1 << (info.bits - 1)
    nan = np.array(wild, np.uint64).astype(dtype)
    out = np.where(inside, x, 0).astype(dtype)
    return np.where(inside, out, np.where(x != x, nan, np.where(x < 0, dtype.type(info.min), dtype.type(info.max))))


_TABLE: dict[str, Callable[[str, list[str], str], Operation | None]] = {
    **dict.fromkeys(("add", "sub", "mul", "mad", "fma", "div", "rem", "addc", "subc", "madc"), _arithmetic),
    **dict.fromkeys(("and", "or", "xor", "not"), _logic),
    **dict.fromkeys(("neg", "abs", "copysign"), _sign),
    **dict.fromkeys(("min", "max"), _extremum),
    **dict.fromkeys(("sqrt", "rcp"), _root),
    **dict.fromkeys(("shl", "shr"), shift),
    **dict.fromkeys(("popc", "clz"), count),
    **dict.fromkeys(("bfe", "bfi"), field),
    "shf": funnel,
    "selp": _selp,
}  # fmt: skip
