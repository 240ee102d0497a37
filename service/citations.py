"""Citations: a drafted sentence's marks become verbatim spans of shown passages, or it is not said.

A mark is resolved only against the passages that the search returned. Numbers run 1..n in order
of appearance; a span that two sentences rest on is one citation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from indexer import Block, Drift, Hit, Index, Passage

WriterName = Literal["extractive"]


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
    """What a writer made, in reading order; `writer` is the writer's name on the wire."""

    sentences: tuple[DraftSentence, ...]
    writer: WriterName


@dataclass(frozen=True, slots=True)
class Citation:
    """A verified quote: `hit.passage.text[start:end] == quote`.

    `source_quote` is the English of the sentences that the quote touches, None where they have
    none. `context` is the column names of a quoted row or the lead-in of a quoted item, else "".
    `drift` is what a newer version of the article says of the quote, None where there is none.
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
class CitedText:
    """Sentences with their numbers, "One.[1] Two.[2]", and the citations; empty where none was left."""

    text: str
    citations: tuple[Citation, ...]


def resolve_citations(draft: Draft, hits: Sequence[Hit]) -> CitedText:
    """The sentences whose marks all point at text of the hits' passages, numbered.

    A sentence is dropped where it is blank, has no mark, or one of its marks names no passage of
    `hits`, lies outside of it, or holds white space only.
    """
    by_id = {hit.passage.id: hit for hit in hits}
    numbers: dict[Mark, int] = {}
    citations: list[Citation] = []
    said: list[str] = []
    for sentence in draft.sentences:
        if not sentence.text.strip() or not sentence.marks:
            continue
        if not all(_points_at_text(mark, by_id.get(mark.passage_id)) for mark in sentence.marks):
            continue
        for mark in sentence.marks:
            if mark not in numbers:
                numbers[mark] = len(numbers) + 1
                citations.append(_cite(numbers[mark], mark, by_id[mark.passage_id]))
        tags = "".join(f"[{number}]" for number in sorted({numbers[mark] for mark in sentence.marks}))
        said.append(sentence.text.strip() + tags)
    return CitedText(" ".join(said), tuple(citations))


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
