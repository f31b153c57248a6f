"""Arrays as database blobs: bit for bit, compressed where it pays."""

from __future__ import annotations

import json
import zlib
from typing import NamedTuple

import numpy as np

KINDS = "biuf"  # booleans, integers, floats: never objects, which would need pickle
SAMPLE = 1 << 15


class Blob(NamedTuple):
    """An encoded array: dtype ("<f8"), shape (JSON list), codec ("raw" or "zlib"), bytes."""

    dtype: str
    shape: str
    codec: str
    data: bytes

    @property
    def columns(self) -> tuple[str, str, str, bytes]:
        """As stored."""
        return self.dtype, self.shape, self.codec, self.data

    @property
    def raw(self) -> bytes:
        """The array's bytes, in C order, little-endian. Raises ValueError if they are damaged."""
        if self.codec == "raw":
            return self.data
        if self.codec != "zlib":
            raise ValueError(f"unknown codec {self.codec!r}")
        size = _size(self)
        try:
            unpacker = zlib.decompressobj()
            raw = unpacker.decompress(self.data, size + 1)  # bounded: a small blob cannot fill the memory
        except zlib.error as error:
            raise ValueError(str(error)) from None
        if len(raw) != size:
            raise ValueError("an array has the wrong size")
        return raw


def encode(array: np.ndarray) -> Blob:
    """An array of booleans, integers or floats as a blob. Raises TypeError for any other kind."""
    array = np.asarray(array)
    if array.dtype.kind not in KINDS:
        raise TypeError(f"arrays of {array.dtype} cannot be stored")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    raw = array.tobytes()
    shape = json.dumps(list(array.shape))
    # Populations are mostly zeros and small integers, scores are noise: a sample from the middle tells which.
    middle = max(0, len(raw) // 2 - SAMPLE // 2)
    sample = raw[middle : middle + SAMPLE]
    if len(sample) >= 128 and len(zlib.compress(sample, 1)) < 0.8 * len(sample):
        return Blob(array.dtype.str, shape, "zlib", zlib.compress(raw, 1))
    return Blob(array.dtype.str, shape, "raw", raw)


def decode(blob: Blob) -> np.ndarray:
    """The array of a blob, writable. Raises ValueError if the blob is damaged."""
    dtype = np.dtype(blob.dtype)
    if dtype.kind not in KINDS:
        raise ValueError(f"arrays of {dtype} are not stored")
    raw = blob.raw
    if len(raw) != _size(blob):
        raise ValueError("an array has the wrong size")
    return np.frombuffer(raw, dtype).reshape(json.loads(blob.shape)).copy()


def _size(blob: Blob) -> int:
    shape = json.loads(blob.shape)
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError("an array has an impossible shape")
    count = 1
    for n in shape:
        count *= n
    return count * np.dtype(blob.dtype).itemsize
