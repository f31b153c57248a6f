"""The transformer that pointwise functions are trained in, against torch's own; and the properties of their curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from discover.errors import UserError
from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.evaluators.reference import ReferenceEvaluator
from primitives.images import POINTWISE
from primitives.packed import Packed, Shape, pack
from primitives.program import Program
from primitives.text import parse
from searches.normalizers.config import Gate, Net, Training
from searches.normalizers.curves import curves, describe, properties
from searches.normalizers.data import Images, load
from searches.normalizers.descent import Adam
from searches.normalizers.known import known
from searches.normalizers.layer import Layer, layers
from searches.normalizers.programs import POINT_SIGNATURE
from searches.normalizers.stability import ascend
from searches.normalizers.training import Lanes, train
from searches.normalizers.transformer import LAYER_NORM, RMS_NORM, TransformerNet

CURVES = ["tanh(x)", "x", "max(x, 0)", "sigmoid(x)"]
NET = Net(kind="transformer", blocks=2, width=8, heads=2, stride=4)
SEEDS = np.array([5, 6], np.uint64)


def program(text: str) -> Program:
    return parse(text if "\n" in text else f"y = {text}", POINT_SIGNATURE, POINTWISE)


def layer(text: str) -> Layer:
    return Layer(program(text), POINTWISE)


def packed(*texts: str) -> Packed:
    return pack([program(t) for t in texts], POINTWISE, Shape(3, 1, 16, 8))


def digits(n: int = 64) -> Images:
    images = load("digits", "search")
    return Images(images.train[:n], images.train_class[:n], images.score[:n], images.score_class[:n])


# -- the transformer --------------------------------------------------------------------------------------------------


class Norm(nn.Module):
    """What Lanes puts in the place of a norm, of one lane."""

    def __init__(self, layer: Any, numbers: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.layer, self.numbers = layer, numbers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x, self.numbers["a"], self.numbers["s"])
        return y * self.numbers["weight"] + self.numbers["bias"]  # type: ignore[no-any-return]


def alone(net: TransformerNet, layer: Any, w: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """Logits [b, classes] of images [b, c, h, w] with the weights of one lane, through torch's own modules."""
    d, p = net.features, net.net.stride

    def norm(i: int) -> Norm:
        return Norm(layer, {name: w[f"layer{i}.{name}"] for name in ("weight", "bias", "a", "s")})

    kernel = w["patch"].t().reshape(d, images.shape[1], p, p)
    h = nn.functional.conv2d(images, kernel, stride=p).flatten(2).transpose(1, 2) + w["position"]
    for i in range(net.net.blocks):
        block = nn.TransformerEncoderLayer(
            d, net.net.heads, 2 * d, 0.0, nn.functional.gelu, batch_first=True, norm_first=True
        )
        block.double().norm1, block.norm2 = norm(2 * i), norm(2 * i + 1)  # type: ignore[assignment]
        given = {
            "self_attn.in_proj_weight": w[f"block{i}.qkv"].t(),
            "self_attn.out_proj.weight": w[f"block{i}.out"].t(),
            "linear1.weight": w[f"block{i}.up"].t(),
            "linear2.weight": w[f"block{i}.down"].t(),
        }
        zeros = {name: torch.zeros_like(v) for name, v in block.named_parameters() if "bias" in name}
        h = torch.func.functional_call(block, zeros | given, (h,))  # type: ignore[no-untyped-call]
    return norm(2 * net.net.blocks)(h).mean(1) @ w["head"] + w["bias"]  # type: ignore[no-any-return]


