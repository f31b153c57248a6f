"""What is timed on a GPU. Nobody has run this on one yet; without one nothing here is called."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.evaluators import INPUTS, NODES, SET
from benchmarks.gpu.counts import Counts, trees
from benchmarks.gpu.limits import WARP, Card
from primitives.gpu.devices import Device

PROGRAMS = {1_000: 20_000, 10_000: 5_000, 100_000: 1_000}  # rows -> programs
CLOSE = 1e-4  # losses, relative: sums are taken in another order
PUBLISHED, AIM = 1e11, 5e11  # nodes a second: EvoGP, and what an H100 should do


class _Timed:
    """A kernel whose launches are timed by events of the device."""

    def __init__(self, kernel: Any, seconds: list[float]) -> None:
        self.kernel, self.seconds = kernel, seconds

    def __getitem__(self, shape: Any) -> Callable[..., None]:
        from numba import cuda

        def launch(*arguments: Any) -> None:
            begin, end = cuda.event(), cuda.event()
            begin.record()
            self.kernel[shape](*arguments)
            end.record()
            end.synchronize()
            self.seconds.append(begin.elapsed_time(end) / 1e3)

        return launch


def clocked(work: Callable[..., Any], *arguments: Any) -> float:
    """Seconds of a call that ends with its results on the host."""
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def nodes(device: Device, card: Card, counts: dict[str, Counts], rounds: int) -> list[dict[str, Any]]:
    """Losses of random programs: the kernel, the whole call, and the CPU on all cores, in turns; medians.

    counts: dtype -> instructions of a warp a node, as `counts.of_nodes` has them.
    """
    from primitives.evaluators import cuda as module
    from primitives.evaluators.numba_cpu import NumbaEvaluator

    table, rng = [], np.random.default_rng(2026)
    cores = len(os.sched_getaffinity(0))
    make = module._evaluate
    for dtype in ("float32", "float64"):
        gpu, cpu = module.CudaEvaluator(SET, dtype, device), NumbaEvaluator(SET, dtype, cores)
        for rows, n in PROGRAMS.items():
            x, target = rng.normal(size=(INPUTS, rows)).astype(dtype), rng.normal(size=rows).astype(dtype)
            programs = trees(n)
            got, wanted = (e.loss(programs, x, target) for e in (gpu, cpu))  # both are warm now
            apart = _apart(got, wanted)
            if not apart <= CLOSE:
                raise SystemExit(f"{dtype}, {rows} rows: losses differ by {apart:.3g}; nothing timed")
            times: dict[str, list[float]] = {"kernel": [], "call": [], "cpu": []}
            for _ in range(rounds):
                launches: list[float] = []
                with patch.object(module, "_evaluate", lambda *a, seconds=launches: _Timed(make(*a), seconds)):
                    gpu.loss(programs, x, target)
                times["kernel"].append(sum(launches))
                times["call"].append(clocked(gpu.loss, programs, x, target))
                times["cpu"].append(clocked(cpu.loss, programs, x, target))
            work = n * NODES * rows
            rate = {name: work / float(np.median(t)) for name, t in times.items()}
            moved = (n * (NODES * 20 + 8) + x.nbytes + target.nbytes) / (work / rate["kernel"])
            need = counts.get(dtype, {})
            table.append({
                "dtype": dtype, "rows": rows, "programs": n, "largest difference": apart, "cores": cores,
                "nodes/s": rate,
                "kernel / cpu": float(np.median(np.divide(times["cpu"], times["kernel"]))),
                "call / cpu": float(np.median(np.divide(times["cpu"], times["call"]))),
                "shares": {pipe: rate["kernel"] / WARP * need[pipe] / card.rates()[pipe] for pipe in need}
                | {"DRAM, at least": moved / card.bandwidth},
            })  # fmt: skip
    return table


def _apart(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest relative difference; infinite where one is infinite alone."""
    fits = np.isfinite(wanted)
    if not np.array_equal(fits, np.isfinite(got)):
        return np.inf
    return float(np.max(np.abs(got[fits] - wanted[fits]) / np.maximum(np.abs(wanted[fits]), 1e-30), initial=0.0))


def fractions(device: Device, rounds: int) -> list[dict[str, Any]]:
    """Fractions a second; see `searches.constants.gpu.rate`."""
    from searches.constants.gpu.rate import rates

    return [asdict(rate) for rate in rates(device, rounds=rounds)]


def trainings(device: Device) -> list[dict[str, Any]]:
    """Trainings a second; see `benchmarks.optimizer_gpu`."""
    from benchmarks.optimizer_gpu import SEARCHES, rates

    return [row for search in SEARCHES for row in rates(device, search)]


def layers(device: Device) -> list[dict[str, Any]]:
    """Layers a minute; see `benchmarks.normalizer_gpu`."""
    from benchmarks.normalizer_gpu import rates

    return rates(device)
