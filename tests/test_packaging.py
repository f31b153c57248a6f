"""What is installed: one distribution, three packages, one command; and that importing it is cheap."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_import_is_cheap():
    code = "import sys, discover; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = set(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout.split())
    assert "discover" in loaded
    assert not loaded & {
        "numpy",
        "numba",
        "torch",
        "sympy",
        "scipy",
        "mpmath",
        "flint",
        "matplotlib",
        "pydantic",
        "typer",
    }


def test_public_names():
    import discover

    assert callable(discover.run) and callable(discover.load) and callable(discover.export)
    assert issubclass(discover.UserError, ValueError)
    assert discover.__version__ == PROJECT["project"]["version"]
    with pytest.raises(AttributeError, match="nothing"):
        discover.nothing  # noqa: B018


def test_imports_only_go_down():
    """searches -> discover -> primitives; nothing of a room below knows a room above."""
    above = {"primitives": ("discover", "searches"), "discover": ("searches",)}
    for package, forbidden in above.items():
        for path in (ROOT / package).rglob("*.py"):
            for line in path.read_text().splitlines():
                words = line.split()
                if words[:1] in (["import"], ["from"]):
                    assert words[1].partition(".")[0] not in forbidden, f"{path}: {line}"


def test_nothing_that_breeds_or_scores_knows_the_answers():
    """A process that builds a problem, searches and polishes never loads what is known of it."""
    code = """
import sys
from discover import engine, spec, workers
wanted = spec.load("functions/exp2", ["run.budget=200", "strategy.batch=100", "problem.max_operations=3"])
assert engine.search(workers.problem_of(wanted.ref), wanted, ref=wanted.ref)
print(*(name for name in sys.modules if name.startswith("searches.functions.")))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "searches.functions.fit" in loaded and "searches.functions.known" not in loaded
    readers = [p for p in (ROOT / "searches").rglob("*.py") if re.search(r"import known|known import", p.read_text())]
    assert sorted("/".join(p.parts[-2:]) for p in readers) == [
        "constants/report.py",
        "functions/report.py",
        "meaning/relatives.py",
        "normalizers/held_out.py",
        "normalizers/recognise.py",
        "normalizers/report.py",
    ]


def test_nothing_that_a_file_says_is_ever_run():
    """Programs are data: no eval, exec, pickle, sympify or torch.load anywhere in the packages."""
    banned_calls = {"eval", "exec", "sympify", "parse_expr", "literal_eval", "__import__"}
    banned_modules = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
    for package in ("primitives", "discover", "searches"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func)
                    assert name.rpartition(".")[2] not in banned_calls and name != "torch.load", f"{path}: {name}"
                elif isinstance(node, ast.Import | ast.ImportFrom):
                    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                    roots = {m.partition(".")[0] for m in modules}
                    assert not roots & banned_modules, f"{path}: {roots & banned_modules}"


def test_every_package_is_typed_and_every_entry_point_exists():
    for package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert (ROOT / package / "py.typed").is_file()
    from discover import registry

    for name in PROJECT["project"]["entry-points"][registry.GROUP]:
        assert registry.domain(name).specs, f"{name} has no spec"


def test_the_wheel_holds_three_packages_with_their_data_and_nothing_else(tmp_path):
    pytest.importorskip("hatchling")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    command = [sys.executable, "-c", build, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = zipfile.ZipFile(tmp_path / done.stdout.split()[-1]).namelist()
    assert {n.partition("/")[0] for n in names} == {
        "discover",
        "primitives",
        "searches",
        "discover_programs-0.1.0.dist-info",
    }
    assert {"discover/py.typed", "primitives/py.typed", "searches/py.typed"} <= set(names)
    kept = [
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "searches").rglob("*")
        if p.suffix in (".toml", ".jinja", ".json")
    ]
    assert kept and set(kept) <= set(names)
    assert not [n for n in names if "__pycache__" in n or n.endswith((".nbc", ".nbi"))]


def test_constraints_pin_every_core_dependency():
    pinned = {
        line.partition("==")[0]
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    }
    for need in PROJECT["project"]["dependencies"]:
        assert need.partition(">")[0].partition("=")[0] in pinned, need
