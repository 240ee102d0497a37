"""The text of a passage that is embedded and indexed: headings and context before its own words."""

from __future__ import annotations

from indexer.records import Passage


def heading_line(passage: Passage) -> str:
    """`title > heading > heading` in the passage's language."""
    return " > ".join((passage.edition.title, *passage.headings))


def source_heading_line(passage: Passage) -> str:
    """The same in English; only for passages with an English side."""
    return " > ".join((passage.edition.source_title or passage.edition.title, *passage.source_headings))


def target_text(passage: Passage) -> str:
    """What is embedded and indexed for the passage's own language."""
    return "\n".join(part for part in (heading_line(passage), passage.context, passage.text) if part)


def source_row_text(passage: Passage) -> str | None:
    """What is embedded and indexed for its English side, None where it has none."""
    if passage.source_text is None:
        return None
    return "\n".join(
        part for part in (source_heading_line(passage), passage.source_context, passage.source_text) if part
    )
