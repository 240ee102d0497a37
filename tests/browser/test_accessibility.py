"""WCAG 2.2 AA: axe-core finds nothing, the keyboard does everything, screen readers hear once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.articles import ARABIC_FIRST, FIRST, ODD_QUESTION, QUESTION
from tests.browser.axe import find_faults
from tests.browser.chat import Chat
from tests.browser.conftest import Desk
from tests.browser.relay import Relay, paused_before
from tests.browser.visits import Visit, wait_until

DESKTOP = {"width": 1000, "height": 800}
NARROW = {"width": 320, "height": 640}
# What is left of 1280x1024 at a zoom of 400 %.
ZOOMED = {"width": 320, "height": 256}
# The name of the element that has the focus, through the trees of components.
NAME_OF_FOCUSED = """() => {
    let at = document.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    if (!at) return '';
    const label = at.labels && at.labels.length ? at.labels[0].textContent : '';
    return (at.getAttribute('aria-label') || label || at.textContent || '').trim();
}"""
# Texts that come into live regions, as a screen reader would hear them.
HEAR = """() => {
    window.heard = [];
    const live = at => { for (; at; at = at.parentElement || (at.getRootNode().host)) {
        const said = at.getAttribute && at.getAttribute('aria-live');
        const role = at.getAttribute && at.getAttribute('role');
        if (said) return said !== 'off';
        if (['status', 'alert', 'log'].includes(role)) return true;
    } return false };
    const watch = root => {
        new MutationObserver(changes => changes.forEach(change => {
            const at = change.target.nodeType === 1 ? change.target : change.target.parentElement;
            const text = change.type === 'characterData' ? change.target.data
                : [...change.addedNodes].map(node => node.textContent).join(' ');
            if (at && live(at) && text.trim()) heard.push(text.trim());
        })).observe(root, {childList: true, subtree: true, characterData: true});
        root.querySelectorAll('*').forEach(each => each.shadowRoot && watch(each.shadowRoot));
    };
    watch(document);
}"""


def embed(page: Page, desk: Desk, service: str = "", **attributes: str) -> Chat:
    """The widget on the host page, opened."""
    locale = attributes.setdefault("locale", "en-us")
    page.goto(desk.host.element(service or desk.address, key=desk.key, **attributes))
    return Chat(page, ui_locale=attributes.get("ui-locale", locale)).open()


def answered(chat: Chat) -> None:
    chat.ask()
    expect(chat.source(1)).to_be_visible()
    expect(chat.button("stop")).to_be_hidden()


def with_source_open(chat: Chat) -> None:
    answered(chat)
    chat.source(1).click()
    chat.button("show_english").first.click()


def refused(chat: Chat) -> None:
    chat.ask(ODD_QUESTION)
    expect(chat.button("hand_over")).to_be_visible()
    chat.button("hand_over").click()
    expect(chat.button("hand_over_send")).to_be_visible()


def judged(chat: Chat) -> None:
    answered(chat)
    chat.button("feedback_down").click()
    expect(chat.button("feedback_send")).to_be_visible()


def empty(chat: Chat) -> None:
    chat.open()


def closed(chat: Chat) -> None:
    chat.button("close").first.click()
    expect(chat.launcher).to_be_visible()


# The panel is closed last: the button for a new conversation goes with it.
STATES = (empty, answered, with_source_open, refused, judged, closed)


@pytest.mark.parametrize("viewport", [DESKTOP, NARROW, ZOOMED], ids=["desktop", "320px", "400%"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(
    visit: Callable[..., Visit], desk: Desk, theme: str, viewport: dict[str, int]
) -> None:
    page = visit(color_scheme=theme, viewport=viewport, reduced_motion="reduce").page
    chat = embed(page, desk, locale="de-de", launcher="", **{"ui-locale": "en-us"})
    found: dict[str, list[str]] = {}
    for bring_about in STATES:
        chat.button("new_conversation").click()
        bring_about(chat)
        found[bring_about.__name__] = find_faults(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("theme", "other"), [("light", "dark"), ("dark", "light")])
def test_axe_finds_nothing_where_the_host_chooses_the_other_theme(
    visit: Callable[..., Visit], desk: Desk, theme: str, other: str
) -> None:
    page = visit(color_scheme=theme).page
    with_source_open(embed(page, desk, locale="de-de", theme=other))
    assert find_faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_frame(visit: Callable[..., Visit], desk: Desk, theme: str) -> None:
    page = visit(color_scheme=theme).page
    page.goto(desk.host.frame(desk.address, key=desk.key, locale="de-de"))
    with_source_open(Chat(page.frame_locator("iframe"), ui_locale="de-de"))
    frame = next(frame for frame in page.frames if "/widget/frame" in frame.url)
    assert find_faults(frame) == []


def test_axe_would_find_what_is_wrong(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    embed(page, desk)
    page.evaluate(
        "() => { const root = document.querySelector('citedesk-chat').shadowRoot;"
        " const button = document.createElement('button');"
        " root.querySelector('[part~=panel]').append(button) }"
    )
    assert [fault.split(":")[0] for fault in find_faults(page)] == ["button-name"]


@pytest.mark.parametrize("locale", ["en-us", "ja-jp", "ar-sa", "de-de"])
def test_nothing_is_wider_than_a_page_of_320_pixels(
    visit: Callable[..., Visit], desk: Desk, locale: str
) -> None:
    page = visit(viewport=NARROW).page
    chat = embed(page, desk, locale=locale)
    answered(chat)
    chat.source(1).click()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    boxes = [each.bounding_box() for each in chat.root.locator("[part~=panel], [part~=answer]").all()]
    inside = [box for box in boxes if box is not None]
    assert inside
    assert [box for box in inside if box["x"] < 0 or box["x"] + box["width"] > 320] == []


@pytest.mark.parametrize("attributes", [{}, {"launcher": ""}], ids=["in place", "launcher"])
def test_at_400_percent_everything_can_be_scrolled_to(
    visit: Callable[..., Visit], desk: Desk, attributes: dict[str, str]
) -> None:
    page = visit(viewport=ZOOMED, reduced_motion="reduce").page
    chat = embed(page, desk, **attributes)
    answered(chat)
    chat.source(1).click()
    ways = [chat.question, chat.button("send"), chat.button("new_conversation"), chat.source(1)]
    for way in [*ways, *([chat.button("close").first] if attributes else [])]:
        way.scroll_into_view_if_needed()
        box = way.bounding_box()
        assert box is not None
        assert box["y"] >= -1
        assert box["y"] + box["height"] <= 257
        assert box["x"] + box["width"] <= 320
        way.click(trial=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_keyboard_alone_does_everything(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    page.goto(
        desk.host.element(desk.address, key=desk.key, locale="de-de", launcher="", **{"ui-locale": "en-us"})
    )
    chat = Chat(page, ui_locale="en-us")
    chat.launcher.wait_for()
    page.get_by_role("button", name="Before").focus()
    go_to(page, chat.words["launcher"])
    page.keyboard.press("Enter")
    expect(chat.question).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(chat.source(1)).to_be_visible()
    expect(chat.button("stop")).to_be_hidden()
    go_to(page, "Source 1", backwards=True)
    page.keyboard.press("Enter")
    expect(chat.source(1)).to_have_attribute("aria-expanded", "true")
    go_to(page, chat.words["show_english"])
    page.keyboard.press("Space")
    expect(chat.root.get_by_text("A refund is paid within thirty days.").first).to_be_visible()
    go_to(page, chat.words["feedback_down"])
    page.keyboard.press("Enter")
    go_to(page, chat.words["reason_outdated"])
    page.keyboard.press("Space")
    expect(chat.root.get_by_label(chat.words["reason_outdated"])).to_be_checked()
    go_to(page, chat.words["feedback_send"])
    page.keyboard.press("Enter")
    expect(chat.root.get_by_text(chat.words["feedback_thanks"]).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(chat.question).to_be_hidden()
    expect(chat.launcher).to_be_focused()


def go_to(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab until the element of this name has the focus."""
    passed = []
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        focused = page.evaluate(NAME_OF_FOCUSED)
        passed.append(focused)
        if focused.startswith(name):
            return
    raise AssertionError(f"Tab does not reach {name!r}, only {passed}")


