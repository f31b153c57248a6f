"""Kernels of one function a thread: how they are launched, and what they return is brought back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import cuda

from primitives.compiled import closure
from primitives.gpu.compile import SIMULATED

THREADS = 128  # a block


def _unwrapped(array):
    return array._item._ary


# In the simulator a kernel's arrays are wrapped, and compiled functions take none that are.
plain = _unwrapped if SIMULATED else closure(lambda array: array)


def launch(kernel: Any, threads: int, *arguments: Any, shared: int = 0) -> None:
    """Run a kernel in at least so many threads (it is told how many); `shared` bytes of memory a block."""
    if threads:
        kernel[-(-threads // THREADS), THREADS, 0, shared](threads, *arguments)


def upload(array: np.ndarray) -> Any:
    """The array on the device."""
    return np.array(array) if SIMULATED else cuda.to_device(np.ascontiguousarray(array))


def empty(shape: int | Sequence[int], dtype: Any = np.float64) -> Any:
    """An array on the device, of anything."""
    return np.empty(shape, dtype) if SIMULATED else cuda.device_array(shape, dtype)


def fetch(array: Any) -> np.ndarray:
    """An array of the device, here."""
    return np.array(array) if SIMULATED else array.copy_to_host()
