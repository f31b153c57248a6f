"""MAP-Elites (Mouret and Clune, arXiv 1504.04909): parents are drawn from the elites of a grid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from discover.archive import Archive, front, oriented
from discover.breed import Breeder
from discover.problem import Problem
from discover.spec import Strategy as Settings
from discover.strategies.base import Strategy, tournament
from primitives.packed import Packed, pack


class MapElites(Strategy):
    """The grid is the population. Parents win tournaments, or else, if there are several objectives, every other one
    comes from the Pareto front: see `spec.Strategy.parents`."""

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self.archive = Archive(problem)
        self._start = pack(list(problem.warm_start), problem.primitives, problem.shape)
        self._breed = Breeder(problem)

    def ask(self, n: int, generation: int) -> Packed:
        """Mutated elites; before there are any, mutated warm-start programs."""
        elites = np.flatnonzero(self.archive.occupied)
        generator = self.generator(generation)
        chosen = generator.integers(len(elites) or len(self._start), size=n)
        if len(elites) and self.settings.parents == "tournament":
            chosen = tournament(generator, self.archive.quality(elites), self.settings.tournament, n)
        elif len(elites) and len(self.problem.scores) > 1:
            best = front(oriented(self.problem, self.archive.score[elites]))
            chosen[::2] = best[generator.integers(len(best), size=len(chosen[::2]))]
        batch = self.archive.elites[elites[chosen]] if len(elites) else self._start[chosen]
        self._breed(batch, self.seed, generation)
        return batch

    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Offer every candidate to its cell."""
        self.archive.add(batch, score, keys)

    def emigrants(self, n: int) -> tuple[Packed, np.ndarray, np.ndarray]:
        """The elites with the best last objective."""
        elites = np.flatnonzero(self.archive.occupied)
        best = elites[np.argsort(oriented(self.problem, self.archive.score[elites])[:, -1], kind="stable")[:n]]
        return self.archive.elites[best], self.archive.score[best], self.archive.key[best]

    def restart(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """An empty grid but for these programs: other elites settle, that the old ones kept out."""
        self.archive = Archive(self.problem)
        self.tell(batch, score, keys)

    def state(self) -> dict[str, np.ndarray]:
        """The grid."""
        return self.archive.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        self.archive.restore(state)
