"""English text that is on every machine with Python: the pages of `help()`, and for held-out tasks NumPy's docstrings.

Characters are the 95 printable ones of ASCII; any run of others (line breaks, and the indents after them) is a space.
The text changes with the versions of Python and NumPy, so whoever uses it records its SHA-256.
"""

from __future__ import annotations

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discover.errors import UserError, nearest

FIRST, LAST = 32, 126  # the printable characters of ASCII
CHARACTERS = LAST - FIRST + 1
# The share of a text that each part takes, and of a part that is for validation: its last stretch.
SHARES = {"search": (0.0, 0.6), "meta": (0.6, 0.9), "held_out": (0.9, 1.0)}
VALIDATION = 0.15


@dataclass(frozen=True)
class Text:
    """Characters as int32 in 0..CHARACTERS-1, for training and for validation, and where they come from."""

    training: np.ndarray
    validation: np.ndarray
    source: str


def help_pages() -> tuple[str, str]:
    """The pages of Python's own `help("topics")`, sorted by their names; and what to cite."""
    from pydoc_data.topics import topics

    return "\n".join(
        topics[name] for name in sorted(topics)
    ), f"pydoc_data.topics of Python {platform.python_version()}"


def docstrings() -> tuple[str, str]:
    """The docstrings of NumPy's public functions and classes, sorted by name, each once; and what to cite."""
    pages: dict[str, None] = {}
    for name in sorted(vars(np)):
        page = vars(np)[name].__doc__
        if not name.startswith("_") and callable(vars(np)[name]) and isinstance(page, str):
            pages[page] = None
    return "\n".join(pages), f"docstrings of NumPy {np.__version__}"


def encode(text: str) -> np.ndarray:
    """int32 codes of a text, 0 for a space and for each run of what is not printable ASCII."""
    printable = re.sub(r"[^!-~]+", " ", text)
    return np.frombuffer(printable.encode("ascii"), np.uint8).astype(np.int32) - FIRST


def read(part: str, file: Path | None = None) -> Text:
    """The text of one part: "search", "meta" or "held_out"; no two overlap, nor do training and validation.

    Without a file, search and meta-validation share the help pages, and the held-out part is all the docstrings; a file
    (UTF-8) is divided among the three. Raises UserError for another part, and for a file that cannot be read.
    """
    if part not in SHARES:
        raise UserError(f"no part {part!r} of a text; {nearest(part, SHARES)}")
    begin, end = SHARES[part]
    if file is not None:
        try:
            text, source = file.read_text("utf-8"), str(file)
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{file}: not a text that can be read ({error})") from None
    elif part == "held_out":
        (text, source), begin = docstrings(), 0.0
    else:
        text, source = help_pages()
    codes = encode(text)
    piece = codes[int(begin * len(codes)) : int(end * len(codes))]
    cut = len(piece) - int(VALIDATION * len(piece))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Text(piece[:cut], piece[cut:], f"{source}, {begin:.0%} to {end:.0%}, sha256 {digest}")
