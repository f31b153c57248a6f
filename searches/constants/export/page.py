"""A page of formulas for reading: HTML with MathML, which needs no network, and Markdown with mathematics for GitHub.

`python -m searches.constants.export.page FOLDER... -o PAGE.html` makes one of runs, and of the artifacts in folders.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from discover.errors import UserError
from searches.constants import notation
from searches.constants.export.mathml import mathml
from searches.constants.sheet import UNIDENTIFIED, Sheet, raised
from searches.constants.subject import ConstantsDomain, library_of

if TYPE_CHECKING:
    from searches.constants.dynamics.family import Family

STATUS = {
    "PROVED": "exact from end to end; the certificate can be run",
    "FAMILY": "a theorem covers the fraction, its value was matched by digits",
    "CONJECTURED": "digits agree, no proof is known to us",
    UNIDENTIFIED: "no form of the library's constants is known to us",
}


@dataclass(frozen=True)
class Entry:
    """A formula of the page. how: how it was found; known: under which name it is known, if it is."""

    sheet: Sheet
    how: str = ""
    known: str = ""

    @property
    def equation(self) -> str:
        """LaTeX: closed form and first terms."""
        return f"{self.sheet.latex} = {notation.nested(self.sheet.fraction)}"

    @property
    def terms(self) -> str:
        """LaTeX: general terms."""
        return notation.equations(self.sheet.fraction)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What is said of it below the formula: heading and text."""
        sheet, proof = self.sheet, self.sheet.proof
        claims = sheet.find.objectives
        status = f"{proof.theorem or STATUS['CONJECTURED']}; {claims['digits']:.0f} digits compared"
        if sheet.formula is None:
            status = sheet.status.removeprefix(f"{UNIDENTIFIED}: ")
        rows = [
            ("value", f"{sheet.digits()}…"),
            ("status", status),
            ("convergence", f"{sheet.convergence}: {sheet.rate}"),
            ("δ", f"{claims['delta']:.4f}"),
        ]
        members = sheet.find.descriptors.get("members", 1)
        if members > 1:
            rows.append(("class", f"{members} fractions of the search are equivalent to this one"))
        if sheet.kinship:
            rows.append(("among its fractions", "; ".join(sheet.kinship)))
        if self.known:
            rows.append(("known", self.known))
        if self.how:
            rows.append(("found by", self.how))
        return rows


