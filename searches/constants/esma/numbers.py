"""The numbers that a search looks at, and their quotients to any depth: constants, expressions, precision.

Precision is raised for those numbers alone whose quotients did not suffice, and only their constants are computed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from searches.constants.esma import scan
from searches.constants.esma.expressions import expressions
from searches.constants.esma.pattern import Ratio
from searches.constants.esma.quotients import SHORT, limbs
from searches.constants.esma.seeds import powers
from searches.constants.fraction import poly
from searches.constants.identify.library import Constant

GENERAL = 4  # bits that a quotient and its share of the error take up in almost all numbers


class Numbers:
    """Expression n is number n % E of the E expressions, of constant n // E."""

    def __init__(self, constants: tuple[Constant, ...], degree: int, coefficients: int, bits: int) -> None:
        self.constants, self.degree, self.bits = constants, degree, bits
        self.pairs = expressions(degree, coefficients)
        self.total = len(constants) * len(self.pairs)
        self._spare = int(np.abs(self.pairs).sum(axis=2).max()).bit_length() + 2

    def constant(self, n: int) -> Constant:
        """Of expression n."""
        return self.constants[n // len(self.pairs)]

    def ratio(self, n: int) -> Ratio:
        """Numerator and denominator of expression n, as polynomials of the constant."""
        p, q = self.pairs[n % len(self.pairs)]
        return poly(p.tolist()), poly(q.tolist())

    def rise(
        self, numbers: np.ndarray, terms: int, look: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """int64[n] states. look(table, places, index) gives the states of numbers[index], found at `places` of the
        constants in `table`; those that are SHORT are looked at again with twice the bits, up to the limit."""
        states = np.full(len(numbers), SHORT, np.int64)
        todo = np.arange(len(numbers))
        bits = min(GENERAL * terms + 48, self.bits)
        while len(todo):
            which, row = np.unique(numbers[todo] // len(self.pairs), return_inverse=True)
            table = self.table(tuple(which.tolist()), bits)
            places = row * len(self.pairs) + numbers[todo] % len(self.pairs)
            states[todo] = look(table, places, todo)
            if bits == self.bits:
                break
            todo = todo[states[todo] == SHORT]
            bits = min(2 * bits, self.bits)
        return states

    def quotients(self, n: int, terms: int, bits: int | None = None) -> tuple[np.ndarray, bool]:
        """The first quotients of the larger of |P/Q| and |Q/P|, as many of them as `bits` allow, and whether it is
        P/Q; bits: None to raise them as needed."""
        out = np.empty(terms, np.int64)
        count, above = 0, True

        def look(table: np.ndarray, places: np.ndarray, index: np.ndarray) -> np.ndarray:
            nonlocal count, above
            count, state, above = scan.one(table, self.pairs, places[0], out)
            return np.array([state])

        if bits is None:
            self.rise(np.array([n]), terms, look)
        else:
            look(self.table((n // len(self.pairs),), bits), np.array([n % len(self.pairs)]), np.zeros(1, np.int64))
        return out[:count], bool(above)

    def table(self, which: tuple[int, ...], bits: int) -> np.ndarray:
        """int64[n, degree + 1, limbs]: the powers of these constants, to so many bits after the point."""
        return table(tuple(self.constants[i] for i in which), self.degree, bits, self._spare)


@lru_cache(maxsize=64)
def table(constants: tuple[Constant, ...], degree: int, bits: int, spare: int) -> Any:
    """int64[n, degree + 1, limbs]: whole numbers within 1 of c^k 2^bits, with `spare` bits above the largest."""
    rows = [_powers(c, degree, bits) for c in constants]
    length = -(-(max(abs(v).bit_length() for row in rows for v in row) + spare) // 31)
    return limbs((v for row in rows for v in row), length).reshape(len(rows), degree + 1, length)


@lru_cache(maxsize=8192)
def _powers(constant: Constant, degree: int, bits: int) -> tuple[int, ...]:
    return powers(constant, degree, bits)
