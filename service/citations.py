"""Citations: a drafted sentence's marks become verbatim spans of shown passages, or it is not said.

A mark is resolved only against the passages that the search returned. Numbers run 1..n in order
of appearance; a span that two sentences rest on is one citation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer import Block, Hit, Passage

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
    """

    number: int
    hit: Hit
    start: int
    end: int
    quote: str
    source_quote: str | None
    context: str


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


def resolve_citations(draft: Draft, hits: Sequence[Hit]) -> CitedText:
    """The sentences whose marks all point at text of the hits' passages, numbered."""
    return join_sentences(cite_sentences(draft.sentences, hits))


def join_sentences(sentences: Iterable[CitedSentence]) -> CitedText:
    """What the sentences say together, each citation once."""
    said = list(sentences)
    by_number = {citation.number: citation for sentence in said for citation in sentence.citations}
    text = " ".join(sentence.numbered for sentence in said)
    return CitedText(text, tuple(by_number[number] for number in sorted(by_number)))


def cite_sentences(sentences: Iterable[DraftSentence], hits: Sequence[Hit]) -> Iterator[CitedSentence]:
    """Each sentence that holds, numbered, as soon as it is drafted.

    A sentence is dropped where it is blank, has no mark, or one of its marks names no passage of
    `hits`, lies outside of it, or holds white space only.
    """
    by_id = {hit.passage.id: hit for hit in hits}
    known: dict[Mark, Citation] = {}
    for sentence in sentences:
        if not sentence.text.strip() or not sentence.marks:
            continue
        if not all(_points_at_text(mark, by_id.get(mark.passage_id)) for mark in sentence.marks):
            continue
        for mark in sentence.marks:
            if mark not in known:
                known[mark] = _cite(len(known) + 1, mark, by_id[mark.passage_id])
        cited = {known[mark].number: known[mark] for mark in sentence.marks}
        yield CitedSentence(sentence.text.strip(), tuple(cited[number] for number in sorted(cited)))


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
