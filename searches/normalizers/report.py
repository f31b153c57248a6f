"""What searches for layers found, beside what is known: a table, a picture, and what several runs rediscovered.

`python -m searches.normalizers.report RUN... [--json]` tells which known forms are among the programs of some runs,
in how many of them, with the Wilson 95 % interval, and the best find of every run. Runs of one spec count together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from discover import runs
from discover.errors import UserError
from discover.problem import Find
from discover.store import Store
from primitives.packed import Packed, unpack
from primitives.primitive import PrimitiveSet
from primitives.program import Program
from searches.normalizers.known import known
from searches.normalizers.recognise import Level, Match, form, matches, on_points
from searches.normalizers.structure import statistics

_CURVES = 5  # functions that a picture shows
_STYLES = (("tab:blue", "o"), ("tab:orange", "s"))


def rows(finds: Sequence[Find], space: str) -> list[dict[str, Any]]:
    """A row a find, best first: figures, series and statistics (of functions: their properties), and form."""
    table = []
    for find in sorted(finds, key=_rank):
        kind = dict(find.descriptors) if space == "pointwise" else _kind(find)
        table.append({**find.objectives, **_without_nodes(kind), "form": form(find.program, space)})
    return table


def _kind(find: Find) -> dict[str, Any]:
    return {"series": series(find), "statistics": statistics(find.program)}


def _without_nodes(kind: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kind.items() if name != "nodes"}


def series(find: Find) -> str:
    """The series of arXiv 2004.02967 that a layer belongs to: "B" if it uses statistics of the batch, else "S"."""
    return "B" if find.descriptors["batch"] else "S"


def _rank(find: Find) -> tuple[float, ...]:
    figures = tuple(reversed(list(find.objectives.values())))
    return tuple(v if np.isfinite(v) else np.inf for v in figures)


def remarks(finds: Sequence[Find], space: str, primitives: PrimitiveSet) -> list[str]:
    """Which known forms are among the finds, and which are not that can be written with these primitives."""
    if not finds:
        return []
    found = [match for match in matches([f.program for f in finds], space) if match is not None]
    counts = Counter(map(str, found))
    listed = "; ".join(f"{name} ({n} times)" if n > 1 else name for name, n in counts.most_common())
    missing = writable(space, primitives) - {name for match in found for name in match.names}
    return [
        f"known forms among the {len(finds)} finds: {listed or 'none'}",
        f"not among them: {', '.join(name for name in known(space) if name in missing) or 'none'}",
    ]


def writable(space: str, primitives: PrimitiveSet) -> set[str]:
    """The known forms that can be written with these primitives as they stand in the table."""
    names = {p.name for p in primitives}
    return {name for name, form in known(space).items() if all(i.op in names for i in form.instructions)}


# -- pictures ---------------------------------------------------------------------------------------------------------


def picture(finds: Sequence[Find], path: Path, space: str) -> None:
    """Nodes against the last figure, and of functions their curves beside DyT's and Derf's; PNG or SVG by suffix.

    Raises UserError without matplotlib.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("a picture needs matplotlib: pip install 'discover-programs[plot]'") from None
    if space == "pointwise":
        figure = Figure(figsize=(11, 4.5), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_curves(left, finds)
        _draw_front(right, {"search": finds}, space)
    else:
        figure = Figure(figsize=(7.5, 5), layout="constrained")
        parts = {
            "S-series: statistics of every image alone": [f for f in finds if series(f) == "S"],
            "B-series: statistics of the batch": [f for f in finds if series(f) == "B"],
        }
        _draw_front(figure.add_subplot(), parts, space)
    with rc_context({"svg.hashsalt": "discover"}):  # the same bytes every time
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_front(axes: Any, parts: Mapping[str, Sequence[Find]], space: str) -> None:
    """Points, a colour for each part; the best of each part and whatever is known are named, each name once."""
    from matplotlib.ticker import MaxNLocator

    figure = ""
    middle = np.mean([f.descriptors["nodes"] for part in parts.values() for f in part] or [0])
    for (label, part), (colour, marker) in zip(parts.items(), _STYLES, strict=False):
        if not part:
            continue
        ranked = sorted(part, key=_rank)
        figure = list(ranked[0].objectives)[-1]
        points = [(f.descriptors["nodes"], f.objectives[figure]) for f in ranked]
        axes.plot(*zip(*points, strict=True), marker, color=colour, label=label, alpha=0.8)
        named: set[str] = set()
        for i, (find, match) in enumerate(zip(ranked, matches([f.program for f in ranked], space), strict=True)):
            text = str(match) if match is not None else form(find.program, space) if i == 0 else ""
            if text and text not in named:
                named.add(text)
                side = ("right", -6) if points[i][0] > middle else ("left", 6)
                place = {"textcoords": "offset points", "horizontalalignment": side[0], "fontsize": 7}
                axes.annotate(text, points[i], (side[1], 4), color=colour, **place)
    axes.set_xlabel("nodes")
    axes.set_ylabel({"error": "share of errors on MNIST"}.get(figure, f"{figure} of the search, nats"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(0.12)
    axes.grid(alpha=0.3)
    if figure:
        axes.legend(fontsize=8)


def _draw_curves(axes: Any, finds: Sequence[Find]) -> None:
    """The best functions as training begins, up to the affine map that follows: through 0, with slope 1 there."""
    points = np.linspace(-8.0, 8.0, 801)
    drawn = {name: (program, "0.3", style) for (name, program), style in zip(_compared(), ("--", ":"), strict=True)}
    best = sorted(finds, key=_rank)[:_CURVES]
    for i, find in enumerate(best):
        drawn[f"{i + 1}. {form(find.program, 'pointwise')}"] = (find.program, f"C{i}", "-")
    for name, (program, colour, style) in drawn.items():
        y = on_points([program], points)[0]
        middle = len(points) // 2
        with np.errstate(all="ignore"):
            slope = (y[middle + 1] - y[middle - 1]) / (points[middle + 1] - points[middle - 1])
            y = (y - y[middle]) / (slope if abs(slope) > 1e-3 else np.abs(y).max())
        axes.plot(points, y, style, color=colour, label=name, linewidth=1.2)
    axes.set_ylim(-3.0, 3.0)
    axes.set_xlabel("x")
    axes.set_ylabel("y - y(0), of slope 1 at 0")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)


def _compared() -> list[tuple[str, Program]]:
    return [(name, known("pointwise")[name]) for name in ("DyT", "Derf")]


# -- several runs -----------------------------------------------------------------------------------------------------


def scored(run: runs.Run) -> tuple[list[Program], np.ndarray]:
    """The programs of a run that entered the funnel, and bool[n]: which came through it with finite scores.

    Raises UserError for a run of another search.
    """
    if run.spec.search != "normalizers":
        raise UserError(f"{run.folder}: a run of {run.name}, not of normalizers")
    problem = run.problem
    programs, through = [], [np.zeros(0, bool)]
    with Store.read(run.folder) as store:
        arrays = (store.records(f"program.{name}") for name in Packed.FIELDS)
        for *fields, score in zip(*arrays, store.records("score"), strict=True):
            programs += unpack(Packed(*fields), problem.signature, problem.primitives)
            through.append(np.isfinite(score).all(axis=1))
    return programs, np.concatenate(through)


def rediscovered(group: Sequence[runs.Run]) -> list[dict[str, Any]]:
    """A row for each known form: in how many runs of one spec it was found, and how far it came there.

    tried, scored, find   runs in which it entered the funnel, came through it, is among the finds
    equal                 those of `scored` in which it was so for all values of the trainable leaves, not only as
                          training begins
    curve                 of functions: runs with a find that is it but for a scale and a shift of x
    low, high             Wilson 95 % interval of the share `scored`
    writable              whether the primitives of the runs can write it as the table does
    """
    problem = group[0].problem
    space, can = problem.config.space, writable(problem.config.space, problem.primitives)
    table = {name: Counter[str]() for name in known(space)}
    for run in group:
        programs, through = scored(run)
        finds = matches([entry.find.program for entry in run.top()], space)
        every = matches(programs, space, curves=False)
        kept = [match for match, yes in zip(every, through, strict=True) if yes]
        seen = {
            "tried": _names(every, Level.START),
            "scored": _names(kept, Level.START),
            "equal": _names(kept, Level.AFFINE),
            "find": _names(finds, Level.START),
            "curve": _names(finds, Level.CURVE),
        }
        for column, names in seen.items():
            for name in names:
                table[name][column] += 1
    found = []
    for name, counts in table.items():
        columns = ("tried", "scored", "equal", "find", *(("curve",) if space == "pointwise" else ()))
        row = {"form": name, "runs": len(group), **{column: counts[column] for column in columns}}
        found.append({**row, **_interval(counts["scored"], len(group)), "writable": name in can})
    return found


def _interval(k: int, n: int) -> dict[str, float]:
    """The Wilson 95 % interval of k of n."""
    from scipy.stats import binomtest

    share = binomtest(k, n).proportion_ci(method="wilson")
    return {"low": round(share.low, 3), "high": round(share.high, 3)}


def substitutes(group: Sequence[runs.Run]) -> list[dict[str, Any]]:
    """In how many runs for functions the best find, and any find, is bounded, centred and monotone, like DyT and Derf.

    That is what arXiv 2512.10938 asks of a substitute for normalization, but for sensitivity at the centre.
    """
    shaped = [
        [all(entry.find.descriptors[name] for name in ("bounded", "centred", "monotone")) for entry in run.top()]
        for run in group
    ]
    counts = {"best": sum(any(row[:1]) for row in shaped), "any": sum(map(any, shaped))}
    return [{"find": name, "runs": len(group), "found": k, **_interval(k, len(group))} for name, k in counts.items()]


def _names(found: Sequence[Match | None], worst: Level) -> set[str]:
    return {name for match in found if match is not None and match.level <= worst for name in match.names}


def best(group: Sequence[runs.Run]) -> list[dict[str, Any]]:
    """A row for the best find of every run, and of each series if there are two."""
    table = []
    for run in group:
        space = run.problem.config.space
        chosen: dict[str, Find] = {}
        for entry in run.top():
            chosen.setdefault("" if space == "pointwise" else series(entry.find), entry.find)
        for find in chosen.values():
            (row,) = rows([find], space)
            table.append({"run": run.name, "seed": run.spec.run.seed, **row})
    return table


def main() -> None:
    """The command line; see the module."""
    import argparse

    from discover import output

    parser = argparse.ArgumentParser(description="Which known layers some runs found.")
    parser.add_argument("runs", nargs="+", help="run folders, or their names in ./runs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    groups: dict[str, list[runs.Run]] = {}
    try:
        for name in arguments.runs:
            run = runs.load(name)
            groups.setdefault(run.name, []).append(run)
        tables = {name: {"rediscovered": rediscovered(group), "best": best(group)} for name, group in groups.items()}
        for name, group in groups.items():
            if group[0].problem.config.space == "pointwise":
                tables[name]["bounded, centred and monotone"] = substitutes(group)
    except UserError as error:
        parser.error(str(error))
    if arguments.json:
        output.print_json(tables)
        return
    for name, found in tables.items():
        print(f"{name}: known forms, by how many of {len(groups[name])} runs found them\n")
        seen = [row for row in found["rediscovered"] if row["tried"] or row.get("curve")]
        output.print_rows([{k: v for k, v in row.items() if k != "writable"} for row in seen])
        unseen = [row for row in found["rediscovered"] if row not in seen]
        for label, can in (("in no run", True), ("not to be written with these primitives, nor found", False)):
            if names := [row["form"] for row in unseen if row["writable"] == can]:
                print(f"\n{label}: {', '.join(names)}")
        for label, table in found.items():
            if label != "rediscovered":
                print(f"\n{label}\n")
                output.print_rows(table)
        print()


if __name__ == "__main__":
    main()
