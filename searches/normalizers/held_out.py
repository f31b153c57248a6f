"""Layers in networks and on images that no search sees, beside published layers, with the same seeds.

    python -m searches.normalizers.held_out FILE_OR_RUN... [--seeds 8] [--processes 2] [--device cpu]
                                          [--baseline NAME] [--json]

Takes artifact folders, exported files, run folders (their best find) and names of known layers. For each network it
prints the share of errors, with a 95 % interval (Student's t) over the seeds, and the difference to the baseline: its
interval is that of the differences seed by seed, for a seed gives every layer the same weights and the same batches.

Layers that use statistics of the batch are scored with those of the images to score on, all of which are one batch: no
running averages are kept here. So they are one function of all these images, as in the search; `benchmarks.resnet`
trains exported layers, with running averages.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discover import artifact, output, runs, workers
from discover.errors import UserError, nearest
from discover.store import DATABASE
from primitives.gpu.devices import CPU, Device, DeviceError
from primitives.program import Program
from searches.normalizers.behaviour import EVERY
from searches.normalizers.commands import add_device, device_of
from searches.normalizers.config import Net, Training
from searches.normalizers.data import Images, load
from searches.normalizers.known import known
from searches.normalizers.layer import Layer
from searches.normalizers.nets import ConvolutionalNet
from searches.normalizers.programs import POINT_SIGNATURE, SIGNATURE
from searches.normalizers.training import LANES, Outcome, train
from searches.normalizers.transformer import LAYER_NORM, RMS_NORM, FeatureNorm, TransformerNet

Candidate = Program | FeatureNorm
SEED = (2004, 2967)  # of EvoNorm's number on arXiv; those of a search begin with its data_seed and a small number
ALL = "mean of all"


@dataclass(frozen=True)
class Place:
    """A network, the images that it is trained and scored on, and how it is trained."""

    net: Net
    source: str
    training: Training

    @property
    def images(self) -> Images:
        """The held-out part of the source."""
        return load(self.source, "held_out")

    @property
    def network(self) -> ConvolutionalNet | TransformerNet:
        """For these images."""
        _, channels, side, _ = self.images.train.shape
        if self.net.kind == "transformer":
            return TransformerNet(self.net, channels, self.images.classes, side)
        return ConvolutionalNet(self.net, channels, self.images.classes)


_SGD, _ADAM = Training(steps=300), Training(steps=300, optimizer="adam", rate=0.005)
PLACES = {
    "layers": {
        "deeper, digits": Place(Net(blocks=12, width=12, groups=3, stride=1), "digits", _SGD),
        "wider, MNIST": Place(Net(blocks=6, width=24, groups=4), "mnist", _SGD),
        "plain, MNIST": Place(Net(kind="plain", blocks=8, width=16, groups=2), "mnist", _SGD),
    },
    "pointwise": {
        "deeper, digits": Place(Net(kind="transformer", blocks=12, width=24, heads=3, stride=4), "digits", _ADAM),
        "wider, MNIST": Place(Net(kind="transformer", blocks=2, width=40, heads=4, stride=7), "mnist", _ADAM),
    },
}
BESIDE = {  # known layers that are always shown; the first is the baseline
    "layers": ("BatchNorm-ReLU", "GroupNorm-ReLU", "GroupNorm-SiLU", "EvoNorm-S0", "EvoNorm-B0", "SiLU"),
    "pointwise": ("LayerNorm", "DyT", "Derf", "identity"),
}


def seeds(n: int) -> np.ndarray:
    """uint64[n]: initial weights and orders of the images, those of no search."""
    return np.random.SeedSequence(SEED).generate_state(n, np.uint64)


def references(space: str) -> dict[str, Candidate]:
    """Every known layer of a space ("layers" or "pointwise") by name; for tokens, also the two that are no programs."""
    norms = {"LayerNorm": LAYER_NORM, "RMSNorm": RMS_NORM} if space == "pointwise" else {}
    return {**norms, **known(space)}


def space_of(candidate: Candidate) -> str:
    """The space that a layer belongs to. Raises UserError for a program of another signature."""
    if isinstance(candidate, FeatureNorm) or candidate.signature == POINT_SIGNATURE:
        return "pointwise"
    if candidate.signature != SIGNATURE:
        raise UserError(f"a program of {', '.join(candidate.signature.leaves)} is no normalization layer")
    return "layers"


def trained(candidates: Sequence[Candidate], place: Place, n: int, device: Device = CPU) -> Outcome:
    """What becomes of layers of one space in a place, with `n` seeds: the task of a worker."""
    layers: list[Any] = [Layer(c, EVERY) if isinstance(c, Program) else c for c in candidates]
    return train(place.network, layers, place.images, seeds(n), place.training, device)


def outcomes(
    candidates: Mapping[str, Candidate],
    places: Mapping[str, Place],
    n: int,
    executor: Executor,
    device: Device = CPU,
) -> dict[str, dict[str, Outcome]]:
    """Place -> layer -> outcome, arrays of float64[n]. Results depend on no executor: tasks are as large as a batch.
    A GPU, which the process of the executor must have, trains all layers at once."""
    room = len(candidates) if device.is_cuda else max(1, LANES // n)
    names = list(candidates)
    parts = [names[i : i + room] for i in range(0, len(names), room)]
    tasks = [
        (place, part, executor.submit(trained, [candidates[name] for name in part], places[place], n, device))
        for place in places
        for part in parts
    ]
    found: dict[str, dict[str, Outcome]] = {place: {} for place in places}
    for place, part, future in tasks:
        outcome = future.result()
        for i, name in enumerate(part):
            found[place][name] = Outcome(outcome.loss[i], outcome.error[i])
    return found


def interval(values: np.ndarray) -> tuple[float, float]:
    """Mean of float64[n], and half its 95 % interval by Student's t. Not a number for fewer than two values."""
    from scipy.stats import t

    n = len(values)
    half = t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return float(values.mean()), float(half)


