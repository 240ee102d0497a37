"""The question flow on a fake index: answers, refusals, fallbacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from datetime import date
from typing import Any, cast

import pytest

from indexer import Filters, Index, Ranking, Turn
from service.admission import DeadlinePassed
from service.answering import (
    NEEDS_TURNS,
    Answer,
    Question,
    Rules,
    answer_question,
    search_question,
)
from service.assignment import Assignment
from service.citations import Draft, DraftSentence
from service.confidence import AbstainReason, Judgement
from service.fallback import editions_missing_in
from service.writers import ExtractiveWriter
from tests.fake_index import ARTICLES, GENERATION, FakeArticle, FakeIndex
from tests.service_app import guess_first, make_rules

NEVER = Judgement(0.1, AbstainReason.LOW_CONFIDENCE)


class Ticks:
    """A clock that goes on by a second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def rules() -> Rules:
    return make_rules(clock=Ticks())


@pytest.fixture
def index() -> FakeIndex:
    return FakeIndex()


def answer(index: FakeIndex, rules: Rules, text: str, **fields: Any) -> Answer:
    question = dataclasses.replace(Question(text, k=10), **fields)
    return answer_question(cast(Index, index), question, rules=rules, checkpoint=lambda: None)


def test_a_question_is_answered_with_a_quote_and_its_english(index: FakeIndex, rules: Rules) -> None:
    given = answer(index, rules, "Darf der Anbieter Kunden wegen Ausfällen schreiben?", locale="de-de")
    assert given.reason is None
    assert given.text == "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben.[1]"
    assert [(c.quote, c.source_quote) for c in given.cited.citations] == [
        (
            "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben. Wegen Preisen schreibt er ihnen nie.",
            "The vendor may write to your customers about outages. It never writes to them about prices.",
        )
    ]
    assert (given.ranking.locale, given.fallback, given.writer) == ("de-de", False, "extractive")
    assert given.ranking.generation == GENERATION
    assert index.calls == ["de-de"]


def test_an_english_question_is_answered_from_a_locales_articles(index: FakeIndex, rules: Rules) -> None:
    given = answer(index, rules, "May the vendor write to customers about outages?", locale="ja-jp")
    assert given.text == "ベンダーは障害についてお客様にメールを送ることがあります。[1]"


def test_earlier_turns_reach_the_search(index: FakeIndex, rules: Rules) -> None:
    history = (Turn("user", "May the vendor write to customers about outages?"), Turn("assistant", "Yes."))
    given = answer(index, rules, "Also on Tuesdays?", locale="en-us", history=history)
    assert given.text == "The vendor may write to your customers about outages.[1]"
    assert given.understood_as == "May the vendor write to customers about outages? Also on Tuesdays?"
    assert index.calls == ["en-us", "en-us"]


def test_a_question_that_stands_alone_does_not_hear_earlier_turns(index: FakeIndex, rules: Rules) -> None:
    history = (Turn("user", "Can a subscription be cancelled within seven days?"), Turn("assistant", "Yes."))
    given = answer(
        index, rules, "May the vendor write to customers about outages?", locale="en-us", history=history
    )
    alone = answer(index, rules, "May the vendor write to customers about outages?", locale="en-us")
    assert given.text == alone.text
    assert given.understood_as is None
    assert [hit.passage.id for hit in given.ranking.hits] == [hit.passage.id for hit in alone.ranking.hits]


@pytest.mark.parametrize(("need", "heard"), [(0.9, True), (NEEDS_TURNS, True), (0.1, False)])
def test_its_vector_decides_whether_a_question_hears_earlier_turns(
    index: FakeIndex, rules: Rules, need: float, heard: bool
) -> None:
    # Refused by itself: with the turns before it, it would be answered with what they were about.
    history = (Turn("user", "May the vendor write to customers about outages?"), Turn("assistant", "Yes."))
    deciding = dataclasses.replace(rules, context_need=lambda vector: need)
    given = answer(index, deciding, "Also on Tuesdays?", locale="en-us", history=history)
    assert (given.reason is None) is heard
    assert (given.understood_as is not None) is heard


def test_filters_reach_the_search(index: FakeIndex, rules: Rules) -> None:
    filters = Filters(roles=("Billing admin",))
    given = answer(index, rules, "May the vendor write about outages?", locale="en-us", filters=filters)
    assert given.reason is not None
    assert [hit.passage.edition.path for hit in given.ranking.hits] == ["partner-help/seats"]


def test_an_article_that_the_locale_lacks_answers_from_the_source_locale(
    index: FakeIndex, rules: Rules
) -> None:
    given = answer(index, rules, "Can a subscription be cancelled within seven days?", locale="de-de")
    assert given.text == "A subscription can be cancelled within seven days.[1]"
    assert (given.choice.served, given.ranking.locale, given.fallback) == ("de-de", "en-us", True)
    assert index.calls == ["de-de", "en-us"]


def test_a_fallback_is_not_asked_for_articles_that_the_locale_has(index: FakeIndex) -> None:
    assert editions_missing_in(cast(Index, index), "de-de", "en-us") == {"partner-help/seats"}
    assert editions_missing_in(cast(Index, index), "en-us", "de-de") == frozenset()


def test_a_fallback_is_asked_for_articles_that_were_handed_over_later(index: FakeIndex) -> None:
    assert editions_missing_in(cast(Index, index), "ja-jp", "en-us") == {"partner-help/seats"}
    assert editions_missing_in(cast(Index, index), "zh-tw", "ja-jp") == {
        "partner-help/mail",
        "partner-help/seats",
    }


