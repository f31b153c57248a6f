"""Compiled kernels without a GPU: the emulator runs their PTX and agrees with Python, with NumPy and with the CPU."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba_cuda")
from numba import cuda, float32, float64, int32, int64, types

from primitives.evaluators import vecmath
from primitives.evaluators.conformance import random_programs
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.gpu.compile import Compiled, compile_for, kernel
from primitives.gpu.emulator import Emulator, EmulatorError
from primitives.gpu.emulator_device import EmulatedEvaluator, device_array, emulated_gpu, to_device
from primitives.hero import HERO
from primitives.packed import Shape
from primitives.primitive import PrimitiveSet
from primitives.table import REAL

RNG = np.random.default_rng(0)


def emulated(function: Callable[..., None], *signature: Any) -> Emulator:
    """A Python function as a kernel for an A100."""
    return Emulator(compile_for(kernel(function), signature, (8, 0)))


def text(body: str, before: str = "", arrays: int = 2) -> Emulator:
    """A kernel in PTX; %a0, %a1, ... point to this thread's 8 bytes of each array."""
    parameters = ", ".join(f".param .u64 p{k}_{part}" for k in range(arrays) for part in range(7))
    pointers = "".join(f"ld.param.u64 %a{k}, [p{k}_4]; add.s64 %a{k}, %a{k}, %rd0; " for k in range(arrays))
    ptx = f"""
    .version 9.0
    .target sm_80
    .address_size 64
    {before}
    .visible .entry hand({parameters})
    {{
        .reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<9>; .reg .b64 %rd<9>, %a<{arrays}>;
        .reg .f32 %f<9>; .reg .f64 %fd<9>;
        mov.u32 %r0, %tid.x; // a comment; with a semicolon
        mul.wide.u32 %rd0, %r0, 8;
        {pointers}
        {body}
        ret;
    }}
    """
    return Emulator(Compiled("hand", ptx, b"", 0, 0, 0))


