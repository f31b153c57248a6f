"""The CUDA interpreter: its machine code, its PTX emulated, its source in Numba's simulator, and a GPU if there is one.

Minutes more with DISCOVER_FULL=1: the whole battery on the emulator, and the rest for both dtypes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

pytest.importorskip("numba_cuda")

from primitives.evaluators import Evaluator, cuda_translate
from primitives.evaluators import cuda as evaluators_cuda
from primitives.evaluators.conformance import EvaluatorConformance, random_programs
from primitives.evaluators.cuda import CudaEvaluator, compiled
from primitives.evaluators.cuda_launch import launches
from primitives.evaluators.cuda_memory import SHARED
from primitives.evaluators.cuda_tape import CONSTANT, END, LOADS, TOP, WORDS, Tapes, tapes
from primitives.evaluators.cuda_translate import Translator
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.evaluators.translate import FILL, LOSS, OPERATIONS, OUTPUT
from primitives.gpu import emulator_device
from primitives.gpu.compile import assemble, compile_for
from primitives.gpu.devices import CPU, DeviceError, resolve
from primitives.gpu.emulator_device import EmulatedEvaluator, emulated_gpu, to_device
from primitives.hero import HERO
from primitives.images import LAYERS
from primitives.packed import Packed, Shape, pack
from primitives.primitive import PrimitiveSet
from primitives.program import Program, Signature
from primitives.table import ARITHMETIC, REAL
from primitives.text import parse

FULL = bool(os.environ.get("DISCOVER_FULL"))
WITH_NORM = PrimitiveSet((*ARITHMETIC, HERO[HERO.opcode("norm")]))
in_full = pytest.mark.skipif(not FULL, reason="minutes; DISCOVER_FULL=1 runs it")
SETS = {"real": REAL, "hero": HERO}
# Registers a thread, at most. An SM has 65,536: 64 let 32 warps of 128-thread blocks live there, 72 let 28, 96 20.
REGISTERS = {("real", "float32"): 64, ("hero", "float32"): 72, ("real", "float64"): 96, ("hero", "float64"): 96}


@pytest.fixture(autouse=True, scope="module")
def compiled_once() -> Iterator[None]:
    """What is looked at is what the emulator runs."""
    once = cache(compile_for)
    with patch.object(evaluators_cuda, "compile_for", once), patch.object(emulator_device, "compile_for", once):
        yield


@pytest.mark.parametrize(("name", "dtype"), REGISTERS)
def test_kernels_compile_without_local_memory_for_a100_and_h100(name: str, dtype: str) -> None:
    """In IEEE arithmetic: nothing approximate, nothing that flushes subnormals, no product fused into a sum unasked."""
    if (name, dtype) == ("real", "float64") and not FULL:
        pytest.skip("HERO has most of these; DISCOVER_FULL=1 runs it")
    kernel = compiled(SETS[name], dtype, (8, 0), names=["evaluate"])["evaluate"]
    for made in (kernel, assemble(kernel.ptx, (9, 0))):  # PTX for the older runs on the newer
        assert made.local == 0 and made.registers <= REGISTERS[name, dtype], (made.local, made.registers)
    assert not re.findall(r"\.local|\.approx|\.ftz|\.f16", re.sub(r"_Z\w+", "", kernel.ptx))
    single = kernel.ptx.count("ld.shared.v4.f32") + kernel.ptx.count("ld.shared.v2.f64")
    assert single >= 2  # values move 16 bytes at a time


def test_an_advance_of_many_tensors_needs_no_more_registers() -> None:
    """Addresses are in shared memory."""
    small, large = (compiled(ARITHMETIC, "float32", (9, 0), n, n, ["advance"])["advance"].registers for n in (1, 8))
    assert large <= small + 4


def test_the_tape_of_a_program() -> None:
    """d = x * y is in registers when (d + 2) - d asks for it, and then again in memory; the sum is never written."""
    program = parse("d = x * y\nz = (d + 2.0) - d", Signature(("x", "y"), ("z",)), ARITHMETIC)
    made = tapes(ARITHMETIC, pack([program], ARITHMETIC, Shape(2, 1, 4, 2)), 2, "float32", OUTPUT)
    assert made.facts[0].tolist() == [2, 6, 2 << 16, 0]  # two loads, then operations up to record 6; two slots
    assert made.needs.tolist() == [[0, 2]]  # no reduction
    words = made.tape.reshape(-1, WORDS)
    assert words[:2, 0].tolist() == [0, 1]  # leaf 0 to slot 0, leaf 1 to slot 1
    operations = [(ARITHMETIC[(w[0] & 0xFFFF) - OPERATIONS].name, *w[1:3], w[0] >> 16) for w in words[2:5].tolist()]
    (mul, _, _, d), (add, top, constant, unwritten), (sub, last, again, _) = operations
    assert (mul, add, sub) == ("mul", "add", "sub")
    assert (top, constant, unwritten) == (TOP, CONSTANT, TOP) and made.immediate[3] == 2
    assert (last, again) == (TOP, d) and d in (0, 1)  # where a leaf was that nobody reads any more
    assert words[5, :2].tolist() == [OUTPUT | TOP << 16, TOP]


def test_a_chain_of_any_length_needs_one_slot() -> None:
    """Its leaf's; every result is the next one's argument."""
    text = "a0 = x * x\n" + "\n".join(f"a{i} = a{i - 1} + x" for i in range(1, 20)) + "\ny = a19 - x"
    packed = pack([parse(text, Signature(("x",), ("y",)), ARITHMETIC)], ARITHMETIC, Shape(1, 1, 30, 0))
    assert tapes(ARITHMETIC, packed, 1, "float64", OUTPUT).needs.tolist() == [[0, 1]]


class TestEmulated32(EvaluatorConformance):
    """The compiled kernels, instruction by instruction."""

    dtype = "float32"
    programs = 300 if FULL else 10

    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        return EmulatedEvaluator(primitives, self.dtype)


@in_full
class TestEmulated64(TestEmulated32):
    dtype = "float64"


@in_full
class TestHeroEmulated32(TestEmulated32):
    primitives = HERO


@in_full
class TestHeroEmulated64(TestEmulated64):
    primitives = HERO


def _gpu() -> str:
    try:
        resolve("cuda")
    except DeviceError as error:
        return str(error)
    return ""


@pytest.mark.skipif(bool(_gpu()), reason=_gpu() or "there is one")
@pytest.mark.parametrize(("name", "dtype"), REGISTERS)
def test_the_whole_battery_on_a_gpu(name: str, dtype: str) -> None:
    class Battery(EvaluatorConformance):
        primitives = SETS[name]

        def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
            return CudaEvaluator(primitives, dtype)

    battery = Battery()
    battery.dtype = dtype
    for test in dir(battery):
        if test.startswith("test_"):
            getattr(battery, test)()


def _same(got: np.ndarray, wanted: np.ndarray) -> bool:
    return bool(((got == wanted) | (np.isnan(got) & np.isnan(wanted))).all())


@pytest.mark.parametrize(("name", "dtype"), [("real", "float32"), ("hero", "float64")])
def test_results_are_the_bits_of_the_cpu(name: str, dtype: str) -> None:
    """Of random programs of all primitives that look at one row; several tiles, the last one in part."""
    rng = np.random.default_rng(0)
    packed = random_programs(SETS[name], 60, Shape(3, 2, 12, 3), rng, reductions=False)
    leaves = rng.normal(size=(3, 700)) * 10.0 ** rng.integers(-3, 9, size=700)
    got, wanted = (maker(SETS[name], dtype).outputs(packed, leaves) for maker in (EmulatedEvaluator, NumbaEvaluator))
    assert _same(got, wanted)


def test_rows_shared_out_among_blocks_give_the_same_bits() -> None:
    """10,000 rows are two parts of 8,192 rows at most; a loss does not depend on the programs beside it."""
    rng = np.random.default_rng(1)
    packed = random_programs(REAL, 4, Shape(2, 1, 8, 2), rng)
    leaves = rng.normal(size=(2, 10000)).astype(np.float32)
    evaluator = EmulatedEvaluator(REAL)
    assert _same(evaluator.outputs(packed, leaves), NumbaEvaluator(REAL).outputs(packed, leaves))
    losses = evaluator.loss(packed, leaves, leaves[0])
    assert np.array_equal(losses, [evaluator.loss(packed[p : p + 1], leaves, leaves[0])[0] for p in range(4)])
    assert np.allclose(losses, NumbaEvaluator(REAL).loss(packed, leaves, leaves[0]), rtol=1e-6)


UPDATES = (
    "m = interp(g, m, 0.9)\nu = lr * sign(m)",
    "m = m + clip(g, 0.5)\nu = m / norm(m)",
    "h = g / global_norm(g)\nm = interp(m, h * norm(m), 0.5)\nu = cosine_sim(m, g) * lr",
)


def advance_and_compare(evaluator: CudaEvaluator, n: int, on_device) -> None:
    """Three steps of five lanes of three update rules, in place: the state is its own next value, the rate of a lane
    stands in memory once. Reductions agree to 1e-6 (float32) or 1e-12, what has none to the bit."""
    dtype = evaluator.dtype
    signature = Signature(("g", "lr"), ("u",), ("m",))
    packed = pack([parse(text, signature, HERO) for text in UPDATES], HERO, Shape(3, 2, 8, 3))
    rng, which, segments = np.random.default_rng(0), np.array([2, 0, 1, 1, 2], np.int32), np.array([0, 7, 7, n - 9, n])
    cpu = NumbaEvaluator(HERO, dtype.name)
    lanes = on_device(which)
    rates = on_device(rng.random((5, 1)).astype(dtype))
    rate = np.lib.stride_tricks.as_strided(rates, (5, n), (dtype.itemsize, 0), subok=True)
    m, u = (on_device(np.asarray(a, dtype)) for a in (rng.normal(size=(5, n)), np.zeros((5, n))))
    programs = evaluator.load(packed, 3)
    for step in range(3):
        g = on_device(rng.normal(size=(5, n)).astype(dtype))
        before = np.array(m)
        evaluator.advance(programs, lanes, [g, rate, m], [u if step else None, m], segments)
        for lane, program in enumerate(which):
            leaves = np.array([g[lane], rate[lane], before[lane]])
            wanted = cpu.outputs(packed[program : program + 1], leaves, segments)[0]
            results = (np.array(u[lane]), np.array(m[lane])) if step else (wanted[0], np.array(m[lane]))
            if program == 0:
                assert np.array_equal(results, wanted)
            assert np.allclose(results, wanted, rtol=1e-6 if dtype == "float32" else 1e-12, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lanes_advance_in_the_memory_of_the_caller(dtype: str) -> None:
    if dtype == "float32" and not FULL:
        pytest.skip("one dtype is enough; DISCOVER_FULL=1 runs both")
    with emulated_gpu() as device:
        evaluator = CudaEvaluator(HERO, dtype, device)
        advance_and_compare(evaluator, 600, to_device)
        g = to_device(np.ones((5, 9), dtype))
        programs = evaluator.load(Packed.empty(1, Shape(1, 1, 2, 0)), 1)
        which = to_device(np.zeros(5, np.int32))
        with pytest.raises(ValueError, match="1 leaves and 1 results; 2 and 1 arrays"):
            evaluator.advance(programs, which, [g, g], [g], np.array([0, 9]))
        with pytest.raises(ValueError, match="do not cover 9 rows"):
            evaluator.advance(programs, which, [g], [g], np.array([0, 8]))
        with pytest.raises(ValueError, match=r"needed is one of <f"):
            evaluator.advance(programs, which, [to_device(np.ones((5, 9), np.int64))], [g], np.array([0, 9]))
        with pytest.raises(ValueError, match="shapes"):
            evaluator.advance(programs, which, [g], [to_device(np.ones((5, 8), dtype))], np.array([0, 9]))


def _used(made: Tapes, p: int) -> tuple[bytes, ...]:
    """What of a program's tape means anything."""
    records = slice(p * made.capacity, p * made.capacity + made.facts[p, END])
    words, immediate = np.asarray(made.tape).reshape(-1, WORDS)[records], np.asarray(made.immediate)[records]
    loads = made.facts[p, LOADS]
    constant = (words[loads:, 1:] & 0xFFFF == CONSTANT).any(1) | (words[loads:, 0] & 0xFFFF == FILL)
    return words[:loads, 0].tobytes(), words[loads:].tobytes(), immediate[loads:][constant].tobytes()


