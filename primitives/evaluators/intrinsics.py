"""Typed single instructions that Numba's own operators would widen, split into branches, or call out for.

Numba promotes int32 arithmetic to int64, turns `a if c else b` into a branch, and has no fused multiply-add. Each
function here is exactly one LLVM instruction on the type of its first argument, so a loop over it vectorises.
"""

from __future__ import annotations

import hashlib
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

    def unary(typing: Any, a: Any) -> Any:
        return a(a), body

    def binary(typing: Any, a: Any, b: Any) -> Any:
        return (a(a, a), body) if a == b else None

    def ternary(typing: Any, a: Any, b: Any, c: Any) -> Any:
        return (a(a, a, a), body) if a == b == c else None

    declare: Any = (unary, binary, ternary)[n - 1]
    declare.__name__ = declare.__qualname__ = name
    return intrinsic(declare)


def _for_gpu(builder: Any) -> bool:
    return str(builder.module.triple).startswith("nvptx")


def _llvm(name: str, gpu: str = "") -> Callable[..., Any]:
    """The LLVM intrinsic of this name, or on a GPU that of the other, overloaded on the type of its arguments."""

    def emit(builder: Any, *args: Any) -> Any:
        kind = args[0].type
        single = isinstance(kind, ir.FloatType)
        if gpu and _for_gpu(builder):
            full = f"llvm.nvvm.{gpu}.{'f' if single else 'd'}"
        else:
            full = f"llvm.{name}.{'f32' if single else 'f64'}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * len(args)), full)
        return builder.call(function, args)

    return emit


def _copysign(builder: Any, x: Any, sign: Any) -> Any:
    """LLVM's intrinsic; by its bits for GPUs, where LLVM has none."""
    if not _for_gpu(builder):
        return _llvm("copysign")(builder, x, sign)
    width = 32 if isinstance(x.type, ir.FloatType) else 64
    integer = ir.IntType(width)
    mask = ir.Constant(integer, 1 << (width - 1))
    magnitude = builder.and_(builder.bitcast(x, integer), builder.not_(mask))
    return builder.bitcast(builder.or_(magnitude, builder.and_(builder.bitcast(sign, integer), mask)), x.type)


fma = _same(_llvm("fma"), 3, "fma")
sqrt = _same(_llvm("sqrt", "sqrt.rn"), 1, "sqrt")
fabs = _same(_llvm("fabs", "fabs"), 1, "fabs")
rint = _same(_llvm("rint", "round"), 1, "rint")
floor = _same(_llvm("floor", "floor"), 1, "floor")
copysign = _same(_copysign, 2, "copysign")
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


def _stored(builder: Any, kind: ir.Type, values: tuple[float, ...]) -> list[Any]:
    """The values, loaded from memory that LLVM takes for writable but unchanging.

    Literal constants it would put back into every turn of a loop (a load and a 64-bit address each, since jitted code
    may lie anywhere); loaded ones it keeps in registers. On the elementary functions that gains a third.
    """
    if _for_gpu(builder):  # a GPU's instructions hold literals
        return [ir.Constant(kind, v) for v in values]
    array = ir.ArrayType(kind, len(values))
    constant = ir.Constant(array, [ir.Constant(kind, v) for v in values])
    name = "primitives.constants." + hashlib.sha256(str(constant).encode()).hexdigest()[:24]
    stored = builder.module.globals.get(name)
    if stored is None:
        stored = cgutils.add_global_variable(builder.module, array, name)
        stored.linkage = "linkonce_odr"
        stored.initializer = constant
    loaded = []
    for i in range(len(values)):
        load = builder.load(cgutils.gep(builder, stored, 0, i))
        load.set_metadata("invariant.load", builder.module.add_metadata([]))
        loaded.append(load)
    return loaded


def constant(kind: types.Float, value: float) -> Any:
    """A function without arguments that returns the value, and from then on keeps it in a register."""

    def declare(typing: Any) -> Any:
        def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _stored(builder, context.get_value_type(kind), (value,))[0]

        return kind(), body

    return intrinsic(declare)


def polynomial(kind: types.Float, coefficients: tuple[float, ...]) -> Any:
    """A function: `x -> c[0] + x (c[1] + x (c[2] + ...))` by fused multiply-adds."""
    fused = _llvm("fma")

    def declare(typing: Any, x: Any) -> Any:
        def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            *lower, value = _stored(builder, context.get_value_type(kind), coefficients)
            for c in reversed(lower):
                value = fused(builder, value, args[0], c)
            return value

        return (kind(kind), body) if x == kind else None

    return intrinsic(declare)


LANES = 16
FOLD = 4 * LANES  # elements that sum_of_squares takes at a time


def _sum_of_lanes(builder: Any, value: Any) -> Any:
    """The sum of a vector, by halving."""
    half = LANES // 2
    while half:
        mask = ir.VectorType(ir.IntType(32), half)
        low, high = (
            builder.shuffle_vector(value, value, ir.Constant(mask, list(range(s, s + half)))) for s in (0, half)
        )
        value = builder.fadd(low, high)
        half //= 2
    return builder.extract_element(value, ir.Constant(ir.IntType(32), 0))


