"""The algebraic rules of the canonical form, as text, and their compilation to tables.

`u v w` stand for any value, `c d k` for a constant, numbers for themselves; `!` marks an instruction that must be read once
only, so that taking it apart costs nothing; `if u > v` asks that u comes after v in the argument order. Every rule is an
identity of the reals wherever both sides are defined, and none adds an operation. The arguments of a commutative primitive
stand in the argument order (constants last); the outermost is tried in both orders. A rule is left out where the primitive
set lacks what it needs; arithmetic between constants is done at once and needs no primitive.
"""

from __future__ import annotations

import re
from collections import namedtuple
from functools import lru_cache

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

OPERATION, VALUE, CONSTANT, LITERAL = range(4)
ANYTHING, A_CONSTANT, A_LEAF = -3, -2, -1
MAX_NODES = 10
_VALUES, _CONSTANTS = "uvw", "cdk"
_TOKEN = re.compile(r"\s*(?:(\w+)\(|(\d+|[a-z])|([),!]))")

# Columns of the table of operations and, below, of a rule: flat integer arrays, because compiled code pays for every array
# it is handed. A node is (kind, number, mark): number is an opcode, a variable or a literal; mark is "read once" on the
# left, and the place in FOLDED (or -1) on the right.
ARITY, COMMUTES, FOLD, FIRST, LAST = range(5)
LEFT_SIZE, RIGHT_SIZE, LATER, EARLIER, HEAD_1, HEAD_2, EQUAL, LEFT = range(8)
RIGHT = LEFT + 3 * MAX_NODES
RULE_FIELDS = RIGHT + 3 * MAX_NODES

Tables = namedtuple("Tables", "operations rules")
"""operations int64[n_ops, 5]: the rules of an opcode are FIRST..LAST-1; rules int64[n, RULE_FIELDS]: the left side in
prefix order, the right side in postfix order; LATER > EARLIER is the condition, -1 if there is none.
HEAD_1 and HEAD_2 are what the first two arguments must be: an opcode, A_CONSTANT or ANYTHING; EQUAL: both the same value."""


def _parse(text: str) -> tuple[object, ...] | str | float:
    """A side of a rule: (name, read once, arguments), a variable or a number."""
    position = 0

    def expression() -> tuple[object, ...] | str | float:
        nonlocal position
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError(f"bad rule: {text!r} at {position}")
        position = match.end()
        if not match[1]:
            return match[2] if match[2].isalpha() else float(match[2])
        arguments = []
        while True:
            arguments.append(expression())
            closing = text[position]
            position += 1
            if closing == ")":
                break
        lone = text[position : position + 1] == "!"
        position += lone
        return (match[1], lone, arguments)

    return expression()


def _variable(name: str) -> int:
    return (_VALUES + _CONSTANTS).index(name)


def _nodes(side: object, primitives: PrimitiveSet, prefix: bool) -> list[tuple[int, int, int]] | None:
    """The nodes of a side; None where the set lacks a primitive."""
    if isinstance(side, str):
        return [(VALUE if side in _VALUES else CONSTANT, _variable(side), 0)]
    if isinstance(side, float):
        return [(LITERAL, int(side), 0)]
    name, lone, arguments = side  # type: ignore[misc]
    below = []
    for argument in arguments:
        nodes = _nodes(argument, primitives, prefix)
        if nodes is None:
            return None
        below.append(nodes)
    constant = all(n[-1][0] in (CONSTANT, LITERAL) or (n[-1][0] == OPERATION and n[-1][2] >= 0) for n in below)
    fold = FOLDED.index(name) if not prefix and constant and name in FOLDED else -1
    opcode = primitives.index.get(name, -1)
    if opcode < 0 and fold < 0:
        return None
    mine = [(OPERATION, opcode, int(lone) if prefix else fold)]
    flat = [node for n in below for node in n]
    return mine + flat if prefix else flat + mine


def _head(side: object, primitives: PrimitiveSet) -> int:
    if isinstance(side, str):
        return ANYTHING if side in _VALUES else A_CONSTANT
    return A_CONSTANT if isinstance(side, float) else primitives.index[side[0]]  # type: ignore[index]


def rules(free_constants: bool) -> list[str]:
    """The rules in force, in the order in which they are tried."""
    text = FREE + ANYWHERE if free_constants else FIXED + ANYWHERE
    return [line for line in text.splitlines() if line]


@lru_cache
def tables(primitives: PrimitiveSet, free_constants: bool) -> Tables:
    """The compiled rules of a primitive set."""
    by_opcode: list[list[np.ndarray]] = [[] for _ in primitives]
    for rule in rules(free_constants):
        body, _, condition = rule.partition(" if ")
        left, _, right = body.partition(" -> ")
        a, b = _nodes(_parse(left), primitives, True), _nodes(_parse(right), primitives, False)
        if a is None or b is None:
            continue
        row = np.zeros(RULE_FIELDS, np.int64)
        row[LEFT_SIZE], row[RIGHT_SIZE] = len(a), len(b)
        row[LATER], row[EARLIER] = map(_variable, condition.split(" > ")) if condition else (-1, -1)
        arguments = _parse(left)[2]  # type: ignore[index]
        row[HEAD_1] = _head(arguments[0], primitives)
        row[HEAD_2] = _head(arguments[1], primitives) if len(arguments) > 1 else ANYTHING
        row[EQUAL] = len(arguments) > 1 and arguments[0] == arguments[1]
        row[LEFT : LEFT + 3 * len(a)] = np.ravel(a)
        row[RIGHT : RIGHT + 3 * len(b)] = np.ravel(b)
        by_opcode[a[0][1]].append(row)
    flat = [row for group in by_opcode for row in group]
    first = np.cumsum([0] + [len(group) for group in by_opcode])
    fold = [FOLDED.index(p.name) if p.name in FOLDED else -1 for p in primitives]
    operations = np.stack([primitives.arity, primitives.commutative, fold, first[:-1], first[1:]], axis=1)
    return Tables(operations.astype(np.int64), np.array(flat, np.int64).reshape(-1, RULE_FIELDS))
