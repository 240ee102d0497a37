"""The addresses of the service. Each request takes the index once and keeps it to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Protocol

from fastapi import APIRouter, Header, Path, Request

from indexer import Filters, Index, IndexMissing, Turn
from service.admission import Admission, Checkpoint
from service.answering import Question, Rules, answer_question, search_question
from service.conversations import Conversations
from service.gate import key_id_of
from service.openapi import problem_docs
from service.problems import (
    BODY_TOO_LARGE,
    DEADLINE,
    INVALID_REQUEST,
    MALFORMED_JSON,
    NOT_READY,
    OVERLOADED,
    SLOW_REQUEST,
    UNKNOWN_LOCALE,
    UNKNOWN_PASSAGE,
    UNSUPPORTED_TYPE,
    Problem,
)
from service.replies import ask_reply, locales_reply, passage_reply, search_reply
from service.schemas import (
    AskBody,
    AskReply,
    FiltersBody,
    LiveReply,
    LocalesReply,
    PassageReply,
    QuestionBody,
    ReadyReply,
    SearchBody,
    SearchReply,
)
from service.strict_json import JsonRoute

PASSAGE_ID_MAX_CHARS = 2_000

AcceptLanguage = Annotated[
    str | None,
    Header(description="Preferred locales; the body's `locale` comes first.", examples=["ja, en;q=0.5"]),
]
PassageId = Annotated[
    str,
    Path(
        max_length=PASSAGE_ID_MAX_CHARS,
        description="As in `passage_id`, percent-encoded (# is %23).",
        examples=["de-de/partner-help/seats#cancel.0"],
    ),
]


class IndexSource(Protocol):
    """Gives the newest whole index."""

    @property
    def fault(self) -> str | None:
        """Why the newest generation was not taken, None where it was."""
        ...

    def current(self) -> Index:
        """The index to use for one request.

        Raises:
            IndexMissing: none is loaded.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    indexes: IndexSource
    rules: Rules
    admission: Admission
    top_k: int
    question_max_chars: int
    stopping: Callable[[], bool]
    new_id: Callable[[], str]
    conversations: Conversations


_ANY_WORK = (NOT_READY, OVERLOADED, DEADLINE)
_ANY_BODY = (MALFORMED_JSON, UNKNOWN_LOCALE, SLOW_REQUEST, BODY_TOO_LARGE, UNSUPPORTED_TYPE, INVALID_REQUEST)


def build_routes(desk: Desk) -> APIRouter:
    """The API's routes, working with `desk`."""
    router = APIRouter(route_class=JsonRoute)
    _add_questions(router, desk)
    _add_reading(router, desk)
    _add_health(router, desk)
    return router


def _add_questions(router: APIRouter, desk: Desk) -> None:
    @router.post("/v1/ask", responses=problem_docs(*_ANY_BODY, *_ANY_WORK), summary="Answer a question")
    async def ask(request: Request, body: AskBody, accept_language: AcceptLanguage = None) -> AskReply:
        """Sentences of the articles with a verified quote each, or a refusal."""
        return await answer_body(desk, request, body, accept_language=accept_language)

    @router.post("/v1/search", responses=problem_docs(*_ANY_BODY, *_ANY_WORK), summary="Find passages")
    async def search(
        request: Request, body: SearchBody, accept_language: AcceptLanguage = None
    ) -> SearchReply:
        """The passages nearest to the query, best first."""
        index = desk.indexes.current()
        question = read_question(desk, body, text=body.query, accept_language=accept_language)

        def work(checkpoint: Checkpoint) -> SearchReply:
            return search_reply(*search_question(index, question, guess=desk.rules.guess))

        return await desk.admission.run(work, gone=partial(until_gone, request))


async def answer_body(
    desk: Desk, request: Request, body: AskBody, *, accept_language: str | None
) -> AskReply:
    """The answer to what `body` asks, admitted, remembered and bounded in time as every one is."""
    index = desk.indexes.current()
    question = read_question(desk, body, text=body.question, accept_language=accept_language)

    def work(checkpoint: Checkpoint) -> AskReply:
        answer = answer_question(
            index, question, rules=desk.rules, checkpoint=checkpoint, left_s=checkpoint.left_s
        )
        return ask_reply(answer, answer_id=desk.new_id(), conversation=body.conversation or desk.new_id())

    reply = await desk.admission.run(work, gone=partial(until_gone, request))
    desk.conversations.remember(reply, question=body.question, client_key=key_id_of(request))
    return reply


def _add_reading(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/v1/passages/{passage_id:path}",
        responses=problem_docs(UNKNOWN_PASSAGE, INVALID_REQUEST, *_ANY_WORK),
        summary="Read one passage",
    )
    async def passage(request: Request, passage_id: PassageId) -> PassageReply:
        """A passage of the present generation; ids don't outlive it."""
        index = desk.indexes.current()

        def work(checkpoint: Checkpoint) -> PassageReply:
            return passage_reply(index.passage(passage_id), generation=index.generation)

        return await desk.admission.run(work, gone=partial(until_gone, request))

    @router.get("/v1/locales", responses=problem_docs(NOT_READY), summary="List the locales")
    async def locales() -> LocalesReply:
        """The locales that can be asked, and what they hold."""
        return locales_reply(desk.indexes.current())


def _add_health(router: APIRouter, desk: Desk) -> None:
    @router.get("/health/live", summary="Is the process alive?")
    async def live() -> LiveReply:
        """Yes, where it answers at all."""
        return LiveReply(status="live")

    @router.get("/health/ready", responses=problem_docs(NOT_READY), summary="Can questions be asked?")
    async def ready() -> ReadyReply:
        """200 with an index, 503 without one or while stopping."""
        if desk.stopping():
            raise Problem(NOT_READY, "the service is stopping")
        try:
            index = desk.indexes.current()
        except IndexMissing as error:
            raise Problem(NOT_READY, desk.indexes.fault or str(error)) from None
        return ReadyReply(
            status="ready",
            generation=index.generation,
            fault=desk.indexes.fault,
            conversations=desk.conversations.state,
        )


def read_question(desk: Desk, body: QuestionBody, *, text: str, accept_language: str | None) -> Question:
    """The question that a body of `/v1/ask` holds.

    Raises:
        Problem: invalid-request, where the settings take less than the schema.
    """
    if len(text) > desk.question_max_chars:
        raise Problem(
            INVALID_REQUEST, f"the question has {len(text)} characters; {desk.question_max_chars} are taken"
        )
    return Question(
        text=text,
        k=desk.top_k if body.top_k is None else body.top_k,
        locale=body.locale,
        accept_language=accept_language,
        history=tuple(Turn(turn.role, turn.content) for turn in body.history),
        filters=None if body.filters is None else _filters(body.filters),
    )


def _filters(body: FiltersBody) -> Filters:
    return Filters(
        roles=None if body.roles is None else tuple(body.roles),
        applies_to=None if body.applies_to is None else tuple(body.applies_to),
        articles=None if body.articles is None else tuple(body.articles),
        docset=None if body.docset is None else tuple(body.docset),
    )


async def until_gone(request: Request) -> None:
    """End when the client has left."""
    # The body is read by now, so that the next messages can only say that the client has left.
    while (await request.receive())["type"] != "http.disconnect":
        pass
