"""What is known, what of it was found, and how a run's finds are shown: tables, pages, pictures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from discover import cli
from discover.errors import UserError
from discover.problem import Find
from searches.constants import known, report, subject
from searches.constants.export import page
from searches.constants.fraction import Fraction, shifted, times
from searches.constants.identify.canonical import canonical

ROOT = Path(__file__).resolve().parent.parent
FOUR_OVER_PI = Fraction.of((1, 2), (0, 0, 1))
BROUNCKER = Fraction.of((2,), (1, -4, 4))
E = Fraction.of((3, 1), (0, -1))
SILVER = Fraction.of((2,), (1,))


@pytest.fixture(scope="module")
def finds() -> list[Find]:
    return [subject.find_of(f, members=2) for f in (E, BROUNCKER, SILVER, FOUR_OVER_PI)]


def test_the_table_of_known_formulas() -> None:
    targets, interlaced = known.targets(known.TARGETS), known.targets(known.INTERLACED)
    assert (len(targets), len(interlaced)) == (72, 7)
    assert sum(t.inside for t in targets) == 41
    assert [sum(t.tier == tier for t in targets) for tier in (1, 2, 3)] == [24, 35, 13]
    assert not all(t.literature for t in targets) and all(t.literature for t in interlaced)
    assert interlaced[2].fraction == Fraction((((1, 4), (1,)), ((1,), (1,)), ((1,), (1,))))


def test_a_class_is_known_however_it_is_written() -> None:
    a, b = times((4,), (2,)), times((16,), (1, -4, 4))  # an equivalence: a -> 4 a, b -> 16 b
    for fraction in (BROUNCKER, Fraction.of(a, b), Fraction.of(a, shifted(b, 3))):
        found = known.known_as(fraction)
        assert found is not None and found.name == "brouncker"
    assert known.known_as(Fraction.of((1, 7), (2,))) is None


def test_what_counts_as_found_and_what_as_a_relative() -> None:
    targets = [t for t in known.targets() if t.name in ("brouncker", "e_RM", "silver_ratio")]
    pi_plus_3 = Fraction.of((6,), (1, -4, 4))  # as slow as Brouncker's, and its value is a Moebius form of that one
    other = Fraction.of((3, 1), (0, -1))
    matches = known.rediscovered(targets, [pi_plus_3, other])
    names = {t.name: matches[t.canonical] for t in targets}
    assert names == {"brouncker": "relative", "e_RM": "found", "silver_ratio": ""}


def test_coverage_by_tier_and_box() -> None:
    targets = known.everything()
    table, missed = report.coverage(targets, [t.fraction for t in targets])
    assert not missed and all(row["found"] == row["classes"] for row in table)
    classes = {canonical(t.fraction) for t in targets}
    assert sum(row["classes"] for row in table if row["tier"] == "all") == len(classes)
    table, missed = report.coverage(targets, [])
    assert len(missed) == len(classes) and not any(row["found"] for row in table)
    published = sum(row["published"] for row in table if row["tier"] == "all")
    assert published == len({canonical(t.fraction) for t in targets if t.literature}) < len(classes)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": "x"}]', "\xff"])
def test_a_bad_file_of_known_formulas_is_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    file.write_bytes(text.encode("latin-1"))
    if text == "{}":
        assert known.targets(file) == ()
        return
    with pytest.raises(UserError, match=r"known.json: not a list of known formulas") as caught:
        known.targets(file)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="cannot be read"):
        known.targets(tmp_path / "none.json")


def test_rows(finds: list[Find]) -> None:
    rows = {row["formula"]: row for row in report.rows(finds)}
    assert set(rows) == {"e", "4/pi", "4/pi + 1", "sqrt(2) + 1"}
    brouncker = rows["4/pi + 1"]
    assert brouncker["fraction"] == "a(n) = 2, b(n) = (2 n - 1)^2" and brouncker["value"] == "2.2732395447351626861"
    assert (brouncker["digits"], brouncker["rate"], brouncker["members"]) == (100.0, 0.0, 2)
    assert brouncker["known"] == "brouncker" and brouncker["status"] == "PROVED"


def test_explain(finds: list[Find]) -> None:
    told = dict(report.explain(finds[0]))
    assert told["formula"] == "e = 3 - 1/(4 - 2/(5 - 3/(6 - ...))), a(n) = n + 3, b(n) = -n"
    assert told["value"].startswith("2.71828182845904523536028747135266249775724709369")
    assert told["convergence"] == "factorial: 3 digits a term at term 1000, more later"
    assert told["known as"].startswith("e_RM (Ramanujan Machine, Nature 590 (2021)")
    assert "assert" in told["certificate, Python with sympy"]


class Reader(HTMLParser):
    """Checks that what is opened is closed; keeps tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_network(finds: list[Find], tmp_path: Path) -> None:
    report.picture(finds, tmp_path / "page.html", how="a <search> & more")
    text = (tmp_path / "page.html").read_text()
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    tags = [tag for tag, _ in reader.seen]
    assert tags.count("article") == 4 and tags.count("h2") == 3 and "script" not in tags and "link" not in tags
    assert not [a for _, a in reader.seen if any("http" in (v or "") for k, v in a.items() if k != "xmlns")]
    anchors = {a["id"] for _, a in reader.seen if "id" in a}
    assert {a["href"] for _, a in reader.seen if "href" in a} == {f"#{name}" for name in anchors}
    assert "a &lt;search&gt; &amp; more" in text
    assert "4 formulas: " in text and "2.7182818284590452353602874713526624977572470936999…" in text
    for piece in text.split("<math")[1:]:
        ElementTree.fromstring(f"<math{piece.partition('</math>')[0]}</math>".replace("&nbsp;", " "))


