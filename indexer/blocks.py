"""Markdown to blocks: headings, paragraphs, list items, table rows, code, each with both its sides.

1. markdown-it parses the text whose bilingual pairs were lifted out (spans.py).
2. Its tokens are walked once, in order; what surrounds a block (list lead-in, table columns) goes with it.
3. Each inline token becomes pieces (inline.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token

from indexer.errors import ArticleError
from indexer.inline import InlineReader, InlineText, Piece, visible_text
from indexer.records import BlockKind
from indexer.spans import Lifted

Cell = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """A block before its side is chosen. A row has one cell per column, others have one cell.

    `lead` is what it needs to be understood: a row's columns, an item's lead-in. `linked` says
    that it holds a link.
    """

    kind: BlockKind
    cells: tuple[Cell, ...]
    lead: tuple[Cell, ...] = ()
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
    pieces: Cell


Draft = BlockDraft | HeadingDraft

_ALERT = re.compile(r"\A\s*\[!\w+\]\s*")
_LISTS = frozenset({"bullet_list", "ordered_list"})


class BlockReader:
    """Reads one article's Markdown, pairs lifted out, into drafts in reading order."""

    def __init__(self, parser: MarkdownIt, lifted: Lifted, *, path: str) -> None:
        self._parser = parser
        self._lifted = lifted
        self._path = path
        self._lines = lifted.text.split("\n")
        self._inline = InlineReader(parser, lifted)
        self._drafts: list[Draft] = []
        self._leads: list[tuple[Cell, ...]] = []  # one entry per open list
        self._previous: BlockDraft | None = None  # the paragraph that may lead into a list
        self._columns: tuple[Cell, ...] = ()
        self._cells: list[Cell] = []
        self._in_table = self._in_head = self._opens_alert = False

    def read(self) -> list[Draft]:
        """The drafts of the whole text.

        Raises: ArticleError where lists and quotations are nested so deeply that markdown-it
        would leave their text out.
        """
        tokens = self._parser.parse(self._lifted.text)
        self._refuse_depth(tokens)
        heading: Token | None = None
        row: Token | None = None
        for token in tokens:
            if token.type == "heading_open":
                heading = token
            elif token.type == "inline" and heading is not None:
                self._heading(int(heading.tag[1]), token.children or [])
                heading = None
            elif token.type == "tr_open":
                self._cells, row = [], token
            elif token.type == "tr_close" and row is not None:
                self._row(row)
            elif token.nesting:
                name = token.type.removesuffix("_open").removesuffix("_close")
                self._enter_or_leave(name, entered=token.nesting > 0)
            else:
                self._content(token)
        return self._drafts

    def _refuse_depth(self, tokens: Sequence[Token]) -> None:
        deepest = self._parser.options.maxNesting - 1
        if any(
            token.level >= deepest for token in tokens if token.type in ("blockquote_open", "list_item_open")
        ):
            raise ArticleError(self._path, None, f"lists or quotations nested deeper than {deepest // 2}")

    def _enter_or_leave(self, name: str, *, entered: bool) -> None:
        if name in _LISTS:
            if entered:
                self._leads.append(() if self._previous is None else self._previous.cells)
            else:
                self._leads.pop()
            self._previous = None
        elif name == "blockquote":
            self._opens_alert = entered
        elif name == "table":
            self._in_table, self._columns, self._previous = entered, (), None
        elif name == "thead":
            self._in_head = entered

    def _content(self, token: Token) -> None:
        if token.type == "inline":
            read = self._inline.read(token.children or [])
            if self._in_table:
                self._cells.append(read.pieces())
            else:
                self._previous = self._paragraph(read)
        elif token.type in ("fence", "code_block"):
            self._code(token.content)
        elif token.type == "html_block":
            self._paragraph(self._inline.parse(token.content))

    def _heading(self, level: int, tokens: Sequence[Token]) -> None:
        read = self._inline.read(tokens)
        self._drafts.append(HeadingDraft(level, tuple(read.anchors), read.pieces()))
        self._previous = None

    def _row(self, row: Token) -> None:
        cells = tuple(self._cells) if self._in_head else (*self._cells, *self._surplus(row))
        if any(cells):
            kind = BlockKind.COLUMNS if self._in_head else BlockKind.ROW
            self._drafts.append(BlockDraft(kind, cells, lead=() if self._in_head else self._columns))
        if self._in_head:
            self._columns = cells

    def _surplus(self, row: Token) -> list[Cell]:
        """The cells beyond the header's columns, which markdown-it leaves out and docfx shows."""
        if row.map is None:
            return []
        written = escapedSplit(self._lines[row.map[0]].strip().lstrip("> "))
        first = len(self._cells) + (1 if written[:1] == [""] else 0)
        return [self._inline.parse(cell).pieces() for cell in written[first:] if cell.strip()]

    def _paragraph(self, read: InlineText) -> BlockDraft | None:
        pieces = read.pieces()
        opens_alert = self._opens_alert
        if opens_alert and pieces:
            pieces = (_without_alert_mark(pieces[0]), *pieces[1:])
        if not any(piece.target.strip() for piece in pieces):
            return None  # a label alone: what follows opens the alert
        self._opens_alert = False
        kind = BlockKind.IMAGE if read.images_only else self._prose_kind(opens_alert)
        draft = BlockDraft(kind, (pieces,), self._leads[-1] if self._leads else (), read.has_link)
        self._drafts.append(draft)
        return draft

    def _prose_kind(self, opens_alert: bool) -> BlockKind:
        if self._leads:
            return BlockKind.ITEM
        return BlockKind.ALERT if opens_alert else BlockKind.PARAGRAPH

    def _code(self, content: str) -> None:
        if self._lifted.mark is not None and self._lifted.mark.search(content):
            # Text indented too far reads as code; its spans say that it is prose.
            self._paragraph(self._inline.parse(content))
        elif content.strip():
            code = visible_text(content, keep="\n\t")
            self._drafts.append(BlockDraft(BlockKind.CODE, ((Piece(code),),)))


def _without_alert_mark(piece: Piece) -> Piece:
    source = None if piece.source is None else _ALERT.sub("", piece.source)
    return replace(piece, target=_ALERT.sub("", piece.target), source=source)