def test_an_article_without_a_date_is_not_taken_for_newer() -> None:
    undated = [dataclasses.replace(ARTICLES[0], handed_over=None), ARTICLES[2]]
    assert editions_missing_in(cast(Index, FakeIndex(undated)), "de-de", "en-us") == frozenset()
    assert editions_missing_in(cast(Index, FakeIndex(undated)), "en-us", "de-de") == frozenset()


def test_the_source_locale_is_asked_first_and_then_the_rest_in_order(index: FakeIndex, rules: Rules) -> None:
    refusing = dataclasses.replace(rules, confidence=lambda ranking: NEVER)
    answer(index, refusing, "words", locale="zh-tw")
    assert index.calls == ["zh-tw", "en-us", "de-de", "ja-jp"]


def test_without_fallback_no_other_locale_is_asked(index: FakeIndex, rules: Rules) -> None:
    alone = dataclasses.replace(rules, fallback=False)
    given = answer(index, alone, "Can a subscription be cancelled within seven days?", locale="de-de")
    assert given.reason is not None
    assert index.calls == ["de-de"]


def test_where_no_locale_answers_the_refusal_speaks_the_readers_language(
    index: FakeIndex, rules: Rules
) -> None:
    given = answer(index, rules, "Wie hoch ist der Mond?", locale="de-at")
    assert given.reason is AbstainReason.OFF_TOPIC
    assert given.text == "Zu dieser Frage gibt es hier keinen Artikel."
    assert given.cited.citations == ()
    assert (given.ranking.locale, given.fallback) == ("de-de", False)
    assert [hit.passage.id for hit in given.ranking.hits] == ["de-de/partner-help/mail#when-we-write.0"]


def test_confidence_at_the_threshold_answers(index: FakeIndex, rules: Rules) -> None:
    sure = dataclasses.replace(rules, confidence=lambda r: Judgement(0.25, AbstainReason.OFF_TOPIC))
    assert answer(index, sure, "outages", locale="en-us").reason is None
    below = dataclasses.replace(rules, confidence=lambda r: Judgement(0.2499, AbstainReason.OFF_TOPIC))
    assert answer(index, below, "outages", locale="en-us").reason is AbstainReason.OFF_TOPIC


def test_hits_without_a_sentence_to_quote_are_not_stated(index: FakeIndex, rules: Rules) -> None:
    class Silent:
        name = ExtractiveWriter.name

        def draft_stream(self, assignment: Assignment) -> Generator[DraftSentence, None, Draft]:
            yield from ()
            return Draft((), "extractive")

    given = answer(index, dataclasses.replace(rules, writer=Silent()), "outages", locale="en-us")
    assert given.reason is AbstainReason.NOT_STATED


def test_each_stage_is_timed(index: FakeIndex, rules: Rules) -> None:
    # One tick a lap: the clock stands at 1 when the flow begins.
    given = answer(index, rules, "May the vendor write to customers about outages?", locale="en-us")
    assert given.timings_ms == {
        "locale": 1000.0, "search": 1000.0, "confidence": 1000.0, "writing": 1000.0, "total": 5000.0,
    }  # fmt: skip


def test_the_time_of_other_locales_is_its_own_stage(index: FakeIndex, rules: Rules) -> None:
    given = answer(index, rules, "Can a subscription be cancelled within seven days?", locale="de-de")
    assert given.timings_ms["fallback"] == 3000.0


def test_the_flow_stops_at_a_checkpoint_that_raises(index: FakeIndex, rules: Rules) -> None:
    def stop() -> None:
        raise DeadlinePassed

    with pytest.raises(DeadlinePassed):
        answer_question(cast(Index, index), Question("outages", k=10), rules=rules, checkpoint=stop)
    assert index.calls == []


def test_a_search_gives_the_choice_and_the_ranking(index: FakeIndex) -> None:
    choice, ranking = search_question(
        cast(Index, index), Question("outages", k=1, accept_language="zh-HK"), guess=guess_first
    )
    assert (choice.requested, choice.served, choice.nearest) == ("zh-hk", "zh-tw", True)
    assert [hit.rank for hit in ranking.hits] == [1]


def test_earlier_turns_of_the_user_help_to_guess_the_locale(index: FakeIndex) -> None:
    texts: list[str] = []

    def guess(text: str, available: object) -> str:
        texts.append(text)
        return "de-de"

    history = (Turn("user", "Darf der Anbieter schreiben?"), Turn("assistant", "Yes."))
    search_question(cast(Index, index), Question("MPN?", k=1, history=history), guess=guess)
    assert texts == ["Darf der Anbieter schreiben?\nMPN?"]


def test_an_older_source_edition_is_no_fallback() -> None:
    older = FakeArticle("a/b", "en-us", "T", [("x", "H", [("Old.", None)])], date(2020, 1, 1))
    newer = FakeArticle("a/b", "de-de", "T", [("x", "H", [("Neu.", None)])], date(2021, 1, 1))
    index = FakeIndex([older, newer])
    assert editions_missing_in(cast(Index, index), "de-de", "en-us") == frozenset()
    assert editions_missing_in(cast(Index, index), "en-us", "de-de") == {"a/b"}


@pytest.mark.parametrize(("elsewhere", "answered"), [(0.74, False), (0.75, True)])
def test_a_fallback_has_to_be_surer(index: FakeIndex, rules: Rules, elsewhere: float, answered: bool) -> None:
    def confidence(ranking: Ranking) -> Judgement:
        sure = 0.49 if ranking.locale == "de-de" else elsewhere
        return Judgement(sure, AbstainReason.NOT_STATED)

    # Halfway from the threshold of .5 to certainty.
    half = dataclasses.replace(rules, confidence=confidence, refuse_below=0.5)
    given = answer(index, half, "Taxes?", locale="de-de")
    assert given.fallback is answered
    assert (given.reason is None) is answered
