"""Candidates a minute through each stage of the funnel for layers: ours on lanes, and one at a time.

    python -m benchmarks.normalizer_training [--rounds N] [--shorten K] [--json]

The peers train ordinary modules (nn.Conv2d, nn.Linear, the primitives' own torch calls, torch.optim.SGD), one
candidate and seed after another; where a stage has several seeds, also all seeds of a candidate at once by
torch.func.vmap. We train as many candidates at once as fit on lanes. All have the same initial weights and minibatches.
Before anything is timed, losses after few steps and norms after one step of ascent must agree to a part in 10,000:
more steps amplify what is rounded differently.

The engines take turns in one process on one thread and count CPU time, so that other work on the machine hits all
alike; subnormals are taken for zero in all of them, which a dying network of the peers gains from.
`--shorten` divides the steps of every stage.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.evaluators import machine
from primitives.images import LAYERS
from primitives.text import parse
from searches.normalizers.alive import SCALES, SHAPE, alive
from searches.normalizers.config import Gate, Net, NormalizerConfig, Training
from searches.normalizers.data import Images, load
from searches.normalizers.descent import MOMENTUM
from searches.normalizers.layer import Layer
from searches.normalizers.nets import ConvolutionalNet
from searches.normalizers.programs import BEGIN, SIGNATURE
from searches.normalizers.stability import ascend
from searches.normalizers.training import LANES, Lanes, batches, one_thread, train

# Like what a search breeds: with and without statistics of the batch, some that norms need many steps for.
TEXTS = (
    "max((x - mean_batch(x)) / std_batch(x), 0)",
    "x * sigmoid(v1 * x) / std_group(x)",
    "x / max(std_batch(x), v1 * x + std_instance(x))",
    "tanh(v1 * x + v0) * rms_instance(x) / std_layer(x)",
)
CHECKED = 20  # steps are divided by this for the comparison of results


class Normalizer(nn.Module):
    """A program as the primitives' torch calls, and its affine map."""

    def __init__(self, layer: Layer, net: Net) -> None:
        super().__init__()
        self.program, self.groups = layer.program, net.groups
        self.weight, self.bias = nn.Parameter(torch.ones(net.width)), nn.Parameter(torch.zeros(net.width))
        self.v0, self.v1 = (nn.Parameter(torch.full((net.width,), BEGIN[name])) for name in layer.leaves)
        self.calls = [(LAYERS[LAYERS.opcode(i.op)].torch, i.args) for i in self.program.instructions]

    def forward(self, x: Tensor) -> Tensor:
        """[b, c, h, w] of the same."""
        images = x.unflatten(1, (self.groups, -1))
        values = [images, *(v.view(1, self.groups, -1, 1, 1) for v in (self.v0, self.v1))]
        for call, args in self.calls:
            assert call is not None
            values.append(call(torch, *(values[a] if a >= 0 else self.constant(a) for a in args)))
        y = values[self.program.results[0]].expand(images.shape).reshape(x.shape)
        return y * self.weight.view(-1, 1, 1) + self.bias.view(-1, 1, 1)

    def constant(self, a: int) -> Tensor:
        """A constant of the program."""
        return torch.tensor(self.program.constants[-1 - a])


class Model(nn.Module):
    """The network of `ConvolutionalNet` as modules, with the initial weights of a seed."""

    def __init__(self, layer: Layer, net: Net, seed: np.uint64) -> None:
        super().__init__()
        ours = ConvolutionalNet(net, 1, 10)
        self.residual, self.ours = net.kind == "residual", ours
        self.stem = nn.Conv2d(1, net.width, 3, net.stride, 1, bias=False)
        self.blocks = nn.ModuleList(nn.Conv2d(net.width, net.width, 3, 1, 1, bias=False) for _ in range(net.blocks))
        self.layers = nn.ModuleList(Normalizer(layer, net) for _ in range(net.blocks + 1))
        self.head = nn.Linear(net.width, 10)
        weights = Lanes(ours, [layer], np.array([seed])).weights
        named = {"stem": self.stem.weight, "head": self.head.weight, "bias": self.head.bias}
        named |= {f"block{i}": block.weight for i, block in enumerate(self.blocks)}  # type: ignore[dict-item]
        with torch.no_grad():
            for name, parameter in named.items():
                parameter.copy_(weights[name][0])

    def forward(self, x: Tensor) -> Tensor:
        """Logits [b, classes] of images [b, 1, h, w]."""
        x = self.stem(x)
        for layer, block in zip(self.layers, self.blocks, strict=False):
            branch = block(layer(x))
            x = x + branch if self.residual else branch
        logits: Tensor = self.head(self.layers[-1](x).mean((2, 3)))
        return logits


