"""Specs: what resolves, what is refused, and that each refusal says what was meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discover import registry, spec
from discover.errors import UserError

pytestmark = pytest.mark.usefixtures("toy")


def test_a_spec_with_overrides():
    one = spec.load("toy/one", ["strategy.population=100", "budget=640", "name=nsga2", "problem.width=2"])
    assert (one.search, one.name, one.summary) == ("toy", "one", "the smallest search")
    assert (one.strategy.name, one.strategy.population, one.strategy.batch) == ("nsga2", 100, 32)
    assert one.run.budget == 640 and one.problem.width == 2.0


def test_it_comes_back_from_its_config():
    one = spec.load("toy/one", ["seed=7", "problem.width=0.1"])
    again = spec.restore(json.loads(json.dumps(one.config)), "one", "config.json")
    assert again.config == one.config and again.config_hash == one.config_hash


def test_the_hash_covers_what_affects_results_and_nothing_else():
    reference = spec.load("toy/one").config_hash
    assert spec.load("toy/one", ["workers=8"]).config_hash == reference
    assert spec.load("toy/one").on(workers=3).config_hash == reference
    for change in ["seed=1", "budget=640", "population=21", "problem.width=1.5", "name=random", "restart_after=3"]:
        assert spec.load("toy/one", [change]).config_hash != reference, change


def test_settings_that_came_later_are_in_no_config_that_does_without_them():
    """So what was found before there was a choice keeps its hash."""
    later = {"parents": "tournament", "winner": "front", "random": 0.5}
    plain = spec.load("toy/one")
    assert not later.keys() & plain.config["strategy"].keys()
    assert spec.load("toy/one", ["parents=front", "winner=rank", "random=0"]).config_hash == plain.config_hash
    for key, value in later.items():
        one = spec.load("toy/one", [f"{key}={value}"])
        assert one.config["strategy"] == plain.config["strategy"] | {key: value}
        assert spec.restore(one.config, "one", "config.json").config_hash == one.config_hash != plain.config_hash


def test_the_hash_does_not_depend_on_pythonhashseed():
    code = "from discover import spec; print(spec.load('toy/one').config_hash)"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert hashes == {f"{spec.load('toy/one').config_hash}\n".encode()}


def test_another_process_builds_the_problem_from_the_ref():
    ref = spec.load("toy/one", ["problem.width=3.5"]).ref
    assert ref == ("toy", '{"folder":"","mode":"plain","width":3.5}')
    assert spec.build(ref).config.width == 3.5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("popluation=3", "no key 'popluation'; did you mean 'population'"),
        ("strategy.workers=3", "did you mean 'run.workers'"),
        ("problem.mode=plian", "problem.mode = 'plian' is not valid; did you mean 'plain'"),
        ("strategy.name=nsga", "strategy.name = 'nsga' is not valid; did you mean 'nsga2'"),
        ("seed=1.5", "run.seed = 1.5: input should be a valid integer"),
        ("seed=true", "run.seed = True: input should be a valid integer"),
        ("seed=-1", "run.seed = -1: input should be greater than or equal to 0"),
        ("budget=0", "run.budget = 0"),
        ("budget=31", "impossible budget: run.budget=31 is less than one batch, strategy.batch=32"),
        ("islands=33", "batch=32 cannot be divided among islands=33"),
        ("winner=frotn", "strategy.winner = 'frotn' is not valid; did you mean 'front'"),
        ("strategy.random=1.5", "strategy.random = 1.5: input should be less than or equal to 1"),
        ("tournament=21", "tournament=21 is more than population=20"),
        ("population", "expected KEY=VALUE"),
        ("=3", "expected KEY=VALUE"),
    ],
)
def test_a_bad_override_is_one_clear_line(override, message):
    with pytest.raises(UserError) as caught:
        spec.load("toy/one", [override])
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[run\nbudget = 3", "not valid TOML"),
        ("[run]\nbudget = 1e99999999", "run.budget"),
        ("[rnu]\nbudget = 3", "unknown table or key 'rnu'; did you mean 'run'"),
        ("[run]\nbudgte = 3", "unknown key run.budgte; did you mean 'budget'"),
        (
            "[run]\nbudget = 100\n[problem]\nmood = 'x'\n[strategy]\nbatch = 1",
            "unknown key problem.mood; did you mean 'mode'",
        ),
        ("[strategy]\nbatch = 3", "run.budget is missing"),
        ("run = 3", "run must be a table, [run]"),
        ("[run]\nbudget = 2020-01-01", "run.budget = '2020-01-01'"),
    ],
)
def test_a_bad_file_is_one_clear_line_that_names_it(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(f'search = "toy"\n{text}')
    with pytest.raises(UserError) as caught:
        spec.load(str(path))
    assert message in str(caught.value) and "mine" in str(caught.value) and "\n" not in str(caught.value)


def test_files_that_are_no_specs(tmp_path):
    path = tmp_path / "mine.toml"
    with pytest.raises(UserError, match="no such file"):
        spec.load(str(path))
    path.write_text("[run]\nbudget = 3")
    with pytest.raises(UserError, match="names no search"):
        spec.load(str(path))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        spec.load(str(path))


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_an_override(key, value):
    search, _ = registry.find("toy/one")
    try:
        tables = spec.override({}, [f"{key}={value}"], search, "toy/one")
        spec.resolve(search, "one", tables, "toy/one")
    except UserError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("'3'", "3"),
        ("bare words", "bare words"),
        ("", ""),
    ],
)
def test_values_are_toml_and_bare_words_are_strings(text, value):
    assert spec.parse_value(text) == value


@pytest.mark.parametrize("name", ["toy/on", "toi/one", "toy", "one", "toy/", "/", ""])
def test_an_unknown_search_names_the_nearest(name):
    with pytest.raises(UserError, match=r"toy/one|there is"):
        registry.find(name)


def test_a_strangers_broken_search_hides_no_other(tmp_path, monkeypatch):
    info = tmp_path / "broken-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[discover.searches]\nbroken = no_such_module:SEARCH\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "broken" in registry.entries() and "toy/one" in registry.names()
    assert not any(name.startswith("broken") for name in registry.names())
