"""A fraction as a Python file that prints its digits: integers only, no package needed.

Fast fractions: the matrices of their terms multiplied by halves, to twice the depth until the digits stay. Slow ones
(errors like a power of the depth, or exp(-c sqrt(depth))): the tail a(n) + b(n+1)/(a(n+1) + ...) has an asymptotic
series in 1/sqrt(n), whose first coefficient is a root of c^2 = alpha c + beta and the others follow; it replaces the
tail at n = 2 N or so for N digits, and a second depth must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as Rational
from math import comb
from string import Template

from searches.constants.fraction import Fraction, Poly, poly, shifted


@dataclass(frozen=True)
class Tail:
    """How the series of a slow fraction's tail begins: sum of c[k] n^((power - k)/2).

    root  the place of the first coefficient that a quadratic equation gives (before it c[0] is a double root)
    step  2 where only every other coefficient is not zero
    sign  of that equation's root: the one that the tail of a fraction tends to
    """

    power: int
    root: int
    step: int
    sign: int


def tail(fraction: Fraction) -> Tail | None:
    """None where the fraction converges exponentially, or no such series is known (interlaced fractions)."""
    if fraction.period > 1 or not fraction.a or not fraction.b:
        return None
    (a, b), next_b = fraction.blocks[0], shifted(fraction.b, 1)
    power = max(2 * (len(a) - 1), len(b) - 1)
    alpha = [Rational(_coefficient(a, power - k, 2)) for k in range(5)]
    beta = [Rational(_coefficient(next_b, 2 * power - k, 2)) for k in range(5)]
    if len(b) - 1 > 2 * (len(a) - 1):
        sign = 1 if a[-1] > 0 else -1
        return Tail(power, 0, 1 + (power % 2 == 0), sign) if beta[0] > 0 else None
    if alpha[0] ** 2 + 4 * beta[0]:
        return None
    first, sign = alpha[0] / 2, 1 if alpha[0] > 0 else -1
    half = power // 2
    rest = -first * first * half - alpha[2] * first - beta[2]
    if rest:
        return Tail(power, 1, 1, sign) if rest < 0 else None
    rest = -first * first * comb(half, 2) - alpha[2] * first * half - alpha[4] * first - beta[4]
    return Tail(power, 2, 2, sign) if (first - alpha[2]) ** 2 - 4 * rest > 0 else None


def _coefficient(p: Poly, doubled: int, by: int) -> int:
    """Of n^(doubled / by)."""
    power, rest = divmod(doubled, by)
    return p[power] if rest == 0 and 0 <= power < len(p) else 0


_HEAD = Template('''
import math
import sys

# Coefficients of a and b, lowest degree first$turns.
BLOCKS = $blocks
# n, numerator and denominator of the n-th convergent, a(0) + b(1)/(a(1) + ... + b(n)/a(n)), not reduced
GOLDEN = (
$golden
)
DIGITS = "$digits"
GUARD = 20


def term(j):
    """a and b of term j."""
    n, i = divmod(j, len(BLOCKS))
    return [sum(c * n**k for k, c in enumerate(p)) for p in BLOCKS[i]]


def times(x, y):
    """The product of two matrices of four numbers."""
    p, q, r, s = x
    t, u, v, w = y
    return p * t + q * v, p * u + q * w, r * t + s * v, r * u + s * w


def product(low, high):
    """Of the matrices (a(j), b(j+1); 1, 0) for j from low up to high - 1, by halves: factors are of equal size."""
    if high - low == 1:
        return term(low)[0], term(high)[1], 1, 0
    middle = (low + high) // 2
    return times(product(low, middle), product(middle, high))

''')

_FAST = Template('''
MOST = 1 << 22  # terms


def value(places):
    """The fraction times 10^places, rounded down; the next time as many terms change nothing."""
    depth, matrix, before = 16, product(0, 16), None
    while True:
        p, _, q, _ = matrix
        now = p * 10**places // q if q else None
        if now is not None and before is not None and abs(now - before) <= 1:
            return now
        if depth >= MOST:
            known = places if now is None or before is None else len(str(abs(now - before)))
            raise SystemExit(f"{depth} terms give only about {max(places - known, 0)} digits; ask for fewer")
        matrix, before, depth = times(matrix, product(depth, 2 * depth)), now, 2 * depth
''')

_SLOW = Template('''
# Convergents alone would take for ever: their errors fall like $slowness.
# But the tail f(n) = a(n) + b(n+1)/(a(n+1) + ...) has an asymptotic series, the sum of c[k] n^((POWER - k)/2). From
# f(n) f(n+1) = a(n) f(n+1) + b(n+1) each c[k] follows from those before it, and the first from a quadratic equation
# for c[ROOT], of whose roots the tail of a fraction tends to that of sign SIGN. How many digits that gives is not
# proved but seen: two depths must agree.
POWER, ROOT, STEP, SIGN = $power, $root, $step, $sign
MOST = 2000  # root of the largest n
ALPHA = {POWER - 2 * i: c for i, c in enumerate(BLOCKS[0][0])}  # a(n), by k
BETA = {2 * (POWER - i): c for i, c in enumerate($next_b)}  # b(n+1)


def series(count, bits):
    """c[0], c[1], ... c[count - 1], times 2^bits."""
    c, d = [0] * (count + 3), [0] * (count + 3)

    def following(k):
        """d[k], of the series of f(n+1)."""
        total, weight = 0, 1 << bits
        for i in range(k // 2 + 1):
            total += c[k - 2 * i] * weight >> bits
            weight = weight * (POWER - k + 2 * i + 2) // (2 * i + 2)
        return total

    def rest(k, unknown):
        """Of f(n) f(n+1) - a(n) f(n+1) - b(n+1) at place k, all from c[unknown] on being zero."""
        for i in range(unknown, k + 1, STEP):
            d[i] = following(i)
        total = sum(c[i] * d[k - i] for i in range(0, k + 1, STEP)) >> bits
        return total - sum(x * d[k - i] for i, x in ALPHA.items() if i <= k) - (BETA.get(k, 0) << bits)

    slope = -ALPHA.get(0, 0) << bits
    if ROOT:
        c[0] = d[0] = -slope // 2
        slope = 0 if ROOT == 1 else c[0] - (ALPHA.get(2, 0) << bits)
    c[ROOT] = (SIGN * math.isqrt(slope * slope - (rest(2 * ROOT, STEP * (ROOT > 0)) << bits + 2)) - slope) // 2
    slope += 2 * c[ROOT]
    for i in range(0, ROOT + 1):
        d[i] = following(i)
    for k in range(ROOT + STEP, count, STEP):
        c[k] = -(rest(k + ROOT, k) << bits) // (slope + (c[0] * (k - 2) // 2 if ROOT == 2 else 0))
        d[k] = following(k)
    return c[:count]


def value(places):
    """The fraction times 10^places, rounded down; from two depths that agree."""
    bits = places * 10 // 3 + 128
    c = series(places + 40, bits)
    root, before = math.isqrt(2 * places) + 4, None
    while True:
        parts, now = [], None  # of the tail at n = root^2
        for k in range(0, len(c), STEP):
            parts.append(c[k] * root**POWER // root**k)
            if k >= 8 * STEP and max(map(abs, parts[-5:])) < 1 << 40:
                size = sum(parts)
                for n in range(root * root - 1, 15, -1):
                    size = (term(n)[0] << bits) + (term(n + 1)[1] << 2 * bits) // size
                p, q, r, s = product(0, 16)
                now = 10**places * (p * size + (q << bits)) // (r * size + (s << bits))
                break
        if now is not None and before is not None and abs(now - before) <= 2:
            return now
        if root > MOST:
            raise SystemExit("no series of the tail converges to so many digits; ask for fewer")
        root, before = root * 7 // 5 + 1, now
''')

_TAIL = Template('''

def digits(count):
    """The first so many digits, as text."""
    scaled = value(count + GUARD)
    # A value that ends within the guard digits of a shorter one is taken to be that one.
    text = str(abs(scaled) + 10 ** (GUARD // 2)).zfill(count + GUARD + 1)
    whole, after = text[: -count - GUARD], text[-count - GUARD :]
    zeros = len(after) - len(after.lstrip("0")) if whole == "0" else -len(whole)
    return ("-" if scaled < 0 else "") + (whole + "." + after[: max(count + zeros, 0)]).rstrip(".")

$closed
def selftest():
    """Convergents, digits$selftests."""
    for n, p, q in GOLDEN:
        if product(0, n + 1)[::2] != (p, q):
            raise SystemExit("$name: selftest FAILED: convergents")
    if digits($count) != DIGITS:
        raise SystemExit("$name: selftest FAILED: digits")
$check    print("$name: selftest ok")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["--selftest"]:
        selftest()
    elif len(arguments) <= 1 and all(a.isdecimal() and int(a) > 0 for a in arguments):
        if hasattr(sys, "set_int_max_str_digits"):
            sys.set_int_max_str_digits(0)
        asked = int(arguments[0]) if arguments else 50
        text = digits(asked)
        print(text)
$main    else:
        raise SystemExit(f"usage: python {sys.argv[0]} [DIGITS] or --selftest")

''')

_CLOSED = Template('''
def closed_form(mp):
    """$text; mp: mpmath's context."""
    return $source


