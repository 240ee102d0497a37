"""A service that is slow, full, gone in mid-answer or speaks nonsense."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.articles import FIRST
from tests.browser.chat import Chat
from tests.browser.conftest import Desk
from tests.browser.relay import (
    Fault,
    Relay,
    cut_after,
    ended_after,
    garbled,
    in_bytes,
    paused_before,
    refused,
)
from tests.browser.visits import Visit

SESSION = "/v1/widget/session"
# Created, in progress, item, part, the first sentence.
FIRST_SENTENCE = 5
REFUSALS = {
    "error_busy": refused(503, "overloaded", Retry_After="3"),
    "error_late": refused(504, "deadline", Retry_After="1"),
    "error_refused": refused(403, "refused-origin"),
    "error_locale": refused(404, "unknown-locale"),
    "error_question": refused(422, "invalid-request"),
    "error_failed": refused(500, "internal"),
}


@pytest.fixture
def page(visit: Callable[..., Visit]) -> Page:
    """A desktop's page."""
    return visit().page


@pytest.fixture
def chat(page: Page, desk: Desk, relay: Relay) -> Chat:
    """The widget before the misbehaving service, opened."""
    page.goto(desk.host.element(relay.address, key=desk.key, locale="en-us"))
    return Chat(page).open()


def test_an_answer_whose_connection_is_lost_stays_and_is_asked_again(chat: Chat, relay: Relay) -> None:
    lost = cut_after(FIRST_SENTENCE)
    relay.put(lost)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    lost.go_on()
    expect(chat.root.get_by_text(chat.words["incomplete"]).first).to_be_visible()
    expect(chat.text(FIRST)).to_be_visible()
    chat.button("retry").click()
    expect(chat.source(1)).to_be_visible()
    expect(chat.log.get_by_text(chat.words["incomplete"])).to_have_count(0)
    assert len(relay.asked()) == 2


def test_a_stream_that_ends_early_is_no_whole_answer(chat: Chat, relay: Relay) -> None:
    relay.put(ended_after(FIRST_SENTENCE))
    chat.ask()
    expect(chat.root.get_by_text(chat.words["incomplete"]).first).to_be_visible()
    expect(chat.text(FIRST)).to_be_visible()


@pytest.mark.parametrize("fault", [ended_after(0), garbled], ids=["nothing", "nonsense"])
def test_a_stream_without_an_answer_is_told_and_asked_again(chat: Chat, relay: Relay, fault: Fault) -> None:
    relay.put(fault)
    chat.ask()
    chat.button("retry").click()
    expect(chat.source(1)).to_be_visible()


def test_letters_that_are_torn_over_two_parts_arrive_whole(page: Page, desk: Desk, relay: Relay) -> None:
    relay.put(in_bytes)
    page.goto(desk.host.element(relay.address, key=desk.key, locale="ja-jp"))
    chat = Chat(page, ui_locale="ja-jp")
    chat.ask()
    expect(chat.text("返金は十日以内に支払われます。")).to_be_visible()
    expect(chat.log.get_by_text("\ufffd")).to_have_count(0)


def test_a_slow_service_is_waited_for_in_words_and_can_be_stopped(
    visit: Callable[..., Visit], desk: Desk, relay: Relay
) -> None:
    page = visit().page
    page.clock.install()
    pause = paused_before(0)
    relay.put(pause)
    page.goto(desk.host.element(relay.address, key=desk.key, locale="en-us"))
    chat = Chat(page)
    chat.ask()
    expect(chat.root.get_by_text(chat.words["working"]).first).to_be_visible()
    page.clock.fast_forward(10_000)
    expect(chat.root.get_by_text(chat.words["slow"]).first).to_be_visible()
    expect(chat.button("stop")).to_be_visible()
    pause.go_on()
    expect(chat.source(1)).to_be_visible()
    expect(chat.root.get_by_text(chat.words["slow"])).to_have_count(0)


