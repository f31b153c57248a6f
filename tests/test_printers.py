"""Every primitive through every printer, against its high-precision definition; and what printed programs look like."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import mpmath
import numba
import numpy as np
import pytest
from hypothesis import given, settings

from primitives.evaluators.conformance import exact
from primitives.hero import HERO
from primitives.images import LAYERS
from primitives.primitive import Primitive, PrimitiveSet
from primitives.printers import NoSpelling, to_c, to_latex, to_python, to_sympy
from primitives.printers.python import for_numba, imports
from primitives.program import Instruction, Program, Signature
from primitives.table import ARITHMETIC, REAL
from primitives.text import parse
from tests.test_text import EXP2, FUNCTION, OPTIMIZER, programs

CC = shutil.which("cc")
HEROS = tuple(p for p in HERO if p not in REAL.primitives)
LAYERED = tuple(p for p in LAYERS if p not in REAL.primitives)
IMAGES = (2, 2, 2, 2, 4)  # what moments average: 64 numbers
ALL = pytest.mark.parametrize(
    "primitive",
    REAL.primitives + HEROS + LAYERED,
    ids=lambda p: p.name + ("_hero" if p.name in REAL.index and p in HEROS else ""),
)
LION = parse("update = sign(interp(g, m, 0.9))\nm = interp(g, m, 0.99)\n", OPTIMIZER, REAL)


def one(primitive: Primitive) -> Program:
    """The program `y = primitive(a, b, c)`."""
    leaves = ("a", "b", "c")[: primitive.arity]
    return Program(
        Signature(leaves, ("y",)), (Instruction(primitive.name, tuple(range(primitive.arity))),), (), (primitive.arity,)
    )


def home(primitive: Primitive) -> PrimitiveSet:
    """The set that a primitive is of."""
    return HERO if primitive in HEROS else LAYERS if primitive in LAYERED else REAL


def of_images(primitive: Primitive) -> bool:
    """Whether it takes an array of the shape IMAGES."""
    return primitive.over not in ("", "leaf", "tree")


def arrays(primitive: Primitive, points: np.ndarray) -> np.ndarray:
    """Points in the shape in which printed code takes them."""
    return points.reshape(-1, *IMAGES) if of_images(primitive) else points


def rows(primitive: Primitive, result: np.ndarray, n: int) -> np.ndarray:
    """What printed code returns, as float64[n]."""
    return np.broadcast_to(result, IMAGES if of_images(primitive) else n).reshape(-1)


def compiled(primitive: Primitive, dtype: str) -> str:
    """What the C function of a primitive is called."""
    return f"f{len(home(primitive))}_{primitive.name}_{dtype}"


def samples(primitive: Primitive) -> np.ndarray:
    """float64[arity, 64] inside the primitive's domain."""
    if not primitive.arity:
        return np.empty((0, 64))
    rng = np.random.default_rng(home(primitive).opcode(primitive.name))
    low, high = np.array(primitive.domain).T[..., None]
    return rng.uniform(low, high, (primitive.arity, 64))


def truth(primitive: Primitive, points: np.ndarray) -> np.ndarray:
    with mpmath.workprec(200):
        return np.array([float(v) for v in exact(primitive, points, np.array([0, points.shape[1]]), mpmath.mp, IMAGES)])


def run(source: str, name: str) -> Callable[..., np.ndarray]:
    """Execute what our own printer has just written."""
    scope: dict[str, Callable[..., np.ndarray]] = {}
    exec("\n".join([*imports(source), source]), scope)
    return scope[name]


@ALL
def test_python_of_every_primitive(primitive: Primitive) -> None:
    points = samples(primitive)
    result = run(to_python(one(primitive), home(primitive), "f"), "f")(*arrays(primitive, points))
    np.testing.assert_allclose(rows(primitive, result, 64), truth(primitive, points), rtol=1e-13, atol=1e-15)


@ALL
def test_numba_spellings_agree_on_scalars(primitive: Primitive) -> None:
    if primitive.over:
        pytest.skip("not of scalars")
    points = samples(primitive)
    function = run(to_python(one(primitive), home(primitive), "f", spellings=for_numba(home(primitive))), "f")
    result = [function(*row) for row in points.T]
    np.testing.assert_allclose(result, truth(primitive, points), rtol=1e-13, atol=1e-15)


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -1e-310, 1.7e308, -1.7e308, 1.0, -1.0, 0.5, -2.5, 1e6]


