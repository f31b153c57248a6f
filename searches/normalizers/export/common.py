"""What every exported file has: the find, its document, a header."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from discover.document import LICENSE, Document
from primitives.primitive import PrimitiveSet
from primitives.program import Program
from searches.normalizers.export.reading import Plan, plan
from searches.normalizers.programs import POINT_SIGNATURE

HOW = {
    "nodes": "instructions of the canonical form",
    "loss": "cross-entropy in nats, mean over three networks and the seeds of finalists, search data",
    "error": "share of images of the meta-validation data that are taken for another class",
}


@dataclass(frozen=True)
class Export:
    """What every format needs: the find, its document, its primitive set."""

    program: Program
    document: Document
    primitives: PrimitiveSet

    @property
    def name(self) -> str:
        """Of the exported layer."""
        return self.document.name

    @property
    def pointwise(self) -> bool:
        """A function of one number, for tokens; otherwise a layer of images."""
        return self.program.signature == POINT_SIGNATURE

    @cached_property
    def plan(self) -> Plan:
        """The program as torch code needs it."""
        return plan(self.program, self.primitives)

    @property
    def title(self) -> str:
        """One line: what it is."""
        if self.pointwise:
            return "a function of each number by itself, in the place of a normalization"
        of = {"batch": "batches", "layer": "images", "instance": "channels of images", "group": "groups of channels"}
        found = [text for statistic, text in of.items() if statistic in self.plan.statistics]
        return f"a layer of images with statistics of {', '.join(found)}" if found else "a layer without statistics"

    @property
    def header(self) -> list[str]:
        """The comment at the top of every file."""
        d = self.document
        trained = "a and s are trained, and begin at 0.5 and 0"
        if not self.pointwise:
            trained = "x are images; v0 and v1 are trained, a number a channel, and begin at 0 and 1"
        return [
            f"SPDX-License-Identifier: {LICENSE}",
            "",
            f"{self.name}: {self.title}",
            "",
            f"Program ({trained}; y * weight + bias follows):",
            *(f"    {line}" for line in d.program),
            *d.score_lines(HOW),
            f"Status: {d.status}",
            *d.origin,
        ]
