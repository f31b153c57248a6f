"""An emulated GPU: code that launches kernels runs as it stands, and the emulator takes the place of the device.

    with emulated_gpu() as device:
        CudaEvaluator(REAL, "float32", device).loss(packed, leaves, target)

Kernels are compiled as for the device that is emulated, host code is that of a real one, arrays are in this process.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from numba import cuda

from primitives.gpu.compile import compile_for
from primitives.gpu.devices import Device
from primitives.gpu.emulator import Emulator
from primitives.gpu.emulator_memory import POISON
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet

_GUARD = 256  # bytes around an array that are nobody's; arrays begin at multiples of it
_emulators: dict[Any, Emulator] = {}
_allocated: weakref.WeakValueDictionary[int, DeviceArray] = weakref.WeakValueDictionary()


class DeviceArray(np.ndarray):
    """An array of an emulated GPU: NumPy's, with the methods of Numba's that host code uses."""

    def copy_to_host(self) -> np.ndarray:
        """A copy, as a plain array."""
        return np.array(self)

    def copy_to_device(self, values: Any) -> None:
        """Overwrite it."""
        self[...] = values

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**self.__array_interface__, "version": 3}


def device_array(shape: int | Sequence[int], dtype: Any = np.float64) -> DeviceArray:
    """Memory of the emulated GPU; nobody has written to it, so it holds NaN."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    raw = np.full(size + 3 * _GUARD, POISON, np.uint8)
    start = _GUARD + -(raw.ctypes.data + _GUARD) % _GUARD
    made = raw[start : start + size].view(kind).reshape(shape).view(DeviceArray)
    _allocated[id(made)] = made
    return made


def to_device(values: Any) -> DeviceArray:
    """A copy on the emulated GPU."""
    made = device_array(np.shape(values), np.asarray(values).dtype)
    made[...] = values
    return made


def _launch(configuration: Any, *arguments: Any) -> None:
    """In place of a launch by Numba: compile what it would compile, and emulate."""
    dispatcher = configuration.dispatcher
    plain = [np.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    signature = tuple(dispatcher.typeof_pyval(a) for a in plain)
    key = dispatcher, signature
    if key not in _emulators:
        _emulators[key] = Emulator(compile_for(dispatcher, signature, _CAPABILITY))
    reachable = [np.asarray(array) for array in _allocated.values()]
    _emulators[key].launch(
        tuple(configuration.griddim), tuple(configuration.blockdim), plain, configuration.sharedmem, reachable
    )


_CAPABILITY = (8, 0)


@contextmanager
def emulated_gpu() -> Iterator[Device]:
    """Numba's launches and allocations go to the emulator, in this process, until the end of the block."""
    from numba.cuda import dispatcher

    stand_ins: dict[str, Any] = {
        "to_device": to_device,
        "device_array": device_array,
        "as_cuda_array": lambda array, sync=True: array,
        "select_device": lambda number: None,
        "synchronize": lambda: None,
        "external_stream": lambda handle: 0,
    }
    with (
        patch.multiple(cuda, **stand_ins),
        patch.object(dispatcher._LaunchConfiguration, "__call__", _launch),
        patch.object(dispatcher.config, "CUDA_LOW_OCCUPANCY_WARNINGS", 0),
    ):
        yield Device("cuda", 0, "the PTX emulator", _CAPABILITY, 1 << 40)


class EmulatedEvaluator:
    """`primitives.evaluators.cuda.CudaEvaluator` on an emulated GPU: the kernels are compiled, not simulated."""

    def __init__(self, primitives: PrimitiveSet, dtype: str = "float32") -> None:
        from primitives.evaluators.cuda import CudaEvaluator

        self.primitives, self.dtype = primitives, np.dtype(dtype)
        with emulated_gpu() as device:
            self.cuda = CudaEvaluator(primitives, dtype, device)

    def outputs(
        self,
        packed: Packed,
        leaves: np.ndarray,
        segments: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """See `Evaluator.outputs`."""
        with emulated_gpu():
            return self.cuda.outputs(packed, leaves, segments, shape)

    def loss(
        self, packed: Packed, leaves: np.ndarray, target: np.ndarray, segments: np.ndarray | None = None
    ) -> np.ndarray:
        """See `Evaluator.loss`."""
        with emulated_gpu():
            return self.cuda.loss(packed, leaves, target, segments)
