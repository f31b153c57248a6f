"""SQLite as the store uses it: how it is opened, and what goes wrong on a disk, told in one line."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from discover.errors import UserError

DATABASE = "run.sqlite"


class DiskFull(UserError):
    """No room for the next generation; all earlier ones are safe."""


def connect_writer(folder: Path) -> sqlite3.Connection:
    """The one connection that writes."""
    db = sqlite3.connect(folder / DATABASE, isolation_level=None, timeout=30, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    return db


def connect_reader(folder: Path) -> sqlite3.Connection:
    """A connection that can neither write nor checkpoint."""
    uri = (folder / DATABASE).resolve().as_uri()
    plain = not (folder / f"{DATABASE}-wal").exists() and not os.access(folder, os.W_OK)
    # A finished run in a folder that nobody may write to: no one else can be writing it either.
    query = "mode=ro&immutable=1" if plain else "mode=ro"
    return sqlite3.connect(f"{uri}?{query}", uri=True, isolation_level=None, timeout=30, check_same_thread=False)


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the system say about the disk into a UserError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "full" in text or "disk I/O" in text:
            raise _full(folder, text) from None
        if isinstance(error, sqlite3.OperationalError) and ("locked" in text or "busy" in text):
            raise UserError(f"{folder}: another process holds the store; try again when it is done") from None
        if isinstance(error, sqlite3.OperationalError) and ("unable to open" in text or "readonly" in text):
            raise UserError(f"{folder}: cannot be opened: {text}") from None
        if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
            raise
        raise UserError(f"{folder / DATABASE}: damaged or not a run store: {text}") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _full(folder, error.strerror or "") from None
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from None


@contextmanager
def whole(folder: Path) -> Iterator[None]:
    """What is read inside was written by us; where it does not decode it was damaged or edited."""
    try:
        yield
    except UserError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{folder / DATABASE}: damaged or edited: {error}") from None


def _full(folder: Path, text: str) -> DiskFull:
    if not (folder / DATABASE).is_file():
        return DiskFull(f"{folder}: disk full or failing ({text}); nothing was begun: make room, then run it again")
    return DiskFull(
        f"{folder}: disk full or failing ({text}); all finished generations are safe: make room, then "
        f"discover resume {folder}"
    )
