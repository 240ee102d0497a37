"""Citations: a drafted sentence's marks become verbatim spans of shown passages, or it is not said.

A mark is resolved only against the passages that the search returned. Numbers run 1..n in order
of appearance; a span that two sentences rest on is one citation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from indexer import Block, Hit, Passage

WriterName = Literal["extractive", "chat"]


class WriterFault(StrEnum):
    """Why the chat writer did not write an answer, or not to its end."""

    SLOW = "slow"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    MALFORMED = "malformed"  # no stream of chat completions
    CUT_SHORT = "cut_short"  # the text breaks off
    UNSUPPORTED = "unsupported"  # nothing that it wrote is borne out by the passages
    RESTING = "resting"  # after failures; it is tried again by itself


@dataclass(frozen=True, slots=True)
class Mark:
    """What a drafted sentence rests on: `text[start:end]` of the passage of this id."""

    passage_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence that a writer wants to say, with its marks in the order of their numbers."""

    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a writer made, in reading order; `writer` is the writer's name on the wire.

    `fault` with the extractive writer says why it writes in the chat writer's place, with the chat
    writer that its text was not written to the end.
    """

    sentences: tuple[DraftSentence, ...]
    writer: WriterName
    fault: WriterFault | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A verified quote: `hit.passage.text[start:end] == quote`.

    `source_quote` is the English of the sentences that the quote touches, None where they have
    none. `context` is the column names of a quoted row or the lead-in of a quoted item, else "".
    """

    number: int
    hit: Hit
    start: int
    end: int
    quote: str
    source_quote: str | None
    context: str


@dataclass(frozen=True, slots=True)
class CitedText:
    """Sentences with their numbers, "One.[1] Two.[2]", and the citations; empty where none was left."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence with its numbers, "One.[1]", and the citations that it is the first to rest on."""

    text: str
    citations: tuple[Citation, ...]


class CitationResolver:
    """Numbers the citations of one answer, sentence by sentence, against the hits' passages."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        """Begin with no citation."""
        self._by_id = {hit.passage.id: hit for hit in hits}
        self._numbers: dict[Mark, int] = {}

    def resolve(self, sentence: DraftSentence) -> CitedSentence | None:
        """The sentence with its numbers.

        None where it is blank, has no mark, or one of its marks names no passage of the hits, lies
        outside of it, or holds white space only.
        """
        if not sentence.text.strip() or not sentence.marks:
            return None
        if not all(_points_at_text(mark, self._by_id.get(mark.passage_id)) for mark in sentence.marks):
            return None
        citations = []
        for mark in sentence.marks:
            if mark not in self._numbers:
                self._numbers[mark] = len(self._numbers) + 1
                citations.append(_cite(self._numbers[mark], mark, self._by_id[mark.passage_id]))
        tags = "".join(f"[{number}]" for number in sorted({self._numbers[mark] for mark in sentence.marks}))
        return CitedSentence(sentence.text.strip() + tags, tuple(citations))


def resolve_citations(draft: Draft, hits: Sequence[Hit]) -> CitedText:
    """The sentences whose marks all point at text of the hits' passages, numbered."""
    resolver = CitationResolver(hits)
    return join_cited([cited for sentence in draft.sentences if (cited := resolver.resolve(sentence))])


def join_cited(sentences: Sequence[CitedSentence]) -> CitedText:
    """The sentences of one resolver as one text."""
    return CitedText(
        " ".join(sentence.text for sentence in sentences),
        tuple(citation for sentence in sentences for citation in sentence.citations),
    )


def _points_at_text(mark: Mark, hit: Hit | None) -> bool:
    if hit is None or not 0 <= mark.start < mark.end <= len(hit.passage.text):
        return False
    return bool(hit.passage.text[mark.start : mark.end].strip())


def _cite(number: int, mark: Mark, hit: Hit) -> Citation:
    passage = hit.passage
    block = block_at(passage, mark.start)
    return Citation(
        number=number,
        hit=hit,
        start=mark.start,
        end=mark.end,
        quote=passage.text[mark.start : mark.end],
        source_quote=_source_of(passage, mark),
        context="" if block is None else block.context,
    )


def block_at(passage: Passage, offset: int) -> Block | None:
    """The block of the passage that holds the character at `offset`, None between blocks."""
    return next((block for block in passage.blocks if block.start <= offset < block.end), None)


def _source_of(passage: Passage, mark: Mark) -> str | None:
    touched = [s for s in passage.sentences if s.start < mark.end and mark.start < s.end]
    sources = [sentence.source for sentence in touched if sentence.source is not None]
    return " ".join(sources) or None
