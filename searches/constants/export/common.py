"""What every exported file of a formula has: a header that says what it is, and its document."""

from __future__ import annotations

from dataclasses import dataclass

from discover.document import LICENSE, Document
from searches.constants.fraction import Fraction
from searches.constants.sheet import Sheet


@dataclass(frozen=True)
class Export:
    """What every format needs: the find with its meaning, and its document."""

    sheet: Sheet
    document: Document

    @property
    def name(self) -> str:
        """Of the files and of what they define."""
        return self.document.name

    @property
    def fraction(self) -> Fraction:
        """The fraction."""
        return self.sheet.fraction

    @property
    def _note(self) -> list[str]:
        """Where the certificate is."""
        return ["Certificate: the format `proof`, a Python file"] if self.sheet.proof.certificate else []

    @property
    def header(self) -> list[str]:
        """The comment at the top of every file."""
        sheet, d = self.sheet, self.document
        rows = [(name, d.objective(name), sheet.how(name)) for name in d.objectives]
        rows += [(name, float(score.value), score.how) for name, score in d.scores.items()]
        width = max((len(name) for name, _, _ in rows), default=0)
        return [
            f"SPDX-License-Identifier: {LICENSE}",
            "",
            f"{self.name}: {sheet.equation}",
            "",
            f"Value: {sheet.digits()}...",
            f"Status: {sheet.status}",
            *self._note,
            "Scores:",
            *(f"    {name:{width}}  {value:<12.6g}  {how}".rstrip() for name, value, how in rows),
            "Program:",
            *(f"    {line}" for line in d.program),
            f"Found by {d.generator}, search {d.search}, seed {d.seed}, config {d.config_hash}, "
            f"primitive set {d.primitives_hash}",
            f"Find it again: {d.reproduce}",
        ]
