"""The number that a simple fraction is, among functions at small rationals that no library lists one by one."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from searches.constants.esma.config import DENOMINATORS, FAMILIES, NUMERATORS, ORDERS
from searches.constants.esma.pattern import Ratio
from searches.constants.esma.seeds import members
from searches.constants.fraction import Fraction
from searches.constants.identify.formula import Formula, Monomial
from searches.constants.identify.library import Constant, Library

DIGITS = 60
CHECKED = 100
SHORT = 2  # no formula is shorter


def simple(fraction: Fraction) -> bool:
    """All b are 1 or -1, and the terms a grow."""
    degree_a, degree_b = fraction.degrees
    return degree_a > 0 and degree_b == 0 and all(b in ((1,), (-1,)) for _, b in fraction.blocks)


def closed_form(fraction: Fraction, library: Library | None = None) -> Formula | None:
    """P(c)/Q(c) of degree 1, or else 2, where c is a member of a family of functions; the shortest one.

    Only of `simple` fractions; others, and those that are no such number, have none.
    """
    from searches.constants.evaluate import high
    from searches.constants.identify.identify import compare

    if not simple(fraction):
        return None
    value = high(fraction, DIGITS + 10)
    if value.digits < DIGITS:
        return None
    for form in (_linear, _quadratic):
        found: list[Formula] = []
        for constant in _all():
            ratio = form(value.ball, constant.value(DIGITS + 10))
            if ratio is not None:
                found.append(formula(constant, ratio))
                if found[-1].size <= SHORT:
                    break
        for one in sorted(found, key=lambda f: f.size):
            result = compare(fraction, one, CHECKED, library)
            if not result.refuted:
                return replace(one, digits=result.agreed, roi=DIGITS / one.size)
    return None


def formula(constant: Constant, ratio: Ratio) -> Formula:
    """P(c)/Q(c), written out."""
    up, down = ({_power(constant, k): c for k, c in enumerate(side)} for side in ratio)
    return Formula.of("moebius" if max(map(len, ratio)) == 2 else "lattice", up, down)


@lru_cache
def _all() -> tuple[Constant, ...]:
    """Every member that a run may walk over."""
    return tuple(m for name in FAMILIES for m in members(name, NUMERATORS, DENOMINATORS, ORDERS))


def _power(constant: Constant, k: int) -> Monomial:
    return ((constant.name, k),) if k else ()


def _linear(value: Any, c: Any) -> Ratio | None:
    from searches.constants.identify.lattice import moebius

    found = moebius(value, c, DIGITS)
    return None if found is None else ((found[1], found[0]), (found[3], found[2]))


def _quadratic(value: Any, c: Any) -> Ratio | None:
    """From an integer relation of 1, c, c^2, v, v c, v c^2."""
    from flint import arb

    from searches.constants.identify.lattice import precision, relation

    with precision(DIGITS):
        powers = [arb(1), c, c * c]
        found = relation([*powers, *(-value * p for p in powers)], DIGITS)
    if found is None or not any(found[3:]):
        return None
    return found[:3], found[3:]
