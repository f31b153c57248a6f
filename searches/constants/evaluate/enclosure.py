"""Proof that a tail lies near its asymptotic series: a bound for all terms from some n on.

Let s_n = n^r S(x), x = n^(-1/parts), be the series cut after K terms, with its true coefficients (of which balls are
known), and f_n = a(n) + b(n+1)/f_{n+1} as in `branch`. Put f_n = s_n (1 + e_n). Then

    |e_n| <= |rho(x)| + |t(x)| |e_{n+1}| / (1 - |e_{n+1}|),   rho = (a + b/s_{n+1})/s_n - 1,   t = b/(s_n s_{n+1}).

rho is analytic in a disc |x| <= R in which s_n, s_{n+1} have no zeros, and vanishes to order J at 0, because that is
how the coefficients were found. By the maximum principle |rho(x)| <= max over the disc of |rho| times (|x|/R)^J, and
the maximum is bounded by sums of absolute values: what they lose is nothing beside (x/R)^J. With the value sets
|e_n| <= M x^(J-p) the step maps the set of n + 1 into that of n, for all n >= N, if

    1 - |t(x)| (1 + x^parts)^(-(J-p)/parts) >= g x^p on (0, x_N],   M = 2 max|rho| / (R^J g),   4 M x_N^(J-2p) <= g,

with p = 0 where |t| < 1 in the limit (factorial, exponential), else p = 1. The tail has the series for its asymptotic
expansion (Birkhoff & Trjitzinsky), so it lies in the sets of all large n, hence in that of N. Value sets: Lorentzen &
Waadeland, Continued Fractions, 2008, ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from searches.constants.evaluate.branch import Branch, Case, Equation, Series

ORDER = 24  # terms of the expansion of t
PIECES = 8  # of (0, x_N] on which t is bounded
SHRINK = 0.8  # of the radii that are tried


@dataclass(frozen=True)
class _Sizes:
    """Upper bounds of |p|, |q| and lower ones of |c|, |S|, |S+| on a disc, powers of n taken out."""

    p: arb
    q: arb
    c: arb
    now: arb
    after: arb


def enclosed_tail(equation: Equation, branch: Branch, series: Series, n: int) -> arb | None:
    """A ball that holds f_n of the equation; None if there is no proof at this n."""
    c, parts = series.c, branch.parts
    p = 0 if branch.case in (Case.FACTORIAL, Case.EXPONENTIAL) else 1
    order = len(c) + series.late
    x = _root(arb(n), -1, parts)
    radius, sizes = _disc(equation, branch, c, arb(0.9))
    if radius is None or sizes is None or radius < 2 * x or order <= 2 * p:
        return None
    a_at, b_at = series.a_at, series.b_at
    largest = radius**a_at * sizes.p / (sizes.c * sizes.now) + 1
    largest += radius**b_at * sizes.q / (sizes.c * sizes.now * sizes.after)
    gap = _gap(equation, branch, series, fmpq(order - p, parts), p, x)
    if gap is None:
        return None
    bound = 2 * largest * radius**-order / gap
    if not 4 * bound * x ** (order - 2 * p) <= gap:
        return None
    total = arb(0)
    for coefficient in reversed(c):
        total = total * x + coefficient
    error = (bound * x ** (order - p)).upper()
    return total * _root(arb(n), branch.twice, 2) * arb(1, error)


def _root(x: arb, numerator: int, denominator: int) -> arb:
    """x^(numerator / denominator), denominator 1 or 2, x > 0."""
    if denominator == 1 or numerator % 2 == 0:
        return x ** (numerator // denominator)
    return x.sqrt() ** numerator


def _majorant(coefficients: list, x: arb) -> arb:
    """Sum of |c_j| x^j."""
    total = arb(0)
    for c in reversed(coefficients):
        total = total * x + abs(arb(c))
    return total


def _disc(equation: Equation, branch: Branch, c: list[arb], radius: arb) -> tuple[arb | None, _Sizes | None]:
    """The largest radius tried in which c(n), s_n, s_{n+1} have no zeros, and the bounds there."""
    parts = branch.parts
    bottom = list(equation.c.coeffs())[::-1]
    first, lead = abs(c[0]), abs(arb(bottom[0]))
    for _ in range(40):
        power = radius**parts
        farther = radius * _root(1 - power, -1, parts)  # |x_{n+1}| at most
        now, after = first - _majorant([0, *c[1:]], radius), first - _majorant([0, *c[1:]], farther)
        below = lead - _majorant([0, *bottom[1:]], power)
        if after > first * 0.2 and below > lead * 0.2:
            least = _root(1 - power, branch.twice, 2) if branch.twice >= 0 else _root(1 + power, branch.twice, 2)
            tops = [_majorant(list(q.coeffs())[::-1], power) for q in (equation.p, equation.q)]
            return radius, _Sizes(tops[0], tops[1], below, now, after * least)
        radius = radius * SHRINK
    return None, None


def _gap(equation: Equation, branch: Branch, series: Series, mu: fmpq, p: int, x: arb) -> arb | None:
    """g of the module's description; None if it is not positive."""
    parts = branch.parts
    reach = _root(1 / (arb(mu) + 1), 1, parts)
    radius, sizes = _disc(equation, branch, series.c, arb(0.9).min(reach))
    if radius is None or sizes is None or radius < x * 1.25:
        return None
    w = _contraction(branch, series, mu)
    # beyond the terms of w, by Cauchy's bound on the disc
    largest = radius**series.b_at * sizes.q / (sizes.c * sizes.now * sizes.after) * (1 - radius**parts) ** -arb(mu)
    beyond = largest * (x / radius) ** len(w) / (1 - x / radius)
    least = None
    for i in range(PIECES):
        piece = x * (arb(2 * i + 1) / (2 * PIECES) + arb(0, 1) / (2 * PIECES))
        value = arb(0)
        for coefficient in reversed(w[p:]):
            value = value * piece + coefficient
        if p == 0:
            size = 1 - abs(value) - beyond
        else:
            size = -value - beyond / x**p
            if not 1 + value * piece**p > beyond:  # t must not come near -1
                return None
        size = size.lower()
        least = size if least is None else least.min(size)
    return least if least is not None and least > 0 else None


def _contraction(branch: Branch, series: Series, mu: fmpq) -> list[arb]:
    """Coefficients of |t(x)| (1 + x^parts)^-mu, the first exactly 1 if p = 1."""
    parts, terms = branch.parts, min(ORDER, len(series.c))
    below = [sum((series.c[i] * series.g[j - i] for i in range(j + 1)), arb(0)) for j in range(terms)]
    above = [arb(0)] * terms
    for i, b in enumerate(series.b):
        if series.b_at + parts * i < terms:
            above[series.b_at + parts * i] = b
    quotient: list[arb] = []
    for j in range(terms):
        rest = above[j] - sum((below[i] * quotient[j - i] for i in range(1, j + 1)), arb(0))
        quotient.append(rest / below[0])
    power = [arb(1)]
    for k in range(1, terms // parts + 1):
        power.append(power[-1] * (-mu - (k - 1)) / k)
    product = [sum((power[k] * quotient[j - parts * k] for k in range(j // parts + 1)), arb(0)) for j in range(terms)]
    return product if branch.lead_b > 0 else [-w for w in product]
