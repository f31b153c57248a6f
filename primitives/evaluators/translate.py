"""From packed programs to register code: dead code dropped, constants folded into operations, registers allocated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

FILL = 0  # the operation that writes its constant to every row
SWAP = 1 << 14  # flag in the table of variants: the first two arguments are exchanged


@njit(cache=True, nogil=True, error_model="numpy")
def translate(  # type: ignore[no-untyped-def]
    code, length, const, results, n_leaves, first, stride, arity, variants, tape, immediate, at, where, last, free
):
    """Translate one program; its operations go to tape[at:end]. Returns end.

    code, length, const, results   one program of a Packed
    first                          slot of the first register; slots below hold leaves (and what the caller likes)
    stride                         elements a slot
    arity, variants                int16[n_ops] and int16[n_ops, 8]: the operation for a mask of constant arguments, or -1
    tape                           int32[.., 5]: operation, offsets of three arguments and of the output; at most 3 L + R
                                   rows are written
    immediate                      dtype[..]: the constant of each operation
    where                          int32[n_leaves + L + R]: on return the offset of every value; that of result r at
                                   n_leaves + L + r
    last, free                     int32 scratch of n_leaves + L and L + 10

    A program's output register is never one of its inputs, and a register is reused as soon as its value is dead, the
    most recent first: the working set is small and stays in the nearest cache. At most L + R + 4 registers are used.
    """
    L = code.shape[0]
    n = np.int64(length)
    filled = L + 4  # three cells of `free` hold the offsets of filled constants, three those of the arguments
    argument = L + 7
    for v in range(n_leaves + n):
        last[v] = -1
    for r in range(results.size):
        if results[r] >= 0:
            last[results[r]] = n
    for i in range(n - 1, -1, -1):
        if last[n_leaves + i] >= 0:
            for k in range(arity[code[i, 0]]):
                v = code[i, 1 + k]
                if v >= 0 and last[v] < 0:
                    last[v] = i
    for v in range(n_leaves):
        where[v] = v * stride
    n_free = 0
    top = np.int64(first)
    for i in range(n):
        if last[n_leaves + i] < 0:
            continue
        op = code[i, 0]
        n_args = arity[op]
        mask = 0
        for k in range(n_args):
            if code[i, 1 + k] < 0:
                mask |= 1 << k
        keep = mask  # the constants that the operation takes as it is; the others are filled into registers
        if variants[op, keep] < 0:
            keep = 0
            for k in range(n_args):
                if mask & (1 << k) and variants[op, 1 << k] >= 0:
                    keep = 1 << k
        variant = variants[op, keep]
        n_filled = 0
        value = 0.0
        for k in range(n_args):
            v = code[i, 1 + k]
            free[argument + k] = 0
            if v >= 0:
                free[argument + k] = where[v]
            elif keep & (1 << k):
                value = const[-1 - v]
            else:
                if n_free > 0:
                    n_free -= 1
                    place = np.int64(free[n_free])
                else:
                    place = top * stride
                    top += 1
                free[filled + n_filled] = place
                n_filled += 1
                free[argument + k] = place
                tape[at, 0] = FILL
                tape[at, 4] = place
                immediate[at] = const[-1 - v]
                at += 1
        if n_free > 0:
            n_free -= 1
            out = np.int64(free[n_free])
        else:
            out = top * stride
            top += 1
        tape[at, 0] = variant & (SWAP - 1)
        for k in range(n_args):
            tape[at, 1 + k] = free[argument + k]
        if variant & SWAP:
            tape[at, 1], tape[at, 2] = tape[at, 2], tape[at, 1]
        tape[at, 4] = out
        immediate[at] = value
        at += 1
        where[n_leaves + i] = out
        for k in range(n_filled):
            free[n_free] = free[filled + k]
            n_free += 1
        for k in range(n_args):
            v = code[i, 1 + k]
            if v >= n_leaves and last[v] == i:
                last[v] = n + 1  # freed once, though read twice
                free[n_free] = where[v]
                n_free += 1
    for r in range(results.size):
        v = results[r]
        if v >= 0:
            where[n_leaves + L + r] = where[v]
        else:
            tape[at, 0] = FILL
            tape[at, 4] = top * stride
            immediate[at] = const[-1 - v]
            where[n_leaves + L + r] = top * stride
            top += 1
            at += 1
    return at


def tables(primitives: Any) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The table of variants, and the (opcode, constant slot or -1) of operations 1, 2, ... of the interpreter.

    Every primitive of two or more arguments has an operation for a constant in each slot, once for the two slots of a
    commutative one.
    """
    variants = np.full((len(primitives), 8), -1, np.int16)
    operations: list[tuple[int, int]] = []
    for opcode, primitive in enumerate(primitives):
        slots = [-1] + [k for k in range(primitive.arity) if primitive.arity > 1 and not (primitive.commutative and k == 0)]
        for slot in slots:
            operations.append((opcode, slot))
            variants[opcode, 0 if slot < 0 else 1 << slot] = len(operations)
        if primitive.commutative:
            variants[opcode, 1] = variants[opcode, 2] | SWAP
    return variants, operations
