"""Proofs of formulas: Euler's series, contiguous ratios, special values, and certificates that run."""

import importlib
import json
import math
from dataclasses import dataclass
from typing import Any

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from searches.constants import known
from searches.constants.evaluate import Kind, high
from searches.constants.fraction import Fraction
from searches.constants.identify.expression import parse
from searches.constants.identify.printing import to_sympy
from searches.constants.proof import prove
from searches.constants.proof.euler import solutions
from searches.constants.proof.normal import equal
from searches.constants.proof.polynomials import X, of, text
from searches.constants.proof.prove import exact_value
from searches.constants.proof.sums import incomplete_beta
from searches.constants.proof.telescope import Unsolved

R = sp.Rational


@dataclass(frozen=True)
class Stated:
    """A formula of a test: what `prove` asks of one."""

    expression: Any

    def sympy(self, library: object) -> Any:
        return self.expression


def stated(text: str) -> Stated:
    """Of text such as 4/pi - 1."""
    return Stated(to_sympy(parse(text)))


def run(certificate: tuple[str, ...]) -> dict[str, Any]:
    """A certificate, run as a person would."""
    names: dict[str, Any] = {}
    exec("\n".join(certificate), names)
    return names


def value_of(fraction: Fraction, depth: int = 400) -> float:
    """The value, by a deep convergent."""
    p, q = fraction.convergent(depth)
    return float(sp.Rational(p, q))


@pytest.mark.parametrize(
    ("a", "b", "formula", "theorem"),
    [
        ((2,), (1,), "1 + sqrt(2)", "fixed point"),
        ((1,), (0, -3, 1), "3", "ends"),  # 1 - 2/(1 - 2/1)
        ((3, 1), (0, -1), "e", "Euler"),
        ((6,), (1, -4, 4), "3 + pi", "Euler"),
        ((2, 6, 5), (0, 0, 0, 2, -4), "3/zeta(2)", "central binomial"),
        ((1, 2), (1,), "(e^2 + 1)/(e^2 - 1)", "Lommel"),
        ((2, 2), (-1,), "besselj(0, 1)/besselj(1, 1)", "Lommel"),
        ((1,), (0, 1), "1/(sqrt(pi*e/2)*erfc(1/sqrt(2)))", "Whittaker"),
        ((3, 6), (0, 0, -1), "2/log(2)", "Gauss"),
        ((3, 6), (0, 0, 3), "6*sqrt(3)/pi", "Gauss"),
        ((4,), (1, -4, 4), "2 + gamma(1/4)^4/(8*pi^2)", "Gauss's second"),
        ((2,), (0, 2, 4), "2/(gamma(1/4)^2/(2*sqrt(2*pi)) - 2)", "Bailey"),
        ((2, 2), (0, 0, -1), "1/(e*e1(1))", "Tricomi"),
    ],
)
def test_a_proof_names_its_theorem_and_its_certificate_runs(a, b, formula, theorem):
    proof = prove(Fraction.of(a, b), stated(formula))
    assert proof.status == "PROVED"
    assert theorem in proof.theorem
    assert proof.certificate[-1].startswith("assert")
    names = run(proof.certificate)
    assert sp.N(names["value"] - names["formula"], 30) == pytest.approx(0, abs=1e-25)


def known_formula(value: str) -> Stated:
    """Of the targets' own notation, mpmath's."""
    for old, new in (
        ("mpf", ""),
        ("0.25", "1/4"),
        ("1.5", "(3/2)"),
        ("**", "^"),
        ("psi(", "polygamma("),
        ("coth(", "1/tanh("),
        ("cot(", "1/tan("),
    ):
        value = value.replace(old, new)
    return stated(value.replace("acosh(2)", "log(2 + sqrt(3))"))


def targets() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(known.TARGETS.read_text())
    return found


def test_known_formulas_of_classical_theorems_are_proved():
    """All of them, and no other status than PROVED where a theorem is said to apply."""
    classical = [t for t in targets() if not t["proof_family"].startswith("none")]
    proofs = [prove(Fraction.of(t["a_poly"], t["b_poly"]), known_formula(t["value"])) for t in classical]
    assert len(proofs) >= 60
    assert [t["name"] for t, p in zip(classical, proofs, strict=True) if p.status != "PROVED"] == []


