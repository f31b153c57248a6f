"""Reduction modulo primes, growth, the measures of Blind-Delta, clusters: worked examples against exact integers."""

from __future__ import annotations

import json
from math import factorial, gcd, log, sqrt

import numpy as np
import pytest
from flint import nmod_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from searches.constants import known
from searches.constants.config import BoxConfig
from searches.constants.dynamics import conditions, estimate, exponent, reduction, sieve
from searches.constants.dynamics.clusters import Cluster, clusters, fit, propose, value
from searches.constants.dynamics.curvature import PRIMES, degrees, vanishing
from searches.constants.dynamics.growth import course
from searches.constants.dynamics.measures import NAMES, delta, exact, measures, points
from searches.constants.enumeration import Box
from searches.constants.fraction import Fraction, Poly, shifted, times
from searches.constants.identify.library import Library

APERY = Fraction.of((5, 27, 51, 34), (0, 0, 0, 0, 0, 0, -1))  # 6/zeta(3)
ZETA2 = Fraction.of((3, 11, 11), (0, 0, 0, 0, 1))  # 5/zeta(2)
LOG2 = Fraction.of((3, 6), (0, 0, -1))  # 2/log(2)
EULER = Fraction.of((2, 1), (2, 1))  # e
ROOT = Fraction.of((2,), (1,))  # 1 + sqrt(2)

small = st.integers(-9, 9)
polys = st.lists(small, min_size=1, max_size=4)


