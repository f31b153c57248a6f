"""Interlaced fractions."""

from __future__ import annotations

from searches.constants.fraction import Fraction
from searches.constants.proof.exact import Exact


def by_contraction(fraction: Fraction) -> Exact | None:
    """Every period-th convergent, as a fraction of period 1."""
    return None
