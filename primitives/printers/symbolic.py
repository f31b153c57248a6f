"""Programs as sympy expressions, built by constructor calls only (sympify would run code), and as LaTeX."""

from __future__ import annotations

from math import isinf, isnan
from typing import Any

from primitives.layout import Expression, layout
from primitives.primitive import PrimitiveSet
from primitives.printers.source import NoSpelling
from primitives.program import Program


def to_sympy(program: Program, primitives: PrimitiveSet) -> dict[str, Any]:
    """Result name -> sympy expression in the leaves, which are real symbols.

    sympy reorders and simplifies as it builds, so this is the real function, not its rounding. Small integral constants
    become integers, all others Floats of exactly the float64 value.
    """
    import sympy

    values = [sympy.Symbol(name, real=True) for name in program.signature.leaves]
    constants = [number(c) for c in program.constants]

    def value(v: int) -> Any:
        return values[v] if v >= 0 else constants[-1 - v]

    for ins in program.instructions:
        values.append(_build(primitives, ins.op, [value(a) for a in ins.args]))
    return {name: value(v) for v, name in zip(program.results, program.signature.results, strict=True)}


def to_latex(program: Program, primitives: PrimitiveSet) -> str:
    """`y = ...` in LaTeX; with named parts, an `aligned` block of one line each."""
    import sympy

    def build(expression: Expression) -> Any:
        if isinstance(expression, str):
            return sympy.Symbol(expression, real=True)
        if isinstance(expression, float):
            return number(expression)
        return _build(primitives, expression.op, [build(a) for a in expression.args])

    lines = [(sympy.latex(sympy.Symbol(line.name)), sympy.latex(build(line.expression))) for line in layout(program)]
    if len(lines) == 1:
        return f"{lines[0][0]} = {lines[0][1]}\n"
    body = " \\\\\n".join(f"  {name} &= {text}" for name, text in lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n"


def number(value: float) -> Any:
    """A float64 as an exact sympy number that prints with as few digits as determine it."""
    import sympy

    if isnan(value):
        return sympy.nan
    if isinf(value):
        return sympy.oo if value > 0 else -sympy.oo
    if value == int(value) and abs(value) < 1e6:
        return sympy.Integer(int(value))
    # sympy prints 15 digits of a 53-bit Float and 17 of a 60-bit one; the value is the same.
    return sympy.Float(value, precision=53 if float(f"{value:.15g}") == value else 60)


def _build(primitives: PrimitiveSet, op: str, args: list[Any]) -> Any:
    import sympy

    primitive = primitives[primitives.opcode(op)]
    if primitive.sympy is None:
        raise NoSpelling(primitive, "sympy")
    return primitive.sympy(sympy, *args)
