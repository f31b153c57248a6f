# ruff: noqa: RUF001 (letters of Mathlib)
"""The constants that values are compared with: what they are, how every language spells them, and what is refused."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discover.errors import UserError
from searches.constants.identify import Library
from searches.constants.identify.expression import Node, number, parse
from searches.constants.identify.formula import named
from searches.constants.identify.lattice import moebius
from searches.constants.identify.library import builtin, default, read_constants, value_of
from searches.constants.identify.printing import to_latex, to_lean, to_python, to_sympy, to_text
from searches.constants.identify.vocabulary import words


def file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def agrees(a: object, b: object, digits: int) -> bool:
    return abs(mpmath.mpf(a) / mpmath.mpf(b) - 1) < mpmath.mpf(10) ** -digits  # type: ignore[arg-type]


# The built-in ones


def test_there_are_the_constants_that_one_expects() -> None:
    names = set(default().names)
    assert len(names) >= 40
    expected = "pi e log(2) zeta(2) zeta(3) zeta(5) zeta(7) catalan gauss lemniscate gamma(1/4) golden tan(1) atan(1/2)"
    assert {*expected.split(), "besseli(1, 2)/besseli(0, 2)", "euler", "polygamma(1, 1/3)"} <= names


@pytest.mark.parametrize(
    ("name", "digits"),
    [
        ("pi", "3.14159265358979323846264338327950288419716939937510"),
        ("zeta(3)", "1.20205690315959428539973816151144999076498629234049"),
        ("catalan", "0.915965594177219015054603514932384110774149374281672"),
        ("gauss", "0.834626841674073186281429732799046808993993013490347"),
        ("lemniscate", "2.62205755429211981046483958989111941368275495143162"),
        ("besseli(1, 2)/besseli(0, 2)", "0.697774657964007982006790592551752599486658262998021"),
        ("e*e1(1)", "0.596347362323194074341078499369279376074177860152548"),  # Gompertz
    ],
)
def test_values_as_printed_in_tables(name: str, digits: str) -> None:
    with mpmath.workdps(60):
        assert agrees(default()[name].value(55).str(55, radius=False), digits, 48)


def test_no_constant_is_a_form_of_another() -> None:
    values = [(c.name, c.value(60)) for c in builtin()]
    forms = [(a, b, f) for (a, x), (b, y) in combinations(values, 2) if (f := moebius(x, y, 50)) is not None]
    assert not forms


def test_every_language_says_the_same_number() -> None:
    with mpmath.workdps(30):
        for c in builtin():
            exact = c.value(30).str(30, radius=False)
            assert agrees(eval(c.python, {"mp": mpmath.mp}), exact, 26), c.name
            assert c.latex and c.lean, c.name


def test_sympy_says_the_same_number() -> None:
    for name in (
        "pi*sqrt(3)",
        "gauss",
        "polygamma(1, 1/3)",
        "besselj(1, 2)/besselj(0, 2)",
        "hyp1f1(1, 3/2, -1)",
        "e*e1(1)",
    ):
        assert agrees(str(default()[name].sympy().evalf(25)), default()[name].value(30).str(25, radius=False), 20), name


def test_precision_grows_with_what_is_asked() -> None:
    for digits in (10, 100, 1000):
        assert default()["gamma(1/3)"].value(digits).rel_accuracy_bits() >= 3.32 * digits


def test_names_and_groups_choose() -> None:
    library = Library.load(["zeta", "pi"], decoys=2, seed=5)
    assert library.names == ("pi", *(f"zeta({s})" for s in range(2, 8)), "decoy1", "decoy2")
    with pytest.raises(UserError, match=r"unknown constant 'zeta\(33\)'; did you mean 'zeta\(3\)'\?"):
        Library.load(["zeta(33)"])


def test_decoys_are_random_and_reproducible() -> None:
    def values(seed: int) -> list[str]:
        return [c.value(300).str(290, radius=False) for c in Library.load(["pi"], decoys=3, seed=seed).decoys]

    assert values(1) == values(1) and len(set(values(1) + values(2))) == 6
    assert all(1 < float(v) < 4 for v in values(7))


# The user's


def test_a_file_of_constants(tmp_path: Path) -> None:
    path = file(tmp_path, '[constants]\nmine = "log(17)/pi"\nmore = "mine^2 + gauss"\n')
    library = Library.load(["pi"], path)
    assert library.names == ("pi", "mine", "more")
    assert read_constants(path) == {"mine": "log(17)/pi", "more": "mine^2 + gauss"}
    with mpmath.workdps(30):
        mine = mpmath.log(17) / mpmath.pi
        gauss = 1 / mpmath.agm(1, mpmath.sqrt(2))
        assert agrees(library["more"].value(25).str(25, radius=False), mine**2 + gauss, 23)
        assert agrees(eval(library["more"].python, {"mp": mpmath.mp}), mine**2 + gauss, 23)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'mine = "gama(1/3)"',
            r"line 2: mine: 'gama\(1/3\)': unknown name 'gama' at character 1; did you mean 'gamma'\?",
        ),
        ('\nmine = "2*(pi"', r"line 3: mine: '2\*\(pi': the end at character 6 is unexpected"),
        ('mine = "pi $ 2"', r"mine: 'pi \$ 2': '\$' at character 4 is not part of any expression"),
        ('mine = "exp(log(3))/7"', r"mine: exp\(log\(3\)\)/7 is rational: 3/7"),
        ('mine = "0"', r"mine: 0 is not between 1e-9 and 1e9"),
        ('mine = "10^10^10"', r"mine: 10\^10\^10 is not between"),
        ('mine = "zeta(1)"', r"mine: zeta\(1\) is zero, or no real number"),
        ('mine = "log(-2)"', r"mine: log\(-2\) is zero, or no real number"),
        ('mine = "pi - pi"', r"mine: pi - pi is zero, or no real number"),
        ('mine = "2*pi + 1"', r"mine: 2\*pi \+ 1 is a simple form of pi, and these are searched already"),
        ('a = "log(17)"\nmine = "5/a"', r"line 3: mine: 5/a is a simple form of a"),
        ('mine = "sqrt(1, 2)"', r"mine: 'sqrt\(1, 2\)': sqrt at character 1 takes 1 argument, not 2"),
        ('mine = "sqrt"', r"sqrt at character 1 needs arguments"),
        ("mine = 3", r"mine: a constant is an expression in quotes"),
        ('pi = "e"', r"line 2: pi: the name is taken"),
        ('"a b" = "e^5"', r"line 2: a b: a name is a letter, then"),
        ('mine = "' + "1" * 2000 + '"', r"mine: an expression of 2000 characters; at most 1000"),
        ('mine = "' + "(" * 60 + "2" + ")" * 60 + '"', r"more than 40 brackets in each other"),
        ('mine = "__import__(1)"', r"'_' at character 1 is not part"),
    ],
)
def test_a_mistake_in_a_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_constants(file(tmp_path, "[constants]\n" + text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"mine\.toml: no constants"),
        ('[constant]\na = "pi"', r"line 1: 'constant' is not expected; there is one table"),
        ('a = "pi"', r"line 1: 'a' is not expected"),
        ("[constants", r"mine\.toml: Expected"),
    ],
)
def test_a_file_that_is_no_table_of_constants(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_constants(file(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read the constants of .*: No such file"):
        read_constants(tmp_path / "none.toml")


# Expressions


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2*3^2", 19),
        ("2^3^2", 512),
        ("-2^2", -4),
        ("2^-2", 0.25),
        ("2*-3 - -4", -2),
        ("8/4/2", 1),
        ("7 - 2 - 1", 4),
        ("0.125*8", 1),
        ("root(2, -2, 0, 1)", 2**0.5),
        ("root(1, -1, -1, 0, 1)", 1.324717957244746),
    ],
)
def test_grammar(text: str, value: float) -> None:
    assert float(value_of(parse(text), 20)) == pytest.approx(value, rel=1e-15)


NUMBERS = st.integers(1, 30).map(number) | st.sampled_from([Node("pi"), Node("e"), number(-3)])


def compound(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    pairs = st.builds(lambda sign, a, b: Node(sign, (a, b)), st.sampled_from("+-*/"), inner, inner)
    powers = st.builds(lambda a, k: Node("^", (a, number(k))), inner, st.integers(-3, 3))
    calls = st.builds(lambda f, a: Node(f, (a,)), st.sampled_from(["sin", "atan", "exp"]), inner)
    return pairs | powers | calls | inner.map(lambda a: Node("neg", (a,)))


@given(st.recursive(NUMBERS, compound, max_leaves=8))
def test_text_and_python_mean_the_expression(node: Node) -> None:
    """Brackets are where they must be, in every language that can be read back."""
    try:
        exact = value_of(node, 20)
    except UserError:
        return
    if not 1e-6 < abs(float(exact)) < 1e6:
        return
    assert value_of(parse(to_text(node)), 20).overlaps(exact)
    with mpmath.workdps(40):
        assert agrees(eval(to_python(node), {"mp": mpmath.mp}), exact.str(25, radius=False), 15)


def test_spellings() -> None:
    node = parse("-gamma(1/4)^2/(2*pi)^(3/2) + e^(2/3)")
    assert to_text(node) == "-gamma(1/4)^2/(2*pi)^(3/2) + e^(2/3)"
    assert to_latex(node) == (
        r"-\frac{{\Gamma(\frac{1}{4})}^{2}}{{\left(2 \, \pi\right)}^{\frac{3}{2}}} + {e}^{\frac{2}{3}}"
    )
    assert to_lean(node) == "-(Real.Gamma (1 / 4)) ^ 2 / (2 * Real.pi) ^ (3 / 2 : ℝ) + (Real.exp 1) ^ (2 / 3 : ℝ)"
    assert to_lean(parse("pi^-2")) == "Real.pi ^ (-2 : ℤ)"
    assert str(to_sympy(parse("2*zeta(3) - log(2)"))) == "-log(2) + 2*zeta(3)"
    assert named("mine") == Node("name", label="mine")


def test_every_word_has_every_spelling() -> None:
    for name, word in words().items():
        arguments = ["1/3", "1/4", "1/5", "1/2"][: word.arguments] if name != "acosh" else ["5"]
        node = parse(f"{name}({', '.join(arguments)})" if arguments else name)
        if name in ("polygamma",):
            node = parse("polygamma(2, 1/4)")
        exact = value_of(node, 30).str(28, radius=False)
        with mpmath.workdps(30):
            assert agrees(eval(to_python(node), {"mp": mpmath.mp}), exact, 24), name
        assert agrees(str(to_sympy(node).evalf(25)), exact, 20), name
        assert to_latex(node) and to_lean(node), name
