"""Breeding, compiled: children of packed parents by inserting, deleting and changing operations and their arguments.

Every child draws from its own stream, named by (seed, generation, slot): breeding is the same whoever does it. Nothing
here calls the mathematics library, whose last bits differ from machine to machine.
"""

from __future__ import annotations

import math

import numpy as np

from discover.problem import MOVES, Mutations, Problem
from primitives import philox
from primitives.compiled import inlined, inner, outer
from primitives.packed import Packed
from primitives.philox import below, uniform, word

INSERT, DELETE, MODIFY, REWIRE, SWAP, NEW_CONSTANT, SCALE_CONSTANT, DUPLICATE = range(8)
SPREAD, NORMAL, STEP, JUMP, COMPLEMENT, FLIP, SAME, UNIT, GRID, SPLIT, LITERAL = range(len(MOVES))  # of Mutations
_VALUES = len(MOVES)  # behind the moves: what constants are drawn from, if anything
_DECADES = 4.0 * math.log2(10.0)  # that a jump of a constant may span
_TRIES = 8  # of a mutation that does not apply


@inner
def _normal(stream):
    """Nearly normal: four uniforms summed, scaled to mean 0 and standard deviation 1."""
    a, b = word(stream), word(stream)
    low = np.uint64(0xFFFF)
    total = np.float64((a & low) + (a >> np.uint64(16)) + (b & low) + (b >> np.uint64(16))) / 65536.0
    return math.sqrt(3.0) * (total - 2.0)


@inner
def _exp2(x):
    """About 2**x: the significand is linear between powers of two, so every bit is the same on every machine."""
    whole = math.floor(x)
    return math.ldexp(1.0 + (x - whole), whole)


@inner
def _steps(stream, spread):
    """1, 2, 3, ...: the nearest to a power of two whose exponent is half normal."""
    return math.floor(_exp2(spread * abs(_normal(stream))) + 0.5)


@inner
def _draw_constant(stream, moves):
    if len(moves) > _VALUES:
        return moves[_VALUES + below(stream, len(moves) - _VALUES)]
    if moves[GRID] > 0.0:
        value = moves[GRID] * _steps(stream, moves[SPREAD])
        return value if uniform(stream) < 0.5 else -value
    if moves[NORMAL] > 0.0 and uniform(stream) < moves[NORMAL]:
        return _normal(stream)
    magnitude = _exp2(moves[SPREAD] * _normal(stream))
    return magnitude if uniform(stream) < 0.5 else -magnitude


@inner
def _moved(stream, value, moves):
    """A constant on a grid: a few steps away, or a small multiple, or that part where it is on the grid too."""
    if uniform(stream) < moves[FLIP]:
        return -value
    if value != 0.0 and uniform(stream) < moves[JUMP]:
        factor = 2.0 + below(stream, 2)
        part = value / factor
        if uniform(stream) < 0.5 and math.floor(part / moves[GRID]) * moves[GRID] == part:
            return part
        return value * factor
    steps = moves[GRID] * _steps(stream, moves[STEP])
    return value + (steps if uniform(stream) < 0.5 else -steps)


@inner
def _scaled(stream, value, moves):
    """A constant times a random factor: of its distance from 1, where it is between 0 and 1 and chance says so."""
    if moves[GRID] > 0.0:
        return _moved(stream, value, moves)
    complement = 0.0 < value < 1.0 and moves[COMPLEMENT] > 0.0 and uniform(stream) < moves[COMPLEMENT]
    if moves[JUMP] > 0.0 and uniform(stream) < moves[JUMP]:
        factor = _exp2(_DECADES * (uniform(stream) - 0.5))
    else:
        factor = _exp2(moves[STEP] * _normal(stream))
    if complement:
        return 1.0 - (1.0 - value) * factor
    value *= factor
    return -value if uniform(stream) < moves[FLIP] else value


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
        const[k] = unit if unit == unit and uniform(stream) < moves[UNIT] else _draw_constant(stream, moves)
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
    code[place, 0] = op
    slot = slot % max(arity[op], 1)
    for k in range(arity[op]):
        if k == slot or uniform(stream) < moves[SAME]:
            code[place, 1 + k] = value
        else:
            code[place, 1 + k] = _argument(stream, const, counts, moves, n_leaves, place, units[op, k], moves[LITERAL])


@inner
def _insert(stream, code, const, results, counts, arity, units, moves, n_leaves):
    """Put a new instruction between a value and one of its readers, or all that come later.

    One time in four the new instruction also reads a second new one.
    """
    double = uniform(stream) < 0.25
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
def _rewire(stream, code, const, results, counts, arity, moves, n_leaves):
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
def _delete(stream, code, results, counts, arity, n_leaves):
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
def _modify(stream, code, const, counts, arity, units, moves, n_leaves):
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
def _swap(stream, code, counts, arity, commutative):
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
def _change_constant(stream, kind, code, const, results, counts, arity, moves):
    """A new value for a constant, or the old one times a random factor; for all its readers, or for one."""
    if counts[1] == 0:
        return False
    k = below(stream, counts[1])
    if moves[SPLIT] > 0.0 and uniform(stream) < moves[SPLIT] and counts[1] < len(const):
        _split(stream, k, code, const, results, counts, arity)
    fixed = len(moves) > _VALUES
    if kind == NEW_CONSTANT or fixed or not math.isfinite(const[k]) or (const[k] == 0.0 and moves[GRID] == 0.0):
        const[k] = _draw_constant(stream, moves)  # of zero there is no multiple
    else:
        const[k] = _scaled(stream, const[k], moves)
    return True