@pytest.mark.parametrize("constants", [0, 2])
def test_the_gpu_translates_to_the_tapes_of_the_host(constants: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal to the byte, also where a thread translates several programs; and what the interpreter makes of them."""
    rng = np.random.default_rng(constants)
    packed = random_programs(HERO, 200, Shape(3, 2, 12, constants), rng)
    monkeypatch.setattr(cuda_translate, "COLUMNS", 150)
    for ending in (LOSS, OUTPUT):
        host = tapes(HERO, packed, 3, "float64", ending)
        with emulated_gpu():
            device = Translator(HERO, "float64").on_device(packed, 3, ending)
        assert np.array_equal(device.facts, host.facts) and np.array_equal(device.needs, host.needs)
        assert all(_used(device, p) == _used(host, p) for p in range(200))
    if constants:
        leaves, evaluator = rng.normal(size=(3, 40)), EmulatedEvaluator(HERO, "float64")
        wanted = evaluator.outputs(packed[:40], leaves)
        monkeypatch.setattr(cuda_translate, "MANY", 40)
        assert _same(evaluator.outputs(packed[:40], leaves), wanted)


def test_translation_compiles_without_local_memory() -> None:
    kernel = compiled(HERO, "float64", (8, 0), names=["translate"])["translate"]
    for made in (kernel, assemble(kernel.ptx, (9, 0))):
        assert made.local == 0 and made.registers <= 128  # 512 threads an SM


WIDE = Shape(2, 1, 250, 0)


def wide(count: int, reduce: bool = False) -> Program:
    """A program that keeps so many values at once."""
    lines = ["a0 = x * y", *(f"a{i} = a{i - 1} + {'xy'[i % 2]}" for i in range(1, count)), "b0 = a0 * y"]
    lines += [f"b{i} = {'norm(b' if reduce and i == 9 else '(b'}{i - 1}) - a{i}" for i in range(1, count)]
    return parse("\n".join([*lines, f"z = b{count - 1}"]), Signature(("x", "y"), ("z",)), WITH_NORM)


def test_a_program_of_many_values_runs_in_smaller_blocks() -> None:
    """In 64 threads or 32, whatever is beside it: the bits of the CPU (sums are as near as elsewhere), in any batch."""
    rng = np.random.default_rng(3)
    x, lanes, rows = rng.normal(size=(2, 90)), np.array([1, 0, 0, 1], np.int32), np.array([0, 40, 40, 90])
    programs = [wide(60), wide(10, True), wide(25), wide(80), wide(25, True)]
    packed, of_hero = (pack(programs, primitives, WIDE) for primitives in (WITH_NORM, HERO))
    sizes = launches(tapes(WITH_NORM, packed, 2, "float64", OUTPUT), 3)
    assert [threads for threads, _ in sizes] == [128, 64, 32] and max(size for _, size in sizes) <= SHARED
    with emulated_gpu() as device:
        gpu, cpu = CudaEvaluator(WITH_NORM, "float64", device), NumbaEvaluator(HERO, "float64")
        wanted = cpu.outputs(of_hero, x, rows)
        got = gpu.outputs(packed, x, rows)
        assert np.array_equal(got[[0, 2, 3]], wanted[[0, 2, 3]])
        assert np.abs(got - wanted).max() <= 1e-12 * np.abs(wanted).max()
        each = [to_device(np.repeat(row[None], len(lanes), 0)) for row in x]
        gpu.advance(gpu.load(packed[3:], 2), to_device(lanes), each, [each[0]], rows)
        assert np.array_equal(each[0], got[3:][lanes, 0])
        losses = gpu.loss(packed, x, x[0], rows)
        assert np.allclose(losses, cpu.loss(of_hero, x, x[0], rows), rtol=1e-12)
        assert losses[2] == gpu.loss(packed[2:3], x, x[0], rows)[0]
        x = rng.normal(size=(2, 4200))  # two parts of the rows, the same as of larger blocks
        assert np.allclose(gpu.loss(packed[2:3], x, x[0]), cpu.loss(of_hero[2:3], x, x[0]), rtol=1e-12)


SIMULATED = """
import sys, warnings
import numpy as np
sys.setswitchinterval(1e-5)
warnings.simplefilter("ignore")
from primitives.evaluators.conformance import random_programs
from primitives.evaluators.cuda import CudaEvaluator
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.hero import HERO
from primitives.packed import Shape
from test_cuda_interpreter import advance_and_compare

rng = np.random.default_rng(5)
leaves, target = rng.normal(size=(3, 21)) * 10.0 ** rng.integers(-2, 8, size=21), rng.normal(size=21)
for dtype in sys.argv[1:]:
    gpu, cpu = CudaEvaluator(HERO, dtype), NumbaEvaluator(HERO, dtype)
    packed = random_programs(HERO, 40, Shape(3, 2, 12, 3), rng, reductions=False)
    assert np.array_equal(gpu.outputs(packed, leaves), cpu.outputs(packed, leaves), equal_nan=True)
    assert np.allclose(gpu.loss(packed, leaves, target), cpu.loss(packed, leaves, target), rtol=1e-5)
    packed = random_programs(HERO, 20, Shape(3, 2, 12, 3), rng)
    got, wanted = (e.outputs(packed, leaves, np.array([0, 4, 4, 21])) for e in (gpu, cpu))
    assert np.isclose(got, wanted, rtol=1e-5 if dtype == "float32" else 1e-9, equal_nan=True).mean() > 0.98
    advance_and_compare(gpu, 25, lambda a: a)
print("the same")
"""


def test_the_same_in_numbas_simulator() -> None:
    """The kernels' Python, two threads a block, one after the other."""
    here = Path(__file__).parent
    paths = os.pathsep.join((str(here.parent), str(here)))
    done = subprocess.run(
        [sys.executable, "-c", SIMULATED, "float32", *(["float64"] if FULL else [])], capture_output=True, text=True,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.stdout == "the same\n", done.stderr[-2000:]


def test_what_cannot_run_is_refused_in_a_line() -> None:
    with pytest.raises(DeviceError, match="cpu is no GPU"):
        CudaEvaluator(REAL, "float32", CPU)
    with emulated_gpu() as device:
        with pytest.raises(ValueError, match="mean_batch has no compiled form: averages over axes"):
            CudaEvaluator(LAYERS, "float32", device)
        with pytest.raises(ValueError, match="float16"):
            CudaEvaluator(REAL, "float16", device)
        evaluator = CudaEvaluator(ARITHMETIC, "float64", device)
        packed = random_programs(ARITHMETIC, 3, Shape(2, 1, 4, 1), np.random.default_rng(0))
        packed.code[1, 0, 1] = 6
        with pytest.raises(ValueError, match="reads beyond"):
            evaluator.outputs(packed, np.zeros((2, 5)))
        with pytest.raises(DeviceError, match=r"^a program keeps 1\d\d values at once .* blocks of 32 threads, .* 48;"):
            evaluator.outputs(pack([wide(120)], WITH_NORM, WIDE), np.ones((2, 4)))


def test_a_full_memory_halves_the_batch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The same results in smaller batches."""
    packed = random_programs(ARITHMETIC, 8, Shape(2, 1, 4, 1), np.random.default_rng(0))
    leaves = np.random.default_rng(1).normal(size=(2, 5))
    with emulated_gpu() as device:
        evaluator = CudaEvaluator(ARITHMETIC, "float64", device)
        prepare = evaluator.prepare

        def full(packed: Packed, *arguments):
            if len(packed) > 3:
                raise RuntimeError("CUDA_ERROR_OUT_OF_MEMORY")
            return prepare(packed, *arguments)

        monkeypatch.setattr(evaluator, "prepare", full)
        got = evaluator.outputs(packed, leaves)
    assert _same(got, NumbaEvaluator(ARITHMETIC, "float64").outputs(packed, leaves))
    assert "from here on 2 programs at a time" in capsys.readouterr().err
