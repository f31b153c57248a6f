"""PTX as text, taken apart: variables, functions, their registers and instructions. For `emulator`.

The grammar is that of what NVVM writes; see "PTX ISA" of the CUDA documentation for the language.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

SIZES = {"8": 1, "16": 2, "32": 4, "64": 8}
_IGNORED = re.compile(r"^[ \t]*\.(version|target|address_size|loc|file|section)\b.*$", re.M)
_HEADER = re.compile(r"\.(entry|func)\s*(?:\((?P<results>[^()]*)\))?\s*(?P<name>[\w$.]+)\s*(?:\((?P<inputs>[^()]*)\))?")
_VARIABLE = re.compile(
    r"(?:\.(?:visible|weak|common)\s+)*(?P<extern>\.extern\s+)?\.(?P<space>global|const|shared|local)\s+"
    r"(?:\.align\s+(?P<align>\d+)\s+)?\.(?P<kind>[bsuf]\d+)\s+(?P<name>[\w$.]+)(?P<shape>(?:\[\d*\])*)"
    r"\s*(?:=\s*(?P<values>.*))?$",
    re.S,
)
_NAME = re.compile(r"[%$\w][\w$.]*")


def unsupported(line: int, text: str, why: str = "not emulated") -> NotImplementedError:
    """What is raised for PTX that the emulator does not know."""
    return NotImplementedError(f"PTX line {line}: {why}: {' '.join(text.split())}")


@dataclass(frozen=True)
class Variable:
    """Memory that a module declares. `size` is 0 where the launch decides it (dynamic shared memory)."""

    name: str
    space: str
    align: int
    size: int
    data: bytes


@dataclass(frozen=True)
class Instruction:
    """One instruction: `@%p3 bra $L1` has the guard ("%p3", True), `@!%p3` ("%p3", False)."""

    line: int
    text: str
    guard: tuple[str, bool] | None
    opcode: str
    operands: tuple[str, ...]


@dataclass
class Function:
    """A kernel or a device function. Registers and parameters map names to types; `tables` are targets of `brx.idx`."""

    name: str
    is_kernel: bool
    inputs: list[tuple[str, str]]
    results: list[tuple[str, str]]
    registers: dict[str, str] = field(default_factory=dict)
    body: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class Module:
    """All of a PTX text. A local variable belongs to one function, but its name is the module's."""

    variables: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)


def parse(ptx: str) -> Module:
    """Take a PTX text apart. Raises NotImplementedError for what is not understood."""
    module, scopes = Module(), _Scopes()
    function: Function | None = None
    for line, statement in _statements(ptx):
        if function is None:
            if statement.endswith("{"):
                function = _function(line, statement)
                module.functions[function.name] = function
                scopes = _Scopes()
            elif ".func" not in statement and ".entry" not in statement:  # a declaration says nothing new
                _declare(module, line, statement)
        elif statement == "{":
            scopes.open()
        elif statement == "}":
            if not scopes.close():
                function = None
        else:
            _inside(module, function, scopes, line, statement)
    return module


def _statements(ptx: str) -> Iterator[tuple[int, str]]:
    """Statements without their `;`, braces that open (after a header, or alone) and close, labels with their `:`."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), ptx, flags=re.S)
    text = _IGNORED.sub("", re.sub(r"//[^\n]*", "", text))
    line, start, held, inner = 1, 1, "", 0
    for piece in re.split(r"([;{}:\n])", text):
        if piece == "\n":
            line += 1
            held += " "
            continue
        blank = not held.strip()
        if blank and piece.strip():
            start = line
        if piece == "{" and not inner and (blank or ("=" not in held and re.search(r"\.(entry|func)\b", held))):
            yield start, (held.strip() + "{")
            held = ""
        elif piece == "}" and not inner and blank:
            yield start, "}"
            held = ""
        elif piece == ";":
            yield start, held.strip()
            held = ""
        elif piece == ":" and not inner and re.fullmatch(r"\s*[\w$]+\s*", held):
            yield start, held.strip() + ":"
            held = ""
        else:
            inner += (piece == "{") - (piece == "}")
            held += piece


class _Scopes:
    """Blocks in braces have names of their own; a name declared inside gets a suffix that no other name has."""

    def __init__(self) -> None:
        self._stack: list[dict[str, str]] = [{}]
        self._count = 0

    def open(self) -> None:
        self._count += 1
        self._stack.append({})

    def close(self) -> bool:
        """Whether a block was open beside the function's own."""
        self._stack.pop()
        return bool(self._stack)

    def declare(self, name: str) -> str:
        full = name if len(self._stack) == 1 else f"{name}@{self._count}"
        self._stack[-1][name] = full
        return full

    def rename(self, text: str) -> str:
        """An operand with all names as they were declared."""
        if len(self._stack) == 1:
            return text
        known = {name: full for scope in self._stack for name, full in scope.items()}
        return _NAME.sub(lambda match: known.get(match.group(), match.group()), text)


