"""An optimizer as code: what the files look like, that they stand alone, and that they do what the program says."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from optimizer_files import exported, imported, optimizer, written

from discover import artifact, spec
from discover.document import provenance
from discover.errors import UserError
from discover.problem import Find
from primitives.canonical import canonical
from primitives.evaluators.reference import ReferenceEvaluator
from primitives.hero import HERO
from primitives.packed import Shape, pack
from primitives.program import Instruction, Program
from primitives.text import parse
from searches.optimizers import known
from searches.optimizers.export import EXPORTERS, times_lr
from searches.optimizers.programs import SIGNATURE, STEPPED, WarmStart, warm_start

LION = known.lion(1e-3, decay=0.1)
FORMS = {"torch": "torch", "numpy": "numpy", "optax": "optax"}  # and the package that each needs


def body(program: Program, function: str = "_update", form: str = "torch") -> str:
    """The lines of a function of the exported file, without its docstring."""
    tree = ast.parse(exported(program, "found", form))
    (node,) = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function]
    return "\n".join(map(ast.unparse, node.body[1:]))


def from_text(text: str, signature=SIGNATURE) -> Program:
    return parse(text, signature, HERO)


# What a person would have written


def test_lion_reads_as_a_person_writes_it() -> None:
    """Weight decay scales the weights; constants are arguments; the average is made where the old one was."""
    assert body(LION) == (
        "update = m.mul(beta1).add_(g, alpha=1 - beta1).sign_()\n"
        "p.mul_(1 - lr * weight_decay)\n"
        "_add(p, update, -lr)\n"
        "m.mul_(beta2).add_(g, alpha=1 - beta2)"
    )
    assert "_foreach_sign_(update)" in body(LION, "_update_foreach")
    assert body(LION, form="numpy") == (
        "update = np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * w\n"
        "m = beta2 * m + (1 - beta2) * g\n"
        "return (w - lr * update, m)"
    )
    assert "jnp.sign(b1 * m + (1 - b1) * g)" in body(LION, form="optax")


def test_adamw_reads_as_a_person_writes_it() -> None:
    assert body(known.adamw(lerp=True)) == (
        "m.lerp_(g, 1 - beta1)\n"
        "v.mul_(beta2).addcmul_(g, g, value=1 - beta2)\n"
        "denom = v.sqrt().div_((1 - beta2 ** t) ** 0.5).add_(eps)\n"
        "p.mul_(1 - lr * weight_decay)\n"
        "_addcdiv(p, m, denom, -lr / (1 - beta1 ** t))"
    )


def test_zero_over_zero_is_guarded_only_where_it_can_happen() -> None:
    """HERO's division has 0/0 = 0; with an epsilon the bare one is the same, without it is not."""
    adamw = warm_start(WarmStart())
    assert "_div(m, x1)" in body(adamw)
    assert "def _div" not in exported(known.adamw(), "adamw") and "abs" not in body(known.adamw())
    assert "abs" in body(from_text("v = interp(g, v, 0.9)\nupdate = lr * g / (sqrt(v) + 1e-8)"))


def test_the_rate_of_the_program_is_the_default_of_lr(tmp_path: Path) -> None:
    """Where the update is a multiple of lr; else lr is what the program says, 1 at the peak of a schedule."""
    found = from_text("update = (sign(g) + w * 0.3) * (lr * 0.004)")
    (group,) = optimizer(found, "found", tmp_path)([torch.zeros(1)]).param_groups
    assert (group["lr"], group["weight_decay"]) == (0.004, 0.3)
    other = from_text("update = sign(g) * 0.004 * sqrt(lr)")
    (group,) = optimizer(other, "other", tmp_path)([torch.zeros(1)]).param_groups
    assert (group["lr"], group["c1"]) == (1.0, 0.004)


def test_state_is_what_the_program_keeps(tmp_path: Path) -> None:
    """No buffer for a slot that nothing reads, a step counter only if the program reads t."""
    kept = {
        "sgd": (known.sgd(), []),
        "lion": (LION, ["m"]),
        "rmsprop": (known.rmsprop(), ["v"]),
        "adamw": (known.adamw(), ["step", "m", "v"]),
    }
    for name, (program, names) in kept.items():
        p = torch.nn.Parameter(torch.ones(3))
        made = optimizer(program, name, tmp_path)([p])
        p.grad = torch.ones(3)
        made.step()
        assert list(made.state[p]) == names


# Agreement with the program


