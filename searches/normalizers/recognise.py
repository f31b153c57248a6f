"""Which known form a layer has, told by what it computes and never by its text: for reports only.

Nothing that breeds or scores programs may import this: it knows what the search is meant to find.

Every layer is followed by a trainable affine map of each channel, so forms count as alike that differ by one; so do
forms of x and of -x, since the weights in front of a layer may have either sign, and of v0 and -v0, which begins at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache

import numpy as np
from numpy.random import Generator, Philox

from primitives.program import Program
from primitives.text import format_program
from searches.normalizers.behaviour import EVERY, SAME, Behaviour, behaviour, images, outputs
from searches.normalizers.known import known, source
from searches.normalizers.programs import BEGIN
from searches.normalizers.structure import canonical_form, curve, family, statistics


class Level(IntEnum):
    """How alike two layers are."""

    SAME = 0  # equal functions, whatever the trainable leaves are
    AFFINE = 1  # equal but for an affine map of each channel, and the signs of x and of the leaf that begins at 0
    START = 2  # the same with the trainable leaves as they begin
    CURVE = 3  # pointwise functions only: the same, but x may be scaled and shifted too


_SUFFIX = {
    Level.SAME: "",
    Level.AFFINE: ", but for signs or an affine map",
    Level.START: " as training begins",
    Level.CURVE: " with x scaled or shifted",
}


@dataclass(frozen=True)
class Match:
    """The known forms that a program is most like; several only where they are alike at that level."""

    level: Level
    names: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(self.names) + _SUFFIX[self.level]


# -- probes -----------------------------------------------------------------------------------------------------------

_SHAPES = ((4, 2, 3, 3, 5), (3, 2, 3, 4, 4), (5, 2, 3, 2, 3))
_POINTS, _FAR = np.linspace(-8.0, 8.0, 257), np.array([-1024.0, -128.0, -16.0, 16.0, 128.0, 1024.0])
_OCTAVES, _SHIFTS = np.linspace(-3.0, 4.0, 57), np.linspace(-4.0, 4.0, 17)  # of x: binary logarithms of factors
_NEAREST = 3  # curves that are looked at closely
_TURNS = ((1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0))  # of x, and of the leaf that begins at 0
_CHUNK = 256  # programs at once

Batch = tuple[tuple[int, ...], np.ndarray, dict[str, np.ndarray]]


@cache
def _probes(space: str) -> tuple[Batch, ...]:
    """Shape, x, and values of the trainable leaves: unlike batches of the same channels, so that no statistic passes
    for a factor of the affine map; for functions, one batch with a channel for each pair of leaves."""
    generator = Generator(Philox(key=5))
    if space == "pointwise":
        a, s = generator.uniform((0.3, -0.8), (1.5, 0.8), (6, 2)).T.reshape(2, 6, 1, 1, 1)
        return (((1, 6, 1, 1, len(_POINTS)), _POINTS, {"a": a, "s": s}),)
    v0, v1 = generator.normal((0.0, 1.0), (0.6, 0.6), (6, 2)).T.reshape(2, 2, 3, 1, 1)
    return tuple(
        (shape, scale * images(generator, shape) + shift, {"v0": v0, "v1": v1})
        for shape, scale, shift in zip(_SHAPES, (1.0, 3.0, 0.6), (0.0, 1.0, -0.5), strict=True)
    )


def _values(programs: Sequence[Program], space: str, start: bool, turn: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """float64[n, channels, N]: outputs for all probes, with the trainable leaves as they begin, or anyhow."""
    parts = []
    for shape, x, leaves in _probes(space):
        given = [np.array(BEGIN[name]) if start else leaf for name, leaf in leaves.items()]
        given = [turn[1] * leaf if BEGIN[name] == 0.0 else leaf for name, leaf in zip(leaves, given, strict=True)]
        y = outputs(programs, [turn[0] * x, *given], shape)
        parts.append(np.moveaxis(y, 1, 3).reshape(len(programs), shape[1] * shape[2], -1))
    return np.concatenate(parts, axis=2)


def _unit(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows centred and of norm 1; which are constant (and zero now); which are finite."""
    finite = np.isfinite(y).all(axis=-1)
    y = np.where(finite[..., None], y, 0.0)
    largest = np.abs(y).max(axis=-1, keepdims=True)
    y = y / np.where(largest > 0.0, largest, 1.0)
    y = y - y.mean(axis=-1, keepdims=True)
    norm = np.linalg.norm(y, axis=-1, keepdims=True)
    constant = norm <= 1e-9 * np.sqrt(y.shape[-1])
    return np.where(constant, 0.0, y / np.where(constant, 1.0, norm)), constant[..., 0], finite


