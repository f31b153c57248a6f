"""The same search ends in the same records: whoever runs it, however often it is killed on the way."""

from __future__ import annotations

import random
import signal

import pytest

from benchmarks.determinism import Job, digest, kill_and_resume, reach
from discover.store import Store

JOB = Job("functions/exp2", seed=0, budget=1600, settings=("strategy.batch=100", "run.chunk=16"))
GENERATIONS = 16


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> str:
    """The digest of the run that nobody disturbs."""
    folder = tmp_path_factory.mktemp("reference") / "run"
    found = JOB.undisturbed(folder)
    with Store.read(folder) as store:
        assert len(store.generations()) == GENERATIONS and store.finds()
    return found


def test_workers_hash_seed_and_what_memory_held_before_change_nothing(tmp_path, reference, monkeypatch):
    monkeypatch.setenv("MALLOC_PERTURB_", "1")  # glibc fills new memory with garbage: a value read before it is written
    assert JOB.undisturbed(tmp_path / "run", workers=2, hash_seed=12345) == reference


def test_another_seed_is_another_run(tmp_path, reference):
    other = Job(JOB.search, 1, JOB.budget, JOB.settings)
    assert other.undisturbed(tmp_path / "run") != reference


def test_killed_at_random_moments_and_resumed(tmp_path, reference):
    kills = kill_and_resume(JOB, tmp_path / "run", 3, GENERATIONS, 0.1, random.Random(0))
    assert kills and digest(tmp_path / "run") == reference


def test_interrupted_and_resumed(tmp_path, reference):
    for workers, generation in ((1, 2), (2, 5)):
        running = JOB.start(tmp_path / "run", workers)
        assert reach(running, generation)
        running.send_signal(signal.SIGINT)
        errors = running.communicate()[1]
        assert running.returncode == 3, errors
        assert "discover resume" in errors and "Traceback" not in errors
        with Store.read(tmp_path / "run") as store:
            assert store.status == "interrupted" and generation <= len(store.generations()) < GENERATIONS
    assert JOB.undisturbed(tmp_path / "run") == reference
