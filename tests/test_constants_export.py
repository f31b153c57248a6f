"""A found formula as files: what they say, that they stand alone, and that their self-tests can fail."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover import artifact, document, spec, workers
from discover.errors import UserError
from discover.problem import Find
from primitives.text import format_program, parse
from searches.constants import notation, subject
from searches.constants.export import EXPORTERS, python_file
from searches.constants.export.mathml import mathml
from searches.constants.fraction import INTEGER, Fraction, poly, signature, times, value
from searches.constants.identify import Formula
from searches.constants.identify.library import builtin
from searches.constants.proof import Proof
from searches.constants.sheet import Sheet, decimal

FOUR_OVER_PI = Fraction.of((1, 2), (0, 0, 1))
BROUNCKER = Fraction.of((2,), (1, -4, 4))
GOMPERTZ = Fraction.of((2, 2), (0, 0, -1))
ZETA = Fraction.of((5, 11, 3, 2), (0, 0, 0, 0, 0, 0, -1))
APERY = Fraction.of((5, 27, 51, 34), (0, 0, 0, 0, 0, 0, -1))
GOLDEN_RATIO = Fraction.of((1,), (1,))
BESSEL = Fraction.of((0, 1), (-1,))
ROOT_E = Fraction((((1, 4), (1,)), ((1,), (1,)), ((1,), (1,))))
VALUES = {
    FOUR_OVER_PI: lambda: 4 / mpmath.pi,
    BROUNCKER: lambda: 1 + 4 / mpmath.pi,
    GOMPERTZ: lambda: 1 / (mpmath.e * mpmath.e1(1)),
    ZETA: lambda: 1 / (mpmath.zeta(3) - 1),
    APERY: lambda: 6 / mpmath.zeta(3),
    GOLDEN_RATIO: lambda: mpmath.phi,
    BESSEL: lambda: -mpmath.besselj(1, 2) / mpmath.besselj(0, 2),
    ROOT_E: lambda: 1 / (mpmath.sqrt(mpmath.e) - 1),
}


class Exports:
    """A fraction, exported to any format."""

    def __init__(self, fraction: Fraction, name: str = "found") -> None:
        self.find = subject.find_of(fraction, members=3)
        self.provenance: dict[str, Any] = {
            "name": name,
            "title": "formula",
            "search": "constants/box2",
            "config": {"search": "constants", "problem": {}},
            "config_hash": "0123456789abcdef",
            "seed": 0,
            "reproduce": "discover run constants/box2 --seed 0 --budget 1768900",
            "id": "c0ffee",
            "parents": [],
            "primitives_hash": INTEGER.hash,
            "scores": {},
            "status": "measured",
            "generator": "discover-programs 0.1.0",
        }

    def __call__(self, form: str) -> str:
        return EXPORTERS[form](self.find, self.provenance)

    def file(self, form: str, folder: Path) -> Path:
        path = folder / f"found{artifact.SUFFIXES.get(form, f'.{form}')}"
        path.write_text(self(form))
        return path


def run(file: Path, *arguments: str, flags: tuple[str, ...] = ("-I",)) -> subprocess.CompletedProcess[str]:
    """Where none of our packages can be imported; with -S no other one either."""
    command = [sys.executable, *flags, str(file), *arguments]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=120)


# Python


@pytest.mark.parametrize("fraction", VALUES, ids=lambda f: notation.equations(f, latex=False))
def test_the_python_file_prints_as_many_digits_as_asked(fraction: Fraction, tmp_path: Path) -> None:
    file = Exports(fraction).file("python", tmp_path)
    tested = run(file, "--selftest")
    assert (tested.returncode, tested.stdout, tested.stderr) == (0, "found: selftest ok\n", "")
    printed = run(file, "80")
    with mpmath.workdps(100):
        expected = mpmath.nstr(VALUES[fraction](), 90)
    digits = printed.stdout.strip()
    assert expected.startswith(digits) and sum(c.isdigit() for c in digits.lstrip("-0.")) == 80
    assert printed.stderr.startswith("digits agree with ")


def test_without_any_package_it_prints_the_same(tmp_path: Path) -> None:
    file = Exports(FOUR_OVER_PI).file("python", tmp_path)
    alone = run(file, "60", flags=("-I", "-S"))
    assert alone.stdout == run(file, "60").stdout
    assert alone.stderr == "digits not compared (no mpmath) with 4/pi\n"
    assert run(file, "--selftest", flags=("-I", "-S")).stdout == "found: selftest ok\n"


def test_thousands_of_digits_and_few(tmp_path: Path) -> None:
    file = Exports(Fraction.of((3, 1), (0, -1))).file("python", tmp_path)  # e
    with mpmath.workdps(6010):
        expected = mpmath.nstr(mpmath.e, 6005)
    assert expected.startswith(run(file, "6000").stdout.strip())
    assert run(file, "1").stdout == "2\n" and run(file, "2").stdout == "2.7\n"


@pytest.mark.parametrize("arguments", [("0",), ("-3",), ("ten",), ("1", "2"), ("--help",)])
def test_bad_arguments_get_the_usage(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = run(Exports(GOLDEN_RATIO).file("python", tmp_path), *arguments)
    assert result.returncode == 1 and result.stdout == "" and "usage: python" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("BLOCKS = (((1, 2),", "BLOCKS = (((1, 3),", "convergents"),
        ('DIGITS = "1.27323954473516', 'DIGITS = "1.27323954473517', "digits"),
        ("return mp.mpf(4) / mp.pi", "return mp.mpf(3) / mp.pi", "closed form"),
    ],
)
def test_the_self_test_can_fail(old: str, new: str, message: str, tmp_path: Path) -> None:
    file = Exports(FOUR_OVER_PI).file("python", tmp_path)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    result = run(file, "--selftest")
    assert result.returncode == 1 and f"found: selftest FAILED: {message}" in result.stderr


def test_a_wrong_closed_form_is_noticed_when_digits_are_printed(tmp_path: Path) -> None:
    file = Exports(FOUR_OVER_PI).file("python", tmp_path)
    file.write_text(file.read_text().replace("return mp.mpf(4)", "return mp.mpf(5)"))
    result = run(file, "20")
    assert result.returncode == 1 and result.stderr == "digits DISAGREE with 4/pi\n"


def test_a_fraction_too_slow_for_its_digits_says_so() -> None:
    """Interlaced and slow: no series of the tail is known, so the file counts terms and gives up."""
    slow = Fraction((((2,), (1, -8, 16)), ((2,), (1, 8, 16))))
    assert python_file.tail(slow) is None
    scope: dict[str, Any] = {"__name__": "file"}
    exec(python_file.body(slow, "slow", "0", None).replace("1 << 22", "1 << 12"), scope)
    with pytest.raises(SystemExit, match=r"4096 terms give only about [2-5] digits; ask for fewer"):
        scope["digits"](30)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(((0, 2), (1, 4), (1, 2), (2, 4), (0, 1))), st.data())
def test_digits_of_the_file_are_those_of_the_ball(degrees: tuple[int, int], data: st.DataObject) -> None:
    """Slow ones by the series of their tail, fast ones by products: both as `evaluate.high` has them."""
    from searches.constants.evaluate import Kind, high

    a = [data.draw(st.integers(1, 6)) for _ in range(degrees[0] + 1)]
    b = poly([data.draw(st.sampled_from((-1, 1, 2)))])
    for _ in range(degrees[1]):
        b = times(b, (data.draw(st.integers(0, 3)), data.draw(st.integers(1, 2))))
    fraction = Fraction.of(a, b)
    known = high(fraction, 50)
    if known.kind != Kind.CONVERGES or known.digits < 45:
        return
    scope: dict[str, Any] = {"__name__": "file"}
    exec(python_file.body(fraction, "found", "0", None), scope)
    assert scope["digits"](35) == decimal(known.ball, 35)


def test_every_kind_of_slow_fraction_has_its_series() -> None:
    assert python_file.tail(APERY) is None and python_file.tail(GOLDEN_RATIO) is None
    assert python_file.tail(BROUNCKER) == python_file.Tail(power=2, root=0, step=2, sign=1)
    assert python_file.tail(Fraction.of((1,), (0, 1))) == python_file.Tail(power=1, root=0, step=1, sign=1)
    assert python_file.tail(GOMPERTZ) == python_file.Tail(power=2, root=1, step=1, sign=1)
    assert python_file.tail(ZETA) == python_file.Tail(power=6, root=2, step=2, sign=1)


# sympy, proof


def test_the_sympy_file_tests_itself(tmp_path: Path) -> None:
    for fraction in (FOUR_OVER_PI, ROOT_E, GOLDEN_RATIO):
        file = Exports(fraction).file("sympy", tmp_path)
        assert run(file, "--selftest").stdout == "found: selftest ok\n"
    file = Exports(FOUR_OVER_PI).file("sympy", tmp_path)
    text = file.read_text()
    assert "    (2*n + 1, n**2)," in text and "from sympy import Integer, Mul, pi, Pow, Rational, Symbol\n" in text
    for old, new, message in (
        ("(2*n + 1", "(2*n + 2", "convergents"),
        ("Integer(4), Pow", "Integer(5), Pow", "closed"),
    ):
        file.write_text(text.replace(old, new))
        assert f"FAILED: {message}" in run(file, "--selftest").stderr


def test_the_proof_checks_itself(tmp_path: Path) -> None:
    exports = Exports(BROUNCKER)
    file = exports.file("proof", tmp_path)
    assert run(file, "--selftest").stdout == "found: selftest ok\n"
    text = file.read_text()
    file.write_text(text.replace("a, b = 2, ", "a, b = 3, "))
    assert file.read_text() != text and "AssertionError" in run(file, "--selftest").stderr


def test_a_conjecture_has_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    conjecture(monkeypatch)
    with pytest.raises(UserError, match="found: CONJECTURED, so there is no certificate; choose another format"):
        Exports(FOUR_OVER_PI)("proof")


def conjecture(monkeypatch: pytest.MonkeyPatch, formula: bool = True) -> None:
    """From here on nothing is proved, or nothing is identified."""
    known = subject.meaning

    def meaning(fraction: Fraction, key: subject.LibraryKey = subject.EVERYTHING) -> tuple[Any, Proof]:
        return known(fraction, key)[0] if formula else None, Proof("CONJECTURED")

    monkeypatch.setattr(subject, "meaning", meaning)
    monkeypatch.setattr(subject, "figures", subject.figures.__wrapped__)


# texts


def test_latex_is_what_a_person_would_write() -> None:
    text = Exports(FOUR_OVER_PI)("latex")
    assert r"\[ \frac{4}{\pi} = 1 + \cfrac{1^2}{3 + \cfrac{2^2}{5 + \cfrac{3^2}{7 + \ddots}}} \]" in text
    assert r"\[ a_n = 2n + 1, \quad b_n = n^2 \]" in text
    assert r"\[ a_n = (2n + 1)(17n^2 + 17n + 5), \quad b_n = -n^6 \]" in Exports(APERY)("latex")


def test_exponents_stay_in_one_line() -> None:
    assert r"\[ \frac{1}{{e}^{1/2} - 1} = 1 + " in Exports(ROOT_E)("latex")


def test_the_header_says_what_it_is() -> None:
    lines = Exports(FOUR_OVER_PI)("text").splitlines()
    assert lines[0] == "SPDX-License-Identifier: MIT-0"
    assert lines[2] == "found: 4/pi = 1 + 1^2/(3 + 2^2/(5 + 3^2/(7 + ...))), a(n) = 2 n + 1, b(n) = n^2"
    assert lines[4] == "Value: 1.2732395447351626861510701069801148962756771659236..."
    assert lines[5].startswith("Status: ")
    assert "Find it again: discover run constants/box2 --seed 0 --budget 1768900" in lines
    assert "Certificate, Python with sympy:" in lines


LEAN = """\
import Mathlib

