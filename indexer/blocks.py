"""Markdown to blocks: headings, paragraphs, list items, table rows, code, each with both its sides.

1. markdown-it parses the text whose bilingual pairs were lifted out (spans.py).
2. Its tokens are walked once, in order; what surrounds a block (list lead-in, table columns) goes with it.
3. Each inline token becomes pieces: a piece is a run of plain text with its English, or without.
HTML comments are dropped, tags are taken away, names of anchors kept; a tag that HTML doesn't know
(`<Subscription ID>`) is text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from indexer.records import BlockKind
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


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """A block before its side is chosen. A row has one cell per column, others have one cell."""

    kind: BlockKind
    cells: tuple[tuple[Piece, ...], ...]
    lead: tuple[tuple[Piece, ...], ...] = ()
    linked: bool = False

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces of all its cells."""
        return tuple(piece for cell in self.cells for piece in cell)


@dataclass(frozen=True, slots=True)
class HeadingDraft:
    """A heading: level 1 to 6, the names of its anchors as written."""

    level: int
    anchors: tuple[str, ...]
    pieces: tuple[Piece, ...]


Draft = BlockDraft | HeadingDraft

_ALERT = re.compile(r"\s*\[!\w+\]\s*")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")
_ANCHOR = re.compile(r"<a\b[^>]*?\b(?:name|id)\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_DOCFX = re.compile(r":::\s*(?:[\w-]+)((?:[^:]|:(?!::))*?):::")
_ATTRIBUTE = re.compile(r"\b(?:alt-text|text)\s*=\s*\"([^\"]*)\"")
_MARKUP = frozenset("\\`*_[]<>!&:|")
_STRAY_STARS = re.compile(r"\*{2,}")
_HTML = frozenset(
    "a abbr b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em "
    "figcaption figure font h1 h2 h3 h4 h5 h6 hr i iframe img input ins kbd label li link mark ol p "
    "pre q s samp script section small source span strike strong style sub summary sup svg table "
    "tbody td tfoot th thead time tr tt u ul var video".split()
)


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


def markdown_parser() -> MarkdownIt:
    """CommonMark with tables and docfx's ::: elements. One parser serves a whole build."""
    parser = MarkdownIt("commonmark").enable("table")
    parser.inline.ruler.before("escape", "docfx", _docfx_rule)
    return parser


def plain_text(text: str) -> str:
    """`text` without what readers can't see (format and control characters) and stray `**`."""
    if not text.isascii() or not text.isprintable():
        text = "".join(
            char if unicodedata.category(char) not in ("Cf", "Cc") else (" " if char in "\n\t\r" else "")
            for char in text
        )
    return _STRAY_STARS.sub("", text)


@dataclass(slots=True)
class _Inline:
    """What the tokens of one inline hold."""

    pieces: list[Piece] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    images_only: bool = True
    has_link: bool = False

    def add(self, piece: Piece) -> None:
        last = self.pieces[-1] if self.pieces else None
        if (
            last is not None
            and last.source is None
            and piece.source is None
            and last.neutral == piece.neutral
        ):
            self.pieces[-1] = Piece(
                last.target + piece.target, None, None, last.neutral, last.unlinked + piece.unlinked
            )
        else:
            self.pieces.append(piece)


class BlockReader:
    """Reads one article's Markdown, pairs lifted out, into drafts in reading order."""

    def __init__(self, parser: MarkdownIt, lifted: Lifted) -> None:
        self._parser = parser
        self._lifted = lifted
        self._drafts: list[Draft] = []

    def read(self) -> list[Draft]:
        """The drafts of the whole text."""
        self._walk(self._parser.parse(self._lifted.text))
        return self._drafts

    def _walk(self, tokens: Sequence[Token]) -> None:
        leads: list[tuple[tuple[Piece, ...], ...]] = []  # one entry per open list
        columns: tuple[tuple[Piece, ...], ...] = ()
        cells: list[_Inline] = []
        previous: BlockDraft | None = None  # the paragraph that may lead into a list
        in_head = in_table = alert = False
        for position, token in enumerate(tokens):
            kind = token.type
            if kind in ("bullet_list_open", "ordered_list_open"):
                leads.append(previous.cells if previous is not None else ())
                previous = None
            elif kind in ("bullet_list_close", "ordered_list_close"):
                leads.pop()
                previous = None
            elif kind == "blockquote_open":
                alert = True
            elif kind == "heading_open":
                self._heading(int(token.tag[1]), tokens[position + 1])
                previous = None
            elif kind == "table_open":
                in_table, columns = True, ()
            elif kind == "table_close":
                in_table, previous = False, None
            elif kind == "thead_open":
                in_head = True
            elif kind == "thead_close":
                in_head = False
            elif kind == "tr_open":
                cells = []
            elif kind == "tr_close":
                columns = self._row(cells, columns, head=in_head)
            elif kind == "inline" and in_table:
                cells.append(self._inline(token.children or []))
            elif kind == "inline" and tokens[position - 1].type != "heading_open":
                previous = self._paragraph(token.children or [], leads, alert=alert)
                alert = False
            elif kind in ("fence", "code_block"):
                self._code(token.content, leads)
            elif kind == "html_block":
                self._paragraph(self._parse_inline(token.content), leads, alert=False)

    def _parse_inline(self, text: str) -> list[Token]:
        return self._parser.parseInline(text)[0].children or []

    def _heading(self, level: int, inline: Token) -> None:
        read = self._inline(inline.children or [])
        self._drafts.append(HeadingDraft(level, tuple(read.anchors), tuple(read.pieces)))

    def _row(
        self, cells: list[_Inline], columns: tuple[tuple[Piece, ...], ...], *, head: bool
    ) -> tuple[tuple[Piece, ...], ...]:
        texts = tuple(tuple(cell.pieces) for cell in cells)
        kind = BlockKind.COLUMNS if head else BlockKind.ROW
        if any(texts):
            self._drafts.append(BlockDraft(kind, texts, lead=() if head else columns))
        return texts if head else columns

    def _paragraph(
        self, children: Sequence[Token], leads: list[tuple[tuple[Piece, ...], ...]], *, alert: bool
    ) -> BlockDraft | None:
        read = self._inline(children)
        if alert and read.pieces:
            first = read.pieces[0]
            source = None if first.source is None else _ALERT.sub("", first.source, count=1)
            target = _ALERT.sub("", first.target, count=1)
            read.pieces[0] = Piece(target, source, first.ordinal, first.neutral, first.unlinked)
        if not any(piece.target.strip() for piece in read.pieces):
            return None
        kind = BlockKind.IMAGE if read.images_only else BlockKind.ITEM if leads else BlockKind.PARAGRAPH
        draft = BlockDraft(kind, (tuple(read.pieces),), leads[-1] if leads else (), read.has_link)
        self._drafts.append(draft)
        return draft

    def _code(self, content: str, leads: list[tuple[tuple[Piece, ...], ...]]) -> None:
        if self._lifted.mark is not None and self._lifted.mark.search(content):
            # Text indented too far reads as code; its spans say that it is prose.
            self._paragraph(self._parse_inline(content), leads, alert=False)
        elif content.strip():
            self._drafts.append(BlockDraft(BlockKind.CODE, ((Piece(content),),)))

    def _inline(self, children: Sequence[Token]) -> _Inline:
        read = _Inline()
        self._collect(children, read, depth=0)
        return read

    def _collect(self, children: Sequence[Token], read: _Inline, *, depth: int) -> None:
        links = depth
        for token in children:
            if token.type == "link_open":
                links += 1
                read.has_link = True
            elif token.type == "link_close":
                links -= 1
            elif token.type in ("softbreak", "hardbreak"):
                read.add(Piece(" "))
            elif token.type == "image":
                for part in self._lifted.pieces(token.content):
                    self._add(part, read, linked=True, alt=True)
            elif token.type == "docfx":
                alt = bool(token.meta["alt"])
                for part in self._lifted.pieces(token.content):
                    self._add(part, read, linked=alt, alt=alt)
            elif token.type == "html_inline":
                self._html(token.content, read, linked=links > 0)
            elif token.content:
                for part in self._lifted.pieces(token.content):
                    self._add(part, read, linked=links > 0, alt=False)

    def _html(self, content: str, read: _Inline, *, linked: bool) -> None:
        if content.startswith(("<!", "<?")):
            return
        tag = _TAG.match(content)
        if tag is None or tag[1].lower() not in _HTML:
            self._add(content, read, linked=linked, alt=False)
        elif tag[1].lower() == "a":
            read.anchors += _ANCHOR.findall(content)
        elif tag[1].lower() in ("br", "p", "div", "li", "td", "th", "tr"):
            read.add(Piece(" "))

    def _add(self, part: str | Span, read: _Inline, *, linked: bool, alt: bool) -> None:
        if isinstance(part, Span):
            target, letters = self._side(part.target, read)
            source, _ = self._side(part.source, _Inline())
            read.images_only = False
            read.pieces.append(Piece(target, source or None, part.ordinal, True, 0 if linked else letters))
        else:
            text = plain_text(part)
            if not alt and text.strip():
                read.images_only = False
            letters = 0 if linked else sum(map(str.isalnum, text))
            read.add(Piece(text, neutral=not alt, unlinked=letters))

    def _side(self, markdown: str, read: _Inline) -> tuple[str, int]:
        """One side of a pair as plain text, and how many of its letters are outside links."""
        if _MARKUP.isdisjoint(markdown):
            text = plain_text(markdown)
            return text, sum(map(str.isalnum, text))
        inner = _Inline()
        self._collect(self._parse_inline(markdown), inner, depth=0)
        read.anchors += inner.anchors
        read.has_link |= inner.has_link
        return "".join(piece.target for piece in inner.pieces), sum(piece.unlinked for piece in inner.pieces)
