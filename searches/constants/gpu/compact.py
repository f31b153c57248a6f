"""Which of many are flagged: their numbers, in order, whatever the order of threads.

A thread counts the flags of a run, the host adds up where each run's begin, and a thread writes down each run's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from primitives.compiled import inner
from primitives.gpu.compile import kernel
from searches.constants.gpu.launch import empty, fetch, launch, plain, upload

RUN = 64  # flags that a thread looks at


@inner
def _count(run, flags, n, counts):
    found = 0
    for i in range(run * RUN, min(run * RUN + RUN, n)):
        if flags[i]:
            found += 1
    counts[run] = found


@inner
def _write(run, flags, n, starts, out):
    at = starts[run]
    for i in range(run * RUN, min(run * RUN + RUN, n)):
        if flags[i]:
            out[at] = i
            at += 1


@inner
def _take(i, rows, source, out):
    for k in range(source.shape[1]):
        out[i, k] = source[rows[i], k]


@kernel
def count_flags(threads, flags, n, counts):
    """How many flags of each run are not 0."""
    run = cuda.grid(1)
    if run < threads:
        _count(run, plain(flags), n, plain(counts))


@kernel
def write_flagged(threads, flags, n, starts, out):
    """The numbers of those, each run's from its start."""
    run = cuda.grid(1)
    if run < threads:
        _write(run, plain(flags), n, plain(starts), plain(out))


@kernel
def take(threads, places, source, out):
    """out = source[places]: vectors."""
    i = cuda.grid(1)
    if i < threads:
        plain(out)[i] = plain(source)[plain(places)[i]]


@kernel
def take_rows(threads, rows, source, out):
    """out = source[rows]: matrices."""
    i = cuda.grid(1)
    if i < threads:
        _take(i, plain(rows), plain(source), plain(out))


def flagged(flags: Any, n: int) -> Any:
    """int64[m], on the device: where the first n of uint8 flags are not 0, in order."""
    runs = -(-n // RUN)
    counts = empty(runs, np.int64)
    launch(count_flags, runs, flags, n, counts)
    ends = np.cumsum(fetch(counts))
    total = int(ends[-1]) if runs else 0
    out = empty(total, np.int64)
    if total:
        launch(write_flagged, runs, flags, n, upload(np.concatenate([[0], ends[:-1]])), out)
    return out


def taken(source: Any, places: Any) -> Any:
    """source[places] of a vector or matrix and int64[m], on the device."""
    n = places.shape[0]
    out = empty((n, *source.shape[1:]), source.dtype)
    launch(take if len(source.shape) == 1 else take_rows, n, places, source, out)
    return out
