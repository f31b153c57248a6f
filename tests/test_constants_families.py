"""Infinite families with a parameter k: found from a few members, written, and confirmed on members held out."""

from __future__ import annotations

from fractions import Fraction as Rational

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searches.constants.dynamics.clusters import fit, value
from searches.constants.dynamics.families import families, projective, shifted
from searches.constants.dynamics.family import Family, at, filled, template
from searches.constants.fraction import Fraction
from searches.constants.identify.formula import Formula
from searches.constants.identify.library import Library, default

Found = list[tuple[Fraction, Formula]]


@pytest.fixture(scope="module")
def library() -> Library:
    """All built-in constants."""
    return default()


def identified(a: list[int], b: list[int], name: str, library: Library) -> tuple[Fraction, Formula]:
    """A fraction and its value as a form of a constant."""
    fraction = Fraction.of(a, b)
    formula = fit(fraction, value(fraction, 60), name, library, degrees=(1,))
    assert formula is not None
    return fraction, formula


def agree(fraction: Fraction, formula: Formula) -> bool:
    """To 50 digits."""
    with flint.ctx.workprec(256):
        return bool(abs(value(fraction, 60) / formula.value(70) - 1) < flint.arb(10) ** -50)


def only(found: Found, library: Library) -> Family:
    """The one family there is."""
    result = families(found, library)
    assert len(result) == 1, [f.text for f in result]
    return result[0]


def logarithms(library: Library) -> Found:
    """2/log((k + 1)/k) of k = 1..4."""
    names = ["log(2)", "log(3/2)", "log(4/3)", "log(5/4)"]
    return [identified([2 * k + 1, 4 * k + 2], [0, 0, -1], name, library) for k, name in enumerate(names, 1)]


def test_logarithms_with_different_arguments_are_one_formula(library: Library) -> None:
    family = only(logarithms(library), library)
    assert family.text == "a(n) = (2*k + 1)*(2*n + 1), b(n) = -n^2: v(k) = 2/log((k + 1)/k)"
    assert family.latex.endswith(r"v(k) = \frac{2}{\log(\frac{k + 1}{k})}")
    assert family.members == (1, 2, 3, 4)
    assert family.held_out[0] == 5 and len(family.held_out) >= 1
    assert family.evidence.startswith(f"{4 + len(family.held_out)} members confirmed to 60 digits")
    far = family.member(30)
    formula = family.formula(30)
    assert far == Fraction.of((61, 122), (0, 0, -1))
    assert formula is not None and formula.text == "2/log(31/30)"
    assert agree(far, formula)


def test_values_that_follow_from_each_other_by_a_step(library: Library) -> None:
    found = [identified([-2 - k, -3], [0, -1, -2], "pi", library) for k in range(1, 5)]
    family = only(found, library)
    expected = "a(n) = k + 3*n + 2, b(n) = -2*n^2 - n: v(1) = 2/(4 - pi), v(k+1) = k*v(k)/(2*k + 1 - v(k))"
    assert family.text == expected
    formula = family.formula(20)
    assert formula is not None and formula.names == ("pi",)
    assert agree(family.member(20), formula)
    assert family.formula(0) is None


def test_arguments_that_are_ratios_and_constants_with_plain_names(library: Library) -> None:
    tangents = [identified([k, 2 * k], [-1], f"tan(1/{k})" if k > 1 else "tan(1)", library) for k in range(1, 5)]
    powers = [identified([k + 1, 1], [0, -k], f"e^{k}" if k > 1 else "e", library) for k in range(1, 5)]
    texts = {f.text for f in families(tangents + powers, library)}
    assert "a(n) = 2*k*n + k, b(n) = -1: v(k) = 1/tan(1/k)" in texts
    assert any("e^k" in text for text in texts)


def test_members_are_recognised_with_other_signs_and_a_term_earlier_or_later(library: Library) -> None:
    found = logarithms(library)
    found[1] = identified([-5, -10], [0, 0, -1], "log(3/2)", library)
    found[2] = identified([21, 14], [-1, -2, -1], "log(4/3)", library)  # without its first term
    assert only(found, library).text == only(logarithms(library), library).text


def test_too_few_members_make_no_family(library: Library) -> None:
    assert families(logarithms(library)[:3], library) == []
    assert families([], library) == []


def test_a_member_that_does_not_fit_ends_the_row(library: Library) -> None:
    good = logarithms(library)
    stray = identified([1, 2], [0, 0, 1], "pi", library)
    assert only([*good, stray], library).members == (1, 2, 3, 4)


def test_equivalent_fractions_are_no_family(library: Library) -> None:
    # a -> c a, b -> c^2 b: values c v, and nothing else
    found = [identified([3 * c, 6 * c], [0, 0, -c * c], "log(2)", library) for c in range(1, 7)]
    assert families(found, library) == []


def test_a_claim_that_fails_on_the_next_member_is_not_made(library: Library) -> None:
    # Coefficients in a row, but the fifth member, which is written down and evaluated, is no form of pi.
    fractions = [Fraction.of((k, 3), (0, 1, 1)) for k in range(1, 5)]
    claimed = Formula.of("moebius", {(("pi", 1),): 1}, {(): 1})
    assert families([(f, claimed) for f in fractions], library) == []


def test_names_and_their_numbers() -> None:
    assert template("log(3/2)") == ("log({})", ((3, 2),))
    assert template("e") == ("e^({})", ((1, 1),))
    assert template("e^2") == ("e^({})", ((2, 1),))
    assert template("hyp1f1(1, 3/2, -1/4)") == ("hyp1f1({}, {}, {})", ((1, 1), (3, 2), (-1, 4)))
    for name in ("log(3/2)", "e", "e^2", "besseli(1, 2/3)/besseli(0, 2/3)", "gamma(1/4)^4/pi^2"):
        pattern, numbers = template(name)
        assert filled(pattern, [(Rational(p), Rational(q)) for p, q in numbers]) == name


rationals = st.lists(st.integers(-9, 9).map(Rational), min_size=1, max_size=3)


@settings(max_examples=50, deadline=None)
@given(p=rationals, by=st.integers(-5, 5), k=st.integers(-9, 9))
def test_shifted_polynomials(p: list[Rational], by: int, k: int) -> None:
    assert at(shifted(tuple(p), by), k) == at(tuple(p), k + by)


@settings(max_examples=50, deadline=None)
@given(
    p=st.lists(st.integers(-5, 5), min_size=2, max_size=2),
    q=st.lists(st.integers(-5, 5), min_size=2, max_size=2),
    scales=st.lists(st.integers(1, 9), min_size=6, max_size=6),
)
def test_polynomials_are_found_from_points_known_up_to_factors(p: list[int], q: list[int], scales: list[int]) -> None:
    points = {k: (s * (p[0] + p[1] * k), s * (q[0] + q[1] * k)) for k, s in enumerate(scales)}
    found = projective(points, 1)
    if found is None:  # a common factor in k, or a point that is zero
        assert p[0] * q[1] == p[1] * q[0] or (0, 0) in points.values()
        return
    assert all(at(found[0], k) * y == at(found[1], k) * x for k, (x, y) in points.items())
