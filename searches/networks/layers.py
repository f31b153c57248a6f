"""Layers without weights of their own to multiply: norms, activations, softmax; forward and backward.

Activations lie in one flat float32 array `s`, feature by feature: feature k of token t at s[start + k*stride + t], for
`n` tokens, a multiple of LANES. So every loop here runs along the tokens and is vector code, with the same bits for
every token whatever its neighbours. Starts count numbers of `s`; nothing overlaps unless it is the same array.
"""

from __future__ import annotations

import numpy as np

from primitives.compiled import inlined, inner
from primitives.evaluators.intrinsics import select, sqrt, wide_vectors
from primitives.evaluators.vecmath import helpers
from searches.networks.products import LANES

_V = helpers("float32")
exp, log, maximum = _V.exp, _V.log, _V.maximum
F = np.float32
ONE, ZERO, HALF = F(1), F(0), F(0.5)
EPSILON = F(1e-5)  # added to the mean square by `rms_norm`
# GELU by tanh: x * sigmoid(SLOPE * (x + CUBIC * x^3)), SLOPE = 2 sqrt(2 / pi) (Hendrycks and Gimpel 2016)
SLOPE, CUBIC = F(1.5957691216057308), F(0.044715)
LOWEST = F(np.finfo(np.float32).min)


