"""The tasks in torch, for one vector of weights: `torch.func.vmap` makes them losses of many.

A `Model` holds a task's data as tensors on a device. Its two functions compute in float32 what the compiled modules of
`tasks` compute, from the same minibatches; autograd gives the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, log_softmax, softplus

from searches.optimizers.tasks.task import BIGRAM, LOGISTIC, PERCEPTRON, QUADRATIC, TRANSFORMER, Task

Tensor = torch.Tensor


@dataclass(frozen=True)
class Model:
    """A task's functions: `loss(weights[n], rows[R], noise[N])` of a minibatch, `validation(weights[n])`, the score."""

    loss: Callable[[Tensor, Tensor, Tensor], Tensor]
    validation: Callable[[Tensor], Tensor]


def split(task: Task, weights: Tensor) -> list[Tensor]:
    """The parameter tensors that a vector of weights holds, in the order of task.leaves."""
    ends = task.segments.tolist()
    return [weights[a:b].reshape(shape) for (_, shape), (a, b) in zip(task.leaves, pairwise(ends), strict=True)]


def _tilted(loss: Tensor, weights: Tensor, noise: Tensor) -> Tensor:
    """The loss as it is, with a gradient that has the noise added."""
    tilt = weights @ noise
    return loss + tilt - tilt.detach()


def _perceptron(task: Task, integers: Tensor, reals: Tensor) -> Model:
    train, inputs = int(task.sizes[1]), int(task.sizes[4])
    x, labels = reals.reshape(-1, inputs), integers

    def logits(weights: Tensor, x: Tensor) -> Tensor:
        leaves = split(task, weights)
        for weight, bias in zip(leaves[:-2:2], leaves[1:-2:2], strict=True):
            x = torch.relu(x @ weight.T + bias)
        return x @ leaves[-2].T + leaves[-1]

    def loss(weights: Tensor, rows: Tensor, noise: Tensor) -> Tensor:
        return cross_entropy(logits(weights, x[rows]), labels[rows])

    def validation(weights: Tensor) -> Tensor:
        return cross_entropy(logits(weights, x[train:]), labels[train:])

    return Model(loss, validation)


def _bigram(task: Task, integers: Tensor, reals: Tensor) -> Model:
    batch, words = task.sizes.tolist()
    frequency = reals[1 : 1 + words].double()
    followers = integers.reshape(words, words)

    def loss(weights: Tensor, rows: Tensor, noise: Tensor) -> Tensor:
        mean = cross_entropy(weights.reshape(words, words)[rows[:batch]], rows[batch:])
        return _tilted(mean, weights, noise)

    def validation(weights: Tensor) -> Tensor:
        model = log_softmax(weights.reshape(words, words).double(), 1).gather(1, followers)
        return frequency @ ((frequency.log() - model) @ frequency)

    return Model(loss, validation)


def _quadratic(task: Task, integers: Tensor, reals: Tensor) -> Model:
    n = task.weights
    curvature, bottom = reals[1 : 1 + n * n].reshape(n, n), reals[1 + n * n :]

    def validation(weights: Tensor) -> Tensor:
        away = weights - bottom
        return 0.5 * (away @ curvature @ away)

    def loss(weights: Tensor, rows: Tensor, noise: Tensor) -> Tensor:
        return _tilted(validation(weights), weights, noise)

    return Model(loss, validation)


def _logistic(task: Task, integers: Tensor, reals: Tensor) -> Model:
    train, inputs = int(task.sizes[1]), int(task.sizes[3])
    x, sign = reals.reshape(-1, inputs), 2.0 * integers - 1.0

    def mean(weights: Tensor, x: Tensor, sign: Tensor) -> Tensor:
        return softplus(-sign * (x @ weights[:inputs] + weights[inputs])).mean()

    def loss(weights: Tensor, rows: Tensor, noise: Tensor) -> Tensor:
        return mean(weights, x[rows], sign[rows])

    def validation(weights: Tensor) -> Tensor:
        return mean(weights, x[train:], sign[train:])

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
