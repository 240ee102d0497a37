"""Rows by the length of the question, worked by hand."""

from __future__ import annotations

import pytest

from indexer import Question, Turn
from indexer.fusion import LONG_QUESTION, SHORT_QUESTION, weights_for
from indexer.question_lengths import LENGTHS, length_rows


def asked(query: str, *, answerable: bool = True, history: tuple[Turn, ...] = ()) -> Question:
    articles = ("help/taxes",) if answerable else ()
    return Question(query, "de-de", query, "de", "natural", history, articles, ())


def rows(*questions: Question, values: dict[str, float]) -> list[tuple[str, int, float]]:
    found = length_rows(questions, {name: {"a:x": value} for name, value in values.items()}, lengths=(4, 6))
    return [(row.group, row.questions, row.figures["a:x"].value) for row in found]


def test_a_question_stands_in_the_row_of_its_columns() -> None:
    questions = [asked(query) for query in ("four", "five5", "six666", "seven77")]
    values = {"four": 1.0, "five5": 0.0, "six666": 1.0, "seven77": 0.0}
    assert rows(*questions, values=values) == [("1 to 4", 1, 1.0), ("5 to 6", 2, 0.5), ("over 6", 1, 0.0)]


@pytest.mark.parametrize(("query", "row"), [("税金", "1 to 4"), ("税金a", "5 to 6"), ("세금은?", "over 6")])
def test_a_wide_character_takes_two_columns(query: str, row: str) -> None:
    assert rows(asked(query), values={query: 1.0}) == [(row, 1, 1.0)]


def test_follow_ups_and_the_unanswerable_are_left_out_and_so_are_empty_rows() -> None:
    questions = [
        asked("ab"),
        asked("abc", history=(Turn("user", "Steuern?"),)),
        asked("abcdefgh", answerable=False),
    ]
    assert rows(*questions, values={"ab": 1.0, "abc": 0.0}) == [("1 to 4", 1, 1.0)]
    assert length_rows([], {}) == []


def test_the_rows_divide_the_range_in_which_the_search_changes_its_weights() -> None:
    first, middle, last, beyond = (weights_for("x" * columns, follows=False) for columns in LENGTHS)
    assert (first, last, beyond) == (SHORT_QUESTION, LONG_QUESTION, LONG_QUESTION)
    assert SHORT_QUESTION.dense > middle.dense > LONG_QUESTION.dense
    assert sorted(set(LENGTHS)) == list(LENGTHS)
