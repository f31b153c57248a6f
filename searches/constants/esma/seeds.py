"""The constants whose expressions are walked over: those of the library, and families of functions at small rationals.

Nothing here depends on known fractions: a family is a function, and its arguments are all small rationals.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Rational
from functools import lru_cache
from math import gcd

from discover.errors import UserError
from searches.constants.esma.config import EsmaConfig
from searches.constants.identify.expression import parse
from searches.constants.identify.library import Constant, Library
from searches.constants.identify.printing import to_text

FAMILY = "family"
CHECKED = 60  # digits to which constants are told to be rational or equal


def _ratio(kind: str) -> Callable[[str, Rational], str]:
    """Of the Bessel functions of an order and of the one below: 0F1 contiguous ratios."""
    return lambda x, order: f"bessel{kind}({order + 1}, {x})/bessel{kind}({order}, {x})"


# Of an argument and, where there is one, an order. tanh is a Moebius form of exp, but shorter to write.
FAMILIES: dict[str, Callable[[str, Rational], str]] = {
    "exp": lambda x, order: "e" if x == "1" else f"e^({x})" if "/" in x else f"e^{x}",
    "tan": lambda x, order: f"tan({x})",
    "tanh": lambda x, order: f"tanh({x})",
    "bessel_i": _ratio("i"),
    "bessel_j": _ratio("j"),
}


def rationals(numerators: int, denominators: int) -> list[Rational]:
    """p/q in lowest terms, small ones first."""
    pairs = [(p, q) for q in range(1, denominators + 1) for p in range(1, numerators + 1) if gcd(p, q) == 1]
    return [Rational(p, q) for p, q in sorted(pairs, key=lambda pair: (sum(pair), pair))]


def family(name: str, numerators: int, denominators: int, orders: int) -> list[str]:
    """Expressions of a family: Bessel ratios of all orders r/s with 0 <= r < s <= orders, but 1/2, which is tan."""
    fractional = {Rational(r, s) for s in range(1, orders + 1) for r in range(s)} - {Rational(1, 2)}
    takes = sorted(fractional) if name.startswith("bessel") else [Rational(0)]
    arguments = rationals(numerators, denominators)
    return [FAMILIES[name](str(x), order) for order in takes for x in arguments]


@lru_cache(maxsize=64)
def members(name: str, numerators: int, denominators: int, orders: int) -> tuple[Constant, ...]:
    """The constants of a family; each is named by its expression."""
    nodes = (parse(text) for text in family(name, numerators, denominators, orders))
    return tuple(Constant(to_text(node), FAMILY, node) for node in nodes)


def seeds(config: EsmaConfig, library: Library) -> tuple[Constant, ...]:
    """The constants of a run: families first (their names are short), then the library's that are not among them, with
    its decoys. Raises UserError for none at all, and for one that is rational."""
    from searches.constants.identify.lattice import rational

    texts = [
        text for name in config.families for text in family(name, config.numerators, config.denominators, config.orders)
    ]
    members = [Constant(to_text(node), FAMILY, node) for node in (parse(text) for text in dict.fromkeys(texts))]
    found = (*members, *(c for c in library.constants if c.name not in {m.name for m in members}))
    if not found:
        raise UserError("problem.esma: no constants; name some of the library, or families")
    for c in found:
        if (value := rational(c.value(CHECKED), CHECKED)) is not None:
            raise UserError(f"problem.esma: {c.name} is rational ({value}); its fraction ends, and shows no pattern")
    return found


def quadratic(constant: Constant) -> bool:
    """A root of a quadratic equation: all its fractions are periodic (Lagrange), which is no news."""
    import flint

    from searches.constants.identify.lattice import relation

    with flint.ctx.workprec(4 * CHECKED):
        v = constant.value(CHECKED)
        return relation([v * v, v, flint.arb(1)], CHECKED) is not None


def powers(constant: Constant, degree: int, bits: int) -> tuple[int, ...]:
    """2^bits, and whole numbers within 1 of c^k 2^bits for k = 1 ... degree."""
    import flint

    mantissa, exponent = constant.value(CHECKED).mid().man_exp()
    size = degree * max(0, int(mantissa).bit_length() + int(exponent))  # bits before the point
    found = [1 << bits]
    with flint.ctx.workprec(bits + size + 64):
        value = constant.value(int((bits + size) * 0.30103) + 10)
        for k in range(1, degree + 1):
            mantissa, exponent = (value**k).mid().man_exp()
            shift = int(exponent) + bits
            found.append(int(mantissa) << shift if shift >= 0 else int(mantissa) >> -shift)
    return tuple(found)
