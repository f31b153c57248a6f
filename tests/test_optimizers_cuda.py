"""Trainings as lanes: against the compiled trainer, with the simulated interpreter, on a GPU where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from discover import spec, workers
from primitives.gpu import devices
from primitives.gpu.devices import Device, DeviceError
from primitives.hero import HERO
from primitives.packed import Packed, Shape, pack
from primitives.text import parse
from searches.optimizers import training
from searches.optimizers.programs import SIGNATURE
from searches.optimizers.tasks import KINDS, Task, build
from searches.optimizers.twin import training as twin_training
from searches.optimizers.twin.tasks import model
from searches.optimizers.twin.training import Lanes, Trainer

SIGN = "m = interp(g, m, 0.9)\nu = sign(m)\nrate = lr * 0.003\nupdate = u * rate"
ADAM = """\
m = interp(g, m, 0.9)
g2 = square(g)
v = interp(g2, v, 0.99)
s = sqrt(v)
u = m / s
rate = lr * 0.01
update = u * rate
"""
SMOOTH = "m = interp(g, m, 0.5)\nrate = lr * 0.1\nupdate = m * rate"  # its trainings do not magnify rounding
BY_NORMS = "size = norm(g)\nrate = lr * 0.01\nu = g / size\nupdate = u * rate"
TOO_FAST = "update = g * 1e30"
PROGRAMS = (SIGN, ADAM, ADAM.replace("0.01", "0.02"), SMOOTH, BY_NORMS, TOO_FAST)
KEYS = np.array([3, 4], np.uint64)
BOUND = 2e-5  # relative, of losses after few steps


def programs(*texts: str) -> Packed:
    return pack([parse(text, SIGNATURE, HERO) for text in texts], HERO, Shape(5, 3, 12, 4))


def agree(mine: np.ndarray, compiled: np.ndarray) -> None:
    """Within the bound, and the same trainings diverged."""
    assert np.isfinite(compiled[:-1]).all() and np.isinf(compiled[-1]).all()
    assert mine == pytest.approx(compiled, rel=BOUND)


# -- the lanes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["transformer", "bigram"])
def test_lanes_end_with_the_compiled_losses_in_either_unit(kind: str) -> None:
    """Step by step, with gradients 2^3 and 2^-3 times as large in turn: they are not the losses of gradients as is."""
    sizes = {"batch": 8, "valid": 32, "layers": 2} if kind == "transformer" else {"batch": 16}
    task, batch = build(kind, "search", **sizes), programs(*PROGRAMS)
    curves, wanted = np.full((2, len(batch), 2, 12), np.nan)
    compiled = training.train(task, batch, KEYS, 12, 2, wanted, octaves=3)
    agree(twin_training.train(task, batch, KEYS, 12, 2, curves, octaves=3), compiled)
    assert curves[:-1] == pytest.approx(wanted[:-1], rel=BOUND)
    plain = twin_training.train(task, batch, KEYS, 12, 2)
    assert abs(plain[3] / compiled[3] - 1).min() > 1e-3, "what follows the gradient is another training"
    assert plain[0] == pytest.approx(compiled[0], rel=BOUND), "a sign is not"


def test_a_loss_does_not_depend_on_what_is_trained_beside_it() -> None:
    """Nor on where: other neighbours may lead torch to another order of sums, and so to other last bits."""
    task = build("transformer", "search", batch=4, valid=16)
    batch, order = programs(*PROGRAMS), np.array([5, 3, 1, 0, 4, 2])
    together = twin_training.train(task, batch, KEYS, 12, 2)
    assert twin_training.train(task, batch[order], KEYS[::-1], 12, 2)[:, ::-1] == pytest.approx(
        together[order], rel=1e-6
    )
    assert twin_training.train(task, batch[3:4], KEYS[1:], 12, 2)[0, 0] == pytest.approx(together[3, 1], rel=1e-6)


def test_hopeless_trainings_are_given_up_when_all_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minibatches come in slabs, and before each it is asked whether any lane is alive; losses do not depend on it."""
    task, batch = build("quadratic", "search"), programs(SMOOTH, TOO_FAST)
    whole = twin_training.train(task, batch, KEYS, 12, 2)
    drawn: list[int] = []
    original = twin_training.minibatches

    def minibatches(task: Task, keys: np.ndarray, first: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
        drawn.append(first)
        return original(task, keys, first, steps)

    monkeypatch.setattr(twin_training, "SLAB", 5)
    monkeypatch.setattr(twin_training, "minibatches", minibatches)
    assert np.array_equal(twin_training.train(task, batch, KEYS, 12, 2), whole)
    assert drawn == [0, 5, 10]
    assert np.isinf(twin_training.train(task, batch[1:], KEYS, 12, 2)).all()
    assert drawn[3:] == [0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_asks_the_device_for_nothing(kind: str) -> None:
    """As a CUDA graph demands. The device `meta` holds no numbers: to read one there, or one from elsewhere, raises."""
    task, device = build(kind, "search"), torch.device("meta")
    state = Lanes(task, model(task, device), lambda leaves, out: None, KEYS, 6, training.schedule(9, 2), 3, device)
    state.load(0)
    state.step()
    assert state.validation().shape == (6,)


# -- the interpreter, simulated ---------------------------------------------------------------------------------------


def test_the_interpreter_updates_torchs_memory() -> None:
    """`simulated` below, where Numba's kernels run in its simulator."""
    pytest.importorskip("numba_cuda")
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    code = f"import runpy; runpy.run_path({__file__!r})['simulated']()"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, check=True)


def simulated() -> None:
    """One update of arbitrary leaves is torch's; short trainings end with the compiled losses; so do an engine's."""
    from searches.optimizers.twin.updates import by_interpreter, by_torch

    device = devices.resolve("cuda")
    trainer = Trainer(device)
    task, batch = build("quadratic", "search"), programs(*PROGRAMS)
    lanes = len(batch) * len(KEYS)
    leaves = [*torch.randn(5, lanes, task.weights, generator=torch.Generator().manual_seed(1))]
    leaves[2] = torch.tensor([0.25]).expand(lanes, task.weights)
    results = []
    for make in (by_torch, lambda *arguments: by_interpreter(trainer.evaluator, *arguments)):
        given = [leaf.clone() if leaf.stride(1) else leaf for leaf in leaves]
        update = torch.empty_like(given[0])
        make(batch, lanes, task.segments)(given, [update, given[3], given[4]])
        results.append(torch.stack([update, given[3], given[4]]).numpy())
    np.testing.assert_allclose(results[1], results[0], rtol=3e-7)  # torch's square root rounds otherwise at times
    assert np.array_equal(results[1][1], results[0][1]), "m"
    agree(trainer.train(task, batch, KEYS, 4, 1, octaves=3), training.train(task, batch, KEYS, 4, 1, octaves=3))

    short = [
        "problem.proxy.kind=quadratic",
        "problem.hurdle.steps=2",
        "problem.final.steps=2",
        "problem.final.orders=2",
    ]
    problem = workers.problem_of(spec.load("optimizers/lion", short).ref)
    start = pack(problem.warm_start, problem.primitives, problem.shape)
    on_processor = problem.evaluate(0, start, np.zeros(1, np.uint64))[0], problem.losses(problem.warm_start)
    problem.device = device
    assert "_trainer" not in vars(problem)
    on_device = problem.evaluate(0, start, np.zeros(1, np.uint64))[0], problem.losses(problem.warm_start)
    assert "_trainer" in vars(problem)
    for mine, wanted in zip(on_device, on_processor, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=BOUND)


# -- a full memory ----------------------------------------------------------------------------------------------------


def test_fewer_candidates_at_a_time_where_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that holds 4 lanes: 5 candidates on 2 data orders are trained by twos; what fits is kept to."""
    original = twin_training.train
    sizes: list[int] = []
    said: list[str] = []

    def train(task: Task, packed: Packed, keys: np.ndarray, steps: int, warmup: int, **options: Any) -> np.ndarray:
        sizes.append(len(packed))
        if len(packed) * len(keys) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(task, packed, keys, steps, warmup)

    monkeypatch.setattr(twin_training, "train", train)
    trainer = Trainer.__new__(Trainer)
    trainer.evaluator, trainer._say, trainer._batches = None, said.append, {}  # type: ignore[assignment]
    trainer.device = Device("cuda", 0, "a card")
    task, batch = build("quadratic", "search"), programs(*PROGRAMS)[:5]
    losses = trainer.train(task, batch, KEYS, 4, 1)
    assert sizes == [5, 2, 2, 1]
    assert said == ["cuda:0 is out of memory; from here on 2 candidates x 2 data orders at a time"]
    assert losses == pytest.approx(original(task, batch, KEYS, 4, 1), rel=1e-6)
    trainer.train(task, batch, KEYS, 4, 1)
    assert sizes[4:] == [2, 2, 1]
    with pytest.raises(DeviceError, match="cuda:0: out of memory for one of the candidates x 8 data orders"):
        trainer.train(task, batch, np.arange(8).astype(np.uint64), 4, 1)


# -- a GPU ------------------------------------------------------------------------------------------------------------


def test_on_a_gpu() -> None:
    """Through the recorded step and over a slab's end: the compiled losses, and the same bits again."""
    try:
        device = devices.resolve("cuda")
        trainer = Trainer(device)
    except DeviceError as error:
        pytest.skip(str(error))
    except ImportError:
        pytest.skip("no extra cuda")
    for kind, steps in (("transformer", 30), ("quadratic", 30), ("bigram", twin_training.SLAB + 20)):
        task, batch = build(kind, "search"), programs(*PROGRAMS)
        losses = trainer.train(task, batch, KEYS, steps, 2, octaves=3)
        compiled = training.train(task, batch, KEYS, steps, 2, octaves=3)
        assert np.array_equal(np.isinf(losses), np.isinf(compiled))
        assert losses[3] == pytest.approx(compiled[3], rel=1e-4) and losses == pytest.approx(compiled, rel=0.05)
        assert np.array_equal(trainer.train(task, batch, KEYS, steps, 2, octaves=3), losses)
