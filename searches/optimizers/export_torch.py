"""A found optimizer as a `torch.optim.Optimizer`, in one file that imports torch only."""

from __future__ import annotations

import textwrap
from string import Template

from searches.optimizers.export import Export, camel, comment, golden_lines, main_lines
from searches.optimizers.export_steps import LEAVES, Step, Steps, foreach, single

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

_FILE = Template('''\
import math

import torch
from torch import Tensor
from torch.optim import Optimizer


class ${Class}(Optimizer):
    """${about}

${arguments}
    maximize: climb instead.
    foreach: work on lists of tensors, in few kernel launches and more memory; by default if all are on CUDA.
    capturable: ${capturable}
    differentiable: not supported; there so that it can be refused by name.

    ${state}
    Raises ValueError for a setting out of range and for complex parameters, RuntimeError for sparse gradients.
    """

    def __init__(
        self,
        params,
${defaults}
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
    ):
        defaults = {
${entries}
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group):
        """As every optimizer's; checks the settings."""
        super().add_param_group(param_group)
        try:
            _check(self.param_groups[-1])
        except ValueError:
            self.param_groups.pop()
            raise

    @torch.no_grad()
    def step(self, closure=None):
        """One step on every parameter that has a gradient. Returns what the closure returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
${body}
        return loss

    def _tensors(self, group):
        """${tensors_doc}"""
        for p in group["params"]:
            if p.grad is None:
                continue
            if p.grad.is_sparse:
                raise RuntimeError("${Class} does not support sparse gradients")
${gather}


def _check(group):
${checks}
    if group["differentiable"]:
        raise ValueError("differentiable=True is not supported: a step works in place, unseen by autograd")
    if any(torch.is_complex(p) for p in group["params"]):
        raise ValueError("complex parameters are not supported: optimize torch.view_as_real(p) instead")


${alike}def _update(${signature}):
    """One step on one tensor, in place."""
${single}


def _update_foreach(${signature}):
    """The same on lists of tensors of one device and dtype."""
${foreach}
${helpers}

${golden}


def selftest():
    """Take the golden steps in float64, tensor by tensor and on lists of tensors."""
    for foreach in (False, True):
        params = [torch.tensor(values, dtype=torch.float64) for values in START]
        optimizer = ${Class}(params, foreach=foreach)
        (group,) = optimizer.param_groups
        peak = group["lr"]
        for factor, gradients, expected in GOLDEN:
            group["lr"] = factor * peak
            for p, gradient in zip(params, gradients):
                p.grad = torch.tensor(gradient, dtype=torch.float64)
            optimizer.step()
            for p, values in zip(params, expected):
                if not torch.allclose(p, torch.tensor(values, dtype=torch.float64), rtol=1e-9, atol=1e-9):
                    raise SystemExit("${name}: selftest FAILED: golden steps")
''')

_ALIKE = '''\
def _alike(tensors):
    """Lists of tensors of one device and dtype${and_step}: what foreach operations are fast on."""
    groups = {}
    for each in tensors:
        groups.setdefault((each[0].device, each[0].dtype${key}), []).append(each)
    return [${listed} for group in groups.values()]


'''

_LOOP = '''\
        for group in self.param_groups:
            settings = (${settings})
            ${choice}
            if lists:
                for each in _alike(self._tensors(group)):
                    ${call_foreach}
            else:
                for each in self._tensors(group):
                    ${call}
'''

_HELPERS = {
    "_add": '''\
def _add(p, x, scale):
    """p += scale * x, in place. A scale that is a tensor stays on its device."""
    if isinstance(scale, Tensor):
        p.addcmul_(x, scale.to(p.device))
    else:
        p.add_(x, alpha=scale)


def _foreach_add(p, x, scale):
    if isinstance(scale, Tensor):
        torch._foreach_add_(p, torch._foreach_mul(x, scale.to(p[0].device)))
    else:
        torch._foreach_add_(p, x, alpha=scale)
''',
    "_addcmul": '''\
def _addcmul(p, x, y, scale):
    """p += scale * x * y, in place. A scale that is a tensor stays on its device."""
    if isinstance(scale, Tensor):
        p.addcmul_(x * y, scale.to(p.device))
    else:
        p.addcmul_(x, y, value=scale)


def _foreach_addcmul(p, x, y, scale):
    if isinstance(scale, Tensor):
        torch._foreach_addcmul_(p, torch._foreach_mul(x, scale.to(p[0].device)), y)
    else:
        torch._foreach_addcmul_(p, x, y, scale)
''',
    "_addcdiv": '''\
def _addcdiv(p, x, y, scale):
    """p += scale * x / y, in place. A scale that is a tensor stays on its device."""
    if isinstance(scale, Tensor):
        p.addcmul_(x / y, scale.to(p.device))
    else:
        p.addcdiv_(x, y, value=scale)


def _foreach_addcdiv(p, x, y, scale):
    if isinstance(scale, Tensor):
        torch._foreach_addcdiv_(p, torch._foreach_mul(x, scale.to(p[0].device)), y)
    else:
        torch._foreach_addcdiv_(p, x, y, scale)
''',
    "_div": '''\
def _div(x, y):
    """x / y, and 0 for 0 / 0: weights that have had no gradient yet."""
    return torch.where((x == 0) & (y == 0), 0.0, x / y)
''',
    "_cbrt": '''\
def _cbrt(x):
    """The real cube root."""
    return torch.copysign(torch.abs(x) ** (1 / 3), x)
''',
    "_cosine": '''\
def _cosine(x, y):
    """The cosine of the angle between two tensors; 0 if one is zero."""
    return _div(torch.sum(x * y), torch.linalg.vector_norm(x) * torch.linalg.vector_norm(y))
''',
    "_clip": '''\
def _clip(x, c, norm):
    """x, scaled so that the norm of all tensors is at most c; zeros stay zeros."""
    return x * torch.where(norm == 0, 0.0, torch.clamp(c / norm, max=1))
''',
    "_number": '''\
def _number(function, *args):
    """A function of numbers; of tensors of one element, if one of them is a tensor."""
    result = function(*(a if isinstance(a, Tensor) else torch.tensor(a, dtype=torch.float64) for a in args))
    return result if any(isinstance(a, Tensor) for a in args) else result.item()
''',
    "_together": '''\
def _together(updates):
    """Run updates side by side: each yields its part of a norm over all tensors, and is sent the whole."""
    sent = [None] * len(updates)
    while updates:
        parts = []
        for update, value in zip(updates, sent):
            try:
                parts.append(update.send(value))
            except StopIteration:
                updates = []
        if parts:
            norm = torch.linalg.vector_norm(torch.stack([part.to(parts[0].device) for part in parts]))
            sent = [norm.to(part.device) for part in parts]
''',
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
        "tensors_doc": f"({', '.join(per_tensor)}) of every parameter that has a gradient; makes its state at its first step.",
        "gather": _gather(export, reads_t),
        "checks": "\n".join(_checks(export)),
        "alike": Template(_ALIKE).substitute(
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
    file = _FILE.substitute(filled)
    if "math." not in file:
        file = file.replace("import math\n\n", "", 1)
    return comment(export.header) + "\n" + file + "\n".join(main_lines(export))


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
        '        raise ValueError(f"lr must have one element, not {group[\'lr\'].numel()}")',
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
    plan = export.plan
    values = ['group["lr"]'] * ("lr" in numbers)
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
    body = Template(_LOOP).substitute(
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
            todo += _HELPERS[name]
    return [_HELPERS[name] for name in needed]
