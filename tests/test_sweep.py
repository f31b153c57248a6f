"""The exhaustive search: every candidate once, in order, whatever the workers, across kill and resume."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import BrokenExecutor, Future

import numpy as np
import pytest
from pydantic import BaseModel

from discover import spec as specs
from discover import sweep
from discover.errors import UserError
from discover.problem import Descriptor, Each, Find, Objective, Sweep
from discover.progress import Progress, line
from discover.store import Store
from discover.workers import InlineExecutor
from primitives.program import Program, Signature
from primitives.table import ARITHMETIC

SQUARES = ("squares", "{}")


class Squares(Sweep):
    """A worked example: which numbers below a thousand are squares?"""

    title = "squares"
    primitives = ARITHMETIC
    signature = Signature((), ("y",))
    objectives = (Objective("size"),)
    descriptors = (Descriptor("root", 0, 31),)
    total = 1000
    counts = ("even", "squares")
    exporters = {}

    def scan(self, start: int, stop: int) -> tuple[dict[str, int], dict[str, np.ndarray]]:
        numbers = np.arange(start, stop)
        found = numbers[np.isin(numbers, np.arange(32) ** 2)]
        return {"even": int((numbers % 2 == 0).sum()), "squares": len(found)}, {"number": found}

    def collect(self, hits: Mapping[str, np.ndarray], each: Each) -> list[Find]:
        return each("find", hits["number"].tolist())

    def find(self, n: int) -> Find:
        return Find(Program(self.signature, (), (float(n),), (-1,)), {"size": float(n)}, {"root": int(n**0.5)})

    def measure(self, program: Program) -> dict[str, float]:
        return {"size": program.constants[0]}


class Nothing(BaseModel):
    """A [problem] table without keys."""


def settings(**run) -> specs.Spec:
    chosen = {"budget": 10**9, "chunk": 7} | run
    strategy = specs.Strategy(name="exhaustive", batch=100)
    return specs.Spec("squares", "squares", "", Nothing(), strategy, specs.Run(**chosen))


def test_every_candidate_is_scanned_once_and_in_order():
    shown: list[Progress] = []
    found = sweep.sweep(Squares(), settings(), ref=SQUARES, observe=shown.append)
    assert [f.descriptors["root"] for f in found] == list(range(32))
    assert line(shown[-1]).startswith("100% generation 10/10 | 1,000 candidates")
    assert line(shown[-1]).endswith("500 even, 32 squares")


def test_the_budget_cuts_it():
    assert len(sweep.sweep(Squares(), settings(budget=101), ref=SQUARES)) == 11


class Stopped(Exception):
    pass


def stopping(generation: int):
    def observe(progress: Progress) -> None:
        if progress.generation == generation:
            raise Stopped

    return observe


def run(folder, stop: int | None = None, executor=None) -> str:
    with Store.create(folder, {"name": "squares"}) as store:
        if stop is not None:
            with pytest.raises(Stopped):
                sweep.sweep(Squares(), settings(), ref=SQUARES, store=store, observe=stopping(stop))
        found = sweep.sweep(Squares(), settings(), ref=SQUARES, store=store, executor=executor)
        store.finish(
            [{"id": "x", "program": "", "objectives": f.objectives, "descriptors": f.descriptors} for f in found]
        )
        assert len(store.finds()) == 32
        return store.digest()


def test_an_interrupted_sweep_ends_in_the_same_records(tmp_path):
    whole = run(tmp_path / "whole")
    assert [run(tmp_path / str(stop), stop) for stop in (1, 5, 10)] == [whole] * 3


class Falters(InlineExecutor):
    """Loses every task once."""

    def __init__(self):
        self.seen = set()

    def submit(self, task, /, *args, **kwargs):
        if args not in self.seen:
            self.seen.add(args)
            lost = Future()
            lost.set_exception(BrokenExecutor("its worker died"))
            return lost
        return super().submit(task, *args, **kwargs)


def test_a_task_whose_worker_died_is_tried_once_more(tmp_path):
    assert run(tmp_path / "falters", executor=Falters()) == run(tmp_path / "whole")


def test_strategy_and_search_must_fit():
    bred = settings()
    bred = specs.Spec("squares", "squares", "", Nothing(), specs.Strategy(), bred.run)
    with pytest.raises(UserError, match=r'takes only strategy\.name = "exhaustive"'):
        sweep.admit(Squares(), bred)


class Slow(Squares):
    """A box that nobody could wait for."""

    total = 10**15

    def scan(self, start, stop):
        import time

        time.sleep(0.0001)
        return {}, {}


def test_a_sweep_that_would_take_too_long_says_how_long():
    with pytest.raises(UserError, match=r"1,000,000,000,000,000 candidates would take .* years on 1 workers; make"):
        sweep.admit(Slow(), settings(budget=10**15, chunk=1000))
    sweep.admit(Squares(), settings())


def test_durations_are_told_in_words():
    assert sweep.duration(3723) == "1:02:03"
    assert sweep.duration(86400 * 2 + 1) == "2 days, 0:00:01"
    assert sweep.duration(86400 * 3650) == "10 years"
