"""Continued-fraction formulas of constants: found, identified and proved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from discover.registry import Search
from searches.constants.config import ConstantsConfig


def _build(config: Any) -> Any:
    if config.method == "esma":
        from searches.constants.esma.sweep import EsmaSweep

        return EsmaSweep(config)
    if config.method == "evolution":
        from searches.constants.evolution.problem import FractionProblem

        return FractionProblem(config)
    from searches.constants.box import BoxSweep

    return BoxSweep(config)


SEARCH = Search(
    "constants",
    "polynomial continued fractions that are formulas of pi, e, zeta(3), ...",
    Path(__file__).parent,
    ConstantsConfig,
    _build,
)
