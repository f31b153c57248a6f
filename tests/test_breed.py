"""Breeding: children are valid programs, the same whoever breeds them, and every kind of mutation does its part."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover import breed, breed_constants
from discover.breed import Breeder
from discover.problem import KINDS, Mutations
from primitives import philox
from primitives.hero import HERO
from primitives.packed import Packed, Shape, pack, unpack
from primitives.program import Program, Signature
from primitives.table import ARITHMETIC, REAL
from primitives.text import parse

XY = Signature(("x", "y"), ("out",), ("m",))
SEEDS = st.integers(0, 2**64 - 1)


class Problem:
    """As much of a problem as a breeder looks at."""

    mutations = Mutations(duplicate=1.0)

    def __init__(self, primitives=REAL, instructions=8, constants=4, mutations=None):
        self.primitives, self.signature = primitives, XY
        self.shape = Shape(3, 2, instructions, constants)
        self.mutations = mutations or self.mutations


def only(kind):
    return Mutations().only(kind)


def parents(problem, n, rounds=8, seed=0):
    """Programs grown from the identity by insertions, and then mutated in every way."""
    batch = pack([Program(XY, (), (), (0, 1))] * n, problem.primitives, problem.shape)
    Breeder(problem, problem.mutations.only("insert"), most=problem.shape.instructions)(batch, seed, 0)
    for generation in range(1, rounds):
        Breeder(problem)(batch, seed, generation)
    return batch


def same(a, b):
    return all(np.array_equal(x.view(np.uint8), y.view(np.uint8)) for x, y in zip(a.arrays, b.arrays, strict=True))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([REAL, ARITHMETIC, HERO]), st.integers(0, 12), st.integers(0, 5), st.integers(1, 20), SEEDS)
def test_children_are_valid_and_fit(primitives, instructions, constants, rounds, seed):
    problem = Problem(primitives, instructions, constants)
    batch = parents(problem, 20, rounds, seed)
    programs = unpack(batch, XY, primitives)  # Program refuses values that do not exist
    assert same(pack(programs, primitives, problem.shape), batch)  # and unused cells are zero
    for program in programs:
        assert len(program.instructions) <= instructions and len(program.constants) <= constants


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(0, 2**32 - 1), st.lists(st.integers(0, 40), max_size=3))
def test_a_child_depends_on_seed_generation_and_slot_alone(seed, generation, cuts):
    problem = Problem()
    start = parents(problem, 40)
    whole, breeder = start.copy(), Breeder(problem)
    kinds = breeder(whole, seed, generation)
    edges = [0, *sorted(cuts), 40]
    parts, part_kinds = [], []
    for a, b in pairwise(edges):
        part = start[a:b].copy()
        part_kinds.append(breeder(part, seed, generation, slot=a))
        parts.append(part)
    assert same(Packed.concatenate(parts), whole)
    assert np.array_equal(np.concatenate(part_kinds), kinds)
    other = start.copy()
    breeder(other, seed, generation + 1)
    assert not same(other, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_reached_and_changes_something(kind):
    problem = Problem(instructions=12)
    start = parents(problem, 300)
    batch = start.copy()
    kinds = Breeder(problem, only(kind), more=0.0)(batch, 1, 2)
    applied = kinds == 1 << KINDS.index(kind)
    assert applied.mean() > 0.4 and set(kinds) <= {0, 1 << KINDS.index(kind)}
    before, after = unpack(start, XY, REAL), unpack(batch, XY, REAL)
    changed = np.array([a != b for a, b in zip(before, after, strict=True)])
    assert not changed[~applied].any()
    if kind != "delete":  # of an instruction that nobody reads, nothing shows
        assert changed[applied].all()
    assert changed.mean() > 0.4


def test_kinds_of_a_whole_search_are_all_used():
    problem = Problem()
    kinds = Breeder(problem)(parents(problem, 500), 3, 4)
    assert np.bitwise_or.reduce(kinds) == (1 << len(KINDS)) - 1
    assert (kinds > 0).mean() > 0.99


def test_a_weight_is_a_share():
    problem = Problem()
    weights = Mutations(insert=0, delete=0, modify=3, rewire=1, swap=0, new_constant=0, scale_constant=0)
    kinds = Breeder(problem, weights, more=0.0)(parents(problem, 2000), 5, 6)
    share = (kinds == 1 << breed.REWIRE).mean()
    assert 0.2 < share < 0.35  # a change to the same operation is drawn again, so rewiring has a little more than 1/4


def test_constants_only_keeps_the_structure():
    problem = Problem()
    start = pack([parse("out = x * 2.0 + 1.0\nm = m * 0.5", XY, REAL)] * 50, REAL, problem.shape)
    batch = start.copy()
    constants_only = problem.mutations.only("new_constant", "scale_constant")
    kinds = Breeder(problem, constants_only)(batch, 0, 0)
    assert np.array_equal(batch.code, start.code) and np.array_equal(batch.results, start.results)
    assert (kinds > 0).all() and (batch.const != start.const).any(axis=1).all()
    assert constants_only.weights.tolist() == [0, 0, 0, 0, 0, 1, 1, 0]


def test_new_constants_spread_over_magnitudes_and_signs():
    problem = Problem(constants=2)
    batch = pack([parse("out = x * 2.0\nm = m", XY, REAL)] * 4000, REAL, problem.shape)
    Breeder(problem, only("new_constant"), more=0.0)(batch, 0, 0)
    logarithm = np.log2(np.abs(batch.const[:, 0]))
    assert abs(logarithm.mean()) < 0.2 and 1.7 < logarithm.std() < 2.3
    assert abs((batch.const[:, 0] < 0).mean() - 0.5) < 0.05


def constants(batch):
    """The values of all constants in use."""
    return set(batch.const[np.arange(batch.const.shape[1]) < batch.n_const[:, None]].tolist())


@pytest.mark.parametrize("values", [(0.0, 1.0), (2.0, -3.0, 0.5), (7.0,)])
def test_constants_are_of_the_given_values_only(values):
    """However they come up: drawn, scaled, split, copied and changed, or as a unit (0 of +, 1 of *)."""
    mutations = Mutations(duplicate=2.0, scale_constant=2.0, split=0.5, jump=0.3, complement=0.3, values=values)
    for primitives in (REAL, HERO):
        assert constants(parents(Problem(primitives, mutations=mutations), 300, rounds=15)) == set(values)
    assert 0.0 in constants(parents(Problem(), 300)), "without, there are units"


def test_a_constant_of_given_values_is_moved_to_another_one():
    start = pack([parse("out = x * 2.0\nm = m", XY, REAL)] * 300, REAL, Problem().shape)
    for kind in ("new_constant", "scale_constant"):
        batch = start.copy()
        kinds = Breeder(Problem(), Mutations(values=(2.0, 5.0)).only(kind), more=0.0)(batch, 0, 0)
        assert (batch.const[:, 0] == np.where(kinds > 0, 5.0, 2.0)).all() and (kinds > 0).mean() > 0.9
    kinds = Breeder(Problem(), Mutations(values=(2.0,)).only("new_constant"))(start, 0, 0)
    assert not kinds.any(), "there is no other one"


@pytest.mark.parametrize("literal", [0.0, 0.3, 1.0])
def test_literal_is_the_share_of_constants_among_arguments_of_new_operations(literal):
    """out = x becomes out = op(x, ?), or op(?, x)."""
    problem = Problem(ARITHMETIC, mutations=Mutations(literal=literal, same=0.0).only("insert"))
    batch = pack([Program(XY, (), (), (0, 1))] * 2000, ARITHMETIC, problem.shape)
    Breeder(problem, more=0.0)(batch, 0, 0)
    binary = (batch.length == 1) & (ARITHMETIC.arity[batch.code[:, 0, 0]] == 2)
    assert binary.sum() > 500 and abs((batch.n_const[binary] > 0).mean() - literal) < 0.05


def test_constants_are_the_same_to_the_bit_on_every_machine():
    """Nothing in the stream is rounded by a mathematics library."""
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    philox.start(stream, np.uint64(1), 2, 3)
    drawn = [breed_constants.exp2(2.0 * breed_constants.normal(stream)).hex() for _ in range(3)]
    assert drawn == ["0x1.3b98746c94e98p+3", "0x1.840b7da1b25fep-2", "0x1.29c7cead3a726p-1"]


def test_without_weights_there_is_no_breeder():
    with pytest.raises(ValueError, match="weights"):
        Breeder(Problem(), Mutations(0, 0, 0, 0, 0, 0, 0))