def batch(fractions: list[Fraction]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of many fractions."""

    def padded(side: list[Poly]) -> np.ndarray:
        width = max(len(p) for p in side) or 1
        return np.array([list(p) + [0] * (width - len(p)) for p in side], np.int64)

    return padded([f.a for f in fractions]), padded([f.b for f in fractions])


def split(c: int, roots: list[int]) -> Poly:
    """c (n - r) (n - s) ..."""
    result: Poly = (c,)
    for r in roots:
        result = times(result, (-r, 1))
    return result


def test_reduction_is_one_for_zeta_and_logarithms_and_zero_for_e_and_quadratic_numbers() -> None:
    assert reduction(*batch([APERY, ZETA2, LOG2])).tolist() == [1.0, 1.0, 1.0]
    assert reduction(*batch([EULER, ROOT])).tolist() == [0.0, 0.0]


def test_a_wrong_coefficient_leaves_part_of_the_reduction() -> None:
    near = Fraction.of((6, 29, 51, 34), APERY.b)  # keeps a(-1 - n) = -a(n): two of the three conditions
    wrong = Fraction.of((5, 27, 50, 34), APERY.b)
    scores = reduction(*batch([APERY, near, wrong]))
    assert scores[0] == 1.0
    assert 0.6 < scores[1] < 0.8
    assert scores[2] < 0.5


def test_the_exponent_is_that_of_the_common_factor() -> None:
    partial = Fraction.of((6, 29, 51, 34), APERY.b)
    fractions = [APERY, partial, ZETA2, LOG2, EULER]
    assert exponent(*batch(fractions)) == pytest.approx([3, 1, 2, 1, 0], abs=0.4)  # by chance, a prime or two say more
    n = 600
    for fraction, x in zip(fractions, (3, 1, 2, 1, 0), strict=True):
        found = log(gcd(*fraction.convergent(n))) / log(factorial(n))
        assert abs(found - x) < 0.3 * max(x, 1)  # the difference falls like 1/log n


@settings(max_examples=40, deadline=None)
@given(a=polys, b=polys, prime=st.sampled_from([11, 13, 17]))
def test_coefficients_of_the_trace_are_those_of_the_product_of_matrices_of_polynomials(
    a: list[int], b: list[int], prime: int
) -> None:
    width = 2 * len(b)
    trace, roots = vanishing(np.array([a]), np.array([b + [0] * len(b)]), (prime,))
    n = nmod_poly([0, 1], prime)
    product = [[nmod_poly([1], prime), nmod_poly([], prime)], [nmod_poly([], prime), nmod_poly([1], prime)]]
    for j in range(1, prime + 1):
        x, y = (nmod_poly([c % prime for c in p], prime)(n + j) for p in (a, b))
        product = [[x * product[0][i] + y * product[1][i] for i in range(2)], product[0]]
    period = nmod_poly([0, -1 % prime] + [0] * (prime - 2) + [1], prime)
    left = product[0][0] + product[1][1]
    for k in range(width // 2):
        left, coefficient = divmod(left, period)
        assert coefficient.degree() <= 0
        assert bool(trace[0, 0] >> k & 1) == (coefficient == 0)
    reduced = nmod_poly([c % prime for c in b], prime)
    if reduced != 0:
        count = sum(m * (f.degree() == 1) for f, m in reduced.factor()[1])
        assert roots[0, 0] == count


@settings(max_examples=40, deadline=None)
@given(a=polys, c=st.sampled_from([1, -1, 2, 3]), at=st.lists(st.integers(-3, 0), min_size=1, max_size=4))
def test_convergents_vanish_modulo_a_prime_where_the_lowest_coefficient_does(
    a: list[int], c: int, at: list[int]
) -> None:
    fraction = Fraction.of(a, split(c, at))
    prime = 13
    trace, _ = vanishing(*batch([fraction]), (prime,))
    terms = (*fraction.convergent(prime * 6), *fraction.convergent(prime * 6 - 1))
    assert all(x % prime == 0 for x in terms) == bool(trace[0, 0] & 1)


@settings(max_examples=40, deadline=None)
@given(a=polys, b=st.lists(small, min_size=2, max_size=5), by=st.integers(-5, 5), scale=st.sampled_from([-1, 2, -3, 7]))
def test_equivalent_and_shifted_fractions_reduce_alike(a: list[int], b: list[int], by: int, scale: int) -> None:
    fraction = Fraction.of(a, b)
    moved = Fraction.of(shifted(fraction.a, by), shifted(fraction.b, by))
    scaled = Fraction.of(times((scale,), fraction.a), times((scale * scale,), fraction.b))
    scores = conditions(*batch([fraction, moved, scaled]))
    assert (scores[0] == scores[1]).all() and (scores[0] == scores[2]).all()


def test_the_sieve_keeps_what_reduces_modulo_all_primes() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(-3, 4, (3000, 2)), rng.integers(-3, 4, (3000, 3))
    kept = sieve(a, b, PRIMES)
    assert (kept == (reduction(a, b) == 1.0)).all()
    assert 0 < kept.sum() < 300


def test_zero_polynomials_do_not_reduce() -> None:
    a, b = np.zeros((2, 2), np.int64), np.array([[0, 0, 0], [0, 0, 1]])
    assert degrees(b).tolist() == [-1, 2]
    assert reduction(np.ones((2, 2), np.int64), b)[0] == 0.0
    assert np.isfinite(reduction(a, b)).all()
    assert len(reduction(a[:0], b[:0])) == 0


def test_estimates_agree_with_exact_integers() -> None:
    depth = 64
    fractions = [APERY, ZETA2, LOG2, EULER, ROOT, Fraction.of((1, 1), (-3, 2)), Fraction.of((2, 7, 7), (0, 0, 0, 0, 8))]
    found = estimate(*batch(fractions), depth=depth)
    for i, fraction in enumerate(fractions):
        p, q = fraction.convergent(depth)
        (log_q, log_error), *_ = exact(fraction, (depth,))
        assert found.log_q[i] == pytest.approx(log(abs(q)), rel=1e-12)
        assert found.log_error[i] == pytest.approx(log_error, rel=1e-9)
        common = gcd(p, q)
        assert found.log_gcd[i] == pytest.approx(log(common), abs=1e-6)
        assert found.delta[i] == pytest.approx(delta(fraction, depth), abs=1e-6)
        assert log_q == pytest.approx(log(abs(q) // common), rel=1e-12)


def test_delta_of_a_course_is_that_at_each_depth() -> None:
    a, b = batch([LOG2, ZETA2])
    log_q, log_gcd, log_error = course(a, b, (40, 60, 80))
    (first, *_), (second, *_) = exact(LOG2, (40, 60, 80)), exact(ZETA2, (40, 60, 80))
    assert (log_q - log_gcd)[:, 0] == pytest.approx([first[0], second[0]], rel=1e-9)
    assert log_error[0] == pytest.approx([e for _, e in exact(LOG2, (40, 60, 80))], rel=1e-9)


def test_a_fraction_that_ends_has_no_error_and_one_without_denominators_no_delta() -> None:
    ends = Fraction.of((1, 1), (-5, 1))  # b(5) = 0
    assert estimate(*batch([ends])).log_error[0] == -np.inf
    nothing = estimate(np.zeros((1, 1), np.int64), np.ones((1, 1), np.int64), depth=5)
    assert np.isnan(nothing.log_q[0])


def test_measures_have_the_limits_that_theory_gives() -> None:
    found = measures(*batch([APERY, EULER, ROOT, ZETA2]))
    growth = log(17 + 12 * sqrt(2))
    assert found.eta_q.tolist() == [0, 1, 0, 0]
    assert found.eta.tolist() == [0, -1, 0, 0]
    assert found.gamma_q[0] == pytest.approx(3 + growth, abs=0.15)
    assert found.gamma[0] == pytest.approx(-2 * growth, abs=0.05)
    assert found.delta[0] == pytest.approx((growth - 3) / (growth + 3), abs=0.03)  # Apery: 0.0805
    assert found.delta[1] == pytest.approx(0.0, abs=0.01)
    assert found.delta[2] == pytest.approx(1.0, abs=0.01)
    assert found.array().shape == (4, len(NAMES))
    assert len(points(240)) == 5


def test_a_fraction_that_ends_has_no_measures_and_spoils_none(recwarn: pytest.WarningsRecorder) -> None:
    alone, beside = measures(*batch([APERY])), measures(*batch([Fraction.of((1, 1), (-5, 1)), APERY]))  # b(5) = 0
    assert not np.isfinite(beside.array()[0]).all()
    assert beside.array()[1] == pytest.approx(alone.array()[0])
    assert not recwarn.list


def test_delta_of_an_interlaced_fraction() -> None:
    e = Fraction((((1, 4), (1,)), ((1,), (1,)), ((1,), (1,))))  # sqrt(e) = [1; 1, 1, 5, 1, 1, 9, ...]
    assert delta(e, 60) == pytest.approx(1.0, abs=0.15)


def test_formulas_spread_inside_a_cluster_and_unknown_ones_are_put_together() -> None:
    pi = [Fraction.of((2 + k, 3), (0, -1, -2)) for k in range(1, 7)]
    logs = [Fraction.of((2 + k, 3), (0, 0, -2)) for k in range(1, 5)]
    fractions = pi + logs
    library = Library.load(names=["pi", "e"])
    anchors = {i: fit(pi[i], value(pi[i], 60), "pi", library) for i in range(2)}
    formulas = {i: f for i, f in anchors.items() if f is not None}
    assert len(formulas) == 2
    measured = measures(*batch(fractions))
    found = clusters(measured, set(formulas), smallest=3, planes=(("delta", "gamma_q"),))
    result = propose(fractions, formulas, found, library)
    assert set(result.formulas) == {2, 3, 4, 5}
    assert all(f.names == ("pi",) for f in result.formulas.values())
    assert result.unknown == ((6, 7, 8, 9),)


def test_one_unknown_constant_of_several_clusters_is_one() -> None:
    logs = [Fraction.of((2 + k, 3), (0, 0, -2)) for k in range(1, 6)]
    pi = [Fraction.of((2 + k, 3), (0, -1, -2)) for k in range(1, 3)]
    found = [Cluster(("delta", "eta"), (), members) for members in ((0, 1), (2, 3, 4), (5, 6))]
    result = propose(logs + pi, {}, found, Library.load(names=["e"]))
    assert result.unknown == ((0, 1, 2, 3, 4), (5, 6))
    assert result.formulas == {} and result.tests == 0


def test_all_verified_targets_that_reduce_are_told_from_those_that_do_not() -> None:
    found = json.loads(known.TARGETS.read_text())
    fractions = [Fraction.of(t["a_poly"], t["b_poly"]) for t in found]
    expected = [bool(t["factorial_reduction_mod_test"]) for t in found]
    assert sieve(*batch(fractions)).tolist() == expected


@pytest.mark.parametrize(
    "box",
    [
        BoxConfig(a=[(-9, 9), (-8, 8)], b=[], factors=2, slopes=1, offsets=1, content=(-2, 2)),
        BoxConfig(a=[(-20, 20), (-20, 20)], b=[], factors=2, slopes=2, offsets=1, content=(-3, 3), half=True),
        BoxConfig(a=[(-9, 9), (-9, 9)], b=[], factors=4, slopes=1, offsets=0, content=(-1, 1), symmetric=True),
        BoxConfig(a=[(1, 9), (0, 9)], b=[(-2, 2), (0, 1), (-1, 3)]),
    ],
)
def test_tables_of_residues_sieve_a_box_as_its_rows_are_sieved(box: BoxConfig) -> None:
    whole = Box(box)
    start, stop = whole.total // 7, whole.total - 3
    number, a, b = whole.reducing(start, stop)
    x, y = whole.rows(np.arange(start, stop))
    expected = np.flatnonzero(sieve(x, y))
    assert len(expected)
    assert number.tolist() == (expected + start).tolist()
    assert (a == x[expected]).all() and (b == y[expected]).all()