def _function(line: int, header: str) -> Function:
    match = _HEADER.search(header)
    if match is None:
        raise unsupported(line, header)
    inputs, results = (_parameters(line, match[group] or "") for group in ("inputs", "results"))
    return Function(match["name"], match[1] == "entry", inputs, results)


def _parameters(line: int, text: str) -> list[tuple[str, str]]:
    found = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+(?:\.ptr\s+)?([\w$.]+)(?:\[\d+\])?", part)
        if match is None:
            raise unsupported(line, part)
        found.append((match[2], match[1]))
    return found


def _inside(module: Module, function: Function, scopes: _Scopes, line: int, statement: str) -> None:
    """One statement of a function's body."""
    if statement.endswith(":"):
        function.labels[statement[:-1]] = len(function.body)
        return
    if (table := re.search(r"\.branchtargets\b(.*)", statement, re.S)) is not None:
        label = next(reversed(function.labels))
        function.tables[label] = tuple(part.strip() for part in table[1].split(","))
        return
    if statement.startswith(".reg"):
        _, kind, names = statement.split(None, 2)
        for name in names.split(","):
            match = re.fullmatch(r"\s*([%\w$]+)(?:<(\d+)>)?\s*", name)
            if match is None:
                raise unsupported(line, statement)
            each = [match[1]] if match[2] is None else [f"{match[1]}{i}" for i in range(int(match[2]))]
            function.registers |= {scopes.declare(register): kind[1:] for register in each}
    elif statement.startswith(".param"):
        scopes.declare(re.sub(r"\[\d+\]$", "", statement.split()[-1]))
    elif statement.startswith((".pragma", ".callprototype")) or not statement:
        pass
    elif statement.startswith("."):
        _declare(module, line, statement)
    else:
        match = re.fullmatch(r"(?:@(!?)([%\w$]+)\s+)?([\w.:]+)\s*(.*)", statement, re.S)
        if match is None:
            raise unsupported(line, statement)
        guard = (scopes.rename(match[2]), not match[1]) if match[2] else None
        operands = tuple(scopes.rename(part) for part in split(match[4]))
        function.body.append(Instruction(line, statement, guard, match[3], operands))


def split(text: str) -> list[str]:
    """Operands at commas outside brackets."""
    parts, depth, held = [], 0, ""
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append(held.strip())
            held = ""
        else:
            held += letter
    return [*parts, held.strip()] if held.strip() else parts


def _declare(module: Module, line: int, statement: str) -> None:
    """A variable, with the bytes that it starts with."""
    match = _VARIABLE.fullmatch(statement)
    if match is None:
        raise unsupported(line, statement)
    kind = match["kind"]
    size = SIZES[kind[1:]]
    shape = [int(n or 0) for n in re.findall(r"\[(\d*)\]", match["shape"])]
    total = size
    for n in shape:
        total *= n
    values = [literal(part, kind) for part in split((match["values"] or "").strip().strip("{}").replace("{", ""))]
    data = b"".join((value & ((1 << (8 * size)) - 1)).to_bytes(size, "little") for value in values)
    name = match["name"]
    module.variables[name] = Variable(name, match["space"], int(match["align"] or size), total, data)


def literal(text: str, kind: str) -> int:
    """The bits of a literal as a value of a type: 0f3F800000, 0d..., 0x1F, -5, 077, 1.5. ValueError if it is none."""
    if text[:2] in ("0f", "0F", "0d", "0D"):
        bits = int(text[2:], 16)
        single = text[1] in "fF"
        if len(text) != (10 if single else 18) or not kind.startswith("f") or (kind == "f32") != single:
            raise ValueError(text)
        return bits
    if kind.startswith("f"):
        return int.from_bytes(struct.pack("<f" if kind == "f32" else "<d", float(text)), "little")
    text = text.rstrip("U")
    return int(text, 8) if re.fullmatch(r"-?0\d+", text) else int(text, 0)
