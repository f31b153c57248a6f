"""What each strategy does with what it is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import LINE, PARABOLA, Small, X, search, spec

from discover.archive import front, oriented
from discover.problem import Mutations
from discover.spec import Strategy as Settings
from discover.strategies import STRATEGIES, Islands, make
from discover.strategies.base import front_tournament, ranks, tournament
from discover.strategies.nsga2 import select
from primitives.packed import pack, unpack
from primitives.table import ARITHMETIC

EVERY = sorted(STRATEGIES)
EVONORM = {"name": "regularized", "winner": "front", "random": 0.5}
SETTINGS = [pytest.param({"name": name}, id=name) for name in EVERY] + [pytest.param(EVONORM, id="evonorm")]


def strategy(name, problem=None, **options):
    return make(problem or Small(), Settings(**({"name": name, "batch": 8, "population": 6} | options)), seed=1)


def lines(*constants):
    """Packed x + c for each c, and their keys (the position; the engine gives canonical keys)."""
    batch = pack([LINE] * len(constants), ARITHMETIC, Small.shape)
    batch.const[:, 0] = constants
    return batch, np.array(constants, np.float64).view(np.uint64).copy()


def tell(one, constants, errors):
    """Tell a strategy of one objective that x + c has this error, for each c."""
    batch, keys = lines(*constants)
    one.tell(batch, np.array(errors, float)[:, None], keys)


def same(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a.arrays, b.arrays, strict=True))


# -- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("islands", [1, 3])
@pytest.mark.parametrize("options", SETTINGS)
def test_state_and_generation_decide_what_is_asked_next(options, islands):
    options = options | {"islands": islands, "migrate_every": 2}
    problem = Small()
    running = search(problem, spec(**options))
    for _ in range(3):
        running.step()
    state = {key: array.copy() for key, array in running.strategy.state().items()}
    again = make(problem, spec(**options).strategy, seed=0)
    again.restore(state)
    assert same(running.strategy.ask(100, 3), again.ask(100, 3))
    assert not same(running.strategy.ask(100, 3), again.ask(100, 4))
    assert not same(again.ask(100, 3), make(problem, spec(**options).strategy, seed=1).ask(100, 3))


@pytest.mark.parametrize("options", SETTINGS)
def test_asking_teaches_nothing(options):
    one = strategy(**options)
    before = {key: array.copy() for key, array in one.state().items()}
    first = one.ask(8, 1)
    assert same(first, one.ask(8, 1)) and len(one.ask(0, 1)) == 0
    assert all(array.tobytes() == before[key].tobytes() for key, array in one.state().items())


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("options", SETTINGS)
def test_what_is_not_finite_is_never_a_winner(options, maximize):
    problem = Small(single=True, maximize=maximize)
    one = strategy(problem=problem, **options)
    best = 3.0
    for generation in range(4):
        batch = one.ask(8, generation)
        score = np.resize([np.nan, np.inf, -np.inf, best], 8)[:, None]
        one.tell(batch, score, np.arange(8, dtype=np.uint64) + np.uint64(8 * generation))
    programs, score, _ = one.emigrants(8)
    assert len(programs) == len(score) and (score == best).all()


@pytest.mark.parametrize("options", [{"name": name} for name in ("regularized", "nsga2", "map_elites")] + [EVONORM])
def test_evolution_learns(options):
    running = search(Small(), spec(3000, **options))
    while running.progress.candidates < 3000:
        running.step()
    assert running.archive.score[2, 1] < 1e-12, "x * x + x, or x * (x + 1)"


# -- one by one -------------------------------------------------------------------------------------------------------


def test_regularized_evolution_replaces_the_oldest_not_the_worst():
    one = strategy("regularized", Small(single=True), population=3, tournament=1)
    tell(one, [1, 2, 3], [10, 20, 30])
    tell(one, [4], [40])
    assert one.programs.const[:, 0].tolist() == [4, 2, 3], "1 was the best, and the oldest"
    tell(one, [5, 6], [50, np.nan])
    assert one.programs.const[:, 0].tolist() == [4, 5, 3], "what has no score is not born"
    tell(one, range(10, 17), range(7))
    assert sorted(one.programs.const[:, 0]) == [14, 15, 16], "the youngest three"


def unchanged(**options):
    """A problem whose children are copies of their parents: the arguments of + cannot be swapped."""
    problem = Small(**options)
    problem.mutations = Mutations().only("swap")
    return problem


@pytest.mark.parametrize("winner", ["rank", "front"])
def test_a_window_that_fills_slowly_is_not_bred_from_the_warm_start(winner):
    one = strategy("regularized", unchanged(single=True), population=100, winner=winner)
    assert (one.ask(50, 0).const[:, 0] == 1).all(), "the warm start, as long as there is nothing else"
    tell(one, [7, 8, 9], [np.nan, 3.0, 3.0])
    assert set(one.ask(50, 1).const[:, 0]) == {8, 9}, "nor is what failed a parent"


def test_ends_of_the_front_survive_where_random_ones_of_the_front_win():
    """x + c for c > 0 is good at one thing, for c < 0 at another; ranks go by the last. Children keep the sign."""

    def signs(**options):
        problem = Small()
        problem.mutations = Mutations(flip=0.0).only("scale_constant")
        one = strategy("regularized", problem, population=40, tournament=10, **options)
        batch, keys = lines(*np.resize([1.0, 2.0, 3.0, -1.0], 40))
        history = []
        for generation in range(30):
            positive = batch.const[:, 0] > 0
            history.append(positive.mean())
            one.tell(batch, np.where(positive[:, None], [1.0, 2.0], [2.0, 1.0]), keys)
            batch = one.ask(40, generation)
        return history

    assert signs(winner="rank")[2:] == [0.0] * 28
    shares = signs(winner="front")
    assert shares[0] == 0.75 and min(shares) > 0.2 and max(shares[1:]) < 0.8, "many copies win no more often"


@settings(max_examples=30)
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 2.0])] * 3), min_size=1, max_size=4))
def test_a_tournament_of_everyone_is_won_by_the_front(rows):
    """All four are drawn, and each score of the front wins, but for one time in 10^9."""
    values = np.array(rows)
    winners = values[front_tournament(np.random.default_rng(0), values, 80, 80)]
    assert {*map(tuple, winners)} == {*map(tuple, values[front(values)])}


def test_front_tournaments_of_one_are_won_by_anyone():
    values = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    assert set(front_tournament(np.random.default_rng(0), values, 1, 200)) == {0, 1, 2}
    assert len(front_tournament(np.random.default_rng(0), values, 3, 0)) == 0


def test_a_share_of_the_children_are_random_programs():
    def asked(generation=3, name="regularized", **options):
        one = strategy(name, unchanged(single=True), **options)
        tell(one, [7], [1.0])
        return one.ask(1000, generation)

    parents, fresh, half = asked(), asked(random=1.0), asked(random=0.5)
    assert (parents.const[:, 0] == 7).all()
    assert same(fresh, asked(name="random")), "made as the random baseline makes them"
    is_parent = (half.const == parents.const).all(axis=1) & (half.length == 1)
    assert 0.45 < is_parent.mean() < 0.55
    assert same(half[~is_parent], fresh[~is_parent])
    assert same(half, asked(random=0.5)) and not same(half, asked(4, random=0.5))


def test_a_tournament_of_everyone_is_won_by_the_best():
    rank = np.array([3.0, 1.0, 2.0, np.inf])
    winners = tournament(np.random.default_rng(0), rank, 60, 50)
    assert (winners == 1).all()
    assert set(tournament(np.random.default_rng(0), rank, 1, 200)) == {0, 1, 2, 3}


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan])] * 2), min_size=1, max_size=15))
def test_ranks_respect_dominance(rows):
    problem = Small()
    score = np.array(rows)
    rank, values = ranks(problem, score), oriented(problem, score)
    for i in range(len(score)):
        for j in range(len(score)):
            better = (values[i] <= values[j]).all() and (values[i] < values[j]).any()
            if better and np.isfinite(values[i]).all():
                assert rank[i] < rank[j]


@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.integers(0, 6)] * 2), min_size=1, max_size=25, unique=True), st.integers(1, 25))
def test_nsga2_keeps_the_front_as_far_as_there_is_room(rows, k):
    values = np.array(rows, float)
    kept, best = set(select(values, k).tolist()), set(front(values).tolist())
    assert len(kept) == min(k, len(values))
    assert best <= kept if k >= len(best) else kept <= best


def test_nsga2_keeps_one_program_of_a_key():
    one = strategy("nsga2", Small(single=True), population=4, tournament=2)
    tell(one, [1, 1, 1, 2, 2], [5, 5, 5, 7, 7])
    assert one.programs.const[:, 0].tolist() == [1, 2, 1, 2], "two programs fill four places in turn"
    tell(one, [3, 4, 5], [9, 8, 1])
    assert one.programs.const[:, 0].tolist() == [5, 1, 2, 4]


def test_nsga2_orders_every_front_by_crowding():
    front, worse = [(0, 9), (1, 8), (2, 7), (9, 0)], [(3, 9), (4, 8), (9, 3)]
    chosen = select(np.array(front + worse, float), 7).tolist()
    assert set(chosen[:2]) == {0, 3}, "the ends of the front"
    assert chosen[2:4] == [2, 1], "then the one with the emptier neighbourhood" and set(chosen[4:]) == {4, 5, 6}


def test_nsga2_ranks_what_it_restarts_from():
    """The front comes in the order of its first objective, which is no rank: here the crowded ones come first."""
    one = strategy("nsga2", Small(), population=4, tournament=2)
    old, keys = lines(7, 8)
    one.tell(old, np.array([[1, -0.5], [2, -1.5]]), keys)
    batch, keys = lines(0, 1, 2, 3)
    one.restart(batch, np.array([[0, 9.0], [1, 8.0], [2, 7.0], [9, 0.0]]), keys)
    assert one.programs.const[:, 0].tolist() == [0, 3, 2, 1]


def test_map_elites_keeps_one_elite_a_cell():
    one = strategy("map_elites")
    batch = pack([LINE, PARABOLA, LINE], ARITHMETIC, Small.shape)
    one.tell(batch, np.array([[1, 9.0], [2, 3.0], [1, 4.0]]), np.arange(3, dtype=np.uint64))
    assert np.flatnonzero(one.archive.occupied).tolist() == [1, 2]
    assert one.archive.score[[1, 2], 1].tolist() == [4.0, 3.0]
    programs, score, keys = one.emigrants(1)
    assert len(programs) == 1 and score[0, 1] == 3.0 and keys[0] == 1


def test_map_elites_starts_anew_with_nothing_but_the_front():
    """Then x + 5 settles, which the better x + 2 kept out; without a restart the grid stays as it is."""
    one, other = strategy("map_elites", unchanged(single=True)), strategy("map_elites", unchanged(single=True))
    for grid in (one, other):
        tell(grid, [2], [1.0])
    batch = pack([PARABOLA], ARITHMETIC, Small.shape)
    one.restart(batch, np.array([[0.5]]), np.zeros(1, np.uint64))
    assert np.flatnonzero(one.archive.occupied).tolist() == [2] and same(one.archive.elites[2:3], batch)
    for grid in (one, other):
        tell(grid, [5], [3.0])
    assert one.archive.elites.const[1, 0] == 5 and other.archive.elites.const[1, 0] == 2


def test_niched_evolution_starts_anew_with_nothing_but_the_front():
    one = strategy("niched", unchanged(single=True))
    tell(one, [2], [1.0])
    batch, keys = pack([PARABOLA], ARITHMETIC, Small.shape), np.zeros(1, np.uint64)
    one.restart(batch, np.array([[0.5]]), keys)
    assert same(one.ask(20, 1), batch[np.zeros(20, np.int64)])
    told = strategy("niched", unchanged(single=True))
    told.tell(batch, np.array([[0.5]]), keys)
    for name in ("value", "structure", "born"):
        assert (one.state()[name] == told.state()[name]).all()


def test_random_search_learns_nothing():
    told, untold = strategy("random"), strategy("random")
    batch = told.ask(8, 0)
    told.tell(batch, np.zeros((8, 2)), np.arange(8, dtype=np.uint64))
    assert told.state() == {} and same(told.ask(500, 1), untold.ask(500, 1))
    lengths = untold.ask(500, 1).length
    assert lengths.min() <= 2 and lengths.max() == Small.shape.instructions, "programs of every size"


def test_constants_only_changes_nothing_but_constants():
    one = strategy("constants_only")
    assert unpack(one.ask(2, 0), Small.signature, ARITHMETIC) == list(Small().baseline), "as they are, first"
    for generation in range(1, 30):
        batch = one.ask(8, generation)
        assert (batch.const[:2, 0] != [1.0, 2.0]).any() or (batch.const[1, 1] != 0.5)
        for i in range(8):
            like = one.ask(2, 0)[i % 2 : i % 2 + 1]
            assert (batch.code[i] == like.code[0]).all() and batch.length[i] == like.length[0]
            assert batch.n_const[i] == like.n_const[0] and (batch.results[i] == like.results[0]).all()


def test_constants_only_climbs_each_structure_by_itself():
    one = strategy("constants_only")
    batch = one.ask(4, 1)
    one.tell(batch, np.array([[1, 5.0], [2, 9.0], [1, 4.0], [2, np.nan]]), np.arange(4, dtype=np.uint64))
    one.tell(one.ask(4, 2), np.array([[1, 6.0], [2, 9.0], [1, 7.0], [2, 9.5]]), np.arange(4, dtype=np.uint64))
    state = one.state()
    assert state["score"][:, 1].tolist() == [4.0, 9.0]
    assert same(one.ask(2, 0), batch[np.array([2, 1])])


def test_constants_only_reaches_the_best_line():
    running = search(Small(), spec(6000, name="constants_only"))
    while running.progress.candidates < 6000:
        running.step()
    square = X[0] ** 2
    best = ((square - square.mean()) ** 2).mean()  # of x + c against x * x + x
    assert running.archive.score[1, 1] == pytest.approx(best, rel=1e-3)
    assert running.progress.scored == 6000 and not running.archive.occupied[3:].any()


# -- islands ----------------------------------------------------------------------------------------------------------


def test_islands_divide_the_batch_and_breed_apart():
    one = strategy("regularized", islands=3)
    batch = one.ask(8, 0)
    assert len(batch) == 8
    assert not same(batch[0:2], batch[2:4]), "each has its own random numbers"
    assert len(one.ask(1, 0)) == 1, "fewer candidates than islands, at the end of a budget"


def test_islands_send_their_best_to_the_next_when_it_is_time():
    problem = Small(single=True)
    one = strategy("regularized", problem, islands=2, migrate_every=3, population=10, batch=10)
    assert isinstance(one, Islands)
    for generation, first in enumerate((100, 110, 120)):
        one.ask(10, generation)
        tell(one, range(first, first + 10), range(first, first + 10))  # the left half to the left island
    left, right = (sorted(island.programs.const[:, 0]) for island in one.islands)
    assert left == [114, 115, 116, 117, 118, 120, 121, 122, 123, 124], "115 to 118 came, and replaced the oldest"
    assert right == [110, 111, 112, 113, 119, 125, 126, 127, 128, 129]


def test_migration_never_repeats_a_program_on_its_own_island_in_nsga2():
    one = strategy("nsga2", Small(single=True), islands=2, migrate_every=1, population=5, batch=10)
    for generation in range(4):
        one.ask(10, generation)
        batch, keys = lines(*range(10))
        one.tell(batch, np.arange(10.0)[:, None], keys)
    assert [sorted(i.programs.const[:, 0]) for i in one.islands] == [[0, 1, 2, 3, 4], [0, 1, 2, 3, 5]]


def test_restart_fills_the_population_with_the_best():
    one = strategy("regularized", Small(single=True), islands=2, population=5)
    batch, keys = lines(7, 8)
    one.restart(batch, np.array([[1.0], [2.0]]), keys)
    for island in one.islands:
        assert island.programs.const[:, 0].tolist() == [7, 8, 7, 8, 7]
