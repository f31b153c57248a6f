"""Constants while breeding, compiled: how new ones are drawn, and old ones moved. See `discover.problem.Mutations`.

Nothing here calls the mathematics library, whose last bits differ from machine to machine.
"""

from __future__ import annotations

import math

import numpy as np

from discover.problem import MOVES
from primitives.compiled import inner
from primitives.philox import below, uniform, word

# of Mutations.moves
SPREAD, NORMAL, STEP, JUMP, COMPLEMENT, FLIP, SAME, UNIT, GRID, SPLIT, LITERAL, GROW, SEVERAL = range(len(MOVES))
VALUES = len(MOVES)  # behind them: what constants are drawn from, if anything
_DECADES = 4.0 * math.log2(10.0)  # that a jump of a constant may span


@inner
def normal(stream):
    """Nearly normal: four uniforms summed, scaled to mean 0 and standard deviation 1."""
    a, b = word(stream), word(stream)
    low = np.uint64(0xFFFF)
    total = np.float64((a & low) + (a >> np.uint64(16)) + (b & low) + (b >> np.uint64(16))) / 65536.0
    return math.sqrt(3.0) * (total - 2.0)


@inner
def exp2(x):
    """About 2**x: the significand is linear between powers of two, so every bit is the same on every machine."""
    whole = math.floor(x)
    return math.ldexp(1.0 + (x - whole), whole)


@inner
def _steps(stream, spread):
    """1, 2, 3, ...: the nearest to a power of two whose exponent is half normal."""
    return math.floor(exp2(spread * abs(normal(stream))) + 0.5)


@inner
def draw(stream, moves):
    """A new constant."""
    if len(moves) > VALUES:
        return moves[VALUES + below(stream, len(moves) - VALUES)]
    if moves[GRID] > 0.0:
        value = moves[GRID] * _steps(stream, moves[SPREAD])
        return value if uniform(stream) < 0.5 else -value
    if moves[NORMAL] > 0.0 and uniform(stream) < moves[NORMAL]:
        return normal(stream)
    magnitude = exp2(moves[SPREAD] * normal(stream))
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
def scaled(stream, value, moves):
    """A constant times a random factor: of its distance from 1, where it is between 0 and 1 and chance says so.

    Where values are given, another draw of them.
    """
    if len(moves) > VALUES:
        return draw(stream, moves)
    if moves[GRID] > 0.0:
        return _moved(stream, value, moves)
    complement = 0.0 < value < 1.0 and moves[COMPLEMENT] > 0.0 and uniform(stream) < moves[COMPLEMENT]
    if moves[JUMP] > 0.0 and uniform(stream) < moves[JUMP]:
        factor = exp2(_DECADES * (uniform(stream) - 0.5))
    else:
        factor = exp2(moves[STEP] * normal(stream))
    if complement:
        return 1.0 - (1.0 - value) * factor
    value *= factor
    return -value if uniform(stream) < moves[FLIP] else value


@inner
def change(stream, new, code, const, results, counts, arity, moves):
    """A new value for a constant, or the old one times a random factor; for all its readers, or for one.

    Returns whether there was one to change, and where values are given, whether another one was drawn.
    """
    if counts[1] == 0:
        return False
    k = below(stream, counts[1])
    if moves[SPLIT] > 0.0 and uniform(stream) < moves[SPLIT] and counts[1] < len(const):
        _split(stream, k, code, const, results, counts, arity)
    old = const[k]
    if new or not math.isfinite(old) or (old == 0.0 and moves[GRID] == 0.0):
        const[k] = draw(stream, moves)  # of zero there is no multiple
    else:
        const[k] = scaled(stream, old, moves)
    return len(moves) == VALUES or const[k] != old


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
