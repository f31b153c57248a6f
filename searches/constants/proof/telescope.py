"""The series of Euler's form, t(0) + t(1) + ..., split into what telescopes and a few basic sums.

    t(j) = c(j) R(j),   c(j) = z^j (alpha1)_j ... / ((beta1)_j ...),   R rational
    R(j) = sum of weight_i E_i(j) + rho(j) U(j+1) - U(j),   rho(j) = c(j+1)/c(j)

so T = lim c(j) U(j) - U(0) + sum of weight_i (sum over j of c(j) E_i(j)). The split is found by linear algebra over the
rationals (Abramov's reduction for rational terms, Gosper's ansatz for others) and is an identity of rational functions.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_poly

from searches.constants.proof.euler import Euler
from searches.constants.proof.polynomials import ONE, X, common, degree, lead, parts, shift, solve


class Unsolved(Exception):
    """No closed form by these means."""


@dataclass(frozen=True)
class Ratio:
    """A rational function, reduced, the denominator monic."""

    top: fmpq_poly
    bottom: fmpq_poly

    @classmethod
    def of(cls, top: fmpq_poly, bottom: fmpq_poly = ONE) -> Ratio:
        """Reduced."""
        g = top.gcd(bottom) if top.length() else bottom
        top, bottom = top / g, bottom / g
        return cls(top / lead(bottom), bottom / lead(bottom))

    def __mul__(self, other: Ratio) -> Ratio:
        return Ratio.of(self.top * other.top, self.bottom * other.bottom)

    def __truediv__(self, other: Ratio) -> Ratio:
        return Ratio.of(self.top * other.bottom, self.bottom * other.top)

    def at(self, x: int) -> fmpq:
        """Its value."""
        return self.top(x) / self.bottom(x)

    def ahead(self) -> Ratio:
        """At j + 1."""
        return Ratio(shift(self.top, 1), shift(self.bottom, 1))

    @property
    def degree(self) -> int:
        """Of growth."""
        return degree(self.top) - degree(self.bottom)


@dataclass(frozen=True)
class Core:
    """c(j) = z^j (alpha1)_j ... / ((beta1)_j ...), parameters in (0, 1], none equal to one below."""

    z: fmpq
    alphas: tuple[fmpq, ...]
    betas: tuple[fmpq, ...]

    @property
    def step(self) -> Ratio:
        """rho(j) = c(j+1)/c(j)."""
        top, bottom = fmpq_poly([self.z]), ONE
        for x in self.alphas:
            top *= X + x
        for x in self.betas:
            bottom *= X + x
        return Ratio.of(top, bottom)

    @property
    def plain(self) -> bool:
        """Powers only."""
        return not self.alphas and not self.betas


UNIT = fmpq(1)


@dataclass(frozen=True)
class Basic:
    """The sum over j >= 0 of c(j) E(j): E = 1, j, 1/(j + x)^power, or ahead: rho(j)/(j + 1)^power."""

    kind: str  # "one" | "j" | "pole" | "ahead"
    x: fmpq = UNIT
    power: int = 0

    def factor(self, core: Core) -> Ratio:
        """E(j)."""
        if self.kind == "one":
            return Ratio.of(ONE)
        if self.kind == "j":
            return Ratio.of(X)
        pole = Ratio.of(ONE, (X + self.x) ** self.power)
        return pole * core.step if self.kind == "ahead" else pole


@dataclass(frozen=True)
class Split:
    """t(j) = c(j) R(j) with R = sum of weights E + rho U(j+1) - U(j)."""

    core: Core
    factor: Ratio
    inside: Ratio
    sums: tuple[tuple[fmpq, Basic], ...]
    limit: fmpq


def _paired(h1: fmpq_poly, h2: fmpq_poly) -> tuple[Core, Ratio]:
    """The product of h1(k)/h2(k) over k = 1..j as core and rational function."""
    c1, above = parts(h1)
    c2, below = parts(h2)
    tops = [g for g, m in above for _ in range(m)]
    bottoms = [g for g, m in below for _ in range(m)]
    factor = Ratio.of(ONE)
    for g in list(tops):
        found = min(((abs(m), m, i) for i, h in enumerate(bottoms) if (m := _offset(g, h)) is not None), default=None)
        if found is None:
            continue
        _, m, i = found
        tops.remove(g)
        bottoms.pop(i)
        for k in range(abs(m)):  # g(k)/g(k + m), a telescoping product
            if m > 0:
                factor *= Ratio.of(fmpq_poly([g(k + 1)]), shift(g, k + 1))
            else:
                factor *= Ratio.of(shift(g, -k), fmpq_poly([g(-k)]))
    if any(degree(g) > 1 for g in tops + bottoms):
        raise Unsolved
    alphas, betas = [g[0] + 1 for g in tops], [g[0] + 1 for g in bottoms]
    small: list[list[fmpq]] = [[], []]
    for which, values in enumerate((alphas, betas)):
        for value in values:
            base, piece = _reduced(value)
            small[which].append(base)
            factor = factor / piece if which else factor * piece
    return Core(c1 / c2, tuple(sorted(small[0])), tuple(sorted(small[1]))), factor


def _offset(g: fmpq_poly, h: fmpq_poly) -> int | None:
    """m with h(x) = g(x + m)."""
    d = degree(g)
    if d != degree(h) or d < 1:
        return None
    m = (h[d - 1] - g[d - 1]) / d
    return int(m.p) if m.q == 1 and shift(g, int(m.p)) == h else None


def _reduced(x: fmpq) -> tuple[fmpq, Ratio]:
    """x0 in (0, 1] and the factor with (x)_j = (x0)_j factor(j)."""
    m = -int((-x).floor()) - 1  # ceil(x) - 1
    base = x - m
    factor = Ratio.of(ONE)
    for i in range(abs(m)):
        if m > 0:
            factor *= Ratio.of(X + base + i, fmpq_poly([base + i]))
        else:
            factor *= Ratio.of(fmpq_poly([x + i]), X + x + i)
    return base, factor


def split(form: Euler, start: int) -> Split:
    """Of the series of an Euler form from N = start on. Raises Unsolved."""
    h1, h2, f = (shift(p, start) for p in (form.h1, form.h2, form.f))
    core, factor = _paired(h1, h2)
    factor /= Ratio.of(shift(h2, 1) * f * shift(f, 1))
    classes: list[list[tuple[fmpq_poly, int, int]]] = []  # (first factor of the class, offset, multiplicity)
    for g, m in parts(factor.bottom)[1]:
        for group in classes:
            offset = _offset(group[0][0], g)
            if offset is not None:
                group.append((group[0][0], offset, m))
                break
        else:
            classes.append([(g, 0, m)])
    inner, basics = ONE, [] if core.plain else [Basic("one")]
    special = {x: x for x in core.alphas + core.betas}
    if len(core.betas) - len(core.alphas) == 2:
        basics.append(Basic("j"))
    for group in classes:
        first, most = group[0][0], max(m for _, _, m in group)
        low, high = min(o for _, o, _ in group), max(o for _, o, _ in group)
        if degree(first) == 1:
            base, _ = _reduced(first[0])
            at = int((base - first[0]).p)
            low, high = min(low, at), max(high, at)
            if base in special:
                low, high = min(low, at - 1), max(high, at + 1)
            ahead = base == 1 and not core.plain
            basics += [Basic("ahead" if ahead else "pole", base, m) for m in range(1, most + 1 + ahead)]
        for offset in range(low, high):
            g = shift(first, offset)
            if not (degree(g) == 1 and g[0].q == 1 and g[0] <= 0):  # U must be finite at every j >= 0
                inner *= g**most
    step, width = core.step, degree(inner) + max(factor.degree, 0) + 3
    if abs(core.z) == 1 and len(core.alphas) == len(core.betas):  # keep to sums that converge, and to c U with a limit
        power = sum(core.alphas, fmpq(0)) - sum(core.betas, fmpq(0))
        below = fmpq(-1) if core.z == 1 and not core.plain else fmpq(0)
        basics = [b for b in basics if power + b.factor(core).degree < below]
        width = max(0, min(width, degree(inner) + int((-power).ceil()) + (core.plain and core.z == 1)))
    factors = [b.factor(core) for b in basics]
    bottom = common([factor.bottom, inner, step.bottom * shift(inner, 1), *(e.bottom for e in factors)])
    here = bottom / inner
    there = step.top * (bottom / (step.bottom * shift(inner, 1)))
    columns = [(X + 1) ** i * there - X**i * here for i in range(width)]
    columns += [e.top * (bottom / e.bottom) for e in factors]
    answer = solve(columns, factor.top * (bottom / factor.bottom))
    if answer is None:
        raise Unsolved
    inside = Ratio.of(fmpq_poly(answer[:width]), inner)
    sums = tuple((w, b) for w, b in zip(answer[width:], basics, strict=True) if w != 0)
    return Split(core, factor, inside, sums, _limit(core, inside))


def _limit(core: Core, inside: Ratio) -> fmpq:
    """Of c(j) U(j)."""
    if not inside.top.length() or len(core.betas) > len(core.alphas) or abs(core.z) < 1:
        return fmpq(0)
    power = sum(core.alphas, fmpq(0)) - sum(core.betas, fmpq(0)) + inside.degree
    if len(core.alphas) > len(core.betas) or abs(core.z) > 1 or power > 0:
        raise Unsolved
    if power < 0:
        return fmpq(0)
    if core.plain and core.z == 1:
        return lead(inside.top)
    raise Unsolved


def converges(form: Euler) -> bool | None:
    """Whether the series converges (True), tends to infinity (False), or neither is told (None).

    By the ratio t(j+1)/t(j) = x (1 - s/j + O(1/j^2)): d'Alembert, then Raabe-Gauss for x = 1, Leibniz for x = -1.
    """
    top = shift(form.h1, 1) * form.f
    bottom = shift(form.h2, 2) * shift(form.f, 2)
    if degree(top) != degree(bottom):
        return degree(top) < degree(bottom)
    x, d = lead(top) / lead(bottom), degree(top)
    if abs(x) != 1:
        return bool(abs(x) < 1)
    s = bottom[d - 1] / bottom[d] - top[d - 1] / top[d] if d > 0 else fmpq(0)
    if x == 1:
        return bool(s > 1)
    if s == 0:
        return None
    return bool(s > 0)
