"""Building a program bottom-up in its canonical form, compiled: `emit` gives the value of an instruction, simplified.

A build is `code` int64[., 6] (opcode, three arguments, hash, readers), `const` float64[.] with its `bits` (the same memory as
uint64) and `info` (instructions, constants, leaves, whether constants are free, whether a rule fired). Values are numbered as in a Program.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from primitives.philox import mix
from primitives.rules import (
    A_CONSTANT, A_LEAF, ANYTHING, ARITY, COMMUTES, CONSTANT, EARLIER, EQUAL, FIRST, FOLD, HEAD_1, HEAD_2, LAST, LATER, LEFT,
    LEFT_SIZE, LITERAL, MAX_NODES, OPERATION, RIGHT, RIGHT_SIZE,
)  # fmt: skip

HASH, USES, CODE_FIELDS = 4, 5, 6
N, N_CONST, N_LEAVES, FREE, CHANGED, INFO_FIELDS = range(6)
_MOST_REWRITES = 16
_VARIABLES = 6
_UNBOUND = np.int64(1 << 40)
SCRATCH = _VARIABLES + 4 * MAX_NODES


@njit(cache=True, nogil=True)
def constant(const, info, value):
    """A new constant; equal ones are shared unless constants are free."""
    n = info[N_CONST]
    if info[FREE] == 0:
        for k in range(n):
            if const[k] == value and math.copysign(1.0, const[k]) == math.copysign(1.0, value):
                return -1 - k
    const[n] = value
    info[N_CONST] = n + 1
    return -1 - n


@njit(cache=True, nogil=True)
def _hash(code, bits, info, v):
    """A hash of the expression below a value; free constants all look alike."""
    if v >= info[N_LEAVES]:
        return np.uint64(code[v - info[N_LEAVES], HASH])
    if v >= 0:
        return mix(np.uint64(v), np.uint64(17))
    if info[FREE] == 1:
        return np.uint64(3)
    return mix(bits[-1 - v], np.uint64(5))


@njit(cache=True, nogil=True)
def _later(code, bits, info, x, y):
    """Whether x comes after y in the argument order: constants last, then by hash."""
    if (x < 0) != (y < 0):
        return x < 0
    hx, hy = _hash(code, bits, info, x), _hash(code, bits, info, y)
    return hx > hy if hx != hy else x > y


@njit(cache=True, nogil=True)
def _append(code, bits, info, operations, op, x, y, z):
    """The instruction itself: an equal one already there, or a new one."""
    if operations[op, COMMUTES] == 1 and _later(code, bits, info, x, y):
        x, y = y, x
    arity = operations[op, ARITY]
    h = mix(np.uint64(op), _hash(code, bits, info, x))
    if arity > 1:
        h = mix(h, _hash(code, bits, info, y))
    if arity > 2:
        h = mix(h, _hash(code, bits, info, z))
    hashed = np.int64(h)
    n = info[N]
    for i in range(n):
        if code[i, HASH] == hashed and code[i, 1] == x and code[i, 2] == y and code[i, 3] == z and code[i, 0] == op:
            return info[N_LEAVES] + i
    code[n, 0], code[n, 1], code[n, 2], code[n, 3], code[n, HASH], code[n, USES] = op, x, y, z, hashed, 1
    info[N] = n + 1
    return info[N_LEAVES] + n


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
def _folded(const, info, number, arity, x, y, z):
    """(known, constant) of a primitive all of whose arguments are constants."""
    if number < 0 or x >= 0 or (arity > 1 and y >= 0) or (arity > 2 and z >= 0):
        return False, np.int64(0)
    y_value = const[-1 - y] if arity > 1 else 0.0
    z_value = const[-1 - z] if arity > 2 else 0.0
    known, value = _fold(number, const[-1 - x], y_value, z_value, info[FREE] == 1)
    return known, (constant(const, info, value) if known else np.int64(0))


@njit(cache=True, nogil=True)
def _match(code, const, bits, info, operations, rules, r, x, y, z, scratch):
    """Whether the left side of rule r fits; scratch[variable] then holds the values."""
    for k in range(_VARIABLES):
        scratch[k] = _UNBOUND
    arity = operations[rules[r, LEFT + 1], ARITY]
    top = _VARIABLES + arity
    scratch[top - 1] = x
    if arity > 1:
        scratch[top - 2] = y
    if arity > 2:
        scratch[top - 3] = z
    for node in range(1, rules[r, LEFT_SIZE]):
        top -= 1
        v = scratch[top]
        kind, number = rules[r, LEFT + 3 * node], rules[r, LEFT + 3 * node + 1]
        if kind == OPERATION:
            i = v - info[N_LEAVES]
            if i < 0 or code[i, 0] != number or (rules[r, LEFT + 3 * node + 2] == 1 and code[i, USES] > 1):
                return False
            for k in range(operations[number, ARITY], 0, -1):
                scratch[top] = code[i, k]
                top += 1
        elif kind == LITERAL:
            if v >= 0 or const[-1 - v] != number:
                return False
        else:
            if kind == CONSTANT and v >= 0:
                return False
            if scratch[number] == _UNBOUND:
                scratch[number] = v
            elif scratch[number] != v:
                return False
    return rules[r, LATER] < 0 or _later(code, bits, info, scratch[rules[r, LATER]], scratch[rules[r, EARLIER]])


@njit(cache=True, nogil=True)
def _head(code, info, v):
    """What a value is at first sight: an opcode, A_LEAF or A_CONSTANT."""
    if v >= info[N_LEAVES]:
        return code[v - info[N_LEAVES], 0]
    return np.int64(A_LEAF if v >= 0 else A_CONSTANT)


@njit(cache=True, nogil=True)
def _find_rule(code, const, bits, info, operations, rules, scratch, op, arity, x, y, z):
    """The first rule that fits `op(x, y, z)`, in either order of x and y if they commute; -1 if none does."""
    head_x = _head(code, info, x)
    head_y = _head(code, info, y) if arity > 1 else np.int64(ANYTHING)
    swap = operations[op, COMMUTES] == 1 and y >= 0
    for r in range(operations[op, FIRST], operations[op, LAST]):
        a, b = rules[r, HEAD_1], rules[r, HEAD_2]
        if rules[r, EQUAL] == 1 and x != y:
            continue
        if (
            (a == ANYTHING or a == head_x)
            and (b == ANYTHING or b == head_y)
            and _match(code, const, bits, info, operations, rules, r, x, y, z, scratch)
        ):
            return r
        if (
            swap
            and (a == ANYTHING or a == head_y)
            and (b == ANYTHING or b == head_x)
            and _match(code, const, bits, info, operations, rules, r, y, x, z, scratch)
        ):
            return r
    return -1


@njit(cache=True, nogil=True)
def emit(code, const, bits, info, operations, rules, scratch, op, x, y, z):
    """The value of `op(x, y, z)` over values already in the build; unused arguments are 0.

    Rules are tried on the outermost instruction until none fits; what they put below it waits for the next pass.
    """
    for _ in range(_MOST_REWRITES):
        arity = operations[op, ARITY]
        known, value = _folded(const, info, operations[op, FOLD], arity, x, y, z)
        if known:
            return value
        if operations[op, COMMUTES] == 1 and _later(code, bits, info, x, y):
            x, y = y, x
        r = _find_rule(code, const, bits, info, operations, rules, scratch, op, arity, x, y, z)
        if r < 0:
            break
        info[CHANGED] = 1
        size = rules[r, RIGHT_SIZE]
        top = _VARIABLES
        for node in range(size):
            kind, number = rules[r, RIGHT + 3 * node], rules[r, RIGHT + 3 * node + 1]
            if kind == LITERAL:
                scratch[top] = constant(const, info, np.float64(number))
            elif kind != OPERATION:
                scratch[top] = scratch[number]
            else:
                fold = rules[r, RIGHT + 3 * node + 2]
                n = operations[number, ARITY] if fold < 0 else (1 if 4 <= fold < 9 else 3 if fold == 9 else 2)
                top -= n
                p = scratch[top]
                q = scratch[top + 1] if n > 1 else np.int64(0)
                w = scratch[top + 2] if n > 2 else np.int64(0)
                known, value = _folded(const, info, fold, n, p, q, w)
                if not known and number < 0:  # not to be folded and not in the set: keep the instruction as it is
                    return _append(code, bits, info, operations, op, x, y, z)
                if not known and node == size - 1:
                    op, x, y, z = number, p, q, w
                elif not known:
                    value = _append(code, bits, info, operations, number, p, q, w)
                scratch[top] = value
            top += 1
        if rules[r, RIGHT + 3 * size - 3] != OPERATION or known:
            return scratch[_VARIABLES]
    return _append(code, bits, info, operations, op, x, y, z)
