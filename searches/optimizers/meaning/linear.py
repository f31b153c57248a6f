"""The values of a program as linear forms: sums of atoms, each times a coefficient that depends on the schedule alone.

An atom is a weight, its gradient, an old state, or an operation that is not linear, over forms again. Scalars
(constants, the schedule, and what is computed from them) are forms of the atom ONE. Coefficients are vectors: their
values at the schedule's values LR. So `lr * interp(g, m, 0.9)` is 0.1 lr g + 0.9 lr m, exactly; and what is equal as a
form is equal as a function. Signs, absolute values, squares, roots, products and quotients are brought to one spelling,
which holds almost everywhere: m / sqrt(m * m) and sign(m / sqrt(v)) are sign(m) wherever m and v are not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np

from primitives.hero import HERO
from primitives.program import Program

LR = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 1.0])
_DIGITS = 9  # to which coefficients are rounded where forms are compared: inside atoms
_CANCELLED = 1e-8  # relative; smaller sums of coefficients are zero


@dataclass(frozen=True)
class Atom:
    """A leaf (no arguments), or an operation over forms."""

    name: str
    args: tuple[Form, ...] = ()


@dataclass(frozen=True)
class Form:
    """A sum of atoms: (atom, coefficients at LR), in a fixed order, none of them zero throughout."""

    terms: tuple[tuple[Atom, tuple[float, ...]], ...]

    @staticmethod
    def of(terms: Iterable[tuple[Atom, np.ndarray]]) -> Form:
        """The sum of terms, equal atoms added up."""
        total: dict[Atom, np.ndarray] = {}
        size: dict[Atom, np.ndarray] = {}
        for atom, c in terms:
            total[atom] = total.get(atom, 0.0) + np.asarray(c, np.float64)
            size[atom] = size.get(atom, 0.0) + np.abs(c)
        kept = []
        for atom, c in total.items():
            c = np.where(np.abs(c) <= _CANCELLED * size[atom], 0.0, c)
            if (c != 0).any():
                kept.append((atom, tuple(c.tolist())))
        return Form(tuple(sorted(kept, key=lambda term: repr(term[0]))))

    @property
    def atoms(self) -> frozenset[Atom]:
        """The atoms that it is a sum of."""
        return frozenset(atom for atom, _ in self.terms)

    def coefficient(self, atom: Atom) -> np.ndarray:
        """float64[len(LR)]: the coefficient of an atom; zero where there is none."""
        return np.array(dict(self.terms).get(atom, (0.0,) * len(LR)))

    @property
    def scalar(self) -> np.ndarray | None:
        """The values at LR of a form that is a scalar; None for another."""
        return self.coefficient(ONE) if self.atoms <= {ONE} else None

    @property
    def alone(self) -> Atom | None:
        """The atom of a form that is one atom; None for another."""
        return self.terms[0][0] if len(self.terms) == 1 else None

    def times(self, factor: np.ndarray | float) -> Form:
        """This form, each coefficient times a scalar."""
        return Form.of((atom, np.array(c) * factor) for atom, c in self.terms)

    def plus(self, other: Form) -> Form:
        """The sum of two forms."""
        return Form.of([(atom, np.array(c)) for form in (self, other) for atom, c in form.terms])

    def without(self, *atoms: Atom) -> Form:
        """The other terms."""
        return Form(tuple(term for term in self.terms if term[0] not in atoms))

    def rounded(self) -> Form:
        """This form, its coefficients rounded so that equal forms compare equal."""
        return Form(tuple((a, tuple(float(f"{x:.{_DIGITS}g}") for x in c)) for a, c in self.terms))

    def split(self) -> tuple[np.ndarray, Form]:
        """(k, form) such that k * form is this one and the first coefficient of the form is one; it is rounded."""
        k = np.array(self.terms[0][1])
        if (k == 0).any() or not np.isfinite(k).all():
            return np.ones(len(LR)), self.rounded()
        return k, self.times(1.0 / k).rounded()


ONE, W, G = Atom("1"), Atom("w"), Atom("g")
ZERO = Form(())
NEVER_NEGATIVE = frozenset(
    {"abs", "square", "sqrt", "exp", "exp2", "exp10", "cosh", "norm", "global_norm", "power", "arccos", "arccosh"}
)
# Increasing, and zero at zero: their sign is that of their argument.
ODD_AND_INCREASING = frozenset({"tanh", "sinh", "arcsinh", "arctan", "arcsin", "arctanh", "cbrt", "cube", "expm1"})


def scalar(values: np.ndarray | float) -> Form:
    """A scalar as a form."""
    return Form.of([(ONE, np.broadcast_to(np.asarray(values, np.float64), LR.shape))])


def atom(name: str, *args: Form) -> Form:
    """An operation as a form."""
    return Form.of([(Atom(name, tuple(form.rounded() for form in args)), np.ones(len(LR)))])


class Linear:
    """The forms of a program's results, by name: `results["update"]`.

    zero      leaves that are taken for zero
    positive  state leaves that never are negative, which is shown by induction from zero
    """

    def __init__(self, program: Program, zero: Collection[str] = ()) -> None:
        self.program, self._zero = program, zero
        self.positive = frozenset(program.signature.state)
        while True:
            self.results = self._results()
            held = frozenset(s for s in self.positive if self._never_negative(self.results[s]))
            if held == self.positive:
                break
            self.positive = held

    def _results(self) -> dict[str, Form]:
        program = self.program
        values = [self._leaf(name) for name in program.signature.leaves]

        def value(v: int) -> Form:
            return values[v] if v >= 0 else scalar(program.constants[-1 - v])

        with np.errstate(all="ignore"):
            for instruction in program.instructions:
                values.append(self._apply(instruction.op, [value(v) for v in instruction.args]))
        return {name: value(v) for name, v in zip(program.signature.results, program.results, strict=True)}

    def _leaf(self, name: str) -> Form:
        if name in self._zero:
            return ZERO
        return scalar(LR) if name == "lr" else Form.of([(Atom(name), np.ones(len(LR)))])

    def _apply(self, op: str, x: list[Form]) -> Form:
        primitive = HERO[HERO.opcode(op)]
        numbers = [form.scalar for form in x]
        if all(n is not None for n in numbers) and not primitive.over:
            return scalar(np.asarray(primitive.numpy(*numbers), np.float64))
        if not x[0].terms and op in ("div", "clip", "norm", "global_norm", "dot", "cosine_sim"):
            return ZERO
        rule: Callable[..., Form] | None = getattr(self, f"_{op}", None)
        return rule(*x) if rule is not None else atom(op, *x)

    def _add(self, x: Form, y: Form) -> Form:
        return x.plus(y)

    def _sub(self, x: Form, y: Form) -> Form:
        return x.plus(y.times(-1.0))

    def _neg(self, x: Form) -> Form:
        return x.times(-1.0)

    def _invert(self, x: Form) -> Form:
        return scalar(1.0).plus(x.times(-1.0))

    def _interp(self, x: Form, y: Form, a: Form) -> Form:
        if a.scalar is None:
            return atom("interp", x, y, a)
        return x.times(1.0 - a.scalar).plus(y.times(a.scalar))

    def _mul(self, x: Form, y: Form) -> Form:
        for a, b in ((x, y), (y, x)):
            if a.scalar is not None:
                return b.times(a.scalar)
        (kx, x), (ky, y) = x.split(), y.split()
        return _product(x, y).times(kx * ky)

    def _div(self, x: Form, y: Form) -> Form:
        if y.scalar is not None:
            return x.times(1.0 / y.scalar) if y.scalar.all() else atom("div", x, y)
        (kx, x), (ky, y) = x.split(), y.split()
        return _quotient(x, y).times(kx / ky)

    def _reciprocal(self, x: Form) -> Form:
        return self._div(scalar(1.0), x)

    def _square(self, x: Form) -> Form:
        return self._mul(x, x)

    def _abs(self, x: Form) -> Form:
        if self._never_negative(x):
            return x
        k, x = x.split()
        return atom("abs", x).times(np.abs(k))

    def _sqrt(self, x: Form) -> Form:
        k, x = x.split()
        inner = x.alone
        if inner is not None and inner.name == "square" and x == atom("square", *inner.args):
            return self._abs(inner.args[0]).times(np.sqrt(np.abs(k)))
        return atom("sqrt", x).times(np.sqrt(np.abs(k)))

    def _norm(self, x: Form) -> Form:
        k, x = x.split()
        return atom("norm", x).times(np.abs(k))

    def _global_norm(self, x: Form) -> Form:
        k, x = x.split()
        return atom("global_norm", x).times(np.abs(k))

    def _sign(self, x: Form) -> Form:
        k, factors = self._sign_factors(x)
        out = scalar(k)
        for factor in factors:
            out = self._mul(out, atom("sign", factor))
        return out

    def _sign_factors(self, x: Form) -> tuple[np.ndarray, list[Form]]:
        """The sign of a form as a scalar and forms whose signs are multiplied."""
        if x.scalar is not None:
            return np.sign(x.scalar), []
        if self._never_negative(x):
            return np.ones(len(LR)), []
        k, x = x.split()
        k = np.sign(k)
        inner = x.alone
        if inner is None:
            return k, [x]
        if inner.name in ("mul", "div"):
            (kx, left), (ky, right) = (self._sign_factors(form) for form in inner.args)
            common = [f for f in left if f in right]
            return k * kx * ky, [f for f in left + right if f not in common]
        if inner.name in ODD_AND_INCREASING or (inner.name == "clip" and self._never_negative(inner.args[1])):
            kx, factors = self._sign_factors(inner.args[0])
            return k * kx, factors
        if inner.name == "sign":
            return k, list(inner.args)
        return k, [x]

    def _never_negative(self, x: Form) -> bool:
        return all(min(c) >= 0 and self._atom_never_negative(a) for a, c in x.terms)

    def _atom_never_negative(self, a: Atom) -> bool:
        if a == ONE or a.name in NEVER_NEGATIVE or a.name in self.positive:
            return True
        if a.name in ODD_AND_INCREASING or a.name in ("mul", "div", "min", "sign"):
            return all(self._never_negative(form) for form in a.args)
        return a.name == "max" and any(self._never_negative(form) for form in a.args)


def _product(x: Form, y: Form) -> Form:
    """Of two forms whose first coefficients are one."""
    if x == y:
        inner = x.alone
        if inner is not None and inner.name == "sign":
            return scalar(1.0)
        return atom("square", *inner.args) if inner is not None and inner.name == "abs" else atom("square", x)
    for a, b in ((x, y), (y, x)):
        if a.alone is not None and a.alone.name == "sign":
            if b == a.alone.args[0]:
                return atom("abs", b)
            if b == atom("abs", a.alone.args[0]):
                return a.alone.args[0]
    return atom("mul", *sorted((x, y), key=repr))


def _quotient(x: Form, y: Form) -> Form:
    """Of two forms whose first coefficients are one."""
    if x == y:
        return scalar(1.0)
    if x == atom("abs", y):
        return atom("sign", y)
    if y == atom("abs", x):
        return atom("sign", x)
    if x == atom("square", y):
        return y
    if y.alone is not None and y.alone.name == "abs" and x == atom("square", y.alone.args[0]):
        return y
    if y.alone is not None and y.alone.name == "sign":  # one over a sign is the sign, but for zero
        return _product(x, y)
    return atom("div", x, y)
