"""The reference evaluator: NumPy, one program after another, straight from the table. Slow and plain."""

from __future__ import annotations

import numpy as np

from primitives.evaluators import check_batch, images, tensors
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet


class ReferenceEvaluator:
    """Runs `Primitive.numpy`. In float64 it is what the other evaluators are compared with; float32 rounds every step,
    and is only as accurate as NumPy's float32 functions. Its loss is computed in float64 from the outputs."""

    def __init__(self, primitives: PrimitiveSet, dtype: str = "float64") -> None:
        self.primitives = primitives
        self.dtype = np.dtype(dtype)

    def outputs(
        self,
        packed: Packed,
        leaves: np.ndarray,
        segments: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """All results: dtype[P, R, N] for leaves[n_leaves, N]."""
        check_batch(self.primitives, packed, leaves)
        whole = {"segments": tensors(leaves, segments)}
        over = {"": {}, "leaf": whole, "tree": whole}
        axes = {"shape": images(leaves, shape)}
        leaves = np.asarray(leaves, self.dtype)
        n = leaves.shape[1]
        out = np.empty((len(packed), packed.results.shape[1], n), self.dtype)
        with np.errstate(all="ignore"):
            for p, (code, length, const, _, results) in enumerate(zip(*packed.arrays, strict=True)):
                values = list(leaves)
                for op, *arguments in code[:length].tolist():
                    primitive = self.primitives[op]
                    used = arguments[: primitive.arity]
                    chosen = [values[v] if v >= 0 else np.full(n, const[-1 - v], self.dtype) for v in used]
                    value = primitive.numpy(*chosen, **over.get(primitive.over, axes))
                    values.append(np.broadcast_to(np.asarray(value, self.dtype), n))
                for r, v in enumerate(results.tolist()):
                    out[p, r] = values[v] if v >= 0 else const[-1 - v]
        return out

    def loss(
        self, packed: Packed, leaves: np.ndarray, target: np.ndarray, segments: np.ndarray | None = None
    ) -> np.ndarray:
        """Mean squared error of result 0 against target[N]: float64[P], +inf where it is not finite."""
        check_batch(self.primitives, packed, leaves, target)
        with np.errstate(all="ignore"):
            error = np.mean((self.outputs(packed, leaves, segments)[:, 0].astype(np.float64) - target) ** 2, axis=1)
        return np.where(np.isfinite(error), error, np.inf)
