"""The run folder and its store: one SQLite file, one transaction a generation.

Journal: WAL, `synchronous=NORMAL`. Readers of a WAL file never hold up the writer, however long they look (with a
rollback journal one slow reader blocks every commit), and a commit is one append. A process killed at any moment loses
at most the open transaction; a power cut may lose the last few generations, which a resume computes again. The
WAL-reset corruption of SQLite up to 3.51.2 needs two connections that write or checkpoint at once: here only the one
writer does either, under an exclusive lock on `run.lock`; readers open with mode=ro, which cannot checkpoint. When a
writer closes it folds the log back and leaves one plain file. WAL needs shared memory: a run folder is for local disks.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from discover import lock
from discover.blobs import Blob, decode, encode
from discover.database import DATABASE, DiskFull, connect_reader, connect_writer, disk, whole
from discover.errors import UserError
from discover.lock import Lock
from discover.rows import Value, row_text, row_values

__all__ = ["DATABASE", "DiskFull", "Generation", "Store"]

FORMAT = 1
CONFIG = "config.json"
UNBORN = {CONFIG, lock.NAME, f"{DATABASE}.new", f"{DATABASE}.new-journal"}  # what a kill inside `create` leaves
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE generations (generation INTEGER PRIMARY KEY, row TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE records (generation INTEGER NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL, shape TEXT NOT NULL,
    codec TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (generation, name));
CREATE TABLE state (name TEXT PRIMARY KEY, dtype TEXT NOT NULL, shape TEXT NOT NULL, codec TEXT NOT NULL,
    data BLOB NOT NULL);
CREATE TABLE timings (generation INTEGER NOT NULL, name TEXT NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (generation, name)) WITHOUT ROWID;
CREATE TABLE finds (position INTEGER PRIMARY KEY, id TEXT NOT NULL, program TEXT NOT NULL, objectives TEXT NOT NULL,
    descriptors TEXT NOT NULL);
"""


class Generation(NamedTuple):
    """One row of `Store.generations`."""

    generation: int
    row: dict[str, Value]
    digest: str


