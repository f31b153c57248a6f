"""How far a search is, on stderr: a live display on a terminal, plain lines elsewhere, or JSON lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from discover.errors import UserError, nearest

MODES = ("auto", "plain", "json")
SECONDS = 2.0


@dataclass
class Progress:
    """How far a search is.

    objectives  their names
    best        the Pareto front so far, as texts: the earlier objectives, and the last one; of a sweep its counts
    doing       what takes its time now, where it is not the next generation
    funnel      "STAGE.tested", "STAGE.failed" (no finite score) and "STAGE.dropped" (went no further) -> candidates;
                with `Problem.keep_raw` also "bred.statements" and "bred.dead", those that no output depends on
    sweep       whether candidates are enumerated, not bred
    """

    generation: int = 0
    generations: int = 0
    candidates: int = 0
    budget: int = 0
    invalid: int = 0
    hits_canonical: int = 0
    hits_fingerprint: int = 0
    scored: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    seconds_outside_evaluation: float = 0.0
    objectives: tuple[str, ...] = ()
    best: list[tuple[str, str]] = field(default_factory=list)
    doing: str = ""
    funnel: dict[str, int] = field(default_factory=dict)
    sweep: bool = False

    COUNTS = ("candidates", "invalid", "hits_canonical", "hits_fingerprint", "scored", "quarantined")


def check(mode: str) -> None:
    """Raises UserError for a mode that there is not."""
    if mode not in MODES:
        raise UserError(f"--progress {mode}: {nearest(mode, MODES)}")


@contextmanager
def observer(mode: str, title: str, stream: TextIO | None = None) -> Iterator[Callable[[Progress], None]]:
    """What `discover.run` may call with its progress."""
    stream = stream or sys.stderr
    check(mode)
    if mode == "json":
        yield _Json(stream)
    elif mode == "auto" and stream.isatty():
        with _live(title, stream) as (observe, tell), _compiling(tell):
            yield observe
    else:
        plain = _Plain(stream)
        plain.tell(title)
        with _compiling(plain.tell):
            yield plain
        plain.end()


@contextmanager
def _compiling(tell: Callable[[str], None]) -> Iterator[None]:
    """Say so when Numba first compiles: a newcomer would wait half a minute before an empty screen."""
    from numba.core import event

    class Listener(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                self.told = True
                tell("compiling kernels, only once on this machine")

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


def data(progress: Progress) -> dict[str, object]:
    """Progress as JSON data."""
    return {
        "generation": progress.generation,
        "generations": progress.generations,
        "candidates": progress.candidates,
        "budget": progress.budget,
        "scored": progress.scored,
        "hits_canonical": progress.hits_canonical,
        "hits_fingerprint": progress.hits_fingerprint,
        "seconds": progress.seconds,
        "seconds_outside_evaluation": progress.seconds_outside_evaluation,
        "best": dict(progress.best),
    }


def line(progress: Progress) -> str:
    """Progress in one line."""
    if progress.sweep:
        return f"{_share(progress):4.0%} {_figures(progress)} | {_counts(progress)}"
    *earlier, last = progress.objectives or ("best",)
    head = f"{last} by {', '.join(earlier)}" if earlier else last
    best = "  ".join(f"{label}: {value}" if label else value for label, value in progress.best)
    return f"{_share(progress):4.0%} {_figures(progress)} | {head} {best}".rstrip()


def _figures(progress: Progress) -> str:
    seen = max(progress.candidates, 1)
    rate = progress.candidates / progress.seconds if progress.seconds > 0 else 0.0
    figures = (
        f"generation {progress.generation:,}/{progress.generations:,}"
        f" | {progress.candidates:,} candidates, {rate:,.0f}/s"
    )
    if progress.sweep:
        return figures
    programs, functions = progress.hits_canonical / seen, progress.hits_fingerprint / seen
    return f"{figures} | repeats: {programs:.0%} programs, {functions:.0%} functions"


def _counts(progress: Progress) -> str:
    return ", ".join(f"{value} {label}" for label, value in progress.best)


def _share(progress: Progress) -> float:
    return progress.candidates / max(progress.budget, 1)


class _Json:
    """A line after each generation."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, progress: Progress) -> None:
        if not progress.doing:
            print(json.dumps(data(progress)), file=self._stream, flush=True)


class _Plain:
    """A line every few seconds, and the last one in any case."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = 0.0
        self._waiting: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        if progress.doing:
            self.end()
            self.tell(progress.doing)
            return
        self._waiting = progress
        if time.monotonic() >= self._next:
            self.end()
            self._next = time.monotonic() + SECONDS

    def end(self) -> None:
        if self._waiting is not None:
            self.tell(line(self._waiting))
            self._waiting = None

    def tell(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


@contextmanager
def _live(title: str, stream: TextIO) -> Iterator[tuple[Callable[[Progress], None], Callable[[str], None]]]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.table import Table
    from rich.text import Text

    bar = Bar(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    task = bar.add_task(title, total=None)
    doing = Text()
    with Live(bar, console=Console(file=stream), refresh_per_second=4) as live:

        def observe(progress: Progress) -> None:
            bar.update(task, total=progress.budget, completed=progress.candidates)
            best = Table.grid(padding=(0, 2))
            if not progress.sweep:
                *earlier, last = progress.objectives
                best.add_row(Text(" ".join(earlier), style="dim"), Text(last, style="dim"))
            for label, value in progress.best:
                best.add_row(Text(label, style="bold"), Text(value))
            live.update(Group(bar, Text(_figures(progress), style="dim"), best, doing))
            doing.plain = progress.doing

        def tell(text: str) -> None:
            live.update(Group(bar, Text(text)))

        yield observe, tell
        doing.plain = ""
