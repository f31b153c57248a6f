"""Artifacts: what was found, as files that carry their own proof and can be checked by anybody."""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from discover import registry, spec, workers
from discover.document import Document, digest_of, document
from discover.errors import UserError
from discover.problem import Domain, Find
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.text import format_program

MAX_BYTES = 4_000_000
PROGRAM_FILE = "program.json"
CARD_FILE = "card.md"
_FOOTER = re.compile(r"^(?:#|//|%|--| \*) discover: (\{.*\})$")


@dataclass(frozen=True)
class Artifact:
    """A loaded artifact: the document, and the problem and the find that it speaks of."""

    path: Path
    document: Document
    problem: Domain
    find: Find

    @property
    def provenance(self) -> dict[str, Any]:
        """What the exporters were told."""
        return self.document.content


def load(path: str | Path) -> Artifact:
    """An artifact folder, its program.json, or any exported file. Raises UserError for whatever is not whole."""
    path = Path(path)
    file = path / PROGRAM_FILE if path.is_dir() else path
    found = _parse_document(_document_text(file), file)
    search = registry.find(found.search)[0]
    restored = spec.restore(found.config, found.search.partition("/")[2], str(file))
    if restored.config_hash != found.config_hash or restored.run.seed != found.seed or restored.search != search.name:
        raise UserError(f"{file}: its config does not have the hash, seed and search it names; export it again")
    problem = workers.problem_of(restored.ref)
    program = _parse_program(found, problem, file)
    objectives = {name: float(value) for name, value in found.objectives.items()}
    return Artifact(path, found, problem, Find(program, objectives, dict(found.descriptors)))


def _document_text(file: Path) -> str:
    """The JSON text that a file is, or that its last line holds."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        text = data.decode()
    except FileNotFoundError:
        raise UserError(f"{file}: no such file; name an artifact folder or an exported file") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{file}: not a text file; name an artifact folder or an exported file") from None
    if len(data) > MAX_BYTES:
        raise UserError(f"{file}: larger than {MAX_BYTES} bytes; not one of our files")
    if file.suffix == ".json":
        return text
    for line in reversed(text.splitlines()[-3:]):
        if match := _FOOTER.match(line):
            return match[1]
    raise UserError(f"{file}: its last lines hold no `discover: {{...}}`; truncated, or not one of our files")


def _parse_document(text: str, file: Path) -> Document:
    try:
        found = Document.model_validate_json(text)
        digest = digest_of(found.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"])
        raise UserError(f"{file}: truncated or edited: {where + ': ' if where else ''}{first['msg']}") from None
    except (ValueError, RecursionError):
        raise UserError(f"{file}: truncated or edited: it holds what is no JSON number or text") from None
    if digest != found.digest:
        raise UserError(f"{file}: edited: its digest is {digest}, not {found.digest} as it says; export it again")
    return found


def _parse_program(found: Document, problem: Domain, file: Path) -> Program:
    try:
        program = problem.parse("\n".join(found.program))
        signature = Signature(found.signature.inputs, found.signature.outputs, found.signature.state)
    except ValueError as error:
        raise UserError(f"{file}: its program: {error}") from None
    if program.signature != signature:
        raise UserError(f"{file}: its signature is not that of {found.search}; export it again")
    return program


class Check(NamedTuple):
    """One thing that `verify` has looked at."""

    name: str
    ok: bool
    detail: str


def agrees(claimed: float, measured: float, tolerance: float) -> bool:
    """Whether a claim holds: equal but for a relative tolerance, or both NaN."""
    return math.isclose(claimed, measured, rel_tol=tolerance) or (claimed != claimed and measured != measured)


def verify(path: str | Path) -> list[Check]:
    """Measure the program again and write its files again, and compare both with what is there."""
    artifact = load(path)
    found, problem, find = artifact.document, artifact.problem, artifact.find
    checks = [
        Check("digest", True, found.digest),
        Check("config", True, found.config_hash),
        _check_primitives(found, problem.primitives),
    ]
    text = format_program(find.program, problem.primitives).splitlines()
    checks.append(Check("program", tuple(text) == found.program, f"{len(find.program.instructions)} instructions"))
    measured = problem.measure(find.program)
    for name in sorted(set(find.objectives) | set(measured)):
        claimed, value = find.objectives.get(name, math.nan), measured.get(name, math.nan)
        same = agrees(claimed, value, problem.tolerance)
        checks.append(Check(name, same and name in find.objectives, f"claimed {claimed:.6g}, measured {value:.6g}"))
    return checks + _check_files(artifact)


def _check_primitives(found: Document, primitives: PrimitiveSet) -> Check:
    if primitives.hash == found.primitives_hash:
        return Check("primitives", True, primitives.hash)
    return Check(
        "primitives", False, f"written for set {found.primitives_hash}; it is {primitives.hash} now: export again"
    )


def _check_files(artifact: Artifact) -> list[Check]:
    """Each exported file against what the exporters write now; a folder's files, or the one that was named."""
    files = exported(artifact.find, artifact.provenance, artifact.problem)
    if not artifact.path.is_dir():
        if artifact.path.suffix == ".json":
            return []
        actual = artifact.path.read_bytes().decode()
        same = actual in files.values()
        closest = min(files.values(), key=lambda text: _distance(text, actual), default="")
        return [Check(artifact.path.name, same, "as exported" if same else _difference(closest, actual))]
    checks = []
    for file in sorted(p for p in artifact.path.iterdir() if p.is_file()):
        if file.name not in files:
            checks.append(Check(file.name, False, "no exporter writes a file of this name"))
            continue
        content = file.read_bytes()
        same = content == files[file.name].encode()
        detail = "as exported" if same else _difference(files[file.name], content.decode(errors="replace"))
        checks.append(Check(file.name, same, detail))
    return checks


