"""The text form: one statement a line, `update = sign(interp(g, m, 0.9))`; prints and parses back without loss.

    program    = { [ name "=" expression ] [ "#" comment ] newline }
    expression = operand { ("+" | "-" | "*" | "/") operand }        the usual precedence, left to right
    operand    = literal | name | "-" operand | name "(" [ expression { "," expression } ] ")" | "(" expression ")"
    literal    = [ "-" ] ( decimal | hexadecimal float | "inf" | "nan" )

`name = 2.5` names a constant, so that two readers share its slot. A name may be bound again; the last binding of an
output or a state is the result, and a state never bound keeps its value. `-x` is `neg(x)`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from math import isinf, isnan

from primitives.layout import Node, layout
from primitives.primitive import PrimitiveSet
from primitives.printers.source import PRODUCT, SUM, render
from primitives.program import MAX_CONSTANTS, MAX_INSTRUCTIONS, Instruction, Program, Signature

MAX_TEXT = 1_000_000
MAX_NESTING = 60
MAX_LITERAL = 1000
LITERAL_NAMES = frozenset({"inf", "nan"})
_BINDING = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}


class TextError(ValueError):
    """A fault in the text of a program: line, column, what is wrong and what to do."""

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(f"line {line}, column {column}: {what}")
        self.line, self.column = line, column


def format_program(program: Program, primitives: PrimitiveSet) -> str:
    """The text of a program; `parse` gives the same program back, to the bit and in the same order."""
    infix = _infix(primitives)
    symbols = {name: symbol for symbol, name in infix.items()}
    _check_names(program.signature)

    def spelling(node: Node) -> str:
        arity = primitives[primitives.opcode(node.op)].arity
        if arity != len(node.args):
            raise ValueError(f"{node.op} takes {arity} arguments, not {len(node.args)}")
        if node.op in symbols:
            return f"{{0}} {symbols[node.op]} {{1}}"
        if node.op == "neg" and not isinstance(node.args[0], float):
            return "-{0}"
        return f"{node.op}({', '.join(f'{{{i}}}' for i in range(arity))})"

    lines = layout(program, exact=True, reserved=LITERAL_NAMES)
    return "".join(f"{line.name} = {render(line.expression, spelling, repr, fold=False)}\n" for line in lines)


def parse(text: str, signature: Signature, primitives: PrimitiveSet) -> Program:
    """The program that a text describes. Every fault is a TextError; time and memory are linear in the text."""
    _check_names(signature)
    if len(text) > MAX_TEXT:
        raise TextError(1, 1, f"the text has {len(text)} characters; a program has at most {MAX_TEXT}")
    builder = _Builder(signature, primitives)
    for number, line in enumerate(text.split("\n"), 1):
        tokens = _tokens(line, number)
        if len(tokens) > 1:
            _Statement(tokens, number, builder).read()
    return builder.program(number)


def _infix(primitives: PrimitiveSet) -> dict[str, str]:
    """Infix symbol -> name, for the symbols whose precedence is known."""
    found: dict[str, str] = {}
    for p in primitives:
        if p.symbol in _BINDING and p.arity == 2:
            found.setdefault(p.symbol, p.name)
    return found


def _check_names(signature: Signature) -> None:
    for name in signature.leaves + signature.results:
        if name in LITERAL_NAMES:
            raise ValueError(f"a signature cannot use the name {name!r}: in the text form it is a number; rename it")


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "name", "end", or the character itself
    text: str
    column: int
    value: float = 0.0


_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*(?:[pP][+-]?[0-9]+)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)


def _tokens(line: str, number: int) -> list[_Token]:
    tokens = []
    at = 0
    while at < len(line):
        c = line[at]
        if c in " \t\r":
            at += 1
        elif c == "#":
            break
        elif c in "()=,+-*/":
            tokens.append(_Token(c, c, at + 1))
            at += 1
        elif match := _NUMBER.match(line, at):
            tokens.append(_Token("number", match[0], at + 1, _literal(match[0], number, at + 1)))
            at = match.end()
            if at < len(line) and (line[at].isidentifier() or line[at] in ".0123456789"):
                raise TextError(
                    number, at + 1, f"{_quote(match[0] + line[at])} is not a number; put an operator between"
                )
        elif c.isidentifier():
            end = at + 1
            while end < len(line) and ("a" + line[end]).isidentifier():
                end += 1
            tokens.append(_Token("name", line[at:end], at + 1))
            at = end
        else:
            raise TextError(
                number, at + 1, f"unexpected {c!r}; a statement is `name = expression`, a comment starts with #"
            )
    tokens.append(_Token("end", "the end of the line", len(line) + 1))
    return tokens


def _literal(text: str, line: int, column: int) -> float:
    if len(text) > MAX_LITERAL:
        raise TextError(line, column, f"a literal of {len(text)} digits; 17 determine a float64")
    try:
        value = float.fromhex(text) if text[:2] in ("0x", "0X") else float(text)
    except (ValueError, OverflowError):
        value = float("nan")
    if isnan(value) or isinf(value):
        raise TextError(line, column, f"{_quote(text)} is not a finite float64; write inf for infinity")
    return value


def _quote(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name[:100], list(known), 1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known)[:40])}"


class _Builder:
    """The program so far: instructions, constants, and what every name is bound to now."""

    def __init__(self, signature: Signature, primitives: PrimitiveSet) -> None:
        self.signature = signature
        self.primitives = primitives
        self.infix = _infix(primitives)
        self.names = {name: v for v, name in enumerate(signature.leaves)}
        self.bound: set[str] = set()
        self.instructions: list[Instruction] = []
        self.constants: list[float] = []

    def program(self, last_line: int) -> Program:
        """The finished program."""
        for name in self.signature.outputs:
            if name not in self.bound:
                raise TextError(last_line, 1, f"the output {name!r} is never bound; add a line `{name} = ...`")
        return Program(
            self.signature,
            tuple(self.instructions),
            tuple(self.constants),
            tuple(self.names[name] for name in self.signature.results),
        )


class _Statement:
    """Recursive descent over one line, with a counted depth. Instructions appear in the order they are read, constants
    in the order of the instructions that use them; until then a literal is a float among value numbers."""

    def __init__(self, tokens: list[_Token], line: int, builder: _Builder) -> None:
        self.tokens, self.line, self.builder = tokens, line, builder
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def fault(self, what: str, token: _Token | None = None) -> TextError:
        return TextError(self.line, (token or self.token).column, what)

    def take(self, kind: str, why: str) -> _Token:
        token = self.token
        if token.kind != kind:
            raise self.fault(f"expected {why}, not {_quote(token.text)}")
        self.at += 1
        return token

    def read(self) -> None:
        """`name = expression`, up to the end of the line."""
        target = self.take("name", "a statement `name = expression`")
        if target.text in LITERAL_NAMES:
            raise self.fault(f"{target.text!r} is a number and cannot be bound; choose another name", target)
        self.take("=", "'='")
        value = self.settled(self.expression(SUM), target)
        if self.token.kind != "end":
            raise self.fault(f"expected an operator or the end of the line, not {_quote(self.token.text)}")
        self.builder.names[target.text] = value
        self.builder.bound.add(target.text)

    def expression(self, least: int) -> int | float:
        """Operands joined by operators that bind at least as tightly as `least`."""
        value = self.operand()
        while _BINDING.get(self.token.kind, 0) >= least:
            operator = self.token
            self.at += 1
            right = self.expression(_BINDING[operator.kind] + 1)
            if operator.kind not in self.builder.infix:
                raise self.fault(f"the primitive set has no {operator.kind!r}; it has {self.known()}", operator)
            value = self.instruction(self.builder.infix[operator.kind], (value, right), operator)
        return value

    def operand(self) -> int | float:
        """A literal, a name, a call, a sign or a bracket."""
        token = self.token
        self.at += 1
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fault(f"expressions nest more than {MAX_NESTING} deep; name a part on a line of its own", token)
        if token.kind == "number":
            value: int | float = token.value
        elif token.kind == "name" and self.token.kind == "(":
            value = self.call(token)
        elif token.kind == "name":
            value = self.name(token)
        elif token.kind == "-":
            value = self.sign(token)
        elif token.kind == "(":
            value = self.expression(SUM)
            self.take(")", "')'")
        else:
            raise self.fault(f"expected a name, a number or '(', not {_quote(token.text)}", token)
        self.depth -= 1
        return value

    def sign(self, minus: _Token) -> int | float:
        """Fold the minus into a literal, or negate."""
        token = self.token
        if token.kind == "number" or (token.kind == "name" and token.text in LITERAL_NAMES):
            self.at += 1
            return -(token.value if token.kind == "number" else float(token.text))
        value = self.operand()
        if "neg" not in self.builder.primitives.index:
            raise self.fault("the primitive set has no 'neg' to negate with; subtract instead", minus)
        return self.instruction("neg", (value,), minus)

    def name(self, token: _Token) -> int | float:
        if token.text in LITERAL_NAMES:
            return float(token.text)
        if token.text not in self.builder.names:
            if token.text in self.builder.primitives.index:
                raise self.fault(f"{token.text!r} is a primitive; write {token.text}(...)", token)
            raise self.fault(
                f"no value is named {_quote(token.text)} yet; {_nearest(token.text, self.builder.names)}", token
            )
        return self.builder.names[token.text]

    def call(self, token: _Token) -> int:
        """`name(expression, ...)`"""
        if token.text not in self.builder.primitives.index:
            known = self.builder.primitives.index
            raise self.fault(f"the primitive set has no {_quote(token.text)}; {_nearest(token.text, known)}", token)
        arity = self.builder.primitives[self.builder.primitives.opcode(token.text)].arity
        self.take("(", "'('")
        args = [] if self.token.kind == ")" else [self.expression(SUM)]
        while args and self.token.kind == ",":
            self.at += 1
            args.append(self.expression(SUM))
        self.take(")", "',' or ')'")
        if len(args) != arity:
            raise self.fault(f"{token.text} takes {arity} argument{'s' * (arity != 1)}, not {len(args)}", token)
        return self.instruction(token.text, tuple(args), token)

    def instruction(self, op: str, args: tuple[int | float, ...], token: _Token) -> int:
        settled = tuple(self.settled(a, token) for a in args)
        done = self.builder.instructions
        if len(done) == MAX_INSTRUCTIONS:
            raise self.fault(f"a program has at most {MAX_INSTRUCTIONS} instructions; shorten it", token)
        done.append(Instruction(op, settled))
        return len(self.builder.signature.leaves) + len(done) - 1

    def settled(self, value: int | float, token: _Token) -> int:
        """A value number; a literal (a float) becomes a new constant."""
        if isinstance(value, int):
            return value
        constants = self.builder.constants
        if len(constants) == MAX_CONSTANTS:
            raise self.fault(f"a program has at most {MAX_CONSTANTS} constants; name those used twice", token)
        constants.append(value)
        return -len(constants)

    def known(self) -> str:
        return ", ".join(list(self.builder.primitives.index)[:40])
