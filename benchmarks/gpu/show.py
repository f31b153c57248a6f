"""The tables of `python -m benchmarks.cuda`, as lines of Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.gpu import sass
from benchmarks.gpu.speed import AIM, PUBLISHED


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A Markdown table."""
    lines = [list(head), *([str(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in (lines[0], ["---"] * len(head), *lines[1:])]


def kernels(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What every kernel needs."""
    head = ("kernel", "sm", "registers", "local", "shared, B", "block", "warps of 64", "limited by", "PTX", "SASS")
    title = "Kernels that small examples launch, as compiled (local: bytes a thread; PTX, SASS: instructions)"
    return [title, ""] + table(
        head,
        (
            (
                row["kernel"], "{}{}".format(*row["capability"]), row["registers"], row["local"], row["shared"],
                row["block"], row["warps"], row["limited by"], row["ptx"], row["sass"] or "-",
            )
            for row in rows
        ),
    )  # fmt: skip


def instructions(found: dict[str, Any]) -> list[str]:
    """What a node costs, and what follows from it."""
    what = "machine instructions" if sass.disassembler() else "instructions of PTX, for there is no nvdisasm"
    lines = [
        f"A node on 32 rows, in {what} of a warp, counted where the kernel runs in the emulator; and what the card "
        "could do at most (estimate, not measured: every scheduler busy in every clock, nothing waits)",
        "",
    ]
    rows = []
    for card, dtypes in found.items():
        for dtype, of in dtypes.items():
            for name, node in of["nodes"].items():
                need = [f"{node['needs'].get(p, math.nan):.1f}" for p in ("issue", *sass.PIPES)]
                rows.append((card, dtype, name, *need, f"{node['most']:.2g}", node["by"]))
    return lines + table(("card", "dtype", "node", "all", *sass.PIPES, "nodes/s at most", "limit"), rows)


def parity(found: dict[str, Any]) -> list[str]:
    """Agreement with the CPU: primitives, and programs."""
    columns = {name: found[name] for name in ("simulator", "emulated", "cuda")}
    titles = {"simulator": "simulator", "emulated": "PTX emulated", "cuda": "CUDA"}
    lines = [f"{titles[name]}: {column['error']}" for name, column in columns.items() if "error" in column]
    sizes = [f"{titles[n]} {c['size']['samples']}" for n, c in columns.items() if "size" in c]
    lines += [
        "Every primitive: error of the CPU on its domain, in units in the last place (and the bound that is declared); "
        f"and how many steps of its type the others are from the CPU, at most ({', '.join(sizes)} arguments of the "
        "domain, and half as many that are not finite, zero, huge or tiny)",
        "",
    ]
    head = ["primitive", "bound"]
    for dtype in found["cpu"]:
        head += [f"CPU, {dtype}", *titles.values()]
    rows = []
    for label, names in next(iter(found["cpu"].values())).items():
        for name, (_, bound) in names.items():
            row = [f"{label} {name}", f"{bound:g}"]
            for dtype, of in found["cpu"].items():
                row.append(f"{of[label][name][0]:.2f}")
                row += [_cell(column, dtype, label, name) for column in columns.values()]
            rows.append(row)
    lines += [*table(head, rows), "", "Random programs: how many give the CPU's bits in every row of both results", ""]
    head = ["domain", "dtype", *titles.values(), "most steps apart", "losses apart, relative"]
    rows = []
    for dtype in found["cpu"]:
        there = {name: column[dtype]["programs"] for name, column in columns.items() if dtype in column}
        for domain in next(iter(there.values()), {}):
            cells = [_share(there[name][domain]) if name in there else "no GPU here" for name in titles]
            worst = [max(of[domain][key] for of in there.values()) for key in ("distance", "loss")]
            rows.append([domain, dtype, *cells, f"{worst[0]:g}", f"{worst[1]:.1g}"])
    return lines + table(head, rows)


def _cell(column: dict[str, Any], dtype: str, label: str, name: str) -> str:
    return f"{column[dtype]['primitives'][label][name]:g}" if dtype in column else "-"


def _share(of: dict[str, float]) -> str:
    return f"{of['equal']:,} of {of['programs']:,}"


def speed(found: dict[str, Any]) -> list[str]:
    """What was timed."""
    lines = [f"Card: {found['card']}", ""]
    if isinstance(found["nodes"], list):
        head = ("dtype", "rows", "kernel, nodes/s", "call, nodes/s", "CPU, nodes/s", "kernel / CPU", "call / CPU",
                f"of EvoGP's {PUBLISHED:.0e}", f"of the aim {AIM:.0e}", "shares of the card's limits")  # fmt: skip
        rows = []
        for row in found["nodes"]:
            rate = row["nodes/s"]
            shares = ", ".join(f"{name} {share:.0%}" for name, share in row["shares"].items())
            rows.append((
                row["dtype"], f"{row['rows']:,}", *(f"{rate[name]:.3g}" for name in ("kernel", "call", "cpu")),
                f"{row['kernel / cpu']:.1f}", f"{row['call / cpu']:.1f}", f"{rate['kernel'] / PUBLISHED:.2f}",
                f"{rate['kernel'] / AIM:.2f}", shares,
            ))  # fmt: skip
        cores = found["nodes"][0]["cores"]
        lines += [f"Losses of random 20-node programs; the CPU on {cores} cores", "", *table(head, rows), ""]
    for name in ("nodes", "fractions", "trainings", "layers"):
        of = found[name]
        if name == "nodes" and isinstance(of, list):
            continue
        rows = of if isinstance(of, list) else [of]
        head = list(dict.fromkeys(key for row in rows for key in row))
        shown = [[f"{v:.4g}" if isinstance(v := row.get(key, "-"), float) else v for key in head] for row in rows]
        lines += [name.capitalize(), "", *table(head, shown), ""]
    return lines