def special(primitive: Primitive) -> np.ndarray:
    """float64[arity, n]: all combinations of special values."""
    values = SPECIAL if primitive.arity < 3 else SPECIAL[:5] + SPECIAL[9:12]
    return np.array(list(product(values, repeat=primitive.arity))).T


def assert_same(primitive: Primitive, points: np.ndarray, got: np.ndarray) -> None:
    """As the reference has it, to the sign of zero; but of min and max that is free, and subnormals may be rounded."""
    with np.errstate(all="ignore"):
        wanted = np.asarray(primitive.numpy(*points), float)
    np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-322, err_msg=primitive.name)
    if primitive.name not in ("min", "max"):
        np.testing.assert_array_equal(np.signbit(got)[wanted == 0], np.signbit(wanted)[wanted == 0], primitive.name)


@ALL
def test_special_values_in_python_numba_and_c(primitive: Primitive, library: ctypes.CDLL) -> None:
    if primitive.over or not primitive.arity:
        pytest.skip("not of scalars")
    points = special(primitive)
    with np.errstate(all="ignore"):
        assert_same(primitive, points, run(to_python(one(primitive), home(primitive), "f"), "f")(*points))
    source = to_python(one(primitive), home(primitive), "f", spellings=for_numba(home(primitive)))
    jitted = numba.njit(error_model="numpy")(run(source, "f"))
    assert_same(primitive, points, np.array([jitted(*row) for row in points.T.tolist()], float))
    function = library[compiled(primitive, "float64")]
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * primitive.arity
    assert_same(primitive, points, np.array([function(*row) for row in points.T.tolist()]))


