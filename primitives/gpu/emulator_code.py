"""PTX functions made ready to run: blocks of steps, and what comes after each. For `emulator`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from primitives.gpu.emulator_slots import Slots, Step, copied
from primitives.gpu.emulator_steps import Steps
from primitives.gpu.emulator_text import Function, Instruction, Module, unsupported

_CONTROL = ("bra", "brx", "ret", "exit", "trap", "bar", "barrier", "call")


@dataclass
class Block:
    """Straight-line code, and what comes after it: a kind and its arguments (see `emulator`)."""

    steps: list[Step] = field(default_factory=list)
    end: tuple[Any, ...] = ("exit",)


class Code:
    """A kernel with all functions that it calls.

    blocks  a called function's come before its callers', since threads in the first block that has any run first
    entry   the block that the kernel starts with
    inputs  slots of the kernel's parameters
    """

    def __init__(self, module: Module, name: str, slots: Slots) -> None:
        self.module, self.slots = module, slots
        self.blocks: list[Block] = []
        self._entries: dict[str, int] = {}
        self._pending: list[str] = []
        self.inputs = [slots.slot(f"{name} {p}+0", kind) for p, kind in module.functions[name].inputs]
        self.entry = self._write(module.functions[name])

    def _write(self, function: Function) -> int:
        """Append the blocks of a function after those of what it calls; its first block."""
        if function.name in self._pending:
            raise NotImplementedError(f"{function.name} calls itself: not emulated")
        self._pending.append(function.name)
        for instruction in function.body:
            if instruction.opcode.startswith("call"):
                callee = call(instruction)[0]
                if callee in self.module.functions and callee not in self._entries:
                    self._write(self.module.functions[callee])
        self._pending.pop()
        first = self._entries[function.name] = len(self.blocks)
        self.blocks += _Blocks(self, function, first).blocks
        return first

    def entry_of(self, function: str) -> int:
        """The first block of a function that has been written."""
        return self._entries[function]


def call(instruction: Instruction) -> tuple[str, list[str], list[str]]:
    """The function that is called, the names of the results and of the arguments."""
    parts = list(instruction.operands)
    lists = [[n.strip() for n in p.strip("()").split(",") if n.strip()] for p in parts if p.startswith("(")]
    (callee,) = (p for p in parts if not p.startswith("("))
    results = lists.pop(0) if parts[0].startswith("(") else []
    return callee, results, lists[0] if lists else []


def _unguarded(function: Function) -> Function:
    """The same with guards on branches only: a guarded instruction is one that a branch leaves out."""
    body: list[Instruction] = []
    starts = {at: [name for name, a in function.labels.items() if a == at] for at in function.labels.values()}
    labels: dict[str, int] = {}
    for number, instruction in enumerate([*function.body, Instruction(0, "ret", None, "ret", ())]):
        labels |= dict.fromkeys(starts.get(number, ()), len(body))
        if instruction.guard is not None and not instruction.opcode.startswith("bra"):
            name, wanted = instruction.guard
            body.append(replace(instruction, guard=(name, not wanted), opcode="bra", operands=(f"over {number}",)))
            instruction = replace(instruction, guard=None)
            labels[f"over {number}"] = len(body) + 1
        body.append(instruction)
    return replace(function, body=body, labels=labels)


class _Blocks:
    """Makes the blocks of one function."""

    def __init__(self, code: Code, function: Function, first: int) -> None:
        self.code, self.function = code, _unguarded(function)
        self.steps = Steps(code.slots, self.function)
        body = self.function.body
        after = (n + 1 for n, i in enumerate(body) if i.opcode.split(".")[0] in _CONTROL)
        starts = sorted({0, *self.function.labels.values(), *after} - {len(body)})
        self.number = {start: first + k for k, start in enumerate(starts)}
        self.blocks = [self._block(start, end) for start, end in zip(starts, [*starts[1:], len(body)], strict=True)]

    def _block(self, start: int, end: int) -> Block:
        *body, last = self.function.body[start:end]
        block = Block([step for instruction in body for step in self.steps.make(instruction)])
        if last.opcode.split(".")[0] in _CONTROL:
            block.end = self._end(block, last, self.number.get(end, 0))
        else:
            block.steps += self.steps.make(last)
            block.end = ("jump", self.number[end])
        return block

    def _end(self, block: Block, last: Instruction, following: int) -> tuple[Any, ...]:
        base, *modifiers = last.opcode.split(".")
        if base == "bra":
            target = self.number[self.function.labels[last.operands[0]]]
            if last.guard is None:
                return "jump", target
            return "branch", self.steps.register(last.guard[0]), last.guard[1], target, following
        if base == "brx" and modifiers[0] == "idx":
            table = self.function.tables[last.operands[1]]
            targets = np.array([self.number[self.function.labels[label]] for label in table])
            return "index", self.steps.register(last.operands[0]), targets, last
        if base in ("ret", "exit"):
            if self.function.is_kernel or base == "exit":
                return ("exit",)
            return "return", self.code.slots.slot(self.function.name + " return", "b64")
        if base == "trap":
            return "trap", last
        if base in ("bar", "barrier") and modifiers in (["sync"], ["sync", "aligned"]) and last.operands[1:] == ():
            return "barrier", int(last.operands[0]), following
        if base == "call":
            return self._call(block, last, following)
        raise unsupported(last.line, last.text)

    def _call(self, block: Block, last: Instruction, following: int) -> tuple[Any, ...]:
        """Arguments are copied; results are read where the function leaves them."""
        callee, results, arguments = call(last)
        function = self.code.module.functions.get(callee)
        if function is None:
            return "trap", last
        slots = self.code.slots
        for (formal, _), name in zip(function.inputs, arguments, strict=True):
            for offset, slot in slots.parts(f"{self.function.name} {name}"):
                to = slots.slot(f"{callee} {formal}+{offset}", slots.kinds[slot])
                block.steps.append(Step(to, copied(slot), last))
        for (formal, _), name in zip(function.results, results, strict=True):
            slots.alias(f"{self.function.name} {name}", f"{callee} {formal}")
        return "call", self.code.entry_of(callee), slots.slot(callee + " return", "b64"), following
