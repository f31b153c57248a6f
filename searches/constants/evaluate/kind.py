"""What may become of a continued fraction, and what an evaluation returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import flint


class Kind(IntEnum):
    """What the convergents of a fraction do."""

    CONVERGES = 0
    TERMINATES = 1  # b(n) = 0 at some n >= 1: the value is rational
    OSCILLATES = 2  # the characteristic roots are complex: convergents wander for ever
    DIVERGES = 3  # even and odd convergents have different limits, or the value is infinite
    SLOW = 4  # no trustworthy digit at the depth allowed
    OVERFLOW = 5  # |a(n)| or |b(n)| may reach 2^63 within the depth


@dataclass(frozen=True)
class FirstPass:
    """Of n fractions: value float64[n] (nan where there is none), digits float64[n], kind int8[n].

    `digits` are trustworthy decimal digits, relative to the value; where the value cannot be told from 0 it is given
    as 0, and its digits count after the decimal point.
    """

    value: np.ndarray
    digits: np.ndarray
    kind: np.ndarray


@dataclass(frozen=True)
class Value:
    """One fraction, evaluated: a ball that is meant to hold the value, and how far that is to be trusted."""

    ball: flint.arb
    digits: float  # relative decimal digits of the ball; inf if exact
    kind: Kind
    rigorous: bool  # the ball's radius bounds the truncation error by a theorem
    depth: int  # terms used
    accelerated: bool  # started from the asymptotic series of the tail
