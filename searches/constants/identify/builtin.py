"""The constants that come with the library: families of analysis and number theory, each swept through small arguments.

Every line is an expression, or "name = expression". No two are Moebius forms of each other with small coefficients,
because the table has all those forms of each; a test sees to it. Those of the group "quadratic" are for products in
lattices only: the table has the roots of all small quadratics instead.
"""

from __future__ import annotations

from fractions import Fraction as Rational
from math import gcd, isqrt

_LAMBERT = (2, 3, 5, 6, 7)
_UNITS = {2: "1 + sqrt(2)", 3: "2 + sqrt(3)", 5: "golden", 6: "5 + 2*sqrt(6)", 7: "8 + 3*sqrt(7)"}


def _rationals(largest: int) -> list[str]:
    """p/q in lowest terms with p and q up to a bound, by size of p + q."""
    pairs = [(p, q) for q in range(1, largest + 1) for p in range(1, largest + 1) if gcd(p, q) == 1]
    return [f"{p}/{q}" if q > 1 else str(p) for p, q in sorted(pairs, key=lambda pair: (sum(pair), pair[1]))]


def _power(base: str, exponent: str) -> str:
    return base if exponent == "1" else f"{base}^({exponent})" if "/" in exponent else f"{base}^{exponent}"


def _root(x: Rational) -> str:
    """The square root of a rational, with square factors outside: 2*sqrt(2)/3, without brackets."""
    outside, inside = 1, x.numerator * x.denominator
    for k in range(isqrt(inside), 1, -1):
        if inside % (k * k) == 0:
            outside, inside = k, inside // (k * k)
            break
    ratio = Rational(outside, x.denominator)
    top = [str(ratio.numerator)] if ratio.numerator > 1 or inside == 1 else []
    text = "*".join(top + ([f"sqrt({inside})"] if inside > 1 else []))
    return text + (f"/{ratio.denominator}" if ratio.denominator > 1 else "")


def _surd(x: Rational) -> str:
    """A factor "sqrt(k)*" that makes an odd power series in the square root of x rational, or nothing."""
    root = _root(x)
    return root[root.index("sqrt") : root.index(")") + 1] + "*" if "sqrt" in root else ""


def _odd(function: str, x: Rational) -> str:
    """f(sqrt(x)) times the surd."""
    return f"{_surd(x)}{function}({_root(x)})"


def _bessel() -> list[str]:
    """Of every a(n) = m n + c, b(n) = k: neighbouring orders c/m, argument 2 sqrt(k)/m; half orders are elementary."""
    found: dict[tuple[Rational, Rational], None] = {}
    for m in range(1, 5):
        for c in range(m):
            found |= {(Rational(c, m), Rational(4 * k, m * m)): None for k in range(1, 6) if 2 * c != m}
    lines = []
    for order, square in sorted(found, key=lambda pair: (pair[0].denominator, pair[0], pair[1])):
        x, next_order = _root(square), order + 1 if order == 0 else order - 1
        lines += [f"{_surd(square)}bessel{f}({next_order}, {x})/bessel{f}({order}, {x})" for f in "ij"]
    return lines


def _kummer() -> list[str]:
    """Of every a(n) = m n + c, b(n) = k n: 1F1(1; s; z) with z = k/m^2 and s = z + c/m between 1 and 2."""
    found: dict[tuple[Rational, Rational], None] = {}
    for m, largest in ((2, 4), (3, 3)):
        for k in range(1, largest + 1):
            for z in (Rational(k, m * m), Rational(-k, m * m)):
                shares = {1 + (z + Rational(c, m)) % 1 for c in range(m)}
                found |= {(s, z): None for s in sorted(shares) if s.denominator in (2, 3, 4)}
    found |= {(Rational(s, 3), Rational(z)): None for s in (4, 5) for z in (1, -1)}
    found |= {(Rational(3, 2), Rational(z, 4)): None for z in (1, -1, 8, -8)}
    return [f"hyp1f1(1, {s}, {z})" for s, z in sorted(found, key=lambda pair: (pair[0].denominator, *pair))]


