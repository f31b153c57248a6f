"""Is the graded reduction a signal that leads to formulas? Near misses against random fractions.

    python -m benchmarks.near_misses

Near misses: known formulas that reduce, with one coefficient of a changed by 1 to 3. Random ones: the same degrees, the
same range of coefficients, b a product of rational linear factors. For both, the share of primes with p_N = q_N = 0
(arXiv 2308.11829) and the graded score of `dynamics.reduction`: means, and the probability that a near miss has more
than a random one (1/2: says nothing). Known formulas are used here only to see how good the score is.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from searches.constants.dynamics.curvature import degrees, reduction, vanishing
from searches.constants.fraction import Poly, times
from searches.constants.known import targets

COUNT = 4000


def rows(polys: Sequence[Sequence[int]]) -> np.ndarray:
    """Coefficients, zeros at the end."""
    width = max(map(len, polys))
    return np.array([[*p, *[0] * (width - len(p))] for p in polys], np.int64)


def scores(pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> tuple[np.ndarray, np.ndarray]:
    """The share of primes, and the graded score."""
    a, b = rows([x for x, _ in pairs]), rows([y for _, y in pairs])
    trace, roots = vanishing(a, b)
    return ((trace & 1) * (roots > 0)).mean(axis=1), reduction(a, b)


def advantage(x: np.ndarray, y: np.ndarray) -> float:
    """P(x > y) + P(x = y) / 2."""
    above = np.searchsorted(np.sort(y), x, "left") + np.searchsorted(np.sort(y), x, "right")
    return float(above.mean() / (2 * len(y)))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    rng = np.random.default_rng(parser.parse_args().seed)
    groups: dict[tuple[int, int], list[tuple[Poly, Poly]]] = {}
    for target in targets():
        fraction = target.fraction
        if reduction(rows([fraction.a]), rows([fraction.b]))[0] == 1.0:
            groups.setdefault(fraction.degrees, []).append((fraction.a, fraction.b))
    print("degrees  formulas | share: near, random, near > random | graded: near, random, near > random")
    for (da, db), known in sorted(groups.items()):
        largest = max(abs(c) for a, _ in known for c in a)
        near = [(changed(a, i, by), b) for a, b in known for i in range(da + 1) for by in (-3, -2, -1, 1, 2, 3)]
        near = [(a, b) for a, b in near if degrees(rows([a]))[0] == da]
        random = [(draw(rng, da, largest), product(rng, db)) for _ in range(COUNT)]
        line = [f"({da}, {db})  {len(known):8}"]
        for x, y in zip(scores(near), scores(random), strict=True):
            line.append(f"{x.mean():.3f} {y.mean():.3f} {advantage(x, y):.2f}")
        print(" | ".join(line))


def changed(a: Poly, i: int, by: int) -> Poly:
    """One coefficient changed."""
    return tuple(c + by * (k == i) for k, c in enumerate(a))


def draw(rng: np.random.Generator, degree: int, largest: int) -> list[int]:
    """Random coefficients, the last not zero."""
    return [*rng.integers(-largest, largest + 1, degree).tolist(), int(rng.integers(1, largest + 1))]


def product(rng: np.random.Generator, degree: int) -> Poly:
    """Random linear factors."""
    result: Poly = (int(rng.choice([-3, -2, -1, 1, 2, 3])),)
    for _ in range(degree):
        result = times(result, (int(rng.integers(-3, 4)), int(rng.choice([1, 1, 1, 2]))))
    return result


if __name__ == "__main__":
    main()