def rows(found: Mapping[str, Mapping[str, Outcome]], baseline: str) -> list[dict[str, Any]]:
    """A row for every place and layer, and at the end for the mean of all places, seed by seed.

    error, difference   share of errors, and how much more it is than the baseline's, each with its half interval
    loss                mean cross-entropy, nats; infinite where a training blew up
    blew up             trainings with a loss that is not finite
    """
    table = []
    for place, layers in {**found, ALL: _every(found)}.items():
        for name, outcome in layers.items():
            error, half = interval(outcome.error)
            difference, half_difference = interval(outcome.error - layers[baseline].error)
            table.append(
                {
                    "network": place,
                    "layer": name,
                    "error": error,
                    "error ±": half,
                    "difference": difference,
                    "difference ±": half_difference,
                    "loss": float(outcome.loss.mean()),
                    "blew up": int((~np.isfinite(outcome.loss)).sum()),
                    "seeds": len(outcome.error),
                }
            )
    return table


def _every(found: Mapping[str, Mapping[str, Outcome]]) -> dict[str, Outcome]:
    names = next(iter(found.values()))
    return {
        name: Outcome(*(np.mean([getattr(layers[name], field) for layers in found.values()], axis=0)
                        for field in ("loss", "error")))
        for name in names
    }  # fmt: skip


def text_rows(table: Sequence[Mapping[str, Any]], baseline: str) -> list[dict[str, Any]]:
    """The same to be read: percent, and no difference of the baseline to itself."""
    return [
        {
            "network": row["network"],
            "layer": row["layer"],
            "error, %": f"{100 * row['error']:.2f} ± {100 * row['error ±']:.2f}",
            f"minus {baseline}": "" if row["layer"] == baseline else
            f"{100 * row['difference']:+.2f} ± {100 * row['difference ±']:.2f}",
            "loss": f"{row['loss']:.4f}",
            "blew up": f"{row['blew up']} of {row['seeds']}",
        }
        for row in table
    ]  # fmt: skip


def named(argument: str) -> tuple[str, Candidate]:
    """A layer and what to call it, from an artifact, an exported file, a run or a known name.

    Raises UserError where there is none of these, where it was not found by a search for normalizers, and for a run
    that has found nothing yet.
    """
    path = Path(argument)
    if (path / DATABASE).is_file() or (runs.FOLDER / path / DATABASE).is_file():
        run = runs.load(path)
        _require(run.spec.search, argument)
        entry = run.find()
        return f"{run.folder.name} {entry.id}", entry.find.program
    if path.exists():
        loaded = artifact.load(path)
        _require(loaded.document.search.partition("/")[0], argument)
        return loaded.document.name, loaded.find.program
    names = {name: candidate for space in PLACES for name, candidate in references(space).items()}
    if argument in names:
        return argument, names[argument]
    raise UserError(f"{argument}: no artifact, exported file or run, and no known layer; {nearest(argument, names)}")


def _require(search: str, argument: str) -> None:
    if search != "normalizers":
        raise UserError(f"{argument}: found by a search for {search}, not for normalizers")


def compare(
    candidates: Mapping[str, Candidate],
    space: str,
    n: int,
    executor: Executor,
    baseline: str | None = None,
    device: Device = CPU,
) -> tuple[list[dict[str, Any]], str]:
    """`rows` of layers of a space beside the known ones that are always shown, and the name of the baseline."""
    baseline = baseline or BESIDE[space][0]
    beside = references(space)
    if baseline not in {**beside, **candidates}:
        raise UserError(f"--baseline {baseline}: no such layer; {nearest(baseline, {**beside, **candidates})}")
    shown = {name: beside[name] for name in (*BESIDE[space], *[baseline] * (baseline in beside))}
    return rows(outcomes({**candidates, **shown}, PLACES[space], n, executor, device), baseline), baseline


def main() -> None:
    """The command line; see the module."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="+", metavar="FILE_OR_RUN", help="artifact, exported file, run, or known name")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--processes", type=int, default=2)
    add_device(parser)
    parser.add_argument("--baseline", help="a known layer, or one of those given")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        if options.seeds < 2 or options.processes < 1:
            raise UserError("an interval needs --seeds of at least 2, and work --processes of at least 1")
        found: dict[str, dict[str, Candidate]] = {}
        for argument in options.layers:
            name, candidate = named(argument)
            found.setdefault(space_of(candidate), {})[name] = candidate
        device = device_of(options.device)
        executor = workers.executor(1 if device.is_cuda else options.processes)
        try:
            for space, candidates in found.items():
                table, baseline = compare(candidates, space, options.seeds, executor, options.baseline, device)
                output.print_rows(table if options.json else text_rows(table, baseline), options.json)
        finally:
            executor.shutdown(cancel_futures=True)
    except (UserError, DeviceError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    # Under its own name, by which workers import what they are to do.
    from searches.normalizers.held_out import main as run_main

    run_main()
