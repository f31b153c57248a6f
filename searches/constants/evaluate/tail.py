"""The asymptotic series of a fraction's tail in float64, compiled; `branch` has it in ball arithmetic.

f_n = a(n) + b(n+1)/f_{n+1} has a formal solution f_n = n^r (c_0 + c_1 x + c_2 x^2 + ...), x = n^-1 or n^-1/2, found
from f_n f_{n+1} = a(n) f_{n+1} + b(n+1) order by order. Of its two branches the tail is the one at which the map
f_{n+1} -> f_n contracts. With d, e the degrees of a, b and A, B their leading coefficients:

- 2d > e: f ~ a, contraction like n^(e-2d): factorial convergence.
- 2d = e, A^2 + 4B > 0: exponential convergence; < 0: the roots are complex, convergents oscillate.
- 2d = e, A^2 + 4B = 0: the roots meet at A/2; they part at n^-1/2 (convergence like exp(-c sqrt(n))) or at n^-1
  (like a power of n, or 1/log n), or into complex ones.
- 2d < e, B > 0: f ~ sign(A) sqrt(B) n^(e/2); converges like exp(-c sqrt(n)) if e - 2d = 1, like a power if 2, else
  even and odd convergents part. B < 0: oscillates.

(Birkhoff & Trjitzinsky, Acta Math. 60, 1933; for the tails Lorentzen & Waadeland, Continued Fractions, 2008, ch. 5.)
"""

from __future__ import annotations

import math

import numpy as np

from primitives.compiled import inner

FACTORIAL, EXPONENTIAL, PARTED_HALF, PARTED_WHOLE, ALTERNATING, OSCILLATING, DIVERGING = range(7)


@inner
def degree(p):
    """Of coefficients, lowest first; -1 for zero."""
    d = p.shape[0] - 1
    while d >= 0 and p[d] == 0:
        d -= 1
    return d


@inner
def _binomial(top, k):
    result = 1.0
    for i in range(k):
        result *= (top - i) / (i + 1)
    return result


@inner
def _after(b, e, i):
    """Coefficient of n^(e - i) in b(n + 1)."""
    result = 0.0
    for j in range(i + 1):
        result += b[e - j] * _binomial(float(e - j), i - j)
    return result


@inner
def classify(a, d, b, e):
    """Which of the cases above; a, b int64 coefficients of degrees d, e; b is not zero."""
    if d < 0:
        return DIVERGING
    lead_a, lead_b = float(a[d]), float(b[e])
    if 2 * d > e:
        return FACTORIAL
    if 2 * d < e:
        if lead_b < 0:
            return OSCILLATING
        return ALTERNATING if e - 2 * d <= 2 else DIVERGING
    discriminant = lead_a * lead_a + 4 * lead_b
    if discriminant != 0:
        return EXPONENTIAL if discriminant > 0 else OSCILLATING
    parting = _half_parting(a, d, b, e)
    if parting != 0:
        return PARTED_HALF if parting > 0 else OSCILLATING
    return PARTED_WHOLE if _whole_parting(a, d, b, e) >= 0 else OSCILLATING


@inner
def _half_parting(a, d, b, e):
    """4 c_1^2, the square of the coefficient of n^-1/2."""
    lead = float(a[d])
    next_a = float(a[d - 1]) if d > 0 else 0.0
    next_b = _after(b, e, 1) if e > 0 else 0.0
    return d * lead * lead + 2 * next_a * lead + 4 * next_b


@inner
def _whole_constant(a, d, b, e):
    """16 times the constant term, negated, of the quadratic equation of c_1, the coefficient of n^-1."""
    lead = float(a[d])
    next_a = float(a[d - 1]) if d > 0 else 0.0
    third_a = float(a[d - 2]) if d > 1 else 0.0
    third_b = _after(b, e, 2) if e > 1 else 0.0
    return 2.0 * d * (d - 1) * lead * lead + 8 * d * next_a * lead + 8 * third_a * lead + 16 * third_b


