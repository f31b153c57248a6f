"""What the tasks' models in torch share: the layout of lanes, and table look-ups with a gradient in one order.

A lane is one training. Tensors of lanes have them along their first axis, those of the first data order first: lane
o * P + p trains program p on order o. What an order has once (its minibatch), its P lanes share.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from searches.optimizers.tasks.task import Task

Tensor = torch.Tensor


def split(task: Task, flat: Tensor) -> list[Tensor]:
    """The parameter tensors [lanes, ..] in flat[lanes, n], in the order of task.leaves: views of it."""
    ends = task.segments.tolist()
    shapes = [shape for _, shape in task.leaves]
    return [flat[:, a:b].view(-1, *shape) for shape, (a, b) in zip(shapes, pairwise(ends), strict=True)]


def to_lanes(values: Tensor, lanes: int) -> Tensor:
    """[lanes, ..] of values[orders, ..]."""
    return values.repeat_interleave(lanes // len(values), 0)


def mean_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each lane: float[lanes], of logits[lanes, N, classes] and labels[lanes, N]."""
    each = cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    return each.view(labels.shape).mean(1)


class _LookUp(torch.autograd.Function):
    """Its gradient is a product with rows of zeros and one: torch's own adds in whatever order threads arrive."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.rows = table.shape[1]
        return table.gather(1, to_lanes(ids, len(table))[..., None].expand(-1, -1, table.shape[2]))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (ids,) = ctx.saved_tensors
        rows = torch.arange(ctx.rows, device=ids.device)
        chosen = (ids[:, None] == rows[:, None]).to(slope.dtype)  # [orders, rows, N]
        orders = slope.unflatten(0, (len(ids), -1))
        sums = [torch.bmm(rows.expand(len(part), -1, -1), part) for rows, part in zip(chosen, orders, strict=True)]
        return torch.cat(sums), None


def look_up(table: Tensor, ids: Tensor) -> Tensor:
    """Rows [lanes, N, width] of table[lanes, rows, width], which every lane of an order chooses by ids[orders, N]."""
    found: Tensor = _LookUp.apply(table, ids)  # type: ignore[no-untyped-call]
    return found
