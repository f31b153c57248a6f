"""Layers on a GPU: the same numbers as on a CPU, many programs in one call, steps that can be captured, bfloat16.

Where there is no GPU, torch's CPU stands in for it (NUMBA_ENABLE_CUDASIM=1), with all that a GPU is given to do; and a
trace of torch's calls, which is replayed, for a CUDA graph.
"""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import normalizer_gpu
from discover import spec, workers
from discover.errors import UserError
from discover.problem import Find
from primitives.gpu import devices
from primitives.gpu.devices import CPU, Device, DeviceError
from primitives.images import LAYERS, POINTWISE
from primitives.packed import Packed, pack
from primitives.text import parse
from searches.normalizers import audit, commands, graph, held_out, nets, training
from searches.normalizers.alive import alive
from searches.normalizers.config import Gate, Net, NormalizerConfig, Training
from searches.normalizers.data import Images
from searches.normalizers.layer import Layer
from searches.normalizers.levels import plan
from searches.normalizers.nets import ConvolutionalNet
from searches.normalizers.problem import ALIVE, HURDLE, META_STAGE, PROXY, STABILITY, NormalizerProblem
from searches.normalizers.programs import POINT_SIGNATURE, SIGNATURE
from searches.normalizers.stability import ascend
from searches.normalizers.together import Together
from searches.normalizers.training import Lanes, train
from searches.normalizers.transformer import LAYER_NORM, TransformerNet

TEXTS = (
    "max((x - mean_batch(x)) / std_batch(x), 0)", "x * sigmoid(v1 * x) / std_group(x)",
    "x / max(std_batch(x), v1 * x + std_instance(x))", "std_layer(x) + v0", "tanh(x) * tanh(v1 * x)", "max(v0, 0) + 1",
    "max(x, v0)", "x", "1", "mean_instance(x) * x - abs(x)",
)  # fmt: skip
POINTS = ("tanh(a * x)", "erf(a * x + s)", "x", "max(x, s)")
NET = Net(width=4, groups=2, blocks=2)
TRANSFORMER = Net(kind="transformer", width=4, blocks=1, stride=3)
SHORT = Training(steps=6, batch=8)
ADAM = Training(steps=6, batch=8, optimizer="adam", rate=0.01)
SEEDS = np.array([7, 8], np.uint64)
TINY = [
    "problem.deep.blocks=1", "problem.plain.blocks=1", "problem.scaled.blocks=1", "problem.meta_net.blocks=1",
    "problem.deep.width=4", "problem.plain.width=4", "problem.scaled.width=4", "problem.meta_net.width=4",
    "problem.hurdle.steps=2", "problem.proxy.steps=2", "problem.final.steps=2", "problem.meta.steps=2",
    "problem.gate.steps=2",
]  # fmt: skip


def layers(texts: tuple[str, ...] = TEXTS) -> list[Layer]:
    return [Layer(parse(f"y = {text}", SIGNATURE, LAYERS), LAYERS) for text in texts]


def points() -> list[Any]:
    return [*(Layer(parse(f"y = {text}", POINT_SIGNATURE, POINTWISE), POINTWISE) for text in POINTS), LAYER_NORM]


def images() -> Images:
    """Noise in which the class is the brightest of three columns."""
    x = np.random.Generator(np.random.Philox(key=5)).normal(size=(56, 1, 6, 6)).astype(np.float32)
    y = x.mean(axis=(1, 2)).reshape(-1, 3, 2).mean(axis=2).argmax(axis=1)
    return Images(x[:40], y[:40], x[40:], y[40:], classes=3)


NETWORK, TOKENS = ConvolutionalNet(NET, 1, 3), TransformerNet(TRANSFORMER, 1, 3, 6)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Device:
    """A GPU as far as anything but torch knows, and convolutions as on one."""
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    monkeypatch.setattr(nets, "_groups", nets._products)
    training._batches.cache_clear()
    return Device("cuda", 0, "a stand-in", (9, 0), 1 << 30)


