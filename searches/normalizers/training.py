"""Training: all lanes at once, a lane being a candidate with a seed. What a lane does depends on it alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
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

        self.network, self.candidates, self.seeds = network, candidates, len(seeds)
        n = len(candidates)
        self.weights: dict[str, Tensor] = {}
        streams = [np.random.Generator(np.random.Philox(key=int(seed))) for seed in seeds]
        for name, w in network.weights.items():
            drawn = [w.deviation * s.standard_normal(w.shape, np.float32) for s in streams]
            one = torch.from_numpy(np.stack(drawn).astype(np.float32))
            self.weights[name] = one.repeat(n, *[1] * len(w.shape)).to(device)
        lanes = n * len(seeds)
        self.leaves = candidates[0].program.signature.inputs[1:]
        for i in range(network.layers):
            for name, begin in (("weight", 1.0), ("bias", 0.0), *((leaf, BEGIN[leaf]) for leaf in self.leaves)):
                self.weights[f"layer{i}.{name}"] = torch.full((lanes, network.features), begin, device=device)
        for tensor in self.weights.values():
            tensor.requires_grad_()

    def logits(self, images: Tensor) -> Tensor:
        """[lanes, b, classes] of images [b, lanes, c, h, w]."""
        return self.network(self.weights, images, self._apply)

    def _apply(self, i: int, x: Tensor) -> Tensor:
        import torch

        lanes, groups, channels = x.shape[1:4]
        wide = (1, lanes, groups, channels, 1, 1)

        def weight(name: str) -> Tensor:
            return self.weights[f"layer{i}.{name}"].view(wide)

        parts = [t.split(self.seeds, 1) for t in (x, *map(weight, self.leaves))]
        outputs = []
        for candidate, *leaves in zip(self.candidates, *parts, strict=True):
            y = candidate(*leaves)
            outputs.append(y.expand(leaves[0].shape) if y.shape != leaves[0].shape else y)
        together = torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0]
        return torch.addcmul(weight("bias"), together, weight("weight"))


def train(
    network: Any,
    candidates: Sequence[Layer],
    images: Images,
    seeds: np.ndarray,
    training: Training,
    device: Any = "cpu",
) -> Outcome:
    """Train every candidate with every seed (uint64[seeds])."""
    n, s = len(candidates), len(seeds)
    loss, error = np.empty((n, s)), np.empty((n, s))
    room = max(1, LANES // s)
    for first in range(0, n, room):
        some = list(candidates[first : first + room])
        padded = some + [some[-1]] * (room - len(some))  # always so many: sums in another order have other last bits
        found = _train(Lanes(network, padded, seeds, device), images, seeds, training)
        loss[first : first + len(some)], error[first : first + len(some)] = (f[: len(some)] for f in found)
    return Outcome(loss, error)


def _train(lanes: Lanes, images: Images, seeds: np.ndarray, training: Training) -> tuple[np.ndarray, np.ndarray]:
    import torch

    device = next(iter(lanes.weights.values())).device
    weights = list(lanes.weights.values())
    momentum = [torch.zeros_like(w) for w in weights]
    n = len(lanes.candidates)
    pixels = torch.from_numpy(images.train).to(device)
    classes = torch.from_numpy(images.train_class).to(device)
    rows = torch.from_numpy(batches(seeds, len(images.train), training)).to(device)
    cross_entropy = torch.nn.functional.cross_entropy
    for step in range(training.steps):
        x = pixels[rows[step]].repeat(1, n, 1, 1, 1)
        y = classes[rows[step]].repeat(1, n).t()
        loss = cross_entropy(lanes.logits(x).transpose(1, 2), y, reduction="sum") / training.batch
        gradients = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
        rate = training.rate * 0.5 * (1.0 + math.cos(math.pi * step / training.steps))
        with torch.no_grad():
            torch._foreach_mul_(momentum, MOMENTUM)
            torch._foreach_add_(momentum, gradients)
            torch._foreach_add_(weights, momentum, alpha=-rate)
    with torch.no_grad():
        return score(lanes, images)


def score(lanes: Lanes, images: Images) -> tuple[np.ndarray, np.ndarray]:
    """Loss and error of every candidate and seed: float64[n, seeds] each. All images to score on are one batch."""
    import torch

    device = next(iter(lanes.weights.values())).device
    n, s = len(lanes.candidates), lanes.seeds
    x = torch.from_numpy(images.score).to(device)[:, None].expand(-1, n * s, -1, -1, -1)
    y = torch.from_numpy(images.score_class).to(device).expand(n * s, -1)
    logits = lanes.logits(x).double()
    loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), y, reduction="none").mean(1)
    error = (logits.argmax(2) != y).double().mean(1)
    finite = torch.isfinite(loss)
    loss = torch.where(finite, loss, torch.inf).reshape(n, s).cpu().numpy()
    error = torch.where(finite, error, 1.0).reshape(n, s).cpu().numpy()
    return loss, error


def batches(seeds: np.ndarray, images: int, training: Training) -> np.ndarray:
    """int64[steps, batch, seeds]: which images each step takes; every image once before any again."""
    needed = training.steps * training.batch
    rows = []
    for seed in seeds:
        stream = np.random.Generator(np.random.Philox(key=int(seed), counter=[0, 0, 0, 1]))
        passes = [stream.permutation(images) for _ in range(-(-needed // images))]
        rows.append(np.concatenate(passes)[:needed].reshape(training.steps, training.batch))
    return np.stack(rows, axis=2)
