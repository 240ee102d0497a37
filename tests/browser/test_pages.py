"""The pages of the service itself: the helpdesk at `/`, and `/ask`, which needs no script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from indexer.build_report import BuildReport
from service.serving import take_port
from tests.browser.articles import (
    FIRST,
    HOSTILE_LOCALE,
    HOSTILE_MARKUP,
    HOSTILE_QUESTIONS,
    ODD_QUESTION,
    QUESTION,
)
from tests.browser.axe import find_faults
from tests.browser.chat import Chat
from tests.browser.conftest import SCREENSHOTS, Desk
from tests.browser.host import hosting
from tests.browser.visits import Visit, visiting
from tests.processes import running, wait_until_live

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}


def open_demo(page: Page, address: str, *, language: str) -> Chat:
    page.goto(f"{address}/?lang={language}")
    return Chat(page.locator("citedesk-chat"), ui_locale=language).open()


@pytest.mark.parametrize("language", ["en-us", "ar-sa"])
@pytest.mark.parametrize("viewport", [DESKTOP, NARROW], ids=["desktop", "320px"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_demo_page(
    visit: Callable[..., Visit], desk: Desk, theme: str, viewport: dict[str, int], language: str
) -> None:
    page = visit(color_scheme=theme, viewport=viewport, reduced_motion="reduce").page
    open_demo(page, desk.address, language=language)
    assert find_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


@pytest.mark.parametrize("asked", ["", QUESTION, ODD_QUESTION], ids=["form", "answer", "refusal"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_without_scripts(
    visit: Callable[..., Visit], desk: Desk, theme: str, asked: str
) -> None:
    page = visit(color_scheme=theme, viewport=NARROW).page
    page.goto(f"{desk.address}/ask?lang=de-de")
    if asked:
        page.get_by_role("textbox").fill(asked)
        page.locator("form button").click()
        page.get_by_role("heading", level=2).first.wait_for()
    assert find_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


def test_the_page_answers_without_scripts(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(f"{desk.address}/ask?lang=en-us")
    page.get_by_role("textbox").fill(QUESTION)
    page.locator("form button").click()
    expect(page.get_by_text(FIRST).first).to_be_visible()
    expect(page.get_by_role("link", name="Refunds and invoices").first).to_be_visible()


def test_markup_of_articles_is_text_on_the_page_without_scripts(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit().page
    for question in HOSTILE_QUESTIONS:
        page.goto(f"{desk.address}/ask?lang=en-us")
        page.get_by_role("textbox").fill(question)
        page.locator("select").select_option(HOSTILE_LOCALE)
        page.locator("form button").click()
        expect(page.locator("body")).to_contain_text(HOSTILE_MARKUP[3 if "iframe" in question else 0])
        assert page.locator("img, svg, iframe, main script").count() == 0
        links = page.locator("main a").evaluate_all("links => links.map(link => link.protocol)")
        assert set(links) <= {"http:", "https:"}


def test_a_ticket_that_is_opened_changes_the_language_of_the_articles(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit(viewport=DESKTOP).page
    chat = open_demo(page, desk.address, language="en-us")
    page.get_by_role("navigation", name="Tickets").get_by_role("button").nth(1).click()
    chat.ask()
    expect(chat.text("返金は十日以内に支払われます。")).to_be_visible()


def test_an_answer_goes_into_the_reply_of_the_ticket(visit: Callable[..., Visit], desk: Desk) -> None:
    page = visit(viewport=DESKTOP).page
    chat = open_demo(page, desk.address, language="en-us")
    chat.ask()
    chat.button("insert").click()
    reply = page.locator("textarea#reply")
    assert FIRST in reply.input_value()
    assert "https://example.com/en-us/partner-help/refunds#when" in reply.input_value()


def test_the_reply_begins_where_its_words_do_and_else_where_the_pages_do(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit(viewport=DESKTOP).page
    chat = open_demo(page, desk.address, language="ar-sa")
    reply = page.locator("textarea#reply")
    expect(reply).to_have_css("direction", "rtl")
    chat.ask()
    chat.button("insert").click()
    expect(reply).to_have_css("direction", "ltr")
    reply.fill("")
    expect(reply).to_have_css("direction", "rtl")
    reply.press_sequentially("To")
    expect(reply).to_have_css("direction", "ltr")
    page.get_by_role("navigation", name="التذاكر").get_by_role("button").nth(2).click()
    expect(reply).to_have_value("")
    expect(reply).to_have_css("direction", "rtl")


def test_the_question_without_scripts_begins_where_the_pages_lines_do_while_there_is_none(
    visit: Callable[..., Visit], desk: Desk
) -> None:
    page = visit(java_script_enabled=False).page
    for language, empty in (("ar-sa", "rtl"), ("de-de", "ltr")):
        page.goto(f"{desk.address}/ask?lang={language}")
        field = page.get_by_role("textbox")
        expect(field).to_have_css("direction", empty)
        for typed, direction in (("To", "ltr"), ("من", "rtl")):
            field.fill(typed)
            expect(field).to_have_css("direction", direction)


@pytest.fixture(scope="package")
def demo(
    browser: Browser,
    sample_build: tuple[Path, BuildReport],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of the service that `make demo` starts: the sample articles and the real model."""
    folder = tmp_path_factory.mktemp("demo")
    port = take_port("127.0.0.1", 0)
    with running(
        "service", "--index", str(sample_build[0]), "--port", str(port),
        database_url=f"sqlite:///{folder / 'c.db'}", keys_file=str(folder / "keys.json"), drain_s="0",
    ):  # fmt: skip
        yield wait_until_live(port)


