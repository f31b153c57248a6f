"""Golden numbers: what an exported file must compute from the input that it holds.

They come from the program itself, by mpmath with far more digits than are printed, so that they are the same on any
machine; nothing that the code was written from has a part in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from primitives.images import EPS
from primitives.primitive import AXES
from searches.normalizers.export.common import Export
from searches.normalizers.export.reading import NoLayer, axes_of, live

IMAGES = (2, 2, 2, 1, 2)  # b, g, c, h, w
TOKENS = (2, 4)
MOMENTUM = 0.1
_BITS = 160
_LARGEST = 1e100
_DIGITS = 12


@dataclass(frozen=True)
class Golden:
    """Numbers in the order of the elements: x; trained numbers by name; y in training, y in eval mode after that one
    batch (empty if nothing runs along), and the gradient of the sum of k times the k-th element of y."""

    x: list[float]
    trained: dict[str, list[float]]
    training: list[float]
    evaluation: list[float]
    gradient: list[float]


def golden(export: Export) -> Golden:
    """Raises NoLayer for a program that leaves the reals on this input."""
    import mpmath

    random = Random(0)
    count = len(_order(export))
    x = [random.choice((-1, 1)) * k / 64 for k in random.sample(range(1, 128, 2), count)]
    trained = {"weight": [0.5, 0.75, 1.25, 1.5], "bias": [-0.25, 0.0, 0.25, 0.5]}
    given = {"v0": [-0.125, 0.0, 0.125, 0.25], "v1": [0.5, 1.0, 1.5, 2.0], "a": [0.75], "s": [0.25]}
    trained |= {
        name: given[name] for name in export.program.signature.leaves if name in export.plan.reads and name in given
    }
    with mpmath.workprec(_BITS):
        try:
            evaluation = _Evaluation(export, given | trained)
            training = evaluation.output([mpmath.mpf(v) for v in x])
            running = evaluation.output([mpmath.mpf(v) for v in x], eval_mode=True) if export.plan.running else []
            gradient = [evaluation.slope(x, k) for k in range(count)]
        except (ZeroDivisionError, TypeError, ValueError, OverflowError):
            raise NoLayer("not a real number everywhere on an input of ordinary size") from None
        rows = ([float(mpmath.nstr(v, _DIGITS)) for v in row] for row in (training, running, gradient))
        return Golden(x, trained, *rows)


def _order(export: Export) -> list[tuple[int, ...]]:
    """Indices (b, g, c, h, w) of the elements."""
    if export.pointwise:
        return [(b, 0, c, 0, 0) for b in range(TOKENS[0]) for c in range(TOKENS[1])]
    b, g, c, h, w = map(range, IMAGES)
    return [(i, j, k, m, n) for i in b for j in g for k in c for m in h for n in w]


class _Evaluation:
    """The program on rows of mpmath's numbers."""

    def __init__(self, export: Export, trained: dict[str, list[float]]) -> None:
        import mpmath

        self._mp = mpmath.mp
        self._export, self._order = export, _order(export)
        channels = [g * IMAGES[2] + c for _, g, c, _, _ in self._order]
        self._rows = {
            name: [mpmath.mpf(values[c if len(values) > 1 else 0]) for c in channels]
            for name, values in trained.items()
        }
        self._axes = axes_of(export.program, export.primitives)
        self._live = set(live(export.program))
        self._kept: dict[int, list[Any]] = {}  # instruction -> mean, second moment or variance of the batch

    def output(self, x: list[Any], eval_mode: bool = False) -> list[Any]:
        """y * weight + bias. In eval mode batch statistics are what the last call in training mode left running."""
        mp, program, primitives = self._mp, self._export.program, self._export.primitives
        values = [x if name == "x" else self._rows[name] for name in program.signature.leaves]

        def value(v: int) -> list[Any]:
            return values[v] if v >= 0 else [mp.mpf(program.constants[-1 - v])] * len(x)

        for i, ins in enumerate(program.instructions):
            if i not in self._live:
                values.append([])
                continue
            p = primitives[primitives.opcode(ins.op)]
            arguments = [value(a) for a in ins.args]
            averaged = frozenset(p.over) & (self._axes[ins.args[0]] if ins.args[0] >= 0 else frozenset())
            if not p.over:
                row = [p.high(mp, *each) for each in zip(*arguments, strict=True)]
            elif eval_mode and "b" in averaged:
                row = self._running(i, ins.op.partition("_")[0])
            else:
                row = self._moment(p, arguments[0])
                if "b" in averaged:
                    self._keep(i, ins.op.partition("_")[0], row, averaged)
            if not all(isinstance(v, mp.mpf) and abs(v) < _LARGEST for v in row):  # larger ones take for ever
                raise ValueError
            values.append(row)
        y = zip(value(program.results[0]), self._rows["weight"], self._rows["bias"], strict=True)
        return [v * weight + bias for v, weight, bias in y]

    def slope(self, x: list[float], k: int) -> Any:
        """The derivative of 1 y_1 + 2 y_2 + .. with respect to x_k, to some 25 digits."""
        step = self._mp.mpf(10) ** -14
        sums = []
        for sign in (1, -1):
            moved = [self._mp.mpf(v) + sign * step * (j == k) for j, v in enumerate(x)]
            sums.append(sum(n * v for n, v in enumerate(self.output(moved), 1)))
        return (sums[0] - sums[1]) / (2 * step)

    def _moment(self, primitive: Any, row: list[Any]) -> list[Any]:
        out: list[Any] = [None] * len(row)
        groups: dict[tuple[int, ...], list[int]] = {}
        for j, index in enumerate(self._order):
            key = tuple(i for i, axis in zip(index, AXES, strict=True) if axis not in primitive.over)
            groups.setdefault(key, []).append(j)
        for members in groups.values():
            for j, number in zip(members, primitive.high(self._mp, [row[j] for j in members]), strict=True):
                out[j] = number
        return out

    def _keep(self, i: int, kind: str, row: list[Any], averaged: frozenset[str]) -> None:
        """What one batch leaves of a moment, as BatchNorm does: it begins at 0 or 1, and variances are unbiased."""
        values = self._mp.mpf(1)
        for axis, size in zip(AXES, IMAGES, strict=True):
            values *= size if axis in averaged else 1
        eps = self._mp.mpf(EPS)
        if kind != "mean":
            row = [(v * v - eps) * (values / (values - 1) if kind == "std" else 1) for v in row]
        begin = 0 if kind == "mean" else 1
        momentum = self._mp.mpf(MOMENTUM)
        self._kept[i] = [(1 - momentum) * begin + momentum * v for v in row]

    def _running(self, i: int, kind: str) -> list[Any]:
        row = self._kept[i]
        return row if kind == "mean" else [self._mp.sqrt(v + self._mp.mpf(EPS)) for v in row]