def random_program(generator: random.Random) -> Program:
    """Any primitives, any arguments, constants of many sizes."""
    signature = generator.choice([SIGNATURE, STEPPED])
    n = len(signature.leaves)
    constants = [generator.choice([0.9, 0.99, 1e-8, 0.001, -0.3, 2.0, 1.0, generator.gauss(0, 1)]) for _ in range(6)]
    instructions: list[Instruction] = []
    for i in range(generator.randrange(3, 14)):
        primitive = generator.choice(list(HERO))
        arguments = [
            generator.choice(
                [-1 - generator.randrange(6), generator.randrange(n), generator.randrange(max(0, n + i - 4), n + i)]
            )
            for _ in range(primitive.arity)
        ]
        instructions.append(Instruction(primitive.name, tuple(arguments)))
    end = n + len(instructions)
    return Program(
        signature, tuple(instructions), tuple(constants), (end - 1, *(generator.randrange(end) for _ in "mv"))
    )


def by_reference(program: Program, w: np.ndarray, gradients: np.ndarray, rates: list[float]) -> np.ndarray:
    """Weights after every step, by the reference evaluator in float64; tensors of 6 and 3 weights."""
    signature = program.signature
    shape = Shape(len(signature.leaves), 3, max(1, len(program.instructions)), max(1, len(program.constants)))
    evaluator, packed = ReferenceEvaluator(HERO), pack([program], HERO, shape)
    states, out = [np.zeros_like(w)] * 2, []
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        rows = {"w": w, "g": g, "lr": np.full_like(w, lr), "t": np.full_like(w, t)}
        leaves = np.stack([rows[name] for name in signature.inputs] + states)
        update, *states = evaluator.outputs(packed, leaves, np.array([0, 6, 9]))[0]
        with np.errstate(all="ignore"):
            w = w - update
        out.append(w)
    return np.array(out)


def by_torch(file, foreach: bool, w: np.ndarray, gradients: np.ndarray, rates: list[float]) -> np.ndarray:
    params = [torch.tensor(w[:6]).reshape(2, 3), torch.tensor(w[6:])]
    made = file.Found(params, foreach=foreach)
    (group,) = made.param_groups
    peak, out = group["lr"], []
    for g, lr in zip(gradients, rates, strict=True):
        group["lr"] = peak * lr
        params[0].grad, params[1].grad = torch.tensor(g[:6]).reshape(2, 3), torch.tensor(g[6:])
        made.step()
        out.append(np.concatenate([p.numpy().ravel() for p in params]))
    return np.array(out)


def by_numpy(file, w: np.ndarray, gradients: np.ndarray, rates: list[float]) -> np.ndarray:
    params, out = [w[:6].reshape(2, 3), w[6:]], []
    state, peak = file.init(params), file.step.__defaults__[0]
    for g, lr in zip(gradients, rates, strict=True):
        with np.errstate(all="ignore"):
            params, state = file.step(params, [g[:6].reshape(2, 3), g[6:]], state, lr=peak * lr)
        out.append(np.concatenate([p.ravel() for p in params]))
    return np.array(out)


def test_a_program_of_one_step_size_gets_a_learning_rate(tmp_path: Path) -> None:
    program = parse("m = interp(g, m, 0.9)\nupdate = sign(m) * 0.01", SIGNATURE, HERO)
    p = torch.zeros(2)
    p.grad = torch.tensor([1.0, -1.0])
    found = optimizer(program, "one_size", tmp_path)([p])  # its step size is the default
    assert found.param_groups[0]["lr"] == 0.01
    found.param_groups[0]["lr"] = 0.5
    found.step()
    assert p.tolist() == [-0.5, 0.5]


def test_random_programs_do_what_the_reference_does(tmp_path: Path) -> None:
    """All 45 primitives, two tensors, four steps, a weight without any gradient; in every form that runs here."""
    compared, used = 0, set()
    for seed in range(150):
        program = times_lr(canonical(random_program(random.Random(seed)), HERO), HERO)
        numbers = np.random.default_rng(seed)
        w, gradients, rates = numbers.normal(size=9), numbers.normal(size=(4, 9)), [0.5, 1.0, 0.75, 0.25]
        gradients[:, 0] = 0.0
        expected = by_reference(program, w, gradients, rates)
        steps = int(np.sum(np.cumprod(np.all(np.abs(expected) < 1e6, axis=1))))  # before it leaves the reals
        if not steps:
            continue
        file = imported(written(program, "found", tmp_path))
        got = {f"foreach={f}": by_torch(file, f, w, gradients[:steps], rates[:steps]) for f in (False, True)}
        got["numpy"] = by_numpy(
            imported(written(program, "found", tmp_path, "numpy")), w, gradients[:steps], rates[:steps]
        )
        for form, values in got.items():
            close = {"rtol": 1e-7, "atol": 1e-7}
            np.testing.assert_allclose(values, expected[:steps], **close, err_msg=f"seed {seed}, {form}")
        compared += 1
        used |= {ins.op for ins in program.instructions}
    assert compared > 100 and len(used) >= len(HERO) - 4  # pi, e and eps are constants by now


