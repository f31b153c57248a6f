"""A box of fractions, numbered: number -> coefficients of a and b, for whole ranges of numbers at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import comb, gcd, prod

import numpy as np

from searches.constants.config import BoxConfig
from searches.constants.fraction import Poly, times

MAX_PRODUCTS = 2_000_000


class Grid:
    """All integer vectors between low and high, numbered with the first coordinate running fastest; without zero.

    zero   where the zero vector is among all, or how many there are if it is not among them
    half   only the vectors after zero; with symmetric ranges, those before it are their negatives, in reverse order
    """

    def __init__(self, ranges: Sequence[tuple[int, int]], half: bool = False) -> None:
        self.low = np.array([low for low, _ in ranges], np.int64)
        self.sizes = [high - low + 1 for low, high in ranges]
        everything = prod(self.sizes)
        zero, weight = 0, 1
        holds_zero = all(low <= 0 <= high for low, high in ranges)
        for (low, _), size in zip(ranges, self.sizes, strict=True):
            zero += -low * weight
            weight *= size
        self.zero = zero if holds_zero else everything
        self.half = half and all(low == -high for low, high in ranges)
        self.total = everything - self.zero - 1 if self.half else everything - holds_zero

    def rows(self, index: np.ndarray) -> np.ndarray:
        """int64[n, coordinates]."""
        index = index + self.zero + 1 if self.half else index + (index >= self.zero)
        out = np.empty((len(index), len(self.sizes)), np.int64)
        for i, size in enumerate(self.sizes):
            index, out[:, i] = np.divmod(index, size)
        return out + self.low

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Where vectors from `start` to `stop` are among all those between low and high, zero counted too."""
        if self.half:
            return start + self.zero + 1, stop + self.zero + 1
        return start + (start >= self.zero), stop + (stop > self.zero)

    def index(self, place: np.ndarray) -> np.ndarray:
        """The numbers of vectors from their places among all; zero's is -1."""
        if self.half:
            return place - self.zero - 1
        return np.where(place == self.zero, -1, place - (place > self.zero))


class Products:
    """Content times products of linear factors k n + r that have no zero at n = 1, 2, 3, ..."""

    def __init__(self, config: BoxConfig) -> None:
        low, high = config.content
        linear = [
            (r, k)
            for k in range(1, config.slopes + 1)
            for r in range(-config.offsets, config.offsets + 1)
            if gcd(k, r) == 1 and not (r < 0 and -r % k == 0)
        ]
        contents = [c for c in range(low, high + 1) if c]
        self.total = comb(len(linear) + config.factors - 1, config.factors) * len(contents)
        self.table = np.zeros((0, config.factors + 1), np.int64)
        if self.total <= MAX_PRODUCTS:
            products = [_product(chosen) for chosen in combinations_with_replacement(linear, config.factors)]
            rows = [[c * x for x in p] for c in contents for p in products]
            if max(abs(x) for row in rows for x in row) < 2**62:
                self.table = np.array(rows, np.int64)

    @property
    def possible(self) -> bool:
        """Whether the products could be written down."""
        return len(self.table) == self.total

    def rows(self, index: np.ndarray) -> np.ndarray:
        """int64[n, factors + 1]."""
        return self.table[index]


def _product(factors: Sequence[Poly]) -> Poly:
    result: Poly = (1,)
    for factor in factors:
        result = times(result, factor)
    return result


class Box:
    """Every a with every b: number = b's number * (how many a) + a's number.

    basis  int64[coefficients, terms]: the polynomials that a combines, powers of n or symmetric ones
    """

    def __init__(self, config: BoxConfig) -> None:
        self.config = config
        self.a = Grid(config.a, config.half)
        self.b: Grid | Products = Products(config) if config.factors else Grid(config.b)
        self.basis = _basis(config)
        self.total = self.a.total * self.b.total

    @property
    def possible(self) -> bool:
        """Whether its factors, if it has some, are few enough to be written down."""
        return not isinstance(self.b, Products) or self.b.possible

    def largest(self, depth: int) -> tuple[int, int]:
        """Above |a(n)| and |b(n)| for all n up to a depth."""
        elements = [sum(abs(c) * depth**k for k, c in enumerate(row)) for row in self.basis.tolist()]
        a = sum(max(abs(low), abs(high)) * e for (low, high), e in zip(self.config.a, elements, strict=True))
        if self.config.factors:
            one = self.config.slopes * depth + self.config.offsets
            return a, max(map(abs, self.config.content)) * one**self.config.factors
        return a, sum(max(abs(low), abs(high)) * depth**k for k, (low, high) in enumerate(self.config.b))

    def rows(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """int64[n, terms of a] and int64[n, terms of b] of these numbers, lowest degree first."""
        a = self.a.rows(index % self.a.total)
        return (a @ self.basis if self.config.symmetric else a), self.b.rows(index // self.a.total)

    def reducing(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers, int64[n], and rows of those fractions that reduce as far as can be: what `dynamics.sieve` keeps."""
        from searches.constants.dynamics import sieve
        from searches.constants.dynamics.residues import survivors

        many = self.a.total
        which = np.arange(start // many, -(-stop // many))
        spans = [self.a.span(max(start - i * many, 0), min(stop - i * many, many)) for i in which.tolist()]
        b = self.b.rows(which)
        row, place = survivors(b, np.array(spans), self.basis, self.a.low.tolist(), self.a.sizes)
        index = self.a.index(place)
        number = (which[row] * many + index)[index >= 0]
        x, y = self.rows(number)
        kept = sieve(x, y)
        return number[kept], x[kept], y[kept]


def _basis(config: BoxConfig) -> np.ndarray:
    """int64[coefficients, terms]: the polynomials that a combines."""
    if not config.symmetric:
        return np.eye(len(config.a), dtype=np.int64)
    element: Poly = (1, 2) if config.odd else (1,)
    rows = []
    for _ in config.a:
        rows.append(element)
        element = times(element, (0, 1, 1))
    width = len(rows[-1])
    return np.array([list(row) + [0] * (width - len(row)) for row in rows], np.int64)
