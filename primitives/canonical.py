"""Canonical form: one spelling for all programs that differ in dead code, argument order, repeats or simple algebra.

A pass removes what no result needs, *through the state* (an instruction that only feeds a next state that nobody reads is
dead), then rebuilds the rest bottom-up with `algebra.emit`; passes repeat until nothing changes. Instructions end in the
order in which a reader needs them (depth first from the results), constants in order of first use. The 64-bit key hashes
what is left. Hero (arXiv 2302.06675) hashes the data flow of one step only, without algebra.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from primitives import algebra
from primitives.algebra import Build, emit
from primitives.packed import Packed, Shape, pack, unpack
from primitives.philox import mix
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.rules import Tables, tables

_PASSES = 6
_ROOM = 6  # a build may grow to this many times the program before dead code goes


@njit(cache=True, nogil=True)
def _live(code, n, results, n_state, arity, n_leaves, needed):
    """Mark in needed[n_leaves + n] the values that the outputs depend on, over all later steps too."""
    n_results = len(results)
    n_outputs = n_results - n_state
    n_inputs = n_leaves - n_state
    needed[: n_leaves + n] = False
    for r in range(n_outputs):
        if results[r] >= 0:
            needed[results[r]] = True
    while True:
        for i in range(n - 1, -1, -1):
            if needed[n_leaves + i]:
                for k in range(arity[code[i, 0]]):
                    if code[i, 1 + k] >= 0:
                        needed[code[i, 1 + k]] = True
        grew = False
        for s in range(n_state):
            v = results[n_outputs + s]
            if needed[n_inputs + s] and v >= 0 and not needed[v]:
                needed[v] = True
                grew = True
        if not grew:
            return


@njit(cache=True, nogil=True)
def _count_uses(code, n, results, n_state, arity, n_leaves, needed, uses):
    """How often each needed value is read by needed readers."""
    uses[: n_leaves + n] = 0
    n_outputs = len(results) - n_state
    for i in range(n):
        if needed[n_leaves + i]:
            for k in range(arity[code[i, 0]]):
                if code[i, 1 + k] >= 0:
                    uses[code[i, 1 + k]] += 1
    for r in range(len(results)):
        alive = r < n_outputs or needed[n_leaves - n_state + r - n_outputs]
        if alive and results[r] >= 0:
            uses[results[r]] += 1


@njit(cache=True, nogil=True)
def _order(b, results, code, const, stack, place, capacity):
    """Write the build into `code` and `const`, depth first from the results.

    Returns the number of instructions and constants; -1 where they exceed the capacity.
    """
    n_leaves = b.n_leaves
    arity = b.tables.arity
    n_out = n_const = 0
    slots = capacity[1]
    place[: b.count[0]] = -1
    names = place[len(b.code) :]
    names[: b.count[1]] = -1
    for r in range(len(results)):
        top = 0
        stack[0] = results[r]
        while top >= 0:
            v = stack[top]
            i = v - n_leaves
            if i < 0 or place[i] >= 0:
                top -= 1
            else:
                waiting = False
                for k in range(arity[b.code[i, 0]] - 1, -1, -1):
                    a = b.code[i, 1 + k]
                    if a >= n_leaves and place[a - n_leaves] < 0:
                        waiting = True
                        top += 1
                        stack[top] = a
                if not waiting:
                    if n_out == capacity[0]:
                        return -1, -1
                    op = b.code[i, 0]
                    code[n_out, 0] = op
                    code[n_out, 1:] = 0
                    for k in range(arity[op]):
                        a = b.code[i, 1 + k]
                        if a < 0:
                            if names[-1 - a] < 0:
                                if n_const == slots:
                                    return -1, -1
                                names[-1 - a] = n_const
                                const[n_const] = b.const[-1 - a]
                                n_const += 1
                            a = -1 - names[-1 - a]
                        elif a >= n_leaves:
                            a = n_leaves + place[a - n_leaves]
                        code[n_out, 1 + k] = a
                    place[i] = n_out
                    n_out += 1
                    top -= 1
        v = results[r]
        if v < 0:
            if names[-1 - v] < 0:
                if n_const == slots:
                    return -1, -1
                names[-1 - v] = n_const
                const[n_const] = b.const[-1 - v]
                n_const += 1
            results[r] = -1 - names[-1 - v]
        elif v >= n_leaves:
            results[r] = n_leaves + place[v - n_leaves]
    return n_out, n_const


@njit(cache=True, nogil=True)
def _key(code, n, const, n_const, results, free):
    h = mix(np.uint64(n), np.uint64(n_const))
    for i in range(n):
        word = np.uint64(0)
        for k in range(4):
            word = (word << np.uint64(16)) | np.uint64(np.uint16(code[i, k]))
        h = mix(h, word)
    for r in range(len(results)):
        h = mix(h, np.uint64(np.uint16(results[r])))
    if not free:
        bits = const.view(np.uint64)
        for k in range(n_const):
            h = mix(h, bits[k])
    return h


@njit(cache=True, nogil=True)
def _pass(b, code, n, const, results, n_state, needed, uses, value):
    """Rebuild one program in `b` (emptied first); results are rewritten to values of the build."""
    n_leaves = b.n_leaves
    arity = b.tables.arity
    b.count[0] = b.count[1] = 0
    _live(code, n, results, n_state, arity, n_leaves, needed)
    _count_uses(code, n, results, n_state, arity, n_leaves, needed, uses)
    for v in range(n_leaves):
        value[v] = v
    for i in range(n):
        if not needed[n_leaves + i]:
            continue
        x = y = z = np.int64(0)
        for k in range(arity[code[i, 0]]):
            a = np.int64(code[i, 1 + k])
            a = value[a] if a >= 0 else algebra.constant(b, const[-1 - a])
            if k == 0:
                x = a
            elif k == 1:
                y = a
            else:
                z = a
        before = b.count[0]
        v = emit(b, np.int64(code[i, 0]), x, y, z, 0)
        value[n_leaves + i] = v
        if v >= n_leaves + before:
            b.uses[v - n_leaves] = uses[n_leaves + i]
        elif v >= n_leaves:
            b.uses[v - n_leaves] += uses[n_leaves + i]
    n_outputs = len(results) - n_state
    n_inputs = n_leaves - n_state
    for r in range(len(results)):
        if r >= n_outputs and not needed[n_inputs + r - n_outputs]:
            results[r] = n_inputs + r - n_outputs  # nobody reads this state: it stays as it was
        elif results[r] >= 0:
            results[r] = value[results[r]]
        else:
            results[r] = algebra.constant(b, const[-1 - results[r]])


@njit(cache=True, nogil=True)
def _canonicalize(code, length, const, n_const, results, tables, scratch, n_leaves, n_state, free, keys, ok):
    n_programs, capacity, width = code.shape
    slots = const.shape[1]
    room = _ROOM * (capacity + 2)
    build = Build(
        tables, np.zeros((room, 4), np.int64), np.zeros(room, np.uint64), np.zeros(room, np.int64),
        np.zeros(4 * room + slots + results.shape[1]), np.zeros(2, np.int64), scratch, n_leaves, free,
    )  # fmt: skip
    needed = np.zeros(n_leaves + capacity, np.bool_)
    uses = np.zeros(n_leaves + capacity, np.int64)
    value = np.zeros(n_leaves + capacity, np.int64)
    stack = np.zeros(4 * room, np.int64)
    place = np.zeros(room + len(build.const), np.int64)
    limits = (np.int64(capacity), np.int64(slots))
    new_code = np.zeros((capacity, width), code.dtype)
    new_const = np.zeros(slots)
    new_results = np.zeros(results.shape[1], results.dtype)
    for p in range(n_programs):
        ok[p] = False
        for _ in range(_PASSES):
            new_results[:] = results[p]
            _pass(build, code[p], length[p], const[p], new_results, n_state, needed, uses, value)
            n, m = _order(build, new_results, new_code, new_const, stack, place, limits)
            if n < 0:
                break
            same = ok[p] and n == length[p] and m == n_const[p]
            if same:
                for i in range(n):
                    for k in range(4):
                        same = same and new_code[i, k] == code[p, i, k]
                for r in range(len(new_results)):
                    same = same and new_results[r] == results[p, r]
            code[p, :n] = new_code[:n]
            code[p, n:] = 0
            const[p, :m] = new_const[:m]
            const[p, m:] = 0.0
            results[p] = new_results
            length[p], n_const[p] = n, m
            ok[p] = True
            if same:
                break
        keys[p] = _key(code[p], length[p], const[p], n_const[p], results[p], free)


class Canonicalizer:
    """The canonical form for one primitive set and signature.

    free_constants: constants are parameters that the score fits; programs that differ in their values only are the same.
    """

    def __init__(self, primitives: PrimitiveSet, signature: Signature, free_constants: bool = False) -> None:
        self.tables: Tables = tables(primitives, free_constants)
        self.n_leaves = len(signature.leaves)
        self.n_state = len(signature.state)
        self.free_constants = free_constants

    def __call__(self, packed: Packed) -> tuple[np.ndarray, np.ndarray]:
        """Bring every program of the batch to canonical form, in place.

        Returns keys uint64[P] and ok bool[P]; a program that does not fit the capacity of the batch (free constants are
        counted once a use) is left as it was and is not ok.
        """
        keys, ok = np.zeros(len(packed), np.uint64), np.zeros(len(packed), np.bool_)
        if len(packed):
            _canonicalize(
                *packed.arrays, self.tables, algebra.scratch(), self.n_leaves, self.n_state, self.free_constants, keys, ok
            )
        return keys, ok


def canonical(program: Program, primitives: PrimitiveSet, free_constants: bool = False) -> Program:
    """The canonical form of one program."""
    signature = program.signature
    size = len(program.instructions) + 1
    shape = Shape(len(signature.leaves), len(signature.results), size, 3 * size + len(signature.results))
    packed = pack([program], primitives, shape)
    Canonicalizer(primitives, signature, free_constants)(packed)
    return unpack(packed, signature, primitives)[0]
