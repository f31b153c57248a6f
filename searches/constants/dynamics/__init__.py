"""How a fraction behaves, without knowing its limit: reduction of its convergents, their growth, how fast they near."""

from searches.constants.dynamics.estimate import Estimate, estimate
from searches.constants.dynamics.reduction import conditions, reduction

__all__ = ["Estimate", "conditions", "estimate", "reduction"]
