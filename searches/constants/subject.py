"""What all searches for fractions share: what a find is, what it means, and how it is measured, shown and written out.

`BoxSweep`, `EsmaSweep` and `FractionProblem` put `ConstantsDomain` before `Sweep` or `Problem` among their bases and
set `library_key` from their config. Of a find its program is all that is stored: formula, proof and figures are worked
out from it, by the same functions when it is found, verified and exported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discover.errors import UserError
from discover.problem import Descriptor, Domain, Find, Objective
from primitives.program import Program
from primitives.text import parse
from searches.constants.fraction import INTEGER, Fraction, signature

if TYPE_CHECKING:
    from searches.constants.identify import Formula
    from searches.constants.identify.library import Library
    from searches.constants.proof import Proof
    from searches.constants.sheet import Sheet

# Names of constants (none: all), and the user's as name and expression.
LibraryKey = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
EVERYTHING: LibraryKey = ((), ())
OBJECTIVES = (
    Objective("digits", "decimal digits of the formula, confirmed", maximize=True),
    Objective("rate", "decimal digits a term", maximize=True),
    Objective("delta", "irrationality measure", maximize=True),
    Objective("size", "decimal digits in the formula"),
)
DESCRIPTORS = (Descriptor("degree_a", 0, 8), Descriptor("degree_b", 0, 16), Descriptor("members", 1, 1_000_000))
# Further descriptors of some finds: a neighbour proposed the formula; how many fractions share an unknown constant, and
# the numbers of some of them in the search, called also_1, also_2, ...
PROPOSED, SHARED, ALSO = "proposed", "shared", "also_"
CONFIRMED = 100  # digits that a formula is compared at
DEPTH = 600  # convergent that delta is taken at
MAX_PERIOD = 64
_RESULT = re.compile(r"^\s*([ab])([0-9]{0,4})\s*=", re.MULTILINE)


def key_of(problem: Mapping[str, Any]) -> LibraryKey:
    """From a [problem] table: its table `identify` has `constants`, a list of names, and `user`, a table of them."""
    identify = problem.get("identify", {})
    return tuple(identify.get("constants", ())), tuple(sorted(identify.get("user", {}).items()))


@lru_cache(maxsize=16)
def library_of(key: LibraryKey = EVERYTHING) -> Library:
    """The library of constants of that key, without decoys."""
    from searches.constants.identify.library import Library

    names, user = key
    return Library.load(names or None, user=dict(user))


@lru_cache(maxsize=4096)
def meaning(fraction: Fraction, key: LibraryKey = EVERYTHING) -> tuple[Formula | None, Proof]:
    """The formula of a fraction's value (None: not identified), and what is proved of it."""
    from searches.constants.esma.closed import closed_form
    from searches.constants.identify.identify import identify
    from searches.constants.proof import prove

    library = library_of(key)
    formula = closed_form(fraction, library) or identify(fraction, library, "full")
    proof = prove(fraction, formula, library)
    return (proof.formula if formula is None else formula), proof


@lru_cache(maxsize=4096)
def figures(fraction: Fraction, key: LibraryKey = EVERYTHING) -> dict[str, float]:
    """The objectives of a find. Where nothing is identified, digits are 0 and the size is infinite.

    digits  of agreement between the fraction, evaluated afresh, and its formula, both to 100 digits
    rate    digits a term at term 1000; 0 where digits grow like the logarithm of the depth
    delta   of the convergent of depth 600, exact, against the one of twice that depth
    """
    from searches.constants import evaluate
    from searches.constants.dynamics.measures import delta
    from searches.constants.identify.identify import confirm

    formula, _ = meaning(fraction, key)
    rate, _ = evaluate.rate(fraction)
    return {
        "digits": 0.0 if formula is None else confirm(fraction, formula, CONFIRMED, library_of(key)),
        "rate": float(rate),
        "delta": float(delta(fraction, DEPTH)),
        "size": math.inf if formula is None else float(formula.size),
    }


