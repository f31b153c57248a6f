"""What a search for formulas found, beside what is known: a table, a page, a picture.

`python -m searches.constants.report RUN... [--targets FILE]` tells which classes of known formulas are among the finds
of some runs, by tier and by whether they are inside the box of arXiv 2412.16818.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discover.errors import UserError
from discover.problem import Find
from searches.constants import known
from searches.constants.fraction import Fraction
from searches.constants.sheet import UNIDENTIFIED, Sheet
from searches.constants.subject import EVERYTHING, PROPOSED, LibraryKey, fraction_of, library_of

if TYPE_CHECKING:
    from searches.constants.dynamics.family import Family

FAMILIES = 8  # shown below a table
SHORT = 20  # digits of a value in a table
NOTHING = "no formula of the built-in table"


def known_as(fraction: Fraction) -> str:
    """Name and source of the known formula of a fraction's class; empty if there is none."""
    target = known.known_as(fraction)
    return "" if target is None else f"{target.name} ({target.source})"


def rows(finds: Sequence[Find], key: LibraryKey = EVERYTHING) -> list[dict[str, Any]]:
    """A row a find, by constant: closed form, terms, digits, status, speed, and the name of the known class."""
    table = []
    for sheet in sorted((Sheet(find, key) for find in finds), key=_by_constant):
        find = sheet.find
        target = known.known_as(sheet.fraction)
        table.append(
            {
                "formula": sheet.text,
                "fraction": sheet.general,
                "value": sheet.digits(SHORT),
                "digits": find.objectives["digits"],
                "status": sheet.word,
                "rate": find.objectives["rate"],
                "delta": find.objectives["delta"],
                "members": find.descriptors.get("members", 1),
                "known": target.name if target is not None else "",
            }
        )
    return table


def _by_constant(sheet: Sheet) -> tuple[Any, ...]:
    """What has no formula comes last, constants of many fractions first."""
    return sheet.formula is None, -sheet.shared, sheet.group, sheet.find.objectives["size"], sheet.general


def remarks(finds: Sequence[Find], key: LibraryKey = EVERYTHING) -> list[str]:
    """What the table does not say: formulas that neighbours proposed, unknown constants, infinite families."""
    sheets = [Sheet(find, key) for find in finds]
    named = [sheet for sheet in sheets if sheet.formula is not None]
    lines = []
    if proposed := sum(sheet.find.descriptors.get(PROPOSED, 0) for sheet in named):
        lines.append(f"formulas whose constant was that of fractions that behave alike: {proposed} of {len(named)}")
    if shared := [sheet.shared for sheet in sheets if sheet.shared]:
        lines.append(f"unknown constants that several fractions share: {len(shared)}, of {sum(shared)} fractions")
    explicit = (family for family in families_of(sheets) if family.form is not None or family.step is not None)
    found = list(islice(explicit, FAMILIES))
    if found:
        more = ", the first" if len(found) == FAMILIES else ""
        lines += ["", f"infinite families{more} (a page has all, as in --picture page.html):"]
        lines += [f"  {family.text}  ({family.evidence})" for family in found]
    return lines


def families_of(sheets: Sequence[Sheet]) -> Iterator[Family]:
    """Infinite families that formulas belong to, as they are found."""
    from searches.constants.dynamics.families import each_family

    known = {s.fraction: s.formula for s in sheets if s.fraction.period == 1}
    found = [(fraction, formula) for fraction, formula in known.items() if formula is not None]
    return each_family(found, library_of(sheets[0].key)) if found else iter(())


def explain(find: Find, key: LibraryKey = EVERYTHING, relatives: Sequence[Fraction] = ()) -> list[tuple[str, str]]:
    """What a find means, as headings and texts."""
    sheet = Sheet(find, key, tuple(relatives))
    found = [
        ("formula", sheet.equation),
        ("value", f"{sheet.digits()}..."),
        ("status", sheet.status),
        ("convergence", f"{sheet.convergence}: {sheet.rate}"),
        ("known as", known_as(sheet.fraction) or NOTHING),
    ]
    if sheet.formula is None and sheet.proof.value:
        found.append(("exact value, Python with sympy", sheet.proof.value))
    if sheet.kinship:
        found.append(("among the fractions of that constant x", "\n".join(sheet.kinship)))
    if sheet.proof.certificate:
        found.append(("certificate, Python with sympy", "\n".join(sheet.proof.certificate)))
    return found


