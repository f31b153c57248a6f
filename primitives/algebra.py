"""Building a program bottom-up in its canonical form, compiled: `emit` gives the value of an operation, simplified.

A build is a list of nodes (leaves, constants, operations): `nodes` int64[NODE * room], one record of NODE fields a
node, and `floats`, the same memory as float64, for the values of constants. `info` holds the counters below.
Everything is flat and inlined, because compiled code pays a hundred cycles for every call that it hands a few arrays.
"""

from __future__ import annotations

import math

import numpy as np

from primitives.compiled import inlined, inner
from primitives.evaluators.intrinsics import unbits
from primitives.evaluators.vecmath import helpers
from primitives.philox import mix
from primitives.rules import (
    ARITY,
    CHECK,
    CHECKS,
    CLASS,
    COMMUTES,
    CONSTANT,
    DISPATCH,
    FLAT,
    FLAT_SHIFT,
    FOLD,
    FOLDED,
    IS_ABOVE,
    IS_BELOW,
    IS_CONSTANT,
    IS_NUMBER,
    IS_PROVED,
    IS_SAME,
    LEAF,
    NO_PROOF,
    NOT_NEGATIVE,
    NUMBER,
    OF_CLIP,
    OF_EXP,
    OF_FIRST,
    OF_INTERP,
    OF_MAX,
    OF_MIN,
    OF_POWER,
    OF_PRODUCT,
    OF_QUOTIENT,
    OF_RECIPROCAL,
    OF_SAME_SIGN,
    OF_SIZE,
    OF_SUM,
    OPEN,
    POSITIVE,
    PROOF,
    RECORD,
    RESULT,
    RULE,
    SIGNS,
    STEP,
    STEPS,
    STRIDE,
)  # fmt: skip

# Fields of a node: what stands at its head (see rules), its arguments (or the value of a constant), the class of its
# head, a hash of the expression below it, how many read it (kept where rules ask for it), and its number in the new
# program.
# KNOWN is what is proved of it.
HEAD, X, Y, Z, KIND, HASH, USES, PLACE, KNOWN, NODE = range(10)
VALUE = X
UNPLACED = 1 << 40
N, N_LEAVES, FREE, STATE, FROM_ZERO, COUNTED, CONSTANTS, AGAIN, TIE, INFO = range(10)
# STATE: there is some; FROM_ZERO: it is zero at first; COUNTED: readers are; CONSTANTS: what is known of all of them;
# AGAIN: a rule left something that another pass may simplify; TIE: node numbers decided an order that hashes could not.
SPARE = 16  # nodes that one rewriting may add, and more
_MOST_REWRITES = 16
_CONSTANTS_LAST = np.int64(1 << 62)
_MASK = np.uint64((1 << 62) - 1)
_K1, _K2, _K3 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_K4, _K5 = np.uint64(0x27D4EB2F165667C5), np.uint64(0xD6E8FEB86659FD93)
# In the order of FOLDED.
(
    _ADD, _SUB, _MUL, _DIV, _NEG, _ABS, _SQUARE, _SQRT, _RECIPROCAL, _INTERP, _MIN, _MAX, _SIGN, _EXP, _TANH,
    _SIGMOID, _SLOG, _SSQRT, _ERF,
) = range(len(FOLDED))  # fmt: skip
_own = helpers("float64")  # the same bits on every machine
_exp, _tanh, _log, _erf = _own.exp, _own.tanh, _own.log, _own.erf


@inlined
def add_leaf(nodes, v, known):
    """Node v is leaf v of the program, of which so much is known."""
    nodes[v * NODE + HEAD], nodes[v * NODE + KIND], nodes[v * NODE + PLACE] = LEAF, LEAF, v
    nodes[v * NODE + HASH] = np.int64(mix(np.uint64(v), np.uint64(17)) & _MASK)
    nodes[v * NODE + KNOWN] = known


@inlined
def known_of_number(value):
    """NOT_NEGATIVE and POSITIVE, as far as they hold."""
    return np.int64((value >= 0.0) + 2 * (value > 0.0)) if value < np.inf else np.int64(0)


