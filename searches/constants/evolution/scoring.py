"""What evolution goes by: how far convergents reduce, how fast they near whatever they near; never what that is."""

from __future__ import annotations

import numpy as np

from searches.constants.dynamics import estimate, reduction
from searches.constants.evaluate import Kind, first_pass
from searches.constants.evolution.linear import Deflated

DEPTH = 400  # of values that are only to be told from rational ones


def score(found: Deflated, plain: float, full: float) -> np.ndarray:
    """float64[n, 4] of deflated fractions: share of the largest reduction (its conditions are met one after another,
    see dynamics.curvature), decimal digits a term, delta, and fitness, to minimise.

    Fitness is 1 - share, and `plain` for every binary digit in the coefficients, at most 0.3; it is 1 more for what
    reduces (share at least `full`) to no limit, or to a rational one.
    """
    a, b = found.a, found.b
    share = reduction(a, b)
    measured = estimate(a, b)
    length = np.log2(1.0 + np.abs(a)).sum(axis=1) + np.log2(1.0 + np.abs(b)).sum(axis=1)
    fitness = 1.0 - share + np.minimum(plain * length, 0.3)
    reduces = np.flatnonzero(share >= full)
    fitness[reduces[~irrational(a[reduces], b[reduces])]] += 1.0
    rate = np.nan_to_num(measured.rate, nan=0.0, posinf=99.0, neginf=0.0)
    delta = np.nan_to_num(measured.delta, nan=-1.0, posinf=9.0, neginf=-1.0)
    return np.stack((share, rate, delta, fitness), axis=1)


def irrational(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """bool[n]: has a limit, which is no fraction of small integers as far as float64 can tell."""
    from searches.constants.identify.moebius import rationals

    out = np.zeros(len(a), np.bool_)
    if not len(a):
        return out
    first = first_pass(a, b, DEPTH)
    good = np.flatnonzero((first.kind == Kind.CONVERGES) | (first.kind == Kind.SLOW))
    value, digits = first.value[good], first.digits[good]
    told = np.isfinite(value)
    out[good] = True
    out[good[told]] = rationals(value[told], digits[told])[:, 1] == 0
    return out
