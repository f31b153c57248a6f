"""Whether a GPU computes what the CPU does, to the bit: every primitive, and random programs of every domain.

python -m benchmarks.gpu.parity COLUMN [SAMPLES PROGRAMS LOSSES ROWS]     # simulator: with NUMBA_ENABLE_CUDASIM=1
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from primitives.evaluators import Evaluator
from primitives.evaluators.conformance import exact, random_programs, samples, ulps
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.hero import HERO
from primitives.images import POINTWISE
from primitives.packed import Packed, Shape, pack
from primitives.primitive import Primitive, PrimitiveSet
from primitives.program import Instruction, Program, Signature
from primitives.table import REAL
from searches.constants.fraction import INTEGER

DTYPES = ("float32", "float64")
SETS = {"REAL": REAL, "HERO": HERO, "POINTWISE": POINTWISE}
DOMAINS = {"functions": REAL, "constants": INTEGER, "optimizers": HERO, "normalizers": POINTWISE}
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e6, 1e-6, 1e30)


@dataclass(frozen=True)
class Size:
    """How much is compared: arguments a primitive, programs a domain, of these losses too, rows."""

    samples: int
    programs: int
    losses: int
    rows: int


SIZES = {"simulator": Size(24, 200, 20, 6), "emulated": Size(120, 200, 20, 32), "cuda": Size(400, 1000, 1000, 256)}


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Steps from a to b, from a number of their type to the next, elementwise; 0 for two NaNs, infinite for one.

    Zero and minus zero are a step apart.
    """
    unsigned = np.uint32 if a.dtype == np.float32 else np.uint64
    sign = unsigned(1) << unsigned(8 * a.dtype.itemsize - 1)
    x, y = (np.where(v & sign, ~v, v | sign) for v in (a.view(unsigned), b.view(unsigned)))  # they rise as numbers do
    nan = np.isnan(a), np.isnan(b)
    steps = (np.maximum(x, y) - np.minimum(x, y)).astype(np.float64)
    return np.where(nan[0] & nan[1], 0.0, np.where(nan[0] | nan[1], np.inf, steps))


