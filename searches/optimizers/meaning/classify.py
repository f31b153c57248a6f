"""What kind of update a program makes, read off its linear forms and confirmed on gradients: for reports only.

Nothing that scores or breeds programs may import this: it knows what the search is meant to find.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from primitives.canonical import canonical
from primitives.hero import HERO
from primitives.packed import Shape, pack
from primitives.program import Program
from searches.optimizers import probe
from searches.optimizers.meaning.linear import LR, ODD_AND_INCREASING, ONE, Atom, Form, G, Linear, W, atom
from searches.optimizers.trajectory import follow, numbered

_MEMORY = 12  # steps back that the weights of gradients are told for
_SAME_BETA = 0.01  # relative, of 1 - beta
_MISSED = 0.01  # share of updates that may differ from what was read off: where a sum is zero but for rounding


@dataclass(frozen=True)
class Average:
    """A linear form of past values: sum over k of weights[k] * source(k steps back).

    states   the slots that it is kept in
    decay    from the second one on each weight is this times the one before; NaN where that is not so
    """

    weights: tuple[float, ...]
    states: tuple[str, ...]
    decay: float

    @property
    def beta1(self) -> float:
        """b1 of interp(g, m, b1), where m = interp(g, m, b2), b2 = decay, has these weights but for a factor."""
        now, before = self.weights[:2]
        ratio = before / now if now else np.inf
        return float(ratio / (ratio + 1.0 - self.decay)) if np.isfinite(ratio) else 1.0


@dataclass(frozen=True)
class Kind:
    """What a program is.

    tier     2: the sign of a momentum that weighs the newest gradient more than its average does, as in Lion; 1: the
             sign of a momentum; 0: anything else. Either with or without decoupled weight decay
    words    for people
    beta1, beta2, rate, decay   of tiers 1 and 2: at the schedule's peak update = rate * (sign(interp(g, m, beta1))
             + decay * w), m = interp(g, m, beta2); NaN for tier 0. decay is None if it follows a schedule of its own
    """

    tier: int
    words: str
    beta1: float = np.nan
    beta2: float = np.nan
    rate: float = np.nan
    decay: float | None = np.nan


def classify(program: Program) -> Kind:
    """What a program over HERO is; see Kind."""
    program = canonical(program, HERO)
    linear = Linear(program)
    update = linear.results["update"]
    shrink, rest = update.coefficient(W), update.without(W)
    direction = rest.alone
    if not rest.terms:
        return Kind(0, "weight decay alone")
    if direction is not None and direction.name == "sign":
        return _sign(program, linear, direction.args[0], rest.coefficient(direction), shrink)
    found = average(rest.split()[1], linear)
    if found is not None:
        name = f"momentum, {_weights(found)}" if found.states else "gradient descent"
        return Kind(0, f"{name}; step {_schedule(rest.split()[0])}{_decay(shrink, None)}")
    if direction is not None and direction.name == "div":
        above, below = average(direction.args[0], linear), _root_of_average(direction.args[1], linear)
        if above is not None and below is not None:
            words = f"momentum over the root of an average of squares, as Adam's: {_weights(above)}, {_weights(below)}"
            return Kind(0, f"{words}; step {_schedule(rest.coefficient(direction))}{_decay(shrink, None)}")
    return Kind(0, "none of the known forms")


def tier(program: Program) -> int:
    """`classify(program).tier`"""
    return classify(program).tier


def average(form: Form, linear: Linear, source: Atom = G) -> Average | None:
    """The weights that a form gives to a source, now and in the past; None if it is made of anything else too, or if
    they follow the schedule."""
    found = averages(form, linear, source)
    if found is None or not all(np.allclose(f.weights, found[-1].weights, rtol=1e-9, atol=0.0) for f in found):
        return None
    return found[-1]


def averages(form: Form, linear: Linear, source: Atom = G) -> list[Average] | None:
    """The same at each of the schedule's values LR, as if it stayed there."""
    states = list(linear.program.signature.state)
    names: list[str] = []
    pending = [form]
    while pending:
        for a in pending.pop().atoms - {source}:
            if a.name not in states or a.args:
                return None
            if a.name not in names:
                names.append(a.name)
                pending.append(linear.results[a.name])
    rows = [form, *(linear.results[name] for name in names)]
    table = np.array([[row.coefficient(a) for a in (source, *map(Atom, names))] for row in rows])
    return [_response(table[:, :, i], tuple(sorted(names))) for i in range(len(LR))]


