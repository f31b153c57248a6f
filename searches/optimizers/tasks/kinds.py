"""All kinds of task behind four compiled functions. A kind is a module that has them, with these signatures but `kind`.

start     the initial weights, float32[n], from a stream of `primitives.philox`
draw      a minibatch from a stream: int32[task.rows], float32[task.noise]
gradient  the minibatch's mean loss (float64); its gradient into g float32[n], which need not be clear
evaluate  the mean loss on the task's validation data (float64)
"""

from __future__ import annotations

from primitives.compiled import inner
from searches.optimizers.tasks import bigram, logistic, perceptron, quadratic, transformer
from searches.optimizers.tasks.task import BIGRAM, PERCEPTRON, QUADRATIC, TRANSFORMER


@inner
def start(kind, sizes, integers, reals, stream, w):
    """Initial weights."""
    if kind == TRANSFORMER:
        transformer.start(sizes, integers, reals, stream, w)
    elif kind == PERCEPTRON:
        perceptron.start(sizes, integers, reals, stream, w)
    elif kind == BIGRAM:
        bigram.start(sizes, integers, reals, stream, w)
    elif kind == QUADRATIC:
        quadratic.start(sizes, integers, reals, stream, w)
    else:
        logistic.start(sizes, integers, reals, stream, w)


@inner
def draw(kind, sizes, integers, reals, stream, rows, noise):
    """A minibatch."""
    if kind == TRANSFORMER:
        transformer.draw(sizes, integers, reals, stream, rows, noise)
    elif kind == PERCEPTRON:
        perceptron.draw(sizes, integers, reals, stream, rows, noise)
    elif kind == BIGRAM:
        bigram.draw(sizes, integers, reals, stream, rows, noise)
    elif kind == QUADRATIC:
        quadratic.draw(sizes, integers, reals, stream, rows, noise)
    else:
        logistic.draw(sizes, integers, reals, stream, rows, noise)


@inner
def gradient(kind, sizes, integers, reals, rows, noise, w, scratch, g):
    """The minibatch's loss and gradient."""
    if kind == TRANSFORMER:
        return transformer.gradient(sizes, integers, reals, rows, noise, w, scratch, g)
    if kind == PERCEPTRON:
        return perceptron.gradient(sizes, integers, reals, rows, noise, w, scratch, g)
    if kind == BIGRAM:
        return bigram.gradient(sizes, integers, reals, rows, noise, w, scratch, g)
    if kind == QUADRATIC:
        return quadratic.gradient(sizes, integers, reals, rows, noise, w, scratch, g)
    return logistic.gradient(sizes, integers, reals, rows, noise, w, scratch, g)


@inner
def evaluate(kind, sizes, integers, reals, w, scratch):
    """The validation loss."""
    if kind == TRANSFORMER:
        return transformer.evaluate(sizes, integers, reals, w, scratch)
    if kind == PERCEPTRON:
        return perceptron.evaluate(sizes, integers, reals, w, scratch)
    if kind == BIGRAM:
        return bigram.evaluate(sizes, integers, reals, w, scratch)
    if kind == QUADRATIC:
        return quadratic.evaluate(sizes, integers, reals, w, scratch)
    return logistic.evaluate(sizes, integers, reals, w, scratch)