@pytest.mark.parametrize(
    "text",
    [
        "v = m\nm = g\nupdate = lr * v * 0.1 + m * 0.01",  # states change places
        "update = lr * m * 0.1\nm = interp(g, m, 0.9)",  # the old state is the update
        "m = w\nupdate = lr * (w - m) * 0.1 + lr * g * 0.1",  # a state keeps the old weights
        "m = interp(square(m), m, 0.5) + g\nupdate = lr * m * 0.1 - lr * w * 0.1",  # an average with itself
        "update = lr * norm(w) * g / (norm(g) + 1e-8)\nm = g",  # LARS
        "m = interp(clip(g, 1.0), m, 0.9)\nupdate = lr * m / (global_norm(m) + 1e-8) + lr * global_norm(w) * g",
        "update = lr * clip(g, global_norm(w))\nm = lr",
        "update = lr * min(max(g, -0.1), 0.1) * cosine_sim(g, w)",
    ],
)
def test_what_is_made_in_place_overwrites_nothing_needed(text: str, tmp_path: Path) -> None:
    program = from_text(text)
    numbers = np.random.default_rng(1)
    w, gradients, rates = numbers.normal(size=9), numbers.normal(size=(4, 9)), [0.5, 1.0, 0.75, 0.25]
    expected = by_reference(program, w, gradients, rates)
    file = imported(written(program, "found", tmp_path))
    for foreach in (False, True):
        np.testing.assert_allclose(by_torch(file, foreach, w, gradients, rates), expected, rtol=1e-12)
    file = imported(written(program, "found", tmp_path, "numpy"))
    np.testing.assert_allclose(by_numpy(file, w, gradients, rates), expected, rtol=1e-12)


def test_a_norm_over_all_tensors_is_over_all_groups(tmp_path: Path) -> None:
    program = from_text("update = lr * clip(g, 1.0)")
    one, two = ([torch.nn.Parameter(torch.ones(k)) for k in (2, 3)] for _ in range(2))
    made = optimizer(program, "found", tmp_path)
    together, apart = made(one), made([{"params": [two[0]]}, {"params": [two[1]], "lr": 0.5}])
    for p in one + two:
        p.grad = torch.full_like(p, 2.0)
    together.step()
    apart.step()
    assert torch.equal(one[0], two[0])
    torch.testing.assert_close(1 - one[1], 2 * (1 - two[1]))
    moved = torch.cat([1 - p.detach() for p in one])
    torch.testing.assert_close(torch.linalg.vector_norm(moved), torch.tensor(1.0))


# The files


def test_a_find_of_the_search_itself_verifies(tmp_path: Path) -> None:
    """To the folder and back, trained again on the way (here for a few steps)."""
    stages = ("hurdle", "trial", "contest", "final")
    found = spec.load(
        "optimizers/lion", [f"problem.{s}.{k}={n}" for s in stages for k, n in (("steps", 4), ("orders", 1))]
    )
    problem = spec.build(found.ref)
    text = "update = (sign(interp(g, m, 0.8)) + w * 0.3) * (lr * 0.01)\nm = interp(g, m, 0.9)"
    program = canonical(parse(text, problem.signature, problem.primitives), problem.primitives)
    find = Find(program, problem.measure(program), {"buffers": 1, "degree": 0, "statements": len(program.instructions)})
    folder = tmp_path / "find"
    artifact.write_artifact(folder, find, provenance(found, problem), problem)
    files = {"program.json", "card.md", "optimizer_1.py", "optimizer_1_optax.py", "optimizer_1_numpy.py"}
    assert files <= {p.name for p in folder.iterdir()}
    for path in (folder, folder / "optimizer_1.py"):
        assert all(check.ok for check in artifact.verify(path)), path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["lion", "adamw", "clipped"])
def test_files_stand_alone_and_test_themselves(form: str, name: str, tmp_path: Path) -> None:
    pytest.importorskip(FORMS[form])
    text = "m = interp(clip(g, 1.0), m, 0.9)\nupdate = lr * 0.01 * m / (global_norm(m) + 1e-8)"
    program = {"lion": LION, "adamw": known.adamw(), "clipped": from_text(text)}[name]
    path = written(program, name, tmp_path, form)
    if name == "lion":
        done = selftest(path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "lion: selftest ok\n", "")
    else:
        imported(path).selftest()


