"""Fractions a second on a GPU, beside one core of the CPU, after a comparison of every value."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda

from primitives.gpu.devices import CPU, Device
from searches.constants import evaluate
from searches.constants.box import BoxSweep
from searches.constants.config import ConstantsConfig
from searches.constants.gpu import double, first
from searches.constants.gpu.launch import empty, launch, upload

DIGITS = 0.08  # that a term adds at least: 1000 terms are then enough without acceleration


@dataclass(frozen=True)
class Rate:
    """Of one kernel: fractions a second on the device (wall time, with launches, results left there) and on one core
    (CPU time), medians over rounds in which they took turns; and whether all results were the same, to the bit."""

    name: str
    fractions: int
    device: float
    cpu: float
    equal: bool


def rates(device: Device, n: int = 1 << 20, depth: int = 1000, rounds: int = 5, few: int = 1 << 14) -> list[Rate]:
    """Random fractions of degrees (1, 2) to 14 and 31 digits, `few` of them on the CPU; and the box of NeurIPS 2024.

    convergents    the plain recurrence to the depth, with its bound on rounding
    first_pass     two depths, as deep as each fraction needs
    doubledouble   depths 667 and 1000 of all fractions on the device; the CPU stops earlier where that is enough
    box            2^20 fractions of degrees <= 2: numbered, evaluated, looked up
    """
    a, b = _fractions(n)
    p, q, every, value = upload(a), upload(b), upload(np.arange(n)), empty(n)
    small = a[:few], b[:few]

    def convergents() -> Any:
        launch(first.convergents_of, n, p, q, *first.likes(p, q), depth, value)

    found = [
        _rate(
            "convergents", (n, few), rounds, convergents, lambda: evaluate.convergents(*small, depth),
            lambda: _same(first.convergents(*small, depth), evaluate.convergents(*small, depth)),
        ),
        _rate(
            "first_pass", (n, few), rounds, lambda: first.evaluated(p, q, depth),
            lambda: evaluate.first_pass(*small, depth),
            lambda: _alike(first.first_pass(*small, depth), evaluate.first_pass(*small, depth)),
        ),
        _rate(
            "doubledouble", (n, few), rounds, lambda: double.at_depth(p, q, every, depth),
            lambda: evaluate.doubledouble(*small, depth),
            lambda: _alike(double.doubledouble(*small, depth), evaluate.doubledouble(*small, depth)),
        ),
    ]  # fmt: skip
    return [*found, _box(device, rounds, n, few)]


def _box(device: Device, rounds: int, n: int, few: int) -> Rate:
    sweeps = BoxSweep(ConstantsConfig()), BoxSweep(ConstantsConfig())
    for sweep, on in zip(sweeps, (device, CPU), strict=True):
        sweep.device = on
    there, here = sweeps
    n, few = min(n, here.total), min(few, here.total)

    def equal() -> bool:
        counts, hits = there.scan(0, few)
        expected, others = here.scan(0, few)
        return counts == expected and all(_same(hits[name], others[name]) for name in others)

    return _rate("box", (n, few), rounds, lambda: there.limits(0, n), lambda: here.limits(0, few), equal)


def _rate(
    name: str,
    sizes: tuple[int, int],
    rounds: int,
    there: Callable[[], Any],
    here: Callable[[], Any],
    equal: Callable[[], bool],
) -> Rate:
    same = equal()
    there()  # compiles
    seconds = np.empty((rounds, 2))
    for row in seconds:
        cuda.synchronize()
        began = time.perf_counter()
        there()
        cuda.synchronize()
        row[0] = time.perf_counter() - began
        began = time.process_time()
        here()
        row[1] = time.process_time() - began
    device, cpu = np.array(sizes) / np.median(seconds, axis=0)
    return Rate(name, sizes[0], float(device), float(cpu), same)


def _fractions(n: int, seed: int = 2026) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients -9..9 of degrees (1, 2), of which a term adds DIGITS: with x^2 = A x + B, the ratio of the roots."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-9, 10, (8 * n + 64, 2)), rng.integers(-9, 10, (8 * n + 64, 3))
    lead, last = a[:, 1].astype(float), b[:, 2].astype(float)
    root = np.sqrt(np.maximum(lead * lead + 4 * last, 0.0))
    low, high = np.abs(lead) - root, np.abs(lead) + root
    good = (lead != 0) & (last != 0) & (root > 0) & (high >= 10.0**DIGITS * np.abs(low))
    return a[good][:n].copy(), b[good][:n].copy()


def _same(x: np.ndarray, y: np.ndarray) -> bool:
    return bool(np.array_equal(x, y, equal_nan=x.dtype.kind == "f"))


def _alike(x: Any, y: Any) -> bool:
    return all(_same(getattr(x, name), getattr(y, name)) for name in vars(y))
