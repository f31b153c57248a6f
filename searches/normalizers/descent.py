"""SGD with momentum, and Adam, for lists of tensors. A step size is a number, or a tensor that a CUDA graph reads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

MOMENTUM = 0.9
BETAS, ADAM_EPS = (0.9, 0.999), 1e-8  # of Adam


class Momentum:
    """SGD with momentum."""

    def __init__(self, weights: list[Tensor]) -> None:
        import torch

        self.weights, self.momentum = weights, [torch.zeros_like(w) for w in weights]

    def step(self, gradients: tuple[Tensor, ...], rate: float | Tensor) -> None:
        """Move the weights."""
        import torch

        torch._foreach_mul_(self.momentum, MOMENTUM)
        torch._foreach_add_(self.momentum, gradients)
        _add(self.weights, self.momentum, -rate)


class Adam:
    """Kingma and Ba, arXiv 1412.6980. `steps` counts: a tensor float64 where step sizes are tensors."""

    def __init__(self, weights: list[Tensor], steps: int | Tensor = 0) -> None:
        import torch

        self.weights, self.steps = weights, steps
        self.first, self.second = ([torch.zeros_like(w) for w in weights] for _ in range(2))

    def step(self, gradients: tuple[Tensor, ...], rate: float | Tensor) -> None:
        """Move the weights."""
        import torch

        self.steps += 1
        torch._foreach_lerp_(self.first, gradients, 1.0 - BETAS[0])
        torch._foreach_mul_(self.second, BETAS[1])
        torch._foreach_addcmul_(self.second, gradients, gradients, 1.0 - BETAS[1])
        size = torch._foreach_sqrt(self.second)
        first, second = 1.0 - BETAS[0] ** self.steps, 1.0 - BETAS[1] ** self.steps
        if isinstance(first, float) and isinstance(second, float):
            torch._foreach_div_(size, math.sqrt(second))
            torch._foreach_add_(size, ADAM_EPS)
            torch._foreach_addcdiv_(self.weights, self.first, size, -rate / first)
        else:
            torch._foreach_div_(size, torch.as_tensor(second).sqrt().float())
            torch._foreach_add_(size, ADAM_EPS)
            _add(self.weights, torch._foreach_div(self.first, size), torch.as_tensor(-rate / first).float())


def _add(weights: list[Tensor], directions: list[Tensor] | tuple[Tensor, ...], scale: float | Tensor) -> None:
    """weights += scale * directions."""
    import torch

    if isinstance(scale, float):
        torch._foreach_add_(weights, directions, alpha=scale)
    else:
        torch._foreach_add_(weights, torch._foreach_mul(directions, scale))
