"""The CUDA kernels of a primitive set: their source text. One interpreter, in two kernels.

    evaluate   one block of threads a program (and a part of the rows, if there are many), all on the same rows;
               results, or losses fused
    advance    one block a lane: each runs a program of its own choice on tensors of its own, in the caller's memory

How the interpreter is made (nothing here was timed: what is said follows from the PTX and machine code):

- All threads of a block run one program, so no branch on an operation diverges. Operations are found by a balanced tree
  of comparisons.
- A thread keeps ROWS rows, 16 bytes, of every value: each operation is read and found once for all of them, and values
  move in one instruction. Values lie in shared memory [slot][thread][ROWS]; a thread reads its own alone, so nothing
  waits between operations. The last result stays in registers (see `cuda_tape`). Nothing is in local memory: an array
  of registers cannot be indexed, so the code of every operation is written out for each row.
- Rows of a thread are THREADS apart in global memory: a warp reads neighbours.
- A program runs in as many threads a block as it has room for in shared memory. There is a kernel for each number, and
  each is launched for all programs: a block whose program is not of its size returns at once. So the bits of a program
  do not depend on those beside it, and the host need not know which lane has which program.
- A reduction costs a pass: the program runs up to it on all rows and its sums are taken, in float64; the next pass goes
  on from there. No value leaves the block.
- Every sum is in a fixed order: over a thread's rows, then halving the threads; those over all tensors
  do not depend on where tensors begin. The rows a block takes depend on their
  number alone, so a loss has the same bits in every run, batch and device.
"""

from __future__ import annotations

import numba_cuda
import numpy as np

from primitives.evaluators import cuda_text, vecmath
from primitives.evaluators.cuda_memory import BYTES
from primitives.evaluators.cuda_tape import FACTS
from primitives.evaluators.translate import FILL, LOSS, OPERATIONS, OUTPUT
from primitives.primitive import Primitive, PrimitiveSet

THREADS = 128  # a block, on a device
SIZES = (THREADS, 64, 32)  # where shared memory has no room for a program's values, it runs in fewer threads
TILES = 16  # of THREADS * ROWS rows that a block goes through, if rows are shared out among blocks
_NAMES = (*vecmath.NAMES, *vecmath.INSTRUCTIONS, "select")
_LONG = ("power(", "pow(")  # bodies so long that a loop goes over the rows
_PRODUCTS = {"xx": ("a", "a"), "xy": ("a", "b"), "yy": ("b", "b")}  # the arguments of a reduction's sums


def rows(dtype: str) -> int:
    """Rows a thread."""
    return BYTES // np.dtype(dtype).itemsize


def _listed(prefix: str, n: int) -> str:
    return ", ".join(f"{prefix}{r}" for r in range(n))


def _zero(n: int) -> str:
    return " = ".join(f"x{r}" for r in range(n))


def _fetch(name: str, n: int) -> list[str]:
    """Lines that set name0, name1, .. to an argument."""
    values = _listed(name, n)
    return [
        f"if {name} < TOP:",
        f"    {values} = load16(own, {name} * TILE)",
        f"elif {name} == CONSTANT:",
        *(f"    {name}{r} = immediate[np.uint64(s)]" for r in range(n)),
        "else:",
        f"    {values} = {_listed('x', n)}",
    ]


def _each(kernel: str, arity: int, n: int, **names: str) -> list[str]:
    """Lines that set x0, x1, .. to a body, row by row in a loop: one copy of long code, and few registers.

    Rows go round, by `step`, which is 1; if the compiler knew how many turns that takes, it would write them all out.
    """
    lines = [
        "turn = 0",
        f"while turn < {n}:",
        "    turn += step",
        f"    y = F({kernel.format('a0', 'b0', 'c0', **names)})",
    ]
    for name in "abc"[:arity]:
        values = [f"{name}{r}" for r in range(n)]
        lines.append(f"    {', '.join(values)} = {', '.join((*values[1:], values[0]))}")
    return [*lines, f"    {_listed('x', n)} = {', '.join((*(f'x{r}' for r in range(1, n)), 'y'))}"]


def _elementwise(primitive: Primitive, n: int) -> list[str]:
    """The body of a primitive for each row.

    A function with a narrow body takes it for all rows. A thread with a finite argument beyond the limit, which is
    rare, goes again over its rows.
    """
    kernel = primitive.kernel
    lines = ["c = np.int32(c & 0xFFFF)", *_fetch("c", n)] if primitive.arity > 2 else []
    if any(name in kernel for name in _LONG):
        return [*lines, *_each(kernel, primitive.arity, n)]
    narrow = {f"{wide}({{0}})": f"{name}({{0}})" for wide, name in vecmath.NARROW.items()}.get(kernel)
    body = (narrow or kernel).format
    lines += [f"x{r} = F({body(f'a{r}', f'b{r}', f'c{r}')})" for r in range(n)]
    if narrow:
        far = " or ".join(f"LIMIT < fabs(a{r}) < INF" for r in range(n))
        lines += [f"if {far}:", *("    " + line for line in _each(kernel, 1, n))]
    return lines


