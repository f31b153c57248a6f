"""In which order many programs are computed together: level by level, what is of one function being one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

Place = tuple[int, int]  # which stack of values, and the how manieth of it


@dataclass(frozen=True)
class Call:
    """One function for several candidates: of each argument a constant, or the place of it for every candidate."""

    function: Callable[..., Any]
    arguments: list[float | list[Place]]
    candidates: int


@dataclass(frozen=True)
class Plan:
    """The calls of each level: they need what lower ones make.

    Stacks of values are the leaves, of all candidates, and then a level each: what its calls make, one behind another.
    results   where that of each candidate is
    """

    levels: list[list[Call]]
    results: list[Place]


def plan(candidates: Sequence[Any], leaves: int) -> Plan:
    """How to compute candidates that have `steps`, `constants` and `result`, from so many leaves.

    A candidate is in a call once at most.
    """
    values: list[dict[int, Any]] = []  # of each candidate: number -> Place, or constant
    waiting = []
    for c, candidate in enumerate(candidates):
        constants = {-1 - i: float(v) for i, v in enumerate(candidate.constants)}
        values.append({k: (k, c) for k in range(leaves)} | constants)
        alone = ((_itself, (candidate.result,), None),) if candidate.result < 0 else ()
        waiting.append([*candidate.steps, *alone])
    levels: list[list[Call]] = []
    while any(waiting):
        calls: dict[Any, dict[int, Any]] = {}  # what they have in common -> candidate -> its step
        for c, steps in enumerate(waiting):
            ready = [step for step in steps if all(a in values[c] for a in step[1])]
            waiting[c] = [step for step in steps if step not in ready]
            met: dict[Any, int] = {}
            for step in ready:
                fixed = tuple(v if isinstance(v := values[c][a], float) else None for a in step[1])
                key = (_identity(step[0]), fixed)
                met[key] = met.get(key, 0) + 1
                calls.setdefault((*key, met[key]), {})[c] = step
        made = []
        below = {c: dict(v) for c, v in enumerate(values)}
        position = 0
        for members in calls.values():
            function, first, _ = next(iter(members.values()))
            columns = [[below[c][step[1][k]] for c, step in members.items()] for k in range(len(first))]
            arguments = [column[0] if isinstance(column[0], float) else column for column in columns]
            made.append(Call(function, arguments, len(members)))
            for c, step in members.items():
                values[c][candidates[c].result if step[2] is None else step[2]] = (leaves + len(levels), position)
                position += 1
        levels.append(made)
    return Plan(levels, [values[c][candidate.result] for c, candidate in enumerate(candidates)])


def _identity(function: Callable[..., Any]) -> Any:
    """What functions that do the same have in common."""
    if isinstance(function, partial):
        return function.func, function.args, tuple(sorted(function.keywords.items()))
    return function


def _itself(value: Any) -> Any:
    return value
