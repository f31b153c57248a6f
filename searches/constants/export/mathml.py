r"""LaTeX, as far as formulas of constants use it, to MathML that a browser shows without network or fonts of ours.

Known: numbers, letters, + - = etc., ^ and _, \frac \cfrac \sqrt \left \right \operatorname \mathrm \text, Greek
letters, names of functions, dots and spaces.
"""
# ruff: noqa: RUF001 - letters and signs of mathematics

from __future__ import annotations

import re
from html import escape

_TOKEN = re.compile(r"\s*(\\(?:operatorname|mathrm|text)\{[^{}]*\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|.)", re.DOTALL)
_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "varpi": "ϖ",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω", "infty": "∞", "ell": "ℓ",
}  # fmt: skip
_OPERATORS = {
    "cdot": "⋅", "times": "×", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈",
    "to": "→", "pm": "±", "in": "∈", "ldots": "…", "dots": "…", "cdots": "⋯", "ddots": "⋱", "mid": "∣",
    "lvert": "|", "rvert": "|", "{": "{", "}": "}", "|": "‖",
}  # fmt: skip
_SPACES = {",": "0.17em", ":": "0.22em", ";": "0.28em", "!": "-0.17em", " ": "0.25em", "quad": "1em", "qquad": "2em"}
_FUNCTIONS = {
    "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "arcsin", "arccos", "arctan", "log", "ln",
    "exp", "max", "min", "gcd", "lim",
}  # fmt: skip
_BEFORE = {"<mo>=</mo>", "<mo>+</mo>", "<mo>−</mo>", '<mo stretchy="false">(</mo>', '<mo separator="true">,</mo>'}
_SMALL = {"lim", "max", "min"}  # what stands below them is set below them


def mathml(latex: str, display: bool = False) -> str:
    """A `math` element. Raises ValueError for LaTeX that is not known here."""
    parser = _Parser(latex)
    body = parser.row(None)
    attribute = ' display="block"' if display else ""
    return f"<math{attribute}>{body}</math>"


class _Parser:
    """Recursive descent."""

    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.tokens = [m[1] for m in _TOKEN.finditer(latex) if m[1].strip() or m[1] == "\\ "]
        self.next = 0

    def peek(self) -> str | None:
        """The next token."""
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    def take(self) -> str:
        """The next token, which must be there."""
        token = self.peek()
        if token is None:
            raise ValueError(f"LaTeX ends too early: {self.latex!r}")
        self.next += 1
        return token

    def row(self, end: str | None) -> str:
        """Everything up to a closing token (None: the end of the text), which is taken."""
        parts: list[str] = []
        while (token := self.peek()) != end:
            if token in ("}", "\\right"):
                raise ValueError(f"LaTeX has {token} too many: {self.latex!r}")
            # After another sign, or at the start, a minus belongs to what follows.
            if token == "-" and (not parts or parts[-1] in _BEFORE):
                self.take()
                parts.append('<mo form="prefix">−</mo>')
                continue
            parts.append(self.scripted())
        if end is not None:
            self.take()
        return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """An atom with what is above and below it."""
        token = self.peek()
        base = "<mrow></mrow>" if token in ("^", "_") else self.atom()
        below = above = None
        while (sign := self.peek()) in ("^", "_"):
            self.take()
            script = self.atom()
            if sign == "_" and below is None:
                below = script
            elif sign == "^" and above is None:
                above = script
            else:
                raise ValueError(f"LaTeX has two scripts in one place: {self.latex!r}")
        function = token is not None and token[1:] in _FUNCTIONS
        if function and token is not None and token[1:] in _SMALL and below and not above:
            base = f"<munder>{base}{below}</munder>"
        elif below and above:
            base = f"<msubsup>{base}{below}{above}</msubsup>"
        elif below:
            base = f"<msub>{base}{below}</msub>"
        elif above:
            base = f"<msup>{base}{above}</msup>"
        if function or (token is not None and token.startswith("\\operatorname")):
            base += "<mo>&#x2061;</mo>"
        return base

    def atom(self) -> str:
        """One thing: a number, a letter, a sign, a command with its arguments, a group."""
        token = self.take()
        if token == "{":
            return self.row("}")
        if token.startswith("\\"):
            name, group, words = token[1:].rstrip("}").partition("{")
            if not group or token == "\\{":
                return self.command(token[1:])
            upright = ' mathvariant="normal"' if len(words) == 1 else ""
            return f"<mtext>{escape(words)}</mtext>" if name == "text" else f"<mi{upright}>{escape(words)}</mi>"
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if token in "()[]|":
            return f'<mo stretchy="false">{token}</mo>'
        if token == "-":
            return "<mo>−</mo>"
        if token in "+=<>,;:/!'.":
            separator = ' separator="true"' if token in ",;" else ""
            return f"<mo{separator}>{escape(token)}</mo>"
        raise ValueError(f"LaTeX with {token!r}: {self.latex!r}")

    def command(self, name: str) -> str:
        """What a command stands for."""
        if name in _LETTERS:
            letter = _LETTERS[name]
            upright = ' mathvariant="normal"' if letter.isupper() else ""
            return f"<mi{upright}>{letter}</mi>"
        if name in _FUNCTIONS:
            return f"<mi>{name}</mi>"
        if name in _OPERATORS:
            return f"<mo>{escape(_OPERATORS[name])}</mo>"
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"></mspace>'
        match name:
            case "frac" | "tfrac" | "dfrac":
                return f"<mfrac>{self.atom()}{self.atom()}</mfrac>"
            case "cfrac":  # full size at any depth
                above, below = self.atom(), self.atom()
                whole = '<mstyle displaystyle="true" scriptlevel="0">'
                return f"{whole}<mfrac>{whole}{above}</mstyle>{whole}{below}</mstyle></mfrac></mstyle>"
            case "sqrt":
                if self.peek() == "[":
                    self.take()
                    index = self.row("]")
                    return f"<mroot>{self.atom()}{index}</mroot>"
                return f"<msqrt>{self.atom()}</msqrt>"
            case "left":
                return self.fenced()
        raise ValueError(f"LaTeX with \\{name}: {self.latex!r}")

    def fenced(self) -> str:
        """Between left and right."""
        opening = self.take()
        inner = self.row("\\right")
        closing = self.take()
        fences = [f'<mo fence="true">{escape(f.strip(chr(92)))}</mo>' if f != "." else "" for f in (opening, closing)]
        return f"<mrow>{fences[0]}{inner}{fences[1]}</mrow>"
