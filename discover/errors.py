"""What went wrong, told in one line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """A mistake that the user can mend: the command line prints its one line and exits with 2."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of an error message: the nearest of the known words, or all of them."""
    words = sorted(known)
    near = get_close_matches(word, words, 1, 0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there is {', '.join(words)}" if words else "there is none"
