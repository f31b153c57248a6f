"""Published optimizers as programs over HERO: for reports, `show` and tests only.

Nothing that breeds or scores programs may import this module.

Settings are arguments, with the defaults of the publications. `rate` is the peak learning rate, which the program
multiplies its schedule's value `lr` with. `decay` is decoupled (`w -= lr * decay * w`) except where it says that it is
coupled (added to the gradient, an L2 penalty). Averages are `interp(g, m, beta)`; where an original has
`m = momentum * m + g` the function that has it says so.
"""

from __future__ import annotations

from primitives.hero import HERO
from primitives.program import Program, Signature
from primitives.text import parse
from searches.optimizers.programs import SIGNATURE, STEPPED


def _program(body: str, rate: float, decay: float, signature: Signature = SIGNATURE) -> Program:
    """The program whose `step`, defined by the body, is multiplied by the learning rate, after weight decay."""
    step = f"(step + w * {decay!r})" if decay else "step"
    return parse(f"{body}\nupdate = {step} * (lr * {rate!r})", signature, HERO)


def _coupled(decay: float) -> str:
    return f"g = g + w * {decay!r}\n" if decay else ""


def _average(name: str, beta: str, value: float, lerp: bool) -> str:
    """`name` as an average of gradients; by lerp, as torch rounds it."""
    if lerp:
        return f"{beta} = {value!r}\n{name} = {name} + (g - {name}) * {1 - value!r}"
    return f"{beta} = {value!r}\n{name} = interp(g, {name}, {beta})"


def sgd(rate: float = 0.1, decay: float = 0.0) -> Program:
    """Gradient descent (Robbins and Monro 1951); decay coupled."""
    return _program(f"{_coupled(decay)}step = g", rate, 0.0)


def momentum(rate: float = 0.1, beta: float = 0.9, decay: float = 0.0) -> Program:
    """Gradient descent along an average of gradients (Polyak 1964); decay coupled."""
    return _program(f"{_coupled(decay)}m = interp(g, m, {beta!r})\nstep = m", rate, 0.0)


def nesterov(rate: float = 0.1, beta: float = 0.9, decay: float = 0.0) -> Program:
    """The same, looking ahead (Nesterov 1983, as in Sutskever et al. 2013); decay coupled."""
    return _program(f"{_coupled(decay)}b = {beta!r}\nm = interp(g, m, b)\nstep = interp(g, m, b)", rate, 0.0)


def torch_sgd(rate: float = 0.1, momentum: float = 0.9, decay: float = 0.0, nesterov: bool = False) -> Program:
    """torch.optim.SGD: its buffer is a sum, m = momentum m + g; decay coupled."""
    step = "g + m * b" if nesterov else "m"
    return _program(f"{_coupled(decay)}b = {momentum!r}\nm = m * b + g\nstep = {step}", rate, 0.0)


def rmsprop(rate: float = 0.01, beta: float = 0.99, eps: float = 1e-8, decay: float = 0.0) -> Program:
    """RMSprop (Tieleman and Hinton 2012); epsilon outside of the root, as in torch; decay coupled."""
    body = f"{_coupled(decay)}v = interp(square(g), v, {beta!r})\nstep = g / (sqrt(v) + {eps!r})"
    return _program(body, rate, 0.0)


def adam(
    rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 0.0,
    lerp: bool = False,
) -> Program:  # fmt: skip
    """Adam (Kingma and Ba 2015, arXiv 1412.6980); decay coupled. lerp: the first average rounds as torch's does."""
    return _program(_coupled(decay) + _adam(beta1, beta2, eps, lerp), rate, 0.0, STEPPED)


def adamw(
    rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 0.01,
    lerp: bool = False,
) -> Program:  # fmt: skip
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101): Adam with decoupled decay."""
    return _program(_adam(beta1, beta2, eps, lerp), rate, decay, STEPPED)


def _adam(beta1: float, beta2: float, eps: float, lerp: bool) -> str:
    return f"""\
{_average("m", "b1", beta1, lerp)}
b2 = {beta2!r}
v = interp(square(g), v, b2)
step = m / (sqrt(v) / sqrt(1 - power(b2, t)) + {eps!r}) / (1 - power(b1, t))"""


def signum(rate: float = 1e-4, beta: float = 0.9, decay: float = 0.0) -> Program:
    """Signum (Bernstein et al. 2018, arXiv 1802.04434)."""
    return _program(f"m = interp(g, m, {beta!r})\nstep = sign(m)", rate, decay)


def lion(rate: float = 1e-4, beta1: float = 0.9, beta2: float = 0.99, decay: float = 0.0) -> Program:
    """Lion (Chen et al. 2023, arXiv 2302.06675)."""
    return _program(f"step = sign(interp(g, m, {beta1!r}))\nm = interp(g, m, {beta2!r})", rate, decay)


def powersign(rate: float = 0.1, beta: float = 0.9, decay: float = 0.0) -> Program:
    """PowerSign (Bello et al. 2017, arXiv 1709.07417), base e, no decay of the sign's effect."""
    return _program(f"m = interp(g, m, {beta!r})\nstep = exp(sign(g) * sign(m)) * g", rate, decay)


def addsign(rate: float = 0.1, beta: float = 0.9, decay: float = 0.0) -> Program:
    """AddSign (Bello et al. 2017), alpha 1, no decay of the sign's effect."""
    return _program(f"m = interp(g, m, {beta!r})\nstep = (1 + sign(g) * sign(m)) * g", rate, decay)


def adabelief(
    rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 0.0
) -> Program:
    """AdaBelief (Zhuang et al. 2020, arXiv 2010.07468); epsilon outside of the root only."""
    body = f"""\
{_average("m", "b1", beta1, False)}
b2 = {beta2!r}
v = interp(square(g - m), v, b2)
step = m / (sqrt(v) / sqrt(1 - power(b2, t)) + {eps!r}) / (1 - power(b1, t))"""
    return _program(body, rate, decay, STEPPED)


def yogi(
    rate: float = 0.01, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-3, decay: float = 0.0
) -> Program:
    """Yogi (Zaheer et al. 2018), state zero at first; bias corrected, as in optax."""
    body = f"""\
{_average("m", "b1", beta1, False)}
g2 = square(g)
v = v - sign(v - g2) * g2 * {1 - beta2!r}
step = m / (sqrt(v) / sqrt(1 - power({beta2!r}, t)) + {eps!r}) / (1 - power(b1, t))"""
    return _program(body, rate, decay, STEPPED)


KNOWN: dict[str, Program] = {
    "SGD": sgd(),
    "momentum": momentum(),
    "Nesterov momentum": nesterov(),
    "RMSprop": rmsprop(),
    "Adam": adam(),
    "AdamW": adamw(),
    "Signum": signum(),
    "Lion": lion(decay=0.1),
    "PowerSign": powersign(),
    "AddSign": addsign(),
    "AdaBelief": adabelief(),
    "Yogi": yogi(),
}
