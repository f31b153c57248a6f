"""From a fraction to its formula: ever larger sets of forms are tried, and what is found is checked at more digits.

Rational and algebraic numbers are told first, or they would be "forms" of any constant. Then come Moebius forms of one
constant, then quotients of linear forms of several (`builtin.FAMILIES`). Of several formulas the smallest is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal

from searches.constants.evaluate import Kind, high
from searches.constants.fraction import Fraction
from searches.constants.identify import lattice
from searches.constants.identify.algebraic import algebraic
from searches.constants.identify.builtin import FAMILIES
from searches.constants.identify.formula import Formula, Monomial, monomial
from searches.constants.identify.library import DECOY, USER, Constant, Library, default, value_of
from searches.constants.identify.moebius import moebius

DIGITS = 50  # that a formula is found with
MORE = 50  # that it is checked with in addition
LEAST = 30  # of the value; with fewer nothing is looked for
WIDE = 120  # digits for quotients of long linear forms
SLACK = 3  # digits that may be lost at the end of a comparison
DEGREE = 4  # of algebraic numbers, at most

Effort = Literal["quick", "full"]
ONE: Monomial = ()


@dataclass(frozen=True)
class Comparison:
    """Digits to which a fraction and a formula agree, and digits of the fraction that were known."""

    agreed: float
    known: float

    @property
    def refuted(self) -> bool:
        """The formula is not the fraction's value."""
        return self.agreed < self.known - SLACK


def compare(
    fraction: Fraction, formula: Formula, digits: int = DIGITS + MORE, library: Library | None = None
) -> Comparison:
    """Evaluate both to so many digits, the fraction afresh."""
    found = high(fraction, digits)
    if found.kind not in (Kind.CONVERGES, Kind.TERMINATES):
        return Comparison(0.0, 0.0)
    return compared(found.ball, min(float(digits), found.digits), formula, library)


def confirm(fraction: Fraction, formula: Formula, digits: int = DIGITS + MORE, library: Library | None = None) -> float:
    """Decimal digits to which the fraction and the formula agree, at most those asked for.

    `compare` tells a formula that is refuted from a fraction of which too few digits can be had.
    """
    return compare(fraction, formula, digits, library).agreed


def compared(value: Any, known: float, formula: Formula, library: Library | None) -> Comparison:
    """A value, a ball of which so many digits are known, and a formula."""
    with lattice.precision(known):
        if not formula.numerator:
            difference = abs(value)
        else:
            exact = formula.value(math.ceil(known) + 5, library)
            difference = abs(value / exact - 1)
        bound = difference.abs_upper()
        agreed = known if bound == 0 else -float(bound.log()) / math.log(10)
    return Comparison(max(0.0, min(agreed, known)), known)


def identify(fraction: Fraction, library: Library | None = None, effort: Effort = "full") -> Formula | None:
    """The smallest formula of a fraction's value that was found with 50 digits and holds at 100, or None.

    effort: "quick" stops after the Moebius forms; "full" goes on to quotients of linear forms of several constants.
    Fractions that do not converge, or of which fewer than 30 digits can be had, have none.
    """
    library = default() if library is None else library
    value = high(fraction, DIGITS)
    if value.kind not in (Kind.CONVERGES, Kind.TERMINATES) or value.digits < LEAST:
        return None
    digits = min(float(DIGITS), value.digits)
    checked = _Checked(fraction, library)
    for formula in _simple(value.ball, digits, library):
        if (found := checked(formula)) is not None:
            return found
    if effort == "full":
        for formula in _mixed(fraction, value.ball, digits, library):
            if (found := checked(formula)) is not None:
                return found
    return None


class _Checked:
    """Formulas that hold at more digits, with these; the fraction is evaluated once."""

    def __init__(self, fraction: Fraction, library: Library) -> None:
        self.fraction, self.library = fraction, library
        self.value: Any = None

    def __call__(self, formula: Formula) -> Formula | None:
        if self.value is None:
            self.value = high(self.fraction, DIGITS + MORE)
        known = min(float(DIGITS + MORE), self.value.digits)
        result = compared(self.value.ball, known, formula, self.library)
        return None if result.refuted else replace(formula, digits=result.agreed)


