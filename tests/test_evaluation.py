"""The retrieval figures, worked by hand over rankings made by hand."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from indexer import Hit, Index, Question, Ranking, Scores, Turn, UnknownLocale
from indexer.evaluation import (
    NO_PASSAGE,
    RETRIEVAL_FIGURES,
    evaluate,
    judge_rankings,
    measure,
    run_questions,
    search_with,
)
from indexer.figures import Row
from indexer.fusion import FusionWeights, spread, weights_for
from tests.small_corpus import FRENCH_MAIL, MAIL, SEATS, TAXES, SmallIndex


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    small = SmallIndex(tmp_path_factory.mktemp("small"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES, more=TAXES)
    small.write("fr-fr", mail=FRENCH_MAIL)
    small.build()
    return small.open()


def question(
    name: str, *articles: str, locale: str = "de-de", kind: str = "natural", evidence: str = "Steuern"
) -> Question:
    return Question(name, locale, "Steuern?", "de", kind, (), articles, (evidence,))


def ranking(index: Index, *names: str, locale: str = "de-de") -> Ranking:
    """The passages of these articles in this order."""
    passages = [index.passage(f"{locale}/help/{name}#top.0") for name in names]
    hits = [Hit(passage, rank, 1 / rank, Scores(0, 0, 0), (), ()) for rank, passage in enumerate(passages, 1)]
    return Ranking("Steuern?", locale, index.generation, tuple(hits))


def values(row: Row, level: str) -> dict[str, float]:
    """Measure -> value of one level."""
    return {
        name.removeprefix(f"{level}:"): figure.value
        for name, figure in row.figures.items()
        if name.startswith(f"{level}:")
    }


def test_the_measures_are_means_over_the_questions_and_no_answer_is_a_miss(index: Index) -> None:
    questions = [question(name, "help/taxes") for name in ("first", "second", "unanswered")]
    rankings = {
        "first": ranking(index, "taxes", "mail"),
        "second": ranking(index, "mail", "taxes", "seats"),
        "unanswered": ranking(index),
    }
    row = evaluate(index, questions, rankings)[0]
    expected = {
        "Success@1": 1 / 3,
        "Success@3": 2 / 3,
        "Success@5": 2 / 3,
        "Success@10": 2 / 3,
        "RR@10": (1 + 1 / 2 + 0) / 3,
        "nDCG@10": (1 + 1 / log2(3) + 0) / 3,
    }
    assert (row.group, row.questions) == ("all", 3)
    assert values(row, "article") == pytest.approx(expected, abs=1e-4)
    assert values(row, "evidence") == pytest.approx(expected, abs=1e-4)
    assert tuple(row.figures) == RETRIEVAL_FIGURES
    assert {figure.questions for figure in row.figures.values()} == {3}


def test_the_right_article_without_its_evidence_is_a_miss_of_evidence(index: Index) -> None:
    asked = question("q", "help/mail", evidence="Über Preise schreibt er jeden Tag.")
    row = evaluate(index, [asked], {"q": ranking(index, "mail")})[0]
    assert (values(row, "article")["Success@1"], values(row, "evidence")["Success@5"]) == (1, 0)


def test_evidence_counts_in_the_articles_that_answer_only(index: Index) -> None:
    rankings = {"q": ranking(index, "more", "taxes")}
    one = evaluate(index, [question("q", "help/taxes")], rankings)[0]
    assert (values(one, "article")["RR@10"], values(one, "evidence")["RR@10"]) == (0.5, 0.5)
    also = evaluate(index, [question("q", "help/taxes", "help/more")], rankings)[0]
    assert (values(also, "article")["RR@10"], values(also, "evidence")["RR@10"]) == (1, 1)


def test_repeated_articles_take_one_place(index: Index) -> None:
    hits = ranking(index, "mail", "mail", "taxes")
    row = evaluate(index, [question("q", "help/taxes", evidence="Steuern")], {"q": hits})[0]
    assert values(row, "article")["RR@10"] == 0.5


def test_there_is_a_row_for_each_locale_and_each_kind_without_the_unanswerable(index: Index) -> None:
    questions = [
        question("a", "help/taxes", kind="typo"),
        question("b", "help/mail", locale="fr-fr", evidence="clients"),
        question("c", kind="unanswerable"),
    ]
    rankings = {
        "a": ranking(index, "taxes"),
        "b": ranking(index, locale="fr-fr"),
        "c": ranking(index, "mail"),
    }
    rows = evaluate(index, questions, rankings)
    assert [(row.group, row.questions, values(row, "article")["Success@5"]) for row in rows] == [
        ("all", 2, 0.5),
        ("de-de", 1, 1),
        ("fr-fr", 1, 0),
        ("natural", 1, 0),
        ("typo", 1, 1),
    ]


def test_without_answerable_questions_nothing_is_measured(index: Index) -> None:
    rows = evaluate(index, [question("c", kind="unanswerable")], {"c": ranking(index)})
    assert rows == [Row("all", 0, {})]


def test_rankings_are_judged_by_article_and_by_passage(index: Index) -> None:
    questions = [
        question("found", "help/taxes", "help/more"),
        question("nowhere", "help/mail", evidence="Über Preise schreibt er jeden Tag."),
        question("unanswerable"),
        question("silent", "help/taxes"),
    ]
    rankings = {
        "found": ranking(index, "taxes", "mail", "taxes"),
        "nowhere": ranking(index, "mail"),
        "unanswerable": ranking(index, "seats"),
        "silent": ranking(index),
    }
    levels = judge_rankings(index, questions, rankings)
    article, evidence = levels["article"], levels["evidence"]
    assert article.qrels == {
        "found": ["help/taxes", "help/more"],
        "nowhere": ["help/mail"],
        "silent": ["help/taxes"],
    }
    assert article.run == {
        "found": ["help/taxes", "help/mail"],
        "nowhere": ["help/mail"],
        "unanswerable": ["help/seats"],
    }
    assert evidence.qrels == {
        "found": ["de-de/help/taxes#top.0", "de-de/help/more#top.0"],
        "nowhere": [NO_PASSAGE],
        "silent": ["de-de/help/taxes#top.0"],
    }
    assert evidence.run["unanswerable"] == ["de-de/help/seats#top.0"]
    assert sorted(measure(levels)) == ["found", "nowhere", "silent"]


def test_questions_are_asked_with_their_history(index: Index) -> None:
    told: list[int] = []
    asked = Question("q", "de-de", "Und dann?", "de", "followup", (Turn("user", "Steuern"),), (), ())
    rankings = run_questions(index, [asked], progress=told.append)
    assert rankings["q"] == index.search("Und dann?", locale="de-de", k=50, history=asked.history)
    assert told == [1]


def test_a_locale_that_the_index_does_not_hold_is_refused(index: Index) -> None:
    asked = question("q", "help/mail", locale="it-it")
    with pytest.raises(UnknownLocale, match="it-it"):
        run_questions(index, [asked])
    with pytest.raises(UnknownLocale, match="it-it"):
        run_questions(index, [asked], search=search_with(FusionWeights(1, 0, 0)))
    with pytest.raises(UnknownLocale, match="it-it"):
        evaluate(index, [asked], {"q": ranking(index)})


def test_another_search_may_stand_in_for_the_indexs(index: Index) -> None:
    asked = question("q", "help/taxes")

    def backwards(index: Index, question: Question) -> Ranking:
        assert question is asked
        return ranking(index, "mail", "taxes")

    assert run_questions(index, [asked], search=backwards) == {"q": ranking(index, "mail", "taxes")}


def test_with_the_indexs_own_weights_a_weighted_search_is_its_search(index: Index) -> None:
    asked = question("q", "help/taxes")
    weights = weights_for(asked.query, follows=False)
    assert run_questions(index, [asked], search=search_with(weights)) == run_questions(index, [asked])


@pytest.mark.parametrize(("weights", "leg"), [((0, 0, 0), "lexical"), ((1, 0, 0), "dense")])
def test_a_leg_without_weight_has_no_say(index: Index, weights: tuple[int, int, int], leg: str) -> None:
    asked = question("q", "help/taxes")
    hits = run_questions(index, [asked], search=search_with(FusionWeights(*weights)))["q"].hits
    legs = np.array([getattr(hit.scores, leg) for hit in hits], dtype=np.float32)
    assert len(set(legs.tolist())) > 1
    # The dense leg is spread over 0..1 (fusion.py).
    expected = legs if leg == "lexical" else spread(legs)
    assert [hit.score for hit in hits] == pytest.approx(sorted(expected, reverse=True), abs=1e-6)
