"""A found function as code: NumPy, Numba, C99, sympy, LaTeX, JSON.

Every file stands alone: it imports nothing of ours, says where it comes from and how good it is, tests itself against
golden vectors, and ends with its document on one line, from which `discover verify` measures it again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from discover.document import LICENSE, Document, comment, document, main_lines
from discover.errors import UserError
from discover.problem import Find
from primitives.primitive import PrimitiveSet
from primitives.printers import NoSpelling, to_c, to_latex, to_python, to_sympy
from primitives.printers.c99 import literal
from primitives.printers.python import NUMBA, imports
from primitives.program import Program
from primitives.table import REAL
from searches.functions.measure import Judged, domain

GOLDEN_POINTS = 9
ROUNDED_POINTS = 1001
HOW = {
    "operations": "operations on values that depend on x",
    "error": "largest relative error, exact arithmetic, located extrema",
}
# Printed code rounds these once per operation, as the golden vectors do: it must agree to the last bit.
_EXACT = {p.name for p in REAL if p.ulp <= 0.5} | {"fma", "interp"}


@dataclass(frozen=True)
class Export:
    """What every format needs: the find, its document, its primitive set, and the function that it approximates."""

    program: Program
    document: Document
    primitives: PrimitiveSet
    function: str
    low: float
    high: float

    @property
    def name(self) -> str:
        """Of the exported function."""
        return self.document.name

    @property
    def error(self) -> float:
        """The claimed error."""
        return self.document.objective("error")

    @cached_property
    def interval(self) -> str:
        """Where the function may be called: the domain, an end excluded where the program divides by zero."""
        inside = {x for x, _ in golden(self, 53)}
        left, right = "[" if self.low in inside else "(", "]" if self.high in inside else ")"
        return f"{left}{self.low:g}, {self.high:g}{right}"

    @property
    def title(self) -> str:
        """One line: what it is and how good."""
        operations = int(self.document.objective("operations"))
        what = f"{self.function}(x) on {self.interval}"
        return f"{what}: {operations} operations, max relative error {self.error:.4g}"

    @property
    def exact(self) -> bool:
        """Printed code must agree with the golden vectors to the last bit."""
        return all(ins.op in _EXACT for ins in self.program.instructions)

    @cached_property
    def measured(self) -> list[tuple[str, float, str]]:
        """Rows of the score table beside the objectives: absolute error, and the errors of rounded arithmetic."""
        exact = domain(self.function, self.low, self.high, 50)
        judged = Judged(self.program, exact)
        absolute = max(abs(judged.error(x) * exact.target(x)) for x in exact.scan)
        rows = [("absolute error", float(absolute), f"largest at {len(exact.scan)} points, exact arithmetic")]
        for name, bits in (("float64", 53), ("float32", 24)):
            errors = [abs(y / exact.target(exact.mp.mpf(x)) - 1) for x, y in golden(self, bits, ROUNDED_POINTS)]
            worst = float(max(errors, default=math.nan))
            rows.append(
                (f"in {name}", worst, f"largest relative error at {len(errors)} points, every operation rounded")
            )
        return rows

    def reference(self, spelling: Callable[[Any], str], argument: str) -> str:
        """The approximated function in some language, from the primitive table; empty where the table lacks it."""
        known = self.function in REAL.index
        return spelling(REAL[REAL.opcode(self.function)]).replace("{0}", argument) if known else ""

    @property
    def header(self) -> list[str]:
        """The comment at the top of every file."""
        d = self.document
        return [
            f"SPDX-License-Identifier: {LICENSE}",
            "",
            f"{self.name}: {self.title}",
            "",
            "Program:",
            *(f"    {line}" for line in d.program),
            *d.score_lines(HOW, self.measured),
            f"Status: {d.status}",
            *d.origin,
        ]


def exporter(write: Callable[[Export], str]) -> Callable[[Find, Mapping[str, Any]], str]:
    """A format, as the engine calls it: `(find, provenance) -> text`."""

    def export(find: Find, provenance: Mapping[str, Any]) -> str:
        problem = provenance["config"]["problem"]
        primitives = REAL.subset(*problem["primitives"])
        what = Export(
            find.program,
            document(find, provenance, primitives),
            primitives,
            problem["function"],
            *map(float, problem["domain"]),
        )
        try:
            return write(what)
        except NoSpelling as error:
            raise UserError(f"{what.name}: {error}; choose another format") from None

    export.__doc__ = write.__doc__
    return export


def golden(export: Export, bits: int, points: int = GOLDEN_POINTS) -> list[tuple[float, float]]:
    """(x, y) over the interval, every operation rounded to `bits` (53: float64, 24: float32) on any machine alike.

    Points where the program divides by zero or leaves the reals are left out.
    """
    import mpmath

    pairs = []
    with mpmath.workprec(bits):
        for k in range(points):
            x = mpmath.mpf(export.low + (export.high - export.low) * k / (points - 1))
            values = [+x]

            def value(v: int, values: list[Any] = values) -> Any:
                return values[v] if v >= 0 else +mpmath.mpf(export.program.constants[-1 - v])

            try:
                for ins in export.program.instructions:
                    primitive = export.primitives[export.primitives.opcode(ins.op)]
                    values.append(+primitive.high(mpmath.mp, *map(value, ins.args)))
                pairs.append((float(values[0]), float(value(export.program.results[0]))))
            except (ZeroDivisionError, TypeError, ValueError):
                continue
    return pairs


def _hex(value: float) -> str:
    return literal(value) if value == value and abs(value) != float("inf") else repr(value)


def _golden_lines(export: Export) -> list[str]:
    return [
        f"# x and {export.name}(x), as hexadecimal floats",
        "GOLDEN = (",
        *(f'    ("{_hex(x)}", "{_hex(y)}"),' for x, y in golden(export, 53)),
        ")",
    ]


def _python_file(export: Export, function: str, imported: Sequence[str]) -> str:
    """A Python file around one function of x: header, function, golden vectors, self-test, document."""
    reference = export.reference(lambda p: p.python, "x")
    agree = "array_equal(result, expected)" if export.exact else "allclose(result, expected, rtol=1e-13, atol=0.0)"
    limit = export.error + 64 * 2.0**-52
    lines = [
        *sorted({*imported, *imports(reference), "import numpy as np"}, key=lambda i: (i.startswith("from"), i)),
        "",
        "",
        function.rstrip("\n"),
        "",
        "",
        *_golden_lines(export),
        "",
        "",
        "def selftest():",
        '    """Compare with the golden vectors' + (' and with the function itself."""' if reference else '."""'),
        "    x, expected = np.array([[float.fromhex(v) for v in pair] for pair in GOLDEN]).T",
        f"    result = {export.name}(x)",
        f"    if not np.{agree}:",
        f'        raise SystemExit("{export.name}: selftest FAILED: golden vectors")',
    ]
    if reference:
        lines += [
            f"    x = {export.low!r} + ({export.high!r} - {export.low!r}) * (np.arange(1000) + 0.5) / 1000",
            f"    error = np.max(np.abs({export.name}(x) / {reference} - 1.0))",
            f"    if not error <= {limit!r}:  # the claimed error and the rounding of float64",
            f'        raise SystemExit(f"{export.name}: selftest FAILED: relative error {{error:.4g}}")',
        ]
    return comment(export.header, "#") + "\n" + "\n".join([*lines, *main_lines(export.document)])


