"""What is shown of a find: in reports, on pages and in every exported file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from discover.problem import Find
from searches.constants import notation, subject
from searches.constants.fraction import Fraction
from searches.constants.subject import EVERYTHING, LibraryKey

if TYPE_CHECKING:
    from searches.constants.identify import Formula
    from searches.constants.proof import Proof

DIGITS = 50
_RAISED = re.compile(r"\^\{\\frac\{(-?\w+)\}\{(\w+)\}\}")
HOW = {
    "digits": "to which fraction and formula agree, evaluated afresh (compared: {digits})",
    "rate": "decimal digits a term: {kind} convergence",
    "delta": "irrationality measure of convergent {depth}, exact",
    "size": "decimal digits of the integers in the formula",
}
_KINDS = {
    "factorial": "{rate:.3g} digits a term at term 1000, more later",
    "exponential": "{rate:.3g} digits a term",
    "subexponential": "digits grow like the square root of the number of terms",
    "polynomial": "digits grow like the logarithm of the number of terms",
}


@dataclass(frozen=True)
class Sheet:
    """A find with its meaning, which is worked out when it is asked for."""

    find: Find
    key: LibraryKey = EVERYTHING

    @cached_property
    def fraction(self) -> Fraction:
        """The fraction."""
        return subject.fraction_of(self.find.program)

    @property
    def formula(self) -> Formula | None:
        """The closed form; None if there is none."""
        return subject.meaning(self.fraction, self.key)[0]

    @property
    def proof(self) -> Proof:
        """What is proved."""
        return subject.meaning(self.fraction, self.key)[1]

    @cached_property
    def convergence(self) -> str:
        """Its kind: factorial, exponential, subexponential, polynomial."""
        from searches.constants.evaluate import rate

        return rate(self.fraction)[1]

    @cached_property
    def value(self) -> Any:
        """evaluate.Value to 60 digits."""
        from searches.constants.evaluate import high

        return high(self.fraction, DIGITS + 10)

    @property
    def text(self) -> str:
        """The closed form in ASCII."""
        return self.formula.text if self.formula is not None else "?"

    @property
    def latex(self) -> str:
        """The closed form in LaTeX."""
        if self.formula is None:
            return r"\text{unknown}"
        return raised(self.formula.latex(subject.library_of(self.key)))

    @property
    def equation(self) -> str:
        """ASCII: closed form, first terms, general term."""
        return f"{self.text} = {notation.nested(self.fraction, latex=False)}, {self.general}"

    @property
    def general(self) -> str:
        """ASCII: the general term."""
        return notation.equations(self.fraction, latex=False)

    @property
    def group(self) -> str:
        """The constants in the closed form."""
        return "unidentified" if self.formula is None else ", ".join(self.formula.names) or self.formula.kind

    @property
    def status(self) -> str:
        """Proof status, with its theorem or digits."""
        proof = self.proof
        if proof.status == "CONJECTURED":
            return f"CONJECTURED: {self.find.objectives.get('digits', 0.0):.0f} digits agree"
        return f"{proof.status}: {proof.theorem}"

    @property
    def rate(self) -> str:
        """How fast it converges, in words."""
        return _KINDS.get(self.convergence, self.convergence).format(rate=self.find.objectives.get("rate", math.nan))

    def how(self, name: str) -> str:
        """How an objective is measured."""
        text = HOW.get(name, "")
        return text.format(digits=subject.CONFIRMED, kind=self.convergence, depth=subject.DEPTH)

    def digits(self, count: int = DIGITS) -> str:
        """The first digits of the value, cut off, or fewer where fewer are known; an exact value in whole."""
        return decimal(self.value.ball, min(count, int(min(self.value.digits, count))))


def raised(latex: str) -> str:
    """With exponents such as 1/2 in one line."""
    return _RAISED.sub(r"^{\1/\2}", latex)


def decimal(ball: Any, count: int) -> str:
    """The first `count` digits of a ball's midpoint, cut off; no exponent."""
    import mpmath

    if count < 1 or not ball.is_finite():
        return "?"
    mantissa, exponent = (int(part) for part in ball.mid().man_exp())
    sign = "-" if mantissa < 0 else ""
    with mpmath.workdps(count + 40):
        x = mpmath.ldexp(mpmath.mpf(abs(mantissa)), exponent)
        if x == 0:
            return "0"
        places = count - 1 - int(mpmath.floor(mpmath.log10(x)))
        # A value that ends just below a shorter one is taken to be that one.
        scaled = int(mpmath.floor(x * mpmath.mpf(10) ** places + mpmath.mpf(10) ** -10))
    text = str(scaled)
    if places <= 0:
        return sign + text + "0" * -places
    text = text.zfill(places + 1)
    return f"{sign}{text[:-places]}.{text[-places:]}"
