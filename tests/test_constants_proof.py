"""Proofs of formulas: Euler's series, contiguous ratios, special values, and certificates that run."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from searches.constants.fraction import Fraction
from searches.constants.identify.expression import parse
from searches.constants.identify.printing import to_sympy
from searches.constants.proof import prove
from searches.constants.proof.exact import deflated
from searches.constants.proof.euler import solutions
from searches.constants.proof.normal import equal, normal
from searches.constants.proof.polynomials import of, text
from searches.constants.proof.sums import incomplete_beta

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
