"""Exported optimizers for tests: written to a file and imported, as a user would."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from discover.document import camel
from discover.problem import Find
from primitives.program import Program
from searches.optimizers import export


def provenance(name: str) -> dict[str, Any]:
    """What an exporter is told of a find."""
    return {
        "name": name,
        "title": "optimizer",
        "search": "optimizers/lion",
        "config": {"search": "optimizers", "problem": {"primitives": ["all"]}},
        "config_hash": "0123456789abcdef",
        "seed": 1,
        "reproduce": "discover run optimizers/lion --seed 1",
        "id": "c0ffee",
        "parents": [],
        "scores": {"held out": {"value": 2.25, "how": "10 seeds"}},
        "status": "rediscovered",
        "generator": "discover-programs 0.1.0",
    }


def exported(program: Program, name: str, form: str = "torch") -> str:
    """The text of the file."""
    return export.EXPORTERS[form](Find(program, {"buffers": 1.0, "loss": 2.5}, {"buffers": 1}), provenance(name))


def written(program: Program, name: str, folder: Path, form: str = "torch") -> Path:
    """The file."""
    path = folder / f"{name}_{form}.py"
    path.write_text(exported(program, name, form))
    return path


def imported(path: Path) -> ModuleType:
    """The file as a module, which pickles of its classes can find."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def optimizer(program: Program, name: str, folder: Path) -> Any:
    """The torch optimizer of an exported program."""
    return getattr(imported(written(program, name, folder)), camel(name))
