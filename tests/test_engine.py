"""A generation, step by step: canonical form, cache, funnel, archive, records."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from small import LINE, PARABOLA, Small, ref, search, spec

from discover import engine, workers
from discover.cache import Cache, Index
from discover.problem import Stage
from discover.progress import Progress
from discover.spec import Run
from discover.store import Store
from discover.strategies import STRATEGIES
from primitives.canonical import canonical
from primitives.packed import pack
from primitives.program import Instruction, Program
from primitives.table import ARITHMETIC

EVERY = sorted(STRATEGIES)


def program(*instructions, constants=()):
    """program(("mul", 0, 0)) is x * x."""
    steps = tuple(Instruction(op, tuple(args)) for op, *args in instructions)
    return Program(Small.signature, steps, tuple(map(float, constants)), (len(steps),))


SQUARE = program(("mul", 0, 0))
TWICE = program(("add", 0, 0))
TWO_X = program(("mul", 0, -1), constants=[2])  # the same function as TWICE in as many operations
DEAD = program(("add", 0, 0), ("mul", 0, 0))  # SQUARE, and an instruction that nothing reads
NOTHING = Program(Small.signature, (), (), (0,))  # x itself, which `check` refuses


def step(running, *programs):
    """One generation in which the strategy asks for these programs. Returns counts, records and what it was told."""
    told = {}
    running.strategy.ask = lambda n, generation: pack(programs, ARITHMETIC, running.problem.shape)
    running.strategy.tell = lambda batch, score, keys: told.update(batch=batch.copy(), score=score.copy(), keys=keys)
    budget = running.progress.candidates + len(programs)
    running.spec = replace(running.spec, run=Run(budget=budget))
    counts, records = running.step()
    return counts, records, told


def one_by_one(**options):
    return spec(1000, batch=1000, **options)


# -- the cache --------------------------------------------------------------------------------------------------------


def test_both_keys_answer():
    running = search(Small(), one_by_one())
    counts, records, told = step(running, SQUARE, TWICE, NOTHING)
    assert (counts["candidates"], counts["invalid"], counts["scored"]) == (3, 1, 2) and len(records["score"]) == 2
    assert np.isnan(told["score"][2]).all()

    counts, records, told = step(running, DEAD, TWO_X, LINE)
    assert (counts["hits_canonical"], counts["hits_fingerprint"], counts["scored"]) == (1, 1, 1)
    assert told["score"][:2].tolist() == [records_of(SQUARE), records_of(TWO_X)], "answered without scoring"
    assert len(running.problem.calls[-1][1]) == 1, "only the line was scored"


def records_of(found):
    return list(Small().measure(found).values())


def test_repeats_within_a_batch_are_scored_once_and_all_told():
    counts, records, told = step(search(Small(), one_by_one()), SQUARE, TWICE, DEAD, TWO_X, TWO_X, SQUARE)
    assert (counts["hits_canonical"], counts["hits_fingerprint"], counts["scored"]) == (3, 1, 2)
    expected = [records_of(p) for p in (SQUARE, TWICE, SQUARE, TWICE, TWICE, SQUARE)]
    assert told["score"].tolist() == expected and len(records["canonical"]) == 2


class Fitted(Small):
    """The score adds 1 to every constant, as if it fitted them."""

    def evaluate(self, stage, batch, keys):
        score, const = super().evaluate(stage, batch, keys)
        return score, np.where(np.arange(const.shape[1]) < batch.n_const[:, None], const + 1, 0)


def test_free_constants_are_no_part_of_a_program_and_come_fitted():
    def line(c):
        return program(("add", 0, -1), constants=[c])

    running = search(Fitted(free_constants=True), one_by_one())
    counts, records, told = step(running, line(5), line(7))
    assert (counts["hits_canonical"], counts["scored"]) == (1, 1)
    assert told["batch"].const[:, 0].tolist() == [6, 6], "the fit of the first belongs to both"
    assert records["const"][0, 0] == 6


def test_a_fit_gets_another_chance_at_the_2nd_4th_8th_visit_and_the_best_one_stays():
    def line(c):
        return program(("add", 0, -1), constants=[c])

    running = search(Fitted(free_constants=True), one_by_one())
    scored, fitted = [], []
    for c in (5, 9, 3, 2):  # the error of x + c, the smaller c the better
        counts, _, told = step(running, line(c))
        scored.append(counts["scored"])
        fitted.append(told["batch"].const[0, 0])
    assert scored == [1, 1, 0, 1], "the third visit is answered by the cache"
    assert fitted == [6, 6, 6, 3], "9 was no better than 5; 2 was"
    streams = [int(keys[0]) for _, _, keys in running.problem.calls]
    assert len(set(streams)) == 3, "every chance has random numbers of its own"


def test_of_two_chances_in_one_generation_the_better_fit_stays():
    def line(c):
        return program(("add", 0, -1), constants=[c])

    running = search(Fitted(free_constants=True), one_by_one())
    step(running, line(5))
    counts, _, told = step(running, line(2), line(9), line(3))  # visits 2, 3 and 4: the smaller c the better
    assert counts["scored"] == 2 and told["batch"].const[:, 0].tolist()[::2] == [3, 3]
    assert step(running, line(5))[2]["batch"].const[0, 0] == 3


def test_a_family_known_in_another_spelling_is_not_scored_again_but_has_no_constants_to_take_over():
    running = search(Fitted(free_constants=True), one_by_one())
    first = program(("mul", 0, 0), ("mul", 0, 1), ("add", 1, 2))  # x * x + x * (x * x)
    second = program(("mul", 0, 0), ("add", 0, 1), ("mul", 0, 2))  # x * (x + x * x)
    counts, _, told = step(running, first, second)
    assert (counts["hits_fingerprint"], counts["scored"]) == (1, 1)
    assert np.isfinite(told["score"][0]).all() and np.isnan(told["score"][1]).all()


def test_fresh_strategies_are_scored_every_time():
    problem = Small()
    running = search(problem, spec(300, name="constants_only"))
    for _ in range(3):
        running.step()
    p = running.progress
    assert (p.scored, p.hits_canonical, p.hits_fingerprint) == (300, 0, 0)
    streams = np.concatenate([keys for _, _, keys in problem.calls])
    assert len(np.unique(streams)) == 300, "and each time with random numbers of its own"


def test_streams_follow_the_program_not_its_place():
    a, b = Small(), Small()
    step(search(a, one_by_one()), SQUARE, LINE)
    step(search(b, one_by_one()), TWICE, LINE, SQUARE)
    assert a.calls[0][2].tolist() == b.calls[0][2][[2, 1]].tolist()


def test_an_index_finds_what_was_added_first():
    index = Index()
    keys = np.random.default_rng(0).integers(0, 2**64, 5000, np.uint64)
    for start in range(0, 5000, 700):  # grows several times
        part = np.arange(start, min(start + 700, 5000))
        index.add(keys[part], part)
    index.add(keys, np.arange(5000) + 9000)
    assert index.find(keys).tolist() == list(range(5000))
    assert index.find(np.array([0, 1, 2**64 - 1], np.uint64)).tolist() == [-1, -1, -1]


def test_a_cache_gives_back_what_is_not_a_number_too():
    cache = Cache(1, 0)
    key = np.array([0, 5], np.uint64)  # zero is a key like any other
    cache.add(key, key + np.uint64(1), np.array([[np.nan], [-0.0]]), np.zeros((2, 0)))
    assert cache.canonical.find(key).tolist() == [0, 1] == cache.fingerprint.find(key + np.uint64(1)).tolist()
    assert np.isnan(cache.score(np.array([0]))).all() and np.signbit(cache.score(np.array([1]))).all()


# -- the funnel -------------------------------------------------------------------------------------------------------


def funnel(slack, errors, maximize=False):
    """A search of two stages; `errors` says what each program length scores."""
    problem = Small(
        lambda batch: np.array([errors[n] for n in batch.length.tolist()]),
        stages=(Stage("hurdle", slack), Stage("proxy")),
        maximize=maximize,
    )
    return search(problem, one_by_one())


def stages(running, *programs):
    """Which stages see how many of the programs."""
    before = len(running.problem.calls)
    step(running, *programs)
    return dict(Counter(stage for stage, batch, _ in running.problem.calls[before:] for _ in range(len(batch))))


def test_what_is_far_from_the_best_of_its_cell_stays_at_the_hurdle():
    errors = {1: 1.0, 2: 1.0}
    running = funnel(3.0, errors)
    assert stages(running, SQUARE) == {0: 1, 1: 1}, "an empty cell lets everything pass"
    errors[1] = 3.0
    assert stages(running, TWICE, PARABOLA) == {0: 2, 1: 2}
    errors[1] = 3.001
    assert stages(running, LINE) == {0: 1}
    errors[1] = np.nan
    assert stages(running, program(("div", -1, 0), constants=[1])) == {0: 1}


@pytest.mark.parametrize(("maximize", "best"), [(False, 0.0), (False, -2.0), (True, 2.0), (True, 0.0)])
def test_no_slack_lets_all_pass_whatever_the_sign(maximize, best):
    errors = {1: best}
    running = funnel(float("inf"), errors, maximize)
    assert stages(running, SQUARE) == {0: 1, 1: 1}
    errors[1] = -50.0 if maximize else 50.0
    assert stages(running, LINE) == {0: 1, 1: 1}


def test_slack_of_a_maximised_objective():
    errors = {1: 1.0}
    running = funnel(1.5, errors, maximize=True)
    stages(running, SQUARE)
    errors[1] = 0.5
    assert stages(running, TWICE) == {0: 1, 1: 1}
    errors[1] = 0.4
    assert stages(running, LINE) == {0: 1}


def test_the_last_stage_reached_gives_the_score():
    class Stricter(Small):
        def evaluate(self, stage, batch, keys):
            score, const = super().evaluate(stage, batch, keys)
            score[:, 1] = 5.0 - stage - batch.length
            return score, const

    problem = Stricter(stages=(Stage("hurdle", 1.0), Stage("proxy")))
    _, records, told = step(search(problem, one_by_one()), SQUARE, PARABOLA)
    assert told["score"].tolist() == [[1, 3], [2, 2]] == records["score"].tolist()


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("islands", [1, 2])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_scores_that_are_not_finite_never_win_and_break_nothing(name, maximize, islands):
    def score(batch):
        error = np.asarray(batch.code[:, :, 0].sum(axis=1) % 7, float)
        kinds = [np.full(len(batch), np.inf), error, np.full(len(batch), -np.inf), error * np.nan]
        return np.choose(batch.length % 4, kinds)

    running = search(
        Small(score, maximize=maximize),
        spec(1000, name=name, islands=islands, migrate_every=2, restart_after=3 if islands == 1 else 0),
    )
    while running.progress.candidates < 1000:
        running.step()
    found = np.flatnonzero(running.archive.occupied)
    assert len(found) and (found % 4 == 1).all() and np.isfinite(running.archive.score[found]).all()


@pytest.mark.parametrize("name", EVERY)
def test_a_search_without_a_single_score_ends_with_nothing(name):
    problem, wanted = Small(lambda batch: np.full(len(batch), np.nan)), spec(300, name=name, restart_after=1)
    assert engine.search(problem, wanted, ref=ref(problem)) == []
    running = search(problem, wanted)
    assert engine.finds(problem, running.state()) == [] and engine.best(running.archive) == []


def test_quarantined_candidates_are_counted_and_the_rest_goes_on(monkeypatch):
    evaluate = workers.evaluate

    def some_die(executor, name, stage, batch, keys, chunk):
        scores = evaluate(executor, name, stage, batch, keys, chunk)
        dead = batch.length == 2
        scores.score[dead] = np.nan
        scores.quarantined[dead] = True
        return scores

    monkeypatch.setattr(workers, "evaluate", some_die)
    running = search(Small(), spec(1000))
    while running.progress.candidates < 1000:
        running.step()
    p = running.progress
    assert 0 < p.quarantined < p.scored
    assert not running.archive.occupied[2] and running.archive.occupied[1]
    assert p.candidates == p.invalid + p.hits_canonical + p.hits_fingerprint + p.scored == 1000


# -- budget, counts, restart ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("islands", [1, 3])
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("budget", [100, 201, 350])
def test_the_budget_is_spent_exactly_and_the_counts_add_up(name, budget, islands):
    problem, seen = Small(), []
    wanted = spec(budget, name=name, islands=islands, migrate_every=1)

    def observe(p):
        if not p.doing:  # polishing is told too
            seen.append((p.generation, p.candidates))

    engine.search(problem, wanted, ref=ref(problem), observe=observe)
    whole = [(g + 1, min(budget, 100 * (g + 1))) for g in range(-(-budget // 100))]
    assert seen == whole
    assert sum(len(batch) for _, batch, _ in problem.calls) <= budget

    running = search(problem, wanted)
    for generation, _ in whole:
        counts, records = running.step()
        parts = [counts[name] for name in ("invalid", "hits_canonical", "hits_fingerprint", "scored")]
        assert counts["candidates"] == sum(parts) and len(records["canonical"]) == counts["scored"]
        assert running.progress.generation == generation
    assert running.progress.candidates == budget


def test_a_plateau_restarts_from_the_front():
    running = search(Small(lambda batch: np.where(batch.length == 1, 2.0, 1.0)), spec(5000, restart_after=4))
    restarts = []
    running.strategy.restart = lambda batch, score, keys: restarts.append((running.progress.generation, score.tolist()))
    for _ in range(30):
        running.step()
    assert restarts and all(score == [[1, 2], [2, 1]] for _, score in restarts)
    gaps = np.diff([generation for generation, _ in restarts])
    assert (gaps >= 4).all() and 4 in gaps


def test_no_restart_without_a_word_of_it():
    running = search(Small(lambda batch: np.ones(len(batch))), spec(3000))
    running.strategy.restart = lambda *_: pytest.fail("restarted")
    for _ in range(30):
        running.step()


# -- resuming ---------------------------------------------------------------------------------------------------------


class Stop(Exception):
    pass


def run(folder, problem, wanted, stop_at=()):
    """Run with a store, interrupted after these generations. Returns the digest."""

    def observe(progress: Progress) -> None:
        if progress.generation in stops:
            stops.remove(progress.generation)
            raise Stop

    stops = list(stop_at)
    store = Store.create(folder, {})
    while True:
        try:
            engine.search(problem, wanted, ref=ref(problem), store=store, observe=observe)
            break
        except Stop:
            store.close()
            store = Store.open(folder)
    digest = store.digest()
    store.close()
    return digest


@pytest.mark.parametrize("free_constants", [False, True])
@pytest.mark.parametrize("islands", [1, 3])
@pytest.mark.parametrize("name", EVERY)
def test_an_interrupted_search_ends_in_the_same_records(tmp_path, name, islands, free_constants):
    problem = Fitted(free_constants=free_constants, stages=(Stage("hurdle", 2.0), Stage("proxy")))
    wanted = spec(950, name=name, islands=islands, migrate_every=2, restart_after=3)
    whole = run(tmp_path / "whole", problem, wanted)
    assert run(tmp_path / "interrupted", problem, wanted, stop_at=[1, 4, 5, 9]) == whole
    with Store.read(tmp_path / "whole") as a, Store.read(tmp_path / "interrupted") as b:
        (_, left), (_, right) = a.last(), b.last()
        assert left.keys() == right.keys() and all(left[k].tobytes() == right[k].tobytes() for k in left)
    other = spec(950, seed=1, name=name, islands=islands, migrate_every=2, restart_after=3)
    assert run(tmp_path / "other", problem, other) != whole


def test_the_size_of_the_tasks_changes_nothing():
    def scores(chunk):
        running = search(Small(), spec(1000, chunk=chunk))
        return b"".join(running.step()[1]["score"].tobytes() for _ in range(10))

    assert scores(1) == scores(7) == scores(1000)


def test_what_a_search_finds_is_its_elites():
    problem = Small()
    running = search(problem, spec(3000))
    while running.progress.candidates < 3000:
        running.step()
    found = engine.elites(running.archive)
    assert [f.descriptors["operations"] for f in found] == np.flatnonzero(running.archive.occupied).tolist()
    for find in found:
        assert problem.measure(find.program) == find.objectives
    best = engine.finds(problem, running.state())
    errors = [f.objectives["error"] for f in best]
    assert errors == sorted(errors, reverse=True) and best[0].objectives["operations"] == 1
    assert len(engine.best(running.archive)) == len(best)


def test_elites_are_kept_as_they_were_bred_and_dead_statements_are_counted():
    problem = Small()
    problem.keep_raw = True
    running = search(problem, spec(1000))
    for _ in range(10):
        running.step()
    state = running.state()
    longer = 0
    for find in engine.elites(running.archive):
        raw = engine.bred(problem, state, find.program)
        assert canonical(raw, problem.primitives) == find.program
        longer += len(raw.instructions) - len(find.program.instructions)
    assert longer > 0
    counts = running.progress.funnel
    assert 0 < counts["bred.dead"] < counts["bred.statements"] <= 1000 * problem.shape.instructions
    assert engine.bred(problem, state, Program(problem.signature, (), (7.0,), (-1,))) is None

    plain = search(Small(), spec(1000))
    plain.step()
    assert not any(name.startswith("raw.") for name in plain.state())
    assert engine.bred(Small(), plain.state(), engine.elites(plain.archive)[0].program) is None


def test_what_is_kept_as_bred_survives_an_interruption(tmp_path):
    problem = Small()
    problem.keep_raw = True
    whole = run(tmp_path / "whole", problem, spec(500))
    assert run(tmp_path / "interrupted", problem, spec(500), stop_at=[2, 3]) == whole
    with Store.read(tmp_path / "whole") as a, Store.read(tmp_path / "interrupted") as b:
        (_, left), (_, right) = a.last(), b.last()
        assert "raw.code" in left and all(left[k].tobytes() == right[k].tobytes() for k in left)


def test_the_last_stage_that_a_program_entered_is_recorded_where_a_problem_asks_for_it():
    """Programs of more than two operations fail the first stage, and half of the others are dropped by the second."""

    def short(batch):
        return np.where(batch.length <= 2, batch.const[:, 0], np.nan)

    problem = Small(short, stages=(Stage("first"), Stage("second", keep=0.5), Stage("third")))
    problem.record_stage = True
    counts, records = search(problem, spec(300)).step()
    entered, score = records["stage"], records["score"][:, -1]
    assert entered.dtype == np.int8 and entered.shape == score.shape
    assert [(entered >= i).sum() for i in range(3)] == [counts[f"{s.name}.tested"] for s in problem.stages]
    assert (entered == 0).sum() == counts["first.failed"] > 0
    assert (entered == 1).sum() == counts["second.dropped"] > 0
    assert np.isnan(score[entered < 2]).all() and np.isfinite(score[entered == 2]).all()

    problem.record_stage = False
    assert "stage" not in search(problem, spec(300)).step()[1]
