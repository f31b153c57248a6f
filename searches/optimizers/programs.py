"""The signature of an optimizer, and the program that the search starts from."""

from __future__ import annotations

from collections.abc import Sequence

from primitives.hero import HERO, REDUCED
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.text import parse
from searches.optimizers.config import WarmStart

# One step on every weight: the weight, its gradient, the schedule's value (1 at its peak); what is subtracted from the
# weight; two numbers that a weight carries along, zero at first. As in the paper.
SIGNATURE = Signature(("w", "g", "lr"), ("update",), ("m", "v"))
# The same with the number of the step, 1 at the first: what published optimizers need that correct the bias of their
# averages. The search does not have it.
STEPPED = Signature(("w", "g", "lr", "t"), ("update",), ("m", "v"))

# Program 2 of arXiv 2302.06675: AdamW in nine statements, neither epsilon nor bias correction.
ADAMW = """\
g2 = square(g)
m = interp(g, m, {beta1!r})
v = interp(g2, v, {beta2!r})
sqrt_v = sqrt(v)
update = m / sqrt_v
wd = w * {decay!r}
update = update + wd
lr = lr * {rate!r}
update = update * lr
"""
SCRATCH = """\
lr = lr * {rate!r}
update = g * lr
"""


SETS = {"all": HERO, "reduced": REDUCED}


def primitive_set(names: Sequence[str]) -> PrimitiveSet:
    """The set of these names, or of one name for a whole set. Raises UnknownPrimitive, or ValueError for one twice."""
    return SETS[names[0]] if len(names) == 1 and names[0] in SETS else HERO.subset(*names)


def warm_start(settings: WarmStart, primitives: PrimitiveSet = HERO) -> Program:
    """The program that the search starts from. Raises ValueError where the set cannot express it, or it is none."""
    if settings.form == "program":
        return parse(settings.program, SIGNATURE, primitives)
    text = ADAMW if settings.form == "adamw" else SCRATCH
    return parse(text.format(**settings.model_dump()), SIGNATURE, primitives)
