"""Limits that may be forms of constants, looked up in the sorted table of forms (`identify.moebius.Table`) on a GPU.

The device leaves out what cannot match, with a margin far above what a logarithm or a power may be rounded by; of what
is left the host decides, as it does without a GPU. So the hits are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from primitives.compiled import inner
from primitives.gpu.compile import kernel
from searches.constants.box import KINDS, Limits
from searches.constants.evaluate.first import CONVERGES
from searches.constants.gpu.compact import RUN, flagged, taken
from searches.constants.gpu.first import Values, digits
from searches.constants.gpu.launch import empty, fetch, launch, plain, upload
from searches.constants.identify.moebius import LEAST, MOST, RATIONAL_RISK, rational

MARGIN = 1e-9  # relative, of tolerances
RATIONAL = len(KINDS)  # counted beside them
_FINEST, _COARSEST = 10.0**-MOST, 10.0**-LEAST


@inner
def _holds(table, low, high):
    """Whether a sorted table has an entry between two numbers."""
    first, last = 0, table.shape[0]
    while first < last:
        middle = (first + last) // 2
        if table[middle] < low:
            first = middle + 1
        else:
            last = middle
    return first < table.shape[0] and table[first] <= high


@inner
def _look(i, value, error, kind, table, everything, found, told):
    """found[i]: worth the host's look; told[i]: rational for certain."""
    found[i] = told[i] = 0
    if kind[i] != CONVERGES:
        return
    v, e = value[i], error[i]
    size = abs(v)
    if size < 1e15:
        _, q, sure = rational(v, size * max(e, _FINEST), RATIONAL_RISK, MARGIN)
        if not sure:
            found[i] = 1
            return
        if q:
            told[i] = 1
            return
    tolerance = size * min(max(e, _FINEST), _COARSEST) * (1.0 + MARGIN)
    near = e <= _COARSEST * (1.0 + MARGIN) and size > 0.0
    found[i] = everything or (near and _holds(table, v - tolerance, v + tolerance))


@inner
def _tally(run, kind, told, n, which):
    count = 0
    for i in range(run * RUN, min(run * RUN + RUN, n)):
        if (kind[i] == which) if which < RATIONAL else told[i]:
            count += 1
    return count


@kernel
def look(threads, value, error, kind, table, everything, found, told):
    """Which limits may be in the table (or all), and which are rational."""
    i = cuda.grid(1)
    if i < threads:
        value, error, kind, table = plain(value), plain(error), plain(kind), plain(table)
        _look(i, value, error, kind, table, everything, plain(found), plain(told))


@kernel
def tally(threads, kind, told, n, counts):
    """How many there are of each kind, and how many rational ones."""
    run = cuda.grid(1)
    if run < threads:
        for which in range(RATIONAL + 1):
            cuda.atomic.add(counts, which, _tally(run, plain(kind), plain(told), n, which))


def matches(values: Values, table: Any, everything: bool) -> Limits:
    """Look up the limits of a batch: those that may be in the table (float64[m], ascending), or `everything` that is
    not rational. Numbers are those of rows; the values and the table are on the device, what is returned is not.
    """
    n = values.value.shape[0]
    found, told, counts = empty(n, np.uint8), empty(n, np.uint8), upload(np.zeros(RATIONAL + 1, np.int64))
    launch(look, n, values.value, values.error, values.kind, table, everything, found, told)
    launch(tally, -(-n // RUN), values.kind, told, n, counts)
    rows = flagged(found, n)
    value, error = (fetch(taken(x, rows)) for x in (values.value, values.error))
    counted = fetch(counts)
    return Limits(counted[:RATIONAL].tolist(), int(counted[RATIONAL]), fetch(rows), value, digits(error))
