"""The widget on a page of another origin under the strictest policy: by script tag and by iframe."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Frame, Page, Route, expect

from tests.browser.articles import CASH_QUESTION, FIRST, LATER, QUESTION
from tests.browser.chat import Chat, read_words
from tests.browser.conftest import Desk
from tests.browser.host import hosting
from tests.browser.visits import Visit, wait_until

# What the frame tells its host, kept in `told` with the origin that the browser vouches for.
LISTEN = """() => {
    window.told = [];
    addEventListener('message', event => told.push([event.origin, event.data]));
}"""
# The folder of a version that this service is not.
ANOTHER = "0" * 16
ODD_MESSAGES = (
    {"type": "ask", "text": QUESTION},
    {"citedesk": 2, "type": "ask", "text": QUESTION},
    {"citedesk": 1, "type": "ask", "text": {"toString": "x"}},
    {"citedesk": 1, "type": "constructor"},
    ["citedesk", 1, "ask"],
    None,
    "ask",
)
TELL = "([origin, message]) => document.querySelector('iframe').contentWindow.postMessage(message, origin)"


def widget_frame(page: Page) -> Frame:
    return next(frame for frame in page.frames if "/widget/frame" in frame.url)


def told(page: Page, kind: str) -> list[tuple[str, dict[str, object]]]:
    """The messages of this type that came to the host page, with their origins."""
    messages: list[tuple[str, dict[str, object]]] = page.evaluate("told")
    return [(origin, message) for origin, message in messages if message.get("type") == kind]


def test_the_element_answers_on_a_strict_page_of_another_origin(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    page.goto(desk.host.element(desk.address, key=desk.key, locale="en-us"))
    chat = Chat(page)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()


def test_all_that_the_element_asks_for_comes_from_the_two_origins(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    seen = visit()
    seen.page.goto(desk.host.element(desk.address, key=desk.key, locale="de-de"))
    chat = Chat(seen.page, ui_locale="de-de")
    chat.ask()
    chat.source(1).click()
    seen.page.wait_for_load_state("networkidle")
    assert seen.strangers() == []
    assert {url.removeprefix(desk.address) for url in seen.requests} >= {
        "/widget/citedesk-chat.js",
        "/v1/widget/session",
        "/v1/responses",
    }


def test_its_own_files_come_from_an_address_that_names_their_content(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    seen = visit()
    kept: dict[str, str] = {}
    seen.page.on(
        "response",
        lambda response: kept.update({response.url: response.headers.get("cache-control", "")}),
    )
    seen.page.goto(desk.host.element(desk.address, key=desk.key, locale="en-us"))
    Chat(seen.page).open()
    entry = kept.pop(f"{desk.address}/widget/citedesk-chat.js")
    assert "immutable" not in entry
    files = {url: how for url, how in kept.items() if url.startswith(f"{desk.address}/widget/")}
    assert files
    assert {url for url, how in files.items() if "immutable" not in how} == set()


def test_a_host_that_has_the_entry_of_another_version_shows_this_one(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    entry = f"{desk.address}/widget/citedesk-chat.js"

    def serve_another(route: Route) -> None:
        now = route.fetch()
        route.fulfill(response=now, body=re.sub(r"(?<=\./)[0-9a-f]{16}(?=/)", ANOTHER, now.text()))

    page.route(entry, serve_another)
    page.goto(desk.host.element(desk.address, key=desk.key, locale="en-us"))
    chat = Chat(page)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    page.locator("citedesk-chat").evaluate("chat => chat.setAttribute('ui-locale', 'de-de')")
    expect(Chat(page, ui_locale="de-de").question).to_be_visible()


def test_a_tab_of_an_earlier_version_changes_its_language(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    page.goto(desk.host.element(desk.address, key=desk.key, locale="en-us"))
    Chat(page).open()
    strings = f"{desk.address}/widget/{ANOTHER}/strings/de-de.json"
    fetched = "async (address) => (await fetch(address, { credentials: 'omit' })).json()"
    assert page.evaluate(fetched, strings) == read_words("de-de")


def test_the_frame_answers_on_a_strict_page_of_another_origin(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    page.goto(desk.host.frame(desk.address, key=desk.key, locale="en-us"))
    chat = Chat(page.frame_locator("iframe"))
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()


def test_a_site_that_is_not_the_keys_gets_no_frame(visit: Callable[..., Visit], desk: Desk) -> None:
    seen = visit()
    with hosting() as stranger:
        seen.origins |= {stranger.origin}
        # It says that it is the key's site.
        seen.page.goto(stranger.frame(desk.address, key=desk.key, locale="en-us", origin=desk.host.origin))
        seen.page.wait_for_load_state("networkidle")
    refusals = [each for each in seen.complaints if "frame-ancestors" in each]
    assert len(refusals) >= 1
    assert [frame.url for frame in seen.page.frames if "/widget/frame" in frame.url] == []
    seen.complaints.clear()


def test_the_host_asks_by_a_message_and_is_told_of_the_answer(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    page.goto(desk.host.frame(desk.address, key=desk.key, locale="en-us"))
    Chat(page.frame_locator("iframe")).question.wait_for()
    page.evaluate(LISTEN)
    page.evaluate(TELL, [desk.address, {"citedesk": 1, "type": "ask", "text": QUESTION}])
    wait_until(page, "told.some(([origin, message]) => message.type === 'answered')")
    [(origin, message)] = told(page, "answered")
    assert origin == desk.address
    assert message["citedesk"] == 1
    assert FIRST in str(message)


def test_the_host_switches_the_language_by_a_message(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    page.goto(desk.host.frame(desk.address, key=desk.key, locale="en-us"))
    Chat(page.frame_locator("iframe")).question.wait_for()
    page.evaluate(TELL, [desk.address, {"citedesk": 1, "type": "set-locale", "locale": "de-de"}])
    chat = Chat(page.frame_locator("iframe"), ui_locale="de-de")
    expect(chat.question).to_be_visible()


def test_messages_of_another_form_do_nothing(visit: Callable[..., Visit], desk: Desk) -> None:
    seen = visit()
    seen.page.goto(desk.host.frame(desk.address, key=desk.key, locale="en-us"))
    chat = Chat(seen.page.frame_locator("iframe"))
    chat.question.wait_for()
    for message in ODD_MESSAGES:
        seen.page.evaluate(TELL, [desk.address, message])
    # The one after them has come through: those before did nothing.
    seen.page.evaluate(TELL, [desk.address, {"citedesk": 1, "type": "ask", "text": CASH_QUESTION}])
    expect(chat.text(LATER)).to_be_visible()
    assert [url for url in seen.requests if url.endswith("/v1/responses")] == [f"{desk.address}/v1/responses"]


def test_a_host_that_is_not_the_named_origin_is_neither_heard_nor_told(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    seen = visit()
    other = f"http://127.0.0.1:{desk.host.port}"  # of the key too, but another one
    seen.page.goto(desk.host.frame(desk.address, key=desk.key, locale="en-us", origin=other))
    chat = Chat(seen.page.frame_locator("iframe"))
    chat.question.wait_for()
    seen.page.evaluate(LISTEN)
    seen.page.evaluate(TELL, [desk.address, {"citedesk": 1, "type": "ask", "text": CASH_QUESTION}])
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    assert seen.page.evaluate("told") == []
    assert chat.log.get_by_text(CASH_QUESTION).count() == 0
    # The browser itself says that it has withheld the answer.
    seen.complaints[:] = [each for each in seen.complaints if "postMessage" not in each]


def test_a_key_of_another_site_is_refused_in_words(visit: Callable[..., Visit], desk: Desk) -> None:
    seen = visit()
    seen.page.goto(desk.host.element(desk.address, key=f"{desk.key[:-1]}!", locale="en-us"))
    chat = Chat(seen.page)
    chat.ask()
    expect(chat.root.get_by_text(chat.words["error_refused"]).first).to_be_visible()
    assert [url for url in seen.requests if url.endswith("/v1/responses")] == []


def test_the_host_styles_the_widget_by_properties_and_parts(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit(color_scheme="light").page
    page.goto(desk.host.element(desk.address, key=desk.key, locale="en-us"))
    chat = Chat(page).open()
    page.evaluate(
        "() => { const sheet = document.styleSheets[0];"
        " sheet.insertRule('citedesk-chat { --citedesk-background: rgb(1, 2, 3) }');"
        " sheet.insertRule('citedesk-chat::part(header) { letter-spacing: 3px }') }"
    )
    style = "([name, at]) => getComputedStyle(at)[name]"
    panel, header = (chat.root.locator(f"[part~={part}]").element_handle() for part in ("panel", "header"))
    assert page.evaluate(style, ["backgroundColor", panel]) == "rgb(1, 2, 3)"
    assert page.evaluate(style, ["letterSpacing", header]) == "3px"
