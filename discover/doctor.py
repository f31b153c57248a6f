"""What could be wrong with this machine, this installation, or a run."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from discover.artifact import Check
from primitives.gpu import devices

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "torch", "sympy", "mpmath", "python-flint", "deap", "multiprocess")
LEAST_FREE = 1 << 30


def environment() -> dict[str, str]:
    """What results could depend on beside the config: noted in every run, compared on a resume."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    noted = {"python": platform.python_version(), "cpu": llvm.get_host_cpu_name()}
    noted |= {name: version(name) for name in ("numpy", "numba", "llvmlite")}
    return noted | {"vectors": " ".join(f for f in ("avx2", "fma", "avx512f") if features.get(f))}


def differences(noted: dict[str, str]) -> list[str]:
    """How this environment differs from a run's; results may then differ in the last bit."""
    here = environment()
    return [f"{k} {noted[k]} there, {here[k]} here" for k in here if k in noted and noted[k] != here[k]]


def examine() -> Iterator[Check]:
    """Checks of the machine and the installation."""
    yield Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}")
    for name in PACKAGES:
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, "not installed: pip install discover-programs")
    yield Check("sqlite", True, sqlite3.sqlite_version)
    here = environment()
    yield Check("processor", True, f"{os.cpu_count()} cores, {here['cpu']}, {here['vectors'] or 'no vectors'}")
    free = shutil.disk_usage(".").free
    yield Check("disk", free >= LEAST_FREE, f"{free / 2**30:.1f} GiB free here")
    device, why = devices.choose("auto")
    size = f"{device.memory / 2**30:.0f} GiB"
    yield Check("gpu", True, f"{device}, {device.name}, {size}" if device.is_cuda else f"none: {why}")
    yield from _cache_folders()
    yield _subnormals()
    yield from _searches()


def _cache_folders() -> Iterator[Check]:
    """Numba compiles once if these can be written; else every process compiles for itself, and slowly."""
    import primitives
    from primitives.evaluators.codegen import cache_folder

    compiled = os.environ.get("NUMBA_CACHE_DIR") or Path(next(iter(primitives.__path__))) / "__pycache__"
    for what, folder in (("compiled code", Path(compiled)), ("kernels", cache_folder())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                yield Check(what, True, f"kept in {folder}")
        except OSError as error:
            yield Check(
                what, False, f"{folder}: {error.strerror}; set NUMBA_CACHE_DIR and DISCOVER_CACHE to folders of yours"
            )


def _subnormals() -> Check:
    """Some libraries switch the processor to flush-to-zero when loaded; scores would then depend on what is loaded."""
    import numpy as np

    ok = bool(np.float64(2.0**-1022) * np.float64(0.5) > 0 and np.float32(2.0**-126) * np.float32(0.5) > 0)
    return Check("subnormals", ok, "kept" if ok else "flushed to zero by a loaded library: results would differ")


def _searches() -> Iterator[Check]:
    from discover import registry, spec

    if not registry.entries():
        yield Check("searches", False, "none found: pip install discover-programs")
    for name in registry.entries():
        try:
            specs = registry.domain(name).specs
            for one in specs:
                spec.load(f"{name}/{one}")
            yield Check(f"search {name}", True, ", ".join(specs) or "no specs")
        except Exception as error:  # whatever a stranger's package does
            yield Check(f"search {name}", False, " ".join(f"{type(error).__name__}: {error}".split()))


def examine_run(folder: str | Path) -> Iterator[Check]:
    """Checks of a run: every digest recomputed."""
    from discover.runs import load
    from discover.store import Store

    run = load(folder)
    with Store.read(run.folder) as store:
        store.check()
        last = store.generations()
        done = len(last)
        yield Check("run", True, f"{run.name}, {store.status}, {done} generations, all as they were written")
        yield Check("digest", True, store.digest())
    other = differences(run.environment)
    yield Check("environment", not other, "; ".join(other) or "the same as here")
