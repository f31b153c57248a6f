"""The reference evaluator: NumPy float64, one program after another, straight from the table. Slow and plain."""

from __future__ import annotations

import numpy as np

from primitives.evaluators import check_rows
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet


class ReferenceEvaluator:
    """Runs `Primitive.numpy`. It is what the other evaluators are compared with."""

    def __init__(self, primitives: PrimitiveSet, dtype: str = "float64") -> None:
        if dtype != "float64":
            raise ValueError(f"the reference computes in float64, not {dtype}")
        self.primitives = primitives
        self.dtype = np.dtype(dtype)

    def outputs(self, packed: Packed, leaves: np.ndarray) -> np.ndarray:
        """All results: float64[P, R, N]."""
        check_rows(packed, leaves)
        leaves = np.asarray(leaves, np.float64)
        n = leaves.shape[1]
        out = np.empty((len(packed), packed.results.shape[1], n))
        with np.errstate(all="ignore"):
            for p, (code, length, const, _, results) in enumerate(zip(*packed.arrays, strict=True)):
                values = list(leaves)
                for op, *arguments in code[:length].tolist():
                    primitive = self.primitives[op]
                    chosen = [
                        values[v] if v >= 0 else np.full(n, const[-1 - v]) for v in arguments[: primitive.arity]
                    ]
                    values.append(primitive.numpy(*chosen))
                for r, v in enumerate(results.tolist()):
                    out[p, r] = values[v] if v >= 0 else const[-1 - v]
        return out

    def loss(self, packed: Packed, leaves: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Mean squared error of result 0: float64[P], +inf where it is not finite."""
        check_rows(packed, leaves, target)
        with np.errstate(all="ignore"):
            error = np.mean((self.outputs(packed, leaves)[:, 0] - target) ** 2, axis=1)
        return np.where(np.isfinite(error), error, np.inf)
