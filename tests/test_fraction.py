"""Fractions: polynomials, programs, and the exact convergents that everything else is judged by."""

from __future__ import annotations

from fractions import Fraction as Rational

import pytest
from hypothesis import given
from hypothesis import strategies as st

from primitives.program import Instruction, Program, Signature
from primitives.text import format_program, parse
from searches.constants.fraction import INTEGER, Fraction, factors, plus, poly, shifted, signature, times, value

polys = st.lists(st.integers(-50, 50), min_size=1, max_size=7).map(poly)
fractions = st.lists(st.tuples(polys, polys), min_size=1, max_size=4).map(lambda blocks: Fraction(tuple(blocks)))


def test_brouncker_converges_to_four_over_pi():
    brouncker = Fraction.of([1, 2], [0, 0, 1])  # 1 + 1/(3 + 4/(5 + 9/(7 + ...)))
    assert [brouncker.term(j) for j in range(3)] == [(1, 0), (3, 1), (5, 4)]
    p, q = brouncker.convergent(30)
    assert p / q == pytest.approx(4 / 3.141592653589793, rel=1e-15)


def test_an_interlaced_fraction_takes_turns():
    tail = Fraction((((1, 4), (1,)), ((1,), (1,)), ((1,), (1,))))  # sqrt(e) = [1; 1, 1, 1, 5, 1, 1, 9, 1, 1, ...]
    assert [tail.term(j)[0] for j in range(9)] == [1, 1, 1, 5, 1, 1, 9, 1, 1]
    p, q = tail.convergent(20)
    assert 1 + q / p == pytest.approx(2.718281828459045**0.5, rel=1e-15)


def test_programs_read_like_formulas():
    apery = Fraction.of([5, 27, 51, 34], [0, 0, 0, 0, 0, 0, -1])
    assert format_program(apery.program(), INTEGER).splitlines() == [
        "a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0",
        "b = -square(square(n) * n)",
    ]


@given(fractions)
def test_a_fraction_is_its_program_and_its_text(fraction: Fraction):
    program = fraction.program()
    assert Fraction.from_program(program) == fraction
    assert parse(format_program(program, INTEGER), signature(fraction.period), INTEGER) == program


@given(polys, polys, st.integers(-9, 9), st.integers(-9, 9))
def test_polynomials_obey_their_laws(p, q, by, n):
    assert value(plus(p, q), n) == value(p, n) + value(q, n)
    assert value(times(p, q), n) == value(p, n) * value(q, n)
    assert value(shifted(p, by), n) == value(p, n + by)


@given(polys.filter(bool))
def test_factors_multiply_to_the_polynomial(p):
    content, parts = factors(p)
    product = (content,)
    for factor, multiplicity in parts:
        for _ in range(multiplicity):
            product = times(product, factor)
    assert product == p


@given(fractions, st.integers(0, 12))
def test_convergents_are_the_fraction_cut_short(fraction: Fraction, n: int):
    p, q = fraction.convergent(n)
    tail = Rational(fraction.term(n)[0])
    try:
        for j in range(n, 0, -1):
            tail = fraction.term(j - 1)[0] + fraction.term(j)[1] / tail
    except ZeroDivisionError:
        return  # cut short it has no value, or an infinite one on the way
    assert p == tail * q


def made(op: str, constant: float = 2.0, inputs: tuple[str, ...] = ("n",)) -> Program:
    return Program(Signature(inputs, ("a", "b")), (Instruction(op, (0, -1)),), (constant,), (len(inputs), 0))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (made("div"), "div is not a primitive of polynomials"),
        (made("mul", 0.5), "constant 0.5 is not an integer"),
        (made("mul", 2.0**54), "is not an integer of at most"),
        (made("mul", float("nan")), "constant nan is not an integer"),
        (made("mul", inputs=("n", "m")), "a program of one input"),
    ],
)
def test_other_programs_are_no_fractions(program: Program, message: str):
    with pytest.raises(ValueError, match=message):
        Fraction.from_program(program)


def test_degrees_cannot_explode():
    text = "x = square(n)\n" + "x = square(x)\n" * 20 + "a = x\nb = n"
    with pytest.raises(ValueError, match="a polynomial of degree 128; at most 64"):
        Fraction.from_program(parse(text, signature(), INTEGER))


def test_a_program_cannot_hold_what_float64_cannot():
    with pytest.raises(ValueError, match=r"beyond 2\^53"):
        Fraction.of([2**53 + 1], [1]).program()
    with pytest.raises(ValueError, match="without terms"):
        Fraction(())
