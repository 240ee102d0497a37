"""Drafts of blocks to sections, on one side: the target's, or the English one.

1. Drafts are grouped under their headings; anchors are made unique, heading paths built.
2. Each section's text is written block by block, a line each; sentences keep their English.
3. A section without content of its own is folded into the one before it: searchable, no passage.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from indexer.blocks import BlockDraft, Draft, HeadingDraft, Piece
from indexer.records import Block, BlockKind, Section, Sentence
from indexer.sentences import align_sentences, split_sentences

# A row up to this length is quoted whole: its cells mean little alone.
ROW_SENTENCE_CHARS = 400
# A linked block with fewer letters than this outside its links says nothing by itself.
CONTENT_LETTERS = 24
# A section whose heading repeats on its page ("Impacted audience": "All partners") needs this many.
REPEATED_LETTERS = 80
CELL_GAP = " | "
_SPACE = re.compile(r"\s+")


class Side(StrEnum):
    """Which language of a bilingual article is read."""

    TARGET = "target"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class _Group:
    """A heading (None above the first) with its blocks."""

    heading: HeadingDraft | None
    blocks: list[BlockDraft] = field(default_factory=list)


def build_sections(drafts: Sequence[Draft], side: Side) -> tuple[str, str | None, tuple[Section, ...]]:
    """The title of the article (its first heading of level 1), the English one, and its sections.

    The title is "" where there is no such heading.
    """
    groups = _grouped(drafts)
    anchors = _unique_anchors(groups)
    counts = Counter(_anchor(group.heading) for group in groups if group.heading is not None)
    title_at = next((i for i, g in enumerate(groups) if g.heading is not None and g.heading.level == 1), None)
    title, source_title = ("", None) if title_at is None else _heading_texts(groups[title_at].heading, side)
    stack: list[tuple[int, str, str | None, str]] = []  # level, text, English, anchor where unique
    sections: list[tuple[Section, bool]] = []
    for number, (group, anchor) in enumerate(zip(groups, anchors, strict=True)):
        if group.heading is not None:
            text, source = _heading_texts(group.heading, side)
            stack = [entry for entry in stack if entry[0] < group.heading.level]
            written = _anchor(group.heading)
            stack.append((group.heading.level, text, source, written if counts[written] == 1 else ""))
        shown = [entry for entry in stack if number != title_at and entry[1:3] != (title, source_title)]
        body = _write(group.blocks, side)
        section = Section(
            anchor=anchor,
            url_anchor=next((entry[3] for entry in reversed(stack) if entry[3]), ""),
            headings=tuple(entry[1] for entry in shown),
            source_headings=tuple(entry[2] or entry[1] for entry in shown)
            if any(entry[2] for entry in shown)
            else (),
            text=body.text,
            blocks=tuple(body.blocks),
            sentences=tuple(body.sentences),
        )
        if not section.text and _has_children(groups, number):
            continue  # its heading stands in the paths of the sections below it
        repeats = group.heading is not None and counts[_anchor(group.heading)] > 1
        needed = REPEATED_LETTERS if repeats else 1
        sections.append((section, sum(map(_letters, group.blocks)) >= needed))
    return title, source_title, tuple(_folded(sections))


def slug(text: str) -> str:
    """The anchor that docfx gives a heading without one: letters, digits and hyphens, lower case."""
    kept = "".join(
        char if char.isalnum() or char in "-_" else " " if char.isspace() else "" for char in text.lower()
    )
    return "-".join(kept.split())


def one_side(pieces: Sequence[Piece], side: Side) -> str:
    """The text of pieces on one side, white space collapsed."""
    return _SPACE.sub(" ", "".join(_piece_text(piece, side) for piece in pieces)).strip()


def source_of(pieces: Sequence[Piece]) -> str | None:
    """The English of pieces, None where none of them has any."""
    if all(piece.source is None for piece in pieces):
        return None
    return one_side(pieces, Side.SOURCE) or None


def _piece_text(piece: Piece, side: Side) -> str:
    if side is Side.TARGET:
        return piece.target
    if piece.source is not None:
        return piece.source
    return piece.target if piece.neutral and piece.ordinal is None else ""


def _grouped(drafts: Sequence[Draft]) -> list[_Group]:
    groups = [_Group(None)]
    for draft in drafts:
        if isinstance(draft, HeadingDraft):
            groups.append(_Group(draft))
        else:
            groups[-1].blocks.append(draft)
    return groups if groups[0].blocks else groups[1:]


def _anchor(heading: HeadingDraft | None) -> str:
    if heading is None:
        return ""
    return (
        heading.anchors[0]
        if heading.anchors
        else slug(source_of(heading.pieces) or one_side(heading.pieces, Side.TARGET))
    )


def _unique_anchors(groups: Sequence[_Group]) -> list[str]:
    """docfx's rule: the second "details" of a page is "details-1"."""
    seen: Counter[str] = Counter()
    taken: set[str] = set()
    result = []
    for group in groups:
        written = _anchor(group.heading)
        anchor = written if not seen[written] else f"{written}-{seen[written]}"
        while anchor in taken:
            seen[written] += 1
            anchor = f"{written}-{seen[written]}"
        seen[written] += 1
        taken.add(anchor)
        result.append(anchor)
    return result


def _heading_texts(heading: HeadingDraft | None, side: Side) -> tuple[str, str | None]:
    pieces = heading.pieces if heading is not None else ()
    if side is Side.SOURCE:
        return one_side(pieces, side), None
    return one_side(pieces, side), source_of(pieces)


