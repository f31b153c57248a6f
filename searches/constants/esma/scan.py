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


@inner
def accepts(c, depth, most, word, period, work):
    """Length and memory of the recurrence of the terms c[:depth]; (most + 1, 0) if it is longer than `most`.

    Also if the last half are all 2, with signs all minus. That is what one large quotient looks like, and goes on for
    rational numbers only.
    """
    length, memory = recurrence(c, depth, most, work)
    if length <= most and word == 1 and period == 1:
        i = depth - 1
        while i >= depth // 2 and c[i] == 2:
            i -= 1
        if i < depth // 2:
            return most + 1, 0
    return length, memory


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
                length, memory = accepts(c, depth, most, words[w, 0], words[w, 1], work)
                if length > most:
                    continue
                hits[i, 0] += 1
                if w == 0 and complement == 0:
                    hits[i, 1], hits[i, 2] = length, memory
                if hits[i, 3] < 0 or memory < hits[i, 6] or (memory == hits[i, 6] and length < hits[i, 5]):
                    hits[i, 3], hits[i, 4], hits[i, 5], hits[i, 6] = w, complement, length, memory


@outer
def test(table, pairs, numbers, words, depth, most, accepted, status):
    """Every signed fraction on its own, as ESMA does it: accepted[i] counts those whose recurrence is <= most.

    The first 2 most + 2 terms decide, which loses nothing: a recurrence of all terms is one of these. status[i] is
    SHORT where the quotients do not suffice.
    """
    first = min(2 * most + 2, depth)
    terms = 2 * depth + 4
    u, v = np.empty(table.shape[2], np.int64), np.empty(table.shape[2], np.int64)
    out, c = np.empty(terms, np.int64), np.empty(depth, np.int64)
    work = np.empty((4, depth + 1), np.uint32)
    for i in range(numbers.shape[0]):
        accepted[i] = 0
        status[i] = DONE
        count, state, _ = regular(table, pairs, numbers[i], u, v, out, 2 * first + 4)
        if count < 4:
            status[i] = state
            continue
        whole = False
        for w in range(words.shape[0]):
            for complement in range(2):
                n = signed(out[1:], count - 1, words[w, 0], words[w, 1], complement == 1, c, first)
                if n < first:
                    status[i] = state
                    continue
                length, _ = recurrence(c, first, most, work)
                if length > most:
                    continue
                if not whole:
                    count, state, _ = regular(table, pairs, numbers[i], u, v, out, terms)
                    whole = True
                n = signed(out[1:], count - 1, words[w, 0], words[w, 1], complement == 1, c, depth)
                if n < depth:
                    status[i] = state
                    continue
                length, _ = accepts(c, depth, most, words[w, 0], words[w, 1], work)
                accepted[i] += length <= most


@outer
def one(table, pairs, number, out):
    """`regular` of one expression, for Python."""
    u, v = np.empty(table.shape[2], np.int64), np.empty(table.shape[2], np.int64)
    return regular(table, pairs, number, u, v, out, out.shape[0])
