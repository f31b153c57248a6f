"""Steps on torch tensors as source lines: for one tensor (`m.mul_(beta2).add_(g, alpha=1 - beta2)`), or for lists of
them (`torch._foreach_mul_(m, beta2)`, ...)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

WIDTH = 100
# HERO's names for what torch calls otherwise.
METHODS = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "max": "maximum", "min": "minimum", "power": "pow",
} | {name: name for name in (
    "abs", "cos", "sin", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1", "sqrt", "log", "log10", "log2", "log1p",
    "square", "sign", "reciprocal", "neg", "add", "sub", "mul", "div",
)}  # fmt: skip
FOREACH = {
    "abs", "acos", "add", "addcdiv", "addcmul", "asin", "atan", "clamp_max", "clamp_min", "copy", "cos", "cosh", "div",
    "exp", "expm1", "lerp", "log", "log10", "log1p", "log2", "maximum", "minimum", "mul", "neg", "norm", "pow",
    "reciprocal", "sign", "sin", "sinh", "sqrt", "sub", "tan", "tanh",
}  # fmt: skip
CALLS = {
    "exp10": "torch.pow(10.0, {0})", "cbrt": "_cbrt({0})", "divide": "_div({0}, {1})", "dot": "torch.sum({0} * {1})",
    "cosine_sim": "_cosine({0}, {1})", "norm": "torch.linalg.vector_norm({0})", "full": "torch.ones_like({0}) * {1}",
    "clip": "_clip({0}, {1}, {2})",
}  # fmt: skip


@dataclass(frozen=True)
class Operand:
    """A variable that holds a tensor (in the other form, a list of them), or a number as source text."""

    text: str
    many: bool = True


@dataclass(frozen=True)
class Step:
    """`dest = operands[0].name(rest, keyword=number)`, or in place of dest, its own receiver. A name with `{0}` in it
    is a template of the operands."""

    dest: str
    name: str
    operands: tuple[Operand, ...]
    keyword: str = ""
    number: str = ""
    in_place: bool = False


def literal(value: float) -> str:
    """A number as Python source: small whole ones without a point."""
    if not math.isfinite(value):
        return f'float("{value}")'
    if value in (math.pi, math.e):
        return "math.pi" if value == math.pi else "math.e"
    return repr(int(value)) if value == int(value) and abs(value) < 1e6 else repr(value)


def single(steps: Sequence[Step]) -> list[str]:
    """Lines for one tensor; what is done in place of one variable in a row is a chain."""
    lines: list[str] = []
    for dest, group in groupby(steps, key=lambda s: s.dest):
        chain = ""
        for s in group:
            arguments = ", ".join([o.text for o in s.operands[1:]] + ([f"{s.keyword}={s.number}"] if s.keyword else []))
            method = s.name.isidentifier() and not s.name.startswith("_") and s.name != "yield"
            own = dest not in (o.text for o in s.operands[1:])
            if method and chain and own and s.in_place and len(chain) + len(arguments) + len(s.name) < WIDTH:
                chain += f".{s.name}_({arguments})"
                continue
            if chain:
                lines.append(chain)
            chain = ""
            first = s.operands[0].text
            if s.name == "yield":
                lines.append(f"{dest} = yield [torch.linalg.vector_norm({first})]")
            elif s.name.startswith("_") and s.number:
                lines.append(f"{s.name}({', '.join([o.text for o in s.operands] + [s.number])})")
            elif not method:
                chain = f"{dest} = {s.name.format(*(o.text for o in s.operands))}"
                lines.append(chain)
                chain = ""
            elif s.in_place:
                chain = f"{dest}.{s.name}_({arguments})"
            else:
                chain = f"{dest} = {first}.{s.name}({arguments})"
        if chain:
            lines.append(chain)
    return lines


def foreach(steps: Sequence[Step]) -> list[str]:
    """Lines for lists of tensors."""
    return [_foreach(s) for s in steps]


def _foreach(s: Step) -> str:
    arguments = [o.text for o in s.operands] + ([f"{s.keyword}={s.number}"] if s.keyword else [])
    if s.keyword == "value":
        arguments[-1] = s.number
    equals = "" if s.in_place else f"{s.dest} = "
    if s.name == "yield":
        return f"{s.dest} = yield torch._foreach_norm({s.operands[0].text})"
    if s.name.startswith("_") and s.number:
        return f"_foreach{s.name}({', '.join([*arguments, s.number])})"
    if s.name == "square":
        return f"{equals}torch._foreach_mul{'_' * s.in_place}({arguments[0]}, {arguments[0]})"
    if s.name == CALLS["norm"]:
        return f"{equals}torch._foreach_norm({arguments[0]})"
    if s.name in FOREACH:
        return f"{equals}torch._foreach_{s.name}{'_' * s.in_place}({', '.join(arguments)})"
    letters = dict(zip(dict.fromkeys(o.text for o in s.operands if o.many), "abc", strict=False))
    texts = [letters[o.text] if o.many else o.text for o in s.operands]
    source = ", ".join(letters)
    loop = f"for {', '.join(letters.values())} in " + (f"zip({source})" if len(letters) > 1 else source)
    if "{" in s.name:
        return f"{equals}[{s.name.format(*texts)} {loop}]"
    rest = ", ".join(texts[1:] + ([f"{s.keyword}={s.number}"] if s.keyword else []))
    if s.in_place:
        return f"{loop}:\n    {texts[0]}.{s.name}_({rest})"
    return f"{s.dest} = [{texts[0]}.{s.name}({rest}) {loop}]"
