"""A box swept on a GPU: enumerated, sieved, evaluated and looked up there, a batch at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from primitives.gpu.devices import Batches, Device
from searches.constants.box import Limits
from searches.constants.enumeration import Box
from searches.constants.gpu.first import evaluated
from searches.constants.gpu.launch import fetch, upload
from searches.constants.gpu.match import matches
from searches.constants.gpu.rows import Rows
from searches.constants.gpu.sieve import Sieve

BATCH = 1 << 22  # fractions that are all evaluated: 1 GiB or so
SIEVED_BATCH = 1 << 25  # where only those are that are left of a sieve
_COLUMNS = ("number", "value", "digits")


class Scanner:
    """A box on a device, and the table of forms.

    table       float64[m], ascending
    sieved      look at fractions only that reduce as far as can be
    everything  bring back all limits that are not rational, not only those in the table
    """

    def __init__(self, device: Device, box: Box, depth: int, table: np.ndarray, sieved: bool, everything: bool) -> None:
        self.depth, self.everything = depth, everything
        self._table = upload(table)
        self._rows = Rows(box)
        self._sieve = Sieve(box, self._rows) if sieved else None
        self._batches = Batches(device, SIEVED_BATCH if sieved else BATCH, "fractions")

    def scan(self, start: int, stop: int) -> Limits:
        """What the fractions of these numbers come to."""
        parts = self._batches.run(stop - start, lambda part: self._scan(start + part.start, start + part.stop))
        number, value, digits = (np.concatenate([getattr(p, name) for p in parts]) for name in _COLUMNS)
        kinds = [sum(of) for of in zip(*(part.kinds for part in parts), strict=True)]
        return Limits(kinds, sum(part.rational for part in parts), number, value, digits)

    def _scan(self, start: int, stop: int) -> Limits:
        if self._sieve is None:
            a, b = self._rows.rows(stop - start, start)
            found = matches(evaluated(a, b, self.depth), self._table, self.everything)
            return replace(found, number=start + found.number)
        numbers, a, b = self._sieve.reducing(start, stop)
        found = matches(evaluated(a, b, self.depth), self._table, self.everything)
        return replace(found, number=fetch(numbers)[found.number])
