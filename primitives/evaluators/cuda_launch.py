"""What a launch of the CUDA interpreter takes: sizes of blocks, and memory and streams of the caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda

from primitives.evaluators.cuda_codegen import SIZES
from primitives.evaluators.cuda_memory import SHARED, layout
from primitives.evaluators.cuda_tape import Tapes
from primitives.gpu.compile import SIMULATED
from primitives.gpu.devices import DeviceError

BLOCKS = (2,) if SIMULATED else SIZES  # threads


def launches(programs: Tapes, tensors: int, places: int = 0) -> list[tuple[int, int]]:
    """Threads of a block, and bytes of its shared memory, for every size of block that one of the programs needs.

    A program takes the largest in which it has room: it alone decides, and the kernels find the same.
    Raises DeviceError where one has no room in the smallest.
    """
    out = []
    reductions, slots = programs.needs.T
    left = np.ones(len(slots), bool)
    for threads in BLOCKS:
        size = layout(threads, places, reductions, tensors, slots)[1]
        mine = left & (size <= SHARED)
        if mine.any():
            out.append((threads, int(size[mine].max())))
        left &= ~mine
    if left.any():
        worst = int(np.where(left, size, 0).argmax())
        raise DeviceError(
            f"a program keeps {slots[worst]} values at once and {reductions[worst]} reductions of {tensors} tensors: "
            f"{-(-int(size[worst]) >> 10)} KiB of a GPU's shared memory in blocks of {BLOCKS[-1]} threads, which have "
            f"{SHARED >> 10}; use shorter programs"
        )
    return out


@dataclass(frozen=True)
class Tensor:
    """Memory of the device that belongs to the caller."""

    address: int
    shape: tuple[int, int]
    strides: tuple[int, int]  # in elements

    @staticmethod
    def of(value: Any, dtype: np.dtype) -> Tensor:
        """The tensor that an object says it is by the array interface. ValueError for another dtype."""
        interface = getattr(value, "__array_interface__" if SIMULATED else "__cuda_array_interface__", None)
        if interface is None:
            raise ValueError(f"a {type(value).__name__} is not an array on a GPU")
        if interface["typestr"] != dtype.str or len(interface["shape"]) != 2:
            raise ValueError(
                f"an array of {interface['typestr']} {tuple(interface['shape'])} is given; needed is one "
                f"of {dtype.str} [lanes, rows]"
            )
        lanes, n = interface["shape"]
        size = dtype.itemsize
        strides = interface.get("strides") or (n * size, size)
        return Tensor(interface["data"][0], (lanes, n), (strides[0] // size, strides[1] // size))


def array(value: Any) -> Any:
    """An array of the caller's for a kernel, without waiting."""
    return value if SIMULATED else cuda.as_cuda_array(value, sync=False)


def stream_of(handle: int) -> Any:
    """A stream of the caller's."""
    return cuda.external_stream(handle) if handle and not SIMULATED else 0
