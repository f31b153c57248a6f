"""Clusters of fractions that behave alike, and formulas that go from one member to the others (arXiv 2412.16818).

Fractions of one constant often lie together in the planes of delta and another measure, though their coefficients have
nothing in common. Members that have a formula already (anchors) tell which constants to try first on the others: by
lattice reduction, so with any coefficients, and with the square of the constant as well. Members that no constant fits
are compared with each other: fractions whose values are Moebius forms of one another belong to one unknown constant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searches.constants.dynamics.measures import Measures
from searches.constants.fraction import Fraction
from searches.constants.identify.formula import Formula, Monomial
from searches.constants.identify.lattice import moebius, relation, size
from searches.constants.identify.library import Library, value_of

PLANES = (("delta", "eta_q"), ("delta", "gamma_q"), ("delta", "eta"), ("delta", "gamma"))
RESOLUTION = {"delta": 0.01, "eta_q": 0.1, "gamma_q": 0.05, "eta": 0.1, "gamma": 0.01, "beta": 0.1}
SMALLEST = 5  # members of a cluster
DIGITS = 60  # of values in which relations are looked for
CONFIRMED = 50  # further digits to which they must hold
COMPARED = 30  # unidentified members of a cluster that each one is compared with
MERGED = 300  # groups of one unknown constant that are compared with each other, whatever their clusters


@dataclass(frozen=True)
class Cluster:
    """Fractions by their number in the batch, those with a formula first."""

    plane: tuple[str, str]
    anchors: tuple[int, ...]
    others: tuple[int, ...]


@dataclass(frozen=True)
class Proposals:
    """What clusters led to."""

    formulas: dict[int, Formula]  # new ones, confirmed
    tests: int  # lattice reductions with a constant that it took
    unknown: tuple[tuple[int, ...], ...]  # fractions whose values are Moebius forms of one another, no formula


def clusters(
    measured: Measures, anchors: Sequence[int] | set[int], smallest: int = SMALLEST, planes: Any = PLANES
) -> list[Cluster]:
    """HDBSCAN in each plane. Rows with a measure that is not finite are left out."""
    from sklearn.cluster import HDBSCAN

    known = set(anchors)
    found = []
    for plane in planes:
        points = np.stack([getattr(measured, name) / RESOLUTION[name] for name in plane], axis=1)
        rows = np.flatnonzero(np.isfinite(points).all(axis=1))
        if len(rows) < smallest:
            continue
        labels = HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(points[rows])
        for label in range(int(labels.max()) + 1):
            members = rows[labels == label].tolist()
            inside = tuple(m for m in members if m in known)
            found.append(Cluster(plane, inside, tuple(m for m in members if m not in known)))
    return found


def propose(
    fractions: Sequence[Fraction],
    formulas: Mapping[int, Formula],
    found: Sequence[Cluster],
    library: Library,
    constants: int = 8,
    digits: int = DIGITS,
) -> Proposals:
    """Try on each fraction without a formula the `constants` most frequent constants of its clusters' anchors, and then
    the values of its unidentified neighbours."""
    votes: dict[int, Counter[str]] = {}
    near: dict[int, Counter[int]] = {}
    for cluster in found:
        names = Counter(name for m in cluster.anchors for name in formulas[m].names if name in library)
        for m in cluster.others:
            votes.setdefault(m, Counter()).update(names)
    values = _Values(fractions, digits)
    new: dict[int, Formula] = {}
    tests = 0
    for m in sorted(votes):
        if values[m] is None:
            continue
        for name, _ in sorted(votes[m].items(), key=lambda vote: (-vote[1], vote[0]))[:constants]:
            tests += 1
            formula = fit(fractions[m], values[m], name, library, digits)
            if formula is not None:
                new[m] = formula
                break
    for cluster in found:
        rest = [m for m in cluster.others if m not in new and values[m] is not None]
        for m in rest:
            near.setdefault(m, Counter()).update(x for x in rest if x < m)
    return Proposals(new, tests, _related(near, values, digits))


def fit(
    fraction: Fraction, known: Any, name: str, library: Library, digits: int = DIGITS, degrees: tuple[int, ...] = (1, 2)
) -> Formula | None:
    """A quotient of polynomials in one constant, of the first of some degrees, that a value is; confirmed at more
    digits. The name may be an expression."""
    c = value_of(library.node(name), digits + 10)
    algebraic = name in library and library[name].degree  # its powers are related among themselves
    for degree in degrees:
        if degree > 1 and algebraic:
            continue
        with _precision(digits):
            powers = [c**k for k in range(degree + 1)]
            products = [known * x for x in powers]
        found = relation(powers + products, digits)
        if found is None:
            continue
        formula = _formula(found, name, degree, digits)
        if formula is not None and _confirmed(fraction, formula, library, digits + CONFIRMED):
            return formula
    return None


def _formula(found: tuple[int, ...], name: str, degree: int, digits: float) -> Formula | None:
    """Of sum u_k c^k + v sum w_k c^k = 0: v = -u/w."""
    monomials: list[Monomial] = [((name, k),) if k else () for k in range(degree + 1)]
    up = {m: -c for m, c in zip(monomials, found[: degree + 1], strict=True) if c}
    down = {m: c for m, c in zip(monomials, found[degree + 1 :], strict=True) if c}
    if not down or not up or not any(m for m in (*up, *down)):
        return None
    kind = "moebius" if degree == 1 else "lattice"
    return Formula.of(kind, up, down, digits, digits / size(found))  # type: ignore[arg-type]


def _confirmed(fraction: Fraction, formula: Formula, library: Library, digits: int) -> bool:
    """Value and formula agree to so many digits."""
    from flint import arb

    known = value(fraction, digits)
    if known is None:
        return False
    with _precision(digits):
        return bool(abs(known / formula.value(digits + 5, library) - 1) < arb(10) ** (5 - digits))


def _precision(digits: int) -> Any:
    """Balls of so many digits and some more."""
    from flint import ctx

    return ctx.workprec(int(3.33 * digits) + 64)


def value(fraction: Fraction, digits: int) -> Any:
    """A ball, or None if it is not known to so many digits or is rational."""
    from searches.constants.evaluate import Kind, high

    value = high(fraction, digits)
    return value.ball if value.kind == Kind.CONVERGES and value.digits >= digits else None


class _Values:
    """Values of fractions by number, found when asked for."""

    def __init__(self, fractions: Sequence[Fraction], digits: int) -> None:
        self.fractions, self.digits = fractions, digits
        self.known: dict[int, Any] = {}

    def __getitem__(self, m: int) -> Any:
        if m not in self.known:
            self.known[m] = value(self.fractions[m], self.digits)
        return self.known[m]


def _related(near: Mapping[int, Counter[int]], values: _Values, digits: int) -> tuple[tuple[int, ...], ...]:
    """Groups of fractions whose values are Moebius forms of one another; each is compared with the first of a group,
    and the first of the largest groups with each other."""
    groups: dict[int, list[int]] = {}
    first: dict[int, int] = {}
    for m in sorted(near):
        first[m] = m
        heads = list(dict.fromkeys(first[x] for x, _ in near[m].most_common()))
        for head in heads[:COMPARED]:
            if moebius(values[m], values[head], digits) is not None:
                first[m] = head
                groups.setdefault(head, [head]).append(m)
                break
    kept: list[int] = []
    for head in sorted(groups, key=lambda head: (-len(groups[head]), head))[:MERGED]:
        for other in kept:
            if moebius(values[head], values[other], digits) is not None:
                groups[other] += groups.pop(head)
                break
        else:
            kept.append(head)
    return tuple(tuple(sorted(group)) for _, group in sorted(groups.items()))
