"""torch's own checks of optimizers, on exported ones: what `test/test_optim.py` (TestOptimRenewed) asks, in our words.

Every check runs over an `OptimizerInfo`, as theirs do: the class, and the arguments that it is tried with.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from optimizer_files import optimizer
from torch.nn import Parameter
from torch.optim.lr_scheduler import ExponentialLR, ReduceLROnPlateau, StepLR
from torch.optim.optimizer import register_optimizer_step_pre_hook

from primitives.hero import HERO
from primitives.program import Program
from primitives.text import parse
from searches.optimizers import known
from searches.optimizers.programs import SIGNATURE, WarmStart, warm_start

common = pytest.importorskip("torch.testing._internal.common_optimizers", exc_type=ImportError)

CLIPPED = "m = interp(clip(g, 1.0), m, 0.9)\nupdate = lr * 0.01 * m / (global_norm(m) + 1e-8)"
PROGRAMS: dict[str, Program] = {
    "SGD": known.sgd(0.01),
    "Nesterov": known.torch_sgd(0.01, nesterov=True, decay=0.01),
    "RMSprop": known.rmsprop(0.001),
    "AdamW": known.adamw(0.01, lerp=True),
    "PaperAdamW": warm_start(WarmStart()),
    "Lion": known.lion(1e-3, decay=0.1),
    "Yogi": known.yogi(0.01),
    "Clipped": parse(CLIPPED, SIGNATURE, HERO),
}
Info = Any


def inputs(device: str | None = None) -> list[Any]:
    """Arguments that every exported optimizer takes."""
    given = [
        ({}, "default"),
        ({"lr": 0.002}, "another lr"),
        ({"lr": torch.tensor(0.002)}, "tensor lr"),
        ({"maximize": True}, "maximize"),
        ({"capturable": True}, "capturable"),
        ({"capturable": True, "lr": torch.tensor(0.002), "maximize": True}, "all of it"),
    ]
    return [common.OptimizerInput(params=None, kwargs=kwargs, desc=desc) for kwargs, desc in given]


@pytest.fixture(scope="module", params=PROGRAMS)
def info(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Info:
    name = request.param
    made = optimizer(PROGRAMS[name], name, tmp_path_factory.mktemp(name))
    return common.OptimizerInfo(
        made, optim_inputs_func=inputs, supported_impls=("foreach",), supports_complex=False, has_capturable_arg=True
    )


def given(info: Info) -> Iterator[dict[str, Any]]:
    """Arguments of every input, for the loop and for lists."""
    for each in info.optim_inputs_func():
        for foreach in (False, True):
            yield {**deepcopy(each.kwargs), "foreach": foreach}


def problem(seed: int = 0, contiguous: bool = True) -> tuple[list[Parameter], Callable[[], torch.Tensor]]:
    """Weight and bias of a small regression, and its loss."""
    generator = torch.Generator().manual_seed(seed)
    weight, bias = torch.randn(10, 5, generator=generator), torch.randn(10, generator=generator)
    x = torch.randn(5, generator=generator)
    if not contiguous:
        weight, bias = weight.repeat(1, 2)[:, ::2], torch.stack([bias, bias], 1)[:, 0]
        assert not weight.is_contiguous() and not bias.is_contiguous()
    params = [Parameter(weight), Parameter(bias)]
    return params, lambda: (params[0].mv(x) + params[1]).pow(2).sum()


def walk(optimizer: Any, loss: Callable[[], torch.Tensor], steps: int) -> list[float]:
    """Losses on the way."""

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    return [optimizer.step(closure).item() for _ in range(steps)]


def weights(params: list[Parameter]) -> torch.Tensor:
    return torch.cat([p.detach().ravel() for p in params])


def gradients(params: list[Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator, dtype=torch.float32).to(p.dtype)


# Right direction, for every way to call it


@pytest.mark.parametrize("contiguous", [True, False])
def test_goes_in_the_right_direction(info: Info, contiguous: bool) -> None:
    for kwargs in given(info):
        params, loss = problem(contiguous=contiguous)
        losses = walk(info.optim_cls(params, **kwargs), loss, 20)
        assert (losses[-1] > losses[0]) == kwargs.get("maximize", False), kwargs


@pytest.mark.parametrize(
    "schedule",
    [lambda o: StepLR(o, step_size=5, gamma=0.9), lambda o: ExponentialLR(o, 0.95), lambda o: ReduceLROnPlateau(o)],
    ids=["StepLR", "ExponentialLR", "ReduceLROnPlateau"],
)
def test_goes_in_the_right_direction_with_a_schedule(info: Info, schedule: Callable[[Any], Any]) -> None:
    for lr in (0.002, torch.tensor(0.002)):
        params, loss = problem()
        made = info.optim_cls(params, lr=lr)
        scheduler = schedule(made)
        losses = []
        for _ in range(20):
            losses += walk(made, loss, 1)
            scheduler.step(losses[-1]) if isinstance(scheduler, ReduceLROnPlateau) else scheduler.step()
        assert losses[-1] < losses[0]


def test_lists_and_loop_are_the_same_to_the_last_bit(info: Info) -> None:
    for each in info.optim_inputs_func():
        ends = []
        for foreach in (False, True):
            params, loss = problem()
            walk(info.optim_cls(params, foreach=foreach, **deepcopy(each.kwargs)), loss, 10)
            ends.append(weights(params))
        assert torch.equal(*ends), each


def test_lists_of_mixed_dtypes(info: Info) -> None:
    ends = []
    for foreach in (False, True):
        params = [Parameter(torch.ones(3, dtype=t)) for t in (torch.float32, torch.bfloat16, torch.float64) * 2]
        made = info.optim_cls(params, foreach=foreach)
        for step in range(3):
            gradients(params, step)
            made.step()
        ends.append([p.detach() for p in params])
    for a, b in zip(*ends, strict=True):  # lists on CPUs round the factors of bfloat16; a norm spreads it
        close = {"rtol": 1e-4, "atol": 1e-4} if a.dtype != torch.bfloat16 else {"rtol": 1e-2, "atol": 1e-2}
        torch.testing.assert_close(a, b, **close)


def test_a_tensor_is_as_good_an_lr_as_a_float(info: Info) -> None:
    for foreach in (False, True):
        ends = []
        for lr in (0.002, torch.tensor(0.002), torch.tensor([0.002])):
            params, loss = problem()
            walk(info.optim_cls(params, lr=lr, foreach=foreach), loss, 10)
            ends.append(weights(params))
        torch.testing.assert_close(ends[1], ends[0], rtol=1e-5, atol=1e-5)
        assert torch.equal(ends[1], ends[2])


def test_maximize_is_to_minimize_the_negative(info: Info) -> None:
    for foreach in (False, True):
        (up, loss), (down, other) = problem(), problem()
        walk(info.optim_cls(up, maximize=True, foreach=foreach), loss, 5)
        walk(info.optim_cls(down, foreach=foreach), lambda negated=other: -negated(), 5)
        assert torch.equal(weights(up), weights(down))


def test_capturable_changes_nothing(info: Info) -> None:
    (one, loss), (two, other) = problem(), problem()
    walk(info.optim_cls(one, capturable=True), loss, 10)
    walk(info.optim_cls(two), other, 10)
    torch.testing.assert_close(weights(one), weights(two), rtol=1e-5, atol=1e-5)


# Parameter groups


def test_groups_have_their_own_settings(info: Info) -> None:
    """As if each had an optimizer of its own, unless the program has a norm over all."""
    if info.name == "Clipped":
        pytest.skip("its groups are tied by a norm")
    settings = {"lr": 0.003} | ({"weight_decay": 0.5} if "weight_decay" in _defaults(info) else {})
    (both, loss), (apart, other) = problem(), problem()
    made = info.optim_cls([{"params": [both[0]], **settings}, {"params": [both[1]]}])
    singles = [info.optim_cls([apart[0]], **settings), info.optim_cls([apart[1]])]
    for _ in range(5):
        walk(made, loss, 1)
        for o in singles:
            o.zero_grad()
        other().backward()
        for o in singles:
            o.step()
    assert torch.equal(weights(both), weights(apart))


def _defaults(info: Info) -> dict[str, Any]:
    return info.optim_cls([torch.zeros(1)]).defaults


def test_a_group_added_later_is_optimized_too(info: Info) -> None:
    params, loss = problem()
    made = info.optim_cls(params[:1])
    walk(made, loss, 2)
    before = params[1].detach().clone()
    made.add_param_group({"params": params[1:], "lr": 0.002})
    walk(made, loss, 2)
    assert not torch.equal(before, params[1]) and made.param_groups[1]["lr"] == 0.002


# No gradient, zero gradient


def test_without_a_gradient_nothing_happens(info: Info) -> None:
    for kwargs in given(info):
        params, _ = problem()
        before = weights(params).clone()
        made = info.optim_cls(params, **kwargs)
        assert made.step() is None
        assert torch.equal(weights(params), before) and not made.state


def test_zero_gradients_change_the_weights_by_decay_alone(info: Info) -> None:
    """Promised of every one of these programs: of a state that is zero, too."""
    for kwargs in given(info):
        params, _ = problem()
        before = weights(params).clone()
        made = info.optim_cls(params, **kwargs)
        (group,) = made.param_groups
        decoupled = info.name in ("AdamW", "PaperAdamW", "Lion")
        shrink = 1 - group["lr"] * group["weight_decay"] if decoupled else 1.0
        if info.name == "Nesterov":
            group["weight_decay"] = 0.0  # coupled: a gradient of its own
        for p in params:
            p.grad = torch.zeros_like(p)
        made.step()
        assert torch.equal(weights(params), before * shrink)


def test_a_parameter_that_needs_no_gradient_stays(info: Info) -> None:
    params, loss = problem()
    params[1].requires_grad_(False)
    before = params[1].detach().clone()
    walk(info.optim_cls(params), loss, 3)
    assert torch.equal(params[1], before)


# State


def test_state_survives_a_safe_file(info: Info) -> None:
    """torch.save, torch.load(weights_only=True): training goes on to the same bits, with other lists too."""
    for kwargs in given(info):
        params, loss = problem()
        made = info.optim_cls(params, **kwargs)
        walk(made, loss, 3)
        file = io.BytesIO()
        torch.save({"optimizer": made.state_dict(), "params": params}, file)
        file.seek(0)
        saved = torch.load(file, weights_only=True)
        again, _ = problem(seed=1)
        for p, q in zip(again, saved["params"], strict=True):
            p.data.copy_(q)
        other = info.optim_cls(again, lr=0.5)
        other.load_state_dict(saved["optimizer"])
        for _ in range(3):
            walk(made, loss, 1)
            for p, q in zip(params, again, strict=True):
                q.grad = p.grad.clone()
            other.step()
        assert torch.equal(weights(params), weights(again)), kwargs


def test_state_dicts_are_deterministic(info: Info) -> None:
    dicts = []
    for _ in range(2):
        params, loss = problem()
        made = info.optim_cls(params)
        walk(made, loss, 3)
        dicts.append(made.state_dict())
    assert dicts[0]["param_groups"] == dicts[1]["param_groups"]
    assert list(dicts[0]["state"]) == list(dicts[1]["state"])
    for one, two in zip(*(d["state"].values() for d in dicts), strict=True):
        assert list(one) == list(two) and all(torch.equal(one[k], two[k]) for k in one)


def test_loading_keeps_the_dtype_of_the_parameters(info: Info) -> None:
    params, loss = problem()
    made = info.optim_cls(params)
    walk(made, loss, 2)
    halves = [Parameter(p.detach().bfloat16()) for p in params]
    other = info.optim_cls(halves)
    other.load_state_dict(made.state_dict())
    for p in halves:
        assert all(v.dtype == torch.bfloat16 for k, v in other.state[p].items() if k != "step")
        assert all(v.dtype == torch.float32 for k, v in other.state[p].items() if k == "step")
    gradients(halves, 0)
    other.step()


def test_state_is_of_the_parameters_kind(info: Info) -> None:
    """bfloat16 for bfloat16, channels last for channels last; the step counter is a float32."""
    p = Parameter(torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last).bfloat16())
    made = info.optim_cls([p])
    for step in range(3):
        gradients([p], step)
        made.step()
    assert torch.isfinite(p).all() and p.dtype == torch.bfloat16
    for name, value in made.state[p].items():
        if name == "step":
            assert value.dtype == torch.float32 and value.item() == 3
        else:
            assert value.dtype == torch.bfloat16 and value.is_contiguous(memory_format=torch.channels_last)


def test_copies_and_pickles_go_on_alike(info: Info) -> None:
    params, loss = problem()
    made = info.optim_cls(params)
    walk(made, loss, 2)
    deep, both = deepcopy(made), pickle.loads(pickle.dumps(made))
    assert {k for k in vars(made) if not k.startswith("_")} == {k for k in vars(deep) if not k.startswith("_")}
    walk(made, loss, 1)
    for copy in (deep, both):
        (group,) = copy.param_groups
        for p, q in zip(group["params"], params, strict=True):
            p.grad = q.grad.clone()
        copy.step()
        assert torch.equal(weights(group["params"]), weights(params))


def test_it_prints_its_settings(info: Info) -> None:
    for kwargs in given(info):
        text = repr(info.optim_cls([torch.zeros(2)], **kwargs))
        assert text.startswith(info.name) and "lr: " in text and "foreach: " in text


# Closures and hooks


def test_a_closure_is_called_once_with_gradients_on(info: Info) -> None:
    params, loss = problem()
    calls = []

    def closure() -> torch.Tensor:
        calls.append(torch.is_grad_enabled())
        value = loss()
        value.backward()
        return value

    with torch.no_grad():
        assert torch.equal(info.optim_cls(params).step(closure), problem()[1]())
    assert calls == [True]


def test_hooks_before_and_after_a_step(info: Info) -> None:
    params, loss = problem()
    made, seen = info.optim_cls(params), []
    handles = [
        made.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        made.register_step_post_hook(lambda o, args, kwargs: seen.append("after")),
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("global")),
    ]
    walk(made, loss, 1)
    assert seen == ["global", "before", "after"]
    for handle in handles:
        handle.remove()
    walk(made, loss, 1)
    assert len(seen) == 3


def test_hooks_of_state_dicts(info: Info) -> None:
    params, loss = problem()
    made, seen = info.optim_cls(params), []
    walk(made, loss, 1)

    def note(o: Any, state: dict[str, Any]) -> dict[str, Any]:
        seen.append("post")
        return {**state, "noted": True}

    def drop(o: Any, state: dict[str, Any]) -> dict[str, Any]:
        seen.append("load")
        return {k: v for k, v in state.items() if k != "noted"}

    made.register_state_dict_pre_hook(lambda o: seen.append("pre"))
    made.register_state_dict_post_hook(note)
    made.register_load_state_dict_pre_hook(drop)
    made.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    state = made.state_dict()
    assert state["noted"]
    made.load_state_dict(state)
    assert seen == ["pre", "post", "load", "loaded"]


# Refusals


def test_settings_out_of_range_are_refused_by_name(info: Info) -> None:
    values: dict[str, list[Any]] = {
        "lr": [0.0, -1.0, math.nan, math.inf, torch.tensor(-1.0), torch.tensor([0.1, 0.2])],
        "betas": [(0.9, 1.0), (-0.1, 0.9), (0.9,), (0.9, math.nan)],
        "beta": [1.0, -0.1, math.nan],
        "momentum": [1.0, -0.1],
        "eps": [0.0, -1e-8, math.nan],
        "weight_decay": [-0.1, math.nan],
        "differentiable": [True],
    }
    for name in _defaults(info):
        for value in values.get(name, []):
            with pytest.raises(ValueError, match=name) as caught:
                info.optim_cls([torch.zeros(1)], **{name: value})
            assert "\n" not in str(caught.value)


def test_a_group_that_is_refused_is_not_added(info: Info) -> None:
    made = info.optim_cls([torch.zeros(1)])
    with pytest.raises(ValueError, match="lr must be positive"):
        made.add_param_group({"params": [torch.zeros(2)], "lr": 0.0})
    assert len(made.param_groups) == 1


def test_what_is_not_supported_is_refused_in_one_line(info: Info) -> None:
    with pytest.raises(ValueError, match=r"complex parameters are not supported: optimize torch\.view_as_real"):
        info.optim_cls([torch.zeros(2, dtype=torch.complex64)])
    with pytest.raises(ValueError, match="optimizer got an empty parameter list"):
        info.optim_cls([])
    p = Parameter(torch.zeros(3))
    p.grad = torch.sparse_coo_tensor([[0]], [1.0], (3,), check_invariants=True)
    with pytest.raises(RuntimeError, match=f"^{info.name} does not support sparse gradients$"):
        info.optim_cls([p]).step()


def test_errors_that_torch_expects_of_all(info: Info) -> None:
    """Its own list of wrong constructions."""
    for each in common.get_error_inputs_for_all_optims("cpu", torch.float32):
        wrong = each.optimizer_error_input
        warning = issubclass(each.error_type, Warning)
        with (pytest.warns if warning else pytest.raises)(each.error_type, match=each.error_regex):
            info.optim_cls([Parameter(torch.zeros(2))] if wrong.params is None else wrong.params, **wrong.kwargs)


def test_the_file_is_where_its_class_says(info: Info) -> None:
    assert Path(__import__(info.optim_cls.__module__).__file__).stem == info.optim_cls.__module__