def test_a_primitive_says_why_it_lacks_a_spelling() -> None:
    assert {p.name for p in REAL if "sympy" in p.missing} == {"exponent", "scale", "round"}
    for primitives in (HERO, LAYERS):
        assert {p.name for p in primitives if p.missing} == {p.name for p in primitives if p.over}
    assert {p.name for p in LAYERS if "numba" in p.missing} == {p.name for p in LAYERS if p.over}
    assert {p.name for p in REAL if "gradient" in p.missing} == {"exponent", "scale"}
    with pytest.raises(ValueError, match="sympy is neither given nor said to be missing"):
        replace(REAL[REAL.opcode("exp")], sympy=None)
    with pytest.raises(ValueError, match="c is given and said to be missing"):
        replace(REAL[REAL.opcode("exp")], missing={"c": "no reason"})


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Every primitive, both types, in one compiled library; warnings are errors."""
    if CC is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("c")
    source = ["#include <math.h>"]
    for p in (*REAL, *(p for p in HEROS + LAYERED if p.c)):
        for dtype in ("float64", "float32"):
            source.append(to_c(one(p), home(p), compiled(p, dtype), dtype).replace("static inline ", "", 1))
    return build(folder, "\n".join(source))


def build(folder: Path, source: str) -> ctypes.CDLL:
    (folder / "all.c").write_text(source)
    flags = ["-std=c99", "-ffp-contract=off", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([str(CC), *flags, "-o", "all.so", "all.c", "-lm"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "all.so"))


@pytest.mark.parametrize(
    ("dtype", "ctype", "rtol"), [("float64", ctypes.c_double, 1e-13), ("float32", ctypes.c_float, 1e-5)]
)
@ALL
def test_c_of_every_primitive(
    primitive: Primitive, dtype: str, ctype: type[ctypes.c_double], rtol: float, library: ctypes.CDLL
) -> None:
    points = samples(primitive).astype(dtype).astype(np.float64)
    if not primitive.c:
        with pytest.raises(NoSpelling, match=f"{primitive.name!r} cannot be written in c: {primitive.missing['c']}"):
            to_c(one(primitive), home(primitive), "f")
        return
    function = library[compiled(primitive, dtype)]
    function.restype, function.argtypes = ctype, [ctype] * primitive.arity
    result = np.array([function(*row) for row in points.T.tolist()])
    np.testing.assert_allclose(result, truth(primitive, points), rtol=rtol, atol=rtol)


def test_c_keeps_the_special_values(library: ctypes.CDLL) -> None:
    minimum, sign = (
        library[compiled(REAL[REAL.opcode("min")], "float64")],
        library[compiled(REAL[REAL.opcode("sign")], "float64")],
    )
    minimum.restype = sign.restype = ctypes.c_double
    minimum.argtypes, sign.argtypes = [ctypes.c_double] * 2, [ctypes.c_double]
    nan, inf = float("nan"), float("inf")
    assert np.isnan([minimum(nan, 1.0), minimum(1.0, nan), sign(nan)]).all()
    assert minimum(-inf, 1.0) == -inf and sign(-inf) == -1.0 and sign(-0.0) == 0.0


@ALL
def test_sympy_of_every_primitive(primitive: Primitive) -> None:
    if primitive.sympy is None:
        with pytest.raises(
            NoSpelling, match=f"{primitive.name!r} cannot be written in sympy: {primitive.missing['sympy']}"
        ):
            to_sympy(one(primitive), home(primitive))
        return
    import sympy

    expression = to_sympy(one(primitive), home(primitive))["y"]
    points = samples(primitive)[:, :8]
    symbols = [sympy.Symbol(name, real=True) for name in "abc"]
    result = [
        float(expression.evalf(30, subs={s: sympy.Float(v, precision=53) for s, v in zip(symbols, row, strict=False)}))
        for row in points.T.tolist()
    ]
    np.testing.assert_allclose(result, truth(primitive, points), rtol=1e-13)
    assert to_latex(one(primitive), home(primitive)).startswith("y = ")


@ALL
def test_torch_of_every_primitive(primitive: Primitive) -> None:
    """The builder and the template, on tensors of float64; of special values too, but for what two templates say."""
    import torch

    names = ("a", "b", "c")[: primitive.arity]
    expression = primitive.torch_source.format(*names)
    points = samples(primitive)
    for values in (points, special(primitive)) if primitive.arity and not primitive.over else (points,):
        tensors = [torch.tensor(row) for row in arrays(primitive, values)]
        assert primitive.torch is not None
        built = primitive.torch(torch, *tensors)
        written = eval(expression, {"torch": torch, "math": math} | dict(zip(names, tensors, strict=True)))
        with np.errstate(all="ignore"):
            whole = {"segments": np.array([0, values.shape[1]])} if primitive.over else {}
            whole = {"shape": IMAGES} if of_images(primitive) else whole
            wanted = np.broadcast_to(primitive.numpy(*values, **whole), values.shape[1])
        plain = values is not points and primitive.name in ("sign", "scale")
        for result in (built,) if plain else (built, written):
            got = rows(primitive, torch.as_tensor(result, dtype=torch.float64).numpy(), values.shape[1])
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-300, err_msg=primitive.name)


def test_python_reads_as_a_person_would_write_it() -> None:
    program = parse(EXP2.replace("- 31.36", "+ -31.36"), FUNCTION, ARITHMETIC)
    assert (
        to_python(program, ARITHMETIC, "exp2_7", doc="2^x on (0, 1].")
        == '''\
def exp2_7(x):
    """2^x on (0, 1]."""
    t = x + 90.49393201711207 / x
    return 0.9999999994363861 + 62.72561581307775 / (t - 31.36279045332256 + 237.37864088076338 / t)
'''
    )
    x = np.linspace(0.01, 1.0, 100)
    error = run(to_python(program, ARITHMETIC, "exp2_7"), "exp2_7")(x) / np.exp2(x) - 1
    assert abs(error).max() < 5.64e-10


def test_constants_are_divided_as_numpy_divides() -> None:
    program = parse("t = 0.0 + 0.0\ny = x + (1.0 / t + -1.0 / 0.0)", FUNCTION, ARITHMETIC)
    with np.errstate(all="ignore"):
        assert np.isnan(run(to_python(program, ARITHMETIC, "f"), "f")(1.0))


def test_an_optimizer_returns_its_new_state() -> None:
    assert (
        to_python(LION, REAL, "lion")
        == """\
def lion(g, m, v):
    update = np.sign((1.0 - 0.9) * g + 0.9 * m)
    m = (1.0 - 0.99) * g + 0.99 * m
    return update, m, v
"""
    )


def test_c_reads_as_a_person_would_write_it() -> None:
    assert (
        to_c(parse(EXP2, FUNCTION, ARITHMETIC), ARITHMETIC, "exp2_7")
        == """\
