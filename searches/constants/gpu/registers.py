"""Polynomials of one thread in registers: tuples, whose length is known when a kernel is compiled.

An array with a computed index would lie in local memory.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from primitives.compiled import closure
from primitives.evaluators import intrinsics


@intrinsic
def _loaded(typing: Any, matrix: Any, row: Any, like: Any) -> Any:
    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(matrix)(context, builder, args[0]).data
        start = builder.mul(context.cast(builder, args[1], row, types.int64), ir.Constant(ir.IntType(64), like.count))
        values = []
        for k in range(like.count):
            value = builder.load(builder.gep(data, [builder.add(start, ir.Constant(ir.IntType(64), k))]))
            values.append(context.cast(builder, value, matrix.dtype, like.dtype))
        return context.make_tuple(builder, like, values)

    return like(matrix, row, like), body


@intrinsic
def _horner(typing: Any, p: Any, x: Any) -> Any:
    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(p.dtype)
        function = ir.FunctionType(kind, [kind] * 3)
        *rest, total = cgutils.unpack_tuple(builder, args[0], p.count)
        for c in reversed(rest):
            if p.dtype == types.float64:
                fma = cgutils.get_or_insert_function(builder.module, function, "llvm.fma.f64")
                total = builder.call(fma, (total, args[1], c))
            else:
                total = builder.add(builder.mul(total, args[1]), c)
        return total

    return (p.dtype(p, x), body) if p.dtype == x else None


@closure
def loaded(matrix, row, like):
    """A row of a C-contiguous int64 matrix as a tuple of numbers, as many and of such a type as `like` has."""
    return _loaded(matrix, row, like)


@closure
def horner(p, x):
    """A polynomial at x: by fused multiply-adds in float64, modulo 2^64 in int64."""
    return _horner(p, x)


@closure
def fma(a, b, c):
    """a b + c, rounded once."""
    return intrinsics.fma(a, b, c)


@closure
def select(condition, a, b):
    """a where the condition holds, else b, without a branch."""
    return intrinsics.select(condition, a, b)
