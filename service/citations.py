"""Citations: a drafted sentence's marks become verbatim spans of shown passages, or it is not said.

A mark is resolved only against the passages that the search returned. Numbers run 1..n in order
of appearance.

A sentence alone is hard to judge ("This may take two days."), so a quote takes in the sentences
around it as far as `QUOTE_COLUMNS` allow: those of its paragraph and of the paragraphs beside it, or
of its list item or alert. Beyond their borders the article has more than words (a bullet, a picture, a
label, a bar), and the quote would not stand there as it is. A mark inside a quote that is there
already is that citation's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from indexer import Block, BlockKind, Drift, Hit, Index, Passage, Sentence

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
QUOTE_COLUMNS = 360
_RUNNING = frozenset({BlockKind.PARAGRAPH, BlockKind.ALERT, BlockKind.ITEM})


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
    a quoted item, else "". `drift` is what a newer version of the article says of the quote, None where
    there is none.
    """

    number: int
    hit: Hit
    start: int
    end: int
    quote: str
    source_quote: str | None
    context: str
    drift: Drift | None = None


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A verified sentence without its numbers, and the citations that it rests on, by number."""

    text: str
    citations: tuple[Citation, ...]

    @property
    def numbered(self) -> str:
        """The sentence as it is said: "Sentence.[1][2]"."""
        return self.text + "".join(f"[{citation.number}]" for citation in self.citations)


@dataclass(frozen=True, slots=True)
class CitedText:
    """Sentences with their numbers, "One.[1] Two.[2]", and the citations; empty where none was left."""

    text: str
    citations: tuple[Citation, ...]


class CitationResolver:
    """Numbers the citations of one answer, sentence by sentence, against the hits' passages."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        """Begin with no citation."""
        self._by_id = {hit.passage.id: hit for hit in hits}
        self._citations: list[Citation] = []

    def resolve(self, sentence: DraftSentence) -> CitedSentence | None:
        """The sentence with the citations that it rests on, those that are known already too.

        None where it is blank, has no mark, or one of its marks names no passage of the hits, lies
        outside of it, or holds white space only.
        """
        if not sentence.text.strip() or not sentence.marks:
            return None
        if not all(_points_at_text(mark, self._by_id.get(mark.passage_id)) for mark in sentence.marks):
            return None
        numbers = {_number_of(mark, self._citations, self._by_id[mark.passage_id]) for mark in sentence.marks}
        cited = tuple(self._citations[number - 1] for number in sorted(numbers))
        return CitedSentence(sentence.text.strip(), cited)


def resolve_citations(draft: Draft, hits: Sequence[Hit]) -> CitedText:
    """The sentences whose marks all point at text of the hits' passages, numbered."""
    resolver = CitationResolver(hits)
    return join_sentences(cited for sentence in draft.sentences if (cited := resolver.resolve(sentence)))


def join_sentences(sentences: Iterable[CitedSentence]) -> CitedText:
    """What the sentences say together, each citation once."""
    said = list(sentences)
    by_number = {citation.number: citation for sentence in said for citation in sentence.citations}
    text = " ".join(sentence.numbered for sentence in said)
    return CitedText(text, tuple(by_number[number] for number in sorted(by_number)))


def note_drift(cited: CitedText, index: Index) -> CitedText:
    """The same text; each citation says what a newer version of its article holds."""
    noted = (
        replace(c, drift=index.drift_of(c.hit.passage, start=c.start, end=c.end)) for c in cited.citations
    )
    return replace(cited, citations=tuple(noted))


def _points_at_text(mark: Mark, hit: Hit | None) -> bool:
    if hit is None or not 0 <= mark.start < mark.end <= len(hit.passage.text):
        return False
    return bool(hit.passage.text[mark.start : mark.end].strip())


def _number_of(mark: Mark, citations: list[Citation], hit: Hit) -> int:
    """The number of the citation that holds the mark, which is added where there is none yet."""
    mark = _without_margins(mark, hit.passage.text)
    for citation in citations:
        same = citation.hit.passage.id == mark.passage_id
        if same and citation.start <= mark.start and mark.end <= citation.end:
            return citation.number
    citations.append(_cite(len(citations) + 1, mark, hit))
    return len(citations)


def _without_margins(mark: Mark, text: str) -> Mark:
    """The mark without the white space at its ends, which no quote has."""
    marked = text[mark.start : mark.end]
    start = mark.start + len(marked) - len(marked.lstrip())
    return replace(mark, start=start, end=start + len(marked.strip()))


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
    start, end = mark.start, mark.end
    grown = True
    while grown:
        grown = False
        after = next((s for s in passage.sentences if s.start >= end), None)
        if after is not None and _may_join(passage, after, mark) and _fits(passage, start, after.end):
            end, grown = after.end, True
        before = next((s for s in reversed(passage.sentences) if s.end <= start), None)
        if before is not None and _may_join(passage, before, mark) and _fits(passage, before.start, end):
            start, grown = before.start, True
    text = passage.text[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())


def _may_join(passage: Passage, sentence: Sentence, mark: Mark) -> bool:
    """Whether nothing but words and white space lies between a sentence and the mark, on either side."""
    first, last = min(sentence.start, mark.start), max(sentence.end, mark.end)
    crossed = [block for block in passage.blocks if block.start < last and first < block.end]
    one_block = len(crossed) == 1 and crossed[0].kind in _RUNNING
    # An empty line stands for what has no text on this side: a picture, for one.
    neighbours = {block.kind for block in crossed} == {BlockKind.PARAGRAPH}
    if not (one_block or (neighbours and "\n\n" not in passage.text[first:last])):
        return False
    # What has no English beside sentences that have it ("2.") would be missing from the English quote.
    marked = [s.source for s in passage.sentences if s.start < mark.end and mark.start < s.end]
    return all((source is None) == (sentence.source is None) for source in marked)


def _fits(passage: Passage, start: int, end: int) -> bool:
    text = passage.text[start:end]
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text) <= QUOTE_COLUMNS


def _source_of(passage: Passage, start: int, end: int) -> str | None:
    """The English of the sentences in `[start, end)`, once where neighbours share it."""
    touched = [s for s in passage.sentences if s.start < end and start < s.end]
    sources = [sentence.source for sentence in touched if sentence.source is not None]
    return " ".join(dict.fromkeys(sources)) or None
