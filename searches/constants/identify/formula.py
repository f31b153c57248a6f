"""A closed form: the quotient of two sums of integer multiples of products of powers of constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd
from typing import Any, Literal

from discover.errors import UserError
from searches.constants.identify import printing
from searches.constants.identify.expression import Node, number, parse
from searches.constants.identify.library import Library, default, value_of

Kind = Literal["rational", "algebraic", "moebius", "lattice"]
Monomial = tuple[tuple[str, int], ...]  # (constant, power), sorted; () is 1
Terms = tuple[tuple[int, Monomial], ...]


@dataclass(frozen=True)
class Formula:
    """numerator / denominator, each a sum of coefficient * monomial; no common divisor, the same order always.

    digits: decimal digits to which it was found to agree. roi: digits known when it was found over `size`.
    Names are those of a library's constants or else expressions, such as sqrt(5).
    """

    kind: Kind
    numerator: Terms
    denominator: Terms
    digits: float = 0.0
    roi: float = 0.0

    @classmethod
    def of(
        cls,
        kind: Kind,
        numerator: Mapping[Monomial, int],
        denominator: Mapping[Monomial, int],
        digits: float = 0.0,
        roi: float = 0.0,
    ) -> Formula:
        """In normal form: zeros dropped, divided by the common divisor, the denominator's first coefficient positive.

        Raises ZeroDivisionError for an empty denominator.
        """
        up, down = _sorted(numerator), _sorted(denominator)
        if not down:
            raise ZeroDivisionError("a formula with denominator 0")
        divisor = reduce(gcd, (c for c, _ in (*up, *down)), 0)
        if down[0][0] < 0:
            divisor = -divisor
        up, down = (tuple((c // divisor, m) for c, m in side) for side in (up, down))
        return cls(kind, up, down, digits, roi)

    @property
    def size(self) -> int:
        """Decimal digits of all coefficients, those inside algebraic numbers included."""
        coefficients = sum(len(str(abs(c))) for c, _ in (*self.numerator, *self.denominator))
        inside = sum(ch.isdigit() for name in self.names for ch in name) if self.kind == "algebraic" else 0
        return coefficients + inside

    @property
    def names(self) -> tuple[str, ...]:
        """The constants that occur, in order."""
        return tuple(sorted({name for _, m in (*self.numerator, *self.denominator) for name, _ in m}))

    def node(self, library: Library | None = None) -> Node:
        """The expression: of the ways to write it, the one with the shortest text."""
        return min(self._layouts(library or default()), key=lambda node: len(printing.to_text(node)))

    @property
    def text(self) -> str:
        """Ascii, such as 4/pi - 1; names stay names."""
        return printing.to_text(min(self._layouts(None), key=lambda node: len(printing.to_text(node))))

    def sympy(self, library: Library | None = None) -> Any:
        """A sympy expression."""
        return printing.to_sympy(self.node(library))

    def latex(self, library: Library | None = None) -> str:
        """For mathematics mode."""
        return printing.to_latex(self.node(library))

    def python(self, library: Library | None = None) -> str:
        """Source over `mp` of mpmath."""
        return printing.to_python(self.node(library))

    def lean(self, library: Library | None = None) -> str | None:
        """A real term of Mathlib; None where it has no word for a constant."""
        try:
            return printing.to_lean(self.node(library))
        except printing.NoSpelling:
            return None

    def value(self, digits: int, library: Library | None = None) -> Any:
        """A flint ball whose relative radius is below 10^-digits."""
        return value_of(self.node(library), digits)

    def to_data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "numerator": [[c, [list(part) for part in m]] for c, m in self.numerator],
            "denominator": [[c, [list(part) for part in m]] for c, m in self.denominator],
            "digits": self.digits,
            "roi": self.roi,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Formula:
        """What `to_data` gave."""
        return cls(data["kind"], _terms(data["numerator"]), _terms(data["denominator"]), data["digits"], data["roi"])

    def _layouts(self, library: Library | None) -> list[Node]:
        """As one quotient, both sides with either sign, and with the numerator split over a denominator of one term."""
        if not self.numerator:
            return [number(0)]
        layouts = [
            _whole(_sum(up, library), _sum(down, library))
            for up, down in (
                (self.numerator, self.denominator),
                (_negated(self.numerator), _negated(self.denominator)),
            )
        ]
        if len(self.denominator) == 1 and len(self.numerator) > 1:
            layouts.append(self._split(library))
        return layouts

    def _split(self, library: Library | None) -> Node:
        """Every term of the numerator over the denominator."""
        (below, bottom), node = self.denominator[0], None
        for c, m in sorted(self.numerator, key=lambda term: term[0] < 0):
            divisor = gcd(c, below)
            up, down = _cancelled(m, bottom)
            top = _term(abs(c) // divisor, up, library)
            term = _quotient(top, _term(below // divisor, down, library))
            node = _added(node, term, c < 0)
        assert node is not None
        return node


def _terms(data: Sequence[Any]) -> Terms:
    return tuple((int(c), tuple((str(name), int(power)) for name, power in m)) for c, m in data)


def _sorted(side: Mapping[Monomial, int]) -> Terms:
    """Highest total power first, then by name; 1 last."""
    kept = [(c, m) for m, c in side.items() if c]
    return tuple(sorted(kept, key=lambda term: (-sum(p for _, p in term[1]), term[1])))


def _cancelled(up: Monomial, down: Monomial) -> tuple[Monomial, Monomial]:
    """Without common powers."""
    powers = dict(up)
    for name, power in down:
        powers[name] = powers.get(name, 0) - power
    ordered = sorted(powers.items())
    return tuple((n, p) for n, p in ordered if p > 0), tuple((n, -p) for n, p in ordered if p < 0)


def _factor(name: str, power: int, library: Library | None) -> Node:
    """A constant to a power; without a library the name itself."""
    node = library.node(name) if library is not None else named(name)
    return node if power == 1 else Node("^", (node, number(power)))


def named(name: str) -> Node:
    """For text only: a name that is an expression is read, so that it is put in brackets where it must be."""
    try:
        return parse(name)
    except UserError:
        return Node("name", label=name)


def _term(coefficient: int, monomial: Monomial, library: Library | None) -> Node:
    """A positive coefficient times a monomial."""
    node = None if coefficient == 1 and monomial else number(coefficient)
    for name, power in monomial:
        factor = _factor(name, power, library)
        node = factor if node is None else Node("*", (node, factor))
    assert node is not None
    return node


def _added(node: Node | None, term: Node, negative: bool) -> Node:
    if node is None:
        return Node("neg", (term,)) if negative else term
    return Node("-" if negative else "+", (node, term))


def _negated(terms: Terms) -> Terms:
    return tuple((-c, m) for c, m in terms)


def _sum(terms: Terms, library: Library | None) -> Node:
    """A sum that starts with a positive term if it has one."""
    node: Node | None = None
    for c, m in sorted(terms, key=lambda term: term[0] < 0):
        node = _added(node, _term(abs(c), m, library), c < 0)
    assert node is not None
    return node


def _whole(up: Node, down: Node) -> Node:
    """A quotient, the signs of single negative terms before it."""
    if up.head == "neg" and down.head == "neg":
        return _quotient(up.args[0], down.args[0])
    for one, other, first in ((up, down, True), (down, up, False)):
        if one.head == "neg":
            pair = (one.args[0], other) if first else (other, one.args[0])
            return Node("neg", (_quotient(*pair),))
    return _quotient(up, down)


def _quotient(up: Node, down: Node) -> Node:
    if down.integer == 1:
        return up
    if down.head == "/":
        top, bottom = down.args
        return _quotient(bottom if up.integer == 1 else Node("*", (up, bottom)), top)
    return Node("/", (up, down))
