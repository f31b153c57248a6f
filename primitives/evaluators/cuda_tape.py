"""From packed programs to the tape that the CUDA interpreter runs: register code of 16 bytes an operation.

Made here on the host, in compiled code without the interpreter lock, by as many threads as there are processors:
measured, about 3 us a program of ten instructions and thread; many programs are translated on the GPU, by the same
functions (see `cuda_translate`). `translate` has dropped dead code, folded constants and
allocated registers; here its operations are made small, as one block of threads runs all of them again and again:

- The last result stays in the threads' registers (`TOP`): an argument that is the last result is not read from memory,
  and a result that nobody reads later is not written to it.
- What is left needs few slots of shared memory; leaves take part, and only those that are read. A slot is free again
  after its last reading, so an operation may write where it has read.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from primitives.compiled import inlined, outer
from primitives.evaluators import translate as translation
from primitives.evaluators.translate import CELLS, FILL, LOSS, OPERATIONS, OUTPUT, translate
from primitives.gpu.devices import DeviceError
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet

# An operation is four words: its number and the slot of its result (the upper half); the first argument; the second;
# the third, and the number of a reduction among the program's own (the upper half). An argument is a slot or
TOP = 0x7FFE  # the last result; of a result: it is not written
CONSTANT = 0x7FFF  # the operation's constant
WORDS = 4
# Words of a program's facts: its leaves' loads are records [0, loads), its operations [loads, end); the number of its
# reductions, and of the slots that it needs (the upper half); a bit for each reduction, set if over the whole tree.
FACTS = 4
LOADS, END, NEEDS, TREES = range(FACTS)
MOST_REDUCTIONS = 31
SHARE = 1024  # programs that a thread of the host takes at once
_LAST = 1 << 16  # mark of an argument that is the last to read its slot


@dataclass(frozen=True)
class Tapes:
    """P programs: tape int32[P * capacity * WORDS], immediate dtype[P * capacity], facts int32[P, FACTS], of the host
    or of a device; and `needs_of` the facts, which is the host's.

    Of a tape only what is below a program's end means anything, of a load only its first word, and of immediates those
    that an operation uses.
    """

    tape: Any
    immediate: Any
    facts: Any
    capacity: int
    needs: np.ndarray


@inlined
def _arguments(op, opcodes, arity):
    """How many arguments an operation of `translate` has."""
    return 0 if op == FILL else 1 if op < OPERATIONS else arity[opcodes[op - OPERATIONS]]


@inlined
def assemble(
    raw, k, end, n_leaves, slots, opcodes, fixed, arity, over, live, place, free, p, capacity, tape, immediate, facts
):  # fmt: skip
    """Program p's operations raw[:end] (with constants k) to its place on the tape. Host and GPU run it."""
    # Forwards: which arguments are the last result. Unused ones count as such, for that costs nothing.
    top = -1
    for s in range(end):
        op = raw[CELLS * s]
        n = _arguments(op, opcodes, arity)
        if op == LOSS or op == OUTPUT:
            raw[CELLS * s + 4] = raw[CELLS * s + 3]  # the number of the result
        for a in range(3):
            cell = CELLS * s + 1 + a
            if a >= n or raw[cell] == top:
                raw[cell] = TOP
            if op >= OPERATIONS and a == fixed[op - OPERATIONS]:
                raw[cell] = CONSTANT
        if op != LOSS and op != OUTPUT:
            top = raw[CELLS * s + 4]
    # Backwards: which results are read from memory, and where for the last time.
    live[:slots] = 0
    for back in range(end):
        s = end - 1 - back
        op = raw[CELLS * s]
        if op != LOSS and op != OUTPUT:
            out = raw[CELLS * s + 4]
            if not live[out]:
                raw[CELLS * s + 4] = TOP
            live[out] = 0
        for a in range(3):
            v = raw[CELLS * s + 1 + a]
            if v < TOP and not live[v]:
                live[v] = 1
                raw[CELLS * s + 1 + a] = v | _LAST
    # Forwards: slots, those of leaves first.
    at = p * capacity
    n_free, used, n_reductions, trees = 0, 0, 0, 0
    for v in range(n_leaves):
        if live[v]:
            tape[WORDS * at] = v
            place[v] = used
            used += 1
            at += 1
    facts[p, LOADS] = used
    for s in range(end):
        op = raw[CELLS * s]
        ending = op == LOSS or op == OUTPUT
        number = opcodes[op - OPERATIONS] + OPERATIONS if op >= OPERATIONS else op
        upper = 0
        if ending:
            upper = raw[CELLS * s + 4]
        elif op >= OPERATIONS and over[number - OPERATIONS]:
            upper = n_reductions
            if n_reductions < MOST_REDUCTIONS and over[number - OPERATIONS] == 2:
                trees |= 1 << n_reductions
            n_reductions += 1
        for a in range(3):
            v = raw[CELLS * s + 1 + a]
            if v >= _LAST:
                free[n_free] = place[v - _LAST]
                n_free += 1
        out = TOP if ending else raw[CELLS * s + 4]
        for a in range(3):
            v = raw[CELLS * s + 1 + a] & (_LAST - 1)
            tape[WORDS * at + 1 + a] = place[v] if v < TOP else v
        if out < TOP:
            if n_free:
                n_free -= 1
                slot = free[n_free]
            else:
                slot = used
                used += 1
            place[out] = slot
            out = slot
        tape[WORDS * at] = number | out << 16
        tape[WORDS * at + 3] |= upper << 16
        immediate[at] = k[s]
        at += 1
    facts[p, END] = at - p * capacity
    facts[p, NEEDS] = n_reductions | used << 16
    facts[p, TREES] = trees


