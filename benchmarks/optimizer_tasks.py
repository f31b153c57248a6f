"""Which tasks select sign updates: AdamW, SGD with momentum, sign momentum and the Lion form, each tuned on each.

    python -m benchmarks.optimizer_tasks [KIND ..] [--steps 600] [--tune 6] [--seeds 20] [--set NAME=VALUE ..]

Every form is tuned alike, on `--tune` data orders of the task's search part: betas, decay and rate over a coarse grid,
then small moves of each from the best so far, beyond the grid too, until none is better. The tuned ones are trained on
`--seeds` other orders: mean and standard error of the validation loss, and the difference of the best sign update from
the best of the others on the same orders.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from primitives.hero import HERO
from primitives.packed import Shape, pack
from primitives.text import parse
from searches.optimizers.programs import SIGNATURE
from searches.optimizers.tasks import KINDS, Task, build
from searches.optimizers.training import train

Point = tuple[tuple[float, float], float, float]  # betas, decay, rate

ADAMW = "m = interp(g, m, {a})\nv = interp(square(g), v, {b})\nstep = m / sqrt(v)"
SGD = "m = interp(g, m, {a})\nstep = m"
SIGN = "m = interp(g, m, {a})\nstep = sign(m)"
LION = "c = interp(g, m, {a})\nm = interp(g, m, {b})\nstep = sign(c)"
UPDATE = "\nupdate = (step + w * {decay}) * (lr * {rate})"
RATES = tuple(0.0005 * 4.0**k for k in range(4))
# Form, betas, decays, rates of the coarse grid.
FORMS: dict[str, tuple[str, tuple[tuple[float, float], ...], tuple[float, ...], tuple[float, ...]]] = {
    "AdamW": (ADAMW, ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95), (0.8, 0.9)), (0.0, 0.1, 1.0), (*RATES, 0.128)),
    "SGD, momentum": (SGD, ((0.95, 0), (0.9, 0), (0.75, 0), (0.5, 0)), (0.0, 0.003, 0.03), (0.03, 0.12, 0.5, 2, 8)),
    "sign momentum": (SIGN, ((0.95, 0), (0.9, 0), (0.8, 0), (0.6, 0)), (0.0, 0.5, 3.0), (*RATES, 0.128)),
    "Lion form": (LION, ((0.9, 0.99), (0.9, 0.95), (0.8, 0.9), (0.6, 0.8)), (0.0, 0.5, 3.0), (*RATES, 0.128)),
}
MOVES = ((1, 0.5), (1, 0.71), (1, 1.41), (1, 2), (0.33, 1), (0.6, 1), (1.67, 1), (3, 1), (0.5, 2), (2, 0.5))


def orders(purpose: int, n: int) -> np.ndarray:
    """uint64[n]: data orders for tuning (0) and for the report (1)."""
    return np.random.SeedSequence([64, 10, purpose]).generate_state(n, np.uint64)


def losses(task: Task, form: str, points: list[Point], keys: np.ndarray, steps: int) -> np.ndarray:
    """float64[points, orders]: validation losses."""
    text = FORMS[form][0] + UPDATE
    programs = [
        parse(text.format(a=betas[0], b=betas[1], decay=decay, rate=rate), SIGNATURE, HERO)
        for betas, decay, rate in points
    ]
    return train(task, pack(programs, HERO, Shape(5, 3, 12, 8)), keys, steps, steps // 20)


def tuned(task: Task, form: str, steps: int, tune: int) -> tuple[Point, int]:
    """The best point found, and how many were tried."""
    _, betas, decays, rates = FORMS[form]
    seen: dict[Point, float] = {}
    points = list(product(betas, decays, rates))
    while points:
        means = losses(task, form, points, orders(0, tune), steps).mean(axis=1)
        seen.update(zip(points, means.tolist(), strict=True))
        best = min(seen, key=seen.__getitem__)
        near = [(best[0], best[1] * d, best[2] * r) for d, r in MOVES] + [(b, best[1], best[2]) for b in betas]
        rounded = dict.fromkeys((b, float(f"{d:.3g}"), float(f"{r:.3g}")) for b, d, r in near)
        points = [p for p in rounded if p not in seen] if len(seen) < 300 else []
    return best, len(seen)


def main() -> None:
    """Tune, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", default=["transformer"], help=", ".join(KINDS))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--tune", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="arguments of the task's builder")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"no task is called {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    sizes = {name: float(value) if "." in value else int(value) for name, value in (s.split("=") for s in options.set)}
    for kind in options.kinds:
        task = build(kind, "search", **sizes)
        print(f"\n{task.name}, {options.steps} steps{''.join(f', {s}' for s in options.set)}", flush=True)
        found = {}
        for form in FORMS:
            point, tried = tuned(task, form, options.steps, options.tune)
            found[form] = losses(task, form, [point], orders(1, options.seeds), options.steps)[0]
            error = found[form].std(ddof=1) / np.sqrt(options.seeds)
            betas, decay, rate = point
            print(
                f"  {form:14} {found[form].mean():.4f} ± {error:.4f}   betas {betas}, decay {decay:g}, rate {rate:g}"
                f" (of {tried})",
                flush=True,
            )
        forms = list(FORMS)
        other, sign = (found[min(two, key=lambda f: found[f].mean())] for two in (forms[:2], forms[2:]))
        gap = sign - other
        print(f"  sign - other   {gap.mean():+.4f} ± {gap.std(ddof=1) / np.sqrt(options.seeds):.4f}", flush=True)


if __name__ == "__main__":
    main()
