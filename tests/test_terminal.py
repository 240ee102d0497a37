"""Progress and messages on a terminal, and where none is there."""

from __future__ import annotations

import io
import json

import pytest
import typer
from rich.console import Console
from rich.progress import Progress

from indexer import IndexMissing
from indexer.terminal import Bars, Lines, reported_faults, shown_progress


class Eager(Lines):
    """Shows each step."""

    INTERVAL_S = 0.0


def test_without_a_terminal_stages_are_lines_with_rate_and_time_left() -> None:
    text = io.StringIO()
    lines = Eager(Console(file=text, width=100))
    lines.stage("reading files", None)
    lines.advance(0)
    lines.advance(2)
    lines.stage("embedding", 4_000)
    lines.advance(1_000)
    first, second, third, fourth = text.getvalue().splitlines()
    assert (first, third) == ("reading files", "embedding: 4,000")
    assert second.startswith("reading files: 2 (")
    assert fourth.startswith("embedding: 1,000 of 4,000, ")
    assert " s left (" in fourth
    assert fourth.endswith("/s)")


def test_lines_are_rare() -> None:
    text = io.StringIO()
    lines = Lines(Console(file=text))
    lines.stage("embedding", 4)
    for _ in range(4):
        lines.advance(1)
    assert text.getvalue() == "embedding: 4\n"


def test_on_a_terminal_each_stage_has_a_bar_and_the_last_ones_end() -> None:
    with Progress(console=Console(file=io.StringIO(), force_terminal=True)) as progress:
        bars = Bars(progress)
        bars.advance(1)  # before any stage: nothing to move
        bars.stage("reading files", None)
        bars.advance(3)
        bars.stage("embedding", 4)
        bars.advance(1)
        read, embedding = progress.tasks
    assert (read.description, read.completed, read.total, read.finished) == ("reading files", 3, 3, True)
    assert (embedding.completed, embedding.total, embedding.finished) == (1, 4, False)


@pytest.mark.parametrize(("forced", "kind"), [("1", Bars), ("", Lines)])
def test_bars_are_shown_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, forced: str, kind: type[Bars | Lines]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", forced)
    with shown_progress() as progress:
        progress.stage("embedding", 1)
        progress.advance(1)
    assert isinstance(progress, kind)


@pytest.mark.parametrize(
    ("error", "kind", "message", "code"),
    [
        (
            IndexMissing("index: [bold]nothing[/bold] :+1: " + "here " * 30),
            "IndexMissing",
            "index: [bold]",
            1,
        ),
        (KeyboardInterrupt(), "Interrupted", "interrupted; unfinished work was removed", 130),
    ],
)
def test_an_error_is_one_line_as_it_stands_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, kind: str, message: str, code: int
) -> None:
    for as_json in (False, True):
        with pytest.raises(typer.Exit) as caught, reported_faults(as_json):
            raise error
        assert caught.value.exit_code == code
        printed = capsys.readouterr()
        assert printed.err.startswith(f"error: {message}")
        assert printed.err.count("\n") == 1
        if as_json:
            given = json.loads(printed.out)
            assert given == {"error": kind, "message": printed.err.removeprefix("error: ").removesuffix("\n")}
        else:
            assert printed.out == ""


def test_other_errors_are_not_ours_to_report() -> None:
    with pytest.raises(ZeroDivisionError), reported_faults(False):
        raise ZeroDivisionError
