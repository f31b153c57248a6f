"""Programs as C99: static inline functions whose literals are hexadecimal floats, exact to the bit."""

from __future__ import annotations

import re
from math import isinf, isnan

import numpy as np

from primitives.layout import layout
from primitives.primitive import Primitive, PrimitiveSet
from primitives.printers.source import rename, render, spell, template, words
from primitives.program import Program

TYPES = {"float64": ("double", ""), "float32": ("float", "f")}
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """auto break case char const continue default do double else enum extern float for goto if inline int long
        register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
        and bool class delete false new not operator or private public template this throw true try using virtual xor
        INFINITY NAN main""",
    )
)


def to_c(program: Program, primitives: PrimitiveSet, name: str, dtype: str = "float64") -> str:
    """`static inline double name(double x)`; with several results, a void function that writes to `out_` pointers.

    dtype: float64, or float32 (constants rounded to it, `f` functions). Needs <math.h>. Compile with -std=c99 or
    -ffp-contract=off: otherwise a compiler may fuse a product and a sum, and the last bits change.
    """
    ctype, suffix = TYPES[dtype]

    def spelling(primitive: Primitive) -> str:
        return primitive.c.replace("{f}", suffix)

    used = {ins.op for ins in program.instructions}
    reserved = _KEYWORDS | words(spelling(p) for p in primitives if p.name in used)
    program = rename(program, reserved, _identifier)
    leaves, results = program.signature.leaves, program.signature.results
    lines = layout(
        program,
        by_name=lambda op: template(spelling(primitives[primitives.opcode(op)])).repeated,
        reserved=reserved,
    )

    def source(index: int) -> str:
        return render(
            lines[index].expression,
            lambda node: spell(node, primitives, "c", spelling),
            lambda value: literal(value, dtype),
        )

    statements = [
        f"{line.name} = {source(i)};" if line.name in leaves else f"const {ctype} {line.name} = {source(i)};"
        for i, line in enumerate(lines)
    ]
    parameters = [f"{ctype} {leaf}" for leaf in leaves]
    if len(results) == 1:
        head = f"static inline {ctype} {name}({', '.join(parameters) or 'void'})"
        last = lines and lines[-1].name == results[0]
        statements = [*statements[: -1 if last else None], f"return {source(-1) if last else results[0]};"]
    else:
        outs = _out_names(results, {*leaves, *results, *(line.name for line in lines)})
        head = f"static inline void {name}({', '.join([*parameters, *(f'{ctype} *{out}' for out in outs)])})"
        statements += [f"*{out} = {result};" for out, result in zip(outs, results, strict=True)]
    return "\n".join([head, "{", *(f"    {s}" for s in statements), "}"]) + "\n"


def literal(value: float, dtype: str = "float64") -> str:
    """A hexadecimal float literal: `literal(3.0) == "0x1.8p+1"`, with an f for float32."""
    if dtype == "float32":
        with np.errstate(over="ignore"):
            value = float(np.float32(value))
    if isnan(value):
        return "NAN"
    if isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    mantissa, exponent = value.hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{exponent}{TYPES[dtype][1]}"


def _identifier(name: str) -> str:
    """ASCII letters, digits and underscores; no leading underscore, which C reserves."""
    ascii_name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return ascii_name if ascii_name[0].isalpha() else f"v{ascii_name}"


def _out_names(results: tuple[str, ...], taken: set[str]) -> list[str]:
    prefix = "out_"
    while taken & {prefix + r for r in results}:
        prefix += "_"
    return [prefix + r for r in results]
