"""Trainings a second on a GPU and on one core of a CPU: the proxies of `optimizers/lion` and `optimizers/lion-gpu`.

    python -m benchmarks.optimizer_gpu [--device auto] [--json]

Candidates are AdamW with constants of their own, on one data order, with the steps of the search's trial. A GPU trains
all of them at once; one core trains SAMPLE, and of those it has in common with the GPU the largest relative difference
of validation losses is shown. Both count wall clock, from programs to losses; what loads libraries and compiles comes
before. Where there is no GPU, only what a step takes is counted, with torch's CPU in its place: calls of torch that are
launches, floating-point operations, bytes that those calls read and write, and bytes that a lane keeps.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.evaluators import machine
from benchmarks.proxies import KEYS, candidates
from discover import spec, strategies
from primitives.canonical import Canonicalizer
from primitives.fingerprint import Fingerprinter
from primitives.gpu import devices
from primitives.gpu.devices import CPU, Device
from searches.optimizers import training
from searches.optimizers.problem import OptimizerProblem
from searches.optimizers.twin.tasks import model
from searches.optimizers.twin.training import Lanes, Trainer

SEARCHES = {"optimizers/lion": (128, 512, 2048), "optimizers/lion-gpu": (64, 256)}  # and how many candidates at once
SAMPLE = {"optimizers/lion": 8, "optimizers/lion-gpu": 1}
# Calls that only look at memory in another way, or reserve some.
_FREE = {
    "view", "_unsafe_view", "expand", "slice", "select", "t", "transpose", "permute", "unsqueeze", "squeeze",
    "detach", "alias", "unbind", "_reshape_alias", "as_strided", "empty", "empty_like", "new_empty", "empty_strided",
    "new_empty_strided",
}  # fmt: skip


def problem_of(search: str) -> OptimizerProblem:
    """The problem of a spec."""
    problem: OptimizerProblem = spec.build(spec.load(search).ref)
    return problem


def rates(device: Device, search: str, shorten: int = 1) -> list[dict[str, Any]]:
    """Rows of trainings a second, CPU first; `shorten` divides the steps, and the rate is that of whole trainings.

    device               where
    trainings, seconds   how many at once, and how long they took together
    trainings a second   of wall clock
    microseconds a step  of one training
    difference           largest relative one of losses from the CPU's
    """
    problem = problem_of(search)
    whole, batch = problem.config.trial.steps, candidates(max(SEARCHES[search]))
    steps = max(1, whole // shorten)
    warmup, few = max(1, steps // 20), batch[: SAMPLE[search]]

    def row(name: str, n: int, seconds: float) -> dict[str, Any]:
        return {
            "search": search, "device": name, "trainings": n, "steps": steps, "seconds": seconds,
            "trainings a second": n * steps / whole / seconds, "microseconds a step": 1e6 * seconds / (n * steps),
        }  # fmt: skip

    training.train(problem.task, few, KEYS, 1, 1)
    begun = time.perf_counter()
    wanted = training.train(problem.task, few, KEYS, steps, warmup)
    table = [row("one core of the CPU", len(few), time.perf_counter() - begun)]
    if device.is_cuda:
        trainer = Trainer(device)
        for n in SEARCHES[search]:
            trainer.train(problem.task, batch[:n], KEYS, 5, 1)
            begun = time.perf_counter()
            losses = trainer.train(problem.task, batch[:n], KEYS, steps, warmup)
            seconds = time.perf_counter() - begun
            difference = float(np.abs(losses[: len(few)] / wanted - 1).max())
            table.append(row(device.name, n, seconds) | {"difference": difference})
    return table


def counts(search: str, lanes: int = 4) -> dict[str, Any]:
    """What a step takes: `calls` of torch (the update is one launch more); and for each lane `MFLOP` of products, `MB`
    that calls read and write, that the interpreter does (`update MB`), and that is `kept` at once."""
    problem = problem_of(search)
    task = problem.task
    state = Lanes(
        task, model(task), lambda leaves, out: None, KEYS, lanes, training.schedule(9, 2), 0, torch.device("cpu")
    )
    state.load(0)
    state.step()
    with _Calls() as calls, FlopCounterMode(display=False) as operations:
        state.step()
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = state.model.loss(state.tensors, state.rows[0], state.noise[0])
    del loss
    flat = 4 * task.weights
    return {
        "search": search, "weights": task.weights, "steps": problem.config.trial.steps, "calls": calls.n,
        "MFLOP": operations.get_total_flops() / lanes / 1e6, "MB": calls.bytes / lanes / 1e6,
        "update MB": 7 * flat / 1e6,  # w g m v; update m v
        "kept": (sum(kept.values()) / lanes + 6 * flat) / 1e6,  # with weights, their gradient twice, m, v and update
    }  # fmt: skip


def breeding() -> dict[str, float]:
    """Microseconds a candidate, on one core: breeding, the canonical form, the checks, fingerprints."""
    problem = problem_of("optimizers/lion")
    strategy = strategies.make(problem, spec.Strategy(name="random"), 1)
    canonical = Canonicalizer(problem.primitives, problem.signature)
    prints = Fingerprinter(problem.primitives, problem.probes)
    for generation in range(3):  # the first compiles
        times = [time.process_time()]
        batch = strategy.ask(2048, generation)
        times.append(time.process_time())
        _, valid = canonical(batch)
        times.append(time.process_time())
        valid[valid] = problem.check(batch[valid])
        times.append(time.process_time())
        prints(batch[valid])
        times.append(time.process_time())
    names = ("breed", "canonical", "check", "fingerprint")
    return {name: 1e6 * float(spent) / 2048 for name, spent in zip(names, np.diff(times), strict=True)}


class _Calls(TorchDispatchMode):
    """Counts calls, and the bytes of their arguments and results; what is expanded counts as it lies in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.n = self.bytes = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **kwargs or {})
        if function.overloadpacket.__name__ not in _FREE:
            self.n += 1
            tensors = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, torch.Tensor)]
            self.bytes += sum(min(t.numel() * t.itemsize, t.untyped_storage().nbytes()) for t in tensors)
        return out


def main() -> None:
    """Print rows, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default auto)")
    parser.add_argument("--shorten", type=int, default=1, help="divide the steps (default 1)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    device = CPU
    try:
        device = devices.told(given.device)
        devices.torch_device(device)
    except devices.DeviceError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    result: dict[str, Any] = {"breeding, us a candidate": breeding(), "a step": [counts(s) for s in SEARCHES]}
    result["trainings"] = [row for search in SEARCHES for row in rates(device, search, given.shorten)]
    if given.json:
        print(json.dumps(result | {"machine": machine("torch", "numpy")}, indent=1))
        return
    for row in (result["breeding, us a candidate"], *result["a step"], *result["trainings"]):
        print("; ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))
    print(", ".join(f"{k} {v}" for k, v in machine("torch", "numpy").items()))


if __name__ == "__main__":
    main()
