"""The canonical form of a fraction: equal for fractions that an equivalence or a shift of n turns into each other.

An equivalence transformation, a(n) -> c(n) a(n) and b(n) -> c(n) c(n - 1) b(n), keeps b(n) / (a(n) a(n - 1)), so this
ratio, reduced, stands for the fraction. Starting later, n -> n + 1, changes the value by a Moebius form only, so the
ratio is shifted until the mean of all its zeros and poles is in [0, 1): that needs no roots, and is the same for all
shifts. Of an interlaced fraction the ratios of the blocks are taken, and a shift is by one term of the fraction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from discover.errors import UserError
from searches.constants.fraction import Fraction, Poly, poly


@dataclass(frozen=True, order=True)
class Canonical:
    """Ratios top/bot of polynomials in n, in lowest terms, the leading coefficient of bot positive; one a block."""

    blocks: tuple[tuple[Poly, Poly], ...]

    @classmethod
    def of(cls, top: Sequence[int], bot: Sequence[int]) -> Canonical:
        """Of one block."""
        return cls(((poly(top), poly(bot)),))

    @property
    def top(self) -> Poly:
        """The numerator of the first block."""
        return self.blocks[0][0]

    @property
    def bot(self) -> Poly:
        """The denominator of the first block."""
        return self.blocks[0][1]


def canonical(fraction: Fraction) -> Canonical:
    """The canonical form. Raises UserError if a polynomial is zero."""
    if any(not a or not b for a, b in fraction.blocks):
        raise UserError("a polynomial of the fraction is zero")
    if fraction.period == 1:
        return _single(fraction.a, fraction.b)
    return _interlaced(fraction)


def canonical_batch(a: np.ndarray, b: np.ndarray) -> list[Canonical]:
    """Of many fractions: a int64[n, da + 1], b int64[n, db + 1], lowest degree first. Raises as `canonical`."""
    rows: Iterable[tuple[list[int], list[int]]] = zip(a.tolist(), b.tolist(), strict=True)
    return [_single(poly(p), poly(q)) for p, q in rows]


def _single(a: Poly, b: Poly) -> Canonical:
    """Of a(n) and b(n), with integer polynomials all the way."""
    from flint import fmpz_poly

    if not a or not b:
        raise UserError("a polynomial of the fraction is zero")
    p = fmpz_poly(list(a))
    top, bot = _reduced(fmpz_poly(list(b)), p * p(fmpz_poly([-1, 1])))
    degree = top.degree() + bot.degree()
    if degree:
        # Sum of roots: minus the second coefficient over the first. floor(mean) without fractions.
        sums = [(-q[q.degree() - 1], q[q.degree()]) for q in (top, bot) if q.degree() > 0]
        up, down = sums[0] if len(sums) == 1 else _plus(sums[0], sums[1])
        shift = up // (down * degree) if down > 0 else -up // (-down * degree)
        if shift:
            by = fmpz_poly([shift, 1])
            top, bot = top(by), bot(by)
    return Canonical(((_tuple(top), _tuple(bot)),))


def _plus(x: tuple[Any, Any], y: tuple[Any, Any]) -> tuple[Any, Any]:
    return x[0] * y[1] + y[0] * x[1], x[1] * y[1]


def _reduced(top: Any, bot: Any) -> tuple[Any, Any]:
    """Without common factors and content, bot leading positive."""
    common = top.gcd(bot)
    if bot.leading_coefficient() < 0:
        common = -common
    return top // common, bot // common


def _tuple(p: Any) -> Poly:
    return tuple(int(c) for c in p.coeffs())


def _interlaced(fraction: Fraction) -> Canonical:
    from flint import fmpq, fmpq_poly

    n = fmpq_poly([0, 1])
    polys = [(fmpq_poly(list(a)), fmpq_poly(list(b))) for a, b in fraction.blocks]
    # Block 0 follows the last one of the n before.
    ratios = []
    for i, (a, b) in enumerate(polys):
        before = polys[i - 1][0]
        ratios.append(_monic(b, a * (before if i else before(n - 1))))
    # As functions of the term's number j = period * n + i, so that all shifts are by one.
    period = len(ratios)
    terms = [_substituted(r, n / period - fmpq(i, period)) for i, r in enumerate(ratios)]
    period = next(
        d for d in range(1, period + 1) if period % d == 0 and all(t == terms[i % d] for i, t in enumerate(terms))
    )
    terms = terms[:period]
    degree = sum(top.degree() + bot.degree() for _, top, bot in terms)
    if degree:
        total = sum((-q[q.degree() - 1] for _, *both in terms for q in both if q.degree() > 0), fmpq(0))
        shift = int((total / degree).floor())
        choices = [_written(_started(terms, shift))]
    else:
        choices = [_written(_started(terms, shift)) for shift in range(period)]
    return Canonical(min(choices))


def _monic(top: Any, bot: Any) -> tuple[Any, Any, Any]:
    """A constant, and monic polynomials without common factors."""
    common = top.gcd(bot)
    top, bot = top // common, bot // common
    first, second = top[top.degree()], bot[bot.degree()]
    return first / second, top / first, bot / second


def _substituted(ratio: tuple[Any, Any, Any], x: Any) -> tuple[Any, Any, Any]:
    constant, top, bot = ratio
    again = _monic(top(x), bot(x))
    return constant * again[0], again[1], again[2]


def _started(terms: list[tuple[Any, Any, Any]], shift: int) -> list[tuple[Any, Any, Any]]:
    """Counted from term `shift` on: the ratios as functions of n again, term j = period * n + i."""
    from flint import fmpq_poly

    period = len(terms)
    return [_substituted(terms[(shift + i) % period], fmpq_poly([shift + i, period])) for i in range(period)]


def _written(ratios: list[tuple[Any, Any, Any]]) -> tuple[tuple[Poly, Poly], ...]:
    """With integer polynomials."""
    written = []
    for constant, top, bot in ratios:
        up, down = (constant * top).numer(), (constant * top).denom()
        left, right = bot.numer(), bot.denom()
        written.append(tuple(map(_tuple, _reduced(up * int(right), left * int(down)))))
    return tuple((t, b) for t, b in written)
