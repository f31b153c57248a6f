"""The character transformer: its backward pass against autograd, its data, its mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from discover.errors import UserError
from primitives import philox
from primitives.compiled import outer
from searches.optimizers.tasks import text, transformer
from searches.optimizers.tasks.task import Task
from searches.optimizers.tasks.transformer import transformer_task
from searches.optimizers.twin.lanes import split
from searches.optimizers.twin.transformer import model


@outer
def _step(sizes, integers, reals, key, w, rows, noise, scratch, g):  # type: ignore[no-untyped-def]
    """Loss of the first minibatch at the initial weights, its gradient in g; and the validation loss."""
    stream = np.empty(philox.STREAM_FIELDS, np.uint64)
    philox.start(stream, key, 0, 0)
    transformer.start(sizes, integers, reals, stream, w)
    philox.start(stream, key, 1, 0)
    transformer.draw(sizes, integers, reals, stream, rows, noise)
    loss = transformer.gradient(sizes, integers, reals, rows, noise, w, scratch, g)
    return loss, transformer.evaluate(sizes, integers, reals, w, scratch)


def step(task: Task, scratch: float = 0.0) -> tuple[float, float, np.ndarray, np.ndarray, np.ndarray]:
    """Loss, validation loss, gradient, weights and minibatch; the scratch is filled with a number first."""
    w, g = np.empty((2, task.weights), np.float32)
    rows, noise, s = np.empty(task.rows, np.int32), np.empty(0, np.float32), np.full(task.scratch, scratch, np.float32)
    loss, score = _step(task.sizes, task.integers, task.reals, np.uint64(7), w, rows, noise, s, g)
    return loss, score, g, w, rows


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"batch": 1, "valid": 16},
        {"width": 32, "heads": 4, "layers": 2, "context": 32, "batch": 5},
        {"width": 48, "layers": 2, "context": 32, "batch": 40, "valid": 1024},  # in chunks, the last one smaller
        {"heads": 1, "context": 48, "batch": 3},
    ],
)
def test_gradient_is_that_of_autograd(sizes: dict[str, int]) -> None:
    """In every tensor, to 2e-6 of its greatest element, against torch in float64; the scratch may hold anything."""
    task = transformer_task(**{"valid": 512} | sizes)  # type: ignore[arg-type]
    loss, score, g, w, rows = step(task, scratch=np.nan)
    integers, reals = torch.tensor(task.integers).long(), torch.tensor(task.reals)
    loss_of, validation_of = model(task, integers, reals.double())
    weights = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    leaves = split(task, weights[None])
    value = loss_of(leaves, torch.tensor(rows).long()[None], reals)
    value.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(value.item(), rel=1e-6)
    with torch.no_grad():
        assert score == pytest.approx(validation_of(leaves).item(), rel=1e-6)
    assert weights.grad is not None
    for begin, end in zip(task.segments, task.segments[1:], strict=False):
        wanted = weights.grad[begin:end].numpy()
        np.testing.assert_allclose(g[begin:end], wanted, atol=2e-6 * np.abs(wanted).max(), rtol=0)


def test_torch_gradients_of_many_lanes_at_once() -> None:
    """Two programs on two data orders: four lanes; those of the second order have another minibatch."""
    task = transformer_task(batch=4, valid=64)
    _, _, g, w, rows = step(task)
    loss, _ = model(task, torch.tensor(task.integers).long(), torch.zeros(0))
    weights = torch.tensor(w).repeat(4, 1).requires_grad_()
    losses = loss(split(task, weights), torch.tensor(np.stack([rows, rows + 100])).long(), torch.zeros(2, 0))
    (slopes,) = torch.autograd.grad(losses.sum(), weights)
    for lane in (0, 1):
        np.testing.assert_allclose(slopes[lane].numpy(), g, atol=1e-6)
        np.testing.assert_allclose(slopes[2 + lane].numpy(), slopes[2].numpy(), atol=1e-6)
    assert (slopes[2] - slopes[0]).abs().max() > 1e-3


def test_size_of_the_default_task() -> None:
    """The proxy of the evidence: 6,416 weights, and an untrained model knows nothing (log 95 = 4.55)."""
    task = transformer_task()
    assert task.weights == 6416
    assert [name for name, _ in task.leaves][:3] == ["embedding", "position", "block0.norm1"]
    loss, score, *_ = step(task)
    assert 4.4 < loss < 5.2 and 4.4 < score < 5.2


def test_parts_are_disjoint_and_say_what_they_are() -> None:
    parts = {name: text.read(name) for name in text.SHARES}
    pages = text.encode(text.help_pages()[0])
    search, meta = parts["search"], parts["meta"]
    together = np.concatenate([search.training, search.validation, meta.training, meta.validation])
    np.testing.assert_array_equal(together, pages[: len(together)])
    assert parts["held_out"].source.startswith("docstrings of NumPy")
    for part in parts.values():
        assert len(part.validation) > 4096 and "sha256" in part.source
        assert part.training.min() >= 0 and part.training.max() < text.CHARACTERS


def test_encoding() -> None:
    """Printable ASCII as it is, from the space on; any run of the rest is one space."""
    assert text.encode("ab\n\n    c\u2014~").tolist() == [65, 66, 0, 67, 0, 94]


def test_a_text_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("To be, or not to be, that is the question. " * 200)
    for part in text.SHARES:
        task = transformer_task(part, valid=64, file=file)
        assert np.isfinite(step(task)[0]) and str(file) in task.source


def test_mistakes_are_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "short.txt"
    file.write_text("too short")
    for message, arguments in (
        ("too few for a context of 16", {"file": file}),
        ("not a text that can be read", {"file": tmp_path / "absent.txt"}),
        ("no part 'sarch'", {"part": "sarch"}),
        ("must be multiples of 16", {"width": 20}),
        ("a multiple of 8 wide", {"heads": 4}),
    ):
        with pytest.raises(UserError, match=message) as error:
            transformer_task(**arguments)  # type: ignore[arg-type]
        assert "\n" not in str(error.value)
