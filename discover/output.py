"""What the commands print: JSON, or plain tables that look the same on a terminal, in a file and in a pipe."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from discover.errors import UserError

if TYPE_CHECKING:
    from discover.artifact import Check


def report(checks: Sequence[Check], as_json: bool) -> None:
    """Print checks; raises UserError if one failed."""
    rows = [{"check": check.name, "ok": check.ok, "detail": check.detail} for check in checks]
    if as_json:
        print_json(rows)
    else:
        print_rows([{**row, "ok": "ok" if row["ok"] else "WRONG"} for row in rows])
    wrong = [row for row in rows if not row["ok"]]
    if wrong:
        raise UserError(f"{len(wrong)} of {len(rows)} checks failed, first: {wrong[0]['check']}: {wrong[0]['detail']}")


def print_json(data: Any) -> None:
    """Print JSON that every reader takes."""
    print(json.dumps(finite(data), indent=2, allow_nan=False))


def finite(data: Any) -> Any:
    """JSON has no NaN and no infinities: they become strings that float() reads."""
    if isinstance(data, dict):
        return {str(k): finite(v) for k, v in data.items()}
    if isinstance(data, list | tuple):
        return [finite(v) for v in data]
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    return data


def print_pairs(pairs: dict[str, Any], as_json: bool = False) -> None:
    """Print key and value, line by line."""
    if as_json:
        print_json(pairs)
        return
    width = max(map(len, pairs))
    for key, value in pairs.items():
        print(f"{key:{width}}  {cell(value)}")


def print_rows(rows: list[dict[str, Any]], as_json: bool = False) -> None:
    """Print a table; the first row names the columns."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        print("nothing yet")
        return
    heads = list(rows[0])
    cells = [heads, *([cell(row.get(head, "")) for head in heads] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    for line in cells:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.6g}"
    return str(value)
