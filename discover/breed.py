"""Breeding, compiled: children of packed parents by inserting, deleting and changing operations and their arguments.

Every child draws from its own stream, named by (seed, generation, slot): breeding is the same whoever does it.
"""

from __future__ import annotations

import numpy as np

from discover.breed_constants import change
from discover.breed_structure import delete, duplicate, insert, modify, rewire, swap
from discover.problem import Mutations, Problem
from primitives import philox
from primitives.compiled import inner, outer
from primitives.packed import Packed
from primitives.philox import below, uniform

INSERT, DELETE, MODIFY, REWIRE, SWAP, NEW_CONSTANT, SCALE_CONSTANT, DUPLICATE = range(8)
_TRIES = 8  # of a mutation that does not apply


@inner
def _mutate(stream, kind, code, const, results, counts, arity, units, moves, commutative, n_leaves):
    """One mutation; False where this kind does not apply, or changed nothing."""
    if kind == INSERT:
        return insert(stream, code, const, results, counts, arity, units, moves, n_leaves)
    if kind == NEW_CONSTANT or kind == SCALE_CONSTANT:
        return change(stream, kind == NEW_CONSTANT, code, const, results, counts, arity, moves)
    if kind == REWIRE:
        return rewire(stream, code, const, results, counts, arity, moves, n_leaves)
    if counts[0] == 0:
        return False
    if kind == DELETE:
        return delete(stream, code, results, counts, arity, n_leaves)
    if kind == DUPLICATE:
        return duplicate(stream, code, const, results, counts, arity, moves, n_leaves)
    if kind == MODIFY:
        return modify(stream, code, const, counts, arity, units, moves, n_leaves)
    return swap(stream, code, counts, arity, commutative)


@outer
def _breed(
    code, length, const, n_const, results, arity, units, moves, commutative, n_leaves, cumulative, most, more,
    seed, generation, slot, kinds,
):  # fmt: skip
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    counts = np.zeros(2, np.int64)
    for p in range(len(length)):
        philox.start(stream, seed, generation, slot + p)
        counts[0], counts[1] = length[p], n_const[p]
        own_code, own_const, own_results = code[p], const[p], results[p]
        rounds = 1 + below(stream, most) if most > 1 else 1
        while most == 1 and rounds < _TRIES and uniform(stream) < more:
            rounds += 1
        kinds[p] = 0
        for _ in range(rounds):
            for _ in range(_TRIES):
                u = uniform(stream) * cumulative[-1]
                kind = 0
                while u >= cumulative[kind]:
                    kind += 1
                if _mutate(
                    stream, kind, own_code, own_const, own_results, counts, arity, units, moves, commutative, n_leaves
                ):
                    kinds[p] |= 1 << kind
                    break
        length[p], n_const[p] = counts[0], counts[1]


class Breeder:
    """Mutates programs of one problem.

    weights: of the mutation kinds (default: the problem's); most: 1 for one mutation a child and, with chance `more`,
    each time another; above 1, a uniform number of mutations 1..most (how random programs are made).
    """

    def __init__(self, problem: Problem, weights: Mutations | None = None, most: int = 1, more: float = 0.3) -> None:
        units = np.full((len(problem.primitives), 3), np.nan)
        for opcode, p in enumerate(problem.primitives):
            for slot, unit in enumerate(p.units):
                units[opcode, slot] = np.nan if unit is None else unit
        mutations = weights or problem.mutations
        if mutations.values:
            units[~np.isin(units, mutations.values)] = np.nan
        self._operations = problem.primitives.arity, units, mutations.moves, problem.primitives.commutative
        self._n_leaves = problem.shape.n_leaves
        self._cumulative = np.cumsum(mutations.weights)
        if not self._cumulative[-1] > 0:
            raise ValueError("all mutation weights are zero")
        self._most, self._more = most, more

    def __call__(self, parents: Packed, seed: int, generation: int, slot: int = 0) -> np.ndarray:
        """Mutate the batch in place. Returns int64[P]: bit k is set where mutation kind k was applied."""
        kinds = np.zeros(len(parents), np.int64)
        _breed(
            *parents.arrays, *self._operations, self._n_leaves, self._cumulative, self._most, self._more,
            np.uint64(seed), generation, slot, kinds,
        )  # fmt: skip
        return kinds
