"""The parts of an exported torch optimizer that do not depend on the program."""

from string import Template

FILE = Template('''\
import math

import torch
from torch import Tensor
from torch.optim import Optimizer


class ${Class}(Optimizer):
    """${about}

${arguments}
    maximize: climb instead.
    foreach: work on lists of tensors, in few kernel launches and more memory; by default if all are on CUDA. (For
        bfloat16 on CPUs leave it off: there torch rounds the numbers that lists are multiplied with.)
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
        """${given} of every parameter that has a gradient; makes its state at its first step."""
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

ALIKE = Template('''\
def _alike(tensors):
    """Lists of tensors of one device and dtype${and_step}: what foreach operations are fast on."""
    groups = {}
    for each in tensors:
        groups.setdefault((each[0].device, each[0].dtype${key}), []).append(each)
    return [${listed} for group in groups.values()]


''')

LOOP = Template("""\
        for group in self.param_groups:${scalar}
            settings = (${settings})
            ${choice}
            if lists:
                for each in _alike(self._tensors(group)):
                    ${call_foreach}
            else:
                for each in self._tensors(group):
                    ${call}
""")

HELPERS = {
    "_add": '''\
def _add(p, x, scale):
    """p += scale * x, in place. A scale that is a tensor stays on its device."""
    if isinstance(scale, Tensor):
        p.add_(x * scale.to(p.device))
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
        p.addcmul_(x * scale.to(p.device), y)
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
        p.addcdiv_(x * scale.to(p.device), y)
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
    """Run updates side by side: each yields the norms of its tensors, and is sent the norm of all."""
    sent = [None] * len(updates)
    while updates:
        parts = []
        for update, value in zip(updates, sent):
            try:
                parts.append(update.send(value))
            except StopIteration:
                updates = []
        if parts:
            device = parts[0][0].device
            norm = torch.linalg.vector_norm(torch.stack([n.to(device) for part in parts for n in part]))
            sent = [norm.to(part[0].device) for part in parts]
''',
}
