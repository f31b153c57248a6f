"""Expressions of real constants: what they are, how they are read from text, and their value as a ball.

The grammar has numbers, + - * / ^, parentheses, and the words of `vocabulary`; nothing else can be said in it, so text
of any origin may be read. root(k, c0, c1, ...) is the k-th real root, from the left, of c0 + c1 x + ...
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction as Rational
from typing import Any

from discover.errors import UserError, nearest
from searches.constants.identify.vocabulary import words

LONGEST = 1000
DEEPEST = 40
ROOT = "root"
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z][A-Za-z0-9_]*)|([-+*/^(),]))")


@dataclass(frozen=True)
class Node:
    """head: number, name, neg, + - * / ^, or a word; a named constant of a library is a name with its definition."""

    head: str
    args: tuple[Node, ...] = ()
    number: Rational = Rational(0)
    label: str = ""

    @property
    def integer(self) -> int | None:
        """The value of a whole number, with its sign."""
        if self.head == "neg":
            inner = self.args[0].integer
            return None if inner is None else -inner
        return int(self.number) if self.head == "number" and self.number.denominator == 1 else None


def number(value: int | Rational) -> Node:
    """A number; of a negative one the negation, of a ratio the quotient."""
    rational = Rational(value)
    if rational < 0:
        return Node("neg", (number(-rational),))
    if rational.denominator > 1:
        return Node("/", (number(rational.numerator), number(rational.denominator)))
    return Node("number", number=rational)


def parse(text: str, known: Mapping[str, Node] | None = None) -> Node:
    """Read an expression; `known` maps further names to what they stand for. Raises UserError."""
    if len(text) > LONGEST:
        raise UserError(f"an expression of {len(text)} characters; at most {LONGEST}")
    return _Parser(text, known or {}).all()


class _Parser:
    """Recursive descent."""

    def __init__(self, text: str, known: Mapping[str, Node]) -> None:
        self.text, self.known = text, known
        self.tokens: list[tuple[str, str, int]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if not match:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise UserError(f"{text!r}: {text[at]!r} at character {at + 1} is not part of any expression")
            kind = "number" if match[1] else "name" if match[2] else "sign"
            self.tokens.append((kind, match[1] or match[2] or match[3], match.start(match.lastindex or 0) + 1))
            at = match.end()
        self.tokens.append(("end", "", len(text) + 1))
        self.next = self.depth = 0

    def all(self) -> Node:
        """The whole text."""
        result = self.sum()
        if self.tokens[self.next][0] != "end":
            self.fail()
        return result

    def fail(self) -> None:
        """Say where reading stopped."""
        kind, token, at = self.tokens[self.next]
        what = "the end" if kind == "end" else f"{token!r}"
        raise UserError(f"{self.text!r}: {what} at character {at} is unexpected")

    def take(self, *signs: str) -> str:
        """The next token if it is one of these signs, else nothing."""
        kind, token, _ = self.tokens[self.next]
        if kind == "sign" and token in signs:
            self.next += 1
            return token
        return ""

    def chain(self, operand: Callable[[], Node], *signs: str) -> Node:
        """Operands between signs, grouped from the left."""
        result = operand()
        while sign := self.take(*signs):
            result = Node(sign, (result, operand()))
        return result

    def sum(self) -> Node:
        """Terms between + and -."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise UserError(f"{self.text!r}: more than {DEEPEST} brackets in each other")
        result = self.chain(self.product, "+", "-")
        self.depth -= 1
        return result

    def product(self) -> Node:
        """Factors between * and /; a minus in front is that of the whole."""
        negative = bool(self.take("-"))
        result = self.chain(self.signed, "*", "/")
        return Node("neg", (result,)) if negative else result

    def signed(self) -> Node:
        """A power, or its negation."""
        negations = 0
        while self.take("-"):
            negations += 1
        result = self.power()
        return Node("neg", (result,)) if negations % 2 else result

    def power(self) -> Node:
        """An atom, with an exponent if ^ follows."""
        base = self.atom()
        if not self.take("^"):
            return base
        negative = self.take("-")
        self.depth += 1
        if self.depth > DEEPEST:
            raise UserError(f"{self.text!r}: more than {DEEPEST} brackets in each other")
        exponent = self.power()
        self.depth -= 1
        return Node("^", (base, Node("neg", (exponent,)) if negative else exponent))

    def atom(self) -> Node:
        """A number, a name, a call, or an expression in brackets."""
        kind, token, at = self.tokens[self.next]
        if kind == "number":
            self.next += 1
            return number(Rational(token))
        if kind == "name":
            self.next += 1
            return self.named(token, at)
        if not self.take("("):
            self.fail()
        result = self.sum()
        if not self.take(")"):
            self.fail()
        return result

    def named(self, name: str, at: int) -> Node:
        """A constant or a call."""
        if name in self.known:
            return self.known[name]
        vocabulary = words()
        if name not in vocabulary and name != ROOT:
            choices = [*vocabulary, *self.known, ROOT]
            raise UserError(f"{self.text!r}: unknown name {name!r} at character {at}; {nearest(name, choices)}")
        if name != ROOT and vocabulary[name].arguments == 0:
            return Node(name)
        if not self.take("("):
            raise UserError(f"{self.text!r}: {name} at character {at} needs arguments in brackets")
        args = [self.sum()]
        while self.take(","):
            args.append(self.sum())
        if not self.take(")"):
            self.fail()
        if name == ROOT:
            if len(args) < 4 or any(a.integer is None for a in args) or not 1 <= (args[0].integer or 0) < len(args) - 1:
                raise UserError(f"{self.text!r}: {ROOT} at character {at} takes a place from 1, and 3 or more integers")
        elif len(args) != vocabulary[name].arguments:
            few = vocabulary[name].arguments
            expected = f"{few} argument{'s' * (few != 1)}"
            raise UserError(f"{self.text!r}: {name} at character {at} takes {expected}, not {len(args)}")
        return Node(name, tuple(args))


def ball(node: Node) -> Any:
    """The value as flint arb at the working precision; not finite where there is none."""
    from flint import arb, fmpq

    if node.head == "number":
        return arb(fmpq(node.number.numerator, node.number.denominator))
    if node.head == "name":
        return ball(node.args[0])
    if node.head == ROOT:
        return _root(node)
    args = [ball(a) for a in node.args]
    if node.head in ARITHMETIC:
        return ARITHMETIC[node.head](*args)
    if node.head == "^":
        exponent = node.args[1].integer
        return args[0] ** (args[1] if exponent is None else exponent)
    return words()[node.head].ball(*args)


def _root(node: Node) -> Any:
    """The k-th real root, from the left."""
    from flint import arb, fmpz_poly

    place, *coefficients = [a.integer or 0 for a in node.args]
    roots: list[Any] = list(fmpz_poly(coefficients).complex_roots())
    found = [z.real for z, _ in roots if z.imag.is_zero()]
    found.sort(key=lambda x: x.mid())
    return found[place - 1] if place <= len(found) else arb("nan")
