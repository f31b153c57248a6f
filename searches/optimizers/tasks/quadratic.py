"""A well-conditioned quadratic bowl in rotated axes, with Gaussian noise on the gradient: a negative control.

Here the gradient's size tells how far the bottom is, and averages of it lose nothing: dividing it away must not pay.

sizes     dimension
integers  none
reals     scale of the noise; curvature, float32[dimension, dimension]; the bottom, float32[dimension]
"""

from __future__ import annotations

import numpy as np

from primitives import philox
from primitives.compiled import inner
from searches.optimizers.tasks import dense
from searches.optimizers.tasks.data import digest, normals, part_number
from searches.optimizers.tasks.task import QUADRATIC, Task

_SCALE, _CURVATURE = range(2)


@inner
def start(sizes, integers, reals, stream, w):
    """Standard normal weights."""
    for i in range(len(w)):
        w[i] = philox.normal(stream)


@inner
def draw(sizes, integers, reals, stream, rows, noise):
    """Normal noise for every component of the gradient."""
    for i in range(len(noise)):
        noise[i] = reals[_SCALE] * philox.normal(stream)


@inner
def _bowl(sizes, reals, w, scratch):
    """(w - bottom)' curvature (w - bottom) / 2; curvature (w - bottom) in scratch[dimension ..]."""
    n = sizes[0]
    for i in range(n):
        scratch[i] = w[i] - reals[_CURVATURE + n * n + i]
    total = 0.0
    for i in range(n):
        slope = dense.dot(reals, _CURVATURE + n * i, scratch, 0, n)
        scratch[n + i] = slope
        total += np.float64(slope) * np.float64(scratch[i])
    return 0.5 * total


@inner
def gradient(sizes, integers, reals, rows, noise, w, scratch, g):
    """The bowl's height; its slope plus the noise in g."""
    height = _bowl(sizes, reals, w, scratch)
    for i in range(sizes[0]):
        g[i] = scratch[sizes[0] + i] + noise[i]
    return height


@inner
def evaluate(sizes, integers, reals, w, scratch):
    """The bowl's height: zero at the bottom."""
    return _bowl(sizes, reals, w, scratch)


_KEYS = (0x71750001, 0x71750002, 0x71750003)  # of the parts


def quadratic_task(part: str, dimension: int = 64, condition: float = 4.0, noise: float = 1.0) -> Task:
    """A bowl with curvatures from 1 to `condition`. Raises UserError for an unknown part."""
    key = _KEYS[part_number(part)]
    axes = np.linalg.qr(normals(key, 0, dimension, dimension))[0]
    curvature = (axes * np.geomspace(1.0, condition, dimension)) @ axes.T
    reals = np.concatenate([[noise], curvature.reshape(-1), normals(key, 1, dimension)]).astype(np.float32)
    return Task(
        name=f"Gaussian quadratic, {part}",
        kind=QUADRATIC,
        sizes=np.array([dimension], np.int64),
        integers=np.zeros(0, np.int32),
        reals=reals,
        leaves=(("w", (dimension,)),),
        rows=0,
        noise=dimension,
        scratch=2 * dimension,
        source=f"generated from key {key:#x}, SHA-256 {digest(reals)}",
    )
