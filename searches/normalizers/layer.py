"""A program as a layer: torch calls on tensors, forward and, by autograd, backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from primitives.primitive import AXES, Primitive, PrimitiveSet
from primitives.program import Program

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor
    Step = tuple[Callable[..., Tensor], tuple[int, ...], int]  # function, its arguments, its result


class Layer:
    """A program without state, ready to be called on tensors that broadcast: `layer(x, v0, v1)`.

    Moments take x as [b, .., g, c, h, w]; everything that is constant over an axis has one element along it, so most of
    what a layer computes is small. The result may lack elements along axes that it is constant over.

    steps      the calls: function, numbers of its arguments (leaves, then results; -1 is the first constant), and
               number of its result
    constants  of the program
    result     the number of the last result
    """

    def __init__(self, program: Program, primitives: PrimitiveSet) -> None:
        self.program = program
        self.leaves = program.signature.inputs[1:]
        self.constants = program.constants
        self.result = program.results[0]
        self.steps = _steps(program, primitives)
        self._constants: dict[Any, tuple[Tensor, ...]] = {}  # of a dtype, a device and so many axes

    def __call__(self, *leaves: Tensor) -> Tensor:
        """What it makes of x and the trainable leaves."""
        values: dict[int, Tensor] = dict(enumerate(leaves)) | self._constants_like(leaves[0])
        for function, arguments, result in self.steps:
            values[result] = function(*[values[v] for v in arguments])
        return values[self.result]

    def _constants_like(self, x: Tensor) -> dict[int, Tensor]:
        kind = x.dtype, x.device, x.dim()  # all axes, for moments of constants
        if kind not in self._constants:
            self._constants[kind] = tuple(x.new_full((1,) * x.dim(), c) for c in self.program.constants)
        return {-1 - i: constant for i, constant in enumerate(self._constants[kind])}


def layers(programs: Sequence[Program], primitives: PrimitiveSet) -> list[Layer]:
    """The same of many."""
    return [Layer(program, primitives) for program in programs]


def _steps(program: Program, primitives: PrimitiveSet) -> list[Step]:
    """The calls of a program, in order; max(v, 0) is relu(v), with derivative 0 at 0, and v - mean(v) one call."""
    import torch

    from searches.normalizers import gradients

    first = len(program.signature.leaves)
    used = [primitives[primitives.opcode(i.op)] for i in program.instructions]
    steps: list[Step] = []
    for k, (primitive, instruction) in enumerate(zip(used, program.instructions, strict=True)):
        args = instruction.args
        function = _function(primitive)
        zeros = [v for v in args if v < 0 and program.constants[-1 - v] == 0.0]
        if primitive.name == "max" and zeros:
            function, args = torch.relu, tuple(v for v in args if v != zeros[0])[:1] or args[:1]
        elif primitive.name == "sub" and args[1] >= first:
            mean, inner = used[args[1] - first], program.instructions[args[1] - first]
            if mean.name.startswith("mean_") and inner.args == args[:1]:
                function, args = partial(gradients.centre, dims=_dims(mean)), args[:1]
        steps.append((function, args, first + k))
    live = {program.results[0]}
    for _, args, result in reversed(steps):
        if result in live:
            live.update(args)
    return [step for step in steps if step[2] in live]


def _function(primitive: Primitive) -> Callable[..., Tensor]:
    """The primitive on tensors."""
    import torch

    from searches.normalizers import gradients

    kind = primitive.name.partition("_")[0]
    if primitive.over and kind in ("std", "rms"):
        return partial(gradients.root_mean_square, dims=_dims(primitive), centred=kind == "std")
    if primitive.name in ("max", "div"):
        return {"max": gradients.maximum, "div": gradients.quotient}[primitive.name]
    assert primitive.torch is not None
    return partial(primitive.torch, torch)


def _dims(moment: Primitive) -> tuple[int, ...]:
    """The dimensions that a moment reduces; there may be more behind that of the batch."""
    axes = sorted(AXES.index(axis) for axis in moment.over)
    return tuple(axis if axis == 0 else axis - len(AXES) for axis in axes)
