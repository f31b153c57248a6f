"""Euler's form of a fraction: a hypergeometric solution of its recurrence, and so its value as a series.

The convergents p, q of a(0) + b(1)/(a(1) + ...) solve y(n) = a(n) y(n-1) + b(n) y(n-2). Where b = -h1 h2 and

    f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1)

for polynomials h1, h2, f, one solution is y(n) = f(n+1) h2(1) ... h2(n+1) (Petkovsek, J. Symb. Comput. 14, 1992:
every solution whose ratio is a rational function has this form, with h2 a constant times a divisor of b). Summing the
Casoratian of q and y gives, wherever f has no root at n = N, N+1, ...,

    a(N) + b(N+1)/(a(N+1) + ...) = a(N) - f(N+1) h2(N+1)/f(N) + 1/(f(N)^2 T),   T = t(0) + t(1) + ...
    t(j) = h1(N+1)...h1(N+j) / (h2(N+1)...h2(N+j)) / (h2(N+j+1) f(N+j) f(N+j+1))

exactly, convergent by convergent (Euler 1748; telescoping). Where T tends to infinity the
last term is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from flint import fmpq, fmpq_poly

from searches.constants.proof.polynomials import ONE, X, degree, lead, parts, root, shift, whole_roots

MAX_DEGREE = 24  # of f
MAX_SPLITS = 4096


@dataclass(frozen=True)
class Euler:
    """b = -h1 h2 and f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1)."""

    h1: fmpq_poly
    h2: fmpq_poly
    f: fmpq_poly

    @property
    def start(self) -> int:
        """The smallest N >= 0 from which on f has no integer root."""
        return max([r + 1 for r in whole_roots(self.f) if r >= 0], default=0)


def solutions(a: fmpq_poly, b: fmpq_poly) -> Iterator[Euler]:
    """All Euler forms of a and b with rational coefficients, f monic and of the lowest degree of its split."""
    top, factors = parts(b)
    count = 1
    for _, m in factors:
        count *= m + 1
    if count > MAX_SPLITS:
        return
    for exponents in product(*(range(m + 1) for _, m in factors)):
        divisor = ONE
        for (g, _), e in zip(factors, exponents, strict=True):
            divisor *= g**e
        for z in _scales(a, top, degree(b) - degree(divisor), degree(divisor)):
            h2 = divisor * z
            f = _polynomial(a, -b / h2, h2)
            if f is not None:
                yield Euler(-b / h2, h2, f)


def _scales(a: fmpq_poly, top: fmpq, first: int, second: int) -> list[fmpq]:
    """Leading coefficients of h2 for which the highest terms of f a = f h1 + f h2 cancel."""
    high, alpha = degree(a), lead(a)
    if second > first:
        return [alpha] if high == second else []
    if second < first:
        return [-top / alpha] if high == first else []
    if high > second:
        return []
    trace = a[second]  # z - top/z = trace
    square = root(trace * trace + 4 * top)
    if square is None:
        return []
    return [z for z in {(trace + square) / 2, (trace - square) / 2} if z != 0]


def _polynomial(a: fmpq_poly, h1: fmpq_poly, h2: fmpq_poly) -> fmpq_poly | None:
    """The monic f of lowest degree, if any."""
    ahead = shift(h2, 1)
    taylor = [h1 + ahead - a, ahead - h1, h1 + ahead]  # factors of f, f', f''/2 as n grows
    drop = max(degree(p) - i for i, p in enumerate(taylor) if p.length())
    high = [p[drop + i] if p.length() and drop + i >= 0 else fmpq(0) for i, p in enumerate(taylor)]

    def indicial(d: int) -> fmpq:
        return high[0] + high[1] * d + high[2] * fmpq(d * (d - 1), 2)

    if not any(high):
        return None
    before, after = X - 1, X + 1
    images = [before**i * h1 + after**i * ahead - X**i * a for i in range(MAX_DEGREE + 1) if i <= _bound(high)]
    for d in range(len(images)):
        if indicial(d) != 0:
            continue
        f, rest = X**d, images[d]
        for i in range(d - 1, -1, -1):
            place = drop + i
            if place < 0 or indicial(i) == 0 or rest[place] == 0:
                continue
            c = -rest[place] / indicial(i)
            f, rest = f + c * X**i, rest + c * images[i]
        if not rest.length():
            return f
    return None


def _bound(high: list[fmpq]) -> int:
    """The largest whole root of the indicial polynomial, at most MAX_DEGREE; -1 without one."""
    p = fmpq_poly([high[0], high[1] - high[2] / 2, high[2] / 2])
    return max([r for r in whole_roots(p) if 0 <= r <= MAX_DEGREE], default=-1) if degree(p) > 0 else -1
