"""The transformer of `tasks.transformer` in torch, for one vector of weights; see `twin.tasks`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy, gelu, rms_norm

from searches.networks.layers import EPSILON
from searches.optimizers.tasks import transformer
from searches.optimizers.tasks.task import Task

Tensor = torch.Tensor
LAYER_LEAVES = 6


def model(
    task: Task, integers: Tensor, reals: Tensor
) -> tuple[Callable[[Tensor, Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """`loss(weights[n], rows[R], noise[0])` of a minibatch, and `validation(weights[n])`, the score.

    `integers` and `reals` are the task's data; they say on which device this runs, in the precision of the weights.
    """
    from searches.optimizers.twin.tasks import split

    heads, layers, context = (int(task.sizes[i]) for i in (transformer.HEADS, transformer.LAYERS, transformer.CONTEXT))
    after, sequences = int(task.sizes[transformer.VALID_FROM]), int(task.sizes[transformer.VALID])
    steps = torch.arange(context + 1, device=integers.device)
    later = steps[:context] > steps[:context, None]
    epsilon = float(EPSILON)

    def logits(weights: Tensor, tokens: Tensor) -> Tensor:
        """Of the next character, [S, context, characters], for tokens [S, context]."""
        embedding, position, *blocks, norm, head = split(task, weights)
        x = embedding[tokens] + position
        shape = (*tokens.shape, heads, x.shape[-1] // heads)
        for i in range(layers):
            norm1, qkv, out, norm2, up, down = blocks[LAYER_LEAVES * i : LAYER_LEAVES * (i + 1)]
            y = rms_norm(x, norm1.shape, norm1, epsilon) @ qkv.T
            q, k, v = (part.reshape(shape).transpose(-3, -2) for part in y.chunk(3, -1))
            scores = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).masked_fill(later, -torch.inf)
            x = x + (scores.softmax(-1) @ v).transpose(-3, -2).flatten(-2) @ out.T
            x = x + gelu(rms_norm(x, norm2.shape, norm2, epsilon) @ up.T, approximate="tanh") @ down.T
        return rms_norm(x, norm.shape, norm, epsilon) @ head.T

    def mean(weights: Tensor, starts: Tensor) -> Tensor:
        text = integers[starts[:, None] + steps]
        return cross_entropy(logits(weights, text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())

    def loss(weights: Tensor, rows: Tensor, noise: Tensor) -> Tensor:
        return mean(weights, rows)

    def validation(weights: Tensor) -> Tensor:
        return mean(weights, after + context * torch.arange(sequences, device=integers.device))

    return loss, validation
