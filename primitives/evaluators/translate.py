"""From packed programs to register code: dead code dropped, constants folded into operations, registers allocated."""

from __future__ import annotations

import numpy as np

from primitives.compiled import inlined, inner
from primitives.evaluators.intrinsics import select
from primitives.primitive import PrimitiveSet

FILL, LOSS, OUTPUT = 0, 1, 2  # operations beside the primitives': a constant to every row; what becomes of a result
OPERATIONS = 3  # the number of the first primitive's operation
CELLS = 5  # integers an operation takes on the tape
SWAP = 1 << 14  # flag in the table of variants: the first two arguments are exchanged


@inlined
def translate(
    code, length, const, results, p, ending, n_results, n_leaves, first, stride, arity, variants, tape, immediate, at,
    where, alive, dies, free,
):  # fmt: skip
    """Translate program p; its operations go to tape[at:end]. Returns end.

    code, length, const, results   of a Packed
    ending                         LOSS or OUTPUT: the operation that takes a result
    n_results                      how many of the results are wanted, first ones first
    first                          slot of the first register; slots below hold leaves (and what the caller likes)
    stride                         elements a slot
    arity, variants                int16[n_ops] and int16[n_ops, 8]: operation for a mask of constant arguments or -1
    tape                           int32[CELLS * ..]: operation, offsets of three arguments and of the output; at most
                                   3 L + 2 R operations are written. An ending has the offsets of the result and of the
                                   slot before the first register, the number of the result, and p
    immediate                      dtype[..]: the constant of each operation
    where                          int32[C + n_leaves + L]: cell C + v holds the offset of value v; those of the leaves
                                   are the caller's to fill
    alive, dies, free              int32 scratch of C + n_leaves + L, 3 L and L + 4

    A program's output register is never one of its inputs, and a register is reused as soon as its value is dead, the
    most recent first: the working set is small and stays in the nearest cache. At most L + 4 registers are used.

    The loops have few branches, since those on random programs are mispredicted, and no array of the caller is sliced,
    since a slice costs atomic counts of references. Arrays over values are indexed by C + v, so that constants (v < 0)
    have cells too; the unused arguments of an instruction are 0 and harmless.
    """
    L, C = np.uint64(code.shape[1]), np.uint64(const.shape[1])
    program = np.uint64(p)
    n = np.uint64(length[program])
    own = C + np.uint64(n_leaves)  # cell of the first instruction
    one = np.uint64(1)
    # Backwards: what is alive, and for which arguments an instruction is the last to read them. Cells are only ever
    # set to one, so that no turn waits for an earlier one. Leaves and constants do not die.
    for cell in range(own):
        alive[cell] = 1
    for cell in range(own, own + n):
        alive[cell] = 0
    for r in range(np.uint64(n_results)):
        alive[np.uint64(np.int64(C) + results[program, r])] = 1
    for done in range(n):
        last = n - one - done
        if alive[own + last]:
            for k in range(np.uint64(3)):
                read = np.uint64(np.int64(C) + code[program, last, k + one])
                dies[np.uint64(3) * last + k] = 1 - alive[read]
                alive[read] = 1
    for i in range(L + np.uint64(4)):
        free[i] = (first + np.int64(L + np.uint64(3)) - np.int64(i)) * stride
    n_free = L + np.uint64(4)
    s = np.uint64(at)
    for i in range(n):
        if not alive[own + i]:
            continue
        op = np.uint64(code[program, i, 0])
        a, b, c = np.int64(code[program, i, 1]), np.int64(code[program, i, 2]), np.int64(code[program, i, 3])
        x, y, z = np.uint64(np.int64(C) + a), np.uint64(np.int64(C) + b), np.uint64(np.int64(C) + c)
        constants = np.uint64((a < 0) + 2 * (b < 0) + 4 * (c < 0))
        variant = np.int64(variants[op, constants])
        constant = min(a, b, c)
        n_filled = np.uint64(0)
        if variant < 0:  # it takes one constant or none; the others are filled into registers
            keep = np.uint64(0)
            for k in range(np.uint64(arity[op])):
                bit = one << k
                if constants & bit and variants[op, bit] >= 0:
                    keep = bit
                    constant = np.int64(code[program, i, k + one])
            variant = np.int64(variants[op, keep])
            for k in range(np.uint64(arity[op])):
                if constants & ~keep & (one << k):
                    filled = np.int64(code[program, i, k + one])
                    n_free -= one
                    n_filled += one
                    place = free[n_free]
                    tape[np.uint64(CELLS) * s] = FILL
                    tape[np.uint64(CELLS) * s + np.uint64(4)] = place
                    immediate[s] = const[program, np.uint64(-1 - filled)]
                    s += one
                    where[np.uint64(np.int64(C) + filled)] = place
        n_free -= one
        out = free[n_free]
        swap = variant >= SWAP
        t = np.uint64(CELLS) * s
        left, right = where[x], where[y]
        tape[t] = variant & (SWAP - 1)
        tape[t + np.uint64(1)] = select(swap, right, left)
        tape[t + np.uint64(2)] = select(swap, left, right)
        tape[t + np.uint64(3)] = where[z]
        tape[t + np.uint64(4)] = out
        if const.shape[1]:
            immediate[s] = const[program, np.uint64(max(-1 - constant, 0))]
        s += one
        where[own + i] = out
        if n_filled:  # the filled registers lie above `out` on the stack
            for k in range(n_filled):
                free[n_free + k] = free[n_free + k + one]
            n_free += n_filled
        for k in range(np.uint64(3)):
            free[n_free] = where[np.uint64(np.int64(C) + code[program, i, k + one])]
            n_free += np.uint64(dies[np.uint64(3) * i + k])
    for r in range(np.uint64(n_results)):
        result = np.int64(results[program, r])
        offset = where[np.uint64(np.int64(C) + result)]
        if result < 0:
            offset = free[n_free - one]
            tape[np.uint64(CELLS) * s] = FILL
            tape[np.uint64(CELLS) * s + np.uint64(4)] = offset
            immediate[s] = const[program, np.uint64(-1 - result)]
            s += one
        t = np.uint64(CELLS) * s
        tape[t] = ending
        tape[t + np.uint64(1)] = offset
        tape[t + np.uint64(2)] = (first - 1) * stride
        tape[t + np.uint64(3)] = r
        tape[t + np.uint64(4)] = p
        s += one
    return s


