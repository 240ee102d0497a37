"""The service over a fake index, and a client that calls it in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
from starlette.types import ASGIApp

from service.access import Access
from service.answering import Rules
from service.app import Lifespan, create_app
from service.asking import LocaleGuesser
from service.assignment import Rewriter
from service.chatwoot import ChatwootLink
from service.confidence import Confidence
from service.conversation_store import ConversationStore
from service.conversations import Conversations
from service.handover import Webhook
from service.messages import read_messages
from service.routes import IndexSource
from service.settings import Settings
from service.stopwatch import Clock
from service.writers import AnswerWriter, ExtractiveWriter
from tests.access import make_access
from tests.fake_index import FakeFollower, FakeIndex, judge

JSON = {"Content-Type": "application/json"}
# The types of a streamed response's events, where it is one sentence with one citation.
RESPONSE_EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.annotation.added",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def guess_first(text: str, available: Sequence[str]) -> str:
    """A guesser that always takes en-us."""
    return "en-us"


def make_rules(
    writer: AnswerWriter | None = None,
    *,
    confidence: Confidence = judge,
    guess: LocaleGuesser = guess_first,
    refuse_below: float = 0.25,
    fallback: bool = True,
    clock: Clock = time.perf_counter,
    rewriter: Rewriter | None = None,
) -> Rules:
    """Rules for the fake index; at most four sentences are quoted where `writer` isn't given."""
    return Rules(
        writer=writer or ExtractiveWriter(sentences_max=4),
        confidence=confidence,
        guess=guess,
        messages=read_messages(),
        refuse_below=refuse_below,
        fallback=fallback,
        clock=clock,
        rewriter=rewriter,
    )


def build_app(
    index: FakeIndex | None = None,
    *,
    follower: object | None = None,
    settings: Settings | None = None,
    confidence: Confidence = judge,
    writer: AnswerWriter | None = None,
    rewriter: Rewriter | None = None,
    guess: LocaleGuesser = guess_first,
    stopping: Callable[[], bool] = lambda: False,
    conversations: Conversations | None = None,
    webhook: Webhook | None = None,
    chatwoot: ChatwootLink | None = None,
    lifespan: Lifespan | None = None,
    access: Access | None = None,
) -> ASGIApp:
    """The application over `index` (the fake articles where it isn't given) or `follower`.

    Everybody on this machine may do everything where `access` isn't given.
    """
    source = follower or FakeFollower(FakeIndex() if index is None else index)
    settings = settings or Settings()
    rules = make_rules(
        writer,
        confidence=confidence,
        guess=guess,
        refuse_below=settings.refuse_below,
        fallback=settings.fallback,
        rewriter=rewriter,
    )
    return create_app(
        cast(IndexSource, source),
        settings=settings,
        rules=rules,
        conversations=conversations or keep_conversations(None),
        webhook=webhook,
        chatwoot=chatwoot,
        access=access or make_access(),
        stopping=stopping,
        lifespan=lifespan,
    )


def keep_conversations(
    url: str | None,
    *,
    keep_texts: bool = True,
    retention: timedelta = timedelta(days=90),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_event: Callable[[str], None] = lambda event: None,
) -> Conversations:
    """Conversations in the database of this URL, nowhere without one; not started."""
    return Conversations(
        None if url is None else ConversationStore(url),
        keep_texts=keep_texts,
        retention=retention,
        now=now,
        on_event=on_event,
    )


class Client:
    """Calls an application in this process; an exception that escapes from it fails the test.

    With `faults_escape` off the client sees what a server would send.
    """

    def __init__(self, app: ASGIApp, *, faults_escape: bool = True) -> None:
        self._app = app
        self._faults_escape = faults_escape

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=self._faults_escape)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, **options)

        return asyncio.run(call())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: object, **options: Any) -> httpx.Response:
        return self.request("POST", path, json=body, **options)

    def ask(self, question: str, **fields: object) -> Any:
        response = self.post("/v1/ask", {"question": question, **fields})
        assert response.status_code == 200, response.text
        return response.json()
