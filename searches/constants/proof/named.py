"""Named theorems."""

from __future__ import annotations

from searches.constants.fraction import Fraction
from searches.constants.proof.exact import Deflated, Exact


def by_name(fraction: Fraction, reduced: Deflated) -> Exact | None:
    """By a theorem on one family."""
    return None
