"""Programs: straight-line code in single-assignment form, immutable, independent of how they are run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

MAX_INSTRUCTIONS = 4096
MAX_CONSTANTS = 4096


@dataclass(frozen=True)
class Signature:
    """What a program reads and writes: inputs of this step, state carried from the last step, outputs.

    Every state name is read (its old value) and written (its new value).
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    state: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.inputs + self.state + self.outputs
        for name in names:
            if not name.isidentifier():
                raise ValueError(f"{name!r} is not a name")
        if len(set(self.leaves)) != len(self.leaves) or len(set(self.results)) != len(self.results):
            raise ValueError(f"a signature uses a name twice: {', '.join(names)}")

    @property
    def leaves(self) -> tuple[str, ...]:
        """The values a step starts from: inputs, then state."""
        return self.inputs + self.state

    @property
    def results(self) -> tuple[str, ...]:
        """The values a step ends with: outputs, then the new state."""
        return self.outputs + self.state


@dataclass(frozen=True)
class Instruction:
    """`op(args)`. An argument is a value number: see Program."""

    op: str
    args: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """Instructions over numbered values.

    Value `v` is leaf `v` for 0 <= v < n_leaves, the result of instruction `v - n_leaves` above that, and constant
    `-1 - v` below zero. Instruction i reads only values before its own. `results` names the value of every output and
    new state, in the order of `signature.results`. Raises ValueError for a value that does not exist.
    """

    signature: Signature
    instructions: tuple[Instruction, ...]
    constants: tuple[float, ...]
    results: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "constants", tuple(map(float, self.constants)))
        n = self.n_leaves
        if len(self.instructions) > MAX_INSTRUCTIONS or len(self.constants) > MAX_CONSTANTS:
            raise ValueError(f"a program has more than {MAX_INSTRUCTIONS} instructions or {MAX_CONSTANTS} constants")
        if len(self.results) != len(self.signature.results):
            raise ValueError(f"{len(self.results)} results for {', '.join(self.signature.results)}")
        for i, ins in enumerate(self.instructions):
            for v in ins.args:
                self._check(v, n + i, f"instruction {i} ({ins.op})")
        for v, name in zip(self.results, self.signature.results, strict=True):
            self._check(v, n + len(self.instructions), f"result {name}")

    def _check(self, value: int, stop: int, where: str) -> None:
        if not -len(self.constants) <= value < stop:
            raise ValueError(f"{where} reads value {value}, which does not exist yet")

    def __eq__(self, other: object) -> bool:
        """Equal to the bit: constants compare by their hex form, so NaN equals NaN and -0.0 differs from 0.0."""
        return isinstance(other, Program) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return self.signature, self.instructions, tuple(c.hex() for c in self.constants), self.results

    @cached_property
    def n_leaves(self) -> int:
        """Number of leaves: value numbers from here on are instructions."""
        return len(self.signature.leaves)
