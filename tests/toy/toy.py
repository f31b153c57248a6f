"""The smallest search: what a stranger's package must offer. Its score is cheap; `mode` makes it misbehave."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Literal

import multiprocess as mp
import numpy as np
from pydantic import BaseModel, ConfigDict

from discover.problem import Descriptor, Find, Objective, Problem
from discover.registry import Search
from primitives.packed import Packed, Shape
from primitives.program import Instruction, Program, Signature
from primitives.table import ARITHMETIC


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: Literal["plain", "kill", "kill_once", "raise"] = "plain"
    width: float = 1.0
    folder: str = ""


class Toy(Problem):
    """Minimise the distance between a program's value at x = 0.5 and `width`."""

    primitives = ARITHMETIC
    signature = Signature(("x",), ("y",))
    shape = Shape(1, 1, 8, 4)
    objectives = (Objective("operations"), Objective("error"))
    descriptors = (Descriptor("operations", 0, 8),)
    warm_start = (Program(signature, (Instruction("add", (0, -1)),), (1.0,), (1,)),)
    baseline = warm_start
    probes = np.linspace(0.1, 0.9, 16)[None]
    keep_raw = True
    exporters = {"text": lambda find, provenance: f"{provenance['search']} {dict(find.objectives)}\n"}

    def __init__(self, config: Config) -> None:
        self.config = config

    def check(self, batch: Packed) -> np.ndarray:
        return batch.length > 0

    def describe(self, batch: Packed) -> np.ndarray:
        return batch.length[:, None].astype(np.int64)

    def evaluate(self, stage: int, batch: Packed, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.config.mode == "raise":
            raise ZeroDivisionError("the toy breaks")
        if self.config.mode == "kill_once":
            flag = Path(self.config.folder, "killed")
            if not flag.exists():
                flag.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if self.config.mode == "kill" and mp.parent_process() is not None and (keys % np.uint64(10) == 7).any():
            os._exit(3)
        rows = zip(batch.code, batch.length, batch.const, strict=True)
        with np.errstate(all="ignore"):
            value = [self._value(code, n, const) for code, n, const in rows]
        error = np.abs(np.array(value) - self.config.width)
        return np.stack([batch.length.astype(float), error], 1), batch.const.copy()

    def _value(self, code: np.ndarray, length: int, const: np.ndarray) -> float:
        values = [np.float64(0.5)]
        for op, *args in code[:length].tolist():
            a, b = (values[v] if v >= 0 else const[-1 - v] for v in args[:2])
            values.append([a + b, a - b, a * b, a / b][op])
        return float(values[-1])

    def measure(self, program: Program) -> dict[str, float]:
        from primitives.packed import pack

        score, _ = self.evaluate(0, pack([program], ARITHMETIC, self.shape), np.zeros(1, np.uint64))
        return {o.name: float(s) for o, s in zip(self.objectives, score[0], strict=True)}

    def explain(self, find: Find) -> list[tuple[str, str]]:
        assert find.raw is not None
        return [("how it came", f"{len(find.raw.instructions)} operations\nwere bred")]

    def finish(self, finds: list[Find], each: object) -> list[Find]:
        return list(finds)


SEARCH = Search("toy", "a toy", Path(__file__).parent, Config, Toy)
