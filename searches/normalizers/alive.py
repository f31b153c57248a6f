"""The first stage of the funnel: is the layer alone finite, forward and backward, and does it tell what x it had?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from primitives.gpu.devices import CPU, Device, torch_device
from searches.normalizers.layer import Layer
from searches.normalizers.programs import BEGIN
from searches.normalizers.training import one_thread

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

SCALES = (0.01, 1.0, 100.0)
SHAPE = (4, 2, 3, 2, 2)  # images, groups, channels of one, height, width
DIFFERENT = 1e-9  # differences above this share of the result are no rounding errors, in float64
_KEY = 20200406


def alive(candidates: Sequence[Layer], device: Device = CPU) -> np.ndarray:
    """Whether each layer may be worth training: bool[n].

    Normal x of three scales, trainable leaves as they begin. Alive: the result, and its gradients with respect to x
    and the leaves along a random direction, are finite in float32; and the result varies over an image, and between two
    draws of x, at some scale, by more than float64 rounds: what is the same everywhere in an image says nothing of
    what is where. Images and tokens are all one to functions without moments.
    """
    import torch

    images, groups, channels, height, width = SHAPE
    stream = np.random.Generator(np.random.Philox(key=_KEY))
    # the scales are lanes, one after another
    size = np.array(SCALES).reshape(1, -1, 1, 1, 1, 1)
    shape = (images, len(SCALES), groups, channels, height, width)
    x, other = (torch.from_numpy(size * stream.normal(size=shape)) for _ in range(2))
    direction = torch.from_numpy(stream.normal(size=shape)).float()
    if device.is_cuda:
        return _together(candidates, device, x, other, direction)
    single = x.float().requires_grad_()
    found = np.zeros(len(candidates), bool)
    with one_thread():
        for i, candidate in enumerate(candidates):
            numbers = [torch.full((1, 1, groups, channels, 1, 1), BEGIN[name]) for name in candidate.leaves]
            with torch.no_grad():
                doubles = [v.double() for v in numbers]
                first, second = candidate(x, *doubles), candidate(other, *doubles)
                if not (_differ(first, second).any() and _differ(first, first.mean((-2, -1), keepdim=True)).any()):
                    continue
            leaves = [single, *(v.requires_grad_() for v in numbers)]
            y = candidate(*leaves)
            if not torch.isfinite(y).all():
                continue
            slopes = torch.autograd.grad((y * direction).sum(), leaves, allow_unused=True)
            found[i] = all(bool(torch.isfinite(s).all()) for s in slopes if s is not None)
    return found


def _together(candidates: Sequence[Layer], device: Device, x: Tensor, other: Tensor, direction: Tensor) -> np.ndarray:
    """The same of all of them at once, the answers fetched once."""
    import torch

    from searches.normalizers.together import Together

    if not candidates:
        return np.zeros(0, bool)
    n, scales, place = len(candidates), len(SCALES), torch_device(device)
    _, groups, channels, _, _ = SHAPE
    layers = Together(candidates, scales, axis=1)
    x, other, direction = (t.to(place).repeat(1, n, 1, 1, 1, 1) for t in (x, other, direction))
    numbers = [
        torch.full((1, n * scales, groups, channels, 1, 1), BEGIN[v], device=place) for v in candidates[0].leaves
    ]

    def each(fine: Tensor) -> Tensor:
        """Of lanes [b, lanes, ..] those of every candidate, [n, rest]."""
        return fine.unflatten(1, (n, scales)).transpose(0, 1).flatten(1)

    with torch.no_grad():
        doubles = [v.double() for v in numbers]
        first, second = layers(x, *doubles), layers(other, *doubles)
        found = each(_differ(first, second)).any(1) & each(_differ(first, first.mean((-2, -1), keepdim=True))).any(1)
    leaves = [x.float().requires_grad_(), *(v.requires_grad_() for v in numbers)]
    y = layers(*leaves)
    found &= each(torch.isfinite(y)).all(1)
    slopes = torch.autograd.grad((y * direction).sum(), leaves, allow_unused=True)
    for slope in slopes:
        if slope is not None:
            found &= each(torch.isfinite(slope)).all(1)
    return found.cpu().numpy()


def _differ(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).abs() > DIFFERENT * (1.0 + first.abs())
