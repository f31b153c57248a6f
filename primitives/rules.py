"""The rules of the canonical form, compiled to a table: `identities` and `moments` have them as text."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from primitives.identities import ANYWHERE, FIXED, FREE, IEEE, PARTIAL, TOTAL
from primitives.moments import MOMENTS
from primitives.primitive import AXES, Primitive, PrimitiveSet

# What may be known of a value: that it is finite and not negative where the leaves are finite, and that it is not zero
# either. (Of reals: exp is never zero.) PROOFS says how it follows from what is known of the arguments.
NOT_NEGATIVE, POSITIVE = 1, 2  # bits
SIGNS = NOT_NEGATIVE | POSITIVE
(NO_PROOF, OF_SIZE, OF_EXP, OF_SAME_SIGN, OF_RECIPROCAL, OF_SUM, OF_PRODUCT, OF_QUOTIENT, OF_MAX, OF_MIN, OF_INTERP,
 OF_CLIP, OF_POWER) = range(13)  # fmt: skip
PROOFS = {
    **dict.fromkeys(("abs", "square", "sqrt", "norm", "global_norm"), OF_SIZE),
    **dict.fromkeys(("exp", "exp2", "exp10", "cosh", "sigmoid"), OF_EXP),
    **dict.fromkeys(
        ("tanh", "sinh", "arctan", "arcsinh", "expm1", "log1p", "cube", "cbrt", "sign", "erf", "ssqrt"), OF_SAME_SIGN
    ),
    "reciprocal": OF_RECIPROCAL, "add": OF_SUM, "mul": OF_PRODUCT, "div": OF_QUOTIENT, "max": OF_MAX, "min": OF_MIN,
    "interp": OF_INTERP, "clip": OF_CLIP, "power": OF_POWER,
    "mean": OF_SAME_SIGN, "rms": OF_EXP, "std": OF_EXP,  # over whatever axes
}  # fmt: skip

# What may be known besides, of a batch of images: the axes over which a value is one number, a bit each of FLAT. A
# proof says so too: what is flat is what the first argument is (OF_FIRST) or both are (OF_BOTH), and, FLAT_SHIFT bits
# up, the axes that a moment averages.
_FIRST_AXIS = 2
FLAT = (2 ** len(AXES) - 1) << _FIRST_AXIS
OF_FIRST, OF_BOTH, FLAT_SHIFT = 16, 32, 5

# Primitives whose value on constants the canonical form computes; their number is what compiled code knows them by.
FOLDED = (
    "add", "sub", "mul", "div", "neg", "abs", "square", "sqrt", "reciprocal", "interp", "min", "max",
    "sign", "exp", "tanh", "sigmoid", "slog", "ssqrt", "erf",
)  # fmt: skip

# The compiled rules are one flat array of int64, because compiled code pays for every array it is handed. What stands
# at the head of a value is LEAF, CONSTANT or FIRST_OPERATION + opcode; the table starts with a record for each:
#   ARITY, COMMUTES, FOLD (place in FOLDED, or -1; of arity 0, the bits of its value), PROOF (see PROOFS), CLASS (heads
#   that no rule tells apart share one), and the dispatch of its rules: for classes a and b of the first two arguments,
#   table[DISPATCH + a * STRIDE + b] is the address of a list of rules (0 if there are none); b is STRIDE - 1 where both
#   are the same value.
# A list ends with 0; a negative address means that the first two arguments change places.
# A rule is the numbers of its checks and of its steps, then the slot of its result, then checks and steps. It works on
# slots: 0, 1, 2 hold the arguments; a check OPEN fills the next three, a step the next one.
LEAF, CONSTANT, FIRST_OPERATION = range(3)
ARITY, COMMUTES, FOLD, PROOF, CLASS, DISPATCH, STRIDE, RECORD = range(8)
CHECKS, STEPS, RESULT, RULE = range(4)
OPEN, IS_CONSTANT, IS_NUMBER, IS_SAME, IS_LATER, IS_ABOVE, IS_BELOW, IS_PROVED = range(8)
# kind, slot and two operands: OPEN head read-once; IS_NUMBER number; IS_SAME slot; IS_LATER slot head; IS_ABOVE and
# IS_BELOW the bits of a number; IS_PROVED bits of what is known
CHECK = 4
STEP = 6  # head, place in FOLDED (-1: not of constants), arity, three slots; or NUMBER and the bits of the number
NUMBER = 0
SLOTS = 32
_CONSTANTS = "cdk"
_TOKEN = re.compile(r"\s*(?:(\w+)\(|(\d+(?:e-\d+)?|[a-z]))")

Side = tuple[str, bool, list[Any]] | str | float


def is_total(primitives: PrimitiveSet) -> bool:
    """Whether, in this set, 0/0 is 0 and roots and logarithms take |x|."""
    with np.errstate(all="ignore"):
        at = {"div": (0.0, 0.0), "sqrt": (-1.0,), "log": (-1.0,)}
        known = [
            primitives[primitives.index[n]].numpy(*map(np.asarray, x)) for n, x in at.items() if n in primitives.index
        ]
    return "div" in primitives.index and not np.isnan(known).any()


def is_flat(axes: str) -> int:
    """What is known of a value that is one number over these axes: bits of FLAT."""
    return sum(1 << (_FIRST_AXIS + AXES.index(axis)) for axis in axes)


def averages(primitives: PrimitiveSet) -> bool:
    """Whether a set has moments over the axes of a batch of images."""
    return any(p.over not in ("", "leaf", "tree") for p in primitives)


def counts(primitives: PrimitiveSet, free_constants: bool) -> bool:
    """Whether rules ask how often a value is read, and what is proved of it. Of a set that cannot divide none do."""
    return free_constants or "div" in primitives.index


def rules(free_constants: bool, total: bool, divides: bool = True) -> list[str]:
    """The rules in force, in the order in which they are tried."""
    of_division = TOTAL if total else IEEE + MOMENTS + "\n" if divides else ""
    text = FREE if free_constants else FIXED + of_division
    return [line for line in (text + ANYWHERE).splitlines() if line and not (total and line == PARTIAL)]


def parse(rule: str) -> tuple[Side, Side, list[tuple[str, str, str]]]:
    """Left side, right side and conditions of a rule. A side is an operation (name, read once, arguments), a variable
    or a number; a condition is (variable, relation, variable or number)."""
    body, _, given = rule.partition(" if ")
    left, _, right = body.partition(" -> ")
    conditions = []
    for condition in given.split(" and ") if given else []:
        variable, relation, other = condition.split()
        conditions.append((variable, relation, other))
    return _parse(left), _parse(right), conditions


def _parse(text: str) -> Side:
    position = 0

    def expression() -> Side:
        nonlocal position
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError(f"bad rule: {text!r} at {position}")
        position = match.end()
        if not match[1]:
            return match[2] if match[2].isalpha() else float(match[2])
        arguments: list[Side] = []
        while not arguments or text[position - 1] == ",":
            arguments.append(expression())
            position += 1
        lone = text[position : position + 1] == "!"
        position += lone
        return match[1], lone, arguments

    return expression()


class _Lacking(Exception):
    """The set lacks a primitive that the rule needs."""


def _head(name: str, primitives: PrimitiveSet) -> int:
    if name not in primitives.index:
        raise _Lacking
    return FIRST_OPERATION + primitives.index[name]


def _compile(rule: str, primitives: PrimitiveSet) -> list[int]:
    """A rule as numbers: see above."""
    left, right, conditions = parse(rule)
    bound: dict[str, int] = {}
    checks: list[list[int]] = []
    steps: list[list[int]] = []
    slots = 3

    def check(side: Side, slot: int) -> None:
        nonlocal slots
        if isinstance(side, float):
            checks.append([IS_NUMBER, slot, int(side), 0])
        elif isinstance(side, str):
            if side in bound:
                checks.append([IS_SAME, slot, bound[side], 0])
            elif side in _CONSTANTS:
                checks.append([IS_CONSTANT, slot, 0, 0])
            bound.setdefault(side, slot)
        else:
            checks.append([OPEN, slot, _head(side[0], primitives), int(side[1])])
            first, slots = slots, slots + 3
            for k, argument in enumerate(side[2]):
                check(argument, first + k)

    def build(side: Side) -> tuple[int, bool]:
        """The slot of a side, and whether it may be a constant."""
        nonlocal slots
        if isinstance(side, str):
            return bound[side], side in _CONSTANTS
        if isinstance(side, float):
            steps.append([NUMBER, int(np.float64(side).view(np.int64)), 0, 0, 0, 0])
            constant = True
        else:
            below = [build(argument) for argument in side[2]]
            constant = all(c for _, c in below) and side[0] in FOLDED
            head = -1 if constant else _head(side[0], primitives)
            arguments = [slot for slot, _ in below] + [0, 0]
            steps.append([head, FOLDED.index(side[0]) if constant else -1, len(below), *arguments[:3]])
        slots += 1
        return slots - 1, constant

    assert isinstance(left, tuple)
    for k, argument in enumerate(left[2]):
        check(argument, k)
    for variable, relation, other in conditions:
        slot = bound[variable]
        if relation == "flat":
            checks.append([IS_PROVED, slot, is_flat(other), 0])
        elif other in bound:
            checks.append([IS_LATER, slot, bound[other], _head(left[0], primitives)])
        elif variable in _CONSTANTS:
            bits = int(np.float64(other).view(np.int64))
            checks.append([IS_ABOVE if relation == ">" else IS_BELOW, slot, bits, 0])
        else:
            checks.append([IS_PROVED, slot, POSITIVE if relation == ">" else NOT_NEGATIVE, 0])
    result, _ = build(right)
    assert slots <= SLOTS, rule
    return [len(checks), len(steps), result, *(n for row in checks + steps for n in row)]


def _may_be(side: Side, head: int, primitives: PrimitiveSet) -> bool:
    """Whether a value with this head can be this side of a rule."""
    if isinstance(side, tuple):
        return head == _head(side[0], primitives)
    return head == CONSTANT if isinstance(side, float) or side in _CONSTANTS else True


def _proof(primitive: Primitive, images: bool) -> int:
    """What follows for the value of a primitive; in a set that averages over images, where it is flat too."""
    moment = averages(PrimitiveSet((primitive,)))
    sign = PROOFS.get(primitive.name.partition("_")[0] if moment else primitive.name, NO_PROOF)
    if not images or primitive.over in ("leaf", "tree"):
        return sign
    of = {1: OF_FIRST, 2: OF_BOTH}.get(primitive.arity, 0)
    return sign | of | is_flat(primitive.over) << FLAT_SHIFT


@lru_cache
def table(primitives: PrimitiveSet, free_constants: bool) -> np.ndarray:
    """The compiled rules of a primitive set: int64[n]."""
    applicable: dict[str, list[tuple[list[Side], list[int]]]] = {}
    total, counted = is_total(primitives), counts(primitives, free_constants)
    for rule in rules(free_constants, total, "div" in primitives.index):
        left = parse(rule)[0]
        assert isinstance(left, tuple)
        if left[0] in primitives.index:
            with suppress(_Lacking):
                applicable.setdefault(left[0], []).append((left[2], _compile(rule, primitives)))
    arguments = [a for group in applicable.values() for sides, _ in group for a in sides[:2] if isinstance(a, tuple)]
    told_apart = [LEAF, CONSTANT, *sorted({_head(name, primitives) for name, _, _ in arguments})]
    stride = len(told_apart) + 1
    flat = [0] * RECORD * FIRST_OPERATION
    flat[RECORD * CONSTANT + CLASS] = told_apart.index(CONSTANT)
    for opcode, p in enumerate(primitives):
        head = FIRST_OPERATION + opcode
        number = told_apart.index(head) if head in told_apart else told_apart.index(LEAF)
        fold = FOLDED.index(p.name) if p.name in FOLDED else -1
        if p.arity == 0:
            fold = int(np.float64(p.numpy()).view(np.int64))
        proof = _proof(p, averages(primitives)) if counted and not free_constants else NO_PROOF
        flat += [p.arity, p.commutative, fold, proof, number, 0, stride]
    lists: dict[tuple[int, ...], int] = {(): 0}
    for name, group in applicable.items():
        p = primitives[primitives.index[name]]
        addresses = []
        for _, numbers in group:
            addresses.append(len(flat))
            flat += numbers
        block = []
        for a in told_apart:
            for b in [*told_apart, -1]:
                found = []
                for (sides, _), address in zip(group, addresses, strict=True):
                    first, second = sides[0], sides[1] if p.arity > 1 else "v"
                    other = a if b < 0 else b
                    if p.arity > 1 and first == second and b >= 0:
                        continue
                    if _may_be(first, a, primitives) and _may_be(second, other, primitives):
                        found.append(address)
                    swaps = p.commutative and b >= 0 and b != CONSTANT
                    if swaps and _may_be(first, other, primitives) and _may_be(second, a, primitives):
                        found.append(-address)
                if tuple(found) not in lists:
                    lists[tuple(found)] = len(flat)
                    flat += [*found, 0]
                block.append(lists[tuple(found)])
        flat[RECORD * _head(name, primitives) + DISPATCH] = len(flat)
        flat += block
    return np.array(flat, np.int64)
