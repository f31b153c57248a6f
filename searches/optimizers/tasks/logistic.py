"""Logistic regression on Gaussian points in two balanced classes: a negative control.

No feature, class or weight is rarer or larger than another, so nothing is gained by giving each its own step size.

sizes     minibatch, training rows, validation rows, inputs
integers  labels (0 or 1) of the training rows, then of the validation rows
reals     training rows, then validation rows, inputs numbers each
"""

from __future__ import annotations

import numpy as np

from primitives import philox
from primitives.compiled import inlined, inner
from searches.optimizers.tasks import dense
from searches.optimizers.tasks.data import digest, normals, part_number, uniforms
from searches.optimizers.tasks.task import LOGISTIC, Task

_BATCH, _TRAIN, _VALIDATION, _INPUTS = range(4)


@inner
def start(sizes, integers, reals, stream, w):
    """All zero: both classes equally likely."""
    dense.clear(w, 0, len(w))


@inner
def draw(sizes, integers, reals, stream, rows, noise):
    """Rows of the training data, with replacement."""
    for b in range(sizes[_BATCH]):
        rows[b] = philox.below(stream, sizes[_TRAIN])


@inlined
def _margin(sizes, integers, reals, row, w):
    """The logit, positive where it favours the row's label."""
    n = sizes[_INPUTS]
    logit = w[n] + dense.dot(w, 0, reals, row * n, n)
    return logit if integers[row] else -logit


@inlined
def _loss(margin):
    """log(1 + exp(-margin)), without overflow."""
    return dense.log(np.float32(1) + dense.exp(-abs(margin))) + max(-margin, np.float32(0))


@inner
def gradient(sizes, integers, reals, rows, noise, w, scratch, g):
    """Mean log-loss of the minibatch; its gradient in g."""
    n, batch = sizes[_INPUTS], sizes[_BATCH]
    dense.clear(g, 0, n + 1)
    total = 0.0
    for b in range(batch):
        row = rows[b]
        margin = _margin(sizes, integers, reals, row, w)
        total += _loss(margin)
        slope = np.float32(1) / ((np.float32(1) + dense.exp(margin)) * np.float32(batch))
        slope = -slope if integers[row] else slope
        dense.add_scaled(slope, reals, row * n, g, 0, n)
        g[n] += slope
    return total / batch


@inner
def evaluate(sizes, integers, reals, w, scratch):
    """Mean log-loss of the validation rows."""
    total = 0.0
    for row in range(sizes[_TRAIN], sizes[_TRAIN] + sizes[_VALIDATION]):
        total += _loss(_margin(sizes, integers, reals, row, w))
    return total / sizes[_VALIDATION]


_KEYS = (0x6C6F0001, 0x6C6F0002, 0x6C6F0003)  # of the parts


def logistic_task(part: str, inputs: int = 64, train: int = 1024, validation: int = 1024, batch: int = 32) -> Task:
    """Points labelled by a random direction, with logits of deviation 2. Raises UserError for an unknown part."""
    key, rows = _KEYS[part_number(part)], train + validation
    x, direction = normals(key, 0, rows, inputs), normals(key, 1, inputs)
    logits = x @ (2.0 * direction / np.linalg.norm(direction))
    labels = (uniforms(key, 2, rows) < 1.0 / (1.0 + np.exp(-logits))).astype(np.int32)
    reals = x.astype(np.float32).reshape(-1)
    return Task(
        name=f"balanced logistic regression, {part}",
        kind=LOGISTIC,
        sizes=np.array([batch, train, validation, inputs], np.int64),
        integers=labels,
        reals=reals,
        leaves=(("weight", (inputs,)), ("bias", (1,))),
        rows=batch,
        noise=0,
        scratch=1,
        source=f"generated from key {key:#x}, SHA-256 {digest(labels, reals)}",
    )
