"""The address that Chatwoot calls for an agent bot: `/v1/chatwoot`.

Chatwoot waits five seconds and takes the bot for broken afterwards, so the webhook is answered at
once and the message later. Its signature stands in the place of a key. Of what it is answered, Chatwoot
sends 429 and 500 again, three seconds later and twice at most, and opens the conversation after any
other error: so 429 is what an overloaded service says here.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from service.chatwoot_bot import ChatwootBot
from service.chatwoot_client import ChatwootClient
from service.chatwoot_queue import ChatwootQueue, QueueFull
from service.chatwoot_texts import read_texts
from service.chatwoot_webhook import EventBody, MessageBody, SignatureError, check_signature, read_message
from service.openapi import problem_docs
from service.problems import (
    BODY_TOO_LARGE,
    INVALID_REQUEST,
    INVALID_SIGNATURE,
    MALFORMED_JSON,
    NOT_SET_UP,
    SLOW_REQUEST,
    TOO_MANY_REQUESTS,
    UNSUPPORTED_TYPE,
    Problem,
)
from service.routes import Desk
from service.strict_json import Json, parse_json, require_json
from service.turn_memory import TurnMemory

EVENT = "message_created"
RETRY_AFTER = {"Retry-After": "3"}
CHALLENGE = {"WWW-Authenticate": 'Signature realm="chatwoot"'}

_PROBLEMS = problem_docs(
    MALFORMED_JSON, INVALID_SIGNATURE, NOT_SET_UP, SLOW_REQUEST, BODY_TOO_LARGE, UNSUPPORTED_TYPE,
    INVALID_REQUEST, TOO_MANY_REQUESTS,
)  # fmt: skip
_EVENT_SCHEMA = {
    "type": "object",
    "required": ["event"],
    "properties": {"event": {"type": "string", "examples": [EVENT]}},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _EVENT_SCHEMA}},
    }
}


@dataclass(frozen=True, slots=True)
class ChatwootLink:
    """The Chatwoot that the operator set up; `secret` is the bot's, `locale` the default one or ""."""

    client: ChatwootClient
    secret: bytes
    locale: str
    on_event: Callable[[str], None]


class WebhookReply(BaseModel):
    """What became of a delivery."""

    status: Literal["taken", "repeated", "ignored"] = Field(
        description="`repeated`: taken before; `ignored`: nothing that waits for the bot.", examples=["taken"]
    )


def build_chatwoot(
    link: ChatwootLink | None, *, desk: Desk, memory: TurnMemory | None, now: Callable[[], datetime]
) -> APIRouter:
    """The route, answering through `link`; 404 where there is none.

    `memory` keeps what was said in a conversation, None where nothing may be kept.
    """
    queue = None if link is None else _queue(link, desk=desk, memory=memory)

    @asynccontextmanager
    async def draining(app: FastAPI) -> AsyncIterator[None]:
        yield
        if queue is not None:
            await queue.drain()

    router = APIRouter(lifespan=draining)

    @router.post(
        "/v1/chatwoot", responses=_PROBLEMS, openapi_extra=_BODY, summary="Take an event of Chatwoot"
    )
    async def take(request: Request) -> WebhookReply:
        """Signed by Chatwoot; a contact's message is answered in its conversation, later."""
        if link is None or queue is None:
            raise Problem(NOT_SET_UP, "no agent bot: the operator sets CITEDESK_CHATWOOT_URL")
        body = await request.body()
        try:
            check_signature(request.headers, body, secret=link.secret, now=now())
        except SignatureError as error:
            raise Problem(INVALID_SIGNATURE, str(error), headers=CHALLENGE) from None
        require_json(request.headers.getlist("content-type"))
        return _take(queue, parse_json(body))

    return router


def _queue(link: ChatwootLink, *, desk: Desk, memory: TurnMemory | None) -> ChatwootQueue:
    bot = ChatwootBot(
        desk=desk,
        client=link.client,
        texts=read_texts(),
        memory=memory,
        locale=link.locale,
        on_event=link.on_event,
    )
    return ChatwootQueue(answer=bot.answer, clock=time.monotonic, on_event=link.on_event)


def _take(queue: ChatwootQueue, event: Json) -> WebhookReply:
    try:
        if EventBody.model_validate(event).event != EVENT:
            return WebhookReply(status="ignored")
        message = read_message(MessageBody.model_validate(event))
    except ValidationError as error:
        # As FastAPI says it of the bodies that it reads itself.
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None
    if message is None:
        return WebhookReply(status="ignored")
    try:
        return WebhookReply(status="taken" if queue.take(message) else "repeated")
    except QueueFull as error:
        raise Problem(TOO_MANY_REQUESTS, str(error), headers=RETRY_AFTER) from None
