"""All kernels: registers, memory, instructions, and how many warps an SM of the cards of `limits` can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.evaluators import SET
from benchmarks.gpu import limits, sass
from benchmarks.gpu.emulated import watched
from primitives.gpu.compile import Compiled
from primitives.gpu.devices import Device
from primitives.hero import HERO
from primitives.images import POINTWISE
from primitives.table import REAL

Row = dict[str, Any]
SETS = {"+ - * / sin exp log": SET, "REAL": REAL, "HERO": HERO, "POINTWISE": POINTWISE}
LEAVES, RESULTS = 5, 3  # of an optimizer
SHARED = 13312  # bytes that the interpreter asks for at a launch, of random 20-node programs
IDENTIFY = {"constants": ["circle", "logarithm"], "coefficients": 3}
PLAIN = {"a": ((-1, 1), (-2, 2)), "b": ((0, 1), (-1, 1), (-1, 1)), "depth": 64}
SIEVED = {"a": ((-8, 9), (-9, 9)), "symmetric": True, "odd": True, "b": (), "factors": 4, "content": (-1, 1),
          "depth": 64, "sieve": True}  # fmt: skip


def _fractions(device: Device) -> None:
    """Two small boxes, one with a sieve, and the second pass."""
    from searches.constants.box import BoxSweep
    from searches.constants.config import ConstantsConfig
    from searches.constants.gpu import double, first

    first.powers.cache_clear()
    for box, numbers in ((PLAIN, (0, 40)), (SIEVED, (100, 400))):
        sweep = BoxSweep(ConstantsConfig.model_validate({"identify": IDENTIFY, "box": box}))
        sweep.device = device
        sweep.scan(*numbers)
    a, b = np.array([[1, 2], [3, 1]]), np.array([[1, 1, 1], [2, 0, 1]])
    first.convergents(a, b, 64)
    double.doubledouble(a, b, 64)
    first.powers.cache_clear()


def _fits(device: Device) -> None:
    """The constants of a few known forms of 2^x."""
    from primitives.packed import pack
    from primitives.table import ARITHMETIC
    from searches.functions import known
    from searches.functions.config import Effort, FunctionConfig
    from searches.functions.problem import SIGNATURE, FunctionProblem

    little = Effort(starts=3, short=2, steps=1, long=2, more=2, lawson=1)
    problem = FunctionProblem(FunctionConfig(hurdle=little, proxy=little))
    problem.use(device)
    batch = pack(list(known.forms(SIGNATURE).values())[:4], ARITHMETIC, problem.shape)
    problem.evaluate(0, batch, np.arange(4, dtype=np.uint64))


WORK: dict[str, Callable[[Device], None]] = {"functions": _fits, "constants": _fractions}


def _row(name: str, compiled: Compiled, card: limits.Card, block: int, dynamic: int) -> Row:
    held, least = limits.warps(card, compiled.registers, compiled.shared + dynamic, block)
    return {
        "kernel": name,
        "capability": card.capability,
        "registers": compiled.registers,
        "local": compiled.local,
        "shared": compiled.shared + dynamic,
        "block": block,
        "warps": held,
        "limited by": least,
        "ptx": sass.in_ptx(compiled.ptx),
        "sass": sum(sass.opcodes(compiled.cubin).values()) if sass.disassembler() else None,
    }


def interpreter(card: limits.Card) -> Iterator[Row]:
    """The interpreter's kernels, of every set."""
    from primitives.evaluators.cuda import compiled
    from primitives.evaluators.cuda_codegen import THREADS

    for label, primitives in SETS.items():
        for dtype in ("float32", "float64"):
            names = ("evaluate", "advance") if primitives is HERO and dtype == "float32" else ("evaluate",)
            for name, made in compiled(primitives, dtype, card.capability, LEAVES, RESULTS, names).items():
                yield _row(f"{name}, {label}, {dtype}", made, card, THREADS, SHARED)


def others(card: limits.Card) -> Iterator[Row]:
    """The kernels of the domains, found by running small examples on the emulated GPU."""
    for domain, work in WORK.items():
        with watched(card.capability) as (device, made):
            work(device)
        for kernel in made:
            if kernel.block:
                yield _row(f"{domain}: {kernel.function}", kernel.compiled, card, kernel.block, kernel.shared)
