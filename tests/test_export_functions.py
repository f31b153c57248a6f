"""A found function as code: what the files look like, that they stand alone, and that their self-tests can fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discover import artifact, document, spec
from discover.errors import UserError
from discover.problem import Find
from primitives.primitive import PrimitiveSet
from primitives.program import Signature
from primitives.table import ARITHMETIC, REAL
from primitives.text import parse
from searches.functions import export

CC = shutil.which("cc")
FUNCTION = Signature(("x",), ("y",))
EXP2 = """\
t = x + 90.49393201711207 / x
y = 0.9999999994363861 + 62.72561581307775 / (t - 31.36279045332256 + 237.37864088076338 / t)
"""
NUMPY_ONLY = {"python": "exp2_7.py", "sympy": "exp2_7_sympy.py", "numba": "exp2_7_numba.py"}


class Exports:
    """A find, exported to any format."""

    def __init__(
        self, text: str, primitives: PrimitiveSet = REAL, *, error: float = 5.6362e-10, **problem: Any
    ) -> None:
        problem = {"function": "exp2", "domain": [0.0, 1.0], "primitives": list(primitives.index)} | problem
        program = parse(text, FUNCTION, primitives)
        operations = len(program.instructions)
        self.find = Find(program, {"operations": float(operations), "error": error}, {"operations": operations})
        self.provenance = {
            "name": "",
            "title": "exp2",
            "search": "functions/exp2",
            "config": {"search": "functions", "problem": problem},
            "config_hash": "0123456789abcdef",
            "seed": 1,
            "reproduce": "discover run functions/exp2 --seed 1 --budget 100000",
            "id": "c0ffee",
            "parents": [],
            "scores": {"median": {"value": 0.5, "how": "of 3 seeds"}},
            "status": "rediscovered",
            "generator": "discover-programs 0.1.0",
        }

    def __call__(self, form: str) -> str:
        return export.EXPORTERS[form](self.find, self.provenance)


@pytest.fixture
def exp2() -> Exports:
    return Exports(EXP2, ARITHMETIC)


def selftest(file: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python file's self-test where none of our packages can be imported."""
    command = [sys.executable, "-I", str(file), "--selftest"]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=120)


