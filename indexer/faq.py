"""FAQ pages (`YamlMime:FAQ`) to an Article: each question is a heading, its answer the section.

Questions stand in `sections[].questions[]`, and sometimes as Markdown headings in `summary` and
`additionalContent`. These pages have no English side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from indexer.blocks import Draft, HeadingDraft
from indexer.docfx import ArticleParser, Origin, edition_of
from indexer.errors import ArticleError
from indexer.frontmatter import load_yaml
from indexer.inline import InlineReader, Piece
from indexer.records import Article
from indexer.scope import Scope
from indexer.section_text import Side, one_side
from indexer.sections import build_sections, slug
from indexer.spans import Lifted, lift_spans

MIME = "YamlMime:FAQ"


def parse_faq(text: str, origin: Origin, parser: ArticleParser) -> Article:
    """Parse one FAQ page.

    Raises: ArticleError where the page is not the YAML of an FAQ.
    """
    page = load_yaml(text.removeprefix("\ufeff"), path=origin.file)
    if not isinstance(page, dict):
        raise ArticleError(origin.file, 1, "the FAQ page is no mapping of keys to values")
    header = page.get("metadata")
    drafts: list[Draft] = []
    roles: list[str] = []
    applies_to: list[str] = []
    lines: list[str] = []
    for draft_list, scope in _parts(page, origin, parser):
        drafts += draft_list
        roles += scope.roles
        applies_to += scope.applies_to
        lines += scope.lines
    scope = Scope(tuple(dict.fromkeys(roles)), tuple(dict.fromkeys(applies_to)), tuple(lines))
    edition = edition_of(header if isinstance(header, dict) else {}, origin, scope)
    title = _inline(page.get("title"), parser) or edition.title
    title_draft = HeadingDraft(1, (slug(title),), (Piece(title),))
    found, _, sections = build_sections([title_draft, *drafts], Side.TARGET)
    return Article(replace(edition, title=found or title), sections, scope.lines)


def _parts(
    page: Mapping[object, object], origin: Origin, parser: ArticleParser
) -> Iterator[tuple[list[Draft], Scope]]:
    yield _body(page.get("summary"), origin, parser)
    for section in _records(page.get("sections"), "sections", origin):
        name = _inline(section.get("name"), parser)
        if name:
            yield [_heading(2, name)], Scope((), (), ())
        for entry in _records(section.get("questions"), "questions", origin):
            question = _inline(entry.get("question"), parser)
            yield [_heading(3 if name else 2, question)], Scope((), (), ())
            yield _body(entry.get("answer"), origin, parser)
    yield _body(page.get("additionalContent"), origin, parser)


def _records(value: object, key: str, origin: Origin) -> list[Mapping[object, object]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ArticleError(origin.file, None, f"`{key}` of the FAQ page is no list of entries")
    return value


def _heading(level: int, text: str) -> HeadingDraft:
    return HeadingDraft(level, (slug(text),), (Piece(text),))


def _inline(value: object, parser: ArticleParser) -> str:
    """A heading's Markdown as plain text; "" where it is absent."""
    if not isinstance(value, str):
        return ""
    read = InlineReader(parser.markdown, Lifted("", (), None)).parse(value.strip())
    return one_side(read.pieces(), Side.TARGET)


def _body(value: object, origin: Origin, parser: ArticleParser) -> tuple[list[Draft], Scope]:
    if not isinstance(value, str):
        return [], Scope((), (), ())
    try:
        lifted = lift_spans(value, path=origin.file)
    except ArticleError as error:  # its line counts from the value's start
        raise ArticleError(error.path, None, error.reason) from error
    return parser.read_blocks(lifted, origin)