def test_interlaced_fractions_are_proved_and_their_certificates_run():
    for target in json.loads(known.INTERLACED.read_text()):
        fraction = Fraction(tuple((tuple(a), (1,)) for a in target["block_polys"]))
        proof = prove(fraction)
        assert proof.status == "PROVED", target["name"]
        value = run(proof.certificate)["value"]
        assert float(value) == pytest.approx(value_of(fraction, 60), rel=1e-12)
        for a in reversed(target["prefix"]):
            value = a + 1 / value
        assert equal(value, known_formula(target["value"]).expression)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((-3, -3, -1), (0, 2, 1)),  # to Bessel functions
        ((9, 9, 3), (0, -18, -45, -18)),  # to Kummer's, and those to Bessel functions
        ((-6, 6, 4), (0, 0, -32, -16)),
        ((2, -2, -4), (0, -1, -1)),  # with a factor taken out first
        ((-5, -4), (-1, -3, -2)),  # half the lemniscate
        ((-4, -5), (0, -2, -4)),  # a third of the curve y^2 = x^3 - 1
        ((3, 3, -2), (-3, -4, 4)),
        ((1, 4), (1, 4, -4)),  # a gap in b between terms 0 and 1
    ],
)
def test_values_without_a_formula_are_those_of_the_fraction(a, b):
    fraction = Fraction.of(a, b)
    proof = prove(fraction)
    assert proof.formula is None and proof.status in ("PROVED", "FAMILY")
    value = run(proof.certificate)["value"]
    assert float(sp.N(value)) == pytest.approx(value_of(fraction), rel=1e-9)


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=2), st.lists(st.integers(-5, 5), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_exact_values_agree_with_high_precision(a, b):
    fraction = Fraction.of(a, b)
    found = exact_value(fraction)
    if found is None:
        return
    limit = high(fraction, 30)
    if limit.kind in (Kind.CONVERGES, Kind.TERMINATES) and limit.digits >= 20:
        exact = sp.N(found.value, 30)
        assert abs(exact - sp.Float(limit.ball.mid().str(30, radius=False), 30)) < sp.Float(10) ** -15 * (
            1 + abs(exact)
        )


POLYS = st.lists(st.integers(-4, 4), min_size=1, max_size=3).filter(lambda p: p[-1] != 0)


@given(POLYS, POLYS)
@settings(max_examples=40, deadline=None)
def test_every_euler_form_is_found(h1, h2):
    """a = h1(n) + h2(n+1), b = -h1 h2 is Euler's form with f = 1; all forms found satisfy their identities."""
    first, second = of(h1), of(h2)
    a, b = first + second(X + 1), -first * second
    if not a.length():
        return
    forms = list(solutions(a, b))
    assert any(form.f == of([1]) and form.h1 == first for form in forms)
    for form in forms:
        assert form.h1 * form.h2 == -b
        assert form.f * a == form.f(X - 1) * form.h1 + form.f(X + 1) * form.h2(X + 1)


def test_a_wrong_formula_is_no_theorem():
    assert prove(Fraction.of((3, 1), (0, -1)), stated("e + 1")).status == "CONJECTURED"


def test_digits_alone_give_a_family_at_most(monkeypatch):
    module = importlib.import_module("searches.constants.proof.prove")
    monkeypatch.setattr(module, "_compared", lambda value, goal: None)
    proof = prove(Fraction.of((3, 1), (0, -1)), stated("e"))
    assert proof.status == "FAMILY" and "digits only" in proof.certificate[-1]
    run(proof.certificate)


def test_a_fraction_without_theorem_is_a_conjecture():
    proof = prove(Fraction.of((1, 1, 1, 1, 1), (1, 0, 0, 0, 0, 0, 1)), stated("pi"))
    assert (proof.status, proof.theorem, proof.certificate) == ("CONJECTURED", "", ())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (sp.log(3 + 2 * sp.sqrt(2)), 2 * sp.log(1 + sp.sqrt(2))),
        (sp.atan(R(1, 2)) + sp.atan(R(1, 3)), sp.pi / 4),
        (sp.tan(1), 2 * sp.tan(R(1, 2)) / (1 - sp.tan(R(1, 2)) ** 2)),
        (sp.coth(R(1, 2)), (sp.E + 1) / (sp.E - 1)),
        (sp.gamma(R(3, 4)) * sp.gamma(R(1, 4)), sp.sqrt(2) * sp.pi),
        (sp.gamma(R(1, 6)) * sp.gamma(R(2, 3)), 2 ** R(2, 3) * sp.sqrt(sp.pi) * sp.gamma(R(1, 3))),
        (sp.polygamma(1, R(3, 4)), sp.pi**2 - 8 * sp.Catalan),
        (sp.polygamma(2, R(1, 4)), -2 * sp.pi**3 - 56 * sp.zeta(3)),
        (sp.polygamma(0, R(1, 3)) - sp.polygamma(0, R(2, 3)), -sp.pi / sp.sqrt(3)),
        (sp.besseli(2, 1), sp.besseli(0, 1) - 2 * sp.besseli(1, 1)),
        (sp.besselj(R(3, 2), 1), sp.sqrt(2 / sp.pi) * (sp.sin(1) - sp.cos(1))),
        (sp.erf(1), 2 / (sp.sqrt(sp.pi) * sp.E) * sp.hyper([1], [R(3, 2)], 1)),
        (sp.log(sp.GoldenRatio), sp.asinh(R(1, 2))),
        (sp.acos(R(1, 7)) - sp.acos(R(13, 14)), sp.pi / 3),
    ],
)
def test_equal_numbers_have_one_normal_form(first, second):
    assert abs(sp.N(first - second, 30)) < 1e-25
    assert equal(first, second)
    assert not equal(first, second + R(1, 10**9))


