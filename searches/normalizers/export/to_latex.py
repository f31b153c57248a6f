"""A found layer as a formula, in the notation of arXiv 2004.02967.

The mean of x over a channel of a batch is `\\mu_{b,w,h}(x)`, its standard deviation `s_{b,w,h}(x)`, the root of its
second moment `\\sqrt{\\mu_{b,w,h}(x^2)}`; the last two with EPS under the root. `w,h,c/g` is a group of channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from discover.document import comment
from primitives.images import EPS
from primitives.primitive import Primitive, PrimitiveSet
from primitives.printers import to_latex
from searches.normalizers.export.common import Export

_OVER = {"batch": "b,w,h", "layer": "w,h,c", "instance": "w,h", "group": "w,h,c/g"}


def write(export: Export) -> str:
    """The whole file."""
    formula = to_latex(export.program, PrimitiveSet(tuple(map(_spelled, export.primitives))))
    notes = [r"\mu is a mean and s a standard deviation, over b images, w x h positions, c channels, c/g of a group;"]
    notes.append(f"s, and roots of means of squares, with {EPS:g} under the root. \\sigma is the sigmoid function.")
    return f"{comment([*export.header, *notes], '%')}\\[\n{formula}\\]\n% discover: {export.document.line}\n"


def _spelled(primitive: Primitive) -> Primitive:
    """A primitive with the notation of layers."""
    if primitive.name == "sigmoid":
        return replace(primitive, sympy=_function(r"\sigma"))
    if not primitive.over:
        return primitive
    kind, statistic = primitive.name.split("_")
    letter = "s" if kind == "std" else r"\mu"
    spelling = _function(f"{letter}_{{{_OVER[statistic]}}}")
    if kind == "rms":
        mean, spelling = spelling, lambda sp, a: sp.sqrt(mean(sp, a**2))
    return replace(primitive, sympy=spelling, missing={k: v for k, v in primitive.missing.items() if k != "sympy"})


def _function(name: str) -> Callable[[Any, Any], Any]:
    return lambda sp, a: sp.Function(name)(a)
