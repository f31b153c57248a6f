"""The cache: scores of everything scored so far, found by canonical key or by fingerprint."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _slot(keys, rows, key):
    """Where a key is, or belongs (linear probing; keys are hashes already)."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while rows[np.int64(slot)] >= 0 and keys[np.int64(slot)] != key:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@njit(cache=True, nogil=True)
def _find(keys, rows, wanted, out):
    for i in range(len(wanted)):
        out[i] = rows[_slot(keys, rows, wanted[i])]


@njit(cache=True, nogil=True)
def _add(keys, rows, new_keys, new_rows):
    """Returns how many keys were not there before; a key that was keeps its row."""
    added = 0
    for i in range(len(new_keys)):
        slot = _slot(keys, rows, new_keys[i])
        if rows[slot] < 0:
            keys[slot] = new_keys[i]
            rows[slot] = new_rows[i]
            added += 1
    return added


class Index:
    """A hash table from uint64 keys to row numbers."""

    def __init__(self) -> None:
        self._keys, self._rows, self._n = np.zeros(1024, np.uint64), np.full(1024, -1, np.int64), 0

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The row of each key, -1 where it is unknown: int64[n]."""
        out = np.empty(len(keys), np.int64)
        _find(self._keys, self._rows, keys, out)
        return out

    def add(self, keys: np.ndarray, rows: np.ndarray) -> None:
        """Remember the row of each key; the first row of a key stays."""
        while 2 * (self._n + len(keys)) > len(self._keys):
            used = self._rows >= 0
            old = self._keys[used], self._rows[used]
            self._keys, self._rows = np.zeros(2 * len(self._keys), np.uint64), np.full(2 * len(self._rows), -1, np.int64)
            _add(self._keys, self._rows, *old)
        self._n += _add(self._keys, self._rows, keys, rows)


class Cache:
    """Rows of (score float64[k], constants float64[C]) under two keys."""

    def __init__(self, n_objectives: int, n_constants: int) -> None:
        self.canonical, self.fingerprint = Index(), Index()
        self._score, self._const = np.empty((1024, n_objectives)), np.empty((1024, n_constants))
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def add(self, canonical: np.ndarray, fingerprint: np.ndarray, score: np.ndarray, const: np.ndarray) -> None:
        """Append what was scored."""
        rows = np.arange(self._n, self._n + len(score))
        while len(self._score) < self._n + len(score):
            self._score = np.concatenate([self._score, np.empty_like(self._score)])
            self._const = np.concatenate([self._const, np.empty_like(self._const)])
        self._score[rows], self._const[rows] = score, const
        self._n += len(score)
        self.canonical.add(canonical, rows)
        self.fingerprint.add(fingerprint, rows)

    def score(self, rows: np.ndarray) -> np.ndarray:
        """float64[n, k]"""
        return self._score[rows]

    def const(self, rows: np.ndarray) -> np.ndarray:
        """float64[n, C]"""
        return self._const[rows]
