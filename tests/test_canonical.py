"""The canonical form: what it removes, what it may not change, and that every rule of it is an identity."""

import itertools
import random

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from primitives.canonical import Canonicalizer, canonical
from primitives.packed import Shape, pack
from primitives.program import Instruction, Program, Signature
from primitives.rules import ANYWHERE, FIXED, FOLDED, FREE, parse
from primitives.table import ARITHMETIC, REAL
from primitives.text import format_program
from primitives.text import parse as program_of

XY = Signature(("x", "y"), ("out",))
MOMENTUM = Signature(("g",), ("update",), ("m", "v"))


def written(text, primitives=REAL, signature=XY, free=False):
    """The canonical form of a text, as text."""
    program = program_of(text.replace("; ", "\n"), signature, primitives)
    return format_program(canonical(program, primitives, free), primitives).strip().replace("\n", "; ")


def key(program, primitives, free):
    size = len(program.instructions) + 2
    shape = Shape(program.n_leaves, len(program.results), size, 3 * size + len(program.results))
    keys, ok = Canonicalizer(primitives, program.signature, free)(pack([program], primitives, shape))
    assert ok[0]
    return int(keys[0])


def keys(texts, primitives=REAL, signature=XY, free=False):
    return {key(program_of(t.replace("; ", "\n"), signature, primitives), primitives, free) for t in texts}


# ---- worked examples


def test_spellings_of_one_function_have_one_form():
    assert written("out = y * x + 0 * x") == written("out = (x * y) / 1") == written("t = x * y; out = t")
    assert written("a = x + y; b = y + x; out = a * b") == "out = square(x + y)"
    assert written("out = x / sqrt(x * x)") == "out = sign(x)"
    assert written("out = (x + 2.0) + 3.0") == "out = x + 5.0"


def test_averages_of_averages_merge():
    assert written("out = interp(x, interp(x, y, 0.5), 0.5)") == "out = interp(x, y, 0.25)"


def test_dead_code_goes_through_the_state():
    lion = "update = sign(interp(g, m, 0.9)); m = interp(g, m, 0.99); "
    live = written(lion + "v = v", signature=MOMENTUM)
    assert written(lion + "v = v + g * g", signature=MOMENTUM) == live  # v only ever feeds v
    assert written(lion + "v = m * v", signature=MOMENTUM) == live
    assert written("update = sign(v); m = m + g; v = m", signature=MOMENTUM) != written(
        "update = sign(v); m = m; v = m", signature=MOMENTUM
    )  # the output reads v, v becomes m, so m is alive


def test_a_state_that_a_rule_frees_is_dead():
    form = written("update = g * (m - m) + g; m = m + g; v = v", signature=MOMENTUM)
    assert form == written("update = g; m = m; v = v", signature=MOMENTUM)


def test_free_constants_are_one_family_whatever_their_values():
    assert len(keys([f"out = x * {a} + {b}" for a in (2.0, -3.5) for b in (1.0, 7.0)], free=True)) == 1
    assert len(keys([f"out = x * {a}" for a in (2.0, -3.5)], free=False)) == 2


@pytest.mark.parametrize(
    "spellings",
    [
        ["out = (x + 2.0) * 3.0 + 1.0", "out = x * 3.0 + 7.0", "out = 4.0 - (1.5 - x) / 0.5"],
        [
            "t = x + 3.0 / x; out = 1.0 + 2.0 / (t + 4.0 + 5.0 / t)",
            "t = x + 3.0 / x; out = 1.0 - 2.0 / (4.0 + (5.0 / t + t))",
            "t = 3.0 / x + x; out = 2.0 / ((t + 5.0 / t) + 4.0) + 1.0",
        ],
        ["out = x + (y + (x + y))", "out = (x + x) + (y + y)", "out = y + (x + (y + x))"],
        ["out = x / y / x", "out = x / (y * x)"],
    ],
)
def test_spellings_of_one_family_have_one_key(spellings):
    assert len(keys(spellings, ARITHMETIC, free=True)) == 1


