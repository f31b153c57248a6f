"""What a search is compared with: random programs, and evolution of nothing but the constants of known programs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from discover.archive import quality
from discover.breed import Breeder
from discover.problem import Problem
from discover.spec import Strategy as Settings
from discover.strategies.base import Strategy
from primitives.packed import Packed, pack


class RandomSearch(Strategy):
    """Programs grown from the warm start by 1 to `shape.instructions` random insertions; learns nothing."""

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self._start = pack(list(problem.warm_start), problem.primitives, problem.shape)
        self._breed = Breeder(problem, problem.mutations.only("insert"), most=max(2, problem.shape.instructions))

    def ask(self, n: int, generation: int) -> Packed:
        """Random programs."""
        batch = self._start[np.arange(n) % len(self._start)]
        self._breed(batch, self.seed, generation)
        return batch

    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Nothing to learn."""

    def state(self) -> dict[str, np.ndarray]:
        """Nothing."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Nothing."""


class ConstantsOnly(Strategy):
    """A hill climb a program of the problem's baseline: only constants change, a better set of them stays."""

    fresh = True

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self._breed = Breeder(problem, problem.mutations.only("new_constant", "scale_constant"))
        self._best = pack(list(problem.baseline or problem.warm_start), problem.primitives, problem.shape)
        self._score = np.full((len(self._best), len(problem.scores)), np.nan)
        self._key = np.zeros(len(self._best), np.uint64)

    def ask(self, n: int, generation: int) -> Packed:
        """The best of each structure, in turn, with other constants; in the first generation as they are."""
        batch = self._best[np.arange(n) % len(self._best)]
        if generation > 0:
            self._breed(batch, self.seed, generation)
        return batch

    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Candidate i belongs to structure i mod their number."""
        values, known = quality(self.problem, score), quality(self.problem, self._score)
        for s in range(len(self._best)):
            mine = np.arange(s, len(batch), len(self._best))
            if len(mine):
                best = mine[np.argmin(values[mine])]
                if values[best] < known[s]:
                    self._best[slice(s, s + 1)] = batch[slice(int(best), int(best) + 1)]
                    self._score[s], self._key[s] = score[best], keys[best]

    def state(self) -> dict[str, np.ndarray]:
        """The best of each structure."""
        return self._best.named | {"score": self._score, "key": self._key}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        self._best = Packed.of_named(state)
        self._score, self._key = state["score"].copy(), state["key"].copy()
