"""The constants that come with the library: families of analysis and number theory, each swept through small arguments.

Every line is an expression, or "name = expression". No two are Moebius forms of each other with small coefficients,
because the table has all those forms of each; a test sees to it. Those of the group "quadratic" are for products in
lattices only: the table has the roots of all small quadratics instead.
"""

from __future__ import annotations

from itertools import chain
from math import gcd

_BESSEL = ("1/2", "2/3", "1", "4/3", "2", "3", "4", "6")
_BESSEL_SURD = {"sqrt(2)": 2, "sqrt(3)": 3, "2*sqrt(2)": 2, "2*sqrt(3)": 3, "2*sqrt(5)": 5, "2*sqrt(6)": 6}
_LAMBERT = (2, 3, 5, 6, 7)
_UNITS = {2: "1 + sqrt(2)", 3: "2 + sqrt(3)", 5: "golden", 6: "5 + 2*sqrt(6)", 7: "8 + 3*sqrt(7)"}


def _rationals(largest: int) -> list[str]:
    """p/q in lowest terms with p and q up to a bound, by size of p + q."""
    pairs = [(p, q) for q in range(1, largest + 1) for p in range(1, largest + 1) if gcd(p, q) == 1]
    return [f"{p}/{q}" if q > 1 else str(p) for p, q in sorted(pairs, key=lambda pair: (sum(pair), pair[1]))]


def _power(base: str, exponent: str) -> str:
    return base if exponent == "1" else f"{base}^({exponent})" if "/" in exponent else f"{base}^{exponent}"


def _surd(k: int, function: str, argument: str) -> str:
    """sqrt(k) f(sqrt(k) ...), whose power series is rational."""
    return f"sqrt({k})*{function}({argument})"


def _bessel(x: str, factor: str = "") -> list[str]:
    """Ratios of neighbouring orders, times the surd that makes their series rational."""
    return [f"{factor}bessel{kind}(1, {x})/bessel{kind}(0, {x})" for kind in "ij"]


GROUPS: dict[str, tuple[str, ...]] = {
    "circle": ("pi", "pi^3", "sqrt(pi)", "pi*sqrt(2)", "pi*sqrt(3)", "pi*sqrt(5)", "pi*sqrt(6)", "pi*sqrt(7)"),
    "exponential": tuple(_power("e", x) for x in _rationals(4)),
    "logarithm": (
        *(f"log({x})" for x in ("2", "3", "5", "6", "7", "10", "3/2", "4/3", "5/2", "5/3", "5/4", "6/5", "7/2", "7/3")),
        "log(golden)",
        "log(1 + sqrt(2))",
        "log(2 + sqrt(3))",
        *(f"sqrt({d})*log({unit})" for d, unit in _UNITS.items()),
    ),
    "zeta": tuple(f"zeta({s})" for s in range(2, 8)),
    "dirichlet": ("catalan", *(f"polygamma(1, {x})" for x in ("1/3", "1/4", "1/5", "2/5", "1/6", "1/8", "3/8"))),
    "gamma": (
        "gamma(1/4)",
        "gauss = gamma(1/4)^2/(2*pi)^(3/2)",
        "lemniscate = gamma(1/4)^2/(2*sqrt(2*pi))",
        "gamma(1/4)^4/pi",
        "gamma(1/4)^4/pi^2",
        "gamma(1/4)^4/pi^3",
        "gamma(1/3)",
        "gamma(1/3)^3/pi",
        "gamma(1/3)^3/pi^2",
        "sqrt(3)*gamma(1/3)^3/pi",
        "sqrt(3)*gamma(1/3)^3/pi^2",
        "gamma(1/3)^6/pi^3",
        "gamma(1/3)^6/pi^4",
    ),
    "trigonometric": (
        *(f"tan({x})" for x in _rationals(4)),
        *(_surd(k, "tan", f"sqrt({k})") for k in _LAMBERT),
        *(_surd(k, "tan", f"sqrt({k})/2") for k in _LAMBERT),
    ),
    "hyperbolic": (
        *(_surd(k, "tanh", f"sqrt({k})") for k in _LAMBERT),
        *(_surd(k, "tanh", f"sqrt({k})/2") for k in _LAMBERT),
    ),
    "arctangent": (
        *(f"atan({x})" for x in ("1/2", "1/3", "1/4", "1/5")),
        *(_surd(k, "atan", f"1/sqrt({k})") for k in (2, 5, 6, 7)),
    ),
    "bessel": (
        *chain.from_iterable(_bessel(x) for x in _BESSEL),
        *chain.from_iterable(_bessel(x, f"sqrt({k})*") for x, k in _BESSEL_SURD.items()),
    ),
    "error function": (
        "sqrt(pi)*e^(1/4)*erfc(1/2)",
        "sqrt(pi)*e*erfc(1)",
        "sqrt(pi)*e^(9/4)*erfc(3/2)",
        "sqrt(pi)*e^4*erfc(2)",
        "sqrt(2*pi)*e^(1/2)*erfc(1/sqrt(2))",
        "sqrt(2*pi)*e^2*erfc(sqrt(2))",
        "sqrt(2*pi)*e^(9/2)*erfc(3/sqrt(2))",
        "sqrt(6*pi)*e^(3/2)*erfc(sqrt(3/2))",
        *(f"hyp1f1(1, 3/2, {x})" for x in ("1", "1/2", "1/4", "2", "-1", "-1/2", "-1/4", "-2")),
    ),
    "incomplete gamma": (
        *(f"{_power('e', x)}*e1({x})" for x in ("1", "1/2", "2", "3", "4")),
        *(f"hyp1f1(1, {s}, {x})" for s in ("4/3", "5/3", "5/4", "7/4") for x in ("1", "-1")),
    ),
    "classical": ("euler",),
    "ratio": (
        "log(2)/pi",
        "log(2)^2",
        "pi*log(2)",
        "log(3)/log(2)",
        "catalan/pi",
        "catalan/pi^2",
        "catalan/log(2)",
        "zeta(3)/pi^2",
        "zeta(3)/pi^3",
        "zeta(3)/log(2)",
        "zeta(5)/zeta(3)",
    ),
    "quadratic": ("golden", "sqrt(2)", "sqrt(3)", "sqrt(6)", "sqrt(7)"),
    "cubic": ("2^(1/3)", "3^(1/3)", "5^(1/3)", "6^(1/3)", "7^(1/3)"),
    "quartic": ("2^(1/4)", "3^(1/4)", "5^(1/4)", "6^(1/4)", "7^(1/4)"),
}
DEGREES = {"quadratic": 2, "cubic": 3, "quartic": 4}  # of algebraic numbers

