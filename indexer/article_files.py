"""One article, parsed from its file, or from the newest of several that has its English.

A file that can't be read, or holds no text, is told of and stops nothing. Nothing that an article links
to is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from indexer.docfx import ArticleParser, Origin
from indexer.errors import ArticleError
from indexer.faq import parse_faq
from indexer.records import Article
from indexer.source_files import MARKDOWN


@dataclass(frozen=True, slots=True)
class ArticleFiles:
    """The files of one article: its own one, or, where its English is `derived`, all that may hold it.

    The first file that gives the article counts, so the newest hand-over comes first.
    """

    origins: tuple[Origin, ...]
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that gave no article, named without the folder that the corpus lies in.

    `failed` says that it can't be read; else it holds no text.
    """

    locale: str
    path: str
    reason: str
    line: int | None
    failed: bool


@dataclass(frozen=True, slots=True)
class ParsedArticle:
    """What the files of an article gave: None where none of them held it."""

    article: Article | None
    unread: tuple[Unread, ...] = ()


def parse_article(files: ArticleFiles, parser: ArticleParser) -> ParsedArticle:
    """Parse the first of the files that can be read and has text on the side asked for."""
    unread = []
    for origin in files.origins:
        try:
            article = _parse_source(origin, parser) if files.derived else parse_file(origin, parser)
        except ArticleError as error:
            unread.append(Unread(origin.locale, origin.path, error.reason, error.line, failed=True))
            continue
        if article is not None and any(section.text for section in article.sections):
            return ParsedArticle(article, tuple(unread))
        if not files.derived:
            reason = "an article without text"
            unread.append(Unread(origin.locale, origin.path, reason, None, failed=False))
    return ParsedArticle(None, tuple(unread))


def parse_file(origin: Origin, parser: ArticleParser) -> Article:
    """Parse one file, in its own language.

    Raises: ArticleError naming the file.
    """
    text = _read_text(Path(origin.file))
    if Path(origin.file).suffix.lower() == MARKDOWN:
        return parser.parse(text, origin).article
    return parse_faq(text, origin, parser)


def _parse_source(origin: Origin, parser: ArticleParser) -> Article | None:
    return parser.parse(_read_text(Path(origin.file)), origin).source_article()


def _read_text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ArticleError(str(file), None, error.strerror or str(error)) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ArticleError(
            str(file), line, f"not UTF-8 (byte {error.start}): save the file as UTF-8"
        ) from error
