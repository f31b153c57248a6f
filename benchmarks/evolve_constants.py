"""Evolution of fractions against random search at equal budgets: which formulas outside the box of NeurIPS 2024.

    python -m benchmarks.evolve_constants [--out FOLDER] [--budget 100000] [--seeds 8] [--first 100] [--workers 2]

A hit is a canonical class whose value is identified, not rational, and which has no member with degrees up to 2 and
coefficients -5..5 among its shifts. Random search grows programs from the same starts, by the same insertions, under
the same checks, and what reduces reaches the same identification. Prints hits a seed, the share of seeds in which
evolution finds more, with the Wilson interval, and hits by degrees.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.exp2 import finished, interval
from discover import output
from discover.runs import Run
from searches.constants.fraction import Fraction, Poly, shifted
from searches.constants.identify.canonical import canonical

STRATEGIES = ("map_elites", "random")
BOX = 5  # largest coefficient in the box
SHIFTS = range(-6, 7)


def outside(fraction: Fraction) -> bool:
    """Whether no shift of a fraction, cleared of content, is in the box; of canonical degree 5 and more none can be."""
    form = canonical(fraction)
    if len(form.top) > 3 or len(form.bot) > 5:
        return True
    return not any(_inside(shifted(fraction.a, k), shifted(fraction.b, k)) for k in SHIFTS)


def _inside(a: Poly, b: Poly) -> bool:
    return len(a) <= 3 and len(b) <= 3 and max(map(abs, (*a, *b))) <= BOX


def hits(run: Run) -> dict[Any, Fraction]:
    """The classes outside the box among the finds of a run."""
    fractions = (Fraction.from_program(entry.find.program) for entry in run.top())
    return {canonical(f): f for f in fractions if outside(f)}


def main() -> None:
    """The command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/evolve-constants"))
    parser.add_argument("--budget", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first", type=int, default=100, help="the first seed; 0 to 3 were seen while tuning")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    found: dict[str, list[dict[Any, Fraction]]] = {name: [] for name in STRATEGIES}
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        for name in STRATEGIES:
            settings = [
                f"run.budget={arguments.budget}", f"run.seed={seed}", f"run.workers={arguments.workers}",
                f"strategy.name={name}", *arguments.set,
            ]  # fmt: skip
            done = finished("constants/evolve", arguments.out, f"{name}-{seed}", settings)
            found[name].append(hits(done))
        print(f"seed {seed}:", *(f"{name} {len(found[name][-1])}" for name in STRATEGIES), sep="  ", flush=True)
    rows = []
    for name in STRATEGIES:
        counts = [len(h) for h in found[name]]
        degrees: Counter[str] = Counter()
        union = {key: f for h in found[name] for key, f in h.items()}
        for fraction in union.values():
            degrees["({}, {})".format(*fraction.degrees)] += 1
        rows.append(
            {
                "strategy": name,
                "hits a seed": round(sum(counts) / len(counts), 1),
                "least": min(counts),
                "most": max(counts),
                "of all seeds": len(union),
                "by degrees": ", ".join(f"{d}: {n}" for d, n in sorted(degrees.items())),
            }
        )
    print()
    output.print_rows(rows)
    more = interval([len(a) > len(b) for a, b in zip(*found.values(), strict=True)])
    print("\nevolution finds more in {k} of {n} seeds ({low:.0%} to {high:.0%})".format(**more))


if __name__ == "__main__":
    main()
