"""Dense layers on flat arrays, forward and backward: what the perceptron and the linear models are made of.

A layer's weights lie as in torch: float32[outputs, inputs], then its bias, float32[outputs]. Every inner loop runs
along `inputs`, so that it becomes vector code. Arrays come with the offset at which the matrix begins.
"""

from __future__ import annotations

import numpy as np

from primitives.compiled import decorator, inlined, inner
from primitives.evaluators.vecmath import helpers

exp = helpers("float32").exp
log = helpers("float32").log


@decorator(_nrt=False, forceinline=True, fastmath={"reassoc", "contract"})
def dot(x, i, y, j, n):
    """Sum of x[i + k] * y[j + k] for k < n; the order of the sum is the compiler's, the same at every call."""
    i, j = np.uint64(i), np.uint64(j)
    total = np.float32(0)
    for k in range(np.uint64(n)):
        total += x[i + k] * y[j + k]
    return total


@inlined
def add_scaled(scale, x, i, y, j, n):
    """y[j + k] += scale * x[i + k] for k < n."""
    i, j = np.uint64(i), np.uint64(j)
    for k in range(np.uint64(n)):
        y[j + k] += scale * x[i + k]


@inlined
def copy(x, i, y, j, n):
    """y[j + k] = x[i + k] for k < n."""
    i, j = np.uint64(i), np.uint64(j)
    for k in range(np.uint64(n)):
        y[j + k] = x[i + k]


@inlined
def clear(y, j, n):
    """y[j + k] = 0 for k < n."""
    j = np.uint64(j)
    for k in range(np.uint64(n)):
        y[j + k] = np.float32(0)


@inner
def forward(w, at, inputs, outputs, x, i, y, j, count):
    """y[count, outputs] = x[count, inputs] W' + bias, for the layer at w[at]."""
    bias = at + outputs * inputs
    for b in range(count):
        for o in range(outputs):
            y[j + b * outputs + o] = w[bias + o] + dot(w, at + o * inputs, x, i + b * inputs, inputs)


@inner
def backward(w, g, at, inputs, outputs, x, i, d, j, count):
    """The gradient into g[at ..], from the input x[count, inputs] and the output's gradient d[count, outputs]."""
    bias = at + outputs * inputs
    clear(g, at, outputs * inputs + outputs)
    for b in range(count):
        for o in range(outputs):
            slope = d[j + b * outputs + o]
            g[bias + o] += slope
            add_scaled(slope, x, i + b * inputs, g, at + o * inputs, inputs)


@inner
def backward_input(w, at, inputs, outputs, d, j, row, e, k):
    """The input's gradient, e[k : k + inputs], for the output's gradient in row `row` of d[count, outputs]."""
    clear(e, k, inputs)
    for o in range(outputs):
        add_scaled(d[j + row * outputs + o], w, at + o * inputs, e, k, inputs)


@inner
def softmax_loss(y, j, classes, label, share):
    """Cross-entropy of the logits y[j : j + classes]; they become its gradient times `share`."""
    most = y[j]
    for c in range(1, classes):
        most = max(most, y[j + c])
    picked = y[j + label] - most
    total = np.float32(0)
    for c in range(classes):
        y[j + c] = exp(y[j + c] - most)
        total += y[j + c]
    scale = share / total
    for c in range(classes):
        y[j + c] *= scale
    y[j + label] -= share
    return np.float64(log(total) - picked)