def test_lanes_are_torchs_transformer_one_at_a_time() -> None:
    """Logits and the gradient of every weight in float64, all of them moved away from where they begin."""
    net = TransformerNet(NET, channels=1, classes=10, side=8)
    candidates = [layer("erf(a * x + s)"), LAYER_NORM, layer("x")]
    lanes = Lanes(net, candidates, SEEDS)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    with torch.no_grad():
        lanes.weights = {name: w + 0.3 * normal(*w.shape) for name, w in lanes.weights.items()}
    for w in lanes.weights.values():
        w.requires_grad_()
    images, direction = normal(3, 6, 1, 8, 8), normal(6, 3, 10)
    logits = lanes.logits(images)
    found = torch.autograd.grad((logits * direction).sum(), list(lanes.weights.values()), materialize_grads=True)
    for lane in range(6):
        one = {name: w[lane].detach().requires_grad_() for name, w in lanes.weights.items()}
        wanted = alone(net, candidates[lane // 2], one, images[:, lane])
        torch.testing.assert_close(logits[lane], wanted)
        gradients = torch.autograd.grad((wanted * direction[lane]).sum(), list(one.values()), materialize_grads=True)
        for mine, theirs in zip(found, gradients, strict=True):
            torch.testing.assert_close(mine[lane], theirs)


def test_norms_to_compare_with_are_torchs() -> None:
    x = 3.0 * torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(2)) + 1.0
    torch.testing.assert_close(LAYER_NORM(x), nn.functional.layer_norm(x, (8,)))
    torch.testing.assert_close(RMS_NORM(x), nn.functional.rms_norm(x, (8,), eps=1e-5))


def test_a_leaf_is_one_number_a_layer_and_is_trained() -> None:
    """alpha of DyT moves, and s, which it does not read, stays; the affine map has a number for each feature."""
    lanes = Lanes(TransformerNet(NET, 1, 10, 8), [layer("tanh(a * x)")], SEEDS)
    w = list(lanes.weights.values())
    assert lanes.weights["layer4.a"].shape == (2, 1)
    assert lanes.weights["layer4.weight"].shape == (2, 8)
    adam = Adam(w)
    x = torch.from_numpy(digits(16).train)[:, None].expand(-1, 2, -1, -1, -1)
    y = torch.from_numpy(digits(16).train_class).expand(2, -1)
    for _ in range(3):
        gradients = torch.autograd.grad(lanes.loss(x, y).sum(), w, allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            adam.step(gradients, 0.01)
    a, s = (torch.stack([lanes.weights[f"layer{i}.{leaf}"] for i in range(5)]) for leaf in "as")
    assert ((a - 0.5).abs() > 1e-3).all()
    assert (s == 0.0).all()


def test_adam_is_torchs() -> None:
    generator = torch.Generator().manual_seed(3)
    mine = [torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)]
    theirs = [nn.Parameter(w.clone()) for w in mine]
    adam, wanted = Adam(mine), torch.optim.Adam(theirs, lr=0.01)
    for _ in range(20):
        gradients = tuple(torch.randn(w.shape, generator=generator) for w in mine)
        adam.step(gradients, 0.01)
        for parameter, g in zip(theirs, gradients, strict=True):
            parameter.grad = g.clone()
        wanted.step()
    for w, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(w, other.detach())


def test_what_happens_to_a_function_does_not_depend_on_the_others() -> None:
    """To the bit: alone, and among others of which one blows up."""
    net = TransformerNet(NET, 1, 10, 8)
    training = Training(steps=4, batch=8, optimizer="adam", rate=0.01)
    texts = ["exp(x)", "tanh(a * x)", "1 / (x - x)", "x", "x / (1 + abs(x))"]
    together = train(net, layers([program(t) for t in texts], POINTWISE), digits(), SEEDS, training)
    single = train(net, [layer(texts[1])], digits(), SEEDS, training)
    np.testing.assert_array_equal(together.loss[1], single.loss[0])
    assert np.isinf(together.loss[2]).all()
    assert (together.error[2] == 1.0).all()


def test_functions_learn_as_layer_norm_does_and_nothing_does_not() -> None:
    """150 steps on digits, large initial weights: below 15 % errors with a norm or Derf; without, the loss is larger
    than that of guessing."""
    net = TransformerNet(Net(kind="transformer", blocks=4, stride=4, gain=1.5), 1, 10, 8)
    candidates: list[Any] = [layer("erf(a * x + s)"), LAYER_NORM, layer("x")]
    found = train(
        net, candidates, load("digits", "search"), SEEDS[:1], Training(steps=150, optimizer="adam", rate=0.01)
    )
    assert (found.error[:2] < 0.15).all()
    assert found.loss[2, 0] > np.log(10)


def test_the_gate_climbs_in_a_transformer() -> None:
    """Attention has a second derivative; a bounded function holds the gradient and no function does not."""
    net = TransformerNet(NET.model_copy(update={"blocks": 6}), 1, 10, 8)
    limit = 1e8
    norms = ascend(net, [layer("tanh(a * x)"), layer("x")], digits(), SEEDS[:1], Gate(steps=40, limit=limit))
    assert norms[0] < 1e5
    assert not norms[1] <= limit


def test_patches_divide_the_image() -> None:
    with pytest.raises(UserError, match="cannot cut images of 14 x 14 into patches of stride=4"):
        TransformerNet(NET, channels=1, classes=10, side=14)


# -- curves -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bounded", "centred", "monotone"),
    [
        ("tanh(a * x)", 1, 1, 1),
        ("erf(a * x + s)", 1, 1, 1),
        ("x / (1 + abs(x))", 1, 1, 1),
        ("-arctan(x)", 1, 1, 1),  # the weight that follows turns it round
        ("slog(abs(x) + 1) / (slog(abs(x) + 1) + 1) * x / abs(x)", 0, 0, 0),  # 0 / 0 at 0
        ("l = slog(max(x, 0) + 1) - slog(1 - min(x, 0))\ny = l / (abs(l) + 1)", 1, 1, 1),  # creeps to its limit
        ("slog(slog(max(x, 0) + 2) + 1)", 0, 0, 1),  # creeps, and has none
        ("x", 0, 1, 1),
        ("slog(max(x, 0) + 1) - slog(1 - min(x, 0))", 0, 1, 1),
        ("max(x, 0)", 0, 0, 1),
        ("exp(x)", 0, 0, 1),  # infinite far to the right
        ("square(x)", 0, 0, 0),
        ("tanh(x) + 2", 1, 0, 1),
        ("tanh(x + 2)", 1, 0, 1),
        ("x * exp(-square(x))", 1, 1, 0),
        ("x * sigmoid(x)", 0, 0, 0),  # dips below 0
        ("exp(-square(x))", 1, 0, 0),
        ("0 * x + 1", 1, 0, 0),  # constant
        ("x / x", 0, 0, 0),
        ("exp(x) / (exp(x) + 1) - 0.5", 0, 1, 0),  # NaN from 710 on
        ("sqrt(x)", 0, 0, 0),
    ],
)
def test_descriptors(text: str, bounded: int, centred: int, monotone: int) -> None:
    assert describe(packed(text), ReferenceEvaluator(POINTWISE)).tolist() == [[bounded, centred, monotone]]


