"""Training: all lanes at once, a lane being a candidate with a seed. What a lane does depends on it alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from primitives.gpu.devices import CPU, Batches, Device, torch_device
from searches.normalizers.config import Precision, Training
from searches.normalizers.data import Images
from searches.normalizers.descent import Adam, Momentum
from searches.normalizers.graph import repeat
from searches.normalizers.layer import Layer
from searches.normalizers.programs import BEGIN

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

T = TypeVar("T")
LANES = 16  # lanes a batch: what a CPU does fastest
MOST = 8192  # the most on a GPU, where memory allows so many


@dataclass(frozen=True)
class Outcome:
    """Of every candidate and seed: mean cross-entropy (nats) and share of errors on the images to score on.

    float64[n, seeds]; where a training blew up, the loss is infinite and the error 1.
    """

    loss: np.ndarray
    error: np.ndarray


class Lanes:
    """Candidates in a network, each with every seed: weights and how they begin.

    weights    name -> tensor [lanes, ..]: those of the network, and `layer{i}.{name}` of every layer, name being
               weight, bias and the trainable leaves of the programs
    device     on a GPU the layers are computed together, on a CPU, where results do not depend on that, one by one
    precision  of what convolutions and products of matrices take; everything else is float32
    """

    def __init__(
        self,
        network: Any,
        candidates: Sequence[Layer],
        seeds: np.ndarray,
        device: Device = CPU,
        precision: Precision = "float32",
    ) -> None:
        import torch

        self.network, self.candidates, self.seeds = network, candidates, len(seeds)
        self.device, self.place, self.precision = device, torch_device(device), precision
        n = len(candidates)
        self.weights: dict[str, Tensor] = {}
        streams = [np.random.Generator(np.random.Philox(key=int(seed))) for seed in seeds]
        for name, w in network.weights.items():
            drawn = [w.deviation * s.standard_normal(w.shape, np.float32) for s in streams]
            one = torch.from_numpy(np.stack(drawn).astype(np.float32)).to(self.place)
            self.weights[name] = one.repeat(n, *[1] * len(w.shape))
        lanes = n * len(seeds)
        self.leaves = candidates[0].leaves
        for i in range(network.layers):
            for name, begin in (("weight", 1.0), ("bias", 0.0)):
                self.weights[f"layer{i}.{name}"] = torch.full((lanes, network.features), begin, device=self.place)
            for name in self.leaves:
                self.weights[f"layer{i}.{name}"] = torch.full(
                    (lanes, network.leaf_features), BEGIN[name], device=self.place
                )
        for tensor in self.weights.values():
            tensor.requires_grad_()
        self._together = self._joined()

    def some(self, part: slice) -> Lanes:
        """Those of some candidates, with the weights as they are."""
        found = copy(self)
        found.candidates = self.candidates[part]
        lanes = slice(part.start * self.seeds, part.stop * self.seeds)
        found.weights = {name: w[lanes] for name, w in self.weights.items()}
        found._together = found._joined()
        return found

    def logits(self, images: Tensor) -> Tensor:
        """float32[lanes, b, classes] of images [b, lanes, c, h, w]."""
        import torch

        rounded = self.precision == "bfloat16"
        with torch.autocast(self.place.type, torch.bfloat16, enabled=rounded, cache_enabled=False):
            logits: Tensor = self.network(self.weights, images, self._apply)
        return logits

    def loss(self, images: Tensor, classes: Tensor) -> Tensor:
        """Mean cross-entropy (nats) of each lane, [lanes], of images [b, lanes, c, h, w] with classes [lanes, b]."""
        import torch

        each = torch.nn.functional.cross_entropy(self.logits(images).transpose(1, 2), classes, reduction="none")
        return each.mean(1)

    def _joined(self) -> Any:
        if not self.device.is_cuda:
            return None
        from searches.normalizers.together import Together

        return Together(self.candidates, self.seeds, self.network.lane_axis)

    def _apply(self, i: int, x: Tensor) -> Tensor:
        import torch

        axis, spread = self.network.lane_axis, self.network.spread

        def weight(name: str) -> Tensor:
            wide: Tensor = spread(self.weights[f"layer{i}.{name}"])
            return wide

        leaves = x, *map(weight, self.leaves)
        if self._together is not None:
            together = self._together(*leaves)
        else:
            parts = [t.split(self.seeds, axis) for t in leaves]
            outputs = []
            for candidate, *arguments in zip(self.candidates, *parts, strict=True):
                y = candidate(*arguments)
                outputs.append(y.expand(arguments[0].shape) if y.shape != arguments[0].shape else y)
            together = torch.cat(outputs, axis) if len(outputs) > 1 else outputs[0]
        return together * weight("weight") + weight("bias")  # type: ignore[no-any-return]


def train(
    network: Any,
    candidates: Sequence[Layer],
    images: Images,
    seeds: np.ndarray,
    training: Training,
    device: Device = CPU,
    precision: Precision = "float32",
) -> Outcome:
    """Train every candidate with every seed (uint64[seeds])."""

    def work(some: Sequence[Layer]) -> tuple[np.ndarray, np.ndarray]:
        lanes = Lanes(network, some, seeds, device, precision)
        _train(lanes, images, seeds, training)
        return score(lanes, images)

    found = in_lanes(candidates, len(seeds), work, device, f"trainings of {network.net} by {training.batch}")
    loss, error = (np.concatenate(part)[: len(candidates)] for part in zip(*found, strict=True))
    return Outcome(loss, error)


def in_lanes(
    candidates: Sequence[Layer], seeds: int, work: Callable[[Sequence[Layer]], T], device: Device = CPU, what: str = ""
) -> list[T]:
    """What `work` makes of the candidates, as many at a time as there are lanes for; one in one lane comes twice.

    A convolution of one group is another function of oneDNN than one of many, and has other last bits. On a GPU there
    are lanes for as many as fit in its memory: for what fitted before, where it was for the same, `what`.
    """
    if device.is_cuda:
        return _batches(device, seeds, what).run(len(candidates), lambda part: work(candidates[part]))
    room = max(1, LANES // seeds)
    found = []
    with one_thread():
        for first in range(0, len(candidates), room):
            some = list(candidates[first : first + room])
            found.append(work(some * 2 if len(some) * seeds == 1 else some))
    return found


@cache
def _batches(device: Device, seeds: int, what: str) -> Batches:
    return Batches(device, max(1, MOST // seeds), "candidates")


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread of the CPU, subnormal numbers taken for zero, for a while.

    One thread, for sums must not depend on how many cores there are. Weights of networks that die decay to subnormals,
    which cost a hundred times as much as others and which nobody needs.
    """
    import torch

    threads, flushed = torch.get_num_threads(), bool(torch.tensor(1e-40) * 1.0 == 0)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.set_num_threads(threads)