def _alike(f: np.ndarray, g: np.ndarray) -> np.ndarray:
    """bool[n, k]: every channel of f[n, c, N] is an affine function of that of g[k, c, N], but for SAME of it."""
    (f, f_constant, f_finite), (g, g_constant, g_finite) = _unit(f), _unit(g)
    correlation = np.abs(np.einsum("pcn,kcn->pkc", f, g))
    near = (1.0 - correlation <= 0.5 * SAME**2) | (f_constant[:, None, :] & g_constant)
    sound = f_finite.all(axis=1) & np.logical_not(f_constant.all(axis=1))
    return np.asarray(near.all(axis=2) & sound.reshape(-1, 1) & g_finite.all(axis=1))


# -- matches ----------------------------------------------------------------------------------------------------------


@cache
def _known_values(space: str, start: bool, turn: tuple[float, float]) -> np.ndarray:
    return _values(list(known(space).values()), space, start, turn)


def matches(programs: Sequence[Program], space: str, curves: bool = True) -> list[Match | None]:
    """What each program of a space ("layers" or "pointwise") is, if it is known.

    curves  look for Level.CURVE too, which takes some milliseconds a program
    """
    found: list[Match | None] = []
    for first in range(0, len(programs), _CHUNK):
        some = programs[first : first + _CHUNK]
        general, start = _values(some, space, False), _values(some, space, True)
        at = {
            Level.AFFINE: np.any([_alike(general, _known_values(space, False, turn)) for turn in _TURNS], axis=0),
            Level.START: np.any([_alike(start, _known_values(space, True, turn)) for turn in _TURNS[:2]], axis=0),
        }
        at = {Level.SAME: at[Level.AFFINE] & _equal(general, _known_values(space, False, _TURNS[0])), **at}
        for p, program in enumerate(some):
            match = next((Match(level, _names(table[p], space)) for level, table in at.items() if table[p].any()), None)
            if match is None and curves and space == "pointwise":
                match = _same_curve(program)
            found.append(match)
    return found


def _names(row: np.ndarray, space: str) -> tuple[str, ...]:
    return tuple(name for name, yes in zip(known(space), row, strict=True) if yes)


def _equal(f: np.ndarray, g: np.ndarray) -> np.ndarray:
    """bool[n, k]"""
    size = np.sqrt(np.mean(g**2, axis=(1, 2)))
    with np.errstate(all="ignore"):
        return np.array(
            [np.sqrt(np.mean((f - one) ** 2, axis=(1, 2))) <= SAME * s for one, s in zip(g, size, strict=True)]
        ).T


def on_points(programs: Sequence[Program], points: np.ndarray) -> np.ndarray:
    """float64[n, N]: functions of points, with a and s as they begin."""
    begin = [np.array(BEGIN[name]) for name in ("a", "s")]
    return outputs(programs, [points, *begin], (1, 1, 1, 1, len(points))).reshape(len(programs), -1)


@cache
def _curves() -> np.ndarray:
    """float64[k, shifts, scales, N]: the known functions of scaled and shifted points, as `_unit` has them."""
    points = _SHIFTS[:, None, None] + np.exp2(_OCTAVES)[:, None] * _POINTS
    y = on_points(list(known("pointwise").values()), points.reshape(-1))
    return _unit(y.reshape(len(y), *points.shape))[0]


