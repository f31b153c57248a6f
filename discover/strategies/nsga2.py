"""NSGA-II (Deb et al. 2002), with DEAP's selection."""

from __future__ import annotations

import numpy as np

from discover.archive import oriented
from discover.breed import Breeder
from discover.problem import Problem
from discover.spec import Strategy as Settings
from discover.strategies.base import Population, tournament
from primitives.packed import Packed


class NSGA2(Population):
    """Parents and children compete; survivors are kept best first, so a place is a rank."""

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self._breed = Breeder(problem)

    def ask(self, n: int, generation: int) -> Packed:
        """Mutated winners of tournaments by front and crowding."""
        rank = np.arange(self.size, dtype=np.float64)
        if not np.isfinite(self.score).any():
            rank[:] = 0.0
        batch = self.programs[tournament(self.generator(generation), rank, self.settings.tournament, n)]
        self._breed(batch, self.seed, generation)
        return batch

    def restart(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Only these programs, ranked as any survivors are: the front comes in the order of its first objective."""
        self.score = np.full_like(self.score, np.nan)
        self.tell(batch, score, keys)

    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Survivors of parents and children; of programs with one canonical key the best-scored is enough."""
        programs = Packed.concatenate([self.programs, batch])
        scores, all_keys = np.concatenate([self.score, score]), np.concatenate([self.key, keys])
        values = oriented(self.problem, scores)
        order = np.lexsort((np.arange(len(values)), values[:, -1]))
        order = order[np.isfinite(values[order]).all(axis=1)]
        distinct = order[np.unique(all_keys[order], return_index=True)[1]]
        if not len(distinct):
            return
        chosen = distinct[select(values[distinct], self.size)]
        index = chosen[np.arange(self.size) % len(chosen)]
        self.programs, self.score, self.key = programs[index], scores[index], all_keys[index]


def select(values: np.ndarray, k: int) -> np.ndarray:
    """DEAP's selNSGA2: at most `k` rows of float64[n, m] (to minimise), best front first, then the least crowded."""
    from deap import base, tools

    class Minimise(base.Fitness):  # type: ignore[misc]
        weights = (-1.0,) * values.shape[1]

    class Row:
        def __init__(self, index: int) -> None:
            self.index = index
            self.fitness = Minimise(values[index].tolist())

    rows = tools.selNSGA2([Row(i) for i in range(len(values))], min(k, len(values)))
    # DEAP orders by crowding the last front only.
    fronts = tools.sortNondominated(rows, len(rows))
    ordered = (row for f in fronts for row in sorted(f, key=lambda row: -row.fitness.crowding_dist))
    return np.array([row.index for row in ordered], np.int64)
