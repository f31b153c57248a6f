"""Evaluators: what runs packed programs on rows of data. One protocol, one conformance battery, several makers.

    evaluator = numba_cpu.NumbaEvaluator(REAL, "float32")
    evaluator.outputs(packed, leaves)        # [P, R, N]
    evaluator.loss(packed, leaves, target)   # float64[P]

The conventions that every evaluator keeps (`conformance` tests them):

- IEEE 754 arithmetic in the evaluator's dtype, constants rounded to it; each primitive within its `ulp` on its domain.
- One row's results depend on that row alone, to the bit: not on the number of rows, programs or threads.
- `loss` is the mean squared error of result 0. It is +inf where that is not finite: a NaN or infinity in any row.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from primitives.packed import Packed
from primitives.primitive import PrimitiveSet


class Evaluator(Protocol):
    """Runs every program of a packed population on the same rows."""

    primitives: PrimitiveSet
    dtype: np.dtype

    def outputs(self, packed: Packed, leaves: np.ndarray) -> np.ndarray:
        """All results: dtype[P, R, N] for leaves[n_leaves, N]."""
        ...

    def loss(self, packed: Packed, leaves: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Mean squared error of result 0 against target[N]: float64[P], +inf where it is not finite."""
        ...


def check_rows(packed: Packed, leaves: np.ndarray, target: np.ndarray | None = None) -> None:
    """Raise ValueError where the shapes of programs, leaves and target cannot belong together."""
    if leaves.ndim != 2:
        raise ValueError(f"leaves have shape {leaves.shape}; they are one row per leaf: [n_leaves, N]")
    if target is not None and target.shape != leaves.shape[1:]:
        raise ValueError(f"the target has shape {target.shape}; leaves of {leaves.shape[1]} rows need as many values")
    if len(packed):
        top = leaves.shape[0] + packed.code.shape[1]
        # The first test is the quick one: it reads on end and takes opcodes along.
        if (packed.code.max(initial=0) >= top and packed.code[:, :, 1:].max() >= top) or packed.results.max() >= top:
            raise ValueError(f"a program reads beyond the {leaves.shape[0]} leaves given and its own instructions")
