"""The fingerprint: one for all spellings of what a program computes, at one cost."""

import numpy as np
import pytest

from primitives.fingerprint import Fingerprinter, _hash_outputs, image_probes, probes
from primitives.hero import HERO
from primitives.images import LAYERS
from primitives.packed import Shape, pack
from primitives.program import Signature
from primitives.table import REAL
from primitives.text import parse

XY = Signature(("x", "y"), ("out",))
SHAPE = Shape(2, 1, 12, 6)


def prints(*texts, free=False):
    """Fingerprints of programs as they are written, not canonical."""
    programs = [parse(t.replace("; ", "\n"), XY, REAL) for t in texts]
    return Fingerprinter(REAL, probes(2), free)(pack(programs, REAL, SHAPE)).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("out = (x - y) * (x + y)", "a = x * x; out = a - square(y)"),  # three operations each
        ("out = x * 2.0", "out = x + x"),
        ("out = tanh(x)", "out = erf(x)"),
        ("out = 1.0 / x", "out = reciprocal(x)"),
        ("out = max(x, y) + min(x, y)", "t = x + y; s = t + 0.0; out = s * 1.0"),
    ],
)
def test_what_computes_the_same_is_the_same(one, other):
    a, b = prints(one, other)
    assert (a == b) == ("tanh" not in one)


def test_rounding_does_not_tell_spellings_apart():
    a, b = prints("out = (x * 0.1) * 3.0", "t = x * 0.3; out = t * 1.0")
    assert a == b


def test_cost_tells_apart():
    a, b = prints("out = x + x", "t = x + x; out = t * 1.0")
    assert a != b


def test_state_counts_as_an_input():
    signature = Signature(("g",), ("update",), ("m",))
    texts = ["update = g + m\nm = g", "update = m + g\nm = g", "update = g + m\nm = m"]
    batch = pack([parse(t, signature, REAL) for t in texts], REAL, Shape(2, 2, 4, 2))
    a, b, c = Fingerprinter(REAL, probes(2))(batch)
    assert a == b != c


def test_tensors_are_told_from_the_tree():
    """Reductions see two tensors: the norm of one is not that of both."""
    batch = [parse(f"out = {t}", XY, HERO) for t in ("norm(x)", "global_norm(x)", "clip(x, y)", "norm(x)")]
    a, b, c, d = Fingerprinter(HERO, probes(2))(pack(batch, HERO, SHAPE))
    assert a == d and len({a, b, c}) == 3


def test_free_constants_stand_for_any_value():
    a, b, c = prints("out = x * 2.0 + 1.0", "out = x * 7.0 + 3.0", "out = y * 7.0 + 3.0", free=True)
    assert a == b != c
    a, b = prints("out = x * 2.0 + 1.0", "out = x * 7.0 + 3.0")
    assert a != b


def hashed(values):
    out = np.array(values, np.float64).reshape(1, 1, -1)
    keys, one = np.zeros(1, np.uint64), np.zeros(1, np.int16)
    _hash_outputs(out.view(np.uint64), np.zeros((1, 1, 4), np.int16), one, one, REAL.cost, False, keys)
    return int(keys[0])


def test_special_values_are_decided():
    nan = np.array([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001], np.uint64).view(np.float64)
    assert len({hashed([1.0, v]) for v in nan}) == 1  # every NaN is the same
    assert hashed([-0.0]) == hashed([0.0])
    assert len({hashed([v]) for v in (np.inf, -np.inf, np.nan, 0.0, 1.0, -1.0, np.finfo(float).max, 1e-300)}) == 8
    assert hashed([1.0]) == hashed([1.0 + 1e-13]) != hashed([1.0 + 1e-9])


def test_the_fingerprint_is_that_of_the_program_not_of_its_place():
    texts = ["out = x + y", "out = x * y", "out = log(x)"]
    assert prints(*texts)[::-1] == prints(*texts[::-1])
    assert prints(texts[1])[0] == prints(*texts)[1]


def test_probes_are_fixed_and_ordinary():
    assert np.array_equal(probes(3), probes(3))
    assert np.isfinite(probes(5)).all() and (np.abs(probes(5)) > 1e-4).all()
    assert (probes(5) < 0).any() and (probes(5) > 0).any()


LAYER = Signature(("x", "v0", "v1"), ("y",))
BATCH = (3, 2, 2, 2, 3)


def of_layers(*bodies):
    """Fingerprints of `y = body` for each body, as it is written."""
    programs = [parse(f"y = {body}", LAYER, LAYERS) for body in bodies]
    fingerprint = Fingerprinter(LAYERS, image_probes(3, BATCH), shape=BATCH)
    return fingerprint(pack(programs, LAYERS, Shape(3, 1, 12, 4))).tolist()


def test_probes_of_layers_have_a_number_a_channel():
    x, v0, v1 = image_probes(3, BATCH).reshape(3, *BATCH)
    assert len(np.unique(x)) == x.size
    for v in (v0, v1):
        assert (v == v[:1, :, :, :1, :1]).all() and len(np.unique(v)) == 4
    assert not np.isin(v0, v1).any()


@pytest.mark.parametrize("body", ["x / {}(x)", "x * sigmoid(v1 * x) - {}(x * v0)", "max({}(exp(x)), x)"])
def test_every_statistic_has_a_fingerprint_of_its_own(body):
    moments = [p.name for p in LAYERS if p.over]
    assert len(set(of_layers(*(body.format(name) for name in moments)))) == len(moments) == 12


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("mean_group(x + v0) - mean_group(v0)", "mean_group(x - v0) + mean_group(v0)", True),
        ("x * v1 / std_group(x)", "v1 * (x / std_group(x))", True),
        ("std_batch(x * abs(v1))", "std_batch(abs(v1 * x))", False),
        ("mean_batch(x * v1)", "v1 * mean_batch(x)", True),
        ("mean_group(x * v1)", "v1 * mean_group(x)", False),  # v1 is another number in every channel of a group
        ("mean_layer(mean_group(x))", "mean_layer(x)", False),  # at another cost
    ],
)
def test_spellings_of_a_layer(one, other, same):
    a, b = of_layers(one, other)
    assert (a == b) == same
