"""Drafts of blocks to the text of a section, on one side: block by block, a line each.

An empty line stands where the article has something between two blocks that has no text on this side:
a picture whose description was not translated, or a paragraph that only the other side has.
Sentences keep their English; a row up to `ROW_SENTENCE_CHARS` is one sentence. Offsets count from
the text's start.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from indexer.blocks import BlockDraft, Cell
from indexer.inline import Piece
from indexer.records import Block, BlockKind, Sentence
from indexer.sentences import align_sentences, split_sentences

# A row up to this length is quoted whole: its cells mean little alone.
ROW_SENTENCE_CHARS = 400
CELL_GAP = " | "
_SPACE = re.compile(r"\s+")


class Side(StrEnum):
    """Which language of a bilingual article is read."""

    TARGET = "target"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class SectionText:
    """A section's text with its blocks and sentences, in reading order."""

    text: str
    blocks: tuple[Block, ...]
    sentences: tuple[Sentence, ...]


def one_side(pieces: Sequence[Piece], side: Side) -> str:
    """The text of pieces on one side, white space collapsed."""
    return _SPACE.sub(" ", "".join(_piece_text(piece, side) for piece in pieces)).strip()


def source_of(pieces: Sequence[Piece]) -> str | None:
    """The English of pieces, None where none of them has any."""
    if all(piece.source is None for piece in pieces):
        return None
    return one_side(pieces, Side.SOURCE) or None


def write_section(drafts: Sequence[BlockDraft], side: Side) -> SectionText:
    """Write a section's blocks; one without text on this side is left out."""
    contexts: dict[int, tuple[str, str]] = {}  # by identity: all items of a list share their lead
    lines: list[str] = []
    blocks: list[Block] = []
    sentences: list[Sentence] = []
    at = 0
    for draft in drafts:
        if not any(one_side(cell, side) for cell in draft.cells):
            if lines and lines[-1]:
                lines.append("")
                at += 1
            continue
        line = _write_block(draft, side, at)
        if id(draft.lead) not in contexts:
            contexts[id(draft.lead)] = _lead_texts(draft, side)
        blocks.append(Block(draft.kind, at, at + line.length, *contexts[id(draft.lead)]))
        lines.append("".join(line.parts))
        sentences += line.sentences
        at += line.length + 1
    if lines and not lines[-1]:
        lines.pop()
    return SectionText("\n".join(lines), tuple(blocks), tuple(sentences))


def _piece_text(piece: Piece, side: Side) -> str:
    if side is Side.TARGET:
        return piece.target
    if piece.source is not None:
        return piece.source
    return piece.target if piece.neutral and piece.ordinal is None else ""


@dataclass(slots=True)
class _Line:
    """A block's text while it grows; `start` is where it begins in its section."""

    start: int
    parts: list[str] = field(default_factory=list)
    length: int = 0
    sentences: list[Sentence] = field(default_factory=list)

    def append(self, text: str) -> None:
        if text:
            self.parts.append(text)
            self.length += len(text)

    def ends_blank(self) -> bool:
        return not self.parts or self.parts[-1][-1] in "\n "

    def strip_end(self, blanks: str | None = None) -> None:
        while self.parts:
            last = self.parts.pop()
            self.length -= len(last)
            self.append(last.rstrip(blanks))
            if last.rstrip(blanks):
                return


def _write_block(draft: BlockDraft, side: Side, start: int) -> _Line:
    line = _Line(start)
    for number, cell in enumerate(draft.cells):
        if number:
            line.strip_end(" ")
            line.append(CELL_GAP)
        _write_cell(line, cell, side, verbatim=draft.kind is BlockKind.CODE)
    line.strip_end()
    if draft.kind in (BlockKind.ROW, BlockKind.COLUMNS) and line.length <= ROW_SENTENCE_CHARS:
        line.sentences = [] if draft.kind is BlockKind.COLUMNS else [_row_sentence(draft, side, line)]
    return line


def _write_cell(line: _Line, cell: Cell, side: Side, *, verbatim: bool) -> None:
    for piece in cell:
        text = _piece_text(piece, side)
        text = text.strip("\n") if verbatim else _SPACE.sub(" ", text)
        if line.ends_blank() and not verbatim:
            text = text.lstrip(" ")
        at = line.start + line.length
        line.append(text)
        if not any(map(str.isalnum, text)):
            continue
        if piece.source is None or side is Side.SOURCE:
            spans = _code_lines(text) if verbatim else split_sentences(text)
            line.sentences += [Sentence(at + a, at + b, None, piece.ordinal) for a, b in spans]
        else:
            pairs = align_sentences(text, _SPACE.sub(" ", piece.source).strip())
            line.sentences += [
                Sentence(at + a, at + b, source or None, piece.ordinal) for a, b, source in pairs
            ]


def _code_lines(text: str) -> list[tuple[int, int]]:
    """Spans of the lines that aren't blank: code is cut between them."""
    return [match.span() for match in re.finditer(r"\S.*", text)]


def _row_sentence(draft: BlockDraft, side: Side, line: _Line) -> Sentence:
    if side is Side.SOURCE or all(piece.source is None for piece in draft.pieces):
        source = None
    else:
        source = CELL_GAP.join(one_side(cell, Side.SOURCE) for cell in draft.cells).strip()
    ordinal = line.sentences[0].ordinal if line.sentences else None
    return Sentence(line.start, line.start + line.length, source, ordinal)


def _lead_texts(draft: BlockDraft, side: Side) -> tuple[str, str]:
    if not draft.lead:
        return "", ""
    if draft.kind is BlockKind.ROW:
        context = CELL_GAP.join(one_side(cell, side) for cell in draft.lead)
        source = CELL_GAP.join(source_of(cell) or "" for cell in draft.lead)
        return context, source.strip(" |") and source if side is Side.TARGET else ""
    context = _last_sentence(one_side(draft.lead[0], side))
    source = _last_sentence(source_of(draft.lead[0]) or "") if side is Side.TARGET else ""
    return context, source


def _last_sentence(text: str) -> str:
    spans = split_sentences(text)
    return text[slice(*spans[-1])] if spans else ""