def agrees(text):
    """Whether digits are those of the closed form; None without mpmath."""
    try:
        import mpmath
    except ImportError:
        return None
    places = len(text.partition(".")[2])
    with mpmath.workdps(places + 30):
        scaled = closed_form(mpmath.mp) * mpmath.mpf(10) ** places
        return abs(scaled - int(text.replace(".", ""))) < mpmath.mpf("1.001")

''')
_CHECK = Template("""\
    if agrees(DIGITS) is False:
        raise SystemExit("$name: selftest FAILED: closed form")
""")
_MAIN = Template("""\
        found = agrees(text)
        note = {True: "agree with", False: "DISAGREE with", None: "not compared (no mpmath) with"}[found]
        print(f"digits {note} $text", file=sys.stderr)
        if found is False:
            raise SystemExit(1)
""")


def body(fraction: Fraction, name: str, digits: str, closed: tuple[str, str] | None) -> str:
    """The code of the file, from its imports to its main. closed: text and mpmath source of the closed form."""
    series = tail(fraction)
    golden = "\n".join(f"    ({n}, {p}, {q})," for n in (0, 1, 2, 5, 12) for p, q in [fraction.convergent(n)])
    turns = f"; term j = {fraction.period} n + i has pair i at n" if fraction.period > 1 else ""
    text = _HEAD.substitute(turns=turns, blocks=repr(fraction.blocks), golden=golden, digits=digits)
    if series is None:
        text += _FAST.substitute()
    else:
        root = series.root == 1 or (series.root == 0 and series.step == 1)
        slow = "exp(-c sqrt(number of terms))" if root else "a power of the number of terms"
        text += _SLOW.substitute(
            power=series.power, root=series.root, step=series.step, sign=series.sign,
            next_b=repr(poly(shifted(fraction.b, 1))), slowness=slow,
        )  # fmt: skip
    filled = {"name": name, "count": sum(c.isdigit() for c in digits.lstrip("-0."))}
    if closed is not None:
        filled |= {"text": closed[0], "source": closed[1]}
    return text + _TAIL.substitute(
        filled,
        closed="" if closed is None else _CLOSED.substitute(filled),
        check="" if closed is None else _CHECK.substitute(filled),
        main="" if closed is None else _MAIN.substitute(filled),
        selftests="" if closed is None else ", and the closed form where mpmath is installed",
    )
