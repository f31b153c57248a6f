"""The search: ask, canonicalise, look up, score through the funnel, tell, record; generation by generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from discover import strategies, workers
from discover.archive import Archive, find_of, front, oriented, quality
from discover.cache import Cache
from discover.hurdle import Hurdle
from discover.meta import MetaValidation
from discover.problem import Find, Problem
from discover.progress import Progress
from discover.sweep import each
from primitives.canonical import Canonicalizer
from primitives.fingerprint import Fingerprinter
from primitives.liveness import live
from primitives.packed import Packed, unpack
from primitives.program import Program

if TYPE_CHECKING:
    from discover.spec import Spec
    from discover.store import Store


class Search:
    """One search in progress: `step` runs a generation."""

    def __init__(self, problem: Problem, spec: Spec, *, ref: workers.Ref, executor: Executor | None = None) -> None:
        self.problem, self.spec, self.ref = problem, spec, ref
        self.executor = executor or workers.InlineExecutor()
        # A GPU belongs to this process; workers are for what is left to processors.
        self.scorer = workers.InlineExecutor() if problem.device.is_cuda else self.executor
        workers.keep(ref, problem)
        self.strategy = strategies.make(problem, spec.strategy, spec.run.seed)
        self.archive = Archive(problem)
        self.raw = Packed.empty(self.archive.size if problem.keep_raw else 0, problem.shape)
        self.harvest: list[tuple[Packed, np.ndarray]] = []  # programs and scores of each generation
        self.hurdles = {i: Hurdle(self.archive.niches) for i, s in enumerate(problem.stages) if s.keep is not None}
        self.meta = MetaValidation(problem) if problem.meta and spec.run.meta_every else None
        self.cache = Cache(len(problem.scores), problem.shape.constants if problem.free_constants else 0)
        self.progress = Progress(
            budget=spec.run.budget,
            generations=-(-spec.run.budget // spec.strategy.batch),
            objectives=tuple(o.name for o in problem.scores),
        )
        self._canonicalize = Canonicalizer(problem.primitives, problem.signature, problem.free_constants, problem.flat)
        self._fingerprint = Fingerprinter(
            problem.primitives, problem.probes, problem.free_constants, problem.probe_shape
        )
        self._since_improvement = 0

    def step(self) -> tuple[dict[str, int], dict[str, np.ndarray]]:
        """Run the next generation. Returns its counts and the records of what was scored."""
        start = time.perf_counter()
        generation = self.progress.generation
        n = min(self.spec.strategy.batch, self.spec.run.budget - self.progress.candidates)
        batch = self.strategy.ask(n, generation)
        raw = batch.copy() if self.problem.keep_raw else None
        keys, valid = self._canonicalize(batch)
        valid[valid] = self.problem.check(batch[valid])
        score = np.full((n, len(self.problem.scores)), np.nan)
        counts = dict.fromkeys(Progress.COUNTS, 0) | {"candidates": n, "invalid": int(n - valid.sum())}
        chosen, prints, twin, visited = self._look_up(batch, keys, valid, score, counts)
        evaluation = time.perf_counter()
        records = self._score(batch, keys, chosen, prints, score, counts)
        evaluation = time.perf_counter() - evaluation
        self._remember(records)
        if self.problem.free_constants:
            records["visited"] = visited
            self._best_fit(batch, keys, chosen, score)
        score = score[twin]
        if self.problem.free_constants:
            batch.const[:] = batch.const[twin]
        improved = self.archive.improved
        new = self.archive.add(batch, score, keys)
        if raw is not None:
            self.raw[self.archive.cell(batch[new], score[new])] = raw[new]
            counts["bred.statements"] = statements = int(raw.length.sum())
            counts["bred.dead"] = statements - int(live(raw, self.problem.signature, self.problem.primitives).sum())
        self.strategy.tell(batch, score, keys)
        if self.meta is not None and (generation + 1) % self.spec.run.meta_every == 0:
            self.meta.check(self.archive, generation, self._meta_score)
        self._restart_after_plateau(self.archive.improved > improved)
        self._count(counts, time.perf_counter() - start, evaluation)
        return counts, records

    def _look_up(
        self, batch: Packed, keys: np.ndarray, valid: np.ndarray, score: np.ndarray, counts: dict[str, int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Answer what the cache knows.

        Returns the indices to score, their fingerprints, for every candidate the index of the one that it shares its
        score with (itself, or an earlier one of the batch), and the rows of the cache that answered by canonical key.
        A fit of constants may fail by bad luck: such a program is scored again when it comes for the 2nd, 4th, 8th ...
        time, with what it then inherits.
        """
        left, twin = np.flatnonzero(valid), np.arange(len(valid))
        visited = again = np.zeros(0, np.int64)
        if not self.strategy.fresh:
            rows = self.cache.canonical.find(keys[left])
            known, visited = left[rows >= 0], rows[rows >= 0]
            if self.problem.free_constants:
                due = self.cache.visit(visited)
                again = known[due]
                batch.const[known[~due]] = self.cache.const(visited[~due])
            score[known] = self.cache.score(visited)
            first = _firsts(keys, np.setdiff1d(left, known, assume_unique=True), twin)
            counts["hits_canonical"] = len(left) - len(first) - len(again)
            left = first
        prints = self._fingerprint(batch[left])
        if not self.strategy.fresh:
            rows = self.cache.fingerprint.find(prints)
            other = np.arange(len(left))
            first = _firsts(prints, np.flatnonzero(rows < 0), other)
            if not self.problem.free_constants:  # other constants than those scored: then the score is not its own
                known, hit = left[rows >= 0], rows[rows >= 0]
                score[known] = self.cache.score(hit)
                same = np.arange(len(valid))
                same[left] = left[other]
                twin = same[twin]
            counts["hits_fingerprint"] = len(left) - len(first)
            left, prints = left[first], prints[first]
        if len(again):
            left, prints = np.concatenate([left, again]), np.concatenate([prints, self._fingerprint(batch[again])])
        return left, prints, twin, visited

    def _score(
        self, batch: Packed, keys: np.ndarray, chosen: np.ndarray, prints: np.ndarray, score: np.ndarray,
        counts: dict[str, int],
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """Send the chosen through the funnel and fill in scores and constants. Returns what to record."""
        counts["scored"] = len(chosen)
        streams = self._streams(keys[chosen], chosen)
        cell = self.archive.cell(batch[chosen])
        going, entered = np.arange(len(chosen)), np.zeros(len(chosen), np.int8)
        for number, stage in enumerate(self.problem.stages):
            index = chosen[going]
            entered[going] = number
            result = workers.evaluate(self.scorer, self.ref, number, batch[index], streams[going], self.spec.task)
            score[index], batch.const[index] = result.score, result.const
            counts["quarantined"] += int(result.quarantined.sum())
            reached = quality(self.problem, result.score)
            counts[f"{stage.name}.tested"] = len(index)
            counts[f"{stage.name}.failed"] = int((~np.isfinite(reached)).sum())
            on = np.isfinite(reached)
            if stage.keep is not None:
                on &= self.hurdles[number].passes(self.archive.niche(cell[going]), reached, stage.keep)
                score[index[~on]] = np.nan
            on &= reached <= _limit(stage.slack, self.archive.rival(cell[going]))
            going = going[on]
            counts[f"{stage.name}.dropped"] = len(index) - counts[f"{stage.name}.failed"] - len(going)
            if not len(going):
                break
        records = {"canonical": keys[chosen], "fingerprint": prints, "score": score[chosen]}
        if self.problem.free_constants:
            records["const"] = batch.const[chosen]
        if self.problem.keep_raw:
            records |= {f"program.{name}": array for name, array in batch[chosen].named.items()}
        if self.problem.record_stage:
            records["stage"] = entered
        if self.problem.harvest is not None:
            ripe = chosen[quality(self.problem, score[chosen]) <= self.problem.harvest]
            self.harvest.append((batch[ripe], score[ripe]))
            records |= {f"harvest.{name}": array for name, array in batch[ripe].named.items()}
            records["harvest.score"] = score[ripe]
        return records

    def _meta_score(self, batch: Packed, keys: np.ndarray) -> np.ndarray:
        streams = self._streams(keys, np.arange(len(keys)))
        chunk = len(batch) if self.problem.device.is_cuda else 1
        return workers.evaluate(self.scorer, self.ref, len(self.problem.stages), batch, streams, chunk).score

    @property
    def over(self) -> bool:
        """Whether the budget is spent, or meta-validation stood still for too long."""
        patience = self.spec.run.meta_patience
        stale = self.meta is not None and 0 < patience <= self.meta.stale
        return stale or self.progress.candidates >= self.progress.budget

    def _remember(self, records: Mapping[str, np.ndarray]) -> None:
        """Put what was scored into the cache; of a program that was scored before, the better score stays."""
        columns = [records[name] for name in ("canonical", "fingerprint", "score", "const") if name in records]
        rows = self.cache.canonical.find(columns[0])
        new, old = rows < 0, np.flatnonzero(rows >= 0)
        self.cache.add(*(column[new] for column in columns))
        reached = quality(self.problem, columns[2][old])
        better = np.flatnonzero(reached < quality(self.problem, self.cache.score(rows[old])))
        for i in old[better[np.argsort(-reached[better], kind="stable")]]:  # the best last: one may be there twice
            self.cache.replace(rows[i], *(column[i] for column in columns[2:]))

    def _best_fit(self, batch: Packed, keys: np.ndarray, chosen: np.ndarray, score: np.ndarray) -> None:
        """Give every scored candidate the best score and constants that its program ever had."""
        if not self.strategy.fresh:
            rows = self.cache.canonical.find(keys[chosen])
            score[chosen], batch.const[chosen] = self.cache.score(rows), self.cache.const(rows)

    def _streams(self, keys: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """The random-stream key of each candidate: of its structure and the seed, or of its place if it must be new."""
        seed = np.random.SeedSequence([self.spec.run.seed, 1 + self.progress.generation * self.strategy.fresh])
        salt = seed.generate_state(1, np.uint64)[0]
        if self.strategy.fresh:
            return slots.astype(np.uint64) ^ salt
        return keys ^ salt ^ (self.cache.visits(keys) << np.uint64(40))

    def _restart_after_plateau(self, improved: bool) -> None:
        self._since_improvement = 0 if improved else self._since_improvement + 1
        patience = self.spec.strategy.restart_after
        elites = np.flatnonzero(self.archive.occupied)
        if patience and self._since_improvement >= patience and len(elites):
            on = elites[front(oriented(self.problem, self.archive.score[elites]))]
            self.strategy.restart(self.archive.elites[on], self.archive.score[on], self.archive.key[on])
            self._since_improvement = 0

    def _count(self, counts: dict[str, int], seconds: float, evaluation: float) -> None:
        for name, value in counts.items():
            if name in Progress.COUNTS:
                setattr(self.progress, name, getattr(self.progress, name) + value)
            else:
                self.progress.funnel[name] = self.progress.funnel.get(name, 0) + value
        self.progress.generation += 1
        self.progress.seconds += seconds
        self.progress.seconds_outside_evaluation += seconds - evaluation

    def state(self) -> dict[str, np.ndarray]:
        """All that the next generation depends on but the cache, as arrays."""
        counts = np.array([getattr(self.progress, name) for name in Progress.COUNTS], np.int64)
        return {
            **{f"strategy.{name}": a for name, a in self.strategy.state().items()},
            **{f"archive.{name}": a for name, a in self.archive.state().items()},
            **{f"raw.{name}": a for name, a in self.raw.named.items() if self.problem.keep_raw},
            **{f"hurdle.{i}.{name}": a for i, h in self.hurdles.items() for name, a in h.state().items()},
            **{f"meta.{name}": a for name, a in (self.meta.state() if self.meta else {}).items()},
            "counts": counts,
            "since_improvement": np.array(self._since_improvement),
        }

    def restore(self, store: Store) -> None:
        """Continue where a store ends; the cache is rebuilt from its records."""
        last = store.last()
        if last is None:
            return
        generation, state = last
        self.strategy.restore(_below("strategy.", state))
        self.archive.restore(_below("archive.", state))
        if self.problem.keep_raw:
            self.raw = Packed.of_named(_below("raw.", state))
        for i, hurdle in self.hurdles.items():
            hurdle.restore(_below(f"hurdle.{i}.", state))
        if self.meta is not None:
            self.meta.restore(_below("meta.", state))
        self._since_improvement = int(state["since_improvement"])
        for name, value in zip(Progress.COUNTS, state["counts"].tolist(), strict=True):
            setattr(self.progress, name, value)
        self.progress.generation = generation + 1
        for row in store.generations():
            for name in row.row.keys() - set(Progress.COUNTS):
                self.progress.funnel[name] = self.progress.funnel.get(name, 0) + int(row.row[name])
        timings = store.timings()
        self.progress.seconds = sum(timings.values())
        self.progress.seconds_outside_evaluation = timings.get("outside", 0.0)
        names = ["canonical", "fingerprint", "score"] + (["const", "visited"] if self.problem.free_constants else [])
        for columns in zip(*(store.records(name) for name in names), strict=True):
            records = dict(zip(names, columns, strict=True))
            if "visited" in records:
                self.cache.visit(records["visited"])
            self._remember(records)
        if self.problem.harvest is not None:
            names = [f"harvest.{name}" for name in (*Packed.FIELDS, "score")]
            for *arrays, score in zip(*(store.records(name) for name in names), strict=True):
                self.harvest.append((Packed(*arrays), score))

    def finalists(self) -> list[Find]:
        """The elites, and after them the harvest in the order in which it was scored."""
        finds = elites(self.archive)
        for batch, score in self.harvest:
            finds += _finds(self.problem, batch, score)
        return finds


def search(
    problem: Problem,
    spec: Spec,
    *,
    ref: workers.Ref,
    store: Store | None = None,
    executor: Executor | None = None,
    observe: Callable[[Progress], None] | None = None,
) -> list[Find]:
    """Run a search to the end of its budget, or continue the one that `store` holds; returns the polished finds."""
    running = Search(problem, spec, ref=ref, executor=executor)
    progress = running.progress
    if store is not None:
        running.restore(store)
    while not running.over:
        before = progress.seconds, progress.seconds_outside_evaluation
        counts, records = running.step()
        if store is not None:
            outside = progress.seconds_outside_evaluation - before[1]
            timing = {"evaluation": progress.seconds - before[0] - outside, "outside": outside}
            store.commit(progress.generation - 1, counts, records, running.state(), timing)
        if observe is not None:
            progress.best = best(running.archive)
            observe(progress)
    finalists = running.finalists()
    if observe is not None:
        progress.best, progress.doing = best(running.archive), f"polishing the best of {len(finalists):,} finalists"
        observe(progress)
    return problem.finish(finalists, partial(each, running.executor, ref))


def best(archive: Archive) -> list[tuple[str, str]]:
    """`Progress.best` of an archive."""
    on = np.flatnonzero(archive.occupied)
    on = on[front(oriented(archive.problem, archive.score[on]))]
    return [(" ".join(f"{v:g}" for v in row[:-1]), f"{row[-1]:.4g}") for row in archive.score[on].tolist()]


def elites(archive: Archive) -> list[Find]:
    """Every elite."""
    problem = archive.problem
    on = np.flatnonzero(archive.occupied)
    return _finds(problem, archive.elites[on], archive.score[on])


def _finds(problem: Problem, batch: Packed, score: np.ndarray) -> list[Find]:
    programs = unpack(batch, problem.signature, problem.primitives)
    return [find_of(problem, *row) for row in zip(programs, score, problem.place(batch, score), strict=True)]


def finds(problem: Problem, state: Mapping[str, np.ndarray]) -> list[Find]:
    """The Pareto front of the elites in a stored state."""
    archive = Archive(problem)
    archive.restore(_below("archive.", state))
    every = elites(archive)
    score = np.array([list(f.objectives.values()) for f in every]).reshape(-1, len(problem.scores))
    return [every[i] for i in front(oriented(problem, score))]


def bred(problem: Problem, state: Mapping[str, np.ndarray], program: Program) -> Program | None:
    """The elite of this program as it was bred, from a stored state; None where it is no elite, or none is kept."""
    if not problem.keep_raw:
        return None
    archive = Archive(problem)
    archive.restore(_below("archive.", state))
    raw = Packed.of_named(_below("raw.", state))
    on = np.flatnonzero(archive.occupied)
    elites = unpack(archive.elites[on], problem.signature, problem.primitives)
    if program not in elites:
        return None
    at = on[elites.index(program)]
    return unpack(raw[at : at + 1], problem.signature, problem.primitives)[0]


def _below(prefix: str, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def _firsts(keys: np.ndarray, index: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Of the given indices, the first of every key, in order; `twin` of each becomes the first of its key."""
    _, first, inverse = np.unique(keys[index], return_index=True, return_inverse=True)
    twin[index] = index[first[inverse]]
    return np.sort(index[first])


def _limit(slack: float, best: np.ndarray) -> np.ndarray:
    """The worst quality within a factor of the best; as far above a negative best as above a positive one."""
    limit = np.full(len(best), np.inf)
    known = np.isfinite(best) & np.isfinite(slack)
    limit[known] = best[known] + (slack - 1.0) * np.abs(best[known])
    return limit
