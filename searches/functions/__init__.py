"""Approximations of functions: few operations, small relative error, as in AutoNumerics-Zero (Real et al. 2023)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from discover.registry import Search
from searches.functions.config import FunctionConfig


def _build(config: Any) -> Any:
    from searches.functions.problem import FunctionProblem

    return FunctionProblem(config)


SEARCH = Search(
    "functions",
    "approximations of a function: operations against largest relative error",
    Path(__file__).parent,
    FunctionConfig,
    _build,
)
