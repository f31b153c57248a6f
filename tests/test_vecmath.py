"""Our elementary functions beyond the domain that the primitive table declares."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from numba import njit

from primitives.evaluators import vecmath
from primitives.evaluators.conformance import ulps

DTYPES = ("float32", "float64")


def mapped(function: Callable[..., float], *columns: np.ndarray) -> np.ndarray:
    """The helper on every element."""

    @njit(error_model="numpy")
    def loop(out, *x):  # type: ignore[no-untyped-def]
        for i in range(out.size):
            out[i] = function(x[0][i]) if len(x) == 1 else function(x[0][i], x[1][i])

    out = np.empty_like(columns[0])
    loop(out, *columns)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_trigonometry_holds_to_the_largest_number(name: str, dtype: str) -> None:
    """Every magnitude up to overflow, and neighbours of multiples of pi/2, where reduction cancels most."""
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [
            rng.uniform(-1, 1, 300) * np.exp2(rng.uniform(0, np.finfo(dtype).maxexp - 1, 300)),
            np.rint(rng.uniform(1, 1e5, 100)) * (np.pi / 2),
            [float(np.finfo(dtype).max), 5e5, 5.1e5, 1e15, 1.1e15],
        ]
    ).astype(dtype)
    got = mapped(getattr(vecmath.helpers(dtype), name), x)
    with mp.workprec(1400):
        for a, value in zip(x.tolist(), got.tolist(), strict=True):
            assert ulps(value, getattr(mp, name)(mp.mpf(a)), dtype, mp) < 4, a


@pytest.mark.parametrize("dtype", DTYPES)
def test_exponentials_to_their_limits(dtype: str) -> None:
    """Right up to overflow; zero below sqrt(2) times the least normal number."""
    info = np.finfo(dtype)
    helpers = vecmath.helpers(dtype)
    top, bottom = float(np.log(info.max)), float(np.log(info.tiny))
    x = np.linspace(bottom + 0.36, np.nextafter(np.array(top, dtype), np.array(0, dtype)), 200).astype(dtype)
    for a, value in zip(x.tolist(), mapped(helpers.exp, x).tolist(), strict=True):
        assert ulps(value, mp.exp(mp.mpf(a)), dtype, mp) < 1.5
    over = np.array([top + 0.01, 1e30, bottom - 1, -1e30], dtype)
    assert mapped(helpers.exp, over).tolist() == [np.inf, np.inf, 0, 0]
    whole = np.arange(info.minexp + 1, info.maxexp, dtype=dtype)
    assert np.array_equal(mapped(helpers.exp2, whole), np.ldexp(np.ones_like(whole), whole.astype(int)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_scalb_and_logb_are_exact(dtype: str) -> None:
    """They take a number apart and put it together, subnormals and all; scalb rounds once."""
    rng = np.random.default_rng(1)
    info = np.finfo(dtype)
    helpers = vecmath.helpers(dtype)
    x = np.ldexp(rng.uniform(1, 2, 500), rng.integers(info.minexp - info.nmant, info.maxexp, 500)).astype(dtype)
    exponent = mapped(helpers.logb, x)
    assert np.array_equal(exponent, np.frexp(x)[1] - 1)
    significand = mapped(helpers.scalb, x, -exponent)
    assert ((significand >= 1) & (significand < 2)).all()
    assert np.array_equal(mapped(helpers.scalb, significand, exponent), x)
    down = np.full(500, float(info.minexp - 5), dtype)
    assert np.array_equal(mapped(helpers.scalb, significand, down), np.ldexp(significand, info.minexp - 5))


def test_the_narrow_bodies_agree_with_the_full_ones() -> None:
    """Up to trig_limit they are the same code, to the bit: blocks may be mixed freely."""
    x = np.random.default_rng(2).uniform(-1e4, 1e4, 1000).astype(np.float32)
    helpers = vecmath.helpers("float32")
    for wide, narrow in vecmath.NARROW.items():
        assert np.array_equal(mapped(getattr(helpers, wide), x), mapped(getattr(helpers, narrow), x))
