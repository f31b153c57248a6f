"""The compiled part of the search: quotients and recurrences of expressions by number.

Expression n is number n % E of the E pairs P, Q, of row n // E of the table of constants.
"""

from __future__ import annotations

import numpy as np

from primitives.compiled import inner, outer
from searches.constants.esma.massey import recurrence
from searches.constants.esma.quotients import DONE, combine, less, quotients, width
from searches.constants.esma.signs import signed

# What became of an expression; SHORT and HUGE are those of `quotients`.
NONE, PATTERN, PERIODIC, DEGENERATE = 0, 3, 4, 5
COLUMNS = 7  # of `choose`


@inner
def regular(table, pairs, n, u, v, out, most):
    """Quotients of the larger of |P/Q| and |Q/P| into out; returns how many, DONE, SHORT, HUGE or DEGENERATE, and
    whether P/Q is the larger one."""
    constant, at = n // pairs.shape[0], n % pairs.shape[0]
    columns = pairs.shape[2]
    powers = table[constant]
    above = combine(u, powers, pairs[at, 0], columns)
    below = combine(v, powers, pairs[at, 1], columns)
    if above == 0 or below == 0:
        return 0, DEGENERATE, True
    error = 0
    for part in range(2):
        units = 0
        for k in range(1, columns):
            units += abs(pairs[at, part, k])
        error = max(error, width(units))
    if less(u, v, u.shape[0]):
        count, state = quotients(v, u, error, out, most)
        return count, state, False
    count, state = quotients(u, v, error, out, most)
    return count, state, True


@inner
def periodic(terms, n, length):
    """Whether the terms repeat from number `length` on, twice at least."""
    for period in range(1, (n - length) // 2 + 1):
        i = n - 1
        while i >= length + period and terms[i] == terms[i - period]:
            i -= 1
        if i < length + period:
            return True
    return False


@outer
def sift(table, pairs, numbers, terms, most, status):
    """status[i] of expression numbers[i]: PATTERN if its first `terms` quotients obey a recurrence of length <= most.

    table: int64[constants, powers, limbs], pairs: int64[E, 2, powers]
    """
    u, v = np.empty(table.shape[2], np.int64), np.empty(table.shape[2], np.int64)
    out, work = np.empty(terms, np.int64), np.empty((4, terms + 1), np.uint32)
    for i in range(numbers.shape[0]):
        count, state, _ = regular(table, pairs, numbers[i], u, v, out, terms)
        if state != DONE:
            status[i] = state
            continue
        length, _ = recurrence(out, count, most, work)
        if length > most:
            status[i] = NONE
        else:
            status[i] = PERIODIC if periodic(out, count, length) else PATTERN


@outer
def choose(table, pairs, numbers, words, depth, most, status, hits):
    """For each expression all signed fractions: those whose first `depth` terms obey a recurrence of length <= most.

    hits[i] = how many; of the regular fraction length and memory of its recurrence (most + 1 if it is too long); of the
    one with the least memory, then length: row of words, complement, length, memory (row -1: none).
    """
    terms = 2 * depth + 4
    u, v = np.empty(table.shape[2], np.int64), np.empty(table.shape[2], np.int64)
    out, c = np.empty(terms, np.int64), np.empty(depth, np.int64)
    work = np.empty((4, depth + 1), np.uint32)
    for i in range(numbers.shape[0]):
        count, state, _ = regular(table, pairs, numbers[i], u, v, out, terms)
        status[i] = state
        hits[i, 0], hits[i, 1], hits[i, 2], hits[i, 3] = 0, most + 1, 0, -1
        if state != DONE:
            continue
        for w in range(words.shape[0]):
            for complement in range(2):
                signed(out[1:], count - 1, words[w, 0], words[w, 1], complement == 1, c, depth)
                length, memory = recurrence(c, depth, most, work)
                if length > most:
                    continue
                hits[i, 0] += 1
                if w == 0 and complement == 0:
                    hits[i, 1], hits[i, 2] = length, memory
                if hits[i, 3] < 0 or memory < hits[i, 6] or (memory == hits[i, 6] and length < hits[i, 5]):
                    hits[i, 3], hits[i, 4], hits[i, 5], hits[i, 6] = w, complement, length, memory


@outer
def test(table, pairs, numbers, words, depth, short, most, accepted):
    """Every signed fraction on its own, as ESMA does it: accepted[i] counts those whose recurrence is <= most.

    The first `short` terms decide; 2 most + 2 of them lose nothing, as a recurrence of all terms is one of these.
    Returns how many had too few quotients at this precision.
    """
    terms = 2 * depth + 4
    u, v = np.empty(table.shape[2], np.int64), np.empty(table.shape[2], np.int64)
    out, c = np.empty(terms, np.int64), np.empty(depth, np.int64)
    work = np.empty((4, depth + 1), np.uint32)
    missing = 0
    for i in range(numbers.shape[0]):
        accepted[i] = 0
        count, _, _ = regular(table, pairs, numbers[i], u, v, out, terms)
        for w in range(words.shape[0]):
            for complement in range(2):
                n = signed(out[1:], max(count - 1, 0), words[w, 0], words[w, 1], complement == 1, c, depth)
                if n < short:
                    missing += 1
                    continue
                length, _ = recurrence(c, short, most, work)
                if length > most:
                    continue
                if n < depth:
                    missing += 1
                    continue
                length, _ = recurrence(c, depth, most, work)
                accepted[i] += length <= most
    return missing


@outer
def one(table, pairs, number, out):
    """`regular` of one expression, for Python."""
    u, v = np.empty(table.shape[2], np.int64), np.empty(table.shape[2], np.int64)
    return regular(table, pairs, number, u, v, out, out.shape[0])
