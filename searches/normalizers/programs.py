"""The signatures of layers, the primitive sets that they are made of, and the programs that searches start from."""

from __future__ import annotations

from collections.abc import Sequence

from primitives.images import BY_IMAGE, LAYERS, POINTWISE
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.text import parse

# A batch of images, and two trainable numbers a channel that begin at 0 and at 1, as in arXiv 2004.02967.
SIGNATURE = Signature(("x", "v0", "v1"), ("y",))
# A batch of tokens, and two trainable numbers that begin at 1/2 and at 0: alpha and s of arXiv 2512.10938.
POINT_SIGNATURE = Signature(("x", "a", "s"), ("y",))
# Axes of the batch over which each leaf of SIGNATURE does not vary.
FLAT = ("", "bhw", "bhw")
BEGIN = {"v0": 0.0, "v1": 1.0, "a": 0.5, "s": 0.0}

SETS = {"layers": LAYERS, "by_image": BY_IMAGE, "pointwise": POINTWISE}


def primitive_set(names: Sequence[str]) -> PrimitiveSet:
    """The set of these names, or of one name for a whole set. Raises UnknownPrimitive, or ValueError for one twice."""
    if len(names) == 1 and names[0] in SETS:
        return SETS[names[0]]
    every = PrimitiveSet(tuple({p.name: p for p in (*LAYERS, *POINTWISE)}.values()))
    return every.subset(*names)


def identity(signature: Signature, primitives: PrimitiveSet) -> Program:
    """The layer that does nothing: what searches start from."""
    return parse("y = x", signature, primitives)