@exporter
def python(export: Export) -> str:
    """NumPy: a function of arrays or scalars, float64 or float32."""
    function = to_python(export.program, export.primitives, export.name, doc=f"{export.title}.")
    return _python_file(export, function, imports(function))


@exporter
def numba(export: Export) -> str:
    """Numba: a compiled NumPy ufunc."""
    function = to_python(export.program, export.primitives, export.name, doc=f"{export.title}.", spellings=NUMBA)
    decorated = f'@numba.vectorize(["float64(float64)"])\n{function}'
    return _python_file(export, decorated, ["import numba", *imports(function)])


@exporter
def sympy(export: Export) -> str:
    """sympy: the expression, by constructor calls."""
    import sympy

    source = sympy.srepr(next(iter(to_sympy(export.program, export.primitives).values())))
    names = sorted(set(re.findall(r"[A-Za-z]\w*(?=\()", source)) | {"Symbol"})
    symbol = sympy.srepr(sympy.Symbol(export.program.signature.inputs[0], real=True))
    lines = [
        "x = " + symbol,
        f"{export.name} = {source}",
        "",
        *_golden_lines(export),
        "",
        "",
        "def selftest():",
        '    """Compare with the golden vectors."""',
        "    for pair in GOLDEN:",
        "        point, expected = map(float.fromhex, pair)",
        f"        if not abs({export.name}.evalf(30, subs={{x: point}}) - expected) <= 1e-12 * abs(expected):",
        f'            raise SystemExit("{export.name}: selftest FAILED: golden vectors")',
        *main_lines(export.document),
    ]
    head = comment(export.header, "#") + f"\nfrom sympy import {', '.join(names)}\n\n"
    return head + "\n".join(lines)


