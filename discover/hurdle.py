"""A hurdle: a cheap test whose scores compare with its own alone, so that the bar is set by what came before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

WINDOW = 200


class Hurdle:
    """The last WINDOW scores of every niche (to minimise; what is not finite counts as the worst)."""

    def __init__(self, niches: int) -> None:
        self.last = np.full((niches, WINDOW), np.nan)
        self.seen = np.zeros(niches, np.int64)

    def passes(self, niche: np.ndarray, quality: np.ndarray, keep: float) -> np.ndarray:
        """bool[n]: among the best `keep` of the last scores of its niche, these included. Remembers them."""
        for i, value in zip(niche.tolist(), quality.tolist(), strict=True):
            self.last[i, self.seen[i] % WINDOW] = value if np.isfinite(value) else np.inf
            self.seen[i] += 1
        bar = np.full(len(self.seen), np.inf)
        for i in np.unique(niche).tolist():
            known = np.sort(self.last[i, : min(self.seen[i], WINDOW)])
            bar[i] = known[int(np.ceil(keep * len(known))) - 1]
        return np.isfinite(quality) & (quality <= bar[niche])

    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays."""
        return {"last": self.last, "seen": self.seen}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        self.last, self.seen = state["last"].copy(), state["seen"].copy()
