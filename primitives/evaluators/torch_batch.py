"""The torch evaluator: packed programs on tensors, on any device. Programs of one form run together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from primitives.evaluators import check_batch, images, tensors
from primitives.packed import Packed
from primitives.primitive import Primitive, PrimitiveSet

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor


# Rows are filled up to a multiple of this: torch on a CPU computes what is left over by the C library's functions, and
# gives other last bits there.
_VECTOR = 64


def groups(packed: Packed) -> list[np.ndarray]:
    """Indices of the programs that are equal but for the values of their constants, the first ones first."""
    members: dict[tuple[bytes, int, bytes], list[int]] = {}
    for p, (code, length, _, _, results) in enumerate(zip(*packed.arrays, strict=True)):
        members.setdefault((code.tobytes(), int(length), results.tobytes()), []).append(p)
    return [np.array(m) for m in members.values()]


def apply(
    primitive: Primitive, values: Sequence[Tensor], segments: Sequence[int], shape: tuple[int, ...] = ()
) -> Tensor:
    """A primitive with arguments on equal tensors [.., N]; a reduction along the last axis, in float64.

    The segments, or the elements of the shape, may end before N: a reduction is 0 beyond.
    """
    import torch

    assert primitive.torch is not None
    if not primitive.over:
        return primitive.torch(torch, *values)
    builder, full = primitive.torch, values[0].shape
    rows = [v.double().reshape(-1, full[-1]) for v in values]
    if primitive.over not in ("leaf", "tree"):
        n = math.prod(shape)
        batches = [v[:, :n].reshape(-1, *shape).movedim(0, 1) for v in rows]
        moments = builder(torch, *batches).expand(batches[0].shape).movedim(1, 0).reshape(-1, n)
        return torch.nn.functional.pad(moments, (0, full[-1] - n)).to(values[0].dtype).reshape(full)
    ends = segments if primitive.over == "leaf" else (segments[0], segments[-1])

    def reduced(*tensor: Tensor) -> Tensor:
        return builder(torch, *tensor).expand(tensor[0].shape)

    parts = [torch.func.vmap(reduced)(*(v[:, begin:end] for v in rows)) for begin, end in pairwise(ends)]
    whole = torch.nn.functional.pad(torch.cat(parts, 1), (0, full[-1] - segments[-1]))
    return whole.to(values[0].dtype).reshape(full)


def run(
    primitives: PrimitiveSet, group: Packed, leaves: Tensor, segments: Sequence[int], images: tuple[int, ...] = ()
) -> list[Tensor]:
    """All results of programs that are equal but for their constants.

    leaves    tensor [n_leaves, P, .., N]
    segments  where the tensors begin that the N numbers are the elements of, and where the last one ends
    images    the shape of the batch that they are the elements of
    """
    import torch

    shape = leaves.shape[1:]
    a_program = (-1,) + (1,) * (len(shape) - 1)
    constants: dict[int, Tensor] = {}

    def filled(numbers: Any) -> Tensor:
        # A whole tensor, since torch may divide by a single number as if it multiplied by its reciprocal.
        return torch.as_tensor(numbers, dtype=leaves.dtype, device=leaves.device).expand(shape).contiguous()

    def value(v: int) -> Tensor:
        if v >= 0:
            return values[v]
        if v not in constants:
            constants[v] = filled(torch.as_tensor(group.const[:, -1 - v]).reshape(a_program))
        return constants[v]

    values = list(leaves)
    for op, *arguments in group.code[0, : group.length[0]].tolist():
        primitive = primitives[op]
        used = [value(v) for v in arguments[: primitive.arity]]
        values.append(apply(primitive, used, segments, images) if used else filled(primitive.torch(torch)))  # type: ignore[misc]
    return [value(v) for v in group.results[0].tolist()]


class TorchEvaluator:
    """Runs `Primitive.torch` in float32 or float64 on a device. The loss is summed in float64.

    Raises ValueError for a primitive that has no spelling in torch.
    """

    def __init__(self, primitives: PrimitiveSet, dtype: str = "float32", device: Any = "cpu") -> None:
        self.primitives = primitives
        self.dtype = np.dtype(dtype)
        self.device = device
        for primitive in primitives:
            if primitive.torch is None:
                raise ValueError(f"{primitive.name} has no form in torch: {primitive.missing['torch']}")

    def _results(
        self, group: Packed, leaves: np.ndarray, segments: np.ndarray | None, shape: tuple[int, ...] | None = None
    ) -> list[Tensor]:
        import torch

        n = leaves.shape[1]
        rows = np.zeros((len(leaves), -(-n // _VECTOR) * _VECTOR), self.dtype)
        rows[:, :n] = leaves
        every = torch.as_tensor(rows, device=self.device)[:, None].expand(-1, len(group), -1).contiguous()
        ends = tensors(leaves, segments).tolist()
        return [r[:, :n] for r in run(self.primitives, group, every, ends, images(leaves, shape))]

    def outputs(
        self,
        packed: Packed,
        leaves: np.ndarray,
        segments: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """All results: dtype[P, R, N] for leaves[n_leaves, N]."""
        check_batch(self.primitives, packed, leaves)
        out = np.empty((len(packed), packed.results.shape[1], leaves.shape[1]), self.dtype)
        for members in groups(packed):
            for r, result in enumerate(self._results(packed[members], leaves, segments, shape)):
                out[members, r] = result.cpu().numpy()
        return out

    def loss(
        self, packed: Packed, leaves: np.ndarray, target: np.ndarray, segments: np.ndarray | None = None
    ) -> np.ndarray:
        """Mean squared error of result 0 against target[N]: float64[P], +inf where it is not finite."""
        import torch

        check_batch(self.primitives, packed, leaves, target)
        wanted = torch.as_tensor(np.asarray(target, np.float64), device=self.device)
        out = np.empty(len(packed), np.float64)
        for members in groups(packed):
            first = self._results(packed[members], leaves, segments)[0]
            out[members] = (first.double() - wanted).square().mean(-1).cpu().numpy()
        out[~np.isfinite(out)] = np.inf
        return out