@inlined
def _length(n):
    """n, such that LLVM sees a multiple of LANES."""
    return np.uint64(n // LANES) * np.uint64(LANES)


@inner
def fill(s, at, value, n):
    """s[at : at + n] = value."""
    wide_vectors()
    a, n = np.uint64(at), np.uint64(n)
    for t in range(n):
        s[a + t] = value


@inner
def add_rows(s, out, a, b, rows, stride, n):
    """Row by row: out = a + b; `out` may be `a` or `b`."""
    wide_vectors()
    n = _length(n)
    for k in range(rows):
        o, x, y = np.uint64(out + k * stride), np.uint64(a + k * stride), np.uint64(b + k * stride)
        for t in range(n):
            s[o + t] = s[x + t] + s[y + t]


@inner
def rms_norm(s, x, unit, y, inverse, w, gain, rows, stride, n):
    """unit = x / sqrt(mean(x^2) + EPSILON) over the features, y = unit * gain; `inverse` holds 1 / sqrt(...).

    The gains are w[gain : gain + rows]. (Zhang and Sennrich 2019.)
    """
    wide_vectors()
    fill(s, inverse, ZERO, n)
    n = _length(n)
    i = np.uint64(inverse)
    for k in range(rows):
        a = np.uint64(x + k * stride)
        for t in range(n):
            s[i + t] += s[a + t] * s[a + t]
    scale = ONE / F(rows)
    for t in range(n):
        s[i + t] = ONE / sqrt(s[i + t] * scale + EPSILON)
    for k in range(rows):
        a, u, o = np.uint64(x + k * stride), np.uint64(unit + k * stride), np.uint64(y + k * stride)
        g = w[gain + k]
        for t in range(n):
            v = s[a + t] * s[i + t]
            s[u + t] = v
            s[o + t] = v * g


@inner
def rms_norm_backward(s, dy, unit, inverse, dx, mean, w, gain, rows, stride, n):
    """dx += the gradient with respect to x of `rms_norm`; `mean` is a row to work in. dy is spoiled.

    The gains' own gradient is the sum of dy * unit along each row, to be taken before.
    """
    wide_vectors()
    fill(s, mean, ZERO, n)
    n = _length(n)
    i, m = np.uint64(inverse), np.uint64(mean)
    scale = ONE / F(rows)
    for k in range(rows):
        d, u = np.uint64(dy + k * stride), np.uint64(unit + k * stride)
        g = w[gain + k]
        for t in range(n):
            v = s[d + t] * g
            s[d + t] = v
            s[m + t] += v * s[u + t]
    for t in range(n):
        s[m + t] *= scale
    for k in range(rows):
        d, u, o = np.uint64(dy + k * stride), np.uint64(unit + k * stride), np.uint64(dx + k * stride)
        for t in range(n):
            s[o + t] += s[i + t] * (s[d + t] - s[u + t] * s[m + t])


@inner
def gelu(s, x, y, rows, stride, n):
    """y = gelu(x) (the tanh form), and its derivative in the place of x."""
    wide_vectors()
    n = _length(n)
    for k in range(rows):
        a, o = np.uint64(x + k * stride), np.uint64(y + k * stride)
        for t in range(n):
            v = s[a + t]
            c = CUBIC * v * v
            gate = ONE / (ONE + exp(-(SLOPE * (v + v * c))))
            s[o + t] = v * gate
            s[a + t] = gate + v * gate * (ONE - gate) * (SLOPE * (ONE + F(3) * c))


@inner
def scale_rows(s, out, a, b, rows, stride, n):
    """Row by row: out = a * b; `out` may be `a` or `b`."""
    wide_vectors()
    n = _length(n)
    for k in range(rows):
        o, x, y = np.uint64(out + k * stride), np.uint64(a + k * stride), np.uint64(b + k * stride)
        for t in range(n):
            s[o + t] = s[x + t] * s[y + t]


@inner
def causal_softmax(s, x, place, most, total, scale, rows, stride, n):
    """x = softmax(scale * x) over the rows j that are not after the token: j <= place[t]; the others get 0.

    `most` and `total` are rows to work in.
    """
    wide_vectors()
    fill(s, most, LOWEST, n)
    fill(s, total, ZERO, n)
    n = _length(n)
    p, m, z = np.uint64(place), np.uint64(most), np.uint64(total)
    for j in range(rows):
        a, now = np.uint64(x + j * stride), F(j)
        for t in range(n):
            v = select(s[p + t] >= now, s[a + t] * scale, LOWEST)
            s[a + t] = v
            s[m + t] = maximum(s[m + t], v)
    for j in range(rows):
        a = np.uint64(x + j * stride)
        for t in range(n):
            v = exp(s[a + t] - s[m + t])
            s[a + t] = v
            s[z + t] += v
    for t in range(n):
        s[z + t] = ONE / s[z + t]
    for j in range(rows):
        a = np.uint64(x + j * stride)
        for t in range(n):
            s[a + t] *= s[z + t]


@inner
def softmax_backward(s, y, dy, mean, scale, rows, stride, n):
    """dy becomes the gradient with respect to x of y = softmax(scale * x) over rows; `mean` is a row to work in."""
    wide_vectors()
    fill(s, mean, ZERO, n)
    n = _length(n)
    m = np.uint64(mean)
    for j in range(rows):
        a, d = np.uint64(y + j * stride), np.uint64(dy + j * stride)
        for t in range(n):
            s[m + t] += s[a + t] * s[d + t]
    for j in range(rows):
        a, d = np.uint64(y + j * stride), np.uint64(dy + j * stride)
        for t in range(n):
            s[d + t] = scale * (s[a + t] * (s[d + t] - s[m + t]))


@inner
def cross_entropy(s, x, target, most, total, scale, rows, stride, n):
    """Sum over tokens of -log softmax(x)[target]; x becomes the gradient of `scale` times that.

    `target` is a row of whole numbers below `rows`; `most` and `total` are rows to work in.
    """
    wide_vectors()
    fill(s, most, LOWEST, n)
    fill(s, total, ZERO, n)
    tokens, n = n, _length(n)
    m, z = np.uint64(most), np.uint64(total)
    for v in range(rows):
        a = np.uint64(x + v * stride)
        for t in range(n):
            s[m + t] = maximum(s[m + t], s[a + t])
    loss = 0.0
    for t in range(tokens):
        # The difference first: beside huge logits that are all alike, the logarithm below would be lost.
        loss += np.float64(s[most + t]) - np.float64(s[x + np.int64(s[target + t]) * stride + t])
    for v in range(rows):
        a = np.uint64(x + v * stride)
        for t in range(n):
            e = exp(s[a + t] - s[m + t])
            s[a + t] = e
            s[z + t] += e
    for t in range(n):
        s[m + t] = log(s[z + t])
        s[z + t] = scale / s[z + t]
    for t in range(tokens):
        loss += np.float64(s[most + t])
    for v in range(rows):
        a = np.uint64(x + v * stride)
        for t in range(n):
            s[a + t] *= s[z + t]
    for t in range(tokens):
        s[x + np.int64(s[target + t]) * stride + t] -= scale
    return loss