@inner
def _split(stream, k, code, const, results, counts, arity):
    """Let all readers of a constant but one read a copy of it."""
    own, copy = -1 - k, -1 - counts[1]
    readers = 0
    for i in range(counts[0]):
        for j in range(arity[code[i, 0]]):
            readers += code[i, 1 + j] == own
    for r in range(len(results)):
        readers += results[r] == own
    if readers < 2:
        return
    left = below(stream, readers)
    for i in range(counts[0]):
        for j in range(arity[code[i, 0]]):
            if code[i, 1 + j] == own:
                if left != 0:
                    code[i, 1 + j] = copy
                left -= 1
    for r in range(len(results)):
        if results[r] == own:
            if left != 0:
                results[r] = copy
            left -= 1
    const[counts[1]] = const[k]
    counts[1] += 1


@inner
def _duplicate(stream, code, const, results, counts, arity, moves, n_leaves):
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
        const[counts[1]] = _scaled(stream, const[-1 - old], moves)
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


@inner
def _mutate(stream, kind, code, const, results, counts, arity, units, moves, commutative, n_leaves):
    """One mutation; False where this kind does not apply, or changed nothing."""
    if kind == INSERT:
        return _insert(stream, code, const, results, counts, arity, units, moves, n_leaves)
    if kind == NEW_CONSTANT or kind == SCALE_CONSTANT:
        return _change_constant(stream, kind, code, const, results, counts, arity, moves)
    if kind == REWIRE:
        return _rewire(stream, code, const, results, counts, arity, moves, n_leaves)
    if counts[0] == 0:
        return False
    if kind == DELETE:
        return _delete(stream, code, results, counts, arity, n_leaves)
    if kind == DUPLICATE:
        return _duplicate(stream, code, const, results, counts, arity, moves, n_leaves)
    if kind == MODIFY:
        return _modify(stream, code, const, counts, arity, units, moves, n_leaves)
    return _swap(stream, code, counts, arity, commutative)


@outer
def _breed(
    code, length, const, n_const, results, arity, units, moves, commutative, n_leaves, cumulative, most, more,
    seed, generation, slot, kinds,
):  # fmt: skip
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    counts = np.zeros(2, np.int64)
    for p in range(len(length)):
        philox.start(stream, seed, generation, slot + p)
        counts[0], counts[1] = length[p], n_const[p]
        own_code, own_const, own_results = code[p], const[p], results[p]
        rounds = 1 + below(stream, most) if most > 1 else 1
        while most == 1 and rounds < _TRIES and uniform(stream) < more:
            rounds += 1
        kinds[p] = 0
        for _ in range(rounds):
            for _ in range(_TRIES):
                u = uniform(stream) * cumulative[-1]
                kind = 0
                while u >= cumulative[kind]:
                    kind += 1
                if _mutate(
                    stream, kind, own_code, own_const, own_results, counts, arity, units, moves, commutative, n_leaves
                ):
                    kinds[p] |= 1 << kind
                    break
        length[p], n_const[p] = counts[0], counts[1]


class Breeder:
    """Mutates programs of one problem.

    weights: of the mutation kinds (default: the problem's); most: 1 for one mutation a child and, with chance `more`,
    each time another; above 1, a uniform number of mutations 1..most (how random programs are made).
    """

    def __init__(self, problem: Problem, weights: Mutations | None = None, most: int = 1, more: float = 0.3) -> None:
        units = np.full((len(problem.primitives), 3), np.nan)
        for opcode, p in enumerate(problem.primitives):
            for slot, unit in enumerate(p.units):
                units[opcode, slot] = np.nan if unit is None else unit
        mutations = weights or problem.mutations
        self._operations = problem.primitives.arity, units, mutations.moves, problem.primitives.commutative
        self._n_leaves = problem.shape.n_leaves
        self._cumulative = np.cumsum(mutations.weights)
        if not self._cumulative[-1] > 0:
            raise ValueError("all mutation weights are zero")
        self._most, self._more = most, more

    def __call__(self, parents: Packed, seed: int, generation: int, slot: int = 0) -> np.ndarray:
        """Mutate the batch in place. Returns int64[P]: bit k is set where mutation kind k was applied."""
        kinds = np.zeros(len(parents), np.int64)
        _breed(
            *parents.arrays, *self._operations, self._n_leaves, self._cumulative, self._most, self._more,
            np.uint64(seed), generation, slot, kinds,
        )  # fmt: skip
        return kinds
