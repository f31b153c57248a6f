"""Evaluators: what runs packed programs on rows of data. One protocol, one conformance battery, several makers.

    evaluator = numba_cpu.NumbaEvaluator(REAL, "float32")
    evaluator.outputs(packed, leaves)        # [P, R, N]
    evaluator.loss(packed, leaves, target)   # float64[P]

The conventions that every evaluator keeps (`conformance` tests them):

- IEEE 754 arithmetic in the evaluator's dtype, constants rounded to it; each primitive within its `ulp` on its domain.
- One row's results depend on that row alone, to the bit: not on the number of rows, programs or threads. (Those of a
  reduction, on the rows of its tensor or of all of them; their sums are taken in float64 in a fixed order.)
- NaN, infinities, zeros and subnormals are as `Primitive.nan` says or IEEE 754 has it, but: a subnormal argument may be
  taken for zero, a result near or below the least normal number may be zero, and a zero result of min, max, sin or tan
  may have either sign.
- `loss` is the mean squared error of result 0, +inf where that is not finite: a NaN or infinity in any row. Errors may
  be squared, and a few squares added, in the dtype: in float32 an error beyond 9e18 may make the loss infinite.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from primitives.packed import Packed
from primitives.primitive import AXES, PrimitiveSet


class Evaluator(Protocol):
    """Runs every program of a packed population on the same rows."""

    primitives: PrimitiveSet
    dtype: np.dtype

    def outputs(
        self,
        packed: Packed,
        leaves: np.ndarray,
        segments: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """All results: dtype[P, R, N] for leaves[n_leaves, N]. ValueError where `check_batch` objects.

        segments  int64[S+1], where the tensors begin that the rows are the elements of (see `Primitive`), and where
                  the last one ends; by default one tensor
        shape     the batch of images that the rows are the elements of, for primitives that reduce over its axes
        """
        ...

    def loss(
        self, packed: Packed, leaves: np.ndarray, target: np.ndarray, segments: np.ndarray | None = None
    ) -> np.ndarray:
        """Mean squared error of result 0 against target[N]: float64[P], +inf where it is not finite (see above)."""
        ...


def tensors(leaves: np.ndarray, segments: np.ndarray | None) -> np.ndarray:
    """The segments as int64[S+1]. ValueError where they do not cover the rows of leaves[n_leaves, N] in order."""
    rows = leaves.shape[1] if leaves.ndim == 2 else 0
    if segments is None:
        return np.array([0, rows], np.int64)
    out = np.ascontiguousarray(segments, np.int64)
    if out.ndim != 1 or len(out) < 2 or out[0] != 0 or out[-1] != rows or (np.diff(out) < 0).any():
        raise ValueError(f"the segments {out.tolist()} do not cover {rows} rows; they rise from 0 to {rows}")
    return out


def images(leaves: np.ndarray, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape of the batch of images whose elements are the rows of leaves[n_leaves, N]; by default one image of one
    row. ValueError where it has another number of elements or axes."""
    if shape is None:
        return (1, 1, 1, 1, leaves.shape[1])
    if len(shape) != len(AXES) or np.prod(shape) != leaves.shape[1]:
        raise ValueError(f"{leaves.shape[1]} rows are not the elements of an array {shape} of axes {', '.join(AXES)}")
    return tuple(shape)


def check_batch(primitives: PrimitiveSet, packed: Packed, leaves: np.ndarray, target: np.ndarray | None = None) -> None:
    """Raise ValueError where programs, leaves[n_leaves, N] and target[N] cannot belong together.

    What passes reads no memory but its own, whatever is wrong with it otherwise.
    """
    if leaves.ndim != 2:
        raise ValueError(f"leaves have shape {leaves.shape}; they are one row per leaf: [n_leaves, N]")
    if target is not None and target.shape != leaves.shape[1:]:
        raise ValueError(f"the target has shape {target.shape}; leaves of {leaves.shape[1]} rows need as many values")
    if not len(packed):
        return
    code, results = packed.code, packed.results
    # Few passes, since they cost a few per cent of a loss over 64 rows; unsigned, negative numbers are too large too.
    if packed.length.view(np.uint16).max() > code.shape[1]:
        raise ValueError(f"a program is longer than the {code.shape[1]} instructions that there is room for")
    if code.view(np.uint16)[:, :, 0].max(initial=0) >= len(primitives):
        raise ValueError(f"a program uses an opcode that this set of {len(primitives)} primitives lacks")
    least, end = -packed.const.shape[1], leaves.shape[0] + code.shape[1]
    largest = code.max(initial=0)  # opcodes are included first, for NumPy is quick on whole arrays
    if largest >= end:
        largest = code[:, :, 1:].max()
    if largest >= end or code.min(initial=0) < least or results.max() >= end or results.min() < least:
        raise ValueError(
            f"a program reads beyond the {leaves.shape[0]} leaves given, its own instructions and {-least} constants"
        )
