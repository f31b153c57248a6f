# ruff: noqa: RUF001 (Mathlib's letters)
"""Expressions as text, Python (mpmath), Lean (Mathlib), LaTeX and sympy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from searches.constants.identify.expression import ARITHMETIC, ROOT, Node
from searches.constants.identify.vocabulary import words

_SUM, _PRODUCT, _NEGATION, _POWER, _ATOM = range(5)
_LEVEL = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "neg": _NEGATION, "^": _POWER}


class NoSpelling(ValueError):
    """A language has no words for it."""


@dataclass(frozen=True)
class _Style:
    """An infix language: its power sign, the space around * and /, whether names are written out."""

    language: str
    power: str
    space: str


_TEXT, _PYTHON, _LEAN = _Style("text", "^", ""), _Style("mpmath", "**", " "), _Style("lean", " ^ ", " ")


def to_text(node: Node) -> str:
    """Ascii, in the grammar of `expression.parse`; names of a library stay names."""
    return _infix(node, _TEXT)[0]


def to_python(node: Node) -> str:
    """Source over `mp` of mpmath, exact in every number."""
    return _infix(node, _PYTHON)[0]


def to_lean(node: Node) -> str:
    """A real term of Mathlib. Raises NoSpelling."""
    return _infix(node, _LEAN)[0]


def _infix(node: Node, style: _Style) -> tuple[str, int]:
    """The text, and how tightly it binds."""
    if node.head == "number":
        return str(node.number), _ATOM
    if node.head == "name":
        return (node.label, _ATOM) if style is _TEXT else _infix(node.args[0], style)
    if node.head not in _LEVEL:
        return _call(node, style)
    level = _LEVEL[node.head]
    if node.head == "neg":
        inner = node.args[0]
        return "-" + _bracketed(inner, style, _PRODUCT), _SUM
    left, right = node.args
    if node.head == "^":
        base, exponent = _bracketed(left, style, _ATOM), _bracketed(right, style, _ATOM)
        if style is _PYTHON:
            base = _exact(left, base)
        if style is _LEAN and right.integer is None:
            exponent = f"({_infix(right, style)[0]} : ℝ)"
            base = f"({base} : ℝ)" if left.head == "number" else base
        elif style is _LEAN and right.head == "neg":
            exponent = f"({_infix(right, style)[0]} : ℤ)"
        return f"{base}{style.power}{exponent}", _POWER
    first = _bracketed(left, style, level)
    if node.head == "/" and style is _PYTHON:
        first = _exact(left, first)
    second = _bracketed(right, style, level + (node.head in "-/"))
    space = " " if level == _SUM else style.space
    return f"{first}{space}{node.head}{space}{second}", level


def _exact(node: Node, text: str) -> str:
    """Python divides and takes powers of its own numbers in float64."""
    return f"mp.mpf({text})" if node.head == "number" else text


def _bracketed(node: Node, style: _Style, level: int) -> str:
    text, binds = _infix(node, style)
    return text if binds >= level else f"({text})"


def _call(node: Node, style: _Style) -> tuple[str, int]:
    args = [_infix(a, style)[0] for a in node.args]
    if style is _TEXT:
        return (f"{node.head}({', '.join(args)})" if args else node.head), _ATOM
    if node.head == ROOT:
        return _root(node, style), _ATOM
    word = words()[node.head]
    if style is _PYTHON:
        return word.mpmath.format(*args), _ATOM
    if word.lean is None:
        raise NoSpelling(f"Mathlib has no word for {node.head}")
    closed = [a if re.fullmatch(r"[\w.]+", a) else f"({a})" for a in args]
    spelled = word.lean.format(*closed)
    return spelled, _ATOM if spelled.startswith("(") or " " not in spelled else _POWER


def _root(node: Node, style: _Style) -> str:
    place, *coefficients = [a.integer or 0 for a in node.args]
    if style is not _PYTHON:
        raise NoSpelling("Mathlib has no word for the k-th real root of a polynomial")
    roots = f"mp.polyroots({coefficients[::-1]}, maxsteps=1000, extraprec=1000)"
    return f"sorted(r for r in {roots} if mp.im(r) == 0)[{place - 1}]"


def to_latex(node: Node) -> str:
    """LaTeX, for mathematics mode."""
    return _latex(node)[0]


def _latex(node: Node) -> tuple[str, int]:
    if node.head == "number":
        return str(node.number), _ATOM
    if node.head == "name":
        return _latex(node.args[0]) if node.args else (node.label, _ATOM)
    if node.head not in _LEVEL:
        if node.head == ROOT:
            place, *coefficients = [a.integer or 0 for a in node.args]
            return rf"\operatorname{{root}}_{{{place}}}({_polynomial(coefficients)})", _ATOM
        spelled = words()[node.head].latex.format(*(_latex(a)[0] for a in node.args))
        return spelled, _POWER if node.head == "exp" else _ATOM
    if node.head == "neg":
        return "-" + _closed(node.args[0], _PRODUCT), _SUM
    left, right = node.args
    match node.head:
        case "/":
            return rf"\frac{{{_latex(left)[0]}}}{{{_latex(right)[0]}}}", _PRODUCT
        case "^":
            return f"{{{_closed(left, _ATOM)}}}^{{{_latex(right)[0]}}}", _POWER
        case "*":
            first, second = _closed(left, _PRODUCT), _closed(right, _PRODUCT)
            dot = r" \cdot " if second[0].isdigit() else r" \, "
            return first + dot + second, _PRODUCT
    return f"{_closed(left, _SUM)} {node.head} {_closed(right, _SUM + (node.head == '-'))}", _SUM


def _closed(node: Node, level: int) -> str:
    text, binds = _latex(node)
    return text if binds >= level else rf"\left({text}\right)"


def _polynomial(coefficients: list[int]) -> str:
    """In x, highest power first."""
    text = ""
    for power, c in reversed(list(enumerate(coefficients))):
        if c:
            size = "" if abs(c) == 1 and power else str(abs(c))
            sign = ("-" if c < 0 else "") if not text else " - " if c < 0 else " + "
            text += sign + size + ("" if power == 0 else "x" if power == 1 else f"x^{{{power}}}")
    return text


def to_sympy(node: Node) -> Any:
    """A sympy expression."""
    import sympy

    if node.head == "number":
        return sympy.Rational(node.number.numerator, node.number.denominator)
    if node.head == "name":
        return to_sympy(node.args[0])
    args = [to_sympy(a) for a in node.args]
    if node.head in ARITHMETIC:
        return ARITHMETIC[node.head](*args)
    if node.head == "^":
        return args[0] ** args[1]
    if node.head == ROOT:
        return sympy.CRootOf(sympy.Poly(args[:0:-1], sympy.Symbol("x")), int(args[0]) - 1)
    return words()[node.head].sympy(sympy, *args)
