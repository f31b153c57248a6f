"""A perceptron with hidden layers (ReLU) that learns images with partly wrong labels, scored on right ones.

More weights than images, so that it can learn the wrong labels by heart: what generalises wins, not what descends
fastest. The score is cross-entropy rather than the share of errors: it moves with every weight, where 299 images give
steps of .3 %.

sizes     minibatch, training rows, validation rows, layers of weights, widths from the input to the classes
integers  labels of the training rows, then of the validation rows
reals     training rows, then validation rows, inputs numbers each
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from discover.errors import UserError
from primitives import philox
from primitives.compiled import inner
from searches.optimizers.tasks import dense
from searches.optimizers.tasks.data import digest, part_number, permutation, uniforms
from searches.optimizers.tasks.task import PERCEPTRON, Task

_BATCH, _TRAIN, _VALIDATION, _LAYERS, _WIDTHS = range(5)


@inner
def start(sizes, integers, reals, stream, w):
    """Weights normal with variance 2 / inputs (He), biases zero."""
    at = 0
    for layer in range(sizes[_LAYERS]):
        inputs, outputs = sizes[_WIDTHS + layer], sizes[_WIDTHS + layer + 1]
        scale = math.sqrt(2.0 / inputs)
        for i in range(inputs * outputs):
            w[at + i] = scale * philox.normal(stream)
        at += inputs * outputs
        dense.clear(w, at, outputs)
        at += outputs


@inner
def draw(sizes, integers, reals, stream, rows, noise):
    """Rows of the training data, with replacement."""
    for b in range(sizes[_BATCH]):
        rows[b] = philox.below(stream, sizes[_TRAIN])


@inner
def _forward(sizes, w, count, scratch):
    """All layers on `count` inputs at scratch[0]; a layer's output follows its input. Returns where the logits are."""
    at = x = 0
    for layer in range(sizes[_LAYERS]):
        inputs, outputs = sizes[_WIDTHS + layer], sizes[_WIDTHS + layer + 1]
        y = x + sizes[_BATCH] * inputs
        dense.forward(w, at, inputs, outputs, scratch, x, scratch, y, count)
        if layer + 1 < sizes[_LAYERS]:
            for i in range(np.uint64(y), np.uint64(y + count * outputs)):
                scratch[i] = max(scratch[i], np.float32(0))
        at += inputs * outputs + outputs
        x = y
    return x


@inner
def _backward(sizes, w, count, scratch, y, g):
    """The gradient, from that of the logits at scratch[y]. A layer's input gives way to the input's gradient."""
    at, end = 0, y + sizes[_BATCH] * sizes[_WIDTHS + sizes[_LAYERS]]
    for layer in range(sizes[_LAYERS]):
        at += (sizes[_WIDTHS + layer] + 1) * sizes[_WIDTHS + layer + 1]
    for done in range(sizes[_LAYERS]):
        layer = sizes[_LAYERS] - 1 - done
        inputs, outputs = sizes[_WIDTHS + layer], sizes[_WIDTHS + layer + 1]
        at -= (inputs + 1) * outputs
        x = y - sizes[_BATCH] * inputs
        dense.backward(w, g, at, inputs, outputs, scratch, x, scratch, y, count)
        if layer:
            for b in range(count):
                dense.backward_input(w, at, inputs, outputs, scratch, y, b, scratch, end)
                first = np.uint64(x + b * inputs)
                for i in range(np.uint64(inputs)):
                    open_gate = scratch[first + i] > np.float32(0)
                    scratch[first + i] = scratch[np.uint64(end) + i] if open_gate else np.float32(0)
        y = x


@inner
def gradient(sizes, integers, reals, rows, noise, w, scratch, g):
    """Mean cross-entropy of the minibatch, against the labels as they are; its gradient in g."""
    inputs, count = sizes[_WIDTHS], sizes[_BATCH]
    for b in range(count):
        dense.copy(reals, rows[b] * inputs, scratch, b * inputs, inputs)
    y = _forward(sizes, w, count, scratch)
    classes = sizes[_WIDTHS + sizes[_LAYERS]]
    total = 0.0
    share = np.float32(1) / np.float32(count)
    for b in range(count):
        total += dense.softmax_loss(scratch, y + b * classes, classes, integers[rows[b]], share)
    _backward(sizes, w, count, scratch, y, g)
    return total / count