# Products of powers that belong together, 1 understood: values of one kind of integral, or of one field. A fraction
# whose limit mixes several of them is looked for as a quotient of two linear forms of one such list.
FAMILIES: tuple[tuple[str, ...], ...] = (
    # powers of one exponential, tangent or root: forms of sums of arguments
    ("e^(1/2)", "e", "e^(3/2)", "e^2"),
    ("e", "e^2", "e^3", "e^4"),
    ("e^(1/3)", "e^(2/3)", "e", "e^(4/3)"),
    ("e^(1/4)", "e^(1/2)", "e^(3/4)", "e"),
    ("tan(1/2)", "tan(1/2)^2", "tan(1/2)^3", "tan(1/2)^4"),
    ("tan(1)", "tan(1)^2", "tan(1)^3"),
    ("tan(1/3)", "tan(1/3)^2", "tan(1/3)^3"),
    # periods of weight 1 and 2, level by level
    ("pi", "log(2)", "log(3)", "log(5)"),
    ("pi", "zeta(2)", "log(2)", "log(2)^2", "pi*log(2)", "catalan"),
    ("pi*sqrt(3)", "zeta(2)", "log(3)", "log(3)^2", "pi*sqrt(3)*log(3)", "polygamma(1, 1/3)"),
    ("pi", "sqrt(3)", "pi*sqrt(3)", "log(2 + sqrt(3))", "sqrt(3)*log(2 + sqrt(3))"),
    ("pi", "sqrt(2)", "pi*sqrt(2)", "log(1 + sqrt(2))", "sqrt(2)*log(1 + sqrt(2))"),
    ("pi", "sqrt(5)", "pi*sqrt(5)", "log(golden)", "sqrt(5)*log(golden)"),
    ("zeta(2)", "catalan", "pi*log(2 + sqrt(3))", "pi*log(1 + sqrt(2))"),
    ("zeta(2)", "log(golden)^2", "log(2)*log(golden)", "log(2)^2"),
    ("zeta(2)", "polygamma(1, 1/5)", "polygamma(1, 2/5)", "sqrt(5)*zeta(2)"),
    ("zeta(2)", "sqrt(2)*zeta(2)", "catalan", "polygamma(1, 1/8)", "polygamma(1, 3/8)"),
    ("log(2)", "log(3)", "log(2)^2", "log(2)*log(3)", "log(3)^2", "zeta(2)"),
    # weight 3 and beyond
    ("zeta(2)", "zeta(3)", "zeta(4)", "zeta(5)", "zeta(6)", "zeta(7)"),
    ("zeta(3)", "pi^3", "zeta(2)*log(2)", "log(2)^3", "pi*log(2)^2", "pi*catalan"),
    ("zeta(3)", "zeta(2)", "pi", "pi^3", "log(2)", "catalan"),
    # periods of the lemniscate and of the curve with threefold symmetry: first and second kind
    ("lemniscate", "gauss", "pi", "lemniscate^2", "gauss^2"),
    ("gamma(1/4)^4/pi", "gamma(1/4)^4/pi^2", "gamma(1/4)^4/pi^3", "pi"),
    ("gamma(1/4)^4/pi^2", "gamma(1/4)^8/pi^4", "gamma(1/4)^8/pi^5", "pi"),
    ("gamma(1/3)^3/pi", "gamma(1/3)^3/pi^2", "sqrt(3)", "pi*sqrt(3)"),
    ("gamma(1/3)^6/pi^3", "gamma(1/3)^6/pi^4", "sqrt(3)", "pi"),
    # the exponential with its integrals
    ("e", "e*e1(1)", "euler", "e*euler"),
    ("e", "sqrt(pi)*e*erfc(1)", "sqrt(pi)*e", "sqrt(pi)"),
    ("pi", "e", "e^2", "pi*e", "sqrt(pi)"),
    ("euler", "log(2)", "pi", "log(3)"),
    # fields of roots
    ("sqrt(2)", "sqrt(3)", "sqrt(6)", "pi"),
    ("2^(1/3)", "2^(2/3)", "pi", "pi*sqrt(3)", "log(2)"),
    ("3^(1/3)", "3^(2/3)", "pi*sqrt(3)", "log(3)"),
)
