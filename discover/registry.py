"""The searches there are: each installed package may add some through the entry-point group `discover.searches`."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from discover.errors import UserError, nearest
from discover.problem import Domain

GROUP = "discover.searches"
PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


@dataclass(frozen=True)
class Search:
    """A domain of searches. A package offers it as `NAME = "package.module:SEARCH"` in the group `discover.searches`.

    name     the domain, the first half of `discover run DOMAIN/NAME`
    summary  one line for `discover list`
    folder   where its specs lie, one NAME.toml each
    config   pydantic model of a spec's [problem] table (extra keys forbidden)
    build    config -> Problem or Sweep
    """

    name: str
    summary: str
    folder: Path
    config: type[BaseModel]
    build: Callable[[Any], Domain]

    @property
    def specs(self) -> dict[str, Path]:
        """Spec name -> file, sorted."""
        return {p.stem: p for p in sorted(Path(self.folder).glob("*.toml"))}


def entries() -> dict[str, str]:
    """Domain -> "module:attribute". A checkout that is not installed reads its own pyproject.toml."""
    found = {}
    if PYPROJECT.is_file():
        found = tomllib.loads(PYPROJECT.read_text())["project"].get("entry-points", {}).get(GROUP, {})
    return dict(sorted((found | {e.name: e.value for e in entry_points(group=GROUP)}).items()))


def domain(name: str) -> Search:
    """The search of that name; raises UserError with the nearest one."""
    known = entries()
    if name not in known:
        raise UserError(f"no search {name!r}; {nearest(name, known)}")
    module, _, attribute = known[name].partition(":")
    search = getattr(importlib.import_module(module), attribute, None)
    if not isinstance(search, Search):
        raise UserError(f"search {name!r}: {known[name]} is not a discover.registry.Search")
    return search


def find(name: str) -> tuple[Search, Path]:
    """The search and the spec file of "DOMAIN/NAME"; raises UserError with the nearest one."""
    first, slash, second = name.partition("/")
    if slash and first in entries():
        search = domain(first)
        if second in search.specs:
            return search, search.specs[second]
        raise UserError(f"no search {name!r}; {nearest(name, (f'{first}/{s}' for s in search.specs))}")
    raise UserError(f"no search {name!r}; {nearest(name, names())}")


def names() -> list[str]:
    """Every "DOMAIN/NAME" there is; a domain that cannot be imported is left out (`discover doctor` says why)."""
    return [f"{search.name}/{spec}" for search in loadable() for spec in search.specs]


def loadable() -> list[Search]:
    """Every search that imports."""
    searches = []
    for name in entries():
        try:
            searches.append(domain(name))
        except Exception:  # a stranger's broken package must not break ours; doctor reports it
            continue
    return searches