@inner
def _whole_parting(a, d, b, e):
    """4 times the discriminant of the equation of c_1."""
    next_a = float(a[d - 1]) if d > 0 else 0.0
    linear = float(a[d]) - 2 * next_a
    return linear * linear + _whole_constant(a, d, b, e)


@inner
def series(case, a, d, b, e, c, g):
    """Fill float64 c[terms] with the series, g with that of f_{n+1}; returns (2 r, powers of x in 1/n).

    Coefficients may overflow for long series of large fractions; whoever sums them up stops at the smallest term.
    """
    terms = c.shape[0]
    lead_a, lead_b = float(a[d]), float(b[e])
    sign = 1.0 if lead_a > 0 else -1.0
    twice, parts, a_at, b_at, late, known = 2 * d, 1, 0, 0, 0, 1
    if case == FACTORIAL:
        b_at = 2 * d - e
        c[0] = lead_a
        factor = lead_a
    elif case == EXPONENTIAL:
        root = sign * math.sqrt(lead_a * lead_a + 4 * lead_b)
        c[0] = (lead_a + root) / 2
        factor = root
    elif case == ALTERNATING:
        twice = e
        if e % 2 == 1:
            parts = 2
        a_at = (e - 2 * d) * parts // 2
        c[0] = sign * math.sqrt(lead_b)
        factor = 2 * c[0]
    else:
        late, known = 1, 2
        c[0] = lead_a / 2
        if case == PARTED_HALF:
            parts = 2
            c[1] = sign * math.sqrt(_half_parting(a, d, b, e)) / 2
            factor = 2 * c[1]
        else:
            next_a = float(a[d - 1]) if d > 0 else 0.0
            c[1] = (2 * next_a - lead_a + sign * math.sqrt(_whole_parting(a, d, b, e))) / 4
            factor = 0.0
    for j in range(known):
        g[j] = c[j] + _shift(c, j, twice, parts)
    for j in range(known, terms):
        c[j] = 0.0
        g[j] = _shift(c, j, twice, parts)
        order = j + late
        last = g[j] if late == 0 else _shift(c, order, twice, parts)
        residual = 0.0
        for i in range(0 if late == 0 else 1, j):  # c[j] is 0; the term with g[order] comes below
            residual += c[i] * g[order - i]
        if late == 0:
            for i in range(d + 1):
                k = j - a_at - parts * i
                if k >= 0:
                    residual -= a[d - i] * g[k]
        else:
            residual += c[0] * last
            for i in range(d + 1):
                k = order - parts * i
                if k >= 0:
                    residual -= a[d - i] * (last if k == order else g[k])
        i = order - b_at
        if i >= 0 and i % parts == 0 and i // parts <= e:
            residual -= _after(b, e, i // parts)
        if case == PARTED_WHOLE:
            next_a = float(a[d - 1]) if d > 0 else 0.0
            c[j] = -residual / (2 * c[1] + c[0] * j - next_a)
        else:
            c[j] = -residual / factor
        g[j] += c[j]
    return twice, parts


@inner
def _shift(c, j, twice, parts):
    """Coefficient j of f_{n+1}, but for c[j] itself; coefficients from the end of c on are not there."""
    result = 0.0
    k = 1
    while j - parts * k >= 0:
        i = j - parts * k
        if i < c.shape[0]:
            result += c[i] * _binomial(twice / 2 - i / parts, k)
        k += 1
    return result


@inner
def total(c, parts, n):
    """The series at n, up to its smallest term; times n^r it is the tail."""
    x = 1.0 / n if parts == 1 else 1.0 / math.sqrt(n)
    power, result, before = 1.0, 0.0, np.inf
    for j in range(c.shape[0]):
        term = c[j] * power
        size = abs(term)
        if not size < 4 * before:
            break
        result += term
        power *= x
        if size > 0:
            before = size
    return result
