"""The exact value of a fraction, and how a person checks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import fmpq_poly

from searches.constants.fraction import Fraction
from searches.constants.proof.polynomials import degree, lead, of, parts, shift, text

Expr = Any
HEAD = ("from sympy import *", 'n, j = symbols("n j")')


@dataclass(frozen=True)
class Exact:
    """A value that a theorem gives.

    value: a sympy expression; closed: in functions that a formula may hold (else it is a ratio of hypergeometric ones).
    theorem: its name; known: it is one of the literature whose proof is not checked here.
    lines: Python over sympy that checks the identities and ends with `value` defined.
    """

    value: Expr
    theorem: str
    lines: tuple[str, ...]
    closed: bool = True
    known: bool = False


@dataclass(frozen=True)
class Deflated:
    """a(n) = c(n) a'(n), b(n) = c(n) c(n-1) b'(n): an equivalence; the value is c(0) times that of a', b'."""

    a: fmpq_poly
    b: fmpq_poly
    c: fmpq_poly

    @property
    def plain(self) -> bool:
        """c is 1."""
        return bool(self.c.is_one())

    @property
    def lines(self) -> list[str]:
        """Their definitions, checked."""
        out = [f"a, b = {text(self.a)}, {text(self.b)}"]
        if not self.plain:
            out += [
                f"inflation = sympify({text(self.c)})  # equivalence: the value is inflation(0) times that of a, b",
                "inflated = inflation*a, inflation*inflation.subs(n, n - 1)*b",
            ]
        return out


def deflated(fraction: Fraction) -> Deflated:
    """The equivalent fraction without common factors c(n), c(n) c(n-1)."""
    a, b, c = of(fraction.a), of(fraction.b), of([1])
    for g, m in parts(a)[1]:
        for _ in range(m):
            square = g * shift(g, -1)
            if (b % square).is_zero():
                a, b, c = a / g, b / square, c * g
    # whole coefficients where they were: scale by a constant
    if degree(c) > 0:
        scale = lead(c) / lead(of([int(x.p) for x in (c * c.denom()).coeffs()]))
        a, b, c = a * scale, b * scale * scale, c / scale
    return Deflated(a, b, c)


def beyond(fraction: Fraction, start: int, tail: Expr) -> Expr:
    """The value, of the tail that starts at term `start`."""
    if start == 0:
        return tail
    p, q = fraction.convergent(start - 1)
    before = fraction.convergent(start - 2) if start > 1 else (1, 0)
    _, b = fraction.term(start)
    return (p * tail + b * before[0]) / (q * tail + b * before[1])


def header(fraction: Fraction, reduced: Deflated) -> list[str]:
    """The first lines of every certificate."""
    lines = [*HEAD, *reduced.lines]
    if not reduced.plain:
        full = f"{text(of(fraction.a))}, {text(of(fraction.b))}"
        lines.append(f"assert [expand(p - q) for p, q in zip(inflated, ({full}))] == [0, 0]")
    return lines


def source(expression: Expr) -> str:
    """As sympy code."""
    return str(sp.sstr(expression, sympy_integers=True))


def joined(lines: Sequence[str]) -> str:
    """One file."""
    return "\n".join(lines) + "\n"
