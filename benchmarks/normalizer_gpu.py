"""Layers a minute on a GPU and on one core of a CPU: the proxy of the search, three networks, with losses compared.

    python -m benchmarks.normalizer_gpu [--device auto] [--candidates 256] [--shorten 1] [--json]

Candidates are random programs of the search that pass its first stage. The GPU trains all of them at once, in float32
and in bfloat16; one core of the CPU trains `SAMPLE` of them. Losses differ by what is rounded in another order, and
that grows over a training: shown are the largest and the median relative difference of those that agree to be finite.
Where there is no GPU, only what is counted is printed: torch's calls and floating-point operations of a step, one
layer after another and together, and what breeding takes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.evaluators import machine
from discover import spec, strategies
from primitives.canonical import Canonicalizer
from primitives.fingerprint import Fingerprinter
from primitives.gpu.devices import CPU, Device, torch_device
from primitives.packed import unpack
from searches.normalizers import nets
from searches.normalizers.alive import alive
from searches.normalizers.commands import add_device, device_of
from searches.normalizers.config import Precision, Training
from searches.normalizers.layer import Layer, layers
from searches.normalizers.problem import NETS, NormalizerProblem
from searches.normalizers.training import Lanes, _train, train

SAMPLE = 16  # layers that the CPU trains
# Calls that only look at memory in another way, or reserve some.
_FREE = {
    "view", "_unsafe_view", "expand", "permute", "transpose", "t", "select", "slice", "unsqueeze", "squeeze", "detach",
    "alias", "split", "split_with_sizes", "as_strided", "unfold", "_reshape_alias", "unbind", "empty", "new_empty",
    "empty_strided", "empty_like", "new_empty_strided",
}  # fmt: skip


def population(problem: NormalizerProblem, n: int) -> tuple[list[Layer], dict[str, float]]:
    """Random layers that pass the first stage; and microseconds a candidate of breeding, of the canonical form with
    its checks, and of fingerprints."""
    strategy = strategies.make(problem, spec.Strategy(name="random"), 1)
    canonical = Canonicalizer(problem.primitives, problem.signature, problem.free_constants, problem.flat)
    prints = Fingerprinter(problem.primitives, problem.probes, problem.free_constants, problem.probe_shape)
    found: dict[bytes, Layer] = {}
    spent: dict[str, float] = {}
    for generation in range(100):  # the first compiles
        begun = time.process_time()
        batch = strategy.ask(512, generation)
        bred = time.process_time()
        _, valid = canonical(batch)
        valid[valid] = problem.check(batch[valid])
        checked = time.process_time()
        keys = prints(batch[valid])
        ended = time.process_time()
        spent = {"breed": bred - begun, "canonical": checked - bred, "fingerprint": ended - checked}
        some = layers(unpack(batch[valid], problem.signature, problem.primitives), problem.primitives)
        for i in range(0, len(some), 32):
            if generation and len(found) < n:
                part = slice(i, i + 32)
                lives = alive(some[part])
                found |= {k.tobytes(): c for k, c, fine in zip(keys[part], some[part], lives, strict=True) if fine}
        if len(found) >= n:
            break
    return list(found.values())[:n], {name: 1e6 * seconds / 512 for name, seconds in spent.items()}


def rates(device: Device, n: int = 256, shorten: int = 1) -> list[dict[str, Any]]:
    """Rows of layers a minute, CPU first; of a GPU also how losses differ from the CPU's.

    device, precision   where and in what
    layers, seconds     how many through the proxy, and how long all of them took together
    layers a minute     of wall clock; of the CPU's own time, for others may use the machine
    largest, median     relative difference of losses from those of the CPU in float32
    agree               trainings that end finite on both or on neither, of all compared
    """
    problem = _problem()
    candidates, _ = population(problem, n)
    proxy = problem.config.proxy
    proxy = proxy.model_copy(update={"steps": max(1, proxy.steps // shorten)})
    begun = time.process_time()
    wanted = _losses(problem, candidates[:SAMPLE], proxy, CPU, "float32")
    table = [_row("one core of the CPU", "float32", min(n, SAMPLE), time.process_time() - begun)]
    precisions: tuple[Precision, ...] = ("float32", "bfloat16")
    for precision in precisions if device.is_cuda else ():
        _losses(problem, candidates, proxy.model_copy(update={"steps": 5}), device, precision)  # loads libraries
        torch.cuda.synchronize()
        begun = time.perf_counter()
        losses = _losses(problem, candidates, proxy, device, precision)[:SAMPLE]
        seconds = time.perf_counter() - begun
        finite = np.isfinite(losses) & np.isfinite(wanted)
        relative = abs(losses[finite] / wanted[finite] - 1)
        table.append(
            _row(device.name, precision, n, seconds)
            | {"largest": float(relative.max()), "median": float(np.median(relative))}
            | {"agree": f"{int((np.isfinite(losses) == np.isfinite(wanted)).sum())} of {losses.size}"}
        )
    return table


def counts(sizes: Sequence[int] = (64, 128, 256, 512)) -> list[dict[str, Any]]:
    """What a step in the deep network takes, by the number of candidates: torch's calls that are launches on a GPU,
    layer by layer and together, and floating-point operations of convolutions and products of matrices."""
    problem = _problem()
    candidates, _ = population(problem, max(sizes))
    return [
        {
            "candidates": n,
            "instructions": sum(len(c.steps) for c in candidates[:n]),
            "calls, one after another": _count(problem, candidates[:n], CPU)[0],
            "calls, together": (found := _count(problem, candidates[:n], _STAND_IN))[0],
            "GFLOP": found[1] / 1e9,
        }
        for n in sizes
    ]


_STAND_IN = Device("cuda", 0, "a stand-in", (9, 0), 1 << 30)


def _problem() -> NormalizerProblem:
    problem: NormalizerProblem = spec.build(spec.load("normalizers/b-series").ref)
    return problem


def _losses(
    problem: NormalizerProblem, candidates: list[Layer], proxy: Training, device: Device, precision: Precision
) -> np.ndarray:
    """float64[networks, n]."""
    seeds = problem.seeds(0, proxy.seeds)
    found = [train(problem.networks[m], candidates, problem.images, seeds, proxy, device, precision) for m in NETS]
    return np.stack([outcome.loss.mean(axis=1) for outcome in found])


def _row(device: str, precision: str, n: int, seconds: float) -> dict[str, Any]:
    return {
        "device": device, "precision": precision, "layers": n, "seconds": seconds, "layers a minute": 60 * n / seconds
    }  # fmt: skip


class _Calls(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.n += function.overloadpacket.__name__ not in _FREE
        return function(*args, **kwargs or {})


def _count(problem: NormalizerProblem, candidates: list[Layer], device: Device) -> tuple[int, int]:
    """Calls and operations of a step, with convolutions as on a GPU; torch's CPU stands in for one."""
    seeds, step = problem.seeds(0, 1), Training(steps=1)
    place = mock.patch("searches.normalizers.training.torch_device", lambda device: torch.device("cpu"))
    with place, mock.patch.object(nets, "_groups", nets._products):
        lanes = Lanes(problem.networks["deep"], candidates, seeds, device)
        with mock.patch("searches.normalizers.graph.torch_device", lambda device: torch.device("cpu")):
            _train(lanes, problem.images, seeds, step)  # plans
            with _Calls() as calls, FlopCounterMode(display=False) as operations:
                _train(lanes, problem.images, seeds, step)
    return calls.n, operations.get_total_flops()


def main() -> None:
    """Print tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_device(parser)
    parser.add_argument("--candidates", type=int, default=256)
    parser.add_argument("--shorten", type=int, default=1, help="divide the steps (default 1)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        device = device_of(given.device)
        torch_device(device)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    result: dict[str, Any] = {"breeding, us a candidate": population(_problem(), 64)[1]}
    if not device.is_cuda:
        result["a step"] = counts((64, 128, 256))
    result["proxy"] = rates(device, given.candidates if device.is_cuda else SAMPLE, given.shorten)
    if given.json:
        print(json.dumps(result | {"machine": machine("torch", "numpy")}, indent=1))
        return
    print(", ".join(f"{name} {micro:.1f} us" for name, micro in result["breeding, us a candidate"].items()))
    for row in (*result.get("a step", ()), *result["proxy"]):
        print("; ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))
    print(", ".join(f"{k} {v}" for k, v in machine("torch", "numpy").items()))


if __name__ == "__main__":
    main()