def launch(emulator: Emulator, *columns: Any) -> np.ndarray:
    """A thread for every element of arrays of 8-byte elements; the result is int64."""
    arrays = [np.asarray(column) for column in columns]
    out = np.zeros(len(arrays[0]), np.int64)
    emulator.launch(1, len(out), (out, *arrays))
    return out


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the bit, but for NaN."""
    integer = f"i{a.dtype.itemsize}"
    return bool(((a.view(integer) == b.view(integer)) | (np.isnan(a) & np.isnan(b))).all())


def numbers(dtype: str, n: int = 400) -> np.ndarray:
    """Specials, ordinary numbers, and all magnitudes."""
    info = np.finfo(dtype)
    tiny = float(info.tiny)
    special = [
        np.nan,
        np.inf,
        -np.inf,
        0,
        -0.0,
        tiny,
        tiny / 4,
        -tiny / 4,
        float(info.max),
        1,
        -1,
        0.5,
        -2.5,
        1e6,
        1e15,
    ]
    wide = np.exp2(RNG.uniform(info.minexp - 20, info.maxexp, n)) * RNG.choice([-1, 1], n)
    return RNG.permutation(np.concatenate([special, RNG.normal(size=n), wide])).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "power"])
def test_elementary_functions_give_the_bits_of_the_cpu(name: str, dtype: str) -> None:
    """One source, two compilers: nothing is contracted, reordered or approximated. All others are below."""
    function = getattr(vecmath.helpers(dtype), name)
    arity = len(inspect.signature(function.py_func).parameters)

    def one(out, a, b):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        if i < out.size:
            out[i] = function(a[i])

    def two(out, a, b):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        if i < out.size:
            out[i] = function(a[i], b[i])

    a, b = numbers(dtype), numbers(dtype)
    got = np.zeros_like(a)
    emulator = emulated(one if arity == 1 else two, *(getattr(types, dtype)[::1],) * 3)
    emulator.launch(-(-a.size // 128), 128, (got, a, b))
    wanted = np.array([function(*pair[:arity]) for pair in zip(a, b, strict=True)], dtype)
    assert same_bits(got, wanted)


def test_fusing_is_refused() -> None:
    """A product and a sum that the assembler may fuse have no known result; `kernel` sees to it that there are none."""

    def product_and_sum(out, x):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        out[i] = x[i] * x[i] + out[i]

    emulated(product_and_sum, float32[::1], float32[::1])
    ptx = "mul.f32 %f1, %f2, %f3;"
    with pytest.raises(NotImplementedError, match=r"no rounding given, so that the assembler may fuse it: mul.f32"):
        text(ptx)


def test_threads_part_and_meet() -> None:
    """Loops of unlike length, an early return and a break: each thread does what Python does."""

    def collatz(out, x):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        if i >= x.size:
            return
        n = x[i]
        steps = 0
        while n > 1:
            if n % 2 == 0:
                n //= 2
            else:
                n = 3 * n + 1
            steps += 1
            if steps == 50:
                break
        out[i] = steps if n > -5 else -1

    x = np.concatenate([np.arange(1, 90), [-3, -9, 0]])
    got = np.zeros_like(x)
    emulated(collatz, int64[::1], int64[::1]).launch(3, 32, (got, x))

    def python(n: int) -> int:
        steps = 0
        while n > 1 and steps < 50:
            n, steps = (n // 2 if n % 2 == 0 else 3 * n + 1), steps + 1
        return steps if n > -5 else -1

    assert got.tolist() == [python(n) for n in x.tolist()]


def test_shared_memory_and_barriers() -> None:
    """A sum by halving in shared memory, and a tile transposed by a grid of two dimensions."""

    def total(out, x):  # type: ignore[no-untyped-def]
        partial = cuda.shared.array(0, float64)
        i = cuda.threadIdx.x
        partial[i] = x[cuda.grid(1)]
        cuda.syncthreads()
        half = cuda.blockDim.x // 2
        while half:
            if i < half:
                partial[i] += partial[i + half]
            cuda.syncthreads()
            half //= 2
        if i == 0:
            out[cuda.blockIdx.x] = partial[0]

    def transpose(out, x):  # type: ignore[no-untyped-def]
        tile = cuda.shared.array((8, 4), int32)
        i, j = cuda.grid(2)
        tile[cuda.threadIdx.x, cuda.threadIdx.y] = x[i, j]
        cuda.syncthreads()
        out[j, i] = tile[cuda.threadIdx.x, cuda.threadIdx.y]

    x = RNG.normal(size=128)
    out = np.zeros(4)
    emulator = emulated(total, float64[::1], float64[::1])
    emulator.launch(4, 32, (out, x), dynamic_shared=32 * 8)
    rows = x.reshape(4, 32)
    while rows.shape[1] > 1:
        rows = rows[:, : rows.shape[1] // 2] + rows[:, rows.shape[1] // 2 :]
    assert np.array_equal(out, rows[:, 0])
    with pytest.raises(EmulatorError, match=r"thread 31 .* byte 248 of the 248 of dynamic shared memory"):
        emulator.launch(4, 32, (out, x), dynamic_shared=31 * 8)

    tile = RNG.integers(0, 1000, (16, 12), dtype=np.int32)
    turned = np.zeros((12, 16), np.int32)
    emulated(transpose, int32[:, ::1], int32[:, ::1]).launch((2, 3), (8, 4), (turned, tile))
    assert np.array_equal(turned, tile.T)


def test_functions_tables_and_local_memory() -> None:
    """NVIDIA's own sin in float64 calls a function for large arguments, reads a table and keeps digits in memory."""

    def sine(out, x):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        out[i] = math.sin(x[i])

    emulator = emulated(sine, float64[::1], float64[::1])
    assert any(block.end[0] == "call" for block in emulator.code.blocks)
    x = np.concatenate([RNG.normal(size=30) * 10, np.exp2(RNG.uniform(20, 1000, 30)), [np.inf, 0.0, -0.0, np.nan]])
    out = np.zeros_like(x)
    emulator.launch(1, 64, (out, x))
    with np.errstate(invalid="ignore"):
        wanted = np.sin(x)
    assert np.allclose(out, wanted, rtol=5e-16, atol=0, equal_nan=True)


