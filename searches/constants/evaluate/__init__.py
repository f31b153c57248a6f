"""Values of continued fractions: many in float64, some in double-double or limbs, one to any precision."""

from searches.constants.evaluate.double import DoubleDouble, doubledouble
from searches.constants.evaluate.exact import high
from searches.constants.evaluate.first import first_pass
from searches.constants.evaluate.kind import FirstPass, Kind, Value
from searches.constants.evaluate.opinion import second_opinion
from searches.constants.evaluate.rate import rate

__all__ = ["DoubleDouble", "FirstPass", "Kind", "Value", "doubledouble", "first_pass", "high", "rate", "second_opinion"]
