"""Subnormal numbers taken for zero, for a while.

A product or sum that meets one costs a hundred times its usual time on most x86 processors. Softmax and decaying
gradients make them by the thousand once weights are large, and nobody wants their digits.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_X86 = platform.machine().lower() in ("x86_64", "amd64")
_FLUSH = 0x8040  # bits of the control register: subnormal results, and arguments, are zero
_WORD = ir.IntType(32)


def _control(builder: Any, name: str, word: Any) -> None:
    """Store the control register in a word, or load it from there."""
    pointer = ir.IntType(8).as_pointer()
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [pointer]), f"llvm.x86.sse.{name}"
    )
    builder.call(function, [builder.bitcast(word, pointer)])


@intrinsic
def flush_subnormals(typing: Any) -> Any:
    """From here on this thread takes subnormals for zero; returns what `restore_subnormals` needs. x86 only."""

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not _X86:
            return ir.Constant(_WORD, 0)
        word = cgutils.alloca_once(builder, _WORD)
        _control(builder, "stmxcsr", word)
        before = builder.load(word)
        builder.store(builder.or_(before, ir.Constant(_WORD, _FLUSH)), word)
        _control(builder, "ldmxcsr", word)
        return before

    return types.int32(), body


@intrinsic
def restore_subnormals(typing: Any, before: Any) -> Any:
    """As it was before `flush_subnormals`."""
    if before != types.int32:
        return None

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _X86:
            word = cgutils.alloca_once(builder, _WORD)
            builder.store(args[0], word)
            _control(builder, "ldmxcsr", word)
        return context.get_dummy_value()

    return types.none(before), body
