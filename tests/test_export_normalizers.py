"""A layer as code: what the files look like, that they stand alone, and that they do what the program says.

EvoNorm's layers are compared with their published formulas in test_normalizer_timm.py.
"""

from __future__ import annotations

import ast
import copy
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from optimizer_files import imported
from torch import nn

from discover import artifact, spec
from discover.document import provenance
from discover.errors import UserError
from discover.problem import Find
from primitives.evaluators.reference import ReferenceEvaluator
from primitives.packed import Shape, pack
from primitives.program import Instruction, Program
from primitives.text import parse
from searches.normalizers.export import EXPORTERS
from searches.normalizers.known import known
from searches.normalizers.programs import POINT_SIGNATURE, SETS, SIGNATURE

LAYERS, FUNCTIONS = known("layers"), known("pointwise")
IMAGES = (3, 2, 2, 2, 3)  # b, g, c, h, w
CHANNELS = 4


def layer_of(text: str) -> Program:
    return parse(text, SIGNATURE, SETS["layers"])


def function_of(text: str) -> Program:
    return parse(text, POINT_SIGNATURE, SETS["pointwise"])


def exported(program: Program, form: str = "torch", name: str = "found") -> str:
    """The text of the file."""
    space = "layers" if program.signature == SIGNATURE else "pointwise"
    find = Find(program, {"nodes": 3.0, "loss": 0.5, "error": 0.125}, {"nodes": 3})
    known_of_it = {
        "name": name, "title": "normalizer", "search": "normalizers/b-series", "config_hash": "0123456789abcdef",
        "config": {"search": "normalizers", "problem": {"primitives": [space], "space": space}}, "seed": 1,
        "reproduce": "discover run normalizers/b-series --seed 1", "id": "c0ffee", "parents": [],
        "scores": {"held out": {"value": 0.25, "how": "8 seeds"}}, "status": "rediscovered",
        "generator": "discover-programs 0.1.0",
    }  # fmt: skip
    return EXPORTERS[form](find, known_of_it)


def written(program: Program, folder: Path, name: str = "found") -> Path:
    path = folder / f"{name}.py"
    path.write_text(exported(program, name=name))
    return path


@pytest.fixture
def layer(tmp_path: Path) -> Any:
    """The class of an exported program or text, called with its arguments; in float64."""

    def made(
        program: Program | str, channels: int = CHANNELS, dtype: torch.dtype = torch.float64, **settings: Any
    ) -> Any:
        program = layer_of(program) if isinstance(program, str) else program
        return imported(written(program, tmp_path)).Found(channels, dtype=dtype, **settings)

    return made


def images(
    seed: int = 0, shape: tuple[int, ...] = (3, CHANNELS, 2, 3), dtype: torch.dtype = torch.float64
) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def disturb(module: nn.Module, seed: int = 0) -> None:
    """Trained numbers that are not those at the beginning."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64))


def by_reference(program: Program, module: Any, x: np.ndarray) -> np.ndarray:
    """What the module must compute in training, by the reference evaluator; x is of shape IMAGES, or of tokens."""
    channels = (
        np.broadcast_to(np.arange(CHANNELS).reshape(2, 2, 1, 1), x.shape) if x.ndim == 5 else np.zeros(x.shape, int)
    )
    rows = {"x": x, **dict.fromkeys(program.signature.inputs, np.zeros(x.shape))} | {"x": x}
    for name, p in module.named_parameters():
        if name in rows:
            rows[name] = p.detach().numpy()[channels]
    shape = Shape(3, 1, max(1, len(program.instructions)), max(1, len(program.constants)))
    primitives = SETS["layers" if x.ndim == 5 else "pointwise"]
    leaves = np.stack([rows[name].ravel() for name in program.signature.inputs])
    given = {"shape": x.shape} if x.ndim == 5 else {}
    y = ReferenceEvaluator(primitives).outputs(pack([program], primitives, shape), leaves, **given)[0, 0]
    feature = channels if x.ndim == 5 else np.broadcast_to(np.arange(CHANNELS), x.shape)
    with np.errstate(all="ignore"):
        return y.reshape(x.shape) * module.weight.detach().numpy()[feature] + module.bias.detach().numpy()[feature]


def in_groups(module: Any) -> dict[str, int]:
    return {"groups": 2} if "groups" in module.Found.__init__.__annotations__ else {}


# What a person would have written


def body(program: Program | str) -> str:
    """The lines of `forward` that are the program's."""
    source = exported(layer_of(program) if isinstance(program, str) else program)
    lines = source.partition("        y = x\n        if self.apply_act:\n")[2].partition("\n        y = y * self")[0]
    return re.sub(r"\n +", "\n", lines).strip()


