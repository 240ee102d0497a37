"""The service's answers as the indexer measures them."""

from __future__ import annotations

from typing import cast

import pytest

from indexer import Answered, Answerer, Index, Question, Quote, Turn
from indexer.answers import SHIPPED_ANSWERER, load_answerer
from service.confidence import AbstainReason, read_confidence
from service.evaluated import shipped_answerer
from service.settings import Settings
from tests.fake_index import FakeIndex


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return shipped_answerer()


@pytest.fixture
def index() -> FakeIndex:
    return FakeIndex()


def ask(answerer: Answerer, index: FakeIndex, text: str, locale: str, *history: Turn) -> Answered:
    return answerer(cast(Index, index), Question("q", locale, text, "", "natural", history, (), ()))


def own_confidence(index: FakeIndex, text: str, locale: str) -> float:
    return read_confidence()(index.search(text, locale=locale, k=10)).confidence


def test_the_indexer_finds_it_by_its_name() -> None:
    assert type(load_answerer(SHIPPED_ANSWERER)) is type(shipped_answerer())


def test_an_answer_is_reported_with_its_quotes(answerer: Answerer, index: FakeIndex) -> None:
    text = "Darf der Anbieter Kunden wegen Ausfällen schreiben?"
    given = ask(answerer, index, text, "de-de")
    quote = Quote(
        "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben.",
        "partner-help/mail",
        "de-de/partner-help/mail#when-we-write.0",
        "The vendor may write to your customers about outages.",
    )
    assert given == Answered("q", own_confidence(index, text, "de-de"), True, False, None, (quote,))


def test_a_fallbacks_answer_comes_with_the_confidence_of_the_asked_locale(
    answerer: Answerer, index: FakeIndex
) -> None:
    text = "Can a subscription be cancelled within seven days?"
    given = ask(answerer, index, text, "de-de")
    assert (given.answered, given.fallback) == (True, True)
    assert [quote.locale for quote in given.quotes] == ["en-us"]
    assert given.confidence == own_confidence(index, text, "de-de") < answerer.threshold
    assert own_confidence(index, text, "en-us") >= answerer.threshold


def test_a_refusal_is_reported_with_its_reason(answerer: Answerer, index: FakeIndex) -> None:
    given = ask(answerer, index, "Wie hoch ist der Mond?", "de-de")
    assert (given.answered, given.fallback, given.quotes) == (False, False, ())
    assert given.reason == AbstainReason.OFF_TOPIC


def test_earlier_turns_are_heard(answerer: Answerer, index: FakeIndex) -> None:
    history = (Turn("user", "May the vendor write about outages?"), Turn("assistant", "Yes."))
    given = ask(answerer, index, "to customers?", "en-us", *history)
    assert [quote.text for quote in given.quotes] == ["The vendor may write to your customers about outages."]


def test_the_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_REFUSE_BELOW", "0.99")
    assert Settings().refuse_below == 0.99
    assert shipped_answerer().threshold == Settings.model_fields["refuse_below"].default
