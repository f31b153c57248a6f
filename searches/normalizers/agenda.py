"""In which order many programs are computed together: whatever function most of them can call next comes next.

An agenda as DyNet's (Neubig et al., arXiv 1705.07860). A call takes one instruction of each of its programs, and all of
them have arguments of the same kinds: elements along the same axes, or the same constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

Kind = tuple[int, ...] | float  # 1 for each axis along which there is one element, else 2; or a constant
Place = tuple[int, int]  # which stack of values, and which of its candidates
Step = tuple[Callable[..., Any], tuple[int, ...], int]  # function, its arguments, its result
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Call:
    """One function for several candidates: of each argument a constant, or the place of it for every candidate."""

    function: Callable[..., Any]
    arguments: list[float | list[Place]]
    candidates: int


@dataclass(frozen=True)
class Plan:
    """What to call, in order. The stacks of values are the leaves, of all candidates, and then the result of each call.

    results   where that of each candidate is
    """

    leaves: int
    calls: list[Call]
    results: list[Place]


def plan(candidates: Sequence[Any], leaves: Sequence[Kind]) -> Plan:
    """How to compute candidates that have `steps`, `constants` and `result`, from leaves of these kinds."""
    kinds = list(leaves)
    calls: list[Call] = []
    values: list[dict[int, Any]] = [  # of each candidate: number -> Place, or constant
        {k: (k, c) for k in range(len(leaves))} | {-1 - i: float(v) for i, v in enumerate(candidate.constants)}
        for c, candidate in enumerate(candidates)
    ]
    ready: dict[Key, dict[int, list[Step]]] = {}  # key -> candidate -> its instructions of that key
    shapes: dict[Key, tuple[int, ...]] = {}

    def enter(c: int, new: int | None) -> None:
        """Put what a candidate can call, now that it has `new`, on the agenda."""
        for step in candidates[c].steps:
            function, arguments, _ = step
            if all(a in values[c] for a in arguments) and (new is None or new in arguments):
                found = (values[c][a] for a in arguments)
                key = (_identity(function), *(v if isinstance(v, float) else kinds[v[0]] for v in found))
                ready.setdefault(key, {}).setdefault(c, []).append(step)

    def call(function: Callable[..., Any], key: Key, arguments: list[Any], steps: dict[int, int]) -> None:
        if key not in shapes:
            shapes[key] = _shape(function, key[1:], len(leaves[0]))  # type: ignore[arg-type]
        for position, (c, result) in enumerate(steps.items()):
            values[c][result] = (len(kinds), position)
        kinds.append(shapes[key])
        calls.append(Call(function, arguments, len(steps)))

    for c in range(len(candidates)):
        enter(c, None)
    while ready:
        key = max(ready, key=lambda k: len(ready[k]))
        steps = {c: waiting.pop(0) for c, waiting in ready[key].items()}
        ready[key] = {c: waiting for c, waiting in ready[key].items() if waiting}
        if not ready[key]:
            del ready[key]
        columns = [[values[c][step[1][k]] for c, step in steps.items()] for k in range(len(key) - 1)]
        arguments = [column[0] if isinstance(column[0], float) else column for column in columns]
        call(next(iter(steps.values()))[0], key, arguments, {c: step[2] for c, step in steps.items()})
        for c, step in steps.items():
            enter(c, step[2])
    for c, candidate in enumerate(candidates):
        value = values[c][candidate.result]
        if isinstance(value, float):
            call(_itself, (_itself, value), [value], {c: candidate.result})
    return Plan(len(leaves), calls, [values[c][candidate.result] for c, candidate in enumerate(candidates)])


def _identity(function: Callable[..., Any]) -> Any:
    """What functions that do the same have in common."""
    if isinstance(function, partial):
        return function.func, function.args, tuple(sorted(function.keywords.items()))
    return function


def _itself(value: Any) -> Any:
    return value


def _shape(function: Callable[..., Any], kinds: Sequence[Kind], axes: int) -> tuple[int, ...]:
    """The kind of a result, from shapes alone."""
    import torch

    sizes = [(1,) * axes if isinstance(kind, float) else kind for kind in kinds]
    return tuple(function(*(torch.empty(size, device="meta") for size in sizes)).shape)
