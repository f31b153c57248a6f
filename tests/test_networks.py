"""Compiled pieces of networks against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from primitives.compiled import outer
from searches.networks import layers, products, subnormals

STRIDE = 80  # of rows of activations, longer than the tokens in them


@outer
def _product(c, c_row, a, a_row, a_column, b, b_row, rows, depth, columns):  # type: ignore[no-untyped-def]
    products.product(c, 3, c_row, a, 0, a_row, a_column, b, 0, b_row, rows, depth, columns)


@outer
def _row_products(c, a, b, stride, rows, columns, n):  # type: ignore[no-untyped-def]
    products.row_products(c, 0, columns, a, 0, stride, b, 0, stride, rows, columns, n)


@outer
def _row_dots(c, a, b, stride, rows, n):  # type: ignore[no-untyped-def]
    products.row_dots(c, 0, a, 0, stride, b, 0, stride, rows, n)


@outer
def _transpose(c, a, rows, columns):  # type: ignore[no-untyped-def]
    products.transpose(c, 0, rows, a, 0, columns, rows, columns)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("columns", [16, 32, 48])
@pytest.mark.parametrize(("rows", "depth"), [(8, 1), (16, 16), (21, 7)])
def test_product_of_any_height_and_depth(rows: int, depth: int, columns: int) -> None:
    """Also of a transposed left factor, whose rows and columns only change their strides."""
    a, b = normal(rows, depth), normal(depth, columns, seed=1)
    c, d = np.zeros((2, 3 + rows * STRIDE), np.float32)
    _product(c, STRIDE, a.ravel(), depth, 1, b.ravel(), columns, rows, depth, columns)
    _product(d, STRIDE, np.ascontiguousarray(a.T).ravel(), 1, rows, b.ravel(), columns, rows, depth, columns)
    got = c[3:].reshape(rows, STRIDE)
    np.testing.assert_allclose(got[:, :columns], a.astype(np.float64) @ b, rtol=1e-5, atol=1e-5)
    assert not got[:, columns:].any()
    assert c.tobytes() == d.tobytes()


def test_products_of_rows_sum_along_the_vectors() -> None:
    a, b = normal(7, STRIDE), normal(12, STRIDE, seed=1)
    for left, right in ((a, b), (b, a)):
        c = np.zeros((len(left), len(right)), np.float32)
        _row_products(c.ravel(), left.ravel(), right.ravel(), STRIDE, len(left), len(right), 64)
        np.testing.assert_allclose(c, left[:, :64].astype(np.float64) @ right[:, :64].T, rtol=1e-5, atol=1e-5)
    a, b = normal(32, STRIDE), normal(32, STRIDE, seed=1)
    sums = np.zeros(32, np.float32)
    _row_dots(sums, a.ravel(), b.ravel(), STRIDE, 32, 48)
    np.testing.assert_allclose(sums, (a * b)[:, :48].sum(1, dtype=np.float64), rtol=1e-5, atol=1e-5)


def test_transpose() -> None:
    a, c = normal(32, 48), np.zeros((48, 32), np.float32)
    _transpose(c.ravel(), a.ravel(), 32, 48)
    np.testing.assert_array_equal(c, a.T)


def called(function: Callable[..., Any], rows: list[np.ndarray], *arguments: Any) -> tuple[list[np.ndarray], Any]:
    """`function(s, starts of the blocks of rows..., *arguments)` on one array, and the blocks afterwards."""

    @outer
    def run(s, at):  # type: ignore[no-untyped-def]
        return function(s, *at, *arguments)

    s = np.concatenate([r.ravel() for r in rows]).astype(np.float32)
    ends = np.cumsum([0] + [r.size for r in rows])
    value = run(s, tuple(int(e) for e in ends[:-1]))
    return [s[a:b].reshape(r.shape) for r, a, b in zip(rows, ends, ends[1:], strict=False)], value


@pytest.mark.parametrize("n", [16, 80])
def test_gelu_and_its_derivative(n: int) -> None:
    """The tanh form, far into both tails."""
    x = np.concatenate([normal(2, n), [np.linspace(-40, 40, n)]])
    (slope, y), _ = called(layers.gelu, [x, np.zeros_like(x)], 3, n, n)
    z = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    np.testing.assert_allclose(y, 0.5 * x * (1 + np.tanh(z)), rtol=2e-6, atol=2e-6)
    inner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    np.testing.assert_allclose(
        slope, 0.5 * (1 + np.tanh(z)) + 0.5 * x * inner * (1 - np.tanh(z) ** 2), rtol=2e-5, atol=2e-6
    )


def test_cross_entropy_of_huge_scores_is_finite() -> None:
    """A candidate may drive them anywhere; the greatest is taken off first."""
    x = normal(20, 32) * 1e4
    target = np.arange(32) % 20
    row = np.zeros((1, 32))
    (gradient, *_), loss = called(layers.cross_entropy, [x, target[None], row, row], np.float32(0.5), 20, 32, 32)
    shifted = np.exp(x.astype(np.float64) - x.max(0))
    wanted = x.max(0) + np.log(shifted.sum(0)) - x[target, np.arange(32)]
    assert loss == pytest.approx(wanted.sum(), rel=1e-6)
    np.testing.assert_allclose(gradient, 0.5 * (shifted / shifted.sum(0) - np.eye(20)[target].T), atol=1e-6)


@outer
def _halved(x, out):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        out[i] = x[i] * np.float32(0.5)


@outer
def _halved_twice(x, flushed, kept):  # type: ignore[no-untyped-def]
    before = subnormals.flush_subnormals()
    _halved(x, flushed)
    subnormals.restore_subnormals(before)
    _halved(x, kept)


def test_subnormals_are_zero_for_a_while_only() -> None:
    x = np.full(64, np.finfo(np.float32).tiny)
    flushed, kept = np.ones((2, 64), np.float32)
    _halved_twice(x, flushed, kept)
    assert kept.tolist() == (x / 2).tolist()
    if subnormals._X86:
        assert not flushed.any()
