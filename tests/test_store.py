"""The run folder: what goes in comes out bit for bit, whoever is killed, whoever looks, however full the disk."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from discover import lock
from discover.blobs import Blob, decode, encode
from discover.errors import UserError
from discover.store import DiskFull, Store

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1.7976931348623157e308, 2.0**-1022]
ROOT = Path(__file__).resolve().parent.parent


def generation(g: int) -> dict:
    """A generation that is a function of its number, as a search's is."""
    rng = np.random.default_rng(g)
    return {
        "generation": g,
        "row": {"best": float(rng.standard_normal()), "scored": int(rng.integers(100)), "note": f"g{g}"},
        "records": {"score": rng.standard_normal((50, 2)), "key": rng.integers(0, 2**63, 50, np.uint64)},
        "state": {"population": np.full((40, 40), g, np.int16), "constants": rng.standard_normal(30)},
        "timing": {"evaluation": time.perf_counter() % 1},
    }


def test_a_generation_comes_back(tmp_path):
    with Store.create(tmp_path / "r", {"search": "toy"}) as store:
        assert store.last() is None and store.status == "running"
        for g in range(3):
            store.commit(**generation(g))
    with Store.read(tmp_path / "r") as store:
        last, state = store.last()
        assert last == 2 and (state["population"] == 2).all()
        assert [row.row["note"] for row in store.generations()] == ["g0", "g1", "g2"]
        scores = list(store.records("score"))
        assert [a.tobytes() for a in scores] == [generation(g)["records"]["score"].tobytes() for g in range(3)]
        assert store.config == {"search": "toy"} and store.status == "interrupted"
        assert set(store.timings()) == {"evaluation"}


def bits(array: np.ndarray) -> tuple:
    return array.dtype, array.shape, array.tobytes()


@given(
    hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int16, np.uint64, np.bool_]),
        hnp.array_shapes(min_dims=0, min_side=0),
    )
)
def test_arrays_survive_bit_for_bit(array):
    assert bits(decode(encode(array))) == bits(array)


@given(st.lists(st.one_of(st.sampled_from(SPECIAL), st.floats()), max_size=200))
def test_floats_survive_bit_for_bit(values):
    array = np.array(values, np.float64)
    assert bits(decode(encode(array))) == bits(array)


def test_nan_payloads_big_endian_and_strided_arrays_survive():
    payload = np.array([0x7FF8DEADBEEF0001, 0xFFF0000000000123], np.uint64).view(np.float64)
    assert bits(decode(encode(payload))) == bits(payload)
    grid = np.arange(12.0).reshape(3, 4)
    assert (decode(encode(grid[:, ::2].T)) == grid[:, ::2].T).all()
    assert (decode(encode(grid.astype(">f8"))) == grid).all()


def test_compression_only_where_it_pays():
    assert encode(np.zeros(10_000)).codec == "zlib"
    assert encode(np.random.default_rng(0).standard_normal(10_000)).codec == "raw"


def test_objects_and_damaged_blobs_are_refused():
    with pytest.raises(TypeError, match="object"):
        encode(np.array([object()]))
    good = encode(np.zeros(10_000))
    bomb = encode(np.zeros(10_000_000))
    bad = [
        good._replace(data=good.data[:-5]),
        good._replace(data=b"not zlib"),
        good._replace(shape="[-1]"),
        good._replace(dtype="|O"),
        good._replace(codec="pickle"),
        Blob("<f8", "[2]", "raw", b"short"),
        good._replace(data=bomb.data),  # 80 MB in a blob that says 80 kB: refused without unpacking it
    ]
    for blob in bad:
        with pytest.raises(ValueError):
            decode(blob)


@settings(deadline=None, max_examples=20)
@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.floats(), st.sampled_from(SPECIAL), st.text())))
def test_rows_survive(tmp_path_factory, row):
    with Store.create(tmp_path_factory.mktemp("rows") / "r", {}) as store:
        store.commit(0, row, {}, {})
        back = store.generations()[0].row
    assert {k: v.hex() if isinstance(v, float) else v for k, v in back.items()} == {
        k: v.hex() if isinstance(v, float) else v for k, v in row.items()
    }


def test_the_digest_covers_records_and_finds_but_not_times(tmp_path):
    def digest(name, change=None, finds=()):
        with Store.create(tmp_path / name, {}) as store:
            for g in range(3):
                one = generation(g)
                if change and g == 1:
                    change(one)
                store.commit(**one)
            if finds:
                store.finish(finds)
            return store.digest()

    find = {"id": "a", "program": "y = x", "objectives": {"error": 0.1}, "descriptors": {"size": 1}}
    reference = digest("a")
    assert digest("b", lambda one: one["timing"].update(evaluation=9.0)) == reference
    others = [
        digest("c", lambda one: one["row"].update(best=0.0)),
        digest("d", lambda one: one["records"]["score"].__setitem__((0, 0), -0.0)),
        digest("e", finds=[find]),
        digest("f", finds=[find | {"objectives": {"error": np.nextafter(0.1, 1)}}]),
    ]
    assert len({reference, *others}) == 5