namespace found

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 2 * (n : ℤ) + 1

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := (n : ℤ) ^ 2

/-- Numerators of the convergents. -/
def p : ℕ → ℤ
  | 0 => a 0
  | 1 => a 1 * a 0 + b 1
  | n + 2 => a (n + 2) * p (n + 1) + b (n + 2) * p n

/-- Denominators of the convergents. -/
def q : ℕ → ℤ
  | 0 => 1
  | 1 => a 1
  | n + 2 => a (n + 2) * q (n + 1) + b (n + 2) * q n

example : p 2 = 24 ∧ q 2 = 19 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 29520 ∧ q 5 = 23184 := by
  first | norm_num [p, q, a, b] | decide

/-- 4/pi = 1 + 1^2/(3 + 2^2/(5 + 3^2/(7 + ...)))
%s
-/
theorem found_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (4 / Real.pi)) := by
  sorry

end found
"""  # noqa: RUF001


def test_lean_states_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    text = Exports(BROUNCKER)("lean")
    assert re.search(r"^Proved, though not here in Lean: .+\.$", text, re.MULTILINE) and "CONJECTURE:" not in text
    conjecture(monkeypatch)
    assert LEAN % "CONJECTURE: 100 digits agree, no proof is known to us." in Exports(FOUR_OVER_PI)("lean")


def test_lean_is_refused_where_mathlib_has_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    exports = Exports(FOUR_OVER_PI)
    root = Formula.of("algebraic", {(("root(1, -2, 0, 0, 1)", 1),): 1}, {(): 1})
    monkeypatch.setattr(subject, "meaning", lambda fraction, key: (root, Proof("CONJECTURED")))
    with pytest.raises(UserError, match="found: Mathlib has no word for a part of root"):
        exports("lean")


def test_what_is_not_identified_has_few_formats(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    conjecture(monkeypatch, formula=False)
    exports = Exports(FOUR_OVER_PI)
    assert exports.find.objectives["digits"] == 0.0 and exports.find.objectives["size"] == float("inf")
    for form in ("sympy", "lean", "proof"):
        with pytest.raises(UserError, match="choose another format"):
            exports(form)
    assert r"\text{unknown} = 1 + " in exports("latex")
    assert run(exports.file("python", tmp_path), "--selftest").stdout == "found: selftest ok\n"


def test_a_constant_of_the_users_is_spelled_out() -> None:
    """The config says what a name means; the file does not need it."""
    exports = Exports(Fraction.of((10, 20), (0, 0, -1)))
    exports.provenance["config"] = {"problem": {"identify": {"constants": ["e"], "user": {"mine": "log(11/9)"}}}}
    assert "found: 2/mine = 10 - 1^2/(30 - " in exports("text") and r"\frac{2}{\log(\frac{11}{9})}" in exports("latex")
    assert "return mp.mpf(2) / mp.log(mp.mpf(11) / 9)" in exports("python")


# notation


def evaluated(text: str, n: int) -> int:
    """A polynomial as notation writes it, read by Python."""
    source = re.sub(r"(?<=[\dn)]) (?=[n(])|(?<=\d)(?=\()", "*", text).replace("^", "**").replace("n(", "n*(")
    return int(eval(source, {"n": n}))


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6), st.integers(-5, 5))
def test_polynomials_are_written_as_they_are(coefficients: list[int], n: int) -> None:
    p = poly(coefficients)
    assert evaluated(notation.polynomial(p, latex=False), n) == value(p, n)
    assert evaluated(notation.product(p, latex=False), n) == value(p, n)


def test_the_first_terms() -> None:
    assert notation.nested(Fraction.of((0, 1), (-1,)), latex=False) == "-1/(1 - 1/(2 - 1/(3 - ...)))"
    assert notation.nested(Fraction.of((-1, -1), (1, 1)), latex=False, shown=2) == "-1 + 2/(-2 + ...)"
    assert notation.equations(ROOT_E) == r"a_{3n} = 4n + 1, \quad a_{3n+1} = 1, \quad a_{3n+2} = 1, \quad b_n = 1"


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**9), st.integers(1, 30))
def test_decimals_are_cut_off(up: int, down: int, count: int) -> None:
    from flint import arb, ctx, fmpq

    before = ctx.prec
    try:
        ctx.prec = 400
        text = decimal(arb(fmpq(up, down)), count)
    finally:
        ctx.prec = before
    with mpmath.workdps(100):
        exact = mpmath.mpf(up) / down
        if up == 0:
            assert text == "0"
            return
        unit = mpmath.mpf(10) ** (mpmath.floor(mpmath.log10(abs(exact))) - count + 1)
        assert -1e-9 * unit <= abs(exact) - abs(mpmath.mpf(text)) < unit


# MathML


@pytest.mark.parametrize("constant", builtin(), ids=lambda c: c.name)
def test_every_constant_has_mathml(constant: Any) -> None:
    ElementTree.fromstring(mathml(constant.latex))


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("x^2", "<msup><mi>x</mi><mn>2</mn></msup>"),
        (r"\frac{1}{\pi}", "<mfrac><mn>1</mn><mi>π</mi></mfrac>"),
        (r"\sqrt{5} - 1", "<mrow><msqrt><mn>5</mn></msqrt><mo>−</mo><mn>1</mn></mrow>"),  # noqa: RUF001
        ("a = -1", '<mrow><mi>a</mi><mo>=</mo><mo form="prefix">−</mo><mn>1</mn></mrow>'),  # noqa: RUF001
        ("a_{2n+1}", "<msub><mi>a</mi><mrow><mn>2</mn><mi>n</mi><mo>+</mo><mn>1</mn></mrow></msub>"),
        (r"\operatorname{erf}", "<mi>erf</mi><mo>&#x2061;</mo>"),
        (r"\text{not known}", "<mtext>not known</mtext>"),
        (r"\left(x\right)", '<mrow><mo fence="true">(</mo><mi>x</mi><mo fence="true">)</mo></mrow>'),
    ],
)
def test_mathml(latex: str, expected: str) -> None:
    assert mathml(latex) == f"<math>{expected}</math>"


@pytest.mark.parametrize("latex", [r"\unknown", "x^", "{x", "x}", r"\frac{1}", "x^1^2", "#", r"\left(x"])
def test_latex_that_is_not_known_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match="LaTeX"):
        mathml(latex)


# artifacts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of a find of the search that comes with the package."""
    found = spec.load("constants/box2")
    problem: Any = workers.problem_of(found.ref)
    find = subject.find_of(BROUNCKER, problem.library_key, 7)
    path = tmp_path_factory.mktemp("artifact")
    provenance = document.provenance(found, problem, id="c0ffee", **problem.about(find))
    artifact.write_artifact(path, find, provenance, problem)
    return path


