"""The compiled module of a primitive set: its source text, and the cache folder it is imported from.

Numba keys its disk cache by a function's own file, not by what the function calls. So the module of a set is a file
named by the hash of all that it depends on: a changed primitive, helper or Numba gets another file, never a stale one.
(That is why the generated functions use `njit` itself, not the stamped decorators of `primitives.compiled`.)
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType

import llvmlite
import numba
import numpy as np

from primitives import compiled
from primitives.evaluators import translate, vecmath
from primitives.primitive import Primitive, PrimitiveSet

DTYPES = ("float32", "float64")
_NAMES = (*vecmath.NAMES, *vecmath.INSTRUCTIONS)
CHUNK = 32  # programs translated and run over one block of rows before the next block


def _block(dtype: str) -> int:
    """Rows a block: the working set of a program stays in the first-level cache."""
    return 512 if dtype == "float32" else 256


def _reduction(primitive: Primitive, indent: str) -> str:
    """Sums over a tensor at a time (or over all at once), then its rows; those that belong to none are padding."""
    products = {name: f"sum_of_products(w, {x} + first, {y} + first, final - first)"
                for name, x, y in (("xx", "a", "a"), ("xy", "a", "b"), ("yy", "b", "b"))}  # fmt: skip
    sums = "".join(
        f"{indent}    {name} = {value}\n" for name, value in products.items() if f"{{{name}}}" in primitive.kernel
    )
    body = primitive.kernel.format("w[a + i]", "w[b + i]", "w[c + i]", **{name: name for name in products})
    step = 1 if primitive.over == "leaf" else "(len(segments) - 1)"
    return (
        f"{indent}for i in range(np.uint64(count), n):\n{indent}    w[o + i] = F(0)\n"
        f"{indent}for s in range(0, len(segments) - 1, {step}):\n"
        f"{indent}    first, final = np.uint64(segments[s]), np.uint64(segments[s + {step}])\n{sums}"
        f"{indent}    for i in range(first, final):\n{indent}        w[o + i] = {body}\n"
    )


def _loop(body: str, indent: str) -> str:
    return f"{indent}for i in range(n):\n{indent}    w[o + i] = {body}\n"


def _operation(primitive: Primitive, slot: int, limit: float, indent: str) -> str:
    """The loop (or loops) of one operation.

    A function with a narrow body takes it for all rows, and then goes again over the LANES rows at a time that hold a
    finite argument beyond the limit. That second loop ends at `min(.., n)`: were it known to take LANES turns, LLVM
    would unroll it to scalar code before it could make vectors of it.
    """
    if primitive.over:
        return _reduction(primitive, indent)
    offsets = "abc"
    arguments = ["k" if k == slot else f"w[{offsets[k]} + i]" for k in range(primitive.arity)]
    if slot < 0:
        narrow = {f"{wide}({{0}})": f"{name}({{0}})" for wide, name in vecmath.NARROW.items()}.get(primitive.kernel)
        if narrow:
            return (
                f"{indent}m = I(0)\n{indent}for i in range(n):\n{indent}    x = w[a + i]\n"
                f"{indent}    v = add(bits(fabs(x)), LIFT)\n{indent}    m = select(v > m, v, m)\n"
                f"{indent}    w[o + i] = {narrow.format('x')}\n"
                f"{indent}if m > add(bits(F({limit!r})), LIFT):\n"
                f"{indent}    for j in range(np.uint64(0), n, np.uint64(LANES)):\n"
                f"{indent}        if any_beyond(w, a + j, F({limit!r})):\n"
                f"{indent}            for i in range(j, min(j + np.uint64(LANES), n)):\n"
                f"{indent}                w[o + i] = {primitive.kernel.format(*arguments)}\n"
            )
    return _loop(primitive.kernel.format(*arguments), indent)


def _scalars(primitives: PrimitiveSet) -> str:
    """`apply_scalar` and `gradient`: one primitive, or one partial derivative, of float64 scalars."""
    lines = ["@njit(cache=True, nogil=True, error_model='numpy')", "def apply_scalar(op, a, b, c):"]
    lines.append('    """The primitive of opcode `op` at float64 arguments; the ones beyond its arity are not read."""')
    for opcode, p in enumerate(primitives):
        sums = {"xx": "(a * a)", "xy": "(a * b)", "yy": "(b * b)"}  # of a tensor of one element
        lines += [f"    if op == {opcode}:  # {p.name}", f"        return {p.kernel.format('a', 'b', 'c', **sums)}"]
    lines += ["    return F(np.nan)", "", ""]
    lines += ["@njit(cache=True, nogil=True, error_model='numpy')", "def gradient(op, slot, a, b, c, r):"]
    lines.append('    """Derivative of opcode `op` by argument `slot`, where r is its value; NaN if there is none."""')
    for opcode, p in enumerate(primitives):
        if p.gradient:
            lines.append(f"    if op == {opcode}:  # {p.name}")
            for slot, derivative in enumerate(p.gradient):
                expression = derivative.format("a", "b", "c", r="r")
                lines += [f"        if slot == {slot}:", f"            return {expression}"]
    return "\n".join([*lines, "    return F(np.nan)"])


def source(primitives: PrimitiveSet, dtype: str) -> str:
    """The text of the module."""
    _, operations = translate.tables(primitives)
    limit = vecmath.helpers(dtype).trig_limit
    indent = " " * 12
    cases = ""
    for number, (opcode, slot) in enumerate(operations, translate.OPERATIONS):
        p = primitives[opcode]
        note = f"{p.name}, argument {slot} constant" if slot >= 0 else p.name
        cases += f"        elif op == {number}:  # {note}\n{_operation(p, slot, limit, indent)}"
    reductions = [n for n, (opcode, _) in enumerate(operations, translate.OPERATIONS) if primitives[opcode].over]
    return _MODULE.format(
        dtype=dtype, count=len(primitives), block=_block(dtype), pad=64 // np.dtype(dtype).itemsize * 3,
        whole=bool(reductions), reductions=" or ".join(f"op == {n}" for n in reductions) or "op < 0",
        chunk=CHUNK, cases=cases, scalars=_scalars(primitives) if dtype == "float64" else "",
        bindings="\n".join(f"{name} = _V.{name}" for name in _NAMES),
        arity=[p.arity for p in primitives], variants=translate.tables(primitives)[0].tolist(),
    )  # fmt: skip


_MODULE = '''"""Interpreter of {count} primitives in {dtype}, generated by primitives.evaluators.codegen."""

import numpy as np
from numba import njit

from primitives.evaluators.intrinsics import (
    FOLD, LANES, add, any_beyond, bits, nothing, select, sum_of_products, sum_of_squares, wide_vectors
)
from primitives.evaluators.translate import CELLS, FILL, LOSS, OUTPUT, translate, translate_all
from primitives.evaluators.vecmath import helpers

_V = helpers("{dtype}")
F, I = _V.F, _V.I
{bindings}
# Added to the bits of |x|, it makes those of infinity and NaN negative, and leaves the order of the others.
LIFT = I(np.iinfo(I).max - int(np.array(np.inf, F).view(I)) + 1)
BLOCK, CHUNK = {block}, {chunk}
# A slot is a little longer than a block: equal low address bits in all slots would stall loads behind stores.
PAD = {pad}
WHOLE = {whole}  # there are reductions: no program is run in blocks
ARITY = np.array({arity}, np.int16)
VARIANTS = np.array({variants}, np.int16)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def interpret(tape, immediate, end, w, shift, start, count, segments, errors, out, n_results):
    """Run the first `end` operations of the tape on `count` rows in the workspace w, padded to a multiple of FOLD.

    The rows are `shift` cells behind where the tape says. A LOSS adds a sum of squares to errors[p], an OUTPUT fills
    out[p * n_results + r, start:start+count]. A reduction takes the rows to be all there are.
    """
    wide_vectors()
    rows = -(-count // FOLD) * FOLD
    n = np.uint64(rows // FOLD) * np.uint64(FOLD)
    for s in range(np.uint64(end)):
        t = np.uint64(CELLS) * s
        op = tape[t]
        behind = np.uint64(shift)
        a, b = np.uint64(tape[t + np.uint64(1)]) + behind, np.uint64(tape[t + np.uint64(2)]) + behind
        c, o = np.uint64(tape[t + np.uint64(3)]) + behind, np.uint64(tape[t + np.uint64(4)]) + behind
        k = immediate[s]
        if op == FILL:
            for i in range(n):
                w[o + i] = k
        elif op == LOSS:
            for i in range(np.uint64(count), n):
                w[a + i] = F(0)
                w[b + i] = F(0)
            errors[o - behind] += sum_of_squares(w, a, b, n)
        elif op == OUTPUT:
            row = (o - behind) * np.uint64(n_results) + (c - behind)
            for i in range(np.uint64(count)):
                out[row, np.uint64(start) + i] = w[a + i]
{cases}

@njit(cache=True, nogil=True, error_model="numpy")
def workspace(slots, stride):
    """A workspace of so many slots of zeros, on a cache line."""
    w = np.zeros(slots * stride + 64, F)
    skip = (-w.ctypes.data % 64) // w.itemsize
    return w[skip:]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def load(values, start, count, w, offset):
    """Copy values[start:start+count] to the workspace; the last one fills up to a multiple of FOLD."""
    wide_vectors()
    source, out = np.uint64(start), np.uint64(offset)
    for i in range(np.uint64(count)):
        w[out + i] = values[source + i]
    final = values[source + np.uint64(count - 1)]
    for i in range(np.uint64(count), np.uint64(-(-count // FOLD) * FOLD)):
        w[out + i] = final


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(code, length, const, results, ending, n_results, leaves, segments, target, errors, out):
    """Run all programs on leaves[n_leaves, N] (of this module's dtype), a chunk at a time, and end them by `ending`."""
    P, L, N = code.shape[0], code.shape[1], leaves.shape[1]
    block = N if WHOLE else BLOCK
    stride = -(-block // FOLD) * FOLD + PAD
    K, C = leaves.shape[0], const.shape[1]
    operations = min(CHUNK, P) * (3 * L + 2 * n_results)
    tape = np.empty(CELLS * operations, np.int32)
    immediate = np.zeros(operations, F)
    alive, dies, free = np.empty(C + K + L, np.int32), np.empty(3 * L, np.int32), np.empty(L + 4, np.int32)
    where = np.zeros(C + K + L, np.int32)
    for v in range(K):
        where[C + v] = v * stride
    w = workspace(K + 1 + L + 4, stride)
    for begin in range(0, P, CHUNK):
        end = translate_all(
            code, length, const, results, begin, min(begin + CHUNK, P), ending, n_results, K, K + 1, stride, ARITY,
            VARIANTS, tape, immediate, where, alive, dies, free,
        )
        for start in range(0, N, block):
            count = min(block, N - start)
            for v in range(K):
                load(leaves[v], start, count, w, v * stride)
            if ending == LOSS:
                load(target, start, count, w, K * stride)
            interpret(tape, immediate, end, w, 0, start, count, segments, errors, out, n_results)


@njit(cache=True, nogil=True, error_model="numpy")
def run(code, length, const, n_const, results, leaves, segments, out):
    """out[P, R, N] = the results of P packed programs at leaves[n_leaves, N], whose rows make up the segments."""
    P, R, N = out.shape
    evaluate(
        code, length, const, results, np.int64(OUTPUT), R, leaves, segments, np.empty(0, F), nothing(),
        out.reshape(P * R, N),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def loss(code, length, const, n_const, results, leaves, segments, target, out):
    """out[P] = mean squared error of result 0 against target[N]; infinite where it is not finite."""
    out[:] = 0.0
    evaluate(
        code, length, const, results, np.int64(LOSS), np.int64(1), leaves, segments, target, out, np.empty((0, 0), F)
    )
    for p in range(out.size):
        value = out[p] / leaves.shape[1]
        out[p] = value if np.isfinite(value) else np.inf


# One program at a time, for compiled code that runs it again and again: a training, whose every step is one `advance`.


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def translate_program(
    code, length, const, results, p, n_leaves, stride, tape, immediate, where, alive, dies, free
):
    """Write program p and all its results to the tape, from its start. Returns the end.

    Leaf v has its rows at v * stride in the workspace, which has n_leaves + 1 + L + 4 slots. The stride is a multiple
    of FOLD, no less than the rows, plus PAD. The other arrays are as in `translate`.
    """
    C = const.shape[1]
    for v in range(n_leaves):
        where[C + v] = v * stride
    end = translate(
        code, length, const, results, p, OUTPUT, results.shape[1], n_leaves, n_leaves + 1, stride, ARITY, VARIANTS,
        tape, immediate, 0, where, alive, dies, free,
    )
    for s in range(np.int64(end)):
        if tape[CELLS * s] == OUTPUT:
            tape[CELLS * s + 4] = 0
    return np.int64(end)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def advance(tape, immediate, end, w, n, segments, out):
    """Run such a tape on n rows: out[R, n] = its results at the leaves in w, which are left as they are.

    Row by row a block at a time, as far as the nearest cache reaches; all rows at once if it reduces any.
    """
    block = np.int64(BLOCK)
    for s in range(end):
        op = tape[CELLS * s]
        if {reductions}:
            block = np.int64(n)
    for start in range(0, n, block):
        interpret(tape, immediate, end, w, start, start, min(block, n - start), segments, nothing(), out, 0)


{scalars}
'''


def _key(text: str) -> str:
    """16 hex digits over the module and everything that its machine code is made from."""
    digest = hashlib.sha256(text.encode())
    for path in (*sorted(Path(__file__).parent.glob("*.py")), Path(compiled.__file__)):
        digest.update(path.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, np.__version__, sys.version, platform.machine())
    digest.update(repr(versions).encode())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """`kernels` in the first writable folder of $DISCOVER_CACHE, ~/.cache/discover and a temporary one of this user.

    Code is imported from here (and unpickled, by Numba). So the temporary folder, whose name anybody can guess, is only
    taken if it belongs to this user and nobody else may write to it; otherwise this process gets a new one to itself.
    """
    choices = [Path(root)] if (root := os.environ.get("DISCOVER_CACHE")) else []
    with suppress(RuntimeError):  # a user without a home
        choices.append(Path.home() / ".cache" / "discover")
    for choice in choices:
        folder = choice / "kernels"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    temporary = Path(tempfile.gettempdir()) / f"discover-kernels-{os.getuid()}"
    with suppress(OSError):
        temporary.mkdir(mode=0o700, exist_ok=True)
    return temporary if _is_private(temporary) else _own_folder()


def _is_private(folder: Path) -> bool:
    """Whether this is a folder (not a link to one) of this user that nobody else may write to."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


@cache
def _own_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="discover-kernels-"))


def kernels(primitives: PrimitiveSet, dtype: str) -> ModuleType:
    """The compiled module of a set: `run`, `loss`, and in float64 `apply_scalar` and `gradient`.

    The first call of a function on a machine compiles it (seconds); later processes load it (under a second).
    Raises ValueError for another dtype, and for a primitive without a kernel.
    """
    for primitive in primitives:
        if not primitive.kernel:
            raise ValueError(f"{primitive.name} has no compiled form: {primitive.missing['numba']}")
    if dtype not in DTYPES:
        raise ValueError(f"dtype {dtype!r} is not one of {', '.join(DTYPES)}")
    return _import(source(primitives, dtype).rstrip() + "\n", dtype)


@cache
def _import(text: str, dtype: str) -> ModuleType:
    """The module of this text, from the cache folder."""
    name = f"kernels_{dtype}_{_key(text)}"
    path = cache_folder() / f"{name}.py"
    if not path.exists() or path.read_text() != text:
        # Written aside and renamed, so that no process ever reads half a file.
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(temporary, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Numba's cache finds a function's module by name
    spec.loader.exec_module(module)
    return module
