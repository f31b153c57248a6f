"""A found layer as code: torch, text, LaTeX, JSON.

Every file stands alone: it imports nothing of ours, says where it comes from and how good it is, tests itself against
golden numbers, and ends with its document on one line, from which `discover verify` measures it again. From the
program to the file: `reading` (operations as torch code needs them), `golden`, `to_torch` with the parts of
`torch_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from discover.document import document, program_text
from discover.errors import UserError
from discover.problem import Find
from searches.normalizers.export.common import Export
from searches.normalizers.export.reading import NoLayer
from searches.normalizers.export.to_latex import write as write_latex
from searches.normalizers.export.to_torch import write as write_torch
from searches.normalizers.programs import primitive_set


def exporter(write: Callable[[Export], str]) -> Callable[[Find, Mapping[str, Any]], str]:
    """A format, as the engine calls it: `(find, provenance) -> text`."""

    def export(find: Find, provenance: Mapping[str, Any]) -> str:
        primitives = primitive_set(provenance["config"]["problem"]["primitives"])
        what = Export(find.program, document(find, provenance, primitives), primitives)
        try:
            return write(what)
        except NoLayer as error:
            raise UserError(f"{what.name}: {error}; no layer can be written of it") from None

    export.__doc__ = write.__doc__
    return export


@exporter
def torch(export: Export) -> str:
    """torch.nn.Module, in a file that imports torch only."""
    return write_torch(export)


@exporter
def text(export: Export) -> str:
    """The program itself, after a header."""
    return program_text(export.header, export.document)


@exporter
def latex(export: Export) -> str:
    """LaTeX: a displayed formula, in the notation of arXiv 2004.02967."""
    return write_latex(export)


@exporter
def json(export: Export) -> str:
    """JSON: the document, program.json of an artifact."""
    return export.document.text


EXPORTERS: dict[str, Callable[[Find, Mapping[str, Any]], str]] = {
    "torch": torch,
    "text": text,
    "latex": latex,
    "json": json,
}
