"""The search `functions/exp2` over several seeds, beside random search and evolution of constants alone at 4 times the
candidates, the minimax polynomial and the best textbook forms.

    python -m benchmarks.exp2 [--json] [--seeds 5] [--budget N] [--workers 2] [--out runs/bench-exp2]
                              [--picture docs/exp2.png]

Every run has a folder under --out: those that are done are used again, interrupted ones go on. Errors are the largest
relative errors of the polished finds, measured in 50 digits, within so many operations.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from discover import runs, spec
from discover.errors import UserError
from discover.store import DATABASE, Store
from searches.functions import known

SEARCH = "functions/exp2"
# label -> (overrides, candidates compared with ours)
STRATEGIES = {
    "search": ((), 1),
    "random": (("strategy.name=random",), 4),
    "constants only": (("strategy.name=constants_only",), 4),
}
OPERATIONS = range(2, 11)
# What the errors are counted against, to the digits given: the optima at 2 to 5, known forms beyond.
TARGETS = {n: known.BEST_KNOWN[n][1] for n in OPERATIONS} | {6: 2.74e-7}
COUNTS = ("candidates", "invalid", "hits_canonical", "hits_fingerprint", "scored", "quarantined")


def finished(search: str, root: Path, label: str, settings: list[str]) -> runs.Run:
    """A run with these settings in a folder of its own: made now, continued, or as it was made before."""
    wanted = spec.load(search, settings)
    folder = root / f"{label.replace(' ', '-')}-{wanted.run.budget}-seed{wanted.run.seed}"
    if not (folder / DATABASE).is_file():
        return runs.run(search, out=folder, set=settings)
    done = runs.load(folder)
    if done.spec.config != wanted.config:
        raise UserError(f"{folder}: made with other settings; remove it or choose another --out")
    return done.resume(wanted.run.workers)


def run(root: Path, label: str, seed: int, budget: int | None, workers: int) -> dict[str, Any]:
    """Figures of one run, made now or before."""
    overrides, factor = STRATEGIES[label]
    settings = [*overrides, f"run.seed={seed}", f"run.workers={workers}"]
    settings.append(f"run.budget={factor * (budget or spec.load(SEARCH).run.budget)}")
    done = finished(SEARCH, root, label, settings)
    with Store.read(done.folder) as store:
        generations, seconds = store.generations(), sum(store.timings().values())
    counts = {name: sum(int(g.row[name]) for g in generations) for name in COUNTS}
    found = [(e.find.objectives["operations"], e.find.objectives["error"]) for e in done.top()]
    errors = {n: min((error for k, error in found if k <= n), default=None) for n in OPERATIONS}
    return {"seed": seed, "digest": done.digest, "seconds": round(seconds, 2), **counts, "errors": errors}


def summary(made: list[dict[str, Any]]) -> dict[str, Any]:
    """One strategy over its seeds; a seed without a find of so few operations counts as an infinite error."""
    total = {name: sum(r[name] for r in made) for name in COUNTS}
    table = {}
    for n in OPERATIONS:
        errors = [r["errors"][n] for r in made]
        known_errors = [float("inf") if e is None else e for e in errors]
        table[n] = {
            "errors": errors,
            "min": _finite(min(known_errors)),
            "median": _finite(statistics.median(known_errors)),
            "max": _finite(max(known_errors)),
            "hits": hits(known_errors, TARGETS[n]),
        }
    return {
        "candidates": made[0]["candidates"],
        "seconds": [r["seconds"] for r in made],
        "shares": {name: total[name] / total["candidates"] for name in COUNTS[1:]},
        "scored": [r["scored"] for r in made],
        "operations": table,
        "runs": [{"seed": r["seed"], "digest": r["digest"]} for r in made],
    }


def hits(errors: list[float], target: float) -> dict[str, Any]:
    """How many reach the target, to the four digits it is given in, with its interval."""
    return {"target": target} | interval([float(f"{e:.3e}") <= target for e in errors])


def interval(hit: list[bool]) -> dict[str, Any]:
    """k of n, with the Wilson 95 % interval."""
    from scipy.stats import binomtest

    bounds = binomtest(sum(hit), len(hit)).proportion_ci(method="wilson")
    return {"k": sum(hit), "n": len(hit), "low": float(bounds.low), "high": float(bounds.high)}


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The table: a row for each number of operations."""
    table = []
    for n in OPERATIONS:
        ours = found["search"]["operations"][n]
        textbook, polynomial = known.TEXTBOOK[n][1], known.minimax_polynomial(n)
        row = {"operations": n, **{k: ours[k] for k in ("min", "median", "max")}, "hits": ours["hits"]}
        row |= {label: found[label]["operations"][n]["median"] for label in STRATEGIES if label != "search"}
        row |= {"polynomial": polynomial, "textbook": textbook, "best known": known.BEST_KNOWN[n][1]}
        for label in ("polynomial", "textbook", "best known", "random", "constants only"):
            row[f"{label} / ours"] = row[label] / ours["median"] if row[label] and ours["median"] else None
        table.append(row)
    return table


