"""The constants that values are compared with: built in, of a user's file, and decoys.

A decoy is a random real. What is identified with one is false, so their share of the hits says how far to trust the
others. Nothing that breeds or scores may know them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from discover.errors import UserError, nearest
from searches.constants.identify import printing
from searches.constants.identify.builtin import DEGREES, GROUPS
from searches.constants.identify.expression import ROOT, Node, ball, number, parse
from searches.constants.identify.vocabulary import words

DECOY = "decoy"
USER = "user"
DECOY_BITS = 64 * 64
CHECKED = 60  # digits to which a user's constant is compared with the others
SIMPLE = 8
LARGEST = 10**9
GUARD = 32  # bits beyond those asked for; more are added until the ball is small enough


@dataclass(frozen=True)
class Constant:
    """A real number with a name, an exact meaning, and any number of digits.

    degree: of its minimal polynomial if it is algebraic, 0 if not.
    """

    name: str
    group: str
    expression: Node
    degree: int = 0
    _values: dict[int, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def value(self, digits: int) -> Any:
        """A flint ball whose relative radius is below 10^-digits. Raises UserError where there is no such real."""
        if digits not in self._values:
            self._values[digits] = value_of(self.expression, digits)
        return self._values[digits]

    @property
    def node(self) -> Node:
        """As formulas hold it: a name that stands for its expression, or the expression where that is the name."""
        if self.name == printing.to_text(self.expression):
            return self.expression
        return Node("name", (self.expression,), label=self.name)

    @property
    def decoy(self) -> bool:
        """It is a random real, not a constant."""
        return self.group == DECOY

    def sympy(self) -> Any:
        """As a sympy expression."""
        return printing.to_sympy(self.expression)

    @property
    def latex(self) -> str:
        """For mathematics mode."""
        return printing.to_latex(self.expression)

    @property
    def python(self) -> str:
        """Source over `mp` of mpmath."""
        return printing.to_python(self.expression)

    @property
    def lean(self) -> str | None:
        """A real term of Mathlib; None where it has no word for it."""
        try:
            return printing.to_lean(self.expression)
        except printing.NoSpelling:
            return None


@lru_cache(maxsize=4096)
def value_of(expression: Node, digits: int) -> Any:
    """An expression as a flint ball of relative radius below 10^-digits. Raises UserError if it is no real number."""
    import flint

    goal = int(digits * 3.3219280948873626) + 2
    extra = GUARD
    while extra <= 8 * (goal + GUARD):
        with flint.ctx.workprec(goal + extra):
            result = ball(expression)
            if not result.is_finite():
                break
            if result.rel_accuracy_bits() >= goal:
                return result
        extra *= 2
    raise UserError(f"{printing.to_text(expression)} is zero, or no real number that {digits} digits can be found of")


@dataclass(frozen=True, eq=False)
class Library:
    """Constants, in a fixed order: built in, the user's, decoys. Hashed by identity, as it is a key of caches."""

    constants: tuple[Constant, ...]
    _index: dict[str, Constant] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {c.name: c for c in self.constants})

    def __getitem__(self, name: str) -> Constant:
        """By name; KeyError."""
        return self._index[name]

    def __contains__(self, name: str) -> bool:
        return name in self._index

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self._index)

    @cached_property
    def groups(self) -> dict[str, tuple[Constant, ...]]:
        """Group -> its constants."""
        return {
            g: tuple(c for c in self.constants if c.group == g) for g in dict.fromkeys(c.group for c in self.constants)
        }

    @property
    def decoys(self) -> tuple[Constant, ...]:
        """The random reals."""
        return self.groups.get(DECOY, ())

    def node(self, name: str) -> Node:
        """What a name in a formula stands for: a constant, or else the expression that it spells."""
        return self._index[name].node if name in self._index else parse(name, names())

    @classmethod
    def load(
        cls,
        names: Sequence[str] | None = None,
        user_file: Path | str | None = None,
        decoys: int = 0,
        seed: int = 0,
        user: Mapping[str, str] | None = None,
    ) -> Library:
        """Built-in constants (of these names or groups; None is all), the user's (from a file or as name ->
        expression), and decoys. Raises UserError for an unknown name, and as `read_constants`.
        """
        expressions = {**(user or {}), **(read_constants(user_file) if user_file is not None else {})}
        return cls(_chosen(names) + _user(expressions, lambda name: name) + _decoys(decoys, seed))


