"""The searches for layers, as the engine sees them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from discover.errors import UserError
from discover.problem import Descriptor, Each, Find, Mutations, Objective, Problem, Stage
from primitives.fingerprint import image_probes
from primitives.gpu.devices import Device, torch_device
from primitives.images import STATISTICS
from primitives.packed import Packed, Shape, unpack
from primitives.primitive import UnknownPrimitive
from primitives.program import Program, Signature
from searches.normalizers.alive import alive
from searches.normalizers.config import Net, NormalizerConfig, Training
from searches.normalizers.data import Images, load, require_mnist
from searches.normalizers.layer import layers
from searches.normalizers.nets import ConvolutionalNet
from searches.normalizers.programs import FLAT, SIGNATURE, identity, primitive_set
from searches.normalizers.stability import ascend
from searches.normalizers.training import Outcome, train

NETS = ("deep", "plain", "scaled")
SEARCH, FINAL, META = range(3)  # what seeds are for
ALIVE, HURDLE, STABILITY, QUALITY, PROXY, META_STAGE = range(6)
PROBE_SHAPE = (3, 2, 2, 2, 3)
# Operations that are affine in x: always, where the second argument does not read x, where either does not.
_AFFINE = {"neg": 1, "div": 2, "add": 3, "sub": 3, "mul": 3}


class NormalizerProblem(Problem):
    """Programs that, in the place of every normalization, let three networks learn."""

    title = "normalizer"
    devices = ("cpu", "cuda")
    objectives = (Objective("nodes"), Objective("loss", "nats"), Objective("error", "share, MNIST"))
    keep_raw = True
    record_stage = True  # what audit.py reads
    meta = True
    tolerance = 0.25  # of a training on another processor: the last bits differ, and then the second digit
    signature: Signature

    def __init__(self, config: NormalizerConfig) -> None:
        """Raises UserError where the configuration asks for the impossible."""
        self.config = config
        try:
            self.primitives = primitive_set(config.primitives)
        except (UnknownPrimitive, ValueError) as error:
            raise UserError(f"problem.primitives: {error}") from None
        self.warm_start = (identity(self.signature, self.primitives),)
        self.baseline = self.warm_start
        self.mutations = Mutations(
            values=(0.0, 1.0), literal=0.1, grow=0.6, several=0.5, insert=2.0, new_constant=0.1, scale_constant=0.0,
            unit=0.0,
        )  # fmt: skip
        # room for what breeding writes before the canonical form folds it
        self.shape = Shape(len(self.signature.leaves), 1, config.max_nodes + 4, 6)
        self.stages = (
            Stage("alive"),
            Stage("hurdle", keep=config.keep_hurdle),
            Stage("stability"),
            Stage("quality", keep=config.keep_quality),
            Stage("proxy"),
        )
        self.images = load("digits", "search")

    def use(self, device: Device) -> None:
        """Train on this device. Raises DeviceError where the torch that is installed cannot."""
        torch_device(device)
        super().use(device)

    @property
    def scores(self) -> tuple[Objective, ...]:
        """The loss in each network, and their mean."""
        return (*(Objective(name, "nats") for name in NETS), Objective("loss", "nats"))

    @property
    def exporters(self) -> dict[str, Any]:  # type: ignore[override]
        """Format -> function(find, provenance) -> text."""
        from searches.normalizers.export import EXPORTERS

        return dict(EXPORTERS)

    @abstractmethod
    def network(self, net: Net, images: Images) -> Any:
        """A network for these images."""

    @abstractmethod
    def kinds(self, batch: Packed) -> np.ndarray:
        """int64[n, ..]: the descriptors of canonical programs but for the last one, their nodes."""

    def check(self, batch: Packed) -> np.ndarray:
        """bool[n]: of at most so many nodes, and no constants but 0 and 1; the result reads x, and so does whatever is
        averaged; and the last operation is not one that the affine map behind every layer does anyway."""
        first = len(self.signature.leaves)
        n, capacity = batch.code.shape[:2]
        reads = np.zeros((n, first + capacity + batch.const.shape[1]), bool)  # constants last, where -1 finds them
        reads[:, 0] = True
        row, averages = np.arange(n), np.array([bool(p.over) for p in self.primitives])
        fine = (batch.length <= self.config.max_nodes) & np.isin(batch.const, self.mutations.values).all(axis=1)
        for i in range(capacity):
            op, used = batch.code[:, i, 0], i < batch.length
            for k in range(3):
                reads[:, first + i] |= used & (k < self.primitives.arity[op]) & reads[row, batch.code[:, i, 1 + k]]
            fine &= ~used | ~averages[op] | reads[:, first + i]
        last = np.maximum(batch.results[:, 0] - first, 0)
        op, x, y = (batch.code[row, last, k] for k in range(3))
        kind = np.array([_AFFINE.get(p.name, 0) for p in self.primitives])[op]
        affine = (kind == 1) | ((kind >= 2) & ~reads[row, y]) | ((kind == 3) & ~reads[row, x])
        return np.asarray(fine & reads[row, batch.results[:, 0]] & ~(affine & (batch.length > 0)))

    def describe(self, batch: Packed) -> np.ndarray:
        """int64[n, axes]: see `descriptors`."""
        return np.column_stack((self.kinds(batch), batch.length.astype(np.int64)))

    @cached_property
    def networks(self) -> dict[str, Any]:
        """The networks of the search by name."""
        return {name: self.network(getattr(self.config, name), self.images) for name in NETS}

    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Try layers, all with the same seeds; see NormalizerConfig."""
        c = self.config
        candidates = layers(unpack(batch, self.signature, self.primitives), self.primitives)
        score = np.zeros((len(batch), len(self.scores)))
        if not len(batch):
            return score, batch.const
        if stage == ALIVE:
            require_mnist()  # a search that could not rank its finalists stops here, not at its end
            score[~alive(candidates, self.device)] = np.nan
        elif stage == STABILITY:
            seed = self.seeds(SEARCH, 1)
            norm = ascend(self.networks["deep"], candidates, self.images, seed, c.gate, self.device)
            score[~(norm <= c.gate.limit)] = np.nan
        elif stage == META_STAGE:
            score[:] = self._meta(candidates, META).loss.mean(axis=1)[:, None]
        else:
            names = {HURDLE: NETS[:1], QUALITY: NETS[:2], PROXY: NETS}[stage]
            training = {HURDLE: c.hurdle, QUALITY: c.quality, PROXY: c.proxy}[stage]
            found = self.outcomes(candidates, names, training, SEARCH)
            for column, outcome in enumerate(found):
                score[:, column] = outcome.loss.mean(axis=1)
            score[:, -1] = score[:, : len(names)].mean(axis=1)
            if stage == QUALITY:
                for outcome in found:
                    score[outcome.error.mean(axis=1) > 1.0 - c.chance] = np.nan
        score[~np.isfinite(score).all(axis=1)] = np.nan
        return score, batch.const

    def outcomes(
        self, candidates: Sequence[Any], names: Sequence[str], training: Training, purpose: int
    ) -> list[Outcome]:
        """What becomes of candidates in the named networks."""
        return [self._train(self.networks[name], candidates, self.images, training, purpose) for name in names]

    def _train(
        self, network: Any, candidates: Sequence[Any], images: Images, training: Training, purpose: int
    ) -> Outcome:
        seeds = self.seeds(purpose, training.seeds)
        return train(network, candidates, images, seeds, training, self.device, self.config.precision)

    def seeds(self, purpose: int, n: int) -> np.ndarray:
        """uint64[n]: the seeds of a purpose."""
        stream = np.random.SeedSequence([self.config.data_seed, purpose])
        return stream.generate_state(n, np.uint64)

    def _meta(self, candidates: Sequence[Any], purpose: int) -> Outcome:
        images = load("mnist", "meta")
        return self._train(self.network(self.config.meta_net, images), candidates, images, self.config.meta, purpose)

    def finalists(self, finds: Sequence[Find]) -> list[Find]:
        """Those to train again, the best by the score of the search first; by default so many of all."""
        return sorted(finds, key=_loss)[: self.config.finalists]

    def finish(self, finds: Sequence[Find], each: Each) -> list[Find]:
        """Train the finalists again, on fresh seeds, and in another network on MNIST; the best there come first."""
        chosen = self.finalists(finds)
        programs = [f.program for f in chosen]
        measured = self.measures(programs) if self.device.is_cuda else each("measure", programs)
        again = [replace(f, objectives=m) for f, m in zip(chosen, measured, strict=True)]
        return sorted(again, key=lambda f: f.objectives["error"])

    def measure(self, program: Program) -> dict[str, float]:
        """Nodes, mean loss in the three networks, and error in the meta network, on seeds that no strategy has seen."""
        return self.measures([program])[0]

    def measures(self, programs: Sequence[Program]) -> list[dict[str, float]]:
        """The same of several, all of them trained together."""
        if not programs:
            return []
        candidates = layers(programs, self.primitives)
        trained = self.outcomes(candidates, NETS, self.config.final, FINAL)
        losses = np.mean([outcome.loss.mean(axis=1) for outcome in trained], axis=0)
        errors = self._meta(candidates, FINAL).error.mean(axis=1)
        return [
            {"nodes": float(len(program.instructions)), "loss": float(loss), "error": float(error)}
            for program, loss, error in zip(programs, losses, errors, strict=True)
        ]

    def explain(self, find: Find) -> list[tuple[str, str]]:
        """What a find is: its relatives and how it behaves."""
        from searches.normalizers.recognise import explain

        return explain(find.program, self.config.space)

    def report(self, finds: Sequence[Find]) -> list[dict[str, Any]]:
        """The finds, and what form each has."""
        from searches.normalizers.report import rows

        return rows(finds, self.config.space)

    def remarks(self, finds: Sequence[Find]) -> list[str]:
        """Which known forms are among them."""
        from searches.normalizers.report import remarks

        return remarks(finds, self.config.space, self.primitives)

    def picture(self, finds: Sequence[Find], path: Path) -> None:
        """Nodes against error; of pointwise functions, their curves."""
        from searches.normalizers.report import picture

        picture(finds, path, self.config.space)


