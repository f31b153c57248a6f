"""From fractions to formulas: canonical form, lattice reduction, the table of forms, identification, spellings."""

from __future__ import annotations

import json
import random
from fractions import Fraction as Rational
from functools import reduce

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from discover.errors import UserError
from searches.constants.fraction import Fraction, Poly, plus, poly, shifted, times
from searches.constants.identify import Canonical, Formula, Library, lattice
from searches.constants.identify.algebraic import algebraic, quadratic
from searches.constants.identify.canonical import canonical, canonical_batch
from searches.constants.identify.formula import Monomial
from searches.constants.identify.identify import compare, confirm, decoys, identify
from searches.constants.identify.library import default
from searches.constants.identify.moebius import Table, rationals

POLYS = st.lists(st.integers(-6, 6), min_size=1, max_size=4).map(poly).filter(bool)
PI: Monomial = (("pi", 1),)
ONE: Monomial = ()


# Canonical form


def test_canonical_forms_of_classical_fractions() -> None:
    assert canonical(Fraction.of((1, 2), (0, 0, 1))) == Canonical.of((0, 0, 1), (-1, 0, 4))  # 4/pi
    assert canonical(Fraction.of((2,), (1,))) == Canonical.of((1,), (4,))  # 1 + sqrt(2)
    assert canonical(Fraction.of((2, 1), (1, 1))) == canonical(Fraction.of((3, 1), (2, 1)))  # starts one term later


@given(POLYS, POLYS, POLYS, st.integers(-4, 4))
def test_equivalent_fractions_have_one_canonical_form(a: Poly, b: Poly, c: Poly, by: int) -> None:
    """a -> c(n) a(n), b -> c(n) c(n - 1) b(n), and n -> n + by, change nothing."""
    form = canonical(Fraction.of(a, b))
    other = Fraction.of(times(c, a), times(times(c, shifted(c, -1)), b))
    assert canonical(other) == form
    assert canonical(Fraction.of(shifted(other.a, by), shifted(other.b, by))) == form


@given(POLYS, POLYS, st.integers(2, 3), st.integers(0, 5))
def test_a_fraction_written_as_an_interlaced_one_is_the_same(a: Poly, b: Poly, period: int, by: int) -> None:
    def every(p: Poly, i: int) -> Poly:
        result: Poly = ()
        for c in reversed(p):
            result = plus(times(result, (i, period)), (c,))
        return result

    blocks = tuple((every(a, by + i), every(b, by + i)) for i in range(period))
    assert canonical(Fraction(blocks)) == canonical(Fraction.of(a, b))


@given(st.lists(st.tuples(POLYS, POLYS), min_size=2, max_size=3), st.sampled_from([1, -1, 2, -3]))
def test_interlaced_fractions_may_start_at_any_block(blocks: list[tuple[Poly, Poly]], c: int) -> None:
    form = canonical(Fraction(tuple(blocks)))
    a, b = blocks[0]
    turned = (*blocks[1:], (shifted(a, 1), shifted(b, 1)))
    assert canonical(Fraction(turned)) == form
    assert canonical(Fraction(tuple((times((c,), a), times((c * c,), b)) for a, b in turned))) == form