def arguments(primitive: Primitive, dtype: str, size: int) -> np.ndarray:
    """Of its domain, and beyond: infinities, zeros, huge and tiny numbers; dtype[arity, n]."""
    rng = np.random.default_rng(1)
    inside = samples(primitive, size, dtype, rng)
    special = rng.choice(SPECIAL, (primitive.arity, size // 2 + 1)).astype(dtype)
    return np.hstack([inside, special]) if primitive.arity else np.empty((0, 8), dtype)


def alone(primitive: Primitive, primitives: PrimitiveSet) -> Packed:
    """The program of one instruction."""
    n = primitive.arity
    leaves = Signature(tuple(f"x{k}" for k in range(n)), ("y",))
    program = Program(leaves, (Instruction(primitive.name, tuple(range(n))),), (), (n,))
    return pack([program], primitives, Shape(n, 1, 1, 0))


def cut(rows: int) -> np.ndarray:
    """Tensors that reductions go over: one row, a quarter of them, none, the rest."""
    return np.array([0, 1, 1 + rows // 4, 1 + rows // 4, rows])


def of_primitives(evaluator: Evaluator, size: Size) -> dict[str, float]:
    """Primitive -> the largest distance from the CPU's results."""
    dtype = evaluator.dtype.name
    cpu, found = NumbaEvaluator(evaluator.primitives, dtype), {}
    for primitive in evaluator.primitives:
        x, packed = arguments(primitive, dtype, size.samples), alone(primitive, evaluator.primitives)
        got, wanted = (e.outputs(packed, x, cut(x.shape[1])) for e in (evaluator, cpu))
        found[primitive.name] = float(distance(got, wanted).max())
    return found


def of_programs(evaluator: Evaluator, domain: str, size: Size) -> dict[str, float]:
    """Random programs of a domain: how many, how many agree to the bit in all rows, the largest distance, and of losses
    the largest relative difference."""
    dtype, rng = evaluator.dtype.name, np.random.default_rng(6)
    packed = random_programs(evaluator.primitives, size.programs, Shape(3, 2, 12, 3), rng)
    leaves = rng.normal(size=(3, size.rows)).astype(dtype)
    if domain == "constants":
        leaves = np.floor(8 * leaves)
        packed.const[:] = np.floor(packed.const)
    segments, target = cut(size.rows), leaves[0]
    cpu = NumbaEvaluator(evaluator.primitives, dtype)
    apart = distance(evaluator.outputs(packed, leaves, segments), cpu.outputs(packed, leaves, segments))
    some = packed[: size.losses]
    got, wanted = (e.loss(some, leaves, target, segments) for e in (evaluator, cpu))
    fits = np.isfinite(wanted)
    worst = np.max(np.abs(got[fits] - wanted[fits]) / np.maximum(np.abs(wanted[fits]), 1e-300), initial=0.0)
    return {
        "programs": len(packed),
        "equal": int((apart == 0).all(axis=(1, 2)).sum()),
        "distance": float(apart.max()),
        "loss": float(worst) if np.array_equal(fits, np.isfinite(got)) else np.inf,
    }


def accuracy(dtype: str, size: int = 200) -> dict[str, dict[str, tuple[float, float]]]:
    """Set -> primitive -> the CPU's largest error on its domain, in units in the last place, and the declared bound."""
    import mpmath

    found: dict[str, dict[str, tuple[float, float]]] = {}
    for label, primitives in SETS.items():
        cpu, found[label] = NumbaEvaluator(primitives, dtype), {}
        for primitive in primitives:
            x = samples(primitive, size, dtype, np.random.default_rng(1))
            x = x if primitive.arity else np.empty((0, 4), dtype)
            got = cpu.outputs(alone(primitive, primitives), x, cut(x.shape[1]))[0, 0]
            with mpmath.workprec(160):
                true = exact(primitive, x, cut(x.shape[1]), mpmath) if primitive.arity else [primitive.high(mpmath)] * 4
                errors = [
                    ulps(float(g), t, dtype, mpmath) for g, t in zip(got, true, strict=True) if not mpmath.isinf(t)
                ]
            found[label][primitive.name] = max(errors, default=0.0), primitive.ulp
    return found


def compare(column: str, size: Size) -> dict[str, Any]:
    """A column ("simulator", "emulated" or "cuda"): dtype -> primitives of every set, programs of every domain."""
    from primitives.evaluators.cuda import CudaEvaluator
    from primitives.gpu.devices import resolve
    from primitives.gpu.emulator_device import emulated_gpu

    found: dict[str, Any] = {"size": asdict(size)}
    with emulated_gpu() if column == "emulated" else nullcontext(resolve("cuda")) as device:
        for dtype in DTYPES:
            began = time.perf_counter()
            made = {label: CudaEvaluator(primitives, dtype, device) for label, primitives in SETS.items()}
            sets = {label: of_primitives(evaluator, size) for label, evaluator in made.items()}
            domains = {
                name: of_programs(CudaEvaluator(primitives, dtype, device), name, size)
                for name, primitives in DOMAINS.items()
            }
            found[dtype] = {"primitives": sets, "programs": domains, "seconds": time.perf_counter() - began}
    return found


def apart(column: str, size: Size) -> dict[str, Any]:
    """`compare` in a process of its own, as the simulator needs it."""
    command = [sys.executable, "-m", "benchmarks.gpu.parity", column, *(str(n) for n in asdict(size).values())]
    given = {"NUMBA_ENABLE_CUDASIM": "1"} if column == "simulator" else {}
    done = subprocess.run(command, env=os.environ | given, capture_output=True, text=True)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["no reason given"])[-1]}
    return dict(json.loads(done.stdout))


def main() -> None:
    """One column, as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("column", choices=list(SIZES))
    for name in ("samples", "programs", "losses", "rows"):
        parser.add_argument(name, type=int, nargs="?")
    given = vars(parser.parse_args())
    column = given.pop("column")
    size = Size(**(asdict(SIZES[column]) | {key: value for key, value in given.items() if value is not None}))
    print(json.dumps(compare(column, size)))


if __name__ == "__main__":
    main()
