"""The fit on a GPU: its kernels compiled and emulated, simulated, and run where there is one, against the CPU's fit."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba_cuda")
from numba import typeof, types

from primitives.gpu import devices
from primitives.gpu.compile import CAPABILITIES, SIMULATED, Compiled, compile_for
from primitives.gpu.devices import Device
from primitives.gpu.emulator import Emulator
from primitives.packed import Packed, pack
from primitives.table import ARITHMETIC
from searches.functions import known
from searches.functions.config import Effort, FunctionConfig
from searches.functions.forms import X, horner
from searches.functions.gpu import fit
from searches.functions.problem import SIGNATURE, FunctionProblem

LITTLE = Effort(starts=3, short=2, steps=1, long=2, more=2, lawson=1)
SOME = Effort(starts=8, short=4, steps=4, long=2, more=12, lawson=2)
CLOSE = 1e-6  # relative; sums in another order seldom lead the fit elsewhere


def problem(effort: Effort = SOME, device: Device = devices.CPU) -> FunctionProblem:
    """2^x, with one effort at both stages."""
    built = FunctionProblem(FunctionConfig(hurdle=effort, proxy=effort))
    built.device = device
    return built


def programs(built: FunctionProblem, n: int) -> tuple[Packed, np.ndarray]:
    """Known forms from constants that do not fit yet, and what has none or is not defined; and keys."""
    forms = [*known.forms(SIGNATURE).values(), *(horner(d, SIGNATURE) for d in range(1, 6))]
    forms += [(X * X + X).program(SIGNATURE), (1.0 / (X - X)).program(SIGNATURE), (X * X * 1.0).program(SIGNATURE)]
    batch = pack(forms, ARITHMETIC, built.shape)[np.arange(n) % len(forms)]
    generator = np.random.default_rng(3)
    batch.const *= np.exp(0.3 * generator.normal(size=batch.const.shape))
    return batch, generator.integers(0, 2**63, n).astype(np.uint64)


def agreement(mine: np.ndarray, theirs: np.ndarray) -> float:
    """The share of errors that are CLOSE, or infinite both."""
    finite = np.isfinite(theirs)
    assert np.array_equal(finite, np.isfinite(mine))
    return float(np.mean(np.isclose(mine, theirs, rtol=CLOSE, atol=0.0)))


# --- compiled, without a GPU ------------------------------------------------------------------------------------------


class OnHost(np.ndarray):
    """An array that the emulated kernels read and write."""

    def copy_to_host(self) -> np.ndarray:
        return np.array(self)


class Emulated:
    """Launches kernels as PTX for an A100, and keeps what was compiled, and for which arguments."""

    def __init__(self) -> None:
        self.compiled: dict[str, tuple[Any, tuple[Any, ...], Compiled]] = {}
        self._emulators: dict[str, Emulator] = {}

    def launch(self, kernel: Any, tasks: int, *arguments: Any) -> None:
        name = kernel.py_func.__name__
        if name not in self.compiled:
            signature = tuple(_type(a) for a in arguments)
            self.compiled[name] = kernel, signature, compile_for(kernel, signature, (8, 0))
            self._emulators[name] = Emulator(self.compiled[name][2])
        plain = [a.view(np.ndarray) if isinstance(a, np.ndarray) else a for a in arguments]
        self._emulators[name].launch(-(-tasks // 32), 32, plain)


def _type(argument: Any) -> Any:
    if not isinstance(argument, np.ndarray):
        return {bool: types.boolean, int: types.int64, float: types.float64}[type(argument)]
    return types.Array(typeof(argument.view(np.ndarray)).dtype, argument.ndim, "C")


@pytest.fixture(scope="module")
def emulated() -> Any:
    """A fit by the emulated kernels: programs, errors, constants; and what was compiled for it."""
    ran = Emulated()
    memory = SimpleNamespace(
        select_device=lambda index: None,
        to_device=lambda array: np.array(array, order="C").view(OnHost),
        device_array=lambda shape: np.full(shape, np.nan).view(OnHost),
    )
    built = problem(LITTLE, Device("cuda", 0, "emulated", (8, 0), 1 << 30))
    batch, keys = programs(built, 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "cuda", memory)
        patch.setattr(fit, "_launch", ran.launch)
        scores, constants = built.evaluate(0, batch, keys)
    return batch, keys, scores, constants, ran.compiled


@pytest.mark.skipif(SIMULATED, reason="the simulator does not compile")
def test_compiled_kernels_fit_as_the_cpu_does(emulated: Any) -> None:
    batch, keys, scores, constants, _ = emulated
    theirs, fitted = problem(LITTLE).evaluate(0, batch, keys)
    assert np.array_equal(scores[:, 0], theirs[:, 0])
    assert agreement(scores[:, 1], theirs[:, 1]) >= 0.9
    same = np.isclose(scores[:, 1], theirs[:, 1], rtol=1e-12, atol=0.0)
    assert np.allclose(constants[same], fitted[same], rtol=1e-3)


@pytest.mark.skipif(SIMULATED, reason="the simulator does not compile")
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_kernels_keep_their_numbers_in_registers(emulated: Any, capability: tuple[int, int]) -> None:
    for name, (kernel, signature, compiled) in emulated[-1].items():
        made = compiled if capability == (8, 0) else compile_for(kernel, signature, capability)
        assert (made.local, made.shared) == (0, 0), name
        assert made.registers <= 255, name
        assert f".target sm_{capability[0]}{capability[1]}" in made.ptx


# --- simulated --------------------------------------------------------------------------------------------------------


def test_the_simulated_gpu_fits_as_the_cpu_does() -> None:
    """`evaluate` with the kernels run by Numba's simulator, which must be chosen before Numba is imported."""
    here = os.path.dirname(__file__)
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": path}
    command = [sys.executable, "-c", "import test_functions_cuda as here; here.simulate()"]
    done = subprocess.run(command, env=environment, cwd=os.path.dirname(here), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def simulate() -> None:
    """What the test above runs."""
    gpu = problem(SOME, devices.resolve("cuda"))
    batch, keys = programs(gpu, 30)
    scores, constants = gpu.evaluate(0, batch, keys)
    theirs, _ = problem(SOME).evaluate(0, batch, keys)
    assert np.array_equal(scores[:, 0], theirs[:, 0])
    assert agreement(scores[:, 1], theirs[:, 1]) >= 0.9, np.c_[scores[:, 1], theirs[:, 1]]
    # neither order nor what fits into memory at once matters
    back = np.arange(30)[::-1]
    gpu._on_gpu[0]._batches.size = 7
    again, kept = gpu.evaluate(0, batch[back], keys[back])
    assert again[back].tobytes() == scores.tobytes() and kept[back].tobytes() == constants.tobytes()
    assert gpu.evaluate(0, batch[:0], keys[:0])[0].shape == (0, 2)


# --- run --------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(SIMULATED or not devices.choose("auto")[0].is_cuda, reason="no GPU")
def test_a_gpu_fits_as_the_cpu_does() -> None:
    gpu = FunctionProblem(FunctionConfig())
    gpu.device = devices.resolve("cuda")
    batch, keys = programs(gpu, 1000)
    for stage in (0, 1):
        scores, _ = gpu.evaluate(stage, batch, keys)
        theirs, _ = FunctionProblem(FunctionConfig()).evaluate(stage, batch, keys)
        assert np.mean(np.isclose(scores[:, 1], theirs[:, 1], rtol=CLOSE, atol=0.0)) > 0.8
        finite = np.isfinite(scores[:, 1]) & np.isfinite(theirs[:, 1]) & (theirs[:, 1] > 0)
        assert abs(np.mean(np.log(scores[finite, 1] / theirs[finite, 1]))) < 0.2  # and neither fits better
