"""The judge and the polish, against errors known from elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from discover.problem import Find
from primitives.program import Program
from searches.functions import known, report
from searches.functions.config import FunctionConfig
from searches.functions.forms import X, horner
from searches.functions.measure import Judged, domain, operations, relative_error
from searches.functions.problem import SIGNATURE, FunctionProblem
from searches.functions.remez import minimax, polish

EXP2 = ("exp2", 0.0, 1.0)
FORMS = known.forms(SIGNATURE)

# constants near the optimum, in the order in which each form writes them
START = {
    "J[1/1]": (-1.414, -8.222, -3.407),
    "J[1/1]^2": (-1.189, -13.75, -6.28),
    "C1": (0.99999, 17.715, -8.838, 25.55),
    "C1^2": (1.0, 34.82, -17.41, 100.5),
    "C2": (1.0, 62.7256, -31.3628, 90.494, 237.379),
    "C2^2": (1.0, 125.318, -62.659, 361.59, 947.12),
    "C2^4": (1.0, 250.569, -125.2844, 1445.98, 3786.1),
    "C2^8": (1.0, 501.104, -250.552, 5783.5, 15142.0),
}


def started(form: str) -> Program:
    return replace(FORMS[form], constants=START[form])


@pytest.mark.parametrize("degree", range(1, 8))
def test_minimax_polynomials(degree: int) -> None:
    taylor = [math.log(2) ** k / math.factorial(k) for k in range(degree, -1, -1)]
    _, error = polish(replace(horner(degree, SIGNATURE), constants=tuple(taylor)), *EXP2)
    assert error == pytest.approx(known.POLYNOMIAL[degree], rel=5e-4)


@pytest.mark.parametrize("form", START)
def test_known_forms(form: str) -> None:
    """With float64 constants: at 1e-15 their rounding costs 2 %."""
    best = {name: error for name, error in known.BEST_KNOWN.values()}[form]
    program, error = polish(started(form), *EXP2)
    assert error == pytest.approx(best, rel=5e-4 if best > 1e-12 else 0.03)
    assert error == relative_error(program, *EXP2)  # the claim is the measurement


def test_the_exact_optimum_has_more_digits_than_float64() -> None:
    where = domain(*EXP2, 50)
    constants, error = minimax(FORMS["C2^8"], where, START["C2^8"], range(5), where.points(64))
    assert float(error) == pytest.approx(2.192e-15, rel=5e-4)
    assert float(constants[0]) == pytest.approx(0.999999999999999726, abs=1e-17)


def test_the_error_of_an_optimum_alternates() -> None:
    """Five constants, six extrema of alternating sign and equal size: Chebyshev's mark of a best approximation."""
    where = domain(*EXP2, 50)
    constants, error = minimax(FORMS["C2"], where, START["C2"], range(5), where.points(64))
    extrema = [e for _, e in Judged(FORMS["C2"], where, constants).extrema(where.scan) if abs(e) > 0.9 * error]
    assert len(extrema) >= 6
    assert all(a * b < 0 for a, b in pairwise(extrema))
    assert max(abs(abs(e) / error - 1) for e in extrema) < 1e-5


def test_published_constants_are_judged_as_published() -> None:
    """AutoNumerics-Zero's f5 and f10 as printed: 6.339e-6 and 3.553e-15."""
    f5 = (17.746150088734609 / (X + 25.596749740144819 / X - 8.8505996518073289) + 0.99999366143081858).program(
        SIGNATURE
    )
    assert operations(f5) == 5
    assert relative_error(f5, *EXP2) == pytest.approx(6.339e-6, rel=1e-3)
    t = X + 5783.5330096027765 / X
    y = 501.10494991027866 / (t + 15141.981176922711 / t - 250.55247494972059) + 0.99999999999999956
    f10 = known.squared(y, 3).program(SIGNATURE)
    assert operations(f10) == 10
    assert relative_error(f10, *EXP2) == pytest.approx(3.553e-15, rel=1e-3)


def test_a_hand_made_case() -> None:
    """y = x + 1 against 2^x: the largest relative error is at 1/ln 2 - 1."""
    x = 1 / math.log(2) - 1
    assert relative_error((X + 1.0).program(SIGNATURE), *EXP2) == pytest.approx((x + 1) / 2**x - 1, rel=1e-12)


def test_poles_and_undefined_programs_are_worthless() -> None:
    assert relative_error((1.0 / (X - 0.5)).program(SIGNATURE), *EXP2) == math.inf
    assert relative_error((X / (X - X)).program(SIGNATURE), *EXP2) == math.inf
    assert relative_error((1.0 / X).program(SIGNATURE), *EXP2) > 1e50


def test_a_narrow_pole_between_points_is_seen() -> None:
    """A pole whose residue is 1e-12 shows at no point of the scan, but its divisor changes sign."""
    y = X * 1.0 + 1.0 + 1e-12 / (X - 0.3333)
    assert relative_error(y.program(SIGNATURE), *EXP2) == math.inf


def test_polish_never_harms_and_bears_redundant_constants() -> None:
    redundant = (1.0 * X * 0.5 + 0.5 + 0.5).program(SIGNATURE)
    before = relative_error(redundant, *EXP2)
    _, after = polish(redundant, *EXP2)
    assert after <= before
    assert after == pytest.approx(2.982e-2, rel=1e-3)
    broken = (1.0 / (X - 0.5)).program(SIGNATURE)
    assert polish(broken, *EXP2) == (broken, math.inf)


def test_finish_corrects_a_false_ranking_and_keeps_the_front() -> None:
    problem = FunctionProblem(FunctionConfig())
    seven = Find(started("C2"), {"operations": 7.0, "error": 9e-7}, {})  # badly fitted, but the better form
    rival = replace(FORMS["C1^4"], constants=(1.0, 69.35, -34.67, 400.2))
    eight = Find(replace(horner(4, SIGNATURE), constants=(1.0,) * 5), {"operations": 8.0, "error": 1e-5}, {})
    finds = problem.finish([eight, Find(rival, {"operations": 7.0, "error": 2e-8}, {}), seven], map)
    assert [f.objectives["operations"] for f in finds] == [7.0]
    assert finds[0].objectives["error"] == pytest.approx(5.636e-10, rel=1e-3)


def test_the_table_of_the_demo() -> None:
    find = Find(started("C2"), {"operations": 7.0, "error": 5.636e-10}, {})
    rows = {row.operations: row for row in report.rows([find])}
    assert rows[7].ratio == pytest.approx(1.711e-8 / 5.636e-10)
    assert rows[6].ours is None
    assert rows[8].polynomial == 2.593e-6
    assert list(rows) == list(range(2, 11))


def test_picture(tmp_path: object) -> None:
    pytest.importorskip("matplotlib")
    finds = [Find(started("C1"), {"operations": 5.0, "error": 4.341e-6}, {})]
    path = report.picture(finds, f"{tmp_path}/front.png")
    assert path.stat().st_size > 1000
    assert np.frombuffer(path.read_bytes()[:4], np.uint8).tolist() == [137, 80, 78, 71]
