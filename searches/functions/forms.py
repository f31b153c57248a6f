"""Families of programs written as formulas: baselines, and the textbook forms that tests and reports compare with."""

from __future__ import annotations

from dataclasses import dataclass

from primitives.program import Instruction, Program, Signature


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula under construction: `x + 1.0 / x` with Python's operators; a shared object is a shared value."""

    op: str
    args: tuple[Formula, ...] = ()
    constant: float = 0.0

    def __add__(self, other: Formula | float) -> Formula:
        return Formula("add", (self, _formula(other)))

    def __radd__(self, other: float) -> Formula:
        return Formula("add", (_formula(other), self))

    def __sub__(self, other: Formula | float) -> Formula:
        return Formula("sub", (self, _formula(other)))

    def __rsub__(self, other: float) -> Formula:
        return Formula("sub", (_formula(other), self))

    def __mul__(self, other: Formula | float) -> Formula:
        return Formula("mul", (self, _formula(other)))

    def __rmul__(self, other: float) -> Formula:
        return Formula("mul", (_formula(other), self))

    def __truediv__(self, other: Formula | float) -> Formula:
        return Formula("div", (self, _formula(other)))

    def __rtruediv__(self, other: float) -> Formula:
        return Formula("div", (_formula(other), self))

    def program(self, signature: Signature) -> Program:
        """The formula as a program of one input; every constant written is a constant of its own."""
        instructions: list[Instruction] = []
        constants: list[float] = []
        known: dict[int, int] = {}

        def value(node: Formula) -> int:
            if id(node) not in known:
                if node.op == "x":
                    known[id(node)] = 0
                elif node.op == "constant":
                    constants.append(node.constant)
                    known[id(node)] = -len(constants)
                else:
                    args = tuple(value(a) for a in node.args)
                    instructions.append(Instruction(node.op, args))
                    known[id(node)] = len(instructions)
            return known[id(node)]

        result = value(self)
        return Program(signature, tuple(instructions), tuple(constants), (result,))


X = Formula("x")


def _formula(value: Formula | float) -> Formula:
    return value if isinstance(value, Formula) else Formula("constant", constant=float(value))


def identity(signature: Signature) -> Program:
    """y = x"""
    return X.program(signature)


def horner(degree: int, signature: Signature) -> Program:
    """A polynomial by Horner's scheme: 2 degree operations, degree + 1 constants (all 1)."""
    y = X * 1.0 + 1.0
    for _ in range(degree - 1):
        y = y * X + 1.0
    return y.program(signature)
