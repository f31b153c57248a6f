"""Training a batch of candidate optimizers, compiled: no Python between two steps, nor between two candidates."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from primitives import philox
from primitives.compiled import inner, outer
from primitives.evaluators.codegen import kernels
from primitives.evaluators.intrinsics import FOLD
from primitives.hero import HERO
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet
from searches.optimizers.tasks import kinds
from searches.optimizers.tasks.task import Task

_K = kernels(HERO, "float32")
W, G, LR, STATE = 0, 1, 2, 3  # leaves of programs.SIGNATURE; the states are the last two
LEAVES, RESULTS = 5, 3
WEIGHTS, DRAWS = 0, 1  # generations of a key's streams
HOPELESS = 10.0  # a minibatch loss this many times that of the first one ends a training


@inner
def _fill(values, n, w, offset):
    for i in range(np.uint64(n)):
        w[np.uint64(offset) + i] = values[i]


@inner
def _set(value, n, w, offset):
    for i in range(np.uint64(n)):
        w[np.uint64(offset) + i] = value


@inner
def _keep(out, row, n, w, offset):
    for i in range(np.uint64(n)):
        w[np.uint64(offset) + i] = out[row, i]


@inner
def _multiply(g, scale):
    for i in range(np.uint64(len(g))):
        g[i] *= scale


@inner
def _subtract(out, n, weights):
    for i in range(np.uint64(n)):
        weights[i] -= out[0, i]


@inner
def _train(
    kind, sizes, integers, reals, segments, key, scale, schedule, tape, immediate, end, stride, stream, rows, noise,
    scratch, weights, g, w, out, curve,
):  # fmt: skip
    """One training: the validation loss at its end, inf if it diverged; `curve` gets each step's loss."""
    n = segments[-1]
    philox.start(stream, key, WEIGHTS, 0)
    kinds.start(kind, sizes, integers, reals, stream, weights)
    _set(np.float32(0), n, w, STATE * stride)
    _set(np.float32(0), n, w, (STATE + 1) * stride)
    first = 0.0
    for t in range(len(schedule)):
        philox.start(stream, key, DRAWS, t)
        kinds.draw(kind, sizes, integers, reals, stream, rows, noise)
        loss = kinds.gradient(kind, sizes, integers, reals, rows, noise, weights, scratch, g)
        if t < len(curve):
            curve[t] = loss
        if t == 0:
            first = loss
        if not loss <= HOPELESS * first:
            return np.inf
        _multiply(g, scale)
        _fill(weights, n, w, W * stride)
        _fill(g, n, w, G * stride)
        _set(schedule[t], n, w, LR * stride)
        _K.advance(tape, immediate, end, w, n, segments, out)
        _subtract(out, n, weights)
        _keep(out, 1, n, w, STATE * stride)
        _keep(out, 2, n, w, (STATE + 1) * stride)
    loss = kinds.evaluate(kind, sizes, integers, reals, weights, scratch)
    return loss if np.isfinite(loss) else np.inf


@outer
def _train_all(
    kind, sizes, integers, reals, segments, n_rows, n_noise, n_scratch, code, length, const, results, keys, scales,
    schedule, losses, curves,
):  # fmt: skip
    L, C = code.shape[1], const.shape[1]
    n = segments[-1]
    stride = -(-n // FOLD) * FOLD + 48
    tape = np.zeros(5 * (3 * L + 2 * RESULTS), np.int32)
    immediate = np.zeros(3 * L + 2 * RESULTS, np.float32)
    where, alive = np.zeros(C + LEAVES + L, np.int32), np.zeros(C + LEAVES + L, np.int32)
    dies, free = np.zeros(3 * L, np.int32), np.zeros(L + 4, np.int32)
    w = _K.workspace(LEAVES + 1 + L + 4, stride)
    w[:] = np.float32(0)
    out = np.zeros((RESULTS, n), np.float32)
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    rows, noise = np.zeros(n_rows, np.int32), np.zeros(n_noise, np.float32)
    weights, g = np.zeros(n, np.float32), np.zeros(n, np.float32)
    room = np.zeros(n_scratch + 16, np.float32)
    scratch = room[(-room.ctypes.data % 64) // 4 :]
    for p in range(len(length)):
        end = _K.translate_program(
            code, length, const, results, p, LEAVES, stride, tape, immediate, where, alive, dies, free
        )
        for o in range(len(keys)):
            losses[p, o] = _train(
                kind, sizes, integers, reals, segments, keys[o], scales[o], schedule, tape, immediate, end, stride,
                stream, rows, noise, scratch, weights, g, w, out, curves[p, o],
            )  # fmt: skip


def schedule(steps: int, warmup: int) -> np.ndarray:
    """float32[steps]: linear warm-up to 1, then half a cosine to 0."""
    t = np.arange(steps)
    fall = 0.5 * (1.0 + np.cos(np.pi * (t - warmup) / max(steps - warmup, 1)))
    return np.where(t < warmup, (t + 1) / max(warmup, 1), fall).astype(np.float32)


@lru_cache
def _opcodes(primitives: PrimitiveSet) -> np.ndarray:
    """int16[n_ops]: the opcode in HERO of each primitive of a subset."""
    return np.array([HERO.opcode(p.name) for p in primitives], np.int16)


def in_hero(packed: Packed, primitives: PrimitiveSet) -> Packed:
    """Programs over a subset of HERO, with HERO's opcodes."""
    if primitives == HERO:
        return packed
    code = packed.code.copy()
    code[:, :, 0] = _opcodes(primitives)[code[:, :, 0]]
    used = np.arange(code.shape[1]) < packed.length[:, None]
    code[~used] = 0
    return Packed(code, packed.length, packed.const, packed.n_const, packed.results)


def gradient_scales(orders: int, octaves: int) -> np.ndarray:
    """float32[orders]: what the gradients are multiplied with, 2**octaves and 2**-octaves in turn.

    A loss may be counted in any unit: with octaves, a program must train well in small and in large ones.
    """
    return np.ldexp(np.float32(1), np.where(np.arange(orders) % 2, -octaves, octaves)).astype(np.float32)


def train(
    task: Task, packed: Packed, keys: np.ndarray, steps: int, warmup: int, curves: np.ndarray | None = None,
    octaves: int = 0,
) -> np.ndarray:  # fmt: skip
    """Train every program (over HERO, with programs.SIGNATURE) on every data order.

    keys: uint64[orders]; a key names the initial weights and the minibatches, the same for all programs.
    curves: float64[P, orders, steps], filled with the minibatch losses. octaves: see `gradient_scales`.
    Returns float64[P, orders]: the validation loss after the last step, +inf where the training diverged.
    """
    losses = np.empty((len(packed), len(keys)))
    if curves is None:
        curves = np.empty((len(packed), len(keys), 0))
    _train_all(
        task.kind, task.sizes, task.integers, task.reals, task.segments, task.rows, task.noise, task.scratch,
        packed.code, packed.length, packed.const, packed.results, np.asarray(keys, np.uint64),
        gradient_scales(len(keys), octaves), schedule(steps, warmup), losses, curves,
    )  # fmt: skip
    return losses