def find_of(fraction: Fraction, key: LibraryKey = EVERYTHING, members: int = 1) -> Find:
    """A fraction as a find: its program with figures and degrees. `members`: raw hits of its class."""
    degree_a, degree_b = fraction.degrees
    return Find(
        fraction.program(),
        figures(fraction, key),
        {"degree_a": degree_a, "degree_b": degree_b, "members": members},
    )


def fraction_of(program: Program) -> Fraction:
    """Fraction.from_program; raises UserError where the program is no fraction."""
    try:
        return Fraction.from_program(program)
    except ValueError as error:
        raise UserError(f"no continued fraction: {error}") from None


class ConstantsDomain(Domain):
    """A domain of polynomial continued fractions.

    library_key  which constants they are compared with
    how          what pages of formulas say of how they were found
    """

    title = "formula"
    primitives = INTEGER
    signature = signature()
    objectives = OBJECTIVES
    descriptors = DESCRIPTORS
    tolerance = 1e-6
    pictures = (".html", ".md", ".svg", ".png")
    library_key: LibraryKey = EVERYTHING
    how: str = ""

    @property
    def exporters(self) -> dict[str, Callable[[Find, Mapping[str, Any]], str]]:  # type: ignore[override]
        """Format -> function(find, provenance) -> text."""
        from searches.constants.export import EXPORTERS

        return dict(EXPORTERS)

    def parse(self, text: str) -> Program:
        """The program of a find; its results say whether terms take turns: a, b, or a0, b0, a1, b1, ..."""
        found = {(name, number) for name, number in _RESULT.findall(text)}
        indices = [int(number) for _, number in found if number]
        period = 1 + max(indices, default=0)
        if period > MAX_PERIOD:
            raise ValueError(f"a fraction of period {period}; at most {MAX_PERIOD}")
        return parse(text, signature(period), self.primitives)

    def about(self, find: Find) -> dict[str, Any]:
        """Its constants and degrees for a name, as in pi_1_2; "proven" where the proof is complete."""
        fraction = fraction_of(find.program)
        formula, proof = meaning(fraction, self.library_key)
        words = ["unknown"] if formula is None else [*formula.names] or [formula.kind]
        if fraction.period > 1:
            words = [*words, f"period{fraction.period}"]
        name = re.sub(
            r"[\W_]+", "_", "_".join([*words, *(str(max(d, 0)) for d in fraction.degrees)]), flags=re.ASCII
        ).strip("_")
        name = name if name[:1].isalpha() else f"formula_{name}"
        proven = formula is not None and proof.status == "PROVED"
        return {"name": name[:100], "status": "proven" if proven else "measured"}

    def measure(self, program: Program) -> dict[str, float]:
        """The objectives, from scratch."""
        return dict(figures(fraction_of(program), self.library_key))

    def report(self, finds: Sequence[Find]) -> list[dict[str, Any]]:
        """A row a formula, beside what is known."""
        from searches.constants.report import rows

        return rows(finds, self.library_key)

    def remarks(self, finds: Sequence[Find]) -> list[str]:
        """How many formulas neighbours proposed, unknown constants, and infinite families."""
        from searches.constants.report import remarks

        return remarks(finds, self.library_key)

    def relatives(self, find: Find) -> list[Fraction]:
        """Other fractions of the search whose values are forms of the same unknown constant."""
        return []

    def sheet(self, find: Find) -> Sheet:
        """What is shown of a find."""
        from searches.constants.sheet import Sheet

        return Sheet(find, self.library_key, tuple(self.relatives(find)))

    def explain(self, find: Find) -> list[tuple[str, str]]:
        """Value, formula, what is proved, and the certificate."""
        from searches.constants.report import explain

        return explain(find, self.library_key, self.relatives(find))

    def picture(self, finds: Sequence[Find], path: Path) -> None:
        """A page of formulas (.html, .md), or rate against delta (.svg, .png)."""
        from searches.constants.report import picture

        picture(finds, path, self.library_key, self.how, self.relatives)
