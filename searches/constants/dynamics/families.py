"""Infinite families among identified fractions: the same formula with a parameter k.

The coefficients of a family's members are polynomials in k of degree 2 at most: of a or of b, one steps evenly, and the
other has equal second differences. Each such row of four or more fractions whose values are
Moebius forms of one constant, or of one constant's name with different numbers, such as log(3/2) and log(4/3), is
extended: the next members are written down, evaluated, and their forms found by lattice reduction. Then polynomials in
k are looked for, first for the forms themselves, then for the step from one value to the next (a contiguous relation).
The last members, which took no part in that, must come out as predicted. Members that are one fraction up to
equivalence and shifts count once. A family whose members are all in another one is left out, and so are periodic
fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction as Rational
from math import gcd

from discover.errors import UserError
from searches.constants.dynamics.clusters import fit, value
from searches.constants.dynamics.family import (
    Family,
    InK,
    Matrix,
    at,
    filled,
    integers,
    plain,
    product,
    template,
)
from searches.constants.fraction import Fraction
from searches.constants.fraction import shifted as polynomial
from searches.constants.fraction import value as at_integer
from searches.constants.identify.canonical import Canonical, canonical
from searches.constants.identify.formula import Formula
from searches.constants.identify.library import Library

LEAST = 4  # members among the fractions given
HELD_OUT = 2  # members that must be predicted
BEYOND = 8  # members beyond the last one given that may be used
DEGREE = 2
DIGITS = 60

Coefficients = tuple[int, ...]  # of a and b, padded to one length


@dataclass(frozen=True)
class _Member:
    fraction: Fraction
    name: str  # of the constant
    numbers: tuple[tuple[int, int], ...]  # in that name
    form: tuple[int, int, int, int]


def families(found: Sequence[tuple[Fraction, Formula]], library: Library, digits: int = DIGITS) -> list[Family]:
    """The families among fractions of one block with Moebius formulas; those with the most members first."""
    return list(each_family(found, library, digits))


def each_family(found: Sequence[tuple[Fraction, Formula]], library: Library, digits: int = DIGITS) -> Iterator[Family]:
    """The same, one by one as they are found."""
    rows: list[tuple[str, tuple[int, int], tuple[Coefficients, ...]]] = []
    groups: dict[tuple[str, tuple[int, int]], dict[Coefficients, _Member]] = {}
    for fraction, formula in found:
        member = _member(fraction, formula)
        if member is not None:
            group = groups.setdefault((template(member.name)[0], fraction.degrees), {})
            for variant in _variants(member):
                group.setdefault(_coefficients(variant.fraction), variant)
    for (name, degrees), members in sorted(groups.items()):
        for row in _rows(members, degrees):
            rows.append((name, degrees, row))
    used: list[set[Canonical]] = []

    def rank(one: tuple[str, tuple[int, int], tuple[Coefficients, ...]]) -> tuple[object, ...]:
        """Long rows first, then small numbers in fractions and values, then few negative ones."""
        name, degrees, row = one
        numbers = [c for x in row for c in (*x, *groups[name, degrees][x].form)]
        return -len(row), sum(map(abs, numbers)), sum(c < 0 for c in numbers), one

    for name, degrees, row in sorted(rows, key=rank):
        members = groups[name, degrees]
        classes = {canonical(members[x].fraction) for x in row}
        periodic = all(len(p) == 1 for form in classes for block in form.blocks for p in block)
        if len(classes) < LEAST or periodic or any(classes <= other for other in used):
            continue
        family = _family(row, degrees, members, library, digits)
        if family is not None:
            used.append({canonical(family.member(k)) for k in range(family.first, family.last + 1)})
            yield family


def _member(fraction: Fraction, formula: Formula) -> _Member | None:
    """None for a formula that is not a Moebius form of one constant."""
    if fraction.period != 1 or len(formula.names) != 1:
        return None
    name = formula.names[0]
    x = ((name, 1),)
    up = {m: c for c, m in formula.numerator}
    down = {m: c for c, m in formula.denominator}
    if not set(up) | set(down) <= {x, ()}:
        return None
    form = up.get(x, 0), up.get((), 0), down.get(x, 0), down.get((), 0)
    return _Member(fraction, name, template(name)[1], integers([Rational(c) for c in form]))


def _variants(member: _Member) -> Iterator[_Member]:
    """The fraction as it is, a term earlier or later, and these with -a for a: a search keeps one of all of them."""
    a, b = member.fraction.a, member.fraction.b
    versions = [(a, b, member.form)]
    first, second = at_integer(a, 0), at_integer(b, 1)
    if second:  # v = a(0) + b(1)/u
        u = product((0, second, 1, -first), member.form)
        versions.append((polynomial(a, 1), polynomial(b, 1), u))
    if at_integer(b, 0):  # w = a(-1) + b(0)/v
        w = product((at_integer(a, -1), at_integer(b, 0), 1, 0), member.form)
        versions.append((polynomial(a, -1), polynomial(b, -1), w))
    for x, y, (p, q, r, s) in versions:
        for sign in (1, -1):
            form = integers([Rational(c) for c in (sign * p, sign * q, r, s)])
            yield _Member(Fraction.of([sign * c for c in x], y), member.name, member.numbers, form)


def _coefficients(fraction: Fraction) -> Coefficients:
    return (*fraction.a, *fraction.b)


def _rows(members: Mapping[Coefficients, _Member], degrees: tuple[int, int]) -> Iterator[tuple[Coefficients, ...]]:
    """Longest runs of LEAST or more with equal second differences, zero ones in a or in b."""
    split = degrees[0] + 1
    for fixed in (slice(0, split), slice(split, None)):
        by_part: dict[Coefficients, list[Coefficients]] = {}
        for x in members:
            by_part.setdefault(x[fixed], []).append(x)
        ordered = sorted(members)
        for x in ordered:
            for y in ordered:
                if x == y:
                    continue
                third = tuple(2 * v - u for u, v in zip(x[fixed], y[fixed], strict=True))
                for z in by_part.get(third, ()):
                    if z in (x, y):
                        continue
                    if _next(z, y, x) in members:  # it starts earlier
                        continue
                    row = [x, y, z]
                    while (following := _next(*row[-3:])) in members and following not in row:
                        row.append(following)
                    if len(row) >= LEAST and (x, *row) < (row[-1], *row[::-1]):
                        yield tuple(row)


def _next(x: Coefficients, y: Coefficients, z: Coefficients) -> Coefficients:
    """The next one of equal second differences."""
    return tuple(3 * w - 3 * v + u for u, v, w in zip(x, y, z, strict=True))


def _family(
    row: Sequence[Coefficients],
    degrees: tuple[int, int],
    members: Mapping[Coefficients, _Member],
    library: Library,
    digits: int,
) -> Family | None:
    """Made from a row and confirmed beyond it, or None."""
    if _height(row[0]) > _height(row[-1]):
        row = row[::-1]
    split = degrees[0] + 1
    polynomials = [_interpolated([x[i] for x in row[:3]]) for i in range(len(row[0]))]
    given = [members[x] for x in row]
    arguments = _arguments(given)
    if arguments is None:
        return None
    fixed = all(len(up) <= 1 and len(down) <= 1 for up, down in arguments)
    pattern = template(given[0].name)[0]
    forms = {k: m.form for k, m in enumerate(given)}

    def fraction(k: int) -> Fraction | None:
        values = [at(p, k) for p in polynomials]
        if any(v.denominator != 1 for v in values):
            return None
        made = Fraction.of([int(v) for v in values[:split]], [int(v) for v in values[split:]])
        return made if made.degrees == degrees else None

    def name(k: int) -> str | None:
        if fixed:
            return given[0].name
        try:
            return filled(pattern, [(at(up, k), at(down, k)) for up, down in arguments])
        except ZeroDivisionError:
            return None

    def found(k: int) -> tuple[int, int, int, int] | None:
        made, constant = fraction(k), name(k)
        if made is None or constant is None:
            return None
        known = value(made, digits)
        try:
            formula = None if known is None else fit(made, known, constant, library, digits, degrees=(1,))
        except UserError:  # there is no such number
            return None
        member = None if formula is None else _member(made, formula)
        return None if member is None else member.form

    for k in range(len(row), len(row) + BEYOND):
        form = found(k)
        if form is None:
            break
        forms[k] = form
    shape = _shape(forms, len(row))
    if shape is None or (shape[:2] == (None, None) and not fixed):
        return None
    direct, step, fitted = shape
    held = tuple(k for k in sorted(forms) if k >= fitted)
    return _placed(
        Family(
            tuple(polynomials[:split]),
            tuple(polynomials[split:]),
            given[0].name if fixed else pattern,
            () if fixed else arguments,
            direct,
            step,
            forms[0],
            tuple(range(fitted)),
            held,
            digits,
            library.node(given[0].name) if fixed and given[0].name in library else None,
        )
    )


def _height(x: Coefficients) -> tuple[int, Coefficients]:
    return sum(map(abs, x)), x


def _interpolated(values: Sequence[int]) -> InK:
    """Through values at 0, 1, 2."""
    u, v, w = (Rational(x) for x in values)
    second = (w - 2 * v + u) / 2
    return plain([u, v - u - second, second])


def _arguments(given: Sequence[_Member]) -> tuple[tuple[InK, InK], ...] | None:
    """The numbers in the constants' names as ratios of linear polynomials in k, or None."""
    found = []
    for i in range(len(given[0].numbers)):
        points = {k: m.numbers[i] for k, m in enumerate(given)}
        ratio = projective(points, 0) or projective(points, 1)
        if ratio is None:
            return None
        found.append((ratio[0], ratio[1]))
    return tuple(found)


