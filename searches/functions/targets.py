"""The functions that may be approximated, and their values in any precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# name -> f(mp, x) in mpmath; every one is smooth on the domains that FunctionConfig accepts
TARGETS: dict[str, Callable[[Any, Any], Any]] = {
    "exp2": lambda mp, x: mp.mpf(2) ** x,
    "exp": lambda mp, x: mp.exp(x),
    "log": lambda mp, x: mp.log(x),
    "log2": lambda mp, x: mp.log(x, 2),
    "log1p": lambda mp, x: mp.log(1 + x),
    "sin": lambda mp, x: mp.sin(x),
    "cos": lambda mp, x: mp.cos(x),
    "tan": lambda mp, x: mp.tan(x),
    "atan": lambda mp, x: mp.atan(x),
    "tanh": lambda mp, x: mp.tanh(x),
    "sqrt": lambda mp, x: mp.sqrt(x),
    "erf": lambda mp, x: mp.erf(x),
    "erfc": lambda mp, x: mp.erfc(x),
    "gamma": lambda mp, x: mp.gamma(x),
    "bessel_j0": lambda mp, x: mp.besselj(0, x),
}


def chebyshev(low: float, high: float, count: int) -> np.ndarray:
    """float64[count]: Chebyshev points, and first and last a point just inside the ends of the domain.

    The ends themselves are left out, for a program that divides by x has only a limit there.
    """
    inner = np.cos(np.pi * (np.arange(count - 2, 0, -1) - 0.5) / (count - 2))
    unit = np.concatenate(([-1 + 2.0**-39], inner, [1 - 2.0**-39]))
    return np.asarray(low + (high - low) * (0.5 + 0.5 * unit))


def values(name: str, points: np.ndarray, roots: int = 1) -> np.ndarray:
    """float64[roots, n]: the target at the points, correctly rounded; row s: its 2^s-th root (if it is positive)."""
    import mpmath

    mp = mpmath.mp.clone()
    mp.prec = 160
    f = [mp.mpf(TARGETS[name](mp, mp.mpf(float(x)))) for x in points]
    rows = [np.array([float(v) for v in f])]
    while len(rows) < roots and all(v > 0 for v in f):
        f = [mp.sqrt(v) for v in f]
        rows.append(np.array([float(v) for v in f]))
    return np.array(rows)
