"""Artifacts: written, loaded, verified; what tampering does; and every find in the gallery, checked again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from discover import artifact, document, spec
from discover.errors import UserError
from discover.problem import Find, Problem
from primitives.program import Program
from primitives.text import format_program, parse

GALLERY = Path(__file__).parent.parent / "artifacts"
FOLDERS = sorted(p.parent for p in GALLERY.rglob(artifact.PROGRAM_FILE))
CC = shutil.which("cc")


def as_code(find: Find, provenance: Mapping[str, Any]) -> str:
    """The smallest exporter: a program as a comment, and the document as the last line."""
    from primitives.table import ARITHMETIC

    line = document.document(find, provenance, ARITHMETIC).line
    return f"# {format_program(find.program, ARITHMETIC)}# discover: {line}\n"


@pytest.fixture
def problem(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    found = spec.build(spec.load("toy/one").ref)
    monkeypatch.setattr(type(found), "exporters", {"python": as_code})
    return found


@pytest.fixture
def write(problem: Problem, tmp_path: Path) -> Callable[..., Path]:
    """Write a toy artifact: `y = x + 0.25` at x = 0.5 misses 1 by 0.25."""

    def write(text: str = "y = x + 0.25", **known: Any) -> Path:
        program = parse(text, problem.signature, problem.primitives)
        found = Find(program, problem.measure(program), {"operations": len(program.instructions)})
        known = document.provenance(spec.load("toy/one", ["width=1.0"]), problem, id="c0ffee", **known)
        artifact.write_artifact(tmp_path / "find", found, known, problem)
        return tmp_path / "find"

    return write


def test_an_artifact_comes_back(write: Callable[..., Path]) -> None:
    folder = write("t = x * x\ny = t / (t + 1.0)", scores={"median": (0.5, "of 3 seeds")}, status="rediscovered")
    loaded = artifact.load(folder)
    assert sorted(p.name for p in folder.iterdir()) == ["card.md", "one_3.py", "program.json"]
    assert loaded.document.program == ("t = x * x", "y = t / (t + 1.0)")
    assert loaded.document.scores["median"].value == 0.5
    assert loaded.find.objectives == loaded.problem.measure(loaded.find.program)
    assert loaded.find.descriptors == {"operations": 3}
    assert artifact.load(folder / "program.json").find == artifact.load(folder / "one_3.py").find == loaded.find


@pytest.mark.parametrize("name", [".", "program.json", "one_1.py"])
def test_a_true_artifact_passes_every_check(name: str, write: Callable[..., Path]) -> None:
    checks = artifact.verify(write() / name)
    assert all(check.ok for check in checks), checks
    assert {"digest", "config", "primitives", "program", "operations", "error"} <= {c.name for c in checks}


def test_same_input_same_bytes(write: Callable[..., Path]) -> None:
    first = {p.name: p.read_bytes() for p in write().iterdir()}
    assert first == {p.name: p.read_bytes() for p in write().iterdir()}


def test_the_reproduce_command_names_what_differs_from_the_spec(problem: Problem) -> None:
    changed = spec.load("toy/one", ["seed=7", "problem.width=2.0", "strategy.name=random"])
    assert document.provenance(changed, problem)["reproduce"] == (
        "discover run toy/one --seed 7 --budget 320 --set problem.width=2.0 --set 'strategy.name=\"random\"'"
    )


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_edited_code_is_noticed(write: Callable[..., Path]) -> None:
    folder = write()
    edit(folder / "one_1.py", "# y = x + 0.25\n", "# y = x + 0.5\n")
    for path in (folder, folder / "one_1.py"):
        (bad,) = [check for check in artifact.verify(path) if not check.ok]
        assert bad == ("one_1.py", False, "edited or truncated: line 1 is not what the exporter writes")


def test_a_false_claim_is_noticed(problem: Problem, write: Callable[..., Path], tmp_path: Path) -> None:
    """Even one with a right digest: the program is measured again."""
    loaded = artifact.load(write())
    boast = replace(loaded.find, objectives={"operations": 1.0, "error": 1e-9})
    artifact.write_artifact(tmp_path / "boast", boast, loaded.provenance, problem)
    (bad,) = [check for check in artifact.verify(tmp_path / "boast") if not check.ok]
    assert bad == ("error", False, "claimed 1e-09, measured 0.25")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"error": 0.25', '"error": 0.125', "edited: its digest is"),
        ('"y = x + 0.25"', '"y = x + 0.125"', "edited: its digest is"),
        ('"seed": 0', '"seed": 0.5', "truncated or edited: seed: Input should be a valid integer"),
        ('"format": 1', '"format": 2', "truncated or edited: format: Input should be 1"),
        ('"id"', '"extra": 1, "id"', "truncated or edited: extra: Extra inputs are not permitted"),
        ('"width": 1.0', '"width": NaN', "edited: its digest is"),
        ('"width": 1.0', '"width": ' + "[" * 100_000, "truncated or edited"),
    ],
)
def test_a_hand_edited_document_is_refused(old: str, new: str, message: str, write: Callable[..., Path]) -> None:
    file = write() / "program.json"
    edit(file, old, new)
    with pytest.raises(UserError, match=message) as caught:
        artifact.verify(file)
    assert "\n" not in str(caught.value) and str(file) in str(caught.value)


def test_every_truncation_is_refused_in_one_line(write: Callable[..., Path]) -> None:
    folder = write()
    for name in ("program.json", "one_1.py"):
        whole = (folder / name).read_bytes()
        for length in [*range(0, len(whole) - 2, 37), len(whole) - 3]:
            (folder / name).write_bytes(whole[:length])
            with pytest.raises(UserError) as caught:
                artifact.load(folder / name)
            assert "\n" not in str(caught.value)


def test_one_changed_byte_is_caught(write: Callable[..., Path]) -> None:
    """Anywhere in the document; in exported code the comparison of bytes catches it."""
    folder = write("t = x * x\ny = t / (t + 1.0)")
    file, whole = folder / "program.json", (folder / "program.json").read_bytes()
    loaded = artifact.load(file)
    for at in range(0, len(whole), 7):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert artifact.load(file).document == loaded.document and whole[at : at + 1].isspace()
        except UserError as error:
            assert "\n" not in str(error)
    code = folder / "one_3.py"
    whole = code.read_bytes()
    for at in range(0, whole.index(b"# discover"), 3):
        code.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not all(check.ok for check in artifact.verify(code))


def forge(file: Path, **fields: Any) -> None:
    """Change fields of a program.json and set the digest right."""
    data = json.loads(file.read_text()) | fields
    del data["digest"]
    file.write_text(json.dumps(data | {"digest": document.digest_of(data)}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"program": ["y = sin(x)"]}, "its program: line 1, column 5: the primitive set has no 'sin'"),
        ({"program": ["y = " + "(" * 5000]}, "its program: line 1, column 65: expressions nest more than"),
        ({"search": "toy/two"}, "no search 'toy/two'; did you mean 'toy/one'"),
        ({"config_hash": "0" * 16}, "its config does not have the hash"),
        ({"config": {"search": "toy", "problem": {"widht": 1}, "run": {"budget": 320}}}, "unknown key problem.widht"),
        ({"signature": {"inputs": ["x"], "outputs": ["z"], "state": []}}, "its signature is not"),
        (
            {"signature": {"inputs": ["x", "x"], "outputs": ["y"], "state": []}},
            "its program: a signature uses a name twice",
        ),
    ],
)
def test_a_forged_document_is_refused(fields: dict[str, Any], message: str, write: Callable[..., Path]) -> None:
    file = write() / "program.json"
    forge(file, **fields)
    with pytest.raises(UserError, match=message) as caught:
        artifact.load(file)
    assert "\n" not in str(caught.value)


def test_another_primitive_set_is_reported(write: Callable[..., Path]) -> None:
    folder = write()
    forge(folder / "program.json", primitives_hash="0" * 16)
    checks = {check.name: check for check in artifact.verify(folder / "program.json")}
    assert not checks["primitives"].ok and "export again" in checks["primitives"].detail


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "its last lines hold no"),
        (b"\xff\xfe\x00", "not a text file"),
        (b"x" * (artifact.MAX_BYTES + 1), "larger than"),
        (b"# discover: {}\n", "truncated or edited"),
    ],
)
def test_what_is_no_artifact(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=message):
        artifact.load(file)


def test_infinite_claims_survive(problem: Problem, write: Callable[..., Path], tmp_path: Path) -> None:
    program: Program = parse("y = x / 0.0", problem.signature, problem.primitives)
    loaded = artifact.load(write())
    found = Find(program, problem.measure(program), {"operations": 1})
    assert found.objectives["error"] == float("inf")
    artifact.write_artifact(tmp_path / "inf", found, loaded.provenance, problem)
    assert all(check.ok for check in artifact.verify(tmp_path / "inf") if check.name != "error")
    assert artifact.load(tmp_path / "inf").find.objectives["error"] == float("inf")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: str(p.relative_to(GALLERY)))
def test_the_gallery(folder: Path, tmp_path: Path) -> None:
    """Every find: documents, claims measured again, files written again, self-tests run."""
    bad = [check for check in artifact.verify(folder) if not check.ok]
    assert not bad
    for file in sorted(folder.iterdir()):
        if file.stem.endswith("_optax") and not (find_spec("jax") and find_spec("optax")):
            continue  # of the interop extra; the text of the file was compared all the same
        if file.suffix == ".py":
            subprocess.run([sys.executable, str(file), "--selftest"], cwd=tmp_path, check=True, timeout=120)
        elif file.suffix == ".h" and CC:
            flags = ["-std=c99", f"-D{file.stem.upper()}_SELFTEST", "-x", "c", str(file), "-o", "selftest", "-lm"]
            subprocess.run([CC, *flags], cwd=tmp_path, check=True)
            subprocess.run([str(tmp_path / "selftest")], check=True)
