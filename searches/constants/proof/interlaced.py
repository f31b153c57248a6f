"""Interlaced fractions: every period-th convergent of one is a convergent of a fraction of period 1 (contraction).

With F(n) the tail at block n and M(n) = [[P, Q], [R, S]] the product of [[a, b], [1, 0]] over the block, b that of the
next term, F(n) = (P F(n+1) + Q)/(R F(n+1) + S). So g(n) = R(n) (R(n-1) F(n) + S(n-1)) is A(n) + B(n+1)/g(n+1)
with A(n) = R(n) S(n-1) + P(n) R(n-1), B(n+1) = -R(n+1) R(n-1) det M(n), truncated where F is.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from flint import fmpq_poly

from searches.constants.fraction import Fraction, shifted
from searches.constants.proof.exact import HEAD, Exact, deflated
from searches.constants.proof.polynomials import degree, lead, of, shift, text, whole, whole_roots
from searches.constants.proof.sums import rational
from searches.constants.proof.unfolding import by_unfolding

FAR = 8  # blocks before a tail
Matrix = tuple[fmpq_poly, fmpq_poly, fmpq_poly, fmpq_poly]


def block(fraction: Fraction) -> Matrix:
    """P, Q, R, S."""
    p, q, r, s = of([1]), of([]), of([]), of([1])
    for i, (a, _) in enumerate(fraction.blocks):
        following = of(fraction.blocks[i + 1][1]) if i + 1 < fraction.period else shift(of(fraction.blocks[0][1]), 1)
        top = of(a)
        p, q, r, s = p * top + q, p * following, r * top + s, r * following
    return p, q, r, s


def by_contraction(fraction: Fraction) -> Exact | None:
    """The value by that of a contracted fraction, where all convergents are known to converge; or None."""
    from searches.constants.proof.prove import exact_value

    if any(_ends(of(b), i) for i, (_, b) in enumerate(fraction.blocks)):
        return None
    unfolded, why = by_unfolding(fraction, block(fraction)), _converges(fraction)
    if unfolded is not None or why is None:
        return unfolded
    tried = sorted((found for k in range(fraction.period) if (found := _contracted(fraction, k))), key=_difficulty)
    for found in tried[:2]:
        inner = exact_value(found.single)
        if inner is not None and not inner.value.has(sp.zoo, sp.nan):
            return _assembled(fraction, found, inner, why)
    return None


@dataclass(frozen=True)
class Contracted:
    """Of the fraction without its first `rotation` terms, from block `start` on: single is g(start + 1)."""

    rotation: int
    start: int
    matrix: Matrix
    single: Fraction


def _difficulty(found: Contracted) -> tuple[int, int, int]:
    reduced = deflated(found.single)
    return degree(reduced.a) + degree(reduced.b), found.rotation, found.start


def rotated(fraction: Fraction, k: int) -> Fraction:
    """Without its first k terms, k below the period."""
    later = tuple((shifted(a, 1), shifted(b, 1)) for a, b in fraction.blocks[:k])
    return Fraction(fraction.blocks[k:] + later)


def _contracted(fraction: Fraction, k: int) -> Contracted | None:
    p, q, r, s = block(rotated(fraction, k))
    if not r.length():
        return None
    start = max([root + 1 for root in whole_roots(r) if root >= 0], default=0)
    if start > FAR:
        return None
    p, q, r, s = (shift(x, start) for x in (p, q, r, s))
    a, b = r * shift(s, -1) + p * shift(r, -1), -r * shift(r, -2) * shift(p * s - q * r, -1)
    single = Fraction.of(whole(shift(a, 1)), whole(shift(b, 1)))
    return Contracted(k, start, (p, q, r, s), single) if single.a and single.b else None


def _assembled(fraction: Fraction, found: Contracted, inner: Exact, why: str) -> Exact:
    """The value of the whole fraction, of that of the contracted one."""
    _, _, r, s = found.matrix
    value = (inner.value / rational(r(1)) - rational(s(0))) / rational(r(0))
    last = (found.start + 1) * fraction.period + found.rotation
    for i in range(last - 1, -1, -1):
        value = fraction.term(i)[0] + fraction.term(i + 1)[1] / value
    turned = rotated(fraction, found.rotation)
    terms = ", ".join(f"({u}, {v})" for u, v in (fraction.term(i) for i in range(last + 1)))
    single = text(of(found.single.a)), text(of(found.single.b))
    pairs = ", ".join(f"({text(of(u))}, {text(of(v))})" for u, v in turned.blocks)
    lines = [
        *HEAD,
        f"blocks = [{pairs}]  # (a, b) of the terms in turn, from term {found.rotation} on",
        "M = eye(2)  # F(n) = (M11 F(n+1) + M12)/(M21 F(n+1) + M22)",
        "for i in range(len(blocks)):",
        "    following = blocks[i + 1][1] if i + 1 < len(blocks) else sympify(blocks[0][1]).subs(n, n + 1)",
        "    M = (M*Matrix([[blocks[i][0], following], [1, 0]])).applyfunc(expand)",
        f"M11, M12, M21, M22 = M = M.subs(n, n + {found.start})",
        "# g(n) = M21(n) (M21(n-1) F(n) + M22(n-1)) = A(n) + B(n+1)/g(n+1); here is g(1) = A(1) + B(2)/(A(2) + ...)",
        f"single = {single[0]}, {single[1]}",
        "A = (M21*M22.subs(n, n - 1) + M11*M21.subs(n, n - 1)).subs(n, n + 1)",
        "B = (-M21*M21.subs(n, n - 2)*M.det().subs(n, n - 1)).subs(n, n + 1)",
        "assert expand(single[0] - A) == 0 and expand(single[1] - B) == 0",
        f"# all convergents converge: {why}",
        *(line for line in inner.lines if line not in HEAD),
        "value = (value/M21.subs(n, 1) - M22.subs(n, 0))/M21.subs(n, 0)",
        f"terms = [{terms}]  # (a, b) of the terms before",
        f"for i in range({last - 1}, -1, -1):",
        "    value = terms[i][0] + terms[i + 1][1]/value",
    ]
    return Exact(value, f"contraction of {fraction.period} terms; {inner.theorem}", tuple(lines), inner.closed)


def _ends(b: fmpq_poly, residue: int) -> bool:
    """A term of the fraction other than the first has b = 0."""
    return any(root > 0 or (root == 0 and residue > 0) for root in whole_roots(b)) or not b.length()


def _converges(fraction: Fraction) -> str | None:
    """Why all convergents have one limit, given that every period-th one has: b(j) a(j) a(j-1) > 0 for all large j, and
    a divergent series of sqrt(a(j) a(j-1)/b(j)) (Seidel, Stern); or |a| >= |b| + 1 for all large j (Pringsheim).
    """
    growth, positive, large = -3, True, True
    for i, (a_terms, b_terms) in enumerate(fraction.blocks):
        a, b = of(a_terms), of(b_terms)
        before = of(fraction.blocks[i - 1][0])  # the sign of its lead is that of the term before, also over the end
        if not (a.length() and b.length() and before.length()):
            return None
        positive = positive and bool(lead(a) * lead(b) * lead(before) > 0)
        growth = max(growth, degree(a) + degree(before) - degree(b))
        sign = (1 if lead(a) > 0 else -1), (1 if lead(b) > 0 else -1)
        slack = a * sign[0] - b * sign[1] - 1
        large = large and (not slack.length() or bool(lead(slack) > 0))
    if positive and growth >= -2:
        return "positive after a change of signs, Seidel-Stern"
    return "|a| >= |b| + 1, Sleszynski-Pringsheim" if large else None
