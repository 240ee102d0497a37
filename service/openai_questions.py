"""A conversation in OpenAI's form becomes a question as `/v1/ask` takes it.

1. Messages of the user and the assistant count; instructions, tools and other items are skipped.
2. The last of them must be the user's: it is the question. Those before it are the history, cut to
   what `/v1/ask` takes, without the lists of sources at their ends.
3. The locale is that of the extension, else of the metadata, else of the conversation gone on from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from service.answering import Question
from service.openai_requests import ExtensionBody, MessageBody, OpenAIBody
from service.problems import INVALID_REQUEST, UNSUPPORTED_PARAMETER, FieldError, Kind, Problem
from service.request_texts import TURN_MAX_CHARS
from service.schemas import TURNS_MAX, AskBody, TurnBody
from service.source_list import without_list
from service.turn_memory import Conversation

TEXT_PARTS = frozenset({"input_text", "output_text", "text"})


@dataclass(frozen=True, slots=True)
class Asked:
    """The question of a conversation, and what was said before it, oldest first."""

    text: str
    history: tuple[TurnBody, ...] = ()


def split_conversation(said: str | Sequence[MessageBody], *, parameter: str) -> Asked:
    """The question and its history; `parameter` names where they stand, for errors.

    Raises:
        Problem: invalid-request where no question ends the conversation, unsupported-parameter
            where the question is more than text.
    """
    if isinstance(said, str):
        return Asked(said)
    messages = [m for m in said if m.type in (None, "message") and m.role in ("user", "assistant")]
    if not messages or messages[-1].role != "user":
        raise _fault(INVALID_REQUEST, parameter, "the last message that is no instruction must be the user's")
    *earlier, last = messages
    if not isinstance(last.content, str) and any(p.type not in TEXT_PARTS for p in last.content or ()):
        raise _fault(UNSUPPORTED_PARAMETER, parameter, "a question is text: no images, files or sounds")
    turns = [_turn(message) for message in earlier]
    return Asked(_text(last), tuple(turn for turn in turns if turn.content)[-TURNS_MAX:])


def to_ask_body(body: OpenAIBody, asked: Asked, *, parameter: str) -> AskBody:
    """The body that would ask the same of `/v1/ask`.

    Raises:
        RequestValidationError: naming the field that the client sent.
    """
    extension = body.citedesk or ExtensionBody()
    try:
        return AskBody(
            question=asked.text,
            locale=extension.locale or (body.metadata or {}).get("locale"),
            history=list(asked.history),
            filters=extension.filters,
            top_k=extension.top_k,
        )
    except ValidationError as error:
        places = {"question": parameter, "locale": "metadata.locale"}
        raise RequestValidationError(
            [{**fault, "loc": ("body", places[str(fault["loc"][0])])} for fault in error.errors()]
        ) from None


def go_on(question: Question, earlier: Conversation) -> Question:
    """The question as the next one of an earlier conversation."""
    history = (*earlier.turns, *question.history)[-TURNS_MAX:]
    return replace(question, history=history, locale=question.locale or earlier.locale)


def _turn(message: MessageBody) -> TurnBody:
    text = _text(message)
    if message.role == "user":
        return TurnBody(role="user", content=text[:TURN_MAX_CHARS])
    return TurnBody(role="assistant", content=without_list(text)[:TURN_MAX_CHARS])


def _text(message: MessageBody) -> str:
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content or () if part.type in TEXT_PARTS and part.text)


def _fault(kind: Kind, parameter: str, why: str) -> Problem:
    return Problem(kind, f"{parameter}: {why}", errors=[FieldError(field=parameter, message=why)])
