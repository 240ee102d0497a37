"""What each leg of the search is worth: the same questions with one leg silent, or with one alone.

Only the weights of the fusion change. Candidates still come from both legs, so a leg alone orders
what both put forward; a baseline of its own would find a little less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from indexer.evaluation import Search, search_index, search_with
from indexer.figures import Row, Values, mean_rows, subtract_values
from indexer.fusion import FusionWeights
from indexer.questions import Question
from indexer.reading import Index
from indexer.records import Ranking
from indexer.runs import Run, ask_questions

Change = Callable[[FusionWeights], FusionWeights]

SHIPPED = "as shipped"
WORDS_ALONE, MEANING_ALONE = "words alone (BM25)", "meaning alone (dense)"
# What becomes of the weights that a question would have.
ALONE: Mapping[str, Change] = {
    WORDS_ALONE: lambda weights: replace(weights, dense=0.0, article=0.0),
    MEANING_ALONE: lambda weights: replace(weights, dense=1.0, article=0.0),
}
SILENT: Mapping[str, Change] = {
    "without words": lambda weights: replace(weights, dense=1.0),
    "without meaning": lambda weights: replace(weights, dense=0.0),
    "without whole passages": lambda weights: replace(weights, sentence=1.0),
    "without sentences": lambda weights: replace(weights, sentence=0.0),
    "without articles": lambda weights: replace(weights, article=0.0),
}


def search_changed(change: Change) -> Search:
    """A search in which each question has the weights that `change` makes of its own."""

    def search(index: Index, question: Question) -> Ranking:
        weights = index.prepare(question.query, question.history, locale=question.locale).weights
        return search_with(change(weights))(index, question)

    return search


def ablate(index: Index, questions: Sequence[Question], *, changes: Mapping[str, Change]) -> dict[str, Run]:
    """Name -> the run of the answerable questions, of `SHIPPED` and then of each change.

    Raises: UnknownLocale where a question's locale is not in the index.
    """
    answerable = [question for question in questions if question.answerable]
    searches = {SHIPPED: search_index} | {name: search_changed(change) for name, change in changes.items()}
    return {
        name: ask_questions(index, answerable, answerer=None, search=search)
        for name, search in searches.items()
    }


def ablation_rows(questions: Sequence[Question], ablated: Mapping[str, Values]) -> dict[str, list[Row]]:
    """Name -> its rows: all answerable questions, then those of each locale and kind.

    `ablated` has what `measure` gives for the runs of `ablate`.
    """
    answerable = [question for question in questions if question.answerable]
    return {name: mean_rows(answerable, values) for name, values in ablated.items()}


def loss_rows(questions: Sequence[Question], ablated: Mapping[str, Values]) -> dict[str, list[Row]]:
    """The same as differences to `SHIPPED`, question by question; below 0 the silent leg is missed."""
    differences = {
        name: subtract_values(values, ablated[SHIPPED]) for name, values in ablated.items() if name != SHIPPED
    }
    return ablation_rows(questions, differences)


def overall_rows(rows: Mapping[str, Sequence[Row]]) -> list[Row]:
    """The first row of each name, called by it: all questions, name by name."""
    return [replace(ours[0], group=name) for name, ours in rows.items()]
