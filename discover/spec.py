"""Search specs: validated TOML; a mistake is told in one line, with file, key and the nearest valid one."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from discover import registry
from discover.errors import UserError, nearest
from primitives.gpu import devices

StrategyName = Literal["regularized", "nsga2", "map_elites", "niched", "random", "constants_only", "exhaustive"]
M = TypeVar("M", bound=BaseModel)
TABLES = ("problem", "strategy", "run")


class Model(BaseModel):
    """Base of every table: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Strategy(Model):
    """How candidates are bred and kept.

    population     programs an island holds
    tournament     contestants for a parent
    islands        independent populations; they divide the batch
    migrate_every  generations between migrations (0: never)
    batch          candidates a generation, over all islands; "exhaustive" commits so many at a time
    restart_after  generations without improvement before a restart from the best (0: never; nothing to "random",
                   "constants_only" and "exhaustive")
    parents        of "map_elites": every other one from the Pareto "front", the others any elites; or winners of a
                   "tournament" among elites
    winner         of a tournament of "regularized": the contestant of the best "rank", or a random one of those on the
                   Pareto "front" of the contestants
    random         of "regularized": chance that a child is a random program instead, made as "random" makes them
    """

    name: StrategyName = "map_elites"
    population: int = Field(default=200, ge=1, le=10_000_000)
    tournament: int = Field(default=5, ge=1, le=10_000_000)
    islands: int = Field(default=1, ge=1, le=10_000)
    migrate_every: int = Field(default=0, ge=0)
    batch: int = Field(default=1024, ge=1, le=10**15)
    restart_after: int = Field(default=0, ge=0)
    parents: Literal["front", "tournament"] = "front"
    winner: Literal["rank", "front"] = "rank"
    random: float = Field(default=0.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.islands > self.batch:
            raise ValueError(f"batch={self.batch} cannot be divided among islands={self.islands}")
        if self.batch > 10_000_000 and self.name != "exhaustive":
            raise ValueError(f"batch={self.batch} is more than 10,000,000, which only an exhaustive search takes")
        if self.tournament > self.population:
            raise ValueError(f"tournament={self.tournament} is more than population={self.population}")
        return self


class Run(Model):
    """How much and how.

    budget   candidates in all; the last generation is cut so that the total is exact
    seed     every random number derives from it
    workers  processes that score; no influence on any result
    device   "cpu", or a GPU that scores all candidates of a generation at once: "cuda" or "cuda:N"; "auto" takes the
             first GPU or else the CPU. Scores on a GPU may differ in their last digits
    chunk    candidates scored per task (of a processor)
    meta_every     generations between meta-validations, where the problem has some (0: never)
    meta_patience  meta-validations without improvement before the search stops (0: never)
    """

    budget: int = Field(ge=1, le=10**15)
    seed: int = Field(default=0, ge=0, lt=2**63)
    workers: int = Field(default=1, ge=1, le=1024)
    device: str = "cpu"
    chunk: int = Field(default=64, ge=1)
    meta_every: int = Field(default=0, ge=0)
    meta_patience: int = Field(default=0, ge=0)

    @field_validator("device")
    @classmethod
    def _known(cls, device: str) -> str:
        if not devices.valid(device):
            raise ValueError(f"{device!r} is not auto, cpu, cuda or cuda:N")
        return device


@dataclass(frozen=True)
class Spec:
    """A search, ready to run: what a spec file and the command line's overrides add up to."""

    search: str
    name: str
    summary: str
    problem: BaseModel
    strategy: Strategy
    run: Run

    @property
    def config(self) -> dict[str, Any]:
        """Everything that affects results, and nothing else, as JSON data."""
        run = self.run.model_dump(mode="json", exclude={"workers"})
        if not self.run.meta_every:  # then nothing is meta-validated, and documents from before it keep their hash
            del run["meta_every"], run["meta_patience"]
        run["device"] = run["device"].partition(":")[0]  # which of several GPUs does not matter
        if run["device"] == "cpu":
            del run["device"]
        strategy = self.strategy.model_dump(mode="json")
        for key in ("parents", "winner", "random"):  # so too documents from before there was a choice
            if strategy[key] == Strategy.model_fields[key].default:
                del strategy[key]
        return {
            "search": self.search,
            "problem": self.problem.model_dump(mode="json"),
            "strategy": strategy,
            "run": run,
        }

    @property
    def config_hash(self) -> str:
        """16 hex digits over `config`."""
        return hashlib.sha256(canonical_json(self.config).encode()).hexdigest()[:16]

    @property
    def ref(self) -> tuple[str, str]:
        """What another process builds the Problem from: search name, canonical JSON of the problem's config."""
        return self.search, canonical_json(self.config["problem"])

    def on(self, **given: Any) -> Spec:
        """The same search on another number of `workers`, or another `device`."""
        run = _validate(Run, self.run.model_dump() | given, f"--{next(iter(given), '')}", "run")
        return replace(self, run=run)

    @property
    def task(self) -> int:
        """Candidates that are scored at once: a chunk, or on a GPU a generation."""
        return self.run.chunk if self.run.device == "cpu" else self.strategy.batch


def canonical_json(data: Any) -> str:
    """One text for equal data: sorted keys, no spaces, shortest floats that read back; infinities and NaN refused."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def load(name: str, overrides: Iterable[str] = ()) -> Spec:
    """The spec of "DOMAIN/NAME", or of a .toml file (which names its `search`), with KEY=VALUE overrides applied."""
    if name.endswith(".toml"):
        path, tables = Path(name), _read(Path(name))
        if "search" not in tables:
            raise UserError(f'{name}: it names no search; add a line such as search = "functions"')
        search = registry.domain(str(tables["search"]))
    else:
        search, path = registry.find(name)
        tables = _read(path)
    label = f"{search.name}/{path.stem}"
    return resolve(search, path.stem, override(tables, overrides, search, label), label)


def resolve(search: registry.Search, name: str, tables: Mapping[str, Any], label: str) -> Spec:
    """Validated tables; `label` begins the error messages."""
    allowed = {"search", "summary", *TABLES}
    for key, value in tables.items():
        if key not in allowed:
            raise UserError(f"{label}: unknown table or key {key!r}; {nearest(key, allowed)}")
        if key in TABLES and not isinstance(value, Mapping):
            raise UserError(f"{label}: {key} must be a table, [{key}]")
    run = _validate(Run, tables.get("run", {}), label, "run")
    strategy = _validate(Strategy, tables.get("strategy", {}), label, "strategy")
    problem = _validate(search.config, tables.get("problem", {}), label, "problem")
    if run.budget < strategy.batch:
        raise UserError(
            f"{label}: impossible budget: run.budget={run.budget} is less than one batch, "
            f"strategy.batch={strategy.batch}"
        )
    summary = str(tables.get("summary", ""))
    return Spec(search=search.name, name=name, summary=summary, problem=problem, strategy=strategy, run=run)


def restore(config: Mapping[str, Any], name: str, label: str) -> Spec:
    """The spec that `Spec.config` came from (on one worker); `label` begins the error messages."""
    if not isinstance(config, Mapping) or not isinstance(config.get("search"), str):
        raise UserError(f"{label}: it names no search")
    search = registry.domain(config["search"])
    return resolve(search, name, dict(config), label)


def build(ref: tuple[str, str]) -> Any:
    """The Problem of a Spec.ref."""
    search = registry.domain(ref[0])
    return search.build(_validate(search.config, json.loads(ref[1]), ref[0], "problem"))


def override(
    tables: Mapping[str, Any], overrides: Iterable[str], search: registry.Search, label: str
) -> dict[str, Any]:
    """Tables with `TABLE.KEY=VALUE` applied; the table may be left out where only one has the key."""
    models: dict[str, type[BaseModel]] = {"problem": search.config, "strategy": Strategy, "run": Run}
    full = {f"{table}.{key}" for table, model in models.items() for key in _keys(model)}
    result = _copy(tables)
    for item in overrides:
        key, equals, text = item.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UserError(f"--set {item}: expected KEY=VALUE, for instance strategy.population=100")
        matches = [f for f in sorted(full) if key in (f, f.partition(".")[2])]
        if not matches:
            known = full if "." in key else {f.partition(".")[2] for f in full}
            known = {f for f in full if f.endswith(f".{key.partition('.')[2]}")} or known
            raise UserError(f"--set {item}: {label} has no key {key!r}; {nearest(key, known)}")
        if len(matches) > 1:
            raise UserError(f"--set {item}: {key!r} may be {' or '.join(matches)}; say which")
        *path, name = matches[0].split(".")
        table = result
        for step in path:
            table = table.setdefault(step, {})
        table[name] = parse_value(text.strip())
    return result


def _keys(model: type[BaseModel]) -> list[str]:
    """The keys of a table, those of the tables within it written TABLE.KEY."""
    keys = []
    for name, field in model.model_fields.items():
        keys.append(name)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            keys += [f"{name}.{key}" for key in _keys(inner)]
    return keys


def _copy(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, Mapping) else v for k, v in tables.items()}


def parse_value(text: str) -> Any:
    """A TOML value; what is not one is a string as it stands."""
    try:
        return tomllib.loads(f"v = {text}")["v"] if "\n" not in text else text
    except tomllib.TOMLDecodeError:
        return text


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: not valid TOML: {error}") from None


def _validate(model: type[M], data: Mapping[str, Any], label: str, table: str) -> M:
    for key in data:
        if key not in model.model_fields:
            raise UserError(f"{label}: unknown key {table}.{key}; {nearest(key, model.model_fields)}")
    try:
        # From JSON: lists become tuples, and nothing else is converted, also in strict models.
        return model.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise UserError(f"{label}: {_explain(error, model, table)}") from None


def _explain(error: ValidationError, model: type[BaseModel], table: str) -> str:
    """The first error in one line."""
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    where = ".".join([table, *path])
    kind = first["type"]
    if kind == "extra_forbidden":
        return f"unknown key {where}; {nearest(path[-1], model.model_fields)}"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "literal_error":
        field = model.model_fields.get(path[0]) if path else None
        choices = [str(c) for c in get_args(field.annotation)] if field else []
        return f"{where} = {first['input']!r} is not valid; {nearest(str(first['input']), choices)}"
    if kind == "value_error":
        message = first["msg"].removeprefix("Value error, ")
        return f"{where}: {message}" if path else f"[{where}] {message}"
    return f"{where} = {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
