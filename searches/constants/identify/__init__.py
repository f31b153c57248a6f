"""What a continued fraction's value is: constants, canonical form, Moebius table, lattice reduction, formulas."""

from searches.constants.identify.canonical import Canonical
from searches.constants.identify.formula import Formula
from searches.constants.identify.library import Constant, Library

__all__ = ["Canonical", "Constant", "Formula", "Library"]