def _reduction(primitive: Primitive, n: int) -> list[str]:
    """In its own pass a reduction adds up its sums and ends the tile; later passes take them."""
    used = [name for name in _PRODUCTS if f"{{{name}}}" in primitive.kernel]
    factors = {name: _PRODUCTS[name] for name in used}
    cells = [f"sums[np.uint64({i} * THREADS + thread)]" for i, name in enumerate(_PRODUCTS) if name in used]
    sums = {name: name for name in _PRODUCTS}
    if "{0}" in primitive.kernel:
        result = _each(primitive.kernel, primitive.arity, n, **sums)
    else:  # one number for all rows
        result = [" = ".join(f"x{r}" for r in range(n)) + f" = F({primitive.kernel.format(*'abc', **sums)})"]
    return [
        "j = c >> 16",
        "if j == level:",
        *(f"    {name} = {cell}" for name, cell in zip(used, cells, strict=True)),
        *(
            line
            for r in range(n)
            for line in (
                f"    if low <= row + {r} * THREADS < stop:",
                *(f"        {name} += D({a}{r}) * D({b}{r})" for name, (a, b) in factors.items()),
            )
        ),
        *(f"    {cell} = {name}" for name, cell in zip(used, cells, strict=True)),
        "    s = end",
        "    out = np.int32(TOP)",
        "else:",
        "    found = np.uint64(SUMS * (THREADS + j * tensors + piece))",
        *(f"    {name} = sums[found + np.uint64({i})]" for i, name in enumerate(_PRODUCTS) if name in used),
        *("    " + line for line in result),
    ]


def _tree(cases: list[tuple[int, str, list[str]]]) -> list[str]:
    """A balanced tree of comparisons over the cases (operation, note, lines), which are in order."""
    if len(cases) == 1:
        _, note, lines = cases[0]
        return [f"# {note}", *lines]
    half = len(cases) // 2
    below, above = (["    " + line for line in _tree(part)] for part in (cases[:half], cases[half:]))
    return [f"if op < {cases[half][0]}:", *below, "else:", *above]


def _tile(primitives: PrimitiveSet, n: int, load: list[str], endings: list[tuple[int, str, list[str]]]) -> list[str]:
    """A program on one tile: its leaves are loaded, then its operations are run, from s to end."""
    cases = [(FILL, "a constant", [f"x{r} = immediate[np.uint64(s)]" for r in range(n)]), *endings]
    for opcode, p in enumerate(primitives):
        cases.append((OPERATIONS + opcode, p.name, _reduction(p, n) if p.over else _elementwise(p, n)))
    return [
        "row = np.int32(start + thread)",
        "s, slot = begin, np.int32(0)",
        "while slot < loads:",
        "    leaf = tape[np.uint64(WORDS * s)]",
        *("    " + line for line in load),
        f"    store16(own, slot * TILE, ({_listed('v', n)}))",
        "    s, slot = np.int32(s + 1), np.int32(slot + 1)",
        "while s < end:",
        "    word, a, b, c = load16(tape, WORDS * s)",
        "    op, out = np.int32(word & 0xFFFF), np.int32(word >> 16)",
        *("    " + line for name in "ab" for line in _fetch(name, n)),
        *("    " + line for line in _tree(cases)),
        "    if out < TOP:",
        f"        store16(own, out * TILE, ({_listed('x', n)}))",
        "    s = np.int32(s + 1)",
        "start = np.int32(start + TILE)",
    ]


