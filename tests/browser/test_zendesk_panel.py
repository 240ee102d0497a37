"""The side-bar app for Zendesk: its script, with stand-ins for Zendesk's own and for the widget's page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Page, Route, expect

ASSETS = Path(__file__).parents[2] / "docs/helpdesk/zendesk/assets"
APP = "https://77.apps.zdusercontent.com"
SERVICE = "https://help.example.com"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
# What the app asks of Zendesk's script, and what it was asked to do. A test may change it before.
SDK = """
window.done = [];
window.rich = true;
window.address ??= "https://help.example.com/";
window.ticket ??= { "ticket.id": 4711 };
window.ZAFClient = { init: () => ({
  metadata: async () => ({ settings: { service: address, key: " pk_abc ", locales: "de-de, en-us pt-br" } }),
  get: async (what) => Array.isArray(what)
    ? { ...ticket, "ticket.requester.locale": "pt-PT", "currentUser.locale": "en-US" }
    : { "ticket.comment.useRichText": window.rich },
  invoke: async (...what) => { window.done.push(what); },
}) };
"""
LATE_FRAME = """<script>
window.send = (message) => parent.postMessage(message, new URLSearchParams(location.search).get("origin"));
</script>"""
FRAME = f"{LATE_FRAME}<script>send({{ citedesk: 1, type: 'ready' }})</script>"


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
def blank(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/*", serve)
        yield page


@pytest.fixture
def page(blank: Page) -> Page:
    return show(blank)


def show(page: Page) -> Page:
    """The app, once it has its frame."""
    page.goto(f"{APP}/assets/iframe.html")
    page.wait_for_function("frames.length === 1")
    return page


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
    asked = (
        "key=pk_abc&origin=https%3A%2F%2F77.apps.zdusercontent.com&insert="
        "&id=ticket-4711&locale=pt-br&ui-locale=en-us"
    )
    assert frame_of(page).url == f"{SERVICE}/widget/frame?{asked}"
    assert page.locator("iframe").get_attribute("title") == "Citedesk"
    assert page.get_by_role("alert").is_hidden()


def test_each_new_ticket_has_a_conversation_of_its_own(blank: Page) -> None:
    blank.add_init_script("window.ticket = {}")
    addresses = [urlsplit(frame_of(show(blank)).url) for _ in range(2)]
    named = [parse_qs(address.query)["id"][0] for address in addresses]
    assert [re.fullmatch(r"ticket-[0-9a-f-]{36}", name) is not None for name in named] == [True, True]
    assert len(set(named)) == 2


@pytest.mark.parametrize("address", ["help.example.com", "help.example.com:8000", "javascript:alert(1)", ""])
def test_an_address_that_is_none_is_named(blank: Page, address: str) -> None:
    blank.add_init_script(f"window.address = {json.dumps(address)}")
    blank.goto(f"{APP}/assets/iframe.html")
    expect(blank.get_by_role("alert")).to_have_text(
        f"In this app's settings the service's address is {address}, which must begin with https://"
    )
    assert blank.locator("iframe").count() == 0


def test_what_zendesk_refuses_is_said(blank: Page) -> None:
    blank.add_init_script("window.ticket = new Proxy({}, { ownKeys() { throw Error('no right to read') } })")
    blank.goto(f"{APP}/assets/iframe.html")
    expect(blank.get_by_role("alert")).to_have_text("no right to read")


def test_a_service_that_answers_late_is_no_fault_any_more(blank: Page) -> None:
    blank.clock.install()
    blank.route(f"{SERVICE}/**", lambda route: route.fulfill(body=LATE_FRAME, content_type=TYPES[".html"]))
    fault = show(blank).get_by_role("alert")
    assert fault.is_hidden()
    blank.clock.run_for(15_000)
    expect(fault).to_have_text(
        f"{SERVICE} did not answer. The key needs these origins: {APP} https://SUBDOMAIN.zendesk.com"
    )
    frame_of(blank).evaluate("send({ citedesk: 1, type: 'ready' })")
    expect(fault).to_be_hidden()


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
