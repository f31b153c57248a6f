"""The end of a sieved box: formulas from fractions that behave alike, unknown constants, and how users see both."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from discover import artifact, cli, runs
from discover.errors import UserError
from discover.problem import Find
from searches.constants import report, subject
from searches.constants.evaluate import high
from searches.constants.export import page
from searches.constants.fraction import Fraction
from searches.constants.identify.lattice import precision
from searches.constants.identify.library import Library
from searches.constants.neighbours import Member, Neighbours, unknown_of

# a = 3 n + c; b = -2 n^2 (logarithms, of which this library has none) and -2 n^2 + n, -2 n^2 - n (pi).
TINY = """
search = "constants"

[problem.identify]
constants = ["pi"]
coefficients = 3

[problem.box]
a = [[1, 8], [3, 3]]
b = [[0, 0], [-1, 1], [-2, -2]]
sieve = true
tries = 1

[strategy]
name = "exhaustive"
batch = 24

[run]
budget = 24
chunk = 5
"""
PI_ONLY = (("pi",), ())


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="module")
def tiny(spec_file: Path) -> runs.Run:
    """A box of 24 fractions, searched."""
    return runs.run(str(spec_file), out=spec_file.parent / "run")


@pytest.fixture(scope="module")
def finds(tiny: runs.Run) -> list[Find]:
    return [entry.find for entry in tiny.top()]


def unknown(finds: list[Find]) -> Find:
    (found,) = [find for find in finds if "shared" in find.descriptors]
    return found


def test_neighbours_give_formulas_that_the_table_has_not(tiny: runs.Run, finds: list[Find]) -> None:
    proposed = [find for find in finds if find.descriptors.get("proposed")]
    confirmed = sum(row["count"] for row in tiny.funnel() if row["stage"] == "confirmed")
    assert len(proposed) >= 8 > confirmed
    for find in proposed:
        assert find.objectives["digits"] >= 95  # identified from scratch, like every find
        formula, _ = subject.meaning(subject.fraction_of(find.program), PI_ONLY)
        assert formula is not None and formula.names == ("pi",)


def test_without_neighbours_there_are_fewer_finds(spec_file: Path, finds: list[Find], tmp_path: Path) -> None:
    alone = runs.run(str(spec_file), out=tmp_path / "run", set=["problem.box.neighbours=0"])
    programs = [entry.find.program for entry in alone.top()]
    assert 0 < len(programs) < len(finds) - 8 and {*programs} < {find.program for find in finds}
    assert all("shared" not in e.find.descriptors for e in alone.top())


def test_workers_change_nothing(spec_file: Path, tiny: runs.Run, tmp_path: Path) -> None:
    assert runs.run(str(spec_file), out=tmp_path / "run", workers=2).digest == tiny.digest


def test_an_unknown_constant_comes_last_and_its_relations_hold(tiny: runs.Run, finds: list[Find]) -> None:
    find = unknown(finds)
    assert find is finds[-1] and (find.objectives["digits"], find.objectives["size"]) == (0.0, math.inf)
    assert find.descriptors["shared"] == 7
    relatives = tiny.problem.relatives(find)
    assert len(relatives) == 6 and subject.fraction_of(find.program) not in relatives
    # 3 n + c, -2 n^2: forms of log(2), but for c = 1, which is 0
    assert all(fraction.b == (0, 0, -2) for fraction in relatives)
    x = high(subject.fraction_of(find.program), 80).ball
    kin = tiny.problem.sheet(find).kin
    assert len(kin) == 6
    for fraction, (p, q, r, s) in kin:
        y = high(fraction, 80).ball
        with precision(80):
            assert abs((p * x + q) / (r * x + s) - y) < 1e-70
    assert {find.descriptors[f"also_{i}"] for i in range(1, 7)} <= set(range(24))


def test_a_shared_constant_with_a_formula_is_none() -> None:
    group = [Member(c, (c, 3), (0, 0, -2), 1) for c in (3, 2, 4, 5)]
    (found,) = unknown_of(group, PI_ONLY)
    assert found.descriptors["shared"] == 4
    known = unknown_of(group, (("pi", "log(2)"), ()))
    assert len(known) == 4 and all(find.descriptors["proposed"] for find in known)
    assert unknown_of(group[:2], PI_ONLY) == []
    strangers = [group[0], Member(8, (1, 3), (0, -1, -2), 1), Member(9, (2, 3), (0, -1, -2), 1)]
    assert unknown_of(strangers, (("e",), ())) == []


def test_nothing_is_asked_where_everything_has_a_formula() -> None:
    def each(method: str, items: Any) -> list[Any]:
        raise AssertionError(method)

    assert Neighbours([], {}, Library.load(["pi"]), each).finds() == []


def test_numbers_beyond_the_box_are_refused(tiny: runs.Run, finds: list[Find]) -> None:
    find = unknown(finds)
    edited = Find(find.program, find.objectives, {**find.descriptors, "also_1": 24})
    with pytest.raises(UserError, match="this box has no fractions of the numbers"):
        tiny.problem.relatives(edited)


def command(monkeypatch: pytest.MonkeyPatch, capsys: Any, *arguments: Any) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["discover", *map(str, arguments)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main()
    return (end.value.code or 0, *capsys.readouterr())  # type: ignore[return-value]


def test_report_and_show(tiny: runs.Run, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    code, out, _ = command(monkeypatch, capsys, "report", tiny.folder)
    table, _, remarks = out.partition("\n\n")
    assert code == 0
    last = table.splitlines()[-1]
    assert last.startswith("unknown constant shared by 7 fractions  a(n) = 3 n") and "UNIDENTIFIED" in last
    assert re.match(r"formulas whose constant was that of fractions that behave alike: \d+ of \d+\n", remarks)
    assert "unknown constants that several fractions share: 1, of 7 fractions\n" in remarks
    assert "infinite families" in remarks and "v(k+1) = " in remarks and "held out" in remarks
    code, out, _ = command(monkeypatch, capsys, "report", tiny.folder, "--json")
    assert code == 0 and "families" not in out
    entry = tiny.top()[-1]
    code, out, _ = command(monkeypatch, capsys, "show", tiny.folder, entry.id)
    assert code == 0 and "UNIDENTIFIED: no form of the library's constants is known" in out
    assert re.search(r"^size +inf$", out, re.MULTILINE)
    assert "    among the" not in out and "among the fractions of that constant x\n    a(n) = 3 n" in out
    code, out, _ = command(monkeypatch, capsys, "top", tiny.folder, "--json")
    assert code == 0 and '"size": "inf"' in out


def test_no_remarks_without_anything_to_remark() -> None:
    assert report.remarks([subject.find_of(Fraction.of((2,), (1,)))]) == []
    assert report.remarks([]) == []


def test_the_page(tiny: runs.Run, finds: list[Find], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    tiny.problem.picture([finds[0], finds[1], unknown(finds)], path)
    text = path.read_text()
    assert "<h2>unknown constants</h2>" in text and text.count("<article>") == 3
    assert "2 formulas: " in text and "1 UNIDENTIFIED" in text and "unknown constant shared by 7 fractions" in text
    assert "among its fractions" in text and 'class="badge unidentified"' in text
    tiny.problem.picture([unknown(finds)], tmp_path / "page.md")
    assert "0 formulas: 1 UNIDENTIFIED" in (tmp_path / "page.md").read_text()


def test_an_unknown_constant_as_an_artifact(tiny: runs.Run, tmp_path: Path) -> None:
    entry = tiny.top()[-1]
    names = {path.name for path in tiny.artifact(tmp_path / "found", entry.id)}
    assert any(name.endswith(".py") for name in names) and not any(name.endswith(".lean") for name in names)
    with pytest.raises(UserError, match="no closed form for sympy; choose another format"):
        tiny.export(entry.id, "sympy")
    checks = artifact.verify(tmp_path / "found")
    assert checks and all(check.ok for check in checks)
    (found,) = page.gallery([tmp_path / "found"], "Found").entries
    assert found.sheet.shared == 7 and len(found.sheet.kinship) == 6


def test_every_find_is_measured_again(tiny: runs.Run) -> None:
    checks = tiny.verify()
    assert checks and all(check.ok for check in checks)


def test_families_come_one_by_one() -> None:
    """The first is there before the others are looked for."""
    from itertools import islice

    sheets = [report.Sheet(subject.find_of(Fraction.of((k, 2 * k), (0, 0, -1)))) for k in range(2, 8)]
    (first,) = islice(report.families_of(sheets), 1)
    assert "log" in first.text
