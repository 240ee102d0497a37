"""What the service's commands print and how they end: results to stdout, messages to stderr."""

from __future__ import annotations

import json
import unicodedata
from datetime import date
from typing import NoReturn

import typer
from rich.console import Console

EXIT_FAILED = 1
EXIT_USAGE = 2
# Columns of what is not printed on a terminal, which has a width of its own.
PIPE_WIDTH = 120


def fail(error: Exception, code: int) -> NoReturn:
    """Print the error in one line and end with this code."""
    typer.echo(f"service: {error}", err=True)
    raise typer.Exit(code)


def results() -> Console:
    """Where tables are printed: without colours of their own, no markup read from what they hold."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def print_json(value: object) -> None:
    """Print one JSON value; times as ISO 8601."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def printable(text: str) -> str:
    """The text on one line, in which nothing steers a terminal or turns the writing round."""
    spaced = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in spaced)
