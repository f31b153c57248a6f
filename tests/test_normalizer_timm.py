"""EvoNorm's layers: the known programs, exported, against their formulas in plain torch and against timm's modules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks import resnet
from discover.errors import UserError
from discover.problem import Find
from searches.normalizers.export import EXPORTERS
from searches.normalizers.known import known

NAMES = ("EvoNorm-B0", "EvoNorm-B1", "EvoNorm-B2", "EvoNorm-S0", "EvoNorm-S1", "EvoNorm-S2")
CHANNELS, GROUPS, EPS, MOMENTUM = 6, 3, 1e-5, 0.1
PROVENANCE = {
    "title": "normalizer", "search": "normalizers/b-series", "config_hash": "0123456789abcdef", "seed": 1,
    "config": {"search": "normalizers", "problem": {"primitives": ["layers"]}}, "id": "c0ffee", "parents": [],
    "reproduce": "discover run normalizers/b-series --seed 1", "scores": {}, "status": "rediscovered",
    "generator": "discover-programs 0.1.0",
}  # fmt: skip


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def layer(name: str, tmp_path_factory: pytest.TempPathFactory) -> type[nn.Module]:
    """The class that the exported file of a layer defines."""
    return exported(name, tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="module")
def timm() -> Any:
    found = resnet.import_timm()
    if found is None:
        pytest.skip("timm is not installed; it is what EvoNorm's modules are compared with")
    return found


def exported(name: str, folder: Path) -> type[nn.Module]:
    label = name.replace("-", "_").lower()
    find = Find(known("layers")[name], {"nodes": 5.0, "loss": 0.5, "error": 0.1}, {})
    path = folder / f"{label}.py"
    path.write_text(EXPORTERS["torch"](find, PROVENANCE | {"name": label}))
    return resnet.exported(path)


def made(layer: type[nn.Module], name: str, **options: Any) -> nn.Module:
    groups = {"groups": GROUPS} if name.startswith("EvoNorm-S") else {}
    return layer(CHANNELS, **groups, **options)


def module(name: str, timm: Any) -> type[nn.Module]:
    return getattr(timm.layers.evo_norm, f"EvoNorm2d{name[-2:]}")


def batches(n: int, dtype: torch.dtype) -> list[Tensor]:
    """Images whose channels differ in mean and size."""
    stream = torch.Generator().manual_seed(7)
    size = torch.linspace(0.5, 3, CHANNELS).view(1, -1, 1, 1)
    return [
        (size * torch.randn(4, CHANNELS, 3, 5, generator=stream) + size - 1).to(dtype).requires_grad_()
        for _ in range(n)
    ]


def numbers(seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(CHANNELS, generator=torch.Generator().manual_seed(seed)).to(dtype)


def formula(name: str, x: Tensor, v1: Tensor, variance: Tensor) -> Tensor:
    """The published formula without the affine map; `variance` is that of the batch, or a running one."""

    def std(a: Tensor, *dims: int) -> Tensor:
        return (a.var(dims, correction=0, keepdim=True) + EPS).sqrt()

    def rms(a: Tensor, *dims: int) -> Tensor:
        return ((a * a).mean(dims, keepdim=True) + EPS).sqrt()

    def by_group(moment: Callable[..., Tensor]) -> Tensor:
        groups = x.view(len(x), GROUPS, -1, *x.shape[2:])
        return moment(groups, 2, 3, 4).expand_as(groups).reshape(x.shape)

    v1, of_batch = v1.view(1, -1, 1, 1), (variance + EPS).sqrt().view(1, -1, 1, 1)
    return {
        "EvoNorm-B0": lambda: x / torch.maximum(of_batch, v1 * x + std(x, 2, 3)),
        "EvoNorm-B1": lambda: x / torch.maximum(of_batch, (x + 1) * rms(x, 2, 3)),
        "EvoNorm-B2": lambda: x / torch.maximum(of_batch, rms(x, 2, 3) - x),
        "EvoNorm-S0": lambda: x * torch.sigmoid(v1 * x) / by_group(std),
        "EvoNorm-S1": lambda: x * torch.sigmoid(x) / by_group(std),
        "EvoNorm-S2": lambda: x * torch.sigmoid(x) / by_group(rms),
    }[name]()


def test_exported_layers_compute_the_published_formulas(name: str, layer: type[nn.Module]) -> None:
    """Training, forward and backward; the running variance of several batches; evaluation with it."""
    ours = made(layer, name).double()
    weight, bias, v1 = (numbers(i) for i in range(3))
    values = {"weight": weight, "bias": bias} | ({"v1": v1} if name in ("EvoNorm-B0", "EvoNorm-S0") else {})
    assert dict(ours.named_parameters()).keys() == values.keys()
    with torch.no_grad():
        for key, value in values.items():
            ours.get_parameter(key).copy_(value)
    running = torch.ones(CHANNELS, dtype=torch.float64)

    def check(x: Tensor, variance: Tensor) -> None:
        expected = formula(name, x, v1, variance) * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)
        found = ours(x)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
        direction = torch.cos(torch.arange(x.numel(), dtype=x.dtype)).view(x.shape)
        slopes = [torch.autograd.grad((y * direction).sum(), x)[0] for y in (found, expected)]
        torch.testing.assert_close(*slopes, rtol=1e-7, atol=1e-8)

    for x in batches(3, torch.float64):
        variance = x.var((0, 2, 3), correction=0)
        check(x, variance)
        n = x.numel() / CHANNELS
        running = (1 - MOMENTUM) * running + MOMENTUM * variance.detach() * n / (n - 1)
    ours.eval()
    (x,) = batches(1, torch.float64)
    check(x * 2, running)
    if name.startswith("EvoNorm-B"):
        torch.testing.assert_close(ours.get_buffer("running_var"), running, check_dtype=False)
    else:
        assert not list(ours.buffers())


def test_exported_layers_equal_those_of_timm(name: str, layer: type[nn.Module], timm: Any) -> None:
    """Outputs and all gradients in training, running variance, evaluation. B0's epsilon is 1e-3 there, not 1e-5."""
    theirs = module(name, timm)(CHANNELS, groups=GROUPS)
    ours = made(layer, name, eps=theirs.eps)
    assert theirs.eps == (1e-3 if name == "EvoNorm-B0" else EPS)
    with torch.no_grad():
        for i, parameter in enumerate(theirs.parameters()):
            parameter.copy_(numbers(i, torch.float32))
    ours.load_state_dict({"v1" if k == "v" else k: v for k, v in theirs.state_dict().items()}, strict=False)
    names = [key for key, _ in theirs.named_parameters()]
    assert {"v1" if key == "v" else key for key in names} == {key for key, _ in ours.named_parameters()}

    def check(x: Tensor) -> None:
        mine, expected = ours(x), theirs(x)
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-5)
        direction = torch.sin(torch.arange(x.numel(), dtype=x.dtype)).view(x.shape)
        slopes = [
            torch.autograd.grad((y * direction).sum(), [x, *(each.get_parameter(k) for k in keys)])
            for each, y, keys in (
                (ours, mine, ["v1" if key == "v" else key for key in names]),
                (theirs, expected, names),
            )
        ]
        torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-4)

    for x in batches(3, torch.float32):
        check(x)
    for each in (ours, theirs):
        each.eval()
    check(batches(1, torch.float32)[0])
    for key, buffer in theirs.named_buffers():
        torch.testing.assert_close(ours.get_buffer(key), buffer, rtol=1e-5, atol=1e-6)


