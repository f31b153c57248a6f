"""What can be said of a program for all gradients: cheap certificates, each shown on its forms and tried on numbers.

`holds` and `does not hold` are shown; where neither can be, it is said so. Numbers alone show only that something does
not hold; a certificate that they contradict is withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.random import Generator, Philox

from primitives.canonical import canonical
from primitives.hero import HERO
from primitives.packed import Shape, pack
from primitives.program import Program
from searches.optimizers import probe
from searches.optimizers.meaning import grading
from searches.optimizers.meaning.bounds import Bounds
from searches.optimizers.meaning.classify import average, show
from searches.optimizers.meaning.linear import ODD_AND_INCREASING, ZERO, Form, Linear, W
from searches.optimizers.trajectory import follow, numbered

HOLDS, FAILS, OPEN = "holds", "does not hold", "not shown"
_ROUNDING = 1e-3  # relative
_LONG = 48  # steps
_POTENTIALS = {
    "sign": "the 1-norm",
    "tanh": "the sum of log cosh",
    "arctan": "the sum of x arctan x - log(1 + x^2) / 2",
    "clip": "a Huber function of the 2-norm",
    "norm": "the sum of the tensors' 2-norms",
    "global_norm": "the 2-norm",
}


@dataclass(frozen=True)
class Certificate:
    """A property, whether it holds, and how that was shown."""

    name: str
    verdict: str
    how: str


def certificates(program: Program) -> list[Certificate]:
    """All certificates of a program over HERO."""
    program = canonical(program, HERO)
    linear = Linear(program)
    makers = (_bound, _scale, _odd, _equivariant, _no_gradient, _lion_k)
    return [make(program, linear) for make in makers]


def _bound(program: Program, linear: Linear) -> Certificate:
    """|w| <= largest / decay once it is so: where the update is a step that is bounded, and decoupled weight decay."""
    name = "bound on the weights"
    update = linear.results["update"]
    shrink, step = update.coefficient(W), update.without(W)
    largest = Bounds(linear).largest(step)
    if not np.isfinite(largest).all():
        degree = grading.degree(step, linear)
        if degree:
            return Certificate(name, FAILS, _grows(degree))
        return Certificate(name, OPEN, "no bound on the step is shown")
    seen = _largest_step(program, linear)
    if not seen <= largest[-1] * (1 + _ROUNDING):
        return Certificate(name, OPEN, f"steps of {seen:.4g} were seen, though {largest[-1]:.4g} was derived")
    told = f"steps are at most {largest[-1]:.4g} at the schedule's peak ({seen:.4g} seen)"
    if (shrink <= 0).any():
        return Certificate(name, FAILS, f"{told}, but nothing draws weights back")
    if (shrink > 1).any():
        return Certificate(name, OPEN, f"{told}, but weight decay overshoots zero")
    bound = float(largest[-1] / shrink[-1])
    if not np.allclose(largest / shrink, bound, rtol=1e-6):
        return Certificate(name, OPEN, f"{told}, but weight decay follows another schedule")
    return Certificate(name, HOLDS, f"|w| <= {bound:.4g}, once it is so: {told}, weight decay takes {shrink[-1]:.4g} w")


def _grows(degree: Fraction) -> str:
    return f"gradients s times as large make the step {'s' if degree == 1 else f's^{degree}'} times as large"


def _largest_step(program: Program, linear: Linear) -> float:
    """The largest |update without weight decay| seen at the schedule's peak, on gradients made to be unkind."""
    generator = Generator(Philox(key=3))
    shape = (_LONG, probe.WEIGHTS)
    sizes = np.exp2(generator.uniform(-20, 20, size=shape))
    growing = np.exp2(0.5 * np.arange(_LONG)[:, None] - 10.0) * np.ones(shape)
    spikes = np.where(np.arange(_LONG)[:, None] % 16 == 15, 100.0, 1e-3) * np.ones(shape)
    largest = 0.0
    for g in (generator.normal(size=shape) * sizes, growing, spikes, np.ones(shape)):
        w = generator.normal(size=shape)
        step = _updates(program, w, g) - linear.results["update"].coefficient(W)[-1] * w.astype(np.float32)
        largest = max(largest, float(np.abs(step).max()))
    return largest


