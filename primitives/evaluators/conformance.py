"""The battery that every evaluator passes. Subclass it, name a maker, and let any test runner call its methods.

    class TestMine(EvaluatorConformance):
        dtype = "float32"
        def evaluator(self, primitives):
            return MyEvaluator(primitives, self.dtype)

It needs NumPy and mpmath alone; a failure is an AssertionError that names the primitive and the arguments.
"""

from __future__ import annotations

import math
from itertools import pairwise, product
from typing import Any

import numpy as np

from primitives.evaluators import Evaluator
from primitives.evaluators.reference import ReferenceEvaluator
from primitives.packed import Packed, Shape, pack
from primitives.primitive import AXES, Primitive, PrimitiveSet
from primitives.program import Instruction, Program, Signature
from primitives.table import REAL

# Primitives that IEEE 754 rounds correctly: programs of them agree to the bit with NumPy in the same dtype.
EXACT = ("add", "sub", "mul", "div", "neg", "abs", "square", "sqrt", "reciprocal", "sign", "round")
EITHER_ZERO = ("min", "max", "sin", "tan")  # the sign of a zero result is free


def random_programs(
    primitives: PrimitiveSet, size: int, shape: Shape, rng: np.random.Generator, reductions: bool = True
) -> Packed:
    """Programs of random length, arguments and constants; result 0 is the last instruction, if there is one."""
    opcodes = [opcode for opcode, p in enumerate(primitives) if reductions or not p.over]
    out = Packed.empty(size, shape)
    out.length[:] = rng.integers(0, shape.instructions + 1, size)
    out.n_const[:] = shape.constants
    out.const[:] = rng.normal(size=out.const.shape) * 2
    for p in range(size):
        length = int(out.length[p])
        for i in range(length):
            op = opcodes[int(rng.integers(len(opcodes)))]
            out.code[p, i, 0] = op
            for k in range(primitives[op].arity):
                out.code[p, i, 1 + k] = rng.integers(-shape.constants, shape.n_leaves + i)
        out.results[p] = rng.integers(-shape.constants, shape.n_leaves + length, shape.n_results)
        if length:
            out.results[p, 0] = shape.n_leaves + length - 1
    return out


