"""Hits with a tail in common are one class: merged, verified over many terms, written as one fraction or two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from searches.constants.esma.config import EsmaConfig
from searches.constants.esma.massey import shortest
from searches.constants.esma.numbers import Numbers
from searches.constants.esma.pattern import Key, Pattern, Ratio, find, simplest, size, tail_of, tails, weight
from searches.constants.esma.signs import walk
from searches.constants.fraction import Fraction
from searches.constants.identify.library import Constant

BLOCK = 4096  # bits that precision is rounded up to, so that constants are computed a few times only


@dataclass(frozen=True)
class Hit:
    """An expression with accepted instances, and the best of them; fields as of `scan.choose`."""

    number: int
    accepted: int
    length: int
    memory: int
    row: int
    complement: int
    best_length: int
    best_memory: int


@dataclass(frozen=True)
class Candidate:
    """A fraction, the number that it is, and where both come from."""

    fraction: Fraction
    constant: Constant
    value: Ratio
    number: int
    pattern: Pattern
    complement: bool

    @property
    def cost(self) -> tuple[int, int, int, int]:
        """What makes one of several better: a short formula, a short period, small coefficients, an early number."""
        return size(self.value), *weight(self.fraction), self.number


def classes(
    numbers: Numbers, words: np.ndarray, hits: Iterable[Hit], config: EsmaConfig
) -> list[tuple[Candidate, int]]:
    """The verified fractions of all hits with the accepted instances of their class, the shortest formula first.

    Of a class there is the regular fraction, and a signed one where its terms take turns more quickly.
    """
    groups: dict[Key, tuple[list[Hit], list[Candidate]]] = {}
    for hit in hits:
        quotients, above = numbers.quotients(hit.number, 2 * config.depth + 4)
        terms = quotients[1:]
        regular = find(terms, *shortest(terms)[:2])
        if regular is None or regular.degree == 0:
            continue
        members, candidates = groups.setdefault(regular.key, ([], []))
        members.append(hit)
        ratio = numbers.ratio(hit.number)
        ratio = ratio if above else ratio[::-1]
        chosen = [(regular, False, terms)] if hit.length <= config.longest else []
        if hit.row > 0 or hit.complement:
            word, period = (int(x) for x in words[hit.row])
            c = walk(terms, word, period, bool(hit.complement), config.depth)
            pattern = find(c, hit.best_length, hit.best_memory, word, period)
            if pattern is not None:
                chosen.append((pattern, bool(hit.complement), c))
        for pattern, complement, c in chosen:
            around = tails(pattern, c, tail_of(ratio, int(quotients[0]), complement))
            place, fraction = simplest(pattern, around)
            constant = numbers.constant(hit.number)
            candidates.append(Candidate(fraction, constant, around[place], hit.number, pattern, complement))
    shown = [(sum(hit.accepted for hit in found), _shown(made)) for found, made in groups.values()]
    shown.sort(key=lambda pair: min((c.cost for c in pair[1]), default=(0, 0, 0, 0)))
    bits: dict[str, int] = {}
    for _, made in shown:
        for one in made:
            name = one.constant.name
            bits[name] = max(bits.get(name, 0), needed(one.pattern, config.verify))
    return [
        (one, total)
        for total, made in shown
        for one in made
        if verified(numbers, one, config.verify, bits[one.constant.name])
    ]


def _shown(candidates: list[Candidate]) -> list[Candidate]:
    """The best regular one, and the best signed one if its terms take turns more quickly."""
    ordered = sorted(candidates, key=lambda c: c.cost)
    regular = next((c for c in ordered if c.pattern.word == 0), None)
    signed = min((c for c in ordered if c.pattern.word), key=lambda c: (c.fraction.period, c.cost), default=None)
    if regular is None or signed is None:
        return [c for c in (regular, signed) if c is not None]
    return [regular, signed] if signed.fraction.period < regular.fraction.period else [regular]


def needed(pattern: Pattern, terms: int) -> int:
    """Bits to which a number must be known for so many terms of it, rounded up."""
    sizes = np.log2(np.abs(pattern.terms(terms)) + 2.0)
    return BLOCK * -(-int(2 * sizes.sum() + 64 * pattern.start + 256) // BLOCK)


def verified(numbers: Numbers, candidate: Candidate, terms: int, bits: int) -> bool:
    """The first `terms` signed quotients of the number, certain ones, are those of the pattern."""
    pattern = candidate.pattern
    quotients, _ = numbers.quotients(candidate.number, 2 * terms + 4, bits)
    c = walk(quotients[1:], pattern.word, pattern.word_period, candidate.complement, terms)
    return len(c) == terms and np.array_equal(c[pattern.start - 1 :], pattern.terms(terms))
