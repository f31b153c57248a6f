"""A primitive, declared once; and the primitive set, a value whose content hash names its kernels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np

MAX_ARITY = 3
AXES = "bgchw"  # of a batch of images whose channels are divided into groups


class UnknownPrimitive(ValueError):
    """A program names a primitive that the set lacks."""


@dataclass(frozen=True)
class Primitive:
    """One operation on reals, with every spelling that an evaluator or a printer needs.

    All values are reals; an integer (an exponent, a power) is a real with an integral value. NaN in gives NaN out
    unless `nan` says otherwise. In the templates `{0}`, `{1}`, `{2}` stand for the arguments.

    A reduction looks at more than one row; its result is an array again. It goes `over` a "leaf" (one tensor: one
    parameter of a model) or the whole "tree" of them: rows are the elements of all tensors, one after the other, and
    `segments` int64[S+1] says where each begins and the last one ends. Or it goes over axes of one batch of images,
    letters of AXES: rows are the elements of an array of `shape` (b, g, c, h, w): images, groups of channels, channels
    of a group, height, width. What printers write reduces over the arrays it is given.

    name         the name in the text form, unless `symbol` is set (then infix)
    arity        number of arguments, 0 (a number with a name) to 3
    numpy        the reference: float64 arrays in, float64 array out; of a reduction `numpy(a, b, segments)`, or
                 `numpy(a, shape)` over axes
    high         the same in mpmath: `high(mp, a, b)`; the judge of every evaluator. Of a reduction it takes and returns
                 lists, the elements of what it reduces over
    kernel       the scalar body compiled by Numba for CPU and CUDA; it may use the names of
                 `primitives.evaluators.vecmath`, and literals are written `F(1)` so that float32 stays float32. Of a
                 reduction it may use the sums `{xx}`, `{xy}`, `{yy}` (float64) of products of the first two arguments
    gradient     one kernel expression an argument (`{r}` is the result)
    python, c    source templates; in C `{f}` is the suffix of the type ("f" or "")
    numba        the template for scalars in Numba, where the one for NumPy is not (a ufunc compiles as it stands)
    sympy        builder: `sympy(module, a, b)`
    torch        the same function of tensors: `torch(module, a, b)`; over axes, of tensors [b, .., g, c, h, w], and the
                 axes that it goes over are left with one element
    torch_source its template; where left out, that for NumPy with another module
    symbol       infix symbol
    cost         what one use costs a program (operations)
    commutative  the first two arguments may be exchanged
    units        a constant per argument (or None) that makes the primitive return its other argument: x + 0, x * 1
    domain       one (low, high) per argument: where tests sample it
    ulp          error allowed to an evaluator, in units in the last place of its dtype (0.5: correctly rounded)
    over         "" (each row by itself), "leaf", "tree", or letters of AXES
    missing      spelling -> why there is none: required for every one of c, sympy, torch, gradient and kernel ("numba")
                 that is left out

    Raises ValueError for a declaration that contradicts itself.
    """

    name: str
    arity: int
    numpy: Callable[..., np.ndarray]
    high: Callable[..., Any]
    kernel: str
    python: str
    c: str = ""
    sympy: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    torch_source: str = ""
    gradient: tuple[str, ...] = ()
    numba: str = ""
    symbol: str | None = None
    cost: float = 1.0
    commutative: bool = False
    units: tuple[float | None, ...] = ()
    domain: tuple[tuple[float, float], ...] = ((-8.0, 8.0),)
    ulp: float = 0.5
    nan: str = "NaN in, NaN out"
    over: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.arity <= MAX_ARITY:
            raise ValueError(f"primitive {self.name}: arity {self.arity} is not between 0 and {MAX_ARITY}")
        over_axes = self.over == "".join(axis for axis in AXES if axis in self.over)
        if not (self.over in ("leaf", "tree") or over_axes) or (self.over and not self.arity):
            raise ValueError(f"primitive {self.name}: cannot reduce {self.arity} arguments over {self.over!r}")
        if len(self.domain) != self.arity:
            raise ValueError(f"primitive {self.name}: {len(self.domain)} domains for {self.arity} arguments")
        if self.gradient and len(self.gradient) != self.arity:
            raise ValueError(f"primitive {self.name}: {len(self.gradient)} gradients for {self.arity} arguments")
        spellings: dict[str, object] = {"c": self.c, "sympy": self.sympy, "torch": self.torch, "numba": self.kernel}
        if self.arity:
            spellings["gradient"] = self.gradient
        for spelling, given in spellings.items():
            if bool(given) == (spelling in self.missing):
                fault = "is given and said to be missing" if given else "is neither given nor said to be missing"
                raise ValueError(f"primitive {self.name}: {spelling} {fault}")
        if self.torch and not self.torch_source:
            object.__setattr__(self, "torch_source", self.python.replace("np.", "torch."))

    @property
    def content(self) -> list[Any]:
        """What its kernels depend on, as JSON data."""
        over = [self.over] if self.over else []
        own = [self.name, self.arity, self.kernel, list(self.gradient), self.cost, self.commutative, list(self.units)]
        return own + over


@dataclass(frozen=True)
class PrimitiveSet:
    """An ordered set of primitives; the position of a primitive is its opcode."""

    primitives: tuple[Primitive, ...]

    def __post_init__(self) -> None:
        if len(self.index) != len(self.primitives):
            raise ValueError("a primitive set names a primitive twice")
        if not 1 <= len(self.primitives) <= 1000:
            raise ValueError("a primitive set holds 1 to 1000 primitives")

    def __hash__(self) -> int:
        return hash(self.hash)

    def __len__(self) -> int:
        return len(self.primitives)

    def __iter__(self) -> Iterator[Primitive]:
        return iter(self.primitives)

    def __getitem__(self, opcode: int) -> Primitive:
        return self.primitives[opcode]

    @cached_property
    def index(self) -> dict[str, int]:
        """Name -> opcode."""
        return {p.name: i for i, p in enumerate(self.primitives)}

    def opcode(self, name: str) -> int:
        """The opcode of a name; raises UnknownPrimitive with the nearest known name."""
        try:
            return self.index[name]
        except KeyError:
            near = get_close_matches(name, self.index, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(self.index)}"
            raise UnknownPrimitive(f"the primitive set has no {name!r}{hint}") from None

    def subset(self, *names: str) -> PrimitiveSet:
        """The set of the named primitives, in the order given."""
        return PrimitiveSet(tuple(self.primitives[self.opcode(n)] for n in names))

    @cached_property
    def arity(self) -> np.ndarray:
        """int16[n_ops]"""
        return np.array([p.arity for p in self.primitives], np.int16)

    @cached_property
    def cost(self) -> np.ndarray:
        """float64[n_ops]"""
        return np.array([p.cost for p in self.primitives], np.float64)

    @cached_property
    def commutative(self) -> np.ndarray:
        """bool[n_ops]"""
        return np.array([p.commutative for p in self.primitives], np.bool_)

    @cached_property
    def compiles(self) -> bool:
        """Whether every primitive has a kernel."""
        return all(p.kernel for p in self.primitives)

    @cached_property
    def hash(self) -> str:
        """16 hex digits over everything that a compiled kernel depends on."""
        text = json.dumps([p.content for p in self.primitives])
        return hashlib.sha256(text.encode()).hexdigest()[:16]
