"""The smallest problem that is still a search: find x*x + x from + - * / and constants, scored on 16 points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from discover import workers
from discover.engine import Search
from discover.problem import Descriptor, Objective, Problem, Stage
from discover.spec import Run, Spec, Strategy
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.packed import Packed, Shape, pack
from primitives.program import Instruction, Program, Signature
from primitives.table import ARITHMETIC

SIGNATURE = Signature(("x",), ("y",))
X = np.linspace(-1.0, 1.0, 16)[None]
LINE = Program(SIGNATURE, (Instruction("add", (0, -1)),), (1.0,), (1,))  # x + 1
PARABOLA = Program(SIGNATURE, (Instruction("mul", (0, -1)), Instruction("add", (1, -2))), (2.0, 0.5), (2,))  # 2 x + 0.5
Score = Callable[[Packed], np.ndarray]
_numbers = iter(range(10**9))


class Small(Problem):
    """Objectives: operations (unless `single`), and the mean squared error or what `score(batch)` says instead.

    `calls` notes what was scored: (stage, batch, keys).
    """

    primitives = ARITHMETIC
    signature = SIGNATURE
    shape = Shape(1, 1, 6, 4)
    descriptors = (Descriptor("operations", 0, 6),)
    warm_start = (LINE,)
    baseline = (LINE, PARABOLA)
    probes = np.linspace(0.1, 0.9, 8)[None]
    exporters: Mapping[str, Any] = {}

    def __init__(
        self,
        score: Score | None = None,
        *,
        single: bool = False,
        maximize: bool = False,
        free_constants: bool = False,
        stages: tuple[Stage, ...] = (Stage("proxy"),),
    ) -> None:
        error = Objective("error", maximize=maximize)
        self.objectives = (error,) if single else (Objective("operations"), error)
        self.free_constants, self.stages = free_constants, stages
        self.score = score or self.error
        self.calls: list[tuple[int, Packed, np.ndarray]] = []
        self._evaluator = NumbaEvaluator(ARITHMETIC, "float64")

    def error(self, batch: Packed) -> np.ndarray:
        return self._evaluator.loss(batch, X, X[0] ** 2 + X[0])

    def check(self, batch: Packed) -> np.ndarray:
        return batch.length > 0

    def describe(self, batch: Packed) -> np.ndarray:
        return batch.length[:, None].astype(np.int64)

    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.calls.append((stage, batch.copy(), keys.copy()))
        score = np.empty((len(batch), len(self.objectives)))
        score[:, 0] = batch.length
        score[:, -1] = self.score(batch)
        return score, batch.const.copy()

    def measure(self, program: Program) -> dict[str, float]:
        score, _ = self.evaluate(0, pack([program], ARITHMETIC, self.shape), np.zeros(1, np.uint64))
        return {o.name: float(v) for o, v in zip(self.objectives, score[0], strict=True)}


def spec(budget: int = 600, seed: int = 0, chunk: int = 64, **strategy: Any) -> Spec:
    """A spec, of 100 candidates a generation if it says nothing else."""
    settings = Strategy(**({"batch": 100, "population": 40} | strategy))
    return Spec("small", "test", "", settings, settings, Run(budget=budget, seed=seed, chunk=chunk))


def search(problem: Problem, wanted: Spec | None = None) -> Search:
    """A search about to begin."""
    return Search(problem, wanted or spec(), ref=ref(problem))


def ref(problem: Problem) -> workers.Ref:
    """A name of its own for each problem, so that tests do not get each other's."""
    name = ("small", str(next(_numbers)))
    workers.keep(name, problem)
    return name