def _simple(value: Any, digits: float, library: Library) -> Iterator[Formula]:
    """Rational, algebraic, Moebius: the smallest first within each kind."""
    ratio = lattice.rational(value, digits)
    if ratio is not None:
        yield _found(Formula.of("rational", {ONE: ratio.numerator}, {ONE: ratio.denominator}), digits)
        return
    polynomial = lattice.algebraic(value, digits, 2)
    if polynomial is not None:
        yield _found(algebraic(polynomial, value, digits), digits)
        return
    found = [f for c in library.constants if c.degree != 2 and (f := _moebius(value, digits, c)) is not None]
    yield from sorted(found, key=lambda f: (f.kind, f.size))  # algebraic ones come first
    polynomial = None if found else lattice.algebraic(value, digits, DEGREE)
    if polynomial is not None:
        yield _found(algebraic(polynomial, value, digits), digits)


def _found(formula: Formula, digits: float) -> Formula:
    return replace(formula, digits=digits, roi=digits / max(formula.size, 1))


def _moebius(value: Any, digits: float, constant: Constant) -> Formula | None:
    found = lattice.moebius(value, constant.value(math.ceil(digits) + 10), digits)
    return None if found is None else _found(moebius(constant, *found), digits)


def _mixed(fraction: Fraction, value: Any, digits: float, library: Library) -> Iterator[Formula]:
    """Quotients of linear forms: a pair at a time for constants of the user's and decoys, then families."""
    for basis in _personal(library):
        if (formula := _quotient(value, digits, basis, library)) is not None:
            yield formula
    wide = high(fraction, WIDE)
    if wide.digits < digits:
        return
    digits = min(float(WIDE), wide.digits)
    for basis in _families(library):
        formula = _quotient(wide.ball, digits, basis, library)
        if formula is not None:
            yield _smallest(formula, wide.ball, digits, library)


def _smallest(formula: Formula, value: Any, digits: float, library: Library) -> Formula:
    """With as few of the monomials as will do: of several relations the lattice may give a sum."""
    used = sorted({m for _, m in (*formula.numerator, *formula.denominator)} - {ONE})
    for count in range(1, len(used)):
        for chosen in combinations(used, count):
            smaller = _quotient(value, digits, chosen, library)
            if smaller is not None:
                return smaller
    return formula


def _quotient(value: Any, digits: float, basis: Sequence[Monomial], library: Library) -> Formula | None:
    monomials = (*basis, ONE)
    found = lattice.quotient(value, [_value(m, math.ceil(digits) + 10, library) for m in monomials], digits)
    if found is None:
        return None
    up, down = (dict(zip(monomials, side, strict=True)) for side in found)
    formula = Formula.of("lattice", up, down)
    return _found(formula, digits) if formula.names else None


@lru_cache(maxsize=4096)
def _value(monomial: Monomial, digits: int, library: Library) -> Any:
    from flint import arb

    with lattice.precision(digits):
        result = arb(1)
        for name, power in monomial:
            result *= value_of(library.node(name), digits) ** power
        return result


@lru_cache(maxsize=64)
def _personal(library: Library) -> tuple[tuple[Monomial, ...], ...]:
    """For every constant that is not built in, decoys included: with its square, and with pi, log(2) and e."""
    found: list[tuple[Monomial, ...]] = []
    for c in library.constants:
        if c.group in (USER, DECOY):
            x: Monomial = ((c.name, 1),)
            found.append((x, ((c.name, 2),)))
            found += [(x, ((name, 1),)) for name in ("pi", "log(2)", "e") if name in library]
    return tuple(found)


@lru_cache(maxsize=64)
def _families(library: Library) -> tuple[tuple[Monomial, ...], ...]:
    """Those whose constants are all in the library, or algebraic."""
    families = (tuple(map(monomial, texts)) for texts in FAMILIES)
    return tuple(
        family for family in families if all(name in library or _is_root(name) for m in family for name, _ in m)
    )


def _is_root(name: str) -> bool:
    """sqrt(5), 2^(2/3)."""
    return re.fullmatch(r"sqrt\(\d+\)|\d+\^\(\d+/\d+\)", name) is not None


def decoys(formulas: Iterable[Formula | None]) -> int:
    """How many formulas name a random number: false ones, and a measure of how many others are."""
    return sum(any(name.startswith(DECOY) for name in f.names) for f in formulas if f is not None)
