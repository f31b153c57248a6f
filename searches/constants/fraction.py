"""A polynomial continued fraction: a(0) + b(1)/(a(1) + b(2)/(a(2) + ...)), as polynomials and as a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain

from primitives.primitive import PrimitiveSet
from primitives.program import Instruction, Program, Signature
from primitives.table import REAL

Poly = tuple[int, ...]  # coefficients, lowest degree first, no zero at the end; () is zero

INTEGER: PrimitiveSet = REAL.subset("add", "sub", "mul", "neg", "square")
EXACT = 2**53  # programs hold their constants as float64: up to here these are exact integers
MAX_DEGREE = 64


def poly(coefficients: Sequence[int]) -> Poly:
    """Without zeros at the end."""
    kept = [int(c) for c in coefficients]
    while kept and kept[-1] == 0:
        kept.pop()
    return tuple(kept)


def value(p: Poly, n: int) -> int:
    """p(n), exactly."""
    return reduce(lambda result, c: result * n + c, reversed(p), 0)


def signature(period: int = 1) -> Signature:
    """Of the program of a fraction: n -> a, b, or n -> a0, b0, a1, b1, ... where terms take turns."""
    names = ("a", "b") if period == 1 else tuple(chain.from_iterable((f"a{i}", f"b{i}") for i in range(period)))
    return Signature(("n",), names)


@dataclass(frozen=True)
class Fraction:
    """Term j = period * n + i of the fraction has a = blocks[i][0] at n and b = blocks[i][1] at n, n = 0, 1, 2, ...

    With one block this is a(0) + b(1)/(a(1) + b(2)/(a(2) + ...)); with more the fraction is interlaced. b of the very
    first term is not part of the value.
    """

    blocks: tuple[tuple[Poly, Poly], ...]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ValueError("a fraction without terms")
        object.__setattr__(self, "blocks", tuple((poly(a), poly(b)) for a, b in self.blocks))

    @classmethod
    def of(cls, a: Sequence[int], b: Sequence[int]) -> Fraction:
        """The fraction of two polynomials, coefficients lowest degree first."""
        return cls(((poly(a), poly(b)),))

    @property
    def a(self) -> Poly:
        """Of a fraction of one block."""
        return self._only[0]

    @property
    def b(self) -> Poly:
        """Of a fraction of one block."""
        return self._only[1]

    @property
    def _only(self) -> tuple[Poly, Poly]:
        if self.period != 1:
            raise ValueError(f"an interlaced fraction of period {self.period} has no single a and b")
        return self.blocks[0]

    @property
    def period(self) -> int:
        """How many pairs of polynomials take turns."""
        return len(self.blocks)

    @property
    def degrees(self) -> tuple[int, int]:
        """The highest degrees of a and of b; -1 for zero."""
        return max(len(a) for a, _ in self.blocks) - 1, max(len(b) for _, b in self.blocks) - 1

    def term(self, j: int) -> tuple[int, int]:
        """a and b of term j, exactly."""
        n, i = divmod(j, self.period)
        a, b = self.blocks[i]
        return value(a, n), value(b, n)

    def convergent(self, n: int) -> tuple[int, int]:
        """p_n and q_n of the n-th convergent, exactly, not reduced: p_0/q_0 = a(0)/1."""
        before, now = (1, 0), (self.term(0)[0], 1)
        for j in range(1, n + 1):
            a, b = self.term(j)
            before, now = now, (a * now[0] + b * before[0], a * now[1] + b * before[1])
        return now

    def program(self) -> Program:
        """As a program of the integer set: a by Horner's rule, b as a product of linear factors where it is one."""
        return _Writer().program(self)

    @classmethod
    def from_program(cls, program: Program) -> Fraction:
        """The fraction that a program of + - * neg square computes.

        Raises ValueError for another primitive, a constant that is no integer below 2^53, a degree above 64.
        """
        polys = _polynomials(program)
        return cls(tuple(zip(polys[::2], polys[1::2], strict=True)))


