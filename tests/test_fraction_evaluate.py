"""Values of continued fractions: worked examples, and laws that hold for all of them."""

from __future__ import annotations

import math

import flint
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from searches.constants import evaluate
from searches.constants.evaluate import Kind, high
from searches.constants.fraction import Fraction, plus, times


@pytest.fixture(autouse=True)
def precision():
    """Balls are compared at 2000 bits, and evaluation leaves the precision as it was."""
    flint.ctx.prec = 2000
    yield
    assert flint.ctx.prec == 2000
    flint.ctx.prec = 53


def batch(*fractions: Fraction) -> tuple[np.ndarray, np.ndarray]:
    wide = [max(1, *(len(p) for p in side)) for side in ([f.a for f in fractions], [f.b for f in fractions])]
    a, b = np.zeros((len(fractions), wide[0]), np.int64), np.zeros((len(fractions), wide[1]), np.int64)
    for i, f in enumerate(fractions):
        a[i, : len(f.a)], b[i, : len(f.b)] = f.a, f.b
    return a, b


def error(value: arb, truth: arb) -> float:
    """Relative error, absolute about 0."""
    difference = abs(value - truth)
    if not truth.contains(0):
        difference /= abs(truth)
    return float(difference.upper().mid())


# --- worked examples --------------------------------------------------------------------------------------------------

EXAMPLES = {
    "golden ratio": (Fraction.of([1], [1]), lambda: (1 + arb(5).sqrt()) / 2),
    "e": (Fraction.of([3, 1], [0, -1]), lambda: arb(1).exp()),
    "tan 1": (Fraction.of([1, 2], [-1]), lambda: 1 / arb(1).tan()),
    "4/pi": (Fraction.of([1, 2], [0, 0, 1]), lambda: 4 / arb.pi()),
    "Brouncker": (Fraction.of([2], [1, -4, 4]), lambda: 4 / arb.pi() + 1),
    "Apery": (Fraction.of([5, 27, 51, 34], [0, 0, 0, 0, 0, 0, -1]), lambda: 6 / arb(3).zeta()),
    "1/zeta(3)": (Fraction.of([1, 3, 3, 2], [0, 0, 0, 0, 0, 0, -1]), lambda: 1 / arb(3).zeta()),
    "Mills ratio, n^-1/2": (Fraction.of([1], [0, 1]), lambda: 1 / (arb(0.5).exp() * (arb.pi() / 2).sqrt() * _erfc())),
    "roots that meet": (Fraction.of([2], [-1]), lambda: arb(1)),
}


def _erfc() -> arb:
    return (1 / arb(2).sqrt()).erfc()


@pytest.mark.parametrize("name", EXAMPLES)
def test_known_values_to_60_digits(name: str) -> None:
    fraction, truth = EXAMPLES[name]
    found = high(fraction, 60)
    assert found.kind == Kind.CONVERGES
    assert found.rigorous
    assert found.digits >= 60
    assert found.ball.overlaps(truth())
    assert error(found.ball, truth()) < 1e-58


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kernel_agrees_to_the_digits_it_claims(name: str) -> None:
    fraction, truth = EXAMPLES[name]
    a, b = batch(fraction)
    first = evaluate.first_pass(a, b)
    double = evaluate.doubledouble(a, b, 400)
    found = [
        (arb(float(first.value[0])), first.digits[0]),
        (arb(float(double.high[0])) + float(double.low[0]), double.digits[0]),
    ]
    found += [
        (arb(p) / q, r.digits[0]) for r in (evaluate.limbs(a, b, 400, n) for n in (4, 7)) for p, q in [r.quotient(0)]
    ]
    for value, digits in found:
        assert digits > 12
        assert error(value, truth()) < 10**-digits
    assert first.digits[0] > 13.5


def test_factorial_convergence_reaches_the_limbs_limits() -> None:
    a, b = batch(Fraction.of([3, 1], [0, -1]))
    assert evaluate.doubledouble(a, b, 100).digits[0] > 29
    assert evaluate.limbs(a, b, 100, 4).digits[0] > 57
    assert evaluate.limbs(a, b, 150, 7).digits[0] > 111
    with pytest.raises(ValueError, match="5 limbs"):
        evaluate.limbs(a, b, 100, 5)


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ([1], [1], Kind.CONVERGES),
        ([3], [2, -1], Kind.TERMINATES),  # b(2) = 0
        ([1, 1], [], Kind.TERMINATES),
        ([1], [-1], Kind.OSCILLATES),  # roots exp(+-i pi/3)
        ([1], [0, -1], Kind.OSCILLATES),
        ([1], [1, 0, 0, 1], Kind.DIVERGES),  # even and odd parts
        ([], [1, 1], Kind.DIVERGES),
        ([2, 2], [0, 0, -1], Kind.CONVERGES),  # roots meet, part in the order n^-1/2
        ([0, 2], [0, 0, -1], Kind.OSCILLATES),
        ([-1, 1], [4, 4, -3], Kind.DIVERGES),  # it ends in 1/0
    ],
)
def test_kinds_are_told_apart(a: list[int], b: list[int], kind: Kind) -> None:
    fraction = Fraction.of(a, b)
    assert high(fraction, 30).kind == kind
    assert evaluate.first_pass(*batch(fraction)).kind[0] == kind