def test_a_function_called_from_two_places() -> None:
    """Threads that part before two calls of one function come back each to its own place."""
    emulator = text(
        """
        ld.global.u64 %rd3, [%a1];
        setp.gt.s64 %p1, %rd3, 0;
        @%p1 bra $more;
        { .param .b64 a; st.param.b64 [a+0], %rd3; .param .b64 r; call.uni (r), twice, (a); ld.param.b64 %rd4, [r+0]; }
        add.s64 %rd4, %rd4, 1;
        bra.uni $end;
        $more:
        { .param .b64 a; st.param.b64 [a+0], %rd3; .param .b64 r; call.uni (r), twice, (a); ld.param.b64 %rd4, [r+0]; }
        $end: st.global.u64 [%a0], %rd4;
        """,
        before="""
        .func (.param .b64 out) twice(.param .b64 in);
        .func (.param .b64 out) twice(.param .b64 in)
        {
            .reg .b64 %rd<3>; .reg .pred %p<2>;
            ld.param.u64 %rd1, [in]; setp.eq.s64 %p1, %rd1, 7; @%p1 bra $seven; shl.b64 %rd1, %rd1, 1;
            $seven: st.param.b64 [out+0], %rd1; ret;
        }
        """,
    )
    x = np.array([-5, 3, 7, 0, 9], np.int64)
    assert launch(emulator, x).tolist() == [-9, 6, 7, 1, 18]


def test_tables_of_branches_and_guards() -> None:
    """brx.idx goes where its table says; a guarded instruction is done by some threads only."""
    emulator = text(
        """
        ld.global.u32 %r1, [%a1];
        mov.u64 %rd4, -1;
        setp.lt.u32 %p1, %r1, 2;
        @!%p1 mov.u64 %rd4, -2;
        @!%p1 bra $end;
        {
        $table: .branchtargets $zero, $one;
        brx.idx %r1, $table;
        }
        $one: mov.u64 %rd4, 11; bra.uni $end;
        $zero: mov.u64 %rd4, 10;
        $end: @%p1 add.s64 %rd4, %rd4, 100;
        st.global.u64 [%a0], %rd4;
        """
    )
    assert launch(emulator, np.array([0, 1, 2, 1], np.int64)).tolist() == [110, 111, -2, 111]


def test_threads_add_to_one_number() -> None:
    """Atomic additions are all done, and give the numbers before."""

    def count(out, x):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        x[i] = cuda.atomic.add(out, x[i], 1)

    out, x = np.zeros(4, np.int64), RNG.integers(0, 4, 60)
    wanted = np.bincount(x, minlength=4)
    emulated(count, int64[::1], int64[::1]).launch(2, 30, (out, x))
    assert np.array_equal(out, wanted) and x.max() == wanted.max() - 1


def test_bad_accesses_are_found() -> None:
    """Outside of an array, misaligned, read only, the wrong space: the error names the line and the address."""

    def copy(out, x):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        out[i] = x[i]

    emulator = emulated(copy, float32[::1], float32[::1])
    with pytest.raises(EmulatorError, match=r"ld.global.f32 .* 4 bytes outside global memory: thread 5 at address 0x"):
        emulator.launch(1, 8, (np.zeros(8, np.float32), np.zeros(5, np.float32)))
    with pytest.raises(EmulatorError, match=r"st.global.f32 .* byte 12 of the 12 of argument 0"):
        emulator.launch(1, 8, (np.zeros(3, np.float32), np.zeros(8, np.float32)))
    fixed = np.zeros(8, np.float32)
    fixed.flags.writeable = False
    with pytest.raises(EmulatorError, match="store to argument 0, which is read only"):
        emulator.launch(1, 8, (fixed, np.zeros(8, np.float32)))
    with pytest.raises(ValueError, match="takes 14 parameters, not 7"):
        emulator.launch(1, 8, (fixed,))
    x = np.zeros(4, np.int64)
    with pytest.raises(EmulatorError, match=r"misaligned address: thread 0 .*, byte 4 of the 32 of argument 1"):
        launch(text("ld.global.u64 %rd3, [%a1+4];"), x)
    with pytest.raises(EmulatorError, match="8 bytes outside shared memory"):
        launch(text("ld.shared.u64 %rd3, [%a1];"), x)
    with pytest.raises(EmulatorError, match=r"PTX line .*: trap: reached"):
        launch(text("trap;"), x)
    with pytest.raises(EmulatorError, match="different barriers"):
        launch(text("setp.eq.s32 %p1, %r0, 0; @%p1 bra $a; bar.sync 0; $a: bar.sync 1; bar.sync 0;"), x)
    with pytest.raises(NotImplementedError, match=r"PTX line .*: not emulated: ex2.approx.f32"):
        text("ex2.approx.f32 %f1, %f2;")


