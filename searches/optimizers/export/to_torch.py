"""A found optimizer as a `torch.optim.Optimizer`, in one file that imports torch only."""

from __future__ import annotations

import textwrap

from discover.document import camel, comment, main_lines
from searches.optimizers.export.common import Export, golden_lines
from searches.optimizers.export.lines import foreach, single
from searches.optimizers.export.steps import LEAVES, Steps
from searches.optimizers.export.torch_file import ALIKE, FILE, HELPERS, LOOP

_ABOUT = {
    "betas": "how long averages remember, each from 0 up to but not including 1",
    "beta": "how long the average remembers, from 0 up to but not including 1",
    "momentum": "what is kept of the old state, from 0 up to but not including 1",
    "eps": "added to a denominator, above 0",
    "weight_decay": "0 or more",
}
_CHECKS = {
    "lr": ("0.0 < float({0}) < math.inf", "positive and finite"),
    "beta": ("0.0 <= {0} < 1.0", "in [0, 1)"),
    "momentum": ("0.0 <= {0} < 1.0", "in [0, 1)"),
    "eps": ("0.0 < {0} < math.inf", "positive and finite"),
    "weight_decay": ("0.0 <= {0} < math.inf", "finite and not negative"),
    "c": ("math.isfinite({0})", "finite"),
}


def write(export: Export) -> str:
    """The whole file."""
    plan = export.plan
    reads_t = plan.uses("t")
    steps = Steps(plan)
    tensors = [LEAVES["w"], *(["g"] if plan.uses("g") else []), *plan.states]
    numbers = [name for name in ("t", "lr") if plan.uses(name)]
    names = [s.name for s in plan.settings[1:]]
    bodies = single(steps.steps), foreach(steps.steps)
    code = "\n".join(line for body in bodies for line in body)
    whole = any(s.name == "yield" for s in steps.steps)
    per_tensor = tensors + ["t"] * reads_t
    filled = {
        "Class": camel(export.name),
        "name": export.name,
        "about": f"An optimizer of {export.title}.",
        "arguments": textwrap.indent("\n".join(_arguments(export)), "    "),
        "capturable": "the step counters are tensors on the device of their parameters, for CUDA graphs."
        if reads_t
        else "changes nothing: there is no step counter, and lr may be a tensor on the device.",
        "state": _state_line(export),
        "defaults": "\n".join(f"        {name}{_annotation(name)} = {value}," for name, value in export.settings()),
        "entries": "\n".join(f'            "{name}": {name},' for name, _ in export.settings()),
        "body": _body(export, per_tensor, numbers, whole),
        "given": f"({', '.join(per_tensor)})",
        "gather": _gather(export, reads_t),
        "checks": "\n".join(_checks(export)),
        "alike": ALIKE.substitute(
            and_step=" and step" if reads_t else "",
            key=", each[-1]" if reads_t else "",
            listed="[*map(list, zip(*(each[:-1] for each in group))), group[0][-1]]"
            if reads_t
            else "list(map(list, zip(*group)))",
        ),
        "signature": ", ".join([*tensors, *numbers, *names]),
        "single": textwrap.indent("\n".join(bodies[0]), "    "),
        "foreach": textwrap.indent("\n".join(bodies[1]), "    "),
        "helpers": "".join(f"\n\n{source}" for source in _helpers(code, whole)),
        "golden": "\n".join(golden_lines(export)),
    }
    file = FILE.substitute(filled)
    if "math." not in file:
        file = file.replace("import math\n\n", "", 1)
    return comment(export.header) + "\n" + file + "\n".join(main_lines(export.document))


def _arguments(export: Export) -> list[str]:
    plan = export.plan
    if plan.folded:
        lr = "the learning rate, what the program multiplies its lr with included (the default)"
    elif plan.uses("lr"):
        lr = "the program's own lr, 1 at the peak of a schedule; its step size is among the constants"
    else:
        lr = "not read by the program"
    lines = [f"lr: {lr}; a float or a tensor of one element."]
    for name, _ in export.settings()[1:]:
        lines.append(f"{name}: {_ABOUT.get(name, 'a constant of the program')}.")
    return [part for line in lines for part in textwrap.wrap(line, 110, subsequent_indent="    ")]


