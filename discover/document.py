"""What is known of a find: everything needed to repeat and to refute it, with a digest over all of it.

A `Document` is program.json in an artifact's folder, and the last line of every exported file. Same input, same bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from discover import registry, spec
from discover.errors import UserError
from discover.problem import Domain, Find
from primitives.primitive import PrimitiveSet
from primitives.text import format_program

LICENSE = "MIT-0"  # of exported files
Status = Literal["rediscovered", "measured", "proven"]
Number = float | Literal["inf", "-inf", "nan"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Names(_Model):
    """A signature."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    state: tuple[str, ...]


class Score(_Model):
    """A figure beside the objectives, and how it was measured."""

    value: Number
    how: str


class Document(_Model):
    """What is known of a find.

    name             of the exported function and its files
    search, config   the search, and everything that affects its results (`Spec.config`)
    reproduce        the command that finds it again
    id, parents      in the run
    primitives       names, in the order of the opcodes
    program          canonical text, line by line
    objectives       the claims; `scores` are more figures
    generator        who wrote it
    digest           16 hex digits over all the rest
    """

    format: Literal[1]
    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=100)
    search: str
    config: dict[str, Any]
    config_hash: str
    seed: int
    reproduce: str
    id: str
    parents: tuple[str, ...]
    signature: Names
    primitives: tuple[str, ...]
    primitives_hash: str
    program: tuple[str, ...]
    objectives: dict[str, Number]
    descriptors: dict[str, int]
    scores: dict[str, Score]
    status: Status
    generator: str
    digest: str

    @property
    def content(self) -> dict[str, Any]:
        """Its fields as JSON data, without the digest."""
        return self.model_dump(mode="json", exclude={"digest"})

    @property
    def line(self) -> str:
        """All of it on one line that cannot end a comment of C."""
        text = json.dumps(self.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return text.replace("*/", "\\u002a/").replace("/*", "/\\u002a")

    @property
    def text(self) -> str:
        """program.json"""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=True, allow_nan=False) + "\n"

    def objective(self, name: str) -> float:
        """The claimed value."""
        return float(self.objectives[name])

    def score_lines(self, how: Mapping[str, str], more: Iterable[tuple[str, float, str]] = ()) -> list[str]:
        """The table of figures in a header: the objectives, measured as `how` says, the scores, and `more` rows."""
        rows = [(name, self.objective(name), how.get(name, "")) for name in self.objectives]
        rows += [(name, float(score.value), score.how) for name, score in self.scores.items()]
        rows += more
        width = max((len(name) for name, _, _ in rows), default=0)
        return ["Scores:", *(f"    {name:{width}}  {value:<12.6g}  {text}".rstrip() for name, value, text in rows)]

    @property
    def origin(self) -> list[str]:
        """The end of a header: where the find comes from, and how it is found again."""
        return [
            f"Found by {self.generator}, search {self.search}, seed {self.seed}, config {self.config_hash}, "
            f"primitive set {self.primitives_hash}",
            f"Find it again: {self.reproduce}",
        ]


def provenance(
    found: spec.Spec,
    problem: Domain,
    *,
    id: str = "",
    parents: Iterable[str] = (),
    status: Status = "measured",
    name: str = "",
    scores: Mapping[str, tuple[float, str]] | None = None,
) -> dict[str, Any]:
    """What an exporter is told beside the find, as JSON data.

    name: of the exported function (default: the problem's title and the first axis of the map). scores: more figures,
    name -> (value, how it was measured).
    """
    from discover import __version__

    # A file of the user's is told as a search of its domain that all have, with other settings: names decide nothing.
    known = registry.domain(found.search).specs
    search = f"{found.search}/{found.name if found.name in known else next(iter(known), found.name)}"
    return {
        "name": name,
        "title": problem.title or found.name,
        "search": search,
        "config": found.config,
        "config_hash": found.config_hash,
        "seed": found.run.seed,
        "reproduce": _command(found, search),
        "id": id,
        "parents": list(parents),
        "primitives_hash": problem.primitives.hash,
        "scores": {key: {"value": _number(value), "how": how} for key, (value, how) in (scores or {}).items()},
        "status": status,
        "generator": f"discover-programs {__version__}",
    }


def document(find: Find, provenance: Mapping[str, Any], primitives: PrimitiveSet) -> Document:
    """The document of a find; `provenance` as the function of that name gives it."""
    signature = find.program.signature
    keys = ("search", "config", "config_hash", "seed", "reproduce", "id", "parents", "scores", "status", "generator")
    fields = {
        **{key: provenance[key] for key in keys},
        "format": 1,
        "name": provenance["name"] or _name(provenance["title"], find.descriptors),
        "signature": {"inputs": signature.inputs, "outputs": signature.outputs, "state": signature.state},
        "primitives": [p.name for p in primitives],
        "primitives_hash": primitives.hash,
        "program": format_program(find.program, primitives).splitlines(),
        "objectives": {name: _number(value) for name, value in find.objectives.items()},
        "descriptors": {name: int(value) for name, value in find.descriptors.items()},
    }
    return Document.model_validate_json(json.dumps(fields | {"digest": digest_of(fields)}))


def _name(title: str, cell: Mapping[str, int]) -> str:
    """exp2_7: the problem's title and the first axis of the map."""
    words = [title, *map(str, list(cell.values())[:1])]
    name = re.sub(r"\W", "_", "_".join(words), flags=re.ASCII)
    return name if name[:1].isalpha() else f"find_{name}"


def _command(found: spec.Spec, search: str) -> str:
    """`discover run ...` with every setting that differs from the search's own file."""
    try:
        usual = spec.load(search).config
    except UserError:
        usual = {}
    words = [f"discover run {search} --seed {found.run.seed} --budget {found.run.budget}"]
    for table in spec.TABLES:
        for key, value in found.config[table].items():
            if f"{table}.{key}" not in ("run.seed", "run.budget") and usual.get(table, {}).get(key) != value:
                words.append(f"--set {shlex.quote(f'{table}.{key}={_toml(value)}')}")
    return " ".join(words)


def _toml(value: Any) -> str:
    """JSON data as a TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def comment(lines: Sequence[str], prefix: str = "#") -> str:
    """Comment lines."""
    return "".join(f"{prefix} {line}".rstrip() + "\n" for line in lines)


def camel(name: str) -> str:
    """`lion_like_2` -> LionLike2, a class."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"_+", name))


def program_text(header: Iterable[str], document: Document) -> str:
    """A text file: the header without the program in it, the program itself, the document."""
    own = {f"    {line}" for line in document.program}
    lines = [line for line in header if line not in own]
    return comment(lines) + "\n".join([*document.program, f"# discover: {document.line}", ""])


def main_lines(document: Document) -> list[str]:
    """How an exported Python file ends: its `selftest` has passed, the command line calls it, and the document."""
    return [
        f'    print("{document.name}: selftest ok")',
        "",
        "",
        'if __name__ == "__main__":',
        "    import sys",
        "",
        '    if sys.argv[1:] != ["--selftest"]:',
        '        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")',
        "    selftest()",
        "",
        f"# discover: {document.line}",
        "",
    ]


def digest_of(fields: Mapping[str, Any]) -> str:
    """The digest of a document's other fields."""
    return hashlib.sha256(spec.canonical_json(fields).encode()).hexdigest()[:16]


def _number(value: float) -> Number:
    return float(value) if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
