"""Breeding, compiled: children of packed parents by insertion, deletion, change of an operation, an argument or a constant.

Every child draws from its own stream, named by (seed, generation, slot): breeding is the same whoever does it.
"""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
from numba import njit

from discover.problem import Mutations, Problem
from primitives import philox
from primitives.packed import Packed
from primitives.philox import below, normal, uniform

INSERT, DELETE, MODIFY, REWIRE, SWAP, NEW_CONSTANT, SCALE_CONSTANT = range(7)
CONSTANTS_ONLY = Mutations(0, 0, 0, 0, 0, 1, 1)
_SPREAD = 2.0  # of the binary logarithm of a new constant
_FLIP = 0.1  # chance that scaling a constant flips its sign
_UNIT = 0.5  # chance that a new constant is one that leaves the other argument unchanged, where there is one
_EMPTY = np.int64(1 << 40)


@njit(cache=True, nogil=True)
def _draw_constant(stream):
    magnitude = 2.0 ** (_SPREAD * normal(stream))
    return magnitude if uniform(stream) < 0.5 else -magnitude


@njit(cache=True, nogil=True)
def _earlier(stream, n_leaves, place):
    """A leaf or the result of an instruction before `place`."""
    return below(stream, n_leaves + place)


@njit(cache=True, nogil=True)
def _constant(stream, const, counts, unit):
    """The value of a new constant; where the table is full, of an old one; `_EMPTY` where it has no room at all."""
    if len(const) == 0:
        return _EMPTY
    k = counts[1]
    if k == len(const):
        return np.int64(-1 - below(stream, k))
    const[k] = unit if unit == unit and uniform(stream) < _UNIT else _draw_constant(stream)
    counts[1] += 1
    return np.int64(-1 - k)


@njit(cache=True, nogil=True)
def _argument(stream, const, counts, n_leaves, place, unit, constant_share):
    """A new constant or an earlier value."""
    if uniform(stream) < constant_share:
        v = _constant(stream, const, counts, unit)
        if v != _EMPTY:
            return v
    return np.int64(_earlier(stream, n_leaves, place))


@njit(cache=True, nogil=True)
def _open(code, results, counts, n_leaves, place):
    """Make room for an instruction at `place`."""
    first = n_leaves + place
    for i in range(counts[0], place, -1):
        code[i] = code[i - 1]
    counts[0] += 1
    for i in range(place + 1, counts[0]):
        for k in range(1, 4):
            if code[i, k] >= first:
                code[i, k] += 1
    for r in range(len(results)):
        if results[r] >= first:
            results[r] += 1
    code[place] = 0


@njit(cache=True, nogil=True)
def _fill(stream, code, const, counts, ops, n_leaves, place, slot, value):
    """A random operation at `place`: argument `slot` is `value`, the others are constants or earlier values."""
    arity, units = ops
    op = below(stream, len(arity))
    code[place, 0] = op
    slot = slot % arity[op]
    for k in range(arity[op]):
        code[place, 1 + k] = (
            value if k == slot else _argument(stream, const, counts, n_leaves, place, units[op, k], 0.5)
        )


@njit(cache=True, nogil=True)
def _insert(stream, code, const, results, counts, ops, n_leaves):
    """Put a new instruction between a value and one of its readers, or all that come later.

    One time in four the new instruction also reads a second new one.
    """
    arity = ops[0]
    double = uniform(stream) < 0.25
    if counts[0] + 1 + double > len(code):
        return False
    place = below(stream, counts[0] + len(results))  # the reader: an instruction or a result
    if place < counts[0]:
        v = np.int64(code[place, 1 + below(stream, arity[code[place, 0]])])
    else:
        v = np.int64(results[place - counts[0]])
        place = counts[0]
    if double:
        _open(code, results, counts, n_leaves, place)
        value = np.int64(_earlier(stream, n_leaves, place))
        _fill(stream, code, const, counts, ops, n_leaves, place, below(stream, 3), value)
        place += 1
    _open(code, results, counts, n_leaves, place)
    _fill(stream, code, const, counts, ops, n_leaves, place, below(stream, 3), v)
    a = arity[code[place, 0]]
    if double and a > 1:
        k = below(stream, a)
        if code[place, 1 + k] == v:
            k = (k + 1) % a
        code[place, 1 + k] = n_leaves + place - 1
    everywhere = uniform(stream) < 0.5
    for i in range(place + 1, counts[0]):
        for k in range(arity[code[i, 0]]):
            if code[i, 1 + k] == v:
                code[i, 1 + k] = n_leaves + place
                if not everywhere:
                    return True
    for r in range(len(results)):
        if results[r] == v:
            results[r] = n_leaves + place
            if not everywhere:
                return True
    return True


@njit(cache=True, nogil=True)
def _rewire(stream, code, const, results, counts, arity, n_leaves):
    """Give one argument, or one result, another value."""
    i = below(stream, counts[0] + len(results))
    if i >= counts[0]:
        results[i - counts[0]] = _earlier(stream, n_leaves, counts[0])
    else:
        k = below(stream, arity[code[i, 0]])
        code[i, 1 + k] = _argument(stream, const, counts, n_leaves, i, np.nan, 0.3)


