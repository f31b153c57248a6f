"""What applies the candidates' programs to all lanes of a step: torch, form by form, or the interpreter on the GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from primitives.evaluators import torch_batch
from primitives.hero import HERO
from primitives.packed import Packed
from searches.optimizers.programs import SIGNATURE

if TYPE_CHECKING:
    from primitives.evaluators.cuda import CudaEvaluator

Tensor = torch.Tensor
# update(leaves, out): from w, g, lr, m, v to update, m, v, all float32[lanes, n]; lr may have stride 0, and the m and v
# of `out` are those of `leaves`.
Updater = Callable[[list[Tensor], list[Tensor]], None]


def by_torch(packed: Packed, lanes: int, segments: np.ndarray) -> Updater:
    """On the CPU: programs that differ in constants only run together, the others one after another."""
    orders = lanes // len(packed)
    families = []
    for group in torch_batch.groups(packed):
        members = (np.arange(orders)[:, None] * len(packed) + group).reshape(-1)
        families.append((torch.as_tensor(members), packed[np.tile(group, orders)]))
    ends = segments.tolist()

    def update(leaves: list[Tensor], out: list[Tensor]) -> None:
        for members, programs in families:
            results = torch_batch.run(HERO, programs, torch.stack([leaf[members] for leaf in leaves]), ends)
            for target, result in zip(out, results, strict=True):
                target[members] = result

    return update


def by_interpreter(evaluator: CudaEvaluator, packed: Packed, lanes: int, segments: np.ndarray) -> Updater:
    """All lanes in one launch, on torch's memory and torch's current stream.

    In Numba's simulator the tensors are the CPU's, and the interpreter works on them as NumPy arrays.
    """
    from primitives.gpu.devices import torch_device

    device = torch_device(evaluator.device)
    programs = evaluator.load(packed, len(SIGNATURE.leaves))
    which = _shared(torch.arange(len(packed), dtype=torch.int32, device=device).repeat(lanes // len(packed)))

    def update(leaves: list[Tensor], out: list[Tensor]) -> None:
        stream = torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0
        evaluator.advance(programs, which, [*map(_shared, leaves)], [*map(_shared, out)], segments, stream)

    return update


def _shared(tensor: Tensor) -> Any:
    """The same memory as an array that Numba takes."""
    return tensor if tensor.is_cuda else tensor.numpy()
