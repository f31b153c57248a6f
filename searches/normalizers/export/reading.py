"""A program as code of torch needs it: numbers folded, what is one value only once, each moment by what it costs.

Every value is a tensor [N, C, H, W] in which what it is constant over has one element, or a number. A moment of what
does not vary over its axes needs no sum: the mean of such a value is the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

from primitives.images import EPS
from primitives.primitive import AXES, Primitive, PrimitiveSet
from primitives.program import Instruction, Program

_KEPT = {"mean": "running_mean", "rms": "running_square", "std": "running_var"}


class NoLayer(ValueError):
    """A program that no file can be written of."""


@dataclass(frozen=True)
class Running:
    """A running statistic: its buffer, the kind of moment, whether it has a number a channel (or one for all), and
    whether it is of values that vary over the image."""

    name: str
    kind: str
    by_channel: bool
    of_pixels: bool


@dataclass(frozen=True)
class Plan:
    """What to write.

    program   primitives by their names, moments over a batch as `std_batch:running_var`, and relu, silu, at_least,
              at_most (of a number), rms_of_one (of what does not vary), expand (to the shape of x)
    running   buffers
    """

    program: Program
    running: tuple[Running, ...]

    @cached_property
    def reads(self) -> set[str]:
        """The leaves that it reads."""
        values = {a for ins in self.live for a in ins.args} | set(self.program.results)
        return {name for v, name in enumerate(self.program.signature.leaves) if v in values}

    @cached_property
    def live(self) -> list[Instruction]:
        """Instructions that the result needs."""
        return [self.program.instructions[i] for i in live(self.program)]

    @cached_property
    def statistics(self) -> set[str]:
        """Of batch, layer, instance, group those that it takes moments of."""
        moments = [ins.op.partition(":")[0].split("_") for ins in self.live if is_moment(ins.op)]
        return {statistic for _, statistic in moments}

    @property
    def uses_eps(self) -> bool:
        """Whether something is added under a root."""
        return any(ins.op.startswith(("std_", "rms_")) for ins in self.live)


def live(program: Program) -> list[int]:
    """Indices of the instructions that the results need, in order."""
    wanted, found = set(program.results), []
    for i in reversed(range(len(program.instructions))):
        if program.n_leaves + i in wanted:
            found.append(i)
            wanted.update(program.instructions[i].args)
    return found[::-1]


def axes_of(program: Program, primitives: PrimitiveSet) -> list[frozenset[str]]:
    """Of every leaf and instruction, the axes (letters of AXES) that its value varies over."""
    axes = [_of_leaf(name) for name in program.signature.leaves]
    for ins in program.instructions:
        primitive = primitives[primitives.opcode(ins.op)]
        together = frozenset[str]().union(*(axes[a] for a in ins.args if a >= 0))
        axes.append(together - frozenset(primitive.over))
    return axes


def plan(program: Program, primitives: PrimitiveSet) -> Plan:
    """What to write for a program. Raises NoLayer if its output does not depend on x."""
    builder = _Builder(program)
    axes = axes_of(program, primitives)
    values: list[int | float] = list(range(program.n_leaves))

    def value(v: int) -> int | float:
        return values[v] if v >= 0 else program.constants[-1 - v]

    alive = set(live(program))
    for i, ins in enumerate(program.instructions):
        primitive = primitives[primitives.opcode(ins.op)]
        arguments = [value(a) for a in ins.args]
        if i not in alive:
            values.append(float("nan"))  # nobody reads it
        elif all(isinstance(a, float) for a in arguments):
            values.append(_folded(primitive, [float(a) for a in arguments]))
        elif primitive.over:
            values.append(builder.moment(primitive, int(arguments[0]), axes[ins.args[0]]))
        else:
            values.append(builder.operation(ins.op, arguments))
    result = value(program.results[0])
    if isinstance(result, float) or "x" not in builder.plan(result).reads:
        raise NoLayer("the output does not depend on x")
    if axes[program.results[0]] != frozenset(AXES):
        result = builder.emit("expand", result, 0)
    return builder.plan(result)


class _Builder:
    """Instructions as they are written; an argument is a value, or a number."""

    def __init__(self, program: Program) -> None:
        self._signature, self._n = program.signature, program.n_leaves
        self._instructions: list[Instruction] = []
        self._constants: list[float] = []
        self._known: dict[tuple[str, tuple[int | float, ...]], int] = {}
        self._running: list[Running] = []

    def emit(self, op: str, *arguments: int | float) -> int:
        """The value of an operation; equal ones are one. A literal is written wherever it is used."""
        key = (op, arguments)
        if key not in self._known:
            numbers = []
            for a in arguments:
                if isinstance(a, float):
                    self._constants.append(a)
                numbers.append(-len(self._constants) if isinstance(a, float) else a)
            self._instructions.append(Instruction(op, tuple(numbers)))
            self._known[key] = self._n + len(self._instructions) - 1
        return self._known[key]

    def operation(self, op: str, arguments: Sequence[int | float]) -> int:
        """A function of each element."""
        if op in ("max", "min") and any(isinstance(a, float) for a in arguments):
            (number,) = [a for a in arguments if isinstance(a, float)]
            (tensor,) = [a for a in arguments if isinstance(a, int)]
            if op == "max" and number == 0:
                return self.emit("relu", tensor)
            return self.emit("at_least" if op == "max" else "at_most", tensor, number)
        if op == "mul":
            for a, b in (arguments, arguments[::-1]):
                if isinstance(b, int) and isinstance(a, int) and self._known.get(("sigmoid", (a,))) == b:
                    return self.emit("silu", a)
        return self.emit(op, *arguments)

    def moment(self, primitive: Primitive, value: int, axes: frozenset[str]) -> int | float:
        """A moment of a value that varies over these axes."""
        kind, statistic = primitive.name.split("_")
        if not axes & frozenset(primitive.over):
            if kind == "std":
                return sqrt(EPS)
            return value if kind == "mean" else self.emit("rms_of_one", value)
        if statistic != "batch":
            return self.emit(primitive.name, value)
        count = 1 + sum(r.kind == kind for r in self._running)
        name = f"{_KEPT[kind]}{count if count > 1 else ''}"
        self._running.append(Running(name, kind, "g" in axes, "h" in axes))
        return self.emit(f"{primitive.name}:{name}", value)

    def plan(self, result: int) -> Plan:
        """Everything up to a result."""
        program = Program(self._signature, tuple(self._instructions), tuple(self._constants), (result,))
        kept = {program.instructions[i].op.partition(":")[2] for i in live(program)}
        return Plan(program, tuple(r for r in self._running if r.name in kept))


def _of_leaf(name: str) -> frozenset[str]:
    """What a leaf varies over: images over all, v0 and v1 over channels, a and s are one number each."""
    return frozenset({"x": AXES, "v0": "gc", "v1": "gc"}.get(name, ""))


def is_moment(op: str) -> bool:
    """Whether an operation of a plan averages."""
    return op.startswith(("mean_", "rms_", "std_")) and op != "rms_of_one"


def _folded(primitive: Primitive, arguments: list[float]) -> float:
    """A primitive of numbers, the same on any machine; NaN where it has no real value."""
    import mpmath

    if primitive.over:
        kind = primitive.name.partition("_")[0]
        return {"mean": arguments[0], "rms": sqrt(arguments[0] ** 2 + EPS), "std": sqrt(EPS)}[kind]
    with mpmath.workprec(53):
        try:
            return float(primitive.high(mpmath.mp, *map(mpmath.mpf, arguments)))
        except (ZeroDivisionError, TypeError, ValueError, OverflowError):
            return float("nan")