def _distance(a: str, b: str) -> int:
    return len(set(a.splitlines()) ^ set(b.splitlines()))


def _difference(expected: str, actual: str) -> str:
    """The first line that differs."""
    a, b = expected.splitlines(), actual.splitlines()
    number = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return f"edited or truncated: line {number + 1} is not what the exporter writes"


SUFFIXES = {
    "python": ".py",
    "numba": "_numba.py",
    "c": ".h",
    "sympy": "_sympy.py",
    "latex": ".tex",
    "torch": ".py",
    "optax": "_optax.py",
    "numpy": "_numpy.py",
    "proof": "_proof.py",
    "text": ".txt",
    "json": "",
}


def exported(find: Find, provenance: Mapping[str, Any], problem: Domain) -> dict[str, str]:
    """File name -> text, of program.json, the score card and every format that this program can be written in."""
    found = document(find, provenance, problem.primitives)
    files = {PROGRAM_FILE: found.text, CARD_FILE: card(found, problem)}
    for form, exporter in problem.exporters.items():
        if form == "json":
            continue
        try:
            files[f"{found.name}{SUFFIXES.get(form, f'.{form}')}"] = exporter(find, provenance)
        except UserError:  # the exporter says that this program has no such form
            continue
    return files


def write_artifact(folder: str | Path, find: Find, provenance: Mapping[str, Any], problem: Domain) -> list[Path]:
    """Write an artifact folder: program.json, card.md, and one file a format. Returns the paths."""
    folder = Path(folder)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in exported(find, provenance, problem).items():
            write_text(folder / name, text)
            paths.append(folder / name)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}; nothing there is half written") from None
    return paths


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def card(found: Document, problem: Domain) -> str:
    """The score card, in Markdown."""
    units = {o.name: o.unit for o in problem.objectives}
    rows = [(name, found.objective(name), units.get(name, "")) for name in found.objectives]
    rows += [(name, float(score.value), score.how) for name, score in found.scores.items()]
    lines = [f"# {found.name}", "", *(f"    {line}" for line in found.program), ""]
    lines += ["| score | value | unit, or how measured |", "|---|---|---|"]
    lines += [f"| {name} | {value:.10g} | {how} |" for name, value, how in rows]
    lines += ["", f"Status: {found.status}. Search `{found.search}`, seed {found.seed}, config `{found.config_hash}`,"]
    lines += [f"primitive set `{found.primitives_hash}`. Find it again:", "", f"    {found.reproduce}", ""]
    return "\n".join(lines)
