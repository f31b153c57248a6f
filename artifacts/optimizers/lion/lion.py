# SPDX-License-Identifier: MIT-0
#
# lion: an optimizer of 1 state buffer, 5 operations
#
# Program (w, g, lr are this step's; w -= update):
#     update = sign(interp(g, m, 0.6295420535693635)) * 0.00802716233301956
#     m = interp(g, m, 0.9)
# It takes one step size for all steps; here lr multiplies the update.
# Scores:
#     buffers                1             numbers that a weight carries along
#     statements             4             instructions of the canonical form
#     loss                   2.26089       validation, mean over the data orders of finalists
#     best with two buffers  2.25496       of the same run, on the same data orders
# Status: rediscovered
# Found by discover-programs 0.1.0, search optimizers/lion, seed 0, config 885d6fa94080106a, primitive set 06ee852fd34aec1e
# Find it again: discover run optimizers/lion --seed 0 --budget 6000

import math

import torch
from torch import Tensor
from torch.optim import Optimizer


class Lion(Optimizer):
    """An optimizer of 1 state buffer, 5 operations.

    lr: the learning rate, what the program multiplies its lr with included (the default); a float or a tensor of
        one element.
    betas: how long averages remember, each from 0 up to but not including 1.
    maximize: climb instead.
    foreach: work on lists of tensors, in few kernel launches and more memory; by default if all are on CUDA. (For
        bfloat16 on CPUs leave it off: there torch rounds the numbers that lists are multiplied with.)
    capturable: changes nothing: there is no step counter, and lr may be a tensor on the device.
    differentiable: not supported; there so that it can be refused by name.

    State: m, of the shape and dtype of the parameter (bfloat16 for bfloat16).
    Raises ValueError for a setting out of range and for complex parameters, RuntimeError for sparse gradients.
    """

    def __init__(
        self,
        params,
        lr: float | Tensor = 0.00802716233301956,
        betas: tuple[float, ...] = (0.6295420535693635, 0.9),
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
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
        for group in self.param_groups:
            lr = group["lr"]
            if isinstance(lr, Tensor):
                lr = lr.squeeze()
            settings = (lr, *group["betas"])
            lists = group["foreach"]
            if lists is None:
                lists = all(p.is_cuda for p in group["params"])
            if lists:
                for each in _alike(self._tensors(group)):
                    _update_foreach(*each, *settings)
            else:
                for each in self._tensors(group):
                    _update(*each, *settings)
        return loss

    def _tensors(self, group):
        """(p, g, m) of every parameter that has a gradient; makes its state at its first step."""
        for p in group["params"]:
            if p.grad is None:
                continue
            if p.grad.is_sparse:
                raise RuntimeError("Lion does not support sparse gradients")
            state = self.state[p]
            if not state:
                state["m"] = torch.zeros_like(p, memory_format=torch.preserve_format)
            yield p, -p.grad if group["maximize"] else p.grad, state["m"]


def _check(group):
    if isinstance(group["lr"], Tensor) and group["lr"].numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, not of shape {tuple(group['lr'].shape)}")
    if not 0.0 < float(group["lr"]) < math.inf:
        raise ValueError(f"lr must be positive and finite, not {group['lr']}")
    if not (len(group["betas"]) == 2 and all(0.0 <= beta < 1.0 for beta in group["betas"])):
        raise ValueError(f"betas must be 2 numbers in [0, 1), not {group['betas']}")
    if group["differentiable"]:
        raise ValueError("differentiable=True is not supported: a step works in place, unseen by autograd")
    if any(torch.is_complex(p) for p in group["params"]):
        raise ValueError("complex parameters are not supported: optimize torch.view_as_real(p) instead")


def _alike(tensors):
    """Lists of tensors of one device and dtype: what foreach operations are fast on."""
    groups = {}
    for each in tensors:
        groups.setdefault((each[0].device, each[0].dtype), []).append(each)
    return [list(map(list, zip(*group))) for group in groups.values()]


def _update(p, g, m, lr, beta1, beta2):
    """One step on one tensor, in place."""
    update = m.mul(beta1).add_(g, alpha=1 - beta1).sign_()
    _add(p, update, -lr)
    m.mul_(beta2).add_(g, alpha=1 - beta2)


def _update_foreach(p, g, m, lr, beta1, beta2):
    """The same on lists of tensors of one device and dtype."""
    update = torch._foreach_mul(m, beta1)
    torch._foreach_add_(update, g, alpha=1 - beta1)
    torch._foreach_sign_(update)
    _foreach_add(p, update, -lr)
    torch._foreach_mul_(m, beta2)
    torch._foreach_add_(m, g, alpha=1 - beta2)


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


# Weights at the start; then of each step: factor on lr, gradients, weights after it.
START = [[1.0625, 1.34375, -1.6875, 0.0625], [1.875, 1.21875, 0.40625]]
GOLDEN = (
    (0.5, [[0.0, -0.1875, -0.0029296875, -0.375], [-0.00634765625, -0.0126953125, 0.002685546875]],
     [[1.0625, 1.3477635811665098, -1.6834864188334902, 0.06651358116650978], [1.8790135811665098, 1.2227635811665098, 0.4022364188334902]]),
    (1.0, [[0.0, 0.001953125, -0.0087890625, -0.029296875], [-0.40625, -0.0859375, -0.46875]],
     [[1.0625, 1.3557907434995293, -1.6754592565004707, 0.07454074349952934], [1.8870407434995293, 1.2307907434995293, 0.41026358116650974]]),
    (1.0, [[0.0, 0.03515625, 0.002197265625, 0.002685546875], [0.46875, 0.1015625, 0.078125]],
     [[1.0625, 1.3477635811665098, -1.6834864188334902, 0.0825679058325489], [1.8790135811665098, 1.2227635811665098, 0.4182907434995293]]),
    (0.75, [[0.0, 0.28125, -0.625, -0.00341796875], [0.0859375, 0.005859375, 0.40625]],
     [[1.0625, 1.3417432094167452, -1.6774660470837255, 0.08858827758231358], [1.8729932094167452, 1.2167432094167452, 0.41227037174976466]]),
    (0.5, [[0.0, 0.0859375, -0.375, -0.203125], [0.875, -0.078125, -0.5625]],
     [[1.0625, 1.3377296282502353, -1.6734524659172156, 0.09260185874882336], [1.8689796282502353, 1.220756790583255, 0.41628395291627446]]),
    (0.25, [[0.0, 0.017578125, -0.5, -0.3125], [0.6875, -0.4375, 0.0703125]],
     [[1.0625, 1.3357228376669805, -1.6714456753339608, 0.09460864933207824], [1.8669728376669805, 1.2227635811665098, 0.4182907434995293]]),
)


def selftest():
    """Take the golden steps in float64, tensor by tensor and on lists of tensors."""
    for foreach in (False, True):
        params = [torch.tensor(values, dtype=torch.float64) for values in START]
        optimizer = Lion(params, foreach=foreach)
        (group,) = optimizer.param_groups
        peak = group["lr"]
        for factor, gradients, expected in GOLDEN:
            group["lr"] = factor * peak
            for p, gradient in zip(params, gradients):
                p.grad = torch.tensor(gradient, dtype=torch.float64)
            optimizer.step()
            for p, values in zip(params, expected):
                if not torch.allclose(p, torch.tensor(values, dtype=torch.float64), rtol=1e-9, atol=1e-9):
                    raise SystemExit("lion: selftest FAILED: golden steps")
    print("lion: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"lion","search":"optimizers/lion","config":{"search":"optimizers","problem":{"primitives":["reduced"],"max_statements":16,"max_constants":12,"proxy":{"kind":"transformer","batch":32,"context":16,"width":16,"heads":2,"layers":1,"file":""},"data_seed":0,"octaves":10,"hurdle":{"steps":60,"orders":1},"keep":0.2,"trial":{"steps":600,"orders":1},"slack":1.007,"contest":{"steps":600,"orders":3},"meta":{"steps":600,"orders":1},"meta_proxy":{"kind":"transformer","batch":32,"context":32,"width":32,"heads":2,"layers":2,"file":""},"final":{"steps":600,"orders":8},"finalists":16,"ablated":2,"warm_start":{"form":"adamw","program":"","rate":0.01,"decay":0.1,"beta1":0.9,"beta2":0.99},"mutations":{"insert":2.0,"delete":1.0,"modify":1.0,"rewire":1.0,"swap":0.25,"new_constant":0.5,"scale_constant":1.5,"duplicate":1.0,"spread":2.0,"normal":0.5,"step":1.0,"jump":0.2,"complement":0.5,"flip":0.1,"same":0.1,"unit":0.0}},"strategy":{"name":"niched","population":100,"tournament":8,"islands":1,"migrate_every":0,"batch":128,"restart_after":0},"run":{"budget":6000,"seed":0,"chunk":4,"meta_every":10,"meta_patience":0}},"config_hash":"885d6fa94080106a","seed":0,"reproduce":"discover run optimizers/lion --seed 0 --budget 6000","id":"85dff67c","parents":[],"signature":{"inputs":["w","g","lr"],"outputs":["update"],"state":["m","v"]},"primitives":["add","sub","mul","div","max","neg","abs","sign","square","sqrt","reciprocal","interp","tanh","exp","log","clip"],"primitives_hash":"06ee852fd34aec1e","program":["update = sign(interp(g, m, 0.6295420535693635)) * 0.00802716233301956","m = interp(g, m, 0.9)"],"objectives":{"buffers":1.0,"statements":4.0,"loss":2.260889825523007},"descriptors":{"buffers":1,"degree":0,"statements":4},"scores":{"best with two buffers":{"value":2.2549644781597964,"how":"of the same run, on the same data orders"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"c840c1e36a1f3beb"}
