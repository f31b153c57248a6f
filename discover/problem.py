"""The problem contract: what a domain gives the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discover.errors import UserError
from primitives.packed import Packed, Shape
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature


@dataclass(frozen=True)
class Objective:
    """A number to minimise (or maximise); a non-finite value never wins."""

    name: str
    unit: str = ""
    maximize: bool = False


@dataclass(frozen=True)
class Descriptor:
    """An axis of the quality-diversity map: integer values low..high, one cell each; beyond them the end cells."""

    name: str
    low: int
    high: int

    @property
    def cells(self) -> int:
        """Cells along this axis."""
        return self.high - self.low + 1


@dataclass(frozen=True)
class Stage:
    """One test of the funnel. `slack`: a candidate goes on to the next stage if its last objective is within this
    factor of the best that its cell of the archive holds (infinite: all go on)."""

    name: str
    slack: float = float("inf")


@dataclass(frozen=True)
class Mutations:
    """Relative weights of the mutation kinds."""

    insert: float = 1.0
    delete: float = 1.0
    modify: float = 1.0
    rewire: float = 1.0
    swap: float = 0.5
    new_constant: float = 0.5
    scale_constant: float = 0.5


@dataclass(frozen=True)
class Find:
    """A program with what is known of it: what `top` prints, `export` writes out and `verify` measures again."""

    program: Program
    objectives: Mapping[str, float]
    descriptors: Mapping[str, int]


class Problem(ABC):
    """What is searched for. Must be constructible from a spec alone in any process, and pure: the same candidates give
    the same scores in any order, chunking and process.

    title           what exported finds are named after (default: the spec)
    primitives      the primitive set
    signature       of every program
    shape           capacity of packed populations
    objectives      the columns of a score
    descriptors     the axes of the map
    warm_start      programs that evolution starts from
    baseline        programs whose constants alone the constants-only baseline evolves
    mutations       weights
    free_constants  scores do not depend on the values of constants (they are fitted inside the score); programs that
                    differ in them only are one candidate
    probes          float64[n_leaves, n] inputs of the fingerprint
    stages          the funnel, cheapest first
    exporters       format -> function(find, provenance) -> text of the file
    """

    title: str = ""
    primitives: PrimitiveSet
    signature: Signature
    shape: Shape
    objectives: tuple[Objective, ...]
    descriptors: tuple[Descriptor, ...]
    warm_start: tuple[Program, ...]
    baseline: tuple[Program, ...]
    mutations: Mutations = Mutations()
    free_constants: bool = False
    probes: np.ndarray
    stages: tuple[Stage, ...] = (Stage("proxy"),)
    exporters: Mapping[str, Callable[[Find, Mapping[str, Any]], str]]

    @abstractmethod
    def check(self, batch: Packed) -> np.ndarray:
        """bool[n]: worth scoring at all. Structural and cheap; the batch is canonical."""

    @abstractmethod
    def describe(self, batch: Packed) -> np.ndarray:
        """int64[n, len(descriptors)]: the cell of each canonical program."""

    @abstractmethod
    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score a batch at one stage of the funnel.

        keys: uint64[n], one random-stream key a candidate (all randomness must derive from it).
        Returns float64[n, len(objectives)] and float64[n, C], the constants to keep (fitted, or those given).
        """

    def finish(self, finds: Sequence[Find]) -> list[Find]:
        """Polish the finalists (the Pareto front, or the elites) after the search; may be slow and exact."""
        return list(finds)

    def report(self, finds: Sequence[Find]) -> list[dict[str, Any]]:
        """The finds beside what is known already, as rows of a table; by default the finds alone."""
        return [{**f.objectives, **f.descriptors} for f in finds]

    def picture(self, finds: Sequence[Find], path: Path) -> None:
        """Draw the same into a file, PNG or SVG by its suffix."""
        raise UserError("this search draws no picture")

    @abstractmethod
    def measure(self, program: Program) -> dict[str, float]:
        """Objectives of one program, from scratch and in trusted precision; what `verify` compares."""
