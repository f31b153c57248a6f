"""ESMA as a sweep: every expression of every constant, with every pattern of signs.

arXiv 2212.09470 (ICML 2023) takes the signs one by one. Here the regular fraction decides first: one with a pattern for
some signs has one without (see `signs`), of at most twice the length. Only expressions whose regular fraction obeys a
recurrence are looked at with signs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from discover.errors import UserError
from discover.problem import Each, Find, Sweep
from searches.constants.config import ConstantsConfig
from searches.constants.esma import scan
from searches.constants.esma.classes import Hit, classes
from searches.constants.esma.numbers import Numbers
from searches.constants.esma.quotients import DONE, HUGE, SHORT
from searches.constants.esma.seeds import quadratic, seeds
from searches.constants.esma.signs import words
from searches.constants.fraction import Fraction
from searches.constants.identify.library import Library
from searches.constants.subject import ConstantsDomain, find_of, key_of


class EsmaSweep(ConstantsDomain, Sweep):
    """Expressions of constants whose signed simple continued fractions have a pattern.

    A candidate is an expression; it stands for 2 * len(words) instances, as there are v and -v, and every word of
    signs.
    """

    counts = ("instances", "short", "rational", "periodic", "patterns", "expressions", "accepted", "decoy_hits")

    def __init__(self, config: ConstantsConfig) -> None:
        """config: a ConstantsConfig. Raises UserError where it asks for the impossible."""
        self.config, esma, identify = config, config.esma, config.identify
        self.hours = config.hours
        self.library_key = key_of(config.model_dump(mode="json"))
        chosen = identify.constants or None
        library = Library.load(chosen if esma.library else (), None, identify.decoys, 0, identify.user)
        constants = seeds(esma, library)
        # periodic fractions of quadratic numbers are Lagrange's theorem
        kept = tuple(c for c in constants if not quadratic(c))
        if all(c.decoy for c in kept):
            names = ", ".join(c.name for c in constants if not c.decoy)
            raise UserError(f"problem.esma: only quadratic numbers ({names}); all their fractions are periodic")
        self.numbers = Numbers(kept, esma.degree, esma.coefficients, esma.bits)
        self.words = words(esma.period)
        self.total = self.numbers.total
        self._regular = 2 * esma.longest + 2
        self._terms = 2 * self._regular + 4  # that many tell a recurrence from chance

    def scan(self, start: int, stop: int) -> tuple[dict[str, int], dict[str, np.ndarray]]:
        """See Sweep. Hits are expressions: number, accepted instances, and what `scan.choose` says of the best."""
        numbers, pairs = np.arange(start, stop), self.numbers.pairs

        def sift(table: np.ndarray, places: np.ndarray, index: np.ndarray) -> np.ndarray:
            status = np.empty(len(places), np.int64)
            scan.sift(table, pairs, places, self._terms, self._regular, status)
            return status

        status = self.numbers.rise(numbers, self._terms, sift)
        kept = numbers[status == scan.PATTERN]
        hits = np.zeros((len(kept), scan.COLUMNS), np.int64)

        def choose(table: np.ndarray, places: np.ndarray, index: np.ndarray) -> np.ndarray:
            status, rows = np.empty(len(places), np.int64), np.empty((len(places), scan.COLUMNS), np.int64)
            scan.choose(
                table, pairs, places, self.words, self.config.esma.depth, self.config.esma.longest, status, rows
            )
            hits[index] = rows
            return status

        deep = self.numbers.rise(kept, 2 * self.config.esma.depth + 4, choose)
        decoy = np.array([self.numbers.constant(int(n)).decoy for n in kept], bool)
        counts = {
            "instances": 2 * len(self.words) * (stop - start),
            "short": int((status == SHORT).sum() + (deep != DONE).sum()),
            "rational": int(((status == HUGE) | (status == scan.DEGENERATE)).sum()),
            "periodic": int((status == scan.PERIODIC).sum()),
            "patterns": len(kept),
            "expressions": int((hits[:, 0] > 0).sum()),
            "accepted": int(hits[:, 0].sum()),
            "decoy_hits": int(hits[decoy, 0].sum()),
        }
        good = (hits[:, 0] > 0) & ~decoy
        return counts, {"number": kept[good], "found": hits[good]}

    def collect(self, hits: Mapping[str, np.ndarray], each: Each) -> list[Find]:
        """Hits with a tail in common merged, their patterns verified and written as fractions."""
        if not len(hits["number"]):
            return []
        found = [Hit(int(n), *(int(x) for x in row)) for n, row in zip(hits["number"], hits["found"], strict=True)]
        made = classes(self.numbers, self.words, found, self.config.esma)
        return each("find", [(c.fraction, members) for c, members in made[: self.config.esma.finds]])

    def find(self, item: tuple[Fraction, int]) -> Find:
        """A fraction with its figures, identified from scratch."""
        fraction, members = item
        return find_of(fraction, self.library_key, members)
