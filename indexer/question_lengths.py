"""Figures by the length of the question, in columns: a Chinese, Japanese or Korean character takes two.

Follow-ups are left out: what they ask for stands in the turns before them, whatever their length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len

from indexer.figures import Row, Values, mean_rows
from indexer.fusion import LONG_COLUMNS, SHORT_COLUMNS
from indexer.questions import Question

# The ends of the fusion's own range (fusion.py), its middle, and half as long again as its upper end.
LENGTHS = (SHORT_COLUMNS, (SHORT_COLUMNS + LONG_COLUMNS) // 2, LONG_COLUMNS, 3 * LONG_COLUMNS // 2)


def length_rows(
    questions: Sequence[Question], values: Values, *, lengths: Sequence[int] = LENGTHS
) -> list[Row]:
    """One row for the questions of up to each of `lengths` columns, and one for the longer ones.

    Only answerable questions count; a length that no question has is left out.
    """
    asked = [question for question in questions if question.answerable and not question.history]
    columns = {question.id: cell_len(question.query) for question in asked}
    rows = []
    above = 0
    for upto in (*lengths, None):
        ours = [
            question
            for question in asked
            if above < columns[question.id] and (upto is None or columns[question.id] <= upto)
        ]
        name = f"over {above}" if upto is None else f"{above + 1} to {upto}"
        if ours:
            rows.append(replace(mean_rows(ours, values)[0], group=name))
        above = upto or above
    return rows
