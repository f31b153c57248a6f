"""Strategies: where candidates come from. `ask` for a batch, `tell` its scores; evaluation lies wholly outside."""

from __future__ import annotations

from discover.problem import Problem
from discover.spec import Strategy as Settings
from discover.strategies.base import Strategy
from discover.strategies.baselines import ConstantsOnly, RandomSearch
from discover.strategies.islands import Islands
from discover.strategies.map_elites import MapElites
from discover.strategies.niched import Niched
from discover.strategies.nsga2 import NSGA2
from discover.strategies.regularized import Regularized

STRATEGIES: dict[str, type[Strategy]] = {
    "regularized": Regularized,
    "nsga2": NSGA2,
    "map_elites": MapElites,
    "niched": Niched,
    "random": RandomSearch,
    "constants_only": ConstantsOnly,
}


def make(problem: Problem, settings: Settings, seed: int) -> Strategy:
    """The strategy that the settings name, on islands if they say so."""
    strategy = STRATEGIES[settings.name]
    if settings.islands == 1:
        return strategy(problem, settings, seed, 0)
    return Islands([strategy(problem, settings, seed, i) for i in range(settings.islands)], settings.migrate_every)


__all__ = [
    "NSGA2",
    "STRATEGIES",
    "ConstantsOnly",
    "Islands",
    "MapElites",
    "Niched",
    "RandomSearch",
    "Regularized",
    "Settings",
    "Strategy",
    "make",
]
