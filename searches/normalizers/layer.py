"""A program as a layer: torch calls on tensors, forward and, by autograd, backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from primitives.primitive import PrimitiveSet
from primitives.program import Program

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor


class Layer:
    """A program without state, ready to be called on tensors that broadcast: `layer(x, v0, v1)`.

    Moments take x as [b, .., g, c, h, w]; everything that is constant over an axis has one element along it, so most of
    what a layer computes is small. The result may lack elements along axes that it is constant over.
    """

    def __init__(self, program: Program, primitives: PrimitiveSet) -> None:
        self.program = program
        self.leaves = program.signature.inputs[1:]
        self._steps: list[tuple[Callable[..., Any], tuple[int, ...]]] = []
        for instruction in program.instructions:
            builder = primitives[primitives.opcode(instruction.op)].torch
            assert builder is not None
            self._steps.append((builder, instruction.args))
        self._result = program.results[0]

    def __call__(self, *leaves: Tensor) -> Tensor:
        import torch

        values: list[Tensor] = list(leaves)
        x = values[0]

        def value(v: int) -> Tensor:
            return values[v] if v >= 0 else x.new_tensor(self.program.constants[-1 - v])

        for builder, arguments in self._steps:
            values.append(builder(torch, *map(value, arguments)))
        return value(self._result)


def layers(programs: Sequence[Program], primitives: PrimitiveSet) -> list[Layer]:
    """The same of many."""
    return [Layer(program, primitives) for program in programs]
