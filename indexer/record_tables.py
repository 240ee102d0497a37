"""Tables of records, a column for each of their fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol

from rich.table import Table

from indexer.terminal import results


class Record(Protocol):
    """A dataclass of any kind."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def print_records(records: Sequence[Record], *, title: str) -> None:
    """Print records of one class, a line each; numbers stand to the right. Without any it says so."""
    if not records:
        results().print(f"{title}: none")
        return
    table = Table(title=title)
    for number, field in enumerate(fields(records[0])):
        numeric = all(isinstance(_values(record)[number], int | float) for record in records)
        table.add_column(field.name.replace("_", " "), justify="right" if numeric else "left")
    for record in records:
        table.add_row(*map(_cell, _values(record)))
    results().print(table)


def _values(record: Record) -> list[object]:
    return [getattr(record, field.name) for field in fields(record)]


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
