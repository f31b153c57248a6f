"""Every evaluator passes one battery; an evaluator of yours joins with four lines like these."""

from __future__ import annotations

import numpy as np
import pytest

from primitives.evaluators import Evaluator
from primitives.evaluators.codegen import cache_folder, kernels, source
from primitives.evaluators.conformance import EvaluatorConformance, random_programs
from primitives.evaluators.intrinsics import FOLD
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.evaluators.reference import ReferenceEvaluator
from primitives.hero import HERO
from primitives.images import LAYERS, POINTWISE
from primitives.packed import Shape, pack
from primitives.primitive import PrimitiveSet
from primitives.program import Instruction, Program, Signature
from primitives.table import ARITHMETIC, REAL
from primitives.text import parse


class TestReference64(EvaluatorConformance):
    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        return ReferenceEvaluator(primitives)


class TestNumba64(EvaluatorConformance):
    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        return NumbaEvaluator(primitives, "float64")


class TestNumba32(EvaluatorConformance):
    dtype = "float32"

    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        return NumbaEvaluator(primitives, "float32")


class TestHeroReference64(TestReference64):
    primitives = HERO


class TestHeroNumba64(TestNumba64):
    primitives = HERO


class TestHeroNumba32(TestNumba32):
    primitives = HERO


class TestPointwiseNumba64(TestNumba64):
    primitives = POINTWISE


class TestPointwiseNumba32(TestNumba32):
    primitives = POINTWISE


class TestLayersReference64(TestReference64):
    primitives = LAYERS


class TestLayersReference32(EvaluatorConformance):
    dtype = "float32"
    primitives = LAYERS

    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        return ReferenceEvaluator(primitives, "float32")


def test_what_averages_over_images_is_not_compiled() -> None:
    for dtype in ("float32", "float64"):
        with pytest.raises(
            ValueError, match="mean_batch has no compiled form: averages over axes of a batch of images"
        ):
            NumbaEvaluator(LAYERS, dtype)
    assert POINTWISE.compiles and not LAYERS.compiles


def test_a_worked_example() -> None:
    """x * y + 2, on three rows, and its mean squared error against a target."""
    program = Program(
        Signature(("x", "y"), ("z",)), (Instruction("mul", (0, 1)), Instruction("add", (2, -1))), (2.0,), (3,)
    )
    packed = pack([program], ARITHMETIC, Shape(n_leaves=2, n_results=1, instructions=4, constants=2))
    leaves = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    evaluator = NumbaEvaluator(ARITHMETIC, "float64")
    assert evaluator.outputs(packed, leaves).tolist() == [[[12.0, 42.0, 92.0]]]
    assert evaluator.loss(packed, leaves, np.array([12.0, 42.0, 95.0])).tolist() == [3.0]


def test_reductions_are_of_one_tensor_or_of_all() -> None:
    """Rows 0 and 1 are one tensor, row 2 another."""
    packed = pack(
        [parse("y = norm(x)\nz = global_norm(x)", Signature(("x",), ("y", "z")), HERO)], HERO, Shape(1, 2, 2, 0)
    )
    evaluator = NumbaEvaluator(HERO, "float64")
    got = evaluator.outputs(packed, np.array([[3.0, 4.0, 12.0]]), np.array([0, 2, 3]))[0]
    assert got.tolist() == [[5.0, 5.0, 12.0], [13.0, 13.0, 13.0]]
    with pytest.raises(ValueError, match="do not cover 3 rows"):
        evaluator.outputs(packed, np.ones((1, 3)), np.array([0, 2]))


def test_nothing_divided_by_nothing_is_nothing() -> None:
    """Hero's division and its logarithms are decided where the usual ones fail."""
    program = parse("y = x / x\nz = log(x)", Signature(("x",), ("y", "z")), HERO)
    got = NumbaEvaluator(HERO).outputs(pack([program], HERO, Shape(1, 2, 2, 0)), np.array([[0.0, -0.0, -1.0, 2.0]]))[0]
    assert got[0].tolist() == [0, 0, 1, 1] and got[1, :3].tolist() == [-np.inf, -np.inf, 0]


