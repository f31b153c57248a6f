"""Training tasks, their losses and gradients compiled."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from searches.optimizers.tasks.task import KINDS, Task

__all__ = ["KINDS", "Task", "build"]


def build(kind: str, part: str, **sizes: Any) -> Task:
    """The task of a kind (one of KINDS) on a part of its data: "search", "meta" or "held_out"."""
    module = import_module(f"searches.optimizers.tasks.{kind}")
    return getattr(module, f"{kind}_task")(part, **sizes)
