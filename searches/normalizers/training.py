"""Training: all lanes at once, a lane being a candidate with a seed. What a lane does depends on it alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from searches.normalizers.config import Training
from searches.normalizers.data import Images
from searches.normalizers.layer import Layer
from searches.normalizers.programs import BEGIN

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

MOMENTUM = 0.9
BETAS, ADAM_EPS = (0.9, 0.999), 1e-8  # of Adam
LANES = 16  # lanes a batch: what a CPU does fastest


@dataclass(frozen=True)
class Outcome:
    """Of every candidate and seed: mean cross-entropy (nats) and share of errors on the images to score on.

    float64[n, seeds]; where a training blew up, the loss is infinite and the error 1.
    """

    loss: np.ndarray
    error: np.ndarray


class Lanes:
    """Candidates in a network, each with every seed: weights and how they begin.

    weights  name -> tensor [lanes, ..]: those of the network, and `layer{i}.{name}` of every layer, name being weight,
             bias and the trainable leaves of the programs
    """

    def __init__(self, network: Any, candidates: Sequence[Layer], seeds: np.ndarray, device: Any = "cpu") -> None:
        import torch

        self.network, self.candidates, self.seeds, self.device = network, candidates, len(seeds), device
        n = len(candidates)
        self.weights: dict[str, Tensor] = {}
        streams = [np.random.Generator(np.random.Philox(key=int(seed))) for seed in seeds]
        for name, w in network.weights.items():
            drawn = [w.deviation * s.standard_normal(w.shape, np.float32) for s in streams]
            one = torch.from_numpy(np.stack(drawn).astype(np.float32))
            self.weights[name] = one.repeat(n, *[1] * len(w.shape)).to(device)
        lanes = n * len(seeds)
        self.leaves = candidates[0].leaves
        for i in range(network.layers):
            for name, begin in (("weight", 1.0), ("bias", 0.0)):
                self.weights[f"layer{i}.{name}"] = torch.full((lanes, network.features), begin, device=device)
            for name in self.leaves:
                self.weights[f"layer{i}.{name}"] = torch.full(
                    (lanes, network.leaf_features), BEGIN[name], device=device
                )
        for tensor in self.weights.values():
            tensor.requires_grad_()

    def logits(self, images: Tensor) -> Tensor:
        """[lanes, b, classes] of images [b, lanes, c, h, w]."""
        logits: Tensor = self.network(self.weights, images, self._apply)
        return logits

    def loss(self, images: Tensor, classes: Tensor) -> Tensor:
        """Mean cross-entropy (nats) of each lane, [lanes], of images [b, lanes, c, h, w] with classes [lanes, b]."""
        import torch

        each = torch.nn.functional.cross_entropy(self.logits(images).transpose(1, 2), classes, reduction="none")
        return each.mean(1)

    def _apply(self, i: int, x: Tensor) -> Tensor:
        import torch

        axis, spread = self.network.lane_axis, self.network.spread

        def weight(name: str) -> Tensor:
            wide: Tensor = spread(self.weights[f"layer{i}.{name}"])
            return wide

        parts = [t.split(self.seeds, axis) for t in (x, *map(weight, self.leaves))]
        outputs = []
        for candidate, *arguments in zip(self.candidates, *parts, strict=True):
            y = candidate(*arguments)
            outputs.append(y.expand(arguments[0].shape) if y.shape != arguments[0].shape else y)
        together = torch.cat(outputs, axis) if len(outputs) > 1 else outputs[0]
        return together * weight("weight") + weight("bias")


def train(
    network: Any,
    candidates: Sequence[Layer],
    images: Images,
    seeds: np.ndarray,
    training: Training,
    device: Any = "cpu",
) -> Outcome:
    """Train every candidate with every seed (uint64[seeds])."""
    found = []
    with one_thread():
        for some in in_lanes(candidates, len(seeds)):
            lanes = Lanes(network, some, seeds, device)
            _train(lanes, images, seeds, training)
            found.append(score(lanes, images))
    loss, error = (np.concatenate(part)[: len(candidates)] for part in zip(*found, strict=True))
    return Outcome(loss, error)


def in_lanes(candidates: Sequence[Layer], seeds: int = 1) -> Iterator[list[Layer]]:
    """The candidates, as many at a time as there are lanes for; one in one lane comes twice.

    A convolution of one group is another function of oneDNN than one of many, and has other last bits.
    """
    room = max(1, LANES // seeds)
    for first in range(0, len(candidates), room):
        some = list(candidates[first : first + room])
        yield some * 2 if len(some) * seeds == 1 else some


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
    x = torch.from_numpy(images.train[rows]).repeat(1, n, 1, 1, 1)
    y = torch.from_numpy(images.train_class[rows]).repeat(1, n).t()
    return x.to(lanes.device), y.to(lanes.device)


class Momentum:
    """SGD with momentum."""

    def __init__(self, weights: list[Tensor]) -> None:
        import torch

        self.weights, self.momentum = weights, [torch.zeros_like(w) for w in weights]

    def step(self, gradients: tuple[Tensor, ...], rate: float) -> None:
        """Move the weights."""
        import torch

        torch._foreach_mul_(self.momentum, MOMENTUM)
        torch._foreach_add_(self.momentum, gradients)
        torch._foreach_add_(self.weights, self.momentum, alpha=-rate)


class Adam:
    """Kingma and Ba, arXiv 1412.6980."""

    def __init__(self, weights: list[Tensor]) -> None:
        import torch

        self.weights, self.steps = weights, 0
        self.first, self.second = ([torch.zeros_like(w) for w in weights] for _ in range(2))

    def step(self, gradients: tuple[Tensor, ...], rate: float) -> None:
        """Move the weights."""
        import torch

        self.steps += 1
        torch._foreach_lerp_(self.first, gradients, 1.0 - BETAS[0])
        torch._foreach_mul_(self.second, BETAS[1])
        torch._foreach_addcmul_(self.second, gradients, gradients, 1.0 - BETAS[1])
        size = torch._foreach_sqrt(self.second)
        torch._foreach_div_(size, math.sqrt(1.0 - BETAS[1] ** self.steps))
        torch._foreach_add_(size, ADAM_EPS)
        torch._foreach_addcdiv_(self.weights, self.first, size, -rate / (1.0 - BETAS[0] ** self.steps))


def _train(lanes: Lanes, images: Images, seeds: np.ndarray, training: Training) -> None:
    import torch

    weights = list(lanes.weights.values())
    optimizer = Adam(weights) if training.optimizer == "adam" else Momentum(weights)
    rows = batches(seeds, len(images.train), training)
    for step in range(training.steps):
        loss = lanes.loss(*minibatch(lanes, images, rows[step])).sum()
        gradients = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
        rate = training.rate * 0.5 * (1.0 + math.cos(math.pi * step / training.steps))
        with torch.no_grad():
            optimizer.step(gradients, rate)


def score(lanes: Lanes, images: Images) -> tuple[np.ndarray, np.ndarray]:
    """Loss and error of every candidate and seed: float64[n, seeds] each. All images to score on are one batch."""
    import torch

    n, s = len(lanes.candidates), lanes.seeds
    x = torch.from_numpy(images.score).to(lanes.device)[:, None].expand(-1, n * s, -1, -1, -1)
    y = torch.from_numpy(images.score_class).to(lanes.device).expand(n * s, -1)
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
