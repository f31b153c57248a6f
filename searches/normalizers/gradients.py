"""Primitives with derivatives in closed form: what autograd of torch finds, in half of its time.

Each may be differentiated twice, as the stability gate needs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from primitives.images import EPS

Dims = tuple[int, ...]


def root_mean_square(x: Tensor, dims: Dims, centred: bool) -> Tensor:
    """sqrt(mean(x²) + EPS) over dimensions that stay, with one element; centred, of x - mean(x)."""
    root: Tensor = _Root.apply(x, dims, centred)
    return root


def centre(x: Tensor, dims: Dims) -> Tensor:
    """x - mean(x)."""
    centred: Tensor = _Centre.apply(x, dims)
    return centred


def maximum(a: Tensor, b: Tensor) -> Tensor:
    """The larger; NaN where there is one. Between equal ones the derivative is divided by half, as in torch."""
    larger: Tensor = _Maximum.apply(a, b)
    return larger


def quotient(a: Tensor, b: Tensor) -> Tensor:
    """a / b; a times 1 / b where that is less work."""
    if b.numel() < a.numel():
        return a * b.reciprocal()
    ratio: Tensor = _Quotient.apply(a, b)
    return ratio


class _Root(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, dims: Dims, centred: bool) -> Tensor:
        deviation = x - x.mean(dims, keepdim=True) if centred else x
        root = deviation.square().mean(dims, keepdim=True).add_(EPS).sqrt_()
        ctx.dims, ctx.centred = dims, centred
        ctx.save_for_backward(x, deviation, root)
        return root

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        x, deviation, root = ctx.saved_tensors
        if ctx.centred and torch.is_grad_enabled():  # to be differentiated again, and so from x itself
            deviation = centre(x, ctx.dims)
        return deviation * (slope / (root * (x.numel() // root.numel()))), None, None


class _Centre(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, dims: Dims) -> Tensor:
        ctx.dims = dims
        return x - x.mean(dims, keepdim=True)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        return centre(slope, ctx.dims), None


class _Maximum(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return torch.maximum(a, b)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        a, b = (v.detach() for v in ctx.saved_tensors)
        half = slope * 0.5
        first = torch.addcmul(half, half, torch.sign(a - b))  # where(a > b, ..) takes ten times as long
        second = (slope - first).sum_to_size(b.shape) if ctx.needs_input_grad[1] else None
        return first.sum_to_size(a.shape), second


class _Quotient(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ratio = a / b
        ctx.save_for_backward(a, b, ratio)
        return ratio

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        a, b, ratio = ctx.saved_tensors
        if torch.is_grad_enabled():
            ratio = quotient(a, b)
        first = slope / b
        return first.sum_to_size(a.shape), -(first * ratio).sum_to_size(b.shape)