class LayerProblem(NormalizerProblem):
    """Layers of images: moments, functions, and two trainable numbers a channel."""

    signature = SIGNATURE
    flat = FLAT
    niche_axes = 1
    probe_shape = PROBE_SHAPE

    def __init__(self, config: NormalizerConfig) -> None:
        """Raises UserError where the configuration asks for the impossible."""
        for name in (*NETS, "meta_net"):
            if getattr(config, name).kind == "transformer":
                raise UserError(
                    f'problem.{name}.kind = "transformer" takes pointwise functions only: space="pointwise"'
                )
        super().__init__(config)
        self.probes = image_probes(len(self.signature.leaves), PROBE_SHAPE)
        self.descriptors = (
            Descriptor("batch", 0, 1),
            Descriptor("statistics", 0, 7),
            Descriptor("nodes", 1, config.max_nodes),
        )
        bits = {STATISTICS["batch"]: 8, STATISTICS["layer"]: 1, STATISTICS["instance"]: 2, STATISTICS["group"]: 4}
        self._family = np.array([bits.get(p.over, 0) for p in self.primitives])

    def network(self, net: Net, images: Images) -> ConvolutionalNet:
        """A convolutional network for these images."""
        return ConvolutionalNet(net, images.train.shape[1], images.classes)

    def kinds(self, batch: Packed) -> np.ndarray:
        """int64[n, 2]: whether statistics of the batch are used, and which others (layer 1, instance 2, group 4)."""
        live = np.arange(batch.code.shape[1]) < batch.length[:, None]
        used = np.bitwise_or.reduce(np.where(live, self._family[batch.code[:, :, 0]], 0), axis=1, initial=0)
        return np.column_stack((used >> 3, used & 7)).astype(np.int64)

    def finalists(self, finds: Sequence[Find]) -> list[Find]:
        """Of either series the best of every kind of statistics, and then the best whatever their kind."""
        chosen: list[Find] = []
        for series in (0, 1):
            ranked = sorted((f for f in finds if f.descriptors["batch"] == series), key=_loss)
            kinds = {f.descriptors["statistics"]: f for f in reversed(ranked)}
            first = sorted(kinds.values(), key=_loss)
            chosen += [*first, *(f for f in ranked if f not in first)][: self.config.finalists]
        return chosen


def _loss(find: Find) -> float:
    return find.objectives["loss"]
