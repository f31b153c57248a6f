"""Training candidates on the character transformer: our compiled trainer against the same in torch, on one core.

    python -m benchmarks.proxies [--json] [--rounds 3] [--candidates 16] [--steps 100]

The candidates are AdamW with constants of their own, all on one data order. Torch trains them together: its gradient is
`vmap(grad(loss))` over the candidates, and their updates, which differ in constants alone, are one batch too. Weights
and minibatches are the same numbers on both sides. Each has one thread; they take turns, round by round, in one process
pinned to one core, and CPU time counts. A ratio is the median over rounds of (torch's time / our time, in one round).

Before anything is timed, the validation losses of both after that many steps are compared, candidate by candidate. The
two round differently, and training magnifies that with every step; more than BOUND apart is an error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from typing import Any

import numba
import numpy as np
import torch

from primitives.hero import HERO
from primitives.packed import Packed, Shape, pack
from searches.optimizers import training
from searches.optimizers.config import WarmStart
from searches.optimizers.programs import warm_start
from searches.optimizers.tasks.transformer import transformer_task
from searches.optimizers.twin import training as twin_training

KEYS = np.array([1], np.uint64)
FULL = 1000  # steps of the proxy
BOUND = 1e-3


def candidates(count: int) -> Packed:
    """AdamW of so many learning rates, betas and decays."""
    draw = np.random.default_rng(0)
    programs = [
        warm_start(
            WarmStart(
                form="adamw", rate=float(10 ** draw.uniform(-2.5, -1.5)), decay=float(draw.uniform(0, 0.3)),
                beta1=float(draw.uniform(0.8, 0.95)), beta2=float(draw.uniform(0.9, 0.999)),
            )
        )
        for _ in range(count)
    ]  # fmt: skip
    return pack(programs, HERO, Shape(5, 3, 16, 8))


def processor() -> str:
    """The processor's name, where the system tells."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default 3)")
    parser.add_argument("--candidates", type=int, default=16, help="trained together (default 16)")
    parser.add_argument("--steps", type=int, default=100, help="steps that are timed (default 100)")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    task, batch, steps = transformer_task(), candidates(arguments.candidates), arguments.steps
    trainers = (training.train, twin_training.train)
    ours, theirs = (train(task, batch, KEYS, steps, steps // 20) for train in trainers)
    apart = float(np.abs(ours - theirs).max())
    if not apart <= BOUND:
        raise SystemExit(f"the losses differ by {apart:.2g}, more than {BOUND}")

    seconds: list[list[float]] = []
    for _ in range(arguments.rounds):
        seconds.append([])
        for train in trainers:
            start = time.process_time()
            train(task, batch, KEYS, steps, steps // 20)
            seconds[-1].append(time.process_time() - start)
    scale = arguments.candidates * steps / FULL
    figures: dict[str, Any] = {
        "ratio": statistics.median(b / a for a, b in seconds),
        "discover": scale / statistics.median(a for a, _ in seconds),
        "torch": scale / statistics.median(b for _, b in seconds),
        "apart": apart,
    }
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"{processor()}, Python {platform.python_version()}, numba {numba.__version__}, torch {torch.__version__}")
    print(f"{task.name}, {task.weights:,} weights, batch {task.rows}; {arguments.candidates} candidates, {steps} steps")
    print(f"validation losses {ours.min():.3f} to {ours.max():.3f}, at most {apart:.1g} apart")
    print(f"{'trainer':9} {'trainings of 1,000 steps a second':>33}")
    print(f"{'discover':9} {figures['discover']:33.2f}")
    print(f"{'torch':9} {figures['torch']:33.2f}")
    print(f"ratio {figures['ratio']:.1f}")


if __name__ == "__main__":
    main()