def minibatch(lanes: Lanes, images: Images, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Images to train on float32[b, lanes, c, h, w] and their classes int64[lanes, b], of rows int64[b, seeds]."""
    import torch

    n = len(lanes.candidates)
    x = torch.from_numpy(images.train[rows]).to(lanes.place).repeat(1, n, 1, 1, 1)
    y = torch.from_numpy(images.train_class[rows]).to(lanes.place).repeat(1, n).t()
    return x, y


class Feed:
    """Minibatches and step sizes on a device, the next at each call: nothing comes from the host between two steps."""

    def __init__(self, lanes: Lanes, images: Images, rows: np.ndarray, rates: Sequence[float]) -> None:
        import torch

        self.n = len(lanes.candidates)
        given = images.train, images.train_class, rows, np.array(rates, np.float32), np.zeros(1, np.int64)
        self.images, self.classes, self.rows, self.rates, self.number = (
            torch.from_numpy(a).to(lanes.place, copy=True) for a in given
        )

    def __call__(self) -> tuple[Tensor, Tensor, Tensor]:
        """As `minibatch` has them, and the step size, a tensor without axes."""
        rows, rate = (table.index_select(0, self.number)[0] for table in (self.rows, self.rates))
        self.number += 1
        return self.images[rows].repeat(1, self.n, 1, 1, 1), self.classes[rows].repeat(1, self.n).t(), rate


def _train(lanes: Lanes, images: Images, seeds: np.ndarray, training: Training) -> None:
    import torch

    gpu = lanes.device.is_cuda
    weights = list(lanes.weights.values())
    optimizer: Adam | Momentum = Momentum(weights)
    if training.optimizer == "adam":
        optimizer = Adam(weights, torch.zeros((), dtype=torch.float64, device=lanes.place) if gpu else 0)
    rows = batches(seeds, len(images.train), training)
    rates = [training.rate * 0.5 * (1.0 + math.cos(math.pi * step / training.steps)) for step in range(training.steps)]

    def step(x: Tensor, y: Tensor, rate: float | Tensor) -> None:
        loss = lanes.loss(x, y).sum()
        gradients = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            optimizer.step(gradients, rate)

    if gpu:
        feed = Feed(lanes, images, rows, rates)
        repeat(lambda: step(*feed()), training.steps, lanes.device)
    else:
        for number, rate in enumerate(rates):
            step(*minibatch(lanes, images, rows[number]), rate)


def score(lanes: Lanes, images: Images) -> tuple[np.ndarray, np.ndarray]:
    """Loss and error of every candidate and seed: float64[n, seeds] each. All images to score on are one batch.

    On a GPU as many candidates at a time as fit with so many images.
    """
    n = len(lanes.candidates)
    if not lanes.device.is_cuda:
        return _score(lanes, images)
    room = _batches(lanes.device, lanes.seeds, f"scores of {lanes.network.net} on {len(images.score)}")
    found = room.run(n, lambda part: _score(lanes.some(part), images))
    loss, error = (np.concatenate(part) for part in zip(*found, strict=True))
    return loss, error


def _score(lanes: Lanes, images: Images) -> tuple[np.ndarray, np.ndarray]:
    import torch

    n, s = len(lanes.candidates), lanes.seeds
    x = torch.from_numpy(images.score).to(lanes.place)[:, None].expand(-1, n * s, -1, -1, -1)
    y = torch.from_numpy(images.score_class).to(lanes.place).expand(n * s, -1)
    with torch.no_grad():
        logits = lanes.logits(x).double()
    loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), y, reduction="none").mean(1)
    error = (logits.argmax(2) != y).double().mean(1)
    finite = torch.isfinite(loss)
    loss, error = torch.where(finite, loss, torch.inf), torch.where(finite, error, 1.0)
    return loss.reshape(n, s).cpu().numpy(), error.reshape(n, s).cpu().numpy()


def batches(seeds: np.ndarray, images: int, training: Training) -> np.ndarray:
    """int64[steps, batch, seeds]: which images each step takes; every image once before any again."""
    needed = training.steps * training.batch
    rows = []
    for seed in seeds:
        stream = np.random.Generator(np.random.Philox(key=int(seed), counter=[0, 0, 0, 1]))
        passes = [stream.permutation(images) for _ in range(-(-needed // images))]
        rows.append(np.concatenate(passes)[:needed].reshape(training.steps, training.batch))
    return np.stack(rows, axis=2)