def test_tab_leaves_the_widget_again(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    embed(page, desk)
    go_to(page, "After")


def test_enter_within_a_composition_sends_nothing(visit: Callable[..., Visit], desk: Desk) -> None:
    seen = visit()
    page = seen.page
    chat = embed(page, desk, locale="ja-jp")
    chat.question.focus()
    typing = page.context.new_cdp_session(page)
    typing.send("Input.imeSetComposition", {"text": "へんきん", "selectionStart": 4, "selectionEnd": 4})
    # Playwright's own key brings a line's end with it, which an input method keeps to itself.
    for kind in ("rawKeyDown", "keyUp"):
        key = {"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        typing.send("Input.dispatchKeyEvent", key)
    typing.send("Input.insertText", {"text": "返金"})
    expect(chat.question).to_have_value("返金")
    assert [url for url in seen.requests if url.endswith("/v1/responses")] == []
    page.keyboard.press("Enter")
    expect(chat.text("返金")).to_be_visible()
    expect(chat.question).to_have_value("")


def test_shift_and_enter_begins_a_new_line(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit().page
    chat = embed(page, desk)
    chat.question.focus()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    expect(chat.question).to_have_value("one\ntwo")


def test_an_arriving_answer_moves_no_focus_and_is_announced_once(
    visit: Callable[..., Visit], desk: Desk, relay: Relay
) -> None:
    pause = paused_before(6)
    relay.put(pause)
    page = visit().page
    chat = embed(page, desk, relay.address)
    page.evaluate(HEAR)
    chat.ask()
    expect(chat.text(FIRST)).to_be_visible()
    page.get_by_role("button", name="Before").focus()
    pause.go_on()
    expect(chat.source(1)).to_be_visible()
    expect(chat.button("stop")).to_be_hidden()
    wait_until(page, "heard.some(text => text.includes('Sources'))")
    expect(page.get_by_role("button", name="Before")).to_be_focused()
    announced = [text for text in page.evaluate("heard") if FIRST in text]
    assert len(announced) == 1


def test_focus_stays_in_the_field_where_it_was_when_the_answer_comes(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    chat = embed(page, desk)
    chat.question.fill(QUESTION)
    chat.question.press("Enter")
    expect(chat.source(1)).to_be_visible()
    expect(chat.question).to_be_focused()


def test_a_right_to_left_language_turns_the_panel_and_keeps_english_left_to_right(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    chat = embed(page, desk, locale="ar-sa")
    answered(chat)
    direction = "element => getComputedStyle(element).direction"
    assert chat.text(ARABIC_FIRST).evaluate(direction) == "rtl"
    assert chat.question.evaluate(direction) == "rtl"
    chat.question.fill("refund")
    assert chat.question.evaluate(direction) == "ltr"
    chat.source(1).click()
    chat.button("show_english").first.click()
    assert chat.root.get_by_text(FIRST).first.evaluate(direction) == "ltr"
    panel = chat.root.locator("[part~=panel]").first.bounding_box()
    send = chat.button("send").bounding_box()
    assert panel is not None
    assert send is not None
    assert send["x"] + send["width"] / 2 < panel["x"] + panel["width"] / 2


def test_an_english_answer_in_an_arabic_interface_reads_left_to_right(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    chat = embed(page, desk, locale="en-us", **{"ui-locale": "ar-sa"})
    answered(chat)
    assert chat.text(FIRST).evaluate("element => getComputedStyle(element).direction") == "ltr"


def test_with_reduced_motion_nothing_moves(visit: Callable[..., Visit], desk: Desk, relay: Relay) -> None:
    relay.put(paused_before(0))
    page = visit(reduced_motion="reduce").page
    chat = embed(page, desk, relay.address)
    chat.ask()
    expect(chat.button("stop")).to_be_visible()
    moving = page.evaluate(
        "() => document.getAnimations().filter(each => each.effect.getComputedTiming().duration > 10).length"
    )
    assert moving == 0
