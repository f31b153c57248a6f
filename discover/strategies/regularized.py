"""Regularized (aging) evolution (Real et al., arXiv 1802.01548): tournaments, and children replace the oldest.

With `winner = "front"` and `random = 0.5` it is the search of EvoNorm (Liu et al., arXiv 2004.02967), whose tournaments
are won by a random member of the Pareto front of the contestants and half of whose children are random programs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from discover.archive import oriented
from discover.breed import Breeder
from discover.problem import Problem
from discover.spec import Strategy as Settings
from discover.strategies.base import Population, front_tournament, ranks, tournament
from discover.strategies.baselines import RandomSearch
from primitives.packed import Packed


class Regularized(Population):
    """The population is a ring in order of age, a window over the newest programs; `oldest` is the place of the next.

    Places that no scored program has entered yet hold the warm start. They are in no tournament, unless there is
    nothing else: a window that fills slowly, because few programs survive, is not bred from the warm start all along.
    """

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self.oldest = 0
        self._breed = Breeder(problem)
        self._random = RandomSearch(problem, settings, seed, island)

    def ask(self, n: int, generation: int) -> Packed:
        """Mutated winners of tournaments, and random programs among them if the settings say so."""
        generator = self.generator(generation)
        batch = self.programs[self._parents(generator, n)]
        self._breed(batch, self.seed, generation)
        if self.settings.random:
            new = generator.random(n) < self.settings.random
            batch[new] = self._random.ask(n, generation)[new]  # from the streams of the children that they replace
        return batch

    def _parents(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """int64[n]: places of the winners of tournaments."""
        scored = np.flatnonzero(np.isfinite(self.score).all(axis=1))
        if not len(scored):
            return generator.integers(self.size, size=n)
        if self.settings.winner == "front":
            values = oriented(self.problem, self.score[scored])
            return scored[front_tournament(generator, values, self.settings.tournament, n)]
        return scored[tournament(generator, ranks(self.problem, self.score[scored]), self.settings.tournament, n)]

    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Finite children replace the oldest; of more than the population holds, the last ones stay."""
        alive = np.flatnonzero(np.isfinite(score).all(axis=1))[-self.size :]
        places = (self.oldest + np.arange(len(alive))) % self.size
        self.programs[places] = batch[alive]
        self.score[places], self.key[places] = score[alive], keys[alive]
        self.oldest = int((self.oldest + len(alive)) % self.size)

    def state(self) -> dict[str, np.ndarray]:
        """The population and whose turn it is."""
        return super().state() | {"oldest": np.array(self.oldest)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        super().restore(state)
        self.oldest = int(state["oldest"])
