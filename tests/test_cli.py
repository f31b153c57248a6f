"""The command line: what it prints, what it exits with, and that a mistake is one line."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from discover import cli, output
from discover.store import Store

pytestmark = pytest.mark.usefixtures("toy")


class Result(tuple):
    code = property(lambda self: self[0])
    out = property(lambda self: self[1])
    err = property(lambda self: self[2])

    @property
    def json(self):
        return json.loads(self.out, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))


@pytest.fixture
def discover(monkeypatch, capsys, tmp_path):
    """Run a command in an empty folder; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*args) -> Result:
        monkeypatch.setattr(sys, "argv", ["discover", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        return Result((end.value.code or 0, *capsys.readouterr()))

    return command


@pytest.fixture
def mistake(discover):
    """Run a command that must fail in one line; gives the line."""

    def command(*args) -> str:
        result = discover(*args)
        assert result.code == 2 and result.out == "", result
        assert result.err.startswith("discover: ") and result.err.count("\n") == 1, result.err
        return result.err

    return command


def test_a_search_from_run_to_export(discover):
    ran = discover("run", "toy/one", "--seed", 3, "--budget", 320, "--out", "r", "--progress", "plain")
    assert (ran.code, ran.out) == (0, "r\n") and "100%" in ran.err and "polishing the best of" in ran.err
    assert "| error by operations 1: " in ran.err

    found = discover("top", "r", "--json").json
    assert found and set(found[0]) == {"id", "program", "objectives", "descriptors"}
    assert [f["objectives"]["error"] for f in found] == sorted(f["objectives"]["error"] for f in found)
    assert discover("top", "r", "--json", "--limit", 1).json == found[:1]
    best = found[0]["id"]
    assert best in discover("top", "r").out

    about = discover("show", "r", "--json").json
    assert about["status"] == "done" and about["seed"] == 3 and len(about["digest"]) == 64
    one = discover("show", "r", best, "--json").json
    assert one["objectives"] == found[0]["objectives"] and one["provenance"]["seed"] == 3
    shown = discover("show", "r", best).out
    assert found[0]["program"].splitlines()[0] in shown
    assert "\nhow it came\n" in shown and " operations\n    were bred\n" in shown
    assert one["meaning"]["how it came"].endswith(" operations\nwere bred")

    assert discover("export", "r", "--to", "text").out.startswith("toy/one ")
    assert discover("export", "r", best, "--to", "text", "-o", "find.txt").code == 0
    assert Path("find.txt").read_text() == discover("export", "r", best[:6], "--to", "text").out
    assert discover("verify", "r").code == 0
    assert discover("doctor", "r").code == 0


def test_a_search_from_a_file_of_ones_own_is_exported_verified_and_found_again(discover):
    effort = "{starts = 4, short = 2, steps = 4, long = 1, more = 8, lawson = 0}"
    problem = f"[problem]\nmax_operations = 2\nhurdle = {effort}\n"
    Path("mine.toml").write_text(f'search = "functions"\n{problem}[strategy]\nbatch = 64\n[run]\nbudget = 64\n')
    assert discover("run", "mine.toml", "--out", "r").code == 0
    assert discover("export", "r", "-o", "find.py").code == 0
    assert discover("verify", "find.py").code == 0
    best = discover("top", "r", "--json").json[0]
    again = discover("show", "r", best["id"], "--json").json["provenance"]["reproduce"]
    assert again.startswith("discover run functions/exp2 --seed 0 --budget 64 --set ")
    assert discover(*shlex.split(again)[1:], "--out", "again").code == 0
    assert discover("top", "again", "--json").json[0] == best


def test_the_run_folder_has_a_name_that_is_never_taken_twice(discover):
    first, second = (discover("run", "toy/one").out.strip() for _ in range(2))
    assert first.startswith("runs/toy-one-seed0-") and second == f"{first}-2"
    assert discover("show", Path(first).name, "--json").json["run"] == first
    os.utime(Path(first, "config.json"))
    assert discover("show", "latest", "--json").json["run"] == first


def test_workers_do_not_change_the_digest(discover):
    digests = set()
    for workers in (1, 2):
        discover("run", "toy/one", "--workers", workers, "--out", f"w{workers}")
        digests.add(discover("show", f"w{workers}", "--json").json["digest"])
    assert len(digests) == 1


def test_progress_as_json_lines(discover):
    lines = discover("run", "toy/one", "--progress", "json", "--out", "r").err.splitlines()
    seen = [json.loads(line) for line in lines]
    assert len(seen) == 10 and seen[-1]["candidates"] == seen[-1]["budget"] == 320


def test_no_number_is_invalid_json():
    values = {"a": np.inf, "b": -np.inf, "c": np.nan, "d": 0.1, "e": 5e-324}
    assert output.finite(values) == {"a": "inf", "b": "-inf", "c": "nan", "d": 0.1, "e": 5e-324}


def test_the_library_does_the_same(tmp_path, monkeypatch):
    import discover

    monkeypatch.chdir(tmp_path)
    seen = []
    run = discover.run("toy/one", seed=1, out="r", set=["problem.width=2"], observe=seen.append)
    assert run.status == "done" and seen[-1].candidates == 320
    assert run.top() and discover.load("r").digest == run.digest
    assert discover.export("r", to="text") == run.export(run.top()[0].id, "text")
    with pytest.raises(discover.UserError, match="did you mean 'text'"):
        run.export(to="txt")


# -- interrupted ------------------------------------------------------------------------------------------------------


def begin(*args, **more):
    command = [sys.executable, "-m", "discover", "run", "toy/one", "--progress", "json", *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


SIGNALS = [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGINT, 2), (signal.SIGKILL, 1), (signal.SIGKILL, 2)]


@pytest.mark.parametrize(("sign", "workers"), SIGNALS)
def test_interrupted_it_says_how_to_go_on_and_ends_in_the_same_digest(discover, tmp_path, sign, workers):
    discover("run", "toy/one", "--budget", 32_000, "--out", "whole")
    folder = tmp_path / "r"
    running = begin("--budget", 32_000, "--out", folder, "--workers", workers, start_new_session=True)
    while json.loads(running.stderr.readline())["generation"] < 5:
        pass
    if sign == signal.SIGINT:
        os.killpg(running.pid, sign)  # Ctrl-C reaches the workers too
    else:
        running.send_signal(sign)
    rest = running.communicate()[1]
    if sign == signal.SIGKILL:
        assert running.returncode == -sign
    else:
        assert running.returncode == 3, rest
        assert rest.splitlines()[-1].endswith(f"go on with: discover resume {folder}")
    assert "Traceback" not in rest

    about = discover("show", folder, "--json").json
    assert about["status"] == "interrupted" and about["generations"] >= 5
    assert discover("top", folder, "--json").json  # the best so far
    assert discover("resume", folder).code == 0
    whole = discover("show", "whole", "--json").json
    assert discover("show", folder, "--json").json["digest"] == whole["digest"]
    assert discover("resume", folder).code == 0  # done already: nothing happens


def test_ctrl_c_also_reaches_a_background_job_of_a_script(tmp_path):
    ignored = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}  # how a shell starts one
    running = begin("--budget", 32_000_000, "--out", tmp_path / "r", **ignored)
    running.stderr.readline()
    running.send_signal(signal.SIGINT)
    running.communicate()
    assert running.returncode == 3


def test_a_running_run_can_be_looked_at_but_not_resumed(discover, mistake, tmp_path):
    folder = tmp_path / "r"
    running = begin("--budget", 32_000_000, "--out", folder)
    try:
        running.stderr.readline()
        assert discover("show", folder, "--json").json["status"] == "running"
        assert discover("top", folder).code == 0
        assert f"process {running.pid} on" in mistake("resume", folder, "--progress", "json")
        assert "running, not done" in mistake("verify", folder)
    finally:
        running.kill()
        running.communicate()


# -- mistakes ---------------------------------------------------------------------------------------------------------


def test_mistakes_on_the_command_line(mistake):
    assert "did you mean 'toy/one'" in mistake("run", "toy/on")
    assert "impossible budget" in mistake("run", "toy/one", "--budget", 3)
    assert "run.seed" in mistake("run", "toy/one", "--seed", -1)
    assert "did you mean 'population'" in mistake("run", "toy/one", "--set", "popluation=3")
    assert "did you mean 'plain'" in mistake("run", "toy/one", "--progress", "plian")
    assert "no run 'nope'" in mistake("top", "nope")
    assert "no run in" in mistake("top", "latest")
    assert "no such file" in mistake("verify", "nope")
    assert not Path("runs").exists()


@pytest.mark.parametrize("args", [["--foo"], ["run"], ["nope"], ["run", "toy/one", "--budget", "many"]])
def test_what_is_no_command_exits_with_2(mistake, args):
    line = mistake(*args)
    assert "--help" in line, "where to look, in the same line"


def test_no_command_at_all_is_answered_with_help(discover):
    assert discover().code == 2 and "verify" in discover().out


def test_an_impossible_search_leaves_no_folder(mistake):
    wanted = ["functions/exp2", "--out", "r", "--set", 'primitives=["add","sinh"]']
    assert "'sinh'" in mistake("run", *wanted) and not Path("r").exists()


def test_bad_specs(mistake):
    Path("mine.toml").write_text('search = "toy"\n[run]\nbudgte = 3\n')
    assert "mine.toml" not in os.listdir("..") and "did you mean 'budget'" in mistake("run", "mine.toml")
    Path("mine.toml").write_text("[run")
    assert "not valid TOML" in mistake("run", "mine.toml")


def test_bad_folders(mistake, discover):
    Path("full").mkdir()
    Path("full", "thesis.tex").write_text("years of work")
    assert "not an empty folder" in mistake("run", "toy/one", "--out", "full")
    assert "not a run" in mistake("top", "full")
    discover("run", "toy/one", "--out", "r")
    assert "not an empty folder" in mistake("run", "toy/one", "--out", "r")
    assert "no find 'zzz'" in mistake("show", "r", "zzz")
    assert "did you mean 'text'" in mistake("export", "r", "--to", "txt")
    assert "cannot be written" in mistake("export", "r", "--to", "text", "-o", "no/such/folder/f")
    assert "toy/one draws .png or .svg files" in mistake("report", "r", "--picture", "front.gif")
    assert "cannot be written" in mistake("run", "toy/one", "--out", "/dev/null/r")
    assert "cannot be written" in mistake("run", "toy/one", "--out", "/proc/r")
    store = Path("r", "run.sqlite")
    store.write_bytes(store.read_bytes()[:20_000])
    assert "run.sqlite: damaged" in mistake("doctor", "r")
    assert "run.sqlite: damaged" in mistake("resume", "r", "--progress", "json")


def test_a_claim_that_does_not_hold_is_found(discover):
    discover("run", "toy/one", "--out", "r")
    with Store.open("r") as store:
        finds = store.finds()
        finds[0]["objectives"]["error"] /= 2
        finds[0]["objectives"]["error"] += 1e-3
        store.finish(finds)
    result = discover("verify", "r", "--json")
    assert result.code == 2 and [c["ok"] for c in result.json].count(False) == 1


FULL = """
import resource, sys
import discover.cli
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
sys.argv[1:] = ["run", "toy/one", "--budget", "320000", "--out", "r"]
discover.cli.main()
"""


@pytest.mark.parametrize(
    ("program", "message"),
    [("y = sinh(x)", "sinh"), ("y = x +", "line 1"), ("y = exp(x)", "exp"), ("", "y"), ("y = x; import os", "line 1")],
)
def test_an_edited_program_is_refused(discover, mistake, program, message):
    discover("run", "toy/one", "--out", "r")
    with sqlite3.connect("r/run.sqlite") as db:
        db.execute("UPDATE finds SET program = ? WHERE position = 0", (program,))
    db.close()
    assert message in mistake("top", "r")
    assert "do not match" in mistake("doctor", "r")


@pytest.mark.parametrize(("column", "text"), [("objectives", "{"), ("objectives", "[]"), ("descriptors", "3")])
def test_an_edited_find_is_refused(discover, mistake, column, text):
    discover("run", "toy/one", "--out", "r")
    with sqlite3.connect("r/run.sqlite") as db:
        db.execute(f"UPDATE finds SET {column} = ? WHERE position = 0", (text,))
    db.close()
    assert "damaged or edited" in mistake("top", "r")


def test_a_full_disk_is_a_mistake_that_can_be_mended(discover):
    result = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True)
    assert result.returncode == 2
    assert "disk full" in result.stderr.splitlines()[-1] and "discover resume r" in result.stderr.splitlines()[-1]
    assert discover("doctor", "r").code == 0
    with Store.read("r") as store:
        assert store.last()[0] > 0


def test_doctor_looks_at_the_machine(discover):
    rows = discover("doctor", "--json").json
    assert {"python", "numba", "disk", "subnormals", "search toy"} <= {row["check"] for row in rows}


def test_list_and_version(discover):
    rows = {row["name"]: row for row in discover("list", "--json").json}
    assert rows["toy/one"]["summary"] == "the smallest search" and rows["toy/one"]["budget"] == 320
    assert discover("--version").out == "discover-programs 0.1.0\n"