def signed(value: int, bits: int) -> int:
    """The lower bits as a signed integer."""
    return (value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


def toward_zero(a: int, b: int) -> int:
    """The quotient in C; -1 where there is none."""
    return -1 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


# What Python's integers give for s, arguments as the type has them; a shift's amount is unsigned.
INTEGERS: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul.lo": lambda a, b: a * b,
    "div": toward_zero,
    "rem": lambda a, b: a if b == 0 else a - b * toward_zero(a, b),
    "min": lambda a, b: min(a, b),
    "max": lambda a, b: max(a, b),
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, n: a << min(n, 64),
    "shr": lambda a, n: a >> min(n, 64),
    "neg": lambda a: -a,
    "abs": abs,
    "not": lambda a: ~a,
    "popc": lambda a: a.bit_count(),
}
LOGIC = ("and", "or", "xor", "shl", "not", "popc")
UNSIGNED = ("add", "sub", "mul.lo", "div", "rem", "min", "max", "shr")


@pytest.mark.parametrize("bits", [32, 64])
def test_integers(bits: int) -> None:
    """Python's unbounded integers, cut to the width; the upper half of products, and carries."""
    ends = [0, 1, -1, 2, 31, 32, 63, 64, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 2**32, 2**33 + 5]
    few = [*ends, *RNG.integers(-(2**63), 2**63, 10).tolist()]
    x, y = (grid.ravel() for grid in np.meshgrid(np.array(few, np.int64), np.array(few, np.int64)))
    r = "%r" if bits == 32 else "%rd"
    get = f"ld.global.b{bits} {r}1, [%a1]; ld.global.b{bits} {r}2, [%a2]; ld.global.b32 %r8, [%a2];"
    put = f"st.global.b{bits} [%a0], {r}3;"
    span = 1 << bits

    def check(code: str, wanted: Callable[[int, int], int]) -> None:
        got = launch(text(get + code + put, arrays=3), x, y)
        for a, b, value in zip(x.tolist(), y.tolist(), got.tolist(), strict=True):
            assert value % span == wanted(a, b) % span, (code, a, b)

    for name, function in INTEGERS.items():
        for sign in "b" if name in LOGIC else "su" if name in UNSIGNED else "s":

            def python(a: int, b: int, f: Any = function, cut: bool = sign == "s", name: str = name) -> int:
                a, b = (signed(v, bits) if cut else v % span for v in (a, b))
                return f(a) if name in ("neg", "abs", "not", "popc") else f(a, b % 2**32 if name[:2] == "sh" else b)

            one = name in ("neg", "abs", "not", "popc")
            second = "" if one else ", %r8" if name[:2] == "sh" else f", {r}2"
            into = "%r3" if name == "popc" else f"{r}3"
            wide = "cvt.u64.u32 %rd3, %r3;" if name == "popc" and bits == 64 else ""
            check(f"{name}.{sign}{bits} {into}, {r}1{second}; {wide}", python)
    check(f"mul.hi.s{bits} {r}3, {r}1, {r}2;", lambda a, b: (signed(a, bits) * signed(b, bits)) >> bits)
    check(f"mul.hi.u{bits} {r}3, {r}1, {r}2;", lambda a, b: ((a % span) * (b % span)) >> bits)
    check(f"mad.hi.u{bits} {r}3, {r}1, {r}2, {r}1;", lambda a, b: (((a % span) * (b % span)) >> bits) + a)
    zeros = "clz.b32 %r3, %r1;" if bits == 32 else "clz.b64 %r3, %rd1; cvt.u64.u32 %rd3, %r3;"
    check(zeros, lambda a, b: bits - (a % span).bit_length())
    # Double the width in two halves: a square, and the same less b.
    square = f"mul.lo.u{bits} {r}4, {r}1, {r}1; mul.hi.u{bits} {r}5, {r}1, {r}1;"
    check(f"{square} sub.cc.u{bits} {r}4, {r}4, {r}2; subc.u{bits} {r}3, {r}5, 0;",
          lambda a, b: ((a % span) ** 2 - b % span) >> bits)  # fmt: skip
    check(f"mad.lo.cc.u{bits} {r}4, {r}1, {r}1, {r}2; madc.hi.u{bits} {r}3, {r}1, {r}1, 0;",
          lambda a, b: ((a % span) ** 2 + b % span) >> bits)  # fmt: skip
    check(f"{square} add.cc.u{bits} {r}4, {r}4, {r}2; addc.u{bits} {r}3, {r}5, {r}1;",
          lambda a, b: (((a % span) ** 2 + b % span) >> bits) + a)  # fmt: skip


