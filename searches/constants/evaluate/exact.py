"""One fraction to any precision, in ball arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate, chain, pairwise, repeat
from typing import Any

import flint
from flint import arb, fmpq

from searches.constants.evaluate import branch as _branch
from searches.constants.evaluate.branch import Branch, Case, Equation, Series
from searches.constants.evaluate.enclosure import enclosed_tail
from searches.constants.evaluate.kind import Kind, Value
from searches.constants.fraction import Fraction, Poly, factors, plus, shifted, times, value

MOST = 50_000  # terms at most
PROOFS = 5  # depths at which a proof is tried before the value is taken without
EXACT_TERMS = 2000  # a fraction that ends before is summed exactly
LOG10 = math.log2(10)


def high(fraction: Fraction, digits: int = 50, most: int = MOST) -> Value:
    """The value to so many decimal digits, from at most `most` terms.

    The tail at some depth is enclosed by a theorem and carried back in ball arithmetic: `rigorous`. Where convergence
    is factorial or exponential, by one on its first term: between consecutive convergents, where terms are positive;
    |f/a - 1| <= 1/2 where 4 |b(n)| <= |a(n) a(n-1)| from there on (Worpitzky). Elsewhere by its asymptotic series with
    value sets (`enclosure`). Where that fails too, the series at two depths is used, and the radius is twice their
    difference: no proof. `Value.digits` tells how many digits were reached; kind SLOW if none.
    """
    if digits < 1:
        raise ValueError(f"{digits} digits")
    with _precision(digits):
        end = first_zero(fraction)
        if end is not None:
            return _terminated(fraction, end, digits, most)
        equation = Equation.of(fraction)
        if equation is None:
            return _nothing(Kind.DIVERGES)
        branch = _branch.classify(equation)
        if branch.case == Case.OSCILLATING:
            return _nothing(Kind.OSCILLATES)
        if branch.case == Case.DIVERGING:
            return _nothing(Kind.DIVERGES)
        found = None
        if branch.case in (Case.FACTORIAL, Case.EXPONENTIAL):
            found = _enclosed(fraction, branch, digits, most)
        if found is None or found.digits < digits:
            other = _accelerated(fraction, equation, branch, digits, most)
            if found is None or other.digits > found.digits:
                found = other
        return found


class _precision:
    """Flint's working precision for so many digits, restored afterwards."""

    def __init__(self, digits: float, extra: int = 64) -> None:
        self.bits = math.ceil(digits * LOG10) + extra

    def __enter__(self) -> None:
        self.before = flint.ctx.prec
        flint.ctx.prec = self.bits

    def __exit__(self, *_: Any) -> None:
        flint.ctx.prec = self.before


def _nothing(kind: Kind, depth: int = 0) -> Value:
    # infinite values are seen, not proved: their depth is not 0
    return Value(arb.nan(), 0.0, kind, kind != Kind.SLOW and depth == 0, depth, False)


def known_digits(ball: arb) -> float:
    """Relative decimal digits of a ball; those after the decimal point if it contains 0."""
    radius = ball.rad()
    if radius == 0:
        return math.inf
    if not ball.is_finite():
        return 0.0
    lower = ball.abs_lower()
    error = radius / lower if lower > 0 else radius
    return max(0.0, float(-(error.log() / arb(10).log()).mid()))


