"""Signed simple continued fractions, out of the regular one.

x = 1/(c_1 + s_1/(c_2 + s_2/(c_3 + ...))) with signs s of +1 and -1 chosen beforehand: c = floor(1/x) before a plus,
ceiling(1/x) before a minus, which leaves the next x in (0, 1) either way. With the regular quotients of x at hand no
long arithmetic is needed: x = [0; h, g, ...] is followed by [0; g, ...] after a plus, and after a minus by

    1 - [0; g, a, b, ...] = [0; 1, g - 1, a, b, ...], or [0; 1 + a, b, ...] where g = 1.

So a number has an interlaced polynomial fraction with some signs if and only if its regular fraction is one: the
changes are local, and happen at the same places of every period once all quotients that grow are above 2.
"""

from __future__ import annotations

import numpy as np

from primitives.compiled import inner, outer

MOST_SIGNS = 32


@inner
def signed(regular, n, word, period, complement, out, most):
    """Terms c_1, c_2, ... into out[:most]; returns how many the quotients regular[:n] of x = [0; ...] suffice for.

    word: bit j is set where signs s_(j+1), s_(j+1+period), ... are minus. complement: of 1 - x instead of x.
    """
    if n < 4:
        return 0
    at = 2
    h, g = regular[0], regular[1]
    if complement:
        if h == 1:
            h, g = 1 + regular[1], regular[2]
            at = 3
        else:
            h, g = 1, h - 1
            at = 1
    place = 0
    for count in range(most):
        minus = (word >> place) & 1
        place += 1
        if place == period:
            place = 0
        out[count] = h + minus
        if at + 1 >= n:
            return count
        if minus == 0:
            h, g = g, regular[at]
            at += 1
        elif g == 1:
            h, g = 1 + regular[at], regular[at + 1]
            at += 2
        else:
            h, g = 1, g - 1
    return most


@outer
def _walk(regular, word, period, complement, out):
    return signed(regular, regular.shape[0], word, period, complement, out, out.shape[0])


def walk(regular: np.ndarray, word: int, period: int, complement: bool, most: int) -> np.ndarray:
    """int64 terms c_1, c_2, ... of x = [0; regular...] or of 1 - x: `most`, or as many as are certain."""
    out = np.empty(most, np.int64)
    regular = np.ascontiguousarray(regular, np.int64)
    return out[: int(_walk(regular, word, period, complement, out))]


def words(longest: int) -> np.ndarray:
    """int64[n, 2]: sign words as bits (1 is minus) and their lengths up to `longest`, none the power of a shorter one.

    All plus, the regular fraction, comes first.
    """
    kept = []
    for length in range(1, longest + 1):
        for bits in range(2**length):
            parts = (d for d in range(1, length) if length % d == 0)
            if not any(bits == _repeated(bits % 2**d, d, length) for d in parts):
                kept.append((bits, length))
    return np.array(kept, np.int64)


def _repeated(bits: int, length: int, total: int) -> int:
    return sum(bits << i for i in range(0, total, length))


def sign(word: int, period: int, j: int) -> int:
    """s_j, j = 1, 2, ..."""
    return -1 if (word >> ((j - 1) % period)) & 1 else 1
