"""Proof of a formula: the exact value of the fraction by a theorem, and the formula equal to it by exact identities.

PROVED       every link is exact: the fraction's own identities (checked in the certificate), a named convergence
             theorem, special values by named theorems, and equality of two closed forms by algebra.
FAMILY       the fraction is a ratio or a series of a named theorem whose hypotheses hold, but that this is the formula
             is seen to many digits only; or a theorem of the literature says it, and its proof is not checked here.
CONJECTURED  agreement of digits, nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from searches.constants.fraction import Fraction

if TYPE_CHECKING:
    from searches.constants.identify.formula import Formula
    from searches.constants.identify.library import Library

Status = Literal["PROVED", "FAMILY", "CONJECTURED"]
DIGITS = 50
LEAST = 12  # digits of a fraction that a value from theorems is held against


@dataclass(frozen=True)
class Proof:
    """What is known of a formula.

    theorem: its name, "" for a conjecture. certificate: lines of Python over sympy that check it and end in an assert.
    formula: the one proved; None where none was given. value: the exact value as the theorem gives it, sympy source.
    """

    status: Status
    theorem: str = ""
    certificate: tuple[str, ...] = ()
    formula: Formula | None = None
    value: str = ""

    @property
    def text(self) -> str:
        """The certificate as a file."""
        return "\n".join(self.certificate) + "\n" if self.certificate else ""


def prove(fraction: Fraction, formula: Formula | None = None, library: Library | None = None) -> Proof:
    """The best proof that the value of a fraction is that of a formula.

    Without a formula: the value that a theorem gives, PROVED in closed form or FAMILY as a ratio of hypergeometric
    functions. Never raises for a fraction without zero b.
    """
    found = exact_value(fraction)
    if found is None:
        return Proof("CONJECTURED", formula=formula)
    value, theorem, lines, closed = found.value, found.theorem, found.lines, found.closed
    best: Status = "FAMILY" if found.known or not closed else "PROVED"
    from searches.constants.proof.exact import source

    if formula is None:
        if not _looks_right(fraction, value):
            return Proof("CONJECTURED")
        return Proof(best, theorem, lines, None, source(value))
    goal = formula.sympy(library)
    same = _compared(value, goal) if closed else None
    if same is not None:
        return Proof(best, theorem, (*lines, *same), formula, source(value))
    if _agree(value, goal):
        last = f"assert abs(N(value - formula, {DIGITS})) < 10**-{DIGITS - 10}  # to digits only"
        certificate = (*lines, f"formula = {source(goal)}", last)
        return Proof("FAMILY", theorem, certificate, formula, source(value))
    return Proof("CONJECTURED", formula=formula)


@lru_cache(maxsize=4096)
def exact_value(fraction: Fraction) -> Any:
    """The `Exact` value of a fraction by the first theorem that gives it, in closed form if possible; or None."""
    from searches.constants.proof.interlaced import by_contraction
    from searches.constants.proof.named import by_name
    from searches.constants.proof.polynomials import of, whole_roots
    from searches.constants.proof.simple import quadratic, terminating
    from searches.constants.proof.simpler import by_coboundary

    if fraction.period > 1:
        return by_contraction(fraction)
    if not fraction.b:
        return None
    from searches.constants.proof.exact import deflated

    if any(r >= 1 for r in whole_roots(of(fraction.b))):
        return terminating(fraction)
    reduced = deflated(fraction)
    if max(len(reduced.a.coeffs()), len(reduced.b.coeffs())) == 1:
        return quadratic(fraction, reduced)
    from searches.constants.proof.series import by_series

    found = by_series(fraction, reduced) or by_family(fraction, reduced) or by_coboundary(fraction, reduced)
    return found or by_name(fraction, reduced)


def by_family(fraction: Fraction, reduced: Any) -> Any:
    """By a contiguous ratio, or None."""
    import sympy as sp

    from searches.constants.proof.contiguous import hypergeometric, settled
    from searches.constants.proof.exact import Exact, header, source
    from searches.constants.proof.series import back

    found = settled(reduced.a, reduced.b)
    if found is None:
        return None
    known, start = found
    tail, theorem, closed = hypergeometric(known)
    value = back(fraction, reduced, start, tail)
    if value.has(sp.nan, sp.zoo, sp.oo):
        return None
    lines = header(fraction, reduced)
    if start:
        lines.append(f"a, b = [sympify(p).subs(n, n + {start}) for p in (a, b)]  # the tail at term {start}")
    lines += known.lines
    if closed:
        lines.append(f"# f(0): {theorem}")
    lines.append(f"tail = {source(tail)}")
    if closed and tail != known.ratio and not known.ratio.has(sp.nan, sp.zoo):
        lines.append(f"ratio = {source(known.ratio)}")
        lines.append("assert abs(N(tail - ratio, 30)) < 10**-20  # the special value, looked at in digits")
    if start:
        lines.append(f"value = {source(value)}  # the terms before the tail added")
    else:
        lines.append("value = tail" if reduced.plain else "value = tail*inflation.subs(n, 0)")
    return Exact(value, theorem, tuple(lines), closed)


def _compared(value: Any, goal: Any) -> list[str] | None:
    """Certificate lines that two closed forms are equal; None where that is not seen."""
    import sympy as sp

    from searches.constants.proof.exact import source
    from searches.constants.proof.normal import exponentials, normal, vanishes

    first, second = normal(value), normal(goal)
    difference, unknowns = exponentials(first - second)
    if not vanishes(difference) or not _agree(value, goal):
        return None
    lines = [f"formula = {source(goal)}", f"first, second = {source(first)}, {source(second)}"]
    if first != value or second != goal:
        lines += [
            "# first is value, second is formula: classical identities of the functions in them; in digits:",
            f"assert abs(N(value - first, {DIGITS})) < 10**-{DIGITS - 10}",
            f"assert abs(N(formula - second, {DIGITS})) < 10**-{DIGITS - 10}",
        ]
    if unknowns:
        names = ", ".join(str(t) for t in unknowns)
        pairs = ", ".join(f"{t}: {source(sp.exp(x))}" for t, x in unknowns.items())
        lines += [
            f'{names} = symbols("{names}", positive=True)  # {pairs}',
            f"difference = {source(difference)}",
            f"assert abs(N(difference.subs({{{pairs}}}) - (first - second), {DIGITS})) < 10**-{DIGITS - 10}",
        ]
    else:
        lines.append("difference = first - second")
    lines.append("assert radsimp(expand(numer(together(difference)))) == 0")
    return lines


def _agree(value: Any, goal: Any, digits: int = DIGITS - 10) -> bool:
    """In so many digits."""
    import sympy as sp

    try:
        x, y = sp.N(value, DIGITS), sp.N(goal, DIGITS)
        return bool(abs(x - y) < sp.Float(10) ** -digits * max(1, abs(y)))
    except (TypeError, ValueError, ArithmeticError):
        return False


def _looks_right(fraction: Fraction, value: Any) -> bool:
    """A value from theorems alone agrees with the fraction evaluated, where that can be done: a mistake would show."""
    import sympy as sp

    from searches.constants.evaluate import Kind, high

    limit = high(fraction, DIGITS // 2)
    if limit.kind not in (Kind.CONVERGES, Kind.TERMINATES) or limit.digits < LEAST:
        return limit.kind not in (Kind.DIVERGES, Kind.OSCILLATES)
    return _agree(value, sp.Float(limit.ball.mid().str(DIGITS, radius=False), DIGITS), int(limit.digits) - 2)


__all__ = ["Proof", "Status", "exact_value", "prove"]
