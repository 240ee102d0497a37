"""Sections to passages: cut inside a section only, at sentence ends, by the model's own tokens.

1. A section is laid out as units: a sentence, a table row, a line of code, with the gap behind it.
2. Units are measured on the English side where there is one, so that every locale of an article is
   cut at the same places and equal English text is embedded once.
3. langchain-text-splitters merges units up to the limit; a unit beyond it is cut by its separators.
4. A passage that is still too long for the model on the target's side is cut again by that side, and so
   is a sentence whose English is: each part then has its share of it.
`passage.text` is always `section.text[start:end]`; what is added for the model is `context`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from langchain_text_splitters import RecursiveCharacterTextSplitter, TextSplitter

from indexer.model_tokens import CountTokens
from indexer.passage_parts import english_parts, make_passage, overlapping
from indexer.records import Article, BlockKind, Passage, Section

# What the default model reads, and the sizes that were measured with it.
_MODEL_TOKENS, _LIMIT_TOKENS, _WINDOW_TOKENS = 512, 380, 400
# A sentence whose English is so many times too long for the model is not cut to match it.
_MOST_ENGLISH = 8
# Separators of last resort, best first: lines, ends of sentences in every script, clauses, words.
_SEPARATORS = [r"\n", r"(?<=[。！？!?؟])|(?<=\.)\s+", r"(?<=[、，,;；:：])", r"\s+", ""]


@dataclass(frozen=True, slots=True)
class PassageOptions:
    """`limit_tokens` is the size to cut at, `window_tokens` what must never be exceeded.

    Both count the passage's own text; the window leaves room for title, headings and context.
    """

    limit_tokens: int
    window_tokens: int

    @classmethod
    def for_model(cls, max_tokens: int) -> PassageOptions:
        """The sizes for a model that reads so many tokens.

        A wider one than the default model gets no longer passages: they would say more things at once.
        """
        read = min(max_tokens, _MODEL_TOKENS)
        return cls(
            limit_tokens=max(1, read * _LIMIT_TOKENS // _MODEL_TOKENS),
            window_tokens=max(1, read * _WINDOW_TOKENS // _MODEL_TOKENS),
        )


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
    fits = partial(_fits, count_tokens=count_tokens, limit=options.window_tokens)
    bounds = [
        inner
        for piece in _cut(section, 0, len(section.text), count_tokens, options.limit_tokens, by_source=True)
        for inner in _cut_to_window(section, *piece, count_tokens, options.window_tokens)
    ]
    passages: list[Passage] = []
    for start, end in bounds:
        text = section.text[start:end].lstrip()
        start, end = end - len(text), end - len(text) + len(text.rstrip())
        if start < end:
            passages.append(make_passage(article, section, start, end, number=len(passages), fits=fits))
    return passages


def _cut_to_window(
    section: Section, start: int, end: int, count_tokens: CountTokens, window: int
) -> list[tuple[int, int]]:
    """Pieces that fit the window on both sides: cut by the text, and finer where the English asks for it."""
    fits = partial(_fits, count_tokens=count_tokens, limit=window)

    def english_fits(bounds: Sequence[tuple[int, int]]) -> bool:
        return all(fits(part) for piece in bounds for part in english_parts(section, *piece, fits) if part)

    bounds, limit = [(start, end)], window
    if not fits(section.text[start:end]):
        bounds = _cut(section, start, end, count_tokens, window, by_source=False)
    coarse = bounds
    while not english_fits(bounds):
        limit //= 2
        if limit * _MOST_ENGLISH < window:
            return coarse
        bounds = _cut(section, start, end, count_tokens, max(1, limit), by_source=False)
    return bounds


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
    sentences = overlapping(section.sentences, start, end)
    blocks = overlapping(section.blocks, start, end)
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
