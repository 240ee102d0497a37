"""Sections to passages: cut inside a section only, at sentence ends, by the model's own tokens.

1. A section is laid out as units: a sentence, a table row, a line of code, with the gap behind it.
2. Units are measured on the English side where there is one, so that every locale of an article is
   cut at the same places and equal English text is embedded once.
3. langchain-text-splitters merges units up to the limit; a unit beyond it is cut by its separators.
4. A passage that is still too long for the model on the target's side is cut again by that side.
`passage.text` is always `section.text[start:end]`; what is added for the model is `context`.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from langchain_text_splitters import RecursiveCharacterTextSplitter, TextSplitter

from indexer.records import Article, Block, BlockKind, Passage, Section, Sentence

CountTokens = Callable[[Sequence[str]], list[int]]
# Separators of last resort, best first: lines, ends of sentences in every script, clauses, words.
_SEPARATORS = [r"\n", r"(?<=[。！？!?؟])|(?<=\.)\s+", r"(?<=[、，,;；:：])", r"\s+", ""]


@dataclass(frozen=True, slots=True)
class PassageOptions:
    """`limit_tokens` is the size to cut at, `window_tokens` what must never be exceeded.

    Both count the passage's own text; the window leaves room for title, headings and context.
    """

    limit_tokens: int = 220
    window_tokens: int = 400


class _UnitSplitter(TextSplitter):
    """Merges units that are given, in place of separators looked for."""

    def __init__(self, units: Sequence[str], sizes: Sequence[int], limit: int) -> None:
        # langchain warns of a unit beyond the limit, though it can only stand alone, and repeats a
        # unit without tokens (a blank line of code) in the next piece.
        lengths = {unit: min(max(size, 1), limit) for unit, size in zip(units, sizes, strict=True)}
        super().__init__(
            chunk_size=limit,
            chunk_overlap=0,
            length_function=lambda text: lengths.get(text, 0),
            strip_whitespace=False,
        )
        self._units = list(units)

    def split_text(self, text: str) -> list[str]:
        return self._merge_splits(self._units, "")


def split_article(article: Article, count_tokens: CountTokens, options: PassageOptions) -> list[Passage]:
    """The passages of an article in reading order; a section without text gives none."""
    return [
        passage
        for section in article.sections
        if section.text
        for passage in _split_section(article, section, count_tokens, options)
    ]


def _split_section(
    article: Article, section: Section, count_tokens: CountTokens, options: PassageOptions
) -> list[Passage]:
    bounds = _cut(section, 0, len(section.text), count_tokens, options.limit_tokens, by_source=True)
    bounds = [
        inner
        for start, end in bounds
        for inner in (
            [(start, end)]
            if _fits(section.text[start:end], count_tokens, options.window_tokens)
            else _cut(section, start, end, count_tokens, options.window_tokens, by_source=False)
        )
    ]
    passages: list[Passage] = []
    for start, end in bounds:
        text = section.text[start:end].lstrip()
        start, end = end - len(text), end - len(text) + len(text.rstrip())
        if start < end:
            passages.append(_passage(article, section, start, end, len(passages)))
    return passages


def _fits(text: str, count_tokens: CountTokens, limit: int) -> bool:
    # No token is shorter than a byte of the normalised text, but for the one that opens it.
    # (A character may be several tokens: "㍿" is normalised to 株式会社.)
    return len(unicodedata.normalize("NFKC", text).encode()) < limit or count_tokens([text])[0] <= limit


def _cut(
    section: Section, start: int, end: int, count_tokens: CountTokens, limit: int, *, by_source: bool
) -> list[tuple[int, int]]:
    """Offsets of consecutive pieces of `section.text[start:end]` within the limit."""
    units, measured = _units(section, start, end, by_source=by_source)
    if by_source and sum(map(len, measured)) < limit:
        return [(start, end)]
    pieces: list[str] = []
    for piece in _merge(units, count_tokens(measured), limit):
        whole = by_source or _fits(piece, count_tokens, limit)
        pieces += [piece] if whole else _force(piece, count_tokens, limit)
    bounds = []
    for piece in pieces:
        bounds.append((start, start + len(piece)))
        start += len(piece)
    return bounds


def _merge(units: Sequence[str], sizes: Sequence[int], limit: int) -> list[str]:
    total = sum(sizes)
    count = -(-total // limit)
    if count <= 1:
        return ["".join(units)]
    # Even pieces: the last one of a section should not be a stub.
    even = min(limit, max(round(total / count * 1.15), *sizes))
    return _UnitSplitter(units, sizes, even).split_text("")


def _force(text: str, count_tokens: CountTokens, limit: int) -> list[str]:
    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator="end",
        chunk_size=limit,
        chunk_overlap=0,
        length_function=lambda part: count_tokens([part])[0],
        strip_whitespace=False,
    )
    pieces = splitter.split_text(text)
    if "".join(pieces) != text:  # a lost character would shift every offset behind it
        pieces = [text]
    return [part for piece in pieces for part in _halves(piece, count_tokens, limit)]


def _halves(text: str, count_tokens: CountTokens, limit: int) -> list[str]:
    if len(text) < 2 or _fits(text, count_tokens, limit):
        return [text]
    middle = len(text) // 2
    return [*_halves(text[:middle], count_tokens, limit), *_halves(text[middle:], count_tokens, limit)]


def _units(section: Section, start: int, end: int, *, by_source: bool) -> tuple[list[str], list[str]]:
    """Stretches of the text that belong together, and the text that each is measured by."""
    sentences = _overlapping(section.sentences, start, end)
    blocks = _overlapping(section.blocks, start, end)
    cuts = {start, end, *(sentence.start for sentence in sentences), *(block.start for block in blocks)}
    if not by_source:  # what stands behind a sentence must not push it over the limit
        cuts.update(sentence.end for sentence in sentences)
    for block in blocks:
        if block.kind is BlockKind.CODE:
            breaks = re.finditer(r"\n", section.text[block.start : block.end])
            cuts.update(block.start + match.end() for match in breaks)
    order = sorted(cut for cut in cuts if start <= cut <= end)
    sources = {sentence.start: sentence.source for sentence in sentences}
    units, measured = [], []
    for left, right in pairwise(order):
        unit = section.text[left:right]
        units.append(unit)
        measured.append((sources.get(left) or unit) if by_source else unit)
    return units, measured


_Stretch = TypeVar("_Stretch", Block, Sentence)


def _overlapping(stretches: Sequence[_Stretch], start: int, end: int) -> Sequence[_Stretch]:
    """Those that share a character with `[start, end)`; they are in order and don't overlap."""
    first = bisect_right(stretches, start, key=lambda stretch: stretch.end)
    return stretches[first : bisect_left(stretches, end, lo=first, key=lambda stretch: stretch.start)]


