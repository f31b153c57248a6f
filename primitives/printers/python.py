"""Programs as NumPy source."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from math import isinf, isnan

from primitives.layout import Expression, Node, layout
from primitives.primitive import Primitive, PrimitiveSet
from primitives.printers.source import rename, render, spell, template, words
from primitives.program import Program
from primitives.table import REAL


def for_numba(primitives: PrimitiveSet) -> dict[str, str]:
    """Spellings for functions that Numba compiles, of scalars: `to_python(..., spellings=for_numba(primitives))`."""
    return {p.name: p.numba for p in primitives if p.numba}


NUMBA = for_numba(REAL)
_DIVISOR = re.compile(r"/ (\{[0-2]\})")  # Python's floats refuse to divide by zero
_IMPORTS = {"math": "import math", "np": "import numpy as np", "special": "from scipy import special"}


def to_python(
    program: Program,
    primitives: PrimitiveSet,
    name: str,
    *,
    doc: str = "",
    spellings: Mapping[str, str] | None = None,
) -> str:
    """A function of the inputs and the states that returns the outputs and the new states (alone if there is one).

    It works on arrays and on NumPy's scalars; on Python's too, but dividing by one that is zero raises
    ZeroDivisionError. `spellings` replaces the templates of some primitives (NUMBA, for one).
    """
    spellings = spellings or {}

    def spelling(primitive: Primitive) -> str:
        return spellings.get(primitive.name, primitive.python)

    used = {ins.op for ins in program.instructions}
    templates = [spelling(p) for p in primitives if p.name in used]
    reserved = {*keyword.kwlist, *keyword.softkwlist, *words(templates), *_IMPORTS}
    program = rename(program, reserved)
    lines = layout(
        program,
        by_name=lambda op: template(spelling(primitives[primitives.opcode(op)])).repeated,
        reserved=reserved,
    )
    numbers: set[str] = set()  # names bound to what no leaf has gone into: Python's floats, not NumPy's

    def is_number(expression: Expression) -> bool:
        if isinstance(expression, Node):
            return all(map(is_number, expression.args))
        return isinstance(expression, float) or expression in numbers

    def spelled(node: Node) -> str:
        text = spell(node, primitives, "python", spelling)
        return _DIVISOR.sub(r"/ np.float64(\1)", text) if is_number(node) else text

    body = []
    for line in lines:
        body.append((line.name, render(line.expression, spelled, _literal)))
        numbers = numbers | {line.name} if is_number(line.expression) else numbers - {line.name}
    results = program.signature.results
    out = [f"def {name}({', '.join(program.signature.leaves)}):"]
    if doc:
        out.append(f'    """{doc}"""')
    if len(results) == 1 and body and body[-1][0] == results[0]:
        out += [f"    {target} = {text}" for target, text in body[:-1]] + [f"    return {body[-1][1]}"]
    else:
        out += [f"    {target} = {text}" for target, text in body] + [f"    return {', '.join(results)}"]
    return "\n".join(out) + "\n"


def imports(source: str) -> list[str]:
    """The import lines that printed functions need, in order."""
    return [line for module, line in _IMPORTS.items() if f"{module}." in source]


def _literal(value: float) -> str:
    if isnan(value):
        return "np.nan"
    if isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)
