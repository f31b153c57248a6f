"""Step time of exported optimizers beside torch's own and lion-pytorch, on a model of 50 million weights.

    python -m benchmarks.step_time [--json] [--rounds N] [--weights MILLIONS]

The parameters are those of a transformer (12 of 13 weights in matrices), float32, each optimizer with its own copy. The
engines take turns, round by round, in one process, so that other work on the machine hits all alike; a ratio is the
median over rounds of (time of the original / our time in the same round): above 1 we are faster. What they compute is
compared first. On CUDA where there is one (with lists of tensors, the default there), else on one CPU thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from discover.problem import Find
from primitives.program import Program
from searches.optimizers import known
from searches.optimizers.export import EXPORTERS

LR, DECAY = 1e-4, 0.1
SETTINGS = {"config": {"search": "optimizers", "problem": {"primitives": ["all"]}}}
PROVENANCE = SETTINGS | {
    "title": "", "search": "optimizers/lion", "config_hash": "", "seed": 0, "reproduce": "", "id": "", "parents": [],
    "scores": {}, "status": "rediscovered", "generator": "benchmarks",
}  # fmt: skip


def exported(program: Program, name: str, folder: str) -> Any:
    """The class that the exported file defines."""
    path = Path(folder) / f"{name}.py"
    path.write_text(EXPORTERS["torch"](Find(program, {}, {}), PROVENANCE | {"name": name}))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def shapes(weights: int) -> list[tuple[int, ...]]:
    """Those of a transformer of about so many weights: blocks of width 512 and an embedding."""
    block = [(1536, 512), (512, 512), (2048, 512), (512, 2048), (512,), (512,), (2048,), (512,)]
    size = 512 * (1536 + 512 + 2048 + 2048) + 3 * 512 + 2048
    blocks = max(1, round(0.9 * weights / size))
    return block * blocks + [(max(1, (weights - blocks * size) // 512), 512)]


def engines(folder: str) -> dict[str, dict[str, Callable[[Any], torch.optim.Optimizer]]]:
    """Name -> optimizer of parameters; the first of each group is ours."""
    import lion_pytorch

    AdamW = exported(known.adamw(LR, decay=DECAY, lerp=True), "AdamW", folder)
    Lion = exported(known.lion(LR, decay=DECAY), "Lion", folder)
    return {
        "AdamW": {
            "exported, loop": lambda p: AdamW(p, foreach=False),
            "exported, foreach": lambda p: AdamW(p, foreach=True),
            "torch, loop": lambda p: torch.optim.AdamW(p, lr=LR, weight_decay=DECAY, foreach=False),
            "torch, foreach": lambda p: torch.optim.AdamW(p, lr=LR, weight_decay=DECAY, foreach=True),
            "torch, fused": lambda p: torch.optim.AdamW(p, lr=LR, weight_decay=DECAY, fused=True),
        },
        "Lion": {
            "exported, loop": lambda p: Lion(p, foreach=False),
            "exported, foreach": lambda p: Lion(p, foreach=True),
            "lion-pytorch": lambda p: lion_pytorch.Lion(p, lr=LR, weight_decay=DECAY),
        },
    }


def model(sizes: list[tuple[int, ...]], device: str) -> list[torch.Tensor]:
    """Parameters with a gradient."""
    generator = torch.Generator().manual_seed(0)
    params = [torch.randn(size, generator=generator).to(device) for size in sizes]
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator).to(device)
    return params


def compare(makers: dict[str, Callable[[Any], torch.optim.Optimizer]], device: str) -> float:
    """The largest difference from the first engine's weights after five steps on a small model."""
    ends = []
    for make in makers.values():
        params = model([(64, 32), (64,)], device)
        optimizer = make(params)
        for _ in range(5):
            optimizer.step()
        ends.append(torch.cat([p.ravel() for p in params]))
    return max(float((end - ends[0]).abs().max()) for end in ends)


def timed(optimizer: torch.optim.Optimizer, device: str) -> float:
    """Seconds of one step."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    optimizer.step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def run(weights: int, rounds: int) -> dict[str, Any]:
    """All engines, one group after the other."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    sizes = shapes(weights)
    out: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()}, one thread",
        "torch": torch.__version__, "lion-pytorch": version("lion-pytorch"),
        "weights": sum(torch.Size(s).numel() for s in sizes), "tensors": len(sizes), "rounds": rounds,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for group, makers in engines(folder).items():
            difference = compare(makers, device)
            if not difference <= 1e-6:
                raise SystemExit(f"{group}: results differ by {difference:.3g}; nothing timed")
            optimizers = {}
            for name, make in makers.items():
                optimizers[name] = make(model(sizes, device))
                timed(optimizers[name], device)  # makes the state
            times = [{name: timed(o, device) for name, o in optimizers.items()} for _ in range(rounds)]
            ours = "exported, foreach" if device == "cuda" else "exported, loop"
            out[group] = {
                "largest difference": difference,
                **{
                    name: {
                        "ms": 1e3 * statistics.median(row[name] for row in times),
                        "ratio": statistics.median(row[name] / row[ours] for row in times),
                    }
                    for name in makers
                },
            }
    return out


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--weights", type=float, default=50.0, help="millions")
    given = parser.parse_args()
    result = run(int(given.weights * 1e6), given.rounds)
    if given.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['weights']:,} weights in {result['tensors']} tensors, {result['device']}, torch {result['torch']}")
    for group in ("AdamW", "Lion"):
        print(f"\n{group} (largest difference in five steps: {result[group].pop('largest difference'):.3g})")
        for name, row in result[group].items():
            print(f"  {name:20} {row['ms']:9.1f} ms a step, {row['ratio']:5.2f} of ours")


if __name__ == "__main__":
    main()