@inner
def known_of(proof, x, y, weight):
    """What is known of an operation, from what is known of its first two arguments; weight: its third, if constant."""
    known = _sign_of(proof & (OF_FIRST - 1), x & SIGNS, y & SIGNS, weight)
    if proof >= OF_FIRST:
        known |= ((x if proof & OF_FIRST else x & y) | (proof >> FLAT_SHIFT)) & FLAT
    return known


@inner
def _sign_of(proof, x, y, weight):
    """NOT_NEGATIVE and POSITIVE, as far as they follow."""
    both, either = x & y, x | y
    if proof == OF_SIZE:
        return x | NOT_NEGATIVE
    if proof == OF_EXP:
        return np.int64(NOT_NEGATIVE | POSITIVE)
    if proof == OF_SAME_SIGN:
        return x
    if proof == OF_RECIPROCAL:
        return x if x & POSITIVE else np.int64(0)
    if proof == OF_SUM:
        return both | (either & POSITIVE) if both else both
    if proof == OF_PRODUCT or proof == OF_MIN:
        return both
    if proof == OF_QUOTIENT:
        return x if y & POSITIVE else np.int64(0)
    if proof == OF_MAX:
        return either
    if proof == OF_INTERP:
        if not 0.0 <= weight <= 1.0:
            return np.int64(0)
        return both | (either & POSITIVE) if both and 0.0 < weight < 1.0 else both
    if proof == OF_CLIP:
        return x if y & POSITIVE else np.int64(0)
    if proof == OF_POWER:
        return x if x & POSITIVE else np.int64(NOT_NEGATIVE if y & POSITIVE else 0)
    return np.int64(0)


@inlined
def constant(nodes, floats, info, value):
    """The node of a constant; equal ones are shared unless constants are free."""
    n = info[N]
    at = n * NODE
    floats[at + VALUE] = value
    bits = nodes[at + VALUE]
    hashed = _CONSTANTS_LAST
    if info[FREE] == 0:
        hashed |= np.int64(mix(np.uint64(bits), np.uint64(5)) & _MASK)
        for v in range(info[N_LEAVES], n):
            if nodes[v * NODE + HASH] == hashed and nodes[v * NODE + VALUE] == bits:
                return v
    nodes[at + HEAD], nodes[at + KIND], nodes[at + HASH], nodes[at + PLACE] = CONSTANT, CONSTANT, hashed, UNPLACED
    nodes[at + KNOWN] = known_of_number(value) | info[CONSTANTS]
    info[N] = n + 1
    return n


@inlined
def number(nodes, floats, info, bits):
    """The node of the constant that has these bits."""
    at = info[N] * NODE
    nodes[at + VALUE] = bits
    return constant(nodes, floats, info, floats[at + VALUE])


@inlined
def _later(nodes, info, x, y):
    """Whether x comes after y in the argument order: by hash, those of constants being the largest."""
    a, b = nodes[x * NODE + HASH], nodes[y * NODE + HASH]
    if a == b and x != y:
        info[TIE] = 1
        return x > y
    return a > b


@inlined
def _append(nodes, floats, table, info, head, x, y, z):
    """The operation itself, its arguments being in order: an equal one already there, or a new one."""
    h = np.uint64(head) * _K1 + np.uint64(nodes[x * NODE + HASH]) * _K2
    h += np.uint64(nodes[y * NODE + HASH]) * _K3 + np.uint64(nodes[z * NODE + HASH]) * _K4
    h = (h ^ (h >> np.uint64(32))) * _K5
    hashed = np.int64((h ^ (h >> np.uint64(32))) & _MASK)
    n = info[N]
    for v in range(info[N_LEAVES], n):
        i = v * NODE
        alike = nodes[i + HASH] == hashed and nodes[i + HEAD] == head
        if alike and nodes[i + X] == x and nodes[i + Y] == y and nodes[i + Z] == z:
            return v
    i = n * NODE
    nodes[i + HEAD], nodes[i + X], nodes[i + Y], nodes[i + Z] = head, x, y, z
    nodes[i + KIND], nodes[i + HASH] = table[head * RECORD + CLASS], hashed
    nodes[i + USES], nodes[i + PLACE], nodes[i + KNOWN] = 0, UNPLACED, 0
    proof = table[head * RECORD + PROOF]
    if proof != NO_PROOF:
        last = z * NODE
        weight = floats[last + VALUE] if nodes[last + HEAD] == CONSTANT else np.nan
        nodes[i + KNOWN] = known_of(proof, nodes[x * NODE + KNOWN], nodes[y * NODE + KNOWN], weight)
    info[N] = n + 1
    return n


