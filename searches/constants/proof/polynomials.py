"""Rational polynomials of a proof: FLINT's `fmpq_poly`, with what proofs need of them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction as Rational
from math import lcm

from flint import fmpq, fmpq_mat, fmpq_poly

X = fmpq_poly([0, 1])
ONE = fmpq_poly([1])


def of(coefficients: Iterable[int]) -> fmpq_poly:
    """Coefficients lowest degree first."""
    return fmpq_poly(list(coefficients))


def shift(p: fmpq_poly, by: int | fmpq) -> fmpq_poly:
    """p(n + by)."""
    return p(X + by)


def lead(p: fmpq_poly) -> fmpq:
    """The highest coefficient; 0 of zero."""
    return p.leading_coefficient() if p.length() else fmpq(0)


def degree(p: fmpq_poly) -> int:
    """-1 of zero."""
    return int(p.length()) - 1


def parts(p: fmpq_poly) -> tuple[fmpq, list[tuple[fmpq_poly, int]]]:
    """Leading coefficient, and monic irreducible factors with multiplicities."""
    _, found = p.factor()
    return lead(p), [(f / lead(f), int(m)) for f, m in found]


def whole_roots(p: fmpq_poly) -> list[int]:
    """Integer roots."""
    roots = [-f[0] for f, _ in parts(p)[1] if degree(f) == 1]
    return sorted(int(r.p) for r in roots if r.q == 1)


def root(q: fmpq) -> fmpq | None:
    """The rational square root, if it is one."""
    if q < 0:
        return None
    from math import isqrt

    top, bottom = isqrt(int(q.p)), isqrt(int(q.q))
    return fmpq(top, bottom) if top * top == q.p and bottom * bottom == q.q else None


def rational(q: fmpq) -> Rational:
    """As Python's own fraction."""
    return Rational(int(q.p), int(q.q))


def number(q: fmpq) -> str:
    """As sympy source."""
    return str(int(q.p)) if q.q == 1 else f"Rational({q.p}, {q.q})"


def text(p: fmpq_poly, variable: str = "n") -> str:
    """As sympy source; a product of factors."""
    if degree(p) <= 0:
        return number(p[0])
    content = p.factor()[0]
    found = [(f, int(m)) for f, m in p.factor()[1]]
    # whole coefficients in every factor; what is left stands in front
    out = [] if content == 1 else ["-1"] if content == -1 else [number(content)]
    for f, m in sorted(found, key=lambda part: (degree(part[0]), str(part[0]))):
        terms = []
        for i in range(degree(f), -1, -1):
            c = f[i]
            if c == 0:
                continue
            power = "" if i == 0 else variable if i == 1 else f"{variable}**{i}"
            size = number(abs(c))
            body = size if not power else power if abs(c) == 1 else f"{size}*{power}"
            terms.append(("-" if c < 0 else "+", body))
        line = ("-" if terms[0][0] == "-" else "") + terms[0][1] + "".join(f" {s} {b}" for s, b in terms[1:])
        wrapped = f"({line})" if len(terms) > 1 or terms[0][0] == "-" else line
        out.append(wrapped if m == 1 else f"{wrapped}**{m}")
    return "*".join(out).replace("-1*", "-", 1) if out and out[0] == "-1" else "*".join(out)


def common(polys: Iterable[fmpq_poly]) -> fmpq_poly:
    """Least common multiple, monic."""
    result = ONE
    for p in polys:
        result = result * (p / result.gcd(p))
        result = result / lead(result)
    return result


def solve(columns: list[fmpq_poly], target: fmpq_poly) -> list[fmpq] | None:
    """Some x with sum of x[i] columns[i] = target; free ones are 0. None where there is none."""
    rows = max([p.length() for p in columns] + [target.length()])
    width = len(columns)
    if rows == 0:
        return [fmpq(0)] * width
    matrix = fmpq_mat([[p[i] for p in columns] + [target[i]] for i in range(rows)])
    reduced, rank = matrix.rref()
    answer = [fmpq(0)] * width
    for i in range(rank):
        pivot = next(j for j in range(width + 1) if reduced[i, j] != 0)
        if pivot == width:
            return None
        answer[pivot] = reduced[i, width]
    return answer


def whole(p: fmpq_poly) -> tuple[int, ...]:
    """Coefficients of the smallest multiple with whole coefficients."""
    scale = lcm(*(int(c.q) for c in p.coeffs())) if p.length() else 1
    return tuple(int((c * scale).p) for c in p.coeffs())
