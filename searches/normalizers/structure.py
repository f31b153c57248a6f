"""The family of a layer of no known form: what is divided by which statistic, or what it does not notice. For reports.

The program is taken apart into factors; what each factor is, is measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from primitives.canonical import canonical
from primitives.images import MOMENTS, STATISTICS
from primitives.program import Program
from searches.normalizers.behaviour import (
    EVERY,
    FAR,
    OTHER,
    REFERENCE,
    SAME,
    Behaviour,
    X,
    at_the_start,
    behaviour,
    packed,
    reads,
    same,
    value_of,
)
from searches.normalizers.curves import curves
from searches.normalizers.programs import BEGIN, FLAT, POINT_SIGNATURE, SIGNATURE

_AXES = {  # statistic -> the axes of images that it is constant over
    "batch": (0, 3, 4),
    "layer": (1, 2, 3, 4),
    "group": (2, 3, 4),
    "instance": (3, 4),
}
_NORMALIZED = {
    "channel of an image": "instance",
    "channel of the batch": "batch",
    "group of channels of an image": "group",
    "image": "layer",
    "batch": "whole batch",
}
COMPOUND = "an expression with statistics"
_POINTS = np.linspace(-8.0, 8.0, 257)


def canonical_form(program: Program) -> Program:
    """The canonical form over all primitives of layers and pointwise functions."""
    return canonical(program, EVERY, flat=FLAT if program.signature == SIGNATURE else ())


def family(program: Program, measured: Behaviour | None = None) -> str:
    """A phrase for the structure of a layer; `measured` is its behaviour, where that is known already."""
    form = canonical_form(program)
    measured = measured or behaviour(form)
    y = at_the_start(form, X)
    if not np.isfinite(y).all():
        return "not finite for images of order one"
    if same(y, np.full_like(y, y.mean())):
        return "a constant as training begins"
    if not measured.reads:
        return f"{curve(form)}, no statistics"
    series = "B-type" if measured.batch else "S-type"
    above, below = _factors(form)
    if any(_is_larger_of_two(form, v) for v in below):
        return f"{series}: {_numerator(form, above)} over the larger of a batch statistic and an instance branch"
    if measured.scale is not None and measured.scale == measured.shift:
        return f"{series}: a function of {_NORMALIZED[measured.scale]}-normalized x"
    named = [_statistic(form, v) for v in below]
    statistic = " and ".join(named) if all(named) else ""
    numerator = _numerator(form, above)
    if statistic and numerator != COMPOUND:
        return f"{series}: {numerator} over {statistic}"
    if measured.scale is not None:
        return f"{series}: a function of x over a size of the {measured.scale}"
    if statistic:
        return f"{series}: {numerator} over {statistic}"
    return f"{series}: none of the known structures"


def statistics(program: Program) -> str:
    """The moments that the canonical program takes of what depends on x, by name; "none"."""
    form = canonical_form(program)
    moments = [p.name for p in MOMENTS]
    taken = {
        instruction.op
        for i, instruction in enumerate(form.instructions)
        if instruction.op in moments and _depends_on_x(value_of(form, form.n_leaves + i))
    }
    return ", ".join(name for name in moments if name in taken) or "none"


def _depends_on_x(program: Program) -> bool:
    with np.errstate(all="ignore"):
        return not np.array_equal(at_the_start(program, X), at_the_start(program, OTHER), equal_nan=True)


def curve(program: Program) -> str:
    """What a function of every element by itself looks like, with the trainable leaves as they begin."""
    found = curves(packed([_of_x_alone(program)]), REFERENCE)
    words = ["bounded" if found.bounded[0] else "unbounded"]
    words += ["odd"] if found.odd[0] else ["centred"] if found.centred[0] else []
    words += ["monotone"] if found.monotone[0] else []
    return f"{', '.join(words)} function{'' if found.sensitive[0] else ', flat at 0'}"


def _of_x_alone(program: Program) -> Program:
    """The program with the trainable leaves as they begin, whatever a caller gives for them."""
    n, begin = len(program.constants), [BEGIN[name] for name in program.signature.inputs[1:]]

    def fixed(v: int) -> int:
        return -n - v if 0 < v < program.n_leaves else v

    return Program(
        POINT_SIGNATURE,
        tuple(replace(i, args=tuple(map(fixed, i.args))) for i in program.instructions),
        (*program.constants, *begin),
        tuple(map(fixed, program.results)),
    )


def _on_points(program: Program, points: np.ndarray) -> np.ndarray:
    return at_the_start(program, points.reshape(1, 1, 1, 1, -1)).reshape(-1)


def _factors(form: Program) -> tuple[list[int], list[int]]:
    """Values whose products over one another are the output, but for what the trainable affine map can do."""
    above: list[int] = []
    below: list[int] = []

    def varies(v: int) -> bool:
        return v == 0 or v >= form.n_leaves

    def walk(v: int, here: list[int], there: list[int], outermost: bool) -> None:
        if v < form.n_leaves:
            here.extend([v] if varies(v) else [])
            return
        instruction = form.instructions[v - form.n_leaves]
        arguments = instruction.args
        if instruction.op in ("add", "sub") and outermost and not all(map(varies, arguments)):
            walk(next(a for a in arguments if varies(a)), here, there, True)
        elif instruction.op == "neg":
            walk(arguments[0], here, there, outermost)
        elif instruction.op in ("mul", "div"):
            number = not all(map(varies, arguments))
            walk(arguments[0], here, there, outermost and number)
            walk(arguments[1], *((here, there) if instruction.op == "mul" else (there, here)), outermost and number)
        else:
            here.append(v)

    walk(form.results[0], above, below, True)
    return above, below


def _is_larger_of_two(form: Program, v: int) -> bool:
    """Whether a value is the larger of a statistic of the batch and of something that varies from pixel to pixel and
    depends on others of its image."""
    instruction = form.instructions[v - form.n_leaves] if v >= form.n_leaves else None
    if instruction is None or instruction.op != "max":
        return False
    for one, other in (instruction.args, instruction.args[::-1]):
        branch = value_of(form, other)
        if _constant_over(form, one) == "batch" and _constant_over(form, other) is None and "pixels" in reads(branch):
            return True
    return False


def _constant_over(form: Program, v: int) -> str | None:
    """The statistic that a value is: it is the same for all elements that this averages over; None if not."""
    y = at_the_start(value_of(form, v), X)
    for name, axes in _AXES.items():
        if same(y, np.broadcast_to(y.mean(axis=axes, keepdims=True), y.shape)):
            return name
    return None


def _statistic(form: Program, v: int) -> str:
    """The same in words; "" for None."""
    name = _constant_over(form, v)
    if name is None:
        return ""
    op = form.instructions[v - form.n_leaves].op
    kind, _, over = op.partition("_")
    return f"{kind} of the {over}" if over in STATISTICS else f"a statistic of the {name}"


def _numerator(form: Program, above: list[int]) -> str:
    """What stands above the statistics."""
    parts = [value_of(form, v) for v in above]
    if any(reads(part) for part in parts):
        return COMPOUND
    x = _POINTS[_POINTS != 0.0]
    ends = np.array([-FAR[0], FAR[0]])
    with np.errstate(all="ignore"):
        gate = np.prod([_on_points(part, x) for part in parts], axis=0) / x
        low, high = np.prod([_on_points(part, ends) for part in parts], axis=0) / ends
    if not np.isfinite(gate).all() or not np.abs(gate).max() > 0.0:
        return "a function of x"
    gate, low, high = (v / np.abs(gate).max() for v in (gate, low, high))
    if np.ptp(gate) <= SAME:
        return "x"
    sides = [gate[x < 0], gate[x > 0]]
    if all(np.ptp(side) <= SAME for side in sides):
        return "rectified x" if min(np.abs(side).max() for side in sides) <= SAME else "x of two slopes"
    if min(abs(low), abs(high)) <= 1e-3 < max(abs(low), abs(high)) <= 1.1:
        return "gated x"
    return "a function of x"
