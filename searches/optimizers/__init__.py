"""Optimizers of neural networks, by program search from AdamW, as in "Symbolic Discovery of Optimization Algorithms"
(Chen et al., arXiv 2302.06675)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from discover.registry import Search
from searches.optimizers.config import OptimizerConfig


def _build(config: Any) -> Any:
    from searches.optimizers.problem import OptimizerProblem

    return OptimizerProblem(config)


SEARCH = Search(
    "optimizers",
    "optimizers of neural networks: validation loss against state and statements",
    Path(__file__).parent,
    OptimizerConfig,
    _build,
)
