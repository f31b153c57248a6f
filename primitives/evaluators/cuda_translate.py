"""Translation on the GPU: a thread is a program, and runs the very functions that the host runs.

Only the packed programs go to the device, a fraction of their tapes in size, and only their facts come back. Scratch is
in global memory, one column a thread, so that neighbours touch neighbouring words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda, types

from primitives.evaluators.cuda_tape import FACTS, WORDS, Tapes, capacity_of, every, needs_of, tables, tapes
from primitives.evaluators.translate import CELLS, LOSS
from primitives.gpu.compile import SIMULATED, kernel
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet

THREADS = 128  # a block
COLUMNS = 1 << 16  # threads at most, about as many as a GPU holds; each takes every so many-th program
# Fewer programs are left to the host: it needs some milliseconds for them, and a GPU, whose single thread is slow, is
# unlikely to need less (reckoned from the length of the code; not timed).
MANY = 1024


@kernel
def translate_each(
    code, length, const, results, ending, n_results, n_leaves, opcodes, fixed, arity, variants, over, capacity, scratch,
    numbers, tape, immediate, facts,
):  # fmt: skip
    """See `translate` and `assemble`. scratch int32[words, threads], numbers dtype[capacity, threads]."""
    column, columns = cuda.grid(1), scratch.shape[1]
    if column >= columns:
        return
    L, C = code.shape[1], const.shape[1]
    values, slots, at = C + n_leaves + L, n_leaves + 1 + L + 4, CELLS * capacity
    raw, k = scratch[:, column], numbers[:, column]
    where, alive = scratch[at:, column], scratch[at + values :, column]
    at += 2 * values
    dies, free = scratch[at:, column], scratch[at + 3 * L :, column]
    at += 3 * L + slots
    live, place = scratch[at : at + slots, column], scratch[at + slots :, column]
    every(
        columns, column, code, length, const, results, ending, n_results, n_leaves, opcodes, fixed, arity, variants,
        over, capacity, tape, immediate, facts, raw, k, where, alive, dies, free, live, place,
    )  # fmt: skip


def signature(dtype: str) -> tuple[Any, ...]:
    """Types of the arguments of `translate_each`."""
    F = types.float32 if dtype == "float32" else types.float64
    small, word, size = (types.Array(kind, 2, "C") for kind in (types.int16, types.int32, F))
    table, n = types.int64[::1], types.int64
    packed = types.Array(types.int16, 3, "C"), types.int16[::1], types.Array(types.float64, 2, "C"), small
    return (*packed, n, n, n, table, table, table, small, table, n, word, size, types.int32[::1], F[::1], word)


class Translator:
    """Tapes of packed programs on the device, made there or, of few programs, on the host."""

    def __init__(self, primitives: PrimitiveSet, dtype: str) -> None:
        self.primitives, self.dtype = primitives, dtype
        self._tables: list[Any] = []

    def __call__(self, packed: Packed, n_leaves: int, ending: int) -> Tapes:
        """See `cuda_tape.tapes`; the arrays are the device's."""
        if SIMULATED or len(packed) < MANY:
            made = tapes(self.primitives, packed, n_leaves, self.dtype, ending)
            tape, immediate, facts = map(cuda.to_device, (made.tape, made.immediate, made.facts))
            return Tapes(tape, immediate, facts, made.capacity, made.needs)
        return self.on_device(packed, n_leaves, ending)

    def on_device(self, packed: Packed, n_leaves: int, ending: int) -> Tapes:
        """Where all of them are made on the device. Waits for it."""
        (P, L), C = packed.code.shape[:2], max(1, packed.const.shape[1])  # an array of a device has elements
        n_results = 1 if ending == LOSS else packed.results.shape[1]
        capacity = capacity_of(packed, n_leaves, n_results)
        columns = min(P, COLUMNS)
        words = CELLS * capacity + 2 * (C + n_leaves + L) + 3 * L + 3 * (n_leaves + 1 + L + 4)
        self._tables = self._tables or [cuda.to_device(table) for table in tables(self.primitives)]
        taken = (packed.code, packed.length, packed.const if packed.const.size else np.zeros((P, 1)), packed.results)
        tape = cuda.device_array(P * capacity * WORDS, np.int32)
        immediate = cuda.device_array(P * capacity, self.dtype)
        facts = cuda.device_array((P, FACTS), np.int32)
        translate_each[-(-columns // THREADS), THREADS](
            *(cuda.to_device(np.ascontiguousarray(array)) for array in taken), ending, n_results, n_leaves,
            *self._tables, capacity, cuda.device_array((words, columns), np.int32),
            cuda.device_array((capacity, columns), self.dtype), tape, immediate, facts,
        )  # fmt: skip
        return Tapes(tape, immediate, facts, capacity, needs_of(facts.copy_to_host()))
