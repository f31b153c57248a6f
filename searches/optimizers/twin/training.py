"""The trainer in torch: tasks, weights and minibatches of `training`, all candidates at once, on any device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.func import grad_and_value, vmap

from primitives import philox
from primitives.compiled import outer
from primitives.evaluators import torch_batch
from primitives.hero import HERO
from primitives.packed import Packed
from searches.optimizers.tasks import kinds
from searches.optimizers.tasks.task import Task
from searches.optimizers.training import DRAWS, HOPELESS, WEIGHTS, schedule
from searches.optimizers.twin import tasks


@outer
def _start_all(kind, sizes, integers, reals, keys, weights):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    for o in range(len(keys)):
        philox.start(stream, keys[o], WEIGHTS, 0)
        kinds.start(kind, sizes, integers, reals, stream, weights[o])


@outer
def _draw_all(kind, sizes, integers, reals, keys, step, rows, noise):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    for o in range(len(keys)):
        philox.start(stream, keys[o], DRAWS, step)
        kinds.draw(kind, sizes, integers, reals, stream, rows[o], noise[o])


def initial(task: Task, keys: np.ndarray) -> np.ndarray:
    """float32[orders, n]: the weights that trainings of these keys start from."""
    weights = np.empty((len(keys), task.weights), np.float32)
    _start_all(task.kind, task.sizes, task.integers, task.reals, np.asarray(keys, np.uint64), weights)
    return weights


def minibatch(task: Task, keys: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """int32[orders, rows] and float32[orders, noise]: the minibatches of a step."""
    rows = np.empty((len(keys), task.rows), np.int32)
    noise = np.empty((len(keys), task.noise), np.float32)
    _draw_all(task.kind, task.sizes, task.integers, task.reals, np.asarray(keys, np.uint64), step, rows, noise)
    return rows, noise


def train(task: Task, packed: Packed, keys: np.ndarray, steps: int, warmup: int, device: Any = "cpu") -> np.ndarray:
    """What `training.train` computes, in torch: float64[P, orders], +inf where a training diverged.

    Programs are over HERO, with programs.SIGNATURE. Gradients are of all candidates and orders together; each program's
    update is its own, but that of programs which differ in constants only.
    """
    model = tasks.model(task, device)
    slopes = vmap(vmap(grad_and_value(model.loss)), in_dims=(0, None, None))
    start = torch.as_tensor(initial(task, keys), device=device)
    weights = start.expand(len(packed), *start.shape).clone()
    m, v = torch.zeros_like(weights), torch.zeros_like(weights)
    first, alive = None, torch.ones(weights.shape[:2], dtype=torch.bool, device=device)
    families = [(torch.as_tensor(g, device=device), packed[g]) for g in torch_batch.groups(packed)]
    segments = task.segments.tolist()
    for t, rate in enumerate(schedule(steps, warmup).tolist()):
        rows, noise = (torch.as_tensor(a, device=device) for a in minibatch(task, keys, t))
        g, loss = slopes(weights, rows.long(), noise)
        first = loss if first is None else first
        alive &= loss <= HOPELESS * first  # false for NaN
        lr = torch.full_like(weights, rate)
        for members, programs in families:
            leaves = torch.stack([tensor[members] for tensor in (weights, g, lr, m, v)])
            update, m[members], v[members] = torch_batch.run(HERO, programs, leaves, segments)
            weights[members] = leaves[0] - update
    # A program at a time: validation data may be a hundred minibatches.
    loss = torch.stack([vmap(model.validation)(w) for w in weights]).double()
    return torch.where(alive & loss.isfinite(), loss, torch.inf).cpu().numpy()
