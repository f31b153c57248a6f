"""A closed form: the quotient of two sums of integer multiples of products of powers of constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from math import gcd
from typing import Any, Literal

from discover.errors import UserError
from searches.constants.identify import printing
from searches.constants.identify.expression import Node, number, parse
from searches.constants.identify.library import Library, default, names, value_of

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
        """In normal form: zeros dropped, without common divisor and common powers, negative powers cleared, the
        denominator's first coefficient positive.

        Raises ZeroDivisionError for an empty denominator.
        """
        common = _lowest([m for side in (numerator, denominator) for m, c in side.items() if c])
        up, down = (_sorted({_over(m, common): c for m, c in side.items()}) for side in (numerator, denominator))
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
        return self._shortest(library or default())

    @property
    def text(self) -> str:
        """Ascii, such as 4/pi - 1; names stay names."""
        return printing.to_text(self._shortest(None))

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

    def _shortest(self, library: Library | None) -> Node:
        if not self.numerator:
            return number(0)
        layouts = [layout for formula in self._equals() for layout in _layouts(formula, library)]
        return min(layouts, key=lambda node: len(printing.to_text(node)))

    def _equals(self) -> list[Formula]:
        """With its constants taken apart into factors, and then with a root moved from below to above."""
        parts = {name: monomial(name) for name in self.names}
        up, down = ({_apart(m, parts): c for c, m in side} for side in (self.numerator, self.denominator))
        whole = Formula.of(self.kind, up, down)
        found = [whole]
        for name in whole.names:
            inside = _square_root(name)
            if inside and all(dict(m).get(name) == 1 for _, m in whole.denominator):
                root = {name: -1}
                up = {_over(m, root): c for c, m in whole.numerator}
                down = {_over(m, {name: 1}): c * inside for c, m in whole.denominator}
                found.append(Formula.of(self.kind, up, down))
        return found


def _layouts(formula: Formula, library: Library | None) -> list[Node]:
    """As one quotient, both sides with either sign, and with the numerator split over a denominator of one term."""
    up, down = formula.numerator, formula.denominator
    layouts = [_whole(_sum(a, library), _sum(b, library)) for a, b in ((up, down), (_negated(up), _negated(down)))]
    if all(c < 0 for c, _ in up):
        layouts.insert(0, Node("neg", (_quotient(_sum(_negated(up), library), _sum(down, library)),)))
    if len(down) == 1 and len(up) > 1:
        layouts.append(_split(formula, library))
    return layouts


def _split(formula: Formula, library: Library | None) -> Node:
    """Every term of the numerator over the denominator, a number last."""
    below, bottom = formula.denominator[0]
    parts = []
    for c, m in formula.numerator:
        divisor = gcd(c, below)
        up, down = _cancelled(m, bottom)
        term = _quotient(_term(abs(c) // divisor, up, library), _term(below // divisor, down, library))
        parts.append((not up and not down, c < 0, term))
    parts.sort(key=lambda part: part[0])
    return _joined([(negative, term) for _, negative, term in parts])


@lru_cache(maxsize=4096)
def monomial(text: str) -> Monomial:
    """An expression as a product of powers of names, such as pi*log(2)^2 or gamma(1/4)^4/pi^2.

    A name that no expression has, such as that of a user's constant, is itself.
    """
    powers: dict[str, int] = {}

    def walk(node: Node, times: int) -> None:
        if node.head == "*":
            walk(node.args[0], times)
            walk(node.args[1], times)
        elif node.head == "/":
            walk(node.args[0], times)
            walk(node.args[1], -times)
        elif node.head == "^" and node.args[1].integer is not None:
            walk(node.args[0], times * (node.args[1].integer or 0))
        else:
            name = printing.to_text(node)
            powers[name] = powers.get(name, 0) + times

    walk(named(text), 1)
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _apart(product: Monomial, parts: Mapping[str, Monomial]) -> Monomial:
    """With every constant replaced by its factors."""
    powers: dict[str, int] = {}
    for name, power in product:
        for part, times in parts[name]:
            powers[part] = powers.get(part, 0) + power * times
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _square_root(name: str) -> int:
    """n of sqrt(n), else 0."""
    inside = name[5:-1]
    return int(inside) if name.startswith("sqrt(") and name.endswith(")") and inside.isdigit() else 0


def _terms(data: Sequence[Any]) -> Terms:
    return tuple((int(c), tuple((str(name), int(power)) for name, power in m)) for c, m in data)


def _sorted(side: Mapping[Monomial, int]) -> Terms:
    """Highest total power first, then by name; 1 last."""
    kept = [(c, m) for m, c in side.items() if c]
    return tuple(sorted(kept, key=lambda term: (-sum(p for _, p in term[1]), term[1])))


def _lowest(monomials: Sequence[Monomial]) -> dict[str, int]:
    """Of every constant the lowest power in any of them, where that is not 0."""
    powers = [dict(m) for m in monomials]
    names = {name for p in powers for name in p}
    lowest = {name: min(p.get(name, 0) for p in powers) for name in names}
    return {name: power for name, power in lowest.items() if power}


def _over(product: Monomial, common: Mapping[str, int]) -> Monomial:
    """Divided by these powers."""
    powers = dict(product)
    for name, power in common.items():
        powers[name] = powers.get(name, 0) - power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


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
        return parse(name, names())
    except UserError:
        return Node("name", label=name)


def _term(coefficient: int, product: Monomial, library: Library | None) -> Node:
    """A positive coefficient times a monomial."""
    node = None if coefficient == 1 and product else number(coefficient)
    for name, power in sorted(product, key=lambda part: (not _square_root(part[0]), len(part[0]), part[0])):
        factor = _factor(name, power, library)
        node = factor if node is None else Node("*", (node, factor))
    assert node is not None
    return node


def _joined(parts: Sequence[tuple[bool, Node]]) -> Node:
    """A sum of terms with signs (True: minus), that starts with the first positive one if there is one."""
    first = next((i for i, (negative, _) in enumerate(parts) if not negative), 0)
    ordered = [parts[first], *parts[:first], *parts[first + 1 :]]
    negative, node = ordered[0]
    if negative:
        node = Node("neg", (node,))
    for negative, term in ordered[1:]:
        node = Node("-" if negative else "+", (node, term))
    return node


def _negated(terms: Terms) -> Terms:
    return tuple((-c, m) for c, m in terms)


def _sum(terms: Terms, library: Library | None) -> Node:
    """Coefficients times monomials."""
    return _joined([(c < 0, _term(abs(c), m, library)) for c, m in terms])


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
