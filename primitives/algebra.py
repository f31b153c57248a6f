"""Building a program bottom-up in its canonical form, compiled: `emit` gives the value of an instruction, simplified."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
from numba import njit

from primitives.philox import mix
from primitives.rules import CONSTANT, LITERAL, MAX_NODES, OPERATION, VALUE

_DEEPEST = 16
_VARIABLES = 6

Build = namedtuple("Build", "tables code hash uses const count scratch n_leaves free")
"""A program under construction: code[., 4] with a hash and the number of readers of each instruction, constants,
count = [instructions, constants]; scratch[depth, .] holds what the rules bind."""


@njit(cache=True, nogil=True)
def constant(b, value):
    """A new constant; equal ones are shared unless constants are free."""
    n = b.count[1]
    if not b.free:
        for k in range(n):
            if b.const[k] == value and math.copysign(1.0, b.const[k]) == math.copysign(1.0, value):
                return -1 - k
    b.const[n] = value
    b.count[1] = n + 1
    return -1 - n


@njit(cache=True, nogil=True)
def hash_of(b, v):
    """A hash of the expression below a value; free constants all look alike."""
    if v >= b.n_leaves:
        return b.hash[v - b.n_leaves]
    if v >= 0:
        return mix(np.uint64(v), np.uint64(17))
    if b.free:
        return np.uint64(3)
    return mix(b.const.view(np.uint64)[-1 - v], np.uint64(5))


@njit(cache=True, nogil=True)
def later(b, x, y):
    """Whether x comes after y in the argument order: constants last, then by hash."""
    if (x < 0) != (y < 0):
        return x < 0
    hx, hy = hash_of(b, x), hash_of(b, y)
    return hx > hy if hx != hy else x > y


@njit(cache=True, nogil=True)
def _append(b, op, x, y, z):
    """The instruction itself: an equal one already there, or a new one."""
    arity = b.tables.arity[op]
    h = mix(np.uint64(op), hash_of(b, x))
    if arity > 1:
        h = mix(h, hash_of(b, y))
    if arity > 2:
        h = mix(h, hash_of(b, z))
    n = b.count[0]
    for i in range(n):
        if b.hash[i] == h and b.code[i, 0] == op and b.code[i, 1] == x and b.code[i, 2] == y and b.code[i, 3] == z:
            return b.n_leaves + i
    b.code[n, 0], b.code[n, 1], b.code[n, 2], b.code[n, 3] = op, x, y, z
    b.hash[n] = h
    b.uses[n] = 1
    b.count[0] = n + 1
    return b.n_leaves + n


@njit(cache=True, nogil=True)
def _fold(number, x, y, z, free):
    """(known, value) of primitive FOLDED[number] on constants. A free constant may take any value: 1/0 becomes 1."""
    if number == 0:
        return True, x + y
    if number == 1:
        return True, x - y
    if number == 2:
        return True, x * y
    if number == 3:
        return (True, x / y) if y != 0.0 else (free, 1.0)
    if number == 4:
        return True, -x
    if number == 5:
        return True, abs(x)
    if number == 6:
        return True, x * x
    if number == 7:
        return (True, math.sqrt(x)) if x >= 0.0 else (free, 1.0)
    if number == 8:
        return (True, 1.0 / x) if x != 0.0 else (free, 1.0)
    return True, (1.0 - z) * x + z * y


@njit(cache=True, nogil=True)
def _folded(b, number, arity, x, y, z):
    """(known, constant) of a primitive all of whose arguments are constants."""
    if number < 0 or x >= 0 or (arity > 1 and y >= 0) or (arity > 2 and z >= 0):
        return False, np.int64(0)
    y_value = b.const[-1 - y] if arity > 1 else 0.0
    z_value = b.const[-1 - z] if arity > 2 else 0.0
    known, value = _fold(number, b.const[-1 - x], y_value, z_value, b.free)
    return known, (constant(b, value) if known else np.int64(0))


@njit(cache=True, nogil=True)
def _match(b, rule, x, y, z, bound, stack):
    """Whether the left side of a rule fits; bound[variable] then holds the values."""
    t = b.tables
    bound[:_VARIABLES] = _UNBOUND
    stack[0], stack[1], stack[2] = z, y, x
    top = 3
    for node in range(1, t.size[rule, 0]):
        top -= 1
        v = stack[top]
        kind, number = t.left[rule, node, 0], t.left[rule, node, 1]
        if kind == OPERATION:
            i = v - b.n_leaves
            if i < 0 or b.code[i, 0] != number or (t.left[rule, node, 2] == 1 and b.uses[i] > 1):
                return False
            for k in range(t.arity[number] - 1, -1, -1):
                stack[top] = b.code[i, 1 + k]
                top += 1
        elif kind == LITERAL:
            if v >= 0 or b.const[-1 - v] != t.literal[rule, 0, node]:
                return False
        else:
            if kind == CONSTANT and v >= 0:
                return False
            if bound[number] == _UNBOUND:
                bound[number] = v
            elif bound[number] != v:
                return False
    return t.later[rule, 0] < 0 or later(b, bound[t.later[rule, 0]], bound[t.later[rule, 1]])


_UNBOUND = np.int64(1 << 40)


@njit(cache=True, nogil=True)
def emit(b, op, x, y, z, depth):
    """The value of `op(x, y, z)` over values already in the build; unused arguments are 0."""
    t = b.tables
    arity = t.arity[op]
    known, value = _folded(b, t.fold[op], arity, x, y, z)
    if known:
        return value
    commutes = t.commutative[op]
    if commutes and later(b, x, y):
        x, y = y, x
    if depth < _DEEPEST:
        bound = b.scratch[depth, : _VARIABLES]
        stack = b.scratch[depth, _VARIABLES:]
        for rule in range(t.first[op], t.first[op + 1]):
            if not _match_either(b, rule, op, x, y, z, commutes, bound, stack):
                continue
            top = 0
            for node in range(t.size[rule, 1]):
                kind, number = t.right[rule, node, 0], t.right[rule, node, 1]
                if kind == VALUE or kind == CONSTANT:
                    stack[top] = bound[number]
                elif kind == LITERAL:
                    stack[top] = constant(b, t.literal[rule, 1, node])
                else:
                    fold = t.right[rule, node, 2]
                    n = t.arity[number] if fold < 0 else _FOLD_ARITY[fold]
                    top -= n
                    p = stack[top]
                    q = stack[top + 1] if n > 1 else np.int64(0)
                    r = stack[top + 2] if n > 2 else np.int64(0)
                    known, value = _folded(b, fold, n, p, q, r)
                    if not known:
                        if number < 0:
                            break
                        value = emit(b, number, p, q, r, depth + 1)
                    stack[top] = value
                top += 1
            else:
                return stack[0]
    return _append(b, op, x, y, z)


_FOLD_ARITY = np.array([2, 2, 2, 2, 1, 1, 1, 1, 1, 3])


@njit(cache=True, nogil=True)
def _match_either(b, rule, op, x, y, z, commutes, bound, stack):
    """`_match`, in both argument orders where the primitive commutes."""
    if _match(b, rule, x, y, z, bound, stack):
        return True
    return commutes and y >= 0 and _match(b, rule, y, x, z, bound, stack)


def scratch() -> np.ndarray:
    """The `scratch` of a Build."""
    return np.zeros((_DEEPEST, _VARIABLES + 4 * MAX_NODES), np.int64)
