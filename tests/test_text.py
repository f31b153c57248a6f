"""The text form: how it reads, that it parses back to the same program, and what it says about faults."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from primitives.hero import HERO
from primitives.images import LAYERS
from primitives.primitive import PrimitiveSet
from primitives.program import Instruction, Program, Signature
from primitives.table import ARITHMETIC, REAL
from primitives.text import MAX_NESTING, MAX_TEXT, TextError, format_program, parse

FUNCTION = Signature(("x",), ("y",))
OPTIMIZER = Signature(("g",), ("update",), ("m", "v"))
EXP2 = """\
t = x + 90.49393201711207 / x
y = 0.9999999994363861 + 62.72561581307775 / (t - 31.36279045332256 + 237.37864088076338 / t)
"""


def test_a_program_reads_as_one_would_write_it() -> None:
    program = parse(EXP2, FUNCTION, ARITHMETIC)
    assert len(program.instructions) == 7
    assert program.constants[0] == 90.49393201711207
    assert format_program(program, ARITHMETIC) == EXP2


def test_states_are_names_that_are_bound_again() -> None:
    lion = parse("update = sign(interp(g, m, 0.9))\nm = interp(g, m, 0.99)\n", OPTIMIZER, REAL)
    assert lion.instructions == (
        Instruction("interp", (0, 1, -1)),
        Instruction("sign", (3,)),
        Instruction("interp", (0, 1, -2)),
    )
    assert lion.results == (4, 5, 2)  # update, the new m, and v, never bound: it keeps its value
    assert format_program(lion, REAL) == "update = sign(interp(g, m, 0.9))\nm = interp(g, m, 0.99)\n"


@pytest.mark.parametrize(
    "text",
    [
        "a = m\nm = v\nv = a\nupdate = g\n",  # exchange two states
        "m = g\nv = m\nupdate = v\n",
        "k = 0.5\nupdate = k * g\nm = k * m\nv = k\n",  # one constant slot, three readers
        "dead = exp(g)\nunused = 3.0\nupdate = g\n",
        "update = -g * -(-2.5) - -m\nm = neg(2.5)\n",
        "update = min(inf, max(-inf, g)) + nan\nv = -0.0\n",
        "update = 0x1.8p+1 * g / (m / v) - (g - (m - v))\n",
        "m = interp(g, m, 0.9)\nupdate = m / sqrt(m)\n",
        "update = (g + m) * v + (g + m)\n",
        "new = g + m\nupdate = m * new\nm = new\n",
    ],
)
def test_worked_examples_come_back(text: str) -> None:
    program = parse(text, OPTIMIZER, REAL)
    assert parse(format_program(program, REAL), OPTIMIZER, REAL) == program


def test_precedence_and_association() -> None:
    def same(a: str, b: str) -> bool:
        return parse(f"y = {a}", FUNCTION, REAL) == parse(f"y = {b}", FUNCTION, REAL)

    assert same("x - x - x", "(x - x) - x") and not same("x - x - x", "x - (x - x)")
    assert same("x + x * x / x", "x + ((x * x) / x)")
    assert same("-x * x", "neg(x) * x") and same("add(x, mul(x, x))", "x + x * x")
    assert not same("-2.0", "neg(2.0)")


def test_comments_blank_lines_and_line_ends() -> None:
    assert parse("# a comment\r\n\r\n  y = x+1 # another\r\n", FUNCTION, REAL) == parse("y = x + 1.0", FUNCTION, REAL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: the output 'y' is never bound; add a line `y = ...`"),
        ("y = sqr(x)", "line 1, column 5: the primitive set has no 'sqr'; did you mean 'sqrt'?"),
        ("t = x\ny = tt", "line 2, column 5: no value is named 'tt' yet; did you mean 't'?"),
        ("y = sqrt", "line 1, column 5: 'sqrt' is a primitive; write sqrt(...)"),
        ("y = sqrt(x, x)", "line 1, column 5: sqrt takes 1 argument, not 2"),
        ("y = (x + 1", "line 1, column 11: expected ')', not 'the end of the line'"),
        ("y = 2x", "line 1, column 6: '2x' is not a number; put an operator between"),
        ("y = 1e999", "line 1, column 5: '1e999' is not a finite float64; write inf for infinity"),
        ("y = x ** 2", "line 1, column 8: expected a name, a number or '(', not '*'"),
        (
            "y = x; z = x",
            "line 1, column 6: unexpected ';'; a statement is `name = expression`, a comment starts with #",
        ),
        ("y x", "line 1, column 3: expected '=', not 'x'"),
        ("inf = x", "line 1, column 1: 'inf' is a number and cannot be bound; choose another name"),
        ("y = __import__('os')", 'line 1, column 16: unexpected "\'"'),
    ],
)
def test_a_fault_says_where_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(TextError) as caught:
        parse(text, FUNCTION, REAL)
    assert str(caught.value).startswith(message)


def test_what_the_set_lacks() -> None:
    with pytest.raises(TextError, match="has no 'exp'"):
        parse("y = exp(x)", FUNCTION, ARITHMETIC)
    with pytest.raises(TextError, match="no 'neg' to negate with"):
        parse("y = -x", FUNCTION, ARITHMETIC)
    with pytest.raises(TextError, match=r"has no '\+'"):
        parse("y = x + x", FUNCTION, REAL.subset("mul", "exp"))
    with pytest.raises(ValueError, match="has no 'exp'"):
        format_program(parse("y = exp(x)", FUNCTION, REAL), ARITHMETIC)


@pytest.mark.parametrize(
    "bomb", ["(" * 100_000, "-" * 100_000 + "x", "sqrt(" * 100_000, "x" + "+x" * 5000, "1" * 100_000]
)
def test_bombs_are_refused_politely(bomb: str) -> None:
    with pytest.raises(TextError):
        parse("y = " + bomb, FUNCTION, REAL)


def test_the_limits_are_wide_enough() -> None:
    deep = "(" * (MAX_NESTING - 1) + "x" + ")" * (MAX_NESTING - 1)
    assert parse(f"y = {deep}", FUNCTION, REAL).results == (0,)
    with pytest.raises(TextError, match=f"at most {MAX_TEXT}"):
        parse("#" * (MAX_TEXT + 1), FUNCTION, REAL)


@st.composite
def programs(draw: st.DrawFn, primitives: PrimitiveSet = REAL) -> Program:
    """Any valid program: dead code, shared and unused constants, results that are leaves, names in and out."""
    signature = draw(
        st.sampled_from(
            [FUNCTION, OPTIMIZER, Signature(("x", "t"), ("x", "k0"), ("a", "b", "c")), Signature((), ("y",))]
        )
    )
    constants = tuple(draw(st.lists(st.floats(), min_size=0 if signature.leaves else 1, max_size=6)))
    instructions: list[Instruction] = []
    n = len(signature.leaves)
    for _ in range(draw(st.integers(0, 12))):
        primitive = draw(st.sampled_from(primitives.primitives))
        recent = st.integers(max(-len(constants), n + len(instructions) - 4), n + len(instructions) - 1)
        anything = st.integers(-len(constants), n + len(instructions) - 1)
        args = [draw(recent | anything if n + len(instructions) else anything) for _ in range(primitive.arity)]
        instructions.append(Instruction(primitive.name, tuple(args)))
    value = st.integers(-len(constants), n + len(instructions) - 1)
    return Program(signature, tuple(instructions), constants, tuple(draw(value) for _ in signature.results))


@settings(max_examples=2000, deadline=None)
@given(programs())
def test_every_program_comes_back_to_the_bit(program: Program) -> None:
    text = format_program(program, REAL)
    assert parse(text, program.signature, REAL) == program


@settings(max_examples=300, deadline=None)
@given(programs(HERO))
def test_programs_with_named_numbers_come_back_too(program: Program) -> None:
    assert parse(format_program(program, HERO), program.signature, HERO) == program


@settings(max_examples=300, deadline=None)
@given(programs(LAYERS))
def test_programs_of_layers_come_back_too(program: Program) -> None:
    assert parse(format_program(program, LAYERS), program.signature, LAYERS) == program


def test_a_layer_reads_as_in_its_paper() -> None:
    """EvoNorm-B0 and S0 of arXiv 2004.02967."""
    signature = Signature(("x", "v0", "v1"), ("y",))
    for text in (
        "y = x / max(std_batch(x), v1 * x + std_instance(x))\n",
        "y = x * sigmoid(v1 * x) / std_group(x)\n",
    ):
        assert format_program(parse(text, signature, LAYERS), LAYERS) == text


def test_a_number_with_a_name_is_called() -> None:
    program = parse("y = pi() * x + sqrt(e())", FUNCTION, HERO)
    assert program.instructions[0] == Instruction("pi", ()) and program.constants == ()
    assert format_program(program, HERO) == "y = pi() * x + sqrt(e())\n"
    with pytest.raises(TextError, match="pi takes 0 arguments, not 1"):
        parse("y = pi(x)", FUNCTION, HERO)
    with pytest.raises(TextError, match="sqrt takes 1 argument, not 0"):
        parse("y = sqrt()", FUNCTION, HERO)


@settings(max_examples=1000, deadline=None)
@given(
    st.text()
    | st.text("xy=+-*/(),.0123456789e# \n")
    | st.lists(
        st.sampled_from(
            [
                "y",
                "x",
                "t",
                "=",
                "(",
                ")",
                "+",
                "-",
                "*",
                "/",
                ",",
                "1.5",
                "0x",
                "0x1p",
                "inf",
                "nan",
                "exp",
                "interp",
                "\n",
                "#",
                " ",
            ]
        )
    ).map("".join)
)
@example("y = ℘\u0660")
@example("y = 0x")
def test_any_string_gives_a_program_or_a_text_error(text: str) -> None:
    try:
        program = parse(text, FUNCTION, REAL)
    except TextError as error:
        assert error.line >= 1 and error.column >= 1
        assert "\n" not in str(error)
    else:
        assert parse(format_program(program, REAL), FUNCTION, REAL) == program


def test_numbers_round_trip() -> None:
    numbers = [
        0.1,
        1e-320,
        5e-324,
        1.7976931348623157e308,
        -0.0,
        math.inf,
        -math.inf,
        math.nan,
        1 / 3,
        1e16,
        123456789.0,
    ]
    text = "".join(f"k{i} = {number!r}\n" for i, number in enumerate(numbers)) + "y = x\n"
    constants = parse(text, FUNCTION, REAL).constants
    assert [c.hex() for c in constants] == [number.hex() for number in numbers]
