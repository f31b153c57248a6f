"""The archive keeps the best of every cell, and the front is what nothing dominates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import LINE, PARABOLA, Small

from discover.archive import Archive, front
from discover.problem import Descriptor
from primitives.packed import pack
from primitives.table import ARITHMETIC

NOTHING = [np.nan, np.inf, -np.inf]


def add(archive, programs, errors, keys=None):
    """Offer programs with these errors; bool[n]: which became elites."""
    batch = pack(programs, ARITHMETIC, archive.problem.shape)
    score = np.array([[len(p.instructions), e] for p, e in zip(programs, errors, strict=True)], float)
    keys = np.arange(len(batch)) if keys is None else keys
    return archive.add(batch, score, np.asarray(keys, np.uint64)).tolist()


def test_every_cell_keeps_its_best():
    archive = Archive(Small())
    assert add(archive, [LINE, PARABOLA, LINE], [3.0, 9.0, 2.0]) == [False, True, True]
    assert add(archive, [LINE, PARABOLA], [2.5, 1.0]) == [False, True]
    assert np.flatnonzero(archive.occupied).tolist() == [1, 2]
    assert archive.score[[1, 2], 1].tolist() == [2.0, 1.0]
    assert archive.improved == 3


def test_the_earlier_one_wins_a_tie():
    archive = Archive(Small())
    assert add(archive, [LINE, LINE], [1.0, 1.0], [7, 8]) == [True, False]
    assert add(archive, [LINE], [1.0], [9]) == [False]
    assert archive.key[1] == 7


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("value", NOTHING)
def test_what_is_not_finite_never_enters(value, maximize):
    archive = Archive(Small(maximize=maximize))
    assert add(archive, [LINE], [value]) == [False]
    assert add(archive, [LINE], [1.0]) == [True]
    assert add(archive, [LINE], [value]) == [False]
    batch = pack([PARABOLA], ARITHMETIC, archive.problem.shape)
    assert not archive.add(batch, np.array([[value, 0.0]]), np.zeros(1, np.uint64)).any(), "an earlier objective"


def test_a_maximised_objective_is_maximised():
    archive = Archive(Small(maximize=True))
    assert add(archive, [LINE, LINE, LINE], [-5.0, -2.0, -3.0]) == [False, True, False]
    assert add(archive, [LINE], [4.0]) == [True]
    assert archive.quality(np.array([1, 2])).tolist() == [-4.0, np.inf]


def test_beyond_an_axis_counts_as_its_end():
    problem = Small()
    problem.descriptors = (Descriptor("operations", 2, 3), Descriptor("again", 0, 1))
    problem.describe = lambda batch: np.repeat(batch.length[:, None].astype(np.int64), 2, axis=1)
    archive = Archive(problem)
    assert archive.size == 4
    programs = pack([LINE, PARABOLA], ARITHMETIC, problem.shape)
    assert archive.cell(programs).tolist() == [1, 1]  # (2, 1) twice: 1 operation is below, 2 is above


def test_state_is_everything():
    archive = Archive(Small())
    add(archive, [LINE, PARABOLA], [3.0, 9.0])
    state = {name: array.copy() for name, array in archive.state().items()}
    again = Archive(archive.problem)
    again.restore(state)
    for other in (archive, again):
        assert add(other, [LINE, PARABOLA], [4.0, 8.0], [5, 6]) == [False, True]
    for name, array in archive.state().items():
        assert array.tobytes() == again.state()[name].tobytes(), name
    assert state["score"][2, 1] == 9.0, "restoring takes copies"


numbers = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, *NOTHING])


rows = st.integers(1, 3).flatmap(lambda k: st.lists(st.tuples(*[numbers] * k), min_size=1, max_size=12))
offers = st.lists(st.tuples(st.sampled_from([LINE, PARABOLA]), numbers), max_size=20)


@given(rows)
def test_the_front_is_what_nothing_dominates(rows):
    score = np.array(rows)
    on = front(score)

    def beaten(i):
        """Something is nowhere worse and somewhere better, or equal and earlier."""
        return any(
            (score[j] <= score[i]).all() and ((score[j] < score[i]).any() or j < i)
            for j in range(len(score))
            if j != i and np.isfinite(score[j]).all()
        )

    assert set(on.tolist()) == {i for i in range(len(score)) if np.isfinite(score[i]).all() and not beaten(i)}
    assert (np.diff(score[on, 0]) >= 0).all(), "in the order of the first objective"
    assert len(front(score[:0])) == 0


@given(offers, st.integers(1, 5))
def test_elites_do_not_depend_on_how_the_offers_are_divided(offers, size):
    whole, parts = Archive(Small()), Archive(Small())
    programs = [program for program, _ in offers]
    errors = [error for _, error in offers]
    keys = list(range(len(offers)))
    if offers:
        add(whole, programs, errors, keys)
    for i in range(0, len(offers), size):
        part = slice(i, i + size)
        add(parts, programs[part], errors[part], keys[part])
    assert whole.score.tobytes() == parts.score.tobytes() and whole.key.tolist() == parts.key.tolist()
