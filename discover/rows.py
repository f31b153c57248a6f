"""Rows of numbers and texts as canonical JSON, in which NaN, infinities and signed zero survive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Value = int | float | str


def row_text(row: Mapping[str, Value]) -> str:
    """The text of a row; floats as {"f": hex}. Raises TypeError for other values."""
    return json.dumps({str(k): _plain(v, k) for k, v in row.items()}, separators=(",", ":"))


def row_values(text: str) -> dict[str, Value]:
    """The inverse of `row_text`."""
    return {k: float.fromhex(v["f"]) if isinstance(v, dict) else v for k, v in json.loads(text).items()}


def _plain(value: Any, key: str) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return {"f": float(value).hex()}
    raise TypeError(f"{key}: a {type(value).__name__} cannot be stored in a row")