def test_canonical_forms_of_batches() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(-5, 6, (200, 3)), rng.integers(-5, 6, (200, 4))
    a[:, 0], b[:, 0] = 1, 2
    forms = canonical_batch(a, b)
    assert forms == [canonical(Fraction.of(p, q)) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    assert len(set(map(hash, forms))) > 150


def test_a_zero_polynomial_is_refused() -> None:
    for fraction in (Fraction.of((0,), (1,)), Fraction.of((1,), ()), Fraction((((1,), (1,)), ((), (1,))))):
        with pytest.raises(UserError, match="a polynomial of the fraction is zero"):
            canonical(fraction)
    with pytest.raises(UserError, match="zero"):
        canonical_batch(np.zeros((1, 2), np.int64), np.ones((1, 2), np.int64))


# Lattice reduction


def constant(name: str, digits: int = 70) -> flint.arb:
    return default()[name].value(digits)


@given(st.lists(st.integers(-999, 999), min_size=4, max_size=4))
def test_relations_are_recovered(c: list[int]) -> None:
    assume(any(c))
    with lattice.precision(60):
        values = [flint.arb(1), constant("pi"), constant("zeta(3)"), constant("catalan")]
        total = sum((x * k for x, k in zip(values, c, strict=True)), flint.arb(0))
        assume(total != 0)
        found = lattice.relation([*values, total], 50)
    assert found is not None
    k = found[-1]
    assert [Rational(-x, k) for x in found[:-1]] == c


def test_random_numbers_have_no_relation() -> None:
    """The rule of thumb 10 terms, 30 digits, coefficients up to 1000 "identifies" every random number; ours none."""
    values = [c.value(60) for c in Library.load([], decoys=60, seed=3).decoys]
    for terms, digits in ((4, 50), (6, 50), (10, 30), (10, 50)):
        for start in range(0, 60, 3):
            assert lattice.relation([*values[start:], *values[:start]][:terms], digits) is None


def test_the_rule_against_chance() -> None:
    assert lattice.largest(10, 30) == pytest.approx(10**1.875)
    assert lattice.trusted((1, -3, 0, 7), 50)
    assert not lattice.trusted((1, -3, 0, 10**8), 50)  # too large
    assert not lattice.trusted((123456, 654321, 111111), 30)  # 18 digits bought with 30
    assert not lattice.trusted((0, 0), 50)


@pytest.mark.parametrize("polynomial", [(-2, 0, 1), (-1, -1, 0, 1), (1, 0, -10, 0, 1), (5, -7, 3, 11), (-3, 4)])
def test_minimal_polynomials(polynomial: tuple[int, ...]) -> None:
    with lattice.precision(60):
        roots = [z.real for z, _ in flint.fmpz_poly(list(polynomial)).complex_roots() if z.imag.is_zero()]
        assert lattice.algebraic(roots[-1], 50) == polynomial


def test_transcendental_numbers_have_no_minimal_polynomial() -> None:
    assert lattice.algebraic(constant("pi"), 50) is None
    assert lattice.rational(constant("pi"), 50) is None


# The table


@pytest.fixture(scope="module")
def table() -> Table:
    return Table(Library.load(["pi", "zeta", "gauss", "log(2)", "2^(1/3)"], decoys=2, seed=1))


def test_the_table_has_all_forms(table: Table) -> None:
    assert len(table.forms) == 37296
    assert len(table) == len(table.quadratics) + 37296 * len(table.constants)


def test_forms_are_found_from_their_float64(table: Table) -> None:
    codes = random.Random(0).sample(range(len(table)), 300)
    formulas = [table.formula(c) for c in codes]
    values = np.array([float(f.value(30, table.library)) for f in formulas])
    index, found = table.lookup(values, np.full(300, 14.0))
    pairs = list(zip(index.tolist(), found.tolist(), strict=True))
    assert set(enumerate(codes)) <= set(pairs) and len(pairs) < 310
    assert table.decoy(np.array(codes)).tolist() == [any("decoy" in name for name in f.names) for f in formulas]


def test_what_is_looked_up(table: Table) -> None:
    values = np.array(
        [4 / np.pi - 1, (1 + 5**0.5) / 2, 22 / 7, 2 ** (1 / 3) + 1, np.nan, np.inf, 0.0, np.pi, 0.1234567]
    )
    index, codes = table.lookup(values, np.array([14.0] * 7 + [9.0, 14.0]))
    texts = [(i, table.formula(c).text) for i, c in zip(index.tolist(), codes.tolist(), strict=True)]
    assert texts == [(0, "4/pi - 1"), (1, "(sqrt(5) + 1)/2"), (3, "2^(1/3) + 1")]


def test_rational_values() -> None:
    values = np.array([22 / 7, -3.0, 1 / 3 + 1e-9, np.pi, 0.0, 1e-3, 355 / 113, np.nan, 5e7 / 3])
    assert rationals(values, np.full(9, 14.0)).tolist() == [
        [22, 7], [-3, 1], [0, 0], [0, 0], [0, 1], [1, 1000], [355, 113], [0, 0], [50000000, 3],
    ]  # fmt: skip
    assert rationals(values[6:7], np.array([4.0])).tolist() == [[0, 0]]  # 4 digits say nothing of 113


@given(st.integers(1, 40), st.integers(-40, 40), st.integers(-40, 40), st.sampled_from([1, -1]))
def test_roots_of_quadratics(a: int, b: int, c: int, sign: int) -> None:
    d = b * b - 4 * a * c
    assume(d > 0 and round(d**0.5) ** 2 != d)
    formula = quadratic(a, b, c, sign)
    x = formula.value(30)
    with lattice.precision(30):
        assert (a * x * x + b * x + c).contains(0)
    assert bool(x > quadratic(a, b, c, -sign).value(30)) == (sign > 0)


@given(st.lists(st.integers(-9, 9), min_size=4, max_size=4), st.integers(2, 50))
def test_forms_of_cube_roots(form: list[int], k: int) -> None:
    """From the minimal polynomial of (p t + q)/(r t + s), t^3 = k, back to such a form."""
    p, q, r, s = form
    assume(p * s != q * r and round(k ** (1 / 3)) ** 3 != k)
    with lattice.precision(80):
        t = flint.arb(k).root(3)
        x = (p * t + q) / (r * t + s)
        found = lattice.algebraic(x, 75, 3)
        assert found is not None and len(found) == 4
        formula = algebraic(found, x, 60)
        assert formula.value(50).overlaps(x)
    assert all(name.endswith("^(1/3)") for name in formula.names)


def test_other_algebraic_numbers_are_roots_of_polynomials() -> None:
    with lattice.precision(60):
        roots = [z.real for z, _ in flint.fmpz_poly([1, -3, 0, 1]).complex_roots()]
        texts = {algebraic((1, -3, 0, 1), x, 50).text for x in roots}
    assert texts == {f"root({k}, 1, -3, 0, 1)" for k in (1, 2, 3)}


def test_a_table_that_is_too_large() -> None:
    with pytest.raises(UserError, match=r"coefficients up to 30 of 2\d\d constants make about .* choose smaller"):
        Table(default(), 30)


# Identification


@pytest.mark.parametrize(
    ("a", "b", "kind", "text"),
    [
        ((1, 2), (0, 0, 1), "moebius", "4/pi"),
        ((2,), (1, -4, 4), "moebius", "4/pi + 1"),  # Brouncker
        ((3, 1), (0, -1), "moebius", "e"),
        ((1, 2), (-1,), "moebius", "1/tan(1)"),  # Lambert
        ((1, 1), (1,), "moebius", "besseli(0, 2)/besseli(1, 2)"),
        ((5, 27, 51, 34), (0, 0, 0, 0, 0, 0, -1), "moebius", "6/zeta(3)"),  # Apery
        ((3, 11, 11), (0, 0, 0, 0, 1), "moebius", "5/zeta(2)"),  # Apery
        ((9, 18), (1, 0, -9), "algebraic", "(2^(1/3) + 1)/(2^(1/3) - 1)"),  # Laguerre
        ((1,), (1,), "algebraic", "(sqrt(5) + 1)/2"),
        ((6,), (1,), "algebraic", "sqrt(10) + 3"),
        ((3, 1), (-5, 1), "rational", None),  # ends at n = 5
        ((1, 1), (1, 1), "moebius", "e - 1"),
    ],
)
def test_classical_fractions(a: Poly, b: Poly, kind: str, text: str | None) -> None:
    fraction = Fraction.of(a, b)
    formula = identify(fraction, effort="quick")
    assert formula is not None and formula.kind == kind
    assert formula.digits >= 99 and formula.roi >= 2
    if text is None:
        p, q = fraction.convergent(4)
        text = str(Rational(p, q))
    assert formula.text == text
    assert confirm(fraction, formula, 150) >= 148


def test_an_interlaced_fraction() -> None:
    fraction = Fraction((((1,), (1,)), ((0, 2), (1,)), ((1,), (1,))))  # 1; 0, 1, 1, 2, 1, 1, 4, 1, ...
    formula = identify(fraction)
    assert formula is not None and formula.text == "e"


def euler(top: Poly, bot: Poly) -> Fraction:
    """Of a series with t(n) = t(n - 1) top(n)/bot(n): top(0) + bot(0) t(0)/(t(0) + t(1) + ...) as a fraction."""
    return Fraction.of(plus(top, bot), times((-1,), times(top, shifted(bot, -1))))


def test_two_constants_need_the_lattice() -> None:
    """zeta(3) - zeta(5) is the sum of (n^2 - 1)/n^5, n > 1; here from n = 3 on."""
    one, two, three, four = ((k, 1) for k in (1, 2, 3, 4))
    sixth = [reduce(times, [p] * 6) for p in (two, three)]
    fraction = euler(times(sixth[0], four), times(one, sixth[1]))
    assert identify(fraction, effort="quick") is None
    formula = identify(fraction)
    assert formula is not None and formula.kind == "lattice" and formula.digits >= 99
    total = Formula.of("lattice", {(("zeta(3)", 1),): 32, (("zeta(5)", 1),): -32, ONE: -3}, {ONE: 32})
    with lattice.precision(60):
        # top(0) = 256, bot(0) = 729, t(0) = 8/243, at n = 3
        assert (256 + 24 / total.value(60)).overlaps(formula.value(60))


def test_nothing_is_found_where_nothing_is() -> None:
    for a, b in (((1, 1), (3, 0, 1)), ((2, 5), (1, -3, -5)), ((4, 3), (-5, -4, -2))):
        assert identify(Fraction.of(a, b)) is None
    assert identify(Fraction.of((1,), (-5,))) is None  # oscillates
    assert identify(Fraction.of((1,), (0, 0, 0, 1))) is None  # diverges


def test_a_user_constant_is_found() -> None:
    fraction = Fraction.of((14, 28), (1,))  # coth(1/14)
    assert identify(fraction) is None
    formula = identify(fraction, Library.load(user={"mine": "e^(1/7)"}))
    assert formula is not None and formula.text == "(mine + 1)/(mine - 1)"


def test_confirmation_refutes() -> None:
    brouncker = Fraction.of((1, 2), (0, 0, 1))
    right = Formula.of("moebius", {ONE: 4}, {PI: 1})
    near = Formula.of("rational", {ONE: 4 * 113}, {ONE: 355})
    assert confirm(brouncker, right, 200) > 197 and not compare(brouncker, right).refuted
    assert 6 < confirm(brouncker, near) < 8 and compare(brouncker, near).refuted
    oscillating = compare(Fraction.of((1,), (-5,)), right)
    assert oscillating.known == 0 and not oscillating.refuted


def test_decoys_are_counted() -> None:
    decoy = Formula.of("moebius", {(("decoy1", 1),): 3}, {ONE: 2})
    assert decoys([None, decoy, Formula.of("moebius", {PI: 1}, {ONE: 1})]) == 1


# Formulas


@pytest.mark.parametrize(
    ("up", "down", "text", "latex"),
    [
        ({PI: -1, ONE: 4}, {PI: 1}, "4/pi - 1", r"\frac{4}{\pi} - 1"),
        ({PI: 2, ONE: 4}, {ONE: 8}, "(pi + 2)/4", r"\frac{\pi + 2}{4}"),
        ({PI: 1}, {PI: -1, ONE: 4}, "pi/(4 - pi)", r"\frac{\pi}{4 - \pi}"),
        ({ONE: 22}, {ONE: -7}, "-22/7", r"-\frac{22}{7}"),
        ({ONE: 6}, {(("pi*sqrt(3)", 1),): 1}, "2*sqrt(3)/pi", r"\frac{2 \, \sqrt{3}}{\pi}"),
        (
            {ONE: 1},
            {(("besseli(1, 2)/besseli(0, 2)", 1),): 1},
            "besseli(0, 2)/besseli(1, 2)",
            r"\frac{I_{0}(2)}{I_{1}(2)}",
        ),
        ({(("pi", 3),): 2}, {(("pi", 1),): 6}, "pi^2/3", r"\frac{{\pi}^{2}}{3}"),
        ({ONE: 1}, {(("gauss", 1),): 2, ONE: -1}, "1/(2*gauss - 1)", None),
        ({}, {ONE: 3}, "0", "0"),
    ],
)
def test_how_formulas_are_written(
    up: dict[Monomial, int], down: dict[Monomial, int], text: str, latex: str | None
) -> None:
    formula = Formula.of("moebius", up, down)
    assert formula.text == text
    assert latex is None or formula.latex() == latex


def test_formulas_without_denominator_are_refused() -> None:
    with pytest.raises(ZeroDivisionError):
        Formula.of("moebius", {ONE: 1}, {PI: 0})


MONOMIALS = st.dictionaries(
    st.sampled_from(["pi", "e", "log(2)", "gauss", "pi*sqrt(3)", "gamma(1/4)^4/pi^2", "sqrt(2)", "zeta(5)/zeta(3)"]),
    st.integers(1, 2),
    max_size=2,
).map(lambda powers: tuple(sorted(powers.items())))
SIDES = st.dictionaries(MONOMIALS, st.integers(-20, 20).filter(bool), min_size=1, max_size=3)


@given(SIDES, SIDES)
def test_every_spelling_of_a_formula_is_its_value(up: dict[Monomial, int], down: dict[Monomial, int]) -> None:
    formula = Formula.of("lattice", up, down)
    assert Formula.from_data(json.loads(json.dumps(formula.to_data()))) == formula
    try:
        value = formula.value(30)
    except UserError:  # it is zero, or divides by zero
        return
    with lattice.precision(30):
        sides = [sum((c * _value(m) for m, c in side.items()), flint.arb(0)) for side in (up, down)]
        assert (sides[0] / sides[1]).overlaps(value)
    with mpmath.workdps(40):
        written = eval(formula.python(), {"mp": mpmath.mp})
        assert abs(written / mpmath.mpf(value.str(30, radius=False)) - 1) < mpmath.mpf(10) ** -20
    assert formula.lean() and formula.latex() and formula.size >= 2
    assert Formula.of("lattice", {m: -3 * c for m, c in up.items()}, {m: -3 * c for m, c in down.items()}) == formula


def _value(monomial: Monomial) -> flint.arb:
    result = flint.arb(1)
    for name, power in monomial:
        result *= default()[name].value(40) ** power
    return result


def test_sympy_has_the_value() -> None:
    formula = identify(Fraction.of((5, 27, 51, 34), (0, 0, 0, 0, 0, 0, -1)))
    assert formula is not None
    assert str(formula.sympy()) == "6/zeta(3)"
    assert formula.lean() == "6 / (riemannZeta 3).re"
    assert formula.size == 2


def test_what_can_not_be_told_is_not_guessed() -> None:
    for a, b in (((10**30, 1), (1,)), ((1,), (10**30,)), ((), (1,)), ((10**9,), (1,))):
        assert identify(Fraction.of(a, b)) is None
    zero = identify(Fraction.of((0,), ()))
    assert zero is not None and (zero.kind, zero.text) == ("rational", "0")