def test_without_activation_there_is_an_affine_map_as_in_timm(name: str, layer: type[nn.Module], timm: Any) -> None:
    """What timm asks for where it wants no activation: its EvoNorms do not normalize there either."""
    ours, theirs = made(layer, name, apply_act=False), module(name, timm)(CHANNELS, groups=GROUPS, apply_act=False)
    assert {key for key, _ in ours.named_parameters()} == {key for key, _ in theirs.named_parameters()}
    for each in (ours, theirs):
        nn.init.constant_(each.weight, 2.0)
        nn.init.constant_(each.bias, -1.0)
    (x,) = batches(1, torch.float32)
    assert torch.equal(ours(x), theirs(x))


@pytest.mark.parametrize("name", ["EvoNorm-B0", "EvoNorm-S0"], scope="module")
def test_exported_layers_go_where_timm_has_its_own(name: str, layer: type[nn.Module], timm: Any) -> None:
    """A ResNet of timm's with an exported layer computes what it does with timm's, and so do its gradients."""

    def norm_layer(channels: int, **options: Any) -> nn.Module:
        return layer(channels, **options) if name == "EvoNorm-B0" else layer(channels, groups=4, **options)

    def their_layer(channels: int, **options: Any) -> nn.Module:
        return module(name, timm)(channels, groups=4, eps=EPS, **options)

    small = {"in_chans": 1, "num_classes": 10, "layers": [1, 1], "channels": (8, 16), "stem_chs": 8}
    ours = timm.create_model("resnetv2_18", norm_layer=norm_layer, **small)
    theirs = timm.create_model("resnetv2_18", norm_layer=their_layer, **small)
    assert sum(isinstance(module, layer) for module in ours.modules()) == 5  # two a block, one at the end
    ours.load_state_dict(
        {k.removesuffix(".v") + ".v1" if k.endswith(".v") else k: v for k, v in theirs.state_dict().items()},
        strict=False,
    )
    x = torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    for mode in (True, False):
        logits = [model.train(mode)(x) for model in (ours, theirs)]
        torch.testing.assert_close(*logits, rtol=1e-4, atol=1e-4)
    slopes = [torch.autograd.grad(y.square().sum(), m.stem.conv.weight)[0]
              for y, m in zip(logits, (ours, theirs), strict=True)]  # fmt: skip
    torch.testing.assert_close(*slopes, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["EvoNorm-B0", "EvoNorm-S0"], scope="module")
