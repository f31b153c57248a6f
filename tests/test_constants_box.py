"""Boxes of fractions: numbering, and the search of one from the command line."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from discover import runs, spec
from discover.errors import UserError
from searches.constants.box import KINDS
from searches.constants.config import BoxConfig
from searches.constants.enumeration import Box, Grid
from searches.constants.fraction import factors, value


def every(box: Box) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    a, b = box.rows(np.arange(box.total))
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


SMALL = """
search = "constants"

[problem.identify]
constants = ["circle", "logarithm", "bessel"]
coefficients = 3

[problem.box]
a = [[-2, 2], [-2, 2]]
b = [[0, 1], [-1, 1], [-1, 1]]

[strategy]
name = "exhaustive"
batch = 100

[run]
budget = 408
chunk = 40
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A box of 408 fractions, searched."""
    folder = tmp_path_factory.mktemp("box")
    (folder / "small.toml").write_text(SMALL)
    return runs.run(str(folder / "small.toml"), out=folder / "run")


def test_a_box_finds_what_is_in_it(small):
    formulas = " ".join(row["formula"] for row in small.problem.report([entry.find for entry in small.top()]))
    assert all(name in formulas for name in ("pi", "sqrt(5)", "besseli", "log(2)"))


def test_the_funnel_adds_up(small):
    counts = {row["stage"]: row["count"] for row in small.funnel()}
    assert counts["candidates"] == counts["reduce"] == 408
    assert sum(counts[kind] for kind in KINDS) == 408
    assert counts["matched"] == counts["algebraic"] + counts["confirmed"] + counts["refuted"] + counts["unresolved"]
    assert counts["refuted"] == counts["decoys_confirmed"] == 0


def test_every_find_is_measured_again(small):
    checks = small.verify()
    assert checks and all(c.ok for c in checks)


def test_workers_and_interruptions_change_nothing(small, tmp_path):
    spec_file = small.folder.parent / "small.toml"
    assert runs.run(str(spec_file), out=tmp_path / "two", workers=2).digest == small.digest

    class Stopped(Exception):
        pass

    def stop(progress):
        if progress.generation == 2:
            raise Stopped

    with pytest.raises(Stopped):
        runs.run(str(spec_file), out=tmp_path / "cut", observe=stop)
    cut = runs.load(tmp_path / "cut")
    assert cut.status == "interrupted" and len(cut.top()) <= len(small.top())
    assert cut.resume().digest == small.digest


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["box.a=[[0, 9], [0, 9], [0, 9]]", "box.depth=100000", "box.b=[[0, 9], [0, 9], [0, 9], [0, 9]]"], None),
        (["box.b=[[0, 1], [0, 1], [0, 1], [0, 1], [0, 9]]", "box.depth=100000"], r"b\(n\) may reach 9.0e\+20"),
        (["box.b=[]", "box.factors=12", "box.offsets=30", "box.slopes=4"], "products of linear factors"),
        (["strategy.name=map_elites"], "takes only strategy.name"),
        (["identify.constants=['pie']"], "unknown constant 'pie'; did you mean 'pi'"),
        (["identify.user={half = '1/2'}"], "half"),
        (["identify.user={x = 'sqrtt(2)'}"], "sqrt"),
        (["identify.file=nowhere.toml"], r"problem\.identify: cannot read the constants of nowhere\.toml"),
    ],
)
def test_bad_boxes_are_refused_in_one_line(settings, message, small, tmp_path):
    spec_file = str(small.folder.parent / "small.toml")
    if message is None:
        spec.load(spec_file, settings)
        return
    with pytest.raises(UserError, match=message) as caught:
        runs.run(spec_file, out=tmp_path / "bad", set=settings)
    assert "\n" not in str(caught.value) and not (tmp_path / "bad").exists()


def test_constants_of_a_file_become_part_of_the_spec(small, tmp_path):
    (tmp_path / "mine.toml").write_text('[constants]\nhalf_way = "log(11/7)"\n')
    settings = [f"identify.file={tmp_path / 'mine.toml'}"]
    resolved = spec.load(str(small.folder.parent / "small.toml"), settings)
    assert resolved.config["problem"]["identify"]["user"] == {"half_way": "log(11/7)"}
    assert str(tmp_path) not in spec.canonical_json(resolved.config)


def test_a_huge_box_says_how_long_it_would_take(small, tmp_path):
    spec_file = str(small.folder.parent / "small.toml")
    wide = "[[-50, 50], [-50, 50], [-50, 50], [-50, 50]]"
    with pytest.raises(UserError, match=r"candidates would take .* years on 1 workers"):
        runs.run(spec_file, out=tmp_path / "huge", set=[f"box.a={wide}", f"box.b={wide}"], budget=10**15)
