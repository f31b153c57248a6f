"""From a program to its plan.

Constants become settings with the names of the field, told from where they stand: the last argument of an `interp` is a
beta, a small number that is added an eps, what multiplies the weights alone a weight decay. The update is taken apart
into terms, a scale that is one number for all weights times a tensor, so that weight decay can be applied by scaling
the weights in place; the constant that a multiple of `lr` is multiplied with becomes the default of lr.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from primitives.canonical import canonical
from primitives.hero import HERO
from primitives.program import Instruction, Program
from searches.optimizers.export.graph import ANY, FULL, NUMBER, OVER_TENSOR, POSITIVE, Graph, plain
from searches.optimizers.export.plan import ROLES, Plan, Setting, Term

LITERALS = frozenset({0.0, 1.0, 2.0, 3.0, 4.0, 0.5, math.pi, math.e, math.inf})
LARGEST_EPS = 1e-3
_W, _LR = 0, 2  # leaves of both signatures


def plan(program: Program) -> Plan:
    """The plan of a program over HERO, with SIGNATURE or STEPPED."""
    program = canonical(program, HERO)
    signed: set[str] = set()
    while True:
        builder = _Builder(program, signed)
        made = builder.plan()
        # States are zero at first: not negative, unless a step can make them so.
        more = {name for name, v in made.states.items() if made.graph.sign(v) == ANY} - signed
        if not more:
            return made
        signed = signed | more


class _Builder:
    """Program values to graph values."""

    def __init__(self, program: Program, signed: set[str]) -> None:
        self.program = program
        self.graph = Graph()
        self.graph.signed = signed
        self.leaves = program.signature.leaves
        self.first_state = len(program.signature.inputs)
        self.states = dict(zip(program.signature.state, program.results[1:], strict=True))
        self.readers = [0] * (program.n_leaves + len(program.instructions))
        for v in [*(a for ins in program.instructions for a in ins.args), *program.results]:
            if v >= 0:
                self.readers[v] += 1
        self.done: dict[int, int] = {}

    def plan(self) -> Plan:
        """The whole."""
        pieces = self._split(self.program.results[0])
        folded, rate = self._rate(pieces)
        terms = [self._term(piece, rate if folded else None) for piece in pieces]
        states = {
            name: self.value(v) for name, v in self.states.items() if v != self.leaves.index(name)
        }  # one that stays as it was is zero
        made = Plan(self.graph, terms, states, float(rate), folded)
        made.settings = [Setting("lr", "lr", float(rate)), *_named(self.graph, made.live)]
        return made

    def instruction(self, v: int) -> Instruction | None:
        """The instruction that makes a value."""
        n = self.program.n_leaves
        return self.program.instructions[v - n] if v >= n else None

    def constant(self, v: int) -> float | None:
        """The number that a value always is."""
        if v < 0:
            return self.program.constants[-1 - v]
        ins = self.instruction(v)
        return {"pi": math.pi, "e": math.e, "eps": 1e-8}.get(ins.op) if ins else None

    def is_number(self, v: int) -> bool:
        """One number for all weights."""
        return self.graph.kinds[self.value(v)] == NUMBER

    def value(self, v: int) -> int:
        """The graph value of a program value."""
        if v not in self.done:
            self.done[v] = self._value(v)
        return self.done[v]

    def _value(self, v: int) -> int:
        constant = self.constant(v)
        if constant is not None:
            return self.literal(constant)
        ins = self.instruction(v)
        if ins is None:
            name = self.leaves[v]
            still = v >= self.first_state and self.states[name] == v
            return self.graph.number(0.0) if still else self.graph.leaf(name)
        return self._apply(v, ins)

    def literal(self, number: float, role: str = "c") -> int:
        """A constant: a number that stands for itself, or a setting."""
        if role == "c" and (abs(number) in LITERALS or number != number):
            return self.graph.number(number)
        return self.graph.add("setting", name=role, number=number)

    def _apply(self, v: int, ins: Instruction) -> int:
        g, add = self.graph, self.graph.add
        args = ins.args
        numbers = [self.constant(a) for a in args]
        if ins.op == "interp":
            return self._interp(args, numbers[2])
        if ins.op == "add" and (lerp := self._lerp(args)):
            return lerp
        if ins.op in ("add", "mul", "power"):
            for k, number in enumerate(numbers):
                if number is not None and (role := self._role(v, ins.op, args, k, number)):
                    operands = [self.literal(number, role) if i == k else self.value(a) for i, a in enumerate(args)]
                    return add(ins.op, *operands)
        operands = [self.value(a) for a in args]
        if ins.op in OVER_TENSOR or ins.op == "global_norm":
            operands = [x if g.kinds[x] == FULL else add("full", x) for x in operands]
        return plain(g, ins.op, operands)

    def _role(self, v: int, op: str, args: tuple[int, ...], k: int, number: float) -> str:
        """The role of the constant that is argument k, or nothing."""
        other = args[1 - k]
        if op == "power":
            return "beta" if k == 0 and self.leaves[other : other + 1] == ("t",) and 0 < number < 1 else ""
        if op == "add":
            return "eps" if 0 < number <= LARGEST_EPS else ""
        if other == _W:
            return "weight_decay" if number > 0 else ""
        for name, new in self.states.items():  # m = m * c + ..., and what reads that m times the same c
            old = self.leaves.index(name)
            grown = v if other == old else self._grown(old, number) if other == new else None
            made = self.instruction(new)
            if grown is not None and 0 <= number < 1 and made and made.op == "add" and grown in made.args:
                return "momentum"
        return ""

    def _grown(self, old: int, number: float) -> int | None:
        """The value `old * number`, if there is one."""
        n = self.program.n_leaves
        for i, ins in enumerate(self.program.instructions):
            if ins.op == "mul" and old in ins.args and number in map(self.constant, ins.args):
                return n + i
        return None

    def _interp(self, args: tuple[int, ...], beta: float | None) -> int:
        x, y = self.value(args[0]), self.value(args[1])
        if beta is not None and 0 <= beta < 1:
            return self.graph.add("interp", x, y, self.literal(beta, "beta"))
        a = self.value(args[2])
        rest = self.graph.add("sub", self.graph.number(1.0), a)
        return self.graph.add("add", self.graph.add("mul", x, rest), self.graph.add("mul", y, a))

    def _lerp(self, args: tuple[int, ...]) -> int | None:
        """`x + (y - x) * c`, the other way to write an average: `lerp(x, y, beta)` with beta = 1 - c."""
        for x, product in (args, args[::-1]):
            ins = self.instruction(product)
            if ins is None or ins.op != "mul" or self.readers[product] > 1:
                continue
            for difference, c in (ins.args, ins.args[::-1]):
                weight, inner = self.constant(c), self.instruction(difference)
                if weight is None or not 0 < weight <= 0.5 or inner is None or self.readers[difference] > 1:
                    continue
                if inner.op == "sub" and inner.args[1] == x:
                    y = self.value(inner.args[0])
                    return self.graph.add("lerp", self.value(x), y, self.literal(1.0 - weight, "beta"))
        return None

    def _split(self, v: int) -> list[_Piece]:
        """A value as a sum; it is taken apart only where that sets the weights free."""
        whole = [_Piece(Fraction(1), (), (), v)]
        ins = self.instruction(v)
        if ins is None or self.readers[v] > 1 or self.is_number(v):
            return whole
        if ins.op == "neg":
            return [p.times(Fraction(-1)) for p in self._split(ins.args[0])]
        if ins.op in ("add", "sub"):
            left, right = map(self._split, ins.args)
            if all(p.value != _W for p in left + right):
                return whole
            return left + ([p.times(Fraction(-1)) for p in right] if ins.op == "sub" else right)
        if ins.op == "mul":
            for x, s in (ins.args, ins.args[::-1]):
                if self.is_number(s):
                    return [p.times(*self._factors(s)) for p in self._split(x)]
        if ins.op == "div" and self.is_number(ins.args[1]) and self.graph.sign(self.value(ins.args[1])) == POSITIVE:
            factor, over, under = self._factors(ins.args[1])
            return [p.times(1 / factor, under, over) for p in self._split(ins.args[0])]
        return whole

    def _factors(self, v: int) -> tuple[Fraction, tuple[int, ...], tuple[int, ...]]:
        """A number as constant, factors and divisors."""
        constant = self.constant(v)
        if constant is not None and math.isfinite(constant) and constant:
            return Fraction(constant), (), ()
        ins = self.instruction(v)
        if ins and ins.op in ("mul", "div"):
            (a, over, under), (b, over2, under2) = map(self._factors, ins.args)
            if ins.op == "mul":
                return a * b, over + over2, under + under2
            if self.graph.sign(self.value(ins.args[1])) == POSITIVE:
                return a / b, over + under2, under + over2
        return Fraction(1), (v,), ()

    def _rate(self, pieces: list[_Piece]) -> tuple[bool, Fraction]:
        """Whether the update is a multiple of lr that nothing else reads, and the constant that belongs to it."""
        rest = [v for p in pieces for v in (p.value, *p.under, *(o for o in p.over if o != _LR))]
        once = all(p.over.count(_LR) == 1 for p in pieces)
        if not once or self._reads(_LR, [*rest, *self.states.values()]):
            return False, Fraction(1)
        main = [abs(p.factor) for p in pieces if p.value != _W]
        return True, main[0] if main else Fraction(1)

    def _reads(self, leaf: int, values: Iterable[int]) -> bool:
        stack, seen = list(values), set()
        while stack:
            v = stack.pop()
            if v == leaf:
                return True
            if v not in seen and (ins := self.instruction(v)):
                seen.add(v)
                stack += ins.args
        return False

    def _term(self, piece: _Piece, rate: Fraction | None) -> Term:
        factor = piece.factor / rate if rate else piece.factor
        size, over = _short(abs(factor)), list(piece.over)
        scale: list[int] = []
        if rate:
            over.remove(_LR)
            scale.append(self.graph.leaf("lr"))
        if piece.value == _W and factor > 0:
            scale.append(self.literal(size, "weight_decay"))
        elif size != 1:
            scale.append(self.literal(size))
        scale += [self.value(v) for v in over]
        product = scale[0] if scale else None
        for s in scale[1:]:
            assert product is not None
            product = self.graph.add("mul", product, s)
        for v in piece.under:
            product = plain(self.graph, "div", [self.graph.number(1.0) if product is None else product, self.value(v)])
        return Term(factor < 0, product, self.value(piece.value))


@dataclass(frozen=True)
class _Piece:
    """A summand of the update: `factor * over / under * value`."""

    factor: Fraction
    over: tuple[int, ...]
    under: tuple[int, ...]
    value: int

    def times(self, factor: Fraction, over: tuple[int, ...] = (), under: tuple[int, ...] = ()) -> _Piece:
        return _Piece(self.factor * factor, self.over + over, self.under + under, self.value)


def _short(value: Fraction) -> float:
    """The number; of 15 digits if that many come close, since a quotient of constants is not exact anyway."""
    number = float(value)
    rounded = float(f"{number:.15g}")
    return rounded if abs(Fraction(rounded) - value) <= Fraction(math.ulp(number)) * 2 else number


def _named(graph: Graph, live: Iterable[int]) -> list[Setting]:
    """Names for the settings in use: beta or beta1, beta2, ... in the order of their first use."""
    found = [graph.values[v] for v in live if graph.values[v].op == "setting"]
    settings = []
    for role in ROLES:
        same = [value for value in found if value.name == role]
        for k, value in enumerate(same, 1):
            settings.append(Setting(role, role if len(same) == 1 and role != "c" else f"{role}{k}", value.number))
    return settings