class Store:
    """A run folder. Make one with `create`, `open` (both: the one writer) or `read` (an observer)."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, held: Lock | None) -> None:
        self.folder = folder
        self._db = connection
        self._lock = held
        self._written: dict[str, bytes] = {}  # hash of each state array on file: unchanged ones are not written again
        self._mutex = threading.RLock()

    # -- opening ------------------------------------------------------------------------------------------------------

    @staticmethod
    def create(folder: str | Path, config: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Store:
        """A new run folder, for writing. `config` is JSON data and part of the digest; `environment` is only noted.

        Raises UserError if the folder exists and is not empty.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(p.name not in UNBORN for p in folder.iterdir())):
            raise UserError(f"{folder}: not an empty folder; choose another, or continue: discover resume {folder}")
        with disk(folder):
            folder.mkdir(parents=True, exist_ok=True)
            held = Lock.take(folder)
            text = json.dumps(config, sort_keys=True, indent=2, allow_nan=False)
            try:
                # The database is complete before it gets its name: a kill leaves either no run or a whole one.
                (folder / CONFIG).write_text(text + "\n", encoding="utf-8")
                path = folder / f"{DATABASE}.new"
                for name in UNBORN - {CONFIG, lock.NAME}:
                    (folder / name).unlink(missing_ok=True)
                db = sqlite3.connect(path, isolation_level=None)
                meta = {
                    "format": str(FORMAT),
                    "config": text,
                    "environment": json.dumps(dict(environment or {}), sort_keys=True),
                }
                db.execute("PRAGMA page_size=16384")
                db.executescript(f"BEGIN;{SCHEMA}")
                db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
                db.execute("COMMIT")
                db.close()
                path.rename(folder / DATABASE)
                return Store(folder, connect_writer(folder), held)
            except BaseException:
                held.release()
                raise

    @staticmethod
    def open(folder: str | Path) -> Store:
        """An existing run, for writing. Raises UserError if another process writes it, or if it is damaged."""
        folder = _existing(folder)
        with disk(folder), ExitStack() as undo:
            held = Lock.take(folder)
            undo.callback(held.release)
            store = Store(folder, connect_writer(folder), held)
            undo.callback(store._db.close)
            store._check_meta()
            store.check()  # never build on damage
            undo.pop_all()
            return store

    @staticmethod
    def read(folder: str | Path) -> Store:
        """An existing run, for looking only: it never waits for the writer, nor the writer for it."""
        folder = _existing(folder)
        with disk(folder), ExitStack() as undo:
            store = Store(folder, connect_reader(folder), None)
            undo.callback(store.close)
            store._check_meta()
            undo.pop_all()
            return store

    def close(self) -> None:
        """End reading or writing; may be called twice."""
        with self._mutex:
            if self._lock is not None:
                with suppress(sqlite3.Error):  # one plain file again, unless an observer is looking just now
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self._db.execute("PRAGMA busy_timeout=0")
                    self._db.execute("PRAGMA journal_mode=DELETE")
            self._db.close()
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing ------------------------------------------------------------------------------------------------------

    def commit(
        self,
        generation: int,
        row: Mapping[str, Value],
        records: Mapping[str, np.ndarray],
        state: Mapping[str, np.ndarray],
        timing: Mapping[str, float] | None = None,
    ) -> None:
        """Store a generation in one transaction; `state` replaces the earlier one, `timing` (seconds) is in no digest.

        Raises DiskFull with nothing stored; ValueError if the generation is not the next one.
        """
        text = row_text(row)
        blobs = {name: encode(array) for name, array in records.items()}
        hashes = {name: _hash(array) for name, array in state.items()}
        changed = {name: encode(state[name]) for name in state if self._written.get(name) != hashes[name]}
        with self._transaction() as db:
            last, previous = self._last_digest()
            if last is not None and generation != last + 1:
                raise ValueError(f"generation {generation} does not follow generation {last}")
            digest = _chain(previous, generation, text, blobs)
            db.execute("INSERT INTO generations VALUES (?, ?, ?)", (generation, text, digest))
            db.executemany(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", [(generation, n, *b.columns) for n, b in blobs.items()]
            )
            gone = [(n,) for (n,) in db.execute("SELECT name FROM state") if n not in state]
            db.executemany("DELETE FROM state WHERE name = ?", gone)
            db.executemany(
                "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?)", [(n, *b.columns) for n, b in changed.items()]
            )
            db.executemany(
                "INSERT INTO timings VALUES (?, ?, ?)", [(generation, n, float(s)) for n, s in (timing or {}).items()]
            )
            db.execute("INSERT OR REPLACE INTO meta VALUES ('state', ?)", (_state_digest(hashes),))
        self._written = hashes

    def finish(self, finds: Sequence[Mapping[str, Any]], timing: Mapping[str, float] | None = None) -> None:
        """Store the final finds, best first, and mark the run as done; `timing` (seconds) adds to the others.

        A find is {"id", "program": text, "objectives": {name: float}, "descriptors": {name: int}}.
        """
        rows = [
            (i, str(f["id"]), str(f["program"]), row_text(f["objectives"]), row_text(f["descriptors"]))
            for i, f in enumerate(finds)
        ]
        with self._transaction() as db:
            db.execute("DELETE FROM finds")
            db.executemany("INSERT INTO finds VALUES (?, ?, ?, ?, ?)", rows)
            last, _ = self._last_digest()
            times = [(last or 0, name, float(seconds)) for name, seconds in (timing or {}).items()]
            db.executemany("INSERT OR REPLACE INTO timings VALUES (?, ?, ?)", times)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('done', ?)", (self.digest(),))

    # -- reading ------------------------------------------------------------------------------------------------------

    @property
    def config(self) -> dict[str, Any]:
        """What `create` was given."""
        return json.loads(self._meta("config") or "{}")

    @property
    def environment(self) -> dict[str, str]:
        """Versions and processor of the process that created the run."""
        return json.loads(self._meta("environment") or "{}")

    @property
    def status(self) -> str:
        """ "done", "running" (a process writes it now) or "interrupted"."""
        if self._meta("done"):
            return "done"
        return "running" if self._lock is not None or lock.holder(self.folder) else "interrupted"

    def last(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """The last generation and the state to continue from; None before the first."""
        with self._reading():
            last, _ = self._last_digest()
            if last is None:
                return None
            return last, self._state()

    def generations(self) -> list[Generation]:
        """Every generation's row, in order."""
        with self._reading() as db:
            rows = db.execute("SELECT generation, row, digest FROM generations ORDER BY generation").fetchall()
        with whole(self.folder):
            return [Generation(g, row_values(text), digest) for g, text, digest in rows]

    def records(self, name: str) -> Iterator[np.ndarray]:
        """The record of that name of every generation that has one, in order."""
        for _, *columns in self._records("name = ?", (name,)):
            with whole(self.folder):
                array = decode(Blob(*columns))
            yield array

    def record_names(self) -> list[str]:
        """The names that records have."""
        with self._reading() as db:
            return [name for (name,) in db.execute("SELECT DISTINCT name FROM records ORDER BY name")]

    def timings(self) -> dict[str, float]:
        """Seconds, summed over the generations."""
        with self._reading() as db:
            return dict(db.execute("SELECT name, sum(seconds) FROM timings GROUP BY name ORDER BY name").fetchall())

    def finds(self) -> list[dict[str, Any]]:
        """What `finish` was given; empty before."""
        with self._reading() as db:
            rows = db.execute("SELECT id, program, objectives, descriptors FROM finds ORDER BY position").fetchall()
        with whole(self.folder):
            return [
                {"id": i, "program": p, "objectives": row_values(o), "descriptors": row_values(d)}
                for i, p, o, d in rows
            ]

    def digest(self) -> str:
        """sha256 over the config, every generation's row and records, and the final finds."""
        with self._reading() as db:
            _, last = self._last_digest()
            finds = db.execute("SELECT * FROM finds ORDER BY position").fetchall()
        return hashlib.sha256(json.dumps([last, finds]).encode()).hexdigest()

    def check(self) -> None:
        """Read everything and compare it with its digests. Raises UserError that names the first damaged generation."""
        with self._reading() as db:
            problems = [text for (text,) in db.execute("PRAGMA integrity_check")]
            if problems != ["ok"]:
                raise UserError(f"{self.folder / DATABASE}: damaged: {problems[0]}")
            previous = self._genesis()
            for generation, row, digest in db.execute("SELECT * FROM generations ORDER BY generation").fetchall():
                rows = self._records("generation = ?", (generation,), "name, ")
                blobs = {name: Blob(*columns) for name, *columns in rows}
                try:
                    found = _chain(previous, generation, row, blobs)
                except ValueError as error:
                    raise UserError(f"{self.folder / DATABASE}: generation {generation} is damaged: {error}") from None
                if found != digest:
                    raise UserError(f"{self.folder / DATABASE}: generation {generation} does not match its digest")
                previous = digest
            self._state()
            if self._meta("done") not in (None, self.digest()):
                raise UserError(f"{self.folder / DATABASE}: the finds do not match their digest")

    # -- inside -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._lock is None:
            raise ValueError(f"{self.folder}: opened for reading only")
        with self._mutex, disk(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled back already
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One moment of the run: everything read inside belongs together."""
        with self._mutex, disk(self.folder):
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.execute("COMMIT")

    def _meta(self, key: str) -> str | None:
        with self._mutex, disk(self.folder):
            found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def _state(self) -> dict[str, np.ndarray]:
        """The stored state. Raises UserError if it is not what was written: on damage nothing is built."""
        with self._reading() as db, whole(self.folder):
            rows = db.execute("SELECT name, dtype, shape, codec, data FROM state ORDER BY name").fetchall()
            state = {name: decode(Blob(*columns)) for name, *columns in rows}
            noted = self._meta("state")
        if noted is not None and noted != _state_digest({name: _hash(array) for name, array in state.items()}):
            raise UserError(f"{self.folder / DATABASE}: the state of the last generation is damaged")
        return state

    def _last_digest(self) -> tuple[int | None, str]:
        query = "SELECT generation, digest FROM generations ORDER BY generation DESC LIMIT 1"
        return self._db.execute(query).fetchone() or (None, self._genesis())

    def _genesis(self) -> str:
        """The digest before the first generation."""
        return hashlib.sha256(str(self._meta("config")).encode()).hexdigest()

    def _records(self, where: str, values: tuple[Any, ...], also: str = "generation, ") -> Iterator[tuple[Any, ...]]:
        """Rows one by one, so that a long run's records need not fit in memory, in many short reads, so that an
        observer does not keep the log of a running search from being folded back."""
        keys = f"SELECT generation, name FROM records WHERE {where} ORDER BY generation, name"
        with self._reading() as db:
            wanted = db.execute(keys, values).fetchall()
        for key in wanted:
            query = f"SELECT {also}dtype, shape, codec, data FROM records WHERE generation = ? AND name = ?"
            with self._reading() as db:
                yield db.execute(query, key).fetchone()

    def _check_meta(self) -> None:
        found = self._meta("format")
        if found != str(FORMAT):
            raise UserError(f"{self.folder}: written in format {found}; this version reads format {FORMAT}")
        try:
            text = (self.folder / CONFIG).read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise UserError(f"{self.folder / CONFIG}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UserError(f"{self.folder / CONFIG}: cannot be read: it is not text") from None
        if text != self._meta("config"):
            raise UserError(f"{self.folder / CONFIG}: was edited after the run began; start a new run instead")


def _existing(folder: str | Path) -> Path:
    folder = Path(folder)
    if not (folder / DATABASE).is_file():
        raise UserError(f"{folder}: not a run (it has no {DATABASE})")
    return folder


def _chain(previous: str, generation: int, row: str, blobs: Mapping[str, Blob]) -> str:
    """The digest of a generation: over the one before, its row and its records, whatever their compression."""
    h = hashlib.sha256()
    for part in (previous.encode(), struct.pack("<q", generation), row.encode()):
        h.update(struct.pack("<q", len(part)) + part)
    for name in sorted(blobs):
        blob = blobs[name]
        for part in (name.encode(), blob.dtype.encode(), blob.shape.encode(), blob.raw):
            h.update(struct.pack("<q", len(part)))
            h.update(part)
    return h.hexdigest()


def _state_digest(hashes: Mapping[str, bytes]) -> str:
    return hashlib.sha256(b"".join(name.encode() + b"\0" + hashes[name] for name in sorted(hashes))).hexdigest()


def _hash(array: np.ndarray) -> bytes:
    array = np.ascontiguousarray(array)
    return hashlib.blake2b(repr((array.dtype.str, array.shape)).encode() + array.tobytes(), digest_size=16).digest()
