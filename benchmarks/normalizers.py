"""The searches for normalization-activation layers over several seeds, and what their finds do where no search looks.

    python -m benchmarks.normalizers [--part PART] [--out runs/bench-normalizers] [--seeds 3] [--first 0]
                                     [--workers 2] [--budget N] [--held-out-seeds 8] [--sample 20] [--set KEY=VALUE]

Parts, each of which goes on where it was interrupted; `all` does them in this order, and prints a table after each:

    search     `normalizers/s-series` and `normalizers/b-series`, and which known forms they found
    random     random search with 4 times the candidates, the first seed
    audit      of each run of `search`: what the funnel rejected, trained in full on a sample
    held_out   the best S-series and B-series finds beside known layers, in networks and on images no search sees
    gate       the same layers in the deep network of the search, on held-out images: do they learn, and how large a
               gradient the stability gate meets with any of the held-out seeds
    pointwise  `normalizers/pointwise`, and its best finds in transformers that no search sees

Every run has a folder under --out, every result is a line of --out/PART.jsonl; what is there is used again, if it was
made with the same settings.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluators import machine
from benchmarks.exp2 import finished
from discover import output, runs, spec, workers
from discover.errors import UserError
from discover.problem import Find
from discover.store import Store
from primitives.program import Program
from primitives.text import format_program
from searches.normalizers import audit, held_out, report
from searches.normalizers.config import NormalizerConfig
from searches.normalizers.known import known
from searches.normalizers.layer import layers
from searches.normalizers.problem import LayerProblem
from searches.normalizers.recognise import EVERY, form
from searches.normalizers.stability import ascend
from searches.normalizers.training import Outcome

SERIES = {"S": "normalizers/s-series", "B": "normalizers/b-series"}
POINTWISE = "normalizers/pointwise"
RANDOM = ("strategy.name=random", "run.meta_every=0")
FACTOR = 4  # of random search's budget
PACKAGES = ("torch", "numpy", "numba", "scikit-learn", "mlxtend")
Line = dict[str, Any]


class Results:
    """The lines of a part: looked up by what names them, made where they are missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[Line] = []
        if path.is_file():
            for number, text in enumerate(path.read_text().splitlines(), 1):
                try:
                    self.lines.append(json.loads(text))
                except ValueError:
                    raise UserError(f"{path}: line {number} is no JSON, cut off perhaps; remove it") from None

    def find(self, name: Line) -> Line | None:
        """The line that has these fields."""
        return next((x for x in self.lines if all(x.get(key) == value for key, value in name.items())), None)

    def add(self, name: Line, made: Line) -> Line:
        """Write a line, and return it."""
        line: Line = output.finite(name | made)
        self.lines.append(line)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")
        print(f"{self.path.stem}: {', '.join(str(v) for v in list(name.values())[:2])}", file=sys.stderr, flush=True)
        return line


