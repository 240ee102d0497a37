"""What a passage takes from its section: sentences, blocks, context and English, with offsets of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from indexer.records import Article, Block, BlockKind, Passage, Section, Sentence

Fits = Callable[[str], bool]
# How far the cut of a sentence's English may move to reach a blank.
_BLANK_CHARS = 40

_Stretch = TypeVar("_Stretch", Block, Sentence)


def overlapping(stretches: Sequence[_Stretch], start: int, end: int) -> Sequence[_Stretch]:
    """Those that share a character with `[start, end)`; they are in order and don't overlap."""
    first = bisect_right(stretches, start, key=lambda stretch: stretch.end)
    return stretches[first : bisect_left(stretches, end, lo=first, key=lambda stretch: stretch.start)]


def make_passage(
    article: Article, section: Section, start: int, end: int, *, number: int, fits: Fits
) -> Passage:
    """The passage `section.text[start:end]`, the section's passage of this number."""
    edition = article.edition
    sentences = tuple(
        replace(sentence, start=max(sentence.start, start) - start, end=min(sentence.end, end) - start)
        for sentence in overlapping(section.sentences, start, end)
    )
    blocks = tuple(
        replace(block, start=max(block.start, start) - start, end=min(block.end, end) - start)
        for block in overlapping(section.blocks, start, end)
    )
    context, source_context = _context(section, start, end)
    return Passage(
        id=f"{edition.locale}/{edition.path}#{section.anchor}.{number}",
        edition=edition,
        anchor=section.anchor,
        url=f"{edition.url}#{section.url_anchor}" if section.url_anchor else edition.url,
        headings=section.headings,
        source_headings=section.source_headings,
        start=start,
        text=section.text[start:end],
        source_text=_source_text(
            sentences, english_parts(section, start, end, fits), section.text[start:end]
        ),
        context=context,
        source_context=source_context,
        blocks=blocks,
        sentences=sentences,
    )


def _context(section: Section, start: int, end: int) -> tuple[str, str]:
    """The lead-in of the list, or the columns of the table, in whose middle a passage begins."""
    for block in overlapping(section.blocks, start, end)[:1]:
        shown = block.context in section.text[start:end]
        if block.kind in (BlockKind.ITEM, BlockKind.ROW) and not shown:
            return block.context, block.source_context
    return "", ""


def _source_text(sentences: Sequence[Sentence], english: Sequence[str | None], text: str) -> str | None:
    parts: list[str] = []
    previous: Sentence | None = None
    for sentence, part in zip(sentences, english, strict=True):
        if part is None or (previous is not None and previous.source == sentence.source):
            continue
        if previous is not None:
            parts.append("\n" if "\n" in text[previous.end : sentence.start] else " ")
        parts.append(part)
        previous = sentence
    return "".join(parts) or None


def english_parts(section: Section, start: int, end: int, fits: Fits) -> list[str | None]:
    """The English of each sentence in `[start, end)`; of one too long for the model, that part's share."""
    parts = []
    for sentence in overlapping(section.sentences, start, end):
        whole = sentence.source is None or fits(sentence.source)
        parts.append(sentence.source if whole else _share(section, sentence, start, end))
    return parts


def _share(section: Section, sentence: Sentence, start: int, end: int) -> str:
    """The words of a sentence's English that stand where `[start, end)` does in it, by proportion.

    A word that the proportion cuts, and what a blank between two pieces stands for, are in both shares.
    """
    start, end = len(section.text[:start].rstrip()), end + _blanks(section.text[end:])
    source, length = sentence.source or "", sentence.end - sentence.start
    left = max(start - sentence.start, 0) * len(source) // length
    right = -(-min(end - sentence.start, length) * len(source) // length)
    before = source.rfind(" ", max(left - _BLANK_CHARS, 0), left + 1)
    behind = source.find(" ", max(right - 1, 0), right + _BLANK_CHARS)
    return source[left if before < 0 else before + 1 : right if behind < 0 else behind]


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip())
