"""Bounds on forms: intervals that hold for all gradients, weights and states that a program can reach."""

from __future__ import annotations

import numpy as np

from primitives.hero import HERO
from searches.optimizers.meaning.classify import Average, average
from searches.optimizers.meaning.linear import LR, ONE, Atom, Form, G, Linear, atom

Interval = tuple[np.ndarray, np.ndarray]  # lowest and highest value, each float64[len(LR)]
_LIMITS = {"sign": (-1.0, 1.0), "cosine_sim": (-1.0, 1.0), "sin": (-1.0, 1.0), "cos": (-1.0, 1.0)}
_INCREASING = {"tanh", "arctan", "sinh", "arcsinh", "cbrt", "cube", "exp", "exp2", "exp10", "expm1"}
_RANGES = {"arcsin": (-np.pi / 2, np.pi / 2), "arccos": (0.0, np.pi)}
_OF_SIZE = {"abs", "square", "sqrt"}  # increasing functions of |x|


class Bounds:
    """Bounds on the forms of one program: `bounds.largest(form)` is float64[len(LR)], of the absolute value."""

    def __init__(self, linear: Linear) -> None:
        self._linear = linear
        self._states: dict[str, Interval] = {}
        for _ in range(2):  # a state may be bounded since another one is
            self._states = {s: self._state(s) for s in linear.program.signature.state}

    def largest(self, form: Form) -> np.ndarray:
        """The largest absolute value; infinite where none is shown."""
        with np.errstate(all="ignore"):
            low, high = self.interval(form)
        return np.maximum(-low, high)

    def interval(self, form: Form) -> Interval:
        """The lowest and the highest value."""
        low, high = np.zeros(len(LR)), np.zeros(len(LR))
        for a, c in form.terms:
            ends = [_times(np.array(c), end) for end in self._atom(a)]
            low, high = low + np.minimum(*ends), high + np.maximum(*ends)
        return low, high

    def _state(self, name: str) -> Interval:
        """A state that is what it was times a number below one, and something bounded, is bounded."""
        form = self._linear.results[name]
        own = np.abs(form.coefficient(Atom(name)))
        positive = name in self._linear.positive
        if (own < 1).all():
            largest = self.largest(form.without(Atom(name))) / (1.0 - own)
        else:
            largest = np.full(len(LR), np.inf)
        return np.zeros(len(LR)) if positive else -largest, largest

    def _atom(self, a: Atom) -> Interval:
        name, args = a.name, a.args
        if a == ONE:
            return _ends(1.0, 1.0)
        if not args:
            return self._states.get(name, _ends(-np.inf, np.inf))
        if name in _LIMITS or name in _RANGES:
            return _ends(*(_LIMITS | _RANGES)[name])
        inner = [self.interval(form) for form in args]
        low, high = inner[0]
        if name in _INCREASING:
            function = HERO[HERO.opcode(name)].numpy
            return function(low), function(high)
        if name in _OF_SIZE:
            function = HERO[HERO.opcode(name)].numpy
            least = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
            return function(least), function(np.maximum(-low, high))
        if name == "max":
            return np.maximum(low, inner[1][0]), np.maximum(high, inner[1][1])
        if name == "min":
            return np.minimum(low, inner[1][0]), np.minimum(high, inner[1][1])
        if name == "clip":  # no element is larger than the norm
            least, most = inner[1]
            largest = np.maximum(-least, most)
            largest = np.where(least >= 0, np.minimum(np.maximum(-low, high), largest), largest)
            return -largest, largest
        if name == "mul":
            return _extremes([_times(x, y) for x in inner[0] for y in inner[1]])
        if name == "div":
            largest = self._quotient(args[0], args[1])
            return -largest, largest
        if name in ("norm", "global_norm"):
            return _ends(0.0, np.inf)
        return _ends(-np.inf, np.inf)

    def _quotient(self, x: Form, y: Form) -> np.ndarray:
        """The largest |x / y|. Where y is a sum of what is never negative, each of the summands gives a bound."""
        low, high = self.interval(y)
        away = np.where((low > 0) | (high < 0), np.minimum(np.abs(low), np.abs(high)), 0.0)
        best = np.where(away > 0, self.largest(x) / away, np.inf)
        if all(min(c) >= 0 and (self._atom(a)[0] >= 0).all() for a, c in y.terms):
            for a, c in y.terms:
                best = np.minimum(best, self._share(x, a) / np.array(c))
        return best

    def _share(self, x: Form, a: Atom) -> np.ndarray | float:
        """The largest |x| / a, if a is a size of x."""
        k, unit = x.split()
        if a.name in ("abs", "norm", "global_norm") and a.args == (unit,):
            return np.abs(k)
        above = average(x, self._linear)
        below = root_of_average(a, self._linear)
        return cauchy_schwarz(above, below) if above is not None and below is not None else np.inf


def root_of_average(a: Atom, linear: Linear) -> Average | None:
    """The average of squared gradients that an atom is the root of; None if it is not."""
    if a.name == "abs" and a.args == (Form.of([(G, np.ones(len(LR)))]),):
        return Average((1.0,) + (0.0,) * 11, (), 0.0)
    if a.name != "sqrt":
        return None
    (square,) = atom("square", Form.of([(G, np.ones(len(LR)))])).atoms
    return average(a.args[0], linear, square)


def cauchy_schwarz(above: Average, below: Average) -> float:
    """The largest |sum h g| / sqrt(sum k g^2) over all sequences g: sqrt(sum h^2 / k). Both must decay as powers."""
    if not (np.isfinite(above.decay) and np.isfinite(below.decay) and min(below.weights[:2]) >= 0):
        return np.inf
    h, k = np.array(above.weights[:2]), np.array(below.weights[:2])
    with np.errstate(all="ignore"):
        first, second = np.where(h == 0, 0.0, h * h / k)
        ratio = above.decay**2 / np.float64(below.decay) if above.decay else 0.0  # of each later term to the one before
        rest = 0.0 if second == 0 else second / (1.0 - ratio) if ratio < 1 else np.inf
    return float(np.sqrt(first + rest))


def _ends(low: float, high: float) -> Interval:
    return np.full(len(LR), low), np.full(len(LR), high)


def _times(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The product; zero times infinity, which is not reached, is zero."""
    return np.where((x == 0) | (y == 0), 0.0, x * y)


def _extremes(products: list[np.ndarray]) -> Interval:
    return np.min(products, axis=0), np.max(products, axis=0)
