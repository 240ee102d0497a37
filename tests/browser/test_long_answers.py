"""An answer of many sentences: each stands for itself, and a source opens where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.chat import Chat
from tests.browser.conftest import Desk
from tests.browser.relay import Relay, rewritten, told
from tests.browser.visits import Visit

SENTENCES = tuple(
    f"Number {number} of these sentences goes on for long enough that it fills more than one line of a panel."
    for number in range(1, 8)
)
VIEWPORTS = ({"width": 1000, "height": 800}, {"width": 375, "height": 667})


def lengthen(reply: Any) -> None:
    """Seven sentences, each with its source, and an eighth that rests on the first source again."""
    [first, *_] = reply["citations"]
    reply["citations"] = [{**first, "number": number} for number in range(1, 8)]
    said = [f"{sentence}[{number}]" for number, sentence in enumerate(SENTENCES, 1)]
    reply["answer"] = " ".join([*said, "The last says [2] and [9] again.[1]"])


@pytest.fixture(params=VIEWPORTS, ids=["desktop", "phone"])
def chat(visit: Callable[..., Visit], desk: Desk, relay: Relay, request: pytest.FixtureRequest) -> Chat:
    """A widget with the long answer."""
    page = visit(viewport=request.param, reduced_motion="reduce").page
    relay.put(rewritten(lengthen))
    page.goto(desk.host.element(relay.address, key=desk.key, locale="en-us"))
    chat = Chat(page)
    chat.ask()
    expect(chat.source(7)).to_be_visible()
    return chat


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}


def panel_of(mark: Locator) -> Locator:
    return mark.page.locator(f"[id='{mark.get_attribute('aria-controls')}']")


def test_each_sentence_stands_below_the_one_before(chat: Chat) -> None:
    tops = [box(chat.text(sentence))["y"] for sentence in SENTENCES]
    bottoms = [box(chat.text(sentence))["y"] + box(chat.text(sentence))["height"] for sentence in SENTENCES]
    assert all(below >= above for below, above in zip(tops[1:], bottoms, strict=False))
    expect(chat.text("The last says [2] and [9] again.")).to_be_visible()


def test_a_source_is_seen_where_its_mark_was_pressed_and_names_its_number(chat: Chat) -> None:
    log = box(chat.log)
    for number in (1, 4, 7):
        mark = chat.source(number)
        mark.click()
        panel = panel_of(mark)
        expect(panel.get_by_text(f"Source {number}", exact=True)).to_be_visible()
        place = box(panel)
        sentence = box(chat.text(SENTENCES[number - 1]))
        assert 0 <= place["y"] - (sentence["y"] + sentence["height"]) < 20
        shown = min(place["y"] + place["height"], log["y"] + log["height"]) - max(place["y"], log["y"])
        assert shown > min(place["height"], 100) - 1
        mark.click()


def test_a_source_opens_below_a_later_sentence_that_rests_on_it_too(chat: Chat) -> None:
    again = chat.button("citation", number=1).nth(1)
    again.click()
    place = box(panel_of(again))
    assert place["y"] > box(chat.text("The last says"))["y"]
    expect(chat.source(1)).to_have_attribute("aria-expanded", "true")
    again.click()
    chat.source(1).click()
    assert box(panel_of(again))["y"] < box(chat.text(SENTENCES[1]))["y"]


def test_tab_goes_from_a_mark_into_its_source(chat: Chat) -> None:
    chat.source(2).focus()
    chat.source(2).press("Enter")
    chat.source(2).press("Tab")
    expect(panel_of(chat.source(2)).get_by_role("link")).to_be_focused()


def test_a_mark_stands_beside_the_end_of_its_sentence_at_any_width(chat: Chat) -> None:
    kept = chat.log.locator("[part~=answer] span").filter(has=chat.source(3))
    for width in range(320, 420, 7):
        chat.log.page.set_viewport_size({"width": width, "height": 700})
        assert box(kept)["height"] < 30


def test_sentences_stand_apart_while_they_come(visit: Callable[..., Visit], desk: Desk, relay: Relay) -> None:
    relay.put(told("One.[1]", " Two.[1][2]", " Three:[1]"))
    page = visit().page
    page.goto(desk.host.element(relay.address, key=desk.key, locale="en-us"))
    chat = Chat(page)
    chat.ask()
    expect(chat.log.locator("[part~=answer] p")).to_have_text(["One.[1]", "Two.[1][2]", "Three:[1]"])
