"""A training task: data, a model's shape, and the kind of model; what `training` trains candidates on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

TRANSFORMER, PERCEPTRON, BIGRAM, QUADRATIC, LOGISTIC = range(5)
KINDS = ("transformer", "perceptron", "bigram", "quadratic", "logistic")


@dataclass(frozen=True)
class Task:
    """What is trained, as arrays, so that compiled code may read it.

    name      what tables call it
    kind      TRANSFORMER, ...: which compiled module computes its loss and gradient
    sizes     int64[..]: what the module needs to know (it says in which order)
    integers  int32[..]: data
    reals     float32[..]: data
    leaves    name and shape of each parameter tensor; together, in this order, they are the weights
    rows      int32 numbers that a minibatch takes
    noise     float32 numbers that a minibatch takes
    scratch   float32 numbers that a gradient or an evaluation needs to work in
    source    where the data come from and their SHA-256, as a person would cite them
    """

    name: str
    kind: int
    sizes: np.ndarray
    integers: np.ndarray
    reals: np.ndarray
    leaves: tuple[tuple[str, tuple[int, ...]], ...]
    rows: int
    noise: int
    scratch: int
    source: str

    @cached_property
    def segments(self) -> np.ndarray:
        """int64[len(leaves) + 1]: where each tensor begins in the weights, and where the last one ends."""
        sizes = [int(np.prod(shape, dtype=np.int64)) for _, shape in self.leaves]
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    @property
    def weights(self) -> int:
        """Number of weights."""
        return int(self.segments[-1])