def _has_children(groups: Sequence[_Group], number: int) -> bool:
    here, following = groups[number].heading, groups[number + 1 : number + 2]
    if here is None or not following or following[0].heading is None:
        return False
    return following[0].heading.level > here.level


def _letters(block: BlockDraft) -> int:
    """The letters outside links, wide ones counted twice; 0 where they are too few to say anything."""
    if block.kind in (BlockKind.COLUMNS, BlockKind.IMAGE):
        return 0
    if block.kind in (BlockKind.ROW, BlockKind.CODE):
        return 1000
    letters = sum(piece.unlinked * (2 if _is_wide(piece.target) else 1) for piece in block.pieces)
    return 0 if block.linked and letters < CONTENT_LETTERS else letters


def _is_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(char) == "W" for char in text)


@dataclass(slots=True)
class _Written:
    """A section's text while it grows."""

    text: str = ""
    blocks: list[Block] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)


def _write(drafts: Sequence[BlockDraft], side: Side) -> _Written:
    written = _Written()
    for draft in drafts:
        _write_block(written, draft, side)
    return written


def _write_block(written: _Written, draft: BlockDraft, side: Side) -> None:
    if not any(one_side(cell, side) for cell in draft.cells):
        return
    if written.text:
        written.text += "\n"
    start = len(written.text)
    first = len(written.sentences)
    for number, cell in enumerate(draft.cells):
        if number:
            written.text = written.text.rstrip(" ") + CELL_GAP
        _write_cell(written, cell, side, verbatim=draft.kind is BlockKind.CODE)
    written.text = written.text[:start] + written.text[start:].rstrip()
    end = len(written.text)
    if draft.kind in (BlockKind.ROW, BlockKind.COLUMNS) and end - start <= ROW_SENTENCE_CHARS:
        whole = _row_sentence(draft, side, start, end, written.sentences[first:])
        written.sentences[first:] = [] if draft.kind is BlockKind.COLUMNS else [whole]
    context, source_context = _lead_texts(draft, side)
    written.blocks.append(Block(draft.kind, start, end, context, source_context))


def _row_sentence(
    draft: BlockDraft, side: Side, start: int, end: int, sentences: Sequence[Sentence]
) -> Sentence:
    if side is Side.SOURCE or all(piece.source is None for piece in draft.pieces):
        source = None
    else:
        source = CELL_GAP.join(one_side(cell, Side.SOURCE) for cell in draft.cells).strip()
    return Sentence(start, end, source, sentences[0].ordinal if sentences else None)


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


def _write_cell(written: _Written, cell: Sequence[Piece], side: Side, *, verbatim: bool) -> None:
    for piece in cell:
        text = _piece_text(piece, side)
        text = text.strip("\n") if verbatim else _SPACE.sub(" ", text)
        if not written.text or written.text[-1] in "\n ":
            text = text if verbatim else text.lstrip(" ")
        at = len(written.text)
        written.text += text
        if not any(map(str.isalnum, text)):
            continue
        if piece.source is None or side is Side.SOURCE:
            pairs: list[tuple[int, int, str | None]] = [(a, b, None) for a, b in split_sentences(text)]
        else:
            pairs = [*align_sentences(text, _SPACE.sub(" ", piece.source).strip())]
        written.sentences += [
            Sentence(at + a, at + b, source or None, piece.ordinal) for a, b, source in pairs
        ]


def _folded(sections: Sequence[tuple[Section, bool]]) -> list[Section]:
    """Sections with content; the text of the others stands at the end of the one before.

    One that opens a group of siblings ("Categories" of an announcement) goes to the one behind it:
    the section before it is about something else.
    """
    kept: list[Section] = []
    waiting: list[Section] = []
    for section, content in sections:
        parent = section.headings[:-1]
        beside = bool(kept) and parent in (kept[-1].headings, kept[-1].headings[:-1])
        if content:
            for earlier in reversed(waiting):
                section = _join(section, earlier, before=True)
            waiting = []
            kept.append(section)
        elif beside and not waiting:
            kept[-1] = _join(kept[-1], section, before=False)
        else:
            waiting.append(section)
    for section in waiting:
        if kept:
            kept[-1] = _join(kept[-1], section, before=False)
        else:
            kept.append(section)
    return kept


def _join(section: Section, folded: Section, *, before: bool) -> Section:
    """`section` with the heading and text of a contentless one before or behind its own."""
    heading = folded.headings[-1] if folded.headings else ""
    addition = "\n".join(part for part in (heading, folded.text) if part)
    if not addition:
        return section
    gap = "\n" if section.text else ""
    at = 0 if before else len(section.text) + len(gap)
    shift = len(addition) + len(gap) if before else 0
    within = at + len(addition) - len(folded.text)
    block = Block(BlockKind.FOLDED, at, at + len(addition), "", "")
    blocks = [replace(b, start=b.start + shift, end=b.end + shift) for b in section.blocks]
    own = [replace(s, start=s.start + shift, end=s.end + shift) for s in section.sentences]
    other = [replace(s, start=s.start + within, end=s.end + within) for s in folded.sentences]
    return replace(
        section,
        text=addition + gap + section.text if before else section.text + gap + addition,
        blocks=(block, *blocks) if before else (*blocks, block),
        sentences=(*other, *own) if before else (*own, *other),
    )
