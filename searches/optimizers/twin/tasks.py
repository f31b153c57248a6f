"""The tasks in torch, for many trainings at once: `lanes` says how they lie.

A `Model` holds a task's data as tensors on a device. Its two functions compute in float32 what the compiled modules of
`tasks` compute, from the same minibatches, lane by lane, as batched products; autograd gives the gradients of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import log_softmax, softplus

from searches.optimizers.tasks.task import BIGRAM, LOGISTIC, PERCEPTRON, QUADRATIC, TRANSFORMER, Task
from searches.optimizers.twin.lanes import look_up, mean_loss, to_lanes

Tensor = torch.Tensor


@dataclass(frozen=True)
class Model:
    """A task's functions on parameter tensors [lanes, ..], those of `lanes.split`; both return one number a lane.

    loss        of a minibatch: loss(leaves, rows int64[orders, R], noise[orders, N]); its gradient has the noise added
    validation  validation(leaves), the score
    """

    loss: Callable[[list[Tensor], Tensor, Tensor], Tensor]
    validation: Callable[[list[Tensor]], Tensor]


def _tilted(loss: Tensor, weights: Tensor, noise: Tensor) -> Tensor:
    """The loss as it is, with a gradient that has the noise added."""
    tilt = (weights.view(len(noise), -1, noise.shape[1]) * noise[:, None]).sum(-1).flatten()
    return loss + tilt - tilt.detach()


def _perceptron(task: Task, integers: Tensor, reals: Tensor) -> Model:
    train, inputs = int(task.sizes[1]), int(task.sizes[4])
    x, labels = reals.reshape(-1, inputs), integers

    def logits(leaves: list[Tensor], x: Tensor) -> Tensor:
        for weight, bias in zip(leaves[:-2:2], leaves[1:-2:2], strict=True):
            x = torch.relu(torch.baddbmm(bias[:, None], x, weight.mT))
        return torch.baddbmm(leaves[-1][:, None], x, leaves[-2].mT)

    def loss(leaves: list[Tensor], rows: Tensor, noise: Tensor) -> Tensor:
        lanes = len(leaves[0])
        return mean_loss(logits(leaves, to_lanes(x[rows], lanes)), to_lanes(labels[rows], lanes))

    def validation(leaves: list[Tensor]) -> Tensor:
        return loss(leaves, torch.arange(train, len(x), device=x.device)[None], x)

    return Model(loss, validation)


def _bigram(task: Task, integers: Tensor, reals: Tensor) -> Model:
    batch, words = task.sizes.tolist()
    frequency = reals[1 : 1 + words].double()
    followers = integers.reshape(words, words)

    def loss(leaves: list[Tensor], rows: Tensor, noise: Tensor) -> Tensor:
        (table,) = leaves
        last, following = rows[:, :batch], rows[:, batch:]
        return _tilted(mean_loss(look_up(table, last), to_lanes(following, len(table))), table, noise)

    def validation(leaves: list[Tensor]) -> Tensor:
        (table,) = leaves
        model = log_softmax(table.double(), -1).gather(-1, followers.expand(len(table), -1, -1))
        return ((frequency.log() - model) @ frequency) @ frequency

    return Model(loss, validation)


def _quadratic(task: Task, integers: Tensor, reals: Tensor) -> Model:
    n = task.weights
    curvature, bottom = reals[1 : 1 + n * n].reshape(n, n), reals[1 + n * n :]

    def validation(leaves: list[Tensor]) -> Tensor:
        away = leaves[0] - bottom
        return 0.5 * (away @ curvature * away).sum(-1)

    def loss(leaves: list[Tensor], rows: Tensor, noise: Tensor) -> Tensor:
        return _tilted(validation(leaves), leaves[0], noise)

    return Model(loss, validation)


def _logistic(task: Task, integers: Tensor, reals: Tensor) -> Model:
    train, inputs = int(task.sizes[1]), int(task.sizes[3])
    x, sign = reals.reshape(-1, inputs), 2.0 * integers - 1.0

    def loss(leaves: list[Tensor], rows: Tensor, noise: Tensor) -> Tensor:
        weight, bias = leaves
        points, side = (to_lanes(values[rows], len(weight)) for values in (x, sign))
        return softplus(-side * ((points @ weight[..., None])[..., 0] + bias)).mean(-1)

    def validation(leaves: list[Tensor]) -> Tensor:
        return loss(leaves, torch.arange(train, len(x), device=x.device)[None], x)

    return Model(loss, validation)


def _transformer(task: Task, integers: Tensor, reals: Tensor) -> Model:
    from searches.optimizers.twin import transformer

    return Model(*transformer.model(task, integers, reals))


_MODELS: dict[int, Callable[[Task, Tensor, Tensor], Model]] = {
    TRANSFORMER: _transformer,
    PERCEPTRON: _perceptron,
    BIGRAM: _bigram,
    QUADRATIC: _quadratic,
    LOGISTIC: _logistic,
}


def model(task: Task, device: Any = "cpu") -> Model:
    """The task's functions, its data on that device."""

    def tensor(values: np.ndarray, dtype: torch.dtype) -> Tensor:
        return torch.as_tensor(values, device=device).to(dtype)

    return _MODELS[task.kind](task, tensor(task.integers, torch.int64), tensor(task.reals, torch.float32))