def test_formulas_are_grouped_by_constant(finds: list[Find]) -> None:
    from searches.constants.sheet import Sheet

    groups = page.Page("all", [page.Entry(Sheet(f)) for f in finds]).groups
    assert [(g.words, sorted(e.sheet.text for e in g.entries)) for g in groups] == [
        ("pi", ["4/pi", "4/pi + 1"]),
        ("e", ["e"]),
        ("algebraic numbers", ["sqrt(2) + 1"]),
    ]


def test_the_page_as_markdown(finds: list[Find], tmp_path: Path) -> None:
    report.picture(finds, tmp_path / "page.md", how="discover run constants/box2")
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("# Continued fractions of constants\n\n4 formulas: ")
    assert "\n$$\n\\frac{4}{\\pi} = 1 + \\cfrac{1^2}{3 + \\cfrac{2^2}{5 + \\cfrac{3^2}{7 + \\ddots}}}\n$$\n" in text
    assert "\n$a_n = 2n + 1, \\quad b_n = n^2$\n" in text and "## $\\pi$" in text and "## Algebraic numbers" in text
    assert "- found by: discover run constants/box2\n" in text
    assert "\\," not in text and "\\;" not in text  # Markdown would eat the backslash


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_picture(suffix: str, finds: list[Find], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"front{suffix}"
    report.picture(finds, path)
    first = path.read_bytes()
    report.picture(finds, path)
    assert path.read_bytes() == first and len(first) > 2000


SMALL = [
    "problem.box.a=[[1, 2], [0, 2]]", "problem.box.b=[[0, 1], [-1, 1], [0, 1]]", "strategy.batch=72", "run.budget=72",
    'problem.identify.constants=["pi", "log(2)", "e"]',
]  # fmt: skip


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A run of a very small box in a process of its own, and the modules that it loaded."""
    folder = tmp_path_factory.mktemp("small") / "run"
    code = f"""
import sys, discover
done = discover.run("constants/box2", set={SMALL!r}, out={str(folder)!r})
assert done.top()
print(*(name for name in sys.modules if name.startswith("searches.constants.")))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return folder, set(done.stdout.split())


@pytest.fixture(scope="module")
def run(process: tuple[Path, set[str]]) -> Path:
    """The run's folder."""
    return process[0]


def command(monkeypatch: pytest.MonkeyPatch, capsys: Any, *arguments: Any) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["discover", *map(str, arguments)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main()
    return (end.value.code or 0, *capsys.readouterr())  # type: ignore[return-value]


def test_a_run_is_reported_shown_exported_and_verified(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = command(monkeypatch, capsys, "report", run, "--json", "--picture", "page.html")
    rows = json.loads(out)
    assert code == 0 and {"4/pi", "1/log(2)"} <= {row["formula"] for row in rows}
    assert Path("page.html").read_text().count("<article>") == len(rows)
    code, out, err = command(monkeypatch, capsys, "report", run, "--picture", "page.gif")
    assert (code, out) == (2, "") and "constants/box2 draws .html, .md, .svg or .png files" in err
    code, out, err = command(monkeypatch, capsys, "report", run, "--picture", "no/such/folder/page.md")
    assert code == 2 and "cannot be written" in err
    code, out, _ = command(monkeypatch, capsys, "show", run, "--json")
    code, out, _ = command(monkeypatch, capsys, "top", run, "--json")
    first = json.loads(out)[0]
    code, out, _ = command(monkeypatch, capsys, "show", run, first["id"])
    assert code == 0 and "export formats: python, text, sympy, proof, latex, lean, json" in out
    code, out, _ = command(monkeypatch, capsys, "export", run, first["id"], "--to", "artifact", "-o", "found")
    assert code == 0
    code, out, _ = command(monkeypatch, capsys, "verify", "found")
    assert code == 0 and "WRONG" not in out
    page.gallery([Path("found")], "Gallery").write(Path("gallery.html"))
    assert "discover run constants/box2" in Path("gallery.html").read_text()
    both = page.gallery([run, Path("found")], "Both").entries
    assert len(both) == len(rows) and all(e.how.startswith("discover run constants/box2 --seed 0") for e in both)
    for folder, message in ((tmp_path / "nothing", "no run"), (ROOT / "artifacts" / "functions", "no search for")):
        with pytest.raises(UserError, match=message):
            page.gallery([folder], "Gallery")


def test_infinite_families_have_their_section(tmp_path: Path) -> None:
    """2/log((k + 1)/(k - 1)) = k - 1/(3 k - 4/(5 k - ...)): found among members, written with k."""
    members = [Fraction.of((k, 2 * k), (0, 0, -1)) for k in range(2, 8)]
    finds = [subject.find_of(f) for f in members]
    report.picture(finds, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "<h2>Infinite families</h2>" in text and "held out" in text and 'href="#families"' in text
    report.picture(finds, tmp_path / "page.md")
    assert "## Infinite families\n\n$$\na(n) = " in (tmp_path / "page.md").read_text()


def test_coverage_of_runs_on_the_command_line(run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["report", str(run), "--json"])
    report.main()
    told = json.loads(capsys.readouterr().out)
    inside = next(row for row in told["classes"] if row["tier"] == "all" and row["box"] == "inside")
    assert 0 < inside["found"] < inside["classes"]
    monkeypatch.setattr(sys, "argv", ["report", str(run), "--targets", "none.json"])
    with pytest.raises(SystemExit):
        report.main()


def test_a_search_never_loads_what_is_known(process: tuple[Path, set[str]]) -> None:
    _, loaded = process
    assert {"searches.constants.box", "searches.constants.identify.identify"} <= loaded
    assert not {m for m in loaded if m.startswith(("searches.constants.known", "searches.constants.report"))}


def test_known_formulas_are_read_by_the_report_alone() -> None:
    """And the report by pages and by what `Domain` offers for showing, inside functions."""
    folder = ROOT / "searches" / "constants"
    for path in folder.rglob("*.py"):
        lines = [line for line in path.read_text().splitlines() if line.split()[:1] in (["import"], ["from"])]
        if path.name != "report.py":
            assert not [line for line in lines if re.search(r"\bknown\b", line)], path
        tops = [line for line in lines if not line.startswith(" ") and "constants.report" in line]
        assert not tops, path