def _shape(
    forms: Mapping[int, tuple[int, int, int, int]], given: int
) -> tuple[Matrix | None, Matrix | None, int] | None:
    """Polynomials for the forms, or for the steps, and how many members these took; None where nothing is predicted."""
    ks = sorted(forms)
    for used in range(LEAST, len(ks) - HELD_OUT + 1):
        for degree in range(DEGREE + 1):
            direct = projective({k: forms[k] for k in ks[:used]}, degree)
            if direct is not None and all(_same(direct, k, forms[k]) for k in ks):
                return _matrix(direct), None, used
    steps = {k: product(forms[k + 1], _inverse(forms[k])) for k in ks[:-1]}
    for used in range(LEAST, len(ks) - HELD_OUT + 1):
        for degree in range(DEGREE + 1):
            step = projective({k: steps[k] for k in range(used - 1)}, degree)
            if step is not None and all(_same(step, k, steps[k]) for k in steps):
                return None, _matrix(step), used
    # The constant is the same, or its numbers follow a rule: that alone was predicted.
    return (None, None, given) if len(ks) >= given + HELD_OUT else None


def _matrix(p: tuple[InK, ...]) -> Matrix:
    return p[0], p[1], p[2], p[3]


def _inverse(form: Sequence[int]) -> tuple[int, int, int, int]:
    p, q, r, s = form
    return s, -q, -r, p


