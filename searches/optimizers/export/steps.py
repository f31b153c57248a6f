"""A plan as steps on torch tensors, in place where that overwrites nothing still needed.

Which form an average takes decides the last bit. `interp(x, y, beta)` is y.mul(beta).add(x, alpha=1 - beta), as in
lion-pytorch, and of a square .addcmul(g, g, value=1 - beta), as in torch; `x + (y - x) * (1 - beta)` is
x.lerp(y, 1 - beta), as in torch's Adam.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from primitives.layout import Expression, Node
from searches.optimizers.export.graph import FULL, NUMBER, Value
from searches.optimizers.export.lines import CALLS, METHODS, Operand, Step
from searches.optimizers.export.plan import Plan, Term
from searches.optimizers.export.scalars import Numbers, negated

LEAVES = {"w": "p"}  # what a leaf is called in the file, if not as in the program


@dataclass
class Steps(Numbers):
    """The steps of a plan, in order."""

    plan: Plan
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.graph = self.plan.graph
        for leaf in ("w", *self.plan.states):
            self.graph.leaf(leaf)
        self.reads = [0] * len(self.graph.values)
        for v in self.plan.live:
            for a in self.graph.values[v].args:
                self.reads[a] += 1
        for v in self.plan.roots:
            self.reads[v] += 1
        self.names: dict[int, str] = {}
        self.mine: set[str] = set()  # variables that may be overwritten once nobody reads their value
        self.slots: dict[int, str] = {}  # where a value is best made: new states, and what only they are made of
        for name, v in self.plan.states.items():
            self._claim(v, name)
        self._write()

    def kind(self, v: int) -> int:
        """NUMBER, TENSORWISE or FULL."""
        return self.graph.kinds[v]

    def _take(self, *values: int, negative: bool = False) -> list[Operand]:
        """Tensors and numbers, computed now if they have not been; they count as read only when all are there."""
        for v in values:
            self._need(v)
        found = []
        for v in values:
            self.reads[v] -= 1
            tensor = self.kind(v) != NUMBER
            found.append(Operand(self.names[v]) if tensor else Operand(self.number(v, negative), False))
        return found

    def _claim(self, v: int, state: str) -> bool:
        """Mark what lies between a new state and the old one, as far as nothing else reads it."""
        if self.graph.values[v] == Value("leaf", name=state):
            return True
        if v in self.slots or self.kind(v) != FULL:
            return False
        args = [a for a in self.graph.values[v].args if self.reads[a] == 1 or not self.graph.values[a].args]
        found = any(self._claim(a, state) for a in args)
        if found or v == self.plan.states[state]:
            self.slots[v] = state
        return found

    # The whole

    def _write(self) -> None:
        terms = [t for t in self.plan.terms if not self._is_decay(t)]
        prepared = [self._prepare(term) for term in terms]
        for v in self.plan.live:  # those that numbers are made of too
            if self.graph.values[v].op == "global_norm":
                self._need(v)
        weights = self.graph.leaf("w")
        if self.reads[weights] == len(self.plan.terms) - len(terms):
            self._weights(prepared)
            self._compute_states()
        else:  # a new state is made of the old weights
            self._compute_states()
            self._weights(prepared)
        self._copy_states()

    def _is_decay(self, term: Term) -> bool:
        return self.graph.values[term.tensor] == Value("leaf", name="w")

    def _prepare(self, term: Term) -> tuple[Term, str, list[int]]:
        """Compute what a term needs, up to a last operation that is merged with the subtraction."""
        v = term.tensor
        value = self.graph.values[v]
        if self.kind(v) == NUMBER:
            return term, "number", []
        alone = v not in self.names and self.reads[v] == 1 and all(self.kind(a) == FULL for a in value.args)
        if value.op in ("div", "mul") and alone and self.graph.leaf("w") not in value.args:
            first, second = value.args
            self._need(first)
            self._need(second)
            self._rename(second, "denom" if value.op == "div" else "factor")
            return term, f"addc{value.op}", [first, second]
        self._need(v)
        self._rename(v, "update")
        return term, "add", [v]

    def _rename(self, v: int, name: str) -> None:
        """Call a variable of ours by a better name, if no other has it."""
        old = self.names[v]
        if name in self.mine or old not in self.mine:
            return

        def new(text: str) -> str:
            return name if text == old else text

        for k, s in enumerate(self.steps):
            operands = tuple(Operand(new(o.text)) if o.many else o for o in s.operands)
            self.steps[k] = replace(s, dest=new(s.dest), operands=operands)
        self.names = {u: new(text) for u, text in self.names.items()}
        self.mine = set(map(new, self.mine))

    def _weights(self, prepared: list[tuple[Term, str, list[int]]]) -> None:
        """Subtract the terms."""
        p = Operand(LEAVES["w"])
        shrink: Expression = 1.0
        for term in filter(self._is_decay, self.plan.terms):
            self.reads[term.tensor] -= 1
            scale = 1.0 if term.scale is None else self._expression(term.scale)
            shrink = Node("add" if term.negative else "sub", (shrink, scale))
        if shrink != 1.0:
            self._in_place(p, "mul", Operand(self._render(shrink), False))
        for term, how, values in prepared:
            operands = self._take(*values)
            if how == "number":
                number = self._expression(term.tensor)
                product = number if term.scale is None else Node("mul", (self._expression(term.scale), number))
                self._in_place(p, "add" if term.negative else "sub", Operand(self._render(product), False))
            elif term.scale is None and how == "add":
                self._in_place(p, "add" if term.negative else "sub", *operands)
            elif term.scale is None or self.fixed(term.scale):
                scale = 1.0 if term.scale is None else self._expression(term.scale)
                number_text = self._render(scale if term.negative else negated(scale))
                self._in_place(p, how, *operands, keyword="alpha" if how == "add" else "value", number=number_text)
            else:
                scale_text = self.number(term.scale, not term.negative)
                self.steps.append(Step(p.text, f"_{how}", (p, *operands), "", scale_text, True))

    def _compute_states(self) -> None:
        for v in self.plan.states.values():
            if self.graph.values[v] == Value("leaf", name="w"):
                self._finish(v, "clone", (Operand(LEAVES["w"]),))
            self._need(v)

    def _copy_states(self) -> None:
        """Copy the new states that could not be made in place."""
        copies = [(name, v) for name, v in self.plan.states.items() if self.names.get(v) != name]
        old = {self.graph.leaf(name) for name in self.plan.states}
        copies.sort(key=lambda copy: copy[1] not in old)  # before it is overwritten
        if sum(v in old for _, v in copies) == 2:
            first = copies[0][0]
            self._finish(self.graph.leaf(first), "clone", (Operand(first),))
        for name, v in copies:
            (new,) = self._take(v)
            self._in_place(Operand(name), "copy" if new.many else "fill", new)

    # Values

    def _need(self, v: int) -> None:
        """Compute a value, unless it has been."""
        value = self.graph.values[v]
        if v in self.names or (self.kind(v) == NUMBER and value.op != "global_norm"):
            return
        if value.op == "leaf":
            self.names[v] = LEAVES.get(value.name, value.name)
            return
        match value.op:
            case "interp" | "lerp":
                self._average(v, *value.args)
            case "add" | "sub":
                self._sum(v, *value.args)
            case "div" if self.kind(value.args[0]) == NUMBER:
                self._call(v, "{0} / {1}")
            case "power" if not all(self.kind(a) != NUMBER or self.fixed(a) for a in value.args):
                self._call(v, "torch.pow({0}, {1})")
            case "power" if self.kind(value.args[0]) == NUMBER:
                self._call(v, "torch.pow({0}, {1})")
            case "max" | "min" if NUMBER in map(self.kind, value.args):
                x, c = sorted(value.args, key=self.kind, reverse=True)
                side = "min" if value.op == "max" else "max"
                if self.fixed(c):
                    self._method(v, f"clamp_{side}", x, c)
                else:
                    self._call(v, f"torch.clamp({{0}}, {side}={{1}})", x, c)
            case "mul":
                x, y = sorted(value.args, key=self.kind, reverse=True)
                self._need(x)
                self._need(y)
                self._method(v, "mul", *((y, x) if self._may_replace(v, y, 1) else (x, y)))
            case "cube":
                self._method(v, "pow", *value.args, more=(Operand("3", False),))
            case op if op in CALLS or op == "global_norm":
                self._call(v, CALLS.get(op, "yield"))
            case op:
                self._method(v, METHODS.get(op, op), *value.args)

    def _sum(self, v: int, x: int, y: int) -> None:
        """x + y or x - y, a product or a quotient merged."""
        minus = self.graph.values[v].op == "sub"
        if self.kind(x) == NUMBER and minus:
            into = self._method(v, "neg", y)
            self._in_place(into, "add", *self._take(x))
            return
        if self.kind(x) == NUMBER:
            x, y = y, x
        if self.kind(y) == NUMBER:
            self._need(x)
            self._method(v, "add", x, more=tuple(self._take(y, negative=minus)))
            return
        if not minus and not self._grows(v, x) and (self._grows(v, y) or (self._merges(x) and not self._merges(y))):
            x, y = y, x
        if not self._merges(y):
            if self._grows(v, x):
                self._need(y)
            self._method(v, self.graph.values[v].op, x, y)
            return
        inner = self.graph.values[y]
        self.reads[y] -= 1
        a, b = sorted(inner.args, key=self.kind, reverse=True) if inner.op == "mul" else inner.args
        if self.kind(b) == NUMBER:
            (number,) = self._take(b)
            self._method(v, self.graph.values[v].op, x, a, keyword="alpha", number=number.text)
        else:
            keyword, sign = ("value", "-1") if minus else ("", "")
            self._method(v, f"addc{inner.op}", x, a, b, keyword=keyword, number=sign)

    def _merges(self, v: int) -> bool:
        """A product or quotient that nothing else reads and that has not been computed."""
        value = self.graph.values[v]
        if v in self.names or self.reads[v] != 1 or value.op not in ("mul", "div") or self.kind(v) != FULL:
            return False
        numbers = [a for a in value.args if self.kind(a) == NUMBER]
        return not numbers or (value.op == "mul" and self.fixed(numbers[0]))

    def _grows(self, v: int, x: int) -> bool:
        """x is a multiple of the state whose new value v is: best made in place."""
        return self.slots.get(v, "") == self.slots.get(x) and self.graph.values[x].op == "mul"

    def _average(self, v: int, x: int, y: int, beta: int) -> None:
        """interp(x, y, beta): x is new, y the average so far; lerp(y, x, beta)."""
        b = self.number(beta)
        rest = f"1 - {b}"
        if self.graph.values[v].op == "lerp":
            if NUMBER not in (self.kind(x), self.kind(y)):
                self._method(v, "lerp", x, y, more=(Operand(rest, False),))
                return
            x, y = y, x
        if self.kind(y) == NUMBER:
            x, y, b, rest = y, x, rest, b
        inner = self.graph.values[x]
        factor = Operand(b, False)
        if self.kind(x) == NUMBER:
            into = self._method(v, "mul", y, more=(factor,))
            (number,) = self._take(x)
            self._in_place(into, "add", Operand(f"({rest}) * ({number.text})", False))
            return
        squared = x not in self.names and self.reads[x] == 1 and inner.op == "square"
        added, name, keyword = ([x], "add", "alpha")
        if squared:
            self.reads[x] -= 1
            added, name, keyword = [inner.args[0]] * 2, "addcmul", "value"
            self.reads[inner.args[0]] += 1
        for a in (*added, y):
            self._need(a)
        if self.kind(y) == self.kind(v) and self.names[y] not in (self.names[a] for a in added):
            into = self._method(v, "mul", y, more=(factor,))
            self._in_place(into, name, *self._take(*added), keyword=keyword, number=rest)
        else:
            operands = self._take(y, *added)
            self._finish(v, "mul", (operands[0], factor))
            product = Operand(self.names[v])
            self._finish(v, name, (product, *operands[1:]), keyword, rest)

    # Steps

    def _may_replace(self, v: int, x: int, reads: int = 0) -> bool:
        """Whether v may be made in place of x, which is read so many times yet."""
        if self.reads[x] != reads or self.kind(x) != self.kind(v) or x not in self.names:
            return False
        if self.graph.values[x].op == "leaf":
            return self.slots.get(v) == self.names[x]
        return self.names[x] in self.mine or self.names[x] == self.slots.get(v)

    def _method(
        self, v: int, name: str, x: int, *rest: int, more: tuple[Operand, ...] = (), keyword: str = "", number: str = ""
    ) -> Operand:
        """A value by a method of x, in place if it may be; where it is."""
        receiver, *operands = self._take(x, *rest)
        if self._may_replace(v, x) and name not in ("maximum", "minimum"):
            self._in_place(receiver, name, *operands, *more, keyword=keyword, number=number)
            self.names[v] = receiver.text
            return receiver
        return self._finish(v, name, (receiver, *operands, *more), keyword, number)

    def _in_place(self, dest: Operand, name: str, *rest: Operand, keyword: str = "", number: str = "") -> None:
        self.steps.append(Step(dest.text, name, (dest, *rest), keyword, number, True))

    def _finish(self, v: int, name: str, operands: tuple[Operand, ...], keyword: str = "", number: str = "") -> Operand:
        """A value in a new variable."""
        prefix = "norm" if name == "yield" else "x"
        dest = next(text for k in range(1, 10_000) if (text := f"{prefix}{k}") not in self.mine)
        self.steps.append(Step(dest, name, operands, keyword, number))
        self.names[v] = dest
        self.mine.add(dest)
        return Operand(dest)

    def _call(self, v: int, template: str, *args: int) -> None:
        """A value by a template of its arguments."""
        operands = self._take(*(args or self.graph.values[v].args))
        if template == CALLS["full"]:
            operands.insert(0, Operand(LEAVES["w"]))
        if template in ("{0} / {1}", CALLS["full"]):
            operands = [o if o.many or o.text.isidentifier() else replace(o, text=f"({o.text})") for o in operands]
        self._finish(v, template, tuple(operands))
