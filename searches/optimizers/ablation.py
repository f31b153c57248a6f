"""Leaving out what does nothing: shorter programs that train as well. The paper's authors did it by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from primitives.canonical import canonical
from primitives.primitive import PrimitiveSet
from primitives.program import Program

FEW = 3  # data orders after which a variant that is clearly worse is given up
HOPELESS = 0.02  # relative
Losses = Callable[[Sequence[Program], int], np.ndarray]


def shorter(program: Program, primitives: PrimitiveSet) -> list[Program]:
    """The canonical programs that come of it by letting one value stand in for an instruction that reads it."""
    found: dict[Program, None] = {}
    for i, instruction in enumerate(program.instructions):
        own = program.n_leaves + i
        for value in dict.fromkeys(instruction.args):
            instructions = tuple(
                replace(ins, args=tuple(value if v == own else v for v in ins.args)) for ins in program.instructions
            )
            results = tuple(value if v == own else v for v in program.results)
            variant = canonical(replace(program, instructions=instructions, results=results), primitives)
            if len(variant.instructions) < len(program.instructions):
                found[variant] = None
    return list(found)


def ablate(program: Program, primitives: PrimitiveSet, losses: Losses) -> Program:
    """Take away one instruction after the other, as long as none of the losses says that it was needed.

    losses(programs, n): float64[len(programs), n] on the first n data orders, at most as many as it has (n = 0: all).
    What is left must not be worse than the program at the beginning: the mean of the differences, order by order, is
    at most twice their standard error.
    """
    first = losses([program], 0)[0]
    while True:
        variants = shorter(program, primitives)
        if not variants:
            return program
        few = losses(variants, FEW)
        with np.errstate(invalid="ignore"):
            worse = few.mean(axis=1) - first[:FEW].mean()
        going = [v for v, d in zip(variants, worse, strict=True) if d <= HOPELESS * abs(first.mean())]
        if not going:
            return program
        found = losses(going, 0)
        with np.errstate(invalid="ignore"):
            difference = found - first
            error = difference.std(axis=1, ddof=1) / np.sqrt(len(first))
            loss = difference.mean(axis=1) - 2.0 * error
        fine = [i for i in range(len(going)) if loss[i] <= 0]
        if not fine:
            return program
        best = min(fine, key=lambda i: (len(going[i].instructions), difference[i].mean()))
        program = going[best]