def test_derfs_rivals_are_bounded_zero_centred_and_monotone() -> None:
    """By either evaluator."""
    functions = {name: p for name, p in known("pointwise").items() if name != "identity"}
    batch = pack(list(functions.values()), POINTWISE, Shape(3, 1, 24, 6))
    for evaluator in (ReferenceEvaluator(POINTWISE), NumbaEvaluator(POINTWISE, "float64")):
        found = curves(batch, evaluator)
        assert describe(batch, evaluator).tolist() == [[1, 1, 1]] * len(functions)
        assert found.odd.all()
        flat = {name for name, sensitive in zip(functions, found.sensitive, strict=True) if not sensitive}
        assert flat == {"cubsign", "logquad_clip"}  # u³ and u|u| at 0


@given(st.floats(0.01, 100.0), st.sampled_from([-1.0, 1.0]), st.sampled_from(CURVES))
def test_a_factor_changes_no_property(factor: float, sign: float, text: str) -> None:
    before, after = describe(packed(text, f"{text} * {factor * sign!r}"), ReferenceEvaluator(POINTWISE))
    assert (before == after).all()


def test_properties_in_words() -> None:
    assert properties(program("erf(a * x + s)")) == {
        "shape": "bounded, zero-centred, rising, odd, sensitive at the centre",
        "far left, at 0, far right": "-1, 0, 1",
    }
    assert properties(program("max(x, 0)"))["shape"] == "unbounded, off centre, rising, sensitive at the centre"
    assert properties(program("x * square(x)"))["shape"] == "unbounded, zero-centred, rising, odd, flat at the centre"
    assert properties(program("-exp(-x)"))["shape"] == "not finite far away, off centre, rising, flat at the centre"
    assert properties(program("x - x"))["shape"] == "bounded, off centre, constant"
    assert properties(program("1 / x"))["shape"] == "not finite everywhere"