# Each picture: the page's language, which of the tickets, and the options of its browser.
PICTURES: dict[str, tuple[str, int, dict[str, object]]] = {
    "desktop": ("en-us", 1, {"viewport": DESKTOP}),
    "phone": ("en-us", 0, {"viewport": PHONE, "device_scale_factor": 2}),
    "dark": ("de-de", 2, {"viewport": DESKTOP, "color_scheme": "dark"}),
    "japanese": ("ja-jp", 1, {"viewport": DESKTOP}),
    "right-to-left": ("ar-sa", 0, {"viewport": DESKTOP}),
}


@pytest.mark.model
@pytest.mark.parametrize("name", PICTURES)
def test_an_example_question_is_answered_and_a_picture_is_kept(
    browser: Browser, demo: str, name: str
) -> None:
    language, ticket, options = PICTURES[name]
    with visiting(browser, origins=[demo], options={"reduced_motion": "reduce", **options}) as seen:
        page = seen.page
        chat = open_demo(page, demo, language=language)
        entry = page.locator("button.entry").nth(ticket)
        if entry.get_attribute("aria-current") is None:
            entry.click()
        page.locator("button.example:visible").first.click()
        expect(chat.source(1)).to_be_visible()
        expect(chat.button("stop")).to_be_hidden()
        chat.source(1).click()
        english = chat.button("show_english").locator("visible=true")
        if english.count():
            english.first.click()
        faults = find_faults(page)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")
        assert faults == []


@pytest.mark.model
def test_a_page_of_this_machine_embeds_the_demonstration_without_a_key(browser: Browser, demo: str) -> None:
    with ExitStack() as stack:
        host = stack.enter_context(hosting())
        seen = stack.enter_context(
            visiting(browser, origins=[demo, host.origin], options={"locale": "en-US"})
        )
        for address in (host.element(demo, locale="en-us"), host.frame(demo, locale="en-us")):
            seen.page.goto(address)
            framed = "/frame?" in address
            chat = Chat(seen.page.frame_locator("iframe") if framed else seen.page)
            chat.ask("Does Microsoft email our customers directly?")
            expect(chat.source(1)).to_be_visible()