@lru_cache
def builtin() -> tuple[Constant, ...]:
    """All constants that come with the library."""
    found = []
    for group, lines in GROUPS.items():
        for line in lines:
            name, _, text = line.rpartition(" = ")
            expression = parse(text)
            found.append(Constant(name or printing.to_text(expression), group, expression, DEGREES.get(group, 0)))
    return tuple(found)


@lru_cache
def default() -> Library:
    """All built-in constants."""
    return Library(builtin())


@lru_cache
def names() -> dict[str, Node]:
    """The built-in constants that have a name of their own, such as gauss, and what they stand for."""
    return {c.name: c.node for c in builtin() if c.node.head == "name"}


def _chosen(names: Sequence[str] | None) -> tuple[Constant, ...]:
    """Built-in constants by name or group, in the order of the library."""
    everything = builtin()
    if names is None:
        return everything
    known = {c.name for c in everything} | {c.group for c in everything}
    for name in names:
        if name not in known:
            raise UserError(f"unknown constant {name!r}; {nearest(name, known)}")
    return tuple(c for c in everything if c.name in names or c.group in names)


def _decoys(count: int, seed: int) -> tuple[Constant, ...]:
    """Random reals between 1 and 4, of which every digit up to the 1200th is random."""
    import numpy as np

    found = []
    for k in range(count):
        raw = np.random.Philox(key=[seed, k]).random_raw(DECOY_BITS // 64)
        bits = int.from_bytes(np.asarray(raw, "<u8").tobytes(), "little")
        real = Node("/", (number(2**DECOY_BITS + 3 * bits), number(2**DECOY_BITS)))
        found.append(Constant(f"decoy{k + 1}", DECOY, real))
    return tuple(found)


def read_constants(path: Path | str) -> dict[str, str]:
    """Name -> expression of a user's file: TOML, with one table [constants] of name = "expression".

    Raises UserError, with the line, for a file that cannot be read, a mistake in it, a constant that is rational or a
    simple form of another one.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserError(f"cannot read the constants of {path}: {reason}") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from None
    for name, table in tables.items():
        if name != "constants" or not isinstance(table, Mapping):
            hint = 'there is one table, [constants], of name = "expression"'
            raise UserError(f"{path}, line {_line(text, name)}: {name!r} is not expected; {hint}")
    expressions = dict(tables.get("constants", {}))
    if not expressions:
        raise UserError(f'{path}: no constants; write them as name = "expression" under [constants]')
    _user(expressions, lambda name: f"{path}, line {_line(text, name)}: {name}")
    return expressions


def _line(text: str, name: str) -> int:
    """Where a name is given its value, or a table starts."""
    pattern = re.compile(rf"""\s*(?:["']?{re.escape(name)}["']?\s*=|\[+\s*{re.escape(name)}\b)""")
    return next((i for i, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def _user(expressions: Mapping[str, str], where: Callable[[str], str]) -> tuple[Constant, ...]:
    """The user's constants; each may name those before it. `where` says where one stands."""
    found: list[Constant] = []
    for name, text in expressions.items():
        try:
            found.append(_user_constant(name, text, (*builtin(), *found)))
        except UserError as error:
            raise UserError(f"{where(name)}: {error}") from None
    return tuple(found)


def _user_constant(name: str, text: object, others: Sequence[Constant]) -> Constant:
    """One of them. Raises UserError."""
    from searches.constants.identify.lattice import algebraic, moebius, rational

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise UserError("a name is a letter, then letters, digits and underscores")
    if name in words() or name == ROOT or name.startswith(DECOY) or any(name == c.name for c in others):
        raise UserError("the name is taken")
    if not isinstance(text, str):
        raise UserError('a constant is an expression in quotes, such as "sqrt(2)*pi"')
    known = {c.name: c.node for c in others if c.name != printing.to_text(c.expression)}
    expression = parse(text, known)
    value = value_of(expression, CHECKED)
    if not 1 / LARGEST < abs(value) < LARGEST:
        raise UserError(f"{text} is not between 1e-9 and 1e9 in size")
    if (ratio := rational(value, CHECKED)) is not None:
        raise UserError(f"{text} is rational: {ratio}; only irrational constants can be told from others")
    for other in others:
        if not other.degree and moebius(value, other.value(CHECKED), CHECKED, SIMPLE) is not None:
            raise UserError(f"{text} is a simple form of {other.name}, and these are searched already; leave it out")
    polynomial = algebraic(value, CHECKED)
    return Constant(name, USER, expression, len(polynomial) - 1 if polynomial else 0)
