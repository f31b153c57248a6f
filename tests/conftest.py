"""Fixtures of several tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search of a stranger's package, found by its entry point like any installed one."""
    folder = Path(__file__).parent / "toy"
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder.parent.parent}:{folder}")  # for the subprocesses of a test
    return folder