@lru_cache(maxsize=4096)
def _same_curve(program: Program) -> Match | None:
    """The known function f = alpha g(kappa x + sigma) + beta that a program is as training begins."""
    from scipy.optimize import minimize

    y, constant, finite = _unit(on_points([program], _POINTS))
    if constant[0] or not finite[0]:
        return None
    forms = list(known("pointwise").items())
    correlation = np.abs(_curves() @ y[0]).reshape(len(forms), -1)
    for k in np.argsort(-correlation.max(axis=1), kind="stable")[:_NEAREST].tolist():
        name, form = forms[k]

        def missed(at: np.ndarray, form: Program = form) -> float:
            values = _unit(on_points([form], at[1] + np.exp2(at[0]) * _POINTS))[0][0]
            return 1.0 - abs(float(values @ y[0]))

        shift, octave = np.unravel_index(int(np.argmax(correlation[k])), (len(_SHIFTS), len(_OCTAVES)))
        begin = np.array([_OCTAVES[octave], _SHIFTS[shift]])
        bounds = [(_OCTAVES[0], _OCTAVES[-1]), (_SHIFTS[0], _SHIFTS[-1])]  # far out, everything is a line or a step
        options = {"xatol": 1e-7, "fatol": 1e-12, "maxfev": 300}
        best = minimize(missed, begin, method="Nelder-Mead", bounds=bounds, options=options)
        if best.fun <= 0.5 * SAME**2 and _same_far_away(program, form, *best.x):
            return Match(Level.CURVE, (name,))
    return None


def _same_far_away(program: Program, form: Program, octaves: float, shift: float) -> bool:
    """Whether two curves that are alike in the middle go on alike: a corner of a clipped line is not one of ReLU."""
    points = np.concatenate([_POINTS, _FAR])
    (f,), (g,) = on_points([program], points), on_points([form], shift + np.exp2(octaves) * points)
    slope, offset = np.polyfit(g[: len(_POINTS)], f[: len(_POINTS)], 1)
    with np.errstate(all="ignore"):
        missed = np.abs(f - slope * g - offset)[len(_POINTS) :]
    return bool((missed <= 0.01 * (np.ptp(f[: len(_POINTS)]) + np.abs(f[len(_POINTS) :]))).all())


# -- words ------------------------------------------------------------------------------------------------------------


def form(program: Program, space: str) -> str:
    """A phrase for a table: the known form, or what family a program is of."""
    (match,) = matches([program], space)
    if match is not None:
        return str(match)
    return curve(program) if space == "pointwise" else family(program)


def explain(program: Program, space: str) -> list[tuple[str, str]]:
    """What a find is, as headings and texts."""
    form = canonical_form(program)
    (match,) = matches([program], space)
    nodes = len(form.instructions)
    parts = [(f"canonical form: {nodes} nodes", format_program(form, EVERY))]
    if match is None:
        parts.append(("known as", "none of the built-in table"))
    else:
        sources = "\n".join(f"{name}: {source(name, space)}" for name in match.names)
        parts.append(("known as", f"{match}\n{sources}"))
    if space == "pointwise":
        parts.append(("as training begins", curve(program)))
        return parts
    found = behaviour(form)
    parts.append(("family", family(program, found)))
    parts.append(("statistics", statistics(program)))
    parts.append(("measured", "\n".join(_measured(found))))
    return parts


def _measured(found: Behaviour) -> list[str]:
    """Lines."""
    element = "" if found.exact else ", not element by element"
    return [
        f"depends besides the element itself on other: {', '.join(found.reads) or 'nothing'}",
        f"depends on the batch: {'yes' if found.batch else 'no'}",
        f"k x for large k: grows as {_power(found.degree)}{element}",
        f"x + k for large k: grows as {_power(found.offset)}",
        f"bounded: {'yes' if found.bounded else 'no'}",
        f"does not notice the scale of each: {found.scale or '-'}",
        f"does not notice the mean of each: {found.shift or '-'}",
    ]


def _power(degree: float) -> str:
    if not np.isfinite(degree):
        return "infinity: it overflows" if degree > 0 else "0: it vanishes"
    nearest = round(2.0 * degree) / 2.0
    return f"k^{nearest if abs(degree - nearest) < 0.02 else degree:.3g}"
