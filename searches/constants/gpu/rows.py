"""The numbering of `enumeration.Box` on a GPU: number -> coefficients of a and b."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from primitives.compiled import inner
from primitives.gpu.compile import kernel
from searches.constants.enumeration import Box, Products
from searches.constants.gpu.launch import empty, launch, plain, upload


@inner
def place_of(index, zero, half):
    """Where vector `index` of a grid is among all, zero counted too."""
    if half:
        return index + zero + 1
    return index + 1 if index >= zero else index


@inner
def _fill(row, place, low, sizes, basis):
    """row = (low + the digits of a place) @ basis."""
    for k in range(row.shape[0]):
        row[k] = 0
    for i in range(sizes.shape[0]):
        x = low[i] + place % sizes[i]
        place //= sizes[i]
        for k in range(row.shape[0]):
            row[k] += x * basis[i, k]


@inner
def _row_a(i, numbers, start, many, low, sizes, basis, zero, half, a):
    number = numbers[i] if numbers.shape[0] else start + i
    _fill(a[i], place_of(number % many, zero, half), low, sizes, basis)


@inner
def _row_b(i, numbers, start, many, low, sizes, basis, zero, listed, b):
    number = numbers[i] if numbers.shape[0] else start + i
    which = number // many
    if listed.shape[0]:
        for k in range(b.shape[1]):
            b[i, k] = listed[which, k]
    else:
        _fill(b[i], place_of(which, zero, False), low, sizes, basis)


@kernel
def rows_of_a(threads, numbers, start, many, low, sizes, basis, zero, half, a):
    """Coefficients of a of the fractions of these numbers; of those from `start` on, where there are none."""
    i = cuda.grid(1)
    if i < threads:
        numbers, low, sizes, basis = plain(numbers), plain(low), plain(sizes), plain(basis)
        _row_a(i, numbers, start, many, low, sizes, basis, zero, half, plain(a))


@kernel
def rows_of_b(threads, numbers, start, many, low, sizes, basis, zero, listed, b):
    """The same of b; `listed`: all there are, where they are a list."""
    i = cuda.grid(1)
    if i < threads:
        numbers, low, sizes, basis = plain(numbers), plain(low), plain(sizes), plain(basis)
        _row_b(i, numbers, start, many, low, sizes, basis, zero, plain(listed), plain(b))


class Rows:
    """A box, on the device."""

    def __init__(self, box: Box) -> None:
        self.box = box
        a, b = box.a, box.b
        self.many = a.total
        self.half = a.half
        self.zero = a.zero
        self.basis = box.basis
        self._a = upload(a.low), upload(np.array(a.sizes, np.int64)), upload(self.basis)
        none = np.zeros(1, np.int64)
        if isinstance(b, Products):
            self.terms_b = b.table.shape[1]
            self._b = upload(none), upload(none), upload(none.reshape(1, 1)), 0, upload(b.table)
        else:
            self.terms_b = len(b.sizes)
            one = np.eye(self.terms_b, dtype=np.int64)
            sizes = np.array(b.sizes, np.int64)
            self._b = upload(b.low), upload(sizes), upload(one), b.zero, upload(np.zeros((0, 1), np.int64))
        self._none = upload(np.zeros(0, np.int64))

    @property
    def grid(self) -> tuple[Any, ...]:
        """low, sizes int64[d] and basis int64[d, terms] of a."""
        return self._a

    def rows(self, n: int, start: int = 0, numbers: Any = None) -> tuple[Any, Any]:
        """int64[n, terms] of a and of b: of n fractions from number `start` on, or of these numbers (on the device)."""
        a, b = empty((n, self.basis.shape[1]), np.int64), empty((n, self.terms_b), np.int64)
        numbers = self._none if numbers is None else numbers
        launch(rows_of_a, n, numbers, start, self.many, *self._a, self.zero, self.half, a)
        launch(rows_of_b, n, numbers, start, self.many, *self._b[:3], *self._b[3:], b)
        return a, b

    def rows_b(self, first: int, n: int) -> Any:
        """int64[n, terms]: the b of these numbers."""
        b = empty((n, self.terms_b), np.int64)
        launch(rows_of_b, n, self._none, first, 1, *self._b[:3], *self._b[3:], b)
        return b
