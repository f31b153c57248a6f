"""The fingerprint: what a program computes on fixed probe inputs, rounded and hashed.

Two programs with one fingerprint compute the same (but for rounding) and share one score, however they are written.
State is probed like an input: programs that agree on arbitrary state agree over any number of steps. For reductions
the probes are two tensors, or a batch of images.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from primitives.compiled import inner
from primitives.evaluators.codegen import kernels
from primitives.evaluators.reference import ReferenceEvaluator
from primitives.packed import Packed
from primitives.philox import mix
from primitives.primitive import PrimitiveSet

_DROPPED = np.uint64(16)  # low bits of the significand: 36 are kept
_HALF = np.uint64(1 << 15)
_EXPONENT = np.uint64(0x7FF << 52)
_SIGN = np.uint64(1 << 63)


@inner
def _hash_outputs(bits, code, length, n_const, cost, free, keys):
    """keys[P]: the hash of the outputs (as bits: uint64[P, R, N]), of the cost, and of the number of free constants."""
    for p in range(len(keys)):
        total = 0.0
        for i in range(length[p]):
            total += cost[code[p, i, 0]]
        h = mix(np.uint64(total * 1024.0), np.uint64(n_const[p]) if free else np.uint64(0))
        for r in range(bits.shape[1]):
            for n in range(bits.shape[2]):
                v = bits[p, r, n]
                if v == _SIGN:
                    v = np.uint64(0)
                elif v & _EXPONENT == _EXPONENT:  # infinities keep their sign, every NaN is the same
                    v = v if v & ~(_SIGN | _EXPONENT) == np.uint64(0) else _EXPONENT | np.uint64(1)
                else:
                    v = (v + _HALF) >> _DROPPED
                h = mix(h, v)
        keys[p] = h


class Fingerprinter:
    """Fingerprints of canonical programs over a primitive set.

    probes: float64[n_leaves, n]. The total cost is part of the fingerprint, so a cheaper spelling is never taken for
    a dearer one. With free constants every program is probed with the same stand-ins for its constants, in order, and
    their number is part of it too: equal fingerprints then mean equal families of functions.
    shape: the batch of images that the probes are (see `image_probes`). A set that averages over images has no kernels:
    it is probed by the reference evaluator.
    """

    def __init__(
        self,
        primitives: PrimitiveSet,
        probes: np.ndarray,
        free_constants: bool = False,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        self._probes = np.ascontiguousarray(probes, np.float64)
        self._cost = primitives.cost
        self._free = free_constants
        self._shape = shape
        self._primitives = primitives
        self._kernels = kernels(primitives, "float64") if primitives.compiles else None

    def __call__(self, packed: Packed) -> np.ndarray:
        """uint64[P]"""
        const = packed.const
        if self._free:  # between 0.5 and 1.5, and far apart: multiples of the golden ratio
            slots = np.arange(1, const.shape[1] + 1)
            const = np.broadcast_to(0.5 + np.mod(slots * 0.6180339887498949, 1.0), const.shape).copy()
        out = self._outputs(replace(packed, const=const))
        keys = np.empty(len(packed), np.uint64)
        _hash_outputs(out.view(np.uint64), packed.code, packed.length, packed.n_const, self._cost, self._free, keys)
        return keys

    def _outputs(self, packed: Packed) -> np.ndarray:
        """float64[P, R, n]: all results on the probes."""
        if self._kernels is None:
            return ReferenceEvaluator(self._primitives).outputs(packed, self._probes, shape=self._shape)
        n = self._probes.shape[1]
        out = np.empty((len(packed), packed.results.shape[1], n))
        tensors = np.array([0, n // 2 - 1, n] if n > 3 else [0, n], np.int64)  # of unlike length
        if len(packed):
            self._kernels.run(
                packed.code, packed.length, packed.const, packed.n_const, packed.results, self._probes, tensors, out
            )
        return out


def probes(n_leaves: int, n: int = 16) -> np.ndarray:
    """Fixed inputs, float64[n_leaves, n]: of either sign and several magnitudes, never special values."""
    from numpy.random import Generator, Philox

    generator = Generator(Philox(key=1))
    return generator.normal(size=(n_leaves, n)) * np.exp2(generator.uniform(-2, 2, size=(n_leaves, n)))


def image_probes(n_leaves: int, shape: tuple[int, ...]) -> np.ndarray:
    """Fixed inputs of layers, float64[n_leaves, N]: the first leaf is a batch of images of `shape` (b, g, c, h, w), the
    others have a number a channel."""
    _, groups, channels, _, _ = shape
    out = np.empty((n_leaves, *shape))
    out[0] = probes(1, math.prod(shape)).reshape(shape)
    out[1:] = probes(n_leaves, groups * channels)[1:].reshape(-1, 1, groups, channels, 1, 1)
    return out.reshape(n_leaves, -1)
