"""How the kernels of `cuda_codegen` touch memory and call `vecmath`, on a device and in Numba's simulator.

A thread keeps 16 bytes of every value of a program, one or more rows, and moves them in one instruction. Tensors of a
caller are known by their addresses, so one kernel fits them all, whatever their strides.

The simulator runs kernels as Python, which cannot call an intrinsic; there each function is a plain one that does the
same.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from primitives.compiled import closure
from primitives.evaluators import vecmath
from primitives.evaluators.intrinsics import copysign, fabs, floor, fma, rint, select, sqrt
from primitives.gpu.compile import SIMULATED

BYTES = 16  # that a thread moves at once
SHARED = 48 << 10  # bytes of shared memory that a block gets without asking
SUMS = 3  # of products of two arguments, that reductions are made of


def layout(threads, places, reductions, tensors, slots):
    """A block's shared memory for one program: the byte where values begin, and the number of bytes.

    Before them are so many places of 8 bytes, the sums of its threads, and those of its reductions of so many tensors.
    For numbers and arrays of the host, and (compiled) for kernels.
    """
    numbers = places + SUMS * (threads + reductions * tensors)
    start = (numbers + numbers % 2) * 8
    return start, start + slots * threads * BYTES


def _vector(context: Any, builder: Any, array: Any, args: Any) -> tuple[Any, int]:
    """A pointer to 16 bytes of an array, as a vector, and how many elements they are."""
    kind = context.get_value_type(array.dtype)
    lanes = BYTES // context.get_abi_sizeof(kind)
    data = context.make_array(array)(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), ir.VectorType(kind, lanes).as_pointer()), lanes


@intrinsic
def _load16(typing: Any, array: Any, at: Any) -> Any:
    result = types.UniTuple(array.dtype, BYTES * 8 // array.dtype.bitwidth)

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, lanes = _vector(context, builder, array, args)
        vector = builder.load(pointer, align=BYTES)
        values = [builder.extract_element(vector, ir.Constant(ir.IntType(32), i)) for i in range(lanes)]
        return cgutils.pack_array(builder, values)

    return result(array, types.intp), body


@intrinsic
def _store16(typing: Any, array: Any, at: Any, values: Any) -> Any:
    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, lanes = _vector(context, builder, array, args)
        vector = ir.Constant(pointer.type.pointee, ir.Undefined)
        for i in range(lanes):
            vector = builder.insert_element(vector, builder.extract_value(args[2], i), ir.Constant(ir.IntType(32), i))
        builder.store(vector, pointer, align=BYTES)
        return context.get_dummy_value()

    return types.none(array, types.intp, values), body


def _element(context: Any, builder: Any, kind: Any, address: Any, index: Any) -> Any:
    """A pointer into global memory."""
    start = builder.inttoptr(address, context.get_value_type(kind).as_pointer(1))
    return builder.gep(start, [index])


@intrinsic
def _load_at(typing: Any, like: Any, address: Any, index: Any) -> Any:
    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_element(context, builder, like, *args[1:]))

    return like(like, types.int64, types.int64), body


@intrinsic
def _store_at(typing: Any, value: Any, address: Any, index: Any) -> Any:
    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[0], _element(context, builder, value, *args[1:]))
        return context.get_dummy_value()

    return types.none(value, types.int64, types.int64), body


if SIMULATED:

    def load16(array: Any, at: int) -> tuple[Any, ...]:
        """16 bytes of an array, from element `at`: so many values as they are."""
        return tuple(array[at + i] for i in range(BYTES // array.dtype.itemsize))

    def store16(array: Any, at: int, values: tuple[Any, ...]) -> None:
        """Their inverse."""
        for i, value in enumerate(values):
            array[at + i] = value

    def load_at(like: Any, address: int, index: int) -> Any:
        """Element `index`, of the type of `like`, of an array that begins at an address of the device."""
        return type(like)(_cell(like, address, index).value)

    def store_at(value: Any, address: int, index: int) -> None:
        """Set it."""
        _cell(value, address, index).value = value

    def _cell(like: Any, address: int, index: int) -> Any:
        kind = ctypes.c_float if like.itemsize == 4 else ctypes.c_double
        return kind.from_address(int(address) + like.itemsize * int(index))

    def _python(function: Any) -> Callable[..., Any]:
        """A compiled function, for Python; it returns the type of its arguments."""

        def call(*args: Any) -> Any:
            kind = np.float32 if all(isinstance(a, np.float32) for a in args if not isinstance(a, bool)) else np.float64
            with np.errstate(all="ignore"):
                return kind(function(*args))

        return call

else:
    load16, store16, load_at, store_at = _load16, _store16, _load_at, _store_at


_CALLS: dict[str, Callable[..., Any]] = {  # what Python can call once it is compiled
    "sqrt": lambda x: sqrt(x),
    "fabs": lambda x: fabs(x),
    "rint": lambda x: rint(x),
    "floor": lambda x: floor(x),
    "copysign": lambda x, y: copysign(x, y),
    "fma": lambda x, y, z: fma(x, y, z),
}


def functions(dtype: str) -> SimpleNamespace:
    """What the kernels of primitives may call, and `select`: `vecmath.helpers`, or the same for Python."""
    helpers = vecmath.helpers(dtype)
    if not SIMULATED:
        return SimpleNamespace(select=select, **vars(helpers))
    instructions = {name: closure(_CALLS[name]) for name in vecmath.INSTRUCTIONS}
    own = {name: _python(getattr(helpers, name)) for name in vecmath.NAMES}
    own |= {name: _python(function) for name, function in instructions.items()}

    def choose(condition: bool, a: Any, b: Any) -> Any:
        return a if condition else b

    return SimpleNamespace(F=helpers.F, I=helpers.I, trig_limit=helpers.trig_limit, select=choose, **own)
