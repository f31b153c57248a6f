"""Continued fractions a second at depth 1000, to 14, 31 and 57 digits: our kernels beside four libraries, on one core.

    python -m benchmarks.fractions [--json] [--rounds 5] [--box]

The fractions are random, degrees (1, 2), coefficients -9..9, of those that gain at least 0.08 digits a term (so that
1000 terms are enough for all without acceleration). The peers run the backward recurrence from depth 1000 in their own
floating point or balls, at the precision of the column (arb rigorously), their integers a(n), b(n) made beforehand and
not timed; ramanujantools multiplies exact matrices (`PCF.limit`; making the PCF is not timed, and
each turn asks for a new depth of a little over 1000, because it remembers). Ours include all
work: `convergents` is the plain recurrence with a bound on rounding; `first_pass` compares two depths, told by the
tail's series and agreement how deep to go; `doubledouble` and `limbs` run depths 667 and 1000 and compare them.

The engines take turns, round by round, in one process pinned to one core, and CPU time counts. A ratio is the median
over rounds of (peer's time a fraction / our time a fraction in the same round). Before anything is timed, values of all
engines are compared with balls of arb at 80 digits. --box adds the whole box of NeurIPS 2024 (arXiv 2412.16818):
1,768,900 fractions of degrees <= 2, coefficients -5..5.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import flint
import mpmath
import numpy as np
from flint import arb, fmpq

from benchmarks.evaluators import machine
from searches.constants import evaluate
from searches.constants.evaluate import Kind
from searches.constants.fraction import Fraction

PACKAGES = ("numba", "python-flint", "mpmath", "gmpy2", "ramanujantools")

DEPTH = 1000
DIGITS = (14, 31, 57)
OURS = {14: ("first_pass", "convergents"), 31: ("doubledouble",), 57: ("limbs",)}
MANY, FEW = 16_384, 24  # fractions of a turn: ours, peers'
GAIN = 0.08
Engine = Callable[[], list[Any]]


def fractions(total: int, seed: int = 2026) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients int64[total, 2], int64[total, 3]."""
    rng = np.random.default_rng(seed)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    while len(kept) < total:
        a, b = rng.integers(-9, 10, 2), rng.integers(-9, 10, 3)
        digits, kind = evaluate.rate(Fraction.of(a, b))
        if kind == "exponential" and digits >= GAIN:
            kept.append((a, b))
    return np.array([a for a, _ in kept]), np.array([b for _, b in kept])


def _integers(a: np.ndarray, b: np.ndarray) -> tuple[list[int], list[int]]:
    """a(0..N), b(0..N) as Python integers."""
    fraction = Fraction.of(a.tolist(), b.tolist())
    terms = [fraction.term(j) for j in range(DEPTH + 1)]
    return [x for x, _ in terms], [y for _, y in terms]


def _backward(a: list[int], b: list[int], f: Any) -> Any:
    for j in range(DEPTH - 1, -1, -1):
        f = a[j] + b[j + 1] / f
    return f


def peers(digits: int, terms: list[tuple[list[int], list[int]]], pcfs: list[Any]) -> dict[str, Engine]:
    """name -> values of all these fractions, in the peer's own type."""
    bits = max(53, math.ceil(digits * math.log2(10)) + 12)
    found: dict[str, Engine] = {}

    def with_mpmath() -> list[Any]:
        with mpmath.workprec(bits):
            return [_backward(a, b, mpmath.mpf(a[DEPTH])) for a, b in terms]

    def with_arb() -> list[Any]:
        flint.ctx.prec = bits + 12
        return [_backward(a, b, arb(a[DEPTH])) for a, b in terms]

    found["mpmath"], found["arb"] = with_mpmath, with_arb
    try:
        import gmpy2
    except ImportError:
        pass
    else:

        def with_gmpy2() -> list[Any]:
            with gmpy2.context(precision=bits):
                return [_backward(a, b, gmpy2.mpfr(a[DEPTH])) for a, b in terms]

        found["gmpy2"] = with_gmpy2
    if pcfs:
        turn = count()
        # it remembers limits: every turn asks for another depth

        def with_ramanujantools() -> list[Any]:
            depth = DEPTH + digits + next(turn) * len(DIGITS)
            return [pcf.limit(depth).as_rational() for pcf in pcfs]

        found["ramanujantools"] = with_ramanujantools
    return found


def ours(a: np.ndarray, b: np.ndarray) -> dict[str, Callable[[], Any]]:
    """name -> the kernel's own result on all these fractions."""
    return {
        "first_pass": lambda: evaluate.first_pass(a, b, DEPTH),
        "convergents": lambda: evaluate.convergents(a, b, DEPTH),
        "doubledouble": lambda: evaluate.doubledouble(a, b, DEPTH),
        "limbs": lambda: evaluate.limbs(a, b, DEPTH, 4),
    }


def as_ball(x: Any) -> arb:
    """Any engine's number, exactly."""
    if isinstance(x, arb):
        return x.mid()
    if isinstance(x, float):
        return arb(x)
    if isinstance(x, mpmath.mpf):
        sign, mantissa, exponent, _ = x._mpf_
        return arb(-int(mantissa) if sign else int(mantissa)) * arb(2) ** int(exponent)
    if hasattr(x, "as_integer_ratio"):
        p, q = x.as_integer_ratio()
        return arb(int(p)) / int(q)
    return arb(fmpq(int(x.p), int(x.q))) if hasattr(x, "p") else arb(fmpq(int(x[0]), int(x[1])))