def test_a_full_service_says_when_to_ask_again_and_then_answers(chat: Chat, relay: Relay) -> None:
    relay.put(refused(429, "too-many-requests", Retry_After="1"))
    chat.ask()
    expect(chat.root.get_by_text(pattern(chat.words["error_rate_limited"])).first).to_be_visible()
    expect(chat.root.get_by_text(chat.words["retry_now"]).first).to_be_visible()
    chat.button("retry").click()
    expect(chat.source(1)).to_be_visible()
    assert len(relay.asked()) == 2


def pattern(words: str) -> re.Pattern[str]:
    """A string of the interface, with anything in the place of its values."""
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(words)))


def test_the_services_own_limit_is_told(page: Page, desk: Desk) -> None:
    page.goto(desk.host.element(desk.address, key=desk.narrow_key, locale="en-us"))
    chat = Chat(page).open()
    chat.ask()
    expect(chat.source(1)).to_be_visible()
    chat.ask()
    expect(chat.root.get_by_text(pattern(chat.words["error_rate_limited"])).first).to_be_visible()


def test_each_refusal_of_the_service_has_its_words(chat: Chat, relay: Relay) -> None:
    for word, fault in REFUSALS.items():
        relay.put(fault)
        chat.ask()
        expect(chat.root.get_by_text(pattern(chat.words[word])).first).to_be_visible()
        chat.button("new_conversation").click()


def test_a_service_that_is_gone_is_told(chat: Chat, page: Page) -> None:
    page.context.set_offline(True)
    chat.ask()
    expect(chat.root.get_by_text(chat.words["error_network"]).first).to_be_visible()
    page.context.set_offline(False)
    chat.button("retry").click()
    expect(chat.source(1)).to_be_visible()


def test_an_expired_token_is_renewed_once_without_a_word(chat: Chat, relay: Relay) -> None:
    relay.put(refused(401, "expired-token"))
    chat.ask()
    expect(chat.source(1)).to_be_visible()
    assert len(relay.asked()) == 2
    assert len(relay.asked(SESSION)) == 2
    first, second = (request.headers["authorization"] for request in relay.asked())
    assert first.startswith("Bearer st_")
    assert second.startswith("Bearer st_")


def test_a_token_that_is_refused_twice_is_told_and_not_tried_for_ever(chat: Chat, relay: Relay) -> None:
    relay.put(refused(401, "expired-token"), refused(401, "expired-token"))
    chat.ask()
    expect(chat.root.get_by_text(chat.words["error_refused"]).first).to_be_visible()
    assert len(relay.asked()) == 2


def test_the_publishable_key_goes_to_the_session_alone(chat: Chat, relay: Relay, desk: Desk) -> None:
    chat.ask()
    expect(chat.source(1)).to_be_visible()
    assert {
        request.path for request in relay.requests if desk.key in request.headers.get("authorization", "")
    } == {SESSION}
    assert [request.path for request in relay.requests if desk.key in request.path] == []


def test_a_host_gives_tokens_of_its_own_instead_of_a_key(page: Page, desk: Desk, relay: Relay) -> None:
    page.goto(desk.host.element(relay.address, locale="en-us"))
    chat = Chat(page).open()
    relay.put(lambda exchange: exchange.refuse(401, "expired-token"))
    page.evaluate(
        "() => { let n = 0; document.querySelector('citedesk-chat').tokenProvider ="
        " async () => `host-token-${++n}` }"
    )
    chat.ask()
    expect(chat.root.get_by_text(chat.words["error_refused"]).or_(chat.source(1)).first).to_be_visible()
    assert [request.headers["authorization"] for request in relay.asked()] == [
        "Bearer host-token-1",
        "Bearer host-token-2",
    ]
    assert relay.asked(SESSION) == []


def test_a_widget_whose_strings_did_not_come_tries_again(
    visit: Callable[..., Visit], desk: Desk, relay: Relay
) -> None:
    visited = visit()
    page = visited.page
    failed: list[str] = []

    def fail_once(route: Route) -> None:
        if failed:
            route.fallback()
        else:
            failed.append(route.request.url)
            route.abort()

    page.route("**/strings/*.json", fail_once)
    page.goto(desk.host.element(relay.address, key=desk.key, locale="en-us"))
    expect(Chat(page).button("send")).to_be_visible()
    assert failed
    assert [text.partition(":")[0] for text in visited.complaints] == ["console"]
    visited.complaints.clear()
