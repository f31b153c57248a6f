"""Polishing the constants of a finalist to the minimax, whatever its form, then rounding them to float64.

Remez exchange for programs in which constants enter nonlinearly: the error is measured in multiprecision at its
extrema, linearised there, and the largest linearised error is made smallest by a linear program; repeat. All numbers in
the linear program are of order one, so float64 serves, and redundant constants do no harm. A step is kept only if the
measured error fell, so the result is never worse than the start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from primitives.program import Program
from searches.functions.measure import Domain, Judged, domain

GRID = 64  # points at which extrema are looked for between full measurements
CORRECTIONS = 3


def polish(program: Program, function: str, low: float, high: float, digits: int = 50) -> tuple[Program, float]:
    """The program with polished float64 constants, and its largest relative error in exact arithmetic.

    Never worse than the program given.
    """
    where = domain(function, low, high, digits)
    start = Judged(program, where).worst()
    if not program.constants or not math.isfinite(start):
        return program, start
    constants = [where.mp.mpf(c) for c in program.constants]
    free = list(range(len(constants)))
    grid = where.points(GRID)
    exact, _ = minimax(program, where, constants, free, grid)
    rounded = _round(program, where, exact, grid)
    best = replace(program, constants=tuple(float(c) for c in rounded))
    error = Judged(best, where).worst()
    return (best, error) if error <= start else (program, start)


def minimax(
    program: Program,
    where: Domain,
    constants: Sequence[Any],
    free: Sequence[int],
    grid: Sequence[Any],
    rounds: int = 40,
) -> tuple[list[Any], Any]:
    """Make the largest error smallest over the constants numbered in `free`; (constants, error), in multiprecision.

    A step that fails is followed by up to three corrections from where it led, for the valleys of good constants are
    narrow and bent; then the trust region shrinks.
    """
    mp = where.mp
    best = _Point(program, where, constants, grid)
    radius = 1.0  # of the trust region, in units of the largest error
    for _ in range(rounds):
        if not mp.isfinite(best.size) or best.size == 0 or not free:
            break
        trial, promised = best.step(free, radius)
        if trial is None or promised > 1 - 1e-9:
            break
        for _ in range(CORRECTIONS):
            if trial.size < best.size or not mp.isfinite(trial.size):
                break
            corrected, _ = trial.step(free, 1.0)
            if corrected is None or not corrected.size < trial.size:
                break
            trial = corrected
        if trial.size < best.size:
            gain = float(1 - trial.size / best.size)
            if gain > 0.3 * (1 - promised):
                radius *= 4
            best = trial
            if gain < 1e-8:
                break
        else:
            radius *= 0.2
            if radius < 1e-8:
                break
    return best.constants, best.size


class _Point:
    """Constants, with the extrema of their error."""

    def __init__(self, program: Program, where: Domain, constants: Sequence[Any], grid: Sequence[Any]) -> None:
        self.program, self.where, self.grid, self.constants = program, where, grid, list(constants)
        self.judged = Judged(program, where, self.constants)
        self.extrema = self.judged.extrema(grid)
        self.size = max(abs(e) for _, e in self.extrema)

    def step(self, free: Sequence[int], radius: float) -> tuple[_Point | None, float]:
        """The point that the linearised problem leads to, and the share of the error that it promises to leave."""
        points = [*self.grid[::2], self.grid[-1], *(x for x, _ in self.extrema)]
        errors = np.array([float(self.judged.error(x) / self.size) for x in points])
        slopes = np.array([[float(d) for d in _slopes(self.judged, x, free)] for x in points])
        if not (np.all(np.isfinite(errors)) and np.all(np.isfinite(slopes))):
            return None, 1.0
        step, promised = _linear_minimax(errors, slopes, radius)
        if step is None:
            return None, 1.0
        constants = list(self.constants)
        for k, d in zip(free, step, strict=True):
            constants[k] = constants[k] + self.where.mp.mpf(float(d)) * self.size
        return _Point(self.program, self.where, constants, self.grid), promised


def _slopes(judged: Judged, x: Any, free: Sequence[int]) -> list[Any]:
    """Derivatives of the relative error at x by the free constants: multiprecision differences are as good as exact."""
    mp, constants = judged.mp, judged.constants
    base = judged.error(x)
    slopes = []
    for k in free:
        kept = constants[k]
        h = (abs(kept) if kept else mp.mpf(1)) * mp.mpf(2) ** -(mp.prec // 3)
        constants[k] = kept + h
        slopes.append((judged.error(x) - base) / h)
        constants[k] = kept
    return slopes


def _linear_minimax(errors: np.ndarray, slopes: np.ndarray, radius: float) -> tuple[np.ndarray | None, float]:
    """The step that makes max |errors + slopes step| smallest within the trust region, and that maximum.

    Solved in coordinates in which the columns of `slopes` are orthonormal, however alike they are.
    """
    from scipy.linalg import qr
    from scipy.optimize import linprog

    norms = np.linalg.norm(slopes, axis=0)
    norms[norms == 0] = 1.0
    q, r, order = qr(slopes / norms, mode="economic", pivoting=True)
    rank = int(np.sum(np.abs(np.diag(r)) > 1e-13 * abs(r[0, 0])))
    if rank == 0:
        return None, 1.0
    basis = q[:, :rank] * math.sqrt(len(errors))
    n = len(errors)
    ones = np.ones((n, 1))
    answer = linprog(
        np.r_[np.zeros(rank), 1.0],
        A_ub=np.block([[basis, -ones], [-basis, -ones]]),
        b_ub=np.r_[-errors, errors],
        bounds=[(-radius, radius)] * rank + [(0, None)],
        method="highs",
    )
    if not answer.success:
        return None, 1.0
    u = answer.x[:rank] * math.sqrt(len(errors))
    step = np.zeros(slopes.shape[1])
    step[order[:rank]] = np.linalg.solve(r[:rank, :rank], u)
    return step / norms, float(answer.x[rank])


def _round(program: Program, where: Domain, exact: Sequence[Any], grid: Sequence[Any]) -> list[Any]:
    """Constants rounded to float64 one by one, the most sensitive first, the others minimised again after each;
    then last bits are changed where that helps."""
    mp = where.mp
    current = list(exact)
    free = list(range(len(current)))
    while free:
        judged = Judged(program, where, current)
        most, pick = -1.0, free[0]
        sample = grid[:: max(1, len(grid) // 16)]
        slopes = np.array([[abs(float(d)) for d in _slopes(judged, x, free)] for x in sample]).max(axis=0)
        for k, slope in zip(free, slopes, strict=True):
            effect = float(slope) * math.ulp(float(current[k]))
            if effect > most:
                most, pick = effect, k
        free.remove(pick)
        current[pick] = mp.mpf(float(current[pick]))
        size = float(max(abs(e) for _, e in judged.extrema(grid)))
        if free and most > 1e-4 * size:
            current, _ = minimax(program, where, current, free, grid, rounds=6)
    return _last_bits(program, where, current, grid)


def _last_bits(program: Program, where: Domain, current: list[Any], grid: Sequence[Any]) -> list[Any]:
    """Greedy search over neighbouring floats, one constant at a time, on the extrema."""
    mp = where.mp
    judged = Judged(program, where, current)
    points = [x for x, _ in judged.extrema(grid)]
    best = max(abs(judged.error(x)) for x in points)
    for _ in range(4):
        improved = False
        for k in range(len(current)):
            for toward in (-math.inf, math.inf):
                while True:
                    trial = list(current)
                    trial[k] = mp.mpf(math.nextafter(float(current[k]), toward))
                    tried = Judged(program, where, trial)
                    size = max(abs(tried.error(x)) for x in points)
                    if not size < best * (1 - mp.mpf(1e-6)):
                        break
                    current, best, improved = trial, size, True
        if not improved:
            break
    return current