def test_finds_keep_their_order_and_special_values(tmp_path):
    finds = [
        {"id": str(i), "program": "y = x", "objectives": {"error": v}, "descriptors": {"size": i}}
        for i, v in enumerate(SPECIAL)
    ]
    with Store.create(tmp_path / "r", {}) as store:
        store.finish(finds)
        assert store.status == "done"
    with Store.read(tmp_path / "r") as store:
        assert store.status == "done"
        back = store.finds()
    assert [f["id"] for f in back] == [f["id"] for f in finds]
    assert [f["objectives"]["error"].hex() for f in back] == [float(v).hex() for v in SPECIAL]


def test_generations_follow_each_other(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.commit(**generation(0))
        with pytest.raises(ValueError, match="generation 2 does not follow generation 0"):
            store.commit(**generation(2))
        store.commit(**generation(1))
        assert store.last()[0] == 1


def test_a_finished_run_is_one_plain_file(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.commit(**generation(0))
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["config.json", "run.lock", "run.sqlite"]


# -- one writer, many observers ---------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_and_the_first_is_named(tmp_path):
    folder = tmp_path / "r"
    with Store.create(folder, {}) as store:
        with pytest.raises(UserError, match=f"process {os.getpid()} on .* writes this run"):
            Store.open(folder)
        store.commit(**generation(0))
    with Store.open(folder) as store:
        store.commit(**generation(1))


def test_a_dead_writers_lock_is_no_obstacle(tmp_path):
    folder = tmp_path / "r"
    Store.create(folder, {}).close()
    (folder / lock.NAME).write_text("process 1 on nowhere\n")
    with Store.open(folder) as store:
        store.commit(**generation(0))


def test_a_full_folder_is_not_overwritten(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="not an empty folder"):
        Store.create(tmp_path, {})
    with pytest.raises(UserError, match="not an empty folder"):
        Store.create(tmp_path / "thesis.tex", {})
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_an_observer_neither_writes_nor_holds_up_the_writer(tmp_path):
    folder = tmp_path / "r"
    with Store.create(folder, {}) as store:
        store.commit(**generation(0))
        observers = [Store.read(folder) for _ in range(20)]
        observers[0]._db.execute("BEGIN")  # one that looks for ever: it sees one moment of the run, ...
        assert observers[0].last()[0] == 0
        store._db.execute("PRAGMA busy_timeout=0")  # ... and the writer never waits, not even once
        for g in range(1, 30):
            store.commit(**generation(g))
            assert observers[g % 19 + 1].last()[0] == g
        assert observers[0].last()[0] == 0
        with pytest.raises(ValueError, match="reading only"):
            observers[1].commit(**generation(30))
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            observers[1]._db.execute("DELETE FROM generations")
        for observer in observers:
            observer.close()
        store.check()


def test_a_finished_run_can_be_read_from_a_read_only_folder(tmp_path):
    folder = tmp_path / "r"
    with Store.create(folder, {}) as store:
        store.commit(**generation(0))
    folder.chmod(0o555)
    try:
        with Store.read(folder) as store:
            assert store.last()[0] == 0
    finally:
        folder.chmod(0o755)


# -- killed, full, damaged --------------------------------------------------------------------------------------------

WRITER = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from test_store import generation
from discover.store import Store
folder = Path({folder!r})
store = Store.open(folder) if (folder / "run.sqlite").exists() else Store.create(folder, {{"search": "toy"}})
last = store.last()
assert last is None or (last[1]["population"] == last[0]).all()  # state and generation belong together
print("open", flush=True)
for g in range(0 if last is None else last[0] + 1, 300):
    store.commit(**generation(g))
store.finish([])
"""


def test_killed_at_any_moment_it_goes_on_to_the_same_digest(tmp_path):
    with Store.create(tmp_path / "whole", {"search": "toy"}) as store:
        for g in range(300):
            store.commit(**generation(g))
        store.finish([])
        reference = store.digest()
    folder = tmp_path / "r"
    script = WRITER.format(root=str(ROOT), tests=str(ROOT / "tests"), folder=str(folder))
    rng = random.Random(0)
    kills = 0
    while True:
        writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        if kills < 15:
            if kills % 5:  # every fifth one is killed while it starts
                writer.stdout.readline()
            time.sleep(rng.uniform(0, 0.03) if kills % 5 else rng.uniform(0, 0.4))
            writer.send_signal(signal.SIGKILL)
            kills += 1
        code = writer.wait()
        if (folder / "run.sqlite").exists():
            with Store.read(folder) as store:
                store.check()
                last = store.last()
                assert last is None or (last[1]["population"] == last[0]).all()
        if code == 0:
            break
        assert code == -signal.SIGKILL
    with Store.read(folder) as store:
        assert store.status == "done" and store.digest() == reference


def test_a_kill_inside_create_leaves_a_folder_that_can_be_used_again(tmp_path):
    for name in ("config.json", "run.lock", "run.sqlite.new"):
        (tmp_path / name).write_text("half written")
    with Store.create(tmp_path, {}) as store:
        store.commit(**generation(0))


def test_a_full_disk_loses_nothing_and_is_one_line(tmp_path):
    folder = tmp_path / "r"
    with Store.create(folder, {}) as store:
        for g in range(5):
            store.commit(**generation(g))
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(DiskFull, match=f"disk full.*discover resume {re.escape(str(folder))}") as caught:
            for g in range(5, 1000):
                store.commit(**generation(g))
        assert "\n" not in str(caught.value)
        reached = store.last()[0]
    with Store.open(folder) as store:  # with room again
        assert store.last()[0] == reached
        store.commit(**generation(reached + 1))
        store.check()


FULL = """
import resource, sys
sys.path[:0] = [{root!r}, {tests!r}]
from test_store import generation
from discover.store import DiskFull, Store
store = Store.create({folder!r}, {{}})
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # every file of this process: the log too
try:
    for g in range(1000):
        store.commit(**generation(g))
except DiskFull:
    print(g)
store.close()
"""


def test_a_write_that_fails_in_the_file_system_loses_nothing(tmp_path):
    folder = tmp_path / "r"
    script = FULL.format(root=str(ROOT), tests=str(ROOT / "tests"), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    failed = int(done.stdout)
    with Store.open(folder) as store:
        assert store.last()[0] == failed - 1 > 0
        store.commit(**generation(failed))
        store.check()


def damaged_run(folder: Path) -> Path:
    with Store.create(folder, {"search": "toy"}) as store:
        for g in range(10):
            store.commit(**generation(g))
    return folder / "run.sqlite"


@pytest.mark.parametrize("keep", [0, 1, 50, 100, 5_000, 16_384, 40_000, -16_384])
def test_a_truncated_store_is_refused_in_one_line(tmp_path, keep):
    path = damaged_run(tmp_path / "r")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError) as caught:
        Store.open(tmp_path / "r")
    assert "run.sqlite" in str(caught.value) and "\n" not in str(caught.value)


def test_no_flipped_bit_of_a_record_goes_unnoticed(tmp_path):
    path = damaged_run(tmp_path / "r")
    good = bytearray(path.read_bytes())
    needle = generation(4)["records"]["score"].tobytes()[:64]
    at = good.index(needle) + 13
    good[at] ^= 0x10
    path.write_bytes(good)
    with pytest.raises(UserError, match="generation 4 does not match its digest"):
        Store.open(tmp_path / "r")


def test_a_damaged_state_is_neither_shown_nor_built_on(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.commit(**generation(0))
    changes = [
        "DELETE FROM state WHERE name = 'constants'",
        "UPDATE state SET data = zeroblob(length(data)) WHERE name = 'constants'",
        "UPDATE state SET data = x'00'",
        "UPDATE state SET dtype = 'O'",
        "UPDATE state SET shape = '{'",
    ]
    whole = (tmp_path / "r" / "run.sqlite").read_bytes()
    for change in changes:
        (tmp_path / "r" / "run.sqlite").write_bytes(whole)
        with sqlite3.connect(tmp_path / "r" / "run.sqlite") as db:
            db.execute(change)
        db.close()
        with pytest.raises(UserError, match="damaged"):
            Store.open(tmp_path / "r")
        with Store.read(tmp_path / "r") as store, pytest.raises(UserError, match="damaged"):
            store.last()


def test_an_edited_find_does_not_go_unnoticed(tmp_path):
    find = {"id": "a", "program": "y = x", "objectives": {"error": 0.1}, "descriptors": {"size": 1}}
    with Store.create(tmp_path / "r", {}) as store:
        store.finish([find])
    with sqlite3.connect(tmp_path / "r" / "run.sqlite") as db:
        db.execute("UPDATE finds SET program = 'y = x * x'")
    db.close()
    with Store.read(tmp_path / "r") as store, pytest.raises(UserError, match="finds do not match their digest"):
        store.check()


def test_a_hand_edited_config_is_refused(tmp_path):
    damaged_run(tmp_path / "r")
    config = tmp_path / "r" / "config.json"
    config.write_text(json.dumps({"search": "other"}))
    for opening in (Store.open, Store.read):
        with pytest.raises(UserError, match=r"config\.json: was edited"):
            opening(tmp_path / "r")


def test_not_a_run(tmp_path):
    with pytest.raises(UserError, match="not a run"):
        Store.read(tmp_path)
    (tmp_path / "run.sqlite").write_text("hello, I am a text file, and a long one at that" * 100)
    with pytest.raises(UserError, match="damaged or not a run store"):
        Store.read(tmp_path)
