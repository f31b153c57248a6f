"""One backward recurrence in integers of several 60-bit limbs, written out for LLVM.

A number is limbs r[0], ..., r[L-1], least first: the value is the sum of r[i] 2^(60 i), all limbs but the last in
0 .. 2^60 - 1, the last signed. u_n = a(n) u_{n+1} + b(n+1) u_{n+2} needs two products of 64 by 60 bits a limb, in 128
bits; then both numbers are shifted so that the last limb has 61 bits, and what falls out below is lost. The common
scale is not kept, since only u_0 / u_1 is wanted.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

BITS = 60
TOP = 61  # bits of the last limb after a step
_WORD, _WIDE = ir.IntType(64), ir.IntType(128)


def _word(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _horner(builder: Any, data: Any, rows: Any, x: Any) -> Any:
    """An integer polynomial at x."""
    total = cgutils.alloca_once(builder, _WORD)
    last = builder.sub(rows, _word(1))
    builder.store(builder.load(builder.gep(data, [last])), total)
    with cgutils.for_range(builder, last, intp=_WORD) as loop:
        k = builder.sub(builder.sub(last, _word(1)), loop.index)
        builder.store(builder.add(builder.mul(builder.load(total), x), builder.load(builder.gep(data, [k]))), total)
    return builder.load(total)


def _combined(builder: Any, a: Any, b: Any, u: list[Any], v: list[Any]) -> list[Any]:
    """a u + b v, a limb longer."""
    wide_a, wide_b = builder.sext(a, _WIDE), builder.sext(b, _WIDE)
    carry: Any = ir.Constant(_WIDE, 0)
    out = []
    for x, y in zip(u, v, strict=True):
        total = builder.add(builder.mul(wide_a, builder.sext(x, _WIDE)), builder.mul(wide_b, builder.sext(y, _WIDE)))
        total = builder.add(total, carry)
        out.append(builder.and_(builder.trunc(total, _WORD), _word((1 << BITS) - 1)))
        carry = builder.ashr(total, ir.Constant(_WIDE, BITS))
    return [*out, builder.trunc(carry, _WORD)]


def _excess(builder: Any, high: Any, low: Any) -> Any:
    """By how many bits high 2^60 + low exceeds TOP bits; 0 to 60 if |high| < 2^61."""
    wide = builder.or_(builder.shl(builder.sext(high, _WIDE), ir.Constant(_WIDE, BITS)), builder.zext(low, _WIDE))
    magnitude = builder.xor(wide, builder.ashr(wide, ir.Constant(_WIDE, 127)))
    kind = ir.FunctionType(_WIDE, [_WIDE, ir.IntType(1)])
    count = cgutils.get_or_insert_function(builder.module, kind, "llvm.ctlz.i128")
    zeros = builder.trunc(builder.call(count, [magnitude, ir.Constant(ir.IntType(1), 0)]), _WORD)
    excess = builder.sub(_word(128 - TOP), zeros)
    return builder.select(builder.icmp_signed(">", excess, _word(0)), excess, _word(0))


def _shifted(builder: Any, limbs: list[Any], by: Any) -> list[Any]:
    """Shifted to the right by 0 to 60 bits, all limbs but the last."""
    left = builder.sub(_word(BITS), by)
    mask = _word((1 << BITS) - 1)
    return [
        builder.and_(builder.or_(builder.lshr(low, by), builder.shl(high, left)), mask) for low, high in pairwise(limbs)
    ]


def _steps(limbs: int) -> Any:
    """The intrinsic for numbers of so many limbs."""

    def declare(typing: Any, a: Any, b: Any, state: Any, top: Any) -> Any:
        """All steps from depth `top` to 0; a, b int64 coefficients; state int64[2, limbs] = u, v; in place."""

        def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            arrays = [
                context.make_array(k)(context, builder, v) for k, v in zip(signature.args, args[:3], strict=False)
            ]
            data = [array.data for array in arrays]
            rows = [builder.extract_value(array.shape, 0) for array in arrays]
            places = [builder.gep(data[2], [_word(i)]) for i in range(2 * limbs)]
            kept = [cgutils.alloca_once(builder, _WORD) for _ in places]
            for place, slot in zip(places, kept, strict=True):
                builder.store(builder.load(place), slot)
            with cgutils.for_range(builder, args[3], intp=_WORD) as loop:
                after = builder.sub(args[3], loop.index)
                now = builder.sub(after, _word(1))
                u, v = ([builder.load(slot) for slot in part] for part in (kept[:limbs], kept[limbs:]))
                p = _horner(builder, data[0], rows[0], now)
                q = _horner(builder, data[1], rows[1], after)
                longer = _combined(builder, p, q, u, v)
                by = _excess(builder, longer[-1], longer[-2])
                last = builder.or_(builder.lshr(longer[-2], by), builder.shl(longer[-1], builder.sub(_word(BITS), by)))
                new = [*_shifted(builder, longer[:-1], by), last]
                old = [*_shifted(builder, u, by), builder.ashr(u[-1], by)]
                for slot, value in zip(kept, new + old, strict=True):
                    builder.store(value, slot)
            for place, slot in zip(places, kept, strict=True):
                builder.store(builder.load(slot), place)
            return context.get_dummy_value()

        if top != types.int64:
            return None
        return types.none(a, b, state, top), body

    return intrinsic(declare)


steps_4 = _steps(4)
steps_7 = _steps(7)
