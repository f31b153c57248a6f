"""From packed programs to register code: dead code dropped, constants folded into operations, registers allocated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from primitives.evaluators.intrinsics import select

FILL = 0  # the operation that writes its constant to every row
SWAP = 1 << 14  # flag in the table of variants: the first two arguments are exchanged


@njit(cache=True, nogil=True, error_model="numpy")
def translate(
    code,
    length,
    const,
    results,
    n_results,
    n_leaves,
    first,
    stride,
    arity,
    variants,
    tape,
    immediate,
    at,
    where,
    last,
    free,
):
    """Translate one program; its operations go to tape[at:end]. Returns end.

    code, length, const, results   one program of a Packed
    n_results                      how many of the results are wanted, first ones first
    first                          slot of the first register; slots below hold leaves (and what the caller likes)
    stride                         elements a slot
    arity, variants                int16[n_ops] and int16[n_ops, 8]: operation for a mask of constant arguments or -1
    tape                           int32[.., 5]: operation, offsets of three arguments and of the output; at most
                                   3 L + R rows are written
    immediate                      dtype[..]: the constant of each operation
    where                          int32[C + n_leaves + L + R]: on return cell C + v holds the offset of value v, the
                                   last R cells those of the results
    last, free                     int32 scratch of C + n_leaves + L and L + 8

    A program's output register is never one of its inputs, and a register is reused as soon as its value is dead, the
    most recent first: the working set is small and stays in the nearest cache. At most L + R + 2 registers
    live at once, and 2 L more are filled.

    The loops have few branches, since those on random programs are mispredicted. Arrays over values are indexed by
    C + v, so that constants (v < 0) have cells too; the unused arguments of an instruction are 0 and harmless.
    """
    L, C = code.shape[0], const.size
    n = np.int64(length)
    for v in range(C + n_leaves + n):
        last[v] = -1
    for r in range(n_results):
        last[C + results[r]] = n
    for i in range(n - 1, -1, -1):
        if last[C + n_leaves + i] >= 0:
            for k in range(1, 4):
                x = np.uint64(C + code[i, k])
                last[x] = max(last[x], np.int32(i))
    for v in range(n_leaves):
        where[C + v] = v * stride
    n_free = 0
    top = np.int64(first)
    for i in range(n):
        if last[C + n_leaves + i] < 0:
            continue
        op, a, b, c = np.int64(code[i, 0]), np.int64(code[i, 1]), np.int64(code[i, 2]), np.int64(code[i, 3])
        x, y, z = np.uint64(C + a), np.uint64(C + b), np.uint64(C + c)
        constants = (a < 0) + 2 * (b < 0) + 4 * (c < 0)
        variant = np.int64(variants[op, constants])
        constant = min(a, b, c)
        n_filled = 0
        if variant < 0:  # it takes one constant or none; the others are filled into registers
            keep = 0
            for k in range(arity[op]):
                if constants & (1 << k) and variants[op, 1 << k] >= 0:
                    keep = 1 << k
                    constant = np.int64(code[i, 1 + k])
            variant = np.int64(variants[op, keep])
            for k in range(arity[op]):
                if constants & ~keep & (1 << k):
                    place = top * stride
                    top += 1
                    tape[at, 0] = FILL
                    tape[at, 4] = place
                    immediate[at] = const[-1 - code[i, 1 + k]]
                    at += 1
                    where[C + code[i, 1 + k]] = place
                    free[L + 4 + n_filled] = place
                    n_filled += 1
        fresh = n_free == 0
        out = select(fresh, top * stride, np.int64(free[np.uint64(n_free - 1 + fresh)]))
        top += fresh
        n_free -= not fresh
        swap = variant >= SWAP
        s = np.uint64(at)
        tape[s, 0] = variant & (SWAP - 1)
        one, two = where[x], where[y]
        tape[s, 1] = select(swap, two, one)
        tape[s, 2] = select(swap, one, two)
        tape[s, 3] = where[z]
        tape[s, 4] = out
        immediate[s] = const[np.uint64(max(-1 - constant, 0))] if C > 0 else 0.0
        at += 1
        where[C + n_leaves + i] = out
        for k in range(n_filled):
            free[n_free] = free[L + 4 + k]
            n_free += 1
        for k in range(1, 4):
            x = np.uint64(C + code[i, k])
            end = np.int64(last[x])
            dead = (code[i, k] >= n_leaves) & (end == i)
            free[np.uint64(n_free)] = where[x]
            n_free += dead
            last[x] = select(dead, n + 1, end)  # freed once, though read twice
    for r in range(n_results):
        v = results[r]
        if v >= 0:
            where[C + n_leaves + L + r] = where[C + v]
        else:
            tape[at, 0] = FILL
            tape[at, 4] = top * stride
            immediate[at] = const[-1 - v]
            where[C + n_leaves + L + r] = top * stride
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
        first = 1 if primitive.commutative else 0
        slots = [-1, *range(first, primitive.arity)] if primitive.arity > 1 else [-1]
        for slot in slots:
            operations.append((opcode, slot))
            variants[opcode, 0 if slot < 0 else 1 << slot] = len(operations)
        if primitive.commutative:
            variants[opcode, 1] = variants[opcode, 2] | SWAP
    return variants, operations
