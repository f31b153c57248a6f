"""Which device a search runs on, and what is said where it cannot; none of this needs a GPU."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from discover import runs, spec
from discover.errors import UserError
from primitives.gpu import devices
from primitives.gpu.devices import CPU, Batches, Device, DeviceError
from primitives.gpu.graph import recorded

OLD = Device("cuda", 1, "Tesla V100", (7, 0), 16 << 30)
CARD = Device("cuda", 0, "H100", (9, 0), 80 << 30)


def without_gpu() -> bool:
    return devices.choose("auto")[0] == CPU


def test_names_of_devices() -> None:
    assert devices.resolve("cpu") == CPU and str(CPU) == "cpu" and str(OLD) == "cuda:1"
    for text in ("gpu", "cuda:", "cuda:-1", "cuda:x", "", "auto"):
        with pytest.raises(DeviceError, match="it is auto, cpu, cuda or cuda:N"):
            devices.resolve(text)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"cuda needs the extra cuda: pip install 'discover-programs\[cuda\]'"):
        devices.resolve("cuda")
    assert devices.choose("auto")[0] == CPU


def test_a_card_too_old_or_too_full_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"cuda:1 \(Tesla V100\) has compute capability 7.0; 8.0 is the least"):
        devices.check(OLD, 8 << 30)
    with pytest.raises(DeviceError, match=r"cuda:0 \(H100\) has 0.2 GiB free"):
        devices.check(CARD, 200 << 20)
    devices.check(CARD, 8 << 30)


class OutOfMemoryError(RuntimeError):
    """As torch's is called."""


def test_out_of_memory_halves_the_batch_and_says_so() -> None:
    """What fitted is kept to, also by later work."""
    said: list[str] = []
    batches = Batches(CARD, 100, "trainings", said.append)

    def work(part: slice) -> int:
        if part.stop - part.start > 30:
            raise OutOfMemoryError("CUDA out of memory")
        return part.stop - part.start

    assert batches.run(100, work) == [25, 25, 25, 25]
    assert batches.run(60, work) == [25, 25, 10]
    assert said == [f"cuda:0 is out of memory; from here on {n} trainings at a time" for n in (50, 25)]
    with pytest.raises(DeviceError, match="cuda:0: out of memory for one of the trainings"):
        Batches(CARD, 1, "trainings", said.append).run(1, lambda part: work(slice(0, 100)))
    with pytest.raises(ZeroDivisionError):  # anything else is nobody's memory
        batches.run(1, lambda part: 1 // 0)


@pytest.mark.usefixtures("toy")
def test_the_device_is_recorded_where_it_is_a_gpu() -> None:
    """On the CPU a config is what it was before there were devices; which of several GPUs does not matter."""
    plain = spec.load("toy/one")
    gpu = spec.load("toy/one", ["run.device=cuda:1"])
    assert "device" not in plain.config["run"] and plain.config_hash == spec.load("toy/one", ["device=cpu"]).config_hash
    assert gpu.config["run"]["device"] == "cuda" and gpu.config_hash != plain.config_hash
    assert plain.task == plain.run.chunk and gpu.task == gpu.strategy.batch
    with pytest.raises(UserError, match=r"run.device: 'gpu' is not auto, cpu, cuda or cuda:N"):
        spec.load("toy/one", ["device=gpu"])


@pytest.mark.usefixtures("toy")
def test_a_search_says_which_devices_it_runs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "resolve", lambda text: CPU if text == "cpu" else CARD)
    with pytest.raises(UserError, match="toy/one runs on cpu only"):
        runs.run("toy/one", device="cuda", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("toy")
def test_a_run_goes_on_where_its_scores_are_from(tmp_path: Path) -> None:
    done = runs.run("toy/one", budget=64, out=tmp_path / "run", set=["strategy.batch=32"])
    assert done.on(None, "cpu").run.device == "cpu"
    with pytest.raises(UserError, match="its scores are of cpu, not of cuda:0; begin a new run there"):
        done.on(None, "cuda:0")


@pytest.mark.skipif(not without_gpu(), reason="there is a GPU")
@pytest.mark.usefixtures("toy")
def test_auto_falls_back_on_the_cpu_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    settled = runs.settled(spec.load("toy/one", ["device=auto"]))
    assert settled.run.device == "cpu"
    said = capsys.readouterr().err
    assert said.startswith("discover: no GPU is used, the CPU is: ") and said.count("\n") == 1
    with pytest.raises(DeviceError):
        runs.settled(spec.load("toy/one", ["device=cuda"]))


@pytest.mark.skipif(not without_gpu(), reason="there is a GPU")
def test_the_command_tells_in_one_line_what_is_missing(tmp_path: Path) -> None:
    """No folder is left, no traceback is shown."""
    command = [sys.executable, "-m", "discover", "run", "functions/exp2", "--device", "cuda", "--out", "run"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stdout == "" and ended.stderr.count("\n") == 1
    assert "no NVIDIA driver answers" in ended.stderr or "needs the extra cuda" in ended.stderr
    assert ended.stderr.rstrip().endswith("take --device cpu") and not list(tmp_path.iterdir())


def test_why_a_record_of_a_step_ended_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch raises another error when it ends the record of a step that ran out of memory."""
    torch = pytest.importorskip("torch")

    @contextlib.contextmanager
    def ends_badly(graph: object, stream: object) -> Iterator[None]:
        try:
            yield
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    def step(error: Exception) -> None:
        raise error

    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "device", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "graph", ends_badly)
    with pytest.raises(torch.OutOfMemoryError):
        recorded(lambda: step(torch.OutOfMemoryError("CUDA out of memory")), None)
    with pytest.raises(RuntimeError, match="during capture"):
        recorded(lambda: step(ValueError("another mistake")), None)