def _state_line(export: Export) -> str:
    states = ", ".join(export.plan.states)
    step = "a step counter (float32)" if export.plan.uses("t") else ""
    if not states and not step:
        return "It has no state."
    kept = [f"{states}, of the shape and dtype of the parameter (bfloat16 for bfloat16)"] if states else []
    return f"State: {' and '.join(kept + ([step] if step else []))}."


def _annotation(name: str) -> str:
    return {"lr": ": float | Tensor", "betas": ": tuple[float, ...]"}.get(name, ": float")


def _checks(export: Export) -> list[str]:
    lines = [
        '    if isinstance(group["lr"], Tensor) and group["lr"].numel() != 1:',
        "        raise ValueError(f\"Tensor lr must be 1-element, not of shape {tuple(group['lr'].shape)}\")",
    ]
    betas = sum(s.role == "beta" for s in export.plan.settings)
    for name, _ in export.settings():
        role = next((s.role for s in export.plan.settings if s.name == name), "beta")
        test, what = _CHECKS[role]
        value = f'group["{name}"]'
        if name == "betas":
            test = f"len({value}) == {betas} and all({test.format('beta')} for beta in {value})"
            what = f"{betas} numbers {what}"
        lines += [
            f"    if not {'(' * (name == 'betas')}{test.format(value)}{')' * (name == 'betas')}:",
            f"        raise ValueError(f\"{name} must be {what}, not {{group['{name}']}}\")",
        ]
    return lines


def _gather(export: Export, reads_t: bool) -> str:
    lines = []
    states = list(export.plan.states)
    if states or reads_t:
        lines += ["state = self.state[p]", "if not state:"]
        if reads_t:
            lines += [
                '    device = p.device if group["capturable"] else "cpu"',
                '    state["step"] = torch.zeros((), dtype=torch.float32, device=device)',
            ]
        lines += [f'    state["{s}"] = torch.zeros_like(p, memory_format=torch.preserve_format)' for s in states]
    if reads_t:
        lines.append('state["step"] += 1')
    given = ["p"]
    if export.plan.uses("g"):
        given.append('-p.grad if group["maximize"] else p.grad')
    given += [f'state["{s}"]' for s in states]
    if reads_t:
        given.append('state["step"] if group["capturable"] else state["step"].item()')
    return textwrap.indent("\n".join([*lines, f"yield {', '.join(given)}{',' * (len(given) == 1)}"]), " " * 12)


def _body(export: Export, per_tensor: list[str], numbers: list[str], whole: bool) -> str:
    reads_lr = "lr" in numbers
    scalar = ['lr = group["lr"]', "if isinstance(lr, Tensor):", "    lr = lr.squeeze()"]
    values = ["lr"] * reads_lr
    for name, _ in export.settings()[1:]:
        values.append(f'*group["{name}"]' if name == "betas" else f'group["{name}"]')
    choice = [
        'lists = group["foreach"]',
        "if lists is None:",
        '    lists = all(p.is_cuda for p in group["params"])',
    ]
    if "t" in numbers:
        choice.append('lists = lists and not group["capturable"]  # whose step counters are tensors')
    calls = [f"_update{kind}(*each, *settings)" for kind in ("_foreach", "")]
    if whole:
        calls = [f"updates.append({call})" for call in calls]
    body = LOOP.substitute(
        scalar="".join(f"\n{' ' * 12}{line}" for line in scalar * reads_lr),
        settings=", ".join(values) + "," * (len(values) == 1),
        choice=f"\n{' ' * 12}".join(choice),
        call_foreach=calls[0],
        call=calls[1],
    )
    if whole:
        body = f"        updates = []\n{body}        _together(updates)\n"
    return body.rstrip("\n")


def _helpers(code: str, whole: bool) -> list[str]:
    needed = ["_together"] * whole
    todo = code
    for name in ("_add", "_addcmul", "_addcdiv", "_number", "_clip", "_cosine", "_cbrt", "_div"):
        if f"{name}(" in todo.replace("_foreach" + name, "") or f"({name}," in todo:
            needed.append(name)
            todo += HELPERS[name]
    return [HELPERS[name] for name in needed]
