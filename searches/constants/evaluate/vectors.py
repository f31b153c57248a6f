"""The steps of the batch kernels, written as vectors of LANES: LLVM does not find them in loops over so many arrays."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 32
TINY = 1e-200
_DOUBLE, _INDEX = ir.DoubleType(), ir.IntType(64)
_VECTOR = ir.VectorType(_DOUBLE, LANES)


def _splat(builder: Any, value: Any) -> Any:
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, nothing, mask)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64"), (a, b, c))


def _row(builder: Any, data: Any, row: Any) -> Any:
    """Pointer to row `row` of a C-contiguous matrix of LANES columns."""
    return builder.bitcast(builder.gep(data, [builder.mul(row, ir.Constant(_INDEX, LANES))]), _VECTOR.as_pointer())


def _horner(builder: Any, data: Any, rows: Any, x: Any) -> Any:
    """Polynomials of coefficients data[degree, lane] at x."""
    total = cgutils.alloca_once(builder, _VECTOR)
    last = builder.sub(rows, ir.Constant(_INDEX, 1))
    builder.store(builder.load(_row(builder, data, last), align=8), total)
    with cgutils.for_range(builder, last, intp=_INDEX) as loop:
        row = builder.sub(builder.sub(last, ir.Constant(_INDEX, 1)), loop.index)
        coefficient = builder.load(_row(builder, data, row), align=8)
        builder.store(_fma(builder, builder.load(total), x, coefficient), total)
    return builder.load(total)


def _advanced(builder: Any, a: Any, b: Any, state: list[Any]) -> list[Any]:
    """(a u + b v, u) of u = state[0] + state[1], v = state[2] + state[3]."""
    u, u_low, v, v_low = state
    p, q = builder.fmul(a, u), builder.fmul(b, v)
    p_low = _fma(builder, a, u_low, _fma(builder, a, u, builder.fneg(p)))
    q_low = _fma(builder, b, v_low, _fma(builder, b, v, builder.fneg(q)))
    total = builder.fadd(p, q)
    part = builder.fsub(total, p)
    rest = builder.fadd(builder.fsub(p, builder.fsub(total, part)), builder.fsub(q, part))
    rest = builder.fadd(rest, builder.fadd(p_low, q_low))
    high = builder.fadd(total, rest)
    return [high, builder.fsub(rest, builder.fsub(high, total)), u, u_low]


@intrinsic
def double_steps(typing: Any, columns_a: Any, columns_b: Any, state: Any, top: Any, count: Any) -> Any:
    """`count` steps from depth `top` down: state float64[4, LANES] = u high, u low, v high, v low, in place.

    columns_a, columns_b: coefficients float64[degree + 1, LANES], polynomials below 2^53; C-contiguous.
    """

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = [context.make_array(k)(context, builder, v) for k, v in zip(signature.args[:3], args[:3], strict=True)]
        data = [array.data for array in arrays]
        rows = [builder.extract_value(array.shape, 0) for array in arrays]
        pointers = [_row(builder, data[2], ir.Constant(_INDEX, i)) for i in range(4)]
        kept = [cgutils.alloca_once(builder, _VECTOR) for _ in range(4)]
        for pointer, slot in zip(pointers, kept, strict=True):
            builder.store(builder.load(pointer, align=8), slot)
        with cgutils.for_range(builder, args[4], intp=_INDEX) as loop:
            after = builder.sub(args[3], loop.index)
            at = builder.sub(after, ir.Constant(_INDEX, 1))
            x, y = (_splat(builder, builder.sitofp(n, _DOUBLE)) for n in (at, after))
            a, b = _horner(builder, data[0], rows[0], x), _horner(builder, data[1], rows[1], y)
            for slot, value in zip(kept, _advanced(builder, a, b, [builder.load(slot) for slot in kept]), strict=True):
                builder.store(value, slot)
        for pointer, slot in zip(pointers, kept, strict=True):
            builder.store(builder.load(slot), pointer, align=8)
        return context.get_dummy_value()

    if top != types.int64 or count != types.int64:
        return None
    return types.none(columns_a, columns_b, state, top, count), body


def _fabs(builder: Any, x: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fabs.v{LANES}f64"), (x,))


def _least(builder: Any, x: Any, y: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", x, y), x, y)


def _constant(value: float) -> Any:
    return ir.Constant(_VECTOR, [value] * LANES)


@intrinsic
def backward_steps(typing: Any, columns_a: Any, columns_b: Any, state: Any, top: Any, unit: Any) -> Any:
    """All steps from depth `top` > 0 to 0: state float64[3, LANES] = tail, its relative error, a warning; in place.

    f_n = a(n) + b(n+1)/f_{n+1}; its error is |b(n+1)/f_{n+1}/f_n| (e + 2 unit) + unit. A tail that is exactly 0 becomes
    TINY, so that the one before it is huge and the next as if nothing had happened; their errors are large without
    harm. The warning is the largest error that four tails in a row had.
    """

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = [context.make_array(k)(context, builder, v) for k, v in zip(signature.args[:3], args[:3], strict=True)]
        data = [array.data for array in arrays]
        rows = [builder.extract_value(array.shape, 0) for array in arrays]
        pointers = [_row(builder, data[2], ir.Constant(_INDEX, i)) for i in range(3)]
        tail, inverse, error, second, third, worst = (cgutils.alloca_once(builder, _VECTOR) for _ in range(6))
        rounding = _splat(builder, args[4])
        double = builder.fadd(rounding, rounding)
        builder.store(builder.load(pointers[0], align=8), tail)
        builder.store(builder.fdiv(_constant(1.0), builder.load(tail)), inverse)
        builder.store(builder.load(pointers[1], align=8), error)
        for slot in (second, third, worst):
            builder.store(_constant(0.0), slot)
        with cgutils.for_range(builder, args[3], intp=_INDEX) as loop:
            after = builder.sub(args[3], loop.index)
            at = builder.sub(after, ir.Constant(_INDEX, 1))
            x, y = (_splat(builder, builder.sitofp(n, _DOUBLE)) for n in (at, after))
            part = builder.fmul(_horner(builder, data[1], rows[1], y), builder.load(inverse))
            total = builder.fadd(_horner(builder, data[0], rows[0], x), part)
            total = builder.select(builder.fcmp_ordered("==", total, _constant(0.0)), _constant(TINY), total)
            reciprocal = builder.fdiv(_constant(1.0), total)
            share = _fabs(builder, builder.fmul(part, reciprocal))
            value = _fma(builder, share, builder.fadd(builder.load(error), double), rounding)
            four = value
            for slot in (error, second, third):
                four = _least(builder, four, builder.load(slot))
            larger = builder.fcmp_ordered(">", four, builder.load(worst))
            builder.store(builder.select(larger, four, builder.load(worst)), worst)
            builder.store(builder.load(second), third)
            builder.store(builder.load(error), second)
            builder.store(value, error)
            builder.store(reciprocal, inverse)
            builder.store(total, tail)
        for pointer, slot in zip(pointers, (tail, error, worst), strict=True):
            builder.store(builder.load(slot), pointer, align=8)
        return context.get_dummy_value()

    if top != types.int64 or unit != types.float64:
        return None
    return types.none(columns_a, columns_b, state, top, unit), body
