"""A found formula as code and text: Python, sympy, LaTeX, Lean, its proof, plain text, JSON; and pages of formulas.

Every file stands alone: it says what the formula is, how it was found, how many digits agree and what is proved, tests
itself where it is code, and ends with its document on one line, from which `discover verify` measures it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from discover.document import comment, document
from discover.problem import Find
from searches.constants import notation
from searches.constants.export import lean_file, proof_file, python_file, sympy_file
from searches.constants.export.common import Export
from searches.constants.fraction import INTEGER
from searches.constants.sheet import Sheet
from searches.constants.subject import key_of, library_of


def exporter(write: Callable[[Export], str]) -> Callable[[Find, Mapping[str, Any]], str]:
    """A format, as the engine calls it: `(find, provenance) -> text`."""

    def export(find: Find, provenance: Mapping[str, Any]) -> str:
        sheet = Sheet(find, key_of(provenance["config"]["problem"]))
        return write(Export(sheet, document(find, provenance, INTEGER)))

    export.__doc__ = write.__doc__
    return export


@exporter
def python(export: Export) -> str:
    """Python that prints any number of digits, by integers alone."""
    formula = export.sheet.formula
    closed = None
    if formula is not None:
        closed = formula.text, formula.python(library_of(export.sheet.key))
    body = python_file.body(export.fraction, export.name, export.sheet.digits(), closed)
    return f"{comment(export.header)}{body}# discover: {export.document.line}\n"


@exporter
def sympy(export: Export) -> str:
    """sympy: the terms and the closed form."""
    return sympy_file.write(export)


@exporter
def proof(export: Export) -> str:
    """The certificate of the proof, as a Python file that checks it by sympy."""
    return proof_file.write(export)


@exporter
def latex(export: Export) -> str:
    """LaTeX: displayed formulas (amsmath)."""
    lines = [
        rf"\[ {export.sheet.latex} = {notation.nested(export.fraction)} \]",
        rf"\[ {notation.equations(export.fraction)} \]",
        f"% discover: {export.document.line}",
    ]
    return comment(export.header, "%") + "\n".join(lines) + "\n"


@exporter
def lean(export: Export) -> str:
    """Lean 4 with Mathlib: the statement."""
    return lean_file.write(export)


@exporter
def text(export: Export) -> str:
    """Plain text for reading."""
    certificate = export.sheet.proof.certificate
    proved = ["", "Certificate, Python with sympy:", *(f"    {line}" for line in certificate)] if certificate else []
    lines = [*export.header, *proved, "", f"# discover: {export.document.line}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


@exporter
def json(export: Export) -> str:
    """JSON: the document, program.json of an artifact."""
    return export.document.text


EXPORTERS: dict[str, Callable[[Find, Mapping[str, Any]], str]] = {
    "python": python,
    "text": text,
    "sympy": sympy,
    "proof": proof,
    "latex": latex,
    "lean": lean,
    "json": json,
}
