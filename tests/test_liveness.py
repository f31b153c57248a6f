"""Dead code: statements that no output depends on, now or in a later step."""

from __future__ import annotations

import numpy as np

from primitives.canonical import canonical
from primitives.liveness import live, without_dead_code
from primitives.packed import Shape, pack
from primitives.program import Instruction, Program, Signature
from primitives.table import ARITHMETIC
from primitives.text import format_program, parse

SIGNATURE = Signature(("x",), ("y",), ("m", "v"))
SHAPE = Shape(3, 3, 12, 8)


def alive(text):
    program = parse(text, SIGNATURE, ARITHMETIC)
    found = live(pack([program], ARITHMETIC, SHAPE), SIGNATURE, ARITHMETIC)[0]
    assert not found[len(program.instructions) :].any()
    kept = without_dead_code(program)
    assert len(kept.instructions) == found.sum()
    return found[: len(program.instructions)].tolist(), format_program(kept, ARITHMETIC)


def test_what_only_feeds_a_state_that_nobody_reads_is_dead():
    flags, text = alive("a = x * 2.0\nb = x + 3.0\nm = a + b\ny = b * b")
    assert flags == [False, True, False, True]
    assert parse(text, SIGNATURE, ARITHMETIC) == parse("b = x + 3.0\ny = b * b", SIGNATURE, ARITHMETIC)


def test_a_state_is_alive_through_another_one():
    """y reads v, v is what m was, and m adds x up: three statements, each needed, the last two only in later steps."""
    assert alive("y = x * v\nv = m + 0.0\nm = m + x")[0] == [True, True, True]


def test_a_state_that_only_feeds_itself_is_dead():
    assert alive("m = m + x\nv = m * 2.0\ny = x + 1.0")[0] == [False, False, True]


def test_random_programs_compute_the_same_without_their_dead_code():
    generator = np.random.default_rng(0)
    names = [p.name for p in ARITHMETIC]
    removed = 0
    for _ in range(300):
        n = int(generator.integers(1, 10))
        steps = []
        for i in range(n):
            args = tuple(int(v) for v in generator.integers(-3, 3 + i, 2))
            steps.append(Instruction(names[generator.integers(len(names))], args))
        results = tuple(int(v) for v in generator.integers(-3, 3 + n, 3))
        program = Program(SIGNATURE, tuple(steps), (0.5, 2.0, 3.0), results)
        kept = without_dead_code(program)
        found = live(pack([program], ARITHMETIC, SHAPE), SIGNATURE, ARITHMETIC)
        assert found.sum() == len(kept.instructions) and without_dead_code(kept) == kept
        assert canonical(kept, ARITHMETIC) == canonical(program, ARITHMETIC)
        removed += n - len(kept.instructions)
    assert removed > 300
