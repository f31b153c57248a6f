"""The Numba evaluator: one compiled interpreter for any program of a primitive set, on one or more CPU cores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from primitives.evaluators import check_batch, tensors
from primitives.evaluators.codegen import kernels
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet


class NumbaEvaluator:
    """Runs packed programs in float32 or float64.

    The interpreter is compiled once per primitive set, dtype and machine, and then loaded from disk. Its kernels hold
    no lock: with `threads` > 1 the programs are shared out among threads. Results are the same for any number.
    Raises ValueError for another dtype or number of threads, and for a primitive that has no kernel.
    """

    def __init__(self, primitives: PrimitiveSet, dtype: str = "float32", threads: int = 1) -> None:
        self.primitives = primitives
        self.dtype = np.dtype(dtype)
        self.kernels = kernels(primitives, self.dtype.name)
        if threads < 1:
            raise ValueError(f"an evaluator needs at least one thread, not {threads}")
        self.threads = threads

    def outputs(
        self,
        packed: Packed,
        leaves: np.ndarray,
        segments: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """All results: dtype[P, R, N] for leaves[n_leaves, N]. Nothing compiled reduces over the axes of a shape."""
        check_batch(self.primitives, packed, leaves)
        rows, parts = self._array(leaves), tensors(leaves, segments)
        out = np.empty((len(packed), packed.results.shape[1], rows.shape[1]), self.dtype)
        self._share(len(packed), lambda part: self.kernels.run(*packed[part].arrays, rows, parts, out[part]))
        return out

    def loss(
        self, packed: Packed, leaves: np.ndarray, target: np.ndarray, segments: np.ndarray | None = None
    ) -> np.ndarray:
        """Mean squared error of result 0 against target[N]: float64[P], +inf where it is not finite."""
        check_batch(self.primitives, packed, leaves, target)
        rows, wanted, parts = self._array(leaves), self._array(target), tensors(leaves, segments)
        out = np.empty(len(packed), np.float64)
        self._share(len(packed), lambda part: self.kernels.loss(*packed[part].arrays, rows, parts, wanted, out[part]))
        return out

    def _array(self, values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values, self.dtype)

    def _share(self, size: int, work: Callable[[slice], Any]) -> None:
        """Call `work` on slices of range(size) that together cover it."""
        if self.threads == 1 or size < 2:
            if size:
                work(slice(0, size))
            return
        step = -(-size // (4 * self.threads))
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(work, (slice(first, first + step) for first in range(0, size, step))):
                pass
