"""The demonstration's questions: the sample articles answer each, in the language of its ticket."""

from __future__ import annotations

import time

import pytest

from indexer import Index
from service.answering import Question, Rules, answer_question
from service.demo_page import Ticket, read_tickets
from service.settings import Settings
from service.shipped import shipped_rules

pytestmark = pytest.mark.model

ARTICLES = [
    "partner-help/cancel-and-refund",
    "partner-help/customer-communication",
    "partner-help/dispute-an-invoice",
    "partner-help/marketplace-purchase",
    "partner-help/reset-a-password",
]


@pytest.fixture(scope="module")
def rules() -> Rules:
    return shipped_rules(Settings(), clock=time.perf_counter)


@pytest.mark.parametrize("ticket", read_tickets(), ids=lambda ticket: str(ticket.locale))
def test_the_sample_articles_answer_the_questions_of_a_ticket(
    sample_index: Index, rules: Rules, ticket: Ticket
) -> None:
    answers = [
        answer_question(
            sample_index,
            Question(text=text, k=10, locale=ticket.locale, accept_language=None, history=(), filters=None),
            rules=rules,
            checkpoint=lambda: None,
        )
        for text in ticket.questions
    ]
    assert [(answer.reason, answer.ranking.locale) for answer in answers] == [(None, ticket.locale)] * 5
    assert sorted(answer.cited.citations[0].hit.passage.edition.path for answer in answers) == ARTICLES
