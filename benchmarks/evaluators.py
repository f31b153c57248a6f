"""Program evaluation on one core: our Numba evaluator beside pyoperon, NumPy and DEAP, float32.

    python -m benchmarks.evaluators [--json] [--rounds N]

Task: the values of 1,000 random trees of 20 nodes (6 of + - * /, 7 of sin exp log, 7 leaves; 4 inputs). We also reduce
them to a mean squared error, in the same pass; the peers are timed for the values alone, which favours them: pyoperon
evaluates all trees in one C++ call into a given array, DEAP's trees are compiled beforehand.

The engines take turns, round by round, in one process pinned to one core, and count CPU time, so that other work on the
machine hits all alike. A ratio is the median over rounds of (peer's time / our time in the same round). All outputs are
compared with NumPy's before anything is timed. The results called `finite` are for trees with finite values alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from primitives.evaluators.numba_cpu import NumbaEvaluator
from primitives.packed import Packed, Shape
from primitives.table import REAL

PACKAGES = ("numpy", "numba", "pyoperon", "deap")

NAMES = ("add", "sub", "mul", "div", "sin", "exp", "log")
SET = REAL.subset(*NAMES)
BINARY, UNARY, LEAVES, NODES, INPUTS = 6, 7, 7, 20, 4
BINARY_SHARES = (22 / 87, 22 / 87, 22 / 87, 21 / 87)  # + - * / as 22 : 7 of the 29 % that are binary
NUMPY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
         "sin": np.sin, "exp": np.exp, "log": np.log}  # fmt: skip

Tree = list[tuple[str, int]]  # postfix: (primitive, -1) or ("", input)


def random_tree(rng: np.random.Generator) -> Tree:
    """A uniform shape with these numbers of nodes: a shuffled postfix, rotated to where it is one (cycle lemma)."""
    arities = rng.permutation([2] * BINARY + [1] * UNARY + [0] * LEAVES)
    height = np.cumsum(1 - arities)
    start = int(np.flatnonzero(height == height.min())[-1]) + 1
    tree: Tree = []
    for arity in np.roll(arities, -start):
        if arity == 0:
            tree.append(("", int(rng.integers(INPUTS))))
        elif arity == 1:
            tree.append((str(rng.choice(NAMES[4:])), -1))
        else:
            tree.append((str(rng.choice(NAMES[:4], p=BINARY_SHARES)), -1))
    return tree


def packed(trees: list[Tree]) -> Packed:
    """Our form of the trees: one instruction per inner node, nothing shared."""
    out = Packed.empty(len(trees), Shape(INPUTS, 1, BINARY + UNARY, 1))
    for p, tree in enumerate(trees):
        stack: list[int] = []
        i = 0
        for name, leaf in tree:
            if not name:
                stack.append(leaf)
                continue
            opcode = SET.opcode(name)
            arity = SET[opcode].arity
            arguments = stack[-arity:]
            del stack[-arity:]
            out.code[p, i, 0] = opcode
            out.code[p, i, 1 : 1 + arity] = arguments
            stack.append(INPUTS + i)
            i += 1
        out.length[p] = i
        out.results[p, 0] = stack.pop()
    return out


def numpy_engine(trees: list[Tree], x: np.ndarray) -> Callable[[], np.ndarray]:
    """A stack machine of NumPy calls, each on all rows."""
    steps = [[(NUMPY[name] if name else None, leaf, name in NAMES[:4]) for name, leaf in tree] for tree in trees]
    out = np.empty((len(trees), x.shape[1]), x.dtype)

    def run() -> np.ndarray:
        for p, program in enumerate(steps):
            stack: list[Any] = []
            for function, leaf, binary in program:
                if function is None:
                    stack.append(x[leaf])
                elif binary:
                    right = stack.pop()
                    stack[-1] = function(stack[-1], right)
                else:
                    stack[-1] = function(stack[-1])
            out[p] = stack[0]
        return out

    return run


def deap_engine(trees: list[Tree], x: np.ndarray) -> Callable[[], np.ndarray]:
    """DEAP's compiled callables; compiling (an eval per tree) is not timed."""
    from deap import gp

    primitives = gp.PrimitiveSet("main", INPUTS)
    for name, function in NUMPY.items():
        primitives.addPrimitive(function, 2 if name in NAMES[:4] else 1, name=name)
    functions = []
    for tree in trees:
        stack: list[str] = []
        for name, leaf in tree:
            if not name:
                stack.append(f"ARG{leaf}")
            elif name in NAMES[:4]:
                right = stack.pop()
                stack[-1] = f"{name}({stack[-1]}, {right})"
            else:
                stack[-1] = f"{name}({stack[-1]})"
        functions.append(gp.compile(gp.PrimitiveTree.from_string(stack[0], primitives), primitives))
    out = np.empty((len(trees), x.shape[1]), x.dtype)

    def run() -> np.ndarray:
        for p, function in enumerate(functions):
            out[p] = function(*x)
        return out

    return run


