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


def largest(terms: int, digits: float) -> float:
    """The largest coefficient that a relation of so many terms may have."""
    return 10.0 ** (digits / (MARGIN * terms))


def size(coefficients: Sequence[int]) -> int:
    """Decimal digits of the coefficients that are not zero."""
    return sum(len(str(abs(c))) for c in coefficients if c)


def trusted(coefficients: Sequence[int], digits: float) -> bool:
    """A relation that is more than chance."""
    used = [c for c in coefficients if c]
    if not used or max(map(abs, coefficients)) > largest(len(coefficients), digits):
        return False
    return digits >= RETURN * size(used)


def relation(values: Sequence[Any], digits: float) -> tuple[int, ...] | None:
    """Integers c, no common divisor, the first that is not zero positive, with sum c_i values_i = 0 to `digits` digits.

    values: flint balls, known to `digits` decimal digits relative to the largest. None where there is no relation that
    can be trusted.
    """
    from flint import fmpz_mat

    n = len(values)
    scaled = _scaled(values, digits)
    if scaled is None:
        return None
    rows = [[int(i == j) for j in range(n)] + [scaled[i]] for i in range(n)]
    reduced = fmpz_mat(rows).lll()
    found = [int(reduced[0, j]) for j in range(n)]
    if not any(found) or not trusted(found, digits) or abs(int(reduced[0, n])) > n * max(map(abs, found)):
        return None
    divisor = gcd(*found)
    sign = 1 if next(c for c in found if c) > 0 else -1
    return tuple(sign * c // divisor for c in found)


def _scaled(values: Sequence[Any], digits: float) -> list[int] | None:
    """As integers of so many digits, the largest value near 10^digits."""
    import flint

    bits = int(digits * 3.3219280948873626)
    with flint.ctx.workprec(bits + 64):
        exponents = []
        for v in values:
            if not v.is_finite():
                return None
            mantissa, exponent = v.mid().man_exp()
            exponents.append(int(exponent) + int(mantissa).bit_length() if mantissa else None)
        top = max((e for e in exponents if e is not None), default=None)
        if top is None:
            return None
        return [_shifted(v, bits - top) for v in values]


def _shifted(v: Any, by: int) -> int:
    """v 2^by, rounded down."""
    mantissa, exponent = v.mid().man_exp()
    shift = int(exponent) + by
    return int(mantissa) << shift if shift >= 0 else int(mantissa) >> -shift


def rational(value: Any, digits: float) -> Rational | None:
    """The ratio that a value is, to so many digits."""
    from flint import arb

    found = relation([arb(1), value], digits)
    if found is None or found[1] == 0:
        return None
    return Rational(-found[0], found[1])


def algebraic(value: Any, digits: float, degree: int = 4) -> tuple[int, ...] | None:
    """The minimal polynomial, lowest degree first, if its degree is at most this."""
    from flint import arb, fmpz_poly

    powers = [arb(1)]
    for _ in range(degree):
        powers.append(powers[-1] * value)
        found = relation(powers, digits)
        if found is not None:
            parts = fmpz_poly(list(found)).factor()[1]
            best = min((p for p, _ in parts), key=lambda p: float(abs(p(value)).mid() / max(map(abs, p.coeffs()))))
            return tuple(int(c) for c in best.coeffs())
    return None


def moebius(value: Any, constant: Any, digits: float, bound: float | None = None) -> tuple[int, int, int, int] | None:
    """(p, q, r, s) with value = (p constant + q)/(r constant + s), the coefficients up to a bound."""
    from flint import arb

    found = relation([constant, arb(1), value * constant, value], digits)
    if found is None or (bound is not None and max(map(abs, found)) > bound):
        return None
    p, q, r, s = found[0], found[1], -found[2], -found[3]
    return (p, q, r, s) if p * s != q * r else None
