"""Values and derivatives of one program at a few points: forward, then reverse, over rows of points.

Rows, one for each value: constants first (each a row of equal numbers), then leaves, then instructions. The adjoints of
the constants' rows are the rows of the Jacobian, so one reverse pass gives all derivatives.
"""

from __future__ import annotations

import numpy as np

from primitives.compiled import inner, outer
from primitives.primitive import PrimitiveSet

ADD, SUB, MUL, DIV = range(4)
FITTED = {"add": ADD, "sub": SUB, "mul": MUL, "div": DIV}


def roles(primitives: PrimitiveSet) -> np.ndarray:
    """int64[n_ops]: what each opcode of the set means to these kernels. Raises ValueError for a primitive they lack."""
    lacking = [p.name for p in primitives if p.name not in FITTED]
    if lacking:
        raise ValueError(f"constants are not fitted through {', '.join(lacking)}; use only {', '.join(FITTED)}")
    return np.array([FITTED[p.name] for p in primitives], np.int64)


@inner
def decode(code, length, role, first, tape):
    """Write instructions as (role, row, row) into tape int64[L, 3]; `first` is the row of leaf 0."""
    for i in range(length):
        tape[i, 0] = role[code[i, 0]]
        for j in range(1, 3):
            v = np.int64(code[i, j])
            tape[i, j] = first + v if v >= 0 else -1 - v


@inner
def set_constants(const, n_const, values):
    """Fill the rows of the constants."""
    for k in range(n_const):
        c = const[k]
        row = values[k]
        for j in range(row.shape[0]):
            row[j] = c


@inner
def forward(tape, start, length, base, values):
    """Values of instructions start..length-1, whose rows begin at `base`."""
    m = values.shape[1]
    for i in range(start, length):
        op, r = tape[i, 0], values[base + i]
        a, b = values[tape[i, 1]], values[tape[i, 2]]
        if op == ADD:
            for j in range(m):
                r[j] = a[j] + b[j]
        elif op == SUB:
            for j in range(m):
                r[j] = a[j] - b[j]
        elif op == MUL:
            for j in range(m):
                r[j] = a[j] * b[j]
        else:
            for j in range(m):
                r[j] = a[j] / b[j]


@inner
def reverse(tape, length, base, values, adjoint, result, seed):
    """Adjoints of every row for the seed adjoint `seed` of the row `result`."""
    m = values.shape[1]
    for k in range(base + length):
        row = adjoint[k]
        for j in range(m):
            row[j] = 0.0
    row = adjoint[result]
    for j in range(m):
        row[j] = seed[j]
    for i in range(length - 1, -1, -1):
        op, g, r = tape[i, 0], adjoint[base + i], values[base + i]
        p, q = tape[i, 1], tape[i, 2]
        a, b = values[p], values[q]
        ga, gb = adjoint[p], adjoint[q]
        if op == ADD:
            for j in range(m):
                ga[j] += g[j]
            for j in range(m):
                gb[j] += g[j]
        elif op == SUB:
            for j in range(m):
                ga[j] += g[j]
            for j in range(m):
                gb[j] -= g[j]
        elif op == MUL:
            for j in range(m):
                ga[j] += g[j] * b[j]
            for j in range(m):
                gb[j] += g[j] * a[j]
        else:
            for j in range(m):
                t = g[j] / b[j]
                ga[j] += t
                gb[j] -= t * r[j]


@outer
def affine(tape, length, base, n_const, result, uses, linear):
    """Mark in bool linear[C] a set of constants in which the row `result` is jointly affine; how many.

    Walks down from the result through sums, one factor of a product and numerators, into values used once only.
    """
    for k in range(base + length):
        uses[k] = 0
    for i in range(length):
        uses[tape[i, 1]] += 1
        uses[tape[i, 2]] += 1
    for k in range(n_const):
        linear[k] = False
    found, top = 0, 0
    stack = np.empty(length + 2, np.int64)
    stack[0] = result
    top = 1
    while top > 0:
        top -= 1
        v = stack[top]
        if v < base:
            if v < n_const and uses[v] <= 1:
                linear[v] = True
                found += 1
            continue
        if v != result and uses[v] > 1:
            continue
        op, p, q = tape[v - base, 0], tape[v - base, 1], tape[v - base, 2]
        if op == ADD or op == SUB:
            stack[top], stack[top + 1] = p, q
            top += 2
        elif op == MUL:
            if q < n_const or (p >= n_const and p < base):
                p = q
            stack[top] = p
            top += 1
        else:
            stack[top] = p
            top += 1
    return found


@outer
def dimensions(tape, length, base, n_const, result, degree, system):
    """Write into degree[C] the powers w such that p(s x; c) = p(x; c s^w) for every s; False if there are none.

    Dimensional analysis: terms of a sum share a degree, products add and quotients subtract them, x has degree 1 and
    the result 0. `system` is float64[>= 2 L + 2, >= rows + 1] scratch.
    """
    unknowns = base + length
    m = 0
    system[:] = 0.0
    for i in range(length):
        op, p, q = tape[i, 0], tape[i, 1], tape[i, 2]
        system[m, base + i] += 1.0
        system[m, p] -= 1.0
        m += 1
        if op == ADD or op == SUB:
            system[m, base + i] += 1.0
            system[m, q] -= 1.0
            m += 1
        else:
            system[m - 1, q] += -1.0 if op == MUL else 1.0
    system[m, base - 1] = 1.0
    system[m, unknowns] = 1.0
    system[m + 1, result] = 1.0
    m += 2
    done = 0
    pivots = np.full(m, -1)
    for column in range(unknowns):
        best = done
        for i in range(done, m):
            if abs(system[i, column]) > abs(system[best, column]):
                best = i
        if done == m or not abs(system[best, column]) > 1e-9:
            continue
        for j in range(unknowns + 1):
            t = system[done, j]
            system[done, j] = system[best, j]
            system[best, j] = t
        scale = 1.0 / system[done, column]
        for j in range(unknowns + 1):
            system[done, j] *= scale
        for i in range(m):
            t = system[i, column]
            if i != done and t != 0.0:
                for j in range(column, unknowns + 1):
                    system[i, j] -= t * system[done, j]
        pivots[done] = column
        done += 1
    for i in range(done, m):
        if abs(system[i, unknowns]) > 1e-9:
            return False
    for k in range(n_const):
        degree[k] = 0.0
    for i in range(done):
        if pivots[i] < n_const:
            degree[pivots[i]] = system[i, unknowns]
    return True
