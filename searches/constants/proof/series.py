"""The value of a fraction that has Euler's form: its series, summed in closed form."""

from __future__ import annotations

import sympy as sp

from searches.constants.fraction import Fraction
from searches.constants.proof.euler import Euler, solutions
from searches.constants.proof.exact import Deflated, Exact, header, source
from searches.constants.proof.polynomials import degree, number, shift, text
from searches.constants.proof.sums import rational, total
from searches.constants.proof.telescope import Ratio, Split, Unsolved, converges, split

TRIED = 4


def by_series(fraction: Fraction, reduced: Deflated) -> Exact | None:
    """By Euler's form, or None."""
    forms = sorted(solutions(reduced.a, reduced.b), key=lambda form: (degree(form.f), degree(form.h2)))
    for form in forms[:TRIED]:
        limit = converges(form)
        if limit is None:
            continue
        try:
            return _infinite(fraction, reduced, form) if limit is False else _summed(fraction, reduced, form)
        except Unsolved:
            continue
    return None


def _first(form: Euler, reduced: Deflated, start: int) -> sp.Expr:
    """a(N) - f(N+1) h2(N+1)/f(N)."""
    return rational(reduced.a(start) - form.f(start + 1) * form.h2(start + 1) / form.f(start))


def _euler_lines(form: Euler, start: int) -> list[str]:
    return [
        f"h1, h2, f, s = {text(form.h1)}, {text(form.h2)}, {text(form.f)}, {start}",
        "at = lambda p, x: sympify(p).subs(n, x)",
        "assert expand(b + h1*h2) == 0",
        "assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form",
        "# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is",
        "# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;",
        "# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums",
        "assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]",
    ]


def _ends(fraction: Fraction, start: int, scaled: bool) -> list[str]:
    """From the tail at s to the value."""
    if start == 0:
        return ["value = tail*at(inflation, 0)" if scaled else "value = tail"]
    return [
        "tail = tail*at(inflation, s)" if scaled else "tail = tail",
        f"A, B = [lambda x, p=p: at(p, x) for p in ({'inflated' if scaled else '(a, b)'})]",
        "p, q, p1, q1 = A(0), 1, 1, 0",
        "for m in range(1, s):",
        "    p, q, p1, q1 = A(m)*p + B(m)*p1, A(m)*q + B(m)*q1, p, q",
        "value = (p*tail + B(s)*p1)/(q*tail + B(s)*q1)",
    ]


def back(fraction: Fraction, reduced: Deflated, start: int, tail: sp.Expr) -> sp.Expr:
    """The value, of the tail of the deflated fraction at a term."""
    from searches.constants.proof.exact import beyond

    return beyond(fraction, start, tail * rational(reduced.c(start)))


def _infinite(fraction: Fraction, reduced: Deflated, form: Euler) -> Exact:
    """The series tends to infinity."""
    start = form.start
    tail = _first(form, reduced, start)
    lines = header(fraction, reduced) + _euler_lines(form, start)
    lines += [
        "# T tends to infinity, by the limit of t(j+1)/t(j), so nothing is added",
        "tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s)",
        *_ends(fraction, start, not reduced.plain),
    ]
    return Exact(back(fraction, reduced, start, tail), "Euler's form: the series diverges to infinity", tuple(lines))


def _summed(fraction: Fraction, reduced: Deflated, form: Euler) -> Exact:
    start = form.start
    found = split(form, start)
    inner, named = total(found.core, found.sums)
    series = inner + rational(found.limit) - rational(found.inside.at(0))
    f0 = rational(form.f(start))
    tail = _first(form, reduced, start) + 1 / (f0**2 * series)
    theorem = "Euler's series" + "".join(f"; {name}" for name in named)
    lines = header(fraction, reduced) + _euler_lines(form, start) + _split_lines(form, found, start)
    lines += [
        *(f"# sums: {name}" for name in named),
        f"T = {source(inner)} + {number(found.limit)} - U.subs(j, 0)",
        "tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)",
        *_ends(fraction, start, not reduced.plain),
    ]
    return Exact(back(fraction, reduced, start, tail), theorem, tuple(lines))


def _quotient(ratio: Ratio) -> str:
    """As sympy source."""
    return f"S(1)*({text(ratio.top, 'j')})/({text(ratio.bottom, 'j')})"


def _split_lines(form: Euler, found: Split, start: int) -> list[str]:
    """The split into what telescopes and basic sums, as an identity of rational functions."""
    core, step = found.core, found.core.step
    symbol = " ".join([f"({number(core.z)})^j", *(f"({x})_j" for x in core.alphas)] + [f"/({x})_j" for x in core.betas])
    weights = ", ".join(number(w) for w, _ in found.sums)
    factors = [basic.factor(core) for _, basic in found.sums]
    terms = ", ".join(_quotient(e) for e in factors)
    first = 1 / (form.h2(start + 1) * form.f(start) * form.f(start + 1))
    ahead = text(shift(form.h1, start + 1), "j"), text(shift(form.h2, start + 2), "j")
    around = text(shift(form.f, start), "j"), text(shift(form.f, start + 2), "j")
    return [
        f"# t(j) = c(j) R(j), c(j) = {symbol}, rho(j) = c(j+1)/c(j)",
        f"R = {_quotient(found.factor)}",
        f"rho = {_quotient(step)}",
        f"ratio = ({ahead[0]})*({around[0]})/(({ahead[1]})*({around[1]}))  # t(j+1)/t(j)",
        f"assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == {number(first)}",
        f"U = {_quotient(found.inside)}",
        f"weights, basic = [{weights}], [{terms}]",
        "assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0",
        f"# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is {number(found.limit)}",
    ]