def test_an_artifact_is_verified(folder: Path) -> None:
    assert {p.name for p in folder.iterdir()} == {
        "card.md", "program.json", "pi_0_2.py", "pi_0_2.txt", "pi_0_2_sympy.py", "pi_0_2_proof.py", "pi_0_2.tex",
        "pi_0_2.lean",
    }  # fmt: skip
    checks = artifact.verify(folder)
    assert all(check.ok for check in checks), checks
    assert artifact.load(folder).document.status == "proven"
    for file in folder.iterdir():
        if file.name != artifact.CARD_FILE:
            assert artifact.load(file).find.program == BROUNCKER.program()


def test_a_boast_is_noticed(folder: Path, tmp_path: Path) -> None:
    loaded = artifact.load(folder)
    boast = Find(loaded.find.program, {**loaded.find.objectives, "rate": 3.0}, loaded.find.descriptors)
    artifact.write_artifact(tmp_path, boast, loaded.provenance, loaded.problem)
    (bad,) = [check for check in artifact.verify(tmp_path) if not check.ok]
    assert bad == ("rate", False, "claimed 3, measured 0")


def test_programs_of_any_period_are_read_back() -> None:
    domain: Any = workers.problem_of(spec.load("constants/box2").ref)
    for fraction in VALUES:
        program = fraction.program()
        text = format_program(program, INTEGER)
        assert domain.parse(text) == program == parse(text, signature(fraction.period), INTEGER)
    for text, message in (
        ("a = n", "never sets 'b'|'b'"),
        ("a = n\nb = sin(n)", "'sin'"),
        ("a = n\nb9999 = n", "a fraction of period 10000; at most 64"),
        ("", "'a'"),
    ):
        with pytest.raises(ValueError, match=message):
            domain.parse(text)


def test_a_sheet_in_words() -> None:
    sheet = Sheet(subject.find_of(GOMPERTZ))
    assert sheet.text == "1/(e*e1(1))" and sheet.convergence == "subexponential"
    assert sheet.rate == "digits grow like the square root of the number of terms"
    assert Sheet(subject.find_of(GOLDEN_RATIO)).rate == "0.418 digits a term"


def test_files_are_named_after_constants_and_degrees() -> None:
    domain: Any = workers.problem_of(spec.load("constants/box2").ref)
    names = {f: domain.about(subject.find_of(f))["name"] for f in (BESSEL, GOLDEN_RATIO, ROOT_E, FOUR_OVER_PI)}
    assert names[BESSEL] == "besselj_1_2_besselj_0_2_1_0" and names[FOUR_OVER_PI] == "pi_1_2"
    assert names[GOLDEN_RATIO] == "sqrt_5_0_0" and names[ROOT_E].endswith("_period3_1_0")
