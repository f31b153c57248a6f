"""Typed single instructions that Numba's own operators would widen, split into branches, or call out for.

Numba promotes int32 arithmetic to int64, turns `a if c else b` into a branch, and has no fused multiply-add. Each
function here is exactly one LLVM instruction on the type of its first argument, so a loop over it vectorises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_INT = {32: types.int32, 64: types.int64}
_FLOAT = {32: types.float32, 64: types.float64}


def _same(emit: Callable[..., Any], n: int, name: str) -> Any:
    """An intrinsic of n arguments of one type that returns that type; `emit(builder, *values)` builds it."""

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit(builder, *args)

    if n == 1:

        def declare(typing: Any, a: Any) -> Any:
            return a(a), body

    elif n == 2:

        def declare(typing: Any, a: Any, b: Any) -> Any:  # type: ignore[misc]
            return (a(a, a), body) if a == b else None

    else:

        def declare(typing: Any, a: Any, b: Any, c: Any) -> Any:  # type: ignore[misc]
            return (a(a, a, a), body) if a == b == c else None

    declare.__name__ = declare.__qualname__ = name
    return intrinsic(declare)


def _llvm(name: str) -> Callable[..., Any]:
    """The LLVM intrinsic of this name, overloaded on the type of its arguments."""

    def emit(builder: Any, *args: Any) -> Any:
        kind = args[0].type
        suffix = "f32" if isinstance(kind, ir.FloatType) else "f64"
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind] * len(args)), f"llvm.{name}.{suffix}"
        )
        return builder.call(function, args)

    return emit


fma = _same(_llvm("fma"), 3, "fma")
sqrt = _same(_llvm("sqrt"), 1, "sqrt")
fabs = _same(_llvm("fabs"), 1, "fabs")
rint = _same(_llvm("rint"), 1, "rint")
floor = _same(_llvm("floor"), 1, "floor")
copysign = _same(_llvm("copysign"), 2, "copysign")
add = _same(lambda builder, a, b: builder.add(a, b), 2, "add")
subtract = _same(lambda builder, a, b: builder.sub(a, b), 2, "subtract")
bit_and = _same(lambda builder, a, b: builder.and_(a, b), 2, "bit_and")
bit_or = _same(lambda builder, a, b: builder.or_(a, b), 2, "bit_or")
bit_xor = _same(lambda builder, a, b: builder.xor(a, b), 2, "bit_xor")
shift_left = _same(lambda builder, a, b: builder.shl(a, b), 2, "shift_left")
shift_right = _same(lambda builder, a, b: builder.ashr(a, b), 2, "shift_right")


@intrinsic
def bits(typing: Any, x: Any) -> Any:
    """The bits of a float as a signed integer of its width."""
    result = _INT[x.bitwidth]

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(result))

    return result(x), body


@intrinsic
def unbits(typing: Any, i: Any) -> Any:
    """The float that has these bits: the inverse of `bits`."""
    result = _FLOAT[i.bitwidth]

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(result))

    return result(i), body


@intrinsic
def select(typing: Any, condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`; both are evaluated."""
    if condition != types.boolean or a != b:
        return None

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return a(condition, a, b), body


@intrinsic
def horner(typing: Any, x: Any, coefficients: Any) -> Any:
    """`c[0] + x (c[1] + x (c[2] + ...))` by fused multiply-adds, unrolled; c is a tuple of x's type."""
    if not isinstance(coefficients, types.UniTuple) or coefficients.dtype != x:
        return None
    fused = _llvm("fma")

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        point, terms = args
        value = builder.extract_value(terms, coefficients.count - 1)
        for i in reversed(range(coefficients.count - 1)):
            value = fused(builder, value, point, builder.extract_value(terms, i))
        return value

    return x(x, coefficients), body


@intrinsic
def wide_vectors(typing: Any) -> Any:
    """Lets LLVM use 512-bit registers in the calling function, where the processor has them.

    LLVM holds back to 256 bits on most Intel processors for the sake of mixed code; a kernel that does nothing but
    arithmetic gains up to 2x. No effect elsewhere.
    """

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # llvmlite knows no string attributes; a set holds any, and prints it as it stands.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), body
