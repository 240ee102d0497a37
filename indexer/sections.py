"""Drafts of blocks to sections, on one side: the target's, or the English one.

1. Drafts are grouped under their headings; anchors are made unique, heading paths built.
2. Each section's text is written (section_text.py).
3. A section without content of its own is folded into a neighbour (folding.py).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from indexer.blocks import BlockDraft, Draft, HeadingDraft
from indexer.folding import fold_sections
from indexer.records import BlockKind, Section
from indexer.section_text import Side, one_side, source_of, write_section

# A linked block with fewer letters than this outside its links says nothing by itself.
CONTENT_LETTERS = 24
# A section whose heading repeats on its page ("Impacted audience": "All partners") needs this many.
REPEATED_LETTERS = 80


@dataclass(frozen=True, slots=True)
class _Group:
    """A heading (None above the first) with its blocks."""

    heading: HeadingDraft | None
    blocks: list[BlockDraft] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading on one side. `url_anchor` is "" where its anchor repeats on the page."""

    level: int
    text: str
    source: str | None
    url_anchor: str


def build_sections(drafts: Sequence[Draft], side: Side) -> tuple[str, str | None, tuple[Section, ...]]:
    """The title of the article (its first heading of level 1), the English one, and its sections.

    The title is "" where there is no such heading.
    """
    groups = _grouped(drafts)
    counts = Counter(_written_anchor(group.heading) for group in groups if group.heading is not None)
    paths = _heading_paths(groups, counts, side)
    title = next((path[-1] for path in paths if path and path[-1].level == 1), None)
    sections: list[tuple[Section, bool]] = []
    for number, (group, path, anchor) in enumerate(zip(groups, paths, _unique_anchors(groups), strict=True)):
        body = write_section(group.blocks, side)
        if not body.text and _has_children(groups, number):
            continue  # its heading stands in the paths of the sections below it
        shown = [h for h in path if title is None or (h.text, h.source) != (title.text, title.source)]
        section = Section(
            anchor=anchor,
            url_anchor=next((heading.url_anchor for heading in reversed(path) if heading.url_anchor), ""),
            headings=tuple(heading.text for heading in shown),
            source_headings=tuple(heading.source or heading.text for heading in shown)
            if any(heading.source for heading in shown)
            else (),
            text=body.text,
            blocks=body.blocks,
            sentences=body.sentences,
        )
        repeats = group.heading is not None and counts[_written_anchor(group.heading)] > 1
        needed = REPEATED_LETTERS if repeats else 1
        sections.append((section, sum(map(_content_letters, group.blocks)) >= needed))
    folded = fold_sections(sections)
    return ("", None, folded) if title is None else (title.text, title.source, folded)


def slug(text: str) -> str:
    """The anchor that docfx gives a heading without one: letters, digits and hyphens, lower case."""
    kept = "".join(
        char if char.isalnum() or char in "-_" else " " if char.isspace() else "" for char in text.lower()
    )
    return "-".join(kept.split())


def _grouped(drafts: Sequence[Draft]) -> list[_Group]:
    groups = [_Group(None)]
    for draft in drafts:
        if isinstance(draft, HeadingDraft):
            groups.append(_Group(draft))
        else:
            groups[-1].blocks.append(draft)
    return groups if groups[0].blocks else groups[1:]


def _heading_paths(groups: Sequence[_Group], counts: Counter[str], side: Side) -> list[tuple[_Heading, ...]]:
    """For each group its heading and those above it, outermost first."""
    path: tuple[_Heading, ...] = ()
    paths = []
    for group in groups:
        if (draft := group.heading) is not None:
            written = _written_anchor(draft)
            source = source_of(draft.pieces) if side is Side.TARGET else None
            heading = _Heading(
                draft.level, one_side(draft.pieces, side), source, written if counts[written] == 1 else ""
            )
            path = (*(above for above in path if above.level < draft.level), heading)
        paths.append(path)
    return paths


def _written_anchor(heading: HeadingDraft | None) -> str:
    if heading is None:
        return ""
    if heading.anchors:
        return heading.anchors[0]
    return slug(source_of(heading.pieces) or one_side(heading.pieces, Side.TARGET))


def _unique_anchors(groups: Sequence[_Group]) -> list[str]:
    """docfx's rule: the second "details" of a page is "details-1"."""
    seen: Counter[str] = Counter()
    taken: set[str] = set()
    result = []
    for group in groups:
        written = _written_anchor(group.heading)
        anchor = written if not seen[written] else f"{written}-{seen[written]}"
        while anchor in taken:
            seen[written] += 1
            anchor = f"{written}-{seen[written]}"
        seen[written] += 1
        taken.add(anchor)
        result.append(anchor)
    return result


def _has_children(groups: Sequence[_Group], number: int) -> bool:
    here, following = groups[number].heading, groups[number + 1 : number + 2]
    if here is None or not following or following[0].heading is None:
        return False
    return following[0].heading.level > here.level


def _content_letters(block: BlockDraft) -> int:
    """The letters outside links, wide ones counted twice; 0 where they are too few to say anything."""
    if block.kind in (BlockKind.COLUMNS, BlockKind.IMAGE):
        return 0
    if block.kind in (BlockKind.ROW, BlockKind.CODE):
        return REPEATED_LETTERS
    letters = sum(piece.unlinked * (2 if _is_wide(piece.target) else 1) for piece in block.pieces)
    return 0 if block.linked and letters < CONTENT_LETTERS else letters


def _is_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(char) == "W" for char in text)
