"""A writer's sentences become cited text while they come: each is given on once its quotes are verified."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from service.assignment import Assignment
from service.citations import (
    CitationResolver,
    CitedSentence,
    CitedText,
    Draft,
    WriterFault,
    WriterName,
    join_sentences,
)
from service.writers import AnswerWriter


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by whom, and what went wrong with the chat writer."""

    cited: CitedText
    writer: WriterName
    fault: WriterFault | None = None


def write_cited(writer: AnswerWriter, assignment: Assignment) -> Generator[CitedSentence, None, Written]:
    """Each cited sentence as soon as it stands, and at the end the whole of them.

    What has been given on is never taken back. Raises what the assignment's checkpoint raises; closing
    it early stops the writer.
    """
    resolver = CitationResolver(assignment.ranking.hits)
    said: list[CitedSentence] = []
    with closing(writer.draft_stream(assignment)) as sentences:
        while True:
            try:
                drafted = next(sentences)
            except StopIteration as end:
                draft: Draft = end.value
                return Written(join_sentences(said), draft.writer, draft.fault)
            cited = resolver.resolve(drafted)
            if cited is not None:
                said.append(cited)
                yield cited
