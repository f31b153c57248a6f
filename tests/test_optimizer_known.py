"""The known optimizers, written as programs and exported, beside the originals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from optimizer_files import imported, optimizer, written

from primitives.program import Program
from searches.optimizers import known

SHAPES = [(33, 17), (33,), ()]
Make = Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]


def trained(make: Make, steps: int = 100) -> torch.Tensor:
    """All weights after steps on random gradients, some of which are zero."""
    generator = torch.Generator().manual_seed(0)

    def normal(shape: Iterable[int]) -> torch.Tensor:
        return torch.randn(tuple(shape), generator=generator)

    params = [torch.nn.Parameter(normal(shape)) for shape in SHAPES]
    optimizer = make(params)
    for step in range(steps):
        for p in params:
            p.grad = normal(p.shape) * (step % 7 != 3)
        optimizer.step()
    return torch.cat([p.detach().ravel() for p in params])


@pytest.mark.parametrize("foreach", [False, True])
def test_lion_is_lion_pytorch_to_the_last_bit(foreach: bool, tmp_path: Path) -> None:
    lion_pytorch = pytest.importorskip("lion_pytorch")
    Lion = optimizer(known.lion(rate=1e-3, decay=0.1), "lion", tmp_path)
    ours = trained(lambda params: Lion(params, foreach=foreach))
    theirs = trained(lambda params: lion_pytorch.Lion(params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("theirs", [False, True], ids=["their loop", "their foreach"])
@pytest.mark.parametrize("foreach", [False, True], ids=["our loop", "our foreach"])
def test_adamw_is_torchs(foreach: bool, theirs: bool, tmp_path: Path) -> None:
    """To the last bit if the first average is written as torch computes it, m + (g - m) (1 - beta1); if it is
    `interp(g, m, beta1)`, to 2 units in the last place of a weight (of 1, where a weight is smaller)."""
    original = trained(lambda params: torch.optim.AdamW(params, lr=1e-3, weight_decay=0.1, foreach=theirs))
    for lerp in (True, False):
        AdamW = optimizer(known.adamw(rate=1e-3, decay=0.1, lerp=lerp), "adamw", tmp_path)
        ours = trained(lambda params, make=AdamW: make(params, foreach=foreach))
        if lerp:
            assert torch.equal(ours, original)
        else:
            torch.testing.assert_close(ours, original, rtol=2**-22, atol=2**-22)


SAME_IN_TORCH: dict[str, tuple[Program, Make]] = {
    "SGD": (known.sgd(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "SGD with momentum": (
        known.torch_sgd(0.1, 0.9, decay=0.1),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    ),
    "Nesterov momentum": (
        known.torch_sgd(0.1, 0.9, decay=0.1, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    ),
    "RMSprop": (
        known.rmsprop(0.01, 0.99, decay=0.1),
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, weight_decay=0.1),
    ),
    "Adam": (
        known.adam(0.001, decay=0.1, lerp=True),
        lambda p: torch.optim.Adam(p, lr=0.001, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("name", SAME_IN_TORCH)
def test_others_are_torchs_to_the_last_bit(name: str, tmp_path: Path) -> None:
    program, original = SAME_IN_TORCH[name]
    make = optimizer(program, "known", tmp_path)
    assert torch.equal(trained(make), trained(original))


def test_averages_and_sums_of_gradients_differ_by_a_factor_only(tmp_path: Path) -> None:
    """interp(g, m, 0.9) is (1 - 0.9) times torch's buffer, so the step size makes up for it."""
    pairs = [
        (known.momentum(1.0, 0.9), known.torch_sgd(0.1, 0.9)),
        (known.nesterov(1.0, 0.9), known.torch_sgd(0.1, 0.9, nesterov=True)),
    ]
    for average, total in pairs:
        ours, theirs = (trained(optimizer(p, "known", tmp_path)) for p in (average, total))
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def by_formula(step: Callable[..., np.ndarray], rate: float, decay: float = 0.0) -> torch.Tensor:
    """The same weights by NumPy in float64; `step(t, g, state)` with a dict of its own for every tensor."""

    class Formula(torch.optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})
            self.t, self.mine = 0, {p: {"m": 0.0, "v": 0.0} for p in self.param_groups[0]["params"]}

        @torch.no_grad()
        def step(self) -> None:  # type: ignore[override]
            self.t += 1
            for p, mine in self.mine.items():
                w = mine.setdefault("w", p.double().numpy().copy())
                w -= rate * (step(self.t, p.grad.double().numpy(), mine) + decay * w)
                p.copy_(torch.from_numpy(w))

    return trained(Formula)


