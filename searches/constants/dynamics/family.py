"""An infinite family of fractions with a parameter k, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction as Rational
from functools import cached_property
from math import gcd
from typing import Any

from searches.constants.fraction import Fraction
from searches.constants.identify import printing
from searches.constants.identify.expression import Node, number, parse
from searches.constants.identify.formula import Formula, Monomial, named

InK = tuple[Rational, ...]  # a polynomial in k, lowest degree first
Matrix = tuple[InK, InK, InK, InK]  # p, q, r, s of a form (p x + q)/(r x + s), row by row

_K, _N = Node("name", label="k"), Node("name", label="n")
_NUMBER = re.compile(r"(?<![\w.])((?:(?<=[( ])-)?\d+)(?:/(\d+))?")


@dataclass(frozen=True)
class Family:
    """a(n) and b(n) have coefficients that are polynomials in k; their value is a Moebius form of one constant.

    constant   an expression; {} in it stand for `arguments`, ratios of polynomials in k
    form       of the value in the constant, if its coefficients are polynomials in k
    step       else the form of the next value, at k + 1, in the one at k, if these coefficients are
    start      value at the first k: p, q, r, s
    members    k of the fractions that it was made from; held_out: k of those it predicted, whose values confirmed it
    """

    a: tuple[InK, ...]
    b: tuple[InK, ...]
    constant: str
    arguments: tuple[tuple[InK, InK], ...]
    form: Matrix | None
    step: Matrix | None
    start: tuple[int, int, int, int]
    members: tuple[int, ...]
    held_out: tuple[int, ...]
    digits: int
    symbol: Node | None = None  # the constant's expression, if it is one and the same for all k

    @property
    def first(self) -> int:
        """The least k that was confirmed."""
        return min(*self.members, *self.held_out)

    @property
    def last(self) -> int:
        """The largest k that was confirmed."""
        return max(*self.members, *self.held_out)

    def member(self, k: int) -> Fraction:
        """The fraction. Raises ValueError where a coefficient is not an integer."""
        return Fraction.of([_integer(at(c, k)) for c in self.a], [_integer(at(c, k)) for c in self.b])

    def name(self, k: int) -> str:
        """The constant at k."""
        return filled(self.constant, [(at(up, k), at(down, k)) for up, down in self.arguments])

    def formula(self, k: int) -> Formula | None:
        """The value at k >= first; None where the family only says which constant it is a form of."""
        if self.form is not None:
            return written(self.name(k), integers([at(c, k) for c in self.form]))
        if self.step is None or k < self.first:
            return None
        now = self.start
        for j in range(self.first, k):
            now = product(integers([at(c, j) for c in self.step]), now)
        return written(self.name(k), now)

    @property
    def text(self) -> str:
        """In one line of ascii."""
        a, b = (printing.to_text(self._poly(side)) for side in (self.a, self.b))
        return f"a(n) = {a}, b(n) = {b}: {self._value(printing.to_text)}"

    @property
    def latex(self) -> str:
        """For mathematics mode."""
        a, b = (printing.to_latex(self._poly(side)) for side in (self.a, self.b))
        return f"a(n) = {a},\\quad b(n) = {b}:\\quad {self._value(printing.to_latex)}"

    @property
    def evidence(self) -> str:
        """How it was confirmed."""
        return (
            f"{len(self.members) + len(self.held_out)} members confirmed to {self.digits} digits, "
            f"{len(self.held_out)} of them held out, k = {self.first}..{self.last}"
        )

    def _value(self, show: Any) -> str:
        constant = self._constant
        if self.form is not None:
            return "v(k) = " + show(_moebius(self.form, constant))
        first = self.symbol or named(self.name(self.first))
        start = show(_moebius([(Rational(c),) for c in self.start], first))
        if self.step is not None:
            return f"v({self.first}) = {start}, v(k+1) = {show(_moebius(self.step, Node('name', label='v(k)')))}"
        return f"v(k) = (p x + q)/(r x + s), x = {show(constant)}, v({self.first}) = {start}"

    @cached_property
    def _constant(self) -> Node:
        if self.symbol is not None:
            return self.symbol
        texts = [[printing.to_text(_in_k(p)) for p in ratio] for ratio in self.arguments]
        ratios = [up if down == "1" else f"({up})/({down})" for up, down in texts]
        return parse(self.constant.format(*ratios), {"k": _K})

    @staticmethod
    def _poly(side: Sequence[InK]) -> Node:
        """A polynomial in n: as it is, factored, or with factored coefficients, whichever is shortest."""
        from sympy import Symbol, expand, factor

        n = Symbol("n")
        total = expand(sum(_symbolic(c) * n**i for i, c in enumerate(side)))
        spread = sum(factor(_symbolic(c)) * n**i for i, c in enumerate(side))
        return _shortest(factor(total), spread, total)


def at(p: InK, k: int) -> Rational:
    """p(k)."""
    result = Rational(0)
    for c in reversed(p):
        result = result * k + c
    return result


def integers(values: Sequence[Rational]) -> tuple[int, int, int, int]:
    """As integers without a common divisor, the last that is not zero positive."""
    scale = 1
    for v in values:
        scale = scale * v.denominator // gcd(scale, v.denominator)
    whole = [int(v * scale) for v in values]
    divisor = gcd(*whole) or 1
    if next((c for c in reversed(whole) if c), 1) < 0:
        divisor = -divisor
    p, q, r, s = (c // divisor for c in whole)
    return p, q, r, s


def product(x: Sequence[int], y: Sequence[int]) -> tuple[int, int, int, int]:
    """Of two matrices, without a common divisor."""
    return integers(
        [
            Rational(c)
            for c in (
                x[0] * y[0] + x[1] * y[2],
                x[0] * y[1] + x[1] * y[3],
                x[2] * y[0] + x[3] * y[2],
                x[2] * y[1] + x[3] * y[3],
            )
        ]
    )


def written(name: str, form: Sequence[int]) -> Formula:
    """(p x + q)/(r x + s) of a constant."""
    p, q, r, s = form
    x: Monomial = ((name, 1),)
    return Formula.of("moebius", {x: p, (): q}, {x: r, (): s})


def template(name: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A constant's name with {} for each number, and the numbers as ratios: "log(3/2)" is "log({})" of 3/2.

    e is e^1. Both sides of a ratio p/q are taken together.
    """
    name = re.sub(r"(?<![\w.])e(?![\w^(])", "e^(1)", name)
    name = re.sub(r"\^(\d+)", r"^(\1)", name)
    numbers = tuple((int(m[1]), int(m[2] or 1)) for m in _NUMBER.finditer(name))
    return _NUMBER.sub("{}", name), numbers


