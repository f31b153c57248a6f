"""The stability gate of Liu et al. (arXiv 2004.02967): how large the gradient becomes where it is climbed to.

A shallow or short training rewards layers that let a network learn for a while; this refuses those with which some
weights nearby have gradients without bound. Ascent on the norm of the gradient of the loss finds such weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from primitives.gpu.devices import CPU, Device
from searches.normalizers.config import Gate, Training
from searches.normalizers.data import Images
from searches.normalizers.graph import repeat
from searches.normalizers.layer import Layer
from searches.normalizers.training import Lanes, batches, in_lanes, minibatch

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor


def ascend(
    network: Any, candidates: Sequence[Layer], images: Images, seeds: np.ndarray, gate: Gate, device: Device = CPU
) -> np.ndarray:
    """The largest norm of the gradient of the loss with respect to all weights, met while climbing on it: float64[n].

    From the initial weights of each seed (uint64[seeds]), on its first `gate.images` images: `gate.steps` steps of
    length `gate.length` in the space of all weights, along the gradient of the norm. A network whose norm exceeds
    `gate.limit` stops there. Infinite where the norm or its gradient is not finite. In float32 always.
    """

    def work(some: Sequence[Layer]) -> np.ndarray:
        return _ascend(Lanes(network, some, seeds, device), images, seeds, gate)

    found = in_lanes(candidates, len(seeds), work, device, f"ascents in {network.net} on {gate.images}")
    largest = np.concatenate(found).reshape(-1, len(seeds)).max(axis=1)
    return largest[: len(candidates)]


def _ascend(lanes: Lanes, images: Images, seeds: np.ndarray, gate: Gate) -> np.ndarray:
    """Of every lane, float64[lanes]."""
    import torch

    weights = list(lanes.weights.values())
    rows = batches(seeds, len(images.train), Training(steps=1, batch=gate.images))
    x, y = minibatch(lanes, images, rows[0])
    largest = torch.zeros(len(y), dtype=torch.float64, device=x.device)

    def look(climb: bool) -> None:
        climbing = largest <= gate.limit
        gradients = torch.autograd.grad(lanes.loss(x, y).sum(), weights, create_graph=True, materialize_grads=True)
        squares = _squares(gradients)
        # a gradient that is zero has no direction: the candidate stays where it is
        norm = torch.where(squares > 0, squares, 1.0).sqrt() * (squares > 0)
        met = norm.detach().double()
        if climb:
            uphill = torch.autograd.grad(norm.sum(), weights, materialize_grads=True)
            slope = _squares(uphill).sqrt()
            met = torch.where(torch.isfinite(slope), met, torch.inf)
            size = torch.where(climbing & torch.isfinite(slope) & (slope > 0), gate.length / slope, 0.0)
            with torch.no_grad():
                for w, direction in zip(weights, uphill, strict=True):
                    wide = size.view(-1, *[1] * (w.dim() - 1))
                    w += torch.where(wide > 0, wide * direction, 0.0)
        met = torch.where(torch.isfinite(met), met, torch.inf)
        largest.copy_(torch.where(climbing, torch.maximum(largest, met), largest))

    if lanes.device.is_cuda:  # which is not to wait for the answer whether anyone still climbs
        repeat(lambda: look(True), gate.steps, lanes.device)
        look(False)
    else:
        for step in range(gate.steps + 1):
            if not (largest <= gate.limit).any():
                break
            look(step < gate.steps)
    return largest.cpu().numpy()


def _squares(tensors: Sequence[Tensor]) -> Tensor:
    """The sum of the squares of all numbers of each lane, [lanes]."""
    return sum(t.flatten(1).square().sum(1) for t in tensors)  # type: ignore[return-value]