def _response(table: np.ndarray, states: tuple[str, ...]) -> Average:
    """The average that table float64[1 + S, 1 + S] makes: of source and states, in the form and in the new states."""
    weights, held = [table[0, 0]], table[1:, 0]
    for _ in range(_MEMORY - 1):
        weights.append(table[0, 1:] @ held)
        held = table[1:, 1:] @ held
    ratio = weights[2] / weights[1] if weights[1] else 0.0
    geometric = np.allclose(weights[2:], np.array(weights[1:-1]) * ratio, rtol=1e-6, atol=1e-9 * np.abs(weights).max())
    return Average(tuple(map(float, weights)), states, float(ratio) if geometric else np.nan)


def _sign(program: Program, linear: Linear, argument: Form, size: np.ndarray, shrink: np.ndarray) -> Kind:
    """The kind of update = size * sign(argument) + shrink * w."""
    argument = argument.split()[1]
    if W in argument.atoms:
        return Kind(0, "a sign that the weight decays in")
    schedule = averages(argument, linear)
    if schedule is None:
        return Kind(0, f"{_sign_of_other(argument, linear)}; step {_schedule(size)}{_decay(shrink, size)}")
    found = schedule[-1]
    if found.weights[0] < 0 or (found.weights[0] == 0 and found.weights[1] < 0):
        schedule = [Average(tuple(-x for x in f.weights), f.states, f.decay) for f in schedule]
        found, size = schedule[-1], -size
    where = f"; step {_schedule(size)}{_decay(shrink, size)}"
    if (size <= 0).any():
        return Kind(0, f"a sign, but uphill{where}")
    if not found.states:
        return Kind(0, f"sign of the gradient{where}")
    if len(found.states) > 1 or any(not 0 < f.decay < 1 or min(f.weights[:2]) <= 0 for f in schedule):
        return Kind(0, f"the sign of a linear form, but of no momentum: {_weights(found)}{where}")
    beta1, beta2 = found.beta1, found.decay
    if not _confirmed(program, beta1, beta2, size, shrink):
        return Kind(0, f"read as the sign of a momentum, but does not do what that does{where}")
    values = beta1, beta2, float(size[-1]), _ratio(shrink, size)
    if not all(np.allclose((f.beta1, f.decay), (beta1, beta2), rtol=1e-6) for f in schedule):
        betas = f"betas that follow the schedule, {beta1:.4g} and {beta2:.4g} at its peak"
        return Kind(1, f"sign of a momentum, {betas}{where}", *values)
    if beta1 < beta2 and (1 - beta1) > (1 + _SAME_BETA) * (1 - beta2):
        return Kind(2, f"the Lion form: sign of a momentum with two betas, {beta1:.4g} and {beta2:.4g}{where}", *values)
    same = abs(beta1 - beta2) <= _SAME_BETA * (1 - beta2)
    betas = f"beta {beta2:.4g}" if same else f"betas {beta1:.4g} and {beta2:.4g}, the first the larger, unlike Lion's"
    return Kind(1, f"sign of a momentum, {betas}{where}", *values)


def _sign_of_other(argument: Form, linear: Linear) -> str:
    """The sign of a form that is not linear in the gradients; maybe it is so in a function of them."""
    for source in argument.atoms:
        if source.name in ODD_AND_INCREASING or source.name in ("clip", "sign"):
            found = average(argument, linear, source)
            if found is not None:
                return f"the sign of a linear form of {show(Form.of([(source, np.ones(len(LR)))]))}: {_weights(found)}"
    return f"the sign of what is not linear in the gradients: {show(argument)}"


