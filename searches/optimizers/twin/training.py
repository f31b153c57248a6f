"""The trainer in torch: tasks, weights and minibatches of `training`, all candidates and data orders at once.

On a GPU a step is recorded once, as a CUDA graph, and replayed: everything that changes from step to step lies in
tensors on the device, and nothing is asked of it but, now and then, whether any training is still alive.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from primitives import philox
from primitives.compiled import outer
from primitives.gpu.devices import Batches, Device, torch_device
from primitives.gpu.graph import recorded
from primitives.hero import HERO
from primitives.packed import Packed
from searches.optimizers.tasks import kinds
from searches.optimizers.tasks.task import Task
from searches.optimizers.training import DRAWS, HOPELESS, WEIGHTS, gradient_scales, schedule
from searches.optimizers.twin.lanes import split, to_lanes
from searches.optimizers.twin.tasks import Model, model
from searches.optimizers.twin.updates import Updater, by_interpreter, by_torch

if TYPE_CHECKING:
    from primitives.evaluators.cuda import CudaEvaluator

SLAB = 256  # steps whose minibatches are on the device at a time
EAGER = 3  # steps before one is recorded: until then libraries load, and ask for memory, when first used


@outer
def _start_all(kind, sizes, integers, reals, keys, weights):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    for o in range(len(keys)):
        philox.start(stream, keys[o], WEIGHTS, 0)
        kinds.start(kind, sizes, integers, reals, stream, weights[o])


@outer
def _draw_all(kind, sizes, integers, reals, keys, first, rows, noise):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    for t in range(len(rows)):
        for o in range(len(keys)):
            philox.start(stream, keys[o], DRAWS, first + t)
            kinds.draw(kind, sizes, integers, reals, stream, rows[t, o], noise[t, o])


def initial(task: Task, keys: np.ndarray) -> np.ndarray:
    """float32[orders, n]: the weights that trainings of these keys start from."""
    weights = np.empty((len(keys), task.weights), np.float32)
    _start_all(task.kind, task.sizes, task.integers, task.reals, np.asarray(keys, np.uint64), weights)
    return weights


def minibatches(task: Task, keys: np.ndarray, first: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """int32[steps, orders, rows] and float32[steps, orders, noise]: the minibatches of steps from `first` on."""
    rows = np.empty((steps, len(keys), task.rows), np.int32)
    noise = np.empty((steps, len(keys), task.noise), np.float32)
    _draw_all(task.kind, task.sizes, task.integers, task.reals, np.asarray(keys, np.uint64), first, rows, noise)
    return rows, noise


class Lanes:
    """Trainings in progress, one a lane (see `lanes`), as tensors that `step` changes in place.

    w g m v update  float32[lanes, n]
    t               int64[1], the step that comes next
    first, alive    loss of the first minibatch, and whether none since was hopeless: [lanes]
    curve           float32[steps, lanes], minibatch losses
    """

    def __init__(
        self, task: Task, model: Model, updater: Updater, keys: np.ndarray, lanes: int, lr: np.ndarray, octaves: int,
        device: torch.device,
    ) -> None:  # fmt: skip
        self.task, self.model, self.updater, self.keys = task, model, updater, keys
        self.w = to_lanes(torch.as_tensor(initial(task, keys), device=device), lanes)
        self.g, self.m, self.v, self.update = (torch.zeros_like(self.w) for _ in range(4))
        self.tensors = [tensor.detach().requires_grad_() for tensor in split(task, self.w)]
        self.slopes = split(task, self.g)
        scales = to_lanes(torch.as_tensor(gradient_scales(len(keys), octaves), device=device), lanes)
        self.scales = [scales.view(-1, *[1] * (slope.dim() - 1)) for slope in self.slopes]
        self.lr = torch.as_tensor(lr, device=device)
        self.t = torch.zeros(1, dtype=torch.int64, device=device)
        self.first = torch.zeros(lanes, device=device)
        self.alive = torch.ones(lanes, dtype=torch.bool, device=device)
        self.curve = torch.zeros(len(lr), lanes, device=device)
        slab = min(SLAB, len(lr))
        self.rows = torch.zeros(slab, len(keys), task.rows, dtype=torch.int64, device=device)
        self.noise = torch.zeros(slab, len(keys), task.noise, device=device)

    def load(self, first: int) -> None:
        """Draw and upload the minibatches of a slab of steps."""
        rows, noise = minibatches(self.task, self.keys, first, min(len(self.rows), len(self.lr) - first))
        self.rows[: len(rows)].copy_(torch.as_tensor(rows))
        self.noise[: len(noise)].copy_(torch.as_tensor(noise))

    def step(self) -> None:
        """One step of every lane: minibatch, gradient, update."""
        place = self.t % SLAB
        loss = self.model.loss(self.tensors, self.rows[place][0], self.noise[place][0])
        slopes = torch.autograd.grad(loss.sum(), self.tensors)
        with torch.no_grad():
            for slope, scale, g in zip(slopes, self.scales, self.slopes, strict=True):
                torch.mul(slope, scale, out=g)
            self.curve.index_copy_(0, self.t, loss.detach()[None])
            self.first.copy_(torch.where(self.t == 0, loss, self.first))
            self.alive &= loss <= HOPELESS * self.first  # false for NaN
            lr = self.lr[self.t].expand_as(self.w)
            self.updater([self.w, self.g, lr, self.m, self.v], [self.update, self.m, self.v])
            self.w -= self.update
            self.t += 1

    def validation(self) -> torch.Tensor:
        """float64[lanes], inf where a training diverged."""
        with torch.no_grad():
            loss = self.model.validation(self.tensors).double()
        return torch.where(self.alive & loss.isfinite(), loss, torch.inf)


@lru_cache
def _stream(device: torch.device) -> torch.cuda.Stream | None:
    """The stream that trainings on a GPU run in: one, since torch keeps the memory of each for itself."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None


