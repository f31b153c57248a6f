"""The expressions P(c)/Q(c) of a constant, one of each class that shares its tail, by number.

Numbers have the same quotients from some place on if and only if they are related by (a v + b)/(c v + d) with
a d - b c = +-1 (Serret). On pairs (P, Q) that is a change of basis of the lattice that P and Q span, and every lattice
of coefficients has one basis in Hermite's normal form. So these are counted instead of the ratios:

    degree 1   P = a c + b             Q = d        0 <= b < d
    degree 2   P = a c^2 + b c + e     Q = d c + f  0 <= b < d
               P = a c^2 + e c + b     Q = d        0 <= b < d

a and d from 1, |e| and |f| up to a limit, without a common divisor, and P no multiple of a linear Q nor with a common
zero, where the ratio is of lower degree. v = P/Q and -v stand for all.
"""

from __future__ import annotations

import numpy as np


def expressions(degree: int, coefficients: int) -> np.ndarray:
    """int64[n, 2, degree + 1]: coefficients of P and Q, lowest degree first, those of degree 1 before degree 2."""
    limit = np.arange(1, coefficients + 1)
    every = np.arange(-coefficients, coefficients + 1)
    a, d, b = (x.ravel() for x in np.meshgrid(limit, limit, np.arange(coefficients), indexing="ij"))
    a, d, b = (x[b < d] for x in (a, d, b))
    zero = np.zeros_like(a)
    linear = _table((b, a, zero), (d, zero, zero))
    if degree == 1:
        return np.ascontiguousarray(linear[:, :, :2])
    i, e, f = (x.ravel() for x in np.meshgrid(np.arange(len(a)), every, every, indexing="ij"))
    a2, b2, d2 = a[i], b[i], d[i]
    over_linear = _table((e, b2, a2), (f, d2, np.zeros_like(e)), (a2 * f - b2 * d2) * f + e * d2 * d2 != 0)
    i, e = (x.ravel() for x in np.meshgrid(np.arange(len(a)), every, indexing="ij"))
    over_number = _table((b[i], e, a[i]), (d[i], np.zeros_like(e), np.zeros_like(e)))
    return np.concatenate((linear, over_number, over_linear))


def _table(p: tuple[np.ndarray, ...], q: tuple[np.ndarray, ...], keep: np.ndarray | bool = True) -> np.ndarray:
    """Rows with coprime coefficients, small ones first."""
    table = np.stack((np.stack(p, axis=1), np.stack(q, axis=1)), axis=1)
    flat = table.reshape(len(table), -1)
    table = table[(np.gcd.reduce(flat, axis=1) == 1) & keep]
    return np.asarray(table[np.argsort(np.abs(table).sum(axis=(1, 2)), kind="stable")], np.int64)
