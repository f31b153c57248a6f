"""What every exported file has: a header, golden steps, the document."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from discover.document import LICENSE, Document
from primitives.primitive import PrimitiveSet
from primitives.program import Program
from searches.optimizers.export.plan import Plan
from searches.optimizers.export.reading import plan

HOW = {
    "buffers": "numbers that a weight carries along",
    "statements": "instructions of the canonical form",
    "loss": "validation, mean over the data orders of finalists",
}
SIZES = (4, 3)  # of the tensors that golden steps are taken on
GOLDEN_SCHEDULE = (0.5, 1.0, 1.0, 0.75, 0.5, 0.25)
Rows = list[list[float]]


@dataclass(frozen=True)
class Export:
    """What every format needs: the find, its document, and what its program says.

    constant_step: the program does not read lr; `program` is it times lr, so that a user has a learning rate
    """

    program: Program
    document: Document
    primitives: PrimitiveSet
    constant_step: bool = False

    @cached_property
    def plan(self) -> Plan:
        """Settings, terms, states."""
        return plan(self.program)

    @property
    def name(self) -> str:
        """Of the exported function."""
        return self.document.name

    @property
    def title(self) -> str:
        """One line: what it is."""
        states = len(self.plan.states)
        return f"{states or 'no'} state buffer{'s' * (states != 1)}, {len(self.program.instructions)} operations"

    @property
    def header(self) -> list[str]:
        """The comment at the top of every file."""
        d = self.document
        return [
            f"SPDX-License-Identifier: {LICENSE}",
            "",
            f"{self.name}: an optimizer of {self.title}",
            "",
            f"Program ({', '.join(d.signature.inputs)} are this step's; w -= update):",
            *(f"    {line}" for line in d.program),
            *self.note,
            *d.score_lines(HOW),
            f"Status: {d.status}",
            *d.origin,
        ]

    @property
    def note(self) -> list[str]:
        """What the file does that the program does not."""
        return ["It takes one step size for all steps; here lr multiplies the update."] if self.constant_step else []

    def settings(self) -> list[tuple[str, str]]:
        """Arguments and their defaults, several betas as one: [("lr", "0.0001"), ("betas", "(0.9, 0.99)"), ...]."""
        betas = [s for s in self.plan.settings if s.role == "beta"]
        found = []
        for s in self.plan.settings:
            if s.role == "beta" and len(betas) > 1:
                if s is betas[0]:
                    found.append(("betas", f"({', '.join(repr(b.default) for b in betas)})"))
            else:
                found.append((s.name, repr(s.default)))
        return found


@dataclass(frozen=True)
class Golden:
    """Steps that a file must reproduce: weights before; of each step the factor on lr, the gradients, the weights."""

    start: Rows
    steps: list[tuple[float, Rows, Rows]]


def golden(export: Export) -> Golden:
    """In arithmetic that rounds to 53 bits on any machine alike. A program that divides by zero or leaves the reals has
    fewer steps."""
    import mpmath

    random = Random(0)
    count = sum(SIZES)
    program, state = export.program, len(export.program.signature.state)
    start = [random.randint(-64, 64) / 32 for _ in range(count)]
    weights, slots = [mpmath.mpf(w) for w in start], [[mpmath.mpf(0)] * count] * state
    steps = []
    with mpmath.workprec(53):
        for t, factor in enumerate(GOLDEN_SCHEDULE, 1):
            gradient = [
                random.choice((-1, 1)) * random.randint(8, 15) / 2 ** random.randint(4, 12) for _ in range(count)
            ]
            gradient[0] = 0.0  # of one weight, always
            rows = {"w": weights, "g": list(map(mpmath.mpf, gradient))}
            rows |= {"lr": [mpmath.mpf(factor)] * count, "t": [mpmath.mpf(t)] * count}
            leaves = [rows[name] for name in program.signature.inputs] + slots
            try:
                update, *slots = _step(export.primitives, program, leaves)
                weights = [+(w - u) for w, u in zip(weights, update, strict=True)]
                expected = list(map(float, weights))
            except (ZeroDivisionError, TypeError, ValueError, OverflowError):
                break
            if not all(map(math.isfinite, expected)):
                break
            steps.append((factor, _by_tensor(gradient), _by_tensor(expected)))
    return Golden(_by_tensor(start), steps)


def _step(primitives: PrimitiveSet, program: Program, leaves: list[list[Any]]) -> list[list[Any]]:
    """The results of a program on rows of mpmath's numbers."""
    import mpmath

    count = len(leaves[0])
    values = list(leaves)

    def value(v: int) -> list[Any]:
        return values[v] if v >= 0 else [mpmath.mpf(program.constants[-1 - v])] * count

    for ins in program.instructions:
        p = primitives[primitives.opcode(ins.op)]
        args = [value(a) for a in ins.args]
        if p.over:
            whole = [args] if p.over == "tree" else list(zip(*map(_by_tensor, args), strict=True))
            values.append([+x for part in whole for x in p.high(mpmath.mp, *part)])
        else:
            values.append(
                [+p.high(mpmath.mp, *row) for row in zip(*args, strict=True)] if args else [p.high(mpmath.mp)] * count
            )
        if not all(abs(x) < 1e300 for x in values[-1]):  # NaN and complex ones too; and larger ones take for ever
            raise ValueError
    return [value(v) for v in program.results]


def _by_tensor(row: list[Any]) -> list[list[Any]]:
    first = SIZES[0]
    return [row[:first], row[first:]]


def golden_lines(export: Export) -> list[str]:
    """The golden steps as Python source."""
    found = golden(export)
    lines = [
        "# Weights at the start; then of each step: factor on lr, gradients, weights after it.",
        f"START = {found.start}",
    ]
    lines += ["GOLDEN = ("]
    for factor, gradient, expected in found.steps:
        lines += [f"    ({factor}, {gradient},", f"     {expected}),"]
    return [*lines, ")"]
