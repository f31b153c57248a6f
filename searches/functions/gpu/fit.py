"""The fit of fit.fit on a GPU: for every phase a kernel, in which each start of each program has a thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from primitives.gpu.compile import SIMULATED
from primitives.gpu.devices import Batches, Device
from primitives.packed import Packed, Shape
from searches.functions.gpu import kernels
from searches.functions.gpu.prepare import INFO, prepare

BLOCK = 4 if SIMULATED else 64  # threads a block
SHARE = 4  # scratch takes this part of the device's memory at most, or less if that does not fit


class Fitter:
    """Fits programs of one problem with one effort, on one device.

    shape                                              capacity of the batches that will come
    role, points .. dense_target, magnitudes, effort   see fit.fit; magnitudes are (low, high)
    """

    def __init__(
        self, device: Device, shape: Shape, role: np.ndarray, points: np.ndarray, targets: np.ndarray,
        dense: np.ndarray, dense_target: np.ndarray, magnitudes: tuple[float, float], effort: np.ndarray,
    ) -> None:  # fmt: skip
        cuda.select_device(device.index)
        self._role, self._roots, self._magnitudes, self._effort = role, len(targets), magnitudes, effort.tolist()
        self._points, self._targets = cuda.to_device(points), cuda.to_device(targets)
        self._dense, self._dense_target = cuda.to_device(dense), cuda.to_device(dense_target)
        own, wide = self._scratch(shape.instructions, shape.constants)
        room = 8 * (own[0] * own[1] * self._effort[0] + wide[0] * wide[1])
        self._batches = Batches(device, device.memory // SHARE // room, "programs")

    def __call__(self, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float64[P], the largest relative error of each program on the dense points, and float64[P, C], its constants.

        keys  uint64[P]
        """
        error, fitted, order = np.empty(len(batch)), np.empty_like(batch.const), alike(batch)

        def some(part: slice) -> None:
            at = order[part]
            error[at], fitted[at] = self._fit(batch[at], keys[at])

        self._batches.run(len(batch), some)
        return error, fitted

    def _scratch(self, size: int, capacity: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Shapes of the scratch of a thread that fits, and of one that judges."""
        rows = capacity + 1 + size
        return kernels.scratch_shape(rows, capacity, len(self._points)), (rows, len(self._dense))

    def _fit(self, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n_start, n_short, short, n_long, long, lawson = self._effort
        n_short = min(n_short, n_start)
        n_long = min(n_long, n_short)
        programs, size, capacity = len(batch), max(1, int(batch.length.max())), max(1, int(batch.n_const.max()))
        tape, linear = np.zeros((programs, size, 3), np.int64), np.zeros((programs, capacity + 1), np.bool_)
        info, starts = np.empty((programs, INFO), np.int64), np.zeros((programs, n_start, capacity))
        prepare(
            *batch.arrays, self._role, self._roots, np.ascontiguousarray(keys, np.uint64), *self._magnitudes, tape,
            linear, info, starts,
        )  # fmt: skip
        order = np.repeat(np.arange(n_start)[None], programs, axis=0)
        fitted = np.ascontiguousarray(batch.const[:, :capacity])
        weight, error = np.ones((programs, len(self._points))), np.full(programs, np.inf)
        code = tuple(cuda.to_device(a) for a in (tape, linear, info))
        sampled, judged = (self._points, self._targets), (self._dense, self._dense_target)
        starts, order, weight, error, fitted = (cuda.to_device(a) for a in (starts, order, weight, error, fitted))
        cost = cuda.device_array((programs, n_start))
        shape, wide_shape = self._scratch(size, capacity)
        scratch, wide = cuda.device_array((*shape, programs * n_start)), cuda.device_array((*wide_shape, programs))

        def descend(n: int, iterations: int, tolerance: float, damping: float) -> None:
            _launch(
                kernels.descend, programs * n, scratch, *code, *sampled, weight, starts, order, cost, n, iterations,
                tolerance, damping,
            )  # fmt: skip

        def judge(n: int) -> None:
            _launch(kernels.judge, programs, wide, *code, *judged, starts, order, n, error, fitted)

        descend(n_start, 0, 0.0, 0.0)  # no step: only the constants that can be solved for
        _launch(kernels.select, programs, cost, order, n_start, n_short)
        descend(n_short, short, 1e-3, 1e-2)
        _launch(kernels.select, programs, cost, order, n_short, n_long)
        descend(n_long, long, 1e-5, 1e-8)
        _launch(kernels.select, programs, cost, order, n_long, n_long)
        judge(n_long)
        for i in range(lawson):
            arrays = (*sampled, weight, starts, order, error, fitted)
            _launch(kernels.reweigh, programs, scratch, *code, *arrays, i == 0)
            descend(1, 4, 1e-6, 1e-8)
            judge(1)
        out = batch.const.copy()
        out[:, :capacity] = fitted.copy_to_host()
        return error.copy_to_host(), out


def alike(batch: Packed) -> np.ndarray:
    """int64[P]: an order of the programs in which neighbours have the same operations, as far as can be: then they do
    not wait for one another where they branch."""
    ops = batch.code[:, :31, 0].astype(np.uint64)
    spelled = (ops << (2 * np.arange(ops.shape[1], dtype=np.uint64))).sum(axis=1)
    return np.lexsort((spelled, batch.n_const, batch.length))


def _launch(kernel: Any, tasks: int, *arguments: Any) -> None:
    kernel[-(-tasks // BLOCK), BLOCK](*arguments)