@inlined
def every(
    step, first, code, length, const, results, ending, n_results, n_leaves, opcodes, fixed, arity, variants, over,
    capacity, tape, immediate, facts, raw, k, where, alive, dies, free, live, place,
):  # fmt: skip
    """Programs first, first + step, ..: translated, assembled. From `raw` on, the arrays are scratch."""
    slots = n_leaves + 1 + code.shape[1] + 4
    for v in range(n_leaves):
        where[const.shape[1] + v] = v
    for p in range(first, code.shape[0], step):
        end = translate(
            code, length, const, results, p, ending, n_results, n_leaves, n_leaves + 1, 1, arity, variants, raw, k, 0,
            where, alive, dies, free,
        )  # fmt: skip
        assemble(
            raw, k, np.int64(end), n_leaves, slots, opcodes, fixed, arity, over, live, place, free, p, capacity, tape,
            immediate, facts,
        )  # fmt: skip


@outer
def _all(
    code, length, const, results, ending, n_results, n_leaves, opcodes, fixed, arity, variants, over, capacity, tape,
    immediate, facts,
):  # fmt: skip
    L, C = code.shape[1], const.shape[1]
    slots = n_leaves + 1 + L + 4
    raw, k = np.zeros(CELLS * capacity, np.int32), np.zeros(capacity, immediate.dtype)
    where, alive = np.zeros(C + n_leaves + L, np.int32), np.zeros(C + n_leaves + L, np.int32)
    dies, free = np.zeros(3 * L, np.int32), np.zeros(slots, np.int32)
    live, place = np.zeros(slots, np.int32), np.zeros(slots, np.int32)
    every(
        1, 0, code, length, const, results, ending, n_results, n_leaves, opcodes, fixed, arity, variants, over,
        capacity, tape, immediate, facts, raw, k, where, alive, dies, free, live, place,
    )  # fmt: skip


def needs_of(facts: np.ndarray) -> np.ndarray:
    """int32[.., 2]: reductions and slots, each pair that a program has. DeviceError for more than MOST_REDUCTIONS."""
    words = np.unique(facts[:, NEEDS])
    needs = np.stack([words & 0xFFFF, words >> 16], 1)
    most = int(needs[:, 0].max(initial=0))
    if most > MOST_REDUCTIONS:
        raise DeviceError(f"a program has {most} reductions; a GPU runs {MOST_REDUCTIONS}: ask for shorter programs")
    return needs


@cache
def tables(primitives: PrimitiveSet) -> tuple[np.ndarray, ...]:
    """What translation knows of a set: opcodes, fixed (the argument that is a constant) of `translate`'s operations;
    arity, variants (see there) and over (1 a tensor, 2 the whole tree) of primitives."""
    variants, operations = translation.tables(primitives)
    opcodes, fixed = np.array(operations, np.int64).T.copy()
    over = np.array([1 + (p.over == "tree") if p.over else 0 for p in primitives], np.int64)
    return opcodes, fixed, primitives.arity.astype(np.int64), variants, over


def capacity_of(packed: Packed, n_leaves: int, n_results: int) -> int:
    """Records of a program's tape, at most."""
    return n_leaves + 3 * packed.code.shape[1] + 2 * n_results


def tapes(primitives: PrimitiveSet, packed: Packed, n_leaves: int, dtype: str, ending: int) -> Tapes:
    """The tapes of all programs; `ending` (LOSS or OUTPUT, see `translate`) takes result 0, or every one.

    What `check_batch` refuses must not come here. Raises DeviceError for more than MOST_REDUCTIONS in a program.
    """
    n_results = 1 if ending == LOSS else packed.results.shape[1]
    capacity = capacity_of(packed, n_leaves, n_results)
    size = len(packed) * capacity
    tape, immediate = np.zeros(size * WORDS, np.int32), np.zeros(size, dtype)
    facts = np.zeros((len(packed), FACTS), np.int32)
    known = tables(primitives)

    def work(first: int) -> None:
        part = slice(first, first + SHARE)
        cells = slice(first * capacity, (first + SHARE) * capacity)
        words = slice(WORDS * cells.start, WORDS * cells.stop)
        programs = packed[part]
        _all(
            programs.code, programs.length, programs.const, programs.results, np.int64(ending), n_results, n_leaves,
            *known, capacity, tape[words], immediate[cells], facts[part],
        )  # fmt: skip

    shares = range(0, len(packed), SHARE)
    if len(shares) < 2:
        for first in shares:
            work(first)
    else:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(work, shares))
    return Tapes(tape, immediate, facts, capacity, needs_of(facts))
