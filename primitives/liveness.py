"""Liveness: which instructions of a program any output depends on, now or in a later step."""

from __future__ import annotations

import numpy as np

from primitives.compiled import outer
from primitives.packed import Packed
from primitives.primitive import PrimitiveSet
from primitives.program import Instruction, Program, Signature


@outer
def _live(code, length, results, arity, n_leaves, n_state, live):
    n_outputs = results.shape[1] - n_state
    first_state = n_leaves - n_state
    for p in range(len(length)):
        read = np.zeros(n_state, np.bool_)  # the states that anything live reads, as far as is known
        grew = True
        while grew:
            grew = False
            for r in range(results.shape[1]):
                v = results[p, r]
                if r >= n_outputs and not read[r - n_outputs]:
                    continue
                if v >= n_leaves:
                    live[p, v - n_leaves] = True
                elif v >= first_state and not read[v - first_state]:
                    read[v - first_state] = grew = True
            for i in range(length[p] - 1, -1, -1):
                if not live[p, i]:
                    continue
                for k in range(arity[code[p, i, 0]]):
                    v = code[p, i, 1 + k]
                    if v >= n_leaves:
                        live[p, v - n_leaves] = True
                    elif v >= first_state and not read[v - first_state]:
                        read[v - first_state] = grew = True


def live(packed: Packed, signature: Signature, primitives: PrimitiveSet) -> np.ndarray:
    """bool[P, L]: the instructions that an output depends on, through the state too; False beyond the length."""
    found = np.zeros(packed.code.shape[:2], np.bool_)
    n_leaves, n_state = len(signature.leaves), len(signature.state)
    _live(packed.code, packed.length, packed.results, primitives.arity, n_leaves, n_state, found)
    return found


def without_dead_code(program: Program) -> Program:
    """The live instructions of a program, in order, and the constants that they read; nothing is simplified.

    A state that no output depends on keeps its value.
    """
    signature, n = program.signature, program.n_leaves
    n_outputs, first_state = len(signature.outputs), len(signature.inputs)
    alive: set[int] = set()
    pending = list(program.results[:n_outputs])
    while pending:
        v = pending.pop()
        if v not in alive:
            alive.add(v)
            if v >= n:
                pending += program.instructions[v - n].args
            elif v >= first_state:
                pending.append(program.results[n_outputs + v - first_state])
    place = {v: v for v in range(n)}
    constants: list[float] = []
    for v in sorted((v for v in alive if v < 0), reverse=True):
        place[v] = -1 - len(constants)
        constants.append(program.constants[-1 - v])
    instructions: list[Instruction] = []
    for i, instruction in enumerate(program.instructions):
        if n + i in alive:
            place[n + i] = n + len(instructions)
            instructions.append(Instruction(instruction.op, tuple(place[a] for a in instruction.args)))
    results = [place[v] for v in program.results[:n_outputs]]
    for state, v in enumerate(program.results[n_outputs:], first_state):
        results.append(place[v] if state in alive else state)
    return Program(signature, tuple(instructions), tuple(constants), tuple(results))