def test_terminating_fractions_are_exact() -> None:
    found = high(Fraction.of([3, 1], [-6, 1, 1]), 30)  # 3 - 4/(4 + 0/...)
    assert found.kind == Kind.TERMINATES
    assert found.rigorous
    assert found.ball.overlaps(arb(2))
    assert found.digits >= 30


def test_values_that_are_0() -> None:
    exact, limit = Fraction.of([0, -4, 2], [-3, 1]), Fraction.of([0, -1], [0, -3])
    found = evaluate.first_pass(*batch(exact, limit))
    assert found.value.tolist() == [0.0, 0.0]
    assert (found.digits > 12).all()
    assert high(exact, 30).ball.contains(0)
    assert high(limit, 30).ball.contains(0)


def test_numbers_too_large() -> None:
    a, b = batch(Fraction.of([1, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), Fraction.of([0, 1], [1]))
    assert evaluate.first_pass(a, b).kind.tolist() == [Kind.OVERFLOW, Kind.CONVERGES]
    deep = Fraction.of([3, 15, 28, 22, 5, 2], [*[0] * 10, -1])  # n^10 is beyond 2^63 from 79 on
    found = evaluate.first_pass(*batch(deep, deep))
    truth = high(deep, 40)
    assert found.kind.tolist() == [Kind.CONVERGES] * 2
    assert found.digits[0] > 13
    assert error(arb(float(found.value[0])), truth.ball) < 10 ** -found.digits[0]


def test_wrong_arguments() -> None:
    a, b = batch(Fraction.of([1], [1]))
    with pytest.raises(ValueError, match="int64"):
        evaluate.first_pass(a.astype(float), b)
    with pytest.raises(ValueError, match="depth 3"):
        evaluate.first_pass(a, b, 3)
    with pytest.raises(ValueError, match="0 digits"):
        high(Fraction.of([1], [1]), 0)
    assert len(evaluate.first_pass(a[:0], b[:0]).value) == 0


def test_rates() -> None:
    assert evaluate.rate(Fraction.of([1], [1])) == (pytest.approx(2 * math.log10((1 + 5**0.5) / 2)), "exponential")
    assert evaluate.rate(Fraction.of([3, 1], [0, -1])) == (pytest.approx(3.0), "factorial")
    assert evaluate.rate(Fraction.of([2], [1, -4, 4])) == (0.0, "polynomial")
    assert evaluate.rate(Fraction.of([1], [0, 1])) == (0.0, "subexponential")
    assert evaluate.rate(Fraction.of([1], [-1])) == (0.0, "none")
    assert evaluate.rate(Fraction.of([1], [-1, 1])) == (math.inf, "terminates")


@pytest.mark.parametrize("name", ["golden ratio", "e", "Brouncker", "Apery"])
def test_the_second_opinion_agrees(name: str) -> None:
    fraction, truth = EXAMPLES[name]
    value, digits = evaluate.second_opinion(fraction, 15, 150)
    assert digits > 4
    sign, mantissa, exponent, _ = value._mpf_
    exact = (-1) ** sign * arb(int(mantissa)) * arb(2) ** int(exponent)
    assert error(exact, truth()) < 10 ** (1 - digits)


# --- interlaced -------------------------------------------------------------------------------------------------------


def test_interlaced_fractions() -> None:
    one = ((1,), (1,))
    root = high(Fraction((((1, 4), (1,)), one, one)), 60)  # sqrt(e) = [1; 1, 1, 1, 5, 1, 1, 9, ...]
    tangent = high(Fraction((one, ((4, 4), (1,)))), 60)  # tan(1/2) = [0; 1, 1, 4, 1, 8, ...]
    assert root.rigorous
    assert tangent.rigorous
    assert root.digits >= 60
    assert (1 + 1 / root.ball).overlaps(arb(0.5).exp())
    assert (1 / (1 + 1 / tangent.ball)).overlaps(arb(0.5).tan())


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=2), st.lists(st.integers(-4, 4), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_fraction_written_as_an_interlaced_one_has_the_same_value(a: list[int], b: list[int]) -> None:
    one = Fraction.of(a, b)
    two = Fraction(tuple((_spread(one.a, i), _spread(one.b, i)) for i in range(2)))
    first, second = high(one, 25), high(two, 25)
    assert first.kind == second.kind
    assert first.kind not in (Kind.CONVERGES, Kind.TERMINATES) or first.ball.overlaps(second.ball)


def _spread(p: tuple[int, ...], i: int) -> tuple[int, ...]:
    """p(2 n + i)."""
    result: tuple[int, ...] = ()
    for c in reversed(p):
        result = plus(times(result, (i, 2)), (c,))
    return result


# --- laws -------------------------------------------------------------------------------------------------------------

coefficients = st.integers(-9, 9)


@st.composite
def slow_fractions(draw: st.DrawFn) -> Fraction:
    """2 deg a <= deg b, half of them with roots that meet or nearly: where convergence is slow, if there is any."""
    d = draw(st.integers(0, 2))
    if draw(st.booleans()):
        a = draw(st.lists(coefficients, min_size=d + 1, max_size=d + 1))
        more = draw(st.integers(0, 2))
        return Fraction.of(a, draw(st.lists(coefficients, min_size=2 * d + 1 + more, max_size=2 * d + 1 + more)))
    root = tuple(draw(st.lists(coefficients, min_size=d, max_size=d))) + (draw(st.integers(1, 3)),)
    low = draw(st.lists(coefficients, min_size=2 * d, max_size=2 * d))
    return Fraction.of(times((2,), root), plus(times((-1,), times(root, root)), low))


@st.composite
def interlaced(draw: st.DrawFn) -> Fraction:
    blocks = st.tuples(st.lists(coefficients, max_size=2), st.lists(coefficients, max_size=2))
    return Fraction(tuple(draw(st.lists(blocks, min_size=2, max_size=4))))


@given(st.one_of(slow_fractions(), interlaced()), st.sampled_from([8, 20, 45]))
@settings(max_examples=120, deadline=None)
def test_claimed_digits_hold_against_a_deeper_evaluation(fraction: Fraction, digits: int) -> None:
    found = high(fraction, digits)
    if found.kind != Kind.CONVERGES:
        return
    deeper = high(fraction, digits + 40)
    assert deeper.kind == Kind.CONVERGES
    assert deeper.depth > found.depth or deeper.digits > found.digits
    assert found.ball.overlaps(deeper.ball)


@given(st.one_of(slow_fractions(), interlaced()))
@settings(max_examples=60, deadline=None)
def test_exact_convergents_approach_the_value(fraction: Fraction) -> None:
    """No series, no branch: the convergents themselves must come nearer from depth 30 to depth 300."""
    found = high(fraction, 20)
    if found.kind != Kind.CONVERGES:
        return
    near, far = [], []
    for n in (30, 31, 32, 33, 34, 300, 301, 302, 303, 304):
        p, q = fraction.convergent(n)
        if q:
            (near if n < 100 else far).append(float(abs(arb(p) / q - found.ball).upper().mid()))
    assert min(far) <= 0.999 * max(near) + 1e-18


@given(
    st.lists(
        st.tuples(st.lists(coefficients, min_size=3, max_size=3), st.lists(coefficients, min_size=5, max_size=5)),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=25, deadline=None)
def test_first_pass_agrees_with_balls(rows: list[tuple[list[int], list[int]]]) -> None:
    fractions = [Fraction.of(a, b) for a, b in rows]
    found = evaluate.first_pass(*batch(*fractions))
    for i, fraction in enumerate(fractions):
        truth = high(fraction, 25)
        kind = Kind(found.kind[i])
        assert kind in (truth.kind, Kind.SLOW)
        if kind in (Kind.CONVERGES, Kind.TERMINATES):
            assert error(arb(float(found.value[i])), truth.ball) <= 10 ** -found.digits[i]


def test_rows_do_not_depend_on_their_neighbours_kind() -> None:
    """A block is evaluated together; its results must be right whatever lies beside a fraction."""
    rng = np.random.default_rng(5)
    a, b = rng.integers(-5, 6, (500, 3)), rng.integers(-5, 6, (500, 3))
    whole = evaluate.first_pass(a, b)
    order = rng.permutation(500)
    mixed = evaluate.first_pass(a[order], b[order])
    assert (whole.kind[order] == mixed.kind).all()
    good = whole.kind[order] <= Kind.TERMINATES
    x, y = whole.value[order][good], mixed.value[good]
    limit = 10.0 ** -np.minimum(whole.digits[order][good], mixed.digits[good])
    assert (np.abs(x - y) <= 2 * limit * np.maximum(np.abs(x), 1e-9)).all()
