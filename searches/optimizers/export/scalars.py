"""Numbers of a plan as source text: what lr, the step and the settings make, and norms over all tensors.

lr and what follows from it may be a tensor of one element, so nothing here asks for a float.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from primitives.layout import Expression, Node
from primitives.printers.source import render
from searches.optimizers.export.graph import Graph
from searches.optimizers.export.lines import CALLS, METHODS, literal
from searches.optimizers.export.plan import Plan

_INFIX = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}", "neg": "-{0}"}


class Numbers(ABC):
    """Texts of numbers; `names` holds the variables of what has been computed."""

    plan: Plan
    graph: Graph
    names: dict[int, str]

    @abstractmethod
    def _need(self, v: int) -> None:
        """Compute a value, unless it has been."""

    def fixed(self, v: int) -> bool:
        """A number that no lr, no step count and no norm enters: it is a float, never a tensor."""
        value = self.graph.values[v]
        return value.op not in ("leaf", "global_norm") and all(map(self.fixed, value.args))

    def number(self, v: int, negative: bool = False) -> str:
        """A number as source text."""
        expression = self._expression(v)
        return self._render(negated(expression) if negative else expression)

    def _render(self, expression: Expression) -> str:
        return render(expression, self._spelling, literal)

    def _expression(self, v: int) -> Expression:
        value = self.graph.values[v]
        if value.op == "global_norm":
            self._need(v)
        if v in self.names:
            return self.names[v]
        if value.op == "number":
            return value.number
        if value.op in ("leaf", "setting"):
            return value.name if value.op == "leaf" else self.plan.named(v)
        if value.op == "interp":  # of numbers
            x, y, beta = map(self._expression, value.args)
            return Node("add", (Node("mul", (y, beta)), Node("mul", (x, Node("sub", (1.0, beta))))))
        if value.op == "lerp":
            x, y, beta = map(self._expression, value.args)
            return Node("add", (x, Node("mul", (Node("sub", (y, x)), Node("sub", (1.0, beta))))))
        return Node(value.op, tuple(map(self._expression, value.args)))

    @staticmethod
    def _spelling(node: Node) -> str:
        if node.op in _INFIX:
            return _INFIX[node.op]
        first = node.args[0]
        bare = isinstance(first, str) or (isinstance(first, float) and first >= 0)
        if node.op in ("sqrt", "cube"):
            return ("{0}" if bare else "({0})") + ("**0.5" if node.op == "sqrt" else "**3")
        if node.op == "power" and isinstance(first, str) and first.startswith("beta") and node.args[1] == "t":
            return "{0}**{1}"
        arguments = ", ".join(f"{{{k}}}" for k in range(len(node.args)))
        if node.op in CALLS:
            function = CALLS[node.op].partition("(")[0] if node.op != "exp10" else "lambda x: torch.pow(10.0, x)"
        else:
            function = f"torch.{METHODS.get(node.op, node.op)}"
        return f"_number({function}, {arguments})"


def negated(expression: Expression) -> Expression:
    """-x; of a product or a quotient, the first factor's."""
    if isinstance(expression, float):
        return -expression
    if isinstance(expression, Node) and expression.op in ("mul", "div"):
        return Node(expression.op, (negated(expression.args[0]), *expression.args[1:]))
    return Node("neg", (expression,))
