"""An answer as a chat completion of OpenAI's form, whole or chunk by chunk.

The text is that of `/v1/responses`; its sources follow as lines, because most clients of this form
show nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.annotated_text import AnnotatedText
from service.chat_schemas import (
    AnnotationsDelta,
    ChatAnnotation,
    ChatChoice,
    ChatChunk,
    ChatMessage,
    ChatReply,
    ChatUrl,
    ChunkChoice,
    ContentDelta,
    EmptyDelta,
    ErrorChunk,
    LastChatChunk,
    RoleDelta,
    UsageChunk,
)
from service.citations import CitedSentence
from service.openai_requests import MODEL
from service.page_texts import PageLanguages
from service.problems import OpenAIError
from service.response_schemas import ResponseError, UrlCitation
from service.schemas import AskReply
from service.source_list import list_nearest, list_sources


@dataclass(frozen=True, slots=True)
class ChatFrame:
    """What is known of a completion before its answer; `created` in seconds since 1970."""

    answer_id: str
    created: int
    languages: PageLanguages
    with_usage: bool = False

    @property
    def id(self) -> str:
        """The id that all chunks share."""
        return f"chatcmpl-{self.answer_id}"


class ChatStory:
    """The chunks of one completion, in the order in which they must be asked for."""

    def __init__(self, frame: ChatFrame) -> None:
        """Nothing is told yet."""
        self._frame = frame
        self._said = AnnotatedText()

    def begin(self) -> Iterator[ChatChunk | ErrorChunk]:
        """Who speaks."""
        yield self._chunk(RoleDelta())

    def say(self, sentence: CitedSentence) -> Iterator[ChatChunk | ErrorChunk]:
        """One more verified sentence, then where it comes from."""
        delta, annotations = self._said.say(sentence)
        yield self._chunk(ContentDelta(content=delta))
        first = len(self._said.annotations) - len(annotations)
        yield self._chunk(AnnotationsDelta(annotations=_chat_annotations(annotations, first=first)))

    def complete(self, reply: AskReply) -> Iterator[ChatChunk | ErrorChunk]:
        """The sources or the refusal, and the end."""
        if rest := _append_rest(self._said, reply, self._frame.languages):
            yield self._chunk(ContentDelta(content=rest))
        frame = self._frame
        yield LastChatChunk(
            id=frame.id,
            created=frame.created,
            model=MODEL,
            choices=[ChunkChoice(delta=EmptyDelta(), finish_reason="stop")],
            citedesk=reply,
        )
        if frame.with_usage:
            yield UsageChunk(id=frame.id, created=frame.created, model=MODEL, choices=[])

    def fail(self, error: ResponseError) -> Iterator[ChatChunk | ErrorChunk]:
        """The end where no answer came, or not all of it."""
        kind = "server_error" if error.code == "server_error" else "invalid_request_error"
        yield ErrorChunk(error=OpenAIError(message=error.message, type=kind, param=None, code=error.code))

    def _chunk(self, delta: RoleDelta | ContentDelta | AnnotationsDelta) -> ChatChunk:
        choice = ChunkChoice(delta=delta)
        return ChatChunk(id=self._frame.id, created=self._frame.created, model=MODEL, choices=[choice])


def complete_chat(frame: ChatFrame, sentences: Iterable[CitedSentence], reply: AskReply) -> ChatReply:
    """The whole completion at once."""
    said = AnnotatedText()
    for sentence in sentences:
        said.say(sentence)
    _append_rest(said, reply, frame.languages)
    message = ChatMessage(content=said.text, annotations=_chat_annotations(said.annotations, first=0))
    return ChatReply(
        id=frame.id,
        created=frame.created,
        model=MODEL,
        choices=[ChatChoice(message=message)],
        citedesk=reply,
    )


def _append_rest(said: AnnotatedText, reply: AskReply, languages: PageLanguages) -> str:
    if said.text:
        texts = languages.choose(reply.locale.requested or reply.locale.answered, None)
        return said.append(list_sources(reply, texts))
    return said.append(reply.answer + list_nearest(reply))


def _chat_annotations(citations: list[UrlCitation], *, first: int) -> list[ChatAnnotation]:
    return [
        ChatAnnotation(
            index=index,
            url_citation=ChatUrl(
                start_index=citation.start_index,
                end_index=citation.end_index,
                url=citation.url,
                title=citation.title,
            ),
        )
        for index, citation in enumerate(citations, start=first)
    ]
