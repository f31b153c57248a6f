"""A found layer as a torch.nn.Module."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from math import isfinite

from discover.document import camel, comment, main_lines
from primitives.layout import Expression, Line, Node, layout
from primitives.printers.source import render
from searches.normalizers.export.common import Export
from searches.normalizers.export.golden import golden
from searches.normalizers.export.reading import Running, is_moment
from searches.normalizers.export.torch_file import HELPERS, IMAGES, METHODS, POINTWISE, RESET_RUNNING, TRACK
from searches.normalizers.programs import BEGIN

_TEMPLATES = {
    "slog": "signed_log({0})", "ssqrt": "signed_sqrt({0})", "relu": "torch.relu({0})", "silu": "F.silu({0})",
    "at_least": "{0}.clamp(min={1})", "at_most": "{0}.clamp(max={1})", "expand": "{0}.expand_as({1})",
    "rms_of_one": "torch.sqrt(torch.square({0}) + self.eps)",
    "mean_batch": "self._batch_mean({0}, self.BUFFER)",
    "rms_batch": "torch.sqrt(self._batch_square({0}, self.BUFFER) + self.eps)",
    "std_batch": "torch.sqrt(self._batch_var({0}, self.BUFFER) + self.eps)",
    "mean_group": "group_mean({0}, self.groups)",
    "rms_group": "group_rms({0}, self.groups, self.eps)",
    "std_group": "group_std({0}, self.groups, self.eps)",
    **{f"mean_{s}": f"{s}_mean({{0}})" for s in ("instance", "layer")},
    **{f"{kind}_{s}": f"{s}_{kind}({{0}}, self.eps)" for s in ("instance", "layer") for kind in ("rms", "std")},
}  # fmt: skip
_SETTINGS = {
    "groups": ("int = 32", "groups of channels that share statistics."),
    "group_size": ("int | None = None", "channels of a group, instead of groups."),
    "eps": ("float = 1e-5", "added to a variance or a mean square before its root is taken."),
    "momentum": ("float | None = 0.1", "of running statistics: the weight of the last batch; None averages over all."),
    "apply_act": ("bool = True", "False leaves weight and bias only, as in timm's EvoNorm layers."),
}


def write(export: Export) -> str:
    """The whole file. Raises NoLayer for a program whose output does not depend on x, or is not a real number."""
    lines = _lines(export)
    code = "\n".join(lines)
    helpers = [source for name, source in HELPERS.items() if f"{name}(" in code]
    filled = {
        "Class": camel(export.name),
        "name": export.name,
        "about": f"{export.title[:1].upper()}{export.title[1:]}.",
        "program": textwrap.indent("\n".join(export.document.program), " " * 8),
        "imports": "\nimport torch.nn.functional as F" if "F." in code else "",
        "helpers": "".join(f"\n\n{source}" for source in helpers),
        "golden": "\n".join(_golden_lines(export)),
    }
    if export.pointwise:
        file = POINTWISE.substitute(filled | _pointwise(export, lines))
    else:
        file = IMAGES.substitute(filled | _images(export, lines))
    return comment(export.header) + "\n" + file + "\n".join(main_lines(export.document))


def _read(export: Export) -> list[str]:
    """The trained leaves that the program reads."""
    return [name for name in export.program.signature.inputs[1:] if name in export.plan.reads]


def _pointwise(export: Export, lines: Sequence[str]) -> dict[str, str]:
    names = _read(export)
    return {
        "trained": _block(
            (f"self.{name} = nn.Parameter(torch.empty(1, device=device, dtype=dtype))" for name in names), 8
        ),
        "begin": _block((f"nn.init.constant_(self.{name}, {BEGIN[name]})" for name in names), 8),
        "body": textwrap.indent("\n".join(lines), " " * 8),
    }


def _images(export: Export, lines: Sequence[str]) -> dict[str, str]:
    names, running = _read(export), export.plan.running
    settings = _settings(export)
    own = [name for name in settings if name not in ("group_size", "apply_act")]
    trained = "nn.Parameter(torch.empty(num_features, device=device, dtype=dtype)) if apply_act else None"
    begin = [f"    nn.init.{'ones' if BEGIN[name] else 'zeros'}_(self.{name})" for name in names]
    reset = [f"self.{r.name}.{'zero_()' if r.kind == 'mean' else 'fill_(1)'}" for r in running]
    methods = [METHODS[kind] for kind in METHODS if kind in {r.kind for r in running}]
    views = [f"{name} = self.{name}.view(1, -1, 1, 1).to(x.dtype)" for name in names]
    return {
        "arguments": _about(settings),
        "kept": "Averages over a batch are also kept running, in the dtype of the layer, and are what eval mode takes."
        if running
        else "The layer is the same in training and in eval mode.",
        "raises": "an input of another shape"
        + (", for channels that the groups do not divide" if "groups" in settings else "")
        + (", and in training for one value a channel" if running else ""),
        "parameters": "\n".join(f"        {name}: {_SETTINGS[name][0]}," for name in settings),
        "checks": _GROUPS if "groups" in settings else "",
        "settings": _block((f"self.{name} = {name}" for name in (*own, "apply_act")), 8),
        "trained": _block((f"self.{name} = {trained}" for name in names), 8),
        "buffers": _block(_buffers(running), 8),
        "reset_running": RESET_RUNNING.substitute(lines=_block(reset, 12)) if running else "",
        "and_running": ", running statistics too" if running else "",
        "call_reset": "        self.reset_running_stats()\n" if running else "",
        "begin": _block(["if self.apply_act:", *begin] if begin else [], 8),
        "repr": ", ".join(f"{name}={{self.{name}}}" for name in (*own, "apply_act")),
        "methods": "".join(methods) + (TRACK if running else ""),
        "body": textwrap.indent("\n".join([*_training(export), *views, *lines]), " " * 12),
        "two_groups": ", groups=2" if "groups" in settings else "",
    }


def _buffers(running: Sequence[Running]) -> list[str]:
    """The lines that register what runs along."""
    if not running:
        return []
    lines = [
        f"{r.name} = torch.empty({'num_features' if r.by_channel else 1}, device=device, dtype=dtype)" for r in running
    ]
    lines.append("num_batches_tracked = torch.zeros((), device=device, dtype=torch.long)")
    names = [line.partition(" ")[0] for line in lines]
    return [*lines, *(f'self.register_buffer("{name}", {name} if apply_act else None)' for name in names)]


_GROUPS = """\
        if group_size is None:
            if groups < 1 or num_features % groups:
                raise ValueError(f"num_features={num_features} is not divisible by groups={groups}")
        elif group_size < 1 or num_features % group_size:
            raise ValueError(f"num_features={num_features} is not divisible by group_size={group_size}")
        else:
            groups = num_features // group_size
