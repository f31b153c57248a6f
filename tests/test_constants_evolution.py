"""Evolution of fractions: programs become polynomials, what changes nothing is cleared, workers change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import discover
from discover import spec
from discover.breed import Breeder
from discover.engine import Search
from discover.problem import Mutations
from primitives.canonical import Canonicalizer
from primitives.packed import Packed, pack, unpack
from primitives.text import parse
from searches.constants.evolution.expand import expand, roles
from searches.constants.evolution.linear import deflate
from searches.constants.evolution.problem import FractionProblem
from searches.constants.evolution.starts import starts
from searches.constants.fraction import INTEGER, Fraction, poly, signature, times
from searches.constants.identify.canonical import canonical
from searches.constants.subject import meaning

WIDTH = 13


@pytest.fixture(scope="module")
def problem() -> FractionProblem:
    return FractionProblem(spec.load("constants/evolve", ["problem.evolution.least=0"]).problem)


def coefficients(*polys):
    rows = np.zeros((len(polys), WIDTH), np.int64)
    for row, p in zip(rows, polys, strict=True):
        row[: len(p)] = p
    return rows


def cleared(fraction: Fraction):
    return deflate(coefficients(fraction.a), coefficients(fraction.b))


def bred(problem, rounds=6, n=400) -> Packed:
    """Programs some mutations away from the starts."""
    batch = pack(problem.warm_start, INTEGER, problem.shape)[np.arange(n) % len(problem.warm_start)]
    breeder = Breeder(problem, more=0.5)
    for generation in range(rounds):
        breeder(batch, 1, generation)
    return batch


def test_bred_programs_become_the_polynomials_that_they_compute(problem):
    batch = bred(problem)
    a, b, ok = expand(batch, roles(INTEGER), WIDTH - 1)
    assert ok.mean() > 0.5
    for p, mine, x, y in zip(unpack(batch, signature(), INTEGER), ok.tolist(), a.tolist(), b.tolist(), strict=True):
        if mine:
            assert Fraction.from_program(p) == Fraction.of(x, y)


@pytest.mark.parametrize(
    "text",
    [
        "a = n + 0.5\nb = n",  # no integer
        "q = square(square(n))\na = n\nb = square(q) * q * n",  # degree 13
        "k = n * 3000000.0\na = n\nb = square(square(k))",  # a coefficient above 2^52
    ],
)
def test_what_does_not_fit_is_told(text, problem):
    batch = pack([parse(text, signature(), INTEGER)], INTEGER, problem.shape)
    assert expand(batch, roles(INTEGER), WIDTH - 1)[2].tolist() == [False]


def test_constants_stay_integers_and_all_moves_happen(problem):
    batch = bred(problem, rounds=3)
    used = batch.const[np.arange(batch.const.shape[1]) < batch.n_const[:, None]]
    assert np.array_equal(used, np.round(used))
    assert {-3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0} <= set(used.tolist())


def test_a_constant_is_changed_for_one_reader_or_for_all(problem):
    """With `split`, 2 n + 2 becomes 2 n + 3 as well as 3 n + 3."""
    start = pack([parse("c = 2.0\nk = n * c\na = k + c\nb = n", signature(), INTEGER)], INTEGER, problem.shape)
    found = {}
    for split in (0.0, 1.0):
        batch = start[np.zeros(200, np.int64)]
        moves = Mutations(grid=1.0, step=0.0, flip=0.0, split=split).only("scale_constant")
        Breeder(problem, moves, more=0.0)(batch, 5, 0)
        found[split] = {Fraction.from_program(p).a for p in unpack(batch, signature(), INTEGER)}
    assert found == {0.0: {(3, 3), (1, 1)}, 1.0: {(2, 3), (2, 1), (3, 2), (1, 2)}}


linear = st.tuples(st.integers(-9, 9), st.integers(1, 5))
small = st.lists(st.integers(-6, 6), min_size=1, max_size=3).map(poly).filter(bool)


@settings(max_examples=60, deadline=None)
@given(small, st.lists(linear, max_size=3), st.integers(-5, 5).filter(bool), linear)
def test_clearing_keeps_the_canonical_form_and_undoes_inflation(a, factors, content, c):
    b: tuple[int, ...] = (content,)
    for factor in factors:
        b = times(b, factor)
    before = times((c[0] - c[1], c[1]), b)
    inflated = Fraction.of(times(a, c), times(before, c))  # c(n) a(n), c(n) c(n-1) b(n)
    found = cleared(inflated)
    assert found.splits[0]
    after = Fraction.of(found.a[0].tolist(), found.b[0].tolist())
    assert canonical(after) == canonical(Fraction.of(a, b)) == canonical(inflated)
    assert after.degrees[1] <= len(b) - 1
    form = canonical(after)
    assert (found.top[0], found.bottom[0]) == (len(form.top) - 1, len(form.bot) - 1)


def test_b_that_does_not_split_or_ends_the_fraction_is_told():
    a = coefficients((1, 1), (1, 1), (1, 1), (1, 1))
    found = deflate(a, coefficients((1, 0, 1), (-4, 0, 1), (-1, 0, 4), (-2, 0, 1)))
    assert found.splits.tolist() == [False, True, True, False]
    assert found.ends.tolist() == [False, True, False, False], "n = 2 ends it; n = 1/2 does not"


def test_no_start_is_a_formula_of_anything():
    assert len(starts(0, 12)) == 5
    for program in starts(0, 12):
        assert meaning(Fraction.from_program(program))[0] is None
    assert len(starts(3, 6)) == 2


def test_scores_need_no_target_and_depend_on_no_chunking(problem):
    batch = bred(problem, n=120)
    _, valid = Canonicalizer(INTEGER, signature())(batch)
    valid[valid] = problem.check(batch[valid])
    batch = batch[valid]
    keys = np.arange(len(batch), dtype=np.uint64)
    whole, _ = problem.evaluate(0, batch, keys)
    parts = [problem.evaluate(0, batch[i : i + 7], keys[i : i + 7])[0] for i in range(0, len(batch), 7)]
    assert np.isfinite(whole).all()
    assert np.array_equal(whole, np.concatenate(parts))


def test_full_reduction_to_an_irrational_limit_scores_best(problem):
    fractions = [
        Fraction.of((1, 2), (0, 0, 1)),  # 4/pi
        Fraction.of((1, 1, 1), (0, 0, 0, 0, 2)),  # nothing known
        Fraction.of((1, 2), (0, 1, -1)),  # ends at n = 1
        Fraction.of((6, 5), (0, -2, -4)),  # whatever it is, it is scored the same wherever it stands
    ]
    batch = pack([f.program() for f in fractions], INTEGER, problem.shape)
    assert problem.check(batch).tolist() == [True, True, False, True]
    good, other, _, _ = problem.evaluate(0, batch, np.zeros(4, np.uint64))[0].tolist()
    assert good[0] == 1.0 and good[3] < 0.05
    assert other[0] < 0.9 and other[3] > good[3]


SMALL = ["strategy.batch=512", "run.chunk=64", "problem.evolution.finalists=6", "problem.evolution.least=0"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[discover.Run]:
    folder: Path = tmp_path_factory.mktemp("evolve")
    return [discover.run("constants/evolve", budget=3000, workers=w, out=folder / str(w), set=SMALL) for w in (1, 2)]


def test_workers_change_nothing_and_finds_are_confirmed(runs):
    one, two = runs
    assert one.digest == two.digest
    top = one.top()
    assert top and all(e.find.objectives["digits"] >= 50 for e in top)
    classes = {canonical(Fraction.from_program(e.find.program)) for e in top}
    assert len(classes) == len(top)


def test_the_harvest_outlives_a_restart(runs):
    """What reaches the end is more than the elites, and the same for a search that is loaded from its records."""
    from discover.store import Store

    run = runs[0]
    again = Search(run.problem, run.spec, ref=run.spec.ref)
    with Store.read(run.folder) as store:
        again.restore(store)
    elites = int(again.archive.occupied.sum())
    finalists = again.finalists()
    assert len(finalists) > elites
    assert len(run.problem.classes(finalists)) > len(run.problem.classes(finalists[:elites])) > 0