@exporter
def latex(export: Export) -> str:
    """LaTeX: a displayed formula."""
    formula = to_latex(export.program, export.primitives)
    return f"{comment(export.header, '%')}\\[\n{formula}\\]\n% discover: {export.document.line}\n"


@exporter
def c(export: Export) -> str:
    """C99: a header with a double and a float function, and a main that tests them."""
    name, guard = export.name, export.name.upper()
    test = [_c_test(export, "float64", 53), _c_test(export, "float32", 24)]
    return (
        "/*\n"
        + comment([line.replace("*/", "* /").replace("/*", "/ *") for line in export.header], " *")
        + f" *\n * Valid on {export.interval}. The constants are exact only without value-changing\n"
        + " * optimisation: compile with -std=c99 or -ffp-contract=off, and without -ffast-math.\n"
        + f" * Self-test: cc -std=c99 -D{guard}_SELFTEST -x c {name}.h -o selftest -lm && ./selftest\n */\n"
        + f"#ifndef {guard}_H\n#define {guard}_H\n\n#include <math.h>\n\n"
        + f"/* {export.title} (the error in exact arithmetic). */\n"
        + to_c(export.program, export.primitives, name)
        + "\n/* The same in float: its rounding comes on top. */\n"
        + to_c(export.program, export.primitives, f"{name}f", "float32")
        + f"\n#ifdef {guard}_SELFTEST\n#include <stdio.h>\n\n"
        + "int main(void)\n{\n    int bad = 0;\n"
        + "".join(test)
        + f'    printf("{name}: selftest %s\\n", bad ? "FAILED" : "ok");\n    return bad != 0;\n}}\n#endif\n\n'
        + f"#endif\n/*\n * discover: {export.document.line}\n */\n"
    )


def _c_test(export: Export, dtype: str, bits: int) -> str:
    """A block of main: golden vectors, and for double the claimed error against the C library."""
    ctype, suffix = ("double", "") if dtype == "float64" else ("float", "f")
    pairs = golden(export, bits)
    rows = "".join(f"            {{{literal(x, dtype)}, {literal(y, dtype)}}},\n" for x, y in pairs)
    call = f"{export.name}{suffix}"
    y, expected = f"{call}(golden[i][0])", "golden[i][1]"
    close = f"fabs{suffix}({y} - {expected}) <= {1e-13 if bits == 53 else 1e-5}{suffix} * fabs{suffix}({expected})"
    agree = f"{y} == {expected}" if export.exact else close
    text = (
        f"    {{\n        static const {ctype} golden[][2] = {{ /* x, {call}(x) */\n{rows}        }};\n"
        f"        for (int i = 0; i < {len(pairs)}; i++)\n"
        f"            if (!({agree}))\n                bad++;\n    }}\n"
    )
    reference = export.reference(lambda p: p.c.replace("{f}", ""), "x") if bits == 53 else ""
    if reference:
        x = f"{literal(export.low)} + {literal(export.high - export.low)} * (i + 0.5) / 1000"
        text += (
            "    for (int i = 0; i < 1000; i++) { /* the claimed error and the rounding of double */\n"
            f"        const double x = {x};\n"
            f"        if (!(fabs({call}(x) / {reference} - 1.0) <= {export.error + 64 * 2.0**-52!r}))\n"
            "            bad++;\n    }\n"
        )
    return text


@exporter
def json(export: Export) -> str:
    """JSON: the document, program.json of an artifact."""
    return export.document.text


EXPORTERS: dict[str, Callable[[Find, Mapping[str, Any]], str]] = {
    "python": python,
    "numba": numba,
    "c": c,
    "sympy": sympy,
    "latex": latex,
    "json": json,
}
