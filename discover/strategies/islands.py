"""Islands: several populations that breed apart and now and then send their best to the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from discover.strategies.base import Strategy
from primitives.packed import Packed

MIGRANTS = 4


class Islands(Strategy):
    """A ring of strategies of one kind that divide every batch in turn.

    Every `migrate_every` generations the best few of each island are told to the next.
    """

    def __init__(self, islands: Sequence[Strategy], migrate_every: int) -> None:
        self.islands, self.migrate_every = list(islands), migrate_every
        self.fresh = self.islands[0].fresh
        self.generation = 0

    def _parts(self, n: int) -> list[slice]:
        edges = np.linspace(0, n, len(self.islands) + 1).astype(int).tolist()
        return [slice(a, b) for a, b in pairwise(edges)]

    def ask(self, n: int, generation: int) -> Packed:
        """A share from every island."""
        self.generation = generation
        shares = (part.stop - part.start for part in self._parts(n))
        return Packed.concatenate([s.ask(k, generation) for s, k in zip(self.islands, shares, strict=True)])

    def tell(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Every island hears of its own, then of its neighbour's best if it is time."""
        for island, part in zip(self.islands, self._parts(len(batch)), strict=True):
            island.tell(batch[part], score[part], keys[part])
        if self.migrate_every and (self.generation + 1) % self.migrate_every == 0:
            leaving = [island.emigrants(MIGRANTS) for island in self.islands]
            for i, migrants in enumerate(leaving):
                self.islands[(i + 1) % len(self.islands)].tell(*migrants)

    def restart(self, batch: Packed, score: np.ndarray, keys: np.ndarray) -> None:
        """Every island starts anew."""
        for island in self.islands:
            island.restart(batch, score, keys)

    def state(self) -> dict[str, np.ndarray]:
        """All islands, by number."""
        return {f"{i}.{name}": array for i, island in enumerate(self.islands) for name, array in island.state().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        for i, island in enumerate(self.islands):
            prefix = f"{i}."
            island.restore({n.removeprefix(prefix): a for n, a in state.items() if n.startswith(prefix)})
