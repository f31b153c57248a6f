"""The exhaustive search: candidates by number, scanned in tasks of a fixed size, committed in order.

What is recorded depends on no number of workers: tasks are cut by the spec, and their results are put in order.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from discover import workers
from discover.errors import UserError
from discover.problem import Find, Sweep
from discover.progress import Progress

if TYPE_CHECKING:
    from discover.spec import Spec
    from discover.store import Store

AHEAD = 3  # tasks a worker that are handed out before their results are asked for
Part = tuple[dict[str, int], dict[str, np.ndarray]]


def admit(problem: Any, spec: Spec) -> None:
    """Raises UserError where search and strategy do not fit, and for a sweep that would take too long."""
    sweeps, exhaustive = isinstance(problem, Sweep), spec.strategy.name == "exhaustive"
    if sweeps != exhaustive:
        wanted = 'only strategy.name = "exhaustive"' if sweeps else 'every strategy but "exhaustive"'
        raise UserError(f"{spec.search}/{spec.name}: it takes {wanted}")
    if sweeps and (seconds := estimate(problem, spec)) > 3600.0 * problem.hours:
        raise UserError(
            f"{spec.search}/{spec.name}: {_budget(problem, spec):,} candidates would take {duration(seconds)} on "
            f"{spec.run.workers} workers; make the search smaller, cut it with --budget, or allow that with "
            f"--set problem.hours={seconds / 1800:.0f}"
        )


def estimate(problem: Sweep, spec: Spec) -> float:
    """About how many seconds a sweep will take, from two tasks out of its middle; 0 if it has only few."""
    total, size = _budget(problem, spec), spec.task
    if total < 100 * size:
        return 0.0
    problem.scan(total // 4, total // 4 + size)  # compiles, and makes tables
    start = time.perf_counter()
    for first in (total // 3, 2 * total // 3):
        problem.scan(first, first + size)
    return (time.perf_counter() - start) * total / (2 * size) / (1 if problem.device.is_cuda else spec.run.workers)


def duration(seconds: float) -> str:
    """In words: 2 days, 3:04:05."""
    if seconds > 86400 * 365:
        return f"{seconds / 86400 / 365:,.0f} years"
    return str(timedelta(seconds=round(seconds)))


def sweep(
    problem: Sweep,
    spec: Spec,
    *,
    ref: workers.Ref,
    store: Store | None = None,
    executor: Executor | None = None,
    observe: Callable[[Progress], None] | None = None,
) -> list[Find]:
    """Scan all candidates, or go on where `store` ends; returns the finds."""
    executor = executor or workers.InlineExecutor()
    workers.keep(ref, problem)
    budget, batch = _budget(problem, spec), spec.strategy.batch
    progress = Progress(budget=budget, generations=-(-budget // batch), sweep=True)
    totals: dict[str, int] = {}
    kept: list[dict[str, np.ndarray]] = []
    if store is not None and store.last() is not None:
        for generation in store.generations():
            _add(totals, generation.row)
        kept = [hits(store)]
        progress.generation, progress.candidates = len(store.generations()), totals["candidates"]
        progress.seconds = sum(store.timings().values())
    scanner = workers.InlineExecutor() if problem.device.is_cuda else executor
    results = _stream(scanner, ref, _parts(progress.generation * batch, budget, batch, spec.task), spec)
    while progress.candidates < budget:
        begun = time.perf_counter()
        n = min(batch, budget - progress.candidates)
        counts = {"candidates": n}
        found: list[dict[str, np.ndarray]] = []
        for _ in range(-(-n // spec.task)):
            counted, arrays = next(results)
            _add(counts, counted)
            found.append(arrays)
        records = _joined(found)
        kept.append(records)
        _add(totals, counts)
        seconds = time.perf_counter() - begun
        if store is not None:
            store.commit(progress.generation, counts, _named(records), {}, {"evaluation": seconds})
        progress.generation += 1
        progress.candidates += n
        progress.seconds += seconds
        progress.best = problem.best(totals)
        if observe is not None:
            observe(progress)
    every = _joined(kept)
    if observe is not None:
        progress.doing = f"sorting {len(next(iter(every.values()), ())):,} hits"
        observe(progress)
    return problem.collect(every, lambda method, items: each(executor, ref, method, items))


def each(executor: Executor, ref: workers.Ref, method: str, items: Sequence[Any]) -> list[Any]:
    """What a method of a search returns for every item, in order."""
    futures = [executor.submit(_call, ref, method, item) for item in items]
    try:
        return [_result(executor, f, _call, ref, method, i) for f, i in zip(futures, items, strict=True)]
    finally:
        for future in futures:
            future.cancel()


def hits(store: Store) -> dict[str, np.ndarray]:
    """All hits of a store so far, by name, in the order of their candidates."""
    names = sorted({name for name in store.record_names() if name.startswith("hit.")})
    return {name.removeprefix("hit."): np.concatenate(list(store.records(name))) for name in names}


def _scan(ref: workers.Ref, start: int, stop: int) -> Part:
    """The task of a worker."""
    return workers.problem_of(ref).scan(start, stop)


def _call(ref: workers.Ref, method: str, item: Any) -> Any:
    """The task of a worker."""
    return getattr(workers.problem_of(ref), method)(item)


def _parts(start: int, stop: int, batch: int, chunk: int) -> Iterator[tuple[int, int]]:
    """The tasks: no task crosses the end of a generation."""
    for first in range(start, stop, batch):
        last = min(first + batch, stop)
        for i in range(first, last, chunk):
            yield i, min(i + chunk, last)


def _stream(executor: Executor, ref: workers.Ref, parts: Iterator[tuple[int, int]], spec: Spec) -> Iterator[Part]:
    """Results in order, with a few tasks under way all the time; a task whose worker died is tried once more."""
    under_way: deque[tuple[tuple[int, int], Future]] = deque()
    try:
        for part in parts:
            under_way.append((part, executor.submit(_scan, ref, *part)))
            if len(under_way) >= AHEAD * spec.run.workers:
                first, future = under_way.popleft()
                yield _result(executor, future, _scan, ref, *first)
        while under_way:
            first, future = under_way.popleft()
            yield _result(executor, future, _scan, ref, *first)
    finally:
        for _, future in under_way:
            future.cancel()


def _result(executor: Executor, future: Future, task: Callable[..., Any], *args: Any) -> Any:
    """A task's result; the task is tried once more if its worker died."""
    try:
        return future.result()
    except BrokenExecutor:
        return executor.submit(task, *args).result()


def _budget(problem: Sweep, spec: Spec) -> int:
    return min(problem.total, spec.run.budget)


def _add(totals: dict[str, int], counts: Mapping[str, Any]) -> None:
    for name, value in counts.items():
        totals[name] = totals.get(name, 0) + int(value)


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    names = parts[0] if parts else {}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _named(records: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"hit.{name}": array for name, array in records.items()}