def compiled_selftest(file: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Compile a header's self-test, warnings being errors, and run it."""
    if CC is None:
        pytest.skip("no C compiler")
    guard = f"-D{file.stem.upper()}_SELFTEST"
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    out = str(file.with_suffix(""))
    subprocess.run([CC, *flags, *warnings, guard, "-x", "c", str(file), "-o", out, "-lm"], check=True)
    return subprocess.run([out], capture_output=True, text=True)


@pytest.mark.parametrize("form", NUMPY_ONLY)
def test_python_files_stand_alone_and_test_themselves(form: str, exp2: Exports, tmp_path: Path) -> None:
    file = tmp_path / NUMPY_ONLY[form]
    file.write_text(exp2(form))
    result = selftest(file)
    assert (result.returncode, result.stdout, result.stderr) == (0, "exp2_7: selftest ok\n", "")


@pytest.mark.parametrize("form", NUMPY_ONLY)
def test_a_self_test_can_fail(form: str, exp2: Exports, tmp_path: Path) -> None:
    file = tmp_path / NUMPY_ONLY[form]
    file.write_text(exp2(form).replace(" = x + 90.49393201711207", " = x + 90.5").replace("'62.7256", "'62.7257"))
    result = selftest(file)
    assert result.returncode == 1 and "selftest FAILED: golden vectors" in result.stderr


def test_a_false_claim_fails_the_self_test(exp2: Exports, tmp_path: Path) -> None:
    exp2.find = Find(exp2.find.program, {"operations": 7.0, "error": 5e-10}, {"operations": 7})
    (tmp_path / "exp2_7.py").write_text(exp2("python"))
    assert "selftest FAILED: relative error 5.636e-10" in selftest(tmp_path / "exp2_7.py").stderr


@pytest.mark.parametrize(
    "flags", [["-std=c99"], ["-std=c99", "-O3"], ["-std=gnu11", "-O2", "-ffp-contract=off"]], ids=str
)
def test_the_c_header_tests_itself(flags: list[str], exp2: Exports, tmp_path: Path) -> None:
    (tmp_path / "exp2_7.h").write_text(exp2("c"))
    assert compiled_selftest(tmp_path / "exp2_7.h", *flags).stdout == "exp2_7: selftest ok\n"


def test_the_c_self_test_can_fail(exp2: Exports, tmp_path: Path) -> None:
    (tmp_path / "exp2_7.h").write_text(exp2("c").replace("0x1.f5cdfd5cc5248p+4", "0x1.f5cdfd5cd5248p+4", 1))
    assert compiled_selftest(tmp_path / "exp2_7.h", "-std=c99").returncode == 1


def test_the_c_header_says_what_it_is(exp2: Exports) -> None:
    text = exp2("c")
    for line in (
        " * SPDX-License-Identifier: MIT-0",
        " * exp2_7: exp2(x) on (0, 1]: 7 operations, max relative error 5.636e-10",
        " *     t = x + 90.49393201711207 / x",
        " * Status: rediscovered",
        " * Find it again: discover run functions/exp2 --seed 1 --budget 100000",
        "static inline double exp2_7(double x)",
        "static inline float exp2_7f(float x)",
    ):
        assert f"{line}\n" in text


@pytest.mark.parametrize("form", export.EXPORTERS)
def test_same_input_same_bytes_and_the_document_inside(form: str, exp2: Exports, tmp_path: Path) -> None:
    text = exp2(form)
    assert text == exp2(form)
    file = tmp_path / ("program.json" if form == "json" else "file")
    file.write_text(text)
    document = artifact._parse_document(artifact._document_text(file), file)
    assert document.objectives == {"operations": 7.0, "error": 5.6362e-10}
    assert "\n".join(document.program) + "\n" == EXP2


def test_the_figures_beside_the_claim(exp2: Exports) -> None:
    """2^x lies between 1 and 2, so an absolute error is up to twice the relative one; float32 adds its rounding."""
    found = document.Document.model_validate_json(exp2("json"))
    what = export.Export(exp2.find.program, found, ARITHMETIC, "exp2", 0.0, 1.0)
    card = {name: value for name, value, _ in what.measured}
    assert 0.99 * what.error < card["absolute error"] <= 2 * what.error
    assert card["in float64"] == pytest.approx(what.error, rel=1e-2)
    assert what.error < card["in float32"] < 1e-5


def test_golden_vectors_are_what_numpy_computes_in_both_precisions(exp2: Exports) -> None:
    text = exp2("json")
    found = document.Document.model_validate_json(text)
    what = export.Export(exp2.find.program, found, ARITHMETIC, "exp2", 0.0, 1.0)
    for bits, dtype in ((53, np.float64), (24, np.float32)):
        x, y = np.array(export.golden(what, bits), dtype).T
        assert len(x) == export.GOLDEN_POINTS - 1  # at 0 the program divides by zero
        t = x + dtype(90.49393201711207) / x
        c2, b, c1, c0 = map(dtype, exp2.find.program.constants[1:])  # in the order of use
        np.testing.assert_array_equal(y, c0 + c1 / (t - c2 + b / t), strict=True)


def test_elementary_functions_are_compared_with_a_tolerance(tmp_path: Path) -> None:
    """A library's exp is not correctly rounded, so golden vectors that need it cannot be exact."""
    text = "y = exp(0.6931471805599453 * x)"
    exports = Exports(text, error=1e-15, function="exp2", domain=[-3.0, 5.0])
    for form, name in (("python", "exp2_2.py"), ("numba", "exp2_2_numba.py"), ("sympy", "exp2_2_sympy.py")):
        (tmp_path / name).write_text(exports(form))
        assert selftest(tmp_path / name).stdout == "exp2_2: selftest ok\n"
    (tmp_path / "exp2_2.h").write_text(exports("c"))
    assert compiled_selftest(tmp_path / "exp2_2.h", "-std=c99").returncode == 0


def test_a_function_that_no_library_has_is_exported_without_a_reference(tmp_path: Path) -> None:
    exports = Exports("y = erf(x) * x", function="gamma", domain=[1.0, 2.0])
    assert "and with the function itself" not in exports("python")
    (tmp_path / "f.py").write_text(exports("python"))
    assert selftest(tmp_path / "f.py").returncode == 0


def test_what_a_format_cannot_say_is_one_clear_line() -> None:
    exports = Exports("y = scale(x, round(x))")
    with pytest.raises(
        UserError, match="'round' cannot be written in sympy: a bit-level operation has no symbolic form"
    ):
        exports("sympy")
    assert "np.rint" in exports("python")


def test_comments_cannot_be_closed_by_data(exp2: Exports, tmp_path: Path) -> None:
    exp2.provenance["reproduce"] = "discover run x.toml --set 'a=\"*/ int evil; /*\"'"
    exp2.provenance["scores"] = {"*/": {"value": 1.0, "how": "*/ #error /*"}}
    (tmp_path / "exp2_7.h").write_text(exp2("c"))
    assert compiled_selftest(tmp_path / "exp2_7.h", "-std=c99").returncode == 0
    footer = artifact._document_text(tmp_path / "exp2_7.h")
    assert json.loads(footer)["reproduce"] == exp2.provenance["reproduce"]


def test_a_find_of_the_search_itself_verifies(tmp_path: Path) -> None:
    """The known optimum of 5 operations, to the folder and back, measured in exact arithmetic on the way."""
    found = spec.load("functions/exp2")
    problem = spec.build(found.ref)
    text = "y = 0.9999956592421645 + 17.714948165127588 / (x - 8.837789820845959 + 25.55281488260739 / x)"
    program = parse(text, problem.signature, problem.primitives)
    find = Find(program, problem.measure(program), {"operations": 5, "constants": 4, "divisions": 2})
    assert find.objectives["operations"] == 5 and abs(find.objectives["error"] / 4.341e-6 - 1) < 1e-3
    folder = tmp_path / "find"
    artifact.write_artifact(folder, find, document.provenance(found, problem), problem)
    assert {p.name for p in folder.iterdir()} == {
        "program.json", "card.md", "exp2_5.py", "exp2_5_numba.py", "exp2_5_sympy.py", "exp2_5.h", "exp2_5.tex",
    }  # fmt: skip
    for path in sorted({folder, *folder.iterdir()} - {folder / "card.md"}):
        assert all(check.ok for check in artifact.verify(path)), path
