"""What a layer does, measured: which elements it looks at, what it does not notice, and how it grows. For reports only.

All in float64 by the reference evaluator, on one batch of images of order one, whose channels have unlike means and
deviations; but for `reads`, with the trainable leaves as they begin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator, Philox

from primitives.evaluators.reference import ReferenceEvaluator
from primitives.images import LAYERS, POINTWISE
from primitives.packed import Packed, Shape, pack
from primitives.program import Program
from searches.normalizers.programs import BEGIN, primitive_set

EVERY = primitive_set(tuple(dict.fromkeys(p.name for p in (*LAYERS, *POINTWISE))))
REFERENCE = ReferenceEvaluator(EVERY)
SHAPE = (4, 2, 3, 4, 5)
SAME = 1e-4  # relative to the root mean square: smaller differences are rounding and epsilons
FAR = (2.0**8, 2.0**12)  # how inputs are scaled up and moved away

# What may have a scale, or a mean, of its own that a layer does not notice: the shape of one number for each.
PARTS = {
    "channel of an image": (4, 2, 3, 1, 1),
    "channel of the batch": (1, 2, 3, 1, 1),
    "group of channels of an image": (4, 2, 1, 1, 1),
    "image": (4, 1, 1, 1, 1),
    "batch": (1, 1, 1, 1, 1),
}


def images(generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """float64[b, g, c, h, w] of order one; every channel of every image has a mean and a deviation of its own."""
    b, g, c = shape[:3]
    deviation = np.exp2(generator.uniform(-1.0, 1.0, (b, g, c, 1, 1)))
    return 0.7 * generator.normal(size=(b, g, c, 1, 1)) + deviation * generator.normal(size=shape)


_RANDOM = Generator(Philox(key=3))
X, OTHER = images(_RANDOM, SHAPE), images(_RANDOM, SHAPE)
_TRAINED = _RANDOM.uniform(0.5, 1.5, (2, *SHAPE[1:3], 1, 1))  # v0 and v1 of every channel


@dataclass(frozen=True)
class Behaviour:
    """What is measured of a layer.

    reads     what a value depends on besides its own element: some of "pixels" (of its channel), "channels" (of its
              group), "groups" (of its image), "images"
    scale     the largest of PARTS that each may be scaled by a factor of its own, and nothing changes; None
    shift     the same of adding a number
    degree    outputs grow as inputs to this power: 0 for normalization; infinite where they overflow
    exact     whether they do so element by element
    offset    outputs grow so with a number that is added to all inputs
    """

    reads: tuple[str, ...]
    scale: str | None
    shift: str | None
    degree: float
    exact: bool
    offset: float

    @property
    def batch(self) -> bool:
        """Whether what becomes of an image depends on the others."""
        return "images" in self.reads

    @property
    def bounded(self) -> bool:
        """Whether outputs stay where they are, however large inputs are."""
        return max(self.degree, self.offset) < 0.02


def packed(programs: Sequence[Program]) -> Packed:
    """Programs with three leaves and one output, over EVERY."""
    instructions = max((len(p.instructions) for p in programs), default=0)
    constants = max((len(p.constants) for p in programs), default=0)
    return pack(programs, EVERY, Shape(3, 1, max(instructions, 1), max(constants, 1)))


def outputs(programs: Sequence[Program], leaves: Sequence[np.ndarray | float], shape: tuple[int, ...]) -> np.ndarray:
    """float64[n, *shape]: what programs with one output give for leaves that broadcast to this shape."""
    rows = np.stack([np.broadcast_to(leaf, shape).reshape(-1) for leaf in leaves])
    found = REFERENCE.outputs(packed(programs), rows, shape=shape)
    return np.asarray(found[:, 0].reshape(len(programs), *shape))


def at_the_start(program: Program, x: np.ndarray) -> np.ndarray:
    """float64[*x.shape]: outputs for images x, with the trainable leaves as they begin."""
    begin = [BEGIN[name] for name in program.signature.inputs[1:]]
    return np.asarray(outputs([program], [x, *begin], x.shape)[0])


def value_of(program: Program, value: int) -> Program:
    """The program that returns an inner value; see Program for the numbers of values."""
    return replace(program, results=(value,))


def behaviour(program: Program) -> Behaviour:
    """What is measured of a layer; see Behaviour."""
    degree, exact = _growth(program, X, [f * X for f in FAR])
    offsets = [_growth(program, X, [X + sign * f for f in FAR])[0] for sign in (1.0, -1.0)]
    return Behaviour(
        reads=reads(program),
        scale=_unnoticed(program, 8.0 * X, lambda x, factor: x * np.exp2(factor)),  # epsilons do not matter there
        shift=_unnoticed(program, 8.0 * X, lambda x, number: x + 8.0 * number),
        degree=degree,
        exact=exact,
        offset=max(offsets),
    )


def same(y: np.ndarray, z: np.ndarray) -> bool:
    """Whether all of z is as in y, but for SAME of its root mean square; NaN and infinities are like nothing."""
    if not (np.isfinite(y).all() and np.isfinite(z).all()):
        return False
    return bool(np.abs(y - z).max() <= SAME * np.sqrt(np.mean(y * y)))


def reads(program: Program) -> tuple[str, ...]:
    """See Behaviour: some elements of x are changed, and the others looked at, for trainable leaves of any values."""
    checkered = np.indices(SHAPE[3:]).sum(axis=0) % 2 == 0
    kept = {
        "pixels": np.broadcast_to(checkered, SHAPE),
        "channels": np.broadcast_to(np.arange(SHAPE[2])[:, None, None] == 0, SHAPE),
        "groups": np.broadcast_to(np.arange(SHAPE[1])[:, None, None, None] == 0, SHAPE),
        "images": np.broadcast_to(np.arange(SHAPE[0])[:, None, None, None, None] == 0, SHAPE),
    }
    (y,) = outputs([program], [X, *_TRAINED], SHAPE)
    changed = (outputs([program], [np.where(mask, X, OTHER), *_TRAINED], SHAPE)[0] for mask in kept.values())
    return tuple(name for (name, mask), z in zip(kept.items(), changed, strict=True) if not same(y[mask], z[mask]))


def _unnoticed(program: Program, x: np.ndarray, change: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> str | None:
    """The first of PARTS each of which may be changed by a number of its own, between -1 and 1."""
    y = at_the_start(program, x)
    if not np.isfinite(y).all() or same(y, np.broadcast_to(y.mean(), SHAPE)):
        return None
    generator = Generator(Philox(key=4))
    for name, shape in PARTS.items():
        if same(y, at_the_start(program, change(x, generator.uniform(-1.0, 1.0, shape)))):
            return name
    return None


def _growth(program: Program, x: np.ndarray, far: Sequence[np.ndarray]) -> tuple[float, bool]:
    """The power of its input that the output grows with between two far inputs; whether every element does so."""
    low, high = (at_the_start(program, f) for f in far)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return np.inf, False
    size_low, size_high = (np.sqrt(np.mean(v * v)) for v in (low, high))
    if size_low == 0.0 or size_high == 0.0:
        return -np.inf, size_low == size_high
    ratio = size_high / size_low
    exact = bool(np.abs(high - ratio * low).max() <= 0.02 * size_high)
    return float(np.log2(ratio) / np.log2(FAR[1] / FAR[0])), exact
