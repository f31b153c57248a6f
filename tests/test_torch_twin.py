"""Torch runs what the compiled evaluators and trainer run: the battery of evaluators, and the same losses."""

from __future__ import annotations

import numpy as np
import pytest

from primitives.evaluators import Evaluator, torch_batch
from primitives.evaluators.conformance import EvaluatorConformance
from primitives.evaluators.torch_batch import TorchEvaluator
from primitives.hero import HERO
from primitives.images import LAYERS
from primitives.packed import Shape, pack
from primitives.primitive import PrimitiveSet
from primitives.text import parse
from searches.optimizers import training
from searches.optimizers.programs import SIGNATURE
from searches.optimizers.tasks import KINDS, build
from searches.optimizers.twin import training as twin_training


class TestTorch32(EvaluatorConformance):
    dtype = "float32"
    inexact = ("sqrt",)  # torch on a CPU asks MKL, which is off by .51 units now and then

    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        return TorchEvaluator(primitives, "float32")


class TestTorch64(EvaluatorConformance):
    inexact = ("sqrt",)

    def evaluator(self, primitives: PrimitiveSet) -> Evaluator:
        return TorchEvaluator(primitives, "float64")


class TestTorchHero32(TestTorch32):
    primitives = HERO


class TestTorchHero64(TestTorch64):
    primitives = HERO


class TestTorchLayers32(TestTorch32):
    primitives = LAYERS
    inexact = ("ssqrt",)


class TestTorchLayers64(TestTorch64):
    primitives = LAYERS
    inexact = ("ssqrt",)


SIGN_OF_A_BLEND = """\
c = interp(g, m, 0.9)
m = interp(g, m, 0.95)
u = sign(c)
decay = w * 0.1
u = u + decay
rate = lr * 0.003
update = u * rate
"""
ADAM = """\
m = interp(g, m, 0.9)
g2 = square(g)
v = interp(g2, v, 0.99)
s = sqrt(v)
u = m / s
rate = lr * 0.01
update = u * rate
"""
BY_NORMS = """\
g = clip(g, 0.1)
m = interp(g, m, 0.9)
size = norm(w)
drift = size * 0.0005
u = m + drift
update = u * lr
"""
TOO_FAST = "update = g * 1e30"
PROGRAMS = (SIGN_OF_A_BLEND, ADAM, ADAM.replace("0.01", "0.02"), BY_NORMS, TOO_FAST)


def test_programs_that_differ_in_constants_run_together() -> None:
    """Groups: what is equal but for its constants, in the order of first members."""
    packed = pack([parse(text, SIGNATURE, HERO) for text in PROGRAMS], HERO, Shape(5, 3, 10, 4))
    assert [g.tolist() for g in torch_batch.groups(packed)] == [[0], [1, 2], [3], [4]]


@pytest.mark.parametrize("kind", KINDS)
def test_trainings_end_with_the_compiled_losses(kind: str) -> None:
    """30 steps, five optimizers, two data orders: validation losses within 2e-5, and the same ones diverge."""
    small = {"transformer": {"batch": 8, "valid": 32}, "quadratic": {}}.get(kind, {"batch": 16})
    task = build(kind, "search", **small)
    packed = pack([parse(text, SIGNATURE, HERO) for text in PROGRAMS], HERO, Shape(5, 3, 10, 4))
    keys = np.array([3, 4], np.uint64)
    compiled = training.train(task, packed, keys, 30, 3)
    twin = twin_training.train(task, packed, keys, 30, 3)
    assert np.isfinite(compiled[:4]).all() and np.isinf(compiled[4]).all()
    assert len(np.unique(compiled[:4])) == 8
    assert twin == pytest.approx(compiled, rel=2e-5)
