"""A fraction as people write it: its first terms nested, and its general term; LaTeX and plain text."""

from __future__ import annotations

from searches.constants.fraction import Fraction, Poly, factors, value

SHOWN = 4  # terms that are written out
_DOTS = "..."


def polynomial(p: Poly, latex: bool = True, variable: str = "n") -> str:
    """Highest power first: 17 n^2 + 17 n + 5."""
    text = ""
    for power, c in reversed(list(enumerate(p))):
        if c == 0:
            continue
        sign = ("-" if c < 0 else "") if not text else " - " if c < 0 else " + "
        size = "" if abs(c) == 1 and power else str(abs(c))
        raised = "" if power == 0 else variable if power == 1 else _power(variable, power, latex)
        text += sign + size + (" " if size and raised and not latex else "") + raised
    return text or "0"


def product(p: Poly, latex: bool = True, variable: str = "n") -> str:
    """As a product where it is one of several factors: -n^4, 2 (n + 1)(2 n - 1)."""
    if len(p) <= 2:
        return polynomial(p, latex, variable)
    content, parts = factors(p)
    if sum(m for _, m in parts) == 1:
        return polynomial(p, latex, variable)
    text = "" if content == 1 else "-" if content == -1 else f"{content}{'' if latex else ' '}"
    written = []
    for factor, multiplicity in parts:
        inner = polynomial(factor, latex, variable)
        base = inner if factor == (0, 1) else f"({inner})"
        written.append(base if multiplicity == 1 else _power(base, multiplicity, latex))
    if latex:
        return text + "".join(written)
    return text + " ".join(written)


def number(p: Poly, n: int, latex: bool = True) -> str:
    """|p(n)| as a reader recognises it: 3^4 where p is the fourth power of a linear factor."""
    size = abs(value(p, n))
    if len(p) > 2:
        content, parts = factors(p)
        if abs(content) == 1 and len(parts) == 1 and parts[0][1] > 1:
            factor, multiplicity = parts[0]
            return _power(str(abs(value(factor, n))), multiplicity, latex)
    return str(size)


def nested(fraction: Fraction, latex: bool = True, shown: int = SHOWN) -> str:
    r"""The first terms: 1 + \cfrac{1^2}{3 + \cfrac{2^2}{5 + \ddots}}, or 1 + 1^2/(3 + 2^2/(5 + ...))."""
    dots = r"\ddots" if latex else _DOTS
    text = dots
    for j in reversed(range(shown)):
        a, _ = fraction.term(j)
        n, i = divmod(j + 1, fraction.period)
        p = fraction.blocks[i][1]
        sign = "-" if value(p, n) < 0 else "+"
        if j < shown - 1:
            above = number(p, n, latex)
            text = rf"\cfrac{{{above}}}{{{text}}}" if latex else f"{above}/({text})"
        if j == 0 and a == 0:
            text = text if sign == "+" else f"-{text}"
        else:
            text = f"{a} {sign} {text}"
    return text


def general(fraction: Fraction, latex: bool = True) -> list[tuple[str, str]]:
    """Names and formulas: [("a_n", "2n + 1"), ("b_n", "n^2")]; where terms take turns a_{2n}, a_{2n+1}, ... unless all
    of them are one constant."""
    rows = []
    for part, letter in enumerate("ab"):
        polys = [block[part] for block in fraction.blocks]
        if len(set(polys)) == 1 and len(polys[0]) <= 1:
            polys = polys[:1]
        rows += [(name(letter, len(polys), i, latex), product(p, latex)) for i, p in enumerate(polys)]
    return rows


def name(letter: str, period: int, i: int, latex: bool = True) -> str:
    """Of the general term of a block: a_n, a_{3n+1}; a(n), a(3 n + 1)."""
    index = polynomial((i, period), latex)
    if latex:
        return rf"{letter}_{{{index.replace(' ', '')}}}" if len(index) > 1 else f"{letter}_{index}"
    return f"{letter}({index})"


def equations(fraction: Fraction, latex: bool = True) -> str:
    r"""All of `general` in one line."""
    between = r", \quad " if latex else ", "
    return between.join(f"{left} = {right}" for left, right in general(fraction, latex))


def _power(base: str, exponent: int, latex: bool) -> str:
    if not latex:
        return f"{base}^{exponent}"
    return f"{base}^{exponent}" if exponent < 10 else f"{base}^{{{exponent}}}"
