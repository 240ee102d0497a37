"""Citations: a drafted sentence's marks become verbatim spans of shown passages, or it is not said.

A mark is resolved only against the passages that the search returned. Numbers run 1..n in order
of appearance.

A sentence alone is hard to judge ("This may take two days."), so a quote takes in the sentences
around it as far as `QUOTE_COLUMNS` allow; a table row stands alone. A mark inside a quote that is
there already is that citation's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from indexer import Block, BlockKind, Hit, Passage

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


# A Chinese, Japanese or Korean character takes two. Two or three sentences: what a reader takes in at
# a glance (docs/measurements.md).
QUOTE_COLUMNS = 300


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

    It holds all marks that rest on it. `source_quote` is the English of the sentences that the quote
    touches, None where they have none. `context` is the column names of a quoted row or the lead-in of
    a quoted item, else "".
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
        self._citations: list[Citation] = []

    def resolve(self, sentence: DraftSentence) -> CitedSentence | None:
        """The sentence with its numbers.

        None where it is blank, has no mark, or one of its marks names no passage of the hits, lies
        outside of it, or holds white space only.
        """
        if not sentence.text.strip() or not sentence.marks:
            return None
        if not all(_points_at_text(mark, self._by_id.get(mark.passage_id)) for mark in sentence.marks):
            return None
        known = len(self._citations)
        numbers = {_number_of(mark, self._citations, self._by_id[mark.passage_id]) for mark in sentence.marks}
        tags = "".join(f"[{number}]" for number in sorted(numbers))
        return CitedSentence(sentence.text.strip() + tags, tuple(self._citations[known:]))


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


def _number_of(mark: Mark, citations: list[Citation], hit: Hit) -> int:
    """The number of the citation that holds the mark, which is added where there is none yet."""
    for citation in citations:
        same = citation.hit.passage.id == mark.passage_id
        if same and citation.start <= mark.start and mark.end <= citation.end:
            return citation.number
    citations.append(_cite(len(citations) + 1, mark, hit))
    return len(citations)


def _cite(number: int, mark: Mark, hit: Hit) -> Citation:
    passage = hit.passage
    block = block_at(passage, mark.start)
    start, end = _widen(passage, mark)
    return Citation(
        number=number,
        hit=hit,
        start=start,
        end=end,
        quote=passage.text[start:end],
        source_quote=_source_of(passage, start, end),
        context="" if block is None else block.context,
    )


def block_at(passage: Passage, offset: int) -> Block | None:
    """The block of the passage that holds the character at `offset`, None between blocks."""
    return next((block for block in passage.blocks if block.start <= offset < block.end), None)


def _widen(passage: Passage, mark: Mark) -> tuple[int, int]:
    """The mark's span with the sentences around it, the next before the one before, as far as they fit."""
    open_ = [s for s in passage.sentences if _is_prose(passage, s.start)]
    touched = [at for at, s in enumerate(open_) if s.start < mark.end and mark.start < s.end]
    start, end = mark.start, mark.end
    if not touched or not _is_prose(passage, mark.start):
        return start, end
    first, last = touched[0], touched[-1]
    grown = True
    while grown:
        grown = False
        if last + 1 < len(open_) and _fits(passage, start, open_[last + 1].end):
            last, end, grown = last + 1, open_[last + 1].end, True
        if first > 0 and _fits(passage, open_[first - 1].start, end):
            first, start, grown = first - 1, open_[first - 1].start, True
    text = passage.text[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())


def _is_prose(passage: Passage, offset: int) -> bool:
    block = block_at(passage, offset)
    return block is None or block.kind in (BlockKind.PARAGRAPH, BlockKind.ITEM)


def _fits(passage: Passage, start: int, end: int) -> bool:
    """Whether the stretch is short enough, and runs over nothing but prose."""
    text = passage.text[start:end]
    if sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text) > QUOTE_COLUMNS:
        return False
    prose = (BlockKind.PARAGRAPH, BlockKind.ITEM)
    return all(block.kind in prose for block in passage.blocks if block.start < end and start < block.end)


def _source_of(passage: Passage, start: int, end: int) -> str | None:
    """The English of the sentences in `[start, end)`, once where neighbours share it."""
    touched = [s for s in passage.sentences if s.start < end and start < s.end]
    sources = [sentence.source for sentence in touched if sentence.source is not None]
    return " ".join(dict.fromkeys(sources)) or None