def picture(
    finds: Sequence[Find],
    path: Path,
    key: LibraryKey = EVERYTHING,
    how: str = "",
    relatives: Callable[[Find], Sequence[Fraction]] = lambda find: (),
) -> None:
    """A page of formulas (.html, .md), or speed against irrationality measure (.svg, .png; needs matplotlib)."""
    sheets = [Sheet(find, key, tuple(relatives(find))) for find in finds]
    if path.suffix in (".html", ".md"):
        from searches.constants.export.page import Entry, Page

        entries = [Entry(sheet, how, known_as(sheet.fraction)) for sheet in sheets]
        Page("Continued fractions of constants", entries).write(path)
        return
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("a picture needs matplotlib: pip install 'discover-programs[plot]'") from None
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for status, marker in (("PROVED", "o"), ("FAMILY", "s"), ("CONJECTURED", "^"), (UNIDENTIFIED, "x")):
        points = [(s.find.objectives["rate"], s.find.objectives["delta"]) for s in sheets if s.word == status]
        if points:
            axes.plot(*zip(*points, strict=True), marker, alpha=0.6, label=f"{status} ({len(points)})")
    axes.axhline(0.0, color="0.6", linewidth=0.8)
    axes.set_xlabel("decimal digits a term")
    axes.set_ylabel("irrationality measure δ")
    axes.grid(alpha=0.3)
    axes.legend()
    with rc_context({"svg.hashsalt": "discover"}):  # the same bytes every time
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def coverage(
    targets: Sequence[known.Target], fractions: Sequence[Fraction]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """How many classes of known formulas were found: rows by tier and box; and the classes that were not."""
    matches = known.rediscovered(targets, fractions)
    members: dict[Any, list[known.Target]] = {}
    for target in targets:
        members.setdefault(target.canonical, []).append(target)
    published = {key for key, group in members.items() if any(t.literature for t in group)}
    inside = {key for key, group in members.items() if any(t.inside for t in group)}
    groups: dict[tuple[int, bool], list[Any]] = {}
    for key, group in members.items():
        groups.setdefault((min(t.tier for t in group), key in inside), []).append(key)

    def row(tier: Any, box: str, keys: Sequence[Any]) -> dict[str, Any]:
        found = [k for k in keys if matches[k] == "found"]
        return {
            "tier": tier,
            "box": box,
            "classes": len(keys),
            "found": len(found),
            "relative": sum(matches[k] == "relative" for k in keys),
            "published": sum(k in published for k in keys),
            "published found": sum(k in published for k in found),
        }

    table = [row(t, _box(i), keys) for (t, i), keys in sorted(groups.items(), key=_by_box)]
    for within in (True, False):
        keys = [k for (_, i), group in groups.items() if i == within for k in group]
        if keys:
            table.append(row("all", _box(within), keys))
    missed = [
        {
            "name": group[0].name,
            "tier": min(t.tier for t in group),
            "box": _box(key in inside),
            "relative": matches[key],
        }
        for key, group in members.items()
        if matches[key] != "found"
    ]
    return table, missed


def _box(inside: bool) -> str:
    return "inside" if inside else "outside"


def _by_box(item: tuple[tuple[int, bool], Any]) -> tuple[bool, int]:
    (tier, inside), _ = item
    return not inside, tier


def main() -> None:
    """The command line; see the module."""
    import argparse

    from discover import output, runs

    parser = argparse.ArgumentParser(description="Which known formulas some runs found.")
    parser.add_argument("runs", nargs="+", help="run folders, or their names in ./runs")
    parser.add_argument("--targets", type=Path, action="append", help="files of known formulas (default: built in)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    try:
        wanted = [t for path in arguments.targets or (known.TARGETS, known.INTERLACED) for t in known.targets(path)]
        fractions = [fraction_of(entry.find.program) for run in arguments.runs for entry in runs.load(run).top()]
    except UserError as error:
        parser.error(str(error))
    table, missed = coverage(wanted, fractions)
    if arguments.json:
        output.print_json({"classes": table, "missed": missed})
        return
    output.print_rows(table)
    if missed:
        print("\nnot found:\n")
        output.print_rows(missed)


if __name__ == "__main__":
    main()
