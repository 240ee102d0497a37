"""Docfx articles written in a test: bilingual pairs in the publisher's form, and parsing them."""

from __future__ import annotations

from indexer.docfx import ArticleParser, Origin, ParsedFile
from indexer.records import Article, Block, Section, Sentence

PARSER = ArticleParser()
ORIGIN = Origin(
    file="docs/seats.md",
    path="docs/seats",
    locale="ja-jp",
    url="https://help.example/ja-jp/docs/seats",
    source_url="https://help.example/en-us/docs/seats",
)


def pair(target: str, source: str, number: int = 108) -> str:
    """A target sentence beside its English, on one line."""
    return (
        f'<span data-ttu-id="8daaa-{number}">{target}</span>'
        f'<span class="sxs-lookup"><span data-stu-id="8daaa-{number}">{source}</span></span>'
    )


def parse(text: str) -> ParsedFile:
    """Parse a Japanese article."""
    return PARSER.parse(text, ORIGIN)


def article(text: str) -> Article:
    """The article in Japanese."""
    return parse(text).article


def english(text: str) -> Article:
    """The article's English side."""
    found = parse(text).source_article()
    assert found is not None
    return found


def section(text: str) -> Section:
    """The one section of an article."""
    (only,) = article(text).sections
    return only


def texts(found: Article) -> list[str]:
    """The texts of an article's sections."""
    return [part.text for part in found.sections]


def quoted(found: Section) -> list[tuple[str, str | None]]:
    """The sentences of a section with their English."""
    return [(part_of(found, sentence), sentence.source) for sentence in found.sentences]


def blocks(found: Section) -> list[tuple[str, str]]:
    """Kind and text of a section's blocks."""
    return [(block.kind.value, part_of(found, block)) for block in found.blocks]


def part_of(found: Section, stretch: Block | Sentence) -> str:
    """The text of a block or sentence."""
    return found.text[stretch.start : stretch.end]