def test_every_use_of_a_free_constant_is_a_constant_of_its_own():
    assert len(keys(["c = 2.0; out = (x + c) * (y + c)", "out = (x + 2.0) * (y + 3.0)"], free=True)) == 1


def test_what_does_not_fit_is_not_ok():
    program = program_of("c = 2.0\nout = (x + c) * (y + c)", XY, REAL)
    packed = pack([program], REAL, Shape(2, 1, 3, 1))
    assert not Canonicalizer(REAL, XY, free_constants=True)(packed)[1][0]
    assert Canonicalizer(REAL, XY)(packed)[1][0]


def test_constants_keep_their_bits():
    minus = written("out = min(x, -0.0)")
    assert minus == "out = min(x, -0.0)" and minus != written("out = min(x, 0.0)")
    assert written("out = 1.0 / 0.0 + x").count("/") == 1  # not folded: 1/0 has no value among the reals


# ---- every rule is an identity


def value(side, bound):
    """A side of a rule in mpmath."""
    if isinstance(side, float):
        return mpmath.mpf(side)
    if isinstance(side, str):
        return bound[side]
    return REAL[REAL.index[side[0]]].high(mpmath, *(value(a, bound) for a in side[2]))


def operations(side):
    """Operations that are not arithmetic of constants, and whether a side is a constant."""
    if not isinstance(side, tuple):
        return 0, isinstance(side, float) or side in "cdk"
    below = [operations(a) for a in side[2]]
    constant = all(c for _, c in below) and side[0] in FOLDED
    return sum(n for n, _ in below) + (not constant), constant


@pytest.mark.parametrize("rule", [line for line in (ANYWHERE + FIXED + FREE).splitlines() if line])
def test_a_rule_is_an_identity_and_adds_nothing(rule):
    left, right, _ = parse(rule)
    assert operations(right)[0] <= operations(left)[0]
    generator, seen = random.Random(rule), 0
    with mpmath.workdps(60):
        for _ in range(20):
            bound = {name: mpmath.mpf(generator.uniform(-4, 4)) for name in "uvwcdk"}
            a, b = value(left, bound), value(right, bound)
            if mpmath.isfinite(a) and not isinstance(a, mpmath.mpc):
                assert abs(a - b) <= mpmath.mpf(10) ** -40 * (1 + abs(a))
                seen += 1
    assert seen > 5


# ---- laws


@st.composite
def programs(draw, primitives, signature, most=10):
    """Programs with repeats, dead code and values of all kinds."""
    n = len(signature.leaves)
    constants = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, -1.5, 0.75, 3.0]), min_size=1, max_size=4))
    instructions = []
    for i in range(draw(st.integers(0, most))):
        p = draw(st.sampled_from(primitives.primitives))
        args = draw(st.tuples(*[st.integers(-len(constants), n + i - 1)] * p.arity))
        instructions.append(Instruction(p.name, args))
    results = draw(st.tuples(*[st.integers(-1, n + len(instructions) - 1)] * len(signature.results)))
    return Program(signature, tuple(instructions), tuple(constants), results)


def high(program, primitives, leaves):
    """All results in mpmath; None where a value that they need is not a finite real."""
    values = [mpmath.mpf(x) for x in leaves]
    constants = [mpmath.mpf(c) for c in program.constants]
    for ins in program.instructions:
        args = [values[a] if a >= 0 else constants[-1 - a] for a in ins.args]
        try:
            result = None if None in args else primitives[primitives.index[ins.op]].high(mpmath, *args)
        except (ValueError, ZeroDivisionError, OverflowError, NotImplementedError):
            result = None
        if isinstance(result, mpmath.mpc) or result is None or not mpmath.isfinite(result) or abs(result) > 1e6:
            result = None
        values.append(result)
    return [values[v] if v >= 0 else constants[-1 - v] for v in program.results]


CASES = pytest.mark.parametrize(
    ("primitives", "signature", "free"),
    [(REAL, XY, False), (REAL, XY, True), (ARITHMETIC, XY, False), (ARITHMETIC, XY, True), (REAL, MOMENTUM, False)],
    ids=["real", "real-free", "arithmetic", "arithmetic-free", "state"],
)


