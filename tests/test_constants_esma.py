"""Signed simple fractions: exact quotients, recurrences, patterns, and the search for them."""

from __future__ import annotations

from fractions import Fraction as Rational
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from discover.errors import UserError
from searches.constants import known
from searches.constants.config import ConstantsConfig
from searches.constants.esma import expressions, massey, quotients, seeds, signs
from searches.constants.esma.classes import Hit, classes
from searches.constants.esma.closed import closed_form
from searches.constants.esma.pattern import Pattern, find, tail_of, tails
from searches.constants.esma.sweep import EsmaSweep
from searches.constants.fraction import Fraction
from searches.constants.identify.expression import parse
from searches.constants.identify.library import Constant

E_TERMS = [1 if i % 3 != 1 else 2 * (i // 3 + 1) for i in range(60)]  # e = [2; 1, 2, 1, 1, 4, 1, 1, 6, ...]


def sweep(**esma: object) -> EsmaSweep:
    """A small search: no library but what is named."""
    constants = esma.pop("constants", ("e",))
    settings = {"degree": 1, "coefficients": 2, "numerators": 1, "denominators": 2, "orders": 1, **esma}
    return EsmaSweep(ConstantsConfig(method="esma", identify={"constants": constants, "decoys": 2}, esma=settings))


def each(search: EsmaSweep):
    return lambda method, items: [getattr(search, method)(item) for item in items]


# --- quotients --------------------------------------------------------------------------------------------------------

terms_of_some_size = st.lists(
    st.one_of(st.integers(1, 5), st.integers(1, 2**20), st.integers(1, 2**58)), min_size=1, max_size=60
)


@given(terms_of_some_size, st.integers(64, 2000))
@settings(max_examples=150, deadline=None)
def test_quotients_are_those_of_the_number_that_is_only_known_to_so_many_bits(terms, bits):
    x = Rational(0)
    for c in reversed([*terms, 1, 2, 3]):
        x = 1 / (c + x)
    known = int(x * 2**bits)  # rounded down
    u, v = quotients.limbs([2**bits, known], bits // 31 + 2)
    out = np.zeros(100, np.int64)
    count, state = quotients.expand(u, v, 1, out)
    assert out[: min(count, len(terms))].tolist() == terms[:count]
    if state == quotients.SHORT and count < len(terms):  # precision is used well: what is left is less than a few terms
        below = 1
        for c in terms[: count + 3]:
            below *= c + 1
        assert 2 * below.bit_length() + 24 > bits


def test_a_rational_number_ends_and_gives_no_false_quotient():
    out = np.zeros(50, np.int64)
    u, v = quotients.limbs([2**400, 3 * 2**400 // 7], 14)
    count, state = quotients.expand(u, v, 1, out)
    assert state in (quotients.HUGE, quotients.SHORT)
    assert out[:count].tolist() == [2, 3][:count]


@given(st.lists(st.integers(-(2**90), 2**90), min_size=1, max_size=4))
def test_limbs_hold_numbers_of_both_signs(values):
    table = quotients.limbs(values, 4)
    assert [sum(int(c) << (31 * i) for i, c in enumerate(row)) for row in table] == values
    assert (table[:, :-1] >= 0).all() and (table < 2**31).all()


# --- signs ------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.one_of(st.integers(1, 3), st.integers(1, 40)), min_size=80, max_size=80),
    st.sampled_from(signs.words(4).tolist()),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_signed_terms_follow_from_the_regular_ones(terms, word, complement):
    x = Rational(0)
    for c in reversed([*terms, 7, 7]):
        x = 1 / (c + x)
    found = signs.walk(np.array(terms), *word, complement, 60)
    x = 1 - x if complement else x
    for j, c in enumerate(found, 1):
        minus = signs.sign(*word, j) < 0
        assert c == 1 // x + minus  # floor, or ceiling
        x = c - 1 / x if minus else 1 / x - c
    assert len(found) >= 35


def test_words_of_signs_are_no_powers_of_shorter_ones():
    assert signs.words(2).tolist() == [[0, 1], [1, 1], [1, 2], [2, 2]]
    assert len(signs.words(4)) == 2 + 2 + 6 + 12


# --- recurrences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "length", "coefficients"),
    [
        ([0, 1, 1, 2, 3, 5, 8, 13, 21, 34], 2, [1, 1]),
        ([3] * 9, 1, [1]),
        ([1, 3, 5, 7, 9, 11], 2, [2, -1]),
        ([7, 9, 5, 5, 5, 5, 5, 5], 3, [1]),
        ([0] * 6, 0, []),
        (E_TERMS, 6, [0, 0, 2, 0, 0, -1]),
    ],
)
def test_shortest_recurrences(terms, length, coefficients):
    found = massey.shortest(np.array(terms))
    assert found == (length, len(coefficients), [c % massey.P for c in coefficients])


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6), st.lists(st.integers(-9, 9), min_size=6, max_size=6))
def test_a_sequence_made_by_a_recurrence_has_one_no_longer_and_obeys_what_is_found(coefficients, start):
    terms = start[: len(coefficients)]
    while len(terms) < 2 * len(coefficients) + 8:
        terms.append(sum(c * t for c, t in zip(coefficients, reversed(terms), strict=False)) % massey.P)
    length, memory, found = massey.shortest(np.array(terms))
    assert length <= len(coefficients) and memory <= length
    for i in range(length, len(terms)):
        assert (terms[i] - sum(c * terms[i - j] for j, c in enumerate(found, 1))) % massey.P == 0
    assert massey.shortest(np.array(terms), most=length - 1)[0] == length


def test_random_terms_have_no_short_recurrence():
    terms = np.random.default_rng(0).integers(1, 100, 104)
    assert massey.shortest(terms)[0] == 52
    assert massey.shortest(terms, most=50)[0] == 51


# --- expressions ------------------------------------------------------------------------------------------------------


def test_every_class_of_expressions_occurs_once():
    pairs = expressions.expressions(1, 4)
    found = {tuple(map(tuple, p.tolist())) for p in pairs}
    assert len(found) == len(pairs)
    for (b, a), (d, zero) in found:
        assert a > 0 <= b < d and zero == 0 and np.gcd.reduce([a, b, d]) == 1
    # classes of determinant n = a d: as many as the index of Gamma_0(n), n prod (1 + 1/p) (Dedekind)
    for n, count in ((1, 1), (2, 3), (3, 4)):
        assert sum(a * d == n for (_, a), (d, _) in found) == count


def test_expressions_of_degree_2_are_of_no_lower_degree():
    for p, q in expressions.expressions(2, 2).tolist():
        if q[1] and p[2]:  # linear Q: P has another zero
            assert p[0] * q[1] ** 2 - p[1] * q[0] * q[1] + p[2] * q[0] ** 2 != 0
        assert np.gcd.reduce([*p, *q]) == 1


# --- patterns ---------------------------------------------------------------------------------------------------------


def test_the_pattern_of_e():
    terms = np.array(E_TERMS)
    pattern = find(terms, *massey.shortest(terms)[:2])
    assert pattern is not None
    assert (pattern.start, pattern.polys, pattern.divisor) == (1, ((1,), (2, 2), (1,)), 1)
    assert [pattern.term(i) for i in range(-2, 4)] == [1, 0, 1, 1, 2, 1][0:6]
    around = tails(pattern, terms, tail_of(((0, 1), (1,)), 2, False))
    assert around[1] == ((1,), (-2, 1))  # 1 / (e - 2) = 1 + 1/(2 + ...)
    assert around[-2] == ((0, -1), (-1,)) or around[-2] == ((0, 1), (1,))  # e = 1 + 1/(0 + 1/(1 + 1/(1 + 1/(2 + ...
    assert pattern.fraction(-2) == Fraction((((1,), (1,)), ((0, 2), (1,)), ((1,), (1,))))


def test_patterns_with_a_tail_in_common_have_one_key():
    one = Pattern(1, ((1,), (2, 2), (1,)))
    other = Pattern(5, ((10, 2), (1,), (1,)))
    assert one.key == other.key != Pattern(1, ((1,), (3, 2), (1,))).key
    assert Pattern(1, ((1, 2),), word=1).key != Pattern(1, ((1, 2),)).key


def test_polynomials_with_fractions_take_more_turns():
    terms = np.array([n * (n + 1) // 2 for n in range(1, 41)])
    pattern = find(terms, *massey.shortest(terms)[:2])
    assert pattern is not None and pattern.divisor == 2
    fraction = pattern.fraction(1)
    assert fraction.period == 2
    assert [fraction.term(j) for j in range(5)] == [(c, 1) for c in (1, 3, 6, 10, 15)]
    assert pattern.terms(40).tolist() == terms.tolist()


def test_another_recurrence_is_no_pattern():
    terms = np.array([2**n + 1 for n in range(40)])
    assert massey.shortest(terms)[0] == 2
    assert find(terms, 2, 2) is None


# --- the search -------------------------------------------------------------------------------------------------------


def hits(search: EsmaSweep) -> dict[str, np.ndarray]:
    return search.scan(0, search.total)[1]


def fractions(search: EsmaSweep) -> dict[Fraction, str]:
    found = hits(search)
    rows = [Hit(int(n), *map(int, row)) for n, row in zip(found["number"], found["found"], strict=True)]
    made = classes(search.numbers, search.words, rows, search.config.esma)
    return {c.fraction: c.constant.name for c, _ in made}


def test_classical_fractions_come_out_by_themselves():
    found = fractions(sweep())
    one, minus = (1,), (-1,)
    assert found[Fraction(((one, one), ((0, 2), one), (one, one)))] == "e"
    assert found[Fraction(((one, one), ((1, 4), one), (one, one)))] == "e^(1/2)"
    assert found[Fraction((((1, 2), minus),))] == "tan(1)"  # Lambert
    assert found[Fraction((((1, 2), one),))] == "tanh(1)"
    assert found[Fraction((((0, 2), one),))] == "besseli(1, 1)/besseli(0, 1)"
    assert found[Fraction((((0, 2), minus),))] == "besselj(1, 1)/besselj(0, 1)"


def test_every_instance_on_its_own_gives_the_same_as_the_regular_fraction_first():
    from benchmarks.esma import one_by_one, publish, search

    small = sweep(constants=("e", "pi", "zeta(3)"), period=4)
    numbers = np.arange(small.total)
    accepted = search(small, numbers)
    assert sum(accepted) > 500 and accepted.count(0) > 10
    assert one_by_one(small, numbers) == accepted
    some = np.array([0, 1, small.total // 2])
    assert publish(small, some) == [accepted[i] for i in some]


def test_finds_have_formulas_and_decoys_none():
    search = sweep(families=("tan",), denominators=1, coefficients=1, constants=("pi",))
    counts, found = search.scan(0, search.total)
    assert counts["decoy_hits"] == 0 < counts["accepted"]
    assert counts["instances"] == 2 * len(search.words) * search.total
    finds = search.collect(found, each(search))
    assert [f.objectives["digits"] for f in finds] == [100.0] * len(finds)
    assert {Fraction.from_program(f.program) for f in finds} >= {Fraction((((1, 2), (-1,)),))}
    assert finds[0].descriptors == {"degree_a": 1, "degree_b": 0, "members": int(found["found"][0, 0])}


def test_parts_of_a_scan_add_up_to_the_whole():
    search = sweep()
    counts, found = search.scan(0, search.total)
    cuts = [0, 1, search.total // 3, search.total]
    parts = [search.scan(a, b) for a, b in pairwise(cuts)]
    assert {name: sum(c[name] for c, _ in parts) for name in counts} == counts
    for name in found:
        assert np.array_equal(np.concatenate([f[name] for _, f in parts]), found[name])


def test_a_large_quotient_is_not_a_pattern_of_twos():
    # pi - 3 = [0; 7, 15, 1, 292, ...]: with signs all minus 291 twos follow
    search = sweep(constants=("pi",), families=())
    assert not len(hits(search)["number"])
    regular = search.numbers.quotients(0, 60)[0]
    terms = signs.walk(regular[1:], 1, 1, False, 60)
    assert massey.shortest(terms)[0] < 25 and set(terms[30:].tolist()) == {2}


def test_known_interlaced_fractions_are_found():
    search = sweep(families=("exp", "tan", "bessel_i"), numerators=2, denominators=4, coefficients=1, constants=("e",))
    found = hits(search)
    rows = [Hit(int(n), *map(int, row)) for n, row in zip(found["number"], found["found"], strict=True)]
    keys = set()
    for row in rows:
        terms = search.numbers.quotients(row.number, 120)[0][1:]
        regular = find(terms, *massey.shortest(terms)[:2])
        assert regular is not None
        keys.add(regular.key)
    interlaced = known.targets(known.INTERLACED)
    assert len(interlaced) == 7
    for target in interlaced:
        assert Pattern(1, tuple(a for a, _ in target.fraction.blocks)).key in keys, target.name


# --- closed forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        ((((1,), (1,)), ((4, 10), (1,)), ((1,), (1,))), "e^(1/5)"),
        ((((5, 10), (-1,)),), "1/tan(1/5)"),
        ((((8, 6), (1,)),), "besseli(1/3, 1/3)/besseli(4/3, 1/3)"),
    ],
)
def test_members_of_families_that_no_library_lists(blocks, text):
    formula = closed_form(Fraction(blocks))
    assert formula is not None and formula.text == text and formula.digits >= 100


def test_closed_forms_are_for_simple_fractions_whose_terms_grow():
    assert closed_form(Fraction.of((1,), (1,))) is None
    assert closed_form(Fraction.of((1, 2), (0, 0, 1))) is None


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("esma", "words"),
    [
        ({"families": ("tann",)}, "no family 'tann'; did you mean 'tan'"),
        ({"families": (), "library": False}, "leave nothing to walk over"),
        ({"depth": 100, "bits": 500}, "bits = 500 are too few for depth = 100: an ordinary number needs about 684"),
        ({"coefficients": 0}, "greater than or equal to 1"),
    ],
)
def test_mistakes_in_the_spec_are_told(esma, words):
    with pytest.raises(ValidationError, match="esma") as caught:
        ConstantsConfig(method="esma", esma=esma)
    assert words in str(caught.value)


def test_quadratic_numbers_alone_are_refused():
    with pytest.raises(UserError, match="only quadratic numbers"):
        sweep(constants=("sqrt(2)",), families=())


def test_a_rational_constant_is_refused(monkeypatch):
    text = "tan(1)/(2*tan(1))"
    monkeypatch.setattr(seeds, "family", lambda *sizes: [text])
    seeds.members.cache_clear()
    with pytest.raises(UserError, match=r"is rational \(1/2\)"):
        sweep(families=("tan",))
    seeds.members.cache_clear()


def test_quadratic_and_other_constants():
    assert seeds.quadratic(Constant("x", "user", parse("(1 + sqrt(13))/7")))
    assert not seeds.quadratic(Constant("x", "user", parse("2^(1/3)")))
