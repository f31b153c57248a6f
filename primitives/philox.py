"""Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

A stream is a pure function of (seed, generation, slot): there is no generator state to save, and any worker can draw
the numbers of any candidate.
"""

from __future__ import annotations

import math

import numpy as np

from primitives.compiled import inlined, inner

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_NEXT, _WORDS = 4, 5  # fields of a stream: counter[0:4], next unread word, words[5:9], key[9:11]
STREAM_FIELDS = 11


@inner
def _refill(stream):
    c0, c1, c2, c3 = stream[0], stream[1], stream[2], stream[3]
    k0, k1 = stream[9], stream[10]
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    stream[5], stream[6], stream[7], stream[8] = c0, c1, c2, c3
    stream[0] = (stream[0] + np.uint64(1)) & _LOW
    stream[_NEXT] = np.uint64(0)


@inner
def start(stream, seed, generation, slot):
    """Set `stream` (uint64[STREAM_FIELDS]) to the stream of (seed uint64, generation uint32, slot uint32)."""
    seed = np.uint64(seed)
    stream[0] = np.uint64(0)
    stream[1] = np.uint64(slot) & _LOW
    stream[2] = np.uint64(generation) & _LOW
    stream[3] = np.uint64(0)
    stream[9], stream[10] = seed & _LOW, seed >> _32
    stream[_NEXT] = np.uint64(4)


@inlined
def word(stream):
    """The next 32 random bits, as uint64."""
    if stream[_NEXT] == np.uint64(4):
        _refill(stream)
    value = stream[np.int64(_WORDS) + np.int64(stream[_NEXT])]
    stream[_NEXT] += np.uint64(1)
    return value


@inlined
def below(stream, n):
    """An integer in 0..n-1, for 1 <= n < 2^31."""
    return np.int64((word(stream) * np.uint64(n)) >> _32)


@inlined
def uniform(stream):
    """A float in the open interval (0, 1)."""
    return (np.float64(word(stream)) + 0.5) * 2.0**-32


@inner
def normal(stream):
    """A standard normal deviate (Box-Muller)."""
    radius = math.sqrt(-2.0 * math.log(uniform(stream)))
    return radius * math.cos(2.0 * math.pi * uniform(stream))


@inner
def mix(a, b):
    """Hash two uint64 into one (the finaliser of SplitMix64 over a rotated sum)."""
    a, b = np.uint64(a), np.uint64(b)
    z = a * np.uint64(0x9E3779B97F4A7C15) + ((b << np.uint64(31)) | (b >> np.uint64(33)))
    z = (z ^ (z >> np.uint64(30)) ^ b) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
