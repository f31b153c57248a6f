"""The cache and its index against a dict."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.cache import Cache, Index

# Keys that collide in the low bits, as well as any others.
KEYS = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 7).map(lambda k: k << 40), st.integers(0, 20))
BATCHES = st.lists(st.lists(KEYS, max_size=30), max_size=8)


def array(keys):
    return np.array(keys, np.uint64)


@settings(max_examples=60, deadline=None)
@given(BATCHES, st.lists(KEYS, max_size=20))
def test_an_index_is_a_dict_in_which_the_first_row_stays(batches, asked):
    index, model, row = Index(), {}, 0
    for batch in batches:
        rows = np.arange(row, row + len(batch))
        index.add(array(batch), rows)
        for key, value in zip(batch, rows.tolist(), strict=True):
            model.setdefault(key, value)
        row += len(batch)
    wanted = asked + list(model)
    assert index.find(array(wanted)).tolist() == [model.get(key, -1) for key in wanted]
    assert len(index) == len(model)


def test_an_index_grows():
    index, n = Index(), 50_000
    keys = array(range(n)) << np.uint64(20)  # all in one slot of the first table
    for start in range(0, n, 7_000):
        part = np.arange(start, min(start + 7_000, n))
        index.add(keys[part], part)
    assert np.array_equal(index.find(keys), np.arange(n))
    assert (index.find(keys + np.uint64(1)) == -1).all()


@settings(max_examples=30, deadline=None)
@given(BATCHES, st.booleans())
def test_a_cache_remembers_scores_under_both_keys(batches, fitted):
    cache, canonical, fingerprint, n = Cache(2, 3 if fitted else 0), {}, {}, 0
    for batch in batches:
        keys, prints = array(batch), array(batch) % np.uint64(5)
        score = np.arange(2.0 * len(batch)).reshape(-1, 2) + n
        const = np.full((len(batch), 3), float(n))
        cache.add(keys, prints, score, *([const] if fitted else []))
        for i in range(len(batch)):
            entry = score[i].tolist(), const[i].tolist() if fitted else []
            canonical.setdefault(int(keys[i]), entry)
            fingerprint.setdefault(int(prints[i]), entry)
        n += len(batch)
        assert len(cache) == n
    for index, model in ((cache.canonical, canonical), (cache.fingerprint, fingerprint)):
        rows = index.find(array(list(model)))
        assert cache.score(rows).tolist() == [score for score, _ in model.values()]
        assert cache.const(rows).tolist() == [const for _, const in model.values()]


def test_a_cache_grows_and_keeps_what_it_had():
    cache = Cache(1, 1)
    for start in range(0, 9_000, 900):
        rows = np.arange(start, start + 900)
        cache.add(array(rows), array(rows) + np.uint64(10**6), rows[:, None] * 1.0, rows[:, None] * -1.0)
    every = np.arange(9_000)
    assert np.array_equal(cache.canonical.find(array(every)), every)
    assert np.array_equal(cache.score(every)[:, 0], every) and np.array_equal(cache.const(every)[:, 0], -every)
    assert (cache.visits(array(every)) == 1).all()


def test_visits_are_counted_and_due_at_powers_of_two():
    cache = Cache(1, 1)
    cache.add(array([7]), array([8]), np.zeros((1, 1)), np.zeros((1, 1)))
    due = [bool(cache.visit(np.array([0]))[0]) for _ in range(8)]
    assert due == [True, False, True, False, False, False, True, False]  # the 2nd, 3rd, 4th, ... visit
    assert cache.visits(array([7, 9])).tolist() == [9, 0]
    cache.replace(0, np.array([5.0]), np.array([6.0]))
    assert cache.score(np.array([0])).tolist() == [[5.0]] and cache.const(np.array([0])).tolist() == [[6.0]]