def _confirmed(program: Program, beta1: float, beta2: float, size: np.ndarray, shrink: np.ndarray) -> bool:
    """Whether the program's updates are those of size * sign(interp(g, m, beta1)) + shrink * w."""
    shape = Shape(program.n_leaves, len(program.results), len(program.instructions), max(len(program.constants), 1))
    inputs = probe.INPUTS.copy()
    inputs[:, 2] = 1.0  # there the step is known without interpolation
    given = numbered(inputs) if "t" in program.signature.inputs else inputs
    done = follow(pack([program], HERO, shape), given, probe.SEGMENTS)[0, :, 0]
    m, missed = np.zeros(probe.WEIGHTS), 0
    for (w, g, _), update in zip(inputs.astype(np.float64), done, strict=True):
        wanted = size[-1] * np.sign((1 - beta1) * g + beta1 * m) + shrink[-1] * w
        missed += int((np.abs(update - wanted) > 1e-3 * size[-1]).sum())
        m = (1 - beta2) * g + beta2 * m
    return missed <= _MISSED * done.size


def _root_of_average(form: Form, linear: Linear) -> Average | None:
    root = form.without(ONE).alone  # whatever the epsilon
    if root is None or root.name != "sqrt":
        return None
    (square,) = atom("square", Form.of([(G, np.ones(len(LR)))])).atoms
    return average(root.args[0].split()[1], linear, square)


def _ratio(shrink: np.ndarray, size: np.ndarray) -> float | None:
    ratio = shrink / size
    return float(ratio[-1]) if np.allclose(ratio, ratio[-1], rtol=1e-6) else None


def _decay(shrink: np.ndarray, size: np.ndarray | None) -> str:
    if not shrink.any():
        return "; no weight decay"
    ratio = None if size is None else _ratio(shrink, size)
    if ratio is not None:
        return f"; decoupled weight decay {ratio:.4g}" if ratio > 0 else f"; weights grow, by {-ratio:.4g}"
    return f"; weight decay {_schedule(shrink)}"


def _schedule(size: np.ndarray) -> str:
    """A function of the schedule in words."""
    peak = size[-1]
    if np.allclose(size, peak, rtol=1e-6):
        return f"{peak:.4g}"
    with np.errstate(all="ignore"):
        powers = np.log(size[:-1] / peak) / np.log(LR[:-1])
    if np.allclose(powers, powers[0], rtol=1e-6):
        return f"{peak:.4g} lr" if np.isclose(powers[0], 1.0) else f"{peak:.4g} lr^{powers[0]:.4g}"
    return f"{peak:.4g} at the schedule's peak"


def _weights(found: Average) -> str:
    if not found.states:
        return "of this step alone"
    now, before = found.weights[:2]
    if np.isclose(before, now * found.decay, rtol=1e-6):
        return f"beta {found.decay:.4g}"
    if now * before > 0 and 0 < found.decay < 1:
        return f"betas {found.beta1:.4g} and {found.decay:.4g}"
    largest = max(found.weights, key=abs) or 1.0
    return f"weights {', '.join(f'{x / largest:.3g}' for x in found.weights[:4])}, ... back in time"


def show(form: Form) -> str:
    """A form as people write it, coefficients at the schedule's peak."""
    text = ""
    for a, c in form.terms:
        inner = f"{a.name}({', '.join(map(show, a.args))})" if a.args else a.name
        value = f"{abs(c[-1]):.4g}"
        term = value if a == ONE else inner if value == "1" else f"{value} {inner}"
        sign = "-" if c[-1] < 0 else "+"
        text += f" {sign} {term}" if text else (f"-{term}" if c[-1] < 0 else term)
    return text or "0"
