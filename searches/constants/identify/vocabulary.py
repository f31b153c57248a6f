# ruff: noqa: RUF001 (Mathlib's letters)
"""The names that expressions of constants may use, and how every language spells them.

Templates hold {0}, {1} for the arguments. Lean's are terms of Mathlib; where Mathlib has no name for a function, its
series or integral is written out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Word:
    """A constant (no arguments) or function that expressions may name.

    ball: flint balls -> flint ball, at the working precision. sympy: (the module sympy, arguments) -> expression.
    """

    arguments: int
    ball: Callable[..., Any]
    sympy: Callable[..., Any]
    latex: str
    mpmath: str
    lean: str | None


def _arb(method: str) -> Callable[..., Any]:
    """A method of the last argument, given the others."""
    return lambda *args: getattr(args[-1], method)(*args[:-1])


def _plain(arguments: int, method: str, sympy: str, latex: str, mpmath: str, lean: str | None) -> Word:
    """A function that is one word in every language."""
    listed = ", ".join(f"{{{i}}}" for i in range(arguments))
    call = f"mp.{mpmath}({listed})"
    return Word(arguments, _arb(method), lambda s, *args: getattr(s, sympy)(*args), latex, call, lean)


def _constant(ball: str, sympy: str, latex: str, mpmath: str, lean: str | None) -> Word:
    def value() -> Any:
        from flint import arb

        return getattr(arb, ball)()

    return Word(0, value, lambda s: getattr(s, sympy), latex, f"mp.{mpmath}", lean)


def _golden() -> Any:
    from flint import arb

    return (arb(5).sqrt() + 1) / 2


def _complex(method: str) -> Callable[..., Any]:
    """A method that python-flint has for complex balls only."""

    def ball(*args: Any) -> Any:
        from flint import acb

        result = getattr(acb(args[-1]), method)(*(acb(a) for a in args[:-1]))
        return result.real if result.imag.is_zero() else result.real * float("nan")

    return ball


def _operator(text: str) -> str:
    return r"\operatorname{{" + text + "}}"


_GAUSS = (
    "(ascPochhammer ℝ k).eval {0} * (ascPochhammer ℝ k).eval {1} / (ascPochhammer ℝ k).eval {2} * {3} ^ k "
    "/ (k.factorial : ℝ)"
)
_SUM = "(∑' k : ℕ, {})"
_ERF = "(2 / Real.sqrt Real.pi * ∫ t in {}, Real.exp (-t ^ 2))"
_BESSEL = "({1} / 2) ^ (2 * (k : ℝ) + {0}) / ((k.factorial : ℝ) * Real.Gamma ((k : ℝ) + {0} + 1))"
_KUMMER = "(ascPochhammer ℝ k).eval {0} / (ascPochhammer ℝ k).eval {1} * {2} ^ k / (k.factorial : ℝ)"


@lru_cache
def words() -> dict[str, Word]:
    """Name -> word."""
    elementary = {
        name: _plain(1, name, name, rf"\{name}({{0}})", name, f"Real.{name} {{0}}")
        for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")
    }
    inverse = {
        name: _plain(1, name, name, _operator(latex) + "({0})", name, lean)
        for name, latex, lean in (
            ("asin", "arcsin", "Real.arcsin {0}"),
            ("acos", "arccos", "Real.arccos {0}"),
            ("atan", "arctan", "Real.arctan {0}"),
            ("asinh", "arsinh", "Real.arsinh {0}"),
            ("acosh", "arcosh", "Real.log ({0} + Real.sqrt ({0} ^ 2 - 1))"),
            ("atanh", "artanh", "(Real.log ((1 + {0}) / (1 - {0})) / 2)"),
        )
    }
    return {
        "pi": _constant("pi", "pi", r"\pi", "pi", "Real.pi"),
        "e": _constant("const_e", "E", "e", "e", "Real.exp 1"),
        "euler": _constant("const_euler", "EulerGamma", r"\gamma", "euler", "Real.eulerMascheroniConstant"),
        "catalan": _constant(
            "const_catalan", "Catalan", "G", "catalan", _SUM.format("(-1 : ℝ) ^ k / (2 * (k : ℝ) + 1) ^ 2")
        ),
        "golden": Word(0, _golden, lambda s: s.GoldenRatio, r"\varphi", "mp.phi", "Real.goldenRatio"),
        "sqrt": _plain(1, "sqrt", "sqrt", r"\sqrt{{{0}}}", "sqrt", "Real.sqrt {0}"),
        "exp": _plain(1, "exp", "exp", "e^{{{0}}}", "exp", "Real.exp {0}"),
        "log": _plain(1, "log", "log", r"\log({0})", "log", "Real.log {0}"),
        **elementary,
        **inverse,
        "gamma": _plain(1, "gamma", "gamma", r"\Gamma({0})", "gamma", "Real.Gamma {0}"),
        "zeta": _plain(1, "zeta", "zeta", r"\zeta({0})", "zeta", "(riemannZeta {0}).re"),
        "erf": _plain(1, "erf", "erf", _operator("erf") + "({0})", "erf", _ERF.format("(0 : ℝ)..{0}")),
        "erfc": _plain(1, "erfc", "erfc", _operator("erfc") + "({0})", "erfc", _ERF.format("Set.Ioi {0}")),
        "e1": Word(
            1,
            lambda x: x.expint(1),
            lambda s, x: s.expint(1, x),
            "E_1({0})",
            "mp.e1({0})",
            "(∫ t in Set.Ioi {0}, Real.exp (-t) / t)",
        ),
        "besseli": _plain(2, "bessel_i", "besseli", "I_{{{0}}}({1})", "besseli", _SUM.format(_BESSEL)),
        "besselj": _plain(2, "bessel_j", "besselj", "J_{{{0}}}({1})", "besselj", _SUM.format("(-1) ^ k * " + _BESSEL)),
        "polygamma": Word(
            2,
            _complex("polygamma"),
            lambda s, n, x: s.polygamma(n, x),
            r"\psi_{{{0}}}({1})",
            "mp.psi({0}, {1})",
            "((-1) ^ ({0} + 1) * (Nat.factorial {0} : ℝ) * ∑' k : ℕ, 1 / ((k : ℝ) + {1}) ^ ({0} + 1))",
        ),
        "polylog": _plain(
            2,
            "polylog",
            "polylog",
            _operator("Li") + "_{{{0}}}({1})",
            "polylog",
            _SUM.format("{1} ^ (k + 1) / ((k : ℝ) + 1) ^ {0}"),
        ),
        "ellipk": Word(
            1,
            _complex("elliptic_k"),
            lambda s, m: s.elliptic_k(m),
            "K(m={0})",
            "mp.ellipk({0})",
            "(∫ t in (0 : ℝ)..(Real.pi / 2), 1 / Real.sqrt (1 - {0} * Real.sin t ^ 2))",
        ),
        "hyp1f1": Word(
            3,
            lambda a, b, x: x.hypgeom_1f1(a, b),
            lambda s, a, b, x: s.hyper([a], [b], x),
            "{{}}_1F_1({0}; {1}; {2})",
            "mp.hyp1f1({0}, {1}, {2})",
            _SUM.format(_KUMMER),
        ),
        "hyp2f1": Word(
            4,
            lambda a, b, c, x: x.hypgeom_2f1(a, b, c),
            lambda s, a, b, c, x: s.hyper([a, b], [c], x),
            "{{}}_2F_1({0}, {1}; {2}; {3})",
            "mp.hyp2f1({0}, {1}, {2}, {3})",
            _SUM.format(_GAUSS),
        ),
    }