def train(
    task: Task, packed: Packed, keys: np.ndarray, steps: int, warmup: int, curves: np.ndarray | None = None,
    octaves: int = 0, evaluator: CudaEvaluator | None = None,
) -> np.ndarray:  # fmt: skip
    """What `training.train` computes, in torch: float64[P, orders], +inf where a training diverged.

    Programs are over HERO, with programs.SIGNATURE. What `curves` gets of a training after it diverged means nothing.
    evaluator: an interpreter of HERO in float32, on whose device all is computed; without one torch does, on the CPU
    """
    device = torch.device("cpu") if evaluator is None else torch_device(evaluator.device)
    lanes, stream = len(packed) * len(keys), _stream(device)
    with torch.cuda.stream(stream):
        if evaluator is None:
            updater = by_torch(packed, lanes, task.segments)
        else:
            updater = by_interpreter(evaluator, packed, lanes, task.segments)
        state = Lanes(task, model(task, device), updater, keys, lanes, schedule(steps, warmup), octaves, device)
        if stream is not None:
            torch.cuda.synchronize(device)  # the programs came by another stream
        step = state.step
        for t in range(steps):
            if t % SLAB == 0:
                if t and not state.alive.any():
                    break
                state.load(t)
            if stream is not None and t == EAGER:
                step = recorded(state.step, device, stream)
            step()
        if curves is not None:
            curves[:] = state.curve.view(steps, len(keys), len(packed)).permute(2, 1, 0).cpu().numpy()
        return state.validation().view(len(keys), len(packed)).T.cpu().numpy()


class Trainer:
    """`training.train` on a GPU: as many candidates at a time as its memory holds."""

    def __init__(self, device: Device, say: Callable[[str], None] | None = None) -> None:
        """say: gets the line that says how many fit, where not all do. Raises DeviceError where torch has no GPU."""
        from primitives.evaluators.cuda import CudaEvaluator

        torch_device(device)
        self.device, self.evaluator = device, CudaEvaluator(HERO, "float32", device)
        self._say = say
        self._batches: dict[tuple[str, int], Batches] = {}

    def train(
        self, task: Task, packed: Packed, keys: np.ndarray, steps: int, warmup: int, octaves: int = 0
    ) -> np.ndarray:
        """See `training.train`. What fits is found out once for each task and number of data orders."""

        def work(part: slice) -> np.ndarray:
            return train(task, packed[part], keys, steps, warmup, octaves=octaves, evaluator=self.evaluator)

        kind = (task.name, len(keys))
        if kind not in self._batches:
            what = f"candidates x {len(keys)} data orders"
            self._batches[kind] = Batches(self.device, max(1, len(packed)), what, self._say)
        batches = self._batches[kind]
        return np.concatenate([np.empty((0, len(keys))), *batches.run(len(packed), work)])
