"""Batches scored in this process, in others, and in others that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from discover.pool import InlineExecutor, LocalPool, WorkerDied
from discover.workers import evaluate, problem_of
from primitives.packed import pack
from primitives.table import ARITHMETIC

PLAIN = ("toy", '{"mode":"plain"}')
pytestmark = pytest.mark.usefixtures("toy")


def batch(n):
    """n toy programs, each with its own constant, and their keys."""
    problem = problem_of(PLAIN)
    packed = pack(problem.warm_start * n, ARITHMETIC, problem.shape)
    packed.const[:, 0] = np.arange(n) / 7
    return packed, np.arange(n, dtype=np.uint64)


@pytest.fixture(scope="module")
def pools():
    """Started once: a process takes a second to start."""
    made = {}

    def get(n):
        return made.setdefault(n, LocalPool(n))

    yield get
    for pool in made.values():
        pool.shutdown(cancel_futures=True)


def test_results_do_not_depend_on_the_executor_or_the_chunks(pools):
    packed, keys = batch(50)
    reference = evaluate(InlineExecutor(), PLAIN, 0, packed, keys, 50)
    assert not reference.quarantined.any()
    with ThreadPoolExecutor(3) as threads:
        for executor, chunk in [(pools(1), 7), (pools(2), 7), (pools(4), 3), (threads, 16), (InlineExecutor(), 1)]:
            again = evaluate(executor, PLAIN, 0, packed, keys, chunk)
            for a, b in zip(reference, again, strict=True):
                assert a.tobytes() == b.tobytes()


def test_an_empty_batch_scores_to_nothing():
    packed, keys = batch(3)
    scores = evaluate(InlineExecutor(), PLAIN, 0, packed[:0], keys[:0], 8)
    assert scores.score.shape == (0, 2) and scores.const.shape == (0, 4) and scores.quarantined.shape == (0,)


def test_a_candidate_that_kills_its_worker_is_quarantined_and_the_others_are_scored(pools):
    packed, keys = batch(30)
    scores = evaluate(pools(2), ("toy", '{"mode":"kill"}'), 0, packed, keys, 8)
    assert np.flatnonzero(scores.quarantined).tolist() == [7, 17, 27]
    assert np.isnan(scores.score[scores.quarantined]).all()
    reference = evaluate(InlineExecutor(), PLAIN, 0, packed, keys, 8)
    fine = ~scores.quarantined
    assert (scores.score[fine] == reference.score[fine]).all()


def test_a_worker_that_dies_once_costs_a_retry_only(pools, tmp_path):
    packed, keys = batch(20)
    ref = ("toy", f'{{"mode":"kill_once","folder":"{tmp_path}"}}')
    scores = evaluate(pools(2), ref, 0, packed, keys, 8)
    assert (tmp_path / "killed").exists() and not scores.quarantined.any() and not np.isnan(scores.score).any()


def test_what_a_score_raises_comes_out_with_the_workers_traceback(pools):
    packed, keys = batch(4)
    with pytest.raises(ZeroDivisionError, match="the toy breaks") as caught:
        evaluate(pools(2), ("toy", '{"mode":"raise"}'), 0, packed, keys, 2)
    assert "toy.py" in str(caught.value.__cause__)


def test_a_killed_worker_is_replaced_and_its_future_says_so(pools):
    pool = pools(1)
    assert pool.submit(abs, -3).result() == 3
    future = pool.submit(time.sleep, 600)
    while not future.running():
        time.sleep(0.01)
    os.kill(pool.pids[0], signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        future.result()
    assert pool.submit(abs, -4).result() == 4
    assert len(pool.pids) == 1


def test_what_cannot_be_sent_fails_its_own_future_only(pools):
    with pytest.raises(Exception, match="pickle"):
        pools(2).submit(abs, (i for i in ())).result()
    with pytest.raises(RuntimeError, match="pickle"):
        pools(2).submit(os.scandir, ".").result()
    assert pools(2).submit(abs, -5).result() == 5


def test_shutdown_cancels_what_waits_and_kills_what_runs():
    pool = LocalPool(1)
    running, waiting = pool.submit(time.sleep, 600), pool.submit(abs, 1)
    while not running.running():
        time.sleep(0.01)
    (pid,) = pool.pids
    pool.shutdown(cancel_futures=True)
    assert waiting.cancelled()
    with pytest.raises(WorkerDied):
        running.result()
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(abs, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PARENT = """
import time
from discover.pool import LocalPool
pool = LocalPool(2)
for _ in range(2):
    pool.submit(time.sleep, 600)
pool.submit(abs, 1)
while len(pool.pids) < 2:
    time.sleep(0.01)
print(*pool.pids, flush=True)
time.sleep(600)
"""


def test_workers_end_when_their_parent_is_killed():
    # The script has no `if __name__ == "__main__"` and none is needed: a worker never runs the caller's script.
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    pids = [int(p) for p in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    while any(alive(pid) for pid in pids):  # the test's own time limit is the judge
        time.sleep(0.05)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
