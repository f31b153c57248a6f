"""Packed programs: a population as a structure of arrays, the form in which machines breed and score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from primitives.primitive import MAX_ARITY, PrimitiveSet
from primitives.program import Instruction, Program, Signature


@dataclass(frozen=True)
class Shape:
    """Capacity of a packed population: leaves and results of the signature, most instructions and constants."""

    n_leaves: int
    n_results: int
    instructions: int
    constants: int


@dataclass
class Packed:
    """P programs. Unused cells are zero, so equal programs have equal bytes.

    code     int16[P, L, 4]   opcode and three value numbers (zero where the arity is smaller)
    length   int16[P]         instructions in use
    const    float64[P, C]    constants; value -1-k is const[k]
    n_const  int16[P]         constants in use
    results  int16[P, R]      value number of every output and new state
    """

    code: np.ndarray
    length: np.ndarray
    const: np.ndarray
    n_const: np.ndarray
    results: np.ndarray

    FIELDS = ("code", "length", "const", "n_const", "results")

    @staticmethod
    def empty(size: int, shape: Shape) -> Packed:
        """`size` blank programs."""
        return Packed(
            np.zeros((size, shape.instructions, 1 + MAX_ARITY), np.int16),
            np.zeros(size, np.int16),
            np.zeros((size, shape.constants), np.float64),
            np.zeros(size, np.int16),
            np.zeros((size, shape.n_results), np.int16),
        )

    def __len__(self) -> int:
        return len(self.length)

    def __getitem__(self, index: slice | np.ndarray) -> Packed:
        """The programs at a slice (views) or an index or mask array (copies)."""
        return Packed(*(a[index] for a in self.arrays))

    def __setitem__(self, index: slice | np.ndarray, other: Packed) -> None:
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[index] = theirs

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """The five arrays, in the order of FIELDS: what kernels take."""
        return self.code, self.length, self.const, self.n_const, self.results

    @property
    def named(self) -> dict[str, np.ndarray]:
        """The five arrays by name: how a store keeps them."""
        return dict(zip(self.FIELDS, self.arrays, strict=True))

    @staticmethod
    def of_named(arrays: Mapping[str, np.ndarray]) -> Packed:
        """A copy of what `named` gave, other names ignored."""
        return Packed(*(arrays[name].copy() for name in Packed.FIELDS))

    def copy(self) -> Packed:
        """A deep copy."""
        return Packed(*(a.copy() for a in self.arrays))

    @staticmethod
    def concatenate(parts: Sequence[Packed]) -> Packed:
        """All programs of the parts, in order."""
        return Packed(*(np.concatenate(arrays) for arrays in zip(*(p.arrays for p in parts), strict=True)))


def pack(programs: Sequence[Program], primitives: PrimitiveSet, shape: Shape) -> Packed:
    """Programs to arrays. Raises UnknownPrimitive, or ValueError where a program exceeds the shape."""
    out = Packed.empty(len(programs), shape)
    for p, program in enumerate(programs):
        if (program.n_leaves, len(program.results)) != (shape.n_leaves, shape.n_results):
            raise ValueError(f"program {p} has another signature than the population")
        if len(program.instructions) > shape.instructions or len(program.constants) > shape.constants:
            raise ValueError(
                f"program {p} has {len(program.instructions)} instructions and {len(program.constants)} constants; "
                f"the population holds {shape.instructions} and {shape.constants}"
            )
        out.length[p] = len(program.instructions)
        out.n_const[p] = len(program.constants)
        out.const[p, : len(program.constants)] = program.constants
        out.results[p] = program.results
        for i, ins in enumerate(program.instructions):
            opcode = primitives.opcode(ins.op)
            if len(ins.args) != primitives[opcode].arity:
                raise ValueError(f"{ins.op} takes {primitives[opcode].arity} arguments, not {len(ins.args)}")
            out.code[p, i, 0] = opcode
            out.code[p, i, 1 : 1 + len(ins.args)] = ins.args
    return out


def unpack(packed: Packed, signature: Signature, primitives: PrimitiveSet) -> list[Program]:
    """Arrays to programs: the inverse of pack."""
    programs = []
    for code, length, const, n_const, results in zip(*packed.arrays, strict=True):
        instructions = tuple(
            Instruction(primitives[op].name, tuple(args[: primitives[op].arity]))
            for op, *args in code[:length].tolist()
        )
        constants = tuple(const[:n_const].tolist())
        programs.append(Program(signature, instructions, constants, tuple(results.tolist())))
    return programs
