"""Search spaces of small programs: `run` a search, `load` a run, `export` a find.

Everything is imported on first use, so `import discover` is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Run", "UserError", "export", "load", "run"]

if TYPE_CHECKING:
    from discover.errors import UserError
    from discover.runs import Run, export, load, run


def __getattr__(name: str) -> Any:
    if name == "UserError":
        from discover.errors import UserError

        return UserError
    if name in __all__:
        from discover import runs

        return getattr(runs, name)
    raise AttributeError(f"module 'discover' has no attribute {name!r}")
