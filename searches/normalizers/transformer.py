"""A vision transformer on lanes: what functions that take the place of LayerNorm are trained in.

Pre-norm blocks (attention, then a perceptron), learned positions, a last norm, and the mean over the tokens. The
candidate is in the place of every norm, and the affine map of each feature follows it, as for DyT (arXiv 2503.10622)
and Derf (2512.10938). A trainable leaf of a function is one number a layer, as alpha and s are there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from discover.errors import UserError
from primitives.images import EPS
from searches.normalizers.config import Net
from searches.normalizers.nets import Weights, plus_product, product

if TYPE_CHECKING:
    import torch

    from searches.normalizers.nets import Apply

    Tensor = torch.Tensor

EXPANSION = 2  # features of the hidden layer for one of the model's
# Deviation of the initial positions: they are as large as the patches, for small ones take longer to become of use
# than a search trains.
POSITION = 1.0


class TransformerNet:
    """Patches of `net.stride` pixels a side are the tokens; see `nets.ConvolutionalNet` for the protocol.

    A layer takes tokens [lanes, n, features], n being images times tokens. Raises UserError where the patches do not
    divide the image.
    """

    lane_axis = 0
    leaf_features = 1

    def __init__(self, net: Net, channels: int, classes: int, side: int) -> None:
        if side % net.stride:
            raise UserError(f"a transformer cannot cut images of {side} x {side} into patches of stride={net.stride}")
        self.net = net
        self.layers, self.features = 2 * net.blocks + 1, net.width
        d, patch = net.width, channels * net.stride**2
        self.weights = {"patch": _dense(patch, d), "position": Weights(((side // net.stride) ** 2, d), POSITION)}
        for i in range(net.blocks):
            self.weights[f"block{i}.qkv"] = _dense(d, 3 * d, net.gain)
            self.weights[f"block{i}.out"] = _dense(d, d, net.gain)
            self.weights[f"block{i}.up"] = _dense(d, EXPANSION * d, net.gain)
            self.weights[f"block{i}.down"] = _dense(EXPANSION * d, d, net.gain)
        self.weights |= {"head": _dense(d, classes), "bias": Weights((classes,), 0.0)}

    def __call__(self, weights: Mapping[str, Tensor], images: Tensor, apply: Apply) -> Tensor:
        """Logits [l, b, classes] of images [b, l, c, h, w]; `apply(i, x)` is the i-th layer of x [l, n, features]."""
        import torch

        gelu = torch.nn.functional.gelu
        patches = self._patches(images)
        lanes, b, tokens, _ = patches.shape
        d = self.features
        h = product(patches.flatten(1, 2), weights["patch"]).view(lanes, b, tokens, d) + weights["position"][:, None]
        h = h.view(lanes, b * tokens, d)
        for i in range(self.net.blocks):
            qkv = product(apply(2 * i, h), weights[f"block{i}.qkv"])
            h = plus_product(h, self._attend(qkv, tokens), weights[f"block{i}.out"])
            up = product(apply(2 * i + 1, h), weights[f"block{i}.up"])
            h = plus_product(h, gelu(up), weights[f"block{i}.down"])
        features = apply(2 * self.net.blocks, h).view(lanes, b, tokens, d).mean(2)
        return plus_product(weights["bias"][:, None], features, weights["head"])

    def spread(self, numbers: Tensor) -> Tensor:
        """Numbers [l, k] of each lane as [l, 1, k], for tokens."""
        return numbers[:, None]

    def _patches(self, images: Tensor) -> Tensor:
        """[b, l, c, h, w] as [l, b, tokens, pixels of one]."""
        b, lanes, c, side, _ = images.shape
        p = self.net.stride
        cut = images.reshape(b, lanes, c, side // p, p, side // p, p)
        return cut.permute(1, 0, 3, 5, 2, 4, 6).reshape(lanes, b, (side // p) ** 2, c * p * p)

    def _attend(self, qkv: Tensor, tokens: int) -> Tensor:
        """What each token sees in its image, [l, n, d] of [l, n, 3 d]: softmax(q k' / sqrt(size of a head)) v.

        Written out, for torch's own has no second derivative on a CPU, and the stability gate needs one.
        """
        import torch

        lanes, n, _ = qkv.shape
        heads, size = self.net.heads, self.features // self.net.heads
        # [3, l * images * heads, tokens, size]
        split = qkv.view(-1, tokens, 3, heads, size).permute(2, 0, 3, 1, 4).reshape(3, -1, tokens, size)
        q, k, v = split.unbind()
        # keys, then queries: torch is four times as fast along an axis that is not the last, where tokens are few
        weights = torch.softmax(product(k, q.transpose(1, 2) * (1.0 / math.sqrt(size))), 1)
        seen = product(weights.transpose(1, 2), v).view(-1, heads, tokens, size).transpose(1, 2)
        return seen.reshape(lanes, n, self.features)


class FeatureNorm:
    """LayerNorm or RMSNorm of tokens, to be trained beside functions: no function of one number, and no program."""

    leaves = ("a", "s")  # unused: lanes of one training have the same

    def __init__(self, centred: bool) -> None:
        self.centred = centred
        self.steps, self.constants, self.result = ((self, (0,), 3),), (), 3  # as a Layer has them

    def __call__(self, x: Tensor, *leaves: Tensor) -> Tensor:
        """(x - mean) / sqrt(variance + EPS) over the features, the last axis; not centred, x / sqrt(mean(x²) + EPS)."""
        if self.centred:
            x = x - x.mean(-1, keepdim=True)
        return x * (x.square().mean(-1, keepdim=True) + EPS).rsqrt()


LAYER_NORM, RMS_NORM = FeatureNorm(centred=True), FeatureNorm(centred=False)


def _dense(inputs: int, outputs: int, gain: float = 1.0) -> Weights:
    return Weights((inputs, outputs), gain / math.sqrt(inputs))
