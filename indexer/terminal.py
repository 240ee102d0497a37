"""What the command line shows: progress while it works, one message for each error, JSON for machines.

Results go to stdout; progress and messages to stderr, so that `--json` prints one JSON object.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from indexer.errors import IndexerError

EXIT_FAULT, EXIT_BELOW, EXIT_INTERRUPTED = 1, 3, 130
# Columns that a table may take in a file or a pipe, where nothing wraps it.
FILE_COLUMNS = 300


class _Rate(ProgressColumn):
    """Units a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="cyan")


class Bars:
    """Shows a build's stages on the terminal, with rates and time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def stage(self, name: str, total: int | None) -> None:
        """Close the bar of the last stage and open one."""
        if self._task is not None:
            done = self._progress.tasks[self._task]
            self._progress.update(self._task, total=done.completed)
            self._progress.stop_task(self._task)
        self._task = self._progress.add_task(name, total=total)

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.advance(self._task, count)


class Lines:
    """Shows a build's stages as plain lines, one every ten seconds, where no terminal is there."""

    INTERVAL_S = 10.0

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name = ""
        self._total: int | None = None
        self._done = 0
        self._started = self._shown = time.monotonic()

    def stage(self, name: str, total: int | None) -> None:
        """Say which stage begins."""
        self._name, self._total, self._done = name, total, 0
        self._started = self._shown = time.monotonic()
        self._console.print(name if total is None else f"{name}: {total:,}")

    def advance(self, count: int) -> None:
        """Say how far it is, if it is time to."""
        self._done += count
        now = time.monotonic()
        if now - self._shown < self.INTERVAL_S or not self._done:
            return
        self._shown = now
        rate = self._done / (now - self._started)
        left = ""
        if self._total:
            left = f" of {self._total:,}, {(self._total - self._done) / rate:,.0f} s left"
        self._console.print(f"{self._name}: {self._done:,}{left} ({rate:,.0f}/s)")


def results() -> Console:
    """Where results are printed: as they are; only tables keep to the width of a terminal."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = FILE_COLUMNS
    return console


def messages() -> Console:
    """Where messages are printed, in the same way."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


@contextmanager
def shown_progress() -> Iterator[Bars | Lines]:
    """Bars on a terminal, lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(messages())
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)


@contextmanager
def reported_faults(as_json: bool) -> Iterator[None]:
    """Turn an error of ours, or Ctrl-C, into one message and an exit code."""
    try:
        yield
    except IndexerError as error:
        _fail(as_json, type(error).__name__, str(error), EXIT_FAULT)
    except KeyboardInterrupt:
        _fail(
            as_json,
            "Interrupted",
            "interrupted; unfinished work was removed, the index is whole",
            EXIT_INTERRUPTED,
        )


def _fail(as_json: bool, kind: str, message: str, code: int) -> None:
    if as_json:
        print_json({"error": kind, "message": message})
    messages().print(Text("error: ", style="bold red") + Text(message))
    raise typer.Exit(code)


def print_json(value: object) -> None:
    """Print one JSON value; dates as ISO, paths as text."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
