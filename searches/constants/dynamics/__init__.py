"""How a fraction behaves, without knowing its limit: reduction of its convergents, their growth, how fast they near."""

from searches.constants.dynamics.curvature import conditions, exponent, reduction, sieve
from searches.constants.dynamics.growth import Estimate, estimate

__all__ = ["Estimate", "conditions", "estimate", "exponent", "reduction", "sieve"]
