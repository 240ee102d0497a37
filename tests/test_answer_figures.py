"""Refusal and citation figures over answers made by hand."""

from __future__ import annotations

import pytest

from indexer import Answered, Question
from indexer.answer_figures import CITATION_FIGURES, REFUSAL_FIGURES, answer_rows, auroc_rows, confidences_of
from indexer.figures import Row
from tests.fake_answerers import answered, quote

EVIDENCE = "Steuern stehen auf der Rechnung."


def asked(name: str, locale: str = "de-de", *, near_miss: bool | None = None) -> Question:
    """An answerable question, or an unanswerable one where `near_miss` is given."""
    if near_miss is None:
        return Question(name, locale, "?", "", "natural", (), ("help/taxes",), (EVIDENCE,))
    return Question(name, locale, "?", "", "unanswerable", (), (), (), near_miss)


def figures(row: Row, part: str) -> dict[str, float]:
    return {
        name.removeprefix(f"{part}:"): figure.value
        for name, figure in row.figures.items()
        if name.startswith(part)
    }


def table(*answers: Answered) -> dict[str, Answered]:
    return {answer.question: answer for answer in answers}


QUESTIONS = [
    asked("right"), asked("refused"), asked("elsewhere", "ja-jp"), asked("silent"),
    asked("near", near_miss=True), asked("nearer", near_miss=True), asked("off", "ja-jp", near_miss=False),
]  # fmt: skip
ANSWERS = table(
    answered("right", 0.9, quote(EVIDENCE)),
    answered("refused", 0.4),
    answered("elsewhere", 0.3, quote("x", locale="en-us"), fallback=True),
    answered("silent", 0.6),  # above the threshold, but with nothing to quote
    answered("near", 0.6, quote("x")),
    answered("nearer", 0.2),
    answered("off", 0.1, quote("x"), fallback=True),
)


def test_refusals_are_measured_by_what_the_reader_got_and_by_the_threshold() -> None:
    rows = {row.group: row for row in answer_rows(QUESTIONS, ANSWERS, threshold=0.5)}
    assert figures(rows["all"], "refusal") == pytest.approx(
        {
            # .9 beats all three; .4 and .3 beat two; .6 beats two and ties: 3 + 2 + 2 + 2.5 of 12.
            "AUROC": 9.5 / 12,
            "AUROC_near_miss": (2 + 1 + 1 + 1.5) / 8,
            "AUROC_off_topic": 1.0,
            "answered": 2 / 4,
            "refused": 1 / 3,
            "refused_near_miss": 1 / 2,
            "refused_off_topic": 0.0,
            # Below .5 are refused, elsewhere, nearer, off: two of the four rightly.
            "precision": 2 / 4,
            "recall": 2 / 3,
            "fallback": 2 / 7,
        }
    )
    assert set(rows["all"].figures) == {*REFUSAL_FIGURES, *CITATION_FIGURES}


def test_each_locale_and_kind_has_the_figures_that_apply_to_it() -> None:
    rows = {row.group: row for row in answer_rows(QUESTIONS, ANSWERS, threshold=0.5)}
    assert list(rows) == ["all", "de-de", "ja-jp", "natural", "unanswerable"]
    assert figures(rows["ja-jp"], "refusal") == {
        "AUROC": 1.0,
        "AUROC_off_topic": 1.0,
        "answered": 1.0,
        "refused": 0.0,
        "refused_off_topic": 0.0,
        "precision": 0.5,
        "recall": 1.0,
        "fallback": 1.0,
    }
    assert figures(rows["natural"], "refusal") == {"answered": 0.5, "fallback": 0.25}
    assert "refusal:answered" not in rows["unanswerable"].figures
    assert rows["unanswerable"].figures["refusal:refused"].questions == 3


def test_a_confidence_on_the_threshold_is_no_refusal() -> None:
    row = answer_rows(QUESTIONS, ANSWERS, threshold=0.4)[0]
    # Below .4: elsewhere, nearer, off.
    assert row.figures["refusal:precision"].value == pytest.approx(2 / 3)
    row = answer_rows(QUESTIONS, ANSWERS, threshold=0.2)[0]
    # Below .2: off.
    assert row.figures["refusal:recall"].value == pytest.approx(1 / 3)


def test_without_refusals_there_is_no_precision() -> None:
    row = answer_rows(QUESTIONS, ANSWERS, threshold=0.0)[0]
    assert "refusal:precision" not in row.figures
    assert row.figures["refusal:recall"].value == 0


def test_a_difference_of_aurocs_is_paired() -> None:
    questions = [asked("1"), asked("2", near_miss=True), asked("3", near_miss=True)]
    now = table(answered("1", 0.5), answered("2", 0.4), answered("3", 0.6))
    then = table(answered("1", 0.5), answered("2", 0.5), answered("3", 0.6))
    difference = auroc_rows(questions, now, minus=then)[0].figures
    # 1/2 now, 1/4 then. Drawn twice, the pair with 2 alone gives 1/2, that with 3 nothing.
    assert difference["refusal:AUROC"].value == difference["refusal:AUROC_near_miss"].value == 0.25
    assert (difference["refusal:AUROC"].low, difference["refusal:AUROC"].high) == (0.0, 0.5)
    assert "refusal:AUROC_off_topic" not in difference
    same = auroc_rows(questions, now, minus=now)[0].figures["refusal:AUROC"]
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_confidences_stand_in_the_order_of_their_questions() -> None:
    assert confidences_of([asked("nearer"), asked("right")], ANSWERS) == [0.2, 0.9]


def cited(*answers: Answered) -> dict[str, float]:
    questions = [asked(answer.question) for answer in answers]
    return figures(answer_rows(questions, table(*answers), threshold=0.5)[0], "citations")


def test_the_evidence_may_stand_in_one_quote_or_in_all_of_them_together() -> None:
    whole = answered("1", 0.9, quote("anderes"), quote(f"**{EVIDENCE}** Und mehr."))
    parts = answered("2", 0.9, quote("Steuern stehen auf "), quote("der Rechnung."))
    wrong = answered("3", 0.9, quote("der Rechnung. Steuern stehen auf"))
    assert cited(whole, parts, wrong) == pytest.approx(
        {"single": 1 / 3, "joined": 2 / 3, "sentences": 5 / 3, "source": 0.0}
    )


def test_refused_and_unanswerable_questions_have_no_citation_figures() -> None:
    assert cited(answered("1", 0.9)) == {}
    questions = [asked("near", near_miss=True), asked("right")]
    row = answer_rows(questions, ANSWERS, threshold=0.5)[0]
    assert row.figures["citations:single"].questions == 1


def test_english_stands_beside_translated_quotes_only() -> None:
    translated = [quote("a", source="A"), quote("b"), quote("c", source="C"), quote("d", source="D")]
    assert cited(answered("1", 0.9, *translated, quote("e", locale="en-us")))["source"] == 0.75
    assert "source" not in cited(answered("1", 0.9, quote("e", locale="en-us")))
