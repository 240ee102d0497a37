"""The demonstration at `/`: a helpdesk's view of tickets, with the chat beside it.

The tickets are written for the sample articles, and each has five questions that these answer. The
page is in the reader's language; the chat asks the articles in the language of the ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter

from indexer import SOURCE_LOCALE, IndexMissing, nearest_locale
from service.markup import Markup, element, in_locale
from service.page_layout import PAGE_HEADERS, language_links, page
from service.page_texts import PageLanguages, PageTexts
from service.routes import IndexSource

TICKETS_FILE = Path(__file__).with_name("demo") / "tickets.json"
SCRIPT = "/demo/demo.js"
WIDGET = "/widget/citedesk-chat.js"


class Ticket(BaseModel):
    """A customer's message, in the words and language of the customer."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    number: int
    locale: str
    status: Literal["new", "open", "waiting"]
    time: str
    customer: str
    company: str
    subject: str
    message: list[str]
    questions: list[str]

    @property
    def id(self) -> str:
        """Of its element."""
        return f"ticket-{self.number}"


def read_tickets(file: Path = TICKETS_FILE) -> list[Ticket]:
    """The tickets that come with the service, newest first."""
    return TypeAdapter(list[Ticket]).validate_json(file.read_bytes())


class DemoPage:
    """Writes the page."""

    def __init__(self, indexes: IndexSource, languages: PageLanguages, tickets: Sequence[Ticket]) -> None:
        """`indexes` says which locales can be asked."""
        self._indexes = indexes
        self._languages = languages
        self._tickets = tickets

    def write(self, texts: PageTexts, *, ticket: str | None = None) -> Markup:
        """The page; open is the ticket of this number, else that in the reader's language, else the first."""
        numbered = [each for each in self._tickets if str(each.number) == ticket]
        readable = [each for each in self._tickets if each.locale == texts.locale]
        opened = [*numbered, *readable, *self._tickets][0]
        main = element(
            "main",
            {"class": "desk"},
            self._list(opened, texts),
            self._work(opened, texts),
            self._chat(opened, texts),
        )
        body = element("body", {"class": "demo"}, self._header(texts), main)
        return page(body, texts, title=texts["demo_title"], scripts=(WIDGET, SCRIPT))

    def _header(self, texts: PageTexts) -> Markup:
        links = language_links(self._languages, texts, path="/", kept={})
        chosen = element(
            "details", None, element("summary", None, self._languages.names[texts.locale]), links
        )
        intro = element("p", {"class": "note"}, texts["demo_intro"])
        return element(
            "header", {"class": "bar"}, _skip(texts), element("h1", None, texts["demo_title"]), intro, chosen
        )

    def _list(self, opened: Ticket, texts: PageTexts) -> Markup:
        items = (
            element("li", None, _entry(ticket, texts, opened=ticket is opened)) for ticket in self._tickets
        )
        heading = element("h2", {"id": "tickets"}, texts["tickets"])
        return element(
            "nav", {"class": "tickets", "aria-labelledby": "tickets"}, heading, element("ul", None, *items)
        )

    def _work(self, opened: Ticket, texts: PageTexts) -> Markup:
        views = (_view(ticket, texts, opened=ticket is opened) for ticket in self._tickets)
        return element("div", {"class": "work", "id": "work", "tabindex": "-1"}, *views, _reply(texts))

    def _chat(self, opened: Ticket, texts: PageTexts) -> Markup:
        chat = element(
            "citedesk-chat",
            {"id": "chat", "locale": self._asked(opened), "ui-locale": texts.locale, "insert": True},
        )
        examples = (
            _examples(ticket, locale=self._asked(ticket), opened=ticket is opened) for ticket in self._tickets
        )
        heading = element("h2", {"id": "examples"}, texts["examples"])
        aside = element("section", {"class": "examples", "aria-labelledby": "examples"}, heading, *examples)
        plain = element("a", {"href": f"/ask?lang={texts.locale}"}, texts["title"])
        without = element("noscript", None, element("p", {"class": "note"}, f"{texts['no_script']} ", plain))
        return element("aside", {"class": "chat", "aria-label": texts["assistant"]}, without, chat, aside)

    def _asked(self, ticket: Ticket) -> str:
        """The locale of the articles for a ticket: its own, or what the index has in its place."""
        try:
            available = [summary.locale for summary in self._indexes.current().locales]
        except IndexMissing:
            return ticket.locale
        return (
            nearest_locale(ticket.locale, available)
            or nearest_locale(SOURCE_LOCALE, available)
            or ticket.locale
        )


def build_demo_page(demo: DemoPage, languages: PageLanguages) -> APIRouter:
    """The page's route; it is no part of the API and so not of its document."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def show_demo(request: Request) -> Response:
        given = request.query_params
        texts = languages.choose(given.get("lang"), request.headers.get("accept-language"))
        return HTMLResponse(demo.write(texts, ticket=given.get("ticket")), headers=PAGE_HEADERS)

    return router


def _skip(texts: PageTexts) -> Markup:
    return element("a", {"class": "skip", "href": "#work"}, texts["skip"])


def _entry(ticket: Ticket, texts: PageTexts, *, opened: bool) -> Markup:
    here = in_locale(ticket.locale)
    meta = (element("bdi", here, ticket.customer), " · ", element("time", None, ticket.time))
    return element(
        "button",
        {
            "type": "button",
            "class": "entry",
            "data-number": str(ticket.number),
            "aria-controls": ticket.id,
            "aria-current": "true" if opened else None,
        },
        element("span", {"class": "subject", **here}, ticket.subject),
        element("span", {"class": "meta"}, *meta),
        element("span", {"class": f"status {ticket.status}"}, texts[f"status_{ticket.status}"]),
    )


def _view(ticket: Ticket, texts: PageTexts, *, opened: bool) -> Markup:
    here = in_locale(ticket.locale)
    number = texts.fill("ticket", {"number": f"#{ticket.number}"})
    return element(
        "article",
        {"class": "ticket", "id": ticket.id, "aria-labelledby": f"{ticket.id}-subject", "hidden": not opened},
        element("p", {"class": "note"}, number),
        element("h2", {"id": f"{ticket.id}-subject", **here}, ticket.subject),
        element(
            "p", {"class": "sender", **here}, element("strong", None, ticket.customer), f" · {ticket.company}"
        ),
        element("div", {"class": "message", **here}, *(element("p", None, text) for text in ticket.message)),
    )


def _reply(texts: PageTexts) -> Markup:
    said = {"data-inserted": texts["inserted"], "data-sent": texts["sent_nothing"]}
    return element(
        "section",
        {"class": "reply", "aria-labelledby": "reply-label"},
        element("label", {"for": "reply", "id": "reply-label"}, texts["reply"]),
        element("textarea", {"id": "reply", "rows": "9"}),
        element("button", {"type": "button", "id": "send"}, texts["send"]),
        element("p", {"id": "said", "role": "status", "class": "note", **said}),
    )


def _examples(ticket: Ticket, *, locale: str, opened: bool) -> Markup:
    here = in_locale(ticket.locale)
    items = (
        element("li", None, element("button", {"type": "button", "class": "example", **here}, question))
        for question in ticket.questions
    )
    return element("ul", {"data-ticket": ticket.id, "data-locale": locale, "hidden": not opened}, *items)
