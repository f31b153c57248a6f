"""Training tasks: their gradients are torch's, their parts are disjoint, and AdamW learns them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from primitives import philox
from primitives.compiled import outer
from searches.optimizers import torch_tasks
from searches.optimizers.tasks import bigram, logistic, perceptron, quadratic
from searches.optimizers.tasks.task import Task

BUILDERS: dict[str, Callable[..., Task]] = {
    "perceptron": perceptron.perceptron_task,
    "bigram": bigram.bigram_task,
    "quadratic": quadratic.quadratic_task,
    "logistic": logistic.logistic_task,
}
MODULES = {"perceptron": perceptron, "bigram": bigram, "quadratic": quadratic, "logistic": logistic}


def minibatch(name: str, task: Task, key: int, step: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Initial weights and a minibatch, as the trainer draws them."""
    start, draw = MODULES[name].start, MODULES[name].draw

    @outer
    def fill(sizes, integers, reals, key, step, w, rows, noise):
        stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
        philox.start(stream, key, 0, 0)
        start(sizes, integers, reals, stream, w)
        philox.start(stream, key, 1, step)
        draw(sizes, integers, reals, stream, rows, noise)

    w, rows, noise = np.empty(task.weights, np.float32), np.zeros(task.rows, np.int32), np.zeros(task.noise, np.float32)
    fill(task.sizes, task.integers, task.reals, np.uint64(key), step, w, rows, noise)
    return w, rows, noise


@pytest.mark.parametrize("name", BUILDERS)
def test_gradients_are_torchs(name: str) -> None:
    """Loss and gradient within 1e-5 of autograd's in float64, relative to the largest component of each."""
    task = BUILDERS[name]("search")
    w, rows, noise = minibatch(name, task, 1)
    w += np.random.default_rng(1).normal(size=w.shape).astype(np.float32) * 0.3
    g, scratch = np.full(task.weights, np.nan, np.float32), np.zeros(task.scratch, np.float32)
    loss = MODULES[name].gradient(task.sizes, task.integers, task.reals, rows, noise, w, scratch, g)
    score = MODULES[name].evaluate(task.sizes, task.integers, task.reals, w, scratch)
    model = torch_tasks.model(task)
    weights = torch.tensor(w, requires_grad=True)
    wanted = model.loss(weights, torch.tensor(rows).long(), torch.tensor(noise))
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-5)
    assert score == pytest.approx(model.validation(weights).item(), rel=1e-5)
    assert np.abs(g - weights.grad.numpy()).max() <= 1e-5 * np.abs(g).max()