def first_zero(fraction: Fraction) -> int | None:
    """The first term j >= 1 with b = 0."""
    k = fraction.period
    found = []
    for i, (_, b) in enumerate(fraction.blocks):
        least = 0 if i else 1
        if not b:
            found.append(k * least + i)
            continue
        for factor, _ in factors(b)[1]:
            if len(factor) == 2 and factor[0] % factor[1] == 0 and -factor[0] // factor[1] >= least:
                found.append(k * (-factor[0] // factor[1]) + i)
    return min(found, default=None)


def _terminated(fraction: Fraction, end: int, digits: int, most: int) -> Value:
    if end <= EXACT_TERMS:
        numerator, denominator = fraction.convergent(end - 1)
        if denominator == 0:
            return replace(_nothing(Kind.DIVERGES, end - 1), rigorous=True)
        ball = arb(fmpq(numerator, denominator))
        return Value(ball, known_digits(ball), Kind.TERMINATES, True, end - 1, False)
    if end > 20 * most:
        return _nothing(Kind.SLOW)
    with _precision(digits, 128 + end.bit_length()):
        p, q = backward(fraction, end - 1, arb(fraction.term(end - 1)[0]))
        ball = p / q
    known = known_digits(ball)
    return Value(ball, known, Kind.TERMINATES if known >= 1 else Kind.SLOW, True, end - 1, False)


def _values(p: Poly, count: int) -> list[int]:
    """p(0), ..., p(count - 1), by differences."""
    rows = [value(p, n) for n in range(len(p))]
    if len(rows) < 2 or count <= len(rows):
        return [value(p, n) for n in range(count)] if p else [0] * count
    starts = []
    while rows:
        starts.append(rows[0])
        rows = [y - x for x, y in pairwise(rows)]
    sequence: Any = repeat(starts.pop(), count)
    while starts:
        sequence = accumulate(chain((starts.pop(),), sequence))
    return list(sequence)[:count]


def _terms(fraction: Fraction, count: int) -> tuple[list[int], list[int]]:
    """a and b of terms 0 .. count - 1."""
    k = fraction.period
    a, b = [0] * count, [0] * count
    for i, (p, q) in enumerate(fraction.blocks):
        length = len(range(i, count, k))
        a[i::k], b[i::k] = _values(p, length), _values(q, length)
    return a, b


def backward(fraction: Fraction, n: int, f: arb) -> tuple[arb, arb]:
    """The value as a quotient, if the tail at term n is in the ball f. Errors contract on the way, as does rounding."""
    a, b = _terms(fraction, n + 1)
    pair: tuple[arb, arb] | None = None  # the tail as a quotient, where the one after it may be 0
    for j in range(n - 1, -1, -1):
        if pair is None:
            if f.contains(0):
                pair = a[j] * f + b[j + 1], f
            else:
                f = a[j] + b[j + 1] / f
        elif pair[0].contains(0):
            pair = a[j] * pair[0] + b[j + 1] * pair[1], pair[0]
        else:
            f, pair = a[j] + b[j + 1] * pair[1] / pair[0], None
    return (f, arb(1)) if pair is None else pair


def _from(p: Poly, n: int) -> bool:
    """Whether p(m) >= 0 at all m >= n, by the signs of p(n + x)."""
    return all(c >= 0 for c in shifted(p, n))


def _positive(fraction: Fraction, n: int) -> int:
    """1 if all a, b > 0 from the n-th period on, -1 if all a < 0 and b > 0, else 0."""
    if not all(b and _from(b, n) and value(b, n) for _, b in fraction.blocks):
        return 0
    for sign in (1, -1):
        if all(a and _from(times((sign,), a), n) and value(a, n) for a, _ in fraction.blocks):
            return sign
    return 0


def _worpitzky(fraction: Fraction, n: int) -> bool:
    """Whether 16 b_j^2 <= (a_j a_{j-1})^2 for all terms after the first of the n-th period; no b_j is 0."""
    for i, (a, b) in enumerate(fraction.blocks):
        before = fraction.blocks[i - 1][0] if i else shifted(fraction.blocks[-1][0], -1)
        product = times(a, before)
        if not _from(plus(times(product, product), times((-16,), times(b, b))), n if i else n + 1):
            return False
    return True


def _enclosure(fraction: Fraction, n: int) -> arb | None:
    """A ball that holds the tail at the first term of the n-th period, by a theorem."""
    j = n * fraction.period
    a = fraction.term(j)[0]
    if _positive(fraction, n):
        after, b = fraction.term(j + 1)
        return a + arb(b) / after * arb(0.5, 0.5)
    if _worpitzky(fraction, n):
        return arb(a) * arb(1, 0.5)
    return None


def _periods(branch: Branch, digits: float, most: int) -> int:
    """About how many periods give so many digits where convergence is factorial or exponential."""
    size = log10(branch.lead_b) - 2 * log10(branch.lead_a) if branch.case == Case.FACTORIAL else 0.0
    if branch.case == Case.EXPONENTIAL:
        step = exponential_step(branch)
        return math.ceil(min(digits / step, most)) if step > 0 else most
    power, total, n = 2 * branch.d - branch.e, 0.0, 1
    while total < digits and n < most:
        total += power * math.log10(n) - size
        n += 1
    return n


def log10(x: fmpq) -> float:
    """Of |x|, x not 0."""
    return math.log10(abs(int(x.p))) - math.log10(int(x.q))


def exponential_step(branch: Branch) -> float:
    """Digits a period, where convergence is exponential: -log10 of the ratio of the characteristic roots."""
    square = branch.parting / (branch.lead_a * branch.lead_a)
    root = math.sqrt(int(square.p) / int(square.q))
    return math.log10((1 + root) / abs(1 - root)) if root != 1 else math.inf


def _enclosed(fraction: Fraction, branch: Branch, digits: int, most: int) -> Value | None:
    """By a theorem on the tail; None if none applies within the depth."""
    k = fraction.period
    n = max(8, _periods(branch, digits + 3.0, most // k) + 4)
    best, extra = None, 64
    for _ in range(8):
        if n * k > most:
            break
        with _precision(digits, extra + n.bit_length()):
            start = _enclosure(fraction, n)
            if start is not None:
                new = replace(_valued(digits, True, n * k, backward(fraction, n * k, start)), accelerated=False)
                if new.kind == Kind.DIVERGES:
                    return new
                if best is None or new.digits > best.digits:
                    best = new
                if new.digits >= digits:
                    break
        n, extra = n * 3 // 2 + 8, extra * 2
    return best if best is not None and best.digits >= 1 else None


def _accelerated(fraction: Fraction, equation: Equation, branch: Branch, digits: int, most: int) -> Value:
    """From the series of the tail: enclosed by a theorem, or, where that is not to be had, at two depths."""
    k, s = equation.period, equation.start
    n, terms, extra = max(48, 5 * digits), 8 + digits * 11 // 20, 64
    best = _nothing(Kind.SLOW)
    found = tail = None
    for attempt in range(12):
        depth = n * k + s
        if depth > most:
            break
        with _precision(digits, extra):
            if found is None or tail is not None:
                found = _branch.series(equation, branch, terms * branch.parts, flint.ctx.prec)
            tail = enclosed_tail(equation, branch, found, n)
            if tail is not None:
                new = _valued(digits, True, depth, backward(fraction, depth, equation.tail(tail, n)))
            elif attempt < PROOFS:
                new = None
            else:
                depth, new = _at_two_depths(fraction, equation, branch, found, n, digits)
        if new is not None and (new.kind == Kind.DIVERGES or new.digits > best.digits):
            best = new
            if new.kind == Kind.DIVERGES or new.digits >= digits:
                break
        if tail is None:  # where terms grow too soon, farther out they do so later
            n = n * 5 // 2
        else:
            n, terms, extra = n * 8 // 5, terms * 5 // 4 + 1, extra * 3 // 2
    return best if best.digits >= 1 or best.kind == Kind.DIVERGES else _nothing(Kind.SLOW, best.depth)


def _at_two_depths(
    fraction: Fraction, equation: Equation, branch: Branch, found: Series, n: int, digits: int
) -> tuple[int, Value]:
    """From depths n and 3n/2 (in periods): the radius is their difference, and that of the series' last terms."""
    k, s = equation.period, equation.start
    depths = (n * k + s, (n * 3 // 2) * k + s)
    values = []
    for m in (n, n * 3 // 2):
        tail = equation.tail(_branch.tail(branch, found.c, m), m)
        values.append(_valued(digits, False, m * k + s, backward(fraction, m * k + s, tail)))
    first, second = values
    if first.kind == Kind.DIVERGES or second.kind == Kind.DIVERGES:
        both = first.kind == second.kind
        return depths[1], second if both else _nothing(Kind.SLOW, depths[1])
    radius = 2 * abs(first.ball - second.ball).upper() + first.ball.rad() + second.ball.rad()
    ball = arb(second.ball.mid(), radius) if radius.is_finite() else arb.nan()
    return depths[1], replace(second, ball=ball, digits=known_digits(ball))


def _valued(digits: int, rigorous: bool, depth: int, quotient: tuple[arb, arb]) -> Value:
    p, q = quotient
    if infinite(p, q, digits):
        return _nothing(Kind.DIVERGES, depth)
    ball = p / q
    return Value(ball, known_digits(ball), Kind.CONVERGES, rigorous, depth, True)


def infinite(p: arb, q: arb, digits: int) -> bool:
    """Whether p / q cannot be told from infinity, to about so many digits."""
    return bool(q.contains(0) and not p.contains(0) and abs(q / p).upper() < arb(10) ** -max(digits - 2, 4))
