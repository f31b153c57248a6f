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
UNIDENTIFIED = "UNIDENTIFIED"
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
    """A find with its meaning, which is worked out when it is asked for.

    relatives  fractions of the same unknown constant
    """

    find: Find
    key: LibraryKey = EVERYTHING
    relatives: tuple[Fraction, ...] = ()

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
        if self.formula is not None:
            return self.formula.text
        return f"unknown constant shared by {self.shared} fractions" if self.shared else "?"

    @property
    def shared(self) -> int:
        """How many fractions have this one's constant, which is unknown; 0 if that is not known."""
        return self.find.descriptors.get(subject.SHARED, 0)

    @cached_property
    def kin(self) -> list[tuple[Fraction, tuple[int, int, int, int]]]:
        """The relatives, and (p, q, r, s) of their values (p x + q)/(r x + s), x being this one's value."""
        from searches.constants.evaluate import high
        from searches.constants.identify.lattice import moebius

        found = []
        for fraction in self.relatives:
            value = high(fraction, DIGITS + 10)
            form = moebius(value.ball, self.value.ball, min(value.digits, self.value.digits, DIGITS + 10.0))
            if form is not None:
                found.append((fraction, form))
        return found

    @property
    def kinship(self) -> list[str]:
        """ASCII: the same, a line each."""
        return [f"{notation.equations(f, latex=False)}: {_quotient(form)}" for f, form in self.kin]

    @property
    def word(self) -> str:
        """PROVED, FAMILY, CONJECTURED; UNIDENTIFIED where there is no formula."""
        return self.proof.status if self.formula is not None else UNIDENTIFIED

    @property
    def latex(self) -> str:
        """The closed form in LaTeX."""
        if self.formula is None:
            return "x" if self.shared else r"\text{unknown}"
        return raised(self.formula.latex(subject.library_of(self.key)))

    @property
    def equation(self) -> str:
        """ASCII: closed form, first terms, general term."""
        left = "x" if self.shared and self.formula is None else self.text
        return f"{left} = {notation.nested(self.fraction, latex=False)}, {self.general}"

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
        if self.formula is None:
            shared = f"; {self.text}" if self.shared else ""
            exact = f"; exact value by {proof.theorem}" if proof.theorem else ""
            return f"{UNIDENTIFIED}: no form of the library's constants is known{shared}{exact}"
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


def _quotient(form: tuple[int, int, int, int]) -> str:
    """(2 x + 3)/(x - 1)"""
    p, q, r, s = form
    up, down = (notation.polynomial(side, False, "x") for side in ((q, p), (s, r)))
    up, down = (f"({side})" if " " in side else side for side in (up, down))
    return up.strip("()") if down == "1" else f"{up}/{down}"


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
