"""The GPU: node evaluations, fractions, trainings and layers a second; what kernels need; whether results agree.

    python -m benchmarks.cuda [--json] [--part kernels|parity|speed] [--programs N] [--rounds N] [--device cuda:0]

With a GPU all tables are measured. Without one the command says so in its first line, and prints what can be known:
registers, memory and instructions of every kernel, compiled for an A100 and an H100; from the instructions that one
node takes, an estimate of how many a card could do at most; and the table of agreement, by Numba's simulator and by the
emulator of PTX. Instructions are those of the machine where nvdisasm is there (pip install nvidia-cuda-nvdisasm), else
of PTX.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from benchmarks.evaluators import machine
from primitives.gpu.devices import Device, DeviceError, resolve, simulated

PACKAGES = ("numpy", "numba", "numba-cuda", "nvidia-nvvm", "nvidia-nvjitlink", "nvidia-cuda-nvdisasm", "torch")


def instructions() -> dict[str, Any]:
    """Card -> dtype -> operation -> instructions of a warp a node, and what the card could do at most with them."""
    from benchmarks.gpu import counts, limits

    found: dict[str, Any] = {}
    for card in limits.CARDS.values():
        found[card.name] = {}
        for dtype in ("float32", "float64"):
            needed, kernel = counts.of_nodes(dtype, card.capability)
            held, least = limits.warps(
                card, kernel.compiled.registers, kernel.compiled.shared + kernel.shared, kernel.block
            )
            rows = {}
            for name, need in needed.items():
                most, pipe = limits.bound(card, need)
                rows[name] = {"needs": need, "most": most * limits.WARP, "by": pipe}
            found[card.name][dtype] = {"nodes": rows, "warps": held, "limited by": least}
    return found


def kernels() -> list[dict[str, Any]]:
    """A row a kernel and card."""
    from benchmarks.gpu import kernels, limits

    return [row for card in limits.CARDS.values() for row in (*kernels.interpreter(card), *kernels.others(card))]


def parity(gpu: bool, programs: int) -> dict[str, Any]:
    """What `parity` finds, column by column."""
    from benchmarks.gpu import parity

    def column(name: str) -> dict[str, Any]:
        size = parity.SIZES[name]
        few = programs or size.programs
        return parity.apart(name, replace(size, programs=few, losses=min(size.losses, few)))

    found: dict[str, Any] = {"cpu": {dtype: parity.accuracy(dtype) for dtype in parity.DTYPES}}
    found |= {name: column(name) for name in ("simulator", "emulated")}
    return found | {"cuda": column("cuda") if gpu else {"error": "no GPU here"}}


def speed(device: Device, rounds: int) -> dict[str, Any]:
    """All that is timed; a table that fails says why and does not stop the others."""
    from numba import cuda

    from benchmarks.gpu import counts, limits, speed

    card = limits.card_of(cuda.get_current_device())
    near = max(c for c in limits.CARDS if c <= card.capability)
    needed = {dtype: counts.of_nodes(dtype, near)[0]["random trees"] for dtype in ("float32", "float64")}
    tables: dict[str, Callable[[], Any]] = {
        "nodes": lambda: speed.nodes(device, card, needed, rounds),
        "fractions": lambda: speed.fractions(device, rounds),
        "trainings": lambda: speed.trainings(device),
        "layers": lambda: speed.layers(device),
    }
    found: dict[str, Any] = {"card": vars(card)}
    for name, table in tables.items():
        try:
            found[name] = table()
        except Exception as error:  # the other tables are worth having
            found[name] = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
    return found


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--part", choices=("kernels", "parity", "speed"), help="one part (default: all)")
    parser.add_argument("--programs", type=int, default=0, help="a domain, at random (default 200; on a GPU 1,000)")
    parser.add_argument("--rounds", type=int, default=7, help="turns that are timed (default 7)")
    parser.add_argument("--device", default="cuda", help="cuda or cuda:N (default cuda)")
    given = parser.parse_args()
    if find_spec("numba_cuda") is None or simulated():
        raise SystemExit(
            "benchmarks.cuda needs the extra cuda, and no simulator: pip install 'discover-programs[cuda]', and unset "
            "NUMBA_ENABLE_CUDASIM"
        )
    device, reason = None, ""
    try:
        device = resolve(given.device)
        if not device.is_cuda:
            raise DeviceError(f"{given.device} is no GPU")
    except DeviceError as error:
        device, reason = None, str(error)
    first = f"{device} is {device.name}" if device else f"No GPU here, nothing is timed: {reason}"
    result: dict[str, Any] = {"device": first, "machine": machine(*PACKAGES) | {"cores": os.cpu_count()}}
    print(first, file=sys.stderr if given.json else sys.stdout, flush=True)
    parts: dict[str, dict[str, Callable[[], Any]]] = {
        "kernels": {"kernels": kernels, "instructions": instructions},
        "parity": {"parity": lambda: parity(device is not None, given.programs)},
        "speed": {"speed": lambda: speed(device, given.rounds)} if device else {},
    }
    from benchmarks.gpu import show

    for part in (given.part,) if given.part else ("speed", "kernels", "parity"):
        for name, work in parts[part].items():
            result[name] = work()
            if not given.json:
                print("\n" + "\n".join(getattr(show, name)(result[name])), flush=True)
    if given.json:
        print(json.dumps(result, indent=1))
    else:
        print("\n" + ", ".join(f"{k} {v}" for k, v in result["machine"].items()))


if __name__ == "__main__":
    main()
