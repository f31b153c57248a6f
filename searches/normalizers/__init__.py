"""The search for normalization-activation layers (EvoNorm, arXiv 2004.02967) and pointwise ones (Derf, 2512.10938)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from discover.registry import Search
from searches.normalizers.config import NormalizerConfig

if TYPE_CHECKING:
    from discover.problem import Problem


def _build(config: NormalizerConfig) -> Problem:
    if config.space == "pointwise":
        from searches.normalizers.pointwise import PointwiseProblem

        return PointwiseProblem(config)
    from searches.normalizers.problem import LayerProblem

    return LayerProblem(config)


SEARCH = Search(
    "normalizers",
    "normalization-activation layers: what three networks learn with them",
    Path(__file__).parent,
    NormalizerConfig,
    _build,
)
