"""Which known continued fractions the searches of the domain `constants` find, and in how much time.

    python -m benchmarks.constants [--out runs/constants] [--workers 2] [--seed 0] [--only box2 box24 ...]

Runs one search after the other (one that is there already is not run again), then sets all finds beside the known
formulas, by tier and by whether they are inside the box of arXiv 2412.16818. Decoys are counted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.exp2 import finished
from discover import output
from discover.runs import Run
from discover.store import Store
from searches.constants import known
from searches.constants.report import coverage
from searches.constants.subject import fraction_of

SEARCHES = (
    "box2", "box2sieve", "box02", "box12", "box12sieve", "box14", "box22", "box23", "box24", "box26", "box36",
    "box36odd", "box48", "box510", "evolve", "esma",
)  # fmt: skip
COUNTS = ("candidates", "confirmed", "algebraic", "refuted", "unresolved", "decoys_confirmed")


def row(run: Run) -> dict[str, Any]:
    """Figures of a run."""
    with Store.read(run.folder) as store:
        seconds = sum(store.timings().values())
    counts = run.counts
    figures = {"search": run.spec.name, "seconds": round(seconds, 1), "classes": len(run.top())}
    return figures | {name: counts[name] for name in COUNTS}


def main() -> None:
    """The command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/constants"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=SEARCHES, choices=SEARCHES, metavar="SEARCH")
    arguments = parser.parse_args()
    rows, fractions = [], []
    for name in arguments.only:
        settings = [f"run.workers={arguments.workers}", f"run.seed={arguments.seed}"]
        done = finished(f"constants/{name}", arguments.out, name, settings)
        rows.append(row(done))
        print(*(f"{key}: {value}" for key, value in rows[-1].items()), sep="  ", flush=True)
        fractions += [fraction_of(entry.find.program) for entry in done.top()]
    print()
    output.print_rows(rows)
    table, missed = coverage(known.everything(), fractions)
    print()
    output.print_rows(table)
    print("\nnot found:\n")
    output.print_rows(missed)


if __name__ == "__main__":
    main()
