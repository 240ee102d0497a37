"""The addresses that follow an answer: feedback on it, and handing over to a person.

Their work runs in threads of its own, so that a slow database never takes one from the questions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fastapi import APIRouter, FastAPI, Request

from service.admission import Admission, Checkpoint
from service.conversation_schemas import FeedbackBody, FeedbackReply, HandoverBody, HandoverReply
from service.conversations import Conversations, NotStored
from service.database import DatabaseDown, UnknownAnswer, Unstorable
from service.exchanges import Exchange, Feedback
from service.gate import key_id_of
from service.handover import Handover, HandoverFailed, Webhook
from service.openapi import problem_docs
from service.problems import (
    BODY_TOO_LARGE,
    DEADLINE,
    HANDOVER_FAILED,
    INVALID_REQUEST,
    MALFORMED_JSON,
    NOT_SET_UP,
    OVERLOADED,
    SLOW_REQUEST,
    STORAGE_DOWN,
    UNKNOWN_ANSWER,
    UNSUPPORTED_TYPE,
    Kind,
    Problem,
)
from service.routes import until_gone
from service.strict_json import JsonRoute

# What a route here raises, the problem that it becomes, and whether trying again soon may help.
FOLLOW_UP_ERRORS: tuple[tuple[type[Exception], Kind, bool], ...] = (
    (NotStored, NOT_SET_UP, False),
    (UnknownAnswer, UNKNOWN_ANSWER, False),
    (Unstorable, INVALID_REQUEST, False),
    (DatabaseDown, STORAGE_DOWN, True),
    (HandoverFailed, HANDOVER_FAILED, True),
)
THREADS = 2
QUEUE_MAX = 32

_ANY = (
    MALFORMED_JSON, NOT_SET_UP, UNKNOWN_ANSWER, SLOW_REQUEST, BODY_TOO_LARGE, UNSUPPORTED_TYPE,
    INVALID_REQUEST, OVERLOADED, STORAGE_DOWN, DEADLINE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FollowUps:
    """What the routes work with; `webhook` is None where nobody takes hand-overs."""

    conversations: Conversations
    webhook: Webhook | None
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    deadline_s: float


def build_follow_ups(follow_ups: FollowUps) -> APIRouter:
    """The routes, working with `follow_ups`."""
    admission = Admission(threads=THREADS, queue_max=QUEUE_MAX, deadline_s=follow_ups.deadline_s)

    @asynccontextmanager
    async def closing(app: FastAPI) -> AsyncIterator[None]:
        yield
        admission.close()

    router = APIRouter(route_class=JsonRoute, lifespan=closing)
    _add_feedback(router, follow_ups, admission)
    _add_handover(router, follow_ups, admission)
    return router


def _add_feedback(router: APIRouter, follow_ups: FollowUps, admission: Admission) -> None:
    @router.post("/v1/feedback", responses=problem_docs(*_ANY), summary="Say what an answer is worth")
    async def feedback(request: Request, body: FeedbackBody) -> FeedbackReply:
        """Stored in the place of earlier feedback on the same answer, which must be of the same key."""
        client_key = key_id_of(request)
        given = Feedback(
            answer_id=body.id,
            rated_at=follow_ups.now(),
            rating=body.rating,
            reasons=tuple(dict.fromkeys(body.reasons)),
            note=body.note,
        )

        def work(checkpoint: Checkpoint) -> FeedbackReply:
            kept = follow_ups.conversations.rate(given, client_key=client_key)
            return FeedbackReply(
                id=kept.answer_id,
                rating=kept.rating,
                reasons=list(kept.reasons),
                note_kept=kept.note is not None,
            )

        return await admission.run(work, gone=partial(until_gone, request))


def _add_handover(router: APIRouter, follow_ups: FollowUps, admission: Admission) -> None:
    @router.post(
        "/v1/handover", responses=problem_docs(*_ANY, HANDOVER_FAILED), summary="Hand over to a person"
    )
    async def handover(request: Request, body: HandoverBody) -> HandoverReply:
        """Calls the operator's webhook, with what is stored of the conversation."""
        if follow_ups.webhook is None:
            raise Problem(NOT_SET_UP, "nobody takes hand-overs: the operator sets CITEDESK_HANDOVER_URL")
        client_key = key_id_of(request)
        wish = Handover(
            id=follow_ups.new_id(),
            asked_at=follow_ups.now(),
            body=body,
            exchanges=await admission.run(
                lambda checkpoint: _find(follow_ups.conversations, body, client_key=client_key),
                gone=partial(until_gone, request),
            ),
        )
        await follow_ups.webhook.call(wish)
        return HandoverReply(id=wish.id)


def _find(
    conversations: Conversations, body: HandoverBody, *, client_key: str | None
) -> list[Exchange] | None:
    try:
        return conversations.find(
            answer_id=body.answer, conversation=body.conversation, client_key=client_key
        )
    except (NotStored, DatabaseDown):
        # Somebody waits for help: the receiver is told that nothing could be looked up.
        return None