def _same(p: Sequence[InK], k: int, x: Sequence[int]) -> bool:
    """Equal up to a factor."""
    values = [at(c, k) for c in p]
    return any(values) and all(values[i] * x[j] == values[j] * x[i] for i in range(len(x)) for j in range(i))


def projective(points: Mapping[int, Sequence[int]], degree: int) -> tuple[InK, ...] | None:
    """Polynomials in k of a degree that are proportional to the points; None if there are none, or many."""
    from flint import fmpz_mat

    width = len(next(iter(points.values())))
    columns = width * (degree + 1)
    rows = []
    for k, x in points.items():
        for i in range(width):
            for j in range(i):
                row = [0] * columns
                for d in range(degree + 1):
                    row[i * (degree + 1) + d] += k**d * x[j]
                    row[j * (degree + 1) + d] -= k**d * x[i]
                rows.append(row)
    kernel, dimension = fmpz_mat(rows).nullspace()
    if dimension != 1 or len(points) * (width - 1) < columns:
        return None
    entries = [int(kernel[i, 0]) for i in range(columns)]
    scale = integers_of(entries)
    return tuple(plain([Rational(c) for c in scale[i * (degree + 1) : (i + 1) * (degree + 1)]]) for i in range(width))


def integers_of(entries: Sequence[int]) -> list[int]:
    """Without a common divisor, the last that is not zero positive."""
    divisor = gcd(*entries) or 1
    if next((c for c in reversed(entries) if c), 1) < 0:
        divisor = -divisor
    return [c // divisor for c in entries]


def shifted(p: InK, by: int) -> InK:
    """p(k + by)."""
    result: list[Rational] = []
    for c in reversed(p):
        result = [x + y * by for x, y in zip([Rational(0), *result], [*result, Rational(0)], strict=True)]
        result[0] += c
    return plain(result)


def _placed(family: Family) -> Family:
    """With k counted from where it is shortest to write."""

    def by(shift: int) -> Family:
        def each(ps: Sequence[InK]) -> tuple[InK, ...]:
            return tuple(shifted(p, -shift) for p in ps)

        return replace(
            family,
            a=each(family.a),
            b=each(family.b),
            arguments=tuple((shifted(up, -shift), shifted(down, -shift)) for up, down in family.arguments),
            form=None if family.form is None else _matrix(each(family.form)),
            step=None if family.step is None else _matrix(each(family.step)),
            members=tuple(k + shift for k in family.members),
            held_out=tuple(k + shift for k in family.held_out),
        )

    return min((by(shift) for shift in (0, 1, -1, 2, -2, 3, 4, 5)), key=lambda f: len(f.text))
