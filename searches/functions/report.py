"""The front that a search found, beside what is known: a table, and a picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from discover.problem import Find
from searches.functions import known


@dataclass(frozen=True)
class Row:
    """One operation count of the table; None where nothing is known or found.

    ratio  how many times smaller our error is than the best textbook form's
    """

    operations: int
    ours: float | None
    polynomial: float | None
    textbook: float | None
    form: str
    best_known: float | None
    ratio: float | None


def rows(finds: Iterable[Find], most: int = 10) -> list[Row]:
    """A row for each operation count from 2 on: our best error within so many operations, and the known ones."""
    errors: dict[int, float] = {}
    for find in finds:
        n, error = int(find.objectives["operations"]), find.objectives["error"]
        errors[n] = min(error, errors.get(n, error))
    table = []
    for n in range(2, most + 1):
        ours = min((e for k, e in errors.items() if k <= n), default=None)
        form, textbook = known.TEXTBOOK.get(n, ("", None))
        best = known.BEST_KNOWN.get(n, ("", None))[1]
        ratio = textbook / ours if textbook and ours else None
        table.append(Row(n, ours, known.minimax_polynomial(n), textbook, form, best, ratio))
    return table


def picture(finds: Iterable[Find], path: str | Path) -> Path:
    """Operations against error, beside the known fronts; PNG or SVG by suffix.

    Raises UserError without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        from discover.errors import UserError

        raise UserError("a picture needs matplotlib: pip install 'discover-programs[plot]'") from None
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_yscale("log")
    polynomial = {2 * d: e for d, e in known.POLYNOMIAL.items() if 2 * d <= 10}
    axes.plot(list(polynomial), list(polynomial.values()), "s--", color="0.55", label="minimax polynomial (Horner)")
    textbook = {n: e for n, (_, e) in known.TEXTBOOK.items()}
    axes.plot(list(textbook), list(textbook.values()), "^--", color="0.3", label="best textbook form")
    front = _front(finds)
    axes.plot([n for n, _ in front], [e for _, e in front], "o-", label="search")
    axes.set_xlabel("operations")
    axes.set_ylabel("largest relative error")
    axes.grid(alpha=0.3)
    axes.legend()
    path = Path(path)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return path


def _front(finds: Iterable[Find]) -> list[tuple[float, float]]:
    front: list[tuple[float, float]] = []
    points = ((f.objectives["operations"], f.objectives["error"]) for f in finds)
    for n, error in sorted(points):
        if n > 0 and (not front or error < front[-1][1]):
            front.append((n, error))
    return front