@njit(cache=True, nogil=True)
def _delete(stream, code, results, counts, arity, n_leaves):
    """Let the readers of an instruction read one of its arguments instead."""
    i = below(stream, counts[0])
    a = arity[code[i, 0]]
    value = np.int64(code[i, 1 + below(stream, a)])
    if value < 0 and a > 1:
        value = np.int64(code[i, 1 + below(stream, a)])
    old = n_leaves + i
    for j in range(i + 1, counts[0]):
        for k in range(arity[code[j, 0]]):
            if code[j, 1 + k] == old:
                code[j, 1 + k] = value
    for r in range(len(results)):
        if results[r] == old:
            results[r] = value


@njit(cache=True, nogil=True)
def _modify(stream, code, const, counts, ops, n_leaves):
    """Another operation over the same arguments."""
    arity, units = ops
    i = below(stream, counts[0])
    old, new = code[i, 0], below(stream, len(arity))
    code[i, 0] = new
    for k in range(arity[old], arity[new]):
        code[i, 1 + k] = _argument(stream, const, counts, n_leaves, i, units[new, k], 0.5)
    code[i, 1 + arity[new] :] = 0


@njit(cache=True, nogil=True)
def _mutate(stream, kind, code, const, results, counts, ops, n_leaves):
    """One mutation; False where this kind does not apply."""
    arity = ops[0]
    n = counts[0]
    if kind == INSERT:
        return _insert(stream, code, const, results, counts, ops, n_leaves)
    if kind == NEW_CONSTANT or kind == SCALE_CONSTANT:
        if counts[1] == 0:
            return False
        k = below(stream, counts[1])
        if kind == NEW_CONSTANT:
            const[k] = _draw_constant(stream)
        else:
            const[k] *= 2.0 ** normal(stream)
            if uniform(stream) < _FLIP:
                const[k] = -const[k]
        return True
    if n == 0:
        return False
    if kind == DELETE:
        _delete(stream, code, results, counts, arity, n_leaves)
    elif kind == MODIFY:
        _modify(stream, code, const, counts, ops, n_leaves)
    elif kind == REWIRE:
        _rewire(stream, code, const, results, counts, arity, n_leaves)
    else:
        i = below(stream, n)
        a = arity[code[i, 0]]
        if a < 2:
            return False
        j = below(stream, a)
        k = (j + 1 + below(stream, a - 1)) % a
        code[i, 1 + j], code[i, 1 + k] = code[i, 1 + k], code[i, 1 + j]
    return True


@njit(cache=True, nogil=True)
def _breed(code, length, const, n_const, results, ops, n_leaves, cumulative, most, more, seed, generation, slot, kinds):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    counts = np.zeros(2, np.int64)
    for p in range(len(length)):
        philox.start(stream, seed, generation, slot + p)
        counts[0], counts[1] = length[p], n_const[p]
        rounds = 1 + below(stream, most) if most > 1 else 1
        while most == 1 and rounds < 8 and uniform(stream) < more:
            rounds += 1
        kinds[p] = 0
        for _ in range(rounds):
            for _ in range(8):
                u = uniform(stream) * cumulative[-1]
                kind = 0
                while u >= cumulative[kind]:
                    kind += 1
                if _mutate(stream, kind, code[p], const[p], results[p], counts, ops, n_leaves):
                    kinds[p] |= 1 << kind
                    break
        length[p], n_const[p] = counts[0], counts[1]


class Breeder:
    """Mutates programs of one problem.

    weights: of the mutation kinds (default: the problem's); most: 1 for one mutation a child and, with chance `more`, each
    time another; above 1, a uniform number of mutations 1..most (how random programs are made).
    """

    def __init__(self, problem: Problem, weights: Mutations | None = None, most: int = 1, more: float = 0.3) -> None:
        units = np.full((len(problem.primitives), 3), np.nan)
        for opcode, p in enumerate(problem.primitives):
            for slot, unit in enumerate(p.units):
                units[opcode, slot] = np.nan if unit is None else unit
        self._ops = (problem.primitives.arity, units)
        self._n_leaves = problem.shape.n_leaves
        self._cumulative = np.cumsum(np.array(astuple(weights or problem.mutations), np.float64))
        if not self._cumulative[-1] > 0:
            raise ValueError("all mutation weights are zero")
        self._most, self._more = most, more

    def __call__(self, parents: Packed, seed: int, generation: int, slot: int = 0) -> np.ndarray:
        """Mutate the batch in place. Returns int64[P]: bit k is set where mutation kind k was applied."""
        kinds = np.zeros(len(parents), np.int64)
        _breed(
            *parents.arrays, self._ops, self._n_leaves, self._cumulative, self._most, self._more,
            np.uint64(seed), generation, slot, kinds,
        )  # fmt: skip
        return kinds
