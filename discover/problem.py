"""The problem contract: what a domain gives the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from discover.errors import UserError
from primitives.gpu.devices import CPU, Device
from primitives.packed import Packed, Shape
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.text import parse

Each = Callable[[str, Sequence[Any]], list[Any]]


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
    """One test of the funnel.

    slack  a candidate goes on to the next stage if its last objective is within this factor of the best that its niche
           of the archive holds (infinite: all go on); where it does not, its score stands
    keep   the stage is a hurdle: its scores compare with its own alone. The best `keep` of the last ones in the same
           niche go on, the others score worst
    """

    name: str
    slack: float = float("inf")
    keep: float | None = None


@dataclass(frozen=True)
class Mutations:
    """Relative weights of the mutation kinds, and how they move constants.

    spread      standard deviation of the binary logarithm of a new constant's magnitude
    normal      chance that a new constant is instead drawn from the standard normal distribution
    step        standard deviation of the binary logarithm of the factor that scales an old one
    jump        chance that this factor is instead log-uniform over four decades
    complement  chance that of a constant between 0 and 1 not the value is scaled but its distance from 1
    flip        chance that a scaled constant changes its sign
    same        chance that a new instruction reads one value twice, as in x * x
    unit        chance that a new constant is one that leaves the other argument unchanged, where there is one
    grid        if not 0, constants are multiples of it: a new one is +-k times it, the binary logarithm of k half
                normal with deviation `spread`, and an old one is moved: by so many steps either way (deviation
                `step`), or with chance `jump` to 2 or 3 times itself or a 2nd or 3rd of it, or with chance `flip` to
                its negative
    split       chance that a constant is changed for one of its readers only, where it has several
    literal     chance that an argument of a new operation is a new constant
    grow        chance that an inserted operation also reads a second new one
    several     chance that a new operation takes more than one argument (0: as likely as any other)
    values      if there are any, breeding draws constants from these only: `unit` counts for a unit that is among them,
                and an old constant, however it is to be moved, is drawn anew
    """

    insert: float = 1.0
    delete: float = 1.0
    modify: float = 1.0
    rewire: float = 1.0
    swap: float = 0.5
    new_constant: float = 0.5
    scale_constant: float = 0.5
    duplicate: float = 0.0
    spread: float = 2.0
    normal: float = 0.0
    step: float = 1.0
    jump: float = 0.0
    complement: float = 0.0
    flip: float = 0.1
    same: float = 0.15
    unit: float = 0.5
    grid: float = 0.0
    split: float = 0.0
    literal: float = 0.5
    grow: float = 0.25
    several: float = 0.0
    values: tuple[float, ...] = ()

    @property
    def weights(self) -> np.ndarray:
        """float64[kinds]: the weight of each kind."""
        return np.array([getattr(self, name) for name in KINDS], np.float64)

    @property
    def moves(self) -> np.ndarray:
        """float64[fields + values]: the other fields, in order, and behind them `values`."""
        return np.array([getattr(self, name) for name in MOVES] + list(self.values), np.float64)

    def only(self, *kinds: str) -> Mutations:
        """The same moves, and no other kinds of mutation than these, of equal weight."""
        weights: dict[str, Any] = {name: float(name in kinds) for name in KINDS}
        return replace(self, **weights)


KINDS = ("insert", "delete", "modify", "rewire", "swap", "new_constant", "scale_constant", "duplicate")
MOVES = tuple(f.name for f in fields(Mutations) if f.name not in (*KINDS, "values"))


@dataclass(frozen=True)
class Find:
    """A program with what is known of it: what `top` prints, `export` writes out and `verify` measures again.
    `raw` is the program as it was bred, where the problem has it kept."""

    program: Program
    objectives: Mapping[str, float]
    descriptors: Mapping[str, int]
    raw: Program | None = None


class Domain(ABC):
    """What is searched for, and how a find of it is shown, measured and written out. Must be constructible from a spec
    alone in any process. A search breeds (`Problem`) or enumerates (`Sweep`).

    title           what exported finds are named after (default: the spec)
    primitives      the primitive set
    signature       of every program, unless `parse` tells it from the text
    objectives      the figures of a find; the last one decides which is better
    descriptors     integers that say of what kind it is
    exporters       format -> function(find, provenance) -> text of the file
    tolerance       relative; `verify` measures a claim again by the same method, on another machine perhaps
    pictures        suffixes of the files that `picture` can write
    devices         kinds of devices that it can run on: "cpu", "cuda"
    device          the one that this instance computes scores on; see `use`
    """

    title: str = ""
    primitives: PrimitiveSet
    signature: Signature
    objectives: tuple[Objective, ...]
    descriptors: tuple[Descriptor, ...]
    tolerance: float = 1e-6
    exporters: Mapping[str, Callable[[Find, Mapping[str, Any]], str]]
    pictures: tuple[str, ...] = (".png", ".svg")
    devices: tuple[str, ...] = ("cpu",)
    device: Device = CPU

    def parse(self, text: str) -> Program:
        """The program of a find from its text. Raises ValueError with the place of the fault."""
        return parse(text, self.signature, self.primitives)

    def report(self, finds: Sequence[Find]) -> list[dict[str, Any]]:
        """The finds beside what is known already, as rows of a table; by default the finds alone."""
        return [{**f.objectives, **f.descriptors} for f in finds]

    def remarks(self, finds: Sequence[Find]) -> list[str]:
        """What the rows of a report do not say: lines that are printed below its table."""
        return []

    def explain(self, find: Find) -> list[tuple[str, str]]:
        """What a find means, as headings and texts: what `show` prints below its program."""
        return []

    def about(self, find: Find) -> dict[str, Any]:
        """What this domain knows better than the run: `name` and `status` of a find's document, or nothing."""
        return {}

    def picture(self, finds: Sequence[Find], path: Path) -> None:
        """Draw the same into a file, of the kind that its suffix says: one of `pictures`."""
        raise UserError("this search draws no picture")

    def use(self, device: Device) -> None:
        """Compute scores on this device. Raises DeviceError where something that is needed cannot use it."""
        self.device = device

    @abstractmethod
    def measure(self, program: Program) -> dict[str, float]:
        """Objectives of one program, from scratch and in trusted precision; what `verify` compares."""


