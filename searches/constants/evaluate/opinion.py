"""A second opinion, by other means: convergents in mpmath, and Levin's transformation where they are slow."""

from __future__ import annotations

from typing import Any

from searches.constants.fraction import Fraction

DEPTH = 400


def second_opinion(fraction: Fraction, digits: int = 30, depth: int = DEPTH) -> tuple[Any, float]:
    """(value as an mpmath number, decimal digits that it seems to have), from at most `depth` terms.

    Nothing is shared with `high`: forward recurrence, no series of the tail. The digits are an estimate: of the last
    convergents among each other, or of Levin's u-transformation by mpmath.
    """
    import mpmath

    mp = mpmath.mp.clone()
    mp.dps = 3 * digits + 30
    p0, q0, p1, q1 = mp.mpf(1), mp.mpf(0), mp.mpf(fraction.term(0)[0]), mp.mpf(1)
    convergents = [p1]
    for j in range(1, depth + 1):
        a, b = fraction.term(j)
        p0, q0, p1, q1 = p1, q1, a * p1 + b * p0, a * q1 + b * q0
        if q1:
            convergents.append(p1 / q1)
        if b == 0:
            return convergents[-2], float(mp.dps)
    known = _agreement(mp, convergents[-1], convergents[-2], convergents[len(convergents) // 2])
    if known >= digits:
        return convergents[-1], known
    levin = mp.levin(method="levin", variant="u")
    used = convergents[:depth]
    value, _ = levin.update_psum(used[: len(used) * 2 // 3])
    better, _ = mp.levin(method="levin", variant="u").update_psum(used)
    faster = _agreement(mp, value, better)
    return (better, faster) if faster > known else (convergents[-1], known)


def _agreement(mp: Any, value: Any, *others: Any) -> float:
    """Decimal digits to which all others agree with a value."""
    difference = max(abs(value - other) for other in others)
    if difference == 0:
        return float(mp.dps)
    return max(0.0, float(-mp.log10(difference / max(abs(value), mp.mpf(10) ** -mp.dps))))