def test_a_layer_reads_as_a_person_writes_it() -> None:
    assert body(LAYERS["EvoNorm-S0"]) == (
        "v1 = self.v1.view(1, -1, 1, 1).to(x.dtype)\n"
        "std_group = group_std(x, self.groups, self.eps)\n"
        "y = x * torch.sigmoid(v1 * x) / std_group"
    )
    assert body(LAYERS["EvoNorm-S1"]).endswith("y = F.silu(x) / std_group")
    assert body(LAYERS["BatchNorm-ReLU"]).endswith(
        "mean_batch = self._batch_mean(x, self.running_mean)\n"
        "std_batch = torch.sqrt(self._batch_var(x, self.running_var) + self.eps)\n"
        "y = torch.relu((x - mean_batch) / std_batch * v1 + v0)"
    )
    assert body("y = max(x, 1) - 1 / x") == "y = x.clamp(min=1) - 1 / x"


def test_nothing_is_written_that_is_not_used() -> None:
    """Settings, trained numbers, buffers and helpers are those that the program needs."""
    plain = exported(layer_of("y = x / rms_layer(x)"))
    assert "eps" in plain and "def layer_rms" in plain
    for word in ("groups", "momentum", "running", "v0 =", "v1 =", "def instance", "functional"):
        assert word not in plain, word
    assert "self.s " not in exported(FUNCTIONS["DyT"]) and "self.s " in exported(FUNCTIONS["Derf"])
    assert "eps" not in exported(layer_of("y = max(x, v0)")).partition("class ")[2].partition("# discover")[0]


def test_a_moment_of_what_does_not_vary_is_no_sum() -> None:
    assert body("m = mean_layer(x)\ny = x - mean_instance(m)").endswith(
        "mean_layer = layer_mean(x)\ny = x - mean_layer"
    )
    assert body("y = x * mean_batch(v1)").endswith("y = x * v1")
    assert body("y = x / rms_batch(v1)").endswith("y = x / torch.sqrt(torch.square(v1) + self.eps)")
    assert "running" not in exported(layer_of("y = x / std_batch(v1)"))


def test_numbers_are_folded() -> None:
    assert body("y = x * exp(0) + std_group(1)").endswith(f"y = x * 1 + {math.sqrt(1e-5)!r}")
    assert body("y = max(x, -inf)") == 'y = x.clamp(min=float("-inf"))'


# Agreement with the program


