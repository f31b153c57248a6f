"""One PTX instruction as steps over slots: what it reads, in which type, and what it gives. For `emulator_code`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.gpu.emulator_integers import DTYPES, Operation
from primitives.gpu.emulator_memory import SPACES, integers
from primitives.gpu.emulator_operations import operation
from primitives.gpu.emulator_slots import SPECIAL, Compute, Slots, Step
from primitives.gpu.emulator_text import Function, Instruction, literal, split, unsupported

Convert = Callable[[Any], Any]
_UNSIGNED = {n: np.dtype(f"u{n}") for n in (1, 2, 4, 8)}


def storage(kind: str) -> Any:
    """The type of the arrays in a register."""
    return DTYPES["b" + kind[1:]] if kind[0] in "su" else DTYPES[kind]


def _identity(value: Any) -> Any:
    return value


class Steps:
    """Makes the steps of a function's instructions."""

    def __init__(self, slots: Slots, function: Function) -> None:
        self.slots, self.function = slots, function

    def make(self, instruction: Instruction) -> list[Step]:
        """The steps. Raises NotImplementedError if the instruction is not known."""
        base, *modifiers = instruction.opcode.split(".")
        try:
            if base in ("mov", "cvta"):
                return self._move(instruction, modifiers[-1])
            if base in ("ld", "st", "ldu"):
                return self._access(instruction, base != "st", modifiers)
            if base in ("atom", "red"):
                return self._atomic(instruction, base == "atom", modifiers)
            if base in ("membar", "fence"):
                return []
            found = operation(instruction.opcode)
            if found is not None:
                return [self._operation(instruction, self._shortened(instruction, found))]
        except (KeyError, ValueError, IndexError) as error:
            raise unsupported(instruction.line, instruction.text, f"not understood ({error})") from None
        if base in ("add", "sub", "mul") and modifiers[-1][0] == "f" and len(modifiers) == 1:
            why = "no rounding given, so that the assembler may fuse it"
            raise unsupported(instruction.line, instruction.text, why)
        raise unsupported(instruction.line, instruction.text)

    def register(self, name: str) -> int:
        """The slot of a register of the function, or of a special one."""
        if name in self.function.registers:
            return self.slots.slot(f"{self.function.name} {name}", self.function.registers[name])
        if name in SPECIAL:
            return self.slots.slot(name)
        raise KeyError(f"no register {name}")

    def _is_register(self, name: str) -> bool:
        return name.startswith("%") or name in self.function.registers

    def read(self, operand: str, kind: str) -> tuple[int, Convert]:
        """The slot of an operand, and what makes its array one of a type."""
        dtype = DTYPES[kind]
        if operand.startswith("!"):
            return self.register(operand[1:]), np.logical_not
        if self._is_register(operand):
            slot = self.register(operand)
            return slot, _converted(storage(self.slots.kinds[slot]), dtype)
        if operand in self.slots.addresses:
            return self.slots.constant(dtype.type(self.slots.addresses[operand]), kind), _identity
        bits = literal(operand, kind) & ((1 << 8 * dtype.itemsize) - 1)
        value = np.array(bits, _UNSIGNED[dtype.itemsize]).view(dtype) if kind != "pred" else np.array(bool(bits))
        return self.slots.constant(value[()], kind), _identity

    def _write(self, operand: str, kind: str) -> tuple[int, Convert]:
        """The slot of a destination, and what makes a result of a type fit into it."""
        slot = self.slots.slot("nowhere", "b64") if operand == "_" else self.register(operand)
        into, dtype = storage(self.slots.kinds[slot]), DTYPES[kind]
        if into.itemsize > dtype.itemsize:
            return slot, lambda value: value.astype(into)
        return slot, _converted(dtype, into)

    def _shortened(self, instruction: Instruction, found: Operation) -> Operation:
        """Shifts by a literal within the width need no test of the amount."""
        base, kind = instruction.opcode.split(".")[0], instruction.opcode.split(".")[-1]
        amount = instruction.operands[-1]
        if base not in ("shl", "shr") or self._is_register(amount) or not 0 <= int(amount, 0) < int(kind[1:]):
            return found
        plain = found.operands[0] if base == "shr" else "s" + kind[1:]
        return Operation(np.left_shift if base == "shl" else np.right_shift, plain, (plain, plain))

    def _operation(self, instruction: Instruction, found: Operation) -> Step:
        first, *rest = instruction.operands
        read = [self.read(operand, kind) for operand, kind in zip(rest, found.operands, strict=True)]
        slot, finish = self._write(first, found.result)
        if not found.carries:
            return Step(slot, _computed(found.function, read, finish), instruction)
        function, carry = found.function, self.slots.carry

        def compute(values: Any) -> Any:
            value, over = function(*(convert(values[a]) for a, convert in read), values[carry])
            return finish(value), over

        return Step((slot, carry if ".cc" in instruction.opcode else self.slots.slot("no carry", "pred")),
                    compute, instruction)  # fmt: skip

    def _move(self, instruction: Instruction, kind: str) -> list[Step]:
        """mov, also to and from the parts of a value; cvta, since there is one space of addresses."""
        kind = "b" + kind[1:] if kind[0] in "su" else kind
        to, source = instruction.operands
        if source.startswith("{"):
            parts = split(source.strip("{}"))
            width = int(kind[1:]) // len(parts)
            read = [self.read(part, f"u{width}") for part in parts]
            whole = _UNSIGNED[int(kind[1:]) // 8]
            slot, finish = self._write(to, "u" + kind[1:])

            def pack(slots: Any) -> Any:
                value = whole.type(0)
                for k, (a, convert) in enumerate(read):
                    value = value | (convert(slots[a]).astype(whole) << whole.type(k * width))
                return finish(value)

            return [Step(slot, pack, instruction)]
        if to.startswith("{"):
            parts = split(to.strip("{}"))
            width = int(kind[1:]) // len(parts)
            a, convert = self.read(source, "u" + kind[1:])
            narrow, steps = DTYPES[f"u{width}"], []
            for k, part in enumerate(parts):
                slot, finish = self._write(part, f"u{width}")
                shift = _UNSIGNED[int(kind[1:]) // 8].type(k * width)
                steps.append(Step(slot, _part(a, convert, shift, narrow, finish), instruction))
            return steps
        a, convert = self.read(source, kind)
        slot, finish = self._write(to, kind)
        return [Step(slot, _computed(_identity, [(a, convert)], finish), instruction)]

    def _access(self, instruction: Instruction, loads: bool, modifiers: list[str]) -> list[Step]:
        """ld, st: also of vectors, and of parameters, which are slots."""
        kind = modifiers[-1]
        vector, place = instruction.operands if loads else instruction.operands[::-1]
        values = split(vector.strip("{}"))
        match = re.fullmatch(r"\[\s*([%\w$.@]+)\s*(?:\+\s*(-?\w+))?\s*\]", place)
        if match is None:
            raise ValueError(place)
        base, offset = match[1], int(match[2] or "0", 0)
        width = DTYPES[kind].itemsize
        if modifiers[0] == "param":
            return [
                self._parameter(instruction, loads, f"{self.function.name} {base}+{offset + k * width}", value, kind)
                for k, value in enumerate(values)
            ]
        space = next((m for m in modifiers if m in SPACES), "")
        at, convert = self.read(base, self._address_kind(base) if self._is_register(base) else "s64")
        steps = []
        for k, value in enumerate(values):
            aligned = width * len(values) if not k else width
            address = _address(at, convert, offset + k * width)
            steps.append((self._load if loads else self._store)(instruction, space, kind, value, address, aligned))
        return steps

    def _address_kind(self, register: str) -> str:
        return "s64" if self.function.registers[register].endswith("64") else "u32"

    def _parameter(self, instruction: Instruction, loads: bool, name: str, value: str, kind: str) -> Step:
        if not loads:
            a, convert = self.read(value, kind)
            slot = self.slots.slot(name, kind)
            return Step(
                slot, _computed(_identity, [(a, convert)], _converted(DTYPES[kind], storage(kind))), instruction
            )
        slot = self.slots.slot(name, kind)
        have, want = storage(self.slots.kinds[slot]), DTYPES[kind]
        to, finish = self._write(value, kind)
        return Step(to, _computed(_identity, [(slot, _converted(have, want))], finish), instruction)

    def _load(self, instruction: Instruction, space: str, kind: str, value: str, address: Compute, align: int) -> Step:
        dtype = DTYPES[kind]
        load, (slot, finish) = self.slots.memory.load(space, dtype.itemsize, align), self._write(value, kind)
        return Step(slot, lambda slots: finish(load(address(slots)).view(dtype)), instruction)

    def _store(self, instruction: Instruction, space: str, kind: str, value: str, address: Compute, align: int) -> Step:
        store, (a, convert) = self.slots.memory.store(space, DTYPES[kind].itemsize, align), self.read(value, kind)
        return Step((), lambda slots: store(address(slots), integers(convert(slots[a]))), instruction)

    def _atomic(self, instruction: Instruction, gives: bool, modifiers: list[str]) -> list[Step]:
        """atom, red: one thread after the other, in their order."""
        kind, name = modifiers[-1], modifiers[-2]
        to, place, *rest = instruction.operands if gives else ("_", *instruction.operands)
        updates: dict[str, Callable[..., Any]] = {
            "add": np.add, "min": np.minimum, "max": np.maximum, "and": np.bitwise_and, "or": np.bitwise_or,
            "xor": np.bitwise_xor, "exch": lambda old, new: new, "cas": lambda old, a, b: np.where(old == a, b, old),
        }  # fmt: skip
        update, dtype = updates[name], DTYPES[kind]
        match = re.fullmatch(r"\[\s*(%\w+)\s*(?:\+\s*(-?\w+))?\s*\]", place)
        if match is None:
            raise ValueError(place)
        address = _address(*self.read(match[1], "s64"), int(match[2] or "0", 0))
        read = [self.read(operand, kind) for operand in rest]
        slot, finish = self._write(to, kind)
        space = next((m for m in modifiers if m in SPACES), "")
        change = self.slots.memory.change(space, dtype.itemsize)

        def compute(slots: Any) -> Any:
            values = [convert(slots[a]) for a, convert in read]
            old = change(
                address(slots), lambda lane, bits: integers(update(bits.view(dtype), *(v[lane] for v in values)))
            )
            return finish(old.view(dtype))

        return [Step(slot, compute, instruction)]


def _converted(have: Any, want: Any) -> Convert:
    """From a register's type to an instruction's: the same bits, or the lower ones."""
    if have == want:
        return _identity
    if have.itemsize == want.itemsize and (have.kind == "b") == (want.kind == "b"):
        return lambda value: value.view(want)
    if have.itemsize > want.itemsize and have.kind == "i" and want.kind in "iu":
        return lambda value: value.astype(want)
    raise ValueError(f"a {have} for a {want}")


def _computed(function: Callable[..., Any], read: list[tuple[int, Convert]], finish: Convert) -> Compute:
    """function(operands), without calls that change nothing."""
    plain = finish is _identity and all(convert is _identity for _, convert in read)
    if len(read) == 1:
        ((a, x),) = read
        if plain:
            return (lambda s: s[a]) if function is _identity else (lambda s: function(s[a]))
        return lambda s: finish(function(x(s[a])))
    if len(read) == 2:
        (a, x), (b, y) = read
        if plain:
            return lambda s: function(s[a], s[b])
        return lambda s: finish(function(x(s[a]), y(s[b])))
    if len(read) == 3 and plain:
        (a, _), (b, _), (c, _) = read
        return lambda s: function(s[a], s[b], s[c])
    return lambda s: finish(function(*[convert(s[slot]) for slot, convert in read]))


def _address(slot: int, convert: Convert, offset: int) -> Compute:
    if convert is not _identity:
        return lambda s: convert(s[slot]).astype(np.int64) + offset
    return (lambda s: s[slot] + offset) if offset else (lambda s: s[slot])


def _part(slot: int, convert: Convert, shift: Any, narrow: Any, finish: Convert) -> Compute:
    return lambda s: finish((convert(s[slot]) >> shift).astype(narrow))