def _scale(program: Program, linear: Linear) -> Certificate:
    name = "invariance to the gradients' scale"
    update = linear.results["update"]
    degree = grading.degree(update, linear)
    w, g = probe.INPUTS[:, 0], probe.INPUTS[:, 1]
    before, after = _updates(program, w, g), _updates(program, w, 16.0 * g)
    changed = _apart(after, before)
    if degree == 0:
        if changed <= _ROUNDING:
            return Certificate(name, HOLDS, "every part of the update has degree 0 in the gradients")
        return Certificate(name, OPEN, f"shown, but 16 times the gradients changed the update by {changed:.2g}")
    step = grading.degree(update.without(W), linear)
    if step is not None and step != 0:
        return Certificate(name, FAILS, _grows(step))
    if changed > _ROUNDING:
        return Certificate(name, FAILS, f"16 times the gradients changed the update by {changed:.2g} of itself")
    return Certificate(name, OPEN, "16 times the gradients changed nothing, but that proves nothing")


def _odd(program: Program, linear: Linear) -> Certificate:
    name = "oddness in gradients, weights and states"
    parity = grading.parity(linear.results["update"], linear)
    w, g = probe.INPUTS[:, 0], probe.INPUTS[:, 1]
    apart = _apart(-_updates(program, -w, -g), _updates(program, w, g))
    if parity == 1 and apart <= _ROUNDING:
        return Certificate(name, HOLDS, "every part of the update is odd")
    if apart > _ROUNDING:
        contradicted = ", though each part was shown to be odd" if parity == 1 else ""
        verdict = OPEN if parity == 1 else FAILS
        return Certificate(
            name, verdict, f"other signs changed the update's size by {apart:.2g} of itself{contradicted}"
        )
    return Certificate(name, OPEN, "odd on the gradients tried, but that proves nothing")


def _equivariant(program: Program, linear: Linear) -> Certificate:
    name = "permutations within a tensor permute the update"
    over = sorted({i.op for i in program.instructions if HERO[HERO.opcode(i.op)].over})
    order = np.concatenate([Generator(Philox(key=4)).permutation(np.arange(a, b)) for a, b in probe.TENSORS])
    w, g = probe.INPUTS[:, 0], probe.INPUTS[:, 1]
    apart = _apart(_updates(program, w[:, order], g[:, order]), _updates(program, w, g)[:, order])
    if apart > _ROUNDING:
        return Certificate(name, OPEN, f"a permutation changed the update by {apart:.2g} of itself")
    how = (
        f"weights meet in {', '.join(over)} alone, whose order is of no matter" if over else "each weight is by itself"
    )
    return Certificate(name, HOLDS, how)


def _no_gradient(program: Program, linear: Linear) -> Certificate:
    """What a weight does that never had a gradient."""
    name = "without gradients weights only decay"
    still = Linear(program, zero=("g", *program.signature.state))
    step, shrink = still.results["update"].without(W), still.results["update"].coefficient(W)[-1]
    moved = [s for s in program.signature.state if still.results[s] != ZERO]
    if step != ZERO:
        return Certificate(name, FAILS, f"the step is {show(step)}")
    if moved:
        return Certificate(name, OPEN, f"the first step is none, but {' and '.join(moved)} move")
    zeros = np.zeros_like(probe.INPUTS[:, 0])
    w = probe.INPUTS[:, 0]
    if not np.allclose(_updates(program, w, zeros), shrink * w, rtol=_ROUNDING, atol=0.0):
        return Certificate(name, OPEN, "shown, but without gradients the update is another")
    decay = f"the update is {shrink:.4g} w at the schedule's peak" if shrink else "the update is zero"
    return Certificate(name, HOLDS, f"{decay}, and states stay zero")


