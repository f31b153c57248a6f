"""Canonical form: one spelling for all programs that differ in dead code, argument order, repeats or simple algebra.

A pass removes what no result needs, *through the state* (an instruction that only feeds a next state that nobody
reads is dead), rebuilds the rest bottom-up with `algebra.emit`, and writes it back: instructions in the order in
which a reader needs them (depth first from the results), constants in order of first use. Primitives without arguments
become constants. Passes repeat until nothing
changes; mostly one is enough. The 64-bit key hashes what is left. Hero (arXiv 2302.06675) hashes the data flow of one
step only, without algebra.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from primitives.algebra import (
    AGAIN,
    CONSTANTS,
    COUNTED,
    FREE,
    FROM_ZERO,
    HEAD,
    INFO,
    KNOWN,
    N_LEAVES,
    NODE,
    PLACE,
    SPARE,
    STATE,
    TIE,
    UNPLACED,
    USES,
    VALUE,
    N,
    X,
    add_leaf,
    constant,
    emit,
    known_of,
    known_of_number,
    number,
)  # fmt: skip
from primitives.compiled import inlined, inner, outer
from primitives.packed import Packed, Shape, pack, unpack
from primitives.philox import mix
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.rules import (
    ARITY,
    CONSTANT,
    FIRST_OPERATION,
    FLAT,
    FOLD,
    NO_PROOF,
    NOT_NEGATIVE,
    PROOF,
    RECORD,
    SLOTS,
    averages,
    counts,
    is_flat,
    is_total,
    table,
)

_PASSES = 16
_ROOM = 16  # nodes of a build for every instruction that the program may have

# An instruction is read and written as one word of 64 bits: opcode and three arguments of 16 bits each. (Numba runs on
# little-endian machines only.)


@inlined
def _count_uses(words, first, n, results, n_state, rules, n_leaves, zero, uses, alive):
    """Set uses[zero + v] to how often value v is read by what the outputs depend on, over all later steps too."""
    n_results = len(results)
    n_outputs = n_results - n_state
    n_inputs = n_leaves - n_state
    for s in range(n_state):
        alive[s] = 0  # whether anybody reads this state, as far as is known
    while True:
        for v in range(zero + n_leaves + n):
            uses[v] = 0
        for r in range(n_results):
            if r < n_outputs or alive[r - n_outputs] == 1:
                uses[zero + results[r]] += 1
        for i in range(n - 1, -1, -1):
            if uses[zero + n_leaves + i] > 0:
                word = words[first + i]
                arity = rules[((word & 0xFFFF) + FIRST_OPERATION) * RECORD + ARITY]
                if arity > 0:
                    uses[zero + (word << 32 >> 48)] += 1
                if arity > 1:
                    uses[zero + (word << 16 >> 48)] += 1
                if arity > 2:
                    uses[zero + (word >> 48)] += 1
        grew = False
        for s in range(n_state):
            if uses[zero + n_inputs + s] > 0 and alive[s] == 0:
                alive[s] = 1
                grew = True
        if not grew:
            return


@inlined
def _known(known, zero, const, first_const, a):
    """What is known of value `a` of the program."""
    return known[zero + a] if a >= 0 else known_of_number(const[first_const - 1 - a])


@inner
def _prove(words, first, n, const, first_const, results, n_state, rules, zero, nodes, n_leaves, known):
    """Note on the leaves which states are never negative: zero at first, and each step keeps all of them so.

    All are taken for such until one is not. `known` is scratch.
    """
    n_inputs, n_outputs = n_leaves - n_state, len(results) - n_state
    for v in range(n_leaves):
        known[zero + v] = NOT_NEGATIVE if v >= n_inputs else 0
    fell = True
    while fell:
        for i in range(n):
            word = words[first + i]
            x, y, z = word << 32 >> 48, word << 16 >> 48, word >> 48
            proof = rules[((word & 0xFFFF) + FIRST_OPERATION) * RECORD + PROOF]
            known[zero + n_leaves + i] = 0
            if proof != NO_PROOF:
                weight = const[first_const - 1 - z] if z < 0 else np.nan
                known[zero + n_leaves + i] = known_of(
                    proof,
                    _known(known, zero, const, first_const, x),
                    _known(known, zero, const, first_const, y),
                    weight,
                )
        fell = False
        for s in range(n_state):
            leaf = zero + n_inputs + s
            after = _known(known, zero, const, first_const, results[n_outputs + s])
            if known[leaf] != 0 and after & NOT_NEGATIVE == 0:
                known[leaf] = 0
                fell = True
    for v in range(n_inputs, n_leaves):
        nodes[v * NODE + KNOWN] = known[zero + v]


@inlined
def _read(nodes, floats, info, const, first_const, zero, value, a):
    """The node of value `a` of the program. A free constant gets a new one each time it is read."""
    v = value[zero + a]
    if v < 0:
        v = value[zero + a] = constant(nodes, floats, info, const[first_const - 1 - a])
    elif info[FREE] == 1 and nodes[v * NODE + HEAD] == CONSTANT:
        v = constant(nodes, floats, info, floats[v * NODE + VALUE])
    return v


@inner
def _rebuild(
    words, first, n, const, first_const, results, n_state, rules, zero, nodes, floats, slots, info, uses, alive, value
):
    """Rebuild one program (the build is emptied first); results are rewritten to nodes. False: there was no room."""
    n_leaves = info[N_LEAVES]
    room = len(nodes) // NODE
    _count_uses(words, first, n, results, n_state, rules, n_leaves, zero, uses, alive)
    info[N], info[AGAIN], info[TIE] = n_leaves, 0, 0
    for v in range(zero):
        value[v] = -1
    for v in range(n_leaves):
        value[zero + v] = v
    if info[FROM_ZERO] == 1:  # a state that no step changes is the zero that it was
        for s in range(n_state):
            v, r = n_leaves - n_state + s, results[len(results) - n_state + s]
            if r == v or (r < 0 and const[first_const - 1 - r] == 0.0):
                value[zero + v] = constant(nodes, floats, info, 0.0)
                info[AGAIN] |= alive[s]
    for i in range(n):
        if uses[zero + n_leaves + i] == 0:
            continue
        if info[N] + SPARE > room:
            return False
        word = words[first + i]
        head = (word & 0xFFFF) + FIRST_OPERATION
        arity = rules[head * RECORD + ARITY]
        if arity == 0:
            value[zero + n_leaves + i] = number(nodes, floats, info, rules[head * RECORD + FOLD])
            continue
        x = _read(nodes, floats, info, const, first_const, zero, value, word << 32 >> 48)
        y = z = np.int64(0)
        if arity > 1:
            y = _read(nodes, floats, info, const, first_const, zero, value, word << 16 >> 48)
        if arity > 2:
            z = _read(nodes, floats, info, const, first_const, zero, value, word >> 48)
        before = info[N]
        v = emit(nodes, floats, rules, slots, info, room, head, x, y, z)
        value[zero + n_leaves + i] = v
        if info[COUNTED] == 1 and v >= n_leaves and (info[FREE] == 1 or nodes[v * NODE + HEAD] != CONSTANT):
            if v >= before:
                nodes[v * NODE + USES] = uses[zero + n_leaves + i]
            else:
                nodes[v * NODE + USES] += uses[zero + n_leaves + i]
                info[AGAIN] = 1
    n_outputs = len(results) - n_state
    for r in range(len(results)):
        if r >= n_outputs and alive[r - n_outputs] == 0:
            results[r] = n_leaves - n_state + r - n_outputs  # nobody reads this state: it stays as it was
        elif info[N] + SPARE > room:
            return False
        else:
            results[r] = _read(nodes, floats, info, const, first_const, zero, value, results[r])
    return True


@inner
def _order(nodes, rules, n_leaves, results, order, stack):
    """The operations that the results need, depth first, with their arguments before them; gives each its PLACE."""
    n = 0
    for r in range(len(results)):
        top = 0
        stack[0] = results[r]
        while top >= 0:
            i = stack[top] * NODE
            if nodes[i + PLACE] != UNPLACED or nodes[i + HEAD] == CONSTANT:
                top -= 1
                continue
            below = top
            for k in range(rules[nodes[i + HEAD] * RECORD + ARITY] - 1, -1, -1):
                a = nodes[i + X + k]
                if nodes[a * NODE + PLACE] == UNPLACED and nodes[a * NODE + HEAD] != CONSTANT:
                    top += 1
                    stack[top] = a
            if top == below:
                nodes[i + PLACE] = n_leaves + n
                order[n] = i // NODE
                n += 1
                top -= 1
    return n


@inlined
def _name(nodes, v, names, n_const):
    """Number a constant when it is first read. Returns how many have a number."""
    if nodes[v * NODE + PLACE] == UNPLACED:
        nodes[v * NODE + PLACE] = -1 - n_const
        names[n_const] = v
        return n_const + 1
    return n_const


@inner
def _name_all(nodes, rules, order, n, results, names):
    """Number the constants in order of first use. Returns how many there are."""
    n_const = np.int64(0)
    for i in range(n):
        at = order[i] * NODE
        for k in range(rules[nodes[at + HEAD] * RECORD + ARITY]):
            n_const = _name(nodes, nodes[at + X + k], names, n_const)
    for r in range(len(results)):
        n_const = _name(nodes, results[r], names, n_const)
    return n_const


@inner
def _write(nodes, floats, rules, order, n, names, n_const, words, first, old_n, const, first_const, old_n_const, free):
    """Write the program over the old one. Returns its key (but for the results) and whether instructions changed."""
    h = mix(np.uint64(n), np.uint64(n_const))
    difference = np.int64(n ^ old_n)
    for i in range(n):
        at = order[i] * NODE
        head = nodes[at + HEAD]
        arity = rules[head * RECORD + ARITY]
        word = head - FIRST_OPERATION
        for k in range(arity):
            word |= (nodes[nodes[at + X + k] * NODE + PLACE] & 0xFFFF) << (16 + 16 * k)
        difference |= words[first + i] ^ word
        words[first + i] = word
        h = mix(h, np.uint64(word))
    for i in range(n, old_n):
        words[first + i] = 0
    for k in range(n_const):
        const[first_const + k] = floats[names[k] * NODE + VALUE]
        if not free:
            h = mix(h, np.uint64(nodes[names[k] * NODE + VALUE]))
    for k in range(n_const, old_n_const):
        const[first_const + k] = 0.0
    return h, difference != 0


@outer
def _canonicalize(
    words, length, const, n_const, results, rules, leaves, n_state, free, total, counted, constants, keys, ok
):
    """leaves, constants: what is known of each leaf, int64[n_leaves], and of all constants."""
    n_leaves = len(leaves)
    n_programs, capacity = words.shape
    slots, n_results = const.shape[1], results.shape[1]
    all_words, all_const = words.reshape(-1), const.reshape(-1)
    room = n_leaves + slots + n_results + _ROOM * (capacity + 2)
    nodes = np.zeros(room * NODE, np.int64)
    floats = nodes.view(np.float64)
    info = np.zeros(INFO, np.int64)
    info[N_LEAVES], info[FREE], info[STATE], info[COUNTED] = n_leaves, free, n_state > 0, counted
    info[FROM_ZERO], info[CONSTANTS] = total and not free, constants
    for v in range(n_leaves):
        add_leaf(nodes, v, leaves[v])
    rule_slots = np.zeros(SLOTS, np.int64)
    uses = np.zeros(slots + n_leaves + capacity, np.int64)
    value = np.zeros(slots + n_leaves + capacity, np.int64)
    alive = np.zeros(n_state, np.int64)
    stack, order, names = np.zeros(3 * room, np.int64), np.zeros(room, np.int64), np.zeros(room, np.int64)
    roots = np.zeros(n_results, np.int64)
    for p in range(n_programs):
        first = p * capacity
        left = _PASSES
        while left > 0:
            for r in range(n_results):
                roots[r] = results[p, r]
            if total and n_state > 0:
                _prove(
                    all_words,
                    first,
                    length[p],
                    all_const,
                    p * slots,
                    roots,
                    n_state,
                    rules,
                    slots,
                    nodes,
                    n_leaves,
                    value,
                )
            if not _rebuild(
                all_words, first, length[p], all_const, p * slots, roots, n_state, rules, slots, nodes, floats,
                rule_slots, info, uses, alive, value,
            ):  # fmt: skip
                break
            n = _order(nodes, rules, n_leaves, roots, order, stack)
            n_named = _name_all(nodes, rules, order, n, roots, names)
            if n > capacity or n_named > slots:
                break
            key, changed = _write(
                nodes,
                floats,
                rules,
                order,
                n,
                names,
                n_named,
                all_words,
                first,
                length[p],
                all_const,
                p * slots,
                n_const[p],
                free,
            )
            length[p], n_const[p] = n, n_named
            for r in range(n_results):
                v = nodes[roots[r] * NODE + PLACE]
                changed |= results[p, r] != v
                results[p, r] = v
                key = mix(key, np.uint64(v))
            keys[p] = key
            left = left - 1 if changed and (info[AGAIN] == 1 or info[TIE] == 1) else 0
        ok[p] = left == 0


class Canonicalizer:
    """The canonical form for one primitive set and signature.

    free_constants: constants are parameters that the score fits; programs that differ in their values only are the
    same.
    flat: for each leaf the axes of a batch of images over which it is one number; by default nothing is known.
    Raises ValueError where it is of another number of leaves.
    """

    def __init__(
        self,
        primitives: PrimitiveSet,
        signature: Signature,
        free_constants: bool = False,
        flat: Sequence[str] = (),
    ) -> None:
        self.table = table(primitives, free_constants)
        self.leaves = np.zeros(len(signature.leaves), np.int64)
        if flat:
            if len(flat) != len(self.leaves):
                raise ValueError(f"{len(self.leaves)} leaves, and {len(flat)} of them said to be flat")
            self.leaves[:] = [is_flat(axes) for axes in flat]
        self.n_state = len(signature.state)
        self.free_constants = free_constants
        self.total = is_total(primitives)
        self.counted = counts(primitives, free_constants)
        self.constants = FLAT if averages(primitives) else 0

    def __call__(self, packed: Packed) -> tuple[np.ndarray, np.ndarray]:
        """Bring every program of the batch to canonical form, in place.

        Returns keys uint64[P] and ok bool[P]; a program that does not fit the capacity of the batch (free constants are
        counted once a use) is left as it was, or equivalent to it, and is not ok.
        """
        keys, ok = np.zeros(len(packed), np.uint64), np.zeros(len(packed), np.bool_)
        if len(packed):
            _canonicalize(
                packed.code.view(np.int64)[:, :, 0], packed.length, packed.const, packed.n_const, packed.results,
                self.table, self.leaves, self.n_state, self.free_constants,
                self.total, self.counted, self.constants, keys, ok,
            )  # fmt: skip
        return keys, ok


def canonical(
    program: Program, primitives: PrimitiveSet, free_constants: bool = False, flat: Sequence[str] = ()
) -> Program:
    """The canonical form of one program: see Canonicalizer. Raises UnknownPrimitive."""
    signature = program.signature
    size = len(program.instructions) + 1
    shape = Shape(len(signature.leaves), len(signature.results), size, 3 * size + len(signature.results))
    packed = pack([program], primitives, shape)
    Canonicalizer(primitives, signature, free_constants, flat)(packed)
    return unpack(packed, signature, primitives)[0]
