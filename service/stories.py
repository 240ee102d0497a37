"""Tells an answer to a client of OpenAI's API while it is worked out, or whole.

The pieces of an answer are those of `answer_steps`, and its body at the end. A story makes events
of them in its wire's form; this module asks for them in the right order, and ends a stream whose
work fails with the story's own way of saying so.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Protocol, TypeVar

from indexer import QuestionError
from service.admission import DeadlinePassed
from service.answering import Step
from service.citations import CitedSentence
from service.faults import describe_fault
from service.response_schemas import ResponseError
from service.schemas import AskReply

Piece = Step | AskReply
E = TypeVar("E")
T = TypeVar("T")
EventT = TypeVar("EventT", covariant=True)
FAULT = "the service failed: see its log"

_log = logging.getLogger("citedesk")


class Story(Protocol[EventT]):
    """The events of one answer."""

    def begin(self) -> Iterator[EventT]:
        """What comes before the first sentence."""
        ...

    def say(self, sentence: CitedSentence) -> Iterator[EventT]:
        """A verified sentence."""
        ...

    def complete(self, reply: AskReply) -> Iterator[EventT]:
        """The end of the answer."""
        ...

    def fail(self, error: ResponseError) -> Iterator[EventT]:
        """The end where there is no answer, or not all of it."""
        ...


def tell_whole(story: Story[E], pieces: Iterable[Piece]) -> list[E]:
    """All events of an answer that is there."""
    return [*story.begin(), *(event for piece in pieces for event in _events(story, piece))]


async def tell(
    story: Story[E], pieces: AsyncGenerator[Piece, None], write: Callable[[E], T]
) -> AsyncGenerator[T, None]:
    """The events as the pieces come, each as `write` makes it. Closing it stops the work."""
    async with aclosing(pieces):
        for event in story.begin():
            yield write(event)
        try:
            async for piece in pieces:
                for event in _events(story, piece):
                    yield write(event)
        except Exception as error:
            for event in story.fail(_explain(error)):
                yield write(event)


def _events(story: Story[E], piece: Piece) -> Iterator[E]:
    if isinstance(piece, CitedSentence):
        return story.say(piece)
    if isinstance(piece, AskReply):
        return story.complete(piece)
    return iter(())


def _explain(error: Exception) -> ResponseError:
    if isinstance(error, QuestionError):
        return ResponseError(code="invalid_prompt", message=str(error))
    if isinstance(error, DeadlinePassed):
        return ResponseError(code="server_error", message=str(error))
    _log.error("an answer broke off\n%s", describe_fault(error))
    return ResponseError(code="server_error", message=FAULT)