def agreement(values: list[Any], truth: list[arb]) -> float:
    """The fewest digits to which any value agrees."""
    worst = 99.0
    for x, y in zip(values, truth, strict=False):
        error = abs(as_ball(x) - y) / abs(y)
        upper = float(error.upper().mid()) if not error.is_zero() else 0.0
        worst = min(worst, -math.log10(upper) if upper > 0 else 99.0)
    return worst


def our_values(name: str, result: Any, total: int) -> list[Any]:
    """The first values of a kernel's result, exactly."""
    if name == "first_pass":
        return [float(x) for x in result.value[:total]]
    if name == "convergents":
        return [float(x) for x in result[:total]]
    if name == "doubledouble":
        return [arb(float(result.high[i])) + float(result.low[i]) for i in range(total)]
    return [arb(fmpq(*result.quotient(i))) for i in range(total)]


def ramanujantools_pcfs(a: np.ndarray, b: np.ndarray) -> list[Any]:
    """The first four fractions as its PCFs; none if it is not installed."""
    try:
        from ramanujantools.pcf import PCF
    except ImportError:
        return []
    import sympy

    n = sympy.Symbol("n")
    made = []
    for p, q in zip(a[:2].tolist(), b[:2].tolist(), strict=True):
        made.append(PCF(sum(c * n**k for k, c in enumerate(p)), sum(c * n**k for k, c in enumerate(q))))
    return made


def measure(rounds: int) -> dict[str, Any]:
    """Per number of digits and engine: fractions a second, digits agreed, peers' time over ours."""
    a, b = fractions(MANY)
    terms = [_integers(x, y) for x, y in zip(a[:FEW], b[:FEW], strict=True)]
    pcfs = ramanujantools_pcfs(a, b)
    kernels = ours(a, b)
    truth = [evaluate.high(Fraction.of(x.tolist(), y.tolist()), 80).ball for x, y in zip(a[:FEW], b[:FEW], strict=True)]
    results: dict[str, Any] = {}
    for digits in DIGITS:
        engines: dict[str, Callable[[], Any]] = {name: kernels[name] for name in OURS[digits]}
        engines |= peers(digits, terms, pcfs)
        checks, times, sizes = {}, {name: [] for name in engines}, {}  # type: ignore[var-annotated]
        for name, engine in engines.items():
            found = engine()
            flint.ctx.prec = 400
            mine = name in OURS[digits]
            checks[name] = agreement(our_values(name, found, FEW) if mine else found, truth)
            sizes[name] = MANY if mine else len(found)
        for _ in range(rounds):
            for name, engine in engines.items():
                began = time.process_time()
                engine()
                times[name].append((time.process_time() - began) / sizes[name])
        flint.ctx.prec = 53
        for first in OURS[digits]:
            ratios = {
                name: float(np.median(np.divide(t, times[first]))) for name, t in times.items() if name not in kernels
            }
            results.setdefault(str(digits), {})[first] = {"per_s": 1 / float(np.median(times[first]))} | {
                "digits": checks[first],
                "ratios": ratios,
            }
        for name in engines:
            if name not in kernels:
                results[str(digits)][name] = {"per_s": 1 / float(np.median(times[name])), "digits": checks[name]}
    return results


def box(rounds: int) -> dict[str, Any]:
    """Seconds for the whole box, and how many of each kind."""
    side = np.array(np.meshgrid(*[np.arange(-5, 6)] * 3, indexing="ij")).reshape(3, -1).T.astype(np.int64)
    side = side[side.any(axis=1)]
    a, b = np.repeat(side, len(side), axis=0), np.tile(side, (len(side), 1))
    evaluate.first_pass(a[:64], b[:64], DEPTH)
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        found = evaluate.first_pass(a, b, DEPTH)
        seconds.append(time.process_time() - began)
    kinds = {kind.name: int((found.kind == kind).sum()) for kind in Kind}
    known = found.digits[found.kind == Kind.CONVERGES]
    return {
        "fractions": len(a),
        "seconds": float(np.median(seconds)),
        "kinds": kinds,
        "digits": {
            "least": float(known.min()),
            "1%": float(np.quantile(known, 0.01)),
            "median": float(np.median(known)),
        },
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=5, help="turns an engine takes (default 5)")
    parser.add_argument("--box", action="store_true", help="the whole box of NeurIPS 2024 as well")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    results: dict[str, Any] = measure(options.rounds)
    if options.box:
        results["box"] = box(options.rounds)
    if options.json:
        print(json.dumps(results | {"machine": machine(*PACKAGES)}, indent=1))
        return
    for digits in map(str, DIGITS):
        print(f"{digits} digits, degrees (1, 2), depth {DEPTH}, one core: fractions/s, fewest digits agreed, ratios")
        for name, row in results[digits].items():
            ratios = "".join(f"  {peer} x{ratio:,.0f}" for peer, ratio in row.get("ratios", {}).items())
            print(f"  {name:16} {row['per_s']:12,.0f} {row['digits']:7.1f}{ratios}")
    if options.box:
        print(json.dumps(results["box"]))
    print(", ".join(f"{k} {v}" for k, v in machine(*PACKAGES).items()))


if __name__ == "__main__":
    main()
