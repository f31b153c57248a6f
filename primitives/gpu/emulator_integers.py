"""What PTX instructions on integers do to arrays of values, one of each thread. For `emulator`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]
DTYPES: dict[str, Any] = {
    **{f"{k}{8 * n}": np.dtype(f"i{n}") for k in "sb" for n in (1, 2, 4, 8)},
    **{f"u{8 * n}": np.dtype(f"u{n}") for n in (1, 2, 4, 8)},
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "pred": np.dtype(bool),
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """A function of arrays of these types, and the type of its result; `carries` if it takes and gives a carry too."""

    function: Function
    result: str
    operands: tuple[str, ...]
    carries: bool = False


def plain(kind: str) -> str:
    """The signed type for operations that are the same on unsigned ones: registers hold signed integers."""
    return "s" + kind[1:] if kind[0] in "ub" else kind


def unsigned(kind: str) -> str:
    """The unsigned type of the same width."""
    return "u" + kind[1:]


def same(function: Function, kind: str, n: int) -> Operation:
    """A function of n arguments of a type that gives that type."""
    return Operation(function, kind, (kind,) * n)


def product(part: str, kind: str) -> tuple[Function, str, str]:
    """A product's function, type, and the type of its factors."""
    bits = int(kind[1:])
    if part == "lo":
        return np.multiply, plain(kind), plain(kind)
    if bits < 64:
        wide = f"{kind[0]}{2 * bits}"
        dtype, shift = DTYPES[wide], DTYPES[wide].type(bits)
        if part == "wide":
            return lambda a, b: a.astype(dtype) * b.astype(dtype), wide, kind
        narrow = DTYPES[kind]
        return lambda a, b: ((a.astype(dtype) * b.astype(dtype)) >> shift).astype(narrow), kind, kind
    return (_high if kind[0] == "u" else _signed_high), kind, kind


def _high(a: Any, b: Any) -> Any:
    """The upper 64 bits of a product of unsigned integers."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    a0, a1, b0, b1 = a & low, a >> half, b & low, b >> half
    middle = a1 * b0 + ((a0 * b0) >> half)
    other = a0 * b1 + (middle & low)
    return a1 * b1 + (middle >> half) + (other >> half)


def _signed_high(a: Any, b: Any) -> Any:
    high = _high(a.view(np.uint64), b.view(np.uint64)).view(np.int64)
    return high - np.where(a < 0, b, 0) - np.where(b < 0, a, 0)


def quotient(a: Any, b: Any) -> Any:
    """Towards zero; all ones where the divisor is 0, as NVIDIA's GPUs have it."""
    ones = a.dtype.type(-1 if a.dtype.kind == "i" else np.iinfo(a.dtype).max)
    safe = np.where(b == 0, a.dtype.type(1), b)
    whole = a // safe
    if a.dtype.kind == "i":
        whole = whole + ((whole < 0) & (whole * safe != a))
    return np.where(b == 0, ones, whole).astype(a.dtype)


def remainder(a: Any, b: Any) -> Any:
    """With the sign of a."""
    return np.where(b == 0, a, a - quotient(a, b) * b).astype(a.dtype)


def carrying(base: str, modifiers: list[str], kind: str) -> Operation | None:
    """Extended precision: a function of the operands and a carry, to a result and a carry."""
    takes, stem = base.endswith("c"), base.removesuffix("c")
    bits = unsigned(kind)

    def added(a: Any, b: Any, carry: Any) -> tuple[Any, Any]:
        total = a + b
        over = total < a
        if takes:
            total = total + carry
            over |= total < carry
        return total, over

    def taken(a: Any, b: Any, carry: Any) -> tuple[Any, Any]:
        rest = a - b
        under = a < b
        if takes:
            under |= rest < carry
            rest = rest - carry
        return rest, under

    if stem in ("add", "sub"):
        return Operation(added if stem == "add" else taken, bits, (bits, bits), True)
    if stem == "mad" and modifiers in (["lo"], ["hi"]):
        # The factors' sign counts for the upper half.
        times, _, factor = product(modifiers[0], bits if modifiers == ["lo"] else kind)
        dtype = DTYPES[bits]
        return Operation(
            lambda a, b, c, carry: added(times(a, b).view(dtype), c, carry), bits, (factor, factor, bits), True
        )
    return None


