"""A found optimizer as code: torch, optax, NumPy, text, LaTeX, JSON.

Every file stands alone: it imports nothing of ours, says where it comes from and how good it is, tests itself against
golden steps, and ends with its document on one line, from which `discover verify` measures it again. From the program
to the file: `graph` (plain operations), `plan` (settings and terms), `steps` and `lines` (torch) or `expressions`
(arrays).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from discover.document import comment, document, program_text
from discover.errors import UserError
from discover.problem import Find
from primitives.canonical import canonical
from primitives.primitive import PrimitiveSet
from primitives.printers import NoSpelling, to_latex
from primitives.program import Instruction, Program
from searches.optimizers.export.common import Export
from searches.optimizers.export.to_numpy import write as write_numpy
from searches.optimizers.export.to_optax import write as write_optax
from searches.optimizers.export.to_torch import write as write_torch
from searches.optimizers.programs import primitive_set


def times_lr(program: Program, primitives: PrimitiveSet) -> Program:
    """A program that does not read lr, with its update multiplied by it; any other as it is."""
    lr = program.signature.leaves.index("lr")
    if "mul" not in primitives.index or any(lr in ins.args for ins in program.instructions) or lr in program.results:
        return program
    times = Instruction("mul", (program.results[0], lr))
    result = program.n_leaves + len(program.instructions)
    instructions = (*program.instructions, times)
    return canonical(replace(program, instructions=instructions, results=(result, *program.results[1:])), primitives)


def exporter(write: Callable[[Export], str]) -> Callable[[Find, Mapping[str, Any]], str]:
    """A format, as the engine calls it: `(find, provenance) -> text`."""

    def export(find: Find, provenance: Mapping[str, Any]) -> str:
        primitives = primitive_set(provenance["config"]["problem"]["primitives"])
        program = times_lr(find.program, primitives)
        what = Export(program, document(find, provenance, primitives), primitives, program is not find.program)
        try:
            return write(what)
        except NoSpelling as error:
            raise UserError(f"{what.name}: {error}; choose another format") from None

    export.__doc__ = write.__doc__
    return export


@exporter
def torch(export: Export) -> str:
    """torch.optim.Optimizer, in a file that imports torch only."""
    return write_torch(export)


@exporter
def optax(export: Export) -> str:
    """optax.GradientTransformation."""
    return write_optax(export)


@exporter
def numpy(export: Export) -> str:
    """NumPy: init and step, of lists of arrays."""
    return write_numpy(export)


@exporter
def latex(export: Export) -> str:
    """LaTeX: displayed formulas."""
    formula = to_latex(export.program, export.primitives)
    return f"{comment(export.header, '%')}\\[\n{formula}\\]\n% discover: {export.document.line}\n"


@exporter
def text(export: Export) -> str:
    """The program itself, after a header."""
    return program_text(export.header, export.document)


@exporter
def json(export: Export) -> str:
    """JSON: the document, program.json of an artifact."""
    return export.document.text


EXPORTERS: dict[str, Callable[[Find, Mapping[str, Any]], str]] = {
    "torch": torch,
    "optax": optax,
    "numpy": numpy,
    "latex": latex,
    "text": text,
    "json": json,
}