@dataclass(frozen=True)
class Group:
    """Formulas of the same constants; the title as LaTeX, empty for algebraic numbers."""

    title: str
    words: str
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """All of a page."""

    title: str
    entries: Sequence[Entry]

    @cached_property
    def families(self) -> list[Family]:
        """Infinite families that formulas of the page belong to."""
        from searches.constants.report import families_of

        return list(families_of([e.sheet for e in self.entries]))

    @cached_property
    def groups(self) -> list[Group]:
        """By constants, in the library's order; in a group proved ones first, then short ones."""
        found: dict[str, Group] = {}
        for entry in sorted(self.entries, key=_order):
            group = _group(entry.sheet)
            found.setdefault(group.words, group).entries.append(entry)
        return list(found.values())

    @cached_property
    def summary(self) -> str:
        """How many there are, and what is proved."""
        counts: Counter[str] = Counter(e.sheet.word for e in self.entries)
        parts = [f"{counts[s]} {s} ({words})" for s, words in STATUS.items() if counts[s]]
        formulas = len(self.entries) - counts[UNIDENTIFIED]
        return f"{formulas} formulas: {'; '.join(parts)}." if parts else "No formulas."

    @property
    def html(self) -> str:
        """The page as HTML, which loads nothing."""
        groups = self.groups
        links = " ".join(f'<a href="#g{i}">{_title(g)}</a>' for i, g in enumerate(groups))
        body = "".join(_section(i, g) for i, g in enumerate(groups))
        if self.families:
            links += ' <a href="#families">families</a>'
            listed = "".join(
                f'<article>\n<div class="formula">{mathml(raised(f.latex))}</div>\n'
                f"<dl><dt>evidence</dt><dd>{escape(f.evidence)}</dd></dl>\n</article>\n"
                for f in self.families
            )
            body += f'<section id="families">\n<h2>Infinite families</h2>\n{listed}</section>\n'
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f"<header><h1>{escape(self.title)}</h1>\n<p>{escape(self.summary)} {escape(LEGEND)}</p>\n"
            f"<nav>{links}</nav></header>\n<main>\n{body}</main>\n</body>\n</html>\n"
        )

    @property
    def markdown(self) -> str:
        """The page as Markdown with mathematics between dollars, as GitHub shows it."""
        lines = [f"# {self.title}", "", f"{self.summary} {LEGEND}", ""]
        for group in self.groups:
            lines += [f"## {f'${_thin(group.title)}$' if group.title else group.words.capitalize()}", ""]
            for entry in group.entries:
                lines += ["$$", _thin(entry.equation), "$$", "", f"${_thin(entry.terms)}$", ""]
                lines += [f"**{entry.sheet.word}**", ""]
                lines += [f"- {name}: {_plain(text)}" for name, text in entry.facts] + [""]
        if self.families:
            lines += ["## Infinite families", ""]
        for family in self.families:
            lines += ["$$", _thin(raised(family.latex)), "$$", "", f"- evidence: {_plain(family.evidence)}", ""]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Into a .html or .md file."""
        from discover.artifact import write_text

        write_text(path, self.html if path.suffix == ".html" else self.markdown)


def _order(entry: Entry) -> tuple[object, ...]:
    sheet = entry.sheet
    formula = sheet.formula
    if formula is None:
        return 3, -sheet.shared, sheet.general
    names = library_of(sheet.key).names
    places = tuple(names.index(name) if name in names else len(names) for name in formula.names)
    kind = 1 if formula.kind in ("algebraic", "rational") else 0
    status = list(STATUS).index(sheet.proof.status)
    return (
        kind,
        () if kind else (len(places), places),
        status,
        formula.size,
        sum(sheet.fraction.degrees),
        sheet.general,
    )


def _group(sheet: Sheet) -> Group:
    formula = sheet.formula
    if formula is None or formula.kind in ("algebraic", "rational"):
        return Group("", "unknown constants" if formula is None else "algebraic numbers")
    library = library_of(sheet.key)
    titles = [raised(library[name].latex) if name in library else rf"\text{{{name}}}" for name in formula.names]
    return Group(r", \; ".join(titles), ", ".join(formula.names))


def _title(group: Group) -> str:
    return mathml(group.title) if group.title else escape(group.words)


def _section(number: int, group: Group) -> str:
    articles = "".join(_article(entry) for entry in group.entries)
    return f'<section id="g{number}">\n<h2>{_title(group)}</h2>\n{articles}</section>\n'


def _article(entry: Entry) -> str:
    status = entry.sheet.word
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd{_class(name)}>{_badge(status) if name == 'status' else ''}{escape(text)}</dd>\n"
        for name, text in entry.facts
    )
    certificate = entry.sheet.proof.certificate
    shown = ""
    if certificate:
        text = escape("\n".join(certificate))
        shown = f"<details><summary>certificate</summary><pre>{text}</pre></details>\n"
    return (
        f'<article>\n<div class="formula">{mathml(entry.equation, display=True)}</div>\n'
        f'<div class="terms">{mathml(entry.terms)}</div>\n<dl>\n{facts}</dl>\n{shown}</article>\n'
    )


def _class(name: str) -> str:
    return ' class="value"' if name == "value" else ' class="how"' if name == "found by" else ""


def _badge(status: str) -> str:
    return f'<span class="badge {status.lower()}">{status}</span> '


def _thin(latex: str) -> str:
    r"""Markdown would take the backslash from \, and \;."""
    return re.sub(r"\\([,;]) ?", lambda m: r"\thinspace " if m[1] == "," else r"\enspace ", latex)


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~$" else c for c in text)


LEGEND = (
    "Each fraction is a(0) + b(1)/(a(1) + b(2)/(a(2) + ...)). δ is the irrationality measure: above 0 the convergents "
    "themselves prove that the value is irrational."
)
STYLE = """
:root { color-scheme: light dark; --ink: #1c1b19; --paper: #fdfcf9; --soft: #6b665e; --line: #dfdad0; --card: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e4dc; --paper: #17171a; --soft: #a19b90; --line: #34343a; --card: #1e1e22; }
}
body { margin: 0 auto; padding: 2rem 1.25rem 5rem; max-width: 54rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 Charter, "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0 .75rem; font-weight: 600; }
header p { color: var(--soft); max-width: 44rem; }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; padding: .75rem 0; border-block: 1px solid var(--line); }
nav a { color: inherit; text-decoration: none; }
nav a:hover { text-decoration: underline; }
h2 { font-size: 1.35rem; font-weight: 600; margin: 2.75rem 0 1rem; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1.25rem 1.5rem;
  margin: 0 0 1.25rem; break-inside: avoid; }