@pytest.mark.parametrize("name", LAYERS)
def test_known_layers_do_what_the_reference_does(name: str, tmp_path: Path) -> None:
    """In training mode, on images with trained numbers of any size; and the file's own golden numbers."""
    module = imported(written(LAYERS[name], tmp_path))
    module.selftest()
    made = module.Found(CHANNELS, dtype=torch.float64, **in_groups(module))
    disturb(made)
    x = images()
    expected = by_reference(LAYERS[name], made, x.numpy().reshape(IMAGES)).reshape(x.shape)
    np.testing.assert_allclose(made(x).detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_known_functions_do_what_the_reference_does(name: str, tmp_path: Path) -> None:
    """On tokens, and on images with the channels first."""
    module = imported(written(FUNCTIONS[name], tmp_path))
    module.selftest()
    made, first = (module.Found(CHANNELS, dtype=torch.float64, channels_first=first) for first in (False, True))
    disturb(made)
    first.load_state_dict(made.state_dict())
    x = images(shape=(2, 3, 5, CHANNELS))
    expected = by_reference(FUNCTIONS[name], made, x.numpy())
    np.testing.assert_allclose(made(x).detach().numpy(), expected, rtol=1e-10, atol=1e-12)
    assert torch.equal(first(x.movedim(-1, 1)).movedim(1, -1), made(x))
    torch.testing.assert_close(made(x[0, 0, 0]), made(x)[0, 0, 0])  # a single token too


@st.composite
def random_program(draw: st.DrawFn, space: str) -> Program:
    """Any primitives and arguments; constants of 0, 1 and others."""
    signature = SIGNATURE if space == "layers" else POINT_SIGNATURE
    constants = (0.0, 1.0, -0.5, 2.0)
    instructions = []
    for i in range(draw(st.integers(1, 9))):
        primitive = draw(st.sampled_from(list(SETS[space])))
        recent = st.integers(max(0, i), i + 2)
        argument = st.one_of(recent, recent, st.just(0), st.integers(-len(constants), i + 2))
        instructions.append(Instruction(primitive.name, tuple(draw(argument) for _ in range(primitive.arity))))
    return Program(signature, tuple(instructions), constants, (2 + len(instructions),))


@pytest.mark.parametrize("space", ["layers", "pointwise"])
def test_random_programs_do_what_the_reference_does(space: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Training mode by the reference; and by the self-test eval mode and gradients, which mpmath has computed."""
    folder = tmp_path_factory.mktemp(space)
    compared = []

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(random_program(space))
    def law(program: Program) -> None:
        try:
            module = imported(written(program, folder))
        except UserError as error:
            assert re.search("does not depend on x|not a real number everywhere", str(error))
            assume(False)
        made = module.Found(CHANNELS, dtype=torch.float64, **in_groups(module))
        disturb(made)
        x = images() if space == "layers" else images(shape=(2, 3, CHANNELS))
        shape = IMAGES if space == "layers" else x.shape
        expected = by_reference(program, made, x.numpy().reshape(shape)).reshape(x.shape)
        moved = by_reference(program, made, x.numpy().reshape(shape) * (1 + 1e-13)).reshape(x.shape)
        close = 1e-8 * (1 + np.abs(expected))
        assume(np.all(np.abs(expected - moved) < close))  # finite, and not a difference of two large numbers
        assert np.all(np.abs(made(x).detach().numpy() - expected) < 100 * close)
        compared.append(program)

    law()
    assert len(compared) > 15


def test_random_programs_pass_their_self_test(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Statistics of a batch of any expression: eval mode and gradients, which mpmath has computed."""
    folder = tmp_path_factory.mktemp("selftest")
    texts = [
        "y = x / std_batch(mean_instance(x))",
        "y = x - mean_batch(mean_layer(x)) / rms_batch(rms_group(x))",
        "t = x - mean_batch(x)\ny = t / std_batch(square(t)) + rms_batch(v1 * t) * mean_batch(tanh(x))",
        "y = slog(x) + ssqrt(x - mean_batch(x)) * erf(x) - max(abs(x), v0) / exp(neg(rms_layer(v1)))",
        "y = mean_group(x)",
        "y = rms_batch(x) + v0",
    ]
    for text in texts:
        imported(written(layer_of(text), folder)).selftest()


# Agreement with torch's own layers


@pytest.mark.parametrize("momentum", [0.1, 0.3, None])
def test_batch_norm_relu_is_torchs(momentum: float | None, layer: Any) -> None:
    """In training, its running statistics after several batches, and in eval mode."""
    own, theirs = (
        layer(LAYERS["BatchNorm-ReLU"], momentum=momentum),
        nn.BatchNorm2d(CHANNELS, momentum=momentum).double(),
    )
    disturb(own)
    with torch.no_grad():
        theirs.weight.copy_(own.v1)
        theirs.bias.copy_(own.v0)
        own.weight.fill_(1)
        own.bias.zero_()
    for seed in range(4):
        x = images(seed, (2 + seed, CHANNELS, 2, 3)) * (1 + seed) + 1
        torch.testing.assert_close(own(x), torch.relu(theirs(x)))
    torch.testing.assert_close(own.running_mean, theirs.running_mean)
    torch.testing.assert_close(own.running_var, theirs.running_var)
    assert own.num_batches_tracked == theirs.num_batches_tracked == 4
    x = images(9)
    torch.testing.assert_close(own.eval()(x), torch.relu(theirs.eval()(x)))
    torch.testing.assert_close(own(x[:1]), own(x)[:1])  # one image, or many
    own.reset_parameters()
    theirs.reset_parameters()
    torch.testing.assert_close(own(x), torch.relu(theirs(x)))
    assert own.num_batches_tracked == 0


TORCHS = {
    "GroupNorm-ReLU": nn.Sequential(nn.GroupNorm(2, CHANNELS), nn.ReLU()),
    "GroupNorm-SiLU": nn.Sequential(nn.GroupNorm(2, CHANNELS), nn.SiLU()),
    "InstanceNorm": nn.InstanceNorm2d(CHANNELS),
    "LayerNorm": nn.LayerNorm([CHANNELS, 2, 3]),
    "LayerNorm-ReLU": nn.Sequential(nn.GroupNorm(1, CHANNELS), nn.ReLU()),
    "RMSNorm": nn.RMSNorm([CHANNELS, 2, 3], eps=1e-5),
    "RMSNorm-SiLU": nn.Sequential(nn.RMSNorm([CHANNELS, 2, 3], eps=1e-5), nn.SiLU()),
    "ReLU": nn.ReLU(),
}


@pytest.mark.parametrize("name", TORCHS)
def test_layers_that_average_by_image_are_torchs(name: str, layer: Any) -> None:
    """Output and gradient, in float64 and in float32."""
    groups = {"groups": 2} if name.startswith("Group") else {}
    for dtype in (torch.float64, torch.float32):
        own, theirs = layer(LAYERS[name], dtype=dtype, **groups), copy.deepcopy(TORCHS[name]).to(dtype)
        x, weights = images(1, dtype=dtype).requires_grad_(), images(2, dtype=dtype)
        torch.testing.assert_close(own(x), theirs(x))
        gradients = [torch.autograd.grad((f(x) * weights).sum(), x)[0] for f in (own, theirs)]
        torch.testing.assert_close(*gradients)
        torch.testing.assert_close(own.eval()(x), own.train()(x), rtol=0, atol=0)


def test_functions_of_one_number_are_dyt_and_derf(layer: Any) -> None:
    x = images(3, (2, 5, 3))
    torch.testing.assert_close(layer(FUNCTIONS["DyT"], 3)(x), torch.tanh(0.5 * x))
    torch.testing.assert_close(layer(FUNCTIONS["Derf"], 3)(x), torch.erf(0.5 * x))


# As a module


ALL = {"EvoNorm-B0": {}, "EvoNorm-S0": {"groups": 2}, "BatchNorm-SiLU": {}, "FRN-TLU": {}, "RMSNorm-SiLU": {}}


@pytest.mark.parametrize("name", ALL)
def test_gradients_are_right(name: str, layer: Any) -> None:
    """Of the input and of everything trained, by differences in float64."""
    own = layer(LAYERS[name], **ALL[name])
    names = [key for key, _ in own.named_parameters()]

    def call(x: torch.Tensor, *trained: torch.Tensor) -> torch.Tensor:
        own.reset_parameters()  # running statistics must not differ between calls
        return torch.func.functional_call(own, dict(zip(names, trained, strict=True)), (x,))

    trained = [images(k, (CHANNELS,)).requires_grad_() for k in range(len(names))]
    assert torch.autograd.gradcheck(call, (images(5, (2, CHANNELS, 2, 2)).requires_grad_(), *trained))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", [0.0, 1e4, -1e4, 3.0])
def test_gradients_are_finite(name: str, value: float, layer: Any) -> None:
    own = layer(LAYERS[name], dtype=torch.float32, **ALL[name])
    x = torch.full((2, CHANNELS, 3, 3), value, requires_grad=True)
    own(x).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in (x, *own.parameters()))


def test_a_state_dict_comes_back(layer: Any, tmp_path: Path) -> None:
    own, other = layer(LAYERS["EvoNorm-B0"]), layer(LAYERS["EvoNorm-B0"])
    disturb(own)
    own(images())
    torch.save(own.state_dict(), tmp_path / "state.pt")
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert set(own.state_dict()) == {"weight", "bias", "v1", "running_var", "num_batches_tracked"}
    x = images(1)
    for module in (other, copy.deepcopy(own)):
        assert torch.equal(module.eval()(x), own.eval()(x))


def test_settings_are_shown_and_kept(layer: Any) -> None:
    assert repr(layer(LAYERS["EvoNorm-S0"], 64, group_size=16)) == "Found(64, groups=4, eps=1e-05, apply_act=True)"
    own = layer(LAYERS["BatchNorm"], eps=1e-3, momentum=None)
    assert repr(own) == "Found(4, eps=0.001, momentum=None, apply_act=True)"
    assert repr(layer(FUNCTIONS["Derf"], 64, eps=1e-6)) == "Found(64, channels_first=False)"


def test_eps_is_under_the_root(layer: Any) -> None:
    own, theirs = layer(LAYERS["LayerNorm"], eps=0.5), nn.GroupNorm(1, CHANNELS, eps=0.5).double()
    torch.testing.assert_close(own(images()), theirs(images()))


@pytest.mark.parametrize("name", ALL)
def test_without_its_activation_a_layer_is_an_affine_map(name: str, layer: Any) -> None:
    """As in timm's EvoNorm layers: no other parameter, no buffer; act_layer is ignored."""
    own = layer(LAYERS[name], apply_act=False, act_layer=nn.ReLU, inplace=True, **ALL[name])
    assert set(own.state_dict()) == {"weight", "bias"}
    disturb(own)
    x = images(shape=(1, CHANNELS, 1, 1))
    torch.testing.assert_close(own(x), x * own.weight.view(1, -1, 1, 1) + own.bias.view(1, -1, 1, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ALL)
def test_half_precision_is_computed_with_in_float32(name: str, dtype: torch.dtype, layer: Any) -> None:
    """Also of numbers whose squares no float16 holds, under autocast, and in a layer that is converted itself."""
    own = layer(LAYERS[name], dtype=torch.float32, **ALL[name])
    x = (images(2) * 2e4).clamp(-6e4, 6e4).to(dtype)
    expected = copy.deepcopy(own)(x.float())
    assert torch.isfinite(expected).all() and not torch.isfinite(x.half().square()).all()
    with torch.autocast("cpu", dtype=dtype):
        y = copy.deepcopy(own)(x)
    assert y.dtype == dtype
    torch.testing.assert_close(y, expected.to(dtype), rtol=0, atol=0)
    torch.testing.assert_close(copy.deepcopy(own)(x), y, rtol=0, atol=0)
    converted = copy.deepcopy(own).to(dtype)
    y = converted(images(2, dtype=dtype))
    assert y.dtype == dtype and torch.isfinite(y).all() and torch.isfinite(converted.eval()(x)).all()


def test_a_result_too_large_for_float16_is_infinite(layer: Any) -> None:
    x = torch.full((1, 4), 6e4, dtype=torch.float16)
    assert torch.isinf(layer(function_of("y = x + x"), dtype=torch.float32)(x)).all()
    y = layer(function_of("y = square(x) / (square(x) + 1)"), dtype=torch.float32)(x)
    assert torch.equal(y, torch.ones_like(y))


@pytest.mark.parametrize("name", ALL)
def test_channels_last_is_kept(name: str, layer: Any) -> None:
    own, x = layer(LAYERS[name], **ALL[name]), images()
    last = x.to(memory_format=torch.channels_last)
    y = own(last)
    assert y.is_contiguous(memory_format=torch.channels_last)
    own.reset_parameters()
    torch.testing.assert_close(y, own(x))


def test_on_the_meta_device(layer: Any) -> None:
    own = layer(LAYERS["EvoNorm-B0"], device="meta", dtype=torch.float32)
    assert own(torch.empty(2, CHANNELS, 3, 3, device="meta")).shape == (2, CHANNELS, 3, 3)
    own = own.to_empty(device="cpu")
    own.reset_parameters()
    assert torch.equal(own.running_var, torch.ones(CHANNELS))


COMPILED = [*ALL, "y = slog(x) / std_batch(ssqrt(x)) + rms_group(x * mean_batch(x)) * v0"]


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
@pytest.mark.parametrize("name", COMPILED)
def test_torchscript_is_the_same(name: str, layer: Any) -> None:
    """In training with running statistics, in eval mode, and without the activation."""
    program = LAYERS.get(name) or layer_of(name)
    for settings_ in ({}, {"apply_act": False}, {"momentum": None}):
        own = layer(program, groups=2, **settings_)
        disturb(own)
        scripted = torch.jit.script(copy.deepcopy(own))
        for seed in range(3):
            torch.testing.assert_close(scripted(images(seed)), own(images(seed)))
        torch.testing.assert_close(scripted.eval()(images(5)), own.eval()(images(5)))
    function = layer(FUNCTIONS["Derf"], channels_first=True)
    torch.testing.assert_close(torch.jit.script(function)(images()), function(images()))


def test_torch_compile_is_the_same(layer: Any) -> None:
    """One graph, running statistics too; run by torch itself, so that no C++ compiler is needed."""
    own = layer(COMPILED[-1], groups=2)
    compiled = torch.compile(copy.deepcopy(own), fullgraph=True, backend="aot_eager")
    for seed in range(3):
        x = [images(seed).requires_grad_() for _ in range(2)]
        y = [f(v) for f, v in zip((own, compiled), x, strict=True)]
        torch.testing.assert_close(*y)
        torch.testing.assert_close(*(torch.autograd.grad(a.square().sum(), v)[0] for a, v in zip(y, x, strict=True)))
    torch.testing.assert_close(dict(compiled.named_buffers()), {f"_orig_mod.{k}": v for k, v in own.named_buffers()})
    torch.testing.assert_close(compiled.eval()(images(5)), own.eval()(images(5)))


@pytest.mark.parametrize("program", [LAYERS["EvoNorm-B0"], LAYERS["EvoNorm-S0"], FUNCTIONS["Derf"]])
def test_torch_export_is_the_same(program: Program, layer: Any) -> None:
    """For batches of any size."""
    settings_ = {"channels_first": True} if program.signature == POINT_SIGNATURE else {"groups": 2}
    own = layer(program, **settings_).eval()
    batch = torch.export.Dim("batch", min=2, max=64)
    graph = torch.export.export(own, (images(),), dynamic_shapes=({0: batch},)).module()
    torch.testing.assert_close(graph(images(1, (7, CHANNELS, 2, 3))), own(images(1, (7, CHANNELS, 2, 3))))


# Bad input


def test_images_of_another_shape_are_refused(layer: Any) -> None:
    own = layer(LAYERS["EvoNorm-S0"], groups=2)
    for shape in ((3, CHANNELS, 5), (3, CHANNELS), (CHANNELS,), (2, CHANNELS, 2, 2, 2), (3, 5, 2, 2)):
        with pytest.raises(
            ValueError, match=rf"^expected images \[N, 4, H, W\], got a tensor of shape {re.escape(str(list(shape)))}$"
        ):
            own(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"^expected 4 features in dimension -1, got a tensor of shape \[4, 3\]$"):
        layer(FUNCTIONS["DyT"])(torch.zeros(4, 3))
    with pytest.raises(ValueError, match=r"^expected 4 features in dimension 1, got a tensor of shape \[4\]$"):
        layer(FUNCTIONS["DyT"], channels_first=True)(torch.zeros(4))


def test_channels_that_groups_do_not_divide_are_refused(layer: Any) -> None:
    with pytest.raises(ValueError, match=r"^num_features=48 is not divisible by groups=32$"):
        layer(LAYERS["EvoNorm-S0"], 48)
    with pytest.raises(ValueError, match=r"^num_features=4 is not divisible by groups=0$"):
        layer(LAYERS["EvoNorm-S0"], groups=0)
    with pytest.raises(ValueError, match=r"^num_features=48 is not divisible by group_size=32$"):
        layer(LAYERS["EvoNorm-S0"], 48, group_size=32)


def test_a_batch_of_one(layer: Any) -> None:
    """Works in training if a channel has more than one value, as with BatchNorm; in eval mode always."""
    own = layer(LAYERS["EvoNorm-B0"])
    assert torch.isfinite(own(images(shape=(1, CHANNELS, 1, 2)))).all()
    one = images(shape=(1, CHANNELS, 1, 1))
    message = r"^Expected more than 1 value per channel when training, got input size \[1, 4, 1, 1\]$"
    before = copy.deepcopy(own.state_dict())
    with pytest.raises(ValueError, match=message):
        own(one)
    torch.testing.assert_close(own.state_dict(), before)
    assert torch.isfinite(own.eval()(one)).all()
    with pytest.raises(ValueError, match=r"^Expected more than 1 image when training, got input size \[1, 4, 2, 3\]$"):
        layer("y = x / std_batch(mean_instance(x))")(images()[:1])


def test_a_program_that_is_no_layer_is_refused() -> None:
    for program in (layer_of("y = v1"), layer_of("y = std_layer(v0) * 2"), function_of("y = s")):
        with pytest.raises(UserError, match=r"^found: the output does not depend on x; no layer can be written of it$"):
            exported(program)
    for program in (layer_of("y = x / (x - x)"), function_of("y = sqrt(x)"), layer_of("y = exp(exp(exp(exp(x + x))))")):
        with pytest.raises(UserError, match=r"^found: not a real number everywhere on an input of ordinary size"):
            exported(program)


# The files


@pytest.mark.parametrize(("search", "name"), [("b-series", "EvoNorm-B0"), ("pointwise", "DyT")])
def test_the_searches_write_their_finds(search: str, name: str, tmp_path: Path) -> None:
    """To a folder, from which they come back, and whose files are what the exporters write again."""
    found = spec.load(f"normalizers/{search}")
    problem = spec.build(found.ref)
    program = known("pointwise" if search == "pointwise" else "layers")[name]
    descriptors = {d.name: d.low for d in problem.descriptors}
    find = Find(program, {o.name: 0.5 for o in problem.objectives}, descriptors)
    artifact.write_artifact(tmp_path, find, provenance(found, problem, name="found"), problem)
    assert {p.name for p in tmp_path.iterdir()} == {"program.json", "card.md", "found.py", "found.txt", "found.tex"}
    loaded = artifact.load(tmp_path)
    assert loaded.find.program == program
    assert all(check.ok for check in artifact._check_files(loaded))


@pytest.mark.parametrize("program", [LAYERS["EvoNorm-B0"], FUNCTIONS["Derf"]])
def test_files_stand_alone_and_test_themselves(program: Program, tmp_path: Path) -> None:
    path = written(program, tmp_path)
    command = [sys.executable, "-I", str(path), "--selftest"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stdout, done.stderr) == (0, "found: selftest ok\n", "")
    tree = ast.parse(path.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} == {"torch", "sys"}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("v1 * x + std", "v1 * x - std", "training"),
        ("n / (n - 1)", "1.0", "evaluation"),
        ("running.lerp_(new, self.momentum)", "running.lerp_(new, 0.2)", "evaluation"),
        ("var = x.var(", "var = x.detach().var(", "gradient"),
    ],
)
def test_a_self_test_can_fail(old: str, new: str, what: str, tmp_path: Path) -> None:
    path = written(LAYERS["EvoNorm-B0"], tmp_path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SystemExit, match=f"found: selftest FAILED: {what}"):
        imported(path).selftest()