def rate(training: Training, step: int) -> float:
    """The step size."""
    return training.rate * 0.5 * (1 + math.cos(math.pi * step / training.steps))


def one_at_a_time(layer: Layer, net: Net, images: Images, seeds: np.ndarray, training: Training) -> np.ndarray:
    """Losses of each seed, trained one after another."""
    losses = []
    for j, seed in enumerate(seeds):
        model = Model(layer, net, seed)
        optimizer = torch.optim.SGD(model.parameters(), training.rate, MOMENTUM)
        order = batches(seeds, len(images.train), training)[:, :, j]
        for step, rows in enumerate(order):
            optimizer.param_groups[0]["lr"] = rate(training, step)
            optimizer.zero_grad()
            x, y = torch.from_numpy(images.train[rows]), torch.from_numpy(images.train_class[rows])
            cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.no_grad():
            losses.append(cross_entropy(model(torch.from_numpy(images.score)), torch.from_numpy(images.score_class)))
    return np.array([float(loss) for loss in losses])


def all_seeds(layer: Layer, net: Net, images: Images, seeds: np.ndarray, training: Training) -> np.ndarray:
    """Losses of each seed, trained together by torch.func.vmap."""
    models = [Model(layer, net, seed) for seed in seeds]
    weights, buffers = torch.func.stack_module_state(models)  # type: ignore[arg-type]

    def loss(weights: Any, buffers: Any, x: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(torch.func.functional_call(models[0], (weights, buffers), (x,)), y)

    slope = torch.func.vmap(torch.func.grad(loss))
    names, values = list(weights), [w.detach() for w in weights.values()]
    momentum = [torch.zeros_like(w) for w in values]
    for step, rows in enumerate(batches(seeds, len(images.train), training)):
        x, y = torch.from_numpy(images.train[rows.T]), torch.from_numpy(images.train_class[rows.T])
        gradients = slope(dict(zip(names, values, strict=True)), buffers, x, y)
        torch._foreach_mul_(momentum, MOMENTUM)
        torch._foreach_add_(momentum, [gradients[name] for name in names])
        torch._foreach_add_(values, momentum, alpha=-rate(training, step))
    x, y = torch.from_numpy(images.score), torch.from_numpy(images.score_class)
    with torch.no_grad():
        final = torch.func.vmap(loss, (0, 0, None, None))(dict(zip(names, values, strict=True)), buffers, x, y)
    return np.asarray(final, dtype=np.float64)


def climb(layer: Layer, net: Net, images: Images, seed: np.ndarray, gate: Gate) -> np.ndarray:
    """The norm that the ascent reaches, of one model."""
    model = Model(layer, net, seed[0])
    weights = list(model.parameters())
    rows = batches(seed, len(images.train), Training(steps=1, batch=gate.images))[0, :, 0]
    x, y = torch.from_numpy(images.train[rows]), torch.from_numpy(images.train_class[rows])
    largest = 0.0
    for step in range(gate.steps + 1):
        gradients = torch.autograd.grad(
            cross_entropy(model(x), y), weights, create_graph=True, allow_unused=True, materialize_grads=True
        )
        norm = torch.stack([g.square().sum() for g in gradients]).sum().sqrt()
        largest = max(largest, norm.item())
        if step == gate.steps or not largest <= gate.limit:
            break
        uphill = torch.autograd.grad(norm, weights, allow_unused=True, materialize_grads=True)
        slope = torch.stack([g.square().sum() for g in uphill]).sum().sqrt()
        with torch.no_grad():
            for w, direction in zip(weights, uphill, strict=True):
                w += direction * (gate.length / slope)
    return np.array([largest])


def lives(layer: Layer) -> np.ndarray:
    """Finite forward and backward at three scales, one after another, and a result that is not the same for two x."""
    images, groups, channels, height, width = SHAPE
    module, results = Normalizer(layer, Net(width=groups * channels, groups=groups)), []
    stream = torch.Generator().manual_seed(1)
    for scale in SCALES:
        x, other = (scale * torch.randn(images, groups * channels, height, width, generator=stream) for _ in range(2))
        x.requires_grad_()
        y = module(x)
        slopes = torch.autograd.grad(y.sum(), [x, *module.parameters()], allow_unused=True)
        finite = all(bool(torch.isfinite(t).all()) for t in (y, *slopes) if t is not None)
        results.append(finite and not torch.allclose(y, module(other)))
    return np.array([all(results)])


def shortened(table: Training | Gate, by: int) -> Training | Gate:
    """The same with fewer steps."""
    return table.model_copy(update={"steps": max(1, table.steps // by)})


def stages(shorten: int) -> dict[str, tuple[str, Callable[[list[Layer]], np.ndarray], dict[str, Any]]]:
    """Stage -> what it is, ours (many candidates to [n, ..]), and the peers (one candidate to [..])."""
    c = NormalizerConfig()
    names = ("hurdle", "gate", "quality", "proxy")
    c = c.model_copy(update={name: shortened(getattr(c, name), shorten) for name in names})
    images = load("digits", "search")
    seeds = np.random.SeedSequence([c.data_seed, 0]).generate_state(8, np.uint64)

    def training(title: str, nets: list[Net], t: Training) -> tuple[str, Any, dict[str, Any]]:
        s = seeds[: t.seeds]
        networks = [ConvolutionalNet(net, 1, images.classes) for net in nets]
        peers: dict[str, Any] = {
            "one at a time": lambda one: np.concatenate([one_at_a_time(one, n, images, s, t) for n in nets])
        }
        if t.seeds > 1:
            peers["vmap of seeds"] = lambda one: np.concatenate([all_seeds(one, n, images, s, t) for n in nets])
        name = f"{title}: {t.steps} steps, {len(nets)} nets, {t.seeds} seeds"
        return name, lambda many: np.hstack([train(n, many, images, s, t).loss for n in networks]), peers

    deep = ConvolutionalNet(c.deep, 1, images.classes)
    gate = f"stability: {c.gate.steps} steps of ascent"
    return {
        "alive": ("alive", lambda many: alive(many)[:, None], {"one at a time": lives}),
        "hurdle": training("hurdle", [c.deep], c.hurdle),
        "stability": (
            gate,
            lambda many: ascend(deep, many, images, seeds[:1], c.gate)[:, None],
            {"one at a time": lambda one: climb(one, c.deep, images, seeds[:1], c.gate)},
        ),
        "quality": training("quality", [c.deep, c.plain], c.quality),
        "proxy": training("proxy", [c.deep, c.plain, c.scaled], c.proxy),
    }


def measure(rounds: int, shorten: int) -> dict[str, Any]:
    """Stage -> seconds a candidate of every engine, and the largest relative difference from ours in a short run."""
    candidates = [Layer(parse(f"y = {text}", SIGNATURE, LAYERS), LAYERS) for text in TEXTS]
    full = candidates * (LANES // len(candidates))  # as a search has them: enough for all lanes
    out: dict[str, Any] = {}
    with one_thread():
        short = stages(CHECKED)
        for stage, (title, ours, peers) in stages(shorten).items():
            difference = 0.0
            found = short[stage][1](candidates).astype(np.float64)
            for peer in short[stage][2].values():
                theirs = np.stack([peer(one) for one in candidates])
                difference = max(difference, float((abs(theirs - found) / (abs(found) + 1e-9)).max()))
            if not difference < 1e-4:
                raise SystemExit(f"{stage}: results differ by {difference:.3g}; nothing timed")
            times: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
            for _ in range(rounds):
                began = time.process_time()
                ours(full)
                times["ours"].append((time.process_time() - began) / len(full))
                for name, peer in peers.items():
                    began = time.process_time()
                    for one in candidates:
                        peer(one)
                    times[name].append((time.process_time() - began) / len(candidates))
            seconds = {name: float(np.median(t)) for name, t in times.items()}
            ratios = {n: float(np.median(np.divide(t, times["ours"]))) for n, t in times.items() if n != "ours"}
            out[stage] = {"title": title, "seconds": seconds, "ratios": ratios, "largest difference": difference}
    return out


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=3, help="turns an engine takes (default 3)")
    parser.add_argument("--shorten", type=int, default=1, help="divide the steps (default 1)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    result = measure(given.rounds, given.shorten)
    if given.json:
        print(json.dumps(result | {"machine": machine("torch", "numpy")}, indent=1))
        return
    print(f"{'stage, candidates a minute and core':42} {'ours':>9}   peers: candidates a minute (time / ours)")
    for row in result.values():
        speed = {name: 60.0 / seconds for name, seconds in row["seconds"].items()}
        peers = ", ".join(f"{n} {speed[n]:.4g} ({ratio:.2f})" for n, ratio in row["ratios"].items())
        print(f"{row['title']:42} {speed['ours']:9.4g}   {peers}; largest difference {row['largest difference']:.1g}")
    print(", ".join(f"{k} {v}" for k, v in machine("torch", "numpy").items()))


if __name__ == "__main__":
    main()
