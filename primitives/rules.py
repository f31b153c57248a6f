"""The algebraic rules of the canonical form, as text, and their compilation to a table.

`u v w` stand for any value, `c d k` for a constant, numbers for themselves; `!` marks an instruction that must be
read once only, so that taking it apart costs nothing. Every rule is an identity of the reals wherever both sides are
defined, and none adds an operation. The arguments of a commutative primitive stand in the argument order (constants
last); the outermost is tried in both orders. `if u > v` asks that u comes after v in that order, except that an
operation like the outermost that is read once comes before all else: so chains of sums lean to one side, and then are
sorted. A rule is left out where the primitive set lacks what it needs; arithmetic between constants is done at once
and needs no primitive.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from primitives.primitive import PrimitiveSet

ANYWHERE = """
add(add(v, c), k) -> add(v, add(c, k))
add(sub(c, v), k) -> sub(add(c, k), v)
add(u, neg(v)) -> sub(u, v)
sub(u, u) -> 0
sub(u, k) -> add(u, sub(0, k))
sub(k, add(v, c)) -> sub(sub(k, c), v)
sub(k, sub(c, v)) -> add(v, sub(k, c))
sub(u, neg(v)) -> add(u, v)
mul(mul(v, c), k) -> mul(v, mul(c, k))
mul(div(c, v), k) -> div(mul(c, k), v)
mul(u, reciprocal(v)) -> div(u, v)
mul(u, u) -> square(u)
div(u, u) -> 1
div(k, mul(v, c)) -> div(div(k, c), v)
div(k, div(c, v)) -> mul(v, div(k, c))
div(u, abs(u)) -> sign(u)
div(u, reciprocal(v)) -> mul(u, v)
neg(neg(v)) -> v
neg(sub(u, v)) -> sub(v, u)
abs(neg(v)) -> abs(v)
abs(abs(v)) -> abs(v)
abs(square(v)) -> square(v)
square(neg(v)) -> square(v)
square(abs(v)) -> square(v)
sqrt(square(v)) -> abs(v)
reciprocal(reciprocal(v)) -> v
log(exp(v)) -> v
log2(exp2(v)) -> v
sign(sign(v)) -> sign(v)
round(round(v)) -> round(v)
min(u, u) -> u
max(u, u) -> u
interp(u, u, w) -> u
interp(u, interp(u, v, c), k) -> interp(u, v, mul(c, k))
"""

# Where constants have a value of their own.
FIXED = """
add(u, 0) -> u
sub(0, u) -> neg(u)
mul(u, 1) -> u
mul(u, 0) -> 0
div(u, 1) -> u
interp(u, v, 0) -> u
interp(u, v, 1) -> v
"""

# Where the score fits the constants: they move outwards and merge, and the more general of two forms is kept.
FREE = """
add(u, add(v, c)!) -> add(add(u, v), c)
add(u, sub(c, v)!) -> add(sub(u, v), c)
add(u, add(v, w)!) -> add(add(u, v), w) if w > u
add(u, add(v, w)!) -> add(add(u, w), v) if v > u
sub(k, mul(v, c)!) -> add(mul(v, sub(0, c)), k)
sub(k, div(c, v)!) -> add(div(sub(0, c), v), k)
sub(k, sub(u, v)!) -> add(sub(v, u), k)
sub(u, add(v, c)!) -> add(sub(u, v), sub(0, c))
sub(add(v, c)!, u) -> add(sub(v, u), c)
sub(u, sub(c, v)!) -> add(add(u, v), sub(0, c))
sub(sub(c, v)!, u) -> sub(c, add(v, u))
sub(u, mul(v, c)!) -> add(u, mul(v, sub(0, c)))
sub(u, div(c, v)!) -> add(u, div(sub(0, c), v))
mul(add(v, c)!, k) -> add(mul(v, k), mul(c, k))
mul(sub(c, v)!, k) -> add(mul(v, sub(0, k)), mul(c, k))
mul(sub(u, v)!, k) -> mul(sub(v, u), sub(0, k)) if u > v
mul(u, mul(v, c)!) -> mul(mul(u, v), c)
mul(u, div(c, v)!) -> mul(div(u, v), c)
mul(u, mul(v, w)!) -> mul(mul(u, v), w) if w > u
mul(u, mul(v, w)!) -> mul(mul(u, w), v) if v > u
div(u, k) -> mul(u, div(1, k))
div(k, add(mul(v, c)!, d)!) -> div(div(k, c), add(v, div(d, c)))
div(k, div(u, v)!) -> mul(div(v, u), k)
div(k, sub(u, v)!) -> div(sub(0, k), sub(v, u)) if u > v
div(u, mul(v, c)!) -> mul(div(u, v), div(1, c))
div(mul(v, c)!, u) -> mul(div(v, u), c)
div(u, div(c, v)!) -> mul(mul(u, v), div(1, c))
div(div(u, v)!, w) -> div(u, mul(v, w))
div(u, div(v, w)!) -> div(mul(u, w), v)
"""

# Primitives whose value on constants the canonical form computes; their number is what compiled code knows them by.
FOLDED = ("add", "sub", "mul", "div", "neg", "abs", "square", "sqrt", "reciprocal", "interp")

# The compiled rules are one flat array of int64, because compiled code pays for every array it is handed. What stands
# at the head of a value is LEAF, CONSTANT or FIRST_OPERATION + opcode; the table starts with a record for each:
#   ARITY, COMMUTES, FOLD (place in FOLDED, or -1; of arity 0, the bits of its value), CLASS (heads that no rule tells
#   apart share one), and the dispatch of its rules: for classes a and b of the first two arguments,
#   table[DISPATCH + a * STRIDE + b] is the address of a list of rules (0 if there are none); b is STRIDE - 1 where both
#   are the same value.
# A list ends with 0; a negative address means that the first two arguments change places.
# A rule is the numbers of its checks and of its steps, then the slot of its result, then checks and steps. It works on
# slots: 0, 1, 2 hold the arguments; a check OPEN fills the next three, a step the next one.
LEAF, CONSTANT, FIRST_OPERATION = range(3)
ARITY, COMMUTES, FOLD, CLASS, DISPATCH, STRIDE, RECORD = range(7)
CHECKS, STEPS, RESULT, RULE = range(4)
OPEN, IS_CONSTANT, IS_NUMBER, IS_SAME, IS_LATER = range(5)
CHECK = 4  # kind, slot and two operands: OPEN head read-once; IS_NUMBER number; IS_SAME slot; IS_LATER slot head
STEP = 6  # head, place in FOLDED (-1: not of constants), arity, three slots; or NUMBER and the number
NUMBER = 0
SLOTS = 32
_CONSTANTS = "cdk"
_TOKEN = re.compile(r"\s*(?:(\w+)\(|(\d+|[a-z]))")

Side = tuple[str, bool, list[Any]] | str | float


def rules(free_constants: bool) -> list[str]:
    """The rules in force, in the order in which they are tried."""
    text = FREE + ANYWHERE if free_constants else FIXED + ANYWHERE
    return [line for line in text.splitlines() if line]


def parse(rule: str) -> tuple[Side, Side, tuple[str, ...]]:
    """Left side, right side and condition (later, earlier), if any, of a rule. A side is an operation
    (name, read once, arguments), a variable or a number."""
    body, _, condition = rule.partition(" if ")
    left, _, right = body.partition(" -> ")
    return _parse(left), _parse(right), tuple(condition.split(" > ")) if condition else ()


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
    left, right, condition = parse(rule)
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
            steps.append([NUMBER, int(side), 0, 0, 0, 0])
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
    if condition:
        checks.append([IS_LATER, bound[condition[0]], bound[condition[1]], _head(left[0], primitives)])
    result, _ = build(right)
    assert slots <= SLOTS, rule
    return [len(checks), len(steps), result, *(n for row in checks + steps for n in row)]


def _may_be(side: Side, head: int, primitives: PrimitiveSet) -> bool:
    """Whether a value with this head can be this side of a rule."""
    if isinstance(side, tuple):
        return head == _head(side[0], primitives)
    return head == CONSTANT if isinstance(side, float) or side in _CONSTANTS else True


@lru_cache
def table(primitives: PrimitiveSet, free_constants: bool) -> np.ndarray:
    """The compiled rules of a primitive set: int64[n]."""
    applicable: dict[str, list[tuple[list[Side], list[int]]]] = {}
    for rule in rules(free_constants):
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
        flat += [p.arity, p.commutative, fold, number, 0, stride]
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