def _passage(article: Article, section: Section, start: int, end: int, number: int) -> Passage:
    edition = article.edition
    sentences = tuple(
        replace(sentence, start=max(sentence.start, start) - start, end=min(sentence.end, end) - start)
        for sentence in _overlapping(section.sentences, start, end)
    )
    blocks = tuple(
        replace(block, start=max(block.start, start) - start, end=min(block.end, end) - start)
        for block in _overlapping(section.blocks, start, end)
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
        source_text=_source_text(sentences, section.text[start:end]),
        context=context,
        source_context=source_context,
        blocks=blocks,
        sentences=sentences,
    )


def _context(section: Section, start: int, end: int) -> tuple[str, str]:
    """The lead-in of the list, or the columns of the table, in whose middle a passage begins."""
    for block in _overlapping(section.blocks, start, end)[:1]:
        shown = block.context in section.text[start:end]
        if block.kind in (BlockKind.ITEM, BlockKind.ROW) and not shown:
            return block.context, block.source_context
    return "", ""


def _source_text(sentences: Sequence[Sentence], text: str) -> str | None:
    parts: list[str] = []
    previous: Sentence | None = None
    for sentence in sentences:
        if sentence.source is None or (previous is not None and previous.source == sentence.source):
            continue
        if previous is not None:
            parts.append("\n" if "\n" in text[previous.end : sentence.start] else " ")
        parts.append(sentence.source)
        previous = sentence
    return "".join(parts) or None