@inner
def _fold(number, x, y, z, free):
    """(known, value) of primitive FOLDED[number] on constants. A free constant may take any value: 1/0 becomes 1."""
    if number == _ADD:
        return True, x + y
    if number == _SUB:
        return True, x - y
    if number == _MUL:
        return True, x * y
    if number == _DIV:
        return (True, x / y) if y != 0.0 else (free, 1.0)
    if number == _NEG:
        return True, -x
    if number == _ABS:
        return True, abs(x)
    if number == _SQUARE:
        return True, x * x
    if number == _SQRT:
        return (True, math.sqrt(x)) if x >= 0.0 else (free, 1.0)
    if number == _RECIPROCAL:
        return (True, 1.0 / x) if x != 0.0 else (free, 1.0)
    if number == _INTERP:
        return True, (1.0 - z) * x + z * y
    if number == _MIN:
        return True, x if x < y or x != x else y
    if number == _MAX:
        return True, x if x > y or x != x else y
    if number == _SIGN:
        return True, np.float64((x > 0.0) - (x < 0.0)) if x == x else x
    if number == _SIGMOID:
        return True, 1.0 / (1.0 + _exp(-x))
    if number == _SLOG:
        return True, 0.0 if x == 0.0 else _log(x) if x > 0.0 else -_log(-x)
    if number == _SSQRT:
        return True, math.copysign(math.sqrt(abs(x)), x) if x != 0.0 else 0.0
    if number == _ERF:
        return True, _erf(x)
    return True, _exp(x) if number == _EXP else _tanh(x)


@inner
def _folded(nodes, floats, info, number, arity, x, y, z):
    """The constant that primitive FOLDED[number] makes of constants; -1 if an argument is none or it has no value."""
    if nodes[x * NODE + HEAD] != CONSTANT:
        return np.int64(-1)
    if (arity > 1 and nodes[y * NODE + HEAD] != CONSTANT) or (arity > 2 and nodes[z * NODE + HEAD] != CONSTANT):
        return np.int64(-1)
    y_value = floats[y * NODE + VALUE] if arity > 1 else 0.0
    z_value = floats[z * NODE + VALUE] if arity > 2 else 0.0
    known, value = _fold(number, floats[x * NODE + VALUE], y_value, z_value, info[FREE] == 1)
    return constant(nodes, floats, info, value) if known else np.int64(-1)


@inlined
def _fits(nodes, floats, table, slots, rule):
    """Whether all checks of a rule hold; the slots then hold its values."""
    check = rule + RULE
    top = 3
    for _ in range(table[rule + CHECKS]):
        kind, v, operand = table[check], slots[table[check + 1]], table[check + 2]
        i = v * NODE
        if kind == OPEN:
            if nodes[i + HEAD] != operand or (table[check + 3] == 1 and nodes[i + USES] > 1):
                return False
            slots[top], slots[top + 1], slots[top + 2] = nodes[i + X], nodes[i + Y], nodes[i + Z]
            top += 3
        elif kind == IS_CONSTANT:
            if nodes[i + HEAD] != CONSTANT:
                return False
        elif kind == IS_NUMBER:
            if nodes[i + HEAD] != CONSTANT or floats[i + VALUE] != operand:
                return False
        elif kind == IS_SAME:
            if v != slots[operand]:
                return False
        elif kind == IS_ABOVE:
            if not unbits(operand) < floats[i + VALUE] < np.inf:
                return False
        elif kind == IS_BELOW:
            if not -np.inf < floats[i + VALUE] < unbits(operand):
                return False
        elif kind == IS_PROVED:
            if nodes[i + KNOWN] & operand != operand:
                return False
        else:  # IS_LATER; of a tie neither is, whatever the numbers say
            j = slots[operand] * NODE
            if nodes[i + HEAD] == table[check + 3] and nodes[i + USES] <= 1:
                return False
            other_is_first = nodes[j + HEAD] == table[check + 3] and nodes[j + USES] <= 1
            if nodes[i + HASH] <= nodes[j + HASH] and not other_is_first:
                return False
        check += CHECK
    return True