@pytest.mark.parametrize("n", [1, 65, 1000, 6416])
@pytest.mark.parametrize("text", ["m = interp(g, m, 0.9)\nu = sign(m) * pi()", "m = m + clip(g, 0.5)\nu = m / norm(m)"])
def test_a_program_runs_step_after_step(n: int, text: str) -> None:
    """`advance` in compiled code, on a state of its own, is what the evaluator computes; blocks do not show."""
    signature = Signature(("g",), ("u",), ("m",))
    packed = pack([parse(text, signature, HERO)] * 2, HERO, Shape(2, 2, 6, 3))
    segments = np.array([0, n // 3, n])
    gradients = np.random.default_rng(n).normal(size=(3, n)).astype(np.float32)
    single = kernels(HERO, "float32")
    stride = -(-n // FOLD) * FOLD + single.PAD
    tape, immediate = np.zeros(5 * 22, np.int32), np.zeros(22, np.float32)
    where, alive = np.zeros(11, np.int32), np.zeros(11, np.int32)
    w, out = single.workspace(2 + 1 + 6 + 4, stride), np.zeros((2, n), np.float32)
    end = single.translate_program(
        packed.code, packed.length, packed.const, packed.results, 1, 2, stride, tape, immediate, where, alive,
        np.zeros(18, np.int32), np.zeros(10, np.int32),
    )  # fmt: skip
    state = np.zeros(n, np.float32)
    for g in gradients:
        w[:n], w[stride : stride + n] = g, state
        single.advance(tape, immediate, end, w, n, segments, out)
        wanted = NumbaEvaluator(HERO).outputs(packed[1:], np.array([g, state]), segments)[0]
        assert np.array_equal(out, wanted) and np.isfinite(out).all() and out[0].any()
        state = out[1].copy()


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(0)
    packed = random_programs(REAL, 100, Shape(2, 2, 10, 2), rng)
    leaves = rng.normal(size=(2, 100))
    one, two = (NumbaEvaluator(REAL, "float64", threads=n) for n in (1, 2))
    assert np.array_equal(one.outputs(packed, leaves), two.outputs(packed, leaves), equal_nan=True)
    assert np.array_equal(one.loss(packed, leaves, leaves[0]), two.loss(packed, leaves, leaves[0]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_angles_beside_infinities_and_small_ones(dtype: str) -> None:
    """Few rows take the long way to a sine; which do depends on no other row, and it changes none."""
    sets = REAL.subset("sin", "cos", "tan")
    x = np.linspace(-3, 3, 150).astype(dtype)
    x[[3, 40, 41, 149]] = 1e30, -7e5, np.finfo(dtype).max, 1e16
    x[[4, 60, 140]] = np.inf, np.nan, -np.inf
    evaluator = NumbaEvaluator(sets, dtype)
    for primitive in sets:
        program = Program(Signature(("x",), ("y",)), (Instruction(primitive.name, (0,)),), (), (1,))
        packed = pack([program], sets, Shape(1, 1, 1, 0))
        got = evaluator.outputs(packed, x[None])[0, 0]
        alone = [evaluator.outputs(packed, x[None, i : i + 1])[0, 0, 0] for i in range(x.size)]
        assert np.array_equal(got, alone, equal_nan=True)
        with np.errstate(invalid="ignore"):
            assert np.allclose(got, primitive.numpy(x.astype(float)), rtol=1e-5, atol=1e-6, equal_nan=True)


def test_wrong_shapes_are_told_apart() -> None:
    packed = random_programs(ARITHMETIC, 3, Shape(2, 1, 4, 1), np.random.default_rng(0))
    evaluator = NumbaEvaluator(ARITHMETIC, "float64")
    with pytest.raises(ValueError, match="one row per leaf"):
        evaluator.outputs(packed, np.zeros(5))
    with pytest.raises(ValueError, match="target has shape"):
        evaluator.loss(packed, np.zeros((2, 5)), np.zeros(4))
    with pytest.raises(ValueError, match="float16"):
        NumbaEvaluator(ARITHMETIC, "float16")
    with pytest.raises(ValueError, match="at least one thread"):
        NumbaEvaluator(ARITHMETIC, threads=0)


@pytest.mark.parametrize("maker", [ReferenceEvaluator, NumbaEvaluator])
@pytest.mark.parametrize(
    ("field", "cell", "value", "what"),
    [
        ("code", (0, 1), 6, "reads beyond"),  # 2 leaves and 4 instructions: values 0 to 5
        ("code", (0, 1), -2, "1 constants"),
        ("results", 0, 6, "reads beyond"),
        ("results", 0, -2, "reads beyond"),
        ("code", (0, 0), 4, "opcode that this set of 4 primitives lacks"),
        ("code", (0, 0), -1, "opcode"),
        ("length", (), 5, "room for"),
    ],
)
def test_a_batch_that_would_read_foreign_memory_is_refused(maker, field, cell, value, what) -> None:
    packed = random_programs(ARITHMETIC, 3, Shape(2, 1, 4, 1), np.random.default_rng(0))
    cell = (1, *cell) if isinstance(cell, tuple) else (1, cell)
    getattr(packed, field)[cell] = value
    with pytest.raises(ValueError, match=what):
        maker(ARITHMETIC, "float64").outputs(packed, np.zeros((2, 5)))


@pytest.mark.parametrize("primitives", [REAL, HERO, POINTWISE], ids=["real", "hero", "pointwise"])
def test_scalar_kernels_are_the_primitives_and_their_derivatives(primitives: PrimitiveSet) -> None:
    """`apply_scalar` agrees with the evaluator; `gradient` with a central difference. Reductions are of one element."""
    scalar = kernels(primitives, "float64")
    for opcode, primitive in enumerate(primitives):
        at = [low + (0.7 - 0.1 * k) * (high - low) for k, (low, high) in enumerate(primitive.domain)]
        padded = [*at, 0.0, 0.0, 0.0][:3]
        value = scalar.apply_scalar(opcode, *padded)
        whole = {"segments": np.array([0, 1])} if primitive.over else {}
        assert value == pytest.approx(float(primitive.numpy(*np.array(at)[:, None], **whole).flat[0]), rel=1e-14)
        for slot in range(primitive.arity):
            got = scalar.gradient(opcode, slot, *padded, value)
            if not primitive.gradient:
                assert np.isnan(got)
                continue
            step = 1e-6 * max(1.0, abs(at[slot]))
            ends = []
            for sign in (1, -1):
                moved = list(padded)
                moved[slot] += sign * step
                ends.append(scalar.apply_scalar(opcode, *moved))
            assert got == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-7), (primitive.name, slot)


def test_no_code_is_imported_from_a_folder_that_others_may_have_filled(tmp_path, monkeypatch) -> None:
    """Without a home the folder is a temporary one; a guessable name is used only if nobody else can write there."""
    monkeypatch.delenv("DISCOVER_CACHE", raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = cache_folder()
    assert folder == cache_folder() and folder.parent == tmp_path and folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    other = cache_folder()
    assert other != folder and other == cache_folder() and other.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    assert cache_folder() == other


def test_a_kernel_module_is_named_by_what_it_depends_on(tmp_path, monkeypatch) -> None:
    """Another primitive set is another file; the folder follows $DISCOVER_CACHE."""
    monkeypatch.setenv("DISCOVER_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "kernels"
    small, smaller = (kernels(REAL.subset(*names), "float64") for names in (("add", "exp"), ("exp",)))
    assert small.__file__ != smaller.__file__
    assert small.__file__ and small.__file__.startswith(str(tmp_path))
    with open(small.__file__) as file:
        assert file.read().rstrip() == source(REAL.subset("add", "exp"), "float64").rstrip()
