"""Meta-validation: now and then the best so far are scored on tasks that the search does not select on.

A search that goes on improving its own score while these stand still is fitting its tasks; it may stop there. Nothing
that breeds or selects sees these scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from discover.archive import Archive, quality
from discover.problem import Problem
from primitives.packed import Packed

Evaluate = Callable[[Packed, np.ndarray], np.ndarray]


class MetaValidation:
    """The best elite of each value of the first descriptor, whenever it is another one.

    generation, kind, key    when, which value of the first descriptor (by place), and the canonical key
    searched, meta           its quality in the search, and here (to minimise)
    """

    FIELDS = ("generation", "kind", "key", "searched", "meta")

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.generation, self.kind = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.key = np.zeros(0, np.uint64)
        self.searched, self.meta = np.zeros(0), np.zeros(0)
        self.checks = 0
        self.last_improvement = 0

    def check(self, archive: Archive, generation: int, evaluate: Evaluate) -> None:
        """Score what is new among the best."""
        kinds = self.problem.axes[0].cells
        values = archive.quality(np.arange(archive.size)).reshape(kinds, -1)
        best = np.argmin(values, axis=1) + np.arange(kinds) * values.shape[1]
        new = [i for i in best.tolist() if archive.occupied[i] and archive.key[i] not in self.key]
        self.checks += 1
        if not new:
            return
        places = np.array(new)
        found = quality(self.problem, evaluate(archive.elites[places], archive.key[places]))
        if found.min() < self.meta.min(initial=np.inf):
            self.last_improvement = self.checks
        rows = np.full(len(places), generation), places // values.shape[1], archive.key[places]
        columns = (*rows, archive.quality(places), found)
        for name, column in zip(self.FIELDS, columns, strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), column]))

    @property
    def stale(self) -> int:
        """Checks since the best of them improved."""
        return self.checks - self.last_improvement

    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays."""
        counts = np.array([self.checks, self.last_improvement], np.int64)
        return {name: getattr(self, name) for name in self.FIELDS} | {"counts": counts}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        for name in self.FIELDS:
            setattr(self, name, state[name].copy())
        self.checks, self.last_improvement = state["counts"].tolist()
