"""The sample articles' drift from end to end: a refund that took 15 days in one version, 10 in the next."""

from __future__ import annotations

from datetime import date

import pytest

from indexer import Index, IndexFollower
from service.confidence import read_confidence
from tests.conftest import SAMPLE_QUESTIONS
from tests.service_app import Client, build_app

pytestmark = pytest.mark.model


class Holding(IndexFollower):
    """A follower of one index that is open already."""

    def __init__(self, index: Index) -> None:
        super().__init__(SAMPLE_QUESTIONS.parent)
        self._index = index


def client_of(index: Index) -> Client:
    """The service over the index, as sure of its hits as it is when it runs."""
    return Client(build_app(follower=Holding(index), confidence=read_confidence()))


def test_an_answer_from_an_older_version_carries_the_newest_english(sample_index: Index) -> None:
    client = client_of(sample_index)
    asked = "Within how many business days does the refund reach my bank account?"
    citations = client.ask(asked, locale="zh-tw")["citations"]
    [refund] = [c for c in citations if "15 business days" in (c["source_quote"] or "")]
    drift = refund["drift"]
    assert drift["sentence_changed"] is True
    assert "10 business days" in drift["newest_source_quote"]
    assert drift["newest_locale"] != "en-us"
    newest = sample_index.editions(drift["newest_locale"])[refund["article"]].translation.handed_over
    assert newest == date.fromisoformat(drift["newest_handed_over"])
    assert drift["newest_handed_over"] > refund["translation"]["handed_over"]


def test_an_answer_from_the_newest_version_carries_none(sample_index: Index) -> None:
    client = client_of(sample_index)
    asked = "Within how many business days does the refund reach my bank account?"
    citations = client.ask(asked, locale="en-us")["citations"]
    assert citations
    assert [citation["drift"] for citation in citations] == [None] * len(citations)
