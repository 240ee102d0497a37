"""What a reader does with an answer: reads it as it comes, opens its sources, passes it on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.articles import (
    ARABIC_FIRST,
    CASH_QUESTION,
    FIRST,
    GERMAN_FIRST,
    GERMAN_SOURCE,
    JAPANESE_FIRST,
    ODD_QUESTION,
    QUESTION,
)
from tests.browser.chat import Chat
from tests.browser.conftest import Desk
from tests.browser.relay import Relay, paused_before
from tests.browser.visits import Visit, wait_until

CATCH = """name => {
    window.caught = window.caught || [];
    document.addEventListener(name, event => caught.push({name, detail: event.detail,
        composed: event.composed, bubbles: event.bubbles}));
}"""


@pytest.fixture
def page(visit: Callable[..., Visit]) -> Page:
    """A desktop's page."""
    return visit().page


def embed(page: Page, desk: Desk, service: str = "", **attributes: str) -> Chat:
    """The widget on the host page, opened."""
    locale = attributes.setdefault("locale", "en-us")
    page.goto(desk.host.element(service or desk.address, key=desk.key, **attributes))
    return Chat(page, ui_locale=attributes.get("ui-locale", locale)).open()


def test_the_first_sentence_is_shown_before_the_last_one_has_come(
    page: Page, desk: Desk, relay: Relay
) -> None:
    pause = paused_before(6)
    relay.put(pause)
    chat = embed(page, desk, relay.address)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    expect(chat.button("stop")).to_be_visible()
    expect(chat.source(1)).to_have_count(0)
    pause.go_on()
    expect(chat.source(1)).to_be_visible()
    expect(chat.button("stop")).to_be_hidden()


def test_stop_keeps_what_has_come_and_says_that_it_is_not_all(page: Page, desk: Desk, relay: Relay) -> None:
    relay.put(paused_before(6))
    chat = embed(page, desk, relay.address)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    chat.button("stop").click()
    expect(chat.root.get_by_text(chat.words["stopped"]).first).to_be_visible()
    expect(chat.text(FIRST)).to_be_visible()
    expect(chat.button("send")).to_be_visible()


def test_a_source_opens_and_closes_and_its_english_is_a_further_choice(page: Page, desk: Desk) -> None:
    chat = embed(page, desk, locale="de-de")
    chat.ask()
    source = chat.source(1)
    expect(source).to_have_attribute("aria-expanded", "false")
    english = chat.button("show_english").first
    expect(english).to_be_hidden()
    source.click()
    expect(source).to_have_attribute("aria-expanded", "true")
    quote = controlled(source)
    expect(quote).to_contain_text(GERMAN_FIRST)
    expect(quote).to_contain_text("Erstattungen und Rechnungen")
    expect(quote).to_contain_text("Wann gezahlt wird")
    expect(quote.get_by_text(GERMAN_SOURCE)).to_be_hidden()
    english.hover()
    expect(quote.get_by_text(GERMAN_SOURCE)).to_be_hidden()
    english.click()
    expect(english).to_have_attribute("aria-expanded", "true")
    sentence = quote.get_by_text(GERMAN_SOURCE).first
    expect(sentence).to_be_visible()
    assert language_of(sentence) == "en"
    assert language_of(quote.get_by_text(GERMAN_FIRST).first).lower() == "de-de"
    source.click()
    expect(source).to_have_attribute("aria-expanded", "false")
    expect(quote).to_be_hidden()


def controlled(button: Locator) -> Locator:
    """What a button opens: the element that its aria-controls names, in the same tree."""
    name = button.get_attribute("aria-controls")
    assert name, "the button names nothing that it controls"
    return button.page.locator(f"[id='{name}']")


def language_of(element: Locator) -> str:
    """The language that assistive technology takes for an element's text."""
    found: str = element.evaluate(
        "element => { for (let at = element; at; at = at.parentElement || at.getRootNode().host)"
        " if (at.getAttribute('lang')) return at.getAttribute('lang'); return '' }"
    )
    return found


