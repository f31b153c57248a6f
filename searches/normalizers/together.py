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


@dataclass(frozen=True)
class Route:
    """Which lanes of a tensor go where.

    lanes   int64[n]: they, part behind part (None: all, in order)
    rounds  the same for the way back, where each round has a lane once at most: lanes, and positions in `lanes`
            (None: all, in order)
    sizes   lanes of each part
    to      what the parts are for
    """

    lanes: Tensor | None
    rounds: list[tuple[Tensor, Tensor | None]]
    sizes: list[int]
    to: list[int]

    def __call__(self, x: Tensor, axis: int) -> tuple[Tensor, ...]:
        """The parts."""
        if self.lanes is not None:
            x = _Take.apply(x, axis, self.lanes, self.rounds)
        return x.split(self.sizes, axis)


@dataclass(frozen=True)
class Routes:
    """A plan, and where lanes go.

    stacks     of every stack of values the lanes that each level needs
    levels     of these, one behind another, the lanes of each argument that is no constant; the last: of the results
    constants  constant -> tensor with one element
    """

    plan: Plan
    stacks: list[Route]
    levels: list[Route]
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
        x, axis = leaves[0], self.axis
        known = (x.dim(), x.dtype, x.device)
        if known not in self._routes:
            self._routes[known] = self._prepare(plan(self.candidates, len(leaves)), len(leaves), x)
        routes = self._routes[known]
        needed: list[list[Tensor]] = [[] for _ in routes.levels]

        def hand_out(stack: int, values: Tensor) -> None:
            route = routes.stacks[stack]
            for level, part in zip(route.to, route(values, axis) if route.to else (), strict=True):
                needed[level].append(part)

        def arguments(level: int) -> list[Tensor]:
            parts = routes.levels[level](self._behind(needed[level]), axis) if needed[level] else ()
            needed[level].clear()
            return [self._whole(part, x) for part in parts]

        for stack, leaf in enumerate(leaves):
            hand_out(stack, leaf.expand(x.shape).flatten(axis + 1))
        for level, calls in enumerate(routes.plan.levels):
            given, made = iter(arguments(level)), []
            for call in calls:
                values = [routes.constants[a] if isinstance(a, float) else next(given) for a in call.arguments]
                result = call.function(*values)
                made.append(self._whole(result, x, call.candidates * self.seeds).flatten(axis + 1))
            hand_out(len(leaves) + level, self._behind(made))
        return arguments(len(routes.plan.levels))[0]

    def _whole(self, part: Tensor, x: Tensor, lanes: int | None = None) -> Tensor:
        """Some lanes, flat or lacking axes that they are constant over, in the shape of x."""
        shape = list(x.shape)
        shape[self.axis] = part.shape[self.axis] if lanes is None else lanes
        return part.view(shape) if lanes is None else part.expand(shape)

    def _behind(self, parts: list[Tensor]) -> Tensor:
        """Lanes behind lanes. They are flat: of more than four axes torch copies one tensor after another."""
        return torch.cat(parts, self.axis) if len(parts) > 1 else parts[0]

    def _prepare(self, plan: Plan, leaves: int, x: Tensor) -> Routes:
        sizes = [len(self.candidates)] * leaves + [sum(c.candidates for c in calls) for calls in plan.levels]
        values = {a for calls in plan.levels for c in calls for a in c.arguments if isinstance(a, float)}
        constants = {value: x.new_full((1,) * x.dim(), value) for value in values}
        wanted: list[list[list[Place]]] = [  # of each level those of each argument
            [a for c in calls for a in c.arguments if not isinstance(a, float)] for calls in plan.levels
        ]
        wanted.append([plan.results])
        stacks: list[dict[int, list[int]]] = [{} for _ in sizes]
        levels = []
        for level, columns in enumerate(wanted):
            places = sorted({place for column in columns for place in column})
            for stack, slot in places:
                stacks[stack].setdefault(level, []).append(slot)
            position = {place: i for i, place in enumerate(places)}
            numbers = [[position[place] for place in column] for column in columns]
            levels.append(self._route(dict(enumerate(numbers)), len(places), x.device))
        routes = [self._route(parts, size, x.device) for parts, size in zip(stacks, sizes, strict=True)]
        return Routes(plan, routes, levels, constants)

    def _route(self, parts: dict[int, list[int]], size: int, device: torch.device) -> Route:
        """That of candidates, of so many, to several parts."""
        every = [candidate for part in parts.values() for candidate in part]
        sizes = [len(part) * self.seeds for part in parts.values()]
        if every == list(range(size)):
            return Route(None, [], sizes, list(parts))
        rounds: list[tuple[list[int], list[int]]] = []
        met = [0] * size
        for position, candidate in enumerate(every):
            if met[candidate] == len(rounds):
                rounds.append(([], []))
            rounds[met[candidate]][0].append(candidate)
            rounds[met[candidate]][1].append(position)
            met[candidate] += 1
        back = [
            (self._lanes(lanes, device), self._lanes(positions, device) if len(rounds) > 1 else None)
            for lanes, positions in rounds
        ]
        return Route(self._lanes(every, device), back, sizes, list(parts))

    def _lanes(self, candidates: list[int], device: torch.device) -> Tensor:
        first = torch.tensor(candidates, dtype=torch.int64)[:, None] * self.seeds
        return (first + torch.arange(self.seeds)).flatten().to(device)


class _Take(Function):
    """Lanes of a tensor: (x, axis, lanes, rounds)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, axis: int, lanes: Tensor, rounds: list[tuple[Tensor, Tensor | None]]) -> Tensor:
        ctx.axis, ctx.size, ctx.lanes, ctx.rounds = axis, x.shape[axis], lanes, rounds
        return x.index_select(axis, lanes)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        return _Put.apply(slope, ctx.axis, ctx.size, ctx.lanes, ctx.rounds), None, None, None


class _Put(Function):
    """Lanes added up where they were taken from, the adjoint of _Take, which is its own. A round adds to no lane twice:
    so the order of sums is one."""

    @staticmethod
    def forward(
        ctx: Any, y: Tensor, axis: int, size: int, lanes: Tensor, rounds: list[tuple[Tensor, Tensor | None]]
    ) -> Tensor:
        ctx.axis, ctx.lanes, ctx.rounds = axis, lanes, rounds
        shape = list(y.shape)
        shape[axis] = size
        x = y.new_zeros(shape)
        for some, positions in rounds:
            x.index_add_(axis, some, y if positions is None else y.index_select(axis, positions))
        return x

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        return _Take.apply(slope, ctx.axis, ctx.lanes, ctx.rounds), None, None, None, None
