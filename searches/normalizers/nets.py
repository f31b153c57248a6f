"""The networks that candidates are trained in, on lanes: many networks of one shape in every torch call.

A lane is one training: a candidate with a seed. Images and activations have an axis of lanes behind that of the batch,
weights have one in front, and a convolution is one of as many groups as there are lanes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searches.normalizers.config import Net

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor
    Apply = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True)
class Weights:
    """One tensor of weights of a lane: normal with this deviation at first (0: zeros)."""

    shape: tuple[int, ...]
    deviation: float


class ConvolutionalNet:
    """A stem, blocks of one layer and one convolution each, a layer, the mean over the image, and a linear map.

    weights        name -> Weights
    layers         how many places there are for the candidate
    features       channels at each
    leaf_features  numbers of a trainable leaf at each: one a channel
    lane_axis      where what a layer takes has its lanes
    """

    lane_axis = 1

    def __init__(self, net: Net, channels: int, classes: int) -> None:
        self.net = net
        self.layers, self.features, self.leaf_features = net.blocks + 1, net.width, net.width
        he = math.sqrt(2.0 / (9 * net.width))
        self.weights = {
            "stem": Weights((net.width, channels, 3, 3), math.sqrt(2.0 / (9 * channels))),
            **{f"block{i}": Weights((net.width, net.width, 3, 3), net.gain * he) for i in range(net.blocks)},
            "head": Weights((classes, net.width), math.sqrt(1.0 / net.width)),
            "bias": Weights((classes,), 0.0),
        }

    def __call__(self, weights: Mapping[str, Tensor], images: Tensor, apply: Apply) -> Tensor:
        """Logits [l, b, classes] of images [b, l, c, h, w]; `apply(i, x)` is the i-th layer of x [b, l, g, c, h, w]."""
        h = _convolution(images, weights["stem"], self.net.stride)
        for i in range(self.net.blocks):
            branch = _convolution(self._apply(apply, i, h), weights[f"block{i}"])
            h = h + branch if self.net.kind == "residual" else branch
        features = self._apply(apply, self.net.blocks, h).mean((3, 4)).transpose(0, 1)
        return plus_product(weights["bias"][:, None], features, weights["head"].transpose(1, 2))

    def spread(self, numbers: Tensor) -> Tensor:
        """Numbers [l, c] of each lane's channels as [1, l, g, c, 1, 1], for what a layer takes."""
        return numbers.view(1, len(numbers), self.net.groups, -1, 1, 1)

    def _apply(self, apply: Apply, i: int, x: Tensor) -> Tensor:
        b, lanes, c, height, width = x.shape
        groups = self.net.groups
        return apply(i, x.view(b, lanes, groups, c // groups, height, width)).reshape(x.shape)


def _convolution(x: Tensor, weights: Tensor, stride: int = 1) -> Tensor:
    """3 x 3 with a border of zeros: [b, l, c, h, w] and [l, k, c, 3, 3] give [b, l, k, h, w], of the dtype of x.

    On a GPU one product of matrices a lane: cuDNN is not made for a thousand groups of few channels.
    """
    return (_products if x.is_cuda else _groups)(x, weights, stride).to(x.dtype)


def _groups(x: Tensor, weights: Tensor, stride: int) -> Tensor:
    """As one convolution of as many groups as there are lanes."""
    import torch

    b, lanes, c, height, width = x.shape
    k = weights.shape[1]
    y = torch.nn.functional.conv2d(
        x.reshape(b, lanes * c, height, width),
        weights.reshape(lanes * k, c, 3, 3),
        stride=stride,
        padding=1,
        groups=lanes,
    )
    return y.view(b, lanes, k, y.shape[2], y.shape[3])


def _products(x: Tensor, weights: Tensor, stride: int) -> Tensor:
    """As one product [k, c 3 3] @ [c 3 3, b h w] a lane."""
    import torch

    patches = torch.nn.functional.pad(x, (1, 1, 1, 1)).unfold(3, 3, stride).unfold(4, 3, stride)
    b, lanes, _, height, width = patches.shape[:5]
    columns = patches.permute(1, 2, 5, 6, 0, 3, 4).reshape(lanes, -1, b * height * width)
    y = torch.bmm(weights.flatten(2), columns)
    return y.view(lanes, -1, b, height, width).permute(2, 0, 1, 3, 4)


def product(a: Tensor, b: Tensor) -> Tensor:
    """[l, n, k] @ [l, k, m]; where autocast rounds what is multiplied, the result has the dtype of `a` again."""
    import torch

    return torch.bmm(a, b).to(a.dtype)


def plus_product(c: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """c + a @ b; where autocast rounds what is multiplied, `c` is not rounded."""
    import torch

    if torch.is_autocast_enabled(c.device.type):
        return c + product(a, b)
    return torch.baddbmm(c, a, b)
