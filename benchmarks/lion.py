"""The search `optimizers/lion` over several seeds, beside random search at 4 times the candidates and evolution of
constants alone at 4 times the trained programs (all of its candidates are trained).

    python -m benchmarks.lion [--json] [--seeds 5] [--budget N] [--workers 2] [--baselines 1] [--out runs/bench-lion]

Every run has a folder under --out: those that are done are used again, interrupted ones go on. The seed of a run names
its data orders too. A hit is an optimizer's form, as `searches.optimizers.meaning.classify` reads it off the canonical
program; nothing in the search knows it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.exp2 import finished, interval
from discover import runs, spec
from discover.store import Store
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


def run(root: Path, label: str, seed: int, budget: int, workers: int) -> dict[str, Any]:
    """Figures of one run, made now or before."""
    settings = [*STRATEGIES[label], f"run.seed={seed}", f"problem.data_seed={seed}", f"run.workers={workers}"]
    settings.append(f"run.budget={budget}")
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


def first_hits(done: runs.Run, batches: Any) -> dict[int, int | None]:
    """Tier -> how many programs were scored until the first of that tier, it included."""
    firsts: dict[int, int | None] = {1: None, 2: None}
    scored = 0
    for arrays in batches:
        batch = Packed(*arrays)
        # Either tier has one buffer and degree 0; to read the form of every program would take minutes.
        likely = np.flatnonzero((done.problem.describe(batch)[:, :2] == (1, 0)).all(axis=1))
        for i, program in zip(
            likely.tolist(), unpack(batch[likely], done.problem.signature, done.problem.primitives), strict=True
        ):
            tier = classify(program).tier if None in firsts.values() else 0
            for wanted in (1, 2):
                if tier == wanted and firsts[wanted] is None:
                    firsts[wanted] = scored + i + 1
        scored += len(batch)
    return firsts


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
    parser.add_argument("--out", type=Path, default=Path("runs/bench-lion"))
    options = parser.parse_args()
    made: dict[str, list[dict[str, Any]]] = {}
    budget = options.budget or spec.load(SEARCH).run.budget
    for label in STRATEGIES:
        made[label] = []
        if label == "random":
            budget *= FACTOR
        elif label == "constants only":
            budget = FACTOR * made["search"][0]["scored"]
        for seed in range(options.seeds if label == "search" else options.baselines):
            result = run(options.out, label, seed, budget, options.workers)
            made[label].append(result)
            print(line(label, result), file=sys.stderr, flush=True)
    ours = [r["best"][1] for r in made["search"]]
    tiers = {n: interval([bool(b and b["tier"] >= n) for b in ours]) for n in (1, 2)}
    data = {"machine": platform.processor() or platform.machine(), "runs": made, "tiers": tiers}
    if options.json:
        print(json.dumps(data, indent=2))
        return
    for label, results in made.items():
        for result in results:
            print(line(label, result))
    for n, hit in tiers.items():
        print(f"tier {n}: {hit['k']} of {hit['n']} ({hit['low']:.0%} to {hit['high']:.0%})")


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
