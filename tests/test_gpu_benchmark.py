"""What `python -m benchmarks.cuda` counts without a GPU: occupancy, distances, instructions of a node."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba_cuda")

from benchmarks.gpu import limits, sass
from benchmarks.gpu.counts import chain, executed
from benchmarks.gpu.emulated import watched
from benchmarks.gpu.parity import distance
from primitives.evaluators.cuda import CudaEvaluator
from primitives.table import ARITHMETIC

A100, H100 = limits.CARDS[8, 0], limits.CARDS[9, 0]


def test_warps_that_an_sm_holds() -> None:
    """As NVIDIA's occupancy calculator has them."""
    assert limits.warps(H100, 32, 0, 128) == (64, "warps")
    assert limits.warps(H100, 59, 11264, 128) == (32, "registers")  # 64 registers a thread are taken
    assert limits.warps(H100, 255, 0, 128) == (8, "registers")
    assert limits.warps(A100, 32, 40 * 1024, 128) == (16, "shared memory")
    assert limits.warps(A100, 16, 0, 32) == (32, "blocks")


def test_what_a_card_can_do_at_most() -> None:
    """The pipe that is full first decides."""
    assert limits.bound(H100, {"issue": 10.0}) == (H100.issue / 10, "issue")
    assert limits.bound(H100, {"issue": 10.0, "special": 2.0})[1] == "special"


def test_steps_from_a_number_to_another() -> None:
    for dtype in (np.float32, np.float64):
        one, nan = dtype(1), dtype(np.nan)
        a = np.array([1, 1, -1, 0, nan, nan], dtype)
        b = np.array([1, np.nextafter(one, dtype(2)), np.nextafter(-one, dtype(0)), -0.0, nan, 1], dtype)
        assert distance(a, b).tolist() == [0, 1, 1, 1, 0, np.inf]


def test_instructions_of_the_machine_by_pipe() -> None:
    needs = sass.needs({"FFMA": 3, "DFMA": 2, "LDS.128": 1, "STS": 1, "MUFU.RCP": 1, "IADD3": 4, "I2F": 1, "BRA": 1})
    assert needs == {"issue": 14, "float32": 3, "integer": 4, "float64": 2, "special": 2, "shared": 5}


def test_a_node_is_counted_where_the_kernel_runs() -> None:
    """Two more additions on the rows of four warps, each with four rows of a thread."""
    hits = []
    for length in (1, 3):
        with watched((9, 0), count=True) as (device, made):
            evaluator = CudaEvaluator(ARITHMETIC, "float32", device)
            evaluator.loss(chain(ARITHMETIC, "add", length), np.ones((4, 512), np.float32), np.zeros(512))
        (kernel,) = made
        assert kernel.function == "evaluate" and kernel.block == 128 and executed(kernel, (9, 0))["issue"] > 0
        additions = [n for n, line in enumerate(kernel.compiled.ptx.splitlines(), 1) if "add.rn.f32" in line]
        hits.append(sum(kernel.hits[line] for line in additions))
    assert hits[1] - hits[0] == 2 * 4 * 4
