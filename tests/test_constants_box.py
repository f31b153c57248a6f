"""Boxes of fractions: numbering, and the search of one from the command line."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from searches.constants.config import BoxConfig
from searches.constants.enumeration import Box, Grid
from searches.constants.fraction import factors, value


def every(box: Box) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    a, b = box.rows(0, box.total)
    return [(tuple(x), tuple(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]


def test_the_box_of_the_paper_has_as_many_fractions_as_it_says():
    assert Box(BoxConfig()).total == 1_768_900  # arXiv 2412.16818: 1330^2, degrees up to 2, coefficients -5..5


def test_a_grid_holds_every_vector_but_zero_once():
    grid = Grid(((-1, 1), (0, 2)))
    rows = {tuple(r) for r in grid.rows(np.arange(grid.total)).tolist()}
    assert len(rows) == grid.total == 8 and (0, 0) not in rows
    assert Grid(((1, 2),)).total == 2


def test_half_a_grid_holds_one_of_each_vector_and_its_negative():
    grid = Grid(((-2, 2), (-1, 1)), half=True)
    rows = {tuple(r) for r in grid.rows(np.arange(grid.total)).tolist()}
    assert len(rows) == grid.total == 7
    assert not rows & {tuple(-x for x in r) for r in rows}


def test_symmetric_polynomials_keep_or_change_their_sign_under_reflection():
    for odd in (False, True):
        box = Box(BoxConfig(a=((-2, 2), (-2, 2)), symmetric=True, odd=odd, b=((1, 1),)))
        for a, _ in every(box):
            for n in range(4):
                assert value(a, -1 - n) == (-value(a, n) if odd else value(a, n))


def test_products_have_linear_factors_and_no_zero_at_a_positive_integer():
    box = Box(BoxConfig(a=((1, 1),), b=(), factors=2, slopes=2, offsets=1, content=(-1, 1)))
    for _, b in every(box):
        assert all(len(f) <= 2 for f, _ in factors(b)[1])
        assert all(value(b, n) for n in range(1, 20))
    # n, n + 1, 2 n - 1, 2 n + 1: ten products of two, times 1 and -1
    assert box.total == len(set(every(box))) == 20


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": ((3, 1),)}, r"a has the range \[3, 1\]; the smaller comes first"),
        ({"a": ((0, 0),)}, "a is zero throughout"),
        ({"b": ((0, 0), (0, 0))}, "b is zero throughout"),
        ({"b": ()}, "give b by the ranges of its coefficients"),
        ({"b": (), "factors": 2, "content": (0, 0)}, "makes b zero"),
        ({"a": ((0, 2**40),)}, "coefficients stay below"),
        ({"odd": True}, "means something only with symmetric"),
    ],
)
def test_impossible_boxes_say_why(given, message):
    with pytest.raises(ValidationError, match=message):
        BoxConfig(**given)