class Benchmark:
    """The parts, as methods: each makes what is missing and prints its table."""

    def __init__(self, options: argparse.Namespace, executor: Executor) -> None:
        self.options, self.executor = options, executor
        self.seeds = range(options.first, options.first + options.seeds)

    def run(self, name: str, seed: int, random: bool = False) -> runs.Run:
        """A run, made now or before."""
        o = self.options
        budget = (o.budget or spec.load(name, o.set).run.budget) * (FACTOR if random else 1)
        settings = [f"run.budget={budget}", f"run.seed={seed}", f"run.workers={o.workers}", *o.set]
        label = name.partition("/")[2] + ("-random" if random else "")
        return finished(name, o.out, label, [*settings, *(RANDOM if random else ())])

    def results(self, part: str) -> Results:
        """The lines of a part."""
        return Results(self.options.out / f"{part}.jsonl")

    # -- runs ---------------------------------------------------------------------------------------------------------

    def searches(self) -> None:
        """Both series, every seed."""
        for name in SERIES.values():
            group = [self.run(name, seed) for seed in self.seeds]
            self._show_runs("search", group)
            self._show_rediscovered(group)

    def baseline(self) -> None:
        """Random search of both series, one seed."""
        for name in SERIES.values():
            self._show_runs("random", [self.run(name, self.options.first, random=True)])

    def _show_runs(self, part: str, group: Sequence[runs.Run]) -> None:
        results, lines = self.results(part), []
        for run in group:
            name = {"run": run.folder.name, "digest": run.digest}
            lines.append(results.find(name) or results.add(name, figures(run)))
        columns = ("run", "minutes", "candidates", "invalid", "hits_canonical", "hits_fingerprint", "scored", "passed")
        output.print_rows([{name: line[name] for name in columns} for line in lines])
        print()
        output.print_rows([{"run": line["run"], **best} for line in lines for best in line["best"]])
        print()

    def _show_rediscovered(self, group: Sequence[runs.Run]) -> None:
        output.print_rows([row for row in report.rediscovered(group) if row["tried"]])
        print()

    def rejected(self) -> None:
        """What every run of both series rejected."""
        results, sample = self.results("audit"), self.options.sample
        for search in SERIES.values():
            for seed in self.seeds:
                run = self.run(search, seed)
                name = {"run": run.folder.name, "digest": run.digest, "sample": sample}
                line = results.find(name)
                if line is None:
                    table = audit.audit(run, sample, seed, self.executor)
                    line = results.add(name, {"stages": audit.rows(table, run.counts)})
                print(f"{line['run']}: what each stage rejected, and a sample of it")
                output.print_rows(audit.text_rows(line["stages"]))
                print()

    # -- finds --------------------------------------------------------------------------------------------------------

    def winners(self) -> dict[str, Program]:
        """The best find of every run of a series that belongs to it, and of random search where that was run."""
        found: dict[str, Program] = {}
        for series, name in SERIES.items():
            group = {f"{series}, seed {seed}": self.run(name, seed) for seed in self.seeds}
            if self.results("random").lines:
                group[f"{series}, random"] = self.run(name, self.options.first, random=True)
            for label, run in group.items():
                best = [entry.find for entry in run.top() if report.series(entry.find) == series]
                if best:
                    found[label] = best[0].program
                else:
                    print(f"{run.folder}: no find of the {series}-series", file=sys.stderr)
        return found

    def compared(self) -> None:
        """The best finds beside known layers."""
        self._compare("held_out", "layers", self.winners(), "EvoNorm-S0")

    def _compare(self, part: str, space: str, found: dict[str, Program], *baselines: str) -> None:
        """A table for the first baseline of the space, and one for each other that is given."""
        beside = {name: held_out.references(space)[name] for name in held_out.BESIDE[space]}
        outcomes = self._outcomes(part, {**beside, **found}, held_out.PLACES[space])
        for baseline in (held_out.BESIDE[space][0], *baselines):
            output.print_rows(held_out.text_rows(held_out.rows(outcomes, baseline), baseline))
            print()
        for name, program in found.items():
            print(f"{name}: {form(program, space)}")
        print()

    def _outcomes(
        self, part: str, candidates: Mapping[str, held_out.Candidate], places: Mapping[str, held_out.Place]
    ) -> dict[str, dict[str, Outcome]]:
        """Place -> layer -> outcome; a place is done, and written, at a time."""
        results, found = self.results(part), {}
        for place, settings in places.items():
            names = {name: self._name(place, settings, name, c) for name, c in candidates.items()}
            missing = {name: candidates[name] for name in names if results.find(names[name]) is None}
            made = held_out.outcomes(missing, {place: settings}, self.options.held_out_seeds, self.executor)[place]
            for name, outcome in made.items():
                results.add(names[name], {"loss": outcome.loss.tolist(), "error": outcome.error.tolist()})
            found[place] = {name: _outcome(results.find(names[name])) for name in candidates}
        return found

    def _name(self, place: str, settings: held_out.Place, layer: str, candidate: held_out.Candidate) -> Line:
        """What a result depends on."""
        program = format_program(candidate, EVERY) if isinstance(candidate, Program) else layer
        setting = settings.net.model_dump_json() + settings.training.model_dump_json()
        key = {"place": place, "layer": layer, "program": program, "setting": setting}
        return key | {"seeds": self.options.held_out_seeds}

    def stable(self) -> None:
        """The deep network of the search, on images it does not see, and the gate."""
        config = spec.load(SERIES["B"], self.options.set).problem
        assert isinstance(config, NormalizerConfig)
        candidates = {name: known("layers")[name] for name in held_out.BESIDE["layers"]} | self.winners()
        place = held_out.Place(config.deep, "digits", config.proxy)
        outcomes = self._outcomes("gate", candidates, {"deep": place})["deep"]
        results, table = self.results("gate norms"), []
        for name, program in candidates.items():
            key = self._name("deep", place, name, program) | {"gate": config.gate.model_dump_json()}
            line = results.find(key) or results.add(key, {"norm": climbed(program, config, key["seeds"])})
            error, half = held_out.interval(outcomes[name].error)
            table.append(
                {
                    "layer": name,
                    f"error in {config.deep.blocks} blocks, %": f"{100 * error:.2f} ± {100 * half:.2f}",
                    "largest gradient": float(line["norm"]),
                    "passes": "yes" if float(line["norm"]) <= config.gate.limit else "no",
                }
            )
        output.print_rows(table)
        print()

    def functions(self) -> None:
        """Functions: the search, and transformers that no search sees."""
        group = [self.run(POINTWISE, seed) for seed in self.seeds]
        self._show_runs("search", group)
        self._show_rediscovered(group)
        found: dict[str, Program] = {}
        for run in group:
            finds = [entry.find for entry in run.top()]
            for label, chosen in (("best", finds), ("bounded, centred, monotone", [f for f in finds if _sound(f)])):
                if chosen and chosen[0].program not in found.values():
                    found[f"seed {run.spec.run.seed}, {label}"] = chosen[0].program
        self._compare("pointwise", "pointwise", found, "DyT")


