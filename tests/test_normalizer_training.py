"""Training on lanes: against plain modules trained one at a time, the same bytes in any company, and the gates."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from primitives.images import BY_IMAGE, LAYERS, POINTWISE
from primitives.text import parse
from searches.normalizers.alive import alive
from searches.normalizers.config import Gate, Net, Training
from searches.normalizers.data import Images
from searches.normalizers.layer import Layer
from searches.normalizers.nets import ConvolutionalNet
from searches.normalizers.programs import POINT_SIGNATURE, SIGNATURE
from searches.normalizers.stability import ascend
from searches.normalizers.training import Outcome, batches, one_thread, train
from searches.normalizers.transformer import TransformerNet

BATCH_NORM = "max((x - mean_batch(x)) / std_batch(x), 0)"
GROUP_NORM = "max((x - mean_group(x)) / std_group(x), 0)"
EVONORM_S0 = "x * sigmoid(v1 * x) / std_group(x)"
EVONORM_B0 = "x / max(std_batch(x), v1 * x + std_instance(x))"
NET = Net(width=4, groups=2, blocks=2)
SHORT = Training(steps=4, batch=8)
SEEDS = np.array([7, 8], np.uint64)


def layer(text: str) -> Layer:
    """The layer y = text."""
    return Layer(parse(f"y = {text}", SIGNATURE, LAYERS), LAYERS)


def images(n: int = 40, scored: int = 16) -> Images:
    """Noise in which the class is the brightest of three columns."""
    stream = np.random.Generator(np.random.Philox(key=5))
    x = stream.normal(size=(n + scored, 1, 6, 6)).astype(np.float32)
    y = x.mean(axis=(1, 2)).reshape(-1, 3, 2).mean(axis=2).argmax(axis=1)
    return Images(x[:n], y[:n], x[n:], y[n:], classes=3)


def outcome(texts: list[str], net: Net = NET, training: Training = SHORT, seeds: np.ndarray = SEEDS) -> Outcome:
    """Train layers y = text on the noise."""
    some = images()
    return train(ConvolutionalNet(net, 1, some.classes), [layer(t) for t in texts], some, seeds, training)


class Plain(nn.Module):
    """The same network as plain modules, for one layer given as a function of x [b, c, h, w], v0 and v1 [c, 1, 1]."""

    def __init__(self, net: Net, formula: object, seed: int) -> None:
        super().__init__()
        stream = np.random.Generator(np.random.Philox(key=seed))
        self.residual, self.formula, self.groups = net.kind == "residual", formula, net.groups

        def drawn(deviation: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(torch.from_numpy(deviation * stream.standard_normal(shape, np.float32)).double())

        self.stem = nn.Conv2d(1, net.width, 3, stride=net.stride, padding=1, bias=False)
        self.stem.weight = drawn(math.sqrt(2 / 9), net.width, 1, 3, 3)
        self.convolutions = nn.ModuleList()
        for _ in range(net.blocks):
            convolution = nn.Conv2d(net.width, net.width, 3, padding=1, bias=False)
            convolution.weight = drawn(net.gain * math.sqrt(2 / (9 * net.width)), net.width, net.width, 3, 3)
            self.convolutions.append(convolution)
        self.head = nn.Linear(net.width, 3)
        self.head.weight = drawn(1 / math.sqrt(net.width), 3, net.width)
        self.head.bias = nn.Parameter(torch.zeros(3).double())
        # affine scale and shift, v0, v1
        begin = torch.tensor([1.0, 0.0, 0.0, 1.0]).double()
        self.own = nn.ParameterList(
            [begin[:, None, None, None].repeat(1, net.width, 1, 1) for _ in range(net.blocks + 1)]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [b, classes]."""
        x = self.stem(x)
        for convolution, own in zip(self.convolutions, self.own, strict=False):
            branch = convolution(self.normalized(x, own))
            x = x + branch if self.residual else branch
        return self.head(self.normalized(x, self.own[-1]).mean((2, 3)))

    def normalized(self, x: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """The layer and its affine map."""
        weight, bias, v0, v1 = own
        return self.formula(x, v0, v1, self.groups).expand(x.shape) * weight + bias  # type: ignore[operator]


def std(x: torch.Tensor, dims: tuple[int, ...]) -> torch.Tensor:
    """Deviation as the primitives have it."""
    return (x.var(dims, unbiased=False, keepdim=True) + 1e-5).sqrt()


def std_group(x: torch.Tensor, groups: int) -> torch.Tensor:
    """Over a group of channels of one image."""
    return std(x.unflatten(1, (groups, -1)), (2, 3, 4)).expand(x.unflatten(1, (groups, -1)).shape).reshape(x.shape)


def batch_norm(x, v0, v1, groups):  # type: ignore[no-untyped-def]
    """BatchNorm in training mode, ReLU."""
    return torch.relu(nn.functional.batch_norm(x, None, None, training=True))


def group_norm(x, v0, v1, groups):  # type: ignore[no-untyped-def]
    """GroupNorm, ReLU."""
    return torch.relu(nn.functional.group_norm(x, groups))


def evonorm_s0(x, v0, v1, groups):  # type: ignore[no-untyped-def]
    """EvoNorm-S0."""
    return x * torch.sigmoid(v1 * x) / std_group(x, groups)


def evonorm_b0(x, v0, v1, groups):  # type: ignore[no-untyped-def]
    """EvoNorm-B0 with the statistics of the batch."""
    return x / torch.maximum(std(x, (0, 2, 3)), v1 * x + std(x, (2, 3)))


def of_image(x, v0, v1, groups):  # type: ignore[no-untyped-def]
    """One number an image: what lacks axes is spread over them."""
    return std(x, (1, 2, 3)) + v0


CASES = {
    BATCH_NORM: batch_norm,
    GROUP_NORM: group_norm,
    EVONORM_S0: evonorm_s0,
    EVONORM_B0: evonorm_b0,
    "std_layer(x) + v0": of_image,
    "std_layer(x)": lambda x, v0, v1, groups: of_image(x, 0.0, v1, groups),
    "mean_instance(x) * x - abs(x)": lambda x, v0, v1, groups: x.mean((2, 3), keepdim=True) * x - x.abs(),
    "max(v0, max(0, x)) + 1": lambda x, v0, v1, groups: torch.maximum(v0, torch.relu(x)) + 1.0,
    "v1 / rms_batch(x)": lambda x, v0, v1, groups: v1 / (x.square().mean((0, 2, 3), keepdim=True) + 1e-5).sqrt(),
    "1": lambda x, v0, v1, groups: torch.ones_like(x),
}


@pytest.mark.parametrize("net", [NET, Net(kind="plain", width=4, groups=2, blocks=1, gain=2.0)])
def test_lanes_train_as_plain_modules_do_one_at_a_time(net: Net) -> None:
    """Every layer and seed, all in one batch of lanes, against float64 modules with torch's SGD."""
    data, training = images(), SHORT
    found = outcome(list(CASES), net)
    for i, formula in enumerate(CASES.values()):
        for j, seed in enumerate(SEEDS):
            model = Plain(net, formula, int(seed))
            optimizer = torch.optim.SGD(model.parameters(), training.rate, momentum=0.9)
            order = batches(SEEDS, len(data.train), training)[:, :, j]
            for step, rows in enumerate(order):
                optimizer.param_groups[0]["lr"] = training.rate * 0.5 * (1 + math.cos(math.pi * step / len(order)))
                optimizer.zero_grad()
                x, y = torch.from_numpy(data.train[rows]).double(), torch.from_numpy(data.train_class[rows])
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            with torch.no_grad():
                logits = model(torch.from_numpy(data.score).double())
            y = torch.from_numpy(data.score_class)
            assert found.loss[i, j] == pytest.approx(nn.functional.cross_entropy(logits, y).item(), rel=1e-6)
            assert found.error[i, j] == pytest.approx((logits.argmax(1) != y).double().mean().item(), abs=1 / 16)


def test_a_training_that_blows_up_is_infinitely_bad_and_harms_no_other() -> None:
    """Loss infinite, error 1; its neighbour has the bytes it has alone."""
    found = outcome([EVONORM_S0, "exp(exp(exp(x)))", "x / (v0 - v0)", GROUP_NORM])
    np.testing.assert_array_equal(np.isinf(found.loss).all(axis=1), [False, True, True, False])
    np.testing.assert_array_equal(found.error[1:3], 1.0)
    np.testing.assert_array_equal(found.loss[::3], outcome([EVONORM_S0, GROUP_NORM]).loss)


def test_same_bytes_in_any_order_and_chunking() -> None:
    """One at a time, backwards, and all together, more than there are lanes for."""
    texts = [*CASES, "tanh(x)", "erf(x) * v1", "x"]
    together = outcome(texts)
    alone = np.concatenate([outcome([t]).loss for t in texts])
    np.testing.assert_array_equal(together.loss, alone)
    np.testing.assert_array_equal(together.loss, outcome(texts[::-1]).loss[::-1])


@pytest.mark.parametrize("kind", ["residual", "transformer"])
def test_same_bytes_with_any_number_of_lanes(kind: Literal["residual", "transformer"]) -> None:
    """In networks as wide as a search has them, trained and climbed in; and one candidate with one seed."""
    net, some = Net(kind=kind, blocks=1), images()
    space, primitives = (SIGNATURE, LAYERS) if kind == "residual" else (POINT_SIGNATURE, POINTWISE)
    texts = ["tanh(x)", "erf(x)", "x", "max(x, 0)", "abs(x)", "x * sigmoid(x)", "square(x) * x"]
    candidates = [Layer(parse(f"y = {t}", space, primitives), primitives) for t in texts]
    network = ConvolutionalNet(net, 1, 3) if kind == "residual" else TransformerNet(net, 1, 3, 6)
    every = train(network, candidates, some, SEEDS[:1], SHORT).loss
    norms = ascend(network, candidates, some, SEEDS[:1], Gate(steps=2))
    for n in (1, 2, 3, 5):
        np.testing.assert_array_equal(train(network, candidates[:n], some, SEEDS[:1], SHORT).loss, every[:n])
        np.testing.assert_array_equal(train(network, candidates[:n], some, SEEDS, SHORT).loss[:, :1], every[:n])
        np.testing.assert_array_equal(ascend(network, candidates[:n], some, SEEDS[:1], Gate(steps=2)), norms[:n])


def test_same_bytes_in_another_process() -> None:
    """Which may use more threads."""
    code = (
        "from tests.test_normalizer_training import *\n"
        "import torch; torch.set_num_threads(2)\n"
        "found = outcome([EVONORM_B0, GROUP_NORM]); print(found.loss.tobytes().hex()); print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [outcome([EVONORM_B0, GROUP_NORM]).loss.tobytes().hex(), "2"]


def test_seeds_are_trainings_of_their_own() -> None:
    """A seed has its weights and its order of the images, whichever others there are."""
    found = outcome([EVONORM_S0], seeds=np.array([7, 8, 7], np.uint64)).loss[0]
    assert found[0] == found[2] != found[1]
    order = batches(SEEDS, 40, SHORT)
    assert order.shape == (4, 8, 2) and not np.array_equal(order[:, :, 0], order[:, :, 1])
    for seed in range(2):
        assert len(np.unique(order[:, :, seed])) == 32  # every image once before any again


@pytest.mark.parametrize("text", [*CASES, "rms_group(x) / x", "(x + 1) / std_layer(x * v1)", "max(x, v1 * x)"])
def test_closed_forms_of_derivatives(text: str) -> None:
    """First and second derivatives are those of the values, and the values those of the primitives."""
    program = parse(f"y = {text}", SIGNATURE, LAYERS)
    one = Layer(program, LAYERS)
    stream = torch.Generator().manual_seed(3)
    x = torch.randn(3, 1, 2, 2, 2, 1, dtype=torch.float64, generator=stream).requires_grad_()
    v0, v1 = (torch.randn(1, 1, 2, 2, 1, 1, dtype=torch.float64, generator=stream).requires_grad_() for _ in range(2))
    values: list[torch.Tensor] = [x, v0, v1]
    for instruction in program.instructions:
        primitive = LAYERS[LAYERS.opcode(instruction.op)]
        assert primitive.torch is not None
        constants = {-1 - i: torch.tensor(c).double() for i, c in enumerate(program.constants)}
        values.append(primitive.torch(torch, *(values[a] if a >= 0 else constants[a] for a in instruction.args)))
    torch.testing.assert_close(one(x, v0, v1), values[program.results[0]] if program.instructions else one(x, v0, v1))
    if one(x, v0, v1).requires_grad:
        assert torch.autograd.gradcheck(one, (x, v0, v1))
        assert torch.autograd.gradgradcheck(one, (x, v0, v1))


def test_climbing_finds_what_lets_gradients_grow() -> None:
    """Layers that bound nothing exceed the limit; normalizations and tanh stay far below; the order does not matter."""
    free, bounded = (
        ["x", "max(x, 0)", "x * sigmoid(x)", "square(x)", "exp(exp(exp(x)))"],
        [GROUP_NORM, EVONORM_S0, "tanh(x)"],
    )
    some, gate = images(), Gate(steps=25, length=1.0, images=8, limit=1e4)
    network = ConvolutionalNet(Net(width=4, groups=2, blocks=6), 1, some.classes)
    seed = SEEDS[:1]
    norms = ascend(network, [layer(t) for t in free + bounded], some, seed, gate)
    assert (norms[: len(free)] > gate.limit).all() and np.isinf(norms[4])
    assert (norms[len(free) :] < 2e3).all() and (norms > 0).all()
    again = ascend(network, [layer(t) for t in (*bounded[::-1], *free[:2])], some, seed, gate)
    np.testing.assert_array_equal(again, [*norms[: len(free) - 1 : -1], *norms[:2]])


@pytest.mark.parametrize("text", [GROUP_NORM, EVONORM_B0])
def test_the_ascent_is_along_the_gradient_of_the_norm(text: str) -> None:
    """Three steps, against plain modules in float64."""
    data, gate = images(), Gate(steps=3, length=0.2, images=8)
    rows = batches(SEEDS[:1], len(data.train), Training(steps=1, batch=gate.images))[0, :, 0]
    x, y = torch.from_numpy(data.train[rows]).double(), torch.from_numpy(data.train_class[rows])
    model = Plain(NET, CASES[text], int(SEEDS[0]))
    weights, norms = list(model.parameters()), []
    for _ in range(gate.steps + 1):
        loss = nn.functional.cross_entropy(model(x), y)
        gradients = torch.autograd.grad(loss, weights, create_graph=True, materialize_grads=True)
        norm = torch.cat([g.flatten() for g in gradients]).norm()
        uphill = torch.autograd.grad(norm, weights, materialize_grads=True)
        size = torch.cat([g.flatten() for g in uphill]).norm()
        norms.append(norm.item())
        with torch.no_grad():
            for w, direction in zip(weights, uphill, strict=True):
                w += gate.length * direction / size
    found = ascend(ConvolutionalNet(NET, 1, 3), [layer(text)], data, SEEDS[:1], gate)
    np.testing.assert_allclose(found, max(norms), rtol=1e-5)


def test_alive() -> None:
    """Finite at three scales, dependent on x and varying over an image, by more than rounding."""
    verdicts = {
        "x": True, GROUP_NORM: True, EVONORM_S0: True, EVONORM_B0: True, "std_layer(x)": False, "max(x, 0)": True,
        "slog(x)": True, "v1": False, "0": False, "mean_layer(x - mean_layer(x))": False, "exp(x)": False,
        "x / (v0 * x)": False, "v1 / (x - x)": False,
    }  # fmt: skip
    np.testing.assert_array_equal(alive([layer(t) for t in verdicts]), list(verdicts.values()))
    points = {"erf(a * x + s)": True, "tanh(x)": True, "s": False, "exp(a * x)": False, "arctan(x) * a": True}
    found = alive([Layer(parse(f"y = {t}", POINT_SIGNATURE, POINTWISE), POINTWISE) for t in points])
    np.testing.assert_array_equal(found, list(points.values()))
    assert alive([]).shape == (0,)


def test_layers_of_the_set_without_batch_statistics_are_the_same() -> None:
    """A program does not depend on which set names its primitives."""
    text = f"y = {EVONORM_S0}"
    some = images()
    network = ConvolutionalNet(NET, 1, 3)
    both = [Layer(parse(text, SIGNATURE, s), s) for s in (LAYERS, BY_IMAGE)]
    loss = train(network, both, some, SEEDS, SHORT).loss
    np.testing.assert_array_equal(loss[0], loss[1])


def test_threads_and_subnormals_are_as_before() -> None:
    """After training, and after a mistake in it."""
    before, tiny = torch.get_num_threads(), torch.tensor(1e-40)
    with pytest.raises(RuntimeError), one_thread():
        assert torch.get_num_threads() == 1
        raise RuntimeError
    assert torch.get_num_threads() == before and (tiny * 1.0) > 0