SIXTHS = st.sampled_from([R(p, q) for q in (1, 2, 3, 4, 6) for p in range(-7, 8) if math.gcd(p, q) == 1])


@given(SIXTHS, SIXTHS, st.sampled_from([R(1, 2), R(-1), R(1, 4), R(-1, 3), R(-3), 3 - 2 * sp.sqrt(2)]))
@settings(max_examples=60, deadline=None)
def test_incomplete_beta_integrals(a, b, z):
    if b.is_Integer and b <= 0:
        return
    try:
        value, _ = incomplete_beta(a, b, z)
    except Unsolved:
        return
    with mpmath.workdps(30):
        x, y, t = (mpmath.mpf(str(sp.N(v, 35))) for v in (a, b, z))
        expected = (1 - t) ** x * mpmath.hyp2f1(x, y, y + 1, t, zeroprec=200) / y
        assert abs(mpmath.mpf(str(sp.N(value, 30))) - expected) < 1e-20 * (1 + abs(expected))


def test_certificates_need_sympy_alone_and_have_no_floats():
    for a, b in (((2, 6, 5), (0, 0, 0, 2, -4)), ((3, 6), (0, 0, 3)), ((4,), (1, -4, 4)), ((-3, -3, -1), (0, 2, 1))):
        certificate = prove(Fraction.of(a, b)).certificate
        assert [line for line in certificate if "import" in line] == ["from sympy import *"]
        assert not run(certificate)["value"].has(sp.Float)


def test_ramanujantools_finds_the_same_euler_forms():
    solvers = pytest.importorskip("ramanujantools.solvers")
    x = sp.Symbol("x")
    for a, b in (((3, 3), (1, -1, -2)), ((2, 8, 10, 3), (0, 0, 0, 0, 0, -2, 4)), ((1, 2), (0, 0, 0, 0, 1))):
        theirs = solvers.EulerSolver.solve_for(*(sp.Poly(p[::-1], x).as_expr() for p in (a, b)))
        ours = {sp.expand(sp.sympify(text(form.h2, "x"))) for form in solutions(of(a), of(b))}
        assert ours & {sp.expand(form.h_2.as_expr()) for form in theirs}


@pytest.mark.parametrize(
    ("a", "b", "formula", "status", "theorem"),
    [
        ((3, 11, 11), (0, 0, 0, 0, 1), "5/zeta(2)", "PROVED", "Apery"),
        ((5, 27, 51, 34), (0, 0, 0, 0, 0, 0, -1), "6/zeta(3)", "PROVED", "Apery"),
        ((39, 153, 153, 102), (0, 0, 0, 0, 0, 0, -9), "0", "CONJECTURED", ""),  # like Apery's, but not his
        ((2, 4), (0, 0, 0, 0, 1), "4/(pi^2 - 8)", "PROVED", "trigamma"),  # x = 2
        ((6, 4), (1, 4, 6, 4, 1), "1/(4/(pi^2 - 8) - 2)", "PROVED", "trigamma"),  # the same from term 1 on
        ((13, 13, 3), (0, -6, -14, -10, -2), "6/(17 - 18*catalan)", "PROVED", "Catalan"),
        ((2, 7, 7), (0, 0, 0, 0, 8), "4/zeta(2)", "FAMILY", "Franel"),
        ((5, 12, 6, 4), (0, 0, 0, 0, 0, 0, -4), "2/(7*zeta(3) - 8)", "FAMILY", "Stieltjes"),
    ],
)
def test_theorems_on_single_fractions(a, b, formula, status, theorem):
    """PROVED by a certificate of creative telescoping; FAMILY where the literature says it."""
    proof = prove(Fraction.of(a, b), stated(formula))
    assert proof.status == status and theorem in proof.theorem
    run(proof.certificate)


def test_convergents_that_end_inside_a_block_are_looked_at():
    """Terms of both signs: 1 - 1/(n + 3 + 1/(2 - ...)) and the like."""
    fraction = Fraction((((1,), (1,)), ((3, 1), (-1,)), ((2,), (1,))))
    proof = prove(fraction)
    assert proof.status == "PROVED"
    names = run(proof.certificate)
    assert float(sp.N(names["value"])) == pytest.approx(value_of(fraction, 90), rel=1e-12)
    assert any("end inside a block" in line for line in proof.certificate)
