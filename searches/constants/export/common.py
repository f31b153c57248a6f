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
        return [
            f"SPDX-License-Identifier: {LICENSE}",
            "",
            f"{self.name}: {sheet.equation}",
            "",
            f"Value: {sheet.digits()}...",
            f"Status: {sheet.status}",
            *self._note,
            *d.score_lines({name: sheet.how(name) for name in d.objectives}),
            "Program:",
            *(f"    {line}" for line in d.program),
            *d.origin,
        ]
