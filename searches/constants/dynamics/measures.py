"""The measures of Blind-Delta (arXiv 2412.16818): how fast errors shrink and denominators grow, without a known limit.

    log |L - p_n/q_n|  =  beta ln n + gamma n + eta n ln n + ...
    log q_n / gcd      =  gamma' n + eta' n ln n + ...
    delta              =  -log |L - p_n/q_n| / log(q_n / gcd(p_n, q_n)) - 1

delta says whether the convergents prove that L is irrational (delta > 0) and is the same for fractions that an
equivalence, a shift, a fold or a Moebius form of the value turns into each other; so are the ratios of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, lgamma, log
from typing import Any

import numpy as np

from searches.constants.dynamics.curvature import degrees
from searches.constants.dynamics.growth import course
from searches.constants.fraction import Fraction

DEPTH = 240
REACH = 3  # factors of gcds up to so many times the depth
POINTS = 5
NAMES = ("delta", "eta_q", "gamma_q", "eta", "gamma", "beta")


@dataclass(frozen=True)
class Measures:
    """Of a batch of fractions, float64[n] each; NaN where p_n/q_n do not settle."""

    delta: np.ndarray
    eta_q: np.ndarray  # eta' of the paper: n ln n in the log of the reduced denominator
    gamma_q: np.ndarray  # gamma' of the paper: n, in the same
    eta: np.ndarray  # n ln n in the log of the error
    gamma: np.ndarray  # n, in the same
    beta: np.ndarray  # ln n, in the same

    def array(self) -> np.ndarray:
        """float64[n, 6], columns as in NAMES."""
        return np.stack([getattr(self, name) for name in NAMES], axis=1)


def points(depth: int) -> tuple[int, ...]:
    """Depths where logarithms are taken, from half the largest on."""
    return tuple(depth * (POINTS - 1 + i) // (2 * (POINTS - 1)) for i in range(POINTS))


def measures(a: np.ndarray, b: np.ndarray, depth: int = DEPTH) -> Measures:
    """Of a batch of coefficients int64[n, width], lowest degree first.

    eta follows from the degrees; the others are fitted.
    """
    at = points(depth)
    log_q, log_gcd, log_error = course(a, b, at, reach=REACH)
    height = np.maximum(2 * degrees(a), degrees(b))
    return fitted(np.array(at, np.float64), log_q - log_gcd, log_error, (degrees(b) - height).astype(np.float64))


def fitted(n: np.ndarray, log_q: np.ndarray, log_error: np.ndarray, eta: np.ndarray) -> Measures:
    """From logarithms of reduced denominators and of errors at depths n, float64[rows, depths], and eta, float64[rows].

    eta' is rounded to a multiple of 1/2: gcds fluctuate, which shows less in gamma' once eta' is fixed. The limit of
    delta is -eta / eta' - 1, or -gamma / gamma' - 1 where eta' = 0.
    """
    factorial = np.array([lgamma(x + 1.0) for x in n])
    with np.errstate(divide="ignore", invalid="ignore"):  # an error of 0 has the logarithm -inf
        growth = np.linalg.pinv(np.stack([factorial, n], axis=1)) @ log_q.T
        eta_q = np.round(2.0 * growth[0]) / 2.0
        # Of log n! = n ln n - n + ..., gamma is to take the -n.
        gamma_q = ((log_q - eta_q[:, None] * factorial) / n).mean(axis=1) - eta_q
        error = np.linalg.pinv(np.stack([n, np.log(n)], axis=1)) @ (log_error - eta[:, None] * factorial).T
        gamma = error[0] - eta
        delta = np.where(eta_q > 0.0, -eta / eta_q, -gamma / gamma_q) - 1.0
    return Measures(delta, eta_q, gamma_q, eta, gamma, error[1])


def delta(fraction: Fraction, depth: int = DEPTH) -> float:
    """delta from exact convergents, the limit taken to be the one at twice the depth; interlaced fractions too.

    inf if the error or the logarithm of the reduced denominator is 0, NaN if a denominator is.
    """
    log_q, log_error = exact(fraction, (depth,))[0]
    return -log_error / log_q - 1.0 if log_q > 0 else inf


def exact(fraction: Fraction, depths: tuple[int, ...]) -> list[tuple[float, float]]:
    """log of the reduced denominator and of the error at increasing depths, from integers."""
    from flint import fmpz

    before, now = (fmpz(1), fmpz(0)), (fmpz(fraction.term(0)[0]), fmpz(1))
    taken = {}
    for j in range(1, 2 * depths[-1] + 1):
        x, y = fraction.term(j)
        before, now = now, (x * now[0] + y * before[0], x * now[1] + y * before[1])
        if j in depths:
            taken[j] = now
    found = []
    for depth in depths:
        p, q = taken[depth]
        common = p.gcd(q)
        difference = p * now[1] - q * now[0]
        log_q = logarithm(q // common) if q else float("nan")
        found.append((log_q, logarithm(difference) - logarithm(q) - logarithm(now[1])))
    return found


def logarithm(x: Any) -> float:
    """log |x| of an integer of any size; -inf of 0."""
    whole = abs(int(x))
    shift = max(whole.bit_length() - 60, 0)
    return log(whole >> shift) + shift * log(2.0) if whole else -inf
