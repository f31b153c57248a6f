"""Published layers as programs, what is recognised as one of them, what layers are measured to do, and the reports."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover import runs, spec
from discover.errors import UserError
from discover.problem import Find
from primitives.images import LAYERS, POINTWISE
from primitives.packed import pack
from primitives.text import parse
from searches.normalizers import report
from searches.normalizers.behaviour import SHAPE, X, at_the_start, behaviour, outputs
from searches.normalizers.known import known, source
from searches.normalizers.programs import POINT_SIGNATURE, SIGNATURE
from searches.normalizers.recognise import Level, explain, form, matches
from searches.normalizers.structure import family, statistics

ROOT = Path(__file__).parent.parent
EVERY_FORM = [(space, name) for space in ("layers", "pointwise") for name in known(space)]
LARGER = "B-type: x over the larger of a batch statistic and an instance branch"
LINEAR = ("identity", "ReLU", "SiLU")  # they grow as their input does


def layer(text):
    return parse(text if "y = " in text else f"y = {text}", SIGNATURE, LAYERS)


def function(text):
    return parse(text if "y = " in text else f"y = {text}", POINT_SIGNATURE, POINTWISE)


def match_of(text, space="layers"):
    (match,) = matches([layer(text) if space == "layers" else function(text)], space)
    return None if match is None else (match.level, *match.names)


# -- known forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "torch_layer", "nonlinearity"),
    [
        ("BatchNorm-ReLU", "batch", "relu"),
        ("BatchNorm-SiLU", "batch", "silu"),
        ("InstanceNorm-ReLU", "instance", "relu"),
        ("GroupNorm-ReLU", "group", "relu"),
        ("GroupNorm-SiLU", "group", "silu"),
        ("LayerNorm-ReLU", "layer", "relu"),
    ],
)
def test_normalizations_are_those_of_torch(name, torch_layer, nonlinearity):
    """With any weight and bias between the normalization and the nonlinearity."""
    import torch

    b, g, c, h, w = SHAPE
    weight, bias = np.linspace(-1.0, 2.0, g * c), np.linspace(0.5, -0.5, g * c)
    x, *affine = (torch.from_numpy(v) for v in (X.reshape(b, g * c, h, w), weight, bias))
    functions = torch.nn.functional
    wanted = {
        "batch": lambda: functions.batch_norm(x, None, None, *affine, training=True),
        "instance": lambda: functions.instance_norm(x, None, None, *affine),
        "group": lambda: functions.group_norm(x, g, *affine),
        "layer": lambda: functions.group_norm(x, 1, *affine),
    }[torch_layer]()
    wanted = getattr(functions, nonlinearity)(wanted).numpy().reshape(SHAPE)
    channels = (v.reshape(g, c, 1, 1) for v in (bias, weight))
    np.testing.assert_allclose(outputs([known("layers")[name]], [X, *channels], SHAPE)[0], wanted, atol=1e-12)


def test_evonorms_are_the_published_formulas():
    """Written out in NumPy, with epsilon below the root."""
    v1 = np.linspace(0.5, 2.0, 6).reshape(2, 3, 1, 1)
    sigmoid = {v: 1.0 / (1.0 + np.exp(-s * X)) for v, s in (("v1", v1), ("1", 1.0))}

    def std(*axes):
        return np.sqrt(X.var(axis=axes, keepdims=True) + 1e-5)

    def rms(*axes):
        return np.sqrt((X * X).mean(axis=axes, keepdims=True) + 1e-5)

    batch, instance, group = (0, 3, 4), (3, 4), (2, 3, 4)
    wanted = {
        "EvoNorm-B0": X / np.maximum(std(*batch), v1 * X + std(*instance)),
        "EvoNorm-B1": X / np.maximum(std(*batch), (X + 1.0) * rms(*instance)),
        "EvoNorm-B2": X / np.maximum(std(*batch), rms(*instance) - X),
        "EvoNorm-S0": X * sigmoid["v1"] / std(*group),
        "EvoNorm-S1": X * sigmoid["1"] / std(*group),
        "EvoNorm-S2": X * sigmoid["1"] / rms(*group),
        "RMSNorm": X / rms(1, 2, 3, 4),
        "FRN-TLU": np.maximum(X / rms(*instance) * v1, 0.25),
    }
    for name, y in wanted.items():
        np.testing.assert_allclose(outputs([known("layers")[name]], [X, 0.25, v1], SHAPE)[0], y, atol=1e-12)


def test_rivals_of_derf_are_the_published_formulas():
    """Those that have a sign in their formulas are put together of two halves here."""
    a, s = 0.75, 0.25
    x = np.concatenate([np.linspace(-6.0, 6.0, 97), [-s / a]])  # the last one is where u = 0
    u = a * x + s
    sign, size = np.sign(u), np.abs(u)
    wanted = {
        "arctan": 2.0 / np.pi * np.arctan(u),
        "smoothsign": u / (1.0 + size),
        "isru": u / np.sqrt(u**2 + 1.0),
        "relsign": u / (np.sqrt(u**2 + 1.0) + 1.0),
        "cubsign": u**3 / (size**3 + 1.0),
        "expsign": sign * (1.0 - np.exp(-size)),
        "exproot": sign * (1.0 - np.exp(-np.sqrt(size))),
        "saturlog": sign * np.log(size + 1.0) / (np.log(size + 1.0) + 1.0),
        "linear_clip": np.clip(u, -1.0, 1.0),
        "logsign_clip": np.clip(sign * np.log(size + 1.0), -1.0, 1.0),
        "logquad_clip": np.clip(sign * np.log(u**2 + 1.0), -1.0, 1.0),
        "power23_clip": np.clip(sign * size ** (2.0 / 3.0), -1.0, 1.0),
        "DyT": np.tanh(a * x),
    }
    for name, y in wanted.items():
        found = outputs([known("pointwise")[name]], [x, a, s], (1, 1, 1, 1, len(x)))
        np.testing.assert_allclose(found.reshape(-1), y, atol=1e-12, err_msg=name)
    assert wanted.keys() | {"Derf", "identity"} == known("pointwise").keys()


def test_every_form_has_a_source():
    assert all(source(name, space) for space, name in EVERY_FORM)


# -- recognition ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", ["layers", "pointwise"])
def test_every_form_is_itself_and_nothing_else(space):
    found = matches(list(known(space).values()), space)
    assert [(m.level, m.names) for m in found] == [(Level.SAME, (name,)) for name in known(space)]
    assert [str(m) for m in found] == list(known(space))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # equal, in other words
        ("sigmoid(v1 * x) * (x / std_group(x))", (Level.SAME, "EvoNorm-S0")),
        ("x / (1 + exp(-(v1 * x))) / std_group(x)", (Level.SAME, "EvoNorm-S0")),
        ("x / max(rms_instance(x) - x, std_batch(x))", (Level.SAME, "EvoNorm-B2")),
        ("d = x - mean_batch(x)\ny = d / ssqrt(mean_batch(square(d)))", (Level.SAME, "BatchNorm")),  # but for epsilon
        ("(x + abs(x)) / (v1 / v1 + 1)", (Level.SAME, "ReLU")),
        # up to what the weights around a layer can do
        ("v1 * x + v0", (Level.AFFINE, "identity")),
        ("v0 * x", (Level.AFFINE, "identity")),  # although as training begins it is 0
        ("1 - x * sigmoid(x) / rms_group(x)", (Level.AFFINE, "EvoNorm-S2")),
        ("x / max(std_batch(x), rms_instance(x) + x)", (Level.AFFINE, "EvoNorm-B2")),  # of -x
        ("max(v0, (mean_batch(x) - x) / std_batch(x) * v1) - v0", (Level.AFFINE, "BatchNorm-ReLU")),
        ("max(v1 * ((x - mean_batch(x)) / std_batch(x)) - v0, 0)", (Level.AFFINE, "BatchNorm-ReLU")),
        # with v0 = 0 and v1 = 1 only
        ("max((x - mean_group(x)) / std_group(x), 0)", (Level.START, "GroupNorm-ReLU")),
        ("x / max(std_batch(x), x + std_instance(x))", (Level.START, "EvoNorm-B0")),
        ("x * sigmoid(x + v0) / std_group(x)", (Level.START, "EvoNorm-S0", "EvoNorm-S1")),
        ("max(x, v0)", (Level.START, "ReLU")),
        # near misses
        ("x * sigmoid(x) / std_layer(x)", None),  # another statistic
        ("x * sigmoid(x) / std_instance(x)", None),
        ("x / max(std_batch(x), v1 * x + std_group(x))", None),
        ("x / max(std_group(x), v1 * x + std_instance(x))", None),
        ("x / max(rms_batch(x), rms_instance(x) - x)", None),
        ("x * tanh(x) / std_group(x)", None),  # another gate
        ("x * sigmoid(x + 1) / std_group(x)", None),
        ("x * sigmoid(x) * std_group(x)", None),  # the wrong way round
        ("x / (std_batch(x) + v1 * x + std_instance(x))", None),
        ("(x - mean_group(x)) / rms_group(x)", None),
        ("x * std_batch(x)", None),  # a factor in one batch, but not the same in all
        ("x + mean_batch(x)", None),
        ("std_group(x)", None),
        ("x / (x - x)", None),  # never finite
        ("v0 + v1", None),  # a constant
    ],
)  # fmt: skip
def test_layers_are_told_by_what_they_compute(text, wanted):
    assert match_of(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("erf(s + a * x)", (Level.SAME, "Derf")),
        ("e = exp(2 * a * x)\ny = (e - 1) / (e + 1)", (Level.SAME, "DyT")),
        ("1 - 2 * sigmoid(2 * x * a)", (Level.AFFINE, "DyT")),
        ("tanh(x * a + s)", (Level.START, "DyT")),
        ("erf(x * 0.5)", (Level.START, "Derf")),
        ("erf(x)", (Level.CURVE, "Derf")),
        ("sigmoid(x + 1)", (Level.CURVE, "DyT")),
        ("max(min(x, 1), 0)", (Level.CURVE, "linear_clip")),
        ("x / (2 + abs(x))", (Level.START, "smoothsign")),
        ("arctan(x * 3)", (Level.CURVE, "arctan")),
        ("x / sqrt(square(x) + s + 1)", (Level.CURVE, "isru")),
        ("erf(tanh(x))", None),
        ("tanh(x) + x", None),
        ("max(x, 0)", None),
        ("x * sigmoid(x)", None),
        ("square(tanh(x))", None),
    ],
)  # fmt: skip
def test_functions_are_told_by_their_values_and_then_by_their_curves(text, wanted):
    assert match_of(text, "pointwise") == wanted


_AFFINE = st.tuples(st.floats(0.05, 20.0), st.booleans(), st.floats(-5.0, 5.0))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(EVERY_FORM), _AFFINE)
def test_a_form_is_recognised_behind_any_affine_map(which, affine):
    space, name = which
    size, negative, beta = affine
    alpha = -size if negative else size
    program = known(space)[name]
    text = f"{_text(program, space)}\ny = y0 * {alpha!r} + {beta!r}"
    (match,) = matches([layer(text) if space == "layers" else function(text)], space)
    assert match is not None and match.level <= Level.AFFINE and match.names == (name,)


def _text(program, space):
    """Its statements, with the output named y0."""
    from primitives.text import format_program

    return format_program(program, LAYERS if space == "layers" else POINTWISE).replace("y = ", "y0 = ")


def test_no_program_no_match():
    assert matches([], "layers") == matches([], "pointwise") == []


# -- behaviour --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(known("layers")))
def test_how_known_layers_behave(name):
    found = behaviour(known("layers")[name])
    normalizes = name not in (*LINEAR, "tanh")
    assert found.degree == pytest.approx(1.0 if name in LINEAR else 0.0, abs=0.02)
    assert found.batch == (name.startswith(("BatchNorm", "EvoNorm-B")))
    assert bool(found.reads) == normalizes
    # A large mean passes EvoNorms that divide by a deviation, but not the ones that divide by a root mean square.
    assert found.bounded == (
        name not in (*LINEAR, "EvoNorm-B0", "EvoNorm-B1", "EvoNorm-B2", "EvoNorm-S0", "EvoNorm-S1")
    )
    centred = {"Batch": "channel of the batch", "Insta": "channel of an image", "Layer": "image"}
    centred["Group"] = "group of channels of an image"
    assert found.shift == (centred.get(name[:5]) if "Norm" in name[:12] else None)
    if found.shift:
        assert found.scale == found.shift


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([n for n in known("layers") if n not in ("tanh", "EvoNorm-B1")]), st.integers(10, 40))
def test_exact_degrees_are_laws(name, power):
    """f(k x) = k^d f(x) for every large k."""
    program = known("layers")[name]
    found = behaviour(program)
    assert found.exact
    far, farther = (at_the_start(program, 2.0**p * X) for p in (10, power))
    scale = 2.0 ** (round(found.degree) * (power - 10))
    assert np.abs(farther - scale * far).max() <= 0.02 * np.abs(farther).max()


@pytest.mark.parametrize(
    ("text", "reads", "degree"),
    [
        ("x * std_batch(x)", ("pixels", "images"), 2.0),
        ("std_layer(x)", ("pixels", "channels", "groups"), 1.0),
        ("x + v0 * mean_batch(x)", ("pixels", "images"), 1.0),  # although v0 begins at 0
        ("ssqrt(x)", (), 0.5),
        ("exp(x)", (), np.inf),
        ("x / square(std_instance(x))", ("pixels",), -1.0),
        ("exp(-std_layer(x))", ("pixels", "channels", "groups"), -np.inf),
    ],
)
def test_what_is_measured(text, reads, degree):
    found = behaviour(layer(text))
    assert found.reads == reads and found.degree == pytest.approx(degree, abs=0.02)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tanh(x)", "bounded, odd, monotone function, no statistics"),
        ("max(x, 0)", "unbounded, monotone function, no statistics"),
        ("x * sigmoid(x) / std_instance(x)", "S-type: gated x over std of the instance"),
        ("max(x, 0) * v1 / rms_layer(x) + v0", "S-type: rectified x over rms of the layer"),
        ("max(x, 0) / std_batch(x)", "B-type: rectified x over std of the batch"),
        ("x * tanh(x) / std_group(x)", "S-type: a function of x over std of the group"),
        ("x * erf(x + 1) / std_group(x)", "S-type: a function of x over std of the group"),
        ("tanh((x - mean_layer(x)) / std_layer(x))", "S-type: a function of layer-normalized x"),
        ("erf(x / rms_group(x))", "S-type: a function of x over a size of the group of channels of an image"),
        ("x / max(rms_batch(x), std_instance(x) - x)", LARGER),
        ("x + mean_batch(x)", "B-type: none of the known structures"),
        ("v0 * x", "a constant as training begins"),
        ("1 / (x - x)", "not finite for images of order one"),
    ],
)  # fmt: skip
def test_families(text, words):
    assert family(layer(text)) == words


def test_statistics_in_words_are_those_of_the_canonical_program():
    assert statistics(layer("x / std_group(x) + (mean_batch(x) - mean_batch(x))")) == "std_group"
    assert statistics(layer("tanh(x)")) == "none"
    assert statistics(layer("x / rms_layer(v1)")) == "none"  # it is the root of the mean of the weights' squares
    assert statistics(layer("std_batch(x + v0) * mean_group(x)")) == "std_batch, mean_group"


# -- what users see ---------------------------------------------------------------------------------------------------


def test_explanations():
    told = dict(explain(layer("x * sigmoid(x * v1) / std_group(x)"), "layers"))
    assert told["known as"] == "EvoNorm-S0\nEvoNorm-S0: Liu et al. 2020, arXiv 2004.02967"
    assert told["family"] == "S-type: gated x over std of the group"
    assert told["statistics"] == "std_group" and "canonical form: 5 nodes" in told
    lines = told["measured"].splitlines()
    assert "depends on the batch: no" in lines and "k x for large k: grows as k^0" in lines
    assert "x + k for large k: grows as k^1" in lines and "bounded: no" in lines
    assert dict(explain(layer("x / std_layer(x)"), "layers"))["known as"] == "none of the built-in table"
    told = dict(explain(function("erf(x)"), "pointwise"))
    assert told["known as"].startswith("Derf with x scaled or shifted\n")
    assert told["as training begins"] == "bounded, odd, monotone function"


def find(program, nodes, error, **descriptors):
    return Find(program, {"nodes": float(nodes), "loss": 0.5, "error": error}, {**descriptors, "nodes": nodes})


def layer_finds():
    some = {
        "x / std_batch(x)": (2, 0.07, 1),
        "x * sigmoid(v1 * x) / std_group(x)": (5, 0.08, 0),
        "max((x - mean_batch(x)) / std_batch(x), 0)": (5, 0.06, 1),
    }
    return [find(layer(text), n, error, batch=batch, statistics=0) for text, (n, error, batch) in some.items()]


def test_the_table_of_layers():
    table = report.rows(layer_finds(), "layers")
    assert [row["error"] for row in table] == [0.06, 0.07, 0.08]
    assert [row["series"] for row in table] == ["B", "B", "S"]
    assert [row["form"] for row in table] == [
        "BatchNorm-ReLU as training begins", "B-type: x over std of the batch", "EvoNorm-S0",
    ]  # fmt: skip
    found, missing = report.remarks(layer_finds(), "layers", LAYERS)
    assert found == "known forms among the 3 finds: EvoNorm-S0; BatchNorm-ReLU as training begins"
    assert "EvoNorm-S1" in missing and "EvoNorm-S0" not in missing
    _, missing = report.remarks(layer_finds(), "layers", LAYERS.subset("div", "max", "std_batch"))
    assert missing == "not among them: identity, ReLU"
    assert report.remarks([], "layers", LAYERS) == []


def test_the_table_of_functions():
    some = [
        find(function(t), 2, e, bounded=1, centred=1, monotone=1) for t, e in (("erf(x)", 0.1), ("tanh(a * x)", 0.2))
    ]
    table = report.rows(some, "pointwise")
    assert table[0] == {
        "nodes": 2.0, "loss": 0.5, "error": 0.1, "bounded": 1, "centred": 1, "monotone": 1,
        "form": "Derf with x scaled or shifted",
    }  # fmt: skip


@pytest.mark.parametrize("suffix", ["svg", "png"])
@pytest.mark.parametrize("space", ["layers", "pointwise"])
def test_pictures_are_the_same_every_time(space, suffix, tmp_path):
    pytest.importorskip("matplotlib")
    finds = layer_finds()
    if space == "pointwise":
        finds = [find(function(t), 2, 0.1, bounded=1) for t in ("erf(x)", "1 / (x - x)", "square(x)")]
    for name in "ab":
        report.picture(finds, tmp_path / f"{name}.{suffix}", space)
        report.picture([], tmp_path / f"none.{suffix}", space)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def made_run(folder, tried, finds, seed, name="normalizers/b-series"):
    """A run in which these programs were scored: text -> whether it came through the funnel."""
    wanted = spec.load(name, [f"run.seed={seed}"])
    with runs.start(wanted, folder) as store:
        problem = spec.build(wanted.ref)
        programs = pack([problem.parse(f"y = {text}") for text in tried], problem.primitives, problem.shape)
        score = np.full((len(tried), len(problem.scores)), np.nan)
        score[list(tried.values())] = 0.5
        store.commit(
            0, {"candidates": len(tried)}, {f"program.{k}": a for k, a in programs.named.items()} | {"score": score}, {}
        )
        store.finish([entry.data for entry in runs.entries(finds, problem)])
    return runs.Run(folder)


def test_what_runs_rediscovered(tmp_path, capsys, monkeypatch):
    relu, evonorm = "max((x - mean_batch(x)) / std_batch(x), 0)", "x * sigmoid(x) / std_group(x)"
    first = made_run(tmp_path / "one", {relu: True, evonorm: True, "x": False}, layer_finds(), 0)
    second = made_run(tmp_path / "two", {relu: False, "x": False}, layer_finds()[:1], 1)
    table = {row["form"]: row for row in report.rediscovered([first, second])}
    counts = {name: [row[c] for c in ("runs", "tried", "scored", "equal", "find")] for name, row in table.items()}
    assert counts["BatchNorm-ReLU"] == [2, 2, 1, 0, 1]
    assert counts["EvoNorm-S1"] == [2, 1, 1, 1, 0]
    assert counts["EvoNorm-S0"] == [2, 0, 0, 0, 1]
    assert counts["identity"] == [2, 2, 0, 0, 0]
    assert counts["tanh"] == [2, 0, 0, 0, 0]
    assert (table["EvoNorm-S1"]["low"], table["EvoNorm-S1"]["high"]) == (0.095, 0.905)  # Wilson, 1 of 2
    assert [(row["seed"], row["series"]) for row in report.best([first, second])] == [(0, "B"), (0, "S"), (1, "B")]
    monkeypatch.setattr(sys, "argv", ["report", str(tmp_path / "one"), str(tmp_path / "two")])
    report.main()
    out = capsys.readouterr().out
    assert "normalizers/b-series: known forms, by how many of 2 runs found them" in out and "in no run: ReLU, " in out


def test_functions_that_runs_rediscovered(tmp_path, capsys, monkeypatch):
    shaped = {"bounded": 1, "centred": 1, "monotone": 1}
    dyt = find(function("tanh(x)"), 1, 0.2, **shaped)
    gate, better = (find(function("x * sigmoid(x)"), 2, e, **dict.fromkeys(shaped, 0)) for e in (0.3, 0.1))
    tried = {"tanh(x * a)": True, "tanh(x)": True}
    for seed, finds in enumerate([[dyt, gate], [dyt, better]]):
        made_run(tmp_path / str(seed), tried, finds, seed, "normalizers/pointwise")
    monkeypatch.setattr(sys, "argv", ["report", *(str(tmp_path / str(seed)) for seed in range(2)), "--json"])
    report.main()
    (found,) = json.loads(capsys.readouterr().out).values()
    (row,) = (row for row in found["rediscovered"] if row["form"] == "DyT")
    assert [row[name] for name in ("tried", "scored", "equal", "find", "curve")] == [2, 2, 2, 0, 2]
    counts = {row["find"]: (row["found"], row["low"], row["high"]) for row in found["bounded, centred and monotone"]}
    assert counts == {"best": (1, 0.095, 0.905), "any": (2, 0.342, 1.0)}  # Wilson
    assert [row["form"] for row in found["best"]] == ["DyT with x scaled or shifted", "unbounded function"]


def test_forms_that_the_primitives_of_a_run_cannot_write():
    can = report.writable("layers", LAYERS.subset("div", "mul", "sigmoid", "std_group"))
    assert can == {"identity", "SiLU", "EvoNorm-S0", "EvoNorm-S1"}


def test_a_run_of_another_search_is_one_line(tmp_path):
    with runs.start(spec.load("functions/exp2", []), tmp_path / "other"):
        pass
    with pytest.raises(UserError, match="a run of functions/exp2, not of normalizers"):
        report.scored(runs.Run(tmp_path / "other"))


def test_nothing_that_breeds_or_scores_knows_what_is_looked_for():
    code = """
import sys
from discover import engine, spec, workers
from searches.normalizers import training, stability, alive
problem = workers.problem_of(spec.load("normalizers/b-series", []).ref)
print(*(name for name in sys.modules if name.startswith("searches.normalizers.")))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert {"problem", "training"} <= loaded
    assert not loaded & {"known", "recognise", "structure", "behaviour", "report", "held_out", "audit"}


def test_form_is_one_line():
    for space, name in EVERY_FORM:
        assert "\n" not in form(known(space)[name], space)
