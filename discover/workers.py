"""Scoring a batch on any executor: fixed chunks, gathered in order, so results depend on no number of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from discover.pool import InlineExecutor, LocalPool, WorkerDied
from primitives.packed import Packed

if TYPE_CHECKING:
    from discover.problem import Domain

__all__ = ["InlineExecutor", "LocalPool", "Ref", "Scores", "WorkerDied", "evaluate", "executor", "keep", "problem_of"]

Ref = tuple[str, str]  # search name, canonical JSON of the problem's config: see Spec.ref
_problems: dict[Ref, Domain] = {}


class Scores(NamedTuple):
    """score float64[n, scores], const float64[n, C], quarantined bool[n] (killed its worker; score NaN)."""

    score: np.ndarray
    const: np.ndarray
    quarantined: np.ndarray


def executor(workers: int) -> Executor:
    """This process for one worker, else that many others."""
    return InlineExecutor() if workers == 1 else LocalPool(workers)


def keep(ref: Ref, problem: Domain) -> None:
    """Let tasks in this process use a Problem or Sweep that is built already."""
    _problems[ref] = problem


def problem_of(ref: Ref) -> Any:
    """The Problem or Sweep of a ref, built once a process."""
    if ref not in _problems:
        from discover.spec import build

        _problems[ref] = build(ref)
    return _problems[ref]


def evaluate(executor: Executor, ref: Ref, stage: int, batch: Packed, keys: np.ndarray, chunk: int) -> Scores:
    """Score a batch at one stage of the funnel; `keys` is uint64[n].

    A chunk whose worker died is tried once more, then its candidates one by one; those that kill again are quarantined
    and the rest goes on. What a score raises comes out as it is, with the worker's traceback.
    """
    n = len(batch)

    def submit(part: slice) -> Future:
        return executor.submit(score_chunk, ref, stage, batch[part].arrays, keys[part])

    parts = [slice(i, min(i + chunk, n)) for i in range(0, n, chunk)]
    done, died = _gather(parts, submit)
    if died:
        again, died = _gather(died, submit)
        done += again
    # One at a time: side by side, a candidate that eats all memory would take innocent ones down with it.
    for i in (i for part in died for i in range(part.start, part.stop)):
        done += _gather([slice(i, i + 1)], submit)[0]
    scores = Scores(np.full((n, len(problem_of(ref).scores)), np.nan), batch.const.copy(), np.ones(n, np.bool_))
    for part, (score, const) in done:
        scores.score[part], scores.const[part], scores.quarantined[part] = score, const, False
    return scores


def score_chunk(
    ref: Ref, stage: int, arrays: tuple[np.ndarray, ...], keys: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The task of a worker."""
    problem = problem_of(ref)
    batch = Packed(*arrays)
    score, const = problem.evaluate(stage, batch, keys)
    wanted = (len(batch), len(problem.scores)), batch.const.shape
    if (score.shape, const.shape) != wanted:
        raise ValueError(f"{ref[0]}: evaluate returned shapes {score.shape} and {const.shape}, not {wanted}")
    return np.asarray(score, np.float64), np.asarray(const, np.float64)


Done = list[tuple[slice, tuple[np.ndarray, np.ndarray]]]


def _gather(parts: Iterable[slice], submit: Callable[[slice], Future]) -> tuple[Done, list[slice]]:
    """Results of the parts, and the parts whose worker died."""
    futures = [(part, submit(part)) for part in parts]
    done: Done = []
    died = []
    try:
        for part, future in futures:
            try:
                done.append((part, future.result()))
            except BrokenExecutor:
                died.append(part)
    except BaseException:
        for _, future in futures:
            future.cancel()
        raise
    return done, died
