"""Layers on what no search sees, beside published ones; and what the stages of a funnel rejected."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import discover
from benchmarks import normalizers
from discover import artifact, runs, spec, workers
from discover.errors import UserError
from discover.store import Store
from primitives.packed import Packed
from searches.normalizers import audit, held_out
from searches.normalizers.known import known
from searches.normalizers.layer import Layer
from searches.normalizers.problem import NETS, PROXY
from searches.normalizers.programs import primitive_set
from searches.normalizers.training import Outcome, train

HERE = workers.InlineExecutor()
SPECS = ("s-series", "b-series", "pointwise")
# Networks of a block or two, trained for a few steps: enough for every stage to reject something.
SHORT = [
    *(f"problem.{net}.{key}" for net in ("deep", "plain", "scaled", "meta_net") for key in ("blocks=1", "width=8")),
    "problem.hurdle.steps=2", "problem.quality.steps=3", "problem.proxy.steps=3", "problem.final.steps=1",
    "problem.final.seeds=1", "problem.meta.steps=1", "problem.meta.seeds=1", "problem.gate.steps=6",
    "problem.chance=0.12", "problem.finalists=1", "strategy.batch=48", "strategy.population=10",
    "strategy.tournament=3", "run.budget=96", "run.chunk=16",
]  # fmt: skip


def tiny(place):
    """The place, with a smaller network and two steps of training."""
    net = place.net.model_copy(update={"blocks": 1, "width": 12, "stride": 2})
    return replace(place, net=net, training=place.training.model_copy(update={"steps": 2}))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return discover.run("normalizers/b-series", out=tmp_path_factory.mktemp("runs") / "tiny", set=SHORT)


# -- held out ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPECS)
def test_no_search_trains_in_a_held_out_network_or_with_its_seeds(name):
    config = spec.load(f"normalizers/{name}").problem
    searched = [getattr(config, net) for net in (*NETS, "meta_net")]
    for place in held_out.PLACES[config.space].values():
        for net in searched:
            assert (place.net.kind, place.net.blocks, place.net.width) != (net.kind, net.blocks, net.width)
    problem = workers.problem_of(spec.load(f"normalizers/{name}").ref)
    theirs = {int(seed) for purpose in range(3) for seed in problem.seeds(purpose, 100)}
    assert not theirs & {int(seed) for seed in held_out.seeds(100)}


def test_more_seeds_begin_with_the_same():
    assert held_out.seeds(8)[:5].tolist() == held_out.seeds(5).tolist()


def test_an_outcome_is_that_of_a_training_by_itself_whoever_does_it():
    """Three layers, two at a time, by this process and by two others, against a training of one layer."""
    forms = known("layers")
    candidates = {name: forms[name] for name in ("SiLU", "EvoNorm-S0", "BatchNorm-ReLU")}
    place = tiny(held_out.PLACES["layers"]["deeper, digits"])
    pool = workers.executor(2)
    found, again = (
        held_out.outcomes(candidates, {"digits": place}, 8, executor)["digits"] for executor in (HERE, pool)
    )
    pool.shutdown()
    for layer in candidates:
        assert found[layer].loss.shape == (8,) and np.isfinite(found[layer].loss).all()
        assert np.array_equal(found[layer].loss, again[layer].loss)
        assert np.array_equal(found[layer].error, again[layer].error)
    by_itself = Layer(forms["EvoNorm-S0"], primitive_set(["mul", "sigmoid", "div", "std_group"]))
    alone = train(place.network, [by_itself], place.images, held_out.seeds(8), place.training)
    assert np.array_equal(alone.loss[0], found["EvoNorm-S0"].loss)


def test_functions_are_tried_in_transformers_beside_layer_normalization():
    candidates = {name: held_out.references("pointwise")[name] for name in ("LayerNorm", "RMSNorm", "Derf", "identity")}
    assert {held_out.space_of(c) for c in candidates.values()} == {"pointwise"}
    name, place = next(iter(held_out.PLACES["pointwise"].items()))
    found = held_out.outcomes(candidates, {name: tiny(place)}, 2, HERE)
    assert all(np.isfinite(outcome.loss).all() for outcome in found[name].values())
    assert len({float(outcome.loss[0]) for outcome in found[name].values()}) == 4


def test_means_intervals_and_differences_by_hand():
    """Errors .1 .2 .3 and .2 .3 .4: both spread by .1, t = 4.3027; the difference is .1 for every seed."""

    def outcome(*error, loss=1.0):
        return Outcome(np.full(3, loss), np.array(error))

    found = {
        "one": {"base": outcome(0.1, 0.2, 0.3), "other": outcome(0.2, 0.3, 0.4)},
        "two": {"base": outcome(0.3, 0.4, 0.5), "other": outcome(0.3, 1.0, 0.5, loss=np.inf)},
    }
    table = {(row["network"], row["layer"]): row for row in held_out.rows(found, "base")}
    row = table["one", "other"]
    assert row["error"] == pytest.approx(0.3) and row["error ±"] == pytest.approx(4.302653 * 0.1 / np.sqrt(3))
    assert row["difference"] == pytest.approx(0.1) and row["difference ±"] == pytest.approx(0, abs=1e-12)
    assert table["two", "other"]["blew up"] == 3 and table["two", "other"]["loss"] == np.inf
    assert table[held_out.ALL, "base"]["error"] == pytest.approx(0.3)
    assert table[held_out.ALL, "other"]["error"] == pytest.approx(np.mean([0.25, 0.65, 0.45]))
    texts = held_out.text_rows(list(table.values()), "base")
    assert texts[1]["error, %"] == "30.00 ± 24.84" and texts[1]["minus base"] == "+10.00 ± 0.00"
    assert texts[0]["minus base"] == ""


def test_one_seed_has_no_interval():
    mean, half = held_out.interval(np.array([0.25]))
    assert mean == 0.25 and np.isnan(half)


def test_layers_are_named_by_runs_artifacts_exported_files_and_known_names(run, tmp_path):
    best = run.top()[0]
    assert held_out.named(str(run.folder)) == (f"tiny {best.id}", best.find.program)
    folder = tmp_path / "artifact"
    run.artifact(folder)
    _, program = held_out.named(str(folder))
    assert program == best.find.program
    (exported,) = folder.glob("*.py")
    assert held_out.named(str(exported))[1] == program
    assert held_out.named("EvoNorm-S0") == ("EvoNorm-S0", known("layers")["EvoNorm-S0"])


def test_what_is_no_layer_is_told_in_a_line(run, tmp_path):
    with pytest.raises(UserError, match=r"^EvoNorm-S9: no artifact, .* no known layer; did you mean 'EvoNorm-S"):
        held_out.named("EvoNorm-S9")
    runs.start(spec.load("functions/exp2"), tmp_path / "exp2").close()
    with pytest.raises(UserError, match="found by a search for functions, not for normalizers"):
        held_out.named(str(tmp_path / "exp2"))
    with pytest.raises(UserError, match="a run of functions/exp2, not of a search for normalizers"):
        audit.records(runs.load(tmp_path / "exp2"))
    file = tmp_path / "layer.py"
    file.write_text("import torch\n")
    with pytest.raises(UserError, match="not one of our files"):
        held_out.named(str(file))
    gallery = Path(__file__).parent.parent / "artifacts" / "functions" / "exp2_10"
    with pytest.raises(UserError, match="found by a search for functions"):
        held_out.named(str(gallery))
    with pytest.raises(UserError, match="is no normalization layer"):
        held_out.space_of(artifact.load(gallery).find.program)
    with pytest.raises(UserError, match="--baseline GroupNorm-Relu: no such layer; did you mean 'GroupNorm-ReLU'"):
        held_out.compare({}, "layers", 2, HERE, "GroupNorm-Relu")
    empty = tmp_path / "empty"
    runs.start(spec.load("normalizers/b-series", SHORT), empty).close()
    for look in (held_out.named, lambda folder: audit.records(runs.load(folder))):
        with pytest.raises(UserError, match=r"it has (found|scored) nothing yet"):
            look(str(empty))


@pytest.mark.parametrize("module, arguments, message", [
    ("held_out", ["EvoNorm-S9"], "no known layer; did you mean 'EvoNorm-S"),
    ("held_out", ["EvoNorm-S0", "--seeds", "1"], "--seeds of at least 2"),
    ("audit", ["no-such-run"], "no run 'no-such-run'"),
])  # fmt: skip
def test_the_commands_say_what_is_wrong_in_one_line(module, arguments, message):
    command = [sys.executable, "-m", f"searches.normalizers.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert done.returncode == 2 and done.stdout == ""
    assert message in done.stderr and done.stderr.count("\n") == 1


# -- the audit --------------------------------------------------------------------------------------------------------


def test_the_audit_trains_as_the_last_stage_does_and_compares_with_what_passed(run):
    found = audit.records(run)
    problem = run.problem
    table = {row.stage: row for row in audit.audit(run, 6, 0, HERE)}
    assert list(table) == ["passed", *(stage.name for stage in problem.stages)]
    for row in run.funnel()[4:]:
        assert (table[row["stage"]].tested, table[row["stage"]].rejected) == (row["tested"], row["out"])
    passed = np.isfinite(found.score)
    assert table["passed"].sampled == passed.sum() > 1
    assert 0 < table["passed"].median <= passed.sum() // 2 and table["passed"].elite > 0
    sampled = [row for row in table.values() if row.stage != "passed" and row.sampled]
    assert len(sampled) >= 2 and all(row.sampled == min(6, row.rejected) for row in sampled)
    assert all(row.best <= row.median <= row.sampled for row in sampled)

    some = found.programs[np.flatnonzero(passed)[:3]]
    loss, _ = audit.trained(run, some, HERE)
    score, _ = problem.evaluate(PROXY, some, np.zeros(3, np.uint64))
    assert np.array_equal(loss, score[:, -1]) and np.array_equal(loss, found.score[passed][:3])


def test_the_command_audits_a_run_with_two_processes_as_with_one(run):
    command = [sys.executable, "-m", "searches.normalizers.audit", str(run.folder), "--sample", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == audit.rows(audit.audit(run, 2, 0, HERE), run.counts)


def test_a_rejected_layer_that_would_have_won_is_counted(run, monkeypatch):
    """Every rejected layer is said to train to a loss of 0, or of infinity."""
    for loss, expected in ((0.0, 1), (np.inf, 0)):
        monkeypatch.setattr(
            audit, "trained", lambda run, batch, *where, v=loss: (np.full(len(batch), v), np.full(len(batch), v == 0))
        )
        for row in audit.audit(run, 5, 0, HERE)[1:]:
            assert {row.learns, row.median, row.best, row.elite} == {expected * row.sampled}


def test_another_sample_is_drawn_with_another_seed(run, monkeypatch):
    drawn = []

    def note(run, batch: Packed, *where):
        drawn.append(batch.code.tobytes())
        return np.ones(len(batch)), np.ones(len(batch), np.bool_)

    monkeypatch.setattr(audit, "trained", note)
    for seed in (0, 0, 1):
        audit.audit(run, 3, seed, HERE)
    stages = len(run.problem.stages)
    assert drawn[:stages] == drawn[stages : 2 * stages] != drawn[2 * stages :]


def test_shares_have_wilson_intervals_and_what_was_not_sampled_has_none():
    rows = audit.rows(
        [audit.Audit("passed", 30, 20, 10, None, 5, 0, 2), audit.Audit("hurdle", 30, 20, 10, 1, 1, 0, 0),
         audit.Audit("alive", 40, 0, 0, 0, 0, 0, 0)], {"candidates": 37, "invalid": 7},
    )  # fmt: skip
    assert rows[0] == {"stage": "invalid", "tested": 37, "rejected": 7}
    assert rows[2]["median"] == {
        "k": 1,
        "low": pytest.approx(0.0179, abs=1e-4),
        "high": pytest.approx(0.4042, abs=1e-4),
    }
    assert rows[1]["learns"] is None and rows[3]["elite"] is None
    texts = audit.text_rows(rows)
    assert texts[2]["beats the median"] == "1 (2% to 40%)" and texts[0]["elite"] == "-"
    json.dumps(rows)


def test_a_run_that_recorded_no_stages_cannot_be_audited(run, monkeypatch):
    kept = Store.records
    monkeypatch.setattr(Store, "records", lambda self, name: iter(()) if name == "stage" else kept(self, name))
    with pytest.raises(UserError, match="made before stages were recorded; run it again"):
        audit.records(run)


# -- the benchmark ----------------------------------------------------------------------------------------------------


def test_the_benchmark_does_every_part_and_does_nothing_twice(tmp_path, monkeypatch, capsys):
    places = {space: {name: tiny(place) for name, place in some.items()} for space, some in held_out.PLACES.items()}
    monkeypatch.setattr(held_out, "PLACES", {space: dict(list(some.items())[:1]) for space, some in places.items()})
    arguments = ["--out", str(tmp_path), "--seeds", "1", "--first", "7", "--workers", "1", "--budget", "24"]
    arguments += ["--held-out-seeds", "2", "--sample", "1"]
    settings = [*SHORT[:-3], "problem.chance=0.0", "strategy.batch=24"]
    monkeypatch.setattr(sys, "argv", ["normalizers", *arguments, *(a for s in settings for a in ("--set", s))])
    normalizers.main()
    first = capsys.readouterr()
    for text in ("== gate ==", "BatchNorm-ReLU", "what each stage rejected", "minus EvoNorm-S0", "minus DyT"):
        assert text in first.out
    assert {path.name for path in tmp_path.iterdir()} == {
        "s-series-24-seed7", "b-series-24-seed7", "s-series-random-96-seed7", "b-series-random-96-seed7",
        "pointwise-24-seed7", "search.jsonl", "random.jsonl", "audit.jsonl", "held_out.jsonl", "gate.jsonl",
        "gate norms.jsonl", "pointwise.jsonl",
    }  # fmt: skip
    normalizers.main()
    second = capsys.readouterr()
    assert second.out == first.out
    assert all("no find of the" in line for line in second.err.splitlines()), "nothing is made again"
    (tmp_path / "audit.jsonl").write_text('{"run": ')
    with pytest.raises(SystemExit, match=r"audit.jsonl: line 1 is no JSON, cut off perhaps; remove it"):
        normalizers.main()
