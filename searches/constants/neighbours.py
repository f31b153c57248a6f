"""The end of a sieved box: formulas from fractions that behave alike, and constants that nobody has named yet.

Classes of fractions are clustered by their dynamics, those with a formula and those without. The constants of the
first are tried on the second (`dynamics.clusters`), which costs a twentieth of identifying them from scratch; what
comes out is then identified from scratch like every find. Fractions that are left and whose values are Moebius forms
of one another have one constant, which is none of the library's: of at least SMALLEST such fractions the simplest is a
find, with 0 digits and infinite size, so that it comes after all formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from discover.problem import Each, Find
from searches.constants.fraction import Fraction
from searches.constants.subject import ALSO, PROPOSED, SHARED, LibraryKey, find_of, meaning

if TYPE_CHECKING:
    from searches.constants.identify.formula import Formula
    from searches.constants.identify.library import Library

SMALLEST = 3  # fractions of an unknown constant that make it worth showing
LISTED = 8  # of them beside the simplest that its find names
DIGITS = 110  # at which their relations are confirmed
ROWS = 64  # fractions that one task measures


class Member(NamedTuple):
    """The simplest fraction of a class: its number in the box, coefficients, and how many hits the class has."""

    number: int
    a: tuple[int, ...]
    b: tuple[int, ...]
    members: int

    @property
    def fraction(self) -> Fraction:
        """The fraction."""
        return Fraction.of(self.a, self.b)

    @property
    def plainness(self) -> tuple[Any, ...]:
        """Small coefficients first, then few negative ones."""
        both = (*self.a, *self.b)
        return sum(map(abs, both)), sum(c < 0 for c in both), both


class Neighbours:
    """Classes, and by their place among them the formulas of some.

    each: runs the methods `find`, `measured` and `shared` of the sweep.
    """

    def __init__(
        self, classes: Sequence[Member], formulas: Mapping[int, Formula], library: Library, each: Each
    ) -> None:
        self.classes, self.formulas, self.library, self.each = classes, formulas, library, each

    def finds(self) -> list[Find]:
        """New finds: those with formulas, then unknown constants."""
        from searches.constants.dynamics.clusters import clusters, propose
        from searches.constants.dynamics.measures import Measures

        if len(self.formulas) == len(self.classes):
            return []
        parts = [list(self.classes[i : i + ROWS]) for i in range(0, len(self.classes), ROWS)]
        measured = Measures(*np.concatenate(self.each("measured", parts)).T)
        proposals = propose(
            [c.fraction for c in self.classes],
            self.formulas,
            clusters(measured, set(self.formulas)),
            self.library,
        )
        tried = self.each("find", [self.classes[m] for m in sorted(proposals.formulas)])
        groups = [
            sorted((self.classes[m] for m in group), key=lambda c: c.plainness)
            for group in proposals.unknown
            if len(group) >= SMALLEST
        ]
        proposed = [marked(one[0], {PROPOSED: 1}) for one in tried if one is not None]
        return proposed + [find for finds in self.each("shared", groups) for find in finds]


def unknown_of(group: Sequence[Member], key: LibraryKey) -> list[Find]:
    """The find of an unknown constant, from fractions that seem to share it, the simplest first.

    Relations are confirmed at more digits. Where the simplest turns out to have a formula, all that have one are finds.
    """
    from searches.constants.dynamics.clusters import value
    from searches.constants.identify.lattice import moebius

    head, *others = group
    formula, _ = meaning(head.fraction, key)
    if formula is not None and formula.kind == "rational":  # rational numbers are all forms of each other
        return []
    first = find_of(head.fraction, key, head.members)
    if isfinite(first.objectives["size"]):
        found = [first, *(find_of(other.fraction, key, other.members) for other in others)]
        return [marked(find, {PROPOSED: 1}) for find in found if isfinite(find.objectives["size"])]
    x = value(head.fraction, DIGITS)
    values = [None if x is None else value(other.fraction, DIGITS) for other in others]
    kin = [c for c, y in zip(others, values, strict=True) if y is not None and moebius(y, x, DIGITS) is not None]
    if len(kin) + 1 < SMALLEST:
        return []
    numbers = {f"{ALSO}{i}": c.number for i, c in enumerate(kin[:LISTED], 1)}
    return [marked(first, {SHARED: len(kin) + 1, **numbers})]


def marked(find: Find, descriptors: Mapping[str, int]) -> Find:
    """With further descriptors."""
    return replace(find, descriptors={**find.descriptors, **descriptors})
