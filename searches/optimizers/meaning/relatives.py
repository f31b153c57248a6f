"""The known optimizers that a program does most like: by the updates on common gradients, never by name.

Weights are zero, so that weight decay is out. Of each known optimizer the step size is fitted to the program's updates,
by least squares, and its betas on a grid, then finer around the best. The distance is the error that is left, relative
to the program's updates, as a root of the mean square over three streams of gradients: 0 is the same, 1 is unrelated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.random import Generator, Philox

from primitives.hero import HERO
from primitives.packed import Shape, pack
from primitives.program import Program
from searches.optimizers.trajectory import follow, numbered

_STEPS, _WEIGHTS = 120, 48
_SEGMENTS = np.array([0, 32, _WEIGHTS])
_GRID = (0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.003, 0.001)  # of 1 - beta
_FINER = (1.5, 1.22, 1.1, 1.03, 1.01, 1.003)  # factors of 1 - beta that it is refined by, one after the other
_MOVES = 6  # at most, by each of them
_SPARE = 2  # that are refined beside those that are asked for
_AT_ONCE = 64  # programs followed together
Fit = tuple[float, float, tuple[float, ...]]  # distance, factor of the step, 1 - betas


@dataclass(frozen=True)
class Relative:
    """A known optimizer (or several, that only differ in weight decay), how far a program is from it, and with which
    betas and learning rate."""

    name: str
    distance: float
    betas: tuple[float, ...]
    rate: float

    @property
    def fitted(self) -> str:
        """The parameters in words."""
        betas = f"betas {', '.join(f'{b:.4g}' for b in self.betas)}, " if self.betas else ""
        return f"{betas}rate {self.rate:.4g}"


def relatives(program: Program, known: Mapping[str, Program] | None = None, count: int = 3) -> list[Relative]:
    """The nearest of the known optimizers (default: `known.KNOWN`), nearest first, of equals that with fewer betas.
    There are none of a program that without weights has no updates, or infinite ones."""
    if known is None:
        from searches.optimizers.known import KNOWN

        known = KNOWN
    updates = _updates([program])[0]
    if not np.isfinite(updates).all() or not updates.any(axis=(1, 2)).all():
        return []
    names: dict[bytes, list[str]] = {}
    for name, candidate in known.items():
        names.setdefault(_updates([candidate]).tobytes(), []).append(name)
    first = [(_best(known[same[0]], _grid(known[same[0]]), updates), same) for same in names.values()]
    near = sorted(first, key=lambda pair: pair[0])[: count + _SPARE]
    found = [_refined(" or ".join(same), known[same[0]], best, updates) for best, same in near]
    return sorted(found, key=lambda r: (round(r.distance, 4), len(r.betas)))[:count]


def _grid(candidate: Program) -> Iterator[tuple[float, ...]]:
    return product(_GRID, repeat=len(betas(candidate)))


def _refined(name: str, candidate: Program, best: Fit, updates: np.ndarray) -> Relative:
    """The candidate with its betas fitted, from the best of the grid on."""
    for factor in _FINER:
        for _ in range(_MOVES):
            before = best
            around = [[b / factor, b, min(b * factor, 1.0)] for b in best[2]]
            best = min(best, _best(candidate, product(*around), updates))
            if best == before:
                break
    distance, factor, distances = best
    return Relative(name, distance, tuple(1.0 - d for d in distances), factor * _rate(candidate))


def _best(candidate: Program, grid: Iterator[tuple[float, ...]], updates: np.ndarray) -> Fit:
    """The best fit on a grid of 1 - betas."""
    slots = betas(candidate)
    points = list(grid)
    found = []
    for first in range(0, len(points), _AT_ONCE):
        part = points[first : first + _AT_ONCE]
        moves = _updates([_with(candidate, slots, point) for point in part])
        found += [(*_distance(updates, move), point) for move, point in zip(moves, part, strict=True)]
    return min(found)


def betas(program: Program) -> tuple[int, ...]:
    """The slots of the constants that are a beta: the last argument of an `interp`, between 0 and 1."""
    read = (i.args[2] for i in program.instructions if i.op == "interp")
    return tuple(sorted({-1 - v for v in read if v < 0 and 0.0 < program.constants[-1 - v] < 1.0}))


def _rate(program: Program) -> float:
    """The constant that a program multiplies the schedule with; 1 if there is none."""
    lr = program.signature.leaves.index("lr")
    read = (v for i in program.instructions if i.op == "mul" and lr in i.args for v in i.args if v < 0)
    return next((program.constants[-1 - v] for v in read), 1.0)


def _with(program: Program, slots: tuple[int, ...], distances: tuple[float, ...]) -> Program:
    constants = list(program.constants)
    for slot, distance in zip(slots, distances, strict=True):
        constants[slot] = 1.0 - distance
    return replace(program, constants=tuple(constants))


def _distance(wanted: np.ndarray, moved: np.ndarray) -> tuple[float, float]:
    """(distance, factor of the step) from float64[S, T, n] to another."""
    if not np.isfinite(moved).all():
        return 1.0, 0.0
    sizes = (wanted**2).sum(axis=(1, 2))
    factor = ((wanted * moved).sum(axis=(1, 2)) / sizes).sum() / max(
        ((moved**2).sum(axis=(1, 2)) / sizes).sum(), 1e-300
    )
    factor = max(float(factor), 0.0)
    rest = ((wanted - factor * moved) ** 2).sum(axis=(1, 2)) / sizes
    return float(np.sqrt(rest.mean())), factor


def _streams() -> np.ndarray:
    """float64[3, T, n]: gradients that shrink amid noise, that wander, and that are mostly zero and rarely large."""
    generator = Generator(Philox(key=5))
    shape = (_STEPS, _WEIGHTS)
    scales = np.exp2(generator.uniform(-3, 3, size=_WEIGHTS))
    times = np.exp2(generator.uniform(2, 7, size=_WEIGHTS))
    signs = generator.choice([-1.0, 1.0], size=_WEIGHTS)
    shrinking = signs * np.exp(-np.arange(_STEPS)[:, None] / times) + 0.3 * generator.normal(size=shape)
    wandering = generator.normal(size=shape).cumsum(axis=0) / np.sqrt(_STEPS)
    sparse = np.where(generator.uniform(size=shape) < 0.15, generator.standard_t(3, size=shape), 0.0)
    return 0.1 * scales * np.stack([shrinking, wandering, sparse])


_STREAMS = _streams()


def _updates(programs: list[Program]) -> np.ndarray:
    """float64[P, S, T, n]: the updates on every stream. All programs have one signature."""
    signature = programs[0].signature
    shape = Shape(
        len(signature.leaves), len(signature.results), max(1, *(len(p.instructions) for p in programs)),
        max(1, *(len(p.constants) for p in programs)),
    )  # fmt: skip
    packed = pack(programs, HERO, shape)
    found = []
    for g in _STREAMS:
        inputs = np.stack([np.zeros_like(g), g, np.ones_like(g)], axis=1).astype(np.float32)
        given = numbered(inputs) if "t" in signature.inputs else inputs
        found.append(follow(packed, given, _SEGMENTS)[:, :, 0])
    return np.stack(found, axis=1).astype(np.float64)
