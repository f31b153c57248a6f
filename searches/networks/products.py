"""Small float32 matrix products, written as vectors of 16 so that their speed and their rounding are ours to say.

Matrices lie in flat arrays: a start, and how far one row (and, for a factor that is read number by number, one column)
is from the next. Activations are kept feature by feature, tokens side by side: then a layer's product takes its
weights one at a time and its activations 16 at a time in either direction, forward and backward, and no matrix needs a
transposed or padded copy; only the weights' own gradient sums along the vectors (`row_products`).

Every sum is made in one order, fused, whatever the sizes around it: same numbers, same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from primitives.compiled import inner
from primitives.evaluators.intrinsics import wide_vectors

LANES = 16
ROWS = 8  # rows of a tile of `product`; it has one or two vectors a row
SIDE = 4  # rows and columns of a tile of `row_products`
_FLOAT, _INDEX = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)


class _Matrix:
    """A flat array seen as rows, inside a builder."""

    def __init__(self, context: Any, builder: Any, kind: Any, array: Any, start: Any, *strides: Any) -> None:
        self.builder, self.strides = builder, strides
        self.data = builder.gep(context.make_array(kind)(context, builder, array).data, [start])

    def at(self, *index: Any) -> Any:
        """Pointer to the number of this index, one for each stride."""
        offset = ir.Constant(_INDEX, 0)
        for i, stride in zip(index, self.strides, strict=True):
            i = ir.Constant(_INDEX, i) if isinstance(i, int) else i
            offset = self.builder.add(offset, self.builder.mul(i, stride))
        return self.builder.gep(self.data, [offset])

    def load(self, *index: Any, part: Any = 0) -> Any:
        """The vector that begins `part` numbers after this index."""
        return self.builder.load(self._vector(self.at(*index), part), align=4)

    def store(self, value: Any, *index: Any, part: Any = 0) -> None:
        """Put a vector there."""
        pointer = self.at(*index)
        pointer = self.builder.gep(pointer, [ir.Constant(_INDEX, part)])
        self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()), align=4)

    def splat(self, *index: Any) -> Any:
        """The number of this index in every lane."""
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        one = self.builder.insert_element(nothing, self.builder.load(self.at(*index)), ir.Constant(ir.IntType(32), 0))
        return _shuffle(self.builder, one, nothing, [0] * LANES)

    def _vector(self, pointer: Any, part: Any) -> Any:
        part = ir.Constant(_INDEX, part) if isinstance(part, int) else part
        return self.builder.bitcast(self.builder.gep(pointer, [part]), _VECTOR.as_pointer())


def _shuffle(builder: Any, a: Any, b: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes))


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v16f32"), (a, b, c))


def _summed(builder: Any, count: Any, terms: int, term: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """`terms` vectors, zero at first, after `term(index, vectors)` for every index below the count."""
    sums = [cgutils.alloca_once(builder, _VECTOR) for _ in range(terms)]
    for s in sums:
        builder.store(ir.Constant(_VECTOR, None), s)
    with cgutils.for_range(builder, count, intp=_INDEX) as loop:
        for s, value in zip(sums, term(loop.index, [builder.load(s) for s in sums]), strict=True):
            builder.store(value, s)
    return [builder.load(s) for s in sums]


def _indices(*kinds: Any) -> bool:
    return all(kind == types.int64 for kind in kinds)


def _tile(vectors: int) -> Any:
    """The intrinsic for ROWS rows of so many vectors of a product."""

    def declare(
        typing: Any, c: Any, c_at: Any, c_row: Any, a: Any, a_at: Any, a_row: Any, a_column: Any, b: Any, b_at: Any,
        b_row: Any, depth: Any,
    ) -> Any:  # fmt: skip
        def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            out = _Matrix(context, builder, c, *args[0:3])
            left = _Matrix(context, builder, a, *args[3:7])
            right = _Matrix(context, builder, b, *args[7:10])

            def term(k: Any, sums: list[Any]) -> list[Any]:
                columns = [right.load(k, part=q * LANES) for q in range(vectors)]
                scalars = [left.splat(r, k) for r in range(ROWS)]
                return [
                    _fma(builder, scalars[i // vectors], columns[i % vectors], sums[i]) for i in range(ROWS * vectors)
                ]

            for i, value in enumerate(_summed(builder, args[10], ROWS * vectors, term)):
                out.store(value, i // vectors, part=i % vectors * LANES)
            return context.get_dummy_value()

        arguments = (c, c_at, c_row, a, a_at, a_row, a_column, b, b_at, b_row, depth)
        if not _indices(c_at, c_row, a_at, a_row, a_column, b_at, b_row, depth):
            return None
        return types.none(*arguments), body

    return intrinsic(declare)


_tile_1, _tile_2 = _tile(1), _tile(2)


@inner
def product(c, c_at, c_row, a, a_at, a_row, a_column, b, b_at, b_row, rows, depth, columns):
    """C[rows, columns] = A[rows, depth] B[depth, columns]; at least ROWS rows, columns a multiple of LANES.

    Element (i, k) of A is a[a_at + i*a_row + k*a_column]; rows of B and C are contiguous. C must not overlap A and B.
    """
    wide_vectors()
    j = 0
    while j < columns:
        two = j + LANES < columns
        i = 0
        while i < rows:
            r = min(i, rows - ROWS)  # the last tile may do some rows a second time
            if two:
                _tile_2(c, c_at + r * c_row + j, c_row, a, a_at + r * a_row, a_row, a_column, b, b_at + j, b_row, depth)
            else:
                _tile_1(c, c_at + r * c_row + j, c_row, a, a_at + r * a_row, a_row, a_column, b, b_at + j, b_row, depth)
            i += ROWS
        j += 2 * LANES if two else LANES


def _halve(builder: Any, values: list[Any]) -> Any:
    """Vectors to one: each pair (a, b) becomes one vector that holds half as many partial sums of a, and of b.

    So 16 vectors give their 16 sums, that of vector i in lane i.
    """
    width = LANES
    while len(values) > 1:
        # Groups of `width` lanes hold the partial sums of one original vector.
        low = [lane for lane in range(2 * LANES) if lane % width < width // 2]
        high = [lane for lane in range(2 * LANES) if lane % width >= width // 2]
        values = [
            builder.fadd(_shuffle(builder, a, b, low), _shuffle(builder, a, b, high))
            for a, b in zip(values[::2], values[1::2], strict=True)
        ]
        width //= 2
    return values[0]


@intrinsic
def _row_tile(
    typing: Any, c: Any, c_at: Any, c_row: Any, a: Any, a_at: Any, a_row: Any, b: Any, b_at: Any, b_row: Any, n: Any
) -> Any:
    """SIDE x SIDE numbers of `row_products`."""

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out = _Matrix(context, builder, c, *args[0:3])
        left = _Matrix(context, builder, a, *args[3:6])
        right = _Matrix(context, builder, b, *args[6:9])

        def term(k: Any, sums: list[Any]) -> list[Any]:
            at = builder.mul(k, ir.Constant(_INDEX, LANES))
            x = [left.load(r, part=at) for r in range(SIDE)]
            y = [right.load(r, part=at) for r in range(SIDE)]
            return [_fma(builder, x[i // SIDE], y[i % SIDE], sums[i]) for i in range(SIDE * SIDE)]

        count = builder.sdiv(args[9], ir.Constant(_INDEX, LANES))
        total = _halve(builder, _summed(builder, count, SIDE * SIDE, term))
        for r in range(SIDE):
            out.store(_shuffle(builder, total, total, list(range(r * SIDE, (r + 1) * SIDE))), r)
        return context.get_dummy_value()

    if not _indices(c_at, c_row, a_at, a_row, b_at, b_row, n):
        return None
    return types.none(c, c_at, c_row, a, a_at, a_row, b, b_at, b_row, n), body


@inner
def row_products(c, c_at, c_row, a, a_at, a_row, b, b_at, b_row, rows, columns, n):
    """C[i, j] = sum of A[i, t] B[j, t] over t < n: every row of A with every row of B.

    At least SIDE rows of each; n a multiple of LANES; C must not overlap A and B. The rows of the narrower factor are
    read again for every few of the other's, so they should fit the first cache.
    """
    wide_vectors()
    if columns > rows:
        j = 0
        while j < columns:
            q = min(j, columns - SIDE)
            i = 0
            while i < rows:
                r = min(i, rows - SIDE)
                _row_tile(c, c_at + r * c_row + q, c_row, a, a_at + r * a_row, a_row, b, b_at + q * b_row, b_row, n)
                i += SIDE
            j += SIDE
        return
    i = 0
    while i < rows:
        r = min(i, rows - SIDE)
        j = 0
        while j < columns:
            q = min(j, columns - SIDE)
            _row_tile(c, c_at + r * c_row + q, c_row, a, a_at + r * a_row, a_row, b, b_at + q * b_row, b_row, n)
            j += SIDE
        i += SIDE


@intrinsic
def _row_dots(
    typing: Any, c: Any, c_at: Any, a: Any, a_at: Any, a_row: Any, b: Any, b_at: Any, b_row: Any, n: Any
) -> Any:
    """LANES numbers of `row_dots`."""

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out = _Matrix(context, builder, c, *args[0:2])
        left = _Matrix(context, builder, a, *args[2:5])
        right = _Matrix(context, builder, b, *args[5:8])

        def term(k: Any, sums: list[Any]) -> list[Any]:
            at = builder.mul(k, ir.Constant(_INDEX, LANES))
            return [_fma(builder, left.load(r, part=at), right.load(r, part=at), sums[r]) for r in range(LANES)]

        count = builder.sdiv(args[8], ir.Constant(_INDEX, LANES))
        out.store(_halve(builder, _summed(builder, count, LANES, term)))
        return context.get_dummy_value()

    if not _indices(c_at, a_at, a_row, b_at, b_row, n):
        return None
    return types.none(c, c_at, a, a_at, a_row, b, b_at, b_row, n), body


@inner
def row_dots(c, c_at, a, a_at, a_row, b, b_at, b_row, rows, n):
    """c[i] = sum of A[i, t] B[i, t] over t < n: each row of A with the same row of B; rows, n multiples of LANES."""
    wide_vectors()
    for i in range(0, rows, LANES):
        _row_dots(c, c_at + i, a, a_at + i * a_row, a_row, b, b_at + i * b_row, b_row, n)


@intrinsic
def _transpose(typing: Any, c: Any, c_at: Any, c_row: Any, a: Any, a_at: Any, a_row: Any) -> Any:
    """`transpose` of LANES x LANES numbers."""

    def body(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out = _Matrix(context, builder, c, *args[0:3])
        source = _Matrix(context, builder, a, *args[3:6])
        rows = [source.load(r) for r in range(LANES)]
        # Exchange bit by bit: rows r and r + half trade the halves of their groups of 2 * half lanes.
        half = LANES // 2
        while half:
            first = [i if i % (2 * half) < half else LANES + i - half for i in range(LANES)]
            second = [i + half if i % (2 * half) < half else LANES + i for i in range(LANES)]
            for r in range(LANES):
                if r % (2 * half) < half:
                    x, y = rows[r], rows[r + half]
                    rows[r], rows[r + half] = _shuffle(builder, x, y, first), _shuffle(builder, x, y, second)
            half //= 2
        for r in range(LANES):
            out.store(rows[r], r)
        return context.get_dummy_value()

    if not _indices(c_at, c_row, a_at, a_row):
        return None
    return types.none(c, c_at, c_row, a, a_at, a_row), body


@inner
def transpose(c, c_at, c_row, a, a_at, a_row, rows, columns):
    """C[columns, rows] = the transpose of A[rows, columns]; both multiples of LANES."""
    wide_vectors()
    for i in range(0, rows, LANES):
        for j in range(0, columns, LANES):
            _transpose(c, c_at + j * c_row + i, c_row, a, a_at + i * a_row + j, a_row)
