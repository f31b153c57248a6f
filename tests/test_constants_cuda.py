"""Fractions on a GPU: the bits of the CPU, the same hits of whole boxes; by the emulator and by Numba's simulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

pytest.importorskip("numba_cuda")
from numba.cuda.dispatcher import CUDADispatcher

from primitives.gpu import emulator_device
from primitives.gpu.compile import assemble, compile_for
from primitives.gpu.emulator_device import emulated_gpu
from searches.constants import evaluate
from searches.constants.box import BoxSweep
from searches.constants.config import BoxConfig, ConstantsConfig
from searches.constants.enumeration import Box
from searches.constants.gpu import compact, double, first, match, rows, sieve

HOT = ("carry", "convergents_of", "exact", "wide")  # kernels that take the time
IDENTIFY = {"constants": ["circle", "logarithm", "bessel"], "coefficients": 3}
PLAIN = {"a": ((-2, 2), (-2, 2)), "b": ((0, 1), (-1, 1), (-1, 1)), "depth": 300}
# 18 x 19 vectors for each of 30 products: long enough for a table of residues modulo 7
SIEVED = {"a": ((-8, 9), (-9, 9)), "symmetric": True, "odd": True, "b": (), "factors": 4, "content": (-1, 1),
          "depth": 100, "sieve": True}  # fmt: skip


@pytest.fixture(scope="module")
def compiled():
    """Name of a kernel -> what it was compiled to on the emulated GPU."""
    return defaultdict(list)


@pytest.fixture(scope="module")
def emulated(compiled):
    """A GPU that is emulated: whatever is launched is compiled as for a real one."""

    def remembered(kernel, signature, capability):
        compiled[kernel.py_func.__name__].append(compile_for(kernel, signature, capability))
        return compiled[kernel.py_func.__name__][-1]

    for kept in (first.powers, sieve.expansions):
        kept.cache_clear()
    with patch.multiple(emulator_device, compile_for=remembered, _emulators={}), emulated_gpu() as device:
        yield device
    for kept in (first.powers, sieve.expansions):
        kept.cache_clear()


def sweep(box, device=None):
    made = BoxSweep(ConstantsConfig(identify=IDENTIFY, box=box))
    if device is not None:
        made.device = device
    return made


def fractions(n, terms_a, terms_b, largest, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(-largest, largest + 1, (n, terms)) for terms in (terms_a, terms_b))


def same(x, y):
    """Equal to the bit, and of one type."""
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()


def test_a_whole_box_has_the_hits_and_counts_of_the_cpu(emulated):
    counts, hits = sweep(PLAIN).scan(0, 408)
    assert counts["reduce"] == 408 and counts["confirmed"] and counts["algebraic"] and counts["rational"]
    on_gpu, found = sweep(PLAIN, emulated).scan(0, 408)
    assert on_gpu == counts and all(same(found[name], hits[name]) for name in hits)


def test_a_sieved_box_has_the_hits_of_the_cpu(emulated):
    there, here = sweep(SIEVED, emulated), sweep(SIEVED)
    counts, hits = here.scan(1400, 2100)
    on_gpu, found = there.scan(1400, 2100)
    assert on_gpu == counts and 0 < counts["reduce"] < 100
    assert all(same(found[name], hits[name]) for name in hits)


@pytest.mark.parametrize(
    "config",
    [
        {"a": ((-2, 1), (0, 3)), "b": ((-1, 2), (0, 1))},
        {"a": ((-2, 2), (-1, 1)), "half": True, "symmetric": True, "b": (), "factors": 2, "slopes": 2},
        {"a": ((1, 3),), "b": ((0, 2), (-3, 0), (1, 1))},
    ],
)
def test_numbers_are_those_of_the_box(config, emulated):
    box = Box(BoxConfig(**config))
    start, stop = box.total // 3, min(box.total, box.total // 3 + 120)
    on_gpu = rows.Rows(box).rows(stop - start, start)
    assert all(map(same, on_gpu, box.rows(np.arange(start, stop))))


def test_values_and_digits_are_the_cpu_s_to_the_bit(emulated):
    a, b = fractions(70, 4, 7, 300)  # beyond 2^53 where they go deep
    for on_gpu, on_cpu in ((first.first_pass, evaluate.first_pass), (double.doubledouble, evaluate.doubledouble)):
        x, y = on_gpu(a, b, 2000), on_cpu(a, b, 2000)
        assert all(same(getattr(x, name), getattr(y, name)) for name in vars(y))
        assert np.median(y.digits) > (30 if on_cpu is evaluate.doubledouble else 14)
    assert same(first.convergents(a[:40], b[:40], 50), evaluate.convergents(a[:40], b[:40], 50))


def test_fractions_with_numbers_too_large_are_told_as_on_the_cpu(emulated):
    a, b = fractions(40, 4, 8, 2**30)
    x, y = first.first_pass(a, b, 5000), evaluate.first_pass(a, b, 5000)
    assert all(same(getattr(x, name), getattr(y, name)) for name in vars(y))
    assert {evaluate.Kind.OVERFLOW, evaluate.Kind.CONVERGES} <= set(y.kind)


def test_flags_are_gathered_in_order(emulated):
    flags = np.random.default_rng(0).integers(0, 2, 1000).astype(np.uint8)
    for n in (0, 1, 63, 64, 65, 1000):
        assert same(compact.flagged(flags, n), np.flatnonzero(flags[:n]))


def test_all_kernels_ran_and_none_needs_local_memory(emulated, compiled):
    """Those that the tests above compiled."""
    modules = compact, first, double, rows, sieve, match
    assert {name for m in modules for name, value in vars(m).items() if isinstance(value, CUDADispatcher)} == set(
        compiled
    )
    for name, made in compiled.items():
        for one in made:
            later = assemble(one.ptx, (9, 0))
            assert one.local == later.local == 0 and ".local" not in one.ptx, name
            assert max(one.registers, later.registers) <= (72 if name in HOT else 144), name


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from primitives.gpu.devices import DeviceError, resolve
from test_constants_cuda import PLAIN, SIEVED, same, sweep
try:
    device = resolve("cuda")
except DeviceError as error:
    sys.exit(f"skipped: {{error}}")
for box, stop in ((PLAIN, {stop}), (SIEVED, {sieved})):
    counts, hits = sweep(box).scan(0, stop)
    on_gpu, found = sweep(box, device).scan(0, stop)
    assert on_gpu == counts and all(same(found[name], hits[name]) for name in hits)
if {rates}:
    from searches.constants.gpu.rate import rates
    assert all(rate.equal for rate in rates(device, 1 << 14, 1000, 1, 1 << 14))
"""


@pytest.mark.parametrize(
    ("simulated", "sizes"),
    [("1", {"stop": 100, "sieved": 60, "rates": False}), ("0", {"stop": 408, "sieved": 3410, "rates": True})],
    ids=["simulator", "gpu"],
)
def test_a_device_has_the_hits_of_the_cpu(simulated, sizes):
    folder = Path(__file__).parent
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": simulated}
    script = [sys.executable, "-c", SCRIPT.format(tests=str(folder), **sizes)]
    done = subprocess.run(script, cwd=folder.parent, env=environment, capture_output=True, text=True)
    if done.stderr.startswith("skipped"):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
