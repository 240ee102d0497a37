"""Bilingual spans: each target sentence beside the English sentence it was translated from.

The publisher's bilingual files hold pairs of this form, never nested:

    <span data-ttu-id="8daaa-108">TARGET</span>
    <span class="sxs-lookup"><span data-stu-id="8daaa-108">SOURCE</span></span>     (on one line)

`lift_spans` takes each pair out of the Markdown and leaves a mark of two private-use characters
around its number. Markdown structure is then parsed around atoms that hold no markup, so a `|` in
a table cell, a line break in a heading or an unbalanced `**` inside a sentence can't break the
blocks around it (docs/adr/0009).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from indexer.errors import ArticleError

_OPEN = re.compile(r'<span\s+data-ttu-id="([^"]*)">')
_BETWEEN = re.compile(r'</span>\s*<span class="sxs-lookup">\s*<span data-stu-id="([^"]*)">')
_CLOSE = re.compile(r"</span>\s*</span>")
_STRAY = re.compile(r'data-(?:ttu|stu)-id="|class="sxs-lookup"')
_ORDINAL = re.compile(r"-([0-9]{1,9})$")
_PRIVATE_USE = range(0xE000, 0xF900)


@dataclass(frozen=True, slots=True)
class Span:
    """One aligned pair, as Markdown. `ordinal` is the number at the end of its id."""

    target: str
    source: str
    ordinal: int | None


@dataclass(frozen=True, slots=True)
class Lifted:
    """Markdown with its pairs taken out. `pieces` turns marked text back into pairs and plain text."""

    text: str
    spans: tuple[Span, ...]
    mark: re.Pattern[str] | None

    def pieces(self, text: str) -> Iterator[str | Span]:
        """Yield plain text and spans of `text` in order; empty text is left out."""
        if self.mark is None:
            if text:
                yield text
            return
        for number, part in enumerate(self.mark.split(text)):
            if number % 2:
                yield self.spans[int(part)]
            elif part:
                yield part


def lift_spans(text: str, *, path: str, first_line: int = 1) -> Lifted:
    """Take the pairs out of an article's body.

    Raises: ArticleError with the line where a span is not closed, has no partner, or names
    another id than its partner.
    """
    if _STRAY.search(text) is None:
        return Lifted(text, (), None)
    opening, closing = _free_marks(text, path=path)
    out: list[str] = []
    spans: list[Span] = []
    at = 0

    def fail(position: int, reason: str) -> ArticleError:
        return ArticleError(path, first_line + text.count("\n", 0, position), reason)

    while True:
        start = _OPEN.search(text, at)
        stray = _STRAY.search(text, at, len(text) if start is None else start.start())
        if stray is not None:
            raise fail(stray.start(), "part of a bilingual span stands alone")
        if start is None:
            break
        between = _BETWEEN.search(text, start.end())
        following = _OPEN.search(text, start.end())
        if between is None or (following is not None and following.start() < between.start()):
            raise fail(start.start(), f"bilingual span {start[1]} is not closed or has no English side")
        close = _CLOSE.search(text, between.end())
        if close is None or (following is not None and following.start() < close.start()):
            raise fail(between.start(), f"the English side of span {between[1]} is not closed")
        if between[1] != start[1]:
            raise fail(start.start(), f"span {start[1]} stands beside the English of span {between[1]}")
        out += (text[at : start.start()], f"{opening}{len(spans)}{closing}")
        ordinal = _ORDINAL.search(start[1])
        spans.append(
            Span(
                text[start.end() : between.start()],
                text[between.end() : close.start()],
                int(ordinal[1]) if ordinal else None,
            )
        )
        at = close.end()
    out.append(text[at:])
    return Lifted("".join(out), tuple(spans), re.compile(f"{opening}(\\d+){closing}"))


def _free_marks(text: str, *, path: str) -> tuple[str, str]:
    """Two private-use characters that the text holds neither as such nor as an entity (`&#xE000;`)."""
    used = {*text, *html.unescape(text)}
    free = list(islice((char for char in map(chr, _PRIVATE_USE) if char not in used), 2))
    if len(free) < 2:
        raise ArticleError(path, None, "the article uses every private-use character")
    return free[0], free[1]
