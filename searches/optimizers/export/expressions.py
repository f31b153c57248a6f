"""A plan as expressions on arrays, `m = beta * m + (1 - beta) * g`, in a function of one tensor.

A norm over all tensors makes the function a generator, which yields its part and is sent the whole.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from primitives.layout import Node, layout
from primitives.printers.source import render, template
from primitives.program import Instruction, Program, Signature
from searches.optimizers.export.common import Export, golden_lines
from searches.optimizers.export.graph import FULL, NUMBER, Graph
from searches.optimizers.export.lines import literal
from searches.optimizers.export.plan import Plan

_TEMPLATES = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}", "neg": "-{0}",
    "interp": "{2} * {1} + (1 - {2}) * {0}", "lerp": "{0} + (1 - {2}) * ({1} - {0})", "cube": "{0} * {0} * {0}",
    "divide": "_div({0}, {1})", "clip": "_clip({0}, {1}, {2})", "cosine_sim": "_cosine({0}, {1})",
    "max": "np.maximum({0}, {1})", "min": "np.minimum({0}, {1})", "power": "np.power({0}, {1})",
    "exp10": "np.power(10.0, {0})", "dot": "np.sum({0} * {1})", "norm": "np.linalg.norm({0})",
    "global_norm": "(yield np.linalg.norm({0}))", "full": "{0} + np.zeros_like(g)",
}  # fmt: skip
_HELPERS = {
    "_div": '''\
def _div(x, y):
    """x / y, and 0 for 0 / 0: weights that have had no gradient yet."""
    return np.where((x == 0) & (y == 0), 0.0, x / np.where((x == 0) & (y == 0), 1.0, y))
''',
    "_clip": '''\
def _clip(x, c, norm):
    """x, scaled so that the norm of all tensors is at most c; zeros stay zeros."""
    return x * np.where(norm == 0, 0.0, np.minimum(1, _div(c, norm)))
''',
    "_cosine": '''\
def _cosine(x, y):
    """The cosine of the angle between two tensors; 0 if one is zero."""
    return _div(np.sum(x * y), np.linalg.norm(x) * np.linalg.norm(y))
''',
    "_together": '''\
def _together(updates):
    """Run updates side by side: each yields its part of a norm over all tensors, and is sent the whole."""
    results, norm = [], None
    while updates and not results:
        parts = []
        for update in updates:
            try:
                parts.append(update.send(norm))
            except StopIteration as stop:
                results.append(stop.value)
        norm = sum(part * part for part in parts) ** 0.5
    return results
''',
}


@dataclass(frozen=True)
class Body:
    """The lines of the function of one tensor; `inputs`: what of w, g, lr, t it reads."""

    lines: list[str]
    inputs: set[str]
    reduces: bool


def body_of(plan: Plan, rename: dict[str, str], traced: bool = False) -> Body:
    """The plan as expressions."""
    graph = plan.graph
    update = _update(plan)
    roots = [_full(graph, v) for v in (update, *plan.states.values())]
    order: list[int] = []
    stack = [(v, False) for v in reversed(roots)]
    while stack:
        v, ready = stack.pop()
        if ready and v not in order:
            order.append(v)
        elif not ready and v not in order:
            stack += [(v, True), *((a, False) for a in reversed(graph.values[v].args))]
    inputs = [graph.values[v].name for v in order if graph.values[v].op == "leaf"]
    inputs = [name for name in inputs if name not in plan.states]
    names = [rename.get(s.name, s.name) for s in plan.settings[1:]]
    signature = Signature((*inputs, *names), ("update",), tuple(plan.states))
    numbers: dict[int, int] = {}
    constants: list[float] = []
    instructions: list[Instruction] = []

    def number(v: int) -> int:
        """A literal is written wherever it is used."""
        if graph.values[v].op != "number":
            return numbers[v]
        constants.append(graph.values[v].number)
        return -len(constants)

    for v in order:
        value = graph.values[v]
        if value.op == "leaf":
            numbers[v] = signature.leaves.index(value.name)
        elif value.op == "setting":
            numbers[v] = signature.leaves.index(rename.get(plan.named(v), plan.named(v)))
        elif value.op != "number":
            corrects = value.op == "power" and graph.values[value.args[0]].op == "setting"
            op = ("beta_power" if corrects else value.op) + "#" * (
                graph.kinds[v] == NUMBER and value.op != "global_norm"
            )
            instructions.append(Instruction(op, tuple(map(number, value.args))))
            numbers[v] = len(signature.leaves) + len(instructions) - 1
    ends = tuple(map(number, roots))
    program = Program(signature, tuple(instructions), tuple(constants), ends)
    reserved = {"np", "jnp", "w", "g", "lr", "t"}
    lines = layout(program, by_name=lambda op: template(_spelling(op)).repeated, reserved=reserved)

    def spell(node: Node) -> str:
        return _spelling(node.op, traced)

    text = [f"{line.name} = {render(line.expression, spell, literal)}" for line in lines]
    text = [line.replace("math.", "np.") for line in text]
    return Body(text, set(inputs), any("yield" in line for line in text))


def _spelling(op: str, traced: bool = False) -> str:
    """The template of an operation. One on numbers (`op#`) gives a number of Python's, so that it widens no array,
    unless jax may be tracing them."""
    name, number = op.rstrip("#"), op.endswith("#")
    if number and name in ("sqrt", "beta_power"):
        return {"sqrt": "({0})**0.5", "beta_power": "{0}**{1}"}[name]
    text = _TEMPLATES.get(name, f"np.{name}({{0}})")
    return f"float({text})" if number and "(" in text[:12] and name not in ("interp", "lerp") and not traced else text


def _update(plan: Plan) -> int:
    """What lr (if the update is a multiple of it) or nothing multiplies before it is subtracted."""
    graph, total = plan.graph, None
    for term in sorted(plan.terms, key=lambda term: term.tensor == graph.leaf("w")):
        scale = _without_lr(graph, term.scale) if plan.folded and term.scale is not None else term.scale
        part = term.tensor
        value = graph.values[scale] if scale is not None else None
        if value and scale is not None:
            over = value.op == "div" and value.args[0] == graph.number(1.0)
            part = graph.add("div", part, value.args[1]) if over else graph.add("mul", scale, part)
        if total is None:
            total = graph.add("neg", part) if term.negative else part
        else:
            total = graph.add("sub" if term.negative else "add", total, part)
    assert total is not None
    return total


def _without_lr(graph: Graph, scale: int) -> int | None:
    """A scale divided by lr, which is its first factor; None for 1."""
    value = graph.values[scale]
    if value.op == "leaf":
        return None
    first = _without_lr(graph, value.args[0])
    if value.op == "mul":
        return value.args[1] if first is None else graph.add("mul", first, value.args[1])
    return graph.add("div", graph.number(1.0) if first is None else first, value.args[1])


def _full(graph: Graph, v: int) -> int:
    return v if graph.kinds[v] == FULL else graph.add("full", v)


def pieces(
    export: Export, body: Body, inputs: list[str], names: list[str], calls: list[str], module: str
) -> dict[str, str]:
    """What both files have."""
    states = list(export.plan.states)
    code = "\n".join(body.lines)
    helpers = ["_together"] * body.reduces
    for name in ("_clip", "_cosine", "_div"):
        if f"{name}(" in code:
            helpers.append(name)
            code += _HELPERS[name]
    tensors, numbers = [n for n in inputs if n in "wg"], [n for n in inputs if n in ("t", "lr")]
    one = f"_update({', '.join(['*row', *calls, *names])})"
    return {
        "name": export.name,
        "title": export.title,
        "signature": ", ".join([*tensors, *states, *numbers, *names]),
        "body": textwrap.indent("\n".join(body.lines), "    ").replace("np.", module),
        "helpers": "".join(f"\n\n{_HELPERS[name]}" for name in helpers).replace("np.", module),
        "golden": "\n".join(golden_lines(export)),
        "columns": str(1 + len(states)),
        "results": f"_together([{one} for row in rows])" if body.reduces else f"[{one} for row in rows]",
    }


def about(export: Export, lr: str, names: list[str]) -> str:
    """Lines of a docstring on the settings."""
    what = "the learning rate" if export.plan.folded else "the program's own lr, 1 at the peak of a schedule"
    settings = ", ".join(names)
    return textwrap.indent(f"{lr}: {what}." + (f"\n{settings}: constants of the program." if settings else ""), "    ")
