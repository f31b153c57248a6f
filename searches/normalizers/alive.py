"""The first stage of the funnel: is the layer alone finite, forward and backward, and does it tell what x it had?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

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


def alive(candidates: Sequence[Layer]) -> np.ndarray:
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
    single, direction = x.float().requires_grad_(), torch.from_numpy(stream.normal(size=shape)).float()
    found = np.zeros(len(candidates), bool)
    with one_thread():
        for i, candidate in enumerate(candidates):
            numbers = [torch.full((1, 1, groups, channels, 1, 1), BEGIN[name]) for name in candidate.leaves]
            with torch.no_grad():
                doubles = [v.double() for v in numbers]
                first, second = candidate(x, *doubles), candidate(other, *doubles)
                if not (_differ(first, second) and _differ(first, first.mean((-2, -1), keepdim=True))):
                    continue
            leaves = [single, *(v.requires_grad_() for v in numbers)]
            y = candidate(*leaves)
            if not torch.isfinite(y).all():
                continue
            slopes = torch.autograd.grad((y * direction).sum(), leaves, allow_unused=True)
            found[i] = all(bool(torch.isfinite(s).all()) for s in slopes if s is not None)
    return found


def _differ(first: Tensor, second: Tensor) -> bool:
    return bool(((first - second).abs() > DIFFERENT * (1.0 + first.abs())).any())
