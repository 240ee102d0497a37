"""The application, put together from objects that its caller made; it reads and starts nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from indexer import IndexMissing, QuestionError, UnknownLocale, UnknownPassage
from service.access import Access
from service.admission import RETRY_AFTER_S, Admission, ClientGone, DeadlinePassed, Overloaded
from service.answering import Rules
from service.ask_page import AskPage, problems_as_pages
from service.chatwoot import ChatwootLink, build_chatwoot
from service.conversations import Conversations
from service.feedback import FOLLOW_UP_ERRORS, FollowUps, build_follow_ups
from service.field_errors import read_faults, sum_up
from service.gate import Gate
from service.guards import BodyGuard, SecurityHeaders
from service.handover import Webhook
from service.head_requests import HeadRequests
from service.mcp_mount import McpMount, host_rule, load_sessions
from service.metrics import Meter, Metrics, build_metrics_route
from service.observed import Observation
from service.openai_errors import OpenAIErrors
from service.openai_routes import OpenAIDesk, build_openai_routes
from service.openapi import describe
from service.origins import CrossOrigin
from service.page_texts import PageLanguages, read_languages
from service.pages import build_pages
from service.problems import (
    CLIENT_GONE,
    DEADLINE,
    INTERNAL,
    INVALID_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    NOT_READY,
    OVERLOADED,
    UNKNOWN_LOCALE,
    UNKNOWN_PASSAGE,
    Kind,
    Problem,
    problem_response,
)
from service.routes import Desk, IndexSource, build_routes
from service.settings import Settings
from service.turn_memory import ProcessMemory
from service.widget_files import build_widget, read_widget
from service.widget_session import build_session_route

# What a route raises, the problem that it becomes, and whether trying again soon may help.
ERROR_TABLE: tuple[tuple[type[Exception], Kind, bool], ...] = (
    (IndexMissing, NOT_READY, True),
    (UnknownPassage, UNKNOWN_PASSAGE, False),
    (QuestionError, INVALID_REQUEST, False),
    (Overloaded, OVERLOADED, True),
    (DeadlinePassed, DEADLINE, True),
    (ClientGone, CLIENT_GONE, False),
    *FOLLOW_UP_ERRORS,
)
RETRY = {"Retry-After": str(RETRY_AFTER_S)}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    indexes: IndexSource,
    *,
    settings: Settings,
    rules: Rules,
    conversations: Conversations,
    access: Access,
    webhook: Webhook | None = None,
    chatwoot: ChatwootLink | None = None,
    stopping: Callable[[], bool] = lambda: False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    lifespan: Lifespan | None = None,
) -> ASGIApp:
    """The whole service as an ASGI application that answers by `rules`.

    `stopping` tells readiness that the process will end; `lifespan` starts and stops what the
    caller owns, such as `indexes` and `conversations`. Without `webhook` nothing is handed over,
    without `chatwoot` no agent bot answers.
    """
    admission = Admission(
        threads=settings.concurrency, queue_max=settings.queue_max, deadline_s=settings.deadline_s
    )
    metrics = Metrics(
        Observation(indexes=indexes, admission=admission, access=access, conversations=conversations)
    )
    desk = Desk(
        indexes=indexes,
        rules=replace(rules, on_answer=metrics.answered),
        admission=admission,
        top_k=settings.top_k,
        question_max_chars=settings.question_max_chars,
        stopping=stopping,
        new_id=lambda: uuid4().hex,
        conversations=conversations,
    )
    follow_ups = FollowUps(
        conversations=conversations,
        webhook=webhook,
        new_id=desk.new_id,
        now=now,
        deadline_s=settings.deadline_s,
    )
    mcp = McpMount(partial(load_sessions, desk, host_rule(settings.host, settings.mcp_hosts)))
    app = _Api(_closing(admission, lifespan, mcp))
    app.include_router(build_routes(desk))
    languages = read_languages()
    app.include_router(build_openai_routes(_openai_desk(desk, settings, languages)))
    app.router.routes.extend(mcp.routes)
    app.include_router(build_follow_ups(follow_ups))
    app.include_router(build_widget(read_widget(), frame_rule=access.frame_ancestors))
    ask_page = AskPage(indexes, languages, question_max_chars=settings.question_max_chars)
    app.include_router(build_pages(desk, languages, ask_page))
    app.include_router(build_chatwoot(chatwoot, desk=desk, memory=_memory(settings), now=now))
    app.include_router(build_session_route(access))
    app.include_router(build_metrics_route(metrics))
    _add_problems(app)
    guarded = BodyGuard(app, max_bytes=settings.body_max_bytes, read_s=settings.body_read_s)
    # Outside the gate: what it refuses must have the form that the address's clients read.
    gated = HeadRequests(OpenAIErrors(problems_as_pages(Gate(guarded, access=access), ask_page)))
    return SecurityHeaders(Meter(CrossOrigin(gated, allows=access.allows_origin), metrics))


def _openai_desk(desk: Desk, settings: Settings, languages: PageLanguages) -> OpenAIDesk:
    return OpenAIDesk(
        desk=desk,
        memory=_memory(settings),
        languages=languages,
        heartbeat_s=settings.heartbeat_s,
        now=time.time,
    )


def _memory(settings: Settings) -> ProcessMemory | None:
    if not settings.responses_kept:
        return None
    return ProcessMemory(
        most=settings.responses_kept,
        keep_s=settings.responses_kept_s,
        clock=time.monotonic,
        words=settings.store_questions,
    )


def _closing(admission: Admission, lifespan: Lifespan | None, mcp: McpMount) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async with nullcontext() if lifespan is None else lifespan(app), mcp.serving():
            yield
        admission.close()

    return run


class _Api(FastAPI):
    def __init__(self, lifespan: Lifespan) -> None:
        # The interactive pages of FastAPI load scripts from elsewhere; the policy would stop them.
        super().__init__(
            title="Citedesk",
            version="1",
            description="Answers from localised help articles, with citations that can be checked.",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            lifespan=lifespan,
        )

    def openapi(self) -> dict[str, Any]:
        """The document, made at the first call."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def _add_problems(app: FastAPI) -> None:
    for error_type, kind, retry in ERROR_TABLE:
        app.add_exception_handler(error_type, _responder(kind, headers=RETRY if retry else None))
    app.add_exception_handler(UnknownLocale, _answer_unknown_locale)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_fault)


