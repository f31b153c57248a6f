"""What the builders of tasks share: the three parts, numbers from fixed keys, digests."""

from __future__ import annotations

import hashlib

import numpy as np

from discover.errors import UserError
from primitives import philox
from primitives.compiled import outer

PARTS = ("search", "meta", "held_out")  # what candidates are scored on; what finalists are; what no search ever sees


def part_number(part: str) -> int:
    """The position of a part in PARTS. Raises UserError for another word."""
    if part not in PARTS:
        raise UserError(f"a task has no part {part!r}; it has {', '.join(PARTS)}")
    return PARTS.index(part)


@outer
def _normals(key, slot, out):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    philox.start(stream, key, 0, slot)
    for i in range(len(out)):
        out[i] = philox.normal(stream)


@outer
def _uniforms(key, slot, out):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    philox.start(stream, key, 0, slot)
    for i in range(len(out)):
        out[i] = philox.uniform(stream)


def normals(key: int, slot: int, *shape: int) -> np.ndarray:
    """float64[shape] of standard normal deviates, a function of (key, slot)."""
    out = np.empty(shape)
    _normals(np.uint64(key), slot, out.reshape(-1))
    return out


def uniforms(key: int, slot: int, *shape: int) -> np.ndarray:
    """float64[shape], each in (0, 1), a function of (key, slot)."""
    out = np.empty(shape)
    _uniforms(np.uint64(key), slot, out.reshape(-1))
    return out


def permutation(key: int, slot: int, n: int) -> np.ndarray:
    """int64[n]: 0..n-1 in an order that is a function of (key, slot)."""
    return np.argsort(uniforms(key, slot, n), kind="stable")


def digest(*arrays: np.ndarray) -> str:
    """SHA-256 of the bytes of arrays, one after another."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()
