"""The judge: the largest relative error of a program in multiprecision arithmetic, whose rounding plays no part.

The error is the supremum over the interior of the domain: a program that divides by x counts with its limit at 0.
Ends are approached to 2^-200 of the width, at a precision in which nothing cancels away. A divisor that changes sign
inside the domain makes a program worthless, even where the formula has a limit: whoever runs it would divide by zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from primitives.primitive import Primitive
from primitives.program import Program
from primitives.table import REAL
from searches.functions.targets import TARGETS, chebyshev

APPROACH = 200  # the ends are approached to 2^-APPROACH of the width
SCAN = 300
DIVIDES = {"div": 1, "reciprocal": 0}  # primitive -> which argument it divides by


class Domain:
    """A target on an interval, in multiprecision; values are kept, for many programs meet the same points."""

    def __init__(self, function: str, low: float, high: float, digits: int) -> None:
        import mpmath

        self.mp = mp = mpmath.mp.clone()
        mp.prec = math.ceil(digits * math.log2(10)) + 10
        self.fine = mp.prec + 3 * APPROACH  # near the ends
        self.function = TARGETS[function]
        self.low, self.high = mp.mpf(low), mp.mpf(high)
        self._known: dict[Any, Any] = {}
        with mp.workprec(self.fine):
            near = mp.ldexp(self.high - self.low, -APPROACH)
            self.ends = (self.low + near, self.high - near)
        self.scan = self.points(SCAN)

    def points(self, count: int) -> tuple[Any, ...]:
        """Chebyshev points with the ends as they are approached."""
        inner = chebyshev(float(self.low), float(self.high), count)[1:-1]
        return (self.ends[0], *(self.mp.mpf(float(x)) for x in inner), self.ends[1])

    def target(self, x: Any) -> Any:
        """f(x)."""
        if x not in self._known:
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[x] = self.function(self.mp, x)
        return self._known[x]


@lru_cache(maxsize=16)
def domain(function: str, low: float, high: float, digits: int) -> Domain:
    """The Domain of these parameters, shared."""
    return Domain(function, low, high, digits)


class Judged:
    """A program with constants of any precision, on a Domain."""

    def __init__(self, program: Program, where: Domain, constants: Sequence[Any] | None = None) -> None:
        self.where, self.mp = where, where.mp
        self._steps: list[tuple[Primitive, tuple[int, ...], int | None]] = []
        for ins in program.instructions:
            self._steps.append((REAL[REAL.opcode(ins.op)], ins.args, DIVIDES.get(ins.op)))
        self._result = program.results[0]
        given = program.constants if constants is None else constants
        self.constants = [self.mp.mpf(c) for c in given]
        self._signs: dict[int, bool] = {}

    def error(self, x: Any) -> Any:
        """p(x) / f(x) - 1, signed; infinite where p is undefined or has passed a pole."""
        if x == self.where.ends[0] or x == self.where.ends[1]:
            with self.mp.workprec(self.where.fine):
                return self._error(x)
        return self._error(x)

    def _error(self, x: Any) -> Any:
        mp, values = self.mp, [x]
        try:
            for i, (primitive, args, divisor) in enumerate(self._steps):
                arguments = [values[a] if a >= 0 else self.constants[-1 - a] for a in args]
                if divisor is not None:
                    negative = arguments[divisor] < 0
                    if arguments[divisor] == 0 or self._signs.setdefault(i, negative) != negative:
                        return mp.inf
                values.append(primitive.high(mp, *arguments))
            r = self._result
            y = values[r] if r >= 0 else self.constants[-1 - r]
            e = y / self.where.target(x) - 1
            return e if mp.isfinite(e) and mp.im(e) == 0 else mp.inf
        except (ZeroDivisionError, OverflowError, ValueError, TypeError):
            return mp.inf

    def extrema(self, points: Sequence[Any]) -> list[tuple[Any, Any]]:
        """Local maxima of |error|, ends included, as (x, signed error) in order of x, refined by parabolas.

        Infinite anywhere: that point alone.
        """
        errors = [self.error(x) for x in points]
        for x, e in zip(points, errors, strict=True):
            if not self.mp.isfinite(e):
                return [(x, e)]
        size = [abs(e) for e in errors]
        most = max(size)
        found = []
        for i, x in enumerate(points):
            left = size[i - 1] if i > 0 else -1
            right = size[i + 1] if i + 1 < len(points) else -1
            if size[i] >= left and size[i] > right:
                if 0 < i < len(points) - 1 and size[i] > 0.5 * most:
                    found.append(self._refine(points[i - 1 : i + 2], errors[i - 1 : i + 2]))
                else:
                    found.append((x, errors[i]))
        return found

    def _refine(self, xs: Sequence[Any], es: Sequence[Any]) -> tuple[Any, Any]:
        """The vertex of |error| between three points, by successive parabolas."""
        mp = self.mp
        (a, b, c), (ea, eb, ec) = xs, es
        for _ in range(12):
            sign = 1 if eb > 0 else -1
            p, q = (b - a) * (eb - ec), (b - c) * (eb - ea)
            if p == q:
                break
            v = b - ((b - a) * p - (b - c) * q) / (2 * (p - q))
            if not a < v < c or v == b:
                break
            ev = self.error(v)
            if not mp.isfinite(ev):
                return v, ev
            gain = sign * (ev - eb)
            if gain > 0:
                a, b, c, ea, eb, ec = (a, v, b, ea, ev, eb) if v < b else (b, v, c, eb, ev, ec)
            elif v < b:
                a, ea = v, ev
            else:
                c, ec = v, ev
            if abs(gain) < abs(eb) * mp.mpf(2) ** -40:
                break
        return b, eb

    def worst(self, points: Sequence[Any] | None = None) -> float:
        """Largest |error| over the domain, rounded to float64."""
        found = self.extrema(self.where.scan if points is None else points)
        return float(max(abs(e) for _, e in found))


def depending(program: Program) -> list[bool]:
    """For each instruction whether it depends on x and the result on it."""
    n = program.n_leaves
    on_x: list[bool] = []
    for ins in program.instructions:
        on_x.append(any(0 <= a < n or (a >= n and on_x[a - n]) for a in ins.args))
    alive = [False] * len(on_x)
    stack = [r - n for r in program.results if r >= n]
    while stack:
        i = stack.pop()
        if not alive[i]:
            alive[i] = True
            stack.extend(a - n for a in program.instructions[i].args if a >= n)
    return [x and a for x, a in zip(on_x, alive, strict=True)]


def operations(program: Program) -> int:
    """Instructions that depend on x and on which the result depends; constants cost nothing."""
    return sum(depending(program))


def relative_error(program: Program, function: str, low: float, high: float, digits: int = 50) -> float:
    """Largest relative error of the program with its float64 constants in exact arithmetic; infinite if undefined."""
    return Judged(program, domain(function, low, high, digits)).worst()
