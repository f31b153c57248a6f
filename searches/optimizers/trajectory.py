"""The updates that programs make over a few steps of given gradients, compiled: what they do, not how they train."""

from __future__ import annotations

import numpy as np

from primitives.compiled import inner, outer
from primitives.evaluators.codegen import kernels
from primitives.evaluators.intrinsics import FOLD
from primitives.evaluators.translate import CELLS
from primitives.hero import HERO
from primitives.packed import Packed

KERNELS = kernels(HERO, "float32")
STATES = 2  # m and v; results are the update and these
RESULTS = 1 + STATES
GRADIENT = 1  # of the inputs w, g, lr[, t]
NO_SLOT = -1


@inner
def walk(tape, immediate, end, w, stride, inputs, segments, scales, slot, factors, out, history):
    """Take one translated program through all steps, from state zero.

    inputs    float32[T, I, n]: the inputs of every step, each multiplied by scales[I]
    slot      what a state slot holds is multiplied by factors[t] (float32[T, n]) before step t; NO_SLOT: none
    history   float32[T, RESULTS, n]: filled with the results of every step
    """
    steps, n_inputs, n = inputs.shape
    for t in range(np.uint64(steps)):
        for v in range(np.uint64(n_inputs)):
            for i in range(np.uint64(n)):
                w[v * np.uint64(stride) + i] = inputs[t, v, i] * scales[v]
        for s in range(np.uint64(STATES)):
            offset = (np.uint64(n_inputs) + s) * np.uint64(stride)
            for i in range(np.uint64(n)):
                value = out[np.uint64(1) + s, i] if t > np.uint64(0) else np.float32(0)
                w[offset + i] = value * factors[t, i] if np.int64(s) == slot else value
        KERNELS.advance(tape, immediate, end, w, n, segments, out)
        for r in range(np.uint64(RESULTS)):
            for i in range(np.uint64(n)):
                history[t, r, i] = out[r, i]


@outer
def rooms(n, n_inputs, L, C):
    """Where programs are translated and run: tape, immediate, where, alive, dies, free, stride, workspace, out."""
    stride = -(-n // FOLD) * FOLD + 48
    leaves = n_inputs + STATES
    tape = np.zeros(CELLS * (3 * L + 2 * RESULTS), np.int32)
    immediate = np.zeros(3 * L + 2 * RESULTS, np.float32)
    where, alive = np.zeros(C + leaves + L, np.int32), np.zeros(C + leaves + L, np.int32)
    dies, free = np.zeros(3 * L, np.int32), np.zeros(L + 4, np.int32)
    w = KERNELS.workspace(leaves + 1 + L + 4, stride)
    w[:] = np.float32(0)
    return tape, immediate, where, alive, dies, free, stride, w, np.zeros((RESULTS, n), np.float32)


@outer
def _follow(code, length, const, results, inputs, segments, history):
    _, n_inputs, n = inputs.shape
    tape, immediate, where, alive, dies, free, stride, w, out = rooms(n, n_inputs, code.shape[1], const.shape[1])
    scales, factors = np.ones(n_inputs, np.float32), np.ones((1, 1), np.float32)
    for p in range(len(length)):
        end = KERNELS.translate_program(
            code, length, const, results, p, n_inputs + STATES, stride, tape, immediate, where, alive, dies, free
        )
        walk(tape, immediate, end, w, stride, inputs, segments, scales, NO_SLOT, factors, out, history[p])


def numbered(inputs: np.ndarray) -> np.ndarray:
    """Inputs w, g, lr with the number of the step beside them, 1 at the first: those of programs.STEPPED."""
    t = np.broadcast_to(np.arange(1.0, len(inputs) + 1)[:, None, None], (len(inputs), 1, inputs.shape[2]))
    return np.concatenate([inputs, t], axis=1).astype(np.float32)


def follow(packed: Packed, inputs: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """float32[P, T, RESULTS, n]: update, m and v after every step of programs over HERO, from state zero.

    inputs: float32[T, I, n], what the signature's inputs are at each step; segments: int64[S + 1], the tensors.
    """
    inputs = np.ascontiguousarray(inputs, np.float32)
    history = np.empty((len(packed), inputs.shape[0], RESULTS, inputs.shape[2]), np.float32)
    _follow(packed.code, packed.length, packed.const, packed.results, inputs, segments, history)
    return history