def _polynomials(program: Program) -> list[Poly]:
    """The results of a program as polynomials in its only input."""
    if len(program.signature.leaves) != 1 or program.signature.state or len(program.results) % 2:
        raise ValueError("a fraction is a program of one input and an even number of outputs")
    constants = []
    for c in program.constants:
        if not (c.is_integer() and abs(c) <= EXACT):
            raise ValueError(f"constant {c!r} is not an integer of at most 2^53")
        constants.append(poly([int(c)]))
    values: list[Poly] = [(0, 1)]

    def read(v: int) -> Poly:
        return values[v] if v >= 0 else constants[-1 - v]

    for ins in program.instructions:
        args = [read(v) for v in ins.args]
        match ins.op:
            case "add":
                result = plus(*args)
            case "sub":
                result = plus(args[0], times((-1,), args[1]))
            case "mul":
                result = times(*args)
            case "neg":
                result = times((-1,), args[0])
            case "square":
                result = times(args[0], args[0])
            case other:
                raise ValueError(f"{other} is not a primitive of polynomials")
        if len(result) > MAX_DEGREE + 1:
            raise ValueError(f"a polynomial of degree {len(result) - 1}; at most {MAX_DEGREE}")
        values.append(result)
    return [read(v) for v in program.results]


def plus(p: Poly, q: Poly) -> Poly:
    """Sum."""
    short, long = sorted((p, q), key=len)
    return poly([c + (short[i] if i < len(short) else 0) for i, c in enumerate(long)])


def times(p: Poly, q: Poly) -> Poly:
    """Product."""
    result = [0] * max(len(p) + len(q) - 1, 0)
    for i, c in enumerate(p):
        for j, d in enumerate(q):
            result[i + j] += c * d
    return poly(result)


def shifted(p: Poly, by: int) -> Poly:
    """p(n + by)."""
    result: Poly = ()
    for c in reversed(p):
        result = plus(times(result, (by, 1)), (c,))
    return result


def factors(p: Poly) -> tuple[int, list[tuple[Poly, int]]]:
    """Content with sign, and primitive irreducible factors with their multiplicities, in a fixed order."""
    from flint import fmpz_poly

    content, parts = fmpz_poly(list(p)).factor()
    found = [(poly([int(c) for c in f.coeffs()]), int(m)) for f, m in parts]
    return int(content), sorted(found, key=lambda part: (len(part[0]), part[0][::-1]))


class _Writer:
    """Writes instructions; equal ones are written once."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.constants: list[float] = []

    def program(self, fraction: Fraction) -> Program:
        """The program of a fraction."""
        results = []
        for a, b in fraction.blocks:
            results += [self.horner(a), self.product(b)]
        names = signature(fraction.period)
        return Program(names, tuple(self.instructions), tuple(self.constants), tuple(results))

    def constant(self, c: int) -> int:
        """The value number of a constant. Raises ValueError beyond 2^53."""
        if abs(c) > EXACT:
            raise ValueError(f"coefficient {c} is beyond 2^53, which a program cannot hold")
        if float(c) not in self.constants:
            self.constants.append(float(c))
        return -1 - self.constants.index(float(c))

    def op(self, name: str, *args: int) -> int:
        """The value number of an instruction."""
        instruction = Instruction(name, args)
        if instruction not in self.instructions:
            self.instructions.append(instruction)
        return 1 + self.instructions.index(instruction)

    def horner(self, p: Poly) -> int:
        """p(n) by Horner's rule, without products by 1 and sums with 0."""
        if len(p) <= 1:
            return self.constant(p[0] if p else 0)
        result = None if p[-1] in (1, -1) else self.constant(p[-1])
        for c in reversed(p[:-1]):
            if result is None:
                result = 0 if p[-1] == 1 else self.op("neg", 0)
            else:
                result = self.op("mul", result, 0)
            if c > 0:
                result = self.op("add", result, self.constant(c))
            elif c < 0:
                result = self.op("sub", result, self.constant(-c))
        assert result is not None
        return result

    def power(self, base: int, exponent: int) -> int:
        """base^exponent by squaring."""
        if exponent == 1:
            return base
        half = self.op("square", self.power(base, exponent // 2))
        return self.op("mul", half, base) if exponent % 2 else half

    def product(self, p: Poly) -> int:
        """Content times the powers of the factors."""
        if len(p) <= 2:
            return self.horner(p)
        content, parts = factors(p)
        result = None
        for factor, multiplicity in parts:
            one = self.power(self.horner(factor), multiplicity)
            result = one if result is None else self.op("mul", result, one)
        assert result is not None
        if content == -1:
            return self.op("neg", result)
        return result if content == 1 else self.op("mul", self.constant(content), result)
