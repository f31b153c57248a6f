"""The CUDA evaluator: one interpreter on a GPU for any program of a primitive set.

Needs the extra `cuda` and a device of `primitives.gpu.devices`; in Numba's simulator (NUMBA_ENABLE_CUDASIM=1) the same
kernels run on the CPU, slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numba import cuda, types

from primitives.evaluators import check_batch, tensors
from primitives.evaluators.codegen import DTYPES, _import
from primitives.evaluators.cuda_codegen import THREADS, TILES, advance_source, evaluate_source, rows
from primitives.evaluators.cuda_launch import BLOCKS, Tensor, array, launches, stream_of
from primitives.evaluators.cuda_tape import Tapes
from primitives.evaluators.cuda_translate import Translator, signature, translate_each
from primitives.evaluators.translate import LOSS, OUTPUT
from primitives.gpu.compile import SIMULATED, Compiled, compile_for
from primitives.gpu.devices import Batches, Device, DeviceError, resolve
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet

MOST_ROWS = 1 << 27  # a grid has 65,535 parts, and kernels count in 32 bits
FEW = 1 << 16  # programs at a time: their tapes take some 100 MB


@dataclass(frozen=True)
class Loaded:
    """Programs on the device, ready for `CudaEvaluator.advance`."""

    tapes: Tapes  # of the device
    n_leaves: int
    n_results: int


class CudaEvaluator:
    """Runs packed programs in float32 or float64 on one GPU.

    Elementwise results are the bits of `NumbaEvaluator`: the same bodies, rounded operation by operation. Sums (losses,
    reductions) are taken in float64 in another fixed order: a reduction's are within 1e-12 of each other (relative to
    the sum of absolute values), losses in float32 within 1e-5. The same programs and rows give the same bits in every
    run, on every device, in batches of any size.

    Many programs are translated on the GPU, few on the host. Where memory is full, fewer programs are run at a time,
    and that is said. Raises ValueError for another dtype and for a primitive that has no kernel, DeviceError for a CPU.
    """

    def __init__(self, primitives: PrimitiveSet, dtype: str = "float32", device: Device | None = None) -> None:
        self.primitives = primitives
        self.dtype = np.dtype(dtype)
        self.device = resolve("cuda") if device is None else device
        if not self.device.is_cuda:
            raise DeviceError(f"{self.device} is no GPU; a CudaEvaluator needs one")
        _check(primitives, dtype)
        self._batches = Batches(self.device, FEW, "programs")
        self._translate = Translator(primitives, self.dtype.name)
        self._segments: dict[bytes, Any] = {}

    @property
    def tile(self) -> int:
        """Rows that a block takes at once, at most."""
        return BLOCKS[0] * rows(self.dtype.name)

    def outputs(
        self,
        packed: Packed,
        leaves: np.ndarray,
        segments: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """All results: dtype[P, R, N] for leaves[n_leaves, N]. Nothing compiled reduces over the axes of a shape."""
        check_batch(self.primitives, packed, leaves)
        tensors(leaves, segments)
        out = np.empty((len(packed), packed.results.shape[1], leaves.shape[1]), self.dtype)

        def work(part: slice) -> None:
            out[part] = self._run(packed[part], leaves, None, segments).reshape(out[part].shape)

        if out.size:
            self._batches.run(len(packed), work)
        return out

    def loss(
        self, packed: Packed, leaves: np.ndarray, target: np.ndarray, segments: np.ndarray | None = None
    ) -> np.ndarray:
        """Mean squared error of result 0 against target[N]: float64[P], +inf where it is not finite."""
        check_batch(self.primitives, packed, leaves, target)
        tensors(leaves, segments)
        out = np.full(len(packed), np.inf)

        def work(part: slice) -> None:
            sums = self._run(packed[part], leaves, target, segments).reshape(len(out[part]), -1)
            total = np.zeros(len(sums))
            for column in sums.T:  # one after the other, whatever NumPy's order is
                total += column
            mean = total / leaves.shape[1]
            out[part] = np.where(np.isfinite(mean), mean, np.inf)

        if leaves.shape[1]:
            self._batches.run(len(packed), work)
        return out

    def load(self, packed: Packed, n_leaves: int) -> Loaded:
        """Translate programs of so many leaves, once, and keep them on the device."""
        self._activate()
        check_batch(self.primitives, packed, np.empty((n_leaves, 0)))
        return Loaded(self._translate(packed, n_leaves, OUTPUT), n_leaves, packed.results.shape[1])

    def advance(
        self,
        programs: Loaded,
        which: Any,
        leaves: Sequence[Any],
        out: Sequence[Any],
        segments: np.ndarray,
        stream: int = 0,
    ) -> None:
        """For every lane l run program which[l] (int32[B], on the device) on the lane's own rows.

        leaves    n_leaves arrays [B, N] of the device and of this dtype, with any strides
        out       n_results such arrays, or None where a result is not wanted; they may be leaves, but may overlap in no
                  other way. All leaves of a row are read before a result is written there
        segments  int64[S+1], the tensors of the N rows. New ones are copied to the device; known ones are not
        stream    handle of a CUDA stream

        Launches a kernel (one more for programs of many values), waits for nothing and allocates nothing (if the
        segments are known), so that a CUDA graph can record it. Programs that reduce run in one block a lane, once more
        for every reduction. Raises ValueError for arrays of other types or shapes, DeviceError for a program that has
        no room in shared memory.
        """
        self._activate()
        given = [Tensor.of(value, self.dtype) for value in leaves]
        wanted = [None if value is None else Tensor.of(value, self.dtype) for value in out]
        if len(given) != programs.n_leaves or len(wanted) != programs.n_results:
            raise ValueError(
                f"the programs have {programs.n_leaves} leaves and {programs.n_results} results; {len(given)} and "
                f"{len(wanted)} arrays are given"
            )
        there = [t for t in (*given, *wanted) if t is not None]
        if not there or len({t.shape for t in there}) > 1:
            raise ValueError(f"leaves and results have shapes {[t.shape for t in there]}; they are one [lanes, rows]")
        lanes, n = there[0].shape
        parts = tensors(np.empty((0, n)), segments)
        if not lanes or not n:
            return
        arguments: list[int] = []
        for tensor in (*given, *wanted):
            arguments += (tensor.address, *tensor.strides) if tensor is not None else (0, 0, 0)
        places, grid = 2 * (len(given) + len(wanted)), (lanes, self._parts(n))
        for threads, size in launches(programs.tapes, len(parts) - 1, places):
            kernel = _advance(self.primitives, self.dtype.name, programs.n_leaves, programs.n_results, threads)
            kernel[grid, threads, stream_of(stream), size](
                *_arrays(programs.tapes), array(which), self._known(parts), n, *arguments
            )

    def prepare(
        self,
        packed: Packed,
        leaves: np.ndarray,
        target: np.ndarray | None = None,
        segments: np.ndarray | None = None,
    ) -> tuple[Callable[[], None], Any]:
        """Translate programs and copy all there is to the device: a function that launches the kernels, and what they
        fill, on the device: results dtype[P * R * N], or with a target sums of squared errors float64[P * parts].
        """
        self._activate()
        (K, n), R = leaves.shape, packed.results.shape[1]
        parts = tensors(leaves, segments)
        made = self._translate(packed, K, OUTPUT if target is None else LOSS)
        needed = launches(made, len(parts) - 1)
        padded = n + self.tile
        data, wanted = np.zeros((K, padded), self.dtype), np.zeros(padded, self.dtype)
        data[:, :n] = leaves
        wanted[:n] = 0 if target is None else target
        sums = cuda.device_array(len(packed) * self._parts(n), np.float64)
        results = cuda.device_array(len(packed) * R * n if target is None else 1, self.dtype)
        arguments = (
            *_arrays(made), cuda.to_device(data.ravel()), padded, cuda.to_device(wanted), self._known(parts), n, R,
            results, sums,
        )  # fmt: skip
        grid = len(packed), self._parts(n)
        configured = [
            _evaluate(self.primitives, self.dtype.name, threads)[grid, threads, 0, size] for threads, size in needed
        ]

        def launch() -> None:
            for kernel in configured:
                kernel(*arguments)

        return launch, results if target is None else sums

    def _run(
        self, packed: Packed, leaves: np.ndarray, target: np.ndarray | None, segments: np.ndarray | None
    ) -> np.ndarray:
        """`prepare`, launch, and copy back."""
        launch, filled = self.prepare(packed, leaves, target, segments)
        launch()
        return np.asarray(filled.copy_to_host())

    def _activate(self) -> None:
        if not SIMULATED:
            cuda.select_device(self.device.index)

    def _parts(self, n: int) -> int:
        """Blocks that rows are shared out among: their number alone decides. ValueError for too many rows."""
        if n >= MOST_ROWS:
            raise ValueError(f"{n:,} rows are too many; {MOST_ROWS - 1:,} are the most on a GPU")
        return max(1, -(-n // (self.tile * TILES)))

    def _known(self, segments: np.ndarray) -> Any:
        """These segments on the device, copied there when first seen."""
        key = segments.tobytes()
        if key not in self._segments:
            self._segments[key] = cuda.to_device(segments)
        return self._segments[key]


def _arrays(made: Tapes) -> tuple[Any, Any, Any, int]:
    """What kernels take of the tapes."""
    return made.tape, made.immediate, made.facts.ravel(), made.capacity


def _check(primitives: PrimitiveSet, dtype: str) -> None:
    for primitive in primitives:
        if not primitive.kernel:
            raise ValueError(f"{primitive.name} has no compiled form: {primitive.missing['numba']}")
    if dtype not in DTYPES:
        raise ValueError(f"dtype {dtype!r} is not one of {', '.join(DTYPES)}")


@cache
def _evaluate(primitives: PrimitiveSet, dtype: str, threads: int) -> Any:
    return _import(evaluate_source(primitives, dtype, threads, BLOCKS[0]), dtype).evaluate


@cache
def _advance(primitives: PrimitiveSet, dtype: str, n_leaves: int, n_results: int, threads: int) -> Any:
    return _import(advance_source(primitives, dtype, n_leaves, n_results, threads, BLOCKS[0]), dtype).advance


def compiled(
    primitives: PrimitiveSet,
    dtype: str,
    capability: tuple[int, int],
    n_leaves: int = 3,
    n_results: int = 3,
    names: Sequence[str] = ("evaluate", "advance"),
) -> dict[str, Compiled]:
    """The kernels as compiled for a compute capability, by name; no device is needed. `advance` is for programs of
    n_leaves and n_results; there is a third, `translate`."""
    _check(primitives, dtype)
    F = types.float32 if dtype == "float32" else types.float64
    words, numbers = types.int32[::1], F[::1]
    size, offsets = types.int64, types.int64[::1]
    tape = (words, numbers, words, size)
    kernels = {
        "evaluate": lambda: (
            _evaluate(primitives, dtype, THREADS),
            (*tape, numbers, size, numbers, offsets, size, size, numbers, types.float64[::1]),
        ),
        "advance": lambda: (
            _advance(primitives, dtype, n_leaves, n_results, THREADS),
            (*tape, words, offsets, *[size] * (1 + 3 * (n_leaves + n_results))),
        ),
        "translate": lambda: (translate_each, signature(dtype)),
    }
    return {name: compile_for(*kernels[name](), capability) for name in names}
