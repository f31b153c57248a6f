"""The whole loop (breed, canonicalise, fingerprint, score, select) against pyoperon's own genetic algorithm.

    python -m benchmarks.search_loop [--json] [--rounds 5] [--evaluations 100000]

Both search the same regression data with the same operations and at most 20 nodes, without tuning of constants, on
one core, run after run in turn. pyoperon runs as its scikit-learn front end sets it up: population 1,000, tournaments
of 5. Ours is regularized evolution with the same figures. A rate is candidates (answered by the cache or scored) a
CPU second; `scored` is the share that was really evaluated.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from discover.engine import Search
from discover.problem import Descriptor, Objective, Problem
from discover.spec import Run, Spec, Strategy
from primitives.compiled import inner
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.fingerprint import probes
from primitives.packed import Packed, Shape
from primitives.program import Program, Signature
from primitives.table import REAL

MAX_NODES = 20
OPERATIONS = ("add", "sub", "mul", "div", "sin", "exp", "log")


def data(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Four inputs float32[4, rows] and a target that neither search is likely to hit."""
    generator = np.random.default_rng(0)
    x = generator.uniform(0.5, 3.0, size=(4, rows)).astype(np.float32)
    y = np.sin(x[0] * x[1]) + np.exp(-x[2]) / x[3] + 0.1 * generator.normal(size=rows)
    return x, y.astype(np.float32)


@inner
def _count_nodes(code, length, arity, n_leaves, out):  # type: ignore[no-untyped-def]
    """out[P]: see Regression.nodes."""
    for p in range(len(length)):
        out[p] = length[p]
        for i in range(length[p]):
            for k in range(arity[code[p, i, 0]]):
                out[p] += code[p, i, 1 + k] < n_leaves


class Regression(Problem):
    """Symbolic regression by mean squared error in float32."""

    primitives = REAL.subset(*OPERATIONS)
    signature = Signature(("a", "b", "c", "d"), ("y",))
    shape = Shape(4, 1, MAX_NODES, MAX_NODES)
    objectives = (Objective("mse"),)
    descriptors = (Descriptor("instructions", 0, MAX_NODES),)
    baseline = ()
    probes = np.abs(probes(4)) + 0.1
    exporters: Mapping[str, Any] = {}

    def __init__(self, rows: int) -> None:
        self.x, self.y = data(rows)
        self.warm_start = tuple(Program(self.signature, (), (), (leaf,)) for leaf in range(4))
        self.evaluator = NumbaEvaluator(self.primitives, "float32")

    def nodes(self, batch: Packed) -> np.ndarray:
        """Instructions, and a leaf for every argument that is none: the size of the tree if nothing is shared."""
        out = np.empty(len(batch), np.int64)
        _count_nodes(batch.code, batch.length, self.primitives.arity, self.shape.n_leaves, out)
        return out

    def check(self, batch: Packed) -> np.ndarray:
        """At most MAX_NODES nodes."""
        return self.nodes(batch) <= MAX_NODES

    def describe(self, batch: Packed) -> np.ndarray:
        """The number of instructions."""
        return batch.length.astype(np.int64)[:, None]

    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean squared error."""
        return self.evaluator.loss(batch, self.x, self.y)[:, None], batch.const

    def measure(self, program: Program) -> dict[str, float]:
        """Not asked for here."""
        raise NotImplementedError


def ours(rows: int, budget: int, seed: int) -> dict[str, float]:
    """One run of ours: rates a CPU second, shares of candidates, mean nodes at the end, best error."""
    problem = Regression(rows)
    settings = Strategy(name="regularized", population=1000, tournament=5, batch=2000)
    spec = Spec("regression", "bench", "", settings, settings, Run(budget=budget, seed=seed, chunk=budget))
    search = Search(problem, spec, ref=("regression", str(rows)))
    start = time.process_time()
    while search.progress.candidates < budget:
        search.step()
    seconds = time.process_time() - start
    p = search.progress
    population = search.strategy.programs  # type: ignore[attr-defined]
    return {
        "rate": budget / seconds,
        "scored": p.scored / budget,
        "canonical": p.hits_canonical / budget,
        "fingerprint": p.hits_fingerprint / budget,
        "invalid": p.invalid / budget,
        "outside": p.seconds_outside_evaluation / p.seconds,
        "nodes": float(problem.nodes(population).mean()),
        "best": float(np.nanmin(search.archive.score)),
    }


def peer(rows: int, budget: int, seed: int) -> dict[str, float]:
    """One run of pyoperon's: the same, as far as it tells."""
    from pyoperon.sklearn import SymbolicRegressor

    x, y = data(rows)
    model = SymbolicRegressor(
        allowed_symbols=",".join([*OPERATIONS, "constant", "variable"]), objectives=["mse"], optimizer_iterations=0,
        max_length=MAX_NODES, population_size=1000, tournament_size=5, generations=10**6, max_evaluations=budget,
        n_threads=1, random_state=seed,
    )  # fmt: skip
    inputs = np.asfortranarray(x.T)
    start = time.process_time()
    model.fit(inputs, y)
    seconds = time.process_time() - start
    evaluations = model.stats_["evaluation_count"]
    nodes = statistics.fmean(individual.Genotype.Length for individual in model.individuals_)
    best = float(np.mean((model.predict(inputs) - y) ** 2))
    return {"rate": evaluations / seconds, "nodes": nodes, "best": best}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON: rows -> ratio, and the figures of each engine")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each engine (default 5)")
    parser.add_argument("--evaluations", type=int, default=100_000, help="budget of a run (default 100,000)")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    figures: dict[str, Any] = {}
    for rows in (1000, 256):
        ours(rows, 4000, 0)  # compile
        rounds = [
            (ours(rows, arguments.evaluations, seed), peer(rows, arguments.evaluations, seed))
            for seed in range(arguments.rounds)
        ]
        figures[str(rows)] = {
            "ratio": statistics.median(a["rate"] / b["rate"] for a, b in rounds),
            "discover": {k: statistics.median(a[k] for a, _ in rounds) for k in rounds[0][0]},
            "pyoperon": {k: statistics.median(b[k] for _, b in rounds) for k in rounds[0][1]},
        }
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"{'rows':>5} {'engine':9} {'candidates/s':>13} {'ratio':>6} {'nodes':>6}", end="")
    print(f" {'scored':>7} {'outside':>8} {'best mse':>9}")
    for label, f in figures.items():
        a, b = f["discover"], f["pyoperon"]
        print(
            f"{label:>5} {'discover':9} {a['rate']:13,.0f} {f['ratio']:6.2f} {a['nodes']:6.1f} {a['scored']:7.0%}"
            f" {a['outside']:8.0%} {a['best']:9.4f}"
        )
        print(f"{'':>5} {'pyoperon':9} {b['rate']:13,.0f} {1:6.2f} {b['nodes']:6.1f} {1:7.0%} {'':8} {b['best']:9.4f}")


if __name__ == "__main__":
    main()