@intrinsic
def sum_of_squares(typing: Any, w: Any, a: Any, b: Any, count: Any) -> Any:
    """Sum of `(w[a + i] - w[b + i])^2` over i < count, a multiple of FOLD, as float64; w is a flat array.

    Written out as vectors, because the order of the sum is fixed: squares are summed in fours in w's type, these sums
    added to LANES partial sums in float64, and those by halving. The bits do not depend on the processor.
    """

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(w.dtype)
        size = context.get_abi_sizeof(kind)
        vector, wide = ir.VectorType(kind, LANES), ir.VectorType(ir.DoubleType(), LANES)
        data = context.make_array(w)(context, builder, args[0]).data
        start_a, start_b, n = (
            context.cast(builder, v, t, types.intp) for v, t in zip(args[1:], (a, b, count), strict=True)
        )
        total = cgutils.alloca_once(builder, wide)
        builder.store(ir.Constant(wide, None), total)

        def load(start: Any, index: Any, part: int) -> Any:
            at = builder.add(builder.add(start, index), ir.Constant(index.type, part * LANES))
            return builder.load(builder.bitcast(builder.gep(data, [at]), vector.as_pointer()), align=size)

        step = ir.Constant(n.type, FOLD)
        with cgutils.for_range_slice(builder, ir.Constant(n.type, 0), n, step, n.type) as (index, _):
            squares = []
            for part in range(4):
                d = builder.fsub(load(start_a, index, part), load(start_b, index, part))
                squares.append(builder.fmul(d, d))
            four = builder.fadd(builder.fadd(squares[0], squares[1]), builder.fadd(squares[2], squares[3]))
            four = builder.fpext(four, wide) if size == 4 else four
            builder.store(builder.fadd(builder.load(total), four), total)
        return _sum_of_lanes(builder, builder.load(total))

    return types.float64(w, a, b, count), body


@intrinsic
def sum_of_products(typing: Any, w: Any, a: Any, b: Any, count: Any) -> Any:
    """Sum of `w[a + i] * w[b + i]` over i < count as float64, each product in float64; w is a flat array.

    The order is fixed: LANES partial sums, added by halving, then what is left over, one after the other.
    """

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind, wide = context.get_value_type(w.dtype), ir.DoubleType()
        size = context.get_abi_sizeof(kind)
        data = context.make_array(w)(context, builder, args[0]).data
        first, second, n = (
            context.cast(builder, v, t, types.intp) for v, t in zip(args[1:], (a, b, count), strict=True)
        )

        def product(index: Any, lanes: int) -> Any:
            factors = []
            for start in (first, second):
                at = builder.gep(data, [builder.add(start, index)])
                vector = ir.VectorType(kind, lanes) if lanes > 1 else kind
                value = builder.load(builder.bitcast(at, vector.as_pointer()), align=size)
                factors.append(builder.fpext(value, ir.VectorType(wide, lanes) if lanes > 1 else wide))
            return builder.fmul(*factors)

        sums = cgutils.alloca_once(builder, ir.VectorType(wide, LANES))
        builder.store(ir.Constant(ir.VectorType(wide, LANES), None), sums)
        whole = builder.and_(n, ir.Constant(n.type, -LANES))
        step, zero = ir.Constant(n.type, LANES), ir.Constant(n.type, 0)
        with cgutils.for_range_slice(builder, zero, whole, step, n.type) as (index, _):
            builder.store(builder.fadd(builder.load(sums), product(index, LANES)), sums)
        total = cgutils.alloca_once(builder, wide)
        builder.store(_sum_of_lanes(builder, builder.load(sums)), total)
        with cgutils.for_range_slice(builder, whole, n, ir.Constant(n.type, 1), n.type) as (index, _):
            builder.store(builder.fadd(builder.load(total), product(index, 1)), total)
        return builder.load(total)

    return types.float64(w, a, b, count), body


@intrinsic
def nothing(typing: Any) -> Any:
    """An empty float64 array, for a parameter that is not used: it takes no memory."""
    kind = types.Array(types.float64, 1, "C")

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.get_constant_null(kind)

    return kind(), body


@intrinsic
def any_beyond(typing: Any, w: Any, at: Any, limit: Any) -> Any:
    """Whether some finite |x| of LANES elements w[at:] exceeds the limit."""
    if limit != w.dtype:
        return None

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(w.dtype)
        size = context.get_abi_sizeof(kind)
        integer = ir.IntType(8 * size)
        vector = ir.VectorType(integer, LANES)

        def splat(value: Any) -> Any:
            one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(
                one, ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
            )

        data = context.make_array(w)(context, builder, args[0]).data
        pointer = builder.bitcast(builder.gep(data, [args[1]]), vector.as_pointer())
        infinity = 0x7F800000 if size == 4 else 0x7FF << 52
        magnitude = builder.and_(
            builder.load(pointer, align=size), splat(ir.Constant(integer, (1 << (8 * size - 1)) - 1))
        )
        above = builder.icmp_signed(">", magnitude, splat(builder.bitcast(args[2], integer)))
        finite = builder.icmp_signed("<", magnitude, splat(ir.Constant(integer, infinity)))
        found = builder.bitcast(builder.and_(above, finite), ir.IntType(LANES))
        return builder.icmp_unsigned("!=", found, ir.Constant(found.type, 0))

    return types.boolean(w, at, limit), body


@intrinsic
def wide_vectors(typing: Any) -> Any:
    """Lets LLVM use 512-bit registers in the calling function, where the processor has them.

    LLVM holds back to 256 bits on most Intel processors for the sake of mixed code; a kernel that does nothing but
    arithmetic gains up to 2x. No effect elsewhere.

    The stack is aligned too, or else every register spilled to it would cross a cache line.
    """

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # llvmlite knows no string attributes; a set holds any, and prints it as it stands.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        set.add(builder.function.attributes, "alignstack(64)")
        return context.get_dummy_value()

    return types.none(), body