def test_timm_makes_exported_layers_by_its_own_functions(name: str, layer: type[nn.Module], timm: Any) -> None:
    """They take functions; a class must be one of timm's."""

    def norm_act(channels: int, **options: Any) -> nn.Module:
        return layer(channels, **options)

    assert timm.layers.get_norm_act_layer(norm_act) is norm_act
    made = timm.layers.create_norm_act_layer(norm_act, 32)
    assert isinstance(made, layer)
    assert made(torch.randn(2, 32, 4, 4)).shape == (2, 32, 4, 4)


def test_the_own_resnet_of_the_benchmark_is_that_of_timm(timm: Any) -> None:
    """With the same weights they compute the same, so a run without timm trains the same network."""

    def layer(channels: int) -> nn.Module:
        return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())

    own, theirs = resnet.own(layer), resnet.small(layer)
    assert sum(p.numel() for p in own.parameters()) == sum(p.numel() for p in theirs.parameters())
    stem, *blocks, norm = list(own)[:-3]
    head = own[-1]
    stem.load_state_dict(theirs.stem.state_dict())
    norm.load_state_dict(theirs.norm.state_dict())
    head.load_state_dict({k: v.flatten(1) if k == "weight" else v for k, v in theirs.head.fc.state_dict().items()})
    for mine, block in zip(blocks, [b for stage in theirs.stages for b in stage.blocks], strict=True):
        state = block.state_dict()
        mine.load_state_dict({k.replace("downsample.conv", "shortcut"): v for k, v in state.items()})
    x = torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(own(x), theirs(x), rtol=1e-5, atol=1e-5)


def test_the_benchmark_trains_an_exported_layer(tmp_path: Path) -> None:
    """A few steps, in the network without timm: finite losses, an accuracy, the layer's place in every figure."""
    exported("EvoNorm-S0", tmp_path)
    candidates = resnet.layers([tmp_path / "evonorm_s0.py"], groups=4)
    chosen = {name: candidates[name] for name in (resnet.BASELINE, "evonorm_s0")}
    found = [resnet.train(resnet.own, chosen, seed, steps=2, batch=8, rate=0.1) for seed in range(2)]
    table = resnet.summary(found)
    assert list(table) == [resnet.BASELINE, "evonorm_s0"]
    assert table[resnet.BASELINE]["more than BN-ReLU"] == (0.0, 0.0)
    assert all(0 <= row["accuracy"][0] <= 1 and row["diverged"] == 0 for row in table.values())
    resnet.draw(found, tmp_path / "curves.png", "two steps")
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_the_benchmark_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        resnet.exported(tmp_path / "missing.py")
    (tmp_path / "two.py").write_text("from torch.nn import Module\nclass A(Module): ...\nclass B(Module): ...\n")
    with pytest.raises(UserError, match="defines 2 layers"):
        resnet.exported(tmp_path / "two.py")
    with pytest.raises(UserError, match="does not divide 16"):
        resnet.layers([], groups=3)
    path = tmp_path / "one.py"
    path.write_text("from torch.nn import Module\nclass One(Module):\n    def __init__(self, c): ...\n")
    with pytest.raises(UserError, match="another layer called one"):
        resnet.layers([path, path], groups=4)
