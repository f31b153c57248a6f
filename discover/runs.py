"""What a user does with a search: run it, load it again, continue it, look at its finds, export one."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discover import spec
from discover.errors import UserError, nearest
from discover.store import Store
from primitives.gpu import devices

if TYPE_CHECKING:
    from discover.artifact import Check
    from discover.problem import Domain, Find, Objective
    from discover.progress import Progress

FOLDER = Path("runs")
Observe = Callable[["Progress"], None]


@dataclass(frozen=True)
class Entry:
    """A find of a run: its id (8 hex digits over its program's text) and what `discover top` prints."""

    id: str
    program: str
    find: Find

    @property
    def data(self) -> dict[str, Any]:
        """As stored and printed."""
        return {
            "id": self.id,
            "program": self.program,
            "objectives": {name: float(v) for name, v in self.find.objectives.items()},
            "descriptors": {name: int(v) for name, v in self.find.descriptors.items()},
        }


class Run:
    """A run folder, for looking and continuing. It holds nothing open."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        with Store.read(self.folder) as store:
            self.config = store.config
            self.environment = store.environment
        self.spec = spec.restore(self.config["spec"], self.config["name"], str(self.folder / "config.json"))

    @property
    def name(self) -> str:
        """DOMAIN/NAME."""
        return f"{self.spec.search}/{self.spec.name}"

    @cached_property
    def problem(self) -> Any:
        """The Problem or Sweep, built anew."""
        return spec.build(self.spec.ref)

    @property
    def status(self) -> str:
        """ "done", "running" or "interrupted"."""
        with Store.read(self.folder) as store:
            return store.status

    @property
    def digest(self) -> str:
        """One digest over config, generations, records and finds."""
        with Store.read(self.folder) as store:
            return store.digest()

    def top(self) -> list[Entry]:
        """Finds, best first: the final ones, or before the end the best so far."""
        with Store.read(self.folder) as store:
            stored = store.finds() if store.status == "done" else None
            last = None if stored is not None else store.last()
        if stored is not None:
            return [self._entry(row) for row in stored]
        if last is None:
            return []
        from discover import engine, sweep, workers
        from discover.problem import Sweep

        if isinstance(self.problem, Sweep):
            with Store.read(self.folder) as store:
                found = sweep.hits(store)
            here = workers.InlineExecutor()
            each = partial(sweep.each, here, self.spec.ref)
            return entries(self.problem.collect(found, each) if found else [], self.problem)
        return entries(engine.finds(self.problem, last[1]), self.problem)

    def _entry(self, row: Mapping[str, Any]) -> Entry:
        """A stored find. Raises UserError if somebody changed its program."""
        from discover.problem import Find

        try:
            program = self.problem.parse(row["program"])
        except ValueError as error:
            raise UserError(f"{self.folder}: find {row['id']}: {error}") from None
        return Entry(row["id"], row["program"], Find(program, row["objectives"], row["descriptors"]))

    def find(self, id: str | None = None) -> Entry:
        """The find of that id (or the only one that begins so); the best one for None."""
        found = self.top()
        if not found:
            raise UserError(f"{self.folder}: it has found nothing yet")
        if id is None:
            return found[0]
        matches = [e for e in found if e.id.startswith(id)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UserError(f"{self.folder}: {id!r} may be {' or '.join(e.id for e in matches)}")
        raise UserError(f"{self.folder}: no find {id!r}; {nearest(id, (e.id for e in found))}")

    def explain(self, entry: Entry) -> list[tuple[str, str]]:
        """What a find means, as headings and texts."""
        from discover import engine

        raw = None
        if getattr(self.problem, "keep_raw", False):
            with Store.read(self.folder) as store:
                last = store.last()
            raw = engine.bred(self.problem, last[1], entry.find.program) if last is not None else None
        return self.problem.explain(replace(entry.find, raw=raw))

    @property
    def counts(self) -> Counter[str]:
        """What was counted in every generation, summed: "candidates" and more."""
        with Store.read(self.folder) as store:
            rows = [g.row for g in store.generations()]
        total: Counter[str] = Counter()
        for row in rows:
            total.update({name: int(value) for name, value in row.items()})
        return total

    def funnel(self) -> list[dict[str, Any]]:
        """How far candidates came: a row for what was answered before any score, then one for every stage."""
        from discover.problem import Sweep

        total = self.counts
        if isinstance(self.problem, Sweep):
            return [{"stage": name, "count": total.get(name, 0)} for name in ("candidates", *self.problem.counts)]
        table = []
        for name in ("invalid", "hits_canonical", "hits_fingerprint", "quarantined"):
            table.append({"stage": name, "tested": total.get("candidates", 0), "out": total.get(name, 0)})
        for stage in self.problem.stages:
            tested, failed, dropped = (total.get(f"{stage.name}.{n}", 0) for n in ("tested", "failed", "dropped"))
            on = {"failed": failed, "dropped": dropped, "on": tested - failed - dropped}
            table.append({"stage": stage.name, "tested": tested, "out": failed + dropped, **on})
        return table

    def meta(self) -> list[dict[str, Any]]:
        """Meta-validations in order: when, of the best of what kind, its quality in the search and there."""
        with Store.read(self.folder) as store:
            last = store.last()
        state = last[1] if last else {}
        if "meta.meta" not in state:
            return []
        low = self.problem.axes[0].low
        columns = [state[f"meta.{n}"].tolist() for n in ("generation", "kind", "searched", "meta")]
        names = ("generation", self.problem.axes[0].name, "searched", "meta-validation")
        return [dict(zip(names, (g, low + k, s, m), strict=True)) for g, k, s, m in zip(*columns, strict=True)]

    def resume(self, workers: int | None = None, observe: Observe | None = None, device: str | None = None) -> Run:
        """Continue until the budget is spent; the records become those of the uninterrupted run."""
        with Store.open(self.folder) as store:
            if store.status != "done":
                continue_search(self.on(workers, device), store, observe)
        return self

    def on(self, workers: int | None, device: str | None = None) -> spec.Spec:
        """The spec on that many workers, and that device of the kind that it began on (None: as it began)."""
        kind = self.spec.run.device
        if device is not None and device.partition(":")[0] != kind:
            raise UserError(f"{self.folder}: its scores are of {kind}, not of {device}; begin a new run there")
        workers = workers or int(self.environment.get("workers", "1"))
        return self.spec.on(workers=workers, device=device or kind)

    def provenance(self, entry: Entry) -> dict[str, Any]:
        """Where a find comes from, for exporters: JSON data without times, so that equal runs give equal files."""
        from discover.document import provenance

        return provenance(self.spec, self.problem, id=entry.id, **self.problem.about(entry.find))

    def export(self, id: str | None = None, to: str | None = None) -> str:
        """The text of a file that holds a find, standing alone; in the problem's first format for None."""
        exporters = self.problem.exporters
        to = next(iter(exporters), "any") if to is None else to
        if to not in exporters:
            raise UserError(f"{self.name} has no export format {to!r}; {nearest(to, exporters)}")
        entry = self.find(id)
        return exporters[to](entry.find, self.provenance(entry))

    def artifact(self, folder: str | Path, id: str | None = None) -> list[Path]:
        """Write a find as an artifact: a folder of program.json, score card and every export format."""
        from discover.artifact import write_artifact

        entry = self.find(id)
        return write_artifact(folder, entry.find, self.provenance(entry), self.problem)

    def verify(self) -> list[Check]:
        """Measure every final find again."""
        from discover.artifact import Check, agrees

        if self.status != "done":
            raise UserError(f"{self.folder}: {self.status}, not done; verify needs the final finds")
        checks = []
        for entry in self.top():
            measured = self.problem.measure(entry.find.program)
            for name, claimed in entry.find.objectives.items():
                value = measured.get(name, math.nan)
                same = agrees(claimed, value, self.problem.tolerance)
                checks.append(Check(f"{entry.id} {name}", same, f"claimed {claimed:.6g}, measured {value:.6g}"))
        return checks

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"


def run(
    name: str,
    *,
    seed: int | None = None,
    budget: int | None = None,
    workers: int | None = None,
    device: str | None = None,
    out: str | Path | None = None,
    set: Iterable[str] = (),
    observe: Observe | None = None,
) -> Run:
    """Run a search to its end, in a new run folder (runs/ID, or `out`).

    name     "DOMAIN/NAME", or a .toml spec file
    device   "auto", "cpu", "cuda" or "cuda:N"
    set      overrides, "strategy.population=100"
    observe  called with a discover.progress.Progress after each generation, and once more before the finds are polished
    Raises UserError for what the user can mend. After an exception, Ctrl-C included, `load(folder).resume()` goes on.
    """
    given = {"seed": seed, "budget": budget, "workers": workers, "device": device}
    resolved = settled(spec.load(name, [*set, *(f"run.{k}={v}" for k, v in given.items() if v is not None)]))
    with start(resolved, out) as store:
        continue_search(resolved, store, observe)
    return Run(store.folder)


def load(folder: str | Path) -> Run:
    """A run: its folder, its id in ./runs, or "latest"."""
    path = Path(folder)
    if path.is_dir():
        return Run(path)
    if str(folder) == "latest":
        known = [p.parent for p in FOLDER.glob("*/run.sqlite")]
        if not known:
            raise UserError(f"no run in {FOLDER.resolve()}")
        return Run(max(known, key=lambda p: (p / "config.json").stat().st_mtime))
    if (FOLDER / path).is_dir():
        return Run(FOLDER / path)
    known_ids = (p.parent.name for p in FOLDER.glob("*/run.sqlite"))
    raise UserError(
        f"no run {str(folder)!r}, neither here nor in {FOLDER.resolve()}; {nearest(str(folder), known_ids)}"
    )


def export(run: Run | str | Path, id: str | None = None, to: str | None = None) -> str:
    """The text of a file that holds a find of a run (the best one for None), in a format (the first one for None)."""
    return (run if isinstance(run, Run) else load(run)).export(id, to)


def settled(resolved: spec.Spec) -> spec.Spec:
    """The spec on a device that is there: "auto" becomes a GPU or the CPU. Raises DeviceError where it is of no use."""
    if resolved.run.device == "cpu":
        return resolved
    return resolved.on(device=str(devices.told(resolved.run.device)))


def _placed(resolved: spec.Spec) -> Any:
    """The Problem or Sweep of a spec, on its device."""
    from discover import workers

    problem = workers.problem_of(resolved.ref)
    device = devices.resolve(resolved.run.device)
    if device.kind not in problem.devices:
        raise UserError(f"{resolved.search}/{resolved.name} runs on {' and '.join(problem.devices)} only")
    problem.use(device)
    return problem


def start(resolved: spec.Spec, out: str | Path | None = None) -> Store:
    """A store in a new run folder; of a search that is impossible, no folder is left."""
    from discover import sweep
    from discover.doctor import environment

    problem = _placed(resolved)
    sweep.admit(problem, resolved)
    config = {
        "name": resolved.name,
        "summary": resolved.summary,
        "config_hash": resolved.config_hash,
        "spec": resolved.config,
    }
    noted = environment() | {"workers": str(resolved.run.workers)}
    if problem.device.is_cuda:
        noted["device"] = problem.device.name
    return Store.create(out if out is not None else _free_folder(resolved), config, noted)


def _free_folder(resolved: spec.Spec) -> Path:
    name = f"{resolved.search}-{resolved.name}-seed{resolved.run.seed}-{resolved.config_hash[:6]}"
    number = 1
    while True:
        folder = FOLDER / (name if number == 1 else f"{name}-{number}")
        if not folder.exists():
            return folder
        number += 1


def continue_search(resolved: spec.Spec, store: Store, observe: Observe | None) -> None:
    """Run or continue a search and store its finds."""
    from threadpoolctl import threadpool_limits

    from discover import engine, sweep, workers
    from discover.problem import Sweep

    problem = _placed(resolved)
    search = sweep.sweep if isinstance(problem, Sweep) else engine.search
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))  # sums in BLAS depend on the number of threads
        executor = workers.executor(resolved.run.workers)
        stack.callback(executor.shutdown, cancel_futures=True)
        start, before = time.perf_counter(), sum(store.timings().values())
        found = search(problem, resolved, ref=resolved.ref, store=store, executor=executor, observe=observe)
        ending = time.perf_counter() - start - (sum(store.timings().values()) - before)
        store.finish([e.data for e in entries(found, problem)], {"ending": ending})


def entries(found: Sequence[Find], problem: Domain) -> list[Entry]:
    """Finds with their ids, best first: by the last objective (the one that is searched for), then by those before."""
    from primitives.text import format_program

    def rank(find: Find) -> tuple[Any, ...]:
        return tuple(_rank(find.objectives, objective) for objective in reversed(problem.objectives))

    result = []
    for find in sorted(found, key=rank):
        text = format_program(find.program, problem.primitives)
        result.append(Entry(hashlib.sha256(text.encode()).hexdigest()[:8], text, find))
    return result


def _rank(objectives: Mapping[str, float], objective: Objective) -> float:
    value = objectives.get(objective.name, math.nan)
    if not math.isfinite(value):
        return math.inf
    return -value if objective.maximize else value
