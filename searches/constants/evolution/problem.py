"""The search for fractions by evolution, as the engine sees it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

import numpy as np

from discover.problem import Descriptor, Each, Find, Mutations, Objective, Problem, Stage
from primitives.packed import Packed, Shape, pack
from searches.constants.config import ConstantsConfig
from searches.constants.evolution.expand import expand, roles
from searches.constants.evolution.linear import Deflated, deflate
from searches.constants.evolution.scoring import score
from searches.constants.evolution.starts import starts
from searches.constants.fraction import INTEGER, Fraction, Poly, poly
from searches.constants.subject import ConstantsDomain, find_of, key_of

REDUCTION, RATE, DELTA, FITNESS = range(4)  # columns of a score
# Two changes of three are to one constant or another, in small steps; half of them for one of its readers only.
MUTATIONS = Mutations(
    insert=1.0, delete=1.0, modify=0.5, rewire=0.5, swap=0.0, new_constant=0.5, scale_constant=6.0, duplicate=0.5,
    spread=1.5, step=1.5, jump=0.3, flip=0.3, same=0.15, unit=0.0, grid=1.0, split=0.5,
)  # fmt: skip
GROWTHS = 60  # cells of a tenth of a digit a term
Item = tuple[list[int], list[int], int]


class FractionProblem(ConstantsDomain, Problem):
    """Programs n -> a, b whose b splits into rational linear factors, by the dynamics of their convergents alone.

    The map has for axes the degrees of the canonical form b(n) / (a(n) a(n-1)), how fast digits come, and delta. What
    reduces fully and has an irrational limit is kept for the end, elite or not.
    """

    scores = (
        Objective("reduction", "share of the largest", maximize=True),
        Objective("rate", "decimal digits a term", maximize=True),
        Objective("delta", "irrationality measure", maximize=True),
        Objective("fitness"),
    )
    niche_axes = 2
    mutations = MUTATIONS
    stages = (Stage("dynamics"),)
    how = "bred by the dynamics of convergence"

    def __init__(self, config: ConstantsConfig) -> None:
        self.config = config
        c = config.evolution
        self.library_key = key_of(config.model_dump(mode="json"))
        # room for what breeding writes before the canonical form folds it
        self.shape = Shape(1, 2, c.instructions + 4, c.constants + 4)
        self._axes = (
            Descriptor("bottom", c.least, c.degree + 2),
            Descriptor("top", max(1, c.least), c.degree),
            Descriptor("growth", 0, GROWTHS + 1),
            Descriptor("delta", 0, 9),
        )
        self.warm_start = self.baseline = starts(c.least, c.degree)
        self.harvest = 1.0 - c.full + 0.3  # the most that long coefficients may cost
        self.probes = np.arange(1.0, 17.0)[None]
        self._role = roles(INTEGER)

    @property
    def axes(self) -> tuple[Descriptor, ...]:
        """Degrees of the canonical form's denominator and numerator, growth and delta."""
        return self._axes

    def fractions(self, batch: Packed) -> tuple[Deflated, np.ndarray]:
        """The fractions of a batch, cleared of what changes nothing, and bool[n]: which are worth scoring.

        Of degrees with 2 deg a > deg b only those are that may be confluent hypergeometric (deg a = 1): for others
        there is no theory of when their limits are of a kind that anybody would know.
        """
        c = self.config.evolution
        a, b, ok = expand(batch, self._role, c.degree)
        found = deflate(a, b)
        ok &= found.splits & ~found.ends & (found.top >= max(c.least, 1)) & (found.bottom >= c.least)
        ok &= (np.abs(found.a) <= c.coefficients).all(axis=1) & (np.abs(found.b) <= c.coefficients).all(axis=1)
        return found, ok & ((found.top >= found.bottom) | (found.bottom <= 2))

    def check(self, batch: Packed) -> np.ndarray:
        """bool[n]: polynomials within the limits, b a product of linear factors without a zero at n >= 1."""
        c = self.config.evolution
        small = (batch.length <= c.instructions) & (batch.n_const <= c.constants)
        small[small] = self.fractions(batch[small])[1]
        return small

    def describe(self, batch: Packed) -> np.ndarray:
        """int64[n, 4]: degrees of the canonical form, growth; delta depends on the score."""
        found, _ = self.fractions(batch)
        return np.stack((found.bottom, found.top, growth(found), np.zeros(len(batch), np.int64)), axis=1)

    def place(self, batch: Packed, score: np.ndarray) -> np.ndarray:
        """int64[n, 4]: degrees of the canonical form, growth, delta in quarters from -1 on."""
        cells = self.describe(batch)
        cells[:, 3] = np.floor((np.clip(np.nan_to_num(score[:, DELTA]), -1.0, 1.5) + 1.0) * 4.0).astype(np.int64)
        return cells

    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score by the dynamics; see Problem."""
        found, _ = self.fractions(batch)
        c = self.config.evolution
        return score(found, c.plain, c.full), batch.const

    def finish(self, finds: Sequence[Find], each: Each) -> list[Find]:
        """Identify the plainest member of each canonical class; one find a class of which that succeeds."""
        found = each("find", self.classes(finds)[: self.config.evolution.finalists])
        return [find for find in found if find is not None]

    def classes(self, finds: Sequence[Find]) -> list[Item]:
        """Coefficients of a and b of the plainest member of each canonical class that reduces fully, and how many there
        are; from each pair of degrees in turn, the plainest first."""
        from searches.constants.identify.canonical import canonical_batch

        c = self.config.evolution
        ripe = [f for f in finds if f.objectives["reduction"] >= c.full and f.objectives["fitness"] < 1.0]
        if not ripe:
            return []
        fractions, _ = self.fractions(pack([f.program for f in ripe], INTEGER, self.shape))
        members: dict[object, list[tuple[Poly, Poly]]] = {}
        for key, a, b in zip(
            canonical_batch(fractions.a, fractions.b), fractions.a.tolist(), fractions.b.tolist(), strict=True
        ):
            members.setdefault(key, []).append((poly(a), poly(b)))
        groups: dict[tuple[int, int], list[tuple[Poly, Poly, int]]] = {}
        for of_class in members.values():
            a, b = min(of_class, key=_plainness)
            groups.setdefault((len(a), len(b)), []).append((a, b, len(of_class)))
        ordered = (sorted(group, key=lambda item: _plainness(item[:2])) for _, group in sorted(groups.items()))
        rounds = chain.from_iterable(zip_longest(*ordered))
        return [(list(item[0]), list(item[1]), item[2]) for item in rounds if item is not None]

    def find(self, item: Item) -> Find | None:
        """A fraction with its figures, identified from scratch; None where that fails or the value is rational."""
        from searches.constants.subject import meaning

        a, b, members = item
        fraction = Fraction.of(a, b)
        formula, _ = meaning(fraction, self.library_key)
        return None if formula is None or formula.kind == "rational" else find_of(fraction, self.library_key, members)


def growth(found: Deflated) -> np.ndarray:
    """int64[n]: the asymptotic rate in tenths of a digit a term, 1 to 60: log10 of the ratio of the solutions of
    x^2 = A x + B with A and B leading coefficients. 0 where these are complex or alike, 61 where 2 deg a > deg b.

    It does not change if another solution of a kindred recurrence is taken (as by adding a constant to the value's
    reciprocal): endless variants of one formula have one cell.
    """
    places = np.arange(found.a.shape[1])
    degree_a, degree_b = (np.where(p != 0, places, -1).max(axis=1) for p in (found.a, found.b))
    rows = np.arange(len(degree_a))
    lead = found.a[rows, np.maximum(degree_a, 0)].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = 4.0 * found.b[rows, np.maximum(degree_b, 0)] / (lead * lead)
        root = np.sqrt(np.maximum(1.0 + x, 0.0))
        digits = np.abs(np.log10((1.0 + root) / np.abs(1.0 - root)))
    cells = np.where(1.0 + x > 1e-9, np.clip(np.nan_to_num(digits * 10.0, posinf=GROWTHS), 1, GROWTHS), 0)
    return np.where(2 * degree_a > degree_b, GROWTHS + 1, np.where(2 * degree_a < degree_b, 0, cells)).astype(np.int64)


def _plainness(fraction: tuple[Poly, Poly]) -> tuple[int, int, tuple[Poly, Poly]]:
    """Small coefficients first, then few negative ones."""
    both = [*fraction[0], *fraction[1]]
    return sum(map(abs, both)), sum(c < 0 for c in both), fraction
