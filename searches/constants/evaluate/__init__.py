"""Values of continued fractions: many in float64, some in double-double or limbs, one to any precision."""

from searches.constants.evaluate.double import DoubleDouble, doubledouble
from searches.constants.evaluate.exact import high
from searches.constants.evaluate.first import convergents, first_pass
from searches.constants.evaluate.kind import FirstPass, Kind, Value
from searches.constants.evaluate.limbs import Limbs, limbs
from searches.constants.evaluate.opinion import second_opinion
from searches.constants.evaluate.rate import rate

__all__ = [
    "DoubleDouble",
    "FirstPass",
    "Kind",
    "Limbs",
    "Value",
    "convergents",
    "doubledouble",
    "first_pass",
    "high",
    "limbs",
    "rate",
    "second_opinion",
]