def test_a_source_tells_its_translation_its_drift_its_roles_and_the_exact_place(
    page: Page, desk: Desk
) -> None:
    chat = embed(page, desk, locale="de-de", **{"ui-locale": "en-us"})
    chat.ask()
    chat.source(1).click()
    quote = controlled(chat.source(1))
    expect(quote).to_contain_text("Machine translation")
    expect(quote).to_contain_text(re.compile("May 18, 2021|18 May 2021"))
    expect(quote).to_contain_text(chat.words["drift_changed"])
    expect(quote.get_by_text(FIRST)).to_be_visible()
    expect(quote).to_contain_text("Billing admin")
    link = quote.get_by_role("link").first
    expect(link).to_have_attribute("href", "https://example.com/de-de/partner-help/refunds#when")
    expect(link).to_have_attribute("rel", re.compile("noopener.*noreferrer"))
    expect(link).to_have_attribute("target", "_blank")


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("de-de", GERMAN_FIRST), ("ja-jp", JAPANESE_FIRST), ("ar-sa", ARABIC_FIRST)],
)
def test_the_interface_and_the_answer_are_in_the_language_of_the_element(
    page: Page, desk: Desk, locale: str, sentence: str
) -> None:
    chat = embed(page, desk, locale=locale)
    chat.ask()
    expect(chat.text(sentence)).to_be_visible()
    assert language_of(chat.text(sentence)).lower().startswith(locale[:2])


def test_the_interface_may_have_another_language_than_the_answers(page: Page, desk: Desk) -> None:
    chat = embed(page, desk, locale="ja-jp", **{"ui-locale": "de-de"})
    chat.ask()
    expect(chat.text(JAPANESE_FIRST)).to_be_visible()
    expect(chat.button("send")).to_be_visible()


def test_a_language_that_is_switched_keeps_the_conversation(page: Page, desk: Desk) -> None:
    chat = embed(page, desk)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    page.evaluate(
        "() => { const chat = document.querySelector('citedesk-chat');"
        " chat.setAttribute('locale', 'ja-jp'); chat.setAttribute('ui-locale', 'ja-jp') }"
    )
    switched = Chat(page, ui_locale="ja-jp")
    expect(switched.question).to_be_visible()
    expect(switched.text(FIRST)).to_be_visible()
    switched.ask()
    expect(switched.text(JAPANESE_FIRST)).to_be_visible()


def test_strings_of_the_host_go_before_those_of_the_widget(page: Page, desk: Desk) -> None:
    page.goto(desk.host.element(desk.address, key=desk.key, locale="en-us"))
    Chat(page).open()
    page.evaluate("document.querySelector('citedesk-chat').strings = {send: 'Fire away'}")
    expect(page.get_by_role("button", name="Fire away")).to_be_visible()


def test_a_refusal_looks_like_one_and_hands_over_to_a_person(page: Page, desk: Desk) -> None:
    chat = embed(page, desk)
    page.evaluate(CATCH, "citedesk-hand-over")
    chat.ask(ODD_QUESTION)
    headings = [chat.words[f"refusal_{why}"] for why in ("not_stated", "off_topic", "low_confidence")]
    expect(chat.log).to_contain_text(re.compile("|".join(map(re.escape, headings))))
    expect(chat.source(1)).to_have_count(0)
    expect(chat.text(chat.words["nearest"])).to_be_visible()
    expect(chat.log.get_by_role("link", name="Refunds and invoices").first).to_be_visible()
    chat.button("hand_over").click()
    chat.root.get_by_label(chat.words["hand_over_contact"]).fill("kim@example.com")
    chat.root.get_by_label(chat.words["hand_over_note"]).fill("The customer waits.")
    before = len(desk.host.handovers)
    chat.button("hand_over_send").click()
    expect(chat.root.get_by_text(chat.words["hand_over_done"]).first).to_be_visible()
    [taken] = desk.host.handovers[before:]
    assert taken["data"]["contact"] == "kim@example.com"
    assert taken["data"]["note"] == "The customer waits."
    [event] = page.evaluate("caught")
    assert (event["bubbles"], event["composed"]) == (True, True)
    assert event["detail"]["question"] == ODD_QUESTION
    assert event["detail"]["conversation"] == taken["data"]["conversation"]


def test_the_host_is_told_of_each_answer(page: Page, desk: Desk) -> None:
    chat = embed(page, desk)
    page.evaluate(CATCH, "citedesk-answered")
    chat.ask()
    wait_until(page, "window.caught.length > 0")
    [event] = page.evaluate("caught")
    assert (event["bubbles"], event["composed"]) == (True, True)
    assert event["detail"]["status"] == "answered"
    assert event["detail"]["citations"][0]["quote"].startswith(FIRST)


