"""An answer as a response of OpenAI's form, told event by event.

The order is that of OpenAI's API: the response is created and in progress; its item and the item's
text begin with the first sentence; each sentence is one delta and the annotations of its citations;
then text, part and item are done and the response is completed. A response that fails says so in
its last event. A response that is not streamed is the one that its last event holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.annotated_text import AnnotatedText
from service.citations import CitedSentence
from service.openai_requests import MODEL
from service.response_schemas import (
    AnnotationEvent,
    DeltaEvent,
    Event,
    ItemEvent,
    OutputMessage,
    OutputText,
    PartEvent,
    ResponseError,
    ResponseEvent,
    ResponseReply,
    Status,
    TextDoneEvent,
)
from service.schemas import AskReply
from service.source_list import list_nearest


@dataclass(frozen=True, slots=True)
class ResponseFrame:
    """What is known of a response before its answer; `created_at` in seconds since 1970."""

    answer_id: str
    created_at: int
    metadata: dict[str, str]
    previous_response_id: str | None
    store: bool

    @property
    def response_id(self) -> str:
        """The id that a later request goes on from."""
        return f"resp_{self.answer_id}"

    @property
    def item_id(self) -> str:
        """The id of its message."""
        return f"msg_{self.answer_id}"


class ResponseStory:
    """The events of one response, in the order in which they must be asked for."""

    def __init__(self, frame: ResponseFrame, *, now: Callable[[], float]) -> None:
        """Nothing is told yet; `now` gives seconds since 1970."""
        self._frame = frame
        self._now = now
        self._told = 0
        self._said = AnnotatedText()

    def begin(self) -> Iterator[Event]:
        """The response is created and worked on."""
        yield self._response_event("response.created", "in_progress")
        yield self._response_event("response.in_progress", "in_progress")

    def say(self, sentence: CitedSentence) -> Iterator[Event]:
        """One more verified sentence, then where it comes from."""
        yield from self._open()
        delta, annotations = self._said.say(sentence)
        yield self._delta(delta)
        first = len(self._said.annotations) - len(annotations)
        for index, annotation in enumerate(annotations, start=first):
            yield AnnotationEvent(
                type="response.output_text.annotation.added",
                sequence_number=self._next(),
                item_id=self._frame.item_id,
                annotation_index=index,
                annotation=annotation,
            )

    def complete(self, reply: AskReply) -> Iterator[Event]:
        """The end of an answer, or a refusal with the articles that it points at."""
        if not self._said.text:
            yield from self._open()
            yield self._delta(self._said.append(reply.answer + list_nearest(reply)))
        item_id, text = self._frame.item_id, self._said.text
        yield TextDoneEvent(
            type="response.output_text.done", sequence_number=self._next(), item_id=item_id, text=text
        )
        yield PartEvent(
            type="response.content_part.done",
            sequence_number=self._next(),
            item_id=item_id,
            part=self._part(),
        )
        yield ItemEvent(
            type="response.output_item.done", sequence_number=self._next(), item=self._item("completed")
        )
        yield self._response_event("response.completed", "completed", reply=reply)

    def fail(self, error: ResponseError) -> Iterator[Event]:
        """The end where no answer came, or not all of it."""
        yield self._response_event("response.failed", "failed", error=error)

    def _open(self) -> Iterator[Event]:
        if not self._said.text:
            item_id = self._frame.item_id
            empty = OutputMessage(id=item_id, status="in_progress", content=[])
            yield ItemEvent(type="response.output_item.added", sequence_number=self._next(), item=empty)
            yield PartEvent(
                type="response.content_part.added",
                sequence_number=self._next(),
                item_id=item_id,
                part=self._part(),
            )

    def _delta(self, delta: str) -> Event:
        return DeltaEvent(
            type="response.output_text.delta",
            sequence_number=self._next(),
            item_id=self._frame.item_id,
            delta=delta,
        )

    def _next(self) -> int:
        self._told += 1
        return self._told - 1

    def _part(self) -> OutputText:
        return OutputText(text=self._said.text, annotations=list(self._said.annotations))

    def _item(self, status: Status) -> OutputMessage:
        return OutputMessage(
            id=self._frame.item_id,
            status="completed" if status == "completed" else "incomplete",
            content=[self._part()],
        )

    def _response_event(
        self, name: str, status: Status, *, reply: AskReply | None = None, error: ResponseError | None = None
    ) -> ResponseEvent:
        response = ResponseReply(
            id=self._frame.response_id,
            created_at=self._frame.created_at,
            completed_at=int(self._now()) if status == "completed" else None,
            status=status,
            error=error,
            metadata=self._frame.metadata,
            model=MODEL,
            output=[self._item(status)] if self._said.text else [],
            previous_response_id=self._frame.previous_response_id,
            store=self._frame.store,
            citedesk=reply,
        )
        return ResponseEvent(type=name, sequence_number=self._next(), response=response)
