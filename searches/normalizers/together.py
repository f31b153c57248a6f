"""Many layers as one, for a GPU: what several programs do with the same function is one call, on the lanes of them all.

One after another, layers cost a launch for each instruction of each program, on a few thousand numbers each, and a GPU
waits for launches. Here the lanes that a function is called on are gathered, level by level (see `levels`). Every value
is as large as x, so that it does not matter which axes it varies along. What lanes are gathered from learns of all its
uses at once: one pass backward, in a fixed order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from searches.normalizers.levels import Place, Plan, plan

Argument = tuple[int, int, int]  # of which level, which call, which one
RESULTS = (-1, 0, 0)


@dataclass(frozen=True)
class Routes:
    """Where lanes go: a plan with the numbers of lanes on a device.

    uses       stack -> the arguments that take from it, and which lanes of it: int64[k] (None: all, in order)
    positions  argument -> for every stack it takes from, in order, where they come to be: lanes int64[k]
    constants  constant -> tensor with one element
    """

    plan: Plan
    uses: dict[int, list[tuple[Argument, Tensor | None]]]
    positions: dict[Argument, list[Tensor]]
    constants: dict[float, Tensor]


class Together:
    """`Together(candidates, seeds, axis)(x, v0, v1)`: what each layer makes of its lanes, of the shape of x.

    candidates  layers, with `steps`, `constants` and `result`
    seeds       lanes of each, one behind another
    axis        that of the lanes
    """

    def __init__(self, candidates: Sequence[Any], seeds: int, axis: int) -> None:
        self.candidates, self.seeds, self.axis = candidates, seeds, axis
        self._routes: dict[Any, Routes] = {}

    def __call__(self, *leaves: Tensor) -> Tensor:
        """The results. Everything but the first call for a dtype can be captured in a CUDA graph."""
        x = leaves[0]
        known = (x.dim(), x.dtype, x.device)
        if known not in self._routes:
            self._routes[known] = self._prepare(plan(self.candidates, len(leaves)), len(leaves), x)
        routes = self._routes[known]
        parts: dict[Argument, list[Tensor]] = {}

        def hand_out(stack: int, values: Tensor) -> None:
            uses = routes.uses.get(stack, [])
            lanes = [index for _, index in uses if index is not None]
            taken = iter(_Take.apply(values, self.axis, *lanes) if lanes else ())
            for argument, index in uses:
                parts.setdefault(argument, []).append(values if index is None else next(taken))

        for stack, leaf in enumerate(leaves):
            hand_out(stack, leaf.expand(x.shape))
        for level, calls in enumerate(routes.plan.levels):
            made = []
            for number, call in enumerate(calls):
                arguments = [
                    routes.constants[a] if isinstance(a, float) else self._joined(routes, (level, number, k), parts)
                    for k, a in enumerate(call.arguments)
                ]
                made.append(call.function(*arguments).expand(self._shape(x, call.candidates * self.seeds)))
            hand_out(len(leaves) + level, self._behind(made, x))
        return self._joined(routes, RESULTS, parts)

    def _shape(self, like: Tensor, lanes: int) -> list[int]:
        """That of a tensor, but with so many lanes."""
        shape = list(like.shape)
        shape[self.axis] = lanes
        return shape

    def _behind(self, made: list[Tensor], x: Tensor) -> Tensor:
        """Lanes behind lanes. Of few axes, for of more than four torch copies one tensor after another."""
        if len(made) == 1:
            return made[0]
        flat = torch.cat([t.flatten(self.axis + 1) for t in made], self.axis)
        return flat.view(self._shape(x, flat.shape[self.axis]))

    def _joined(self, routes: Routes, argument: Argument, parts: dict[Argument, list[Tensor]]) -> Tensor:
        """The lanes of an argument, wherever they are, which are taken out of `parts`."""
        found = parts.pop(argument)
        if len(found) == 1:
            return found[0]
        positions = routes.positions[argument]
        joined: Tensor = _Put.apply(self.axis, sum(len(p) for p in positions), positions, *found)
        return joined

    def _prepare(self, plan: Plan, leaves: int, x: Tensor) -> Routes:
        sizes = [len(self.candidates)] * leaves + [sum(c.candidates for c in calls) for calls in plan.levels]
        routes = Routes(plan, {}, {}, {})
        for level, calls in enumerate(plan.levels):
            for number, call in enumerate(calls):
                for k, argument in enumerate(call.arguments):
                    if isinstance(argument, float):
                        routes.constants[argument] = x.new_full((1,) * x.dim(), argument)
                    else:
                        self._enter(routes, (level, number, k), argument, sizes, x.device)
        self._enter(routes, RESULTS, plan.results, sizes, x.device)
        return routes

    def _enter(
        self, routes: Routes, argument: Argument, places: list[Place], sizes: list[int], device: torch.device
    ) -> None:
        """Where the lanes of one argument come from, stack by stack in the order that stacks are made in."""
        routes.positions[argument] = []
        for stack in sorted({stack for stack, _ in places}):
            positions = [i for i, place in enumerate(places) if place[0] == stack]
            slots = [places[i][1] for i in positions]
            lanes = None if slots == list(range(sizes[stack])) else self._lanes(slots, device)
            routes.uses.setdefault(stack, []).append((argument, lanes))
            routes.positions[argument].append(self._lanes(positions, device))

    def _lanes(self, candidates: list[int], device: torch.device) -> Tensor:
        first = torch.tensor(candidates)[:, None] * self.seeds
        return (first + torch.arange(self.seeds)).flatten().to(device)


class _Take(Function):
    """Some lanes of a tensor, several times: (x, axis, lanes..) -> one tensor each. No lane is twice in one of them, so
    that sums backward have one order."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, axis: int, *lanes: Tensor) -> tuple[Tensor, ...]:
        ctx.axis, ctx.size, ctx.lanes = axis, x.shape[axis], lanes
        return tuple(x.index_select(axis, some) for some in lanes)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        return _Put.apply(ctx.axis, ctx.size, ctx.lanes, *slopes), None, *[None] * len(slopes)


class _Put(Function):
    """The sum of tensors, each put on its lanes of as many as `size`: the adjoint of _Take, which is its own."""

    @staticmethod
    def forward(ctx: Any, axis: int, size: int, lanes: Sequence[Tensor], *parts: Tensor) -> Tensor:
        ctx.axis, ctx.lanes = axis, lanes
        shape = list(parts[0].shape)
        shape[axis] = size
        whole = parts[0].new_zeros(shape)
        for some, part in zip(lanes, parts, strict=True):
            whole.index_add_(axis, some, part)
        return whole

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        return None, None, None, *_Take.apply(slope, ctx.axis, *ctx.lanes)