@CASES
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_meaning_stays(primitives, signature, free, data):
    program = data.draw(programs(primitives, signature))
    form = canonical(program, primitives, free)
    outputs = len(signature.outputs)
    with mpmath.workdps(40):
        for leaves in ((0.7, 1.9, 0.4), (-2.3, 0.6, 1.1)):
            before, after = (high(p, primitives, leaves[: program.n_leaves]) for p in (program, form))
            for a, b in zip(before[:outputs], after[:outputs], strict=True):
                if a is not None and b is not None:  # constants are folded in binary64
                    assert abs(a - b) <= 1e-9 * (1 + abs(a)) or _unstable(program, primitives, leaves)


def _unstable(program, primitives, leaves):
    """Whether the last bits of a constant change the result: a step, or a cancellation."""
    moved = Program(
        program.signature, program.instructions, tuple(c * (1 + 1e-12) for c in program.constants), program.results
    )
    a, b = (high(p, primitives, leaves[: program.n_leaves]) for p in (program, moved))
    return any(x is None or y is None or abs(x - y) > 1e-10 * (1 + abs(x)) for x, y in zip(a, b, strict=True))


@CASES
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_form_of_a_form_is_itself_and_no_longer(primitives, signature, free, data):
    program = data.draw(programs(primitives, signature))
    form = canonical(program, primitives, free)
    assert canonical(form, primitives, free) == form
    assert key(form, primitives, free) == key(program, primitives, free)
    assert len(form.instructions) <= len(program.instructions)


@CASES
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_spelling_does_not_matter(primitives, signature, free, data):
    """Dead instructions, the order of instructions and of arguments leave the key alone; so do repeats, unless every
    repeat of a constant is free to take a value of its own."""
    program = data.draw(programs(primitives, signature))
    chosen = random.Random(data.draw(st.integers(0, 99)))
    other = respelt(program, primitives, chosen, repeats=not free)
    assert key(other, primitives, free) == key(program, primitives, free)


def respelt(program, primitives, chosen, repeats):
    """Another spelling: arguments change places, and with `repeats` some values are computed anew for a reader."""
    n = program.n_leaves
    constants = program.constants
    instructions, place = [], {}

    def build(v):
        if v < n:
            return v
        if v in place and not (repeats and chosen.random() < 0.3):
            return place[v]
        ins = program.instructions[v - n]
        order = list(range(len(ins.args)))
        if primitives[primitives.index[ins.op]].commutative and chosen.random() < 0.5:
            order[:2] = 1, 0
        args = [build(ins.args[k]) for k in order]
        if chosen.random() < 0.3 and len(instructions) < 200:
            instructions.append(Instruction("add", (0, 0)))  # dead
        instructions.append(Instruction(ins.op, tuple(args)))
        place[v] = n + len(instructions) - 1
        return place[v]

    results = tuple(build(v) for v in program.results)
    return Program(program.signature, tuple(instructions), constants, results)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_values_of_free_constants_do_not_matter(data):
    program = data.draw(programs(ARITHMETIC, XY))
    constants = data.draw(st.tuples(*[st.floats(0.5, 2.0)] * len(program.constants)))
    other = Program(program.signature, program.instructions, constants, program.results)
    assert key(other, ARITHMETIC, True) == key(program, ARITHMETIC, True)


def test_the_form_does_not_depend_on_the_batch():
    texts = ["out = x + y * x", "out = (x + 1.0) * (y + 1.0)", "out = log(exp(x)) - y"]
    shape = Shape(2, 1, 8, 8)
    alone = [Canonicalizer(REAL, XY)(pack([program_of(t, XY, REAL)], REAL, shape))[0][0] for t in texts]
    for order in itertools.permutations(range(3)):
        batch = pack([program_of(texts[i], XY, REAL) for i in order], REAL, shape)
        assert np.array_equal(Canonicalizer(REAL, XY)(batch)[0], [alone[i] for i in order])
