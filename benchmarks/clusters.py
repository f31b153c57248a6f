"""Clusters of fractions by their dynamics, on the box of NeurIPS 2024 (degrees <= 2, coefficients -5..5) or a part.

    python -m benchmarks.clusters --share 0.25

Of the fractions that reduce modulo primes, one a canonical class: those with an entry in the Moebius table are anchors.
How many others get a formula from the anchors of their clusters, how many lattice reductions that takes, and which of
the rest belong together. Then the infinite families among all fractions of the part that have an entry.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from itertools import product

import numpy as np

from searches.constants.dynamics.clusters import Cluster, clusters, propose
from searches.constants.dynamics.curvature import sieve
from searches.constants.dynamics.families import families
from searches.constants.dynamics.measures import measures
from searches.constants.evaluate import Kind, first_pass
from searches.constants.fraction import Fraction
from searches.constants.identify.canonical import canonical, canonical_batch
from searches.constants.identify.formula import Formula
from searches.constants.identify.library import Library, default
from searches.constants.identify.moebius import Table, rationals


def part(share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """a and b of a random part of the box."""
    polys = np.array(list(product(range(-5, 6), repeat=3)), np.int64)
    polys = polys[(polys != 0).any(axis=1)]
    total = len(polys) ** 2
    chosen = np.sort(np.random.default_rng(seed).permutation(total)[: int(share * total)])
    return polys[chosen // len(polys)], polys[chosen % len(polys)]


def classes(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first of each canonical class."""
    first: dict[object, int] = {}
    for i, form in enumerate(canonical_batch(a, b)):
        first.setdefault(form, i)
    kept = np.array(sorted(first.values()), np.int64)
    return a[kept], b[kept]


def anchors(a: np.ndarray, b: np.ndarray, library: Library, bound: int) -> tuple[np.ndarray, dict[int, Formula]]:
    """Rows with an irrational value, and the table's entries of those that have one."""
    first = first_pass(a, b)
    good = (first.kind == Kind.CONVERGES) & (first.digits >= 11) & (rationals(first.value, first.digits)[:, 1] == 0)
    table = Table(library, bound)
    rows, codes = table.lookup(np.where(good, first.value, np.nan), first.digits)
    found: dict[int, Formula] = {}
    for row, code in zip(rows.tolist(), codes.tolist(), strict=True):
        found.setdefault(row, table.formula(code))
    return good, found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.25, help="of the box")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bound", type=int, default=8, help="largest coefficient of the table's forms")
    options = parser.parse_args()
    library = default()
    start = time.perf_counter()

    def step(text: str) -> None:
        print(f"{time.perf_counter() - start:7.1f} s  {text}", flush=True)

    a, b = part(options.share, options.seed)
    total = len(a)
    everything = a, b
    kept = sieve(a, b)
    a, b = classes(a[kept], b[kept])
    step(f"{total} fractions, {int(kept.sum())} reduce, {len(a)} classes")
    good, formulas = anchors(a, b, library, options.bound)
    rows = np.flatnonzero(good)
    a, b = a[rows], b[rows]
    number = {int(row): i for i, row in enumerate(rows)}
    formulas = {number[row]: formula for row, formula in formulas.items()}
    step(f"{len(a)} have an irrational value; {len(formulas)} anchors (entries of the table)")
    measured = measures(a, b)
    step("measured")
    found = clusters(measured, set(formulas))
    mixed = [c for c in found if c.anchors]
    pure = purity(mixed, formulas)
    step(f"{len(found)} clusters in 4 planes, {len(mixed)} with anchors; purity of anchors {pure:.2f}")
    fractions = [Fraction.of(p.tolist(), q.tolist()) for p, q in zip(a, b, strict=True)]
    result = propose(fractions, formulas, found, library)
    step(f"{len(result.formulas)} new formulas by {result.tests} lattice reductions")
    for m, formula in sorted(result.formulas.items()):
        print(f"    {fractions[m].a} {fractions[m].b}  {formula.text}")
    groups = sorted(result.unknown, key=lambda group: (-len(group), group))
    step(f"{len(groups)} unknown constants with more than one fraction; {sum(map(len, groups))} fractions of these")
    for group in groups[:10]:
        print(f"    {len(group)}: " + "; ".join(f"{fractions[m].a} {fractions[m].b}" for m in group[:4]))
    a, b = everything
    _, formulas = anchors(a, b, library, options.bound)
    step(f"{len(formulas)} fractions of all {total} have an entry")
    hits = plainest([(Fraction.of(a[i].tolist(), b[i].tolist()), formula) for i, formula in formulas.items()])
    step(f"{len(hits)} classes")
    found_families = families(hits, library)
    step(f"{len(found_families)} infinite families")
    for family in found_families:
        print(f"    {family.text}  ({family.evidence})")


def plainest(hits: list[tuple[Fraction, Formula]]) -> list[tuple[Fraction, Formula]]:
    """Of each canonical class the fraction with the smallest coefficients."""
    best: dict[object, tuple[int, tuple[Fraction, Formula]]] = {}
    for hit in hits:
        size = sum(map(abs, (*hit[0].a, *hit[0].b)))
        form = canonical(hit[0])
        if form not in best or size < best[form][0]:
            best[form] = size, hit
    return [hit for _, hit in best.values()]


def purity(found: list[Cluster], formulas: dict[int, Formula]) -> float:
    """Share of anchors that have the most frequent constant of their cluster."""
    most = [Counter(formulas[m].names for m in c.anchors).most_common(1)[0][1] for c in found]
    return sum(most) / max(sum(len(c.anchors) for c in found), 1)


if __name__ == "__main__":
    main()