def test_bit_fields_and_pairs() -> None:
    """bfe, bfi, shf and values taken apart and put together."""
    x = np.array([0x0123456789ABCDEF, -1, -(2**63), 5], np.int64)
    get = "ld.global.b64 %rd1, [%a1]; mov.b64 {%r1, %r2}, %rd1;"
    lower, upper = x & 0xFFFFFFFF, (x >> 32) & 0xFFFFFFFF
    cases = {
        "mov.b64 %rd2, {%r2, %r1};": (lower << 32) | upper,
        "bfe.u64 %rd2, %rd1, 8, 12;": (x >> 8) & 0xFFF,
        "bfe.s64 %rd2, %rd1, 60, 12;": x >> 60,
        "bfi.b64 %rd2, %rd1, 7, 4, 8;": ((x & 255) << 4) | 7,
        "shf.l.wrap.b32 %r3, %r1, %r2, 40; cvt.u64.u32 %rd2, %r3;": ((upper << 8) | (lower >> 24)) & 0xFFFFFFFF,
        "shf.r.clamp.b32 %r3, %r1, %r2, 40; cvt.u64.u32 %rd2, %r3;": upper,
        "cvt.u16.u64 %rs1, %rd1; cvt.s64.s8 %rd2, %rs1;": x.astype(np.int8),
        "cvt.u16.u64 %rs1, %rd1; cvt.u64.u16 %rd2, %rs1;": x & 0xFFFF,
    }
    for code, wanted in cases.items():
        assert launch(text(get + code + "st.global.b64 [%a0], %rd2;"), x).tolist() == wanted.tolist(), code