def filled(constant: str, ratios: Sequence[tuple[Rational, Rational]]) -> str:
    """A template with numbers. Raises ZeroDivisionError."""
    name = constant.format(*(str(up / down) for up, down in ratios))
    return re.sub(r"\^\((\d+)\)", r"^\1", name.replace("^(1)", ""))


def plain(p: Sequence[Rational]) -> InK:
    """Without zeros at the end."""
    kept = list(p)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _integer(value: Rational) -> int:
    if value.denominator != 1:
        raise ValueError(f"{value} is not an integer")
    return int(value)


def _symbolic(p: InK) -> Any:
    from sympy import Rational as Ratio
    from sympy import Symbol

    k = Symbol("k")
    return sum((Ratio(c.numerator, c.denominator) * k**i for i, c in enumerate(p)), Ratio(0))


def _shortest(*ways: Any) -> Node:
    """Of ways to write a polynomial, as sympy expressions, the shortest."""
    return min(map(_node, ways), key=lambda node: (len(printing.to_text(node)), printing.to_text(node)))


def _node(expression: Any) -> Node:
    """A sympy polynomial as a sum of terms with their signs before them, positive ones first."""
    terms = sorted(expression.as_ordered_terms(), key=lambda term: bool(term.could_extract_minus_sign()))
    result: Node | None = None
    for term in terms:
        negative = term.could_extract_minus_sign()
        node = parse(str(-term if negative else term).replace("**", "^"), {"k": _K, "n": _N})
        if result is None:
            result = Node("neg", (node,)) if negative else node
        else:
            result = Node("-" if negative else "+", (result, node))
    assert result is not None
    return result


def _in_k(p: InK) -> Node:
    from sympy import expand, factor

    return _shortest(factor(_symbolic(p)), expand(_symbolic(p)))


def _moebius(form: Sequence[InK], x: Node) -> Node:
    """(p x + q)/(r x + s), with polynomials in k; of the two signs of all coefficients the shorter text."""
    ways = []
    for sign in (1, -1):
        p, q, r, s = (tuple(sign * c for c in side) for side in form)
        up, down = _linear(p, q, x), _linear(r, s, x)
        if down.integer == 1:
            ways.append(up)
        elif up.head == "neg":
            ways.append(Node("neg", (Node("/", (up.args[0], down)),)))
        else:
            ways.append(Node("/", (up, down)))
    return min(ways, key=lambda node: (len(printing.to_text(node)), node.head == "neg"))


def _linear(p: InK, q: InK, x: Node) -> Node:
    """p x + q, a positive term first if there is one."""
    parts = []
    for side, factor in ((p, x), (q, None)):
        if not plain(side):
            continue
        node = _in_k(side)
        negative = _starts_negative(node)
        if negative:
            node = _in_k(tuple(-c for c in side))
        if factor is not None:
            node = factor if node.integer == 1 else Node("*", (node, factor))
        parts.append((negative, node))
    parts.sort(key=lambda part: part[0])
    if not parts:
        return number(0)
    negative, result = parts[0]
    result = Node("neg", (result,)) if negative else result
    for negative, node in parts[1:]:
        result = Node("-" if negative else "+", (result, node))
    return result


def _starts_negative(node: Node) -> bool:
    while node.head in "+-":
        node = node.args[0]
    return node.head == "neg"
