"""The search for optimizers end to end: the real command on short trainings, and what it says to mistakes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import discover
from discover import spec, workers
from discover.errors import UserError
from primitives.canonical import canonical
from primitives.hero import HERO, REDUCED
from primitives.packed import Shape, pack
from primitives.text import parse
from searches.optimizers import tasks
from searches.optimizers.ablation import ablate, shorter
from searches.optimizers.config import WarmStart
from searches.optimizers.problem import OptimizerProblem
from searches.optimizers.programs import SIGNATURE, warm_start
from searches.optimizers.training import in_hero, schedule, train

SHAPE = Shape(5, 3, 26, 18)
SHORT = [
    "problem.hurdle.steps=8", "problem.trial.steps=20", "problem.contest.steps=20", "problem.contest.orders=1",
    "problem.final.steps=20", "problem.final.orders=2", "problem.meta.steps=4", "problem.proxy.batch=4",
    "problem.meta_proxy.width=16", "problem.meta_proxy.layers=1", "problem.meta_proxy.context=16", "strategy.batch=24",
    "run.meta_every=2", "run.budget=96",
]  # fmt: skip
SIGN = "m = interp(g, m, 0.9)\nupdate = sign(m) * (lr * 0.01)"


def programs(*texts, primitives=HERO):
    return pack([parse(text, SIGNATURE, primitives) for text in texts], primitives, SHAPE)


# -- training ---------------------------------------------------------------------------------------------------------


def test_training_is_the_loop_that_anybody_would_write():
    """The compiled trainer against NumPy, on a task whose gradient is one line: a quadratic without noise."""
    task = tasks.build("quadratic", "search", noise=0.0)
    keys = np.array([3], np.uint64)
    curve = np.full((1, 1, 30), np.nan)
    loss = train(task, programs(SIGN), keys, 30, 3, curve)
    assert np.isfinite(loss).all() and curve[0, 0, -1] < curve[0, 0, 0]
    longer = train(task, programs(SIGN), keys, 300, 15)
    assert longer < loss, "it learns"


def test_the_same_key_gives_the_same_loss_whatever_is_trained_beside_it():
    task = tasks.build("transformer", "search", batch=4)
    adamw = "v = interp(square(g), v, 0.99)\nm = interp(g, m, 0.9)\nupdate = m / sqrt(v) * (lr * 0.02)"
    keys = np.array([1, 2], np.uint64)
    both = train(task, programs(SIGN, adamw), keys, 20, 2)
    alone = train(task, programs(adamw), keys[1:], 20, 2)
    assert both[1, 1] == alone[0, 0] and both[0, 0] != both[0, 1]


def test_what_diverges_is_infinitely_bad_and_does_not_spoil_its_neighbour():
    task = tasks.build("transformer", "search", batch=4)
    bad = ["update = g * 1e30", "update = g / (w - w)", "update = exp(exp(exp(g * 1e6)))"]
    keys = np.array([1], np.uint64)
    losses = train(task, programs(*bad, SIGN), keys, 20, 2)[:, 0]
    assert np.isinf(losses[:3]).all() and losses[3] == train(task, programs(SIGN), keys, 20, 2)[0, 0]


def test_the_schedule_warms_up_and_ends_near_zero():
    lr = schedule(100, 5)
    assert lr[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0]) and lr[5] == 1.0
    assert 0 < lr[-1] < 0.001 and (np.diff(lr[5:]) <= 0).all()


def test_a_subset_of_the_primitives_trains_alike():
    text = "m = interp(g, m, 0.9)\nupdate = sign(m) * (lr * 0.01)"
    small = pack([parse(text, SIGNATURE, REDUCED)], REDUCED, SHAPE)
    task = tasks.build("quadratic", "search")
    keys = np.array([1], np.uint64)
    assert train(task, in_hero(small, REDUCED), keys, 20, 2) == train(task, programs(text), keys, 20, 2)


# -- the problem ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def problem():
    return workers.problem_of(spec.load("optimizers/lion", SHORT).ref)


def test_the_warm_start_is_the_papers_adamw(problem):
    (start,) = problem.warm_start
    assert [ins.op for ins in start.instructions] == [
        "square", "interp", "interp", "sqrt", "div", "mul", "add", "mul", "mul"
    ]  # fmt: skip
    assert start.constants[:2] == (0.9, 0.99)


def test_what_no_training_could_help_is_never_trained(problem):
    hopeless = [
        "update = w * lr",  # ignores the gradient
        "update = reciprocal(g) * lr",  # dies on a gradient of zero
        "m = interp(g, m, 0.9)\nupdate = w * (lr * 0.1)",  # its momentum is for nothing
    ]
    assert problem.check(programs(*hopeless, primitives=REDUCED)).tolist() == [False] * 3
    assert problem.check(programs(SIGN, primitives=REDUCED)).all()


def test_programs_are_told_apart_by_buffers_and_degree(problem):
    texts = ["update = g * lr", SIGN, "v = interp(square(g), v, 0.9)\nm = interp(g, m, 0.9)\nupdate = m / sqrt(v)"]
    assert problem.describe(programs(*texts, primitives=REDUCED))[:, :2].tolist() == [[0, 1], [1, 0], [2, 0]]


def test_search_meta_validation_and_finals_have_data_orders_of_their_own(problem):
    c = problem.config
    purposes = [problem._orders(purpose, trial) for purpose, trial in ((0, c.contest), (1, c.final), (2, c.meta))]
    keys = np.concatenate([*purposes, problem._orders(0, c.contest, c.trial.orders)[-1:]])
    assert len(set(keys.tolist())) == len(keys)
    assert not np.array_equal(problem.task.integers[:1000], problem.meta_task.integers[:1000])


# -- ablation ---------------------------------------------------------------------------------------------------------


def test_every_shorter_program_has_lost_an_instruction():
    program = parse("m = interp(g, m, 0.9)\nupdate = sign(max(m, -9.0)) * (lr * 0.01)", SIGNATURE, HERO)
    variants = shorter(program, HERO)
    assert canonical(parse(SIGN, SIGNATURE, HERO), HERO) in variants
    assert all(len(v.instructions) < len(program.instructions) for v in variants)


def test_ablation_keeps_what_is_needed_and_nothing_else():
    """The losses say that only the sign matters: all programs without one are worse."""
    program = parse("m = interp(g, m, 0.9)\nupdate = sign(max(m, -9.0)) * (lr * 0.01)", SIGNATURE, HERO)

    def losses(some, n):
        signs = [[2.0 if "sign" in (ins.op for ins in p.instructions) else 3.0] for p in some]
        return np.array(signs) + 0.001 * np.arange(n or 8)

    left = ablate(program, HERO, losses)
    assert [ins.op for ins in left.instructions] == ["sign"]


def test_what_trains_worse_by_more_than_its_standard_error_is_not_taken():
    program = parse(SIGN, SIGNATURE, HERO)
    worse = iter(range(1000))

    def losses(some, n):
        return np.array([[2.0 + 0.01 * next(worse)] * (n or 8) for _ in some])

    assert ablate(program, HERO, losses) == program


# -- end to end -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return discover.run("optimizers/lion", seed=1, out=tmp_path_factory.mktemp("runs") / "one", set=SHORT)


def test_a_run_keeps_what_it_promises(done):
    found = done.top()
    assert found and all(np.isfinite(e.find.objectives["loss"]) for e in found)
    stages = {row["stage"]: row for row in done.funnel()}
    assert stages["hurdle"]["tested"] > stages["trial"]["tested"] > 0
    assert stages["hurdle"]["dropped"] > 0
    assert done.meta() and done.problem.report([e.find for e in found])


def test_two_workers_give_the_same_digest(done, tmp_path):
    other = discover.run("optimizers/lion", seed=1, workers=2, out=tmp_path / "two", set=SHORT)
    assert other.digest == done.digest


def test_show_says_what_a_find_is(done):
    command = [sys.executable, "-m", "discover"]
    id = done.top()[0].id
    shown = subprocess.run([*command, "show", done.folder, id], capture_output=True, text=True, check=True).stdout
    for heading in ("canonical form", "what it is", "nearest known optimizers"):
        assert heading in shown
    funnel = subprocess.run([*command, "funnel", done.folder, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(funnel.stdout)["funnel"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["problem.warm_start.rate=0"], "rate"),
        (["problem.warm_start.rate=-0.1"], "rate"),
        (['problem.warm_start.form="program"', 'problem.warm_start.program="m = g"'], "update"),
        (['problem.warm_start.form="program"', 'problem.warm_start.program="update = w * lr"'], "gradient"),
        (['problem.primitives=["ad"]'], "did you mean"),
        (['problem.primitives=["reduced"]', 'problem.warm_start.form="program"',
          'problem.warm_start.program="update = sin(g)"'], "sin"),
        (["problem.proxy.width=24"], "multiples of 16"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_one_line(settings, words):
    with pytest.raises(UserError) as caught:
        workers.problem_of(spec.load("optimizers/lion", [*SHORT, *settings]).ref)
    assert words in str(caught.value) and "\n" not in str(caught.value).strip()


def test_a_text_that_is_too_short_is_told_in_one_line(tmp_path):
    file = tmp_path / "short.txt"
    file.write_text("too short")
    with pytest.raises(UserError, match="too few for a context"):
        workers.problem_of(spec.load("optimizers/lion", [*SHORT, f'problem.proxy.file="{file}"']).ref)


def test_warm_start_texts_parse_over_every_set():
    for primitives in (HERO, REDUCED):
        assert warm_start(WarmStart(), primitives).signature == SIGNATURE
        assert warm_start(WarmStart(form="scratch"), primitives).instructions[-1].op == "mul"


def test_the_problem_is_pure(problem):
    batch = programs(SIGN, "update = g * (lr * 0.5)", primitives=REDUCED)
    keys = np.zeros(2, np.uint64)
    one, _ = problem.evaluate(1, batch, keys)
    other, _ = OptimizerProblem(problem.config).evaluate(1, batch[np.array([1, 0])], keys + np.uint64(7))
    assert (one == other[::-1]).all()


def test_specs_load():
    assert Path(spec.load("optimizers/scratch").name).name == "scratch"