def _lion_k(program: Program, linear: Linear) -> Certificate:
    """Lion-K (arXiv 2310.05898): the step is a subgradient of a convex K at a linear form of gradients."""
    name = "Lion-K: the step is the gradient of a convex K"
    step = linear.results["update"].without(W)
    found = _potential(step)
    if found is None:
        return Certificate(name, OPEN, "the step is not seen to be a function of one linear form")
    potential, form = found
    weights = average(form, linear)
    if weights is None:
        return Certificate(name, OPEN, f"it is a function of {show(form)}, which is not linear in the gradients")
    turned = -1.0 if weights.weights[0] < 0 else 1.0
    if (turned * step.terms[0][1][-1]) < 0:
        return Certificate(name, FAILS, "the step is uphill")
    known = np.isfinite(weights.decay) and 0 <= weights.decay <= 1 and min(turned * x for x in weights.weights) >= 0
    if not known:
        return Certificate(name, OPEN, "the linear form is not one momentum")
    if _least_product(program, linear, form) < -_ROUNDING:
        return Certificate(name, OPEN, "shown, but the step was seen to be no monotone operator")
    betas = (
        f" at interp(g, m, {weights.beta1:.4g}), m = interp(g, m, {weights.decay:.4g})" if weights.states else " at g"
    )
    return Certificate(name, HOLDS, f"K is {potential}{betas}")


def _potential(step: Form) -> tuple[str, Form] | None:
    """(K in words, the form whose gradient of K the step is); None if it is not seen."""
    a = step.alone
    if not step.terms:
        return None
    if a is None or not a.args:
        return "half the square of the 2-norm", step.split()[1]
    if a.name == "sign" or a.name in ODD_AND_INCREASING:
        return _POTENTIALS.get(a.name, f"the integral of {a.name}"), a.args[0].split()[1]
    if a.name == "clip" and a.args[1].scalar is not None:
        return _POTENTIALS["clip"], a.args[0].split()[1]
    below = a.args[1].alone if a.name == "div" else None
    if below is not None and below.name in ("norm", "global_norm") and below.args == (a.args[0],):
        return _POTENTIALS[below.name], a.args[0]
    return None


def _least_product(program: Program, linear: Linear, form: Form) -> float:
    """The least <step(s) - step(t), x(s) - x(t)> over pairs of times, relative to sizes; x is the linear form."""
    w, g = probe.INPUTS[:, 0], probe.INPUTS[:, 1].astype(np.float64)
    steps = _updates(program, w, g) - linear.results["update"].coefficient(W)[-1] * w
    weights = average(form, linear)
    assert weights is not None
    x = np.array([sum(weights.weights[k] * g[t - k] for k in range(t + 1)) for t in range(len(g))])
    least, size = 0.0, np.linalg.norm(steps, axis=1).max()
    for t in range(len(g)):
        for s in range(t):
            a, b = steps[t] - steps[s], x[t] - x[s]
            least = min(least, float(a @ b / max(size * np.linalg.norm(b), 1e-300)))
    return least


def _updates(program: Program, w: np.ndarray, g: np.ndarray) -> np.ndarray:
    """float32[T, n]: the updates on given weights and gradients, at the schedule's peak; n is probe.WEIGHTS."""
    inputs = np.stack([w, g, np.ones_like(g)], axis=1).astype(np.float32)
    given = numbered(inputs) if "t" in program.signature.inputs else inputs
    shape = Shape(program.n_leaves, len(program.results), len(program.instructions), max(len(program.constants), 1))
    return follow(pack([program], HERO, shape), given, probe.SEGMENTS)[0, :, 0]


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """The root of the mean squared difference, relative to that of b; infinite where one of them is."""
    with np.errstate(all="ignore"):
        apart = np.sqrt(np.mean((a - b).astype(np.float64) ** 2) / np.mean(b.astype(np.float64) ** 2))
    return float(apart) if np.isfinite(apart) else np.inf
