"""Values of an optimizer as plain operations, and what is known of their signs.

Plain means IEEE arithmetic. HERO's `div` has 0/0 = 0, its `sqrt` and logarithms take |x|: here each is the bare
operation wherever signs prove that it is the same, and has `divide` or `abs` where they do not.
"""

from __future__ import annotations

from dataclasses import dataclass

NUMBER, TENSORWISE, FULL = range(3)  # one number for all weights; one for each tensor; one for each weight
ANY, NONNEGATIVE, POSITIVE = range(3)
OVER_TENSOR = {"norm", "dot", "cosine_sim"}
# Not negative if no argument is: products may underflow, so that nothing is positive for sure.
_KEEPS_SIGN = {"mul", "div", "divide", "clip", "interp", "lerp", "reciprocal", "cube", "sign", "tanh", "arctan"}


@dataclass(frozen=True)
class Value:
    """A node: `op(args)`; or a leaf, a number, a setting, told by `op` and spelled by `name` or `number`."""

    op: str
    args: tuple[int, ...] = ()
    name: str = ""
    number: float = 0.0


class Graph:
    """Values that stand for plain operations; equal ones are one."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.kinds: list[int] = []
        self.signed: set[str] = set()  # states that may be negative, as far as is known
        self._index: dict[Value, int] = {}
        self._signs: dict[int, int] = {}

    def add(self, op: str, *args: int, name: str = "", number: float = 0.0) -> int:
        """The number of a value."""
        value = Value(op, args, name, number + 0.0)
        if value not in self._index:
            self._index[value] = len(self.values)
            self.values.append(value)
            self.kinds.append(self._kind(value))
        return self._index[value]

    def number(self, number: float) -> int:
        """A literal."""
        return self.add("number", number=number)

    def leaf(self, name: str) -> int:
        """w, g, lr, t, m or v."""
        return self.add("leaf", name=name)

    def _kind(self, value: Value) -> int:
        if value.op == "leaf":
            return NUMBER if value.name in ("lr", "t") else FULL
        if value.op == "full":
            return FULL
        if value.op in OVER_TENSOR:
            return TENSORWISE
        return NUMBER if value.op == "global_norm" else max((self.kinds[a] for a in value.args), default=NUMBER)

    def sign(self, v: int) -> int:
        """What is known of the sign of a value, whatever the gradients and however the settings are chosen."""
        if v not in self._signs:
            self._signs[v] = self._sign(self.values[v])
        return self._signs[v]

    def _sign(self, value: Value) -> int:
        if value.op == "number":
            return ANY if not value.number >= 0 else POSITIVE if value.number > 0 else NONNEGATIVE
        if value.op == "setting":
            return {"eps": POSITIVE, "c": ANY}.get(value.name, NONNEGATIVE)
        if value.op == "leaf":
            signed = value.name in ("w", "g") or value.name in self.signed
            return POSITIVE if value.name == "t" else ANY if signed else NONNEGATIVE
        if value.op in ("square", "abs", "exp", "exp2", "exp10", "cosh", "norm", "global_norm", "power"):
            return NONNEGATIVE  # of the exponentials, since they may underflow
        signs = [self.sign(a) for a in value.args]
        if value.op == "sub" and value.args[0] == self.number(1.0):
            return self._sign_of_complement(self.values[value.args[1]])
        if value.op == "add":
            return max(signs) if min(signs) > ANY else ANY
        if value.op == "max":
            return max(signs)
        if value.op in ("min", "sqrt", "cbrt", "full"):
            return min(signs)
        if value.op in _KEEPS_SIGN:
            return min(*signs, NONNEGATIVE)
        return ANY

    def _sign_of_complement(self, value: Value) -> int:
        """The sign of 1 - value: positive for a beta, and for a power of one."""
        if value.op == "power":
            value, exponent = self.values[value.args[0]], value.args[1]
            if self.sign(exponent) != POSITIVE:
                return ANY
        return POSITIVE if value.op == "setting" and value.name == "beta" else ANY


def plain(g: Graph, op: str, x: list[int]) -> int:
    """A primitive of HERO as plain operations."""

    def one() -> int:
        return g.number(1.0)

    def size(v: int) -> int:
        return v if g.sign(v) > ANY else g.add("abs", v)

    number = g.values[x[0]].number if x and g.values[x[0]].op == "number" else 0.0
    match op:
        case "div":
            plain = g.sign(x[1]) == POSITIVE or number
            return g.add("div" if plain else "divide", *x)
        case "sqrt" | "log" | "log2" | "log10":
            return g.add(op, size(x[0]))
        case "log1p" if g.sign(x[0]) == ANY:
            return g.add("log", g.add("abs", g.add("add", one(), x[0])))
        case "power":
            return g.add("power", size(x[0]), x[1])
        case "clip":
            whole = x[0] if g.kinds[x[0]] == FULL else g.add("full", x[0])
            return g.add("clip", *x, g.add("global_norm", whole))
        case "invert":
            return g.add("sub", one(), x[0])
    return g.add(op, *x)
