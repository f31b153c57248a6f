"""Programs as NumPy source."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from math import isinf, isnan

from primitives.layout import layout
from primitives.primitive import Primitive, PrimitiveSet
from primitives.printers.source import rename, render, spell, template, words
from primitives.program import Program

# Numba compiles scalars: what NumPy does to arrays only has another spelling there.
NUMBA = {
    "erf": "math.erf({0})",
    "exponent": "math.frexp({0})[1] - 1.0",
    "scale": "math.ldexp({0}, int(np.rint({1})))",
}
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

    It works on arrays and on scalars. `spellings` replaces the templates of some primitives (NUMBA, for one).
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
    body = [
        (line.name, render(line.expression, lambda node: spell(node, primitives, "python", spelling), _literal))
        for line in lines
    ]
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
