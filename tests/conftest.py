"""Fixtures of several tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time: a change makes a test fail, not the day. HYPOTHESIS_PROFILE=default draws others.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search of a stranger's package, found by its entry point like any installed one."""
    folder = Path(__file__).parent / "toy"
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder.parent.parent}:{folder}")  # for the subprocesses of a test
    return folder
