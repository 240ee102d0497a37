"""Articles that hold markup, scripts and links that would run: all of it is shown as text (P14)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.articles import (
    HOSTILE_LOCALE,
    HOSTILE_MARKUP,
    HOSTILE_ODD_QUESTION,
    HOSTILE_QUESTIONS,
    HOSTILE_URLS,
    STRUCK,
)
from tests.browser.chat import Chat
from tests.browser.conftest import Desk
from tests.browser.visits import Visit

# Elements of the widget's tree, wherever they stand in it.
EVERYTHING = """() => {
    const found = [], look = root => root.querySelectorAll('*').forEach(each => {
        found.push(each); if (each.shadowRoot) look(each.shadowRoot) });
    look(document);
    return found.map(each => [each.localName, each.getAttributeNames(), each.href || each.src || '']);
}"""


def open_all(chat: Chat) -> None:
    """Ask the hostile questions, and open every source with its English."""
    for number, question in enumerate(HOSTILE_QUESTIONS, start=1):
        chat.ask(question)
        expect(chat.button("copy")).to_have_count(number)
    sources = chat.root.locator("button[aria-expanded=false][aria-controls]")
    for _ in range(40):
        if sources.locator("visible=true").count() == 0:
            break
        sources.locator("visible=true").first.click()


def check_inert(page: Page, *, within: str = "") -> None:
    """Nothing of the articles became an element, a handler or a link that is not http(s)."""
    frame = next(each for each in page.frames if within in each.url)
    elements = frame.evaluate(EVERYTHING)
    assert [name for name, _, _ in elements if name in ("img", "object", "embed", "foreignobject")] == []
    assert [names for _, names, _ in elements if any(name.startswith("on") for name in names)] == []
    links = {url for name, _, url in elements if name == "a"}
    assert {url for url in links if not url.startswith(("http://", "https://"))} == set()


@pytest.mark.parametrize("mode", ["element", "frame"])
def test_markup_of_articles_is_text(visit: Callable[..., Visit], desk: Desk, mode: str) -> None:
    seen = visit()
    page = seen.page
    address = desk.host.element if mode == "element" else desk.host.frame
    page.goto(address(desk.address, key=desk.key, locale=HOSTILE_LOCALE, **{"ui-locale": "en-us"}))
    chat = Chat(page if mode == "element" else page.frame_locator("iframe"), ui_locale="en-us")
    open_all(chat)
    for markup in HOSTILE_MARKUP:
        expect(chat.log).to_contain_text(f"zebra {markup}")
    check_inert(page, within="/widget/frame" if mode == "frame" else "")
    # The pointer over all of it sets off nothing either.
    for quote in chat.log.get_by_text("zebra").all()[:10]:
        quote.hover()
    page.wait_for_load_state("networkidle")


def test_a_refusal_shows_hostile_titles_as_text(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    page.goto(desk.host.element(desk.address, key=desk.key, locale=HOSTILE_LOCALE, **{"ui-locale": "en-us"}))
    chat = Chat(page, ui_locale="en-us")
    chat.ask(HOSTILE_ODD_QUESTION)
    expect(chat.text(chat.words["nearest"])).to_be_visible()
    expect(chat.log).to_contain_text("onerror=")
    check_inert(page)


def test_hostile_text_stays_text_after_a_reload(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    page.goto(desk.host.element(desk.address, key=desk.key, locale=HOSTILE_LOCALE, **{"ui-locale": "en-us"}))
    chat = Chat(page, ui_locale="en-us")
    open_all(chat)
    page.reload()
    chat.open()
    expect(chat.log).to_contain_text("onerror=")
    check_inert(page)


def test_a_question_with_markup_is_text(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    page.goto(desk.host.element(desk.address, key=desk.key, locale="en-us"))
    chat = Chat(page)
    chat.ask(f"</textarea><img src=x onerror={STRUCK!r}> refund?")
    expect(chat.text("</textarea><img")).to_be_visible()
    check_inert(page)


def test_attributes_of_the_element_that_hold_markup_do_nothing(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    seen = visit()
    seen.page.goto(
        desk.host.element(
            desk.address, key=desk.key, locale=f'"><img src=x onerror="{STRUCK}">', **{"ui-locale": "../x"}
        )
    )
    seen.page.wait_for_load_state("networkidle")
    check_inert(seen.page)


def test_the_articles_are_as_hostile_as_they_say() -> None:
    assert len(HOSTILE_URLS) == len(HOSTILE_MARKUP)
    assert [url.strip().lower().split(":")[0] for url in HOSTILE_URLS] == [
        "javascript",
        "javascript",
        "data",
        "https",
    ]