def selftest(path: Path) -> subprocess.CompletedProcess[str]:
    """Run a file's self-test where none of our packages can be imported."""
    command = [sys.executable, "-I", str(path), "--selftest"]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=200)


def test_a_self_test_can_fail(tmp_path: Path) -> None:
    path = written(LION, "lion", tmp_path)
    path.write_text(path.read_text().replace("alpha=1 - beta1", "alpha=beta1"))
    with pytest.raises(SystemExit, match="lion: selftest FAILED: golden steps"):
        imported(path).selftest()


def test_a_package_that_is_absent_is_one_clear_line(tmp_path: Path) -> None:
    """The optax file where there is no optax."""
    path = written(LION, "lion", tmp_path, "optax")
    (tmp_path / "jax.py").write_text("raise ModuleNotFoundError('No module named jax', name='jax')")
    done = subprocess.run([sys.executable, str(path), "--selftest"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "lion: needs jax: pip install optax\n")


@pytest.mark.parametrize("form", EXPORTERS)
def test_same_input_same_bytes_and_the_document_inside(form: str, tmp_path: Path) -> None:
    text = exported(LION, "lion", form)
    assert text == exported(LION, "lion", form)
    path = tmp_path / ("program.json" if form == "json" else "file")
    path.write_text(text)
    document = artifact._parse_document(artifact._document_text(path), path)
    assert document.name == "lion" and document.objectives == {"buffers": 1.0, "loss": 2.5}
    assert from_text("\n".join(document.program)) == LION
    if form != "json":
        assert "SPDX-License-Identifier: MIT-0" in text and "discover run optimizers/lion --seed 1" in text


def test_the_torch_file_imports_torch_only() -> None:
    tree = ast.parse(exported(LION, "lion"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} == {"torch", "math", "sys"}


def test_what_a_format_cannot_say_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="'norm' cannot be written in sympy: needs a whole tensor; choose another"):
        exported(from_text("update = lr * norm(g)"), "found", "latex")


def test_numpy_refuses_what_does_not_fit(tmp_path: Path) -> None:
    file = imported(written(LION, "lion", tmp_path, "numpy"))
    weights = [np.zeros((2, 3)), np.zeros(3)]
    state = file.init(weights)
    with pytest.raises(ValueError, match=r"^gradient 0 has shape \(2,\), its weights \(2, 3\)$"):
        file.step(weights, [np.zeros(2), np.zeros(3)], state)
    with pytest.raises(ValueError, match=r"^gradient 1 has shape \(4, 3\), its weights \(3,\)$"):
        file.step(weights, [np.zeros(3), np.zeros((4, 3))], state)
    with pytest.raises(ValueError, match=r"^2 arrays of weights but 1 gradients$"):
        file.step(weights, [np.zeros(3)], state)
    with pytest.raises(ValueError, match=r"^lr must be positive, not -1$"):
        file.step(weights, weights, state, lr=-1)


def test_numpy_keeps_the_dtype(tmp_path: Path) -> None:
    for program in (LION, known.adamw(), from_text("update = lr * exp(lr) * g\nm = g * log(lr + 1)")):
        file = imported(written(program, "found", tmp_path, "numpy"))
        weights = [np.ones(3, np.float32)]
        new, state = file.step(weights, weights, file.init(weights))
        assert all(a.dtype == np.float32 for a in (new[0], *(state[s][0] for s in state if s != "t")))


def test_optax_works_inside_of_optax(tmp_path: Path) -> None:
    """Schedules by inject_hyperparams, chains, a bad learning rate."""
    optax, jnp = pytest.importorskip("optax"), pytest.importorskip("jax.numpy")
    lion = imported(written(LION, "lion", tmp_path, "optax")).lion
    schedule = optax.linear_schedule(1e-3, 0.0, 10)
    params = {"w": jnp.ones(3, jnp.bfloat16)}
    transformation = optax.chain(optax.clip_by_global_norm(1.0), optax.inject_hyperparams(lion)(learning_rate=schedule))
    state = transformation.init(params)
    updates, state = transformation.update(params, state, params)
    assert updates["w"].dtype == jnp.bfloat16 and bool((updates["w"] < 0).all())
    with pytest.raises(ValueError, match="learning_rate must be positive, not 0"):
        lion(learning_rate=0)
    with pytest.raises(ValueError, match="call update"):
        transformation.update(params, state)
