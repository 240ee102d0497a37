"""Tables of records as a reader sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from indexer.record_tables import print_records


@dataclass(frozen=True)
class Shelf:
    name: str
    book_count: int
    fullness: float
    opened: date


def test_a_record_is_a_line_and_a_field_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    shelves = [Shelf("long name", 1234, 0.5, date(2021, 5, 7)), Shelf("b", 5, 1.0, date(2021, 5, 8))]
    print_records(shelves, title="shelves")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "shelves"
    cells = [line.replace("┃", "│").split("│")[1:-1] for line in lines]
    assert [cell.strip() for cell in cells[2]] == ["name", "book count", "fullness", "opened"]
    # Numbers stand to the right, text to the left.
    assert cells[4] == [" long name ", "      1,234 ", "    0.500 ", " 2021-05-07 "]
    assert cells[5] == [" b         ", "          5 ", "    1.000 ", " 2021-05-08 "]


def test_without_records_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_records([], title="shelves")
    assert capsys.readouterr().out == "shelves: none\n"
