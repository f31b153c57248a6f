"""Niched evolution: an aging population in every niche of the map, so that one basin cannot swallow the others."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np

from discover.archive import Archive, quality
from discover.breed import Breeder
from discover.problem import Problem
from discover.spec import Strategy as Settings
from discover.strategies.base import Strategy
from primitives.packed import Packed, pack

CONTESTS = 2, 4  # first values of the first axis, then niches of the winner: so many are drawn, the best one breeds


class Niched(Strategy):
    """Regularized evolution (arXiv 1802.01548) within each niche, among programs of different structure.

    Programs that differ in their constants alone share a place, which the best of them holds: tuned variants of one
    program cannot crowd out a new one that nothing has tuned yet. `programs`, `value` and `structure` hold `population`
    places a niche, rings in order of age; `born` counts the structures that have entered each.
    """

    def __init__(self, problem: Problem, settings: Settings, seed: int, island: int) -> None:
        super().__init__(problem, settings, seed, island)
        self._grid = Archive(problem)
        self.size = settings.population
        places = self._grid.niches * self.size
        self.programs = Packed.empty(places, problem.shape)
        self.value = np.full(places, np.inf)
        self.structure = np.zeros(places, np.uint64)
        self.born = np.zeros(self._grid.niches, np.int64)
        self._start = pack(list(problem.warm_start), problem.primitives, problem.shape)
        self._breed = Breeder(problem)

    def ask(self, n: int, generation: int) -> Packed:
        """Mutated winners of tournaments, within niches that won theirs; at first the warm start, mutated."""
        generator = self.generator(generation)
        if not self.born.any():
            batch = self._start[np.arange(n) % len(self._start)]
            self._breed(batch[len(self._start) :], self.seed, generation)
            return batch
        niche = self._contest(generator, n)
        living = np.minimum(self.born[niche], self.size)
        places = generator.integers(living[:, None], size=(n, self.settings.tournament))
        contestants = niche[:, None] * self.size + places
        parents = contestants[np.arange(n), np.argmin(self.value[contestants], axis=1)]
        batch = self.programs[parents]
        self._breed(batch, self.seed, generation)
        return batch

    def _contest(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """int64[n]: the niches that parents come from."""
        first = self.problem.axes[0].cells if self.problem.axes else 1
        best = self.value.reshape(first, -1, self.size).min(axis=2)
        best[self.born.reshape(first, -1) == 0] = np.nan
        kinds = np.flatnonzero((~np.isnan(best)).any(axis=1))
        drawn = kinds[generator.integers(len(kinds), size=(n, CONTESTS[0]))]
        kind = drawn[np.arange(n), np.argmin(np.nanmin(best[drawn], axis=2), axis=1)]
        niche = np.empty(n, np.int64)
        for k in kinds.tolist():
            mine = np.flatnonzero(kind == k)
            living = np.flatnonzero(~np.isnan(best[k]))
            drawn = living[generator.integers(len(living), size=(len(mine), CONTESTS[1]))]
            niche[mine] = k * best.shape[1] + drawn[np.arange(len(mine)), np.argmin(best[k, drawn], axis=1)]
        return niche

    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """A finite child takes the place of its structure if it is better, or the oldest place of its niche."""
        value = quality(self.problem, score)
        alive = np.flatnonzero(np.isfinite(value))
        niche = self._grid.niche(self._grid.cell(batch[alive], score[alive]))
        for i, n in zip(alive.tolist(), niche.tolist(), strict=True):
            structure = _structure(batch, i)
            start = n * self.size
            same = np.flatnonzero(self.structure[start : start + min(int(self.born[n]), self.size)] == structure)
            if not len(same):
                place = start + int(self.born[n]) % self.size
                self.born[n] += 1
            elif value[i] < self.value[start + same[0]]:
                place = start + int(same[0])
            else:
                continue
            self.programs[slice(place, place + 1)] = batch[slice(i, i + 1)]
            self.value[place], self.structure[place] = value[i], structure

    def restart(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Empty rings but for these programs."""
        self.born[:], self.value[:], self.structure[:] = 0, np.inf, 0
        self.tell(batch, score, keys)

    def state(self) -> dict[str, np.ndarray]:
        """The rings."""
        return self.programs.named | {"value": self.value, "structure": self.structure, "born": self.born}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        self.programs = Packed.of_named(state)
        self.value, self.structure = state["value"].copy(), state["structure"].copy()
        self.born = state["born"].copy()


def _structure(batch: Packed, i: int) -> np.uint64:
    """A hash of a canonical program but for the values of its constants."""
    digest = blake2b(batch.code[i].tobytes() + batch.results[i].tobytes(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
