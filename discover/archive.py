"""The archive: a grid over the descriptors that keeps the best program of every cell (MAP-Elites, arXiv 1504.04909)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from discover.problem import Descriptor, Find, Problem
from primitives.packed import Packed
from primitives.program import Program


def oriented(problem: Problem, score: np.ndarray) -> np.ndarray:
    """Scores as numbers to minimise; what is not finite becomes +inf."""
    sign = np.array([-1.0 if o.maximize else 1.0 for o in problem.scores])
    out = score * sign
    out[~np.isfinite(out)] = np.inf
    return out


def quality(problem: Problem, score: np.ndarray) -> np.ndarray:
    """What decides within a cell: the last objective, to minimise; +inf where any objective is not finite."""
    values = oriented(problem, score)
    return np.where(np.isfinite(values).all(axis=1), values[:, -1], np.inf)


def front(score: np.ndarray) -> np.ndarray:
    """Indices of the Pareto front of float64[n, k] (to minimise), in the order of the first objective.

    Of equal scores the first one counts; a row that is not finite is never on the front.
    """
    order = np.lexsort(np.vstack([np.arange(len(score)), score.T[::-1]]))
    kept: list[int] = []
    for i in order:
        if np.isfinite(score[i]).all() and not any((score[j] <= score[i]).all() for j in kept):
            kept.append(int(i))
    return np.array(kept, np.int64)


class Archive:
    """One elite a cell. The last objective decides within a cell; the earlier one in time wins a tie.

    elites, score, key, occupied are indexed by cell; `improved` counts improvements so far.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.size = cells(problem.axes)
        self.niches = cells(problem.axes[: problem.niche_axes])
        self.elites = Packed.empty(self.size, problem.shape)
        self.score = np.full((self.size, len(problem.scores)), np.nan)
        self.key = np.zeros(self.size, np.uint64)
        self.occupied = np.zeros(self.size, np.bool_)
        self.improved = 0

    def cell(self, batch: Packed, score: np.ndarray | None = None) -> np.ndarray:
        """int64[n]: the cell of each canonical program; before it is scored, one of its niche."""
        described = self.problem.describe(batch) if score is None else self.problem.place(batch, score)
        index = np.zeros(len(batch), np.int64)
        for column, axis in zip(described.T, self.problem.axes, strict=True):
            index = index * axis.cells + np.clip(column - axis.low, 0, axis.cells - 1)
        return index

    def niche(self, cell: np.ndarray) -> np.ndarray:
        """int64[n]: the niche that each cell belongs to."""
        return cell // (self.size // self.niches)

    def quality(self, cell: np.ndarray) -> np.ndarray:
        """The quality of the elite of each cell; +inf where there is none."""
        return quality(self.problem, self.score[cell])

    def rival(self, cell: np.ndarray) -> np.ndarray:
        """The best quality in the niche of each cell; +inf where there is none."""
        best = self.quality(np.arange(self.size)).reshape(self.niches, -1).min(axis=1)
        return best[self.niche(cell)]

    def add(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> np.ndarray:
        """Keep what beats the elite of its cell. Returns bool[n]: the new elites."""
        cell = self.cell(batch, score)
        offered = quality(self.problem, score)
        candidates = np.flatnonzero(offered < self.quality(cell))
        order = candidates[np.lexsort((candidates, offered[candidates], cell[candidates]))]
        winners = order[np.unique(cell[order], return_index=True)[1]]
        place = cell[winners]
        self.elites[place] = batch[winners]
        self.score[place], self.key[place], self.occupied[place] = score[winners], keys[winners], True
        self.improved += len(winners)
        new = np.zeros(len(batch), np.bool_)
        new[winners] = True
        return new

    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays."""
        arrays = self.elites.named
        arrays |= {"score": self.score, "key": self.key, "occupied": self.occupied}
        return arrays | {"improved": np.array(self.improved)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        self.elites = Packed.of_named(state)
        self.score, self.key, self.occupied = state["score"].copy(), state["key"].copy(), state["occupied"].copy()
        self.improved = int(state["improved"])


def cells(descriptors: Sequence[Descriptor]) -> int:
    """Number of cells of a grid."""
    return int(np.prod([d.cells for d in descriptors], dtype=np.int64))


def find_of(problem: Problem, program: Program, score: np.ndarray, described: np.ndarray) -> Find:
    """A program with its score and descriptors by name."""
    return Find(
        program,
        {o.name: float(v) for o, v in zip(problem.scores, score, strict=True)},
        {d.name: int(v) for d, v in zip(problem.axes, described, strict=True)},
    )