@pytest.mark.parametrize("form", EXPORTERS)
def test_same_input_same_bytes_and_the_document_inside(form: str, tmp_path: Path) -> None:
    for program in (LAYERS["EvoNorm-B0"], FUNCTIONS["Derf"]):
        text = exported(program, form)
        assert text == exported(program, form)
        path = tmp_path / ("program.json" if form == "json" else "file")
        path.write_text(text)
        document = artifact._parse_document(artifact._document_text(path), path)
        assert document.name == "found" and document.objectives["loss"] == 0.5
        space = "layers" if program in LAYERS.values() else "pointwise"
        assert parse("\n".join(document.program), program.signature, SETS[space]) == program
        if form != "json":
            assert "SPDX-License-Identifier: MIT-0" in text and "discover run normalizers/b-series --seed 1" in text


@pytest.mark.parametrize("name", LAYERS)
def test_files_are_short(name: str) -> None:
    lines = exported(LAYERS[name]).splitlines()
    assert len(lines) < 250 and all(len(line) <= 120 for line in lines if not line.startswith("#"))


def test_formulas_are_in_the_notation_of_the_paper() -> None:
    assert r"y = \frac{x \sigma{\left(v_{1} x \right)}}{s_{w,h,c/g}{\left(x \right)}}" in exported(
        LAYERS["EvoNorm-S0"], "latex"
    )
    assert r"\sqrt{\mu_{w,h}{\left(x^{2} \right)}}" in exported(LAYERS["EvoNorm-B2"], "latex")
    assert r"y = \operatorname{erf}{\left(a x + s \right)}" in exported(FUNCTIONS["Derf"], "latex")
