"""What the funnel of a run rejected, and how often a rejected layer would have won: measured on a sample.

    python -m searches.normalizers.audit RUN [--sample 20] [--seed 0] [--processes 2] [--device cpu] [--json]

Of what each stage rejected a random sample is trained as the last stage trains: in all networks of the search, with the
same seeds, so that scores compare. Shares come with the Wilson 95 % interval. The first row is what passed all stages.

What is invalid (its output cannot depend on x, by its structure, or it has too many nodes) is counted only: programs
that are never scored are not recorded.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from discover import output, runs, workers
from discover.archive import Archive
from discover.errors import UserError
from discover.store import Store
from primitives.gpu.devices import CPU, Device, DeviceError
from primitives.packed import Packed, unpack
from searches.normalizers.commands import add_device, device_of
from searches.normalizers.layer import layers
from searches.normalizers.problem import NETS, SEARCH, NormalizerProblem

CHUNK = 8  # programs a task: what a batch of lanes takes with the two seeds that searches have


@dataclass(frozen=True)
class Records:
    """All programs that a run scored: what they are, their score (nats; NaN where rejected), the last stage entered."""

    programs: Packed
    score: np.ndarray
    entered: np.ndarray


@dataclass(frozen=True)
class Audit:
    """What became of a sample of what one stage rejected, or, for "passed", of all that passed every stage.

    stage, tested, rejected   which, how many entered it, and how many of these it rejected
    sampled                   how many of the rejected were trained in all networks
    learns                    the deep network has at least the accuracy that the quality stage asks for (None: not
                              trained again)
    median, best, elite       better than the median of what passed; than the best of the run; than the elite of its
                              cell at the end of the run, or its cell is empty
    """

    stage: str
    tested: int
    rejected: int
    sampled: int
    learns: int | None
    median: int
    best: int
    elite: int

    FIGURES = ("learns", "median", "best", "elite")


def records(run: runs.Run) -> Records:
    """What a run recorded. Raises UserError for a run of another search, or one that recorded nothing of this."""
    if not isinstance(run.problem, NormalizerProblem):
        raise UserError(f"{run.folder}: a run of {run.name}, not of a search for normalizers")
    with Store.read(run.folder) as store:
        columns = {n: list(store.records(n)) for n in ("score", "stage", *(f"program.{f}" for f in Packed.FIELDS))}
    if not columns["score"]:
        raise UserError(f"{run.folder}: it has scored nothing yet")
    if not columns["stage"]:
        raise UserError(f"{run.folder}: made before stages were recorded; run it again")
    programs = Packed(*(np.concatenate(columns[f"program.{f}"]) for f in Packed.FIELDS))
    return Records(programs, np.concatenate(columns["score"])[:, -1], np.concatenate(columns["stage"]))


def audit(run: runs.Run, sample: int, seed: int, executor: Executor, device: Device = CPU) -> list[Audit]:
    """The row of what passed, then one for every stage. Raises UserError as `records` does."""
    found, problem = records(run), run.problem
    archive = Archive(problem)
    with Store.read(run.folder) as store:
        last = store.last()
    assert last is not None
    archive.restore({n.removeprefix("archive."): a for n, a in last[1].items() if n.startswith("archive.")})
    passed = np.flatnonzero(np.isfinite(found.score))
    score = found.score[passed]
    bars = (np.median(score), score.min()) if len(passed) else (np.inf, np.inf)
    table = [
        Audit(
            "passed", len(found.score), len(found.score) - len(passed), len(passed), None,
            int((score < bars[0]).sum()), 0, int(archive.occupied.sum()),
        )
    ]  # fmt: skip
    for number, stage in enumerate(problem.stages):
        entered = found.entered == number
        rejected = np.flatnonzero(entered & ~np.isfinite(found.score))
        stream = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, number])))
        chosen = np.sort(stream.choice(rejected, min(sample, len(rejected)), replace=False))
        batch = found.programs[chosen]
        loss, learns = trained(run, batch, executor, device)
        figures = loss < bars[0], loss < bars[1], loss < archive.quality(archive.cell(batch))
        counts = (int(figure.sum()) for figure in (learns, *figures))
        table.append(Audit(stage.name, int((found.entered >= number).sum()), len(rejected), len(chosen), *counts))
    return table


def trained(run: runs.Run, batch: Packed, executor: Executor, device: Device = CPU) -> tuple[np.ndarray, np.ndarray]:
    """Of each program the score of the last stage (nats; infinite where a training blew up), float64[n], and bool[n]:
    whether the deep network learns."""
    ref, size = run.spec.ref, max(1, len(batch)) if device.is_cuda else CHUNK
    parts = [batch[i : i + size].arrays for i in range(0, len(batch), size)]
    futures = [executor.submit(_trained, ref, arrays, device) for arrays in parts]
    found = [future.result() for future in futures] or [(np.zeros(0), np.zeros(0, np.bool_))]
    loss, learns = (np.concatenate(column) for column in zip(*found, strict=True))
    return loss, learns


def _trained(ref: workers.Ref, arrays: tuple[np.ndarray, ...], device: Device) -> tuple[np.ndarray, np.ndarray]:
    """The task of a worker."""
    problem: NormalizerProblem = workers.problem_of(ref)
    problem.use(device)
    candidates = layers(unpack(Packed(*arrays), problem.signature, problem.primitives), problem.primitives)
    found = problem.outcomes(candidates, NETS, problem.config.proxy, SEARCH)
    loss = np.mean([outcome.loss.mean(axis=1) for outcome in found], axis=0)
    return loss, found[NETS.index("deep")].error.mean(axis=1) <= 1.0 - problem.config.chance


def rows(table: list[Audit], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """As JSON: counts, and for each figure its share of the sample with the interval (0 to 1). `counts` of the run."""
    return [{"stage": "invalid", "tested": counts["candidates"], "rejected": counts["invalid"]}] + [
        {
            **{name: getattr(row, name) for name in ("stage", "tested", "rejected", "sampled")},
            **{name: _share(getattr(row, name), row.sampled) for name in Audit.FIGURES},
        }
        for row in table
    ]


def _share(k: int | None, n: int) -> dict[str, Any] | None:
    """k of n, with the Wilson 95 % interval; None where nothing was looked at."""
    if k is None or n == 0:
        return None
    from scipy.stats import binomtest

    bounds = binomtest(k, n).proportion_ci(method="wilson")
    return {"k": k, "low": float(bounds.low), "high": float(bounds.high)}


def text_rows(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same to be read."""
    heads = {"learns": "learns, deep", "median": "beats the median", "best": "beats the best", "elite": "elite"}

    def share(row: Mapping[str, Any], name: str) -> str:
        found = row.get(name)
        return "{k} ({low:.0%} to {high:.0%})".format(**found) if found else "-"

    return [
        {
            **{name: row.get(name) for name in ("stage", "tested", "rejected", "sampled")},
            **{heads[name]: share(row, name) for name in Audit.FIGURES},
        }
        for row in table
    ]


def main() -> None:
    """The command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run folder, or its name in ./runs")
    parser.add_argument("--sample", type=int, default=20, help="of what each stage rejected")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--processes", type=int, default=2)
    add_device(parser)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        if min(options.sample, options.processes) < 1 or options.seed < 0:
            raise UserError("--sample and --processes must be at least 1, --seed at least 0")
        run = runs.load(options.run)
        device = device_of(options.device)
        executor = workers.executor(1 if device.is_cuda else options.processes)
        try:
            table = rows(audit(run, options.sample, options.seed, executor, device), run.counts)
        finally:
            executor.shutdown(cancel_futures=True)
    except (UserError, DeviceError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    output.print_rows(table if options.json else text_rows(table), options.json)


if __name__ == "__main__":
    # Under its own name, by which workers import what they are to do.
    from searches.normalizers.audit import main as run_main

    run_main()
