"""The funnel: hurdles whose bar is set by what came before, niches that cannot swallow each other, meta-validation."""

from dataclasses import replace

import numpy as np
import pytest
from small import LINE, Small, search, spec

from discover.archive import Archive
from discover.hurdle import WINDOW, Hurdle
from discover.meta import MetaValidation
from discover.problem import Descriptor, Stage
from discover.strategies.niched import Niched
from primitives.packed import pack
from primitives.table import ARITHMETIC


def batch_of(*constants):
    """The lines x + c."""
    problem = Small()
    return pack([replace(LINE, constants=(float(c),)) for c in constants], ARITHMETIC, problem.shape)


# -- hurdles ----------------------------------------------------------------------------------------------------------


def test_a_hurdle_lets_the_best_share_pass_these_included():
    hurdle = Hurdle(niches=1)
    niche = np.zeros(4, np.int64)
    assert hurdle.passes(niche, np.array([4.0, 1.0, 3.0, 2.0]), keep=0.5).tolist() == [False, True, False, True]
    # of the eight seen now, the best four are 0, 1, 1.5 and 2
    assert hurdle.passes(niche, np.array([9.0, 0.0, 1.5, 2.5]), keep=0.5).tolist() == [False, True, True, False]


def test_niches_have_bars_of_their_own():
    hurdle = Hurdle(niches=2)
    passed = hurdle.passes(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 100.0, 200.0]), keep=0.5)
    assert passed.tolist() == [True, False, True, False]


def test_what_is_not_finite_never_passes_and_lowers_no_bar():
    hurdle = Hurdle(niches=1)
    passed = hurdle.passes(np.zeros(3, np.int64), np.array([np.inf, np.nan, 5.0]), keep=1.0)
    assert passed.tolist() == [False, False, True]


def test_a_bar_forgets():
    hurdle = Hurdle(niches=1)
    hurdle.passes(np.zeros(WINDOW, np.int64), np.zeros(WINDOW), keep=0.5)
    assert not hurdle.passes(np.zeros(1, np.int64), np.array([1.0]), keep=0.5).any()
    hurdle.passes(np.zeros(WINDOW, np.int64), np.full(WINDOW, 9.0), keep=0.5)
    assert hurdle.passes(np.zeros(1, np.int64), np.array([1.0]), keep=0.5).all()


def test_a_hurdle_restored_goes_on_where_it_was():
    one, other = Hurdle(1), Hurdle(1)
    one.passes(np.zeros(3, np.int64), np.array([1.0, 2.0, 3.0]), 0.5)
    other.restore(one.state())
    value = np.array([1.5])
    assert one.passes(np.zeros(1, np.int64), value, 0.5) == other.passes(np.zeros(1, np.int64), value, 0.5)


def test_who_fails_a_hurdle_is_scored_worst_and_costs_nothing_more():
    problem = Small(stages=(Stage("hurdle", keep=0.25), Stage("proxy")))
    running = search(problem, spec(400, batch=100))
    counts, _ = running.step()
    assert counts["hurdle.tested"] == counts["scored"]
    assert counts["proxy.tested"] == counts["scored"] - counts["hurdle.failed"] - counts["hurdle.dropped"]
    assert counts["proxy.tested"] <= 0.3 * counts["scored"]
    assert running.progress.funnel["hurdle.tested"] == counts["hurdle.tested"]
    hurdled = sum(len(batch) for stage, batch, _ in problem.calls if stage == 0)
    assert hurdled == counts["hurdle.tested"]


def test_a_program_that_passes_a_hurdle_the_second_time_is_remembered_by_its_better_score():
    """Strategies that score everything anew may offer a program twice; the bar of the hurdle has moved meanwhile."""
    problem = Small(stages=(Stage("hurdle", keep=0.5), Stage("proxy")))
    running = search(problem, spec(3000, name="constants_only"))
    while not running.over:
        running.step()
    records = {"canonical": np.zeros(2, np.uint64), "fingerprint": np.zeros(2, np.uint64)}
    for score in (np.nan, 0.5, 0.7):
        running._remember({name: c[:1] for name, c in records.items()} | {"score": np.array([[1.0, score]])})
    (row,) = running.cache.canonical.find(np.zeros(1, np.uint64))
    assert running.cache.score(np.array([row]))[0, 1] == 0.5


