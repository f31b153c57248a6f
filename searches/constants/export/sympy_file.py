"""A formula as sympy expressions."""

from __future__ import annotations

import re
from string import Template

from discover.document import comment
from discover.errors import UserError
from searches.constants.export.common import Export
from searches.constants.fraction import Poly
from searches.constants.subject import library_of

_FILE = Template('''
from sympy import $names

n = Symbol("n", integer=True)
# a and b$turns
terms = [
$terms
]
closed_form = $closed

# k and the k-th convergent, a(0) + b(1)/(a(1) + ... + b(k)/a(k))
GOLDEN = (
$golden
)
DIGITS = "$digits"


def convergent(k):
    """The k-th convergent, exactly."""

    def term(j):
        return [p.subs(n, j // len(terms)) for p in terms[j % len(terms)]]

    value = term(k)[0]
    for j in reversed(range(k)):
        value = term(j)[0] + term(j + 1)[1] / value
    return value


def selftest():
    """Convergents, and the closed form to $count digits."""
    for k, p, q in GOLDEN:
        if convergent(k) != Rational(p, q):
            raise SystemExit("$name: selftest FAILED: convergents")
    if not abs(closed_form.evalf($precise) - Rational(DIGITS)) <= Rational(1, 10**$places):
        raise SystemExit("$name: selftest FAILED: closed form")
    print("$name: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: $line
''')


def write(export: Export) -> str:
    """The whole file. Raises UserError without a closed form."""
    import sympy

    formula = export.sheet.formula
    if formula is None:
        raise UserError(f"{export.name}: it has no closed form for sympy; choose another format")
    closed = sympy.srepr(formula.sympy(library_of(export.sheet.key)))
    digits = export.sheet.digits()
    count = sum(c.isdigit() for c in digits.lstrip("-0."))
    return comment(export.header) + _FILE.substitute(
        name=export.name,
        names=", ".join(sorted({*_names(closed), "Integer", "Rational", "Symbol"}, key=str.lower)),
        turns=f" of pair i: of the terms j = {k} n + i" if (k := export.fraction.period) > 1 else "",
        terms="\n".join(f"    ({_polynomial(a)}, {_polynomial(b)})," for a, b in export.fraction.blocks),
        closed=closed,
        golden="\n".join(f"    ({k}, {p}, {q})," for k, p, q in _golden(export)),
        digits=digits,
        count=count,
        precise=count + 20,
        places=len(digits.partition(".")[2]),
        line=export.document.line,
    )


def _names(source: str) -> set[str]:
    """What a file must import for an expression as srepr writes it."""
    return set(re.findall(r"\b[A-Za-z_]\w*\b(?!\s*=)", re.sub(r"'[^']*'|\"[^\"]*\"", "", source))) - {"True", "False"}


def _polynomial(p: Poly) -> str:
    """In n, as Python source of a sympy expression."""
    if len(p) <= 1:
        return f"Integer({p[0] if p else 0})"
    text = ""
    for power, c in reversed(list(enumerate(p))):
        if c:
            sign = ("-" if c < 0 else "") if not text else " - " if c < 0 else " + "
            size = "" if abs(c) == 1 and power else str(abs(c))
            raised = "" if power == 0 else "n" if power == 1 else f"n**{power}"
            text += sign + size + ("*" if size and raised else "") + raised
    return text


def _golden(export: Export) -> list[tuple[int, int, int]]:
    """A few convergents whose denominators are not 0, nor those of the tails below them."""
    from fractions import Fraction as Rational

    found = []
    for k in (1, 2, 5, 12):
        value = Rational(export.fraction.term(k)[0])
        for j in reversed(range(k)):
            if value == 0:
                break
            value = export.fraction.term(j)[0] + export.fraction.term(j + 1)[1] / value
        else:
            found.append((k, value.numerator, value.denominator))
    return found
