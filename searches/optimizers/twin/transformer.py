"""The transformer of `tasks.transformer` in torch, for all lanes; see `twin.tasks`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import gelu, rms_norm

from searches.networks.layers import EPSILON
from searches.optimizers.tasks import transformer
from searches.optimizers.tasks.task import Task
from searches.optimizers.twin.lanes import look_up, mean_loss, to_lanes

Tensor = torch.Tensor
LAYER_LEAVES = 6


def model(
    task: Task, integers: Tensor, reals: Tensor
) -> tuple[Callable[[list[Tensor], Tensor, Tensor], Tensor], Callable[[list[Tensor]], Tensor]]:
    """`loss` and `validation` of `twin.tasks.Model`.

    `integers` and `reals` are the task's data; they say on which device this runs, in the precision of the weights.
    """
    fields = (transformer.HEADS, transformer.LAYERS, transformer.CONTEXT, transformer.BATCH)
    heads, layers, context, batch = (int(task.sizes[i]) for i in fields)
    after, sequences = int(task.sizes[transformer.VALID_FROM]), int(task.sizes[transformer.VALID])
    steps = torch.arange(context + 1, device=integers.device)
    later = steps[:context] > steps[:context, None]

    def norm(x: Tensor, gain: Tensor) -> Tensor:
        return rms_norm(x, x.shape[-1:], None, float(EPSILON)) * gain[:, None]

    def attend(qkv: Tensor) -> Tensor:
        """Attention of [lanes, S * context, 3 * width]: [lanes, S * context, width]."""
        lanes, tokens, _ = qkv.shape
        q, k, v = qkv.view(lanes, -1, context, 3, heads, qkv.shape[-1] // (3 * heads)).permute(3, 0, 1, 4, 2, 5)
        scores = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).masked_fill(later, -torch.inf)
        return (scores.softmax(-1) @ v).transpose(2, 3).reshape(lanes, tokens, -1)

    def logits(leaves: list[Tensor], ids: Tensor) -> Tensor:
        """Of the next character: [lanes, S * context, characters], for ids[orders, S, context]."""
        embedding, position, *blocks, last, head = leaves
        x = (look_up(embedding, ids.flatten(1)).unflatten(1, (-1, context)) + position[:, None]).flatten(1, 2)
        for i in range(layers):
            norm1, qkv, out, norm2, up, down = blocks[LAYER_LEAVES * i : LAYER_LEAVES * (i + 1)]
            x = torch.baddbmm(x, attend(norm(x, norm1) @ qkv.mT), out.mT)
            x = torch.baddbmm(x, gelu(norm(x, norm2) @ up.mT, approximate="tanh"), down.mT)
        return norm(x, last) @ head.mT

    def loss(leaves: list[Tensor], rows: Tensor, noise: Tensor) -> Tensor:
        text = integers[rows[..., None] + steps]
        following = to_lanes(text[..., 1:].flatten(1), len(leaves[0]))
        return mean_loss(logits(leaves, text[..., :-1]), following)

    def validation(leaves: list[Tensor]) -> Tensor:
        """As many sequences at a time as a minibatch has."""
        total = torch.zeros(len(leaves[0]), dtype=torch.float64, device=integers.device)
        for part in (after + context * torch.arange(sequences, device=integers.device)).split(batch):
            total += loss(leaves, part[None], reals).double() * len(part)
        return total / sequences

    return loss, validation