# -- niches -----------------------------------------------------------------------------------------------------------


class Niches(Small):
    """Small, where programs of as many operations are a niche."""

    descriptors = (Descriptor("operations", 0, 6),)
    niche_axes = 1


def niched(**options):
    problem = Niches()
    return Niched(problem, spec(name="niched", **options).strategy, seed=0, island=0)


def shaped(*slots):
    """A program x + 1, x - 1, ... of another structure for every (opcode, argument): one niche holds them all."""
    batch = batch_of(*([1] * len(slots)))
    for i, (opcode, argument) in enumerate(slots):
        batch.code[i, 0] = (opcode, 0, argument, 0)
    return batch


def test_a_niche_is_not_swallowed_by_a_better_one():
    one = niched(population=4, tournament=2)
    one.tell(shaped((0, -1)), np.array([[1.0, 100.0]]), np.zeros(1, np.uint64))
    longer = shaped((0, -1), (1, -1), (2, -1), (3, -1), (1, 0))
    longer.length[:] = 2
    longer.code[:, 1] = (0, 1, 0, 0)
    longer.results[:] = 2
    one.tell(longer, np.tile([2.0, 0.1], (5, 1)), np.zeros(5, np.uint64))
    assert one.born.tolist() == [0, 1, 5, 0, 0, 0, 0]
    assert one.value[4] == 100.0, "it still holds its place"


def test_the_oldest_of_a_niche_makes_place():
    one = niched(population=3, tournament=1)
    one.tell(shaped((0, -1), (1, -1), (2, -1), (3, -1)), np.column_stack([np.ones(4), np.arange(4.0)]), np.zeros(4))
    assert one.value[3:6].tolist() == [3.0, 1.0, 2.0] and one.born[1] == 4


def test_programs_that_differ_in_constants_alone_share_a_place_that_the_best_holds():
    one = niched(population=3, tournament=1)
    one.tell(batch_of(5, 6, 7), np.array([[1.0, 2.0], [1.0, 1.0], [1.0, 3.0]]), np.zeros(3))
    assert one.born[1] == 1 and one.value[3] == 1.0 and one.programs.const[3, 0] == 6.0


def test_a_niched_search_finds_the_parabola():
    running = search(Niches(), spec(6000, name="niched", population=50, batch=200))
    while not running.over:
        running.step()
    assert np.nanmin(running.archive.score[:, 1]) < 1e-12


# -- meta-validation --------------------------------------------------------------------------------------------------


def test_meta_validation_scores_each_best_once_and_knows_when_it_stands_still():
    problem = Small()
    archive, meta = Archive(problem), MetaValidation(problem)
    seen: list[int] = []

    def evaluate(batch, keys):
        seen.extend(keys.tolist())
        return np.column_stack([np.ones(len(batch)), np.full(len(batch), 10.0 - len(seen))])

    archive.add(batch_of(1), np.array([[1.0, 5.0]]), np.array([11], np.uint64))
    meta.check(archive, 0, evaluate)
    meta.check(archive, 1, evaluate)
    assert seen == [11] and meta.stale == 1
    archive.add(batch_of(2), np.array([[1.0, 4.0]]), np.array([12], np.uint64))
    meta.check(archive, 2, evaluate)
    assert seen == [11, 12] and meta.stale == 0
    assert meta.generation.tolist() == [0, 2] and meta.searched.tolist() == [5.0, 4.0]
    again = MetaValidation(problem)
    again.restore(meta.state())
    assert again.stale == 0 and again.key.tolist() == [11, 12]


class Meta(Small):
    """Small, whose meta-validation likes nothing after the first."""

    meta = True

    def evaluate(self, stage, batch, keys):
        score, const = super().evaluate(min(stage, len(self.stages) - 1), batch, keys)
        if stage == len(self.stages):
            score[:, 1] = 1.0
        return score, const


@pytest.mark.parametrize(("patience", "ends"), [(0, 30), (3, 4)])
def test_a_search_stops_when_meta_validation_stands_still(patience, ends):
    settings = spec(3000, name="map_elites", batch=100)
    run = settings.run.model_copy(update={"meta_every": 1, "meta_patience": patience})
    running = search(Meta(), replace(settings, run=run))
    while not running.over:
        running.step()
    assert running.progress.generation == ends