def pyoperon_engine(trees: list[Tree], x: np.ndarray) -> Callable[[], np.ndarray]:
    """Operon's C++ interpreter on all trees in one call, one thread."""
    import pyoperon

    data = np.asfortranarray(x.T)  # the data set does not keep its array alive: `run` does
    dataset = pyoperon.Dataset(data)
    hashes = [v.Hash for v in sorted(dataset.Variables, key=lambda v: v.Index)]
    kinds = {name: getattr(pyoperon.NodeType, name.capitalize()) for name in NAMES}
    theirs = []
    for tree in trees:
        stack: list[list[Any]] = []
        for name, leaf in tree:
            if not name:
                node = pyoperon.Node(pyoperon.NodeType.Variable, hashes[leaf])
                node.Value = 1.0
                stack.append([node])
            elif name in NAMES[:4]:
                right = stack.pop()
                stack[-1] = right + stack[-1] + [pyoperon.Node(kinds[name])]  # the right child comes first
            else:
                stack[-1].append(pyoperon.Node(kinds[name]))
        theirs.append(pyoperon.Tree(stack[0]))
        theirs[-1].UpdateNodes()
    out = np.empty((len(trees), x.shape[1]), np.float32)
    flat, rows = out.reshape(-1), pyoperon.Range(0, len(data))

    def run() -> np.ndarray:
        pyoperon.EvaluateTrees(theirs, dataset, rows, flat, 1)
        return out

    return run


def disagreement(a: np.ndarray, b: np.ndarray) -> float:
    """Share of programs [P, N] whose outputs differ: more than 1 % of rows off by more than a part in 1,000.

    In float32 sines of large numbers differ for any two libraries: pyoperon and we differ from NumPy about as often.
    """
    with np.errstate(all="ignore"):
        close = np.isclose(a, b, rtol=1e-3, atol=1e-3, equal_nan=True)
    return float(np.mean(close.mean(axis=1) < 0.99))


def measure(rows: int, rounds: int, n_trees: int = 1000, finite: bool = False) -> dict[str, Any]:
    """Ratios of the peers at this number of rows, and our speed in 1e9 nodes x rows a second.

    Most random trees overflow or leave log's domain in some row; `finite` takes only such as do not.
    """
    rng = np.random.default_rng(2026)
    trees = [random_tree(rng) for _ in range(n_trees)]
    x = rng.normal(size=(INPUTS, rows)).astype(np.float32)
    target = rng.normal(size=rows).astype(np.float32)
    ours = NumbaEvaluator(SET, "float32")
    if finite:
        drawn, trees = trees, []
        while len(trees) < n_trees:
            fits = np.isfinite(ours.loss(packed(drawn), x, target))
            trees += [tree for tree, fit in zip(drawn, fits, strict=True) if fit]
            drawn = [random_tree(rng) for _ in range(n_trees)]
        trees = trees[:n_trees]
    programs = packed(trees)
    engines: dict[str, Callable[[], np.ndarray]] = {}
    notes: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        truth = numpy_engine(trees, x)().copy()
        for name, build in {"pyoperon": pyoperon_engine, "numpy": numpy_engine, "deap": deap_engine}.items():
            try:
                engines[name] = build(trees, x)
            except ImportError:
                continue
            notes[f"{name}_disagreement"] = disagreement(engines[name](), truth)
        notes["ours_disagreement"] = disagreement(ours.outputs(programs, x)[:, 0], truth)
        engines["ours"] = lambda: ours.loss(programs, x, target)
        engines["ours_outputs"] = lambda: ours.outputs(programs, x)
        for name in ("ours", "ours_outputs"):
            engines[name]()
        notes["finite_share"] = float(np.isfinite(engines["ours"]()).mean())
        repeats = {name: 1 for name in engines} | {"ours": 3, "ours_outputs": 3}
        times: dict[str, list[float]] = {name: [] for name in engines}
        for _ in range(rounds):
            for name, engine in engines.items():
                began = time.process_time()
                for _ in range(repeats[name]):
                    engine()
                times[name].append((time.process_time() - began) / repeats[name])
    work = n_trees * NODES * rows / 1e9
    ratios = {n: float(np.median(np.divide(t, times["ours"]))) for n, t in times.items() if n != "ours"}
    return ratios | {"gnodes_per_s": {n: work / float(np.median(t)) for n, t in times.items()}} | {"checks": notes}


def machine(*packages: str) -> dict[str, str]:
    """Processor, and versions of Python and of packages."""
    found = {"processor": platform.processor() or platform.machine(), "python": platform.python_version()}
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        found["processor"] = names[0] if names else found["processor"]
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON: rows -> peer -> (peer's time / ours)")
    parser.add_argument("--rounds", type=int, default=15, help="turns an engine takes (default 15)")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    results: dict[str, Any] = {str(rows): measure(rows, options.rounds) for rows in (1000, 64)}
    results |= {f"{rows} finite": measure(rows, options.rounds, finite=True) for rows in (1000, 64)}
    if options.json:
        print(json.dumps(results | {"machine": machine(*PACKAGES)}, indent=1))
        return
    for rows, result in results.items():
        note = rows.replace(" ", " rows, ") if " " in rows else f"{rows} rows"
        print(f"{note}, 20 nodes, float32, one core" + " " * 8 + "Gnode/s   time / ours (loss fused)")
        for name, speed in result["gnodes_per_s"].items():
            print(f"  {name:40} {speed:8.3f}   {result.get(name, 1.0):6.2f}")
        print("  checks: " + ", ".join(f"{k} {v:.3f}" for k, v in result["checks"].items()))
    print(", ".join(f"{k} {v}" for k, v in machine(*PACKAGES).items()))


if __name__ == "__main__":
    main()
