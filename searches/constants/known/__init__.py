"""Formulas that are known: for tests and reports only. Nothing that breeds, ranges, scores or filters may import this.

`targets.json`: fractions of two polynomials, each matched to its closed form to 93 digits or more. `interlaced.json`:
simple continued fractions whose terms are polynomials in turns, to 115 digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from discover.errors import UserError
from searches.constants.fraction import Fraction
from searches.constants.identify.canonical import Canonical, canonical

FOLDER = Path(__file__).parent
TARGETS, INTERLACED = FOLDER / "targets.json", FOLDER / "interlaced.json"
BOX_DEGREE, BOX_COEFFICIENT = 2, 5  # of the study of 1.77 million fractions, arXiv 2412.16818
LARGEST = 60  # coefficient of (p x + q)/(r x + s) between the values of relatives
Match = Literal["found", "relative", ""]


@dataclass(frozen=True)
class Target:
    """A known formula. value: its closed form as published, or the constant; tier: 1 easy, 3 hard, 0 not said."""

    name: str
    constant: str
    value: str
    source: str
    tier: int
    fraction: Fraction

    @cached_property
    def canonical(self) -> Canonical:
        """Its class."""
        return canonical(self.fraction)

    @property
    def inside(self) -> bool:
        """In the box of arXiv 2412.16818: degrees up to 2, coefficients from -5 to 5."""
        polys = [p for block in self.fraction.blocks for p in block]
        small = all(len(p) <= BOX_DEGREE + 1 and max(map(abs, p), default=0) <= BOX_COEFFICIENT for p in polys)
        return small and self.fraction.period == 1

    @property
    def literature(self) -> bool:
        """Published, not found by a numerical search of those who collected the targets."""
        return self.source != "numerical search"


@lru_cache(maxsize=16)
def targets(path: Path = TARGETS) -> tuple[Target, ...]:
    """The formulas of a file of either kind. Raises UserError for another one."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return tuple(map(_target, entries))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not a list of known formulas: {error}") from None


def everything() -> tuple[Target, ...]:
    """All that are built in."""
    return targets(TARGETS) + targets(INTERLACED)


def _target(entry: dict[str, Any]) -> Target:
    if "block_polys" in entry:  # the terms before the pattern change the value by a Moebius form only
        fraction = Fraction(tuple((tuple(p), (1,)) for p in entry["block_polys"]))
    else:
        fraction = Fraction.of(entry["a_poly"], entry["b_poly"])
    return Target(
        entry["name"], entry["constant"], str(entry["value"]), entry["source"], int(entry.get("tier", 0)), fraction
    )


@lru_cache(maxsize=4)
def _index(known: tuple[Target, ...]) -> dict[Canonical, Target]:
    """Class -> its first target."""
    index: dict[Canonical, Target] = {}
    for target in known:
        index.setdefault(target.canonical, target)
    return index


def known_as(fraction: Fraction) -> Target | None:
    """The built-in formula of the same class."""
    return _index(everything()).get(canonical(fraction))


def rediscovered(known: Sequence[Target], fractions: Iterable[Fraction]) -> dict[Canonical, Match]:
    """Which classes of known formulas were found.

    found     a fraction of the same canonical class
    relative  none, but one of the same degrees and speed whose value is a Moebius form of the known one's
    """
    found = list(fractions)
    classes = {canonical(f) for f in found}
    result: dict[Canonical, Match] = {}
    for target in known:
        if target.canonical not in result:
            own = target.canonical in classes
            result[target.canonical] = "found" if own else "relative" if _relative(target.fraction, found) else ""
    return result


def _relative(fraction: Fraction, others: Sequence[Fraction]) -> bool:
    speed = _speed(fraction)
    mine = _value(fraction)
    return any(f.degrees == fraction.degrees and _speed(f) == speed and _moebius(mine, _value(f)) for f in others)


@lru_cache(maxsize=65536)
def _speed(fraction: Fraction) -> tuple[str, float]:
    from searches.constants.evaluate import rate

    digits, kind = rate(fraction)
    return kind, round(digits, 6)


@lru_cache(maxsize=65536)
def _value(fraction: Fraction) -> Any:
    from searches.constants.evaluate import high

    found = high(fraction, 50)
    return found.ball if found.digits >= 40 else None


def _moebius(x: Any, y: Any) -> bool:
    from searches.constants.identify.lattice import moebius

    if x is None or y is None:
        return False
    forms = moebius(x, y, 40.0)
    return forms is not None and max(map(abs, forms)) <= LARGEST