@inlined
def _find_rule(nodes, floats, table, slots, head, x, y, z):
    """The address of the first rule that fits; 0 if none does."""
    record = head * RECORD
    kind = table[record + STRIDE] - 1 if x == y else nodes[y * NODE + KIND]
    entry = table[table[record + DISPATCH] + nodes[x * NODE + KIND] * table[record + STRIDE] + kind]
    while table[entry] != 0:
        rule = table[entry]
        if rule > 0:
            slots[0], slots[1], slots[2] = x, y, z
        else:
            rule = -rule
            slots[0], slots[1], slots[2] = y, x, z
        if _fits(nodes, floats, table, slots, rule):
            return rule
        entry += 1
    return np.int64(0)


@inlined
def _count(nodes, arity, x, y, z, by):
    """The arguments of an operation have one reader more or less."""
    nodes[x * NODE + USES] += by
    if arity > 1:
        nodes[y * NODE + USES] += by
    if arity > 2:
        nodes[z * NODE + USES] += by


@inlined
def _release(nodes, table, slots, rule, arity, x, y, z):
    """An operation was replaced: it reads its arguments no more, nor does what was opened and has no reader left."""
    _count(nodes, arity, x, y, z, -1)
    check = rule + RULE
    for _ in range(table[rule + CHECKS]):
        i = slots[table[check + 1]] * NODE
        if table[check] == OPEN and nodes[i + USES] == 0:
            _count(nodes, table[nodes[i + HEAD] * RECORD + ARITY], nodes[i + X], nodes[i + Y], nodes[i + Z], -1)
        check += CHECK


@inlined
def emit(nodes, floats, table, slots, info, room, head, x, y, z):
    """The node of an operation over nodes of the build; unused arguments are 0.

    Rules are tried on the outermost operation until none fits; what they put below it waits for the next pass.
    """
    for rewrites in range(_MOST_REWRITES + 1):
        record = head * RECORD
        if table[record + COMMUTES] == 1 and _later(nodes, info, x, y):
            x, y = y, x
        if nodes[x * NODE + HEAD] == CONSTANT and table[record + FOLD] >= 0:
            value = _folded(nodes, floats, info, table[record + FOLD], table[record + ARITY], x, y, z)
            if value >= 0:
                return value
        if table[record + DISPATCH] == 0 or info[N] + SPARE > room or rewrites == _MOST_REWRITES:
            break
        rule = _find_rule(nodes, floats, table, slots, head, x, y, z)
        if rule == 0:
            break
        info[AGAIN] |= info[COUNTED] | info[STATE]  # other readers are left, or other state
        step = rule + RULE + CHECK * table[rule + CHECKS]
        last = step + STEP * (table[rule + STEPS] - 1)
        result = table[rule + RESULT]
        slot = result - table[rule + STEPS] + 1  # of the first step; where there are no steps, none is filled
        rewritten = False
        old_x, old_y, old_z = x, y, z
        while step <= last:
            number, fold, arity = table[step], table[step + 1], table[step + 2]
            p, q, w = slots[table[step + 3]], slots[table[step + 4]], slots[table[step + 5]]
            if number == NUMBER:
                value = constant(nodes, floats, info, unbits(fold))
            elif fold >= 0:
                value = _folded(nodes, floats, info, fold, arity, p, q, w)
                if value < 0:  # 1/0: keep the operation as it is
                    return _append(nodes, floats, table, info, head, x, y, z)
            else:
                q, w = q if arity > 1 else 0, w if arity > 2 else 0
                _count(nodes, arity, p, q, w, 1)
                if step == last:
                    head, x, y, z = number, p, q, w
                    rewritten = True
                    break
                if table[number * RECORD + COMMUTES] == 1 and _later(nodes, info, p, q):
                    p, q = q, p
                value = _append(nodes, floats, table, info, number, p, q, w)
                info[AGAIN] = 1
            slots[slot] = value
            slot += 1
            step += STEP
        _release(nodes, table, slots, rule, table[record + ARITY], old_x, old_y, old_z)
        if not rewritten:
            return slots[result]
    return _append(nodes, floats, table, info, head, x, y, z)
