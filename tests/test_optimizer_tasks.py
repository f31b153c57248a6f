"""Training tasks: their gradients are torch's, their parts share nothing, and AdamW learns them."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from discover.errors import UserError
from primitives.hero import HERO
from primitives.packed import Shape, pack
from primitives.text import parse
from searches.optimizers.programs import ADAMW, SIGNATURE
from searches.optimizers.tasks import bigram, build, logistic, perceptron, quadratic
from searches.optimizers.training import train
from searches.optimizers.twin import tasks as twin_tasks
from searches.optimizers.twin.lanes import split
from searches.optimizers.twin.training import initial, minibatches

MODULES: dict[str, ModuleType] = {
    "perceptron": perceptron,
    "bigram": bigram,
    "quadratic": quadratic,
    "logistic": logistic,
}
KEYS = np.array([1, 2], np.uint64)


@pytest.mark.parametrize("kind", MODULES)
def test_gradients_are_torchs(kind: str) -> None:
    """Losses within 1e-5 of torch's, the gradient within 1e-5 of the largest component of autograd's."""
    task, module = build(kind, "search"), MODULES[kind]
    w = initial(task, KEYS)[0] + np.random.default_rng(1).normal(0, 0.3, task.weights).astype(np.float32)
    rows, noise = (a[0, 0] for a in minibatches(task, KEYS, 0, 1))
    g, scratch = np.full(task.weights, np.nan, np.float32), np.full(task.scratch, np.nan, np.float32)
    loss = module.gradient(task.sizes, task.integers, task.reals, rows, noise, w, scratch, g)
    score = module.evaluate(task.sizes, task.integers, task.reals, w, scratch)
    model = twin_tasks.model(task)
    weights = torch.tensor(w, requires_grad=True)
    leaves = split(task, weights[None])
    wanted = model.loss(leaves, torch.tensor(rows).long()[None], torch.tensor(noise)[None])
    assert score == pytest.approx(model.validation(leaves).item(), rel=1e-5)
    assert loss == pytest.approx(wanted.item(), rel=1e-5)
    (slope,) = torch.autograd.grad(wanted, weights)
    assert np.abs(g - slope.numpy()).max() <= 1e-5 * slope.abs().max()


def test_two_hidden_layers_and_other_data() -> None:
    """A perceptron may be deeper, and its data another of scikit-learn's sets: wine has 13 inputs and 3 classes."""
    task = perceptron.perceptron_task("held_out", "wine", hidden=(20, 7))
    assert task.leaves[0] == ("layer0.weight", (20, 13)) and task.leaves[-1] == ("layer2.bias", (3,))
    w = initial(task, KEYS)[0]
    rows, noise = (a[0, 0] for a in minibatches(task, KEYS, 0, 1))
    g, scratch = np.empty(task.weights, np.float32), np.empty(task.scratch, np.float32)
    perceptron.gradient(task.sizes, task.integers, task.reals, rows, noise, w, scratch, g)
    weights = torch.tensor(w, requires_grad=True)
    leaves = split(task, weights[None])
    loss = twin_tasks.model(task).loss(leaves, torch.tensor(rows).long()[None], torch.tensor(noise)[None])
    (slope,) = torch.autograd.grad(loss, weights)
    assert np.abs(g - slope.numpy()).max() <= 1e-5 * slope.abs().max()


@pytest.mark.parametrize("kind", MODULES)
def test_adamw_learns(kind: str) -> None:
    """150 steps at a fitting rate take the validation loss below what 2 steps leave; the same numbers every time."""
    rate, least = {"perceptron": (0.01, 0.6), "bigram": (0.03, 0.8), "quadratic": (0.1, 0.1), "logistic": (0.01, 0.8)}[
        kind
    ]
    program = parse(ADAMW.format(rate=rate, decay=0.01, beta1=0.9, beta2=0.99), SIGNATURE, HERO)
    packed = pack([program], HERO, Shape(5, 3, 9, 4))
    task = build(kind, "search")
    begun, trained = (train(task, packed, KEYS, steps, 2) for steps in (2, 150))
    assert (trained < least * begun).all()
    assert np.array_equal(trained, train(build(kind, "search"), packed, KEYS, 150, 2))
    assert trained[0, 0] != trained[0, 1]


@pytest.mark.parametrize("kind", MODULES)
def test_a_key_names_the_draws(kind: str) -> None:
    """Same key and step, same minibatch; another step or key, another."""
    task = build(kind, "search")

    def drawn(key: int, step: int) -> bytes:
        return b"".join(a.tobytes() for a in minibatches(task, np.array([key], np.uint64), step, 1))

    assert drawn(5, 0) == drawn(5, 0)
    assert len({drawn(5, 0), drawn(5, 1), drawn(6, 0)}) == 3
    rows, noise = minibatches(task, np.array([5], np.uint64), 0, 2)
    assert drawn(5, 1) == rows[1].tobytes() + noise[1].tobytes()


def test_parts_of_the_digits_share_no_image() -> None:
    """Three thirds of the images, half of each for training; a third of the training labels is not the image's own."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    seen: set[int] = set()
    for part in ("search", "meta", "held_out"):
        task = build("perceptron", part)
        number = {"search": 0, "meta": 1, "held_out": 2}[part]
        chosen = perceptron.third(len(images), number)
        assert len(chosen) == 599 and not seen & set(chosen.tolist())
        seen |= set(chosen.tolist())
        wrong = task.integers != labels[chosen]
        assert 0.2 < wrong[:300].mean() < 0.34 and not wrong[300:].any()


@pytest.mark.parametrize("kind", ["bigram", "quadratic", "logistic"])
def test_parts_made_from_keys_differ(kind: str) -> None:
    """Every part is another language, bowl or cloud of points, and says which bytes it was."""
    tasks = [build(kind, part) for part in ("search", "meta", "held_out")]
    assert len({(t.integers.tobytes(), t.reals.tobytes()) for t in tasks}) == 3
    assert len({t.source for t in tasks}) == 3
    assert build(kind, "meta").source == tasks[1].source


def test_bigrams_follow_zipf() -> None:
    """Rank r comes 1 / r as often as rank 1; noise of Student's t with 2 degrees of freedom has median |t| .816."""
    task = build("bigram", "search")
    rows, noise = (a[0] for a in minibatches(task, np.arange(200, dtype=np.uint64), 0, 1))
    last, following = rows[:, :32].ravel(), rows[:, 32:].ravel()
    counts = np.bincount(last, minlength=64)
    assert counts[0] / counts[1] == pytest.approx(2, rel=0.15)
    favourites = task.integers.reshape(64, 64)[last, 0]
    assert (following == favourites).mean() == pytest.approx(1 / np.sum(1 / np.arange(1, 65)), rel=0.1)
    assert np.median(np.abs(noise)) == pytest.approx(0.816 * task.reals[0], rel=0.01)


def test_mistakes_are_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown parts and data sets, and a scikit-learn that is not there."""
    with pytest.raises(UserError, match=r"no part 'test'; it has search, meta, held_out"):
        build("quadratic", "test")
    with pytest.raises(UserError, match=r"no data 'mnist'; it has digits"):
        perceptron.perceptron_task("search", "mnist")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UserError, match="pip install scikit-learn"):
        build("perceptron", "search")
