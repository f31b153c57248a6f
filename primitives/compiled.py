"""How functions are compiled here: `outer` those that Python calls, `inner` and `inlined` what these call.

Inner functions count no references (`_nrt=False`), so they may allocate nothing. Otherwise every call that hands over
arrays pays an atomic increment and decrement an array: measured, two thirds of the time of the canonical form.

Numba's cache on disk knows a function by its own file only, and would go on using machine code that contains an older
version of a function of another file. Here the cache is stamped with the text of all files that may be inlined: those
of this package, and of the function's own (of `searches` for all that lies there). This package's make up the
generated kernels too, so a module may bind one, `advance = kernels(HERO, "float32").advance`, and call it from
functions that are cached.
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
    """A hash of all modules of a folder, and of those below it if it is a package."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py") if _is_package(folder) else folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists()


def _package(file: str) -> Path:
    """The folder of a module, or that of the outermost package that it is in."""
    folder = Path(file).parent
    while _is_package(folder.parent):
        folder = folder.parent
    return folder


def sources(function: Callable[..., Any]) -> tuple[str, str]:
    """The stamp of a function: hashes of this package and of the function's own."""
    return _sources(Path(__file__).parent), _sources(_package(function.__code__.co_filename))


def decorator(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`njit`, cached under a stamp of all sources, without the interpreter lock and with NumPy's division by zero."""

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)  # none if NUMBA_DISABLE_JIT is set
        if file is not None:
            file._source_stamp = sources(function)
        return compiled

    return decorate


outer = decorator()
inner = decorator(_nrt=False)
inlined = decorator(_nrt=False, forceinline=True)
# For functions made inside another function, as part of what calls them: Numba cannot cache them on their own.
closure = njit(nogil=True, error_model="numpy", forceinline=True)