PARTS: dict[str, Callable[[Benchmark], None]] = {
    "search": Benchmark.searches,
    "random": Benchmark.baseline,
    "audit": Benchmark.rejected,
    "held_out": Benchmark.compared,
    "gate": Benchmark.stable,
    "pointwise": Benchmark.functions,
}


def _sound(find: Find) -> bool:
    return all(find.descriptors[name] for name in ("bounded", "centred", "monotone"))


def figures(run: runs.Run) -> Line:
    """Counts, time, the funnel, and the best find of each series."""
    with Store.read(run.folder) as store:
        seconds = sum(store.timings().values())
        passed = sum(int(np.isfinite(score[:, -1]).sum()) for score in store.records("score"))
    counts = {name: run.counts[name] for name in ("candidates", "invalid", "hits_canonical", "hits_fingerprint")}
    best = [{k: v for k, v in row.items() if k not in ("run", "seed")} for row in report.best([run])]
    return {
        **counts,
        "scored": run.counts["scored"],
        "passed": passed,
        "minutes": round(seconds / 60, 1),
        "funnel": run.funnel(),
        "best": best,
    }


def _outcome(line: Line | None) -> Outcome:
    assert line is not None
    return Outcome(*(np.array([float(v) for v in line[name]]) for name in ("loss", "error")))


def climbed(program: Program, config: NormalizerConfig, n: int) -> float:
    """The largest norm of the gradient that the stability gate meets in the deep network, with any of `n` seeds."""
    problem = LayerProblem(config)
    candidates = layers([program], EVERY)
    return float(ascend(problem.networks["deep"], candidates, problem.images, held_out.seeds(n), config.gate)[0])


def main() -> None:
    """The command line; see the module."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="all")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-normalizers"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed of the searches")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--budget", type=int, help="candidates of a search (default: the spec's)")
    parser.add_argument("--held-out-seeds", type=int, default=8)
    parser.add_argument("--sample", type=int, default=20, help="of what each stage rejected")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    print(date.today().isoformat(), *(f"{k} {v}" for k, v in machine(*PACKAGES).items()), sep=", ")
    print()
    executor = workers.executor(options.workers)
    try:
        benchmark = Benchmark(options, executor)
        for part in PARTS if options.part == "all" else (options.part,):
            print(f"== {part} ==\n")
            PARTS[part](benchmark)
    except UserError as error:
        sys.exit(f"benchmarks.normalizers: {error}")
    finally:
        executor.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
