"""Which questions went wrong, in which order, and how they are told."""

from __future__ import annotations

import math

import pytest

from indexer import Answered, Index, Question, Turn
from indexer.runs import Answering, Run
from indexer.trec import JudgedRun
from indexer.worst_questions import Fault, describe_question, evidence_ranks, read_worst, worst_questions
from tests.fake_answerers import answered, quote
from tests.small_corpus import MAIL, SEATS, TAXES, SmallIndex

MAIL_ID, SEATS_ID, TAXES_ID = (f"de-de/help/{name}#top.0" for name in ("mail", "seats", "taxes"))
RIGHT = quote("Steuern stehen auf der Rechnung.", source="Taxes stand on the invoice.")
WRONG = quote("Plätze enden nach sieben Tagen.")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    small = SmallIndex(tmp_path_factory.mktemp("small"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    small.build()
    return small.open()


def question(name: str, *, answerable: bool = True, near_miss: bool = False) -> Question:
    articles, evidence = (("help/taxes",), ("Steuern stehen",)) if answerable else ((), ())
    return Question(name, "de-de", f"Frage {name}?", "de", "natural", (), articles, evidence, near_miss)


def run_of(ranks: dict[str, int | None], *answers: Answered) -> Run:
    """A run that found the evidence of each question at its rank."""
    found = {
        name: [MAIL_ID] * ((rank or 9) - 1) + [TAXES_ID if rank else SEATS_ID] for name, rank in ranks.items()
    }
    judged = JudgedRun({name: [TAXES_ID] for name in ranks}, found)
    answering = Answering(0.5, {each.question: each for each in answers}) if answers else None
    return Run("generation", {"article": JudgedRun({}, {}), "evidence": judged}, answering)


def worst(questions: list[Question], run: Run, fault: Fault) -> tuple[list[str], int]:
    wrong = worst_questions(questions, run, fault)
    assert wrong.fault is fault
    return [each.id for each in wrong.questions], wrong.possible


def test_the_rank_of_the_evidence_is_that_of_its_first_passage() -> None:
    run = run_of({"first": 1, "third": 3, "nowhere": None})
    assert evidence_ranks(run) == {"first": 1, "third": 3, "nowhere": math.inf}


def test_what_is_found_lowest_is_missed_worst() -> None:
    ranks = {"first": 1, "sixth": 6, "nowhere": None, "fifth": 5, "seventh": 7}
    questions = [question(name) for name in ranks] + [question("unanswerable", answerable=False)]
    expected = ["nowhere", "seventh", "sixth"]
    assert worst(questions, run_of(ranks), Fault.NOT_FOUND) == (expected, 5)


def test_a_refusal_is_worse_the_higher_the_evidence_stood_and_the_less_sure_it_was() -> None:
    questions = [question(name) for name in ("low", "sure", "unsure", "said")]
    run = run_of(
        {"low": 4, "sure": 1, "unsure": 1, "said": 1},
        answered("low", 0.1), answered("sure", 0.4), answered("unsure", 0.3), answered("said", 0.9, RIGHT),
    )  # fmt: skip
    assert worst(questions, run, Fault.REFUSED) == (["unsure", "sure", "low"], 4)


def test_an_answer_that_should_not_be_is_worse_the_surer_it_was() -> None:
    questions = [question(name, answerable=False) for name in ("a", "b", "silent")] + [question("right")]
    run = run_of(
        {"right": 1},
        answered("a", 0.6, WRONG), answered("b", 0.9, WRONG), answered("silent", 0.1),
        answered("right", 0.9, RIGHT),
    )  # fmt: skip
    assert worst(questions, run, Fault.ANSWERED) == (["b", "a"], 3)


def test_an_answer_beside_the_evidence_is_worse_the_surer_it_was() -> None:
    questions = [question(name) for name in ("a", "b", "right", "refused")]
    run = run_of(
        dict.fromkeys(("a", "b", "right", "refused"), 1),
        answered("a", 0.6, WRONG), answered("b", 0.9, WRONG, WRONG), answered("right", 0.9, WRONG, RIGHT),
        answered("refused", 0.1),
    )  # fmt: skip
    assert worst(questions, run, Fault.MISQUOTED) == (["b", "a"], 3)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.ANSWERED, Fault.MISQUOTED])
def test_where_nobody_answered_no_answer_is_wrong(fault: Fault) -> None:
    assert worst([question("a")], run_of({"a": 1}), fault) == ([], 0)


def test_a_question_is_told_with_its_hits_and_its_answer(index: Index) -> None:
    asked = Question(
        "q", "de-de", "Wo stehen sie?", "de", "followup", (Turn("user", "Was ist mit\nSteuern?"),),
        ("help/taxes",), ("Steuern stehen",),
    )  # fmt: skip
    run = run_of({"q": 2}, answered("q", 0.75, RIGHT))
    assert describe_question(index, asked, run).splitlines() == [
        "q (de-de, followup, asked in de)",
        "  user: Was ist mit Steuern?",
        "  QUESTION: Wo stehen sie?",
        "  answered by help/taxes",
        "  evidence: Steuern stehen",
        f"  hit 1: {MAIL_ID}",
        "    Der Anbieter schreibt Kunden bei Ausfällen. Über Preise schreibt er nie.",
        f"  hit 2*: {TAXES_ID}",
        "    Steuern stehen auf der Rechnung.",
        "  answered, confidence 0.75 (threshold 0.5)",
        "  quote: Steuern stehen auf der Rechnung.",
        "    English: Taxes stand on the invoice.",
    ]


@pytest.mark.parametrize(("near_miss", "sort"), [(True, "a near miss"), (False, "off topic")])
def test_an_unanswerable_question_is_told_with_its_sort_and_its_refusal(
    index: Index, near_miss: bool, sort: str
) -> None:
    asked = question("q", answerable=False, near_miss=near_miss)
    told = describe_question(index, asked, run_of({}, answered("q", 0.25)))
    assert told.splitlines()[2:] == [
        f"  stated nowhere, {sort}",
        "  refused (not_stated), confidence 0.25 (threshold 0.5)",
    ]


def test_an_answer_of_another_locale_says_so(index: Index) -> None:
    run = run_of({}, answered("q", 0.25, WRONG, fallback=True))
    told = describe_question(index, question("q"), run)
    assert "  answered by another locale, confidence 0.25 (threshold 0.5)" in told.splitlines()


def test_long_text_is_cut(index: Index) -> None:
    run = run_of({}, answered("q", 0.75, quote("ab " * 200)))
    assert f"  quote: {'ab ' * 80} …" in describe_question(index, question("q"), run).splitlines()


def test_only_the_worst_are_told_below_their_number(index: Index) -> None:
    questions = [question(name) for name in ("a", "b", "c")]
    run = run_of({"a": 6, "b": 7, "c": 1})
    told = read_worst(index, questions, run, Fault.NOT_FOUND, most=1)
    blocks = told.split("\n\n")
    assert blocks[0] == "2 of 3 questions: the evidence is not among the first 5 hits"
    assert blocks[1] == describe_question(index, questions[1], run)
    assert len(blocks) == 2
    assert read_worst(index, questions[2:], run, Fault.NOT_FOUND, most=1).startswith("0 of 1 questions: ")
