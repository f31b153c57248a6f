"""How functions are compiled here: `outer` those that Python calls, `inner` and `inlined` what these call.

Inner functions count no references (`_nrt=False`), so they may allocate nothing. Otherwise every call that hands over
arrays pays an atomic increment and decrement an array: measured, two thirds of the time of the canonical form.

Numba's cache on disk knows a function by its own file only, and would go on using machine code that contains an older
version of a function of another file. Here the cache is stamped with the text of all files that may be inlined: those
of this folder and of the function's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from numba import njit


@lru_cache
def _sources(folder: Path) -> str:
    """A hash of all modules of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def decorator(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`njit`, cached under a stamp of all sources, without the interpreter lock and with NumPy's division by zero."""

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)  # none if NUMBA_DISABLE_JIT is set
        if file is not None:
            here = Path(__file__).parent
            file._source_stamp = _sources(here), _sources(Path(function.__code__.co_filename).parent)
        return compiled

    return decorate


outer = decorator()
inner = decorator(_nrt=False)
inlined = decorator(_nrt=False, forceinline=True)
# For functions made inside another function, as part of what calls them: Numba cannot cache them on their own.
closure = njit(nogil=True, error_model="numpy", forceinline=True)
