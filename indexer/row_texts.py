"""The texts that are embedded and indexed: headings and context stand before a passage's own words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.model_tokens import CountTokens
from indexer.records import BlockKind, Edition, Passage


@dataclass(frozen=True, slots=True)
class RowText:
    """One row: its text, and (sentence number, start, end) for each sentence that has a vector.

    `own_start` is where the passage's own words begin, behind headings and context.
    """

    text: str
    sentences: tuple[tuple[int, int, int], ...] = ()
    own_start: int = 0

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Where the sentences stand in the text."""
        return tuple((start, end) for _, start, end in self.sentences)


def heading_line(passage: Passage) -> str:
    """`title > heading > heading` in the passage's language."""
    return " > ".join((passage.edition.title, *passage.headings))


def source_heading_line(passage: Passage) -> str:
    """The same in English; only for passages with an English side."""
    return " > ".join((passage.edition.source_title or passage.edition.title, *passage.source_headings))


def target_row(passage: Passage) -> RowText:
    """The row of the passage's own language."""
    text = "\n".join(part for part in (heading_line(passage), passage.context, passage.text) if part)
    shift = len(text) - len(passage.text)
    spans = [
        (number, shift + passage.sentences[number].start, shift + passage.sentences[number].end)
        for number in quotable(passage)
    ]
    return RowText(text, tuple(spans), shift)


def source_row(passage: Passage) -> RowText | None:
    """The row of its English side, None where it has none."""
    if passage.source_text is None:
        return None
    head = (source_heading_line(passage), passage.source_context)
    text = "\n".join(part for part in (*head, passage.source_text) if part)
    shift = len(text) - len(passage.source_text)
    return RowText(text, tuple(_source_spans(passage, shift)), shift)


def _source_spans(passage: Passage, shift: int) -> Iterator[tuple[int, int, int]]:
    """Where each sentence's English stands: in order, and once where neighbours share it."""
    assert passage.source_text is not None
    said, at, span = None, 0, (0, 0)
    closed = set(range(len(passage.sentences))) - set(quotable(passage))
    for number, sentence in enumerate(passage.sentences):
        if sentence.source is None:
            continue
        if sentence.source != said:
            start, length = passage.source_text.find(sentence.source, at), len(sentence.source)
            if start < 0:  # of one that is cut, a share stands here, alone
                start, length = at, len(passage.source_text) - at
            said, at = sentence.source, start + length
            span = (shift + start, shift + at)
        if number not in closed:
            yield number, *span


def quotable(passage: Passage) -> Iterator[int]:
    """The numbers of the sentences that may answer: not code, not folded links."""
    closed = [b for b in passage.blocks if b.kind in (BlockKind.CODE, BlockKind.FOLDED, BlockKind.IMAGE)]
    for number, sentence in enumerate(passage.sentences):
        if not any(block.start <= sentence.start < block.end for block in closed):
            yield number


def shorten_heads(
    rows: Sequence[RowText], count_tokens: CountTokens, *, row_tokens: int, window_tokens: int
) -> tuple[RowText, ...]:
    """The rows, none of them longer than `row_tokens`: what is too long loses the end of its head.

    A passage's own words take up to `window_tokens`, so that only a long head can push them out.
    """
    heads = list(dict.fromkeys(row.text[: row.own_start] for row in rows))
    sizes = dict(zip(heads, count_tokens(heads), strict=True))
    long = {head for head, size in sizes.items() if size > row_tokens - window_tokens}
    return tuple(
        _shorten_head(row, count_tokens, row_tokens) if row.text[: row.own_start] in long else row
        for row in rows
    )


def _shorten_head(row: RowText, count_tokens: CountTokens, row_tokens: int) -> RowText:
    head, own = row.text[: row.own_start], row.text[row.own_start :]

    def shortened(length: int) -> str:
        return f"{head[:length].rstrip()}\n{own}" if length else own

    if count_tokens([row.text])[0] <= row_tokens:
        return row
    lengths = range(len(head) + 1)
    fitting = bisect_right(lengths, row_tokens, key=lambda length: count_tokens([shortened(length)])[0])
    text = shortened(max(0, fitting - 1))
    shift = len(text) - len(row.text)
    sentences = tuple((number, start + shift, end + shift) for number, start, end in row.sentences)
    return RowText(text, sentences, row.own_start + shift)


def edition_rows(edition: Edition) -> tuple[RowText, RowText]:
    """What is embedded for an article as a whole: the words of its path, and those with its titles.

    A path such as `customer-communication-from-microsoft` is English in every locale, and says in
    few words what the article is about; a mere number says nothing, and the titles stand for it.
    """
    words = re.sub(r"[/_-]+", " ", edition.path.split("/", 1)[-1])
    if not any(char.isalpha() for char in words):
        words = edition.source_title or edition.title
    parts = (words, edition.source_title, edition.title, edition.description)
    return RowText(words), RowText("\n".join(part for part in parts if part))