def _responder(
    kind: Kind, *, headers: dict[str, str] | None
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def respond(request: Request, error: Exception) -> Response:
        return problem_response(kind, str(error), headers=headers)

    return respond


async def _answer_unknown_locale(request: Request, error: Exception) -> Response:
    available = error.available if isinstance(error, UnknownLocale) else ()
    return problem_response(UNKNOWN_LOCALE, str(error), available=available)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    # The first part only says body, path or header.
    errors = read_faults(faults, skip=1)
    return problem_response(INVALID_REQUEST, sum_up(errors), errors=errors)


async def _answer_http(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        headers = RETRY if error.kind is NOT_READY else error.headers
        return problem_response(error.kind, str(error.detail), errors=error.errors, headers=headers)
    if not isinstance(error, HTTPException):
        return await _answer_fault(request, error)
    if error.status_code == NOT_FOUND.status:
        return problem_response(NOT_FOUND, "the addresses are listed in /openapi.json")
    if error.status_code == METHOD_NOT_ALLOWED.status:
        allowed = (error.headers or {}).get("Allow", "another method")
        if allowed == "GET":
            allowed = "GET, HEAD"
        return problem_response(METHOD_NOT_ALLOWED, f"use {allowed}", headers={"Allow": allowed})
    kind = Kind("http-error", error.status_code, "The request was refused")
    return problem_response(kind, str(error.detail), headers=error.headers)


async def _answer_fault(request: Request, error: Exception) -> Response:
    # The server logs the traceback; the response tells nothing of it.
    return problem_response(INTERNAL, "see the service's log")
