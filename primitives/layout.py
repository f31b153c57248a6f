"""Layout: how a person would write a program down, as lines `name = expression`, for any language.

The hard part of every printer is the same: which instructions nest into one expression, what the others are called, and
where a constant is a literal and where it needs a name. It is decided here once; text, Python and C only spell it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from primitives.program import Program

MAX_NODES = 12


@dataclass(frozen=True)
class Node:
    """`op(args)`; an argument is a name, a literal or another node."""

    op: str
    args: tuple[Expression, ...]


Expression = Node | str | float


@dataclass(frozen=True)
class Line:
    """`name = expression`. The expression is a plain name or literal where a line renames or names a constant."""

    name: str
    expression: Expression


def _no_positions(op: str) -> Collection[int]:
    return ()


def layout(
    program: Program,
    *,
    exact: bool = False,
    by_name: Callable[[str], Collection[int]] = _no_positions,
    reserved: Collection[str] = (),
) -> list[Line]:
    """The lines of a program; afterwards every result stands under its name in the signature.

    exact: reading the lines in order and each expression left to right gives back the instructions and the constants in
    their order, dead ones included (text form). Otherwise dead code and unused constants are left out.
    by_name(op): argument positions that an expression may not stand in (a template that repeats its argument).
    reserved: names that no temporary may take.
    """
    n = program.n_leaves
    trees = _nest(program, _live(program, exact), by_name)
    names, saved, endings = _bind(program, [v for v, _ in trees], exact, reserved)
    bodies: list[tuple[str, _Tree | int]] = [(names[v], tree) for v, tree in trees]
    start_of_endings = len(bodies)
    bodies += [(alias, leaf) for leaf, alias in saved.items()] + [(name, value) for name, value in endings]
    literal, before = _place_constants(program, [body for _, body in bodies], exact)
    taken = {*program.signature.leaves, *program.signature.results, *names.values(), *saved.values(), *reserved}
    constant = _fresh("k", len(program.constants), taken)

    def resolve(tree: _Tree | int, ending: bool) -> Expression:
        if isinstance(tree, _Tree):
            return Node(tree.op, tuple(resolve(a, ending) for a in tree.args))
        if tree < 0:
            return program.constants[-1 - tree] if -1 - tree in literal else constant[-1 - tree]
        if tree < n:
            return saved[tree] if ending and tree in saved else program.signature.leaves[tree]
        return names[tree]

    lines: list[Line] = []
    for s, (name, body) in enumerate(bodies):
        lines += [Line(constant[c], program.constants[c]) for c in before.get(s, ())]
        lines.append(Line(name, resolve(body, s >= start_of_endings + len(saved))))
    lines += [Line(constant[c], program.constants[c]) for c in before.get(len(bodies), ())]
    return lines


@dataclass(frozen=True)
class _Tree:
    """An instruction with the instructions nested into it; other arguments are value numbers."""

    op: str
    args: tuple[_Tree | int, ...]
    size: int


def _live(program: Program, everything: bool) -> list[int]:
    """Indices of the instructions to write, in order."""
    n = program.n_leaves
    wanted = set(program.results)
    live = []
    for i in reversed(range(len(program.instructions))):
        if everything or n + i in wanted:
            live.append(i)
            wanted.update(program.instructions[i].args)
    return live[::-1]


def _nest(program: Program, live: Sequence[int], by_name: Callable[[str], Collection[int]]) -> list[tuple[int, _Tree]]:
    """Statements (value, tree) in order. Reading the trees in post-order gives the instructions in their order.

    `pending` holds the trees that wait to be nested into their one reader, in instruction order. A reader can take the
    last few of them if they are its arguments from left to right; a tree that is needed otherwise becomes a statement,
    and so do all that wait before it.
    """
    n = program.n_leaves
    uses: dict[int, int] = {}
    for i in live:
        for a in program.instructions[i].args:
            uses[a] = uses.get(a, 0) + 1
    pending: dict[int, _Tree] = {}
    statements: list[tuple[int, _Tree]] = []
    for i in live:
        ins = program.instructions[i]
        named = by_name(ins.op)
        takeable = [a for position, a in enumerate(ins.args) if a in pending and position not in named]
        waiting = list(pending)[-len(ins.args) :] if takeable else []
        while waiting and not (
            _is_subsequence(waiting, takeable) and 1 + sum(pending[v].size for v in waiting) <= MAX_NODES
        ):
            waiting = waiting[1:]
        taken = {v: pending.pop(v) for v in waiting}
        if any(a in pending for a in ins.args):
            last = max(a for a in ins.args if a in pending)
            for v in [v for v in pending if v <= last]:
                statements.append((v, pending.pop(v)))
        tree = _Tree(ins.op, tuple(taken.get(a, a) for a in ins.args), 1 + sum(t.size for t in taken.values()))
        if uses.get(n + i) == 1 and n + i not in program.results:
            pending[n + i] = tree
        else:
            statements += [*pending.items(), (n + i, tree)]
            pending.clear()
    return statements


def _is_subsequence(part: Sequence[int], whole: Sequence[int]) -> bool:
    rest = iter(whole)
    return all(v in rest for v in part)


def _bind(
    program: Program, statements: Sequence[int], exact: bool, reserved: Collection[str]
) -> tuple[dict[int, str], dict[int, str], list[tuple[str, int]]]:
    """Name every statement's value, by the result that it is where that overwrites nothing still needed.

    Returns the names, the old leaves to save under another name first, and the results still to bind at the end.
    """
    signature, n = program.signature, program.n_leaves
    leaf = {name: v for v, name in enumerate(signature.leaves)}
    last_read = {a: n + i for i, ins in enumerate(program.instructions) for a in ins.args}
    read_at_end = {v for v, name in zip(program.results, signature.results, strict=True) if leaf.get(name) != v}
    waiting: dict[int, list[str]] = {}
    for v, name in zip(program.results, signature.results, strict=True):
        waiting.setdefault(v, []).append(name)
    names: dict[int, str] = {}
    for v in statements:
        for name in waiting.get(v, ()):
            old = leaf.get(name)
            if old is None or (last_read.get(old, -1) <= v and old not in read_at_end):
                names[v] = name
                waiting[v].remove(name)
                break
    endings = []
    for v, name in zip(program.results, signature.results, strict=True):
        unchanged = leaf.get(name) == v and (name in signature.state or not exact)
        if name in waiting[v] and not unchanged:
            endings.append((name, v))
    overwritten: set[int] = set()
    save = []
    for name, v in endings:
        if v in overwritten and v not in save:
            save.append(v)
        if name in leaf and leaf[name] != v:
            overwritten.add(leaf[name])
    unnamed = [v for v in statements if v not in names]
    fresh = _fresh("t", len(unnamed) + len(save), {*signature.leaves, *signature.results, *reserved})
    names.update(zip(unnamed, fresh, strict=False))
    return names, dict(zip(save, fresh[len(unnamed) :], strict=True)), endings


def _fresh(prefix: str, count: int, taken: Collection[str]) -> list[str]:
    """`count` names that are not taken: t alone, or t0, t1, ..."""
    while True:
        names = [prefix] if count == 1 else [f"{prefix}{i}" for i in range(count)]
        if not set(names) & set(taken):
            return names
        prefix += "_"


def _place_constants(
    program: Program, bodies: Sequence[_Tree | int], exact: bool
) -> tuple[set[int], dict[int, list[int]]]:
    """Which constants are literals, and before which statement the others get their name.

    A reader numbers constants as it meets the instructions that use them. A literal is met inside its statement, a
    named one before a statement, so in exact order a named constant stands after the statement of every literal with a
    lower number and before its own first use. Where that cannot be, the lower literal gets a name too (`literals` is
    the stack of those left).
    """
    where: dict[int, list[tuple[int, int]]] = {}
    position = 0

    def walk(tree: _Tree | int, statement: int) -> None:
        nonlocal position
        arguments = tree.args if isinstance(tree, _Tree) else (tree,)
        for a in arguments:
            if isinstance(a, _Tree):
                walk(a, statement)
        for a in arguments:  # a reader numbers the constants of an instruction when it has read all its arguments
            if not isinstance(a, _Tree) and a < 0:
                position += 1
                where.setdefault(-1 - a, []).append((statement, position))

    for s, body in enumerate(bodies):
        walk(body, s)
    if not exact:
        named = sorted(c for c, uses in where.items() if len(uses) > 1)
        return set(where) - set(named), {0: named}
    literals: list[int] = []
    for c in range(len(program.constants)):
        uses = where.get(c, ())
        if len(uses) == 1:
            while literals and not (
                where[literals[-1]][0][0] < uses[0][0] or (literals[-1] == c - 1 and where[literals[-1]][0] < uses[0])
            ):
                literals.pop()
            literals.append(c)
        elif uses:
            while literals and where[literals[-1]][0][0] >= uses[0][0]:
                literals.pop()
    before: dict[int, list[int]] = {}
    for low, high in pairwise([-1, *literals, len(program.constants)]):
        if high > low + 1:
            before[where[low][0][0] + 1 if low >= 0 else 0] = list(range(low + 1, high))
    return set(literals), before
