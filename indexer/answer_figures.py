"""What is measured of answers: when the answerer refuses, and what it quotes.

An answerable question should be answered, an unanswerable one refused; near misses (the articles have
the topic, not the fact) and questions off topic are also counted apart. `refusal:` figures:
- AUROC, AUROC_near_miss, AUROC_off_topic: does the confidence tell them apart, whatever the threshold?
- answered: share of the answerable that the reader got an answer to
- refused, refused_near_miss, refused_off_topic: share of the unanswerable that the reader got none to
- recall: share of the unanswerable below the threshold in the asked locale, whatever other ones say
- precision: share of the unanswerable among all that are below it
- fallback: share of all questions that another locale answered

`citations:` figures, of the answerable questions that were answered:
- single: one quote holds the evidence; joined: the quotes do, taken together
- sentences: quotes of an answer, on average
- source: share of an answer's quotes that have their English beside them; English articles don't count
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from indexer.answers import Answered
from indexer.bootstrap import Estimate, estimate_means, estimate_pairs
from indexer.figures import Row, mean_rows, merge_rows
from indexer.locales import SOURCE_LOCALE
from indexer.questions import Question, bare, group_questions, holds_evidence
from indexer.refusal import compare_pairs

Answers = Mapping[str, Answered]

REFUSAL_FIGURES = tuple(
    f"refusal:{name}"
    for name in (
        "AUROC", "AUROC_near_miss", "AUROC_off_topic", "answered", "refused", "refused_near_miss",
        "refused_off_topic", "precision", "recall", "fallback",
    )
)  # fmt: skip
CITATION_FIGURES = tuple(f"citations:{name}" for name in ("single", "joined", "sentences", "source"))


def answer_rows(questions: Sequence[Question], answers: Answers, *, threshold: float) -> list[Row]:
    """The refusal and citation figures: all questions, then each locale, then each kind.

    `answers` has one for each question; below `threshold` the answerer refuses.
    """
    rows = mean_rows(questions, answer_values(questions, answers, threshold=threshold))
    return merge_rows(rows, contrast_rows(questions, answers, threshold=threshold))


def answer_values(
    questions: Sequence[Question], answers: Answers, *, threshold: float
) -> dict[str, dict[str, float]]:
    """Question id -> figure -> value: all but those of `contrast_rows`."""
    return {
        question.id: {
            **_refusal_values(question, answers[question.id], threshold),
            **_citation_values(question, answers[question.id]),
        }
        for question in questions
    }


def contrast_rows(questions: Sequence[Question], answers: Answers, *, threshold: float) -> list[Row]:
    """AUROC and precision, which set answerable against unanswerable, of each group that has both."""
    rows = auroc_rows(questions, answers)
    return [
        Row(row.group, row.questions, {**row.figures, **_estimate_precision(members, answers, threshold)})
        if row.figures
        else row
        for row, (_, members) in zip(rows, group_questions(questions), strict=True)
    ]


def auroc_rows(questions: Sequence[Question], answers: Answers, *, minus: Answers | None = None) -> list[Row]:
    """The areas under the ROC curves, of each group with both classes; less those of `minus`."""
    rows = []
    for name, members in group_questions(questions):
        positive = [question for question in members if question.answerable]
        negative = [question for question in members if not question.answerable]
        classes = {
            "AUROC": negative,
            "AUROC_near_miss": [question for question in negative if question.near_miss],
            "AUROC_off_topic": [question for question in negative if not question.near_miss],
        }
        figures = {
            f"refusal:{figure}": _estimate_auroc(positive, against, answers, minus)
            for figure, against in classes.items()
            if positive and against
        }
        rows.append(Row(name, len(members), figures))
    return rows


def confidences_of(questions: Sequence[Question], answers: Answers) -> list[float]:
    """The confidence of each question's answer, in their order."""
    return [answers[question.id].confidence for question in questions]


def _estimate_auroc(
    positive: Sequence[Question], negative: Sequence[Question], answers: Answers, minus: Answers | None
) -> Estimate:
    pairs = compare_pairs(confidences_of(positive, answers), confidences_of(negative, answers))
    if minus is not None:
        pairs = pairs - compare_pairs(confidences_of(positive, minus), confidences_of(negative, minus))
    return estimate_pairs(pairs)


def _estimate_precision(
    questions: Sequence[Question], answers: Answers, threshold: float
) -> dict[str, Estimate]:
    below = [
        float(not question.answerable)
        for question in questions
        if answers[question.id].confidence < threshold
    ]
    if not below:
        return {}
    return {"refusal:precision": estimate_means(np.array(below, dtype=np.float64)[:, None])[0]}


def _refusal_values(question: Question, answered: Answered, threshold: float) -> dict[str, float]:
    values = {"refusal:fallback": float(answered.answered and answered.fallback)}
    if question.answerable:
        values["refusal:answered"] = float(answered.answered)
        return values
    sort = "near_miss" if question.near_miss else "off_topic"
    values["refusal:refused"] = values[f"refusal:refused_{sort}"] = float(not answered.answered)
    values["refusal:recall"] = float(answered.confidence < threshold)
    return values


def _citation_values(question: Question, answered: Answered) -> dict[str, float]:
    if not (question.answerable and answered.answered):
        return {}
    texts = [bare(quote.text) for quote in answered.quotes]
    values = {
        "citations:single": float(any(holds_evidence(text, question.evidence) for text in texts)),
        "citations:joined": float(holds_evidence("".join(texts), question.evidence)),
        "citations:sentences": float(len(texts)),
    }
    translated = [quote for quote in answered.quotes if quote.locale != SOURCE_LOCALE]
    if translated:
        values["citations:source"] = sum(quote.source is not None for quote in translated) / len(translated)
    return values