@inner
def translate_all(
    code, length, const, results, begin, end, ending, n_results, n_leaves, first, stride, arity, variants, tape,
    immediate, where, alive, dies, free,
):  # fmt: skip
    """Translate programs begin, .., end - 1 one after the other; see `translate`. Returns the number of operations."""
    at = 0
    for p in range(begin, end):
        at = translate(
            code, length, const, results, p, ending, n_results, n_leaves, first, stride, arity, variants, tape,
            immediate, at, where, alive, dies, free,
        )  # fmt: skip
    return at


def tables(primitives: PrimitiveSet) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The table of variants, and the (opcode, constant slot or -1) of the interpreter's operations from OPERATIONS on.

    Every primitive of two or more arguments has an operation for a constant in each slot, once for the two slots of a
    commutative one; a reduction has none, since it reads its arguments more than once.
    """
    variants = np.full((len(primitives), 8), -1, np.int16)
    operations: list[tuple[int, int]] = []
    for opcode, primitive in enumerate(primitives):
        first = 1 if primitive.commutative else 0
        slots = [-1, *range(first, primitive.arity)] if primitive.arity > 1 and not primitive.over else [-1]
        for slot in slots:
            variants[opcode, 0 if slot < 0 else 1 << slot] = OPERATIONS + len(operations)
            operations.append((opcode, slot))
        if primitive.commutative and not primitive.over:
            variants[opcode, 1] = variants[opcode, 2] | SWAP
    return variants, operations
