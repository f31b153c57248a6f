"""GPU code on the emulated device, watched: which kernels it launches, and how often each line of their PTX runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.gpu.limits import WARP
from primitives.gpu import emulator_device
from primitives.gpu.compile import Compiled
from primitives.gpu.devices import Device
from primitives.gpu.emulator import Emulator

_CONTROL = ("bra", "brx", "bar", "barrier", "call", "ret", "exit")


class Watched(Emulator):
    """An emulator that remembers its launches.

    block   threads
    shared  bytes of shared memory of a block beyond the compiled kernel's own, the most that a launch asked for
    hits    line of the PTX -> how many warps ran it, in all launches; where that was asked for
    """

    made: list[Watched]
    counts: bool

    def __init__(self, compiled: Compiled) -> None:
        super().__init__(compiled)
        self.compiled, self.block, self.shared, self.hits = compiled, 0, 0, Counter[int]()
        self.made.append(self)
        if self.counts:
            self._count()

    @property
    def function(self) -> str:
        """The name of the kernel's function, in its mangled one: lengths and names."""
        text, found = self.name.removeprefix("_ZN"), ""
        while match := re.match(r"\d+", text):
            end = match.end() + int(match.group())
            found, text = text[match.end() : end], text[end:]
        return found

    def launch(self, grid: Any, block: Any, arguments: Any, dynamic_shared: int = 0, *more: Any) -> None:
        """See `Emulator.launch`."""
        self.block, self.shared = int(np.prod(block)), max(self.shared, dynamic_shared)
        super().launch(grid, block, arguments, dynamic_shared, *more)

    def _count(self) -> None:
        """Let every block of the code add the warps that run it to its lines."""
        from primitives.gpu.emulator_code import Step

        body = sorted((i for f in self.module.functions.values() for i in f.body), key=lambda i: i.line)
        following = {i.line: after for i, after in pairwise(body)}
        for block in self.code.blocks:
            if not block.steps:
                continue
            lines = list(dict.fromkeys(step.instruction.line for step in block.steps))
            after = following.get(max(lines))
            if after is not None and after.opcode.split(".")[0] in _CONTROL:
                lines.append(after.line)

            def compute(slots: Any, lines: list[int] = lines) -> tuple[()]:
                active = self.memory.active
                warps = np.count_nonzero(np.add.reduceat(active, np.arange(0, len(active), WARP)))
                self.hits.update(dict.fromkeys(lines, int(warps)))
                return ()

            block.steps.insert(0, Step((), compute, block.steps[0].instruction))


@contextmanager
def watched(capability: tuple[int, int], count: bool = False) -> Iterator[tuple[Device, list[Watched]]]:
    """An emulated GPU of this capability, and the kernels that were launched on it so far."""
    kind = type("_Watched", (Watched,), {"made": [], "counts": count})
    changes = {"Emulator": kind, "_emulators": {}, "_CAPABILITY": capability}
    with patch.multiple(emulator_device, **changes), emulator_device.emulated_gpu() as device:
        yield device, kind.made
