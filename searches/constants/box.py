"""Every fraction of a box: evaluated, its limit looked up among forms of constants, and confirmed in many digits.

The method of arXiv 1907.00205 (meet in the middle), with the tail's asymptotic series in the place of long fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from discover.errors import UserError
from discover.problem import Each, Find, Sweep
from searches.constants.config import ConstantsConfig
from searches.constants.enumeration import MAX_PRODUCTS, Box
from searches.constants.fraction import Fraction
from searches.constants.neighbours import Member, Neighbours, unknown_of
from searches.constants.subject import ALSO, ConstantsDomain, find_of, key_of, meaning

if TYPE_CHECKING:
    from searches.constants.gpu.scan import Scanner
    from searches.constants.identify.canonical import Canonical
    from searches.constants.identify.formula import Formula
    from searches.constants.identify.moebius import Table

UNIDENTIFIED = -1
MARGIN = 2.0  # decimal digits by which a value and a formula may differ beyond those asked for
LIMIT = 2**63
TRIES = 8  # forms that a value is compared with, simplest first


KINDS = ("converge", "terminate", "oscillate", "diverge", "slow", "overflow")  # in the order of evaluate.Kind


@dataclass(frozen=True)
class Limits:
    """Fractions, evaluated.

    kinds     how many there are of each kind
    rational  limits that are known to be rational, and not among the following
    number    int64[m], ascending: fractions whose limits are to be looked up
    value, digits  float64[m]: these limits, and how many digits of them are right
    """

    kinds: list[int]
    rational: int
    number: np.ndarray
    value: np.ndarray
    digits: np.ndarray


class BoxSweep(ConstantsDomain, Sweep):
    """The fractions of a box.

    A hit is the number of a fraction and the code of the form of a constant that it was confirmed to be
    (`identify.moebius.Table`), or UNIDENTIFIED where it only reduces factorially.
    """

    devices = ("cpu", "cuda")
    how = "every fraction of a box, its limit looked up among forms of constants"
    counts = (
        "reduce", *KINDS, "rational", "matched", "algebraic", "confirmed", "refuted", "unresolved", "decoys_matched",
        "decoys_confirmed",
    )  # fmt: skip

    def __init__(self, config: ConstantsConfig) -> None:
        """Raises UserError where the configuration asks for the impossible."""
        from searches.constants.identify.library import Library

        self.config = config
        names, user, decoys = config.identify.constants, config.identify.user, config.identify.decoys
        self.library = Library.load(names or None, decoys=decoys, user=user)
        self.hours = config.hours
        self.box = Box(config.box)
        self.library_key = key_of(config.model_dump(mode="json"))
        if not self.box.possible:
            raise UserError(
                f"problem.box: over {MAX_PRODUCTS:,} products of linear factors, or too large ones; take less"
            )
        self.total = self.box.total
        self._must_fit()

    def _must_fit(self) -> None:
        """Raises UserError where a(n) or b(n) may leave 63 bits within the depth."""
        depth = self.config.box.depth
        for name, largest in zip("ab", self.box.largest(depth), strict=True):
            if largest >= LIMIT:
                raise UserError(
                    f"problem.box: {name}(n) may reach {largest:.1e} at n = {depth}, beyond 2^63; take smaller "
                    "coefficients, a lower degree, or a smaller problem.box.depth"
                )

    @cached_property
    def table(self) -> Table:
        """Forms of all constants and decoys."""
        from searches.constants.identify.moebius import Table

        return Table(self.library, self.config.identify.coefficients)

    def best(self, counts: Mapping[str, int]) -> list[tuple[str, str]]:
        """What came of the limits that were looked up."""
        shown = [name for name in self.counts[1 + len(KINDS) :] if counts.get(name)]
        return [(name.replace("_", " "), f"{counts[name]:,}") for name in shown]

    def scan(self, start: int, stop: int) -> tuple[dict[str, int], dict[str, np.ndarray]]:
        """Evaluate, look up, confirm; see Sweep."""
        from searches.constants.identify.moebius import rationals

        seen = self.limits(start, stop)
        rational = rationals(seen.value, seen.digits)[:, 1] != 0
        counts = dict.fromkeys(self.counts, 0) | dict(zip(KINDS, seen.kinds, strict=True))
        counts |= {"reduce": sum(seen.kinds), "rational": seen.rational + int(rational.sum())}
        index, codes = self.table.lookup(seen.value, seen.digits)
        hits = []
        decoys = self.table.decoy(codes)
        for at, mine in _groups(index):
            number = seen.number[at : at + 1]
            a, b = self.box.rows(number)
            hit = self._confirm(Fraction.of(a[0].tolist(), b[0].tolist()), codes[mine].tolist(), decoys[mine], counts)
            if hit is not None:
                hits.append((int(number[0]), *hit))
        if self._everything:
            rational[index] = True
            hits += [(n, UNIDENTIFIED, 0.0) for n in seen.number[~rational].tolist()]
        hits.sort()
        columns = zip(*hits, strict=True) if hits else ((), (), ())
        return counts, dict(
            zip(("number", "code", "digits"), map(_column, columns, (np.int64, np.int64, np.float64)), strict=True)
        )

    @property
    def _everything(self) -> bool:
        """Whether limits that no form explains are hits too."""
        return self.config.box.sieve and bool(self.config.box.tries or self.config.box.neighbours)

    def limits(self, start: int, stop: int) -> Limits:
        """Evaluate some fractions. A GPU leaves out limits that can be no hits."""
        from searches.constants.evaluate import Kind, first_pass

        if self.device.is_cuda:
            return self._scanner.scan(start, stop)
        if self.config.box.sieve:
            number, a, b = self.box.reducing(start, stop)
        else:
            number = np.arange(start, stop)
            a, b = self.box.rows(number)
        first = first_pass(a, b, self.config.box.depth)
        limits = np.flatnonzero(first.kind == Kind.CONVERGES)
        kinds = np.bincount(first.kind, minlength=len(Kind)).tolist()
        return Limits(kinds, 0, number[limits], first.value[limits], first.digits[limits])

    @cached_property
    def _scanner(self) -> Scanner:
        """What evaluates and leaves out what cannot be a hit, on the GPU."""
        from searches.constants.gpu.scan import Scanner

        c = self.config.box
        return Scanner(self.device, self.box, c.depth, self.table.values, c.sieve, self._everything)

    def _confirm(
        self, fraction: Fraction, codes: list[int], decoys: np.ndarray, counts: dict[str, int]
    ) -> tuple[int, float] | None:
        """The simplest of some forms that a fraction equals to all digits asked for, and how many were compared."""
        from searches.constants.evaluate import high
        from searches.constants.identify.identify import compared

        wanted = self.config.identify.digits
        limit = high(fraction, wanted + int(MARGIN))
        counts["matched"] += int((~decoys).any())
        counts["decoys_matched"] += int(decoys.any())
        if limit.digits < wanted:
            counts["unresolved"] += 1
            return None
        formulas = sorted(
            ((self.table.formula(c), c, d) for c, d in zip(codes, decoys, strict=True)),
            key=lambda f: (f[0].size, f[1]),
        )
        for formula, code, decoy in formulas[:TRIES]:
            if compared(limit.ball, limit.digits, formula, self.table.library).agreed >= wanted:
                if decoy:
                    counts["decoys_confirmed"] += 1
                    return None
                counts["algebraic" if formula.kind == "algebraic" else "confirmed"] += 1
                return code, limit.digits
        counts["refuted"] += int((~decoys).any())
        return None

    def collect(self, hits: Mapping[str, np.ndarray], each: Each) -> list[Find]:
        """One find a canonical class: its simplest member. Of fractions that only reduce, those that are identified."""
        from searches.constants.identify.canonical import canonical_batch

        if not len(hits["number"]):
            return []
        a, b = self.box.rows(hits["number"])
        classes: dict[Canonical, list[int]] = {}
        for i, key in enumerate(canonical_batch(a, b)):
            classes.setdefault(key, []).append(i)
        known: list[tuple[Any, Member]] = []
        unknown: list[tuple[Any, Member]] = []
        for key, members in classes.items():
            rank, best = min((self._rank(int(hits["code"][i]), a[i], b[i]), i) for i in members)
            identified = int((hits["code"][members] != UNIDENTIFIED).sum())
            number = int(hits["number"][best])
            item = Member(number, tuple(a[best].tolist()), tuple(b[best].tolist()), identified or len(members))
            if identified:
                known.append((rank, item))
            else:
                unknown.append(((-len(key.top) - len(key.bot), *rank), item))
        good = [item for _, item in sorted(known)[: self.config.box.finds]]
        rest = [item for _, item in sorted(unknown)]
        found = each("find", good + rest[: self.config.box.tries])
        finds = [one[0] for one in found if one is not None]
        if not (self.config.box.sieve and self.config.box.neighbours):
            return finds
        rest = rest[: self.config.box.neighbours]
        formulas = {i: one[1] for i, one in enumerate(found) if one is not None and i < len(good) + len(rest)}
        return finds + Neighbours(good + rest, formulas, self.library, each).finds()

    def _rank(self, code: int, a: np.ndarray, b: np.ndarray) -> tuple[Any, ...]:
        """Constants before algebraic numbers; small formulas, then small coefficients first, then few negative ones."""
        both = [*a.tolist(), *b.tolist()]
        plainness = sum(map(abs, both)), sum(c < 0 for c in both), both
        if code == UNIDENTIFIED:
            return 2, 0, *plainness
        formula = self.table.formula(code)
        return int(formula.kind == "algebraic"), formula.size, *plainness

    def find(self, item: Member) -> tuple[Find, Formula] | None:
        """A fraction with its figures and formula, identified from scratch; None where that fails or it is rational."""
        formula, _ = meaning(item.fraction, self.library_key)
        if formula is None or formula.kind == "rational":
            return None
        return find_of(item.fraction, self.library_key, item.members), formula

    def measured(self, items: list[Member]) -> np.ndarray:
        """float64[n, measures]: how fractions behave."""
        from searches.constants.dynamics.measures import measures

        a, b = (np.array([getattr(item, side) for item in items], np.int64) for side in "ab")
        return measures(a, b).array()

    def shared(self, group: list[Member]) -> list[Find]:
        """What fractions are whose values are forms of one unknown constant; see `neighbours`."""
        return unknown_of(group, self.library_key)

    def relatives(self, find: Find) -> list[Fraction]:
        """Fractions whose values are forms of the same unknown constant; the descriptors hold their numbers."""
        numbers = [n for name, n in find.descriptors.items() if name.startswith(ALSO)]
        if not all(0 <= n < self.total for n in numbers):
            raise UserError(f"this box has no fractions of the numbers that the descriptors {ALSO}1, ... say")
        rows = self.box.rows(np.array(numbers, np.int64))
        return [Fraction.of(a, b) for a, b in zip(*(side.tolist() for side in rows), strict=True)]


def _groups(index: np.ndarray) -> Iterable[tuple[int, slice]]:
    """Each value that has matches, and where they are."""
    starts = np.flatnonzero(np.diff(index, prepend=-1)).tolist()
    ends = [*starts[1:], len(index)]
    return ((int(index[i]), slice(i, j)) for i, j in zip(starts, ends, strict=bool(starts)))


def _column(values: Iterable[Any], dtype: type) -> np.ndarray:
    return np.array(list(values), dtype)
