"""The demonstration at `/`: what it shows and where it leads; its looks are tested in a browser."""

from __future__ import annotations

import re
from html import unescape

import pytest

from service.demo_page import WIDGET, Ticket, read_tickets
from service.pages import DEMO_DIR
from tests.fake_index import ARTICLES, FakeFollower, FakeIndex
from tests.service_app import Client, build_app

TICKETS = read_tickets()


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def shown(page: str, pattern: str) -> list[str]:
    return [unescape("".join(found)) for found in re.findall(pattern, page)]


def test_it_is_in_the_readers_language_and_direction(client: Client) -> None:
    assert '<html lang="ja-jp" dir="ltr">' in client.get("/?lang=ja-jp").text
    assert '<html lang="ar-sa" dir="rtl">' in client.get("/", headers={"Accept-Language": "ar"}).text
    assert '<html lang="en-us" dir="ltr">' in client.get("/").text


def test_every_language_can_be_chosen_and_the_present_one_is_marked(client: Client) -> None:
    page = client.get("/?lang=de-de").text
    languages = shown(page, r'<a href="/\?lang=([a-z-]+)" hreflang')
    assert languages == [
        "ar-sa", "de-de", "en-us", "es-es", "fr-fr", "it-it",
        "ja-jp", "ko-kr", "pt-br", "ru-ru", "zh-cn", "zh-tw",
    ]  # fmt: skip
    assert shown(page, r'aria-current="true" lang="([a-z-]+)" dir="ltr">Deutsch') == ["de-de"]


@pytest.mark.parametrize(
    ("lang", "asked", "ticket", "locale"),
    [
        ("ja-jp", "", 4811, "ja-jp"),
        ("fr-fr", "", 4812, "en-us"),
        ("fr-fr", "&ticket=4803", 4803, "zh-tw"),
        ("ja-jp", "&ticket=nonsense", 4811, "ja-jp"),
    ],
)
def test_the_ticket_asked_for_or_readable_is_open_and_the_chat_asks_in_its_language(
    client: Client, lang: str, asked: str, ticket: int, locale: str
) -> None:
    page = client.get(f"/?lang={lang}{asked}").text
    articles = re.findall(r'<article [^>]*id="ticket-(\d+)"[^>]*?( hidden)?>', page)
    assert [int(number) for number, hidden in articles if not hidden] == [ticket]
    assert f'<citedesk-chat id="chat" locale="{locale}" ui-locale="{lang}" insert>' in page


def test_a_ticket_whose_language_has_no_articles_is_asked_in_english() -> None:
    index = FakeIndex(articles=[article for article in ARTICLES if article.locale != "ja-jp"])
    page = Client(build_app(index)).get("/?lang=ja-jp").text
    assert '<citedesk-chat id="chat" locale="en-us" ui-locale="ja-jp" insert>' in page


def test_it_is_shown_without_an_index_too() -> None:
    page = Client(build_app(follower=FakeFollower(None))).get("/?lang=ja-jp")
    assert page.status_code == 200
    assert '<citedesk-chat id="chat" locale="ja-jp"' in page.text


@pytest.mark.parametrize("ticket", TICKETS, ids=lambda ticket: ticket.locale)
def test_each_ticket_has_five_example_questions(ticket: Ticket) -> None:
    assert len(set(ticket.questions)) == 5


def test_all_that_it_loads_is_its_own_and_served(client: Client) -> None:
    page = client.get("/").text
    loaded = shown(page, r'(?:src|<link [^>]*href)="([^"]*)"')
    assert loaded == ["/demo/icon.svg", "/demo/page.css", WIDGET, "/demo/demo.js"]
    assert [client.get(address).status_code for address in loaded if address != WIDGET] == [200] * 3


def test_the_pages_have_no_inline_script_style_or_handler(client: Client) -> None:
    for address in ("/", "/ask", "/ask?q=mail"):
        page = client.get(address).text
        assert re.findall(r"<script(?![^>]* src=)[^>]*>", page) == []
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", page) == []


def test_text_enters_the_demonstration_as_text_alone() -> None:
    script = (DEMO_DIR / "demo.js").read_text("utf-8")
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\.style\b|srcdoc"
    assert re.findall(forbidden, script) == []
    assert re.findall(r"https?://", script) == []


def test_what_the_script_looks_for_is_in_the_page(client: Client) -> None:
    script, page = (DEMO_DIR / "demo.js").read_text("utf-8"), client.get("/").text
    wanted = re.findall(r'getElementById\("(\w+)"\)', script)
    assert wanted == ["chat", "reply", "said", "send"]
    assert [name for name in wanted if f' id="{name}"' not in page] == []
    for found in (
        'class="entry"',
        'class="example"',
        'class="ticket"',
        "data-ticket",
        "data-locale",
        "data-number",
    ):
        assert found in page
    assert shown(page, r'data-inserted="([^"]*)" data-sent="([^"]*)"')


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("page.css", "text/css; charset=utf-8"),
        ("demo.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_its_files_are_served_with_their_types(client: Client, name: str, media_type: str) -> None:
    response = client.get(f"/demo/{name}")
    assert response.headers["content-type"] == media_type
    assert response.content == (DEMO_DIR / name).read_bytes()


def test_a_file_that_the_browser_has_is_not_sent_again(client: Client) -> None:
    tag = client.get("/demo/demo.js").headers["etag"]
    response = client.get("/demo/demo.js", headers={"If-None-Match": tag})
    assert (response.status_code, response.content) == (304, b"")
    assert client.get("/demo/page.css", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "name", ["../app.py", "%2e%2e%2fapp.py", "demo.js%00", "none.js", "", "demo.js/", "tickets.json"]
)
def test_nothing_else_is_served(client: Client, name: str) -> None:
    assert client.get(f"/demo/{name}").status_code == 404
