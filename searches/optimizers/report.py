"""What a search found, beside what is known: a table and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from discover.errors import UserError
from discover.problem import Find
from searches.optimizers.meaning.classify import classify


def rows(finds: Sequence[Find]) -> list[dict[str, Any]]:
    """A row a find, by buffers and statements, with the form that its program has."""
    ordered = sorted(finds, key=lambda f: (f.objectives["buffers"], f.objectives["statements"]))
    table = []
    for find in ordered:
        kind = classify(find.program)
        table.append({**find.objectives, "degree": find.descriptors["degree"], "tier": kind.tier, "form": kind.words})
    return table


def picture(finds: Sequence[Find], path: Path) -> None:
    """Statements against validation loss, a line for each number of buffers. Raises UserError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("a picture needs matplotlib: pip install 'discover-programs[plot]'") from None
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for buffers, style in enumerate(("s--", "o-", "^:")):
        points = sorted(
            (f.objectives["statements"], f.objectives["loss"]) for f in finds if f.objectives["buffers"] == buffers
        )
        if points:
            axes.plot(*zip(*points, strict=True), style, label=f"{buffers} buffers")
    axes.set_xlabel("statements")
    axes.set_ylabel("validation loss")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
