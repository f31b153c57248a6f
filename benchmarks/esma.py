"""Instances a second of the ESMA search (expression and signs) on one core, beside the procedure as published.

    python -m benchmarks.esma [--json] [--expressions 2000] [--published 40] [--rounds 5]

An instance is one expression of a constant with one pattern of signs; all signs share the expression's value. "one by
one" extracts the terms of every instance and looks for their recurrence; "search" is what `discover run constants/esma`
does: it asks the regular fraction first, and looks at the signs of those that have a pattern. "published" is the
procedure of arXiv 2212.09470 written out again with mpmath: depth 100, Berlekamp and Massey modulo 199, nothing shared;
at 800 digits, as its 500 are too few for 100 terms of a Bessel ratio at 1/4. Its authors' code was measured at 74 a
second. Interleaved, best of the rounds, CPU time. All three must accept the same instances. None takes a run of twos to
the end, with signs all minus, for a pattern: that is what one large quotient looks like.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from searches.constants.config import ConstantsConfig
from searches.constants.esma import scan
from searches.constants.esma.sweep import EsmaSweep

AUTHORS = 74.0
DIGITS, PRIME = 800, 199


def published(value: Any, signs: list[int], depth: int) -> list[int]:
    """Terms of the signed simple fraction of an mpmath number: a = floor(x), x = s / (x - a).

    Without the minus signs of a that follow those of s, and without the first term, as here.
    """
    import mpmath

    terms, x = [], value
    for i in range(depth + 1):
        a = int(mpmath.floor(x))
        terms.append(abs(a))
        x = signs[i % len(signs)] / (x - a)
    return terms[1:]


def massey(terms: list[int], prime: int) -> int:
    """Length of the shortest recurrence modulo a prime (Massey 1969), in plain Python."""
    now, old, length, gap, last = [1], [1], 0, 1, 1
    for i, _ in enumerate(terms):
        d = sum(c * terms[i - j] for j, c in enumerate(now[: i + 1])) % prime
        if d == 0:
            gap += 1
            continue
        factor = d * pow(last, -1, prime) % prime
        longer = now + [0] * (gap + len(old) - len(now))
        for j, c in enumerate(old):
            longer[gap + j] = (longer[gap + j] - factor * c) % prime
        if 2 * length <= i:
            old, length, gap, last = now, i + 1 - length, 1, d
        else:
            gap += 1
        now = longer
    return length


def publish(sweep: EsmaSweep, numbers: np.ndarray) -> list[int]:
    """Accepted instances of each expression, one by one as published."""
    import mpmath

    esma = sweep.config.esma
    accepted = []
    with mpmath.workdps(DIGITS):
        for n in numbers.tolist():
            constant, ratio = sweep.numbers.constant(n), sweep.numbers.ratio(n)
            count = 0
            for word, period in sweep.words.tolist():
                signs = [-1 if word >> j & 1 else 1 for j in range(period)]
                for side in (1, -1):
                    c = mpmath.mpf(constant.value(DIGITS).mid().str(DIGITS, radius=False))
                    p, q = (mpmath.polyval(list(s[::-1]), c) for s in ratio)
                    x = abs(p / q)
                    x = x if x > 1 else 1 / x
                    terms = published(side * x, signs, esma.depth)
                    run = set(map(abs, terms[esma.depth // 2 :])) == {2} and signs == [-1]
                    count += massey(terms, PRIME) <= esma.longest and not run
            accepted.append(count)
    return accepted


def one_by_one(sweep: EsmaSweep, numbers: np.ndarray) -> list[int]:
    """Accepted instances of each expression, every one extracted and tested."""
    esma, found = sweep.config.esma, np.empty(len(numbers), np.int64)

    def look(table: np.ndarray, places: np.ndarray, index: np.ndarray) -> np.ndarray:
        accepted, status = np.empty(len(places), np.int64), np.empty(len(places), np.int64)
        scan.test(table, sweep.numbers.pairs, places, sweep.words, esma.depth, esma.longest, accepted, status)
        found[index] = accepted
        return status

    sweep.numbers.rise(numbers, 2 * esma.longest + 4, look)
    return [int(x) for x in found]


def search(sweep: EsmaSweep, numbers: np.ndarray) -> list[int]:
    """Accepted instances of each expression; `numbers` is a range."""
    _, hits = sweep.scan(int(numbers[0]), int(numbers[-1]) + 1)
    found = dict(zip(hits["number"].tolist(), hits["found"][:, 0].tolist(), strict=True))
    return [found.get(n, 0) for n in numbers.tolist()]


def measure(expressions: int, few: int, rounds: int) -> dict[str, Any]:
    """Rates and whether all agree. The expressions are the first of evenly spread constants, decoys included; not of
    algebraic ones, of which the search leaves out those that are periodic."""
    sweep = EsmaSweep(ConstantsConfig(method="esma"))
    instances = 2 * len(sweep.words)
    size = len(sweep.numbers.pairs)
    constants = [i for i, c in enumerate(sweep.numbers.constants) if not c.degree]
    blocks = max(1, expressions // 500)
    starts = [constants[i * len(constants) // blocks] * size for i in range(blocks)]
    many = [np.arange(s, s + min(500, size)) for s in starts]
    small = [np.arange(s, s + max(1, few // blocks)) for s in starts]
    ways: dict[str, tuple[Callable[[EsmaSweep, np.ndarray], list[int]], list[np.ndarray]]] = {
        "published": (publish, small),
        "one by one": (one_by_one, many),
        "search": (search, many),
    }
    best = dict.fromkeys(ways, float("inf"))
    results: dict[str, list[list[int]]] = {}
    for round_ in range(rounds + 1):  # the first compiles, and works the constants out
        for name, (way, parts) in ways.items():
            if name == "published" and round_ > 2:
                continue
            start = time.process_time()
            results[name] = [way(sweep, part) for part in parts]
            if round_:
                best[name] = min(best[name], time.process_time() - start)
    agree = results["one by one"] == results["search"]
    agree &= all(a == b[: len(a)] for a, b in zip(results["published"], results["search"], strict=True))
    rates = {name: instances * sum(map(len, ways[name][1])) / best[name] for name in ways}
    return {
        "instances": {name: instances * sum(map(len, ways[name][1])) for name in ways},
        "accepted": {name: sum(map(sum, found)) for name, found in results.items()},
        "instances_per_second": rates,
        "against_authors_code": {name: rate / AUTHORS for name, rate in rates.items()},
        "agree": agree,
    }


def text(found: dict[str, Any]) -> str:
    """A table."""
    lines = [f"{'':12}{'instances':>12}{'accepted':>10}{'a second':>14}{'/ authors, 74':>15}"]
    for name, rate in found["instances_per_second"].items():
        lines.append(
            f"{name:12}{found['instances'][name]:>12,}{found['accepted'][name]:>10,}{rate:>14,.0f}"
            f"{found['against_authors_code'][name]:>14,.0f}x"
        )
    lines.append("all accept the same" if found["agree"] else "THEY DISAGREE")
    return "\n".join(lines)


def main() -> None:
    """Print the table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expressions", type=int, default=5000)
    parser.add_argument("--published", type=int, default=40, help="expressions of the published procedure")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.expressions, options.published, options.rounds)
    print(json.dumps(found) if options.json else text(found))


if __name__ == "__main__":
    main()