def _average(mine: dict[str, Any], name: str, g: np.ndarray, beta: float) -> np.ndarray:
    mine[name] = beta * mine[name] + (1 - beta) * g
    return mine[name]


def _powersign(t: int, g: np.ndarray, mine: dict[str, Any]) -> np.ndarray:
    return np.exp(np.sign(g) * np.sign(_average(mine, "m", g, 0.9))) * g


def _addsign(t: int, g: np.ndarray, mine: dict[str, Any]) -> np.ndarray:
    return (1 + np.sign(g) * np.sign(_average(mine, "m", g, 0.9))) * g


def _adabelief(t: int, g: np.ndarray, mine: dict[str, Any]) -> np.ndarray:
    m = _average(mine, "m", g, 0.9)
    s = _average(mine, "v", (g - m) ** 2, 0.999)
    return m / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)


def _yogi(t: int, g: np.ndarray, mine: dict[str, Any]) -> np.ndarray:
    m = _average(mine, "m", g, 0.9)
    mine["v"] = mine["v"] - (1 - 0.999) * np.sign(mine["v"] - g**2) * g**2
    return m / (1 - 0.9**t) / (np.sqrt(mine["v"] / (1 - 0.999**t)) + 1e-3)


def _signum(t: int, g: np.ndarray, mine: dict[str, Any]) -> np.ndarray:
    return np.sign(_average(mine, "m", g, 0.9))


@pytest.mark.parametrize(
    ("program", "step", "rate", "decay"),
    [
        (known.powersign(0.01), _powersign, 0.01, 0.0),
        (known.addsign(0.01), _addsign, 0.01, 0.0),
        (known.adabelief(0.001, decay=0.1), _adabelief, 0.001, 0.1),
        (known.yogi(0.01), _yogi, 0.01, 0.0),
        (known.signum(1e-3, decay=0.1), _signum, 1e-3, 0.1),
    ],
    ids=["PowerSign", "AddSign", "AdaBelief", "Yogi", "Signum"],
)
def test_what_torch_lacks_is_its_formula(
    program: Program, step: Callable[..., np.ndarray], rate: float, decay: float, tmp_path: Path
) -> None:
    ours = trained(optimizer(program, "known", tmp_path))
    torch.testing.assert_close(ours, by_formula(step, rate, decay), rtol=1e-4, atol=1e-4)


def test_optax_has_the_same(tmp_path: Path) -> None:
    """100 steps, compiled, in float32; optax.lion and optax.adamw decay as theirs do."""
    optax, jax = pytest.importorskip("optax"), pytest.importorskip("jax")
    pairs = {
        "lion": (known.lion(1e-3, decay=0.1), optax.lion(1e-3, 0.9, 0.99, weight_decay=0.1)),
        "adamw": (known.adamw(1e-3, decay=0.1), optax.adamw(1e-3, weight_decay=0.1)),
        "adabelief": (known.adabelief(1e-3), optax.adabelief(1e-3, eps=1e-8, eps_root=0.0)),
        "yogi": (known.yogi(1e-2), optax.inject_hyperparams(optax.yogi)(1e-2)),
    }
    random = np.random.default_rng(0)
    start = {"a": random.normal(size=(4, 3)).astype(np.float32), "b": random.normal(size=5).astype(np.float32)}
    gradients = [{k: random.normal(size=w.shape).astype(np.float32) for k, w in start.items()} for _ in range(100)]
    for name, (program, original) in pairs.items():
        if name == "yogi":  # its states begin at 1e-6 unless told otherwise
            original = optax.chain(optax.scale_by_yogi(initial_accumulator_value=0.0), optax.scale(-1e-2))
        ours = getattr(imported(written(program, name, tmp_path, "optax")), name)()
        ends = []
        for transformation in (ours, original):
            params, state, step = start, transformation.init(start), jax.jit(transformation.update)
            for g in gradients:
                updates, state = step(g, state, params)
                params = optax.apply_updates(params, updates)
            ends.append(np.concatenate([np.ravel(w) for w in params.values()]))
        np.testing.assert_allclose(ends[0], ends[1], rtol=2e-5, atol=2e-6, err_msg=name)


def test_the_mapping_of_all() -> None:
    """For reports: every name, programs over one primitive set, in the publications' settings."""
    assert list(known.KNOWN) == [
        "SGD", "momentum", "Nesterov momentum", "RMSprop", "Adam", "AdamW", "Signum", "Lion", "PowerSign", "AddSign",
        "AdaBelief", "Yogi",
    ]  # fmt: skip
    assert all(isinstance(p, Program) for p in known.KNOWN.values())