.formula { overflow-x: auto; overflow-y: hidden; padding: .25rem 0 .5rem; font-size: 1.15rem; }
.terms { text-align: center; padding: .25rem 0 1rem; overflow-x: auto; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Libertinus Math", "Cambria Math", math; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; font-size: .92rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.value, .how, pre { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .85em; }
.badge { font: 600 .72rem/1 system-ui, sans-serif; letter-spacing: .04em; padding: .18em .5em; border-radius: .3em;
  color: #fff; background: #6b665e; margin-right: .35em; white-space: nowrap; }
.proved { background: #1f7a4d; }
.family { background: #2f5fa8; }
.conjectured { background: #9a5b13; }
details { margin-top: .6rem; font-size: .9rem; }
summary { color: var(--soft); cursor: pointer; }
pre { overflow-x: auto; line-height: 1.4; }
@media print { body { max-width: none; } nav, details { display: none; } }
"""


def gallery(folders: Sequence[Path], title: str) -> Page:
    """The page of what runs found, and of all artifacts in folders; of equivalent fractions the first."""
    from searches.constants import report
    from searches.constants.identify.canonical import canonical

    entries: dict[object, Entry] = {}
    for folder in folders:
        for sheet, how in _sheets(folder):
            entries.setdefault(canonical(sheet.fraction), Entry(sheet, how, report.known_as(sheet.fraction)))
    return Page(title, list(entries.values()))


def _sheets(folder: Path) -> Iterator[tuple[Sheet, str]]:
    """Of a run, or of the artifacts in a folder, with the commands that find them."""
    from discover import artifact, runs
    from discover.store import DATABASE

    if (folder / DATABASE).is_file():
        run = runs.load(folder)
        for entry in run.top():
            yield run.problem.sheet(entry.find), run.provenance(entry)["reproduce"]
        return
    files = sorted(folder.rglob(artifact.PROGRAM_FILE))
    if not files:
        raise UserError(f"{folder}: no run, and no artifact in it")
    for file in files:
        loaded = artifact.load(file)
        if not isinstance(loaded.problem, ConstantsDomain):
            raise UserError(f"{file}: of {loaded.document.search}, which is no search for constants")
        yield loaded.problem.sheet(loaded.find), loaded.document.reproduce


def main() -> None:
    """The command line; see the module."""
    import argparse

    parser = argparse.ArgumentParser(description="A page of formulas.")
    parser.add_argument("folders", nargs="+", type=Path, help="run folders, and folders of artifacts")
    parser.add_argument("-o", "--out", type=Path, required=True, help="a .html or .md file")
    parser.add_argument("--title", default="Continued fractions of constants")
    arguments = parser.parse_args()
    if arguments.out.suffix not in (".html", ".md"):
        parser.error(f"{arguments.out}: a page is a .html or .md file")
    try:
        gallery(arguments.folders, arguments.title).write(arguments.out)
    except UserError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
