"""The primitives of layers: what each moment averages, in numbers, in torch, and in training."""

from __future__ import annotations

import numpy as np
import pytest

from primitives.images import BY_IMAGE, EPS, LAYERS, POINTWISE, STATISTICS
from primitives.primitive import AXES, Primitive

MOMENTS = [p for p in LAYERS if p.over]
SHAPE = (2, 2, 3, 2, 2)
IMAGES = np.random.default_rng(0).normal(size=SHAPE) * 3 + 1


def named(name: str) -> Primitive:
    """A primitive of layers."""
    return LAYERS[LAYERS.opcode(name)]


def test_a_worked_example() -> None:
    """Two images of two channels, each a group of its own, of one row of two numbers."""
    x = np.array([1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0])
    shape = (2, 2, 1, 1, 2)
    wanted = {
        "instance": [2, 2, 6, 6, 10, 10, 14, 14],
        "group": [2, 2, 6, 6, 10, 10, 14, 14],
        "layer": [4, 4, 4, 4, 12, 12, 12, 12],
        "batch": [6, 6, 10, 10, 6, 6, 10, 10],
    }
    for statistic, mean in wanted.items():
        assert named(f"mean_{statistic}").numpy(x, shape).tolist() == mean
        spread = np.sqrt(named("mean_" + statistic).numpy((x - mean) ** 2, shape) + EPS)
        assert np.allclose(named(f"std_{statistic}").numpy(x, shape), spread, rtol=1e-14)
    assert named("rms_instance").numpy(x, shape)[0] == np.sqrt((1 + 9) / 2 + EPS)


def test_sets_have_the_moments_of_their_series() -> None:
    """Table 1 of arXiv 2004.02967: three moments over four sets of axes; none over the batch in the S-series."""
    assert len(MOMENTS) == 12 and set(STATISTICS) == {"batch", "layer", "instance", "group"}
    assert {p.name for p in LAYERS} - {p.name for p in BY_IMAGE} == {"mean_batch", "rms_batch", "std_batch"}
    assert not any("b" in p.over for p in BY_IMAGE) and not any(p.over for p in POINTWISE)


@pytest.mark.parametrize("primitive", MOMENTS, ids=lambda p: p.name)
def test_torch_keeps_the_axes_and_has_lanes_beside_them(primitive: Primitive) -> None:
    """[b, lanes, g, c, h, w]: every lane as if alone; an averaged axis has one element."""
    import torch

    assert primitive.torch is not None
    lanes = np.stack([IMAGES, IMAGES[::-1] * 2], 1)
    got = primitive.torch(torch, torch.from_numpy(lanes))
    kept = [1 if axis in primitive.over else n for axis, n in zip(AXES, SHAPE, strict=True)]
    assert list(got.shape) == [kept[0], 2, *kept[1:]]
    for lane in range(2):
        wanted = primitive.numpy(lanes[:, lane].reshape(-1), SHAPE)
        np.testing.assert_allclose(got[:, lane].expand(SHAPE).reshape(-1), wanted, rtol=1e-13)


@pytest.mark.parametrize("primitive", MOMENTS, ids=lambda p: p.name)
def test_what_is_constant_over_an_axis_may_have_one_element_there(primitive: Primitive) -> None:
    """So layers average small tensors: a number a channel gives what the whole array gives."""
    import torch

    assert primitive.torch is not None
    small = torch.from_numpy(IMAGES[:1, :, :, :1, :1].copy())
    whole = primitive.torch(torch, small.expand(SHAPE))
    np.testing.assert_allclose(primitive.torch(torch, small).expand(whole.shape), whole, rtol=1e-13)


@pytest.mark.parametrize("primitive", MOMENTS, ids=lambda p: p.name)
def test_gradients_are_those_of_the_formula(primitive: Primitive) -> None:
    """By finite differences; and finite where nothing varies, or all is zero."""
    import torch

    def loss(x: torch.Tensor) -> torch.Tensor:
        assert primitive.torch is not None
        return primitive.torch(torch, x)

    assert torch.autograd.gradcheck(loss, torch.from_numpy(IMAGES).requires_grad_(), fast_mode=True)
    for constant in (0.0, 1e-4, 7.0, 1e4):
        x = torch.full(SHAPE, constant, requires_grad=True)
        loss(x).sum().backward()
        assert x.grad is not None and torch.isfinite(x.grad).all()


@pytest.mark.parametrize("name", ["slog", "ssqrt"])
def test_roots_and_logarithms_have_a_derivative_at_zero(name: str) -> None:
    """0, where the formula has an infinite one: in torch, and in the template that exports write."""
    import torch

    primitive = named(name)
    assert primitive.torch is not None
    for written in (False, True):
        x = torch.tensor([0.0, -0.0, 4.0, -0.25], dtype=torch.float64, requires_grad=True)
        y = eval(primitive.torch_source.format("x"), {"torch": torch, "x": x}) if written else primitive.torch(torch, x)
        y.sum().backward()
        assert x.grad is not None and x.grad[:2].tolist() == [0, 0]
        wanted = {"slog": [1 / 4, 4.0], "ssqrt": [1 / 4, 1.0]}[name]
        assert x.grad[2:].tolist() == wanted and y[:2].tolist() == [0, 0]


def test_what_is_too_large_for_a_dtype() -> None:
    """Squares overflow in the dtype that torch computes in: then a size is infinite, and x over it is 0, not NaN."""
    import torch

    x = torch.full(SHAPE, 1e30)
    for kind in ("rms", "std"):
        moment = named(f"{kind}_group").torch
        assert moment is not None
        spread = moment(torch, x * torch.tensor([1.0, -1.0]))
        assert torch.isinf(spread).all() and (x / spread == 0).all()
