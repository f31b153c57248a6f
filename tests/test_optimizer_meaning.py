"""What programs mean: buffers and degree by what they do, their forms, what holds of them, whom they resemble."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from primitives.evaluators.reference import ReferenceEvaluator
from primitives.hero import HERO, REDUCED
from primitives.packed import Shape, pack
from primitives.text import parse
from searches.optimizers import probe
from searches.optimizers.known import KNOWN
from searches.optimizers.meaning.bounds import cauchy_schwarz
from searches.optimizers.meaning.certificates import FAILS, HOLDS, OPEN, certificates
from searches.optimizers.meaning.classify import Average, classify, show, tier
from searches.optimizers.meaning.linear import Linear
from searches.optimizers.meaning.relatives import betas, relatives
from searches.optimizers.programs import SIGNATURE
from searches.optimizers.trajectory import follow

SHAPE = Shape(5, 3, 32, 24)

SGD = "update = lr * g"
MOMENTUM = "m = interp(g, m, 0.9)\nupdate = lr * m"
ADAMW = """
m = interp(g, m, 0.9)
v = interp(square(g), v, 0.99)
update = (m / sqrt(v) + 0.1 * w) * lr
"""
SIGNUM = "m = interp(g, m, 0.9)\nupdate = lr * (sign(m) + 0.1 * w)"
LION = "c = interp(g, m, 0.8)\nm = interp(g, m, 0.9)\nupdate = lr * (sign(c) + 0.1 * w)"
SIGN_OF_ADAMW = ADAMW.replace("m / sqrt(v)", "sign(m / sqrt(v))")
POWERSIGN = "m = interp(g, m, 0.9)\nupdate = lr * g * exp(sign(g) * sign(m))"
# Program 8 of arXiv 2302.06675, what evolution left, but for the clipping and the arcsin of the gradient
RAW_LION = """
v845 = sqrt(0.627)
v968 = sign(v)
v968 = v - v
m = interp(g, v, 0.8999999761581421)
v1 = m * m
v = interp(g, m, 1.109133005142212)
v845 = tanh(v845)
lr = lr * 0.000217
update = m * lr
v1 = sqrt(v1)
update = update / v1
wd = lr * 0.4602
v1 = square(v1)
wd = wd * w
m = cosh(update)
lr = tan(1.457)
update = update + wd
lr = cos(v845)
"""


def program(text):
    return parse(text, SIGNATURE, HERO)


def batch(*texts):
    return pack([program(text) for text in texts], HERO, SHAPE)


# -- probe ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "buffers", "degree"),
    [
        (SGD, 0, 1),
        (MOMENTUM, 1, 1),
        (ADAMW, 2, 0),
        (SIGNUM, 1, 0),
        (LION, 1, 0),
        (SIGN_OF_ADAMW, 1, 0),  # dividing by a positive number changes no sign
        (POWERSIGN, 1, 1),
        ("update = g / sqrt(g * g)", 0, 0),
        ("update = g * abs(g)", 0, 2),
        ("update = lr * g / norm(g * g)", 0, -1),
        ("update = clip(g, 0.1)", 0, probe.NO_DEGREE),
        ("update = lr * sign(m)\nm = g", 1, 0),  # only the slot's sign is read
        ("m = abs(m) + abs(g)\nupdate = sign(m) * sign(g)", 0, 0),  # the same, of a slot that is never negative
        ("update = lr * g + 1e-9 * m\nm = g", 0, 1),  # too little to matter
        ("m = 3.0\nupdate = m * g", 0, 1),  # a constant needs no buffer
        ("m = m + 1.0\nupdate = g / m", 1, 1),  # the number of the step does
        ("v = g\nm = interp(v, m, 0.9)\nupdate = m", 1, 1),  # v is written, but never read
        ("m = interp(v, m, 0.9)\nv = g\nupdate = m", 2, 1),  # v is read in the next step
    ],
)
def test_buffers_by_meaning_and_degree(text, buffers, degree):
    assert probe.describe(batch(text)).tolist() == [[buffers, degree]]


@pytest.mark.parametrize(
    ("text", "alive"),
    [
        (SGD, True),
        (ADAMW, True),  # 0 / 0 is 0
        (LION, True),
        ("update = lr * w", False),  # ignores the gradient
        ("update = lr * w + 1e-7 * g", False),  # as good as ignores it
        ("update = lr / g", False),  # infinite where there is none
        ("update = g * log(g)", False),  # 0 * -inf
        ("m = interp(g, m, 0.9)\nupdate = g / norm(g) * m", True),
        ("update = g * exp(exp(exp(exp(6.0 * lr))))", False),  # overflows at the schedule's peak
        ("update = sign(m)\nm = g", True),  # through the state alone
    ],
)
def test_alive(text, alive):
    assert probe.alive(batch(text)).tolist() == [alive]


def test_what_is_said_of_a_program_does_not_depend_on_its_batch():
    texts = [SGD, ADAMW, LION, "update = lr / g", POWERSIGN, SIGNUM]
    together, alive = probe.describe(batch(*texts)), probe.alive(batch(*texts))
    for i, text in enumerate(texts):
        assert probe.describe(batch(text))[0].tolist() == together[i].tolist()
        assert probe.alive(batch(text))[0] == alive[i]


def test_trajectories_are_those_of_the_reference():
    """Step after step by NumPy in float64: the states of a step are leaves of the next."""
    packed = batch(ADAMW, LION, POWERSIGN, "m = clip(g, 0.3) + m\nupdate = m * norm(w) * lr")
    history = follow(packed, probe.INPUTS, probe.SEGMENTS)
    reference = ReferenceEvaluator(HERO)
    for p in range(len(packed)):
        states = np.zeros((2, probe.WEIGHTS))
        for t, inputs in enumerate(probe.INPUTS):
            leaves = np.concatenate([inputs, states])
            wanted = reference.outputs(packed[p : p + 1], leaves, probe.SEGMENTS)[0]
            assert np.allclose(history[p, t], wanted, rtol=1e-4, atol=1e-7), (p, t)
            states = wanted[1:]


# -- kinds ------------------------------------------------------------------------------------------------------------


def test_lion_is_tier_two_with_its_betas_step_and_decay():
    kind = classify(program(LION))
    assert (kind.tier, kind.rate) == (2, 1.0)
    assert (kind.beta1, kind.beta2, kind.decay) == pytest.approx((0.8, 0.9, 0.1))


def test_what_evolution_left_of_lion_is_lion():
    """Two interps fold into one, 0.9 * 1.109 = 0.998; m / sqrt(m * m) is a sign; the rest is dead."""
    kind = classify(program(RAW_LION))
    assert (kind.tier, kind.rate) == (2, pytest.approx(0.000217))
    assert (kind.beta1, kind.beta2, kind.decay) == pytest.approx((0.9, 0.99822, 0.4602), rel=1e-5)


def test_what_clipping_adds_is_told():
    text = RAW_LION.replace("m = interp(g", "g = arcsin(clip(g, lr))\nm = interp(g")
    kind = classify(program(text))
    assert kind.tier == 0 and "linear form of arcsin(clip(g, 1))" in kind.words


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (SIGNUM, 1),
        (SIGN_OF_ADAMW, 1),
        ("m = interp(g, m, 0.9)\nupdate = lr * m / abs(m)", 1),
        ("m = interp(g, m, 0.9)\nupdate = lr * sign(tanh(3.0 * m))", 1),
        ("m = m * 0.9 + g\nupdate = lr * sign(m)", 1),  # a sum, not an average: the sign is the same
        ("m = m * 0.9 - g\nupdate = -lr * sign(m)", 1),
        ("v = interp(g, v, 0.9)\nupdate = lr * sign(v)", 1),
        ("m = m * 0.9 + lr * g\nupdate = lr * sign(m)", 1),  # recent gradients weigh as the schedule has it
        ("m = m * 0.9 + lr * g\nupdate = lr * sign(lr * 0.2 * g + 0.1 * m)", 2),
        ("m = m * 0.9 + lr * g\nupdate = lr * sign(0.2 * g + 0.1 * m)", 1),  # Lion's, but its first beta varies
        ("m = interp(g, m, 0.9)\nupdate = lr * sign(0.9 * m + g)", 2),  # Nesterov's: betas 0.81 and 0.9
        ("m = interp(g, m, 0.9)\nupdate = lr * sign(interp(g, m, 0.5) / (sqrt(abs(v)) + 1e-8))\nv = g", 2),
        ("update = lr * sign(interp(g, m, 0.95))\nm = interp(g, m, 0.9)", 1),  # the first beta is the larger
        (ADAMW, 0),
        (SGD, 0),
        (POWERSIGN, 0),
        ("update = lr * sign(g)", 0),  # no momentum
        ("update = lr * sign(m)\nm = g", 0),  # last step's gradient is no momentum
        ("m = interp(g, m, 0.9)\nupdate = -lr * sign(m)", 0),  # uphill
        ("m = interp(g, m, 0.9)\nupdate = lr * sign(m + 0.1 * w)", 0),  # decay within the sign
        ("m = interp(g, m, lr)\nupdate = lr * sign(m)", 0),  # a beta that follows the schedule
        ("m = interp(g, m, 1.1)\nupdate = lr * sign(m)", 0),  # grows without end
        ("m = interp(g, m, 0.9)\nv = interp(g, v, 0.99)\nupdate = lr * sign(m + v)", 0),  # two buffers
        ("m = interp(tanh(g), m, 0.9)\nupdate = lr * sign(m)", 0),
        ("m = interp(g, m, 0.9)\nupdate = lr * sign(m) * norm(g)", 0),  # the step depends on more than the schedule
    ],
)
def test_tiers(text, wanted):
    assert tier(program(text)) == wanted


def test_words():
    assert classify(program(SIGNUM)).words == "sign of a momentum, beta 0.9; step 1 lr; decoupled weight decay 0.1"
    assert (
        "step 0.3 lr^0.5; weight decay 0.01 lr"
        in classify(program("m = interp(g, m, 0.9)\nupdate = sqrt(lr) * sign(m) * 0.3 + lr * 0.01 * w")).words
    )
    assert classify(program(ADAMW)).words.startswith("momentum over the root of an average of squares, as Adam's")
    assert ", as Adam's: beta 0.9, beta 0.99; " in classify(program(ADAMW.replace("sqrt(v)", "(sqrt(v) + 1e-8)"))).words
    assert classify(program(SGD)).words.startswith("gradient descent")
    assert classify(program("update = lr * w")).words == "weight decay alone"


def test_linear_forms():
    forms = Linear(program("m = interp(g, m, 0.75)\nupdate = lr * (2.0 * m - g) + m * sqrt(m * m) / m")).results
    assert show(forms["m"]) == "0.25 g + 0.75 m"
    assert show(Linear(program("update = 3.0 * (g - 2.0 * w) * lr")).results["update"]) == "3 g - 6 w"
    assert show(Linear(program("update = g * lr - lr * g")).results["update"]) == "0"


def test_nothing_that_breeds_or_scores_knows_what_is_looked_for():
    """classify, relatives and known are imported by none of what a running search imports."""
    code = "import sys, searches.optimizers.problem; print([n for n in sys.modules if n.startswith('searches.opt')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "searches.optimizers.probe" in loaded
    assert not any(f"searches.optimizers.{name}'" in loaded for name in ("classify", "relatives", "known", "meaning"))


# -- certificates -----------------------------------------------------------------------------------------------------


def verdicts(text):
    """The verdicts by the first word of their names."""
    return {c.name.split()[0]: (c.verdict, c.how) for c in certificates(program(text))}


def test_all_certificates_of_lion():
    found = verdicts(LION)
    assert {verdict for verdict, _ in found.values()} == {HOLDS}
    assert found["bound"][1].startswith("|w| <= 10, ")  # 1 / decay
    assert found["Lion-K:"][1] == "K is the 1-norm at interp(g, m, 0.8), m = interp(g, m, 0.9)"


def test_the_bound_of_adam_is_that_of_cauchy_and_schwarz():
    """|m| / sqrt(v) <= (1 - b1) / sqrt((1 - b2) (1 - b1^2 / b2)), which growing gradients come near to."""
    wanted = 0.1 / np.sqrt(0.01 * (1 - 0.81 / 0.99))
    how = verdicts(ADAMW)["bound"][1]
    assert f"|w| <= {wanted / 0.1:.4g}" in how
    seen = float(how.partition("(")[2].partition(" seen")[0])
    assert 0.8 * wanted < seen <= wanted


def test_cauchy_schwarz_is_reached():
    above = Average((0.1, 0.09, 0.081), ("m",), 0.9)
    below = Average((0.01, 0.0099), ("v",), 0.99)
    h, k = 0.1 * 0.9 ** np.arange(400), 0.01 * 0.99 ** np.arange(400)
    g = h / k  # the worst gradients
    assert cauchy_schwarz(above, below) == pytest.approx((h @ g) / np.sqrt(k @ g**2), rel=1e-9)
    assert cauchy_schwarz(above, Average((0.5, 0.25), ("v",), 0.5)) == np.inf  # squares are forgotten too soon


@pytest.mark.parametrize(
    ("text", "name", "verdict", "how"),
    [
        (SGD, "bound", FAILS, "step s times"),
        (SGD, "Lion-K:", HOLDS, "half the square of the 2-norm at g"),
        (SGD, "invariance", FAILS, "step s times"),
        ("update = lr * sign(g)", "bound", FAILS, "nothing draws weights back"),
        ("m = interp(g, m, 0.9)\nupdate = lr * (tanh(m) + 0.5 * w)", "bound", HOLDS, "|w| <= 2, "),
        ("m = interp(g, m, 0.9)\nupdate = lr * (tanh(m) + 0.5 * w)", "Lion-K:", HOLDS, "log cosh"),
        ("m = interp(g, m, 0.9)\nupdate = lr * (tanh(m) + 0.5 * w)", "invariance", FAILS, "changed the update"),
        ("m = interp(sign(g), m, 0.9)\nupdate = lr * (m + 0.5 * w)", "bound", HOLDS, "|w| <= 2, "),
        ("update = lr * (g / (abs(g) + 0.1) + 0.5 * w)", "bound", HOLDS, "|w| <= 2, "),
        ("update = lr * (max(min(g, 1.0), -2.0) + 0.5 * w)", "bound", HOLDS, "|w| <= 4, "),
        ("update = clip(g, 0.3) * lr + 0.1 * lr * w", "bound", HOLDS, "|w| <= 3, "),
        ("update = clip(0.1, g) * lr + w", "bound", OPEN, "no bound"),  # a negative size may make it larger
        ("update = interp(w, g, m)\nm = g", "without", HOLDS, "the update is 1 w"),
        ("update = clip(g, 0.3) * lr", "Lion-K:", HOLDS, "Huber"),
        ("update = lr * g / norm(g)", "Lion-K:", HOLDS, "tensors' 2-norms"),
        ("update = lr * g / norm(g)", "permutations", HOLDS, "norm"),
        ("update = lr * (sign(g) + 0.3 * w) + 0.3 * lr * lr * w", "bound", OPEN, "another schedule"),
        (ADAMW, "Lion-K:", OPEN, "one linear form"),
        (ADAMW, "invariance", HOLDS, "degree 0"),
        ("update = lr * max(g, 0.0)", "oddness", FAILS, "other signs"),
        ("update = lr * sign(g + 0.01)", "without", FAILS, "the step is 1"),
        ("m = m + 1.0\nupdate = g / m", "without", OPEN, "m move"),
        ("update = -lr * sign(g)", "Lion-K:", FAILS, "uphill"),
    ],
)
def test_certificates(text, name, verdict, how):
    found = verdicts(text)[name]
    assert found[0] == verdict and how in found[1], found


# -- relatives --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "fitted", "step"),
    [
        (
            RAW_LION.replace("1.109133005142212", "1.05").replace("0.8999999761581421", "0.9"),
            "Lion",
            (0.9, 0.945),
            217e-6,
        ),
        ("v = interp(g, v, 0.8)\nupdate = v / abs(v) * 0.03 + w", "Signum", (0.8,), 0.03),
        ("m = m * 0.95 + g\nupdate = m", "momentum", (0.95,), 20.0),
        ("update = 4.0 * g", "SGD", (), 4.0),
    ],
)
def test_the_nearest_relative_is_found_by_what_it_does(text, name, fitted, step):
    nearest, second, _ = relatives(program(text))
    assert (nearest.name, nearest.betas, nearest.rate) == (
        name, pytest.approx(fitted, abs=0.004), pytest.approx(step, rel=0.03),
    )  # fmt: skip
    assert nearest.distance < 0.06 and nearest.distance <= second.distance <= 1.0


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_known_optimizer_is_its_own_nearest_relative(name):
    nearest = relatives(KNOWN[name])[0]
    assert name in nearest.name.split(" or ") and nearest.distance < 1e-3


def test_strangers_are_far():
    """The paper's AdamW has no bias correction: that is how far it is from Adam over the first hundred steps."""
    near = relatives(program(ADAMW))[0]
    assert near.name == "Adam or AdamW" and 0.1 < near.distance < 0.3
    assert relatives(program("update = lr * g * g"))[0].distance > 0.9
    assert relatives(program("update = w")) == []
    assert betas(KNOWN["Lion"]) == (0, 1) and betas(KNOWN["SGD"]) == ()


def test_explained_whole():
    from searches.optimizers.meaning import explain

    raw = program(RAW_LION)
    parts = dict(explain(program(LION), raw))
    texts = "\n".join(parts.values())
    assert list(parts)[:2] == ["as bred: 18 statements", "without the 8 that no update depends on"]
    assert "(tier 2)" in parts["what it is"] and "|w| <= 10" in texts
    nearest = parts["nearest known optimizers, by what they do (0: the same, 1: unrelated)"].splitlines()
    assert len(nearest) == 3 and "Lion, betas 0.8, 0.9" in nearest[0]
    assert len(REDUCED) < len(HERO) and dict(explain(parse(LION, SIGNATURE, REDUCED))) == {
        k: v for k, v in parts.items() if k not in list(parts)[:2]
    }
