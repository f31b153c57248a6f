"""Where an emulated kernel's values are: one list of slots that all its functions share. For `emulator`.

A register, a parameter, a literal and a special register are slots, each holding an array with a value of every
thread; integers are signed ones of the register's width. Arrays are never written to, so slots may share them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from primitives.gpu.emulator_memory import Memory
from primitives.gpu.emulator_text import Instruction

Compute = Callable[[list[Any]], Any]
# What a thread is told about itself and its block.
_AXES = (f"%{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz")
SPECIAL = (*_AXES, "%laneid", "%warpid", "%dynamic_smem_size")


@dataclass(frozen=True)
class Step:
    """What `compute(slots)` gives goes to the slot `to`; a tuple goes to several, or to none."""

    to: int | tuple[int, ...]
    compute: Compute
    instruction: Instruction


def copied(slot: int) -> Compute:
    """The value of a slot."""
    return lambda values: values[slot]


class Slots:
    """Names of slots. Registers and parameters are "function name", those of one value are `literals`.

    kinds      the PTX type of every slot
    literals   slots of one value for all threads, and the values
    addresses  of variables
    """

    def __init__(self, addresses: dict[str, int], memory: Memory) -> None:
        self.addresses, self.memory = addresses, memory
        self.kinds: list[str] = []
        self.literals: list[tuple[int, Any]] = []
        self._named: dict[str, int] = {}
        self._constants: dict[tuple[np.dtype[Any], bytes], int] = {}
        for special in SPECIAL:
            self.slot(special, "b32")
        self.carry = self.slot("carry", "pred")

    def slot(self, name: str, kind: str = "") -> int:
        """The slot of a name, made if a type is given and it is not there. Raises KeyError."""
        if name not in self._named and kind:
            self._named[name] = len(self.kinds)
            self.kinds.append(kind)
        return self._named[name]

    def constant(self, value: Any, kind: str) -> int:
        """The slot of a literal, a NumPy scalar."""
        key = value.dtype, value.tobytes()
        if key not in self._constants:
            self._constants[key] = len(self.kinds)
            self.literals.append((len(self.kinds), value))
            self.kinds.append(kind)
        return self._constants[key]

    def parts(self, parameter: str) -> list[tuple[str, int]]:
        """Offsets of what a parameter holds, and the slots."""
        prefix = parameter + "+"
        return [(name[len(prefix) :], slot) for name, slot in self._named.items() if name.startswith(prefix)]

    def alias(self, parameter: str, other: str) -> None:
        """Let one parameter be another one."""
        for offset, slot in self.parts(other):
            self._named[f"{parameter}+{offset}"] = slot
