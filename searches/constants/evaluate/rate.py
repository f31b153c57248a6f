"""How fast a fraction converges, by theory."""

from __future__ import annotations

import math

from searches.constants.evaluate import branch as _branch
from searches.constants.evaluate.branch import Case, Equation
from searches.constants.evaluate.exact import exponential_step, first_zero, log10
from searches.constants.fraction import Fraction

AT = 1000  # factorial convergence: digits a term around this term


def rate(fraction: Fraction) -> tuple[float, str]:
    """(decimal digits that one term adds, kind of convergence).

    Kinds: "factorial" (digits a term grow; given for term 1000), "exponential", "subexponential" (like exp(-c
    sqrt(n))) and "polynomial", both 0 digits a term in the limit; "terminates" (inf), "none" where it does not
    converge (0).
    """
    if first_zero(fraction) is not None:
        return math.inf, "terminates"
    equation = Equation.of(fraction)
    if equation is None:
        return 0.0, "none"
    branch = _branch.classify(equation)
    k = fraction.period
    match branch.case:
        case Case.FACTORIAL:
            step = (2 * branch.d - branch.e) * math.log10(AT / k) + 2 * log10(branch.lead_a) - log10(branch.lead_b)
            return max(step / k, 0.0), "factorial"
        case Case.EXPONENTIAL:
            return exponential_step(branch) / k, "exponential"
        case Case.PARTED_WHOLE:
            return 0.0, "polynomial"
        case Case.PARTED_HALF:
            return 0.0, "subexponential"
        case Case.ALTERNATING:
            return 0.0, "subexponential" if branch.e - 2 * branch.d == 1 else "polynomial"
    return 0.0, "none"
