"""What a program does, told from a few steps on fixed gradients: cheap enough to be asked of every candidate.

Programs are over HERO, with programs.SIGNATURE.

Alive: the update depends on the gradient, and is finite although gradients are zero for some weights always, for some
at first, and for all of them on two steps.
Buffers are counted by meaning: a state slot counts if its values vary and if some later update changes when they are
multiplied by random factors (positive ones where the slot has but one sign). So `sign(m / sqrt(v))` has one.
The degree is the homogeneity degree of the update in the gradient, where the weights are zero (so that decay is out):
0 for sign and Adam updates, 1 for SGD.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator, Philox

from primitives.compiled import inner, outer
from primitives.packed import Packed
from searches.optimizers.trajectory import GRADIENT, KERNELS, NO_SLOT, RESULTS, STATES, rooms, walk

STEPS, WEIGHTS = 8, 64
SEGMENTS = np.array([0, 40, WEIGHTS])
TENSORS = ((0, 40), (40, WEIGHTS))
DEGREES = (-1, 0, 1, 2)
NO_DEGREE = 3
_SCALE = 16.0  # gradients are scaled up and down by this
_SAME = 1e-4  # relative; smaller changes of an update do not count
_CLOSE = 1e-2  # relative; a degree holds up to this
_NEGLIGIBLE = 1e-6  # of the largest update; smaller ones are not looked at
_RESCALED = (2, 5)  # before these steps


def _inputs(generator: Generator) -> np.ndarray:
    """float32[STEPS, 3, WEIGHTS]: weights that drift, gradients of several magnitudes and of either sign, schedule."""
    w = 0.1 * generator.normal(size=WEIGHTS) + 0.01 * generator.normal(size=(STEPS, WEIGHTS)).cumsum(axis=0)
    g = generator.normal(size=WEIGHTS) + generator.normal(size=(STEPS, WEIGHTS))
    g = np.copysign(np.clip(np.abs(g), 0.1, None), g) * np.exp2(generator.uniform(-8, -2, size=WEIGHTS))
    g[:, 0::8] = 0.0  # never any
    g[:3, 1::8] = 0.0  # not at first
    g[3:, 2::8] = 0.0  # no more
    g[3:5] = 0.0
    lr = np.broadcast_to(np.array([0.5, 1.0, 0.95, 0.85, 0.7, 0.5, 0.3, 0.1])[:, None], g.shape)
    return np.stack([w, g, lr], axis=1).astype(np.float32)


def _factors(generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    """float32[STEPS, WEIGHTS] twice: one but before some steps; positive, and of either sign."""
    positive = np.ones((STEPS, WEIGHTS), np.float32)
    for t in _RESCALED:
        positive[t] = np.exp2(generator.uniform(-6, 6, size=WEIGHTS))
    signed = positive.copy()
    for t in _RESCALED:
        signed[t] *= generator.choice([-1.0, 1.0], size=WEIGHTS)
    return positive, signed


_RANDOM = Generator(Philox(key=2))
INPUTS, OTHER = _inputs(_RANDOM), _inputs(_RANDOM)
OTHER[:, [0, 2]] = INPUTS[:, [0, 2]]
_POSITIVE, _SIGNED = _factors(_RANDOM)


@inner
def _largest(history):
    """The largest update; NaN or infinite if any is."""
    largest = np.float32(0)
    for t in range(history.shape[0]):
        for i in range(history.shape[2]):
            size = abs(history[t, 0, i])
            if not size <= largest:
                largest = size
                if not np.isfinite(size):
                    return size
    return largest


@inner
def _differ(a, b, largest):
    """Whether any update differs by more than rounding."""
    floor = np.float32(_NEGLIGIBLE) * largest
    for t in range(a.shape[0]):
        for i in range(a.shape[2]):
            x, y = a[t, 0, i], b[t, 0, i]
            if not abs(x - y) <= max(np.float32(_SAME) * max(abs(x), abs(y)), floor):
                return True
    return False


@inner
def _signs(history, result):
    """(whether the values of a result vary, over weights or steps; whether they have both signs)"""
    first = history[0, result, 0]
    varies, above, below = False, False, False
    for t in range(history.shape[0]):
        for i in range(history.shape[2]):
            x = history[t, result, i]
            varies |= not abs(x - first) <= np.float32(_NEGLIGIBLE) * max(abs(x), abs(first))
            above |= x > 0
            below |= x < 0
    return varies, above and below


@inner
def _scaled(a, b, factor, largest):
    """Whether b = factor * a, to a tolerance."""
    for t in range(a.shape[0]):
        for i in range(a.shape[2]):
            wanted = a[t, 0, i] * factor
            allowed = np.float32(_CLOSE) * abs(wanted) + np.float32(_NEGLIGIBLE) * largest * factor
            if not abs(b[t, 0, i] - wanted) <= allowed:
                return False
    return True


@outer
def _describe(code, length, const, results, inputs, segments, positive, signed, found):
    steps, n_inputs, n = inputs.shape
    tape, immediate, where, alive, dies, free, stride, w, out = rooms(n, n_inputs, code.shape[1], const.shape[1])
    whole, light = np.ones(n_inputs, np.float32), np.zeros(n_inputs, np.float32)
    light[2] = np.float32(1)
    first, other = np.empty((steps, RESULTS, n), np.float32), np.empty((steps, RESULTS, n), np.float32)
    third = np.empty((steps, RESULTS, n), np.float32)
    for p in range(len(length)):
        end = KERNELS.translate_program(
            code, length, const, results, p, n_inputs + STATES, stride, tape, immediate, where, alive, dies, free
        )
        walk(tape, immediate, end, w, stride, inputs, segments, whole, NO_SLOT, positive, out, first)
        largest = _largest(first)
        found[p, 0] = 0
        for slot in range(STATES):
            varies, both = _signs(first, 1 + slot)
            if varies:
                factors = signed if both else positive
                walk(tape, immediate, end, w, stride, inputs, segments, whole, slot, factors, out, other)
                found[p, 0] += _differ(first, other, largest)
        light[GRADIENT] = np.float32(1)
        walk(tape, immediate, end, w, stride, inputs, segments, light, NO_SLOT, positive, out, first)
        largest = _largest(first)
        found[p, 1] = NO_DEGREE
        if largest == np.float32(0) or not np.isfinite(largest):
            continue
        light[GRADIENT] = np.float32(1.0 / _SCALE)
        walk(tape, immediate, end, w, stride, inputs, segments, light, NO_SLOT, positive, out, other)
        light[GRADIENT] = np.float32(_SCALE)
        walk(tape, immediate, end, w, stride, inputs, segments, light, NO_SLOT, positive, out, third)
        for d in DEGREES:
            up = np.float32(_SCALE**d)
            if _scaled(first, other, np.float32(1) / up, largest) and _scaled(first, third, up, largest):
                found[p, 1] = d
                break


@outer
def _alive(code, length, const, results, inputs, changed, segments, found):
    steps, n_inputs, n = inputs.shape
    tape, immediate, where, alive, dies, free, stride, w, out = rooms(n, n_inputs, code.shape[1], const.shape[1])
    scales, factors = np.ones(n_inputs, np.float32), np.ones((1, 1), np.float32)
    first, other = np.empty((steps, RESULTS, n), np.float32), np.empty((steps, RESULTS, n), np.float32)
    for p in range(len(length)):
        end = KERNELS.translate_program(
            code, length, const, results, p, n_inputs + STATES, stride, tape, immediate, where, alive, dies, free
        )
        walk(tape, immediate, end, w, stride, inputs, segments, scales, NO_SLOT, factors, out, first)
        largest = _largest(first)
        found[p] = False
        if np.isfinite(largest):
            walk(tape, immediate, end, w, stride, changed, segments, scales, NO_SLOT, factors, out, other)
            found[p] = np.isfinite(_largest(other)) and _differ(first, other, largest)


def describe(packed: Packed) -> np.ndarray:
    """int64[P, 2] of programs over HERO: buffers by meaning (0 to 2), and the degree (one of DEGREES, or NO_DEGREE)."""
    found = np.zeros((len(packed), 2), np.int64)
    code, length, const, _, results = packed.arrays
    _describe(code, length, const, results, INPUTS, SEGMENTS, _POSITIVE, _SIGNED, found)
    return found


def alive(packed: Packed) -> np.ndarray:
    """bool[P] of programs over HERO: the update depends on the gradient, and stays finite where there is none."""
    found = np.zeros(len(packed), np.bool_)
    code, length, const, _, results = packed.arrays
    _alive(code, length, const, results, INPUTS, OTHER, SEGMENTS, found)
    return found