class Sweep(Domain):
    """An exhaustive search: candidates have numbers, and every one is looked at.

    total   candidates
    counts  names of what `scan` counts, in the order of a funnel
    hours   the longest time that a run may be going to take; a user who means it says more
    """

    total: int
    counts: tuple[str, ...]
    hours: float = 1.0

    @abstractmethod
    def scan(self, start: int, stop: int) -> tuple[dict[str, int], dict[str, np.ndarray]]:
        """Look at candidates start..stop-1: counts by name, and the hits as arrays, one row a hit; pure."""

    @abstractmethod
    def collect(self, hits: Mapping[str, np.ndarray], each: Each) -> list[Find]:
        """The finds among all hits, which come in the order of their numbers; may be slow and exact.

        each(method, items): what that method of this sweep returns for every item, worked out by all workers.
        """

    def best(self, counts: Mapping[str, int]) -> list[tuple[str, str]]:
        """What progress shows of the counts so far: labels and texts."""
        return [(name, f"{counts.get(name, 0):,}") for name in self.counts]


class Problem(Domain):
    """A search that breeds programs and scores them. Pure: the same candidates give the same scores in any order,
    chunking and process. The objectives are the columns of a score (unless `scores` says otherwise), the
    descriptors the axes of the map (unless `axes` does).

    shape           capacity of packed populations
    niche_axes      how many of the axes, from the first, make a niche: within it programs are of one kind, and compete
                    (None: all, every cell is a niche)
    warm_start      programs that evolution starts from
    baseline        programs whose constants alone the constants-only baseline evolves
    mutations       weights
    free_constants  scores do not depend on the values of constants (they are fitted inside the score); programs that
                    differ in them only are one candidate
    probes          float64[n_leaves, n] inputs of the fingerprint
    probe_shape     what batch of images the probes are, where primitives reduce over its axes: (b, g, c, h, w)
    flat            for each leaf the axes of a batch of images over which it is one number (see Canonicalizer), or ()
    stages          the funnel, cheapest first
    meta            whether `evaluate` has one stage more, for meta-validation: on tasks that no strategy sees scores of
    harvest         every scored program of at most this quality (the last column of its score, to minimise) reaches
                    `finish`, elite or not; None: elites only
    keep_raw        keep the elites as they were bred too, record every scored program, and count dead statements
    record_stage    record with every score the last stage that its program entered, counted from 0
    """

    shape: Shape
    niche_axes: int | None = None
    warm_start: tuple[Program, ...]
    baseline: tuple[Program, ...]
    mutations: Mutations = Mutations()
    free_constants: bool = False
    probes: np.ndarray
    probe_shape: tuple[int, ...] | None = None
    flat: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = (Stage("proxy"),)
    meta: bool = False
    harvest: float | None = None
    keep_raw: bool = False
    record_stage: bool = False

    @property
    def scores(self) -> tuple[Objective, ...]:
        """The columns of a score, where the search goes by other figures than those of a find."""
        return self.objectives

    @property
    def axes(self) -> tuple[Descriptor, ...]:
        """The axes of the map, where they are other descriptors than those of a find."""
        return self.descriptors

    @abstractmethod
    def check(self, batch: Packed) -> np.ndarray:
        """bool[n]: worth scoring at all. Structural and cheap; the batch is canonical."""

    @abstractmethod
    def describe(self, batch: Packed) -> np.ndarray:
        """int64[n, len(axes)]: the cell of each canonical program."""

    def place(self, batch: Packed, score: np.ndarray) -> np.ndarray:
        """The same of programs that are scored: float64[n, len(scores)]. Where a cell depends on the score, `describe`
        needs to know the axes of the niche only."""
        return self.describe(batch)

    @abstractmethod
    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score a batch at one stage of the funnel.

        keys: uint64[n], one random-stream key a candidate (all randomness must derive from it).
        Returns float64[n, len(scores)] and float64[n, C], the constants to keep (fitted, or those given).
        """

    def finish(self, finds: Sequence[Find], each: Each) -> list[Find]:
        """Polish the finalists (the elites, then the harvest) after the search; may be slow and exact.

        each(method, items): what that method of this problem returns for every item, worked out by all workers.
        """
        return list(finds)
