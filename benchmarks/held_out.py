"""Found optimizers beside tuned AdamW, Lion, Signum and SGD with momentum, on tasks that no search has seen.

    python -m benchmarks.held_out [ARTIFACT...] [--json] [--seeds 10] [--tune 3] [--workers 2]

Without names, the gallery's. Momentum, decay and step size of the known four are first tuned on the search's own task,
over the grid KNOWN. Then on each task every optimizer gets the same grid of factors for its step size, is tuned on
`--tune` data orders, and trained on `--seeds` others; means with 95 % intervals (Student's t) of the training loss over
the last steps and of the validation loss. The last tasks are controls on which sign updates should not win.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from discover import artifact
from primitives.hero import HERO
from primitives.packed import Shape, pack
from primitives.program import Instruction, Program
from primitives.text import parse
from searches.optimizers import tasks
from searches.optimizers.programs import SIGNATURE
from searches.optimizers.tasks import Task
from searches.optimizers.training import train

SHAPE = Shape(5, 3, 60, 40)
FACTORS = tuple(2.0**k for k in np.arange(-4, 4.5, 1.0))
STEPS = 600  # of the search
LAST = 50  # steps that the training loss is the mean of
FORMS = {
    "AdamW": "m = interp(g, m, {a})\nv = interp(square(g), v, {b})\n"
    "update = (m / sqrt(v) + w * {decay}) * (lr * {rate})",
    "Lion": "c = interp(g, m, {a})\nm = interp(g, m, {b})\nupdate = (sign(c) + w * {decay}) * (lr * {rate})",
    "Signum": "m = interp(g, m, {a})\nupdate = (sign(m) + w * {decay}) * (lr * {rate})",
    "SGD with momentum": "m = interp(g, m, {a})\nupdate = (m + w * {decay}) * (lr * {rate})",
}
# (a, b), decay, rate: the grids that each is tuned over
KNOWN = {
    "AdamW": (((0.9, 0.99), (0.9, 0.95), (0.85, 0.95), (0.8, 0.9)), (0.03, 0.1, 0.3), (0.01, 0.02, 0.04, 0.08)),
    "Lion": (((0.9, 0.99), (0.9, 0.95), (0.8, 0.95), (0.8, 0.9)), (0.1, 0.3, 0.6), (0.005, 0.01, 0.02, 0.04)),
    "Signum": (((0.9, 0), (0.8, 0), (0.7, 0)), (0.1, 0.3, 0.6), (0.005, 0.01, 0.02, 0.04)),
    "SGD with momentum": (((0.9, 0), (0.75, 0), (0.6, 0)), (0.0, 0.005, 0.02), (1.0, 2.0, 4.0, 8.0)),
}


def held_out() -> dict[str, tuple[Task, int]]:
    """The tasks and their steps, the controls last."""
    text = tasks.build("transformer", "held_out")
    return {
        "another text": (text, STEPS),
        "another text, longer": (text, 2000),
        "another text and architecture": (
            tasks.build("transformer", "held_out", width=32, layers=2, context=32), STEPS,
        ),
        "other data (digits, noisy labels)": (tasks.build("perceptron", "held_out"), STEPS),
        "control: bigram": (tasks.build("bigram", "held_out"), STEPS),
        "control: quadratic": (tasks.build("quadratic", "held_out"), STEPS),
        "control: logistic": (tasks.build("logistic", "held_out"), STEPS),
    }  # fmt: skip


def known(name: str, betas: tuple[float, float], decay: float, rate: float) -> Program:
    """A known optimizer with these parameters."""
    return parse(FORMS[name].format(a=betas[0], b=betas[1], decay=decay, rate=rate), SIGNATURE, HERO)


def scaled(program: Program, factor: float) -> Program:
    """The program with its update times a factor."""
    end = program.n_leaves + len(program.instructions)
    times = Instruction("mul", (program.results[0], -1 - len(program.constants)))
    return replace(
        program, instructions=(*program.instructions, times), constants=(*program.constants, factor),
        results=(end, *program.results[1:]),
    )  # fmt: skip


def losses(task: Task, steps: int, programs: Sequence[Program], keys: np.ndarray, workers: int) -> np.ndarray:
    """float64[2, n, orders]: training loss over the last steps, and validation loss."""
    batch = pack(list(programs), HERO, SHAPE)
    jobs = list(product(range(len(batch)), range(len(keys))))

    def one(job: tuple[int, int]) -> tuple[float, float]:
        p, o = job
        curve = np.full((1, 1, steps), np.nan)
        loss = train(task, batch[slice(p, p + 1)], keys[o : o + 1], steps, steps // 20, curve)[0, 0]
        return float(curve[0, 0, -LAST:].mean()), float(loss)

    with ThreadPoolExecutor(workers) as pool:
        return np.array(list(pool.map(one, jobs))).reshape(len(batch), len(keys), 2).transpose(2, 0, 1)


def orders(purpose: int, n: int) -> np.ndarray:
    """uint64[n]: data orders for tuning on the search's task (0), on the others (1), and for what is reported (2)."""
    return np.random.SeedSequence([2302, 6675, purpose]).generate_state(n, np.uint64)


