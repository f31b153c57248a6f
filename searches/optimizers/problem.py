"""The search for optimizers, as the engine sees it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from discover.archive import front
from discover.errors import UserError
from discover.problem import Descriptor, Each, Find, Mutations, Objective, Problem, Stage
from primitives.fingerprint import probes
from primitives.gpu.devices import Device, torch_device
from primitives.packed import Packed, Shape, pack
from primitives.primitive import UnknownPrimitive
from primitives.program import Program
from searches.optimizers import probe
from searches.optimizers.ablation import ablate
from searches.optimizers.config import OptimizerConfig, Proxy, Trial
from searches.optimizers.programs import SIGNATURE, primitive_set, warm_start
from searches.optimizers.tasks import Task, build
from searches.optimizers.training import in_hero, train

if TYPE_CHECKING:
    from searches.optimizers.twin.training import Trainer

BUFFERS, DEGREE = 0, 1  # columns of probe.describe
SEARCH, FINAL, META, ABLATION = range(4)  # what data orders are for


class OptimizerProblem(Problem):
    """Programs that train a small network well, with little state and few statements."""

    signature = SIGNATURE
    title = "optimizer"
    objectives = (Objective("buffers"), Objective("statements"), Objective("loss", "validation"))
    niche_axes = 2
    keep_raw = True
    meta = True
    devices = ("cpu", "cuda")
    tolerance = 0.02  # of a training on another processor: the last bits differ, and then the third digit

    def __init__(self, config: OptimizerConfig) -> None:
        """Raises UserError where the configuration asks for the impossible."""
        self.config = config
        self._compiled = False
        try:
            self.primitives = primitive_set(config.primitives)
        except (UnknownPrimitive, ValueError) as error:
            raise UserError(f"problem.primitives: {error}") from None
        try:
            self.warm_start = (warm_start(config.warm_start, self.primitives),)
        except ValueError as error:
            raise UserError(f"problem.warm_start: {error}") from None
        self.baseline = self.warm_start
        self.mutations = Mutations(**config.mutations.model_dump())
        # room for what breeding writes before the canonical form folds it
        self.shape = Shape(5, 3, config.max_statements + 6, config.max_constants + 6)
        self.descriptors = (
            Descriptor("buffers", 0, 2),
            Descriptor("degree", probe.DEGREES[0], probe.NO_DEGREE),
            Descriptor("statements", 1, config.max_statements),
        )
        self.stages = (
            Stage("hurdle", keep=config.keep),
            Stage("trial", config.slack),
            Stage("contest"),
        )
        self.probes = probes(len(SIGNATURE.leaves), 24)
        self.task = _task(config.proxy, "search")
        try:
            start = pack(self.warm_start, self.primitives, self.shape)
        except ValueError as error:
            raise UserError(f"problem.warm_start: {error}") from None
        if not self._sound(start).all():
            raise UserError("problem.warm_start: its update does not depend on the gradient, or dies when that is zero")

    def use(self, device: Device) -> None:
        """Train on this device. Raises DeviceError where the torch that is installed cannot."""
        torch_device(device)
        super().use(device)

    @cached_property
    def meta_task(self) -> Task:
        """The task of meta-validation."""
        return _task(self.config.meta_proxy, "meta")

    @property
    def exporters(self) -> dict[str, Any]:  # type: ignore[override]
        """Format -> function(find, provenance) -> text."""
        from searches.optimizers.export import EXPORTERS

        return dict(EXPORTERS)

    @cached_property
    def _trainer(self) -> Trainer:
        """What trains on the GPU."""
        from searches.optimizers.twin.training import Trainer

        return Trainer(self.device)

    def check(self, batch: Packed) -> np.ndarray:
        """bool[n]: within the limits; the update depends on the gradient and survives one that is zero."""
        if not (self._compiled or self.device.is_cuda):
            # A run checks candidates before its workers get any: what they will train with is compiled here, once.
            start = pack(self.warm_start, self.primitives, self.shape)
            train(self.task, in_hero(start, self.primitives), np.zeros(1, np.uint64), 1, 1)
            self._compiled = True
        return self._sound(batch)

    def _sound(self, batch: Packed) -> np.ndarray:
        small = (batch.length <= self.config.max_statements) & (batch.n_const <= self.config.max_constants)
        small[small] = probe.alive(in_hero(batch[small], self.primitives))
        return small

    def describe(self, batch: Packed) -> np.ndarray:
        """int64[n, 3]: state buffers in use, homogeneity degree in the gradient, statements."""
        found = probe.describe(in_hero(batch, self.primitives))
        return np.column_stack((found, batch.length.astype(np.int64)))

    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Train on the data orders of this stage, the same for all candidates; see Problem."""
        c = self.config
        programs = in_hero(batch, self.primitives)
        if stage == len(self.stages):
            loss = self._train(self.meta_task, programs, self._orders(META, c.meta), c.meta)
        else:
            trial = (c.hurdle, c.trial, c.contest)[stage]
            first = c.trial.orders if stage == 2 else 0  # what chose the contenders does not count again
            loss = self._train(self.task, programs, self._orders(SEARCH, trial, first), trial)
        described = self.describe(batch)
        return np.column_stack((described[:, 0], described[:, 2], loss.mean(axis=1))), batch.const

    def _train(self, task: Task, programs: Packed, keys: np.ndarray, trial: Trial) -> np.ndarray:
        """float64[n, orders]: validation losses, from this problem's device."""
        trainer = self._trainer.train if self.device.is_cuda else train
        return trainer(task, programs, keys, trial.steps, trial.warmup, octaves=self.config.octaves)

    def _orders(self, purpose: int, trial: Trial, first: int = 0) -> np.ndarray:
        """uint64[orders]: the data orders of a purpose, from the `first` on."""
        stream = np.random.SeedSequence([self.config.data_seed, purpose])
        return stream.generate_state(first + trial.orders, np.uint64)[first:]

    def losses(self, programs: Sequence[Program], purpose: int = FINAL, orders: int = 0) -> np.ndarray:
        """float64[n, orders]: validation losses on data orders that the search has not seen; on a CPU, by all of it.

        orders: the first so many of `final.orders` (0: all)
        """
        batch = in_hero(pack(list(programs), self.primitives, self.shape), self.primitives)
        final = self.config.final
        keys = self._orders(purpose, final)[: orders or None]
        if self.device.is_cuda:
            return self._train(self.task, batch, keys, final)

        def one(p: int) -> np.ndarray:
            return self._train(self.task, batch[slice(p, p + 1)], keys, final)[0]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            losses = list(pool.map(one, range(len(batch))))
        return np.array(losses).reshape(len(batch), len(keys))

    def finish(self, finds: Sequence[Find], each: Each) -> list[Find]:
        """Of each number of buffers, train the best again, on fresh data orders; leave out what does nothing in the
        best of those; and train these, and what is shorter still, on data orders that are fresh again. For each number
        of buffers, the front of what comes out."""
        chosen: list[Find] = []
        for buffers in range(3):
            group = sorted(
                (f for f in finds if f.descriptors["buffers"] == buffers), key=lambda f: f.objectives["loss"]
            )[: self.config.finalists]
            if group:
                again = self.losses([f.program for f in group], ABLATION).mean(axis=1)
                best = [group[i] for i in np.argsort(again, kind="stable")[: max(1, self.config.ablated)]]
                best = [self._ablated(f) for f in best] if self.config.ablated else best
                shortest = min(f.objectives["statements"] for f in best)
                chosen += best + [f for f in group if f.objectives["statements"] < shortest]
        chosen = list({f.program: f for f in chosen}.values())
        losses = self.losses([f.program for f in chosen]).mean(axis=1).tolist() if chosen else []
        measured = [replace(f, objectives={**f.objectives, "loss": v}) for f, v in zip(chosen, losses, strict=True)]
        return [f for buffers in range(3) for f in _front([m for m in measured if m.objectives["buffers"] == buffers])]

    def _ablated(self, find: Find) -> Find:
        program = ablate(find.program, self.primitives, lambda some, n: self.losses(some, ABLATION, n))
        described = self.describe(pack([program], self.primitives, self.shape))[0].tolist()
        descriptors = dict(zip((d.name for d in self.descriptors), described, strict=True))
        objectives = {**find.objectives, "buffers": float(described[0]), "statements": float(described[2])}
        return replace(find, program=program, objectives=objectives, descriptors=descriptors)

    def measure(self, program: Program) -> dict[str, float]:
        """Buffers, statements, and the mean loss on the data orders of finalists."""
        described = self.describe(pack([program], self.primitives, self.shape))[0]
        loss = float(self.losses([program]).mean())
        return {"buffers": float(described[0]), "statements": float(described[2]), "loss": loss}

    def explain(self, find: Find) -> list[tuple[str, str]]:
        """What a find is: certificates and relatives."""
        from searches.optimizers.meaning import explain

        return explain(find.program, find.raw)

    def report(self, finds: Sequence[Find]) -> list[dict[str, Any]]:
        """The finds, and what form each has."""
        from searches.optimizers.report import rows

        return rows(finds)

    def picture(self, finds: Sequence[Find], path: Path) -> None:
        """Statements against loss."""
        from searches.optimizers.report import picture

        picture(finds, path)


def _front(finds: Sequence[Find]) -> list[Find]:
    return [finds[i] for i in front(np.array([list(f.objectives.values()) for f in finds]).reshape(-1, 3))]


def _task(proxy: Proxy, part: str) -> Task:
    sizes = proxy.model_dump(exclude={"file"})
    if proxy.kind == "transformer":
        return build(part=part, file=Path(proxy.file) if proxy.file else None, **sizes)
    kind, batch = sizes["kind"], sizes["batch"]
    return build(kind, part) if kind == "quadratic" else build(kind, part, batch=batch)
