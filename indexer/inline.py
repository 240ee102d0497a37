"""Inline Markdown to pieces of plain text, each with its English, or without.

HTML comments, scripts and styles are dropped, tags are taken away, names of anchors kept; a tag
that HTML doesn't know (`<Subscription ID>`) is text. Of docfx's `:::` elements the texts are shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from indexer.spans import Lifted, Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of plain text. `source` is None where the file has no English for it.

    `neutral` text (code, names between spans) stands on both sides; an alt text stands on the
    target's side only. `unlinked` counts the letters outside links.
    """

    target: str
    source: str | None = None
    ordinal: int | None = None
    neutral: bool = True
    unlinked: int = 0


_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_ANCHOR = re.compile(r"<a\b[^>]*?\s(?:name|id)\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_DOCFX = re.compile(r":::\s*+[\w-]++((?:[^:]|:(?!::))*?):::")
_ATTRIBUTE = re.compile(r"\b(?:alt-text|text)\s*=\s*\"([^\"]*)\"")
_MARKUP = frozenset("\\`*_[]<>!&:|")
_STRAY_STARS = re.compile(r"\*{2,}")
_HTML = frozenset(
    "a abbr b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em "
    "figcaption figure font h1 h2 h3 h4 h5 h6 hr i iframe img input ins kbd label li link mark ol p "
    "pre q s samp script section small source span strike strong style sub summary sup svg table "
    "tbody td tfoot th thead time tr tt u ul var video".split()
)
_GAPS = frozenset("br p div li td th tr".split())
_HIDDEN = frozenset({"script", "style"})


def markdown_parser() -> MarkdownIt:
    """CommonMark with tables and docfx's ::: elements. One parser serves a whole build."""
    parser = MarkdownIt("commonmark").enable("table")
    parser.inline.ruler.before("escape", "docfx", _docfx_rule)
    return parser


def _docfx_rule(state: StateInline, silent: bool) -> bool:
    """`:::image alt-text="..." :::` and its relatives: only their texts are shown."""
    if not state.src.startswith(":::", state.pos):
        return False
    match = _DOCFX.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        token = state.push("docfx", "", 0)
        token.content = " ".join(_ATTRIBUTE.findall(match[1]))
        token.meta = {"alt": "alt-text" in match[1]}
    state.pos = match.end()
    return True


def visible_text(text: str, *, keep: str = "") -> str:
    """`text` without format and control characters; white space among them becomes a blank, or is kept."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if char in keep or unicodedata.category(char) not in ("Cf", "Cc")
        else (" " if char in "\n\t\r" else "")
        for char in text
    )


def plain_text(text: str) -> str:
    """`text` without what readers can't see, and without the `**` that a parse has left."""
    return _STRAY_STARS.sub("", visible_text(text))


@dataclass(slots=True)
class InlineText:
    """What the tokens of one inline hold."""

    anchors: list[str] = field(default_factory=list)
    images_only: bool = True
    has_link: bool = False
    _pieces: list[Piece] = field(default_factory=list)
    _run: list[str] = field(default_factory=list)  # text without English that is still growing
    _run_neutral: bool = True
    _run_unlinked: int = 0

    def add_text(self, text: str, *, neutral: bool = True, unlinked: int = 0) -> None:
        """Text without English; neighbours of one kind make one piece."""
        if self._run and self._run_neutral != neutral:
            self._end_run()
        self._run.append(text)
        self._run_neutral = neutral
        self._run_unlinked += unlinked

    def add_pair(self, piece: Piece) -> None:
        """Text beside its English."""
        self._end_run()
        self._pieces.append(piece)

    def pieces(self) -> tuple[Piece, ...]:
        """All of it, in order."""
        self._end_run()
        return tuple(self._pieces)

    def _end_run(self) -> None:
        if self._run:
            text = "".join(self._run)
            self._pieces.append(Piece(text, neutral=self._run_neutral, unlinked=self._run_unlinked))
            self._run, self._run_unlinked = [], 0


class InlineReader:
    """Turns inline tokens of one article, pairs lifted out, into pieces."""

    def __init__(self, parser: MarkdownIt, lifted: Lifted) -> None:
        self._parser = parser
        self._lifted = lifted

    def parse(self, markdown: str) -> InlineText:
        """Read Markdown as one inline, whatever blocks it may hold."""
        return self.read(self._parser.parseInline(markdown)[0].children or [])

    def read(self, tokens: Sequence[Token]) -> InlineText:
        """Read the children of an inline token."""
        inline = InlineText()
        links = 0
        hidden = ""  # the script or style that is open
        for token in tokens:
            if token.type == "html_inline":
                hidden = _hidden_after(token.content, hidden)
            if hidden:
                continue
            if token.type == "link_open":
                links += 1
                inline.has_link = True
            elif token.type == "link_close":
                links -= 1
            elif token.type in ("softbreak", "hardbreak"):
                inline.add_text(" ")
            else:
                self._read_content(token, inline, linked=links > 0)
        return inline

    def _read_content(self, token: Token, inline: InlineText, *, linked: bool) -> None:
        if token.type == "html_inline" and (name := _element(token.content)) is not None:
            if name == "a":
                inline.anchors += _ANCHOR.findall(token.content)
            elif name in _GAPS:
                inline.add_text(" ")
            return
        alt = token.type == "image" or (token.type == "docfx" and bool(token.meta["alt"]))
        for part in self._lifted.pieces(token.content):
            if isinstance(part, Span):
                self._add_pair(part, inline, linked=linked or alt)
                continue
            text = visible_text(part) if token.type == "code_inline" else plain_text(part)
            if not alt and text.strip():
                inline.images_only = False
            inline.add_text(text, neutral=not alt, unlinked=0 if linked or alt else _letters(text))

    def _add_pair(self, span: Span, inline: InlineText, *, linked: bool) -> None:
        target, letters = self._side(span.target, inline)
        source, _ = self._side(span.source, InlineText())
        english = source if source.strip() else None
        inline.add_pair(Piece(target, english, span.ordinal, True, 0 if linked else letters))

    def _side(self, markdown: str, inline: InlineText) -> tuple[str, int]:
        """One side of a pair as plain text, and how many of its letters are outside links."""
        if _MARKUP.isdisjoint(markdown):
            text = plain_text(markdown)
            inline.images_only = False
            return text, _letters(text)
        inner = self.parse(markdown)
        inline.anchors += inner.anchors
        inline.has_link |= inner.has_link
        inline.images_only &= inner.images_only
        pieces = inner.pieces()
        return "".join(piece.target for piece in pieces), sum(piece.unlinked for piece in pieces)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _element(html: str) -> str | None:
    """The name of an element that is taken away, "" for a comment; None where the tag is text."""
    if html.startswith(("<!", "<?")):
        return ""
    tag = _TAG.match(html)
    return tag[2].lower() if tag is not None and tag[2].lower() in _HTML else None


def _hidden_after(html: str, hidden: str) -> str:
    """The script or style that is open after a tag, "" where none is."""
    tag = _TAG.match(html)
    name = "" if tag is None else tag[2].lower()
    if tag is None or name not in _HIDDEN or (hidden and name != hidden):
        return hidden
    return "" if tag[1] else name