def test_an_answer_is_inserted_into_the_hosts_reply_with_its_sources(page: Page, desk: Desk) -> None:
    chat = embed(page, desk, insert="")
    page.evaluate(CATCH, "citedesk-insert-reply")
    chat.ask()
    chat.button("insert").click()
    [event] = page.evaluate("caught")
    assert FIRST in event["detail"]["text"]
    assert event["detail"]["sources"][0]["url"] == "https://example.com/en-us/partner-help/refunds#when"


def test_an_inserted_answer_warns_of_its_sources_as_the_widget_does(page: Page, desk: Desk) -> None:
    chat = embed(page, desk, locale="de-de", insert="", **{"ui-locale": "en-us"})
    page.evaluate(CATCH, "citedesk-insert-reply")
    chat.ask()
    chat.button("insert").click()
    [event] = page.evaluate("caught")
    assert "(Machine translation, May 18, 2021; The English has changed since)" in event["detail"]["text"]


def test_an_answer_is_copied_as_text_with_its_sources(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    chat = embed(page, desk)
    chat.ask()
    chat.button("copy").click()
    expect(chat.root.get_by_text(chat.words["copied"]).first).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert FIRST in copied
    assert "Refunds and invoices" in copied
    assert "https://example.com/en-us/partner-help/refunds#when" in copied
    assert "<" not in copied


def test_feedback_has_reasons_and_a_note(page: Page, desk: Desk, relay: Relay) -> None:
    chat = embed(page, desk, relay.address)
    page.evaluate(CATCH, "citedesk-feedback")
    chat.ask()
    chat.button("feedback_down").click()
    chat.root.get_by_label(chat.words["reason_outdated"]).check()
    chat.root.get_by_label(chat.words["feedback_note"]).fill("It is fifteen days now.")
    chat.button("feedback_send").click()
    expect(chat.root.get_by_text(chat.words["feedback_thanks"]).first).to_be_visible()
    sent = relay.asked("/v1/feedback")[-1].json()
    assert sent["rating"] == "down"
    assert sent["reasons"] == ["outdated"]
    assert sent["note"] == "It is fifteen days now."
    assert len(page.evaluate("caught")) >= 1


def test_the_conversation_outlives_a_reload_of_the_page(page: Page, desk: Desk) -> None:
    chat = embed(page, desk)
    chat.ask()
    expect(chat.source(1)).to_be_visible()
    page.reload()
    chat.open()
    expect(chat.text(QUESTION)).to_be_visible()
    expect(chat.text(FIRST)).to_be_visible()
    chat.source(1).click()
    expect(controlled(chat.source(1))).to_contain_text(FIRST)


def test_a_further_question_goes_on_from_the_answer_also_after_a_reload(
    page: Page, desk: Desk, relay: Relay
) -> None:
    chat = embed(page, desk, relay.address)
    chat.ask()
    expect(chat.source(1)).to_be_visible()
    page.reload()
    chat.ask(CASH_QUESTION)
    expect(chat.button("copy")).to_have_count(2)
    first, second = (request.json() for request in relay.asked())
    assert [turn["content"] for turn in first["input"]] == [QUESTION]
    assert [turn["role"] for turn in second["input"]] == ["user", "assistant", "user"]
    assert second["input"][0]["content"] == QUESTION
    assert second["citedesk"]["conversation"]


def test_a_new_conversation_forgets_the_old_one_also_after_a_reload(page: Page, desk: Desk) -> None:
    chat = embed(page, desk)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    chat.button("new_conversation").click()
    expect(chat.log.get_by_text(FIRST)).to_have_count(0)
    page.reload()
    chat.open()
    expect(chat.log.get_by_text(FIRST)).to_have_count(0)


def test_another_tab_has_a_conversation_of_its_own(visit: Callable[..., Visit], desk: Desk) -> None:
    seen = visit()
    chat = embed(seen.page, desk)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    other = seen.page.context.new_page()
    chat = embed(other, desk)
    expect(chat.log.get_by_text(FIRST)).to_have_count(0)
