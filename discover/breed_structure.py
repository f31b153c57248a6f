"""Mutations of the structure of one packed program, compiled. Each says whether it applied and changed something.

A program is its row of a `Packed` batch: `code`, `const`, `results`, and `counts`, how many instructions and constants
are in use. `stream` is that of its random numbers; `moves` are those of `discover.problem.Mutations`.
"""

from __future__ import annotations

import numpy as np

from discover.breed_constants import GROW, LITERAL, SAME, SEVERAL, UNIT, draw, scaled
from primitives.compiled import inlined, inner
from primitives.philox import below, uniform

_TRIES = 64  # at drawing an operation of the arity wanted


@inlined
def _earlier(stream, n_leaves, place):
    """A leaf or the result of an instruction before `place`."""
    return below(stream, n_leaves + place)


@inner
def _argument(stream, const, counts, moves, n_leaves, place, unit, constant_share):
    """A new constant (an old one where the table is full) or an earlier value."""
    if len(const) > 0 and uniform(stream) < constant_share:
        k = counts[1]
        if k == len(const):
            return np.int64(-1 - below(stream, k))
        const[k] = unit if unit == unit and uniform(stream) < moves[UNIT] else draw(stream, moves)
        counts[1] = k + 1
        return np.int64(-1 - k)
    return np.int64(_earlier(stream, n_leaves, place))


@inner
def _open(code, results, counts, n_leaves, place):
    """Make room for an instruction at `place`."""
    first = n_leaves + place
    for i in range(counts[0], place, -1):
        code[i, 0] = code[i - 1, 0]
        for k in range(1, 4):
            v = code[i - 1, k]
            code[i, k] = v + 1 if v >= first else v
    counts[0] += 1
    for r in range(len(results)):
        if results[r] >= first:
            results[r] += 1
    for k in range(4):
        code[place, k] = 0


@inner
def _fill(stream, code, const, counts, arity, units, moves, n_leaves, place, slot, value):
    """A random operation at `place`: argument `slot` is `value`, the others are constants or earlier values."""
    op = below(stream, len(arity))
    if moves[SEVERAL] > 0.0:
        several = uniform(stream) < moves[SEVERAL]
        tries = _TRIES
        while (arity[op] > 1) != several and tries > 0:
            op = below(stream, len(arity))
            tries -= 1
    code[place, 0] = op
    slot = slot % max(arity[op], 1)
    for k in range(arity[op]):
        if k == slot or uniform(stream) < moves[SAME]:
            code[place, 1 + k] = value
        else:
            code[place, 1 + k] = _argument(stream, const, counts, moves, n_leaves, place, units[op, k], moves[LITERAL])


@inner
def _redirect(code, results, counts, arity, start, old, new, everywhere):
    """Let the readers of value `old` from instruction `start` on, or the first of them, read `new`."""
    for i in range(start, counts[0]):
        for k in range(arity[code[i, 0]]):
            if code[i, 1 + k] == old:
                code[i, 1 + k] = new
                if not everywhere:
                    return
    for r in range(len(results)):
        if results[r] == old:
            results[r] = new
            if not everywhere:
                return


@inner
def insert(stream, code, const, results, counts, arity, units, moves, n_leaves):
    """Put a new instruction between a value and one of its readers, or all that come later.

    With chance `grow` the new instruction also reads a second new one.
    """
    double = uniform(stream) < moves[GROW]
    if counts[0] + 1 + double > len(code):
        return False
    place = below(stream, counts[0] + len(results))  # the reader: an instruction or a result
    if place < counts[0]:
        if arity[code[place, 0]] == 0:
            return False
        v = np.int64(code[place, 1 + below(stream, arity[code[place, 0]])])
    else:
        v = np.int64(results[place - counts[0]])
        place = counts[0]
    if double:
        _open(code, results, counts, n_leaves, place)
        value = np.int64(_earlier(stream, n_leaves, place))
        _fill(stream, code, const, counts, arity, units, moves, n_leaves, place, below(stream, 3), value)
        place += 1
    _open(code, results, counts, n_leaves, place)
    _fill(stream, code, const, counts, arity, units, moves, n_leaves, place, below(stream, 3), v)
    a = arity[code[place, 0]]
    if double and a > 1:
        k = below(stream, a)
        if code[place, 1 + k] == v:
            k = (k + 1) % a
        code[place, 1 + k] = n_leaves + place - 1
    everywhere = uniform(stream) < 0.5
    _redirect(code, results, counts, arity, place + 1, v, n_leaves + place, everywhere)
    return True


