"""Numba's `range` for CUDA, in a form that NVVM's optimiser understands.

Numba lowers a step of a range as a branch: where the range has ended, there is no value. NVVM turns that into selects
before it looks for loops, and then finds none: every element costs four selects and compares, and the check for a
negative index stays. Here the value is read and moved on without a branch, which is as good, for nobody looks at it
after the end.
"""

from __future__ import annotations

from typing import Any


def plain_ranges() -> None:
    """Replace Numba's lowering of a step of `range`; to be called before anything is compiled for CUDA."""
    from numba.cuda import cgutils
    from numba.cuda.core.imputils import RefType, iternext_impl
    from numba.cuda.cpython import rangeobj

    @iternext_impl(RefType.BORROWED)
    def step(context: Any, builder: Any, signature: Any, arguments: Any, result: Any) -> None:
        (kind,) = signature.args
        state = cgutils.create_struct_proxy(kind)(context, builder, arguments[0])
        count, value = builder.load(state.count), builder.load(state.iter)
        result.set_valid(builder.icmp_signed(">", count, count.type(0)))
        result.yield_(value)
        builder.store(builder.sub(count, count.type(1), flags=["nsw"]), state.count)
        builder.store(builder.add(value, state.step, flags=["nsw"]), state.iter)

    functions = rangeobj.registry.functions
    functions[:] = [(step if name == "iternext" else old, name, kinds) for old, name, kinds in functions]
