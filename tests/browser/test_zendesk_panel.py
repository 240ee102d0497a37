"""The side-bar app for Zendesk: its script, with stand-ins for Zendesk's own and for the widget's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, Route

ASSETS = Path(__file__).parents[2] / "docs/helpdesk/zendesk/assets"
APP = "https://77.apps.zdusercontent.com"
SERVICE = "https://help.example.com"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
# What the app asks of Zendesk's script, and what it was asked to do.
SDK = """
window.done = [];
window.rich = true;
window.ZAFClient = { init: () => ({
  metadata: async () => ({ settings: { service: "https://help.example.com/", key: " pk_abc ",
                                       locales: "de-de, en-us pt-br" } }),
  get: async (what) => Array.isArray(what)
    ? { "ticket.requester.locale": "pt-PT", "currentUser.locale": "en-US" }
    : { "ticket.comment.useRichText": window.rich },
  invoke: async (...what) => { window.done.push(what); },
}) };
"""
FRAME = """<script>
window.send = (message) => parent.postMessage(message, new URLSearchParams(location.search).get("origin"));
send({ citedesk: 1, type: "ready" });
</script>"""


def serve(route: Route) -> None:
    """The app's own files, and the stand-ins."""
    address = route.request.url
    if "zaf_sdk" in address:
        route.fulfill(body=SDK, content_type=TYPES[".js"])
    elif address.startswith(f"{SERVICE}/widget/frame?"):
        route.fulfill(body=FRAME, content_type=TYPES[".html"])
    else:
        file = ASSETS / address.removeprefix(f"{APP}/assets/")
        route.fulfill(body=file.read_text("utf-8"), content_type=TYPES[file.suffix])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/*", serve)
        page.goto(f"{APP}/assets/iframe.html")
        page.wait_for_function("frames.length === 1")
        yield page


def frame_of(page: Page) -> Frame:
    [frame] = page.main_frame.child_frames
    frame.wait_for_function("typeof send === 'function'")
    return frame


def inserted(page: Page, *, after: str) -> list[Any]:
    """What was put into the reply, once the last thing was this text."""
    page.wait_for_function("text => done.some((each) => each[1] === text)", arg=after)
    found: list[Any] = page.evaluate("done.filter(([what]) => what !== 'resize')")
    return found


def test_the_widget_is_shown_in_the_requesters_language(page: Page) -> None:
    asked = "key=pk_abc&origin=https%3A%2F%2F77.apps.zdusercontent.com&insert=&locale=pt-br&ui-locale=en-us"
    assert frame_of(page).url == f"{SERVICE}/widget/frame?{asked}"
    assert page.locator("iframe").get_attribute("title") == "Citedesk"
    assert page.get_by_role("alert").is_hidden()


def test_an_answer_goes_into_a_rich_reply_as_text(page: Page) -> None:
    frame_of(page).evaluate("send({ citedesk: 1, type: 'insert-reply', text: 'A <b onclick=x>&\\nB' })")
    html = "A &lt;b onclick=x&gt;&amp;<br>B<br>"
    assert inserted(page, after=html) == [["ticket.comment.appendHtml", html]]


def test_only_the_widgets_messages_of_this_version_are_heard(page: Page) -> None:
    page.evaluate("rich = false")
    page.evaluate("postMessage({ citedesk: 1, type: 'insert-reply', text: 'from itself' }, '*')")
    frame = frame_of(page)
    for message in (
        "{ citedesk: 2, type: 'insert-reply', text: 'of another version' }",
        "{ citedesk: 1, type: 'insert-reply', text: { not: 'text' } }",
        "{ citedesk: 1, type: 'insert-reply', text: 'plain' }",
    ):
        frame.evaluate(f"send({message})")
    assert inserted(page, after="plain") == [["ticket.comment.appendText", "plain"]]