static inline double exp2_7(double x)
{
    const double t = x + 0x1.69f9c9508fc65p+6 / x;
    return 0x1.fffffffb28999p-1 + 0x1.f5ce0fa9d509p+5 / (t - 0x1.f5cdfd5cc5248p+4 + 0x1.dac1dd37af9d6p+7 / t);
}
"""
    )
    assert "void lion(float g, float m, float v, float *out_update, float *out_m, float *out_v)" in to_c(
        LION, REAL, "lion", "float32"
    )


def test_latex_names_the_parts_of_a_program() -> None:
    assert to_latex(parse("y = 0.9 * square(x) / 3.0", FUNCTION, REAL), REAL) == "y = 0.3 x^{2}\n"
    assert to_latex(parse("t = exp(x)\ny = t / (t + 2.5)", FUNCTION, REAL), REAL) == (
        "\\begin{aligned}\n  t &= e^{x} \\\\\n  y &= \\frac{t}{t + 2.5}\n\\end{aligned}\n"
    )


def test_sympy_constants_are_exact() -> None:
    import sympy

    constant = to_sympy(parse("y = 0.1", FUNCTION, REAL), REAL)["y"]
    assert float(constant).hex() == (0.1).hex() and constant == sympy.Float("0.1")


def test_names_that_a_language_reserves_get_an_underscore() -> None:
    signature = Signature(("lambda", "exp", "é"), ("double",))
    program = parse("double = exp(lambda) + exp * é", signature, REAL)
    assert to_python(program, REAL, "f") == "def f(lambda_, exp, é):\n    return np.exp(lambda_) + exp * é\n"
    assert to_c(program, REAL, "f") == (
        "static inline double f(double lambda, double exp_, double v_)\n{\n    return exp(lambda) + exp_ * v_;\n}\n"
    )


def evaluate(program: Program, leaves: list[float]) -> list[float]:
    """The program by the table's NumPy definitions, one instruction after the other."""
    values = list(map(np.float64, leaves))

    def value(v: int) -> np.float64:
        return values[v] if v >= 0 else np.float64(program.constants[-1 - v])

    for ins in program.instructions:
        values.append(np.float64(REAL[REAL.opcode(ins.op)].numpy(*map(value, ins.args))))
    return [float(value(v)) for v in program.results]


@settings(max_examples=300, deadline=None)
@given(programs())
def test_printed_python_computes_what_the_program_does(program: Program) -> None:
    """Layout, parentheses and names together: the printed function equals the instruction-by-instruction result."""
    leaves = [0.75, -1.5, 2.25, 0.5, 3.0][: program.n_leaves]
    with np.errstate(all="ignore"):
        source = to_python(program, REAL, "f")
        result = run(source, "f")(*map(np.float64, leaves))
        results = [result] if len(program.results) == 1 else result
        np.testing.assert_array_equal(np.array(results, float), np.array(evaluate(program, leaves), float))


@pytest.mark.skipif(CC is None, reason="no C compiler")
def test_printed_c_computes_what_the_program_does(tmp_path: Path) -> None:
    """Bit for bit for arithmetic; one compilation for many programs."""
    rng = np.random.default_rng(1)
    signature = Signature(("a", "b"), ("y",))
    cases = []
    for _ in range(200):
        instructions = []
        for i in range(10):
            op = rng.choice(
                ["add", "sub", "mul", "div", "neg", "abs", "min", "max", "square", "sqrt", "fma", "interp", "sign"]
            )
            arity = REAL[REAL.opcode(op)].arity
            instructions.append(Instruction(str(op), tuple(rng.integers(max(-3, i - 4), i + 2, arity).tolist())))
        cases.append(Program(signature, tuple(instructions), (0.5, -1.25, 3.0), (11,)))
    names = [f"f{i}" for i in range(len(cases))]
    source = [to_c(p, REAL, name).replace("static inline ", "", 1) for p, name in zip(cases, names, strict=True)]
    flagless = ["#include <math.h>", *source]
    (tmp_path / "all.c").write_text("\n".join(flagless))
    subprocess.run(
        [str(CC), "-std=c99", "-ffp-contract=off", "-shared", "-fPIC", "-o", "all.so", "all.c", "-lm"],
        cwd=tmp_path,
        check=True,
    )
    library = ctypes.CDLL(str(tmp_path / "all.so"))
    for program, name in zip(cases, names, strict=True):
        function = library[name]
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 2
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(function(0.75, -1.5), evaluate(program, [0.75, -1.5])[0])