def picture(found: dict[str, Any], path: Path) -> None:
    """The fronts: medians, with bands from the best seed to the worst."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_yscale("log")
    lines = {
        "minimax polynomial (Horner)": ({2 * d: e for d, e in known.POLYNOMIAL.items()}, "s--", "0.6"),
        "best textbook form": ({n: e for n, (_, e) in known.TEXTBOOK.items()}, "^--", "0.35"),
        "best known": ({n: e for n, (_, e) in known.BEST_KNOWN.items()}, "_", "black"),
    }
    for label, (errors, style, color) in lines.items():
        shown = [n for n in errors if n in OPERATIONS]
        size = 10 if style == "_" else 5
        axes.plot(shown, [errors[n] for n in shown], style, color=color, label=label, markersize=size)
    for (label, one), color in zip(found.items(), ("C0", "C1", "C2"), strict=True):
        table = one["operations"]
        shown = [n for n in OPERATIONS if table[n]["median"] is not None]
        name = f"{label}, {one['candidates']:,} candidates"
        axes.plot(shown, [table[n]["median"] for n in shown], "o-", color=color, label=name)
        band = [n for n in shown if table[n]["max"] is not None]
        low, high = [table[n]["min"] for n in band], [table[n]["max"] for n in band]
        axes.fill_between(band, low, high, color=color, alpha=0.2, linewidth=0)
    seeds = len(found["search"]["runs"])
    axes.set_title(f"$2^x$ on (0, 1) from + - * /: median of {seeds} seeds, band from best to worst", fontsize=10)
    axes.set_xlabel("operations")
    axes.set_ylabel("largest relative error")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, metadata={"Software": None} if path.suffix == ".png" else None)


def text(found: dict[str, Any]) -> str:
    """The tables in plain text."""

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3e}"

    def ratio(value: float | None) -> str:
        return "-" if value is None else f"{value:.3g}"

    heads: tuple[str, ...] = ("ops", "best", "median", "worst", "reached", "95 % interval", "random", "constants")
    heads += ("polynomial", "textbook", "best known", "textbook/ours", "random/ours")
    lines = [heads]
    for row in rows(found):
        h = row["hits"]
        errors = [number(row[k]) for k in ("min", "median", "max")]
        others = [number(row[k]) for k in ("random", "constants only", "polynomial", "textbook", "best known")]
        reached = (f"{h['k']} of {h['n']}", f"{h['low']:.2f}-{h['high']:.2f}")
        ratios = (ratio(row["textbook / ours"]), ratio(row["random / ours"]))
        lines.append((str(row["operations"]), *errors, *reached, *others, *ratios))
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    out = ["  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
    out.append("\nratios of medians; reached: seeds with the known error (2.74e-7 at 6 operations) to its digits\n")
    for label, one in found.items():
        s = one["shares"]
        out.append(
            f"{label:14} {one['candidates']:>9,} candidates a seed: {s['hits_canonical']:.1%} answered by canonical "
            f"form, {s['hits_fingerprint']:.1%} by fingerprint, {s['invalid']:.1%} invalid, {s['scored']:.1%} scored "
            f"({statistics.median(one['scored']):,.0f}); {statistics.median(one['seconds']):.0f} s"
        )
    return "\n".join(out)


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None


def main() -> None:
    """Run what is missing, print the tables or one JSON object, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, help="candidates of the search (default: the spec's)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs", "bench-exp2"))
    parser.add_argument("--picture", type=Path, default=Path("docs", "exp2.png"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    made: dict[str, list[dict[str, Any]]] = {label: [] for label in STRATEGIES}
    try:
        for seed in range(options.seeds):
            for label, results in made.items():
                results.append(run(options.out, label, seed, options.budget, options.workers))
                print(f"{label}, seed {seed}: {results[-1]['seconds']:.0f} s", file=sys.stderr, flush=True)
    except UserError as error:
        sys.exit(f"benchmarks.exp2: {error}")
    found = {label: summary(results) for label, results in made.items()}
    if options.json:
        print(json.dumps({"search": SEARCH, "seeds": options.seeds, "strategies": found, "rows": rows(found)}))
    else:
        print(text(found))
    try:
        picture(found, options.picture)
        print(f"picture: {options.picture}", file=sys.stderr)
    except ImportError:
        print("no picture without matplotlib: pip install 'discover-programs[plot]'", file=sys.stderr)


if __name__ == "__main__":
    main()
