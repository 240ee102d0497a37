"""The routes of OpenAI's form: `/v1/responses`, `/v1/chat/completions` and `/v1/models`.

What is wrong before the work begins has an HTTP status; what goes wrong later in a stream is its
last event.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from indexer import Index
from service.admission import Checkpoint
from service.answering import Question, answer_steps
from service.chat_completions import ChatFrame, ChatStory, complete_chat
from service.chat_schemas import ChatReply, ModelReply, ModelsReply
from service.citations import CitedSentence
from service.gate import key_id_of
from service.openai_errors import INVALID_HERE
from service.openai_questions import go_on, split_conversation, to_ask_body
from service.openai_requests import (
    MODEL,
    ChatBody,
    MessageBody,
    ResponsesBody,
    StreamOptionsBody,
    refuse_unsupported,
)
from service.openapi import problem_docs
from service.page_texts import PageLanguages
from service.problems import (
    BODY_TOO_LARGE,
    DEADLINE,
    MALFORMED_JSON,
    MODEL_NOT_FOUND,
    NOT_READY,
    OVERLOADED,
    PREVIOUS_RESPONSE_NOT_FOUND,
    SLOW_REQUEST,
    UNKNOWN_LOCALE,
    UNSUPPORTED_PARAMETER,
    UNSUPPORTED_TYPE,
    FieldError,
    Kind,
    Problem,
)
from service.replies import ask_reply
from service.response_schemas import ResponseEvent, ResponseReply
from service.responses import ResponseFrame, ResponseStory
from service.routes import AcceptLanguage, Desk, read_question, until_gone
from service.schemas import AskReply
from service.stories import Piece, tell, tell_whole
from service.streaming import end_with, event_response, json_event, stream_work
from service.strict_json import JsonRoute
from service.turn_memory import Conversation, TurnMemory, conversation_after

Work = Callable[[Checkpoint], Generator[Piece, None, None]]
# What the last line of a stream of chunks holds.
DONE = "[DONE]"
_KINDS = (
    MALFORMED_JSON, UNSUPPORTED_PARAMETER, INVALID_HERE, UNKNOWN_LOCALE, MODEL_NOT_FOUND, SLOW_REQUEST,
    BODY_TOO_LARGE, UNSUPPORTED_TYPE, NOT_READY, OVERLOADED, DEADLINE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenAIDesk:
    """What these routes work with besides the desk; `now` gives seconds since 1970.

    `memory` is None where the operator keeps no conversation.
    """

    desk: Desk
    memory: TurnMemory | None
    languages: PageLanguages
    heartbeat_s: float
    now: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Task:
    """One question to answer on this index, asked under the key of this id (None without one).

    `conversation` is the id of the one that it belongs to, None for a new one.
    """

    index: Index
    question: Question
    answer_id: str
    client_key: str | None
    conversation: str | None


def build_openai_routes(wire: OpenAIDesk) -> APIRouter:
    """The routes, working with `wire`."""
    router = APIRouter(route_class=JsonRoute)
    _add_responses(router, wire)
    _add_chat(router, wire)
    _add_models(router, wire.desk)
    return router


def _add_responses(router: APIRouter, wire: OpenAIDesk) -> None:
    @router.post(
        "/v1/responses",
        response_model=ResponseReply,
        responses=_docs(*_KINDS, PREVIOUS_RESPONSE_NOT_FOUND),
        summary="Answer in the form of OpenAI's Responses API",
    )
    async def create_response(
        request: Request, body: ResponsesBody, accept_language: AcceptLanguage = None
    ) -> ResponseReply | Response:
        """As `/v1/ask`; with `stream` as events, each sentence as soon as it is verified."""
        index = wire.desk.indexes.current()
        question = _read(wire.desk, body, said=body.input, accept_language=accept_language)
        frame = ResponseFrame(
            answer_id=wire.desk.new_id(),
            created_at=int(wire.now()),
            metadata=dict(body.metadata or {}),
            previous_response_id=body.previous_response_id,
            store=body.store is not False and wire.memory is not None,
        )
        task = _Task(index, question, frame.answer_id, key_id_of(request), _conversation_of(body))
        work = partial(_answer_and_keep, wire, task, frame)
        story = ResponseStory(frame, now=wire.now)
        if body.stream:
            events = tell(story, await _begin(wire, work), lambda event: json_event(event, name=event.type))
            return event_response(events, heartbeat_s=wire.heartbeat_s)
        last = tell_whole(story, await _work_whole(wire, work, request))[-1]
        assert isinstance(last, ResponseEvent)
        return last.response


def _add_chat(router: APIRouter, wire: OpenAIDesk) -> None:
    @router.post(
        "/v1/chat/completions",
        response_model=ChatReply,
        responses=_docs(*_KINDS),
        summary="Answer in the form of OpenAI's Chat Completions API",
    )
    async def create_completion(
        request: Request, body: ChatBody, accept_language: AcceptLanguage = None
    ) -> ChatReply | Response:
        """As `/v1/responses`, for clients that know only this form; the sources end the text."""
        index = wire.desk.indexes.current()
        question = _read(wire.desk, body, said=body.messages, accept_language=accept_language)
        options = body.stream_options or StreamOptionsBody()
        frame = ChatFrame(
            wire.desk.new_id(), int(wire.now()), wire.languages, with_usage=options.include_usage is True
        )
        task = _Task(index, question, frame.answer_id, key_id_of(request), _conversation_of(body))
        work = partial(_answer, wire.desk, task)
        if body.stream:
            chunks = tell(ChatStory(frame), await _begin(wire, work), json_event)
            return event_response(end_with(chunks, DONE), heartbeat_s=wire.heartbeat_s)
        *steps, reply = await _work_whole(wire, work, request)
        assert isinstance(reply, AskReply)
        return complete_chat(frame, [step for step in steps if isinstance(step, CitedSentence)], reply)


def _add_models(router: APIRouter, desk: Desk) -> None:
    @router.get("/v1/models", responses=problem_docs(NOT_READY), summary="List the models of OpenAI's form")
    async def models() -> ModelsReply:
        """The one model."""
        return ModelsReply(data=[_model(desk)])

    @router.get("/v1/models/{model}", responses=_docs(MODEL_NOT_FOUND, NOT_READY), summary="Look up a model")
    async def model(model: str) -> ModelReply:
        """The one model, by its name."""
        if model != MODEL:
            raise Problem(MODEL_NOT_FOUND, f"there is one model here: {MODEL}")
        return _model(desk)


def _docs(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    # With a default FastAPI doesn't add a 422 of its own, which is never sent here.
    return {**problem_docs(*kinds), "default": {"description": "Another problem"}}


def _read(
    desk: Desk,
    body: ResponsesBody | ChatBody,
    *,
    said: str | Sequence[MessageBody],
    accept_language: str | None,
) -> Question:
    refuse_unsupported(body)
    parameter = "input" if isinstance(body, ResponsesBody) else "messages"
    ask = to_ask_body(body, split_conversation(said, parameter=parameter), parameter=parameter)
    return read_question(desk, ask, text=ask.question, accept_language=accept_language)


def _conversation_of(body: ResponsesBody | ChatBody) -> str | None:
    return None if body.citedesk is None else body.citedesk.conversation


def _steps(desk: Desk, task: _Task, checkpoint: Checkpoint) -> Generator[Piece, None, AskReply]:
    question = task.question
    answer = yield from answer_steps(
        task.index, question, rules=desk.rules, checkpoint=checkpoint, left_s=checkpoint.left_s
    )
    reply = ask_reply(answer, answer_id=task.answer_id, conversation=task.conversation or desk.new_id())
    desk.conversations.remember(reply, question=question.text, client_key=task.client_key)
    return reply


def _answer(desk: Desk, task: _Task, checkpoint: Checkpoint) -> Generator[Piece, None, None]:
    yield (yield from _steps(desk, task, checkpoint))


def _answer_and_keep(
    wire: OpenAIDesk, task: _Task, frame: ResponseFrame, checkpoint: Checkpoint
) -> Generator[Piece, None, None]:
    earlier = None
    if frame.previous_response_id is not None:
        earlier = _find(wire.memory, frame.previous_response_id, client_key=task.client_key)
        task = replace(task, question=go_on(task.question, earlier), conversation=earlier.id)
    reply = yield from _steps(wire.desk, task, checkpoint)
    if frame.store and wire.memory is not None:  # before the client knows the id
        after = conversation_after(
            task.question, reply, earlier=earlier, client_key=task.client_key, words=wire.memory.words
        )
        wire.memory.keep(frame.response_id, after)
    yield reply


def _find(memory: TurnMemory | None, response_id: str, *, client_key: str | None) -> Conversation:
    if memory is None:
        raise _not_kept("this service keeps no conversations (their `store` is false)")
    earlier = memory.find(response_id, client_key=client_key)
    if earlier is None:
        raise _not_kept("no response of this id is kept (any more)")
    return earlier


def _not_kept(why: str) -> Problem:
    fault = FieldError(field="previous_response_id", message=f"{why}: send the conversation in input")
    return Problem(PREVIOUS_RESPONSE_NOT_FOUND, f"{fault.field}: {fault.message}", errors=[fault])


async def _work_whole(wire: OpenAIDesk, work: Work, request: Request) -> list[Piece]:
    return await wire.desk.admission.run(
        lambda checkpoint: list(work(checkpoint)), gone=partial(until_gone, request)
    )


async def _begin(wire: OpenAIDesk, work: Work) -> AsyncGenerator[Piece, None]:
    """The pieces, once the first one is there: errors up to it still have a status of their own."""
    pieces = stream_work(wire.desk.admission, work)
    await anext(pieces)
    return pieces


def _model(desk: Desk) -> ModelReply:
    created = int(desk.indexes.current().created.timestamp())
    return ModelReply(id=MODEL, created=created, owned_by=MODEL)