"""


def _settings(export: Export) -> list[str]:
    """Arguments beside num_features."""
    plan = export.plan
    groups = ["groups", "group_size"] if "group" in plan.statistics else []
    return [*groups, *["eps"] * plan.uses_eps, *["momentum"] * bool(plan.running), "apply_act"]


def _about(settings: Sequence[str]) -> str:
    lines = ["num_features: channels C.", *(f"{name}: {_SETTINGS[name][1]}" for name in settings)]
    wrapped = [part for line in lines for part in textwrap.wrap(line, 112, subsequent_indent="    ")]
    return textwrap.indent("\n".join(wrapped), "    ")


def _training(export: Export) -> list[str]:
    """What a batch in training is checked and counted by."""
    running = export.plan.running
    if not running:
        return []
    by_image = any(r.kind == "std" and not r.of_pixels for r in running)  # variances of one number an image
    few, what = ("x.shape[0] < 2", "image") if by_image else ("x.numel() < 2 * x.shape[1]", "value per channel")
    return [
        "if self.training:",
        f"    if {few}:",
        "        size = list(x.shape)",
        f'        raise ValueError(f"Expected more than 1 {what} when training, got input size {{size}}")',
        "    self.num_batches_tracked.add_(1)",
    ]


def _lines(export: Export) -> list[str]:
    """The program as statements, every moment in one of its own."""
    templates = {p.name: p.torch_source for p in export.primitives if not p.over} | _TEMPLATES
    lines: list[Line] = []
    for line in layout(export.plan.program):
        lines.append(Line(line.name, _hoisted(line.expression, lines)))
    names = _names(lines) | {name: f"self.{name}" for name in ("a", "s")}

    def renamed(expression: Expression) -> Expression:
        if isinstance(expression, Node):
            return Node(expression.op, tuple(map(renamed, expression.args)))
        return names.get(expression, expression) if isinstance(expression, str) else expression

    def spelling(node: Node) -> str:
        op, _, buffer = node.op.partition(":")
        return templates[op].replace("BUFFER", buffer)

    return [f"{names[line.name]} = {render(renamed(line.expression), spelling, _literal)}" for line in lines]


def _hoisted(expression: Expression, lines: list[Line], top: bool = True) -> Expression:
    """An expression without moments in it, but for itself: they become lines before it."""
    if not isinstance(expression, Node):
        return expression
    node = Node(expression.op, tuple(_hoisted(a, lines, False) for a in expression.args))
    if top or not is_moment(node.op):
        return node
    lines.append(Line(f"moment{len(lines)}", node))
    return lines[-1].name


def _names(lines: Sequence[Line]) -> dict[str, str]:
    """What lines are called: moments and functions by what they are, as `std_group`, the result y, all others t."""
    wanted = {}
    for line in lines:
        op = line.expression.op.partition(":")[0] if isinstance(line.expression, Node) else ""
        wanted[line.name] = op if is_moment(op) else "gate" if op == "sigmoid" else "t"
    wanted["y"] = "y"
    every = list(wanted.values())
    numbered = (
        f"{name}{every[: k + 1].count(name)}" if every.count(name) > 1 else name for k, name in enumerate(every)
    )
    return dict(zip(wanted, numbered, strict=True))


def _literal(value: float) -> str:
    if not isfinite(value):
        return f'float("{value}")'
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 and str(value) != "-0.0" else repr(value)


def _golden_lines(export: Export) -> list[str]:
    """The golden numbers as Python source."""
    found = golden(export)
    lines = [
        "# Input, trained numbers, and what comes of them: output, and the gradient of 1 y1 + 2 y2 + .. by the input."
    ]
    lines += _wrapped(f"X = {found.x}")
    lines += ["TRAINED = {", *(f'    "{name}": {values},' for name, values in found.trained.items()), "}", "GOLDEN = {"]
    rows = {"training": found.training, "gradient": found.gradient, "evaluation": found.evaluation}
    for name, values in rows.items():
        lines += [f"    {line}" for line in _wrapped(f'"{name}": {values},') if values]
    return [*lines, "}", *['GOLDEN["evaluation"] = GOLDEN["training"]'] * (not found.evaluation)]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, 112, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _block(lines: Iterable[str], indent: int) -> str:
    """Indented lines, each with its end."""
    return "".join(f"{' ' * indent}{line}\n" for line in lines)