def _passes(primitives: PrimitiveSet, tile: list[str]) -> list[str]:
    """A program on all its rows: one pass where nothing is reduced, else one more than it has reductions."""
    part = ["start, stop = np.int32(part * PART), np.int32(min(n, (part + 1) * PART))"]
    whole = ["while start < stop:", *("    " + line for line in tile)]
    if not any(p.over for p in primitives):
        return [*part, *whole]
    return [
        "level, levels, pieces = np.int32(0), np.int32(reductions + 1), tensors",
        "if reductions == 0:",
        "    pieces = np.int32(1)",
        "elif part > 0:  # the first block takes all rows",
        "    levels = np.int32(0)",
        "while level < levels:",
        "    tree = trees >> level & 1",
        "    for piece in range(pieces):",
        *("        " + line for line in part),
        "        if reductions > 0:",
        "            start, stop = np.int32(segments[np.uint64(piece)]), np.int32(segments[np.uint64(piece + 1)])",
        "        low = start",
        "        if tree:  # a row's thread must not depend on where tensors begin",
        "            start = np.int32(start // TILE * TILE)",
        "        if piece == 0 or (level < reductions and not tree):",
        "            clear(sums, thread)",
        *("        " + line for line in whole),
        "        if level < reductions and (piece == pieces - 1 or not tree):",
        "            fold(sums, thread)",
        "            if thread == 0:",
        "                for k in range(SUMS):",
        "                    for other in range(0 if tree else piece, piece + 1):",
        "                        found = np.uint64(SUMS * (THREADS + level * tensors + other) + k)",
        "                        sums[found] = sums[np.uint64(k * THREADS)]",
        "            cuda.syncthreads()",
        "    cuda.syncthreads()",
        "    level = np.int32(level + 1)",
    ]


def _indented(lines: list[str]) -> str:
    return "\n".join("    " + line for line in lines)


def _module(primitives: PrimitiveSet, dtype: str, threads: int, most: int, kernel: str) -> str:
    return cuda_text.MODULE.format(
        count=len(primitives), dtype=dtype, version=numba_cuda.__version__, threads=threads, most=most, tiles=TILES,
        rows=rows(dtype), bindings="\n".join(f"{name} = _V.{name}" for name in _NAMES), facts=FACTS,
    ) + kernel  # fmt: skip


def evaluate_source(primitives: PrimitiveSet, dtype: str, threads: int = THREADS, most: int = THREADS) -> str:
    """The text of the module of `evaluate`, for blocks of so many threads, where the largest have `most`."""
    n = rows(dtype)
    at = [f"at + np.uint64({r} * THREADS)" for r in range(n)]
    load = ["at = np.uint64(leaf * padded + row)", *(f"v{r} = leaves[{at[r]}]" for r in range(n))]
    squares = " + ".join(f"e{r} * e{r}" for r in range(2)) + (" + (e2 * e2 + e3 * e3)" if n > 2 else "")
    loss = [
        "at = np.uint64(row)",
        *(f"e{r} = a{r} - target[{at[r]}] if row + {r} * THREADS < stop else F(0)" for r in range(n)),
        f"sums[np.uint64(thread)] += D({squares})",
    ]
    output = ["at = np.uint64((program * results + (c >> 16)) * n + row)"]
    for r in range(n):
        output += [f"if row + {r} * THREADS < stop:", f"    outputs[{at[r]}] = a{r}"]
    tile = _tile(primitives, n, load, [(LOSS, "loss", loss), (OUTPUT, "a result", output)])
    kernel = cuda_text.EVALUATE.format(body=_indented(_passes(primitives, tile)), start=_zero(n), rows=n)
    return _module(primitives, dtype, threads, most, kernel)


def advance_source(
    primitives: PrimitiveSet, dtype: str, n_leaves: int, n_results: int, threads: int = THREADS, most: int = THREADS
) -> str:
    """The text of the module of `advance`, for programs of so many leaves and results."""
    n = rows(dtype)
    load = ["place, stride = places[np.uint64(2 * leaf)], places[np.uint64(2 * leaf + 1)]"]
    load += [f"v{r} = load_at(F(0), place, min(row + {r} * THREADS, stop - 1) * stride)" for r in range(n)]
    output = [f"at = np.uint64(2 * ({n_leaves} + (c >> 16)))", "place, stride = places[at], places[at + np.uint64(1)]"]
    for r in range(n):
        output += [
            f"if place and row + {r} * THREADS < stop:",
            f"    store_at(a{r}, place, (row + {r} * THREADS) * stride)",
        ]
    names = [*(f"leaf{k}" for k in range(n_leaves)), *(f"out{k}" for k in range(n_results))]
    places = [
        f"places[{2 * i}], places[{2 * i + 1}] = {name} + {np.dtype(dtype).itemsize} * lane * {name}_lane, {name}_row"
        for i, name in enumerate(names)
    ]
    tile = _tile(primitives, n, load, [(OUTPUT, "a result", output)])
    kernel = cuda_text.ADVANCE.format(
        body=_indented(_passes(primitives, tile)),
        start=_zero(n),
        rows=n,
        places=_indented(["    " + p for p in places]),
        count=2 * len(names),
        arguments="".join(f", {name}, {name}_lane, {name}_row" for name in names),
    )
    return _module(primitives, dtype, threads, most, kernel)