@inner
def evaluate(sizes, integers, reals, w, scratch):
    """Mean cross-entropy of the validation rows."""
    inputs, classes = sizes[_WIDTHS], sizes[_WIDTHS + sizes[_LAYERS]]
    total, first, end = 0.0, sizes[_TRAIN], sizes[_TRAIN] + sizes[_VALIDATION]
    while first < end:
        count = min(sizes[_BATCH], end - first)
        dense.copy(reals, first * inputs, scratch, 0, count * inputs)
        y = _forward(sizes, w, count, scratch)
        for b in range(count):
            total += dense.softmax_loss(scratch, y + b * classes, classes, integers[first + b], np.float32(1))
        first += count
    return total / sizes[_VALIDATION]


DATA = ("digits", "breast_cancer", "wine", "iris")  # the classification data that scikit-learn ships
_KEY = 0x6D6C70  # of the split and of the wrong labels
_CLIP = 3.0  # standard deviations: digits' outermost pixels are nearly always zero, and 20 deviations where not


def _load(data: str) -> tuple[np.ndarray, np.ndarray]:
    """float64[N, inputs] and int64[N]: a data set of DATA."""
    if data not in DATA:
        raise UserError(f"the perceptron has no data {data!r}; it has {', '.join(DATA)}")
    try:
        from sklearn import datasets
    except ImportError:
        raise UserError(
            "the perceptron's data come with scikit-learn, which is not installed: pip install scikit-learn"
        ) from None
    images, labels = getattr(datasets, f"load_{data}")(return_X_y=True)
    return np.asarray(images, np.float64), np.asarray(labels, np.int64)


def third(n: int, number: int) -> np.ndarray:
    """The rows of a data set of n that are part `number` of three."""
    size = n // 3
    return permutation(_KEY, 0, n)[number * size : (number + 1) * size]


def perceptron_task(
    part: str, data: str = "digits", hidden: tuple[int, ...] = (64,), wrong: float = 0.3, batch: int = 32
) -> Task:
    """One third of a data set, half of it for training, with a share of the training labels replaced at random.

    Inputs are standardised by the training rows' mean and deviation, and clipped at 3 deviations.
    Raises UserError for an unknown part or data set, or where scikit-learn is absent.
    """
    number = part_number(part)
    images, labels = _load(data)
    chosen = third(len(images), number)
    size, classes = len(chosen), int(labels.max()) + 1
    x, y, n_train = images[chosen], labels[chosen], (size + 1) // 2
    mean, deviation = x[:n_train].mean(axis=0), x[:n_train].std(axis=0)
    x = np.clip((x - mean) / np.where(deviation > 0, deviation, 1.0), -_CLIP, _CLIP)
    replaced = uniforms(_KEY, 1 + number, n_train) < wrong
    y[:n_train][replaced] = (uniforms(_KEY, 4 + number, n_train) * classes).astype(np.int64)[replaced]
    widths = (x.shape[1], *hidden, classes)
    leaves: list[tuple[str, tuple[int, ...]]] = []
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        leaves += [(f"layer{layer}.weight", (outputs, inputs)), (f"layer{layer}.bias", (outputs,))]
    return Task(
        name=f"{data} perceptron, {wrong:.0%} wrong labels, {part}",
        kind=PERCEPTRON,
        sizes=np.array([batch, n_train, size - n_train, len(widths) - 1, *widths], np.int64),
        integers=y.astype(np.int32),
        reals=x.astype(np.float32).reshape(-1),
        leaves=tuple(leaves),
        rows=batch,
        noise=0,
        scratch=batch * sum(widths) + max(widths),
        source=f"scikit-learn load_{data}, SHA-256 {digest(images, labels)}",
    )