def samples(primitive: Primitive, size: int, dtype: str, rng: np.random.Generator) -> np.ndarray:
    """Arguments in the primitive's domain, dense near zero and one and with the ends: dtype[arity, size]."""
    if not primitive.arity:
        return np.empty((0, size), dtype)
    rows = []
    for low, high in primitive.domain:
        x = rng.uniform(low, high, size)
        small = x[: size // 4] * np.exp2(-rng.uniform(0, 18, size // 4))
        x[: size // 4] = np.clip(small, low, high)
        near = slice(size // 4, size // 3)
        x[near] = np.clip(1 + rng.uniform(-0.3, 0.3, x[near].size), low, high)
        rows.append(x)
    corners = np.array(list(product(*((low, high) for low, high in primitive.domain)))).T
    return np.hstack([corners, np.array(rows)]).astype(dtype)


def parts(primitive: Primitive, segments: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    """The rows of every number that a reduction makes: those of a tensor, all, or those of one statistic of images."""
    rows = np.arange(segments[-1])
    if primitive.over == "leaf":
        return [rows[a:b] for a, b in pairwise(segments.tolist()) if a < b]
    if primitive.over == "tree":
        return [rows]
    kept = [k for k, axis in enumerate(AXES) if axis not in primitive.over]
    array = np.moveaxis(rows.reshape(shape), kept, range(len(kept)))
    return list(array.reshape(math.prod(array.shape[: len(kept)]), -1))


def exact(
    primitive: Primitive, arguments: np.ndarray, segments: np.ndarray, mp: Any, shape: tuple[int, ...] = ()
) -> list[Any]:
    """What a primitive is on the rows of arguments[arity, N], in mpmath. See `Evaluator.outputs`."""
    columns = [[mp.mpf(a) for a in column] for column in arguments.T.tolist()]
    if not primitive.over:
        return [primitive.high(mp, *column) for column in columns]
    out = [mp.nan] * len(columns)
    for part in parts(primitive, segments, shape):
        found = primitive.high(mp, *(list(row) for row in zip(*(columns[i] for i in part), strict=True)))
        for i, value in zip(part, found, strict=True):
            out[i] = value
    return out


def ulps(got: float, exact: Any, dtype: str, mp: Any) -> float:
    """Distance of a finite number from the exact value, in units of the exact value's last place in dtype."""
    info = np.finfo(dtype)
    exponent = mp.frexp(exact)[1] - 1 if exact != 0 else info.minexp
    return float(abs(mp.mpf(got) - exact) / mp.mpf(2) ** (max(exponent, info.minexp) - info.nmant))


def _rows(primitive: Primitive, n: int) -> tuple[int, ...]:
    """The shape of a batch of images in which each of n rows is a statistic of its own."""
    first = next((k for k, axis in enumerate(AXES) if axis not in primitive.over), 0)
    return tuple(n if k == first else 1 for k in range(len(AXES)))


class EvaluatorConformance:
    """The tests. `evaluator` is yours to define; `dtype` is what it computes in."""

    dtype = "float64"
    primitives: PrimitiveSet = REAL
    programs: int = 300  # random ones a test, at most: fewer where an evaluator is slow
    inexact: tuple[str, ...] = ()  # primitives of EXACT that a library gets within .55 units only: no fault of yours

    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        """The evaluator under test."""
        raise NotImplementedError

    def _apply(
        self,
        primitive: Primitive,
        arguments: np.ndarray,
        segments: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """One primitive on the rows of arguments[arity, N]."""
        subset = self.primitives
        leaves = tuple(f"x{k}" for k in range(primitive.arity))
        program = Program(
            Signature(leaves, ("y",)), (Instruction(primitive.name, tuple(range(primitive.arity))),), (), (len(leaves),)
        )
        packed = pack([program], subset, Shape(len(leaves), 1, 1, 0))
        return np.asarray(self.evaluator(subset).outputs(packed, arguments, segments, shape)[0, 0])

    def _numpy(self, primitive: Primitive, arguments: np.ndarray, alone: bool = False) -> np.ndarray:
        """The same by the table's own definition; reductions of all rows together, or of each row alone."""
        n = arguments.shape[1]
        if primitive.over in ("", "leaf", "tree"):
            where: dict[str, Any] = (
                {"segments": np.arange(n + 1) if alone else np.array([0, n])} if primitive.over else {}
            )
        else:
            where = {"shape": _rows(primitive, n) if alone else (1, 1, 1, 1, n)}
        with np.errstate(all="ignore"):
            value = np.asarray(primitive.numpy(*arguments, **where), self.dtype)
        return np.broadcast_to(value, n)

    def _images(self) -> list[Primitive]:
        """The primitives that reduce over axes of a batch of images."""
        return [p for p in self.primitives if p.over not in ("", "leaf", "tree")]

    def _assert_accurate(
        self, primitive: Primitive, x: np.ndarray, segments: np.ndarray, shape: tuple[int, ...]
    ) -> None:
        """Within `Primitive.ulp` of the exact value."""
        import mpmath as mp

        most = max(0.55, primitive.ulp) if primitive.name in self.inexact else primitive.ulp
        got = self._apply(primitive, x, segments, shape)
        with mp.workprec(160):
            wanted = exact(primitive, x, segments, mp, shape)
            for arguments, value, true in zip(x.T.tolist(), got.tolist(), wanted, strict=True):
                if mp.isinf(true):
                    assert value == float(true), (primitive.name, arguments, value)
                    continue
                error = ulps(value, true, self.dtype, mp)
                assert error <= most, (primitive.name, shape, arguments, value, f"{error:.2f} ulp")

    def test_every_primitive_is_as_accurate_as_declared(self) -> None:
        """On the primitive's domain; reductions over several tensors, or over statistics of several images."""
        for primitive in self.primitives:
            x = samples(primitive, 400, self.dtype, np.random.default_rng(1))[:, :400]
            self._assert_accurate(primitive, x, np.array([0, 1, 71, 71, 200, 400]), (5, 2, 2, 5, 4))

    def test_special_values(self) -> None:
        """NaN, infinities, signed zeros, subnormals and huge numbers behave as in NumPy of the same dtype.

        A subnormal argument may be taken for zero, and a result near or below the least normal number may be zero.
        """
        info = np.finfo(self.dtype)
        tiny, huge = float(info.tiny), float(info.max)
        special = [np.nan, np.inf, -np.inf, 0.0, -0.0, tiny / 4, -tiny / 4, huge, -huge, 1.0, -1.0, 0.5, -2.5, 1e6]
        for primitive in self.primitives:
            if not primitive.arity:
                continue
            choice = special if primitive.arity < 3 else special[:4] + special[9:12]
            x = np.array(list(product(choice, repeat=primitive.arity))).T.astype(self.dtype)
            flushed = np.where(np.abs(x) < info.tiny, np.copysign(0, x), x).astype(self.dtype)
            n = x.shape[1]  # each row is a tensor, or a statistic
            if primitive.over == "tree":
                got = np.hstack([self._apply(primitive, x[:, i : i + 1]) for i in range(n)])
                wanted = [np.hstack([self._numpy(primitive, a[:, i : i + 1]) for i in range(n)]) for a in (x, flushed)]
            else:
                got = self._apply(primitive, x, np.arange(n + 1), _rows(primitive, n))
                wanted = [self._numpy(primitive, a, alone=True) for a in (x, flushed)]
            ok = np.zeros(got.shape, bool)
            for y in wanted:
                with np.errstate(all="ignore"):
                    close = np.abs(got - y) <= 1e-5 * np.abs(y) + 2 * tiny
                other_zero = (y == 0) & (got == 0) & (np.signbit(y) != np.signbit(got))
                if primitive.name in EITHER_ZERO:
                    other_zero[:] = False
                ok |= (np.isnan(y) & np.isnan(got)) | (((got == y) | (close & np.isfinite(y))) & ~other_zero)
            bad = np.flatnonzero(~ok)
            assert not bad.size, (primitive.name, x[:, bad[0]].tolist(), float(got[bad[0]]), float(wanted[0][bad[0]]))

    def test_leaves_constants_and_empty_programs_are_results(self) -> None:
        """A result may be a leaf or a constant, and a program may have no instruction, or no leaf."""
        one = self.primitives[0]
        signature = Signature(("x", "y"), ("a", "b", "c"))
        programs = [
            Program(signature, (), (), (1, 0, 1)),
            Program(signature, (), (2.5, -0.0), (-1, 0, -2)),
            Program(signature, (Instruction(one.name, (0,) * one.arity),), (4.0,), (2, -1, 2)),
        ]
        packed = pack(programs, self.primitives, Shape(2, 3, 2, 2))
        leaves = np.arange(10.0).reshape(2, 5)
        out = self.evaluator(self.primitives).outputs(packed, leaves)
        assert out.shape == (3, 3, 5) and out.dtype == self.dtype
        assert np.array_equal(out[0], leaves[[1, 0, 1]])
        assert np.array_equal(out[1], [[2.5] * 5, leaves[0], [-0.0] * 5]) and np.signbit(out[1, 2]).all()
        assert np.array_equal(out[2, 0], out[2, 2]) and np.array_equal(out[2, 1], [4.0] * 5)
        nothing = self.evaluator(self.primitives).outputs(packed[:0], leaves)
        assert nothing.shape == (0, 3, 5)

    def test_constants_in_every_slot(self) -> None:
        """A constant argument gives what a leaf of that value gives, to the bit, in every pattern of constants."""
        for primitive in self.primitives:
            arity = primitive.arity
            x = samples(primitive, 20, self.dtype, np.random.default_rng(2))
            signature = Signature(tuple(f"x{k}" for k in range(arity)), ("y",))
            for mask in product((False, True), repeat=arity):
                constants = tuple(float(x[k, 0]) for k in range(arity))
                arguments = tuple(-1 - k if fixed else k for k, fixed in enumerate(mask))
                program = Program(signature, (Instruction(primitive.name, arguments),), constants, (arity,))
                packed = pack([program], self.primitives, Shape(arity, 1, 1, arity))
                got = self.evaluator(self.primitives).outputs(packed, x)[0, 0]
                same = x.copy()
                for k, fixed in enumerate(mask):
                    same[k] = x[k, 0] if fixed else x[k]
                assert np.array_equal(got, self._apply(primitive, same)), (primitive.name, mask)

    def test_shared_values(self) -> None:
        """A value read often, long after it was made, and twice by one instruction, is still there."""
        add, mul = (Instruction(n, a) for n, a in (("add", (0, 0)), ("mul", (1, 1))))
        chain = [add, mul] + [Instruction("sub", (1 + i, 1)) for i in range(1, 12)] + [Instruction("add", (2, 13))]
        program = Program(Signature(("x",), ("y", "z")), tuple(chain), (), (len(chain), 2))
        packed = pack([program], self.primitives, Shape(1, 2, 20, 0))
        x = np.arange(1.0, 5.0)[None]
        out = self.evaluator(self.primitives).outputs(packed, x)[0]
        two, four = 2 * x[0], 4 * x[0] ** 2
        assert np.array_equal(out[1], four)
        assert np.array_equal(out[0], four + (four - 11 * two))

    def test_exact_programs_agree_to_the_bit(self) -> None:
        """Programs of correctly rounded operations equal NumPy's: nothing is reassociated or fused."""
        subset = self.primitives.subset(*(n for n in EXACT if n in self.primitives.index and n not in self.inexact))
        rng = np.random.default_rng(3)
        packed = random_programs(subset, min(300, self.programs), Shape(3, 2, 15, 3), rng)
        leaves = rng.normal(size=(3, 50)).astype(self.dtype)
        got = self.evaluator(subset).outputs(packed, leaves)
        wanted = ReferenceEvaluator(subset, self.dtype).outputs(packed, leaves)
        wrong = np.flatnonzero(~((got == wanted) | (np.isnan(got) & np.isnan(wanted))).all(axis=(1, 2)))
        assert not wrong.size, f"program {wrong[0]} differs"

    def test_random_programs_agree_with_the_reference(self) -> None:
        """All primitives, 300 programs: 98 % of rows agree to 1e-3 (float32) or 1e-8 (float64).

        The rest is conditioning: sin of a large number magnifies the last bit of its argument.
        """
        rng = np.random.default_rng(4)
        packed = random_programs(self.primitives, min(300, self.programs), Shape(3, 2, 12, 3), rng)
        leaves, shape = rng.normal(size=(3, 40)).astype(self.dtype), (2, 2, 1, 2, 5)
        got = self.evaluator(self.primitives).outputs(packed, leaves, shape=shape)
        wanted = ReferenceEvaluator(self.primitives).outputs(packed, leaves, shape=shape)
        tolerance = 1e-3 if self.dtype == "float32" else 1e-8
        with np.errstate(all="ignore"):
            wanted = wanted.astype(self.dtype)
            agree = np.isclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
        assert agree.mean() >= 0.98, agree.mean()

    def test_a_row_depends_on_nothing_but_itself(self) -> None:
        """1, 7, 64 and 1,000 rows, one program or many: the same bits."""
        rng = np.random.default_rng(5)
        packed = random_programs(self.primitives, min(70, self.programs), Shape(2, 1, 10, 2), rng, reductions=False)
        leaves = (rng.normal(size=(2, 1000)) * 100).astype(self.dtype)
        evaluator = self.evaluator(self.primitives)
        whole = evaluator.outputs(packed, leaves)
        for n in (1, 7, 64):
            assert np.array_equal(evaluator.outputs(packed, leaves[:, :n]), whole[:, :, :n], equal_nan=True), n
        assert np.array_equal(evaluator.outputs(packed[3:5], leaves), whole[3:5], equal_nan=True)

    def test_a_tensor_depends_on_nothing_but_itself(self) -> None:
        """Reductions over leaves give a tensor what they give it alone, to the bit; those over the tree do not."""
        rng = np.random.default_rng(7)
        segments = np.array([0, 64, 65, 65, 300])
        for primitive in self.primitives:
            if primitive.over not in ("leaf", "tree"):
                continue
            x = samples(primitive, 300, self.dtype, rng)[:, :300]
            together = self._apply(primitive, x, segments)
            alone = [self._apply(primitive, x[:, a:b]) for a, b in pairwise(segments.tolist()) if a < b]
            assert np.array_equal(together, np.hstack(alone)) == (primitive.over == "leaf"), primitive.name
            assert np.array_equal(together, self._apply(primitive, x)) == (primitive.over == "tree"), primitive.name

    def test_images_of_any_shape(self) -> None:
        """One image, one channel, one group, one pixel: moments are accurate, of constant, tiny and huge images too.

        Deviations from the mean of huge numbers are as good as the mean is; float64 cannot hold squares beyond 1e154.
        """
        rng = np.random.default_rng(8)
        for primitive, shape in product(
            self._images(), [(1, 2, 3, 2, 4), (3, 1, 1, 4, 4), (2, 1, 5, 3, 2), (7, 3, 2, 1, 1)]
        ):
            n = math.prod(shape)
            whole = np.array([0, n])
            for size in (1.0, 1e-30, 1e30):
                x = samples(primitive, n, self.dtype, rng)[:, -n:] * np.array(size, self.dtype)
                self._assert_accurate(primitive, x, whole, shape)
                flat = np.full((1, n), 3.7 * size, self.dtype)
                if not (primitive.name.startswith("std") and size > 1):
                    self._assert_accurate(primitive, flat, whole, shape)
                else:
                    assert (self._apply(primitive, flat, whole, shape) < 1e-14 * flat).all(), (primitive.name, shape)

    def test_a_statistic_depends_on_nothing_but_itself(self) -> None:
        """Other numbers elsewhere change no bit of it; a NaN stays in it; it is one number."""
        rng, shape = np.random.default_rng(9), (3, 2, 2, 2, 4)
        n = math.prod(shape)
        for primitive in self._images():
            x = samples(primitive, n, self.dtype, rng)[:, -n:]
            before = self._apply(primitive, x, shape=shape)
            for part in parts(primitive, np.array([0, n]), shape)[:3]:
                rest = np.setdiff1d(np.arange(n), part)
                assert (before[part] == before[part[0]]).all() and (before[rest] != before[part[0]]).all()
                other, spoilt = x.copy(), x.copy()
                other[:, rest] = samples(primitive, n, self.dtype, rng)[:, -len(rest) :]
                spoilt[:, part[-1]] = np.nan
                assert np.array_equal(self._apply(primitive, other, shape=shape)[part], before[part]), primitive.name
                after = self._apply(primitive, spoilt, shape=shape)
                assert np.isnan(after[part]).all() and np.array_equal(after[rest], before[rest]), primitive.name

    def test_rows_that_are_no_batch_of_images_are_refused(self) -> None:
        """Another number of elements, or of axes."""
        for primitive, shape in product(self._images()[:1], [(1, 1, 1, 2, 5), (3, 4), (12,)]):
            try:
                self._apply(primitive, np.ones((1, 12), self.dtype), shape=shape)
            except ValueError as error:
                assert "not the elements of an array" in str(error)
                continue
            assert math.prod(shape) == 12 and len(shape) == len(AXES), (primitive.name, shape)

    def test_loss_is_the_loss_of_outputs(self) -> None:
        """Mean squared error in the dtype's precision, +inf where a row is not finite, whatever the number of rows."""
        rng = np.random.default_rng(6)
        packed = random_programs(self.primitives, min(200, self.programs), Shape(3, 2, 8, 2), rng)
        evaluator = self.evaluator(self.primitives)
        for n in (1, 7, 64, 1000):
            leaves = rng.uniform(0.1, 2, size=(3, n)).astype(self.dtype)
            target = rng.normal(size=n).astype(self.dtype)
            with np.errstate(all="ignore"):
                error = (evaluator.outputs(packed, leaves)[:, 0].astype(float) - target) ** 2
            wanted = error.mean(axis=1)
            wanted[~np.isfinite(wanted)] = np.inf
            fits = error.max(axis=1) < np.finfo(self.dtype).max / 8  # squares beyond may be infinite in the dtype
            got = evaluator.loss(packed, leaves, target)
            assert got.shape == (len(packed),) and got.dtype == np.float64
            assert np.allclose(got[fits], wanted[fits], rtol=1e-5 if self.dtype == "float32" else 1e-12, atol=1e-12)
            assert not np.isnan(got).any() and np.isinf(got[np.isinf(wanted)]).all()
            assert np.array_equal(got, evaluator.loss(packed, leaves, target))
