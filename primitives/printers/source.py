"""Source templates: expressions to infix text with the parentheses they need, and no others.

A template is a primitive's spelling in some language, `{0} * {1}` or `np.exp({0})`. From the characters beside a slot
follows which arguments may stand there bare; from the operators outside brackets, how tightly the whole binds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from primitives.layout import Expression, Node
from primitives.primitive import Primitive, PrimitiveSet
from primitives.program import Program

OPEN, SUM, PRODUCT, SIGN, ATOM = range(5)
_SLOT = re.compile(r"\{([0-2])\}")
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_BINARY = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}


class NoSpelling(ValueError):
    """A printer meets a primitive that its language has no spelling for."""

    def __init__(self, primitive: Primitive, language: str) -> None:
        why = primitive.missing[language]
        super().__init__(f"the primitive {primitive.name!r} cannot be written in {language}: {why}")


def spell(node: Node, primitives: PrimitiveSet, language: str, spelling: Callable[[Primitive], str]) -> str:
    """The template of a node's primitive, checked: it exists, and the arity fits."""
    primitive = primitives[primitives.opcode(node.op)]
    if len(node.args) != primitive.arity:
        raise ValueError(f"{node.op} takes {primitive.arity} arguments, not {len(node.args)}")
    text = spelling(primitive)
    if not text:
        raise NoSpelling(primitive, language)
    return text


def words(templates: Iterable[str]) -> set[str]:
    """Every name that the templates look up: a variable must not hide one."""
    return {word for text in templates for word in _WORD.findall(_SLOT.sub(" ", text))}


def rename(program: Program, reserved: Collection[str], spelling: Callable[[str], str] = str) -> Program:
    """The program with signature names that a language can use: `spelling` maps a name to a legal one, and a name
    that is reserved or taken gets underscores."""
    signature = program.signature
    legal: dict[str, str] = {}
    for name in (*signature.leaves, *signature.outputs):
        if name not in legal:
            new = spelling(name)
            while new in reserved or new in legal.values():
                new += "_"
            legal[name] = new
    groups = (tuple(legal[n] for n in names) for names in (signature.inputs, signature.outputs, signature.state))
    return replace(program, signature=type(signature)(*groups))


@dataclass(frozen=True)
class Template:
    """pieces: text, or (argument, least binding that needs no parentheses); binding: how tightly the whole binds;
    repeated: arguments that stand in it more than once."""

    pieces: tuple[str | tuple[int, int], ...]
    binding: int
    repeated: frozenset[int]


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """Parse a template: `template("{0} * {1} + {2}").binding == SUM`."""
    pieces: list[str | tuple[int, int]] = []
    slots = list(_SLOT.finditer(text))
    end = 0
    for slot in slots:
        pieces += [
            text[end : slot.start()],
            (int(slot[1]), max(_left(text[: slot.start()]), _right(text[slot.end() :]))),
        ]
        end = slot.end()
    pieces.append(text[end:])
    indices = [int(slot[1]) for slot in slots]
    return Template(tuple(pieces), _binding(text), frozenset(i for i in indices if indices.count(i) > 1))


def _left(text: str) -> int:
    """What a slot needs because of the text before it; operators associate to the left."""
    text = text.rstrip()
    if not text or text[-1] in "(,":
        return OPEN
    if text[-1] not in _BINARY:
        return ATOM
    is_sign = not text[:-1].rstrip() or text[:-1].rstrip()[-1] in "(,+-*/=<>?:|&"
    return ATOM if is_sign else _BINARY[text[-1]] + 1


def _right(text: str) -> int:
    text = text.lstrip()
    if not text or text[0] in "),":
        return OPEN
    return _BINARY.get(text[0], ATOM)


def _binding(text: str) -> int:
    """The loosest operator outside brackets; a binary operator has a space on both sides."""
    flat = _SLOT.sub("x", text)
    binding, depth = (SIGN if flat.startswith("-") else ATOM), 0
    for i, c in enumerate(flat):
        depth += (c in "([") - (c in ")]")
        if depth == 0 and c in _BINARY and flat[i - 1 : i] == " ":
            binding = min(binding, _BINARY[c])
        elif depth == 0 and c in "?<>=|&":
            binding = OPEN
    return binding


def render(
    expression: Expression, spelling: Callable[[Node], str], literal: Callable[[float], str], *, fold: bool = True
) -> str:
    """Source text of an expression. `spelling` gives a node's template. fold: `a + -1.5` becomes `a - 1.5` (the same
    number in IEEE arithmetic)."""
    return _render(expression, spelling, literal, fold)[0]


def _render(
    expression: Expression, spelling: Callable[[Node], str], literal: Callable[[float], str], fold: bool
) -> tuple[str, int]:
    if isinstance(expression, str):
        return expression, ATOM
    if isinstance(expression, float):
        text = literal(expression)
        return text, SIGN if text.startswith("-") else ATOM
    text = spelling(expression)
    args = [_render(a, spelling, literal, fold) for a in expression.args]
    if fold and text in ("{0} + {1}", "{0} - {1}") and isinstance(expression.args[1], float) and args[1][1] == SIGN:
        text = "{0} - {1}" if "+" in text else "{0} + {1}"
        args[1] = args[1][0][1:], ATOM
    parsed = template(text)
    out = []
    for piece in parsed.pieces:
        if isinstance(piece, str):
            out.append(piece)
        else:
            argument, binding = args[piece[0]]
            out.append(argument if binding >= piece[1] else f"({argument})")
    return "".join(out), parsed.binding
