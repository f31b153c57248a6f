"""Which device computes: `cpu`, or a GPU that this process can use; and what to do when its memory is full."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

LEAST_CAPABILITY = (8, 0)  # A100: what kernels are checked for
LEAST_MEMORY = 1 << 30  # free bytes
_EXTRA = "pip install 'discover-programs[cuda]'"


class DeviceError(ValueError):
    """A device that cannot be used, and what to do about it, in one line."""


@dataclass(frozen=True)
class Device:
    """Where scores are computed. `str(device)` is "cpu" or "cuda:N".

    name        as the driver says
    capability  compute capability, (0, 0) of a CPU
    memory      bytes, all of it; 0 of a CPU
    """

    kind: str = "cpu"
    index: int = 0
    name: str = "cpu"
    capability: tuple[int, int] = (0, 0)
    memory: int = 0

    def __str__(self) -> str:
        return "cpu" if self.kind == "cpu" else f"{self.kind}:{self.index}"

    @property
    def is_cuda(self) -> bool:
        """Whether it is a GPU."""
        return self.kind == "cuda"


CPU = Device()


def simulated() -> bool:
    """Whether Numba runs kernels in its simulator (NUMBA_ENABLE_CUDASIM=1), a thread at a time on the CPU."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def valid(text: str) -> bool:
    """Whether the text is one of auto, cpu, cuda, cuda:N."""
    return re.fullmatch(r"auto|cpu|cuda(:\d{1,4})?", text) is not None


def resolve(text: str) -> Device:
    """The device that `cpu`, `cuda` (the first one) or `cuda:N` names. Raises DeviceError where it cannot be used.

    In Numba's simulator every GPU there is, `cuda:0`, is a simulated one.
    """
    if text == "auto" or not valid(text):
        raise DeviceError(f"unknown device {text!r}; it is auto, cpu, cuda or cuda:N")
    if text == "cpu":
        return CPU
    index = int(text.partition(":")[2] or 0)
    if find_spec("numba_cuda") is None:
        raise DeviceError(f"{text} needs the extra cuda: {_EXTRA}, or take --device cpu")
    if simulated():
        if index:
            raise DeviceError(f"{text}: Numba's simulator has one device, cuda:0")
        return Device("cuda", 0, "Numba's simulator", (9, 0), 1 << 30)
    return _driver(index)


def choose(text: str) -> tuple[Device, str]:
    """`resolve`, but `auto` is the first GPU or else the CPU; and why it is not a GPU, where one was looked for."""
    if text != "auto":
        return resolve(text), ""
    try:
        return resolve("cuda"), ""
    except DeviceError as error:
        return CPU, str(error)


def told(text: str) -> Device:
    """`choose`; where "auto" finds no GPU, that is said on stderr."""
    device, why = choose(text)
    if why:
        print(f"discover: no GPU is used, the CPU is: {why}", file=sys.stderr)
    return device


def _driver(index: int) -> Device:
    """GPU number `index` as the driver has it, with a context of this process on it."""
    from numba import cuda

    try:
        count = len(cuda.gpus)
    except Exception as error:  # whatever a half-installed driver does
        raise DeviceError(
            f"cuda:{index}: no NVIDIA driver answers ({_first(error)}); install one, or take --device cpu"
        ) from None
    if index >= count:
        there = ", ".join(f"cuda:{i}" for i in range(count)) or "none (see CUDA_VISIBLE_DEVICES)"
        raise DeviceError(f"cuda:{index} is not there; this process sees {there}")
    try:
        context = cuda.select_device(index)
        gpu = cuda.get_current_device()
        free, memory = cuda.current_context().get_memory_info()
    except Exception as error:
        raise DeviceError(
            f"cuda:{index} is busy or cannot be used ({_first(error)}); free it, name another, or take --device cpu"
        ) from None
    del context
    name = gpu.name.decode() if isinstance(gpu.name, bytes) else str(gpu.name)
    device = Device("cuda", index, name, tuple(gpu.compute_capability), int(memory))
    check(device, int(free))
    return device


def _first(error: Exception) -> str:
    """The first sentence of what an error says."""
    return " ".join(str(error).split()).partition(". ")[0][:120].rstrip(": .")


def check(device: Device, free: int) -> None:
    """Raise DeviceError where a GPU is too old, or has too little memory that is free."""
    if device.capability < LEAST_CAPABILITY:
        have, need = (f"{a}.{b}" for a, b in (device.capability, LEAST_CAPABILITY))
        raise DeviceError(
            f"{device} ({device.name}) has compute capability {have}; {need} is the least: take another card, "
            "or --device cpu"
        )
    if free < LEAST_MEMORY:
        raise DeviceError(
            f"{device} ({device.name}) has {free / 2**30:.1f} GiB free, and {LEAST_MEMORY / 2**30:.0f} GiB is the "
            "least: free some, take another card, or --device cpu"
        )


def torch_device(device: Device) -> Any:
    """The torch device of a Device. Raises DeviceError where the torch that is installed knows no GPU."""
    import torch

    if device.is_cuda and simulated():
        return torch.device("cpu")
    if device.is_cuda and not torch.cuda.is_available():
        raise DeviceError(
            f"{device}: torch {torch.__version__} here is built without CUDA or finds no driver; install a CUDA build "
            "(see pytorch.org), or take --device cpu"
        )
    return torch.device(str(device))


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that the memory of a device is full: torch's, Numba's or the driver's."""
    name, text = type(error).__name__, str(error)
    return name in ("OutOfMemoryError", "CudaOutOfMemoryError") or (
        name in ("CudaAPIError", "RuntimeError", "CUDAError") and ("OUT_OF_MEMORY" in text or "out of memory" in text)
    )


class Batches:
    """Work on slices of n items, the largest that the memory of a device allows.

    Starts with `size` items a slice. Where memory is full, the slice is halved, that is said, and what fitted is kept
    to for the rest of this object's life. A single item that does not fit raises DeviceError.
    """

    def __init__(self, device: Device, size: int, what: str = "candidates", say: Callable[[str], None] | None = None):
        self.device, self.size, self.what = device, max(1, size), what
        self._say = say or (lambda text: print(f"discover: {text}", file=sys.stderr))

    def run(self, n: int, work: Callable[[slice], Any]) -> list[Any]:
        """What `work` returns for slices that together cover range(n), in order."""
        out, start = [], 0
        while start < n:
            part = slice(start, min(n, start + self.size))
            try:
                out.append(work(part))
                start = part.stop
                continue
            except Exception as error:
                if not out_of_memory(error):
                    raise
            # Not before here is what the failed batch held let go.
            taken = part.stop - part.start
            if taken == 1:
                raise DeviceError(f"{self.device}: out of memory for one of the {self.what}")
            self.size = taken // 2
            self._say(f"{self.device} is out of memory; from here on {self.size:,} {self.what} at a time")
            free_cached()
        return out


def free_cached() -> None:
    """Give memory that torch holds in reserve back to the device."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
