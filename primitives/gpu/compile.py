"""Kernels for NVIDIA GPUs: how they are compiled, for the device at hand or, to be looked at, without one.

Arithmetic is IEEE 754's, operation by operation, as on the CPU: NVVM is told not to contract a product and a sum into
one rounding, where Numba has no option for that. What a kernel and a compiled CPU function share, down to
`primitives.evaluators.vecmath`, then gives the same bits on both. Fused multiply-adds are those that are written.

Needs the extra `cuda`; import it only where that is known to be there (see `devices`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from types import SimpleNamespace
from typing import Any

from numba import cuda

from primitives.compiled import sources
from primitives.gpu.ranges import plain_ranges

SIMULATED = bool(getattr(cuda.config, "ENABLE_CUDASIM", 0))
CAPABILITIES = ((8, 0), (9, 0))  # what kernels are compiled for in the tests: A100, H100
_MARK = "_discover_exact"


def _without_contraction() -> None:
    """Wrap Numba's compiler of kernels: those of `kernel` below are compiled with -fma=0."""
    from numba.cuda import compiler, dispatcher

    original = compiler.compile_cuda
    if getattr(original, _MARK, False):
        return

    @wraps(original)
    def compile_cuda(function: Any, *arguments: Any, nvvm_options: Any = None, **more: Any) -> Any:
        options = dict(nvvm_options or {})
        if getattr(function, _MARK, False):
            options["fma"] = 0
        return original(function, *arguments, nvvm_options=options, **more)

    setattr(compile_cuda, _MARK, True)
    compiler.compile_cuda = dispatcher.compile_cuda = compile_cuda


cuda.config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # that a launch is small is no news to a search
if not SIMULATED:
    _without_contraction()
    plain_ranges()


def kernel(function: Callable[..., None]) -> Any:
    """`cuda.jit` for a kernel: exact arithmetic, cached on disk under a stamp of all sources (see `compiled`)."""
    return _cached(function, sources(function))


def generated(function: Callable[..., None]) -> Any:
    """The same for a kernel of a generated module. A hash of its text names that one; what it calls may change."""
    return _cached(function, sources(_cached))


def _cached(function: Callable[..., None], stamp: tuple[str, str]) -> Any:
    setattr(function, _MARK, True)
    compiled = cuda.jit(function, cache=True)
    file = getattr(getattr(getattr(compiled, "_cache", None), "_impl", None), "locator", None)
    if file is not None:  # Numba's cache would not notice a change in another file
        stored = compiled._cache._cache_file
        stored._source_stamp = stored._source_stamp, stamp
    return compiled


@dataclass(frozen=True)
class Compiled:
    """A kernel compiled for a compute capability, and what the assembler says of it.

    registers  a thread
    local      bytes of local memory a thread: stack frame, spills; 0 where all is in registers
    shared     bytes of statically allocated shared memory a block
    """

    name: str
    ptx: str
    cubin: bytes
    registers: int
    local: int
    shared: int


def compile_for(function: Any, signature: Sequence[Any], capability: tuple[int, int]) -> Compiled:
    """Compile a kernel (what `kernel` returned) for a signature of Numba types. No device, no driver is needed."""
    return _compile_for(function, tuple(signature), capability)


@cache
def _compile_for(function: Any, signature: tuple[Any, ...], capability: tuple[int, int]) -> Compiled:
    from numba.cuda import dispatcher

    python = getattr(function, "py_func", function)
    original = dispatcher.get_current_device
    # Functions that a kernel calls are compiled for the current device; here it is one that we make up.
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=capability)
    try:
        ptx, _ = cuda.compile_ptx(python, signature, cc=capability)
    finally:
        dispatcher.get_current_device = original
    return assemble(ptx, capability)


def assemble(ptx: str, capability: tuple[int, int]) -> Compiled:
    """Machine code of a module of one kernel. Raises ValueError with what the assembler says."""
    from cuda.bindings import nvjitlink

    data = ptx.encode()
    handle = nvjitlink.create(3, [f"-arch=sm_{capability[0]}{capability[1]}", "-verbose", "-Xptxas=-v"])
    try:
        nvjitlink.add_data(handle, nvjitlink.InputType.PTX, data, len(data), "kernel")
        nvjitlink.complete(handle)
    except Exception:
        raise ValueError(_text(nvjitlink.get_error_log_size, nvjitlink.get_error_log, handle)) from None
    said = _text(nvjitlink.get_info_log_size, nvjitlink.get_info_log, handle)
    cubin = bytearray(nvjitlink.get_linked_cubin_size(handle))
    nvjitlink.get_linked_cubin(handle, cubin)
    nvjitlink.destroy(handle)
    registers = [int(n) for n in re.findall(r"Used (\d+) registers", said)]
    frames = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", said)
    shared = [int(n) for n in re.findall(r"(\d+) bytes smem", said)]
    (name,) = re.findall(r"\.visible \.entry (\w+)", ptx)
    return Compiled(
        name, ptx, bytes(cubin), max(registers), max(int(n) for frame in frames for n in frame), max(shared, default=0)
    )


def _text(size: Callable[[Any], int], read: Callable[[Any, Any], None], handle: Any) -> str:
    buffer = bytearray(size(handle))
    read(handle, buffer)
    return buffer.decode(errors="replace").rstrip("\x00")
