"""The cache: scores of everything scored so far, found by canonical key or by fingerprint."""

from __future__ import annotations

import numpy as np

from primitives.compiled import inlined, inner

_ROOM = 1024  # rows at first; a power of two


@inlined
def _slot(keys, rows, key):
    """Where a key is, or belongs (linear probing; keys are hashes already)."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while rows[np.int64(slot)] >= 0 and keys[np.int64(slot)] != key:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@inner
def _find(keys, rows, wanted, out):
    for i in range(len(wanted)):
        out[i] = rows[_slot(keys, rows, wanted[i])]


@inner
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


@inner
def _visit(visits, rows, due):
    for i in range(len(rows)):
        n = visits[rows[i], 0] + np.uint64(1)
        visits[rows[i], 0] = n
        due[i] = n & (n - np.uint64(1)) == np.uint64(0)


class Index:
    """A hash table from uint64 keys to row numbers, at most half full."""

    def __init__(self) -> None:
        self._n = 0
        self._make(2 * _ROOM)

    def __len__(self) -> int:
        return self._n

    def _make(self, size: int) -> None:
        self._keys, self._rows = np.zeros(size, np.uint64), np.full(size, -1, np.int64)

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The row of each key, -1 where it is unknown: int64[n]."""
        out = np.empty(len(keys), np.int64)
        _find(self._keys, self._rows, keys, out)
        return out

    def add(self, keys: np.ndarray, rows: np.ndarray) -> None:
        """Remember the row of each key; the first row of a key stays."""
        size = len(self._keys)
        while size < 2 * (self._n + len(keys)):
            size *= 4
        if size > len(self._keys):
            used = self._rows >= 0
            old = self._keys[used], self._rows[used]
            self._make(size)
            _add(self._keys, self._rows, *old)
        self._n += _add(self._keys, self._rows, keys, rows)


class Cache:
    """Rows of (score float64[k], constants float64[C]) under two keys; C is 0 where the score fits no constants."""

    def __init__(self, n_objectives: int, n_constants: int = 0) -> None:
        self.canonical, self.fingerprint = Index(), Index()
        self._score, self._const = np.empty((_ROOM, n_objectives)), np.empty((_ROOM, n_constants))
        self._visits = np.zeros((_ROOM, 1), np.uint64)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def add(
        self, canonical: np.ndarray, fingerprint: np.ndarray, score: np.ndarray, const: np.ndarray | None = None
    ) -> None:
        """Append what was scored."""
        start, self._n = self._n, self._n + len(score)
        if self._n > len(self._score):
            room = max(4 * len(self._score), self._n)
            self._score, self._const = _grown(self._score, start, room), _grown(self._const, start, room)
            self._visits = _grown(self._visits, start, room)
        self._visits[start : self._n] = 1
        self._score[start : self._n] = score
        if const is not None and self._const.shape[1]:
            self._const[start : self._n] = const
        rows = np.arange(start, self._n)
        self.canonical.add(canonical, rows)
        self.fingerprint.add(fingerprint, rows)

    def replace(self, row: int, score: np.ndarray, const: np.ndarray | None = None) -> None:
        """Another score for a row, and other constants where they are fitted."""
        self._score[row] = score
        if const is not None:
            self._const[row] = const

    def visit(self, rows: np.ndarray) -> np.ndarray:
        """Count a visit to each row. Returns bool[n]: the visit is the row's 2nd, 4th, 8th, ..."""
        due = np.empty(len(rows), np.bool_)
        _visit(self._visits, rows, due)
        return due

    def visits(self, keys: np.ndarray) -> np.ndarray:
        """How often each canonical key was scored or visited: uint64[n], 0 where it is unknown."""
        rows = self.canonical.find(keys)
        return np.where(rows >= 0, self._visits[rows, 0], np.uint64(0))

    def score(self, rows: np.ndarray) -> np.ndarray:
        """float64[n, k]"""
        return self._score[rows]

    def const(self, rows: np.ndarray) -> np.ndarray:
        """float64[n, C]"""
        return self._const[rows]


def _grown(array: np.ndarray, n: int, room: int) -> np.ndarray:
    """An array with room for more rows, that starts with the first n."""
    out = np.empty((room, array.shape[1]), array.dtype)
    out[:n] = array[:n]
    return out
