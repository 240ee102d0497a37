"""Figures by group: what was measured question by question becomes a row for each locale and kind.

A figure is named `<part>:<measure>`: `article:Success@5`, `evidence:RR@10`, `refusal:AUROC`,
`citations:single`. It is the mean over those questions of its group that it was measured on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.bootstrap import Estimate, estimate_means
from indexer.errors import IndexerError
from indexer.questions import ALL, Question, group_questions

# Question id -> figure -> value; a question that a figure doesn't apply to has no such entry.
Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one group, and how many questions the group has."""

    group: str
    questions: int
    figures: Mapping[str, Estimate]


def mean_rows(questions: Sequence[Question], values: Values) -> list[Row]:
    """A row for all questions, then one for each locale, then one for each kind.

    A figure that none of a group's questions has is left out of its row.
    """
    return [
        Row(name, len(members), _mean_figures([values.get(member.id, {}) for member in members]))
        for name, members in group_questions(questions)
    ]


def _mean_figures(measured: Sequence[Mapping[str, float]]) -> dict[str, Estimate]:
    # Figures of the same questions are drawn again together: the draws take most of the time.
    together: dict[tuple[int, ...], list[str]] = {}
    names = list(dict.fromkeys(name for values in measured for name in values))
    for name in names:
        numbers = tuple(number for number, values in enumerate(measured) if name in values)
        together.setdefault(numbers, []).append(name)
    found: dict[str, Estimate] = {}
    for numbers, alike in together.items():
        table = np.array([[measured[number][name] for name in alike] for number in numbers], dtype=np.float64)
        found.update(zip(alike, estimate_means(table), strict=True))
    return {name: found[name] for name in names}


def merge_values(*parts: Values) -> dict[str, dict[str, float]]:
    """All figures of each question; a later part wins."""
    merged: dict[str, dict[str, float]] = {}
    for values in parts:
        for question, figures in values.items():
            merged.setdefault(question, {}).update(figures)
    return merged


def merge_rows(first: Sequence[Row], second: Sequence[Row]) -> list[Row]:
    """The rows of `first`, each with the figures of its group in `second` besides."""
    others = {row.group: row.figures for row in second}
    return [Row(row.group, row.questions, {**row.figures, **others.get(row.group, {})}) for row in first]


def subtract_values(now: Values, then: Values) -> dict[str, dict[str, float]]:
    """Now minus then, of the questions and figures that both have: paired."""
    return {
        question: {
            name: value - then[question][name] for name, value in figures.items() if name in then[question]
        }
        for question, figures in now.items()
        if question in then
    }


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a group's figure may be."""

    group: str
    figure: str
    value: float

    def __str__(self) -> str:
        return f"{self.figure if self.group == ALL else f'{self.group}/{self.figure}'}={self.value:g}"


def read_floor(text: str, *, figures: Sequence[str]) -> Floor:
    """`FIGURE=VALUE` or `GROUP/FIGURE=VALUE`, where FIGURE is one of `figures`.

    Raises: IndexerError naming what is unknown or no number, with the list of figures.
    """
    name, _, number = text.partition("=")
    group, slash, figure = name.rpartition("/")
    if figure not in figures or (slash and not group):
        raise IndexerError(
            f"there is no figure {name!r}; there are {', '.join(figures)}, "
            "and any of them behind a locale or kind, as in ja-jp/evidence:Success@5=0.9"
        )
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise IndexerError(f"{text!r} is not of the form {name}=0.9")
    return Floor(group or ALL, figure, value)


def falls_below(rows: Sequence[Row], floor: Floor) -> bool:
    """Whether the figure of the floor's group is less than the floor.

    Raises: IndexerError where it was not measured.
    """
    measured = next((row.figures for row in rows if row.group == floor.group), {})
    if floor.figure not in measured:
        raise IndexerError(f"{floor} can't be measured: no question of {floor.group!r} has this figure")
    return measured[floor.figure].value < floor.value