# Of the functions of square roots, arguments p/q without those that give pi or the logarithm of a unit again.
_ATAN = tuple(
    Rational(p, q) for p, q in ((2, 1), (5, 1), (1, 2), (3, 2), (5, 2), (2, 3), (4, 3), (5, 3), (3, 4), (5, 4))
)
_ATANH = (Rational(2, 5), Rational(3, 5))


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
        "gamma(1/8)^2/gamma(5/8)^2",
        "gamma(3/8)^2/gamma(7/8)^2",
    ),
    "trigonometric": (
        *(f"tan({x})" for x in _rationals(4)),
        *(_odd("tan", Rational(k, m)) for k in _LAMBERT for m in (1, 4)),
    ),
    "hyperbolic": tuple(_odd("tanh", Rational(k, m)) for k in _LAMBERT for m in (1, 4)),
    "arctangent": (
        *(f"atan({x})" for x in ("1/2", "1/3", "1/4", "1/5", "2/3", "2/5", "3/5", "4/5")),
        *(f"atan({x})" for x in ("2", "3", "4", "5")),
        *(_odd("atan", x) for x in _ATAN),
        *(_odd("atanh", x) for x in _ATANH),
    ),
    "bessel": tuple(_bessel()),
    "error function": (
        "sqrt(pi)*e^(1/4)*erfc(1/2)",
        "sqrt(pi)*e*erfc(1)",
        "sqrt(pi)*e^(9/4)*erfc(3/2)",
        "sqrt(pi)*e^4*erfc(2)",
        "sqrt(2*pi)*e^(1/2)*erfc(1/sqrt(2))",
        "sqrt(2*pi)*e^2*erfc(sqrt(2))",
        "sqrt(2*pi)*e^(9/2)*erfc(3/sqrt(2))",
        "sqrt(6*pi)*e^(3/2)*erfc(sqrt(3/2))",
    ),
    "exponential integral": tuple(f"{_power('e', x)}*e1({x})" for x in ("1", "1/2", "2", "3", "4")),
    "incomplete gamma": tuple(_kummer()),
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
    ("pi", "pi*sqrt(3)", "log(2)", "log(3)", "sqrt(3)*log(2 + sqrt(3))"),
    ("pi", "pi*sqrt(2)", "log(2)", "sqrt(2)*log(1 + sqrt(2))"),
    ("pi", "pi^2", "log(2)", "log(2)^2", "pi*log(2)", "catalan"),
    ("pi*sqrt(3)", "pi^2", "log(3)", "log(3)^2", "pi*sqrt(3)*log(3)", "polygamma(1, 1/3)"),
    ("pi", "sqrt(3)", "pi*sqrt(3)", "log(2 + sqrt(3))", "sqrt(3)*log(2 + sqrt(3))"),
    ("pi", "sqrt(2)", "pi*sqrt(2)", "log(1 + sqrt(2))", "sqrt(2)*log(1 + sqrt(2))"),
    ("pi", "sqrt(5)", "pi*sqrt(5)", "log(golden)", "sqrt(5)*log(golden)"),
    ("pi^2", "catalan", "pi*log(2 + sqrt(3))", "pi*log(1 + sqrt(2))"),
    ("pi^2", "log(golden)^2", "log(2)*log(golden)", "log(2)^2"),
    ("pi^2", "polygamma(1, 1/5)", "polygamma(1, 2/5)", "sqrt(5)*pi^2"),
    ("pi^2", "sqrt(2)*pi^2", "catalan", "polygamma(1, 1/8)", "polygamma(1, 3/8)"),
    ("log(2)", "log(3)", "log(2)^2", "log(2)*log(3)", "log(3)^2", "pi^2"),
    # weight 3 and beyond
    ("zeta(2)", "zeta(3)", "zeta(4)", "zeta(5)", "zeta(6)", "zeta(7)"),
    ("zeta(3)", "pi^3", "pi^2*log(2)", "log(2)^3", "pi*log(2)^2", "pi*catalan"),
    ("zeta(3)", "pi^2", "pi", "pi^3", "log(2)", "catalan"),
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
