"""The search `optimizers/lion` over several seeds, beside random search at 4 times the candidates and evolution of
constants alone at 4 times the trained programs (all of its candidates are trained).

    python -m benchmarks.lion [--json] [--seeds 5] [--budget N] [--workers 2] [--baselines 1] [--device cpu] [--out DIR]

Every run has a folder under --out (runs/bench-lion, of a GPU runs/bench-lion-cuda): those that are done are used again,
interrupted ones go on. The seed of a run names its data orders too. Minutes are those of the search, until the
generation with the first hit is done; compiling for the first time is among them. A hit is an optimizer's form, as
`searches.optimizers.meaning.classify` reads it off the canonical program; nothing in the search knows it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.exp2 import finished, interval
from discover import runs, spec
from discover.store import DATABASE, Store
from primitives.gpu import devices
from primitives.packed import Packed, unpack
from searches.optimizers.meaning.classify import classify

SEARCH = "optimizers/lion"
STRATEGIES = {
    "search": (),
    "random": ("strategy.name=random", "run.meta_every=0"),
    "constants only": ("strategy.name=constants_only", "run.meta_every=0"),
}
FACTOR = 4  # of the baselines' budgets
COUNTS = ("candidates", "invalid", "hits_canonical", "hits_fingerprint", "scored", "bred.statements", "bred.dead")


def run(root: Path, label: str, seed: int, budget: int, workers: int, device: str) -> dict[str, Any]:
    """Figures of one run, made now or before."""
    settings = [*STRATEGIES[label], f"run.seed={seed}", f"problem.data_seed={seed}", f"run.workers={workers}"]
    settings += [f"run.budget={budget}", f"run.device={device}"]
    done = finished(SEARCH, root, label, settings)
    return figures(done) | {"seed": seed, "meta": meta(done)}


def figures(done: runs.Run) -> dict[str, Any]:
    """Counts, first hits and the final front of a run."""
    with Store.read(done.folder) as store:
        generations, seconds = store.generations(), sum(store.timings().values())
        columns = [store.records(f"program.{name}") for name in Packed.FIELDS]
        firsts = first_hits(done, zip(*columns, strict=True))
    counts = {name: sum(int(g.row.get(name, 0)) for g in generations) for name in COUNTS}
    found = []
    for entry in done.top():
        kind = classify(entry.find.program)
        found.append({"id": entry.id, **entry.find.objectives, **entry.find.descriptors, "tier": kind.tier}
                     | {"form": kind.words, "program": "; ".join(entry.program.splitlines())})  # fmt: skip
    best = {b: min((f for f in found if f["buffers"] == b), key=lambda f: f["loss"], default=None) for b in range(3)}
    return {"digest": done.digest, "seconds": round(seconds, 1), **counts, "first": firsts, "best": best}


def first_hits(done: runs.Run, batches: Any) -> dict[int, dict[str, float] | None]:
    """Tier -> how many programs were scored until the first of that tier, it included, and in how many minutes."""
    firsts: dict[int, dict[str, float] | None] = {1: None, 2: None}
    scored = 0
    for generation, arrays in enumerate(batches):
        batch = Packed(*arrays)
        # Either tier has one buffer and degree 0; to read the form of every program would take minutes.
        likely = np.flatnonzero((done.problem.describe(batch)[:, :2] == (1, 0)).all(axis=1))
        for i, program in zip(
            likely.tolist(), unpack(batch[likely], done.problem.signature, done.problem.primitives), strict=True
        ):
            tier = classify(program).tier if None in firsts.values() else 0
            for wanted in (1, 2):
                if tier == wanted and firsts[wanted] is None:
                    firsts[wanted] = {"scored": scored + i + 1, "minutes": minutes(done, generation)}
        scored += len(batch)
    return firsts


def minutes(done: runs.Run, generation: int) -> float:
    """Minutes of search until a generation was done."""
    with closing(sqlite3.connect(f"file:{(done.folder / DATABASE).absolute()}?mode=ro", uri=True)) as database:
        query = "SELECT sum(seconds) FROM timings WHERE generation <= ? AND name != 'ending'"
        (seconds,) = database.execute(query, (generation,)).fetchone()
    return round(float(seconds) / 60, 2)


def meta(done: runs.Run) -> dict[str, Any] | None:
    """When the best of meta-validation was found, as a share of the search."""
    rows = done.meta()
    if not rows:
        return None
    best = min(rows, key=lambda row: row["meta-validation"])
    with Store.read(done.folder) as store:
        last = len(store.generations())
    return {"best": best["meta-validation"], "at": round((best["generation"] + 1) / last, 3), "checked": len(rows)}


def main() -> None:
    """Run what is asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--baselines", type=int, default=1, help="seeds of the baselines")
    parser.add_argument("--budget", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    try:
        device = devices.told(options.device)
    except devices.DeviceError as error:
        parser.error(str(error))
    out = options.out or Path("runs/bench-lion-cuda" if device.is_cuda else "runs/bench-lion")
    made: dict[str, list[dict[str, Any]]] = {}
    budget = options.budget or spec.load(SEARCH).run.budget
    for label in STRATEGIES:
        made[label] = []
        if label == "random":
            budget *= FACTOR
        elif label == "constants only":
            budget = FACTOR * made["search"][0]["scored"]
        for seed in range(options.seeds if label == "search" else options.baselines):
            result = run(out, label, seed, budget, options.workers, str(device))
            made[label].append(result)
            print(line(label, result), file=sys.stderr, flush=True)
    ours = [r["best"][1] for r in made["search"]]
    tiers = {n: interval([bool(b and b["tier"] >= n) for b in ours]) for n in (1, 2)}
    machine = device.name if device.is_cuda else platform.processor() or platform.machine()
    data = {"machine": machine, "runs": made, "tiers": tiers}
    if options.json:
        print(json.dumps(data, indent=2))
        return
    for label, results in made.items():
        for result in results:
            print(line(label, result))
    for n, hit in tiers.items():
        firsts = [r["first"][n] for r in made["search"]]
        when = ", ".join("-" if first is None else f"{first['minutes']:.1f}" for first in firsts)
        print(f"tier {n}: {hit['k']} of {hit['n']} ({hit['low']:.0%} to {hit['high']:.0%}) end with it; ", end="")
        print(f"minutes to the first on {machine}, seed by seed: {when}")


def line(label: str, result: dict[str, Any]) -> str:
    """One run, in a few lines."""
    shares = {n: result[n] / result["candidates"] for n in ("invalid", "hits_canonical", "hits_fingerprint", "scored")}
    text = [
        f"{label}, seed {result['seed']}: {result['seconds']:.0f} s, {result['candidates']} candidates "
        + ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        + f", dead statements {result['bred.dead'] / max(result['bred.statements'], 1):.1%}, "
        f"{result['scored'] / max(result['seconds'], 1e-9):.1f} scored a second; first hits {result['first']}; "
        f"meta-validation {result['meta']}"
    ]
    for buffers, best in result["best"].items():
        if best:
            text.append(
                f"    {buffers} buffers: {best['loss']:.4f} (tier {best['tier']}; {best['form']}) {best['program']}"
            )
    return "\n".join(text)


if __name__ == "__main__":
    main()
