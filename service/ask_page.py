"""The page at `/ask`, which works without JavaScript: a form, and the answer below it.

    GET /ask                               the form
    GET /ask?q=...&locale=...&lang=...     the form, filled in, and the answer, refusal or problem

`q` is the question, `locale` that of the articles (empty: guess from the words), `lang` that of the
page. The question stands in the address so that an answer can be linked to; the service writes no
log of addresses. Problems are those of `/v1/ask`, with their status, as pages: whatever refuses the
request, here or before the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.types import ASGIApp

from indexer import IndexMissing, nearest_locale
from service.answer_page import answer_section
from service.markup import Markup, element, in_locale
from service.page_layout import FORM_POLICY, PAGE_HEADERS, language_links, options, page
from service.page_texts import PageLanguages, PageTexts
from service.problem_forms import ProblemForm, Refusal, Reshaped
from service.problems import (
    DEADLINE,
    INTERNAL,
    INVALID_REQUEST,
    NOT_READY,
    OVERLOADED,
    UNKNOWN_LOCALE,
)
from service.routes import Desk, IndexSource, answer_body
from service.schemas import AskBody

PATH = "/ask"
HEADERS = {**PAGE_HEADERS, "Content-Security-Policy": FORM_POLICY}
HTML_TYPE = "text/html; charset=utf-8"

_PROBLEM_TEXTS = {
    DEADLINE.type: "problem_deadline",
    INTERNAL.type: "problem_internal",
    INVALID_REQUEST.type: "problem_invalid_request",
    NOT_READY.type: "problem_not_ready",
    OVERLOADED.type: "problem_overloaded",
    UNKNOWN_LOCALE.type: "problem_unknown_locale",
}
# Where the way out is another one than the kind of problem says.
_STATUS_TEXTS = {401: "problem_key", 403: "problem_key", 429: "problem_too_many_requests"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says, as it came; None where it says nothing."""

    question: str | None
    locale: str | None
    language: str | None
    accept_language: str | None


def read_asked(request: Request) -> Asked:
    """What a request of the page asks for."""
    given = request.query_params
    return Asked(
        given.get("q"), given.get("locale"), given.get("lang"), request.headers.get("accept-language")
    )


class AskPage:
    """Writes the page: the form, and below it what came of the question."""

    def __init__(self, indexes: IndexSource, languages: PageLanguages, *, question_max_chars: int) -> None:
        """`indexes` says in which locales can be asked."""
        self._indexes = indexes
        self._languages = languages
        self._most = question_max_chars

    def texts(self, asked: Asked) -> PageTexts:
        """The texts in the page's language."""
        return self._languages.choose(asked.language, asked.accept_language)

    def write(self, asked: Asked, below: Markup) -> Markup:
        """The page with `below` under the form."""
        texts = self.texts(asked)
        kept = {"q": asked.question, "locale": asked.locale}
        links = language_links(
            self._languages, texts, path=PATH, kept={k: v for k, v in kept.items() if v is not None}
        )
        demo = element("p", None, element("a", {"href": f"/?lang={texts.locale}"}, texts["demo_title"]))
        main = element(
            "main",
            None,
            element("h1", None, texts["title"]),
            element("p", None, texts["intro"]),
            self._form(asked, texts),
            below,
        )
        body = element("body", {"class": "ask"}, main, element("footer", None, links, demo))
        return page(body, texts, title=texts["title"])

    def problem(self, refusal: Refusal) -> Reshaped:
        """A problem as a page, with the problem's status."""
        asked = read_asked(Request(refusal.scope))
        below = self._problem_section(refusal, self.texts(asked))
        body = self.write(asked, below).encode("utf-8", "replace")
        return Reshaped(refusal.problem["status"], HTML_TYPE, body, HEADERS)

    def _form(self, asked: Asked, texts: PageTexts) -> Markup:
        available = self._locales()
        # Not guessed where the reader's language has articles: a guess from few words is often wrong.
        chosen = nearest_locale(texts.locale, available) or "" if asked.locale is None else asked.locale
        choices = [("", texts["guess"]), *((locale, texts.language(locale)) for locale in available)]
        # A parser leaves out the first line break of a text area.
        question = "\n" + (asked.question or "")
        return element(
            "form",
            {"action": PATH, "method": "get", "role": "search"},
            element("label", {"for": "question"}, texts["question"]),
            element(
                "textarea",
                {"id": "question", "name": "q", "rows": "3", "maxlength": str(self._most), "dir": "auto",
                 "required": True},
                question,
            ),
            element("label", {"for": "locale"}, texts["articles_in"]),
            element("select", {"id": "locale", "name": "locale"}, *options(choices, chosen=chosen)),
            element("input", {"type": "hidden", "name": "lang", "value": texts.locale}),
            element("button", {"type": "submit"}, texts["ask"]),
        )  # fmt: skip

    def _locales(self) -> list[str]:
        try:
            return [summary.locale for summary in self._indexes.current().locales]
        except IndexMissing:
            return []

    def _problem_section(self, refusal: Refusal, texts: PageTexts) -> Markup:
        values = {"most": str(self._most), "seconds": refusal.headers.get("retry-after", "1")}
        said = texts.fill(_problem_text(refusal.problem), values)
        detail = element("p", {"class": "note", **in_locale("en")}, str(refusal.problem.get("detail", "")))
        heading = element("h2", {"id": "answer"}, texts["problem_heading"])
        return element(
            "section",
            {"class": "answer refused", "aria-labelledby": "answer"},
            heading,
            element("p", {"class": "said"}, said),
            detail,
        )


def build_ask_page(desk: Desk, ask_page: AskPage) -> APIRouter:
    """The page's route; it is no part of the API and so not of its document."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def answer_on_page(request: Request) -> Response:
        asked = read_asked(request)
        below = Markup()
        if asked.question is not None:
            reply = await answer_body(desk, request, read_body(asked), accept_language=None)
            below = answer_section(reply, ask_page.texts(asked))
        return HTMLResponse(ask_page.write(asked, below), headers=HEADERS)

    return router


def problems_as_pages(app: ASGIApp, ask_page: AskPage) -> ProblemForm:
    """`app`, with the problems of the page's address as pages."""
    return ProblemForm(app, concerns=lambda path: path == PATH, reshape=ask_page.problem)


def read_body(asked: Asked) -> AskBody:
    """The body that the same question has on `/v1/ask`.

    Raises:
        RequestValidationError: the question or the locale does not fit.
    """
    try:
        return AskBody(question=asked.question or "", locale=asked.locale or None)
    except ValidationError as error:
        faults = [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None


def _problem_text(problem: Mapping[str, Any]) -> str:
    fields = {fault["field"] for fault in problem.get("errors", ())}
    if fields == {"locale"}:
        return "problem_unknown_locale"
    by_status = _STATUS_TEXTS.get(problem["status"], "problem_other")
    return _PROBLEM_TEXTS.get(problem["type"], by_status)