@inner
def rewire(stream, code, const, results, counts, arity, moves, n_leaves):
    """Give one argument, or one result, another value."""
    i = below(stream, counts[0] + len(results))
    if i >= counts[0]:
        r = i - counts[0]
        old = results[r]
        results[r] = _earlier(stream, n_leaves, counts[0])
        return results[r] != old
    if arity[code[i, 0]] == 0:
        return False
    k = 1 + below(stream, arity[code[i, 0]])
    old = code[i, k]
    code[i, k] = _argument(stream, const, counts, moves, n_leaves, i, np.nan, 0.3)
    return code[i, k] != old


@inner
def delete(stream, code, results, counts, arity, n_leaves):
    """Let the readers of an instruction read one of its arguments instead (any earlier value if it has none)."""
    i = below(stream, counts[0])
    a = arity[code[i, 0]]
    if a == 0:
        if n_leaves + i == 0:
            return False
        _redirect(code, results, counts, arity, i + 1, n_leaves + i, np.int64(_earlier(stream, n_leaves, i)), True)
        return True
    value = np.int64(code[i, 1 + below(stream, a)])
    if value < 0 and a > 1:
        value = np.int64(code[i, 1 + below(stream, a)])
    _redirect(code, results, counts, arity, i + 1, n_leaves + i, value, True)
    return True


@inner
def modify(stream, code, const, counts, arity, units, moves, n_leaves):
    """Another operation over the same arguments."""
    i = below(stream, counts[0])
    old, new = code[i, 0], below(stream, len(arity))
    if old == new:
        return False
    code[i, 0] = new
    for k in range(arity[old], arity[new]):
        code[i, 1 + k] = _argument(stream, const, counts, moves, n_leaves, i, units[new, k], moves[LITERAL])
    for k in range(arity[new], 3):
        code[i, 1 + k] = 0
    return True


@inner
def swap(stream, code, counts, arity, commutative):
    """Exchange two arguments that differ and may not be exchanged anyway."""
    i = below(stream, counts[0])
    op = code[i, 0]
    a = arity[op]
    if a < 2:
        return False
    j = below(stream, a)
    k = (j + 1 + below(stream, a - 1)) % a
    x, y = code[i, 1 + j], code[i, 1 + k]
    if x == y or (commutative[op] and j < 2 and k < 2):
        return False
    code[i, 1 + j], code[i, 1 + k] = y, x
    return True


@inner
def duplicate(stream, code, const, results, counts, arity, moves, n_leaves):
    """Copy an instruction with one argument changed, and let one of its readers read the copy.

    As genes do: what is needed in one place may then drift in another.
    """
    i = below(stream, counts[0])
    a = arity[code[i, 0]]
    own = n_leaves + i
    readers = 0
    for j in range(i + 1, counts[0]):
        for k in range(arity[code[j, 0]]):
            readers += code[j, 1 + k] == own
    for r in range(len(results)):
        readers += results[r] == own
    if a == 0 or readers == 0 or counts[0] == len(code):
        return False
    _open(code, results, counts, n_leaves, i + 1)
    for k in range(4):
        code[i + 1, k] = code[i, k]
    k = 1 + below(stream, a)
    old = code[i, k]
    if old < 0 and counts[1] < len(const):
        const[counts[1]] = scaled(stream, const[-1 - old], moves)
        code[i + 1, k] = -1 - counts[1]
        counts[1] += 1
    else:
        code[i + 1, k] = _argument(stream, const, counts, moves, n_leaves, i + 1, np.nan, 0.3)
    left = below(stream, readers)
    for j in range(i + 2, counts[0]):
        for k in range(arity[code[j, 0]]):
            if code[j, 1 + k] == own:
                if left == 0:
                    code[j, 1 + k] = own + 1
                    return True
                left -= 1
    for r in range(len(results)):
        if results[r] == own:
            if left == 0:
                results[r] = own + 1
                return True
            left -= 1
    return True
