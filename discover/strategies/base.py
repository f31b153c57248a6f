"""What every strategy is, and what populations share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from discover.archive import front, oriented
from discover.problem import Problem
from discover.spec import Strategy as Settings
from primitives.packed import Packed, pack


class Strategy(ABC):
    """`ask` breeds, `tell` learns. Its randomness is a function of (seed, island, generation), its only state what it
    has been told.

    fresh: scores of its candidates must not come from the cache (it evolves constants that the score fits).
    """

    fresh = False

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        self.problem, self.settings, self.island = problem, settings, island
        self.seed = np.random.SeedSequence([seed, island]).generate_state(1, np.uint64)[0]

    def generator(self, generation: int) -> np.random.Generator:
        """The stream of one generation, for choosing parents."""
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 0, 0, generation]))

    @abstractmethod
    def ask(self, n: int, generation: int) -> Packed:
        """`n` candidates, not yet canonical."""

    @abstractmethod
    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Canonical candidates with their scores float64[n, k] (NaN: invalid or not to be used) and canonical keys."""

    def emigrants(self, n: int) -> tuple[Packed, np.ndarray, np.ndarray]:
        """The best `n` or fewer programs with their scores and keys, for another island; here none."""
        shape, k = self.problem.shape, len(self.problem.scores)
        return Packed.empty(0, shape), np.zeros((0, k)), np.zeros(0, np.uint64)

    def restart(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:  # noqa: B027
        """Forget all but these programs. Here nothing: random search learns nothing, a hill climb holds its best."""

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """All it has learnt, as arrays."""

    @abstractmethod
    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""


class Population(Strategy):
    """A strategy that keeps `settings.population` programs: `programs`, `score` and `key`."""

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self.size = settings.population
        start = pack(list(problem.warm_start), problem.primitives, problem.shape)
        self.programs = start[np.arange(self.size) % len(start)]
        self.score = np.full((self.size, len(problem.scores)), np.nan)
        self.key = np.zeros(self.size, np.uint64)

    def emigrants(self, n: int) -> tuple[Packed, np.ndarray, np.ndarray]:
        """The best by the ranking of the strategy."""
        best = np.argsort(ranks(self.problem, self.score), kind="stable")[:n]
        best = best[np.isfinite(self.score[best]).all(axis=1)]
        return self.programs[best], self.score[best], self.key[best]

    def restart(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Fill the population with these programs, in turn."""
        index = np.arange(self.size) % len(batch)
        self.programs, self.score, self.key = batch[index], score[index], keys[index]

    def state(self) -> dict[str, np.ndarray]:
        """The population."""
        return self.programs.named | {"score": self.score, "key": self.key}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        self.programs = Packed.of_named(state)
        self.score, self.key = state["score"].copy(), state["key"].copy()


def ranks(problem: Problem, score: np.ndarray) -> np.ndarray:
    """A number a program, smaller is better: by the objective, or where there are more, by front and then the last one.

    What is not finite ranks last.
    """
    values = oriented(problem, score)
    if values.shape[1] == 1:
        return values[:, 0]
    left = np.flatnonzero(np.isfinite(values).all(axis=1))
    layer = np.full(len(values), len(values))
    depth = 0
    while len(left):
        # Equal scores share a front.
        unique, inverse = np.unique(values[left], axis=0, return_inverse=True)
        on = np.isin(inverse.ravel(), front(unique))
        layer[left[on]] = depth
        left, depth = left[~on], depth + 1
    order = np.lexsort((values[:, -1], layer))
    rank = np.empty(len(values))
    rank[order] = np.arange(len(values))
    return rank


def tournament(generator: np.random.Generator, rank: np.ndarray, size: int, n: int) -> np.ndarray:
    """int64[n]: winners of `n` tournaments of `size` contestants drawn with replacement."""
    contestants = generator.integers(len(rank), size=(n, size))
    return contestants[np.arange(n), np.argmin(rank[contestants], axis=1)]


def front_tournament(generator: np.random.Generator, values: np.ndarray, size: int, n: int) -> np.ndarray:
    """The same by several objectives, float64[P, k], to minimise and finite: a winner is a random contestant that no
    other one dominates (Liu et al., arXiv 2004.02967).

    Of contestants with equal scores one counts, so copies of a program win no more often than another program.
    """
    contestants = generator.integers(len(values), size=(n, size))
    drawn, place = values.T[:, contestants], np.arange(size)
    beaten = np.zeros((n, size), np.bool_)
    for rival in range(size):
        theirs = drawn[:, :, rival : rival + 1]
        equal = (theirs == drawn).all(axis=0)
        beaten |= (theirs <= drawn).all(axis=0) & (~equal | (place > rival))
    left = np.cumsum(~beaten, axis=1)
    chosen = np.argmax(left > generator.integers(left[:, -1])[:, None], axis=1)
    return contestants[np.arange(n), chosen]