def shift(base: str, modifiers: list[str], kind: str) -> Operation | None:
    """Shifts by an unsigned 32-bit amount; by the width and more they leave zeros, or copies of the sign."""
    if modifiers:
        return None
    if base == "shr" and kind[0] == "s":
        dtype = DTYPES[kind]
        return Operation(lambda a, n: a >> np.minimum(n, 63).astype(dtype), kind, (kind, "u32"))
    bits = unsigned(kind)
    dtype, move = DTYPES[bits], operator.lshift if base == "shl" else operator.rshift
    width = int(kind[1:])
    return Operation(
        lambda a, n: np.where(n < width, move(a, np.minimum(n, width - 1).astype(dtype)), dtype.type(0)),
        bits, (bits, "u32"),
    )  # fmt: skip


def funnel(base: str, modifiers: list[str], kind: str) -> Operation | None:
    """shf: the pair b:a shifted, its upper half (left) or lower half (right)."""
    if len(modifiers) != 2 or kind != "b32":
        return None
    left, clamp = modifiers[0] == "l", modifiers[1] == "clamp"

    def function(a: Any, b: Any, n: Any) -> Any:
        amount = (np.minimum(n, 32) if clamp else n & 31).astype(np.uint64)
        pair = (b.astype(np.uint64) << np.uint64(32)) | a
        return ((pair << amount) >> np.uint64(32) if left else pair >> amount).astype(np.uint32)

    return same(function, "u32", 3)


def count(base: str, modifiers: list[str], kind: str) -> Operation | None:
    """popc and clz, to 32 bits."""
    bits = unsigned(kind)
    if base == "popc":
        return Operation(lambda a: np.bitwise_count(a).astype(np.uint32), "u32", (bits,))
    width = int(kind[1:])

    def leading(a: Any) -> Any:
        a = a.copy()
        for step in (1, 2, 4, 8, 16, 32)[: width.bit_length() - 1]:
            a |= a >> a.dtype.type(step)
        return np.uint32(width) - np.bitwise_count(a).astype(np.uint32)

    return Operation(leading, "u32", (bits,))


def field(base: str, modifiers: list[str], kind: str) -> Operation | None:
    """bfe: so many bits from a place on, sign-extended for signed types; bfi: put them there."""
    width, bits = int(kind[1:]), unsigned(kind)
    dtype = DTYPES[bits]

    def mask(n: Any) -> Any:
        return np.where(n < width, (dtype.type(1) << np.minimum(n, width - 1).astype(dtype)) - dtype.type(1),
                        ~dtype.type(0))  # fmt: skip

    def insert(a: Any, b: Any, start: Any, length: Any) -> Any:
        start, length = start & 255, length & 255
        at = np.minimum(start, width - 1).astype(dtype)
        where = np.where(start < width, mask(length) << at, dtype.type(0))
        return (b & ~where) | ((a << at) & where)

    def extract(a: Any, start: Any, length: Any) -> Any:
        start, length = start & 255, length & 255
        at = np.minimum(start, width - 1).astype(dtype)
        value = np.where(start < width, a >> at, dtype.type(0)) & mask(length)
        if kind[0] != "s":
            return value
        last = np.minimum(start + length - np.uint32(1), np.uint32(width - 1)).astype(dtype)
        length = np.minimum(length, width - np.minimum(start, width))  # beyond the end all is sign
        minus = (length > 0) & (((a >> last) & dtype.type(1)) != 0)
        return np.where(minus, value | ~mask(length), value)

    if base == "bfi":
        return Operation(insert, bits, (bits, bits, "u32", "u32"))
    return Operation(extract, bits, (bits, "u32", "u32"))
