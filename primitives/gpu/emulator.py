"""Run compiled kernels without a GPU: an emulator of the PTX that NVVM made of them, on NumPy arrays.

Numba's simulator runs a kernel's Python source. This runs what was compiled, so a test with it shows, on any machine,
that control flow, addresses, predicates, conversions and barriers of the compiled kernel are right, and gives every
float to the bit, each operation rounded once as IEEE 754 has it. Every access to memory is checked. One outside of what
was given, misaligned, or into another space raises EmulatorError, which names the kernel, the line and the address; so
does a race in shared memory: between two barriers, a byte that one thread writes and another one reads or writes.
Shared and local memory that nobody wrote holds NaN.

It does not show how fast a kernel is; races in global memory (threads of a block run in step, blocks one after the
other); the payload and sign of a NaN; nor what the assembler and the chip make of the PTX.

    compiled = compile_for(kernel, (float32[::1], float32[::1]), (8, 0))
    Emulator(compiled).launch(grid, block, (out, x))

Threads of a block are lanes of NumPy arrays. Where they part, those in the first block of the code run until they meet
the others again. No package on the index runs PTX; `ptoxide` in Rust does some of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from primitives.gpu.compile import Compiled
from primitives.gpu.emulator_code import Block, Code
from primitives.gpu.emulator_memory import POISON, Memory, MemoryFault, Region, place, region_of
from primitives.gpu.emulator_slots import Slots
from primitives.gpu.emulator_steps import storage
from primitives.gpu.emulator_text import Instruction, Module, parse


class EmulatorError(Exception):
    """What a kernel did wrong, and where: its name, the line of the PTX, the instruction."""


class Emulator:
    """A compiled kernel, to be launched on NumPy arrays. Raises NotImplementedError for PTX that it does not know."""

    def __init__(self, compiled: Compiled) -> None:
        self.name = compiled.name
        self.module: Module = parse(compiled.ptx)
        self.memory = Memory()
        addresses: dict[str, int] = {}
        self._dynamic = [v.name for v in self.module.variables.values() if v.space == "shared" and not v.size]
        for space in ("shared", "const", "local", "global"):
            fixed = [v for v in self.module.variables.values() if v.space == space and v.name not in self._dynamic]
            addresses |= place(space, [(v.name, v.size, v.align) for v in fixed])
        self._dynamic_at = max((a + 65536 for n, a in addresses.items() if self.module.variables[n].space == "shared"),
                               default=place("shared", [("", 0, 256)])[""])  # fmt: skip
        addresses |= dict.fromkeys(self._dynamic, self._dynamic_at)
        self._addresses = addresses
        self._slots = Slots(addresses, self.memory)
        self.code = Code(self.module, self.name, self._slots)
        self._templates: dict[int, list[Any]] = {}

    def launch(
        self,
        grid: int | tuple[int, ...],
        block: int | tuple[int, ...],
        arguments: Sequence[Any],
        dynamic_shared: int = 0,
        reachable: Sequence[np.ndarray] = (),
    ) -> None:
        """Run all blocks, one after the other; arrays are written in place.

        `arguments` are NumPy arrays, scalars, and tuples of them, as Numba's launch takes them; `reachable` are arrays
        that the kernel may get at by their addresses. Raises EmulatorError, and ValueError where the arguments are not
        the kernel's.
        """
        grid, block = _three(grid), _three(block)
        threads = int(np.prod(block))
        values, arrays = _flatten(arguments)
        if len(values) != len(self.code.inputs):
            raise ValueError(f"{self.name} takes {len(self.code.inputs)} parameters, not {len(values)}")
        slots = list(self._template(threads))
        for slot, value in zip(self.code.inputs, values, strict=True):
            kind = self._slots.kinds[slot]
            if kind[0] != "f" and isinstance(value, (float, np.floating)):
                raise ValueError(f"{self.name}: {value} for a parameter of type {kind}")
            slots[slot] = np.full(threads, np.array(value).astype(storage(kind)))
        z, y, x = np.unravel_index(np.arange(threads), block[::-1])
        for axis, tid, ntid, nctaid in zip("xyz", (x, y, z), block, grid, strict=True):
            for name, number in (("tid", tid), ("ntid", ntid), ("nctaid", nctaid)):
                self._special(slots, f"%{name}.{axis}", number)
        self._special(slots, "%laneid", np.arange(threads) % 32)
        self._special(slots, "%warpid", np.arange(threads) // 32)
        self._special(slots, "%dynamic_smem_size", dynamic_shared)
        outside = [region_of(f"argument {k}", array) for k, array in enumerate(arrays)]
        outside += [region_of(f"array {k}", array) for k, array in enumerate(reachable)]
        variables = self.module.variables.values()
        fixed = [self._region(v.name, threads) for v in variables if v.space in ("const", "global")]
        local = [v.name for v in variables if v.space in ("shared", "local") and v.size]
        own = [self._region(name, threads) for name in local]
        if self._dynamic:
            own.append(_of_block("dynamic shared memory", "shared", self._dynamic_at, dynamic_shared))
        self.memory.reset([*own, *outside, *fixed])
        with np.errstate(all="ignore"):
            for place_z, place_y, place_x in product(*map(range, grid[::-1])):
                for axis, number in zip("xyz", (place_x, place_y, place_z), strict=True):
                    self._special(slots, f"%ctaid.{axis}", number)
                for region in own:
                    region.data.fill(POISON)
                self.memory.meet()
                self._run(list(slots), threads)

    def _template(self, threads: int) -> list[Any]:
        """Slots of registers that nobody wrote, and of literals."""
        if threads not in self._templates:
            kinds = self._slots.kinds
            blank = {dtype: np.full(threads, POISON, np.uint8).repeat(dtype.itemsize).view(dtype) if dtype.kind != "b"
                     else np.zeros(threads, bool) for dtype in map(storage, set(kinds))}  # fmt: skip
            slots = [blank[storage(kind)] for kind in kinds]
            for slot, value in self._slots.literals:
                slots[slot] = np.full(threads, value)
            self._templates[threads] = slots
        return self._templates[threads]

    def _special(self, slots: list[Any], name: str, values: Any) -> None:
        slot = self._slots.slot(name)
        slots[slot] = np.broadcast_to(np.asarray(values, np.int32), len(slots[slot])).copy()

    def _region(self, name: str, threads: int) -> Region:
        """The memory of a variable, as it is at the start."""
        variable = self.module.variables[name]
        address = self._addresses[name]
        if variable.space == "shared":
            return _of_block(name, "shared", address, variable.size)
        if variable.space == "local":
            stride = -(-variable.size // 16) * 16
            return _of_block(name, "local", address, variable.size, stride, threads)
        data = np.zeros(variable.size, np.uint8)
        data[: len(variable.data)] = np.frombuffer(variable.data, np.uint8)
        return Region(name, variable.space, address, variable.size, data, writable=variable.space == "global")

    def _run(self, slots: list[Any], threads: int) -> None:
        """One block of threads, from the first instruction until all have left."""
        every = np.ones(threads, bool)
        ready = {self.code.entry: every}  # the lanes that are about to run a block
        waiting: list[tuple[int, int, np.ndarray]] = []  # barrier, block after it, lanes
        while ready or waiting:
            if not ready:
                if len({barrier for barrier, _, _ in waiting}) > 1:
                    raise EmulatorError(f"{self.name}: threads wait at different barriers for ever")
                self.memory.meet()
                for _, after, lanes in waiting:
                    ready[after] = ready[after] | lanes if after in ready else lanes
                waiting.clear()
            number = min(ready)
            lanes = ready.pop(number)
            alone = not ready and not waiting
            while True:
                block = self.code.blocks[number]
                self.memory.active = lanes
                self._steps(block, slots, None if alone else lanes)
                if block.end[0] == "barrier":
                    waiting.append((*block.end[1:], lanes))
                    break
                following = self._after(block, number, slots, lanes)
                if len(following) == 1 and alone:
                    ((number, lanes),) = following
                    continue
                for number, lanes in following:
                    ready[number] = ready[number] | lanes if number in ready else lanes
                break

    def _steps(self, block: Block, slots: list[Any], lanes: np.ndarray | None) -> None:
        """All steps; they change the values of these lanes, or of all if no others are left."""
        step = None
        try:
            for step in block.steps:
                to, value = step.to, step.compute(slots)
                if type(to) is int:
                    slots[to] = value if lanes is None else np.where(lanes, value, slots[to])
                else:
                    for part, one in zip(to, value or (), strict=True):  # type: ignore[arg-type]
                        slots[part] = one if lanes is None else np.where(lanes, one, slots[part])
        except MemoryFault as fault:
            raise self._error(str(fault), step.instruction) from None  # type: ignore[union-attr]

    def _error(self, what: str, at: Instruction) -> EmulatorError:
        return EmulatorError(f"{self.name}: PTX line {at.line}: {' '.join(at.text.split())}: {what}")

    def _after(self, block: Block, number: int, slots: list[Any], lanes: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """The blocks that the lanes go to."""
        kind, *rest = block.end
        if kind == "branch":
            slot, wanted, target, following = rest
            taken = lanes & slots[slot] if wanted else lanes & ~slots[slot]
            n = np.count_nonzero(taken)
            if not n:
                return [(following, lanes)]
            left = lanes & ~taken
            return [(target, taken), (following, left)] if left.any() else [(target, lanes)]
        if kind == "jump":
            return [(rest[0], lanes)]
        if kind == "exit":
            return []
        if kind == "call":
            entry, slot, following = rest
            slots[slot] = np.where(lanes, following, slots[slot])
            return [(entry, lanes)]
        if kind == "return":
            return _parted(slots[rest[0]], lanes)
        if kind == "index":
            slot, targets, at = rest
            chosen = slots[slot]
            if (chosen[lanes].view(np.uint32) >= len(targets)).any():
                raise self._error(f"index {chosen[lanes].tolist()} beyond the table", at)
            return _parted(targets[np.clip(chosen, 0, len(targets) - 1)], lanes)
        raise self._error("reached", rest[0])


def _parted(blocks: np.ndarray, lanes: np.ndarray) -> list[tuple[int, np.ndarray]]:
    return [(int(number), lanes & (blocks == number)) for number in np.unique(blocks[lanes])]


def _of_block(name: str, space: str, address: int, size: int, stride: int = 0, threads: int = 1) -> Region:
    """Memory of a block."""
    data = np.empty(stride * threads or -(-size // 16) * 16, np.uint8)
    seen = np.empty((2, size), np.int16) if space == "shared" else None
    return Region(name, space, address, size, data, stride, seen=seen)


def _three(shape: int | tuple[int, ...]) -> tuple[int, int, int]:
    x, y, z = (*(shape if isinstance(shape, tuple) else (shape,)), 1, 1)[:3]
    return int(x), int(y), int(z)


def _flatten(arguments: Any) -> tuple[list[Any], list[np.ndarray]]:
    """Parameters in Numba's order, and the arrays. One is meminfo, parent, items, their size, data, shape, strides."""
    values: list[Any] = []
    arrays: list[np.ndarray] = []
    for argument in arguments:
        if isinstance(argument, tuple):
            inner, more = _flatten(argument)
            values += inner
            arrays += more
        elif isinstance(argument, np.ndarray):
            arrays.append(argument)
            values += [0, 0, argument.size, argument.itemsize, argument.ctypes.data, *argument.shape, *argument.strides]
        else:
            values.append(argument)
    return values, arrays