def tuned(name: str, task: Task, tune: int, workers: int) -> tuple[Program, dict[str, Any]]:
    """The best of a grid on the search's task."""
    grid = list(product(*KNOWN[name]))
    programs = [known(name, *point) for point in grid]
    found = losses(task, STEPS, programs, orders(0, tune), workers)[1].mean(axis=1)
    best = int(np.argmin(np.where(np.isfinite(found), found, np.inf)))
    betas, decay, rate = grid[best]
    return programs[best], {"betas": betas, "decay": decay, "rate": rate, "loss": float(found[best])}


def compare(
    task: Task, steps: int, optimizers: dict[str, Program], seeds: int, tune: int, workers: int
) -> dict[str, Any]:
    """Each optimizer with its best factor, over the seeds."""
    from scipy.stats import t

    table = {}
    for name, program in optimizers.items():
        candidates = [scaled(program, factor) for factor in FACTORS]
        found = losses(task, steps, candidates, orders(1, tune), workers)[1].mean(axis=1)
        best = int(np.argmin(np.where(np.isfinite(found), found, np.inf)))
        training, validation = losses(task, steps, [candidates[best]], orders(2, seeds), workers)[:, 0]
        half = float(t.ppf(0.975, seeds - 1) / np.sqrt(seeds))
        table[name] = {
            "factor": FACTORS[best],
            "edge": best in (0, len(FACTORS) - 1),
            "training": [float(training.mean()), half * float(training.std(ddof=1))],
            "validation": [float(validation.mean()), half * float(validation.std(ddof=1))],
        }
    return table


def main() -> None:
    """Tune, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifact", nargs="*", default=sorted(Path("artifacts/optimizers").iterdir()))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--tune", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    found = {Path(name).name: artifact.load(name).find.program for name in options.artifact}
    search = tasks.build("transformer", "search")
    optimizers, settings = {f"found: {name}": program for name, program in found.items()}, {}
    for name in KNOWN:
        optimizers[name], settings[name] = tuned(name, search, options.tune, options.workers)
        print(f"{name} on the search's task: {settings[name]}", file=sys.stderr, flush=True)
    report = {}
    for title, (task, steps) in {"the search's task": (search, STEPS), **held_out()}.items():
        report[title] = compare(task, steps, optimizers, options.seeds, options.tune, options.workers)
        if not options.json:
            print(f"\n{title} ({task.name}, {steps} steps)")
            for name, row in report[title].items():
                training, validation = (f"{m:.4f} ± {h:.4f}" for m, h in (row["training"], row["validation"]))
                edge = " (at the grid's edge)" if row["edge"] else ""
                print(f"  {name:22} training {training}  validation {validation}  factor {row['factor']:g}{edge}")
            sys.stdout.flush()
    if options.json:
        print(json.dumps({"tuned": settings, "tasks": report}, indent=2))


if __name__ == "__main__":
    main()
