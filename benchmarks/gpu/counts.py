"""What a node costs: instructions of a warp, counted where the compiled kernel runs in the PTX emulator.

A node is one operation or leaf of a program on one row. The emulator tells which lines of the PTX run, and how often;
the disassembler, which machine instructions stand for each line (without it, PTX instructions are counted).
"""

from __future__ import annotations

import numpy as np

from benchmarks.evaluators import INPUTS, NODES, SET, packed, random_tree
from benchmarks.gpu import sass
from benchmarks.gpu.emulated import Watched, watched
from benchmarks.gpu.limits import WARP
from primitives.packed import Packed, Shape, pack
from primitives.primitive import PrimitiveSet
from primitives.program import Instruction, Program, Signature

Counts = dict[str, float]  # instructions of a warp by pipe, as `sass.needs`
CHAINS = 4, 12  # operations of two programs, whose difference is taken
OPCODES = ("add", "div", "exp", "sin")
ROWS = 1024  # two tiles of a block in float32, four in float64
PROGRAMS = 12


def trees(n: int) -> Packed:
    """The random 20-node programs of `benchmarks.evaluators`."""
    rng = np.random.default_rng(2026)
    return packed([random_tree(rng) for _ in range(n)])


def chain(primitives: PrimitiveSet, name: str, length: int) -> Packed:
    """x0, then so many times `name` of the last value (and of x1)."""
    arity = primitives[primitives.opcode(name)].arity
    last = [0, *range(INPUTS, INPUTS + length)]
    steps = tuple(Instruction(name, (v, 1)[:arity]) for v in last[:-1])
    signature = Signature(tuple(f"x{k}" for k in range(INPUTS)), ("y",))
    return pack([Program(signature, steps, (), (last[-1],))], primitives, Shape(INPUTS, 1, length, 1))


def executed(kernel: Watched, capability: tuple[int, int]) -> Counts:
    """Machine instructions that ran, by pipe; or those of PTX, as `issue`."""
    if not sass.disassembler():
        return {"issue": float(sum(kernel.hits.values()))}
    return sass.needs(sass.executed(sass.by_line(kernel.compiled.ptx, capability), kernel.hits))


def of_loss(programs: Packed, dtype: str, capability: tuple[int, int]) -> tuple[Counts, Watched]:
    """Instructions of the launch of these programs' losses on ROWS rows, for each 32 of them; and its kernel."""
    from primitives.evaluators.cuda import CudaEvaluator

    x = np.random.default_rng(0).normal(size=(INPUTS, ROWS)).astype(dtype)
    with watched(capability, count=True) as (device, made):
        CudaEvaluator(SET, dtype, device).loss(programs, x, x[0])
    (kernel,) = made
    return {name: n * WARP / ROWS for name, n in executed(kernel, capability).items()}, kernel


def of_nodes(dtype: str, capability: tuple[int, int], programs: int = PROGRAMS) -> tuple[dict[str, Counts], Watched]:
    """Instructions of a warp a node: of some operations, and of random trees with all that belongs to them; the kernel
    of the latter."""
    found: dict[str, Counts] = {}
    for name in OPCODES:
        short, long = (of_loss(chain(SET, name, n), dtype, capability)[0] for n in CHAINS)
        found[name] = {pipe: (long[pipe] - short[pipe]) / (CHAINS[1] - CHAINS[0]) for pipe in long}
    whole, kernel = of_loss(trees(programs), dtype, capability)
    found["random trees"] = {pipe: n / (programs * NODES) for pipe, n in whole.items()}
    return found, kernel