# -- many programs in one call ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", ["layers", "pointwise"])
def test_together_layers_are_what_each_is_alone(space: str) -> None:
    """Values and first and second derivatives, in float64, with two seeds."""
    candidates = layers() if space == "layers" else points()
    axis, n = (1, 2 * len(candidates)) if space == "layers" else (0, 2 * len(candidates))
    shapes = [(3, n, 2, 2, 3, 2), (1, n, 2, 2, 1, 1)] if space == "layers" else [(n, 5, 4), (n, 1, 1)]
    stream = torch.Generator().manual_seed(1)
    leaves = [
        torch.randn(s, dtype=torch.float64, generator=stream).requires_grad_() for s in (*shapes[:1], *shapes[1:] * 2)
    ]
    direction = torch.randn(shapes[0], dtype=torch.float64, generator=stream)
    parts = zip(candidates, *(leaf.split(2, axis) for leaf in leaves), strict=True)
    alone = torch.cat([c(*own).expand(own[0].shape) for c, *own in parts], axis)

    def slopes(y: torch.Tensor) -> list[torch.Tensor]:
        first = torch.autograd.grad((y * direction).sum(), leaves, create_graph=True)
        return [y, *first, *torch.autograd.grad(sum(s.square().sum() for s in first), leaves)]  # type: ignore[arg-type]

    for found, wanted in zip(slopes(Together(candidates, 2, axis)(*leaves)), slopes(alone), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_what_is_of_one_function_is_one_call() -> None:
    """`tanh` of one, `tanh` of another with `v1 * x` below it: three calls on two levels."""
    made = plan(layers(("tanh(x)", "tanh(v1 * x)", "x * tanh(x)", "x")), 3)
    assert [[call.candidates for call in calls] for calls in made.levels] == [[2, 1], [1, 1]]
    assert made.results == [(3, 0), (4, 0), (4, 1), (0, 3)]
    twice = plan(layers(("tanh(x) + tanh(v1)",)), 3)
    assert [[call.candidates for call in calls] for calls in twice.levels] == [[1, 1], [1]], "no candidate twice"


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_a_product_of_matrices(stride: int) -> None:
    x = torch.randn(2, 3, 2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    w = torch.randn(3, 2, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).requires_grad_()
    torch.testing.assert_close(nets._products(x, w, stride), nets._groups(x, w, stride))
    assert torch.autograd.gradgradcheck(lambda *a: nets._products(*a, stride).square(), (x[:1, :1, :, :3, :3], w[:1]))


# -- trainings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [SHORT, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("network", [NETWORK, TOKENS], ids=["layers", "pointwise"])
def test_trainings_end_where_those_of_a_cpu_do(gpu: Device, network: Any, how: Training) -> None:
    """To single precision, as long as they are short."""
    candidates = layers() if network is NETWORK else points()
    here, there = (train(network, candidates, images(), SEEDS, how, device) for device in (CPU, gpu))
    np.testing.assert_allclose(there.loss, here.loss, rtol=1e-5)
    np.testing.assert_array_equal(there.error, here.error)


def test_gates_open_as_on_a_cpu(gpu: Device) -> None:
    texts = (*TEXTS[:5], "exp(exp(exp(x)))", "square(x)", "v1", "std_layer(x)", "x / (v0 * x)", "v1 / (x - x)")
    candidates, gate = layers(texts), Gate(steps=8, images=8, limit=1e4)
    here, there = (ascend(NETWORK, candidates, images(), SEEDS[:1], gate, device) for device in (CPU, gpu))
    np.testing.assert_allclose(there, here, rtol=1e-3)
    np.testing.assert_array_equal(alive(candidates, gpu), alive(candidates))
    assert alive([], gpu).shape == (0,)


def test_company_does_not_matter(gpu: Device) -> None:
    """Neither how much of it there is, nor that it blows up."""
    every = train(NETWORK, layers(), images(), SEEDS, SHORT, gpu).loss
    for n in (2, 3, 7):
        some = train(NETWORK, layers(TEXTS[:n]), images(), SEEDS, SHORT, gpu).loss
        np.testing.assert_allclose(some, every[:n], rtol=1e-6)
    mixed = train(NETWORK, layers((TEXTS[0], "exp(exp(exp(x)))", TEXTS[1])), images(), SEEDS, SHORT, gpu).loss
    assert np.isinf(mixed[1]).all()
    np.testing.assert_allclose(mixed[::2], every[:2], rtol=1e-6)


def test_the_same_training_twice_has_the_same_bytes(gpu: Device) -> None:
    first, second = (train(NETWORK, layers(), images(), SEEDS, ADAM, gpu, "bfloat16") for _ in range(2))
    assert first.loss.tobytes() == second.loss.tobytes()


# -- bfloat16 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [NETWORK, TOKENS], ids=["layers", "pointwise"])
def test_bfloat16_is_near_float32_and_rounds_only_what_is_multiplied(network: Any) -> None:
    """Losses within 3 %; weights, what layers take, and logits are float32; the same bytes twice."""
    candidates = layers(TEXTS[:5]) if network is NETWORK else points()
    single = train(network, candidates, images(), SEEDS, SHORT)
    first, second = (train(network, candidates, images(), SEEDS, SHORT, precision="bfloat16") for _ in range(2))
    np.testing.assert_allclose(first.loss, single.loss, rtol=0.03)
    assert (first.loss != single.loss).any() and first.loss.tobytes() == second.loss.tobytes()
    seen = []
    lanes = Lanes(network, candidates, SEEDS, precision="bfloat16")
    lanes.candidates = [lambda x, *leaves: seen.append(x.dtype) or x] * len(candidates)  # type: ignore[misc, list-item]
    logits = lanes.logits(torch.from_numpy(images().score)[:, None].expand(-1, 2 * len(candidates), -1, -1, -1))
    assert {logits.dtype, *seen, *(w.dtype for w in lanes.weights.values())} == {torch.float32}


def test_the_usual_precision_is_in_no_hash() -> None:
    usual = spec.load("normalizers/b-series")
    assert "precision" not in usual.config["problem"] and usual.config_hash == "2960c32def008b95"
    rounded = spec.load("normalizers/b-series", ["problem.precision=bfloat16"])
    assert rounded.config["problem"]["precision"] == "bfloat16" and rounded.config_hash != usual.config_hash
    assert workers.problem_of(rounded.ref).config.precision == "bfloat16"
    assert NormalizerConfig.model_validate_json(NormalizerConfig().model_dump_json()) == NormalizerConfig()
    with pytest.raises(UserError, match="float16"):
        spec.load("normalizers/b-series", ["problem.precision=float16"])


# -- one launch a step ------------------------------------------------------------------------------------------------


class Recording:
    """In place of a CUDA graph: calls of torch on the tensors that there were, with the numbers that there were."""

    def __init__(self) -> None:
        self.calls: Any = None
        self.replays = 0

    def replay(self) -> None:
        """Everything again; but tracing has made the calls once, which capturing does not."""
        if self.replays:
            with torch.no_grad():
                self.calls()
        self.replays += 1


@pytest.mark.parametrize("what", ["sgd", "adam", "ascent"])
def test_a_step_can_be_captured_and_replayed(gpu: Device, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Nothing that changes from step to step is left with Python: a trace of the fourth step makes all later ones."""
    from torch.fx.experimental.proxy_tensor import make_fx

    network, candidates = ConvolutionalNet(Net(width=4, groups=2, blocks=1), 1, 3), layers(TEXTS[:2])
    made: list[Recording] = []

    def result() -> bytes:
        if what == "ascent":
            return ascend(network, candidates, images(), SEEDS[:1], Gate(steps=6), gpu).tobytes()
        how = {"sgd": SHORT, "adam": ADAM}[what]
        return train(network, candidates, images(), SEEDS[:1], how, gpu).loss.tobytes()

    def recorded(step: Any, place: Any) -> Any:
        made.append(Recording())
        made[-1].calls = make_fx(lambda: (step(), torch.zeros(1))[1])()
        return made[-1].replay

    plain = result()
    monkeypatch.setattr(graph, "torch_device", lambda device: SimpleNamespace(type="cuda"))
    monkeypatch.setattr(graph, "_warm", lambda step, place: [step() for _ in range(graph.WARM)])
    monkeypatch.setattr(graph, "recorded", recorded)
    monkeypatch.setattr(graph, "_wait", lambda place: None)
    assert result() == plain and [m.replays for m in made] == [6 - graph.WARM]


def test_few_steps_are_not_captured(gpu: Device) -> None:
    count = []
    graph.repeat(lambda: count.append(1), 5, gpu)
    graph.repeat(lambda: count.append(1), 2, CPU)
    assert len(count) == 7


# -- memory -----------------------------------------------------------------------------------------------------------


def test_where_memory_is_full_half_as_many_are_trained(
    gpu: Device, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And scored: ten, five, then two fit a training, and one a score; that is said, and kept to."""
    wanted = train(NETWORK, layers(), images(), SEEDS, SHORT, gpu).loss
    training._batches.cache_clear()
    real_train, real_score, sizes = training._train, training._score, []

    def small(lanes: Lanes, *rest: Any) -> None:
        sizes.append(len(lanes.candidates))
        if len(lanes.candidates) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        real_train(lanes, *rest)

    def smaller(lanes: Lanes, some: Images) -> Any:
        if len(lanes.candidates) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real_score(lanes, some)

    monkeypatch.setattr(training, "_train", small)
    monkeypatch.setattr(training, "_score", smaller)
    found = train(NETWORK, layers(), images(), SEEDS, SHORT, gpu).loss
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    said = capsys.readouterr().err
    assert "cuda:0 is out of memory; from here on 2 candidates at a time" in said and "1 candidates" in said
    assert sizes == [10, 5, 2, 2, 2, 2, 2]
    train(NETWORK, layers(), images(), SEEDS, SHORT, gpu)
    assert sizes[7:] == [2] * 5 and not capsys.readouterr().err


# -- the problem and the commands -------------------------------------------------------------------------------------


def test_every_stage_runs_on_the_device(gpu: Device) -> None:
    problem: NormalizerProblem = spec.build(spec.load("normalizers/b-series", TINY).ref)
    assert problem.devices == ("cpu", "cuda") and problem.device == CPU
    texts = ("tanh(x)", "x / std_batch(x)", "x * sigmoid(v1 * x) / std_group(x)")
    programs = [parse(f"y = {text}", SIGNATURE, problem.primitives) for text in texts]
    batch: Packed = pack(programs, problem.primitives, problem.shape)
    keys = np.zeros(len(batch), np.uint64)
    stages = (ALIVE, HURDLE, STABILITY, PROXY, META_STAGE)
    here = [problem.evaluate(stage, batch, keys)[0] for stage in stages]
    problem.device = gpu
    for stage, wanted in zip(stages, here, strict=True):
        np.testing.assert_allclose(problem.evaluate(stage, batch, keys)[0], wanted, rtol=1e-5)


def test_finalists_are_trained_together_on_a_gpu_and_by_workers_else(gpu: Device) -> None:
    problem: NormalizerProblem = spec.build(spec.load("normalizers/b-series", TINY).ref)
    finds = [
        Find(parse(f"y = {text}", SIGNATURE, problem.primitives), {"loss": 1.0}, {"batch": 0, "statistics": i})
        for i, text in enumerate(("tanh(x)", "x / std_layer(x)"))
    ]
    asked = []

    def each(method: str, items: Any) -> list[Any]:
        asked.append(method)
        return [getattr(problem, method)(item) for item in items]

    here = problem.finish(finds, each)
    problem.device = gpu
    there = problem.finish(finds, each)
    assert asked == ["measure"]
    for one, other in zip(here, there, strict=True):
        assert one.program == other.program and one.objectives == pytest.approx(dict(other.objectives), rel=1e-5)
    assert problem.finish([], each) == []


def test_commands_train_on_the_device(gpu: Device) -> None:
    """All layers as one task of this process, and near what the CPU has."""
    place = held_out.Place(NET, "digits", Training(steps=2, batch=8))
    candidates = {name: c for name, c in held_out.references("layers").items() if name in held_out.BESIDE["layers"]}
    executor = workers.executor(1)
    here, there = (
        held_out.outcomes(candidates, {"digits": place}, 2, executor, device)["digits"] for device in (CPU, gpu)
    )
    for name in candidates:
        np.testing.assert_allclose(there[name].loss, here[name].loss, rtol=1e-5)


@pytest.mark.parametrize("command", [held_out.main, audit.main])
def test_a_device_that_is_not_there_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any, command: Any
) -> None:
    monkeypatch.setattr("sys.argv", ["command", "BatchNorm-ReLU", "--device", "cuda:77"])
    monkeypatch.setattr(audit.runs, "load", lambda name: None)
    with pytest.raises(SystemExit), contextlib.suppress(DeviceError):
        command()
    said = capsys.readouterr().err.strip()
    assert "cuda:77" in said and len(said.splitlines()) == 1


def test_auto_falls_back_to_the_cpu_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    assert commands.device_of("auto") == CPU
    assert "no GPU is used, the CPU is: cuda needs the extra cuda" in capsys.readouterr().err


def test_the_benchmark_counts_and_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together, layers take fewer calls of torch than one after another."""
    (row,) = normalizer_gpu.counts((16,))
    assert row["calls, together"] < row["calls, one after another"] and row["GFLOP"] > 0.5
    monkeypatch.setattr(normalizer_gpu, "SAMPLE", 2)
    (timed,) = normalizer_gpu.rates(CPU, 2, shorten=200)
    assert timed["layers"] == 2 and timed["layers a minute"] > 0


# -- a real one -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
@pytest.mark.parametrize("how", [SHORT, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("network", [NETWORK, TOKENS], ids=["layers", "pointwise"])
def test_a_real_gpu_trains_as_the_cpu_does(network: Any, how: Training) -> None:
    """Captured steps, and the gates; the same bytes twice."""
    device = devices.resolve("cuda")
    candidates = layers() if network is NETWORK else points()
    here = train(network, candidates, images(), SEEDS, how)
    there, again = (train(network, candidates, images(), SEEDS, how, device) for _ in range(2))
    np.testing.assert_allclose(there.loss, here.loss, rtol=1e-3)
    assert there.loss.tobytes() == again.loss.tobytes()
    rounded = train(network, candidates, images(), SEEDS, how, device, "bfloat16")
    np.testing.assert_allclose(rounded.loss, here.loss, rtol=0.1)
    norms = [ascend(network, candidates, images(), SEEDS[:1], Gate(steps=6), d) for d in (CPU, device)]
    np.testing.assert_allclose(norms[1], norms[0], rtol=0.05)
    if network is NETWORK:
        np.testing.assert_array_equal(alive(candidates, device), alive(candidates))
