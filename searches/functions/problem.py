"""The search for approximations of a function, as the engine sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from discover.errors import UserError
from discover.problem import Descriptor, Each, Find, Mutations, Objective, Problem, Stage
from primitives.compiled import outer
from primitives.packed import Packed, Shape
from primitives.primitive import UnknownPrimitive
from primitives.program import Program, Signature
from primitives.table import REAL
from searches.functions import gradient, targets
from searches.functions.config import Effort, FunctionConfig
from searches.functions.fit import fit
from searches.functions.forms import horner, identity

if TYPE_CHECKING:
    from searches.functions.gpu.fit import Fitter

SIGNATURE = Signature(("x",), ("y",))
ROOTS = 8  # squarings at the end of a program that the fit undoes


@outer
def _profile(code, length, results, role, profile):
    """For each program into profile[n, 3]: operations (instructions that depend on x), divisions among them, and
    whether the result depends on x."""
    depends = np.zeros(code.shape[1] + 1, np.bool_)
    depends[0] = True
    for p in range(code.shape[0]):
        operations, divisions = 0, 0
        for i in range(length[p]):
            a, b = code[p, i, 1], code[p, i, 2]
            depends[1 + i] = (a >= 0 and depends[a]) or (b >= 0 and depends[b])
            if depends[1 + i]:
                operations += 1
                divisions += role[code[p, i, 0]] == gradient.DIV
        profile[p, 0] = operations
        profile[p, 1] = divisions
        profile[p, 2] = results[p, 0] >= 0 and depends[results[p, 0]]


class FunctionProblem(Problem):
    """Programs of few operations and small relative error over the interior of a domain."""

    signature = SIGNATURE
    objectives = (Objective("operations"), Objective("error", "relative"))
    mutations = Mutations()
    free_constants = True
    devices = ("cpu", "cuda")

    def __init__(self, config: FunctionConfig) -> None:
        """Raises UserError where the configuration asks for the impossible."""
        self.config, self.title = config, config.function
        try:
            self.primitives = REAL.subset(*config.primitives)
            self._role = gradient.roles(self.primitives)
        except (UnknownPrimitive, ValueError) as error:
            raise UserError(f"problem.primitives: {error}") from None
        low, high = config.domain
        self._place = (config.function, low, high, config.digits)
        self._points = targets.chebyshev(low, high, config.points)
        self._magnitudes = (float(config.magnitudes[0]), float(config.magnitudes[1]))
        self._dense = targets.chebyshev(low, high, config.dense)
        try:
            self._targets = targets.values(config.function, self._points, ROOTS)
            whole = targets.values(config.function, np.array([low, *self._dense, high]))[0]
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            raise UserError(f"problem.domain: {config.function} is not real on all of [{low}, {high}]") from None
        if not (np.isfinite(whole).all() and (np.all(whole > 0) or np.all(whole < 0))):
            raise UserError(
                f"problem.domain: {config.function} has a zero or a pole in [{low}, {high}], where a relative error "
                "means nothing"
            )
        self._dense_target = whole[1:-1]
        # room for what breeding writes before canonical form folds it
        self.shape = Shape(1, 1, config.max_operations + 4, config.max_constants + 4)
        self.descriptors = (
            Descriptor("operations", 0, config.max_operations),
            Descriptor("constants", 0, config.max_constants),
            Descriptor("divisions", 0, max(1, config.max_operations // 2)),
        )
        self.stages = (Stage("hurdle", config.slack), Stage("proxy"))
        self._efforts = tuple(_numbers(e) for e in (config.hurdle, config.proxy))
        self.warm_start = (identity(SIGNATURE),)
        self.baseline = tuple(horner(d, SIGNATURE) for d in range(1, 6) if 2 * d <= config.max_operations)
        self.probes = targets.chebyshev(low, high, 16)[None, 1:-1]

    @property
    def exporters(self) -> dict[str, Any]:  # type: ignore[override]
        """Format -> function(find, provenance) -> text."""
        from searches.functions.export import EXPORTERS

        return dict(EXPORTERS)

    def _profile(self, batch: Packed) -> np.ndarray:
        profile = np.empty((len(batch), 3), np.int64)
        _profile(batch.code, batch.length, batch.results, self._role, profile)
        return profile

    def check(self, batch: Packed) -> np.ndarray:
        """bool[n]: depends on x, within the limits of operations and constants."""
        operations, _, depends = self._profile(batch).T
        return np.asarray(
            (depends == 1) & (operations <= self.config.max_operations) & (batch.n_const <= self.config.max_constants)
        )

    def describe(self, batch: Packed) -> np.ndarray:
        """int64[n, 3]: operations, constants, divisions."""
        operations, divisions, _ = self._profile(batch).T
        return np.stack((operations, batch.n_const.astype(np.int64), divisions), axis=1)

    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fit the constants, from those inherited and from fresh ones; see Problem.

        On a GPU the sums of the fit are in another order than on the CPU, and its roundings other ones: see
        `searches.functions.gpu` for how far errors agree.
        """
        scores = np.empty((len(batch), 2))
        scores[:, 0] = self._profile(batch)[:, 0]
        if self.device.is_cuda:
            scores[:, 1], fitted = self._on_gpu[stage](batch, keys)
            return scores, fitted
        error, fitted = np.empty(len(batch)), np.empty_like(batch.const)
        fit(
            *batch.arrays, self._role, self._points, self._targets, self._dense, self._dense_target,
            np.ascontiguousarray(keys, np.uint64), *self._magnitudes, self._efforts[stage], error, fitted,
        )  # fmt: skip
        scores[:, 1] = error
        return scores, fitted

    @cached_property
    def _on_gpu(self) -> tuple[Fitter, ...]:
        """What fits on the device, at each stage."""
        from searches.functions.gpu.fit import Fitter

        data = (self._role, self._points, self._targets, self._dense, self._dense_target, self._magnitudes)
        return tuple(Fitter(self.device, self.shape, *data, effort) for effort in self._efforts)

    def report(self, finds: Sequence[Find]) -> list[dict[str, Any]]:
        """For 2^x on [0, 1], where the limits are known: a row for each number of operations. Else the finds."""
        if not self._well_known:
            return super().report(finds)
        from searches.functions.report import rows

        return [asdict(row) for row in rows(finds, self.config.max_operations)]

    def picture(self, finds: Sequence[Find], path: Path) -> None:
        """Operations against error."""
        from searches.functions.report import picture

        picture(finds, path)

    @property
    def _well_known(self) -> bool:
        c = self.config
        return c.function == "exp2" and c.domain == (0.0, 1.0) and set(c.primitives) == {"add", "sub", "mul", "div"}

    def measure(self, program: Program) -> dict[str, float]:
        """Operations, and the largest relative error in exact arithmetic."""
        from searches.functions.measure import operations, relative_error

        return {"operations": float(operations(program)), "error": relative_error(program, *self._place)}

    def finish(self, finds: Sequence[Find], each: Each) -> list[Find]:
        """Polish by Remez exchange and measure; the Pareto front of what comes out."""
        from searches.functions.remez import polish

        best: list[Find] = []
        groups: dict[int, list[Find]] = {}
        for find in finds:
            if math.isfinite(find.objectives["error"]):
                groups.setdefault(int(find.objectives["operations"]), []).append(find)
        for _, group in sorted(groups.items()):
            group.sort(key=lambda f: f.objectives["error"])
            for find in group[: self.config.finalists]:
                program, error = polish(find.program, *self._place)
                if math.isfinite(error) and (not best or error < best[-1].objectives["error"]):
                    # of one count, the later and better one replaces the earlier
                    operations = find.objectives["operations"]
                    if best and best[-1].objectives["operations"] == operations:
                        best.pop()
                    best.append(Find(program, {"operations": operations, "error": error}, find.descriptors))
        return best


def _numbers(effort: Effort) -> np.ndarray:
    return np.array([effort.starts, effort.short, effort.steps, effort.long, effort.more, effort.lawson], np.int64)