def test_comparisons_and_extremes() -> None:
    """Ordered comparisons are false of a NaN, unordered ones true; min and max prefer a number, and tell the zeros."""
    few = np.array([1.5, -2.0, 0.0, -0.0, np.nan, np.inf])
    x, y = (grid.ravel() for grid in np.meshgrid(few, few))
    nan = np.isnan(x) | np.isnan(y)
    plain = {"eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}
    cases = {name: value & ~nan for name, value in plain.items()} | {name + "u": v | nan for name, v in plain.items()}
    get = "ld.global.f64 %fd1, [%a1]; ld.global.f64 %fd2, [%a2];"
    for name, wanted in (cases | {"num": ~nan, "nan": nan}).items():
        code = f"setp.{name}.f64 %p1, %fd1, %fd2; selp.b64 %rd1, 1, 0, %p1; st.global.b64 [%a0], %rd1;"
        assert launch(text(get + code, arrays=3), x, y).tolist() == wanted.tolist(), name
    for name, numpy in (("min", np.fmin), ("max", np.fmax)):
        got = launch(text(f"{get} {name}.f64 %fd3, %fd1, %fd2; st.global.f64 [%a0], %fd3;", arrays=3), x, y)
        assert np.array_equal(got.view(float), numpy(x, y), equal_nan=True)
        zeros = (x == 0) & (y == 0)
        one = np.signbit(x) | np.signbit(y) if name == "min" else np.signbit(x) & np.signbit(y)
        assert np.array_equal(np.signbit(got.view(float))[zeros], one[zeros])


def test_floats_to_integers() -> None:
    """Rounded as asked, held to the range; NaN as NVIDIA has it."""
    x = np.array([2.5, -2.5, 3.7, -0.2, 3e9, -3e9, 1e19, -1e30, np.inf, np.nan])
    low, high, wild = -(2**31), 2**31 - 1, -(2**31)
    cases: dict[str, list[int]] = {
        "cvt.rzi.s32.f64 %r1": [2, -2, 3, 0, high, low, high, low, high, wild],
        "cvt.rni.s32.f64 %r1": [2, -2, 4, 0, high, low, high, low, high, wild],
        "cvt.rmi.s32.f64 %r1": [2, -3, 3, -1, high, low, high, low, high, wild],
        "cvt.rpi.s32.f64 %r1": [3, -2, 4, 0, high, low, high, low, high, wild],
        "cvt.rzi.s64.f64 %rd1": [2, -2, 3, 0, 3 * 10**9, -3 * 10**9, 2**63 - 1, -(2**63), 2**63 - 1, -(2**63)],
        "cvt.rzi.u32.f64 %r1": [2, 0, 3, 0, 3 * 10**9 - 2**32, 0, -1, 0, -1, wild],
    }
    for code, wanted in cases.items():
        wide = "cvt.s64.s32 %rd1, %r1;" if code.endswith("%r1") else ""
        emulator = text(f"ld.global.f64 %fd1, [%a1]; {code}, %fd1; {wide} st.global.b64 [%a0], %rd1;")
        assert launch(emulator, x).tolist() == wanted, code
    code = "cvt.rn.f32.f64 %f1, %fd1; cvt.rzi.s32.f32 %r1, %f1; cvt.s64.s32 %rd1, %r1; st.global.b64 [%a0], %rd1;"
    assert launch(text("ld.global.f64 %fd1, [%a1];" + code), np.array([np.nan, -7.9])).tolist() == [0, -7]


def test_races_in_shared_memory_are_found() -> None:
    """A neighbour's value read without a barrier; with one it is no race."""

    def neighbours(out, wait):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(64, int64)
        i = cuda.threadIdx.x
        shared[i] = i
        if wait:
            cuda.syncthreads()
        out[i] = shared[(i + 1) % 64]

    emulator = emulated(neighbours, int64[::1], int64)
    out = np.zeros(64, np.int64)
    emulator.launch(1, 64, (out, 1))
    assert out.tolist() == [*range(1, 64), 0]
    with pytest.raises(
        EmulatorError, match="race: reads what another wrote or read after the last barrier: thread 0 at"
    ):
        emulator.launch(1, 64, (out, 0))


# -- the interpreter ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("primitives", "dtype"), [(REAL, "float32"), (HERO, "float64")])
def test_the_interpreter_gives_the_bits_of_the_cpu(primitives: PrimitiveSet, dtype: str) -> None:
    """The kernel as compiled for an A100: elementwise results to the bit, sums within its bounds."""
    emulated, compiled = EmulatedEvaluator(primitives, dtype), NumbaEvaluator(primitives, dtype)
    rng = np.random.default_rng(4)
    leaves = np.stack([numbers(dtype, 600)[:900], *rng.normal(size=(2, 900)).astype(dtype)])
    packed = random_programs(primitives, 150, Shape(3, 2, 12, 3), rng, reductions=False)
    assert same_bits(emulated.outputs(packed, leaves), compiled.outputs(packed, leaves))

    leaves, segments = rng.normal(size=(3, 700)).astype(dtype), np.array([0, 10, 10, 400, 700])
    packed = random_programs(primitives, 40, Shape(3, 2, 6, 3), rng)
    mine, wanted = (e.outputs(packed, leaves, segments) for e in (emulated, compiled))
    assert np.allclose(mine, wanted, rtol=1e-5 if dtype == "float32" else 1e-10, atol=0, equal_nan=True)
    target = rng.normal(size=700).astype(dtype)
    mine, wanted = (e.loss(packed, leaves, target, segments) for e in (emulated, compiled))
    assert np.allclose(mine, wanted, rtol=1e-5, atol=0)


def test_the_interpreter_advances_lanes_in_place() -> None:
    """Tensors known by their addresses, with strides, one row for all, and one that is read and written."""
    few = HERO.subset("add", "mul", "interp", "sign", "global_norm", "norm")
    emulated, compiled = EmulatedEvaluator(few, "float32"), NumbaEvaluator(few, "float32")
    rng = np.random.default_rng(5)
    packed = random_programs(few, 12, Shape(3, 2, 8, 2), rng)
    leaves = rng.normal(size=(3, 20, 600)).astype(np.float32)
    leaves[1] = leaves[1, :, :1]
    which, segments = rng.integers(0, 12, 20).astype(np.int32), np.array([0, 100, 600])
    with emulated_gpu():
        rows, first, column = (
            to_device(np.repeat(leaves[0], 2, axis=1)),
            to_device(leaves[2]),
            to_device(leaves[1, :, :1]),
        )
        tensors = [rows[:, ::2], np.broadcast_to(column, (20, 600), subok=True), first]
        out = device_array((20, 600), np.float32)
        programs = emulated.cuda.load(packed, 3)
        emulated.cuda.advance(programs, to_device(which), tensors, [first, out], segments)
    for lane, program in enumerate(which):
        wanted = compiled.outputs(packed[program : program + 1], leaves[:, lane], segments)[0]
        assert np.allclose([first[lane], out[lane]], wanted, rtol=1e-6, atol=0)
