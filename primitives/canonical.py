"""Canonical form: one spelling for all programs that differ in dead code, argument order, repeats or simple algebra.

A pass removes what no result needs, *through the state* (an instruction that only feeds a next state that nobody reads is
dead), then rebuilds the rest bottom-up with `algebra.emit`; passes repeat until no rule fires. Instructions end in the
order in which a reader needs them (depth first from the results), constants in order of first use. The 64-bit key hashes
what is left. Hero (arXiv 2302.06675) hashes the data flow of one step only, without algebra.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from primitives.algebra import CHANGED, CODE_FIELDS, FREE, INFO_FIELDS, N, N_CONST, N_LEAVES, SCRATCH, USES, constant, emit
from primitives.packed import Packed, Shape, pack, unpack
from primitives.philox import mix
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.rules import ARITY, Tables, tables

_PASSES = 6
_ROOM = 6  # a build may grow to this many times the program before dead code goes


@njit(cache=True, nogil=True)
def _live(code, p, n, results, n_state, operations, n_leaves, needed):
    """Mark in needed[n_leaves + n] the values that the outputs depend on, over all later steps too."""
    n_results = len(results)
    n_outputs = n_results - n_state
    n_inputs = n_leaves - n_state
    for v in range(n_leaves + n):
        needed[v] = False
    for r in range(n_outputs):
        if results[r] >= 0:
            needed[results[r]] = True
    while True:
        for i in range(n - 1, -1, -1):
            if needed[n_leaves + i]:
                for k in range(1, 1 + operations[code[p, i, 0], ARITY]):
                    if code[p, i, k] >= 0:
                        needed[code[p, i, k]] = True
        grew = False
        for s in range(n_state):
            v = results[n_outputs + s]
            if needed[n_inputs + s] and v >= 0 and not needed[v]:
                needed[v] = True
                grew = True
        if not grew:
            return


@njit(cache=True, nogil=True)
def _count_uses(code, p, n, results, n_state, operations, n_leaves, needed, uses):
    """How often each needed value is read by needed readers."""
    for v in range(n_leaves + n):
        uses[v] = 0
    n_outputs = len(results) - n_state
    for i in range(n):
        if needed[n_leaves + i]:
            for k in range(1, 1 + operations[code[p, i, 0], ARITY]):
                if code[p, i, k] >= 0:
                    uses[code[p, i, k]] += 1
    for r in range(len(results)):
        alive = r < n_outputs or needed[n_leaves - n_state + r - n_outputs]
        if alive and results[r] >= 0:
            uses[results[r]] += 1


@njit(cache=True, nogil=True)
def _name(names, v, build_const, const, p, counts):
    """The number of a constant in order of first use; a value that does not exist (0) where there is no room."""
    k = -1 - v
    if names[k] < 0:
        if counts[1] == const.shape[1]:
            return np.int64(0)
        names[k] = counts[1]
        const[p, counts[1]] = build_const[k]
        counts[1] += 1
    return -1 - names[k]


@njit(cache=True, nogil=True)
def _order(build, build_const, info, operations, results, code, const, p, stack, place, names, counts):
    """Write the build into `code[p]` and `const[p]`, depth first from the results; False where it does not fit."""
    n_leaves = info[N_LEAVES]
    counts[0] = counts[1] = 0
    for i in range(info[N]):
        place[i] = -1
    for k in range(info[N_CONST]):
        names[k] = -1
    for r in range(len(results)):
        top = 0
        stack[0] = results[r]
        while top >= 0:
            i = stack[top] - n_leaves
            if i < 0 or place[i] >= 0:
                top -= 1
                continue
            op = build[i, 0]
            arity = operations[op, ARITY]
            waiting = False
            for k in range(arity, 0, -1):
                a = build[i, k]
                if a >= n_leaves and place[a - n_leaves] < 0:
                    waiting = True
                    top += 1
                    stack[top] = a
            if waiting:
                continue
            n = counts[0]
            if n == code.shape[1]:
                return False
            code[p, n, 0] = op
            for k in range(1, 4):
                a = build[i, k] if k <= arity else np.int64(0)
                if a < 0:
                    a = _name(names, a, build_const, const, p, counts)
                    if a >= 0:
                        return False
                elif a >= n_leaves:
                    a = n_leaves + place[a - n_leaves]
                code[p, n, k] = a
            place[i] = n
            counts[0] += 1
            top -= 1
        v = np.int64(results[r])
        if v < 0:
            v = _name(names, v, build_const, const, p, counts)
            if v >= 0:
                return False
        elif v >= n_leaves:
            v = n_leaves + place[v - n_leaves]
        results[r] = v
    return True


@njit(cache=True, nogil=True)
def _key(code, p, n, bits, n_const, results, free):
    h = mix(np.uint64(n), np.uint64(n_const))
    for i in range(n):
        word = np.uint64(0)
        for k in range(4):
            word = (word << np.uint64(16)) | np.uint64(np.uint16(code[p, i, k]))
        h = mix(h, word)
    for r in range(len(results)):
        h = mix(h, np.uint64(np.uint16(results[r])))
    if not free:
        for k in range(n_const):
            h = mix(h, bits[p, k])
    return h


@njit(cache=True, nogil=True)
def _pass(build, build_const, bits, info, operations, rules, scratch, code, p, n, const, results, n_state, needed, uses, value):
    """Rebuild one program (the build is emptied first); results are rewritten to values of the build."""
    n_leaves = info[N_LEAVES]
    info[N] = info[N_CONST] = info[CHANGED] = 0
    _live(code, p, n, results, n_state, operations, n_leaves, needed)
    _count_uses(code, p, n, results, n_state, operations, n_leaves, needed, uses)
    for v in range(n_leaves):
        value[v] = v
    for i in range(n):
        if not needed[n_leaves + i]:
            continue
        op = np.int64(code[p, i, 0])
        x = y = z = np.int64(0)
        for k in range(operations[op, ARITY]):
            a = np.int64(code[p, i, 1 + k])
            a = value[a] if a >= 0 else constant(build_const, info, const[p, -1 - a])
            if k == 0:
                x = a
            elif k == 1:
                y = a
            else:
                z = a
        before = info[N]
        v = emit(build, build_const, bits, info, operations, rules, scratch, op, x, y, z)
        value[n_leaves + i] = v
        if v >= n_leaves + before:
            build[v - n_leaves, USES] = uses[n_leaves + i]
        elif v >= n_leaves:
            build[v - n_leaves, USES] += uses[n_leaves + i]
            info[CHANGED] = 1
    n_outputs = len(results) - n_state
    n_inputs = n_leaves - n_state
    for r in range(len(results)):
        if r >= n_outputs and not needed[n_inputs + r - n_outputs]:
            results[r] = n_inputs + r - n_outputs  # nobody reads this state: it stays as it was
        elif results[r] >= 0:
            results[r] = value[results[r]]
        else:
            results[r] = constant(build_const, info, const[p, -1 - results[r]])


@njit(cache=True, nogil=True)
def _copy(code, length, const, n_const, results, p, to_code, to_length, to_const, to_n_const, to_results, q):
    for i in range(length[p]):
        for k in range(4):
            to_code[q, i, k] = code[p, i, k]
    for i in range(length[p], to_length[q]):
        for k in range(4):
            to_code[q, i, k] = 0
    for k in range(n_const[p]):
        to_const[q, k] = const[p, k]
    for k in range(n_const[p], to_n_const[q]):
        to_const[q, k] = 0.0
    for r in range(results.shape[1]):
        to_results[q, r] = results[p, r]
    to_length[q], to_n_const[q] = length[p], n_const[p]


@njit(cache=True, nogil=True)
def _canonicalize(code, length, const, n_const, results, operations, rules, n_leaves, n_state, free, keys, ok):
    n_programs, capacity, width = code.shape
    slots, n_results = const.shape[1], results.shape[1]
    room = _ROOM * (capacity + 2)
    build = np.zeros((room, CODE_FIELDS), np.int64)
    build_const = np.zeros(4 * room + slots + n_results)
    build_bits = build_const.view(np.uint64)
    info = np.zeros(INFO_FIELDS, np.int64)
    info[N_LEAVES], info[FREE] = n_leaves, free
    scratch = np.zeros(SCRATCH, np.int64)
    needed = np.zeros(n_leaves + capacity, np.bool_)
    uses = np.zeros(n_leaves + capacity, np.int64)
    value = np.zeros(n_leaves + capacity, np.int64)
    stack = np.zeros(4 * room, np.int64)
    place = np.zeros(room, np.int64)
    names = np.zeros(len(build_const), np.int64)
    counts = np.zeros(2, np.int64)
    new_code = np.zeros((1, capacity, width), code.dtype)
    new_const = np.zeros((1, slots))
    new_results = np.zeros((1, n_results), results.dtype)
    row = new_results[0]
    new_length, new_n_const = np.zeros(1, length.dtype), np.zeros(1, n_const.dtype)
    bits = const.view(np.uint64)
    for p in range(n_programs):
        ok[p] = False
        for _ in range(_PASSES):
            for r in range(n_results):
                row[r] = results[p, r]
            _pass(
                build, build_const, build_bits, info, operations, rules, scratch,
                code, p, length[p], const, row, n_state, needed, uses, value,
            )  # fmt: skip
            ok[p] = _order(
                build, build_const, info, operations, row, new_code, new_const, 0, stack, place, names, counts
            )
            if not ok[p]:
                break
            new_length[0], new_n_const[0] = counts[0], counts[1]
            _copy(
                new_code, new_length, new_const, new_n_const, new_results, 0, code, length, const, n_const, results, p
            )
            if info[CHANGED] == 0:
                break
        keys[p] = _key(code, p, length[p], bits, n_const[p], row, free)


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
                *packed.arrays, *self.tables, self.n_leaves, self.n_state, self.free_constants, keys, ok
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
