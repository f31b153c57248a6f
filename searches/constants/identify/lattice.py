"""Integer relations by lattice reduction (FLINT's LLL), and the rule that keeps chance relations out.

n real numbers satisfy a relation with coefficients up to M by chance if they are known to fewer than about n log10(M)
digits. Measured: 10 numbers of 30 digits always do, with M = 1000. So a relation counts only if there are 1.6 times as
many digits, and twice as many as its coefficients have (the "return on investment" of arXiv 2412.12361).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as Rational
from math import gcd
from typing import Any

MARGIN = 1.6
RETURN = 2.0
BITS = 3.3219280948873626  # a decimal digit
GUARD = 64  # bits that balls are computed with beyond the digits asked for


def precision(digits: float) -> Any:
    """Context: flint computes with so many decimal digits and some more."""
    from flint import ctx

    return ctx.workprec(int(digits * BITS) + GUARD)


def largest(terms: int, digits: float) -> float:
    """The largest coefficient that a relation of so many terms may have."""
    return 10.0 ** (digits / (MARGIN * terms))


def size(coefficients: Sequence[int]) -> int:
    """Decimal digits of the coefficients that are not zero."""
    return sum(len(str(abs(c))) for c in coefficients if c)


def trusted(coefficients: Sequence[int], digits: float) -> bool:
    """A relation that is more than chance."""
    if not any(coefficients) or max(map(abs, coefficients)) > largest(len(coefficients), digits):
        return False
    return digits >= RETURN * size(coefficients)


def relation(values: Sequence[Any], digits: float) -> tuple[int, ...] | None:
    """Integers c without common divisor, the first that is not 0 positive, with sum c_i values_i = 0.

    values: flint balls of at least `digits` decimal digits relative to the largest. None where there is no relation
    that can be trusted; the smallest value has fewer digits, and these count.
    """
    from flint import fmpz_mat

    n = len(values)
    scaled = _scaled(values, digits)
    if scaled is None:
        return None
    least = (min(abs(x).bit_length() for x in scaled) - 1) / BITS
    rows = [[int(i == j) for j in range(n)] + [scaled[i]] for i in range(n)]
    reduced = fmpz_mat(rows).lll()
    found = [int(reduced[0, j]) for j in range(n)]
    if not trusted(found, least) or abs(int(reduced[0, n])) > n * max(map(abs, found)):
        return None
    divisor = gcd(*found)
    sign = 1 if next(c for c in found if c) > 0 else -1
    return tuple(sign * c // divisor for c in found)


def _scaled(values: Sequence[Any], digits: float) -> list[int] | None:
    """As integers, the largest of so many digits; None if one is not finite, or 0, or next to nothing beside it."""
    parts = []
    for v in values:
        if not v.is_finite():
            return None
        mantissa, exponent = v.mid().man_exp()
        parts.append((int(mantissa), int(exponent)))
    top = max((m.bit_length() + e for m, e in parts if m), default=0)
    up = int(digits * BITS) - top
    scaled = [m << (e + up) if e + up >= 0 else m >> -(e + up) for m, e in parts]
    return scaled if all(abs(x) > 1 for x in scaled) else None


def rational(value: Any, digits: float) -> Rational | None:
    """The ratio that a value is, to so many digits."""
    from flint import arb

    if value.is_zero():
        return Rational(0)
    found = relation([arb(1), value], digits)
    return None if found is None or found[1] == 0 else Rational(-found[0], found[1])


def algebraic(value: Any, digits: float, degree: int = 4) -> tuple[int, ...] | None:
    """The minimal polynomial, lowest degree first, leading coefficient positive, if its degree is at most this."""
    from flint import arb, fmpz_poly

    with precision(digits):
        powers = [arb(1)]
        for _ in range(degree):
            powers.append(powers[-1] * value)
            found = relation(powers, digits)
            if found is not None:
                parts: list[Any] = [p for p, _ in fmpz_poly(list(found)).factor()[1]]
                best = min(parts, key=lambda p: float(abs(p(value).mid()) / max(map(abs, p.coeffs()))))
                return tuple(int(c) for c in best.coeffs())
    return None


def quotient(value: Any, basis: Sequence[Any], digits: float) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Coefficients (u, w) with value = sum u_i basis_i / sum w_i basis_i. basis: flint balls, 1 among them."""
    with precision(digits):
        found = relation([*basis, *(value * x for x in basis)], digits)
    if found is None:
        return None
    up, down = found[: len(basis)], tuple(-c for c in found[len(basis) :])
    return (up, down) if any(up) and any(down) else None


def moebius(value: Any, constant: Any, digits: float, bound: float | None = None) -> tuple[int, int, int, int] | None:
    """(p, q, r, s) with value = (p constant + q)/(r constant + s), no coefficient beyond the bound."""
    from flint import arb

    found = quotient(value, (constant, arb(1)), digits)
    if found is None:
        return None
    (p, q), (r, s) = found
    if p * s == q * r or (bound is not None and max(map(abs, (p, q, r, s))) > bound):
        return None
    return p, q, r, s
