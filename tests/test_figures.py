"""Rows of figures by group, their differences, and floors."""

from __future__ import annotations

import pytest

from indexer import IndexerError, Question
from indexer.bootstrap import Estimate
from indexer.figures import (
    Floor,
    Row,
    falls_below,
    mean_rows,
    merge_rows,
    merge_values,
    read_floor,
    subtract_values,
)

FIGURES = ("article:RR@10", "refusal:AUROC")


def asked(name: str, locale: str = "de-de", kind: str = "natural") -> Question:
    return Question(name, locale, "?", "", kind, (), ("a/b",), ())


def sure(value: float, questions: int = 1) -> Estimate:
    """An estimate whose questions all agree."""
    return Estimate(value, value, value, questions)


def test_a_figure_is_the_mean_over_the_questions_that_have_it() -> None:
    questions = [asked("1"), asked("2", kind="typo"), asked("3", locale="ja-jp"), asked("4", locale="ja-jp")]
    values = {"1": {"a:x": 1.0}, "2": {"a:x": 1.0, "b:y": 0.5}, "3": {"b:y": 0.5}, "unasked": {"a:x": 0.0}}
    assert mean_rows(questions, values) == [
        Row("all", 4, {"a:x": sure(1, 2), "b:y": sure(0.5, 2)}),
        Row("de-de", 2, {"a:x": sure(1, 2), "b:y": sure(0.5)}),
        Row("ja-jp", 2, {"b:y": sure(0.5)}),
        Row("natural", 3, {"a:x": sure(1), "b:y": sure(0.5)}),
        Row("typo", 1, {"a:x": sure(1), "b:y": sure(0.5)}),
    ]


def test_a_mean_comes_with_its_interval() -> None:
    row = mean_rows([asked("1"), asked("2")], {"1": {"a:x": 0.0}, "2": {"a:x": 1.0}})[0]
    assert row.figures == {"a:x": Estimate(0.5, 0.0, 1.0, 2)}


def test_an_interval_does_not_depend_on_the_figures_beside_it() -> None:
    questions = [asked(str(number)) for number in range(8)]
    alone = {question.id: {"a:x": float(number % 3)} for number, question in enumerate(questions)}
    beside = {name: {"b:y": 1.0, **figures} for name, figures in alone.items()}
    assert mean_rows(questions, beside)[0].figures["a:x"] == mean_rows(questions, alone)[0].figures["a:x"]


def test_without_questions_there_is_one_empty_row() -> None:
    assert mean_rows([], {}) == [Row("all", 0, {})]


def test_rows_and_values_are_merged_by_group_and_question() -> None:
    first = [Row("all", 2, {"a:x": sure(1)}), Row("de-de", 1, {})]
    second = [Row("de-de", 1, {"b:y": sure(0)}), Row("ja-jp", 1, {"b:y": sure(0)})]
    assert merge_rows(first, second) == [
        Row("all", 2, {"a:x": sure(1)}),
        Row("de-de", 1, {"b:y": sure(0)}),
    ]
    assert merge_values({"1": {"a:x": 1.0}}, {"1": {"b:y": 2.0}, "2": {"b:y": 3.0}}) == {
        "1": {"a:x": 1.0, "b:y": 2.0},
        "2": {"b:y": 3.0},
    }


def test_a_difference_is_taken_where_both_have_the_figure_of_the_question() -> None:
    now = {"1": {"a:x": 1.0, "b:y": 1.0}, "2": {"a:x": 0.25}, "new": {"a:x": 1.0}}
    then = {"1": {"a:x": 0.5}, "2": {"a:x": 0.5}, "old": {"a:x": 1.0}}
    assert subtract_values(now, then) == {"1": {"a:x": 0.5}, "2": {"a:x": -0.25}}


def test_a_floor_names_a_figure_of_all_questions_or_of_a_group() -> None:
    assert read_floor("article:RR@10=0.9", figures=FIGURES) == Floor("all", "article:RR@10", 0.9)
    floor = read_floor("ja-jp/refusal:AUROC=.85", figures=FIGURES)
    assert floor == Floor("ja-jp", "refusal:AUROC", 0.85)
    assert str(floor) == "ja-jp/refusal:AUROC=0.85"


@pytest.mark.parametrize("text", ["article:RR=1", "1", "=1", "", "/article:RR@10=1", "rr@10=1"])
def test_an_unknown_figure_is_refused_with_the_list(text: str) -> None:
    name = text.partition("=")[0]
    with pytest.raises(IndexerError, match=f"no figure '{name}'; there are article:RR@10, refusal:AUROC,"):
        read_floor(text, figures=FIGURES)


@pytest.mark.parametrize(
    "text", ["refusal:AUROC", "refusal:AUROC=", "refusal:AUROC=high", "refusal:AUROC=nan"]
)
def test_a_floor_needs_a_number(text: str) -> None:
    with pytest.raises(IndexerError, match=r"is not of the form refusal:AUROC=0\.9"):
        read_floor(text, figures=FIGURES)


def test_a_figure_on_its_floor_is_high_enough() -> None:
    rows = [Row("all", 2, {"article:RR@10": sure(0.5)}), Row("de-de", 1, {"article:RR@10": sure(0.4)})]
    assert not falls_below(rows, Floor("all", "article:RR@10", 0.5))
    assert falls_below(rows, Floor("all", "article:RR@10", 0.51))
    assert falls_below(rows, Floor("de-de", "article:RR@10", 0.5))


def test_a_figure_that_was_not_measured_is_never_taken_for_high_enough() -> None:
    rows = [Row("all", 2, {})]
    for group in ("all", "ja-jp"):
        with pytest.raises(
            IndexerError, match=rf"refusal:AUROC=0 can't be measured: no question of '{group}'"
        ):
            falls_below(rows, Floor(group, "refusal:AUROC", 0.0))
