"""How an update changes with what goes in, shown on its forms: its degree in the gradients' size; whether it is odd.

Every form has a grade, or none: the power of s that it is multiplied by where gradients are s times as large, s > 0;
or its parity (0 even, 1 odd) where gradients, weights and states change their sign. The grades of states are those that
reproduce themselves: a state that is zero at first has any. What atoms do to grades is exact, so a grade is a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product

from searches.optimizers.meaning.linear import ONE, ZERO, Atom, Form, Linear

Grade = Fraction | None  # None: there is none
_POWERS = {"square": Fraction(2), "cube": Fraction(3), "sqrt": Fraction(1, 2), "cbrt": Fraction(1, 3)}
_KEEP = {"abs", "norm", "global_norm"}
_OF_ANY_SIZE = {"sign", "cosine_sim"}
_EVEN = {"abs", "square", "sqrt", "cos", "cosh", "log", "log2", "log10", "norm", "global_norm"}
_ODD = {"sign", "sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "cube", "cbrt"}
_TRIED = tuple(Fraction(n, 2) for n in (2, 4, 0, 1, -2))  # degrees of states


def degree(form: Form, linear: Linear) -> Fraction | None:
    """d such that gradients s times as large make a form s^d times as large; None if none is shown."""
    return _grade(form, linear, {"g": Fraction(1)}, _TRIED, _degree)


def parity(form: Form, linear: Linear) -> int | None:
    """1: a form is an odd function of weights, gradients and states; 0: an even one; None: neither is shown."""
    found = _grade(form, linear, {"g": Fraction(1), "w": Fraction(1)}, (Fraction(1), Fraction(0)), _parity)
    return None if found is None else int(found)


Rule = Callable[[Atom, list[Fraction]], Grade]


def _grade(
    form: Form, linear: Linear, inputs: Mapping[str, Fraction], tried: tuple[Fraction, ...], rule: Rule
) -> Grade:
    states = sorted(states_below(form, linear))
    for guess in product(tried, repeat=len(states)):
        leaves = dict(inputs) | dict(zip(states, guess, strict=True))
        if all(_of(linear.results[s], leaves, rule) in (leaves[s], "any") for s in states):
            found = _of(form, leaves, rule)
            if isinstance(found, Fraction):
                return found
    return None


def states_below(form: Form, linear: Linear) -> frozenset[str]:
    """The states that a form depends on, through others too."""
    found: set[str] = set()
    pending = [form]
    while pending:
        for a in pending.pop().atoms:
            pending += a.args
            if a.name in linear.results and a.name in linear.program.signature.state and a.name not in found:
                found.add(a.name)
                pending.append(linear.results[a.name])
    return frozenset(found)


def _of(form: Form, leaves: Mapping[str, Fraction], rule: Rule) -> Fraction | str | None:
    """The grade of a form; "any" for zero."""
    if form == ZERO:
        return "any"
    grades = {_of_atom(a, leaves, rule) for a in form.atoms}
    return grades.pop() if len(grades) == 1 else None


def _of_atom(a: Atom, leaves: Mapping[str, Fraction], rule: Rule) -> Grade:
    if not a.args:
        return Fraction(0) if a == ONE else leaves.get(a.name, Fraction(0))
    below = [_of(form, leaves, rule) for form in a.args]
    grades = [g for g in below if isinstance(g, Fraction)]
    if None in below or (len(grades) < len(below) and a.name not in ("max", "min")):
        return None
    return rule(a, grades) if any(grades) else Fraction(0)


def _degree(a: Atom, x: list[Fraction]) -> Grade:
    name = a.name
    if name in _OF_ANY_SIZE:
        return Fraction(0)
    if name in _KEEP:
        return x[0]
    if name in _POWERS:
        return x[0] * _POWERS[name]
    if name in ("mul", "dot"):
        return x[0] + x[1]
    if name == "div":
        return x[0] - x[1]
    if name in ("max", "min", "clip"):
        return x[0] if len(set(x)) == 1 else None
    if name == "interp":
        return x[0] if x[0] == x[1] and x[2] == 0 else None
    if name == "power":
        exponent = a.args[1].scalar
        if exponent is None or (exponent != exponent[0]).any():
            return None
        return x[0] * Fraction(float(exponent[0])).limit_denominator(10**6)
    return None


def _parity(a: Atom, x: list[Fraction]) -> Grade:
    name = a.name
    if name in _EVEN:
        return Fraction(0)
    if name in _ODD:
        return x[0]
    if name in ("mul", "div", "dot", "cosine_sim"):
        return (x[0] + x[1]) % 2
    if name == "interp":
        return x[0] if x[0] == x[1] and x[2] == 0 else None
    if name in ("clip", "power"):
        return (x[0] if name == "clip" else Fraction(0)) if x[1] == 0 else None
    return None
