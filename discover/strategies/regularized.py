"""Regularized (aging) evolution (Real et al., arXiv 1802.01548): tournaments, and children replace the oldest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from discover.breed import Breeder
from discover.problem import Problem
from discover.spec import Strategy as Settings
from discover.strategies.base import Population, ranks, tournament
from primitives.packed import Packed


class Regularized(Population):
    """The population is a ring in order of age; `oldest` is the place of the next child."""

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self.oldest = 0
        self._breed = Breeder(problem)

    def ask(self, n: int, generation: int) -> Packed:
        """Mutated winners of tournaments."""
        parents = tournament(self.generator(generation), ranks(self.problem, self.score), self.settings.tournament, n)
        batch = self.programs[parents]
        self._breed(batch, self.seed, generation)
        return batch

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
