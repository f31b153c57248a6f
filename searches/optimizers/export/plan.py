"""A plan: what an optimizer program says, put as a person would, before any code is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from searches.optimizers.export.graph import Graph, Value

ROLES = ("lr", "beta", "momentum", "eps", "weight_decay", "c")


@dataclass(frozen=True)
class Setting:
    """An argument of the exported optimizer: its role (one of ROLES), its name, and what the program has there."""

    role: str
    name: str
    default: float


@dataclass(frozen=True)
class Term:
    """`scale * tensor`, subtracted from the weights (added if `negative`). Scale None: 1."""

    negative: bool
    scale: int | None
    tensor: int


@dataclass
class Plan:
    """An optimizer, ready to be printed.

    graph     settings in it have their role as name and their default as number; `named` gives their names
    terms     what is subtracted from the weights
    states    name of each state slot in use -> its new value
    folded    the update is a multiple of lr, whose default is a constant of the program
    """

    graph: Graph
    terms: list[Term]
    states: dict[str, int]
    lr: float
    folded: bool
    settings: list[Setting] = field(default_factory=list)

    @cached_property
    def roots(self) -> list[int]:
        """All values that a step needs in the end, in the order in which to compute them."""
        scales = [t.scale for t in self.terms if t.scale is not None]
        return [t.tensor for t in self.terms] + list(self.states.values()) + scales

    @cached_property
    def live(self) -> list[int]:
        """Values that the roots need, arguments first."""
        seen: dict[int, None] = {}
        stack = [(v, False) for v in reversed(self.roots)]
        while stack:
            v, ready = stack.pop()
            if ready:
                seen[v] = None
            elif v not in seen:
                stack.append((v, True))
                stack += [(a, False) for a in reversed(self.graph.values[v].args)]
        return list(seen)

    def uses(self, name: str) -> bool:
        """Whether a leaf is read."""
        return any(self.graph.values[v] == Value("leaf", name=name) for v in self.live)

    def named(self, v: int) -> str:
        """The name of the setting that a value is."""
        value = self.graph.values[v]
        return next(s.name for s in self.settings if (s.role, s.default) == (value.name, value.number))
