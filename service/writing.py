"""A writer's sentences become cited text while they come: each is given on once its quotes are verified."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from service.assignment import Assignment
from service.citations import (
    CitationResolver,
    CitedSentence,
    CitedText,
    WriterFault,
    WriterName,
    join_cited,
)
from service.writers import AnswerWriter


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by whom, and what went wrong with the chat writer."""

    cited: CitedText
    writer: WriterName
    fault: WriterFault | None = None


def write_cited(
    writer: AnswerWriter, assignment: Assignment, *, on_sentence: Callable[[CitedSentence], None]
) -> Written:
    """The cited text; `on_sentence` is called with each sentence as soon as it stands.

    What has been given on is never taken back. Raises what the assignment's checkpoint and
    `on_sentence` raise; the writer is stopped then.
    """
    resolver = CitationResolver(assignment.ranking.hits)
    said: list[CitedSentence] = []
    with closing(writer.draft_stream(assignment)) as sentences:
        while True:
            try:
                drafted = next(sentences)
            except StopIteration as end:
                draft = end.value
                return Written(join_cited(said), draft.writer, draft.fault)
            cited = resolver.resolve(drafted)
            if cited is not None:
                said.append(cited)
                on_sentence(cited)
