"""One docfx Markdown file, bilingual or plain, to an Article.

1. Front matter and body are split; the header gives dates and the kind of translation.
2. Bilingual pairs are lifted out of the body, Markdown is parsed around them.
3. Roles and scope are read and leave the text.
4. Sections are written on the side asked for: the target's language, or the English one.

Refuses to touch the disk: the text and where it came from are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from indexer.blocks import BlockReader, Draft
from indexer.frontmatter import header_date, header_text, split_front_matter
from indexer.inline import markdown_parser, plain_text
from indexer.locales import SOURCE_LOCALE
from indexer.records import Article, Edition, Translation, TranslationType
from indexer.scope import Scope, ScopeLabels, load_scope_labels, take_scope
from indexer.section_text import Side
from indexer.sections import build_sections
from indexer.spans import Lifted, lift_spans

_TRANSLATIONS = {"MT": TranslationType.MACHINE, "HT": TranslationType.HUMAN}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file stands: its path for messages, its article path, its locale and its web address."""

    file: str
    path: str
    locale: str
    url: str
    source_url: str
    retired_to: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The article in its locale, and what its English is written from."""

    article: Article
    drafts: tuple[Draft, ...]
    source_url: str
    bilingual: bool

    def source_article(self) -> Article | None:
        """The same article in English, None where the file is not bilingual."""
        if not self.bilingual:
            return None
        target = self.article.edition
        edition = replace(
            target,
            locale=SOURCE_LOCALE,
            title=target.source_title or target.title,
            source_title=None,
            description="",
            url=self.source_url,
            translation=replace(target.translation, type=TranslationType.SOURCE),
        )
        _, _, sections = build_sections(self.drafts, Side.SOURCE)
        return Article(edition, sections)


class ArticleParser:
    """Parses the articles of a build; holds the Markdown parser and the label table."""

    def __init__(self) -> None:
        self.markdown = markdown_parser()
        self.labels: Mapping[str, ScopeLabels] = load_scope_labels()

    def parse(self, text: str, origin: Origin) -> ParsedFile:
        """Parse one Markdown file.

        Raises: ArticleError naming the file and the line.
        """
        text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
        header, body, line = split_front_matter(text, path=origin.file)
        lifted = lift_spans(body, path=origin.file, first_line=line)
        drafts, scope = self.read_blocks(lifted, origin)
        edition = edition_of(header, origin, scope)
        title, source_title, sections = build_sections(drafts, Side.TARGET)
        title = title or edition.title or origin.path.rsplit("/", 1)[-1]
        article = Article(replace(edition, title=title, source_title=source_title), sections, scope.lines)
        return ParsedFile(article, tuple(drafts), origin.source_url, bool(lifted.spans))

    def read_blocks(self, lifted: Lifted, origin: Origin) -> tuple[list[Draft], Scope]:
        """The drafts of a body without its scope lines, and the scope."""
        drafts = BlockReader(self.markdown, lifted, path=origin.file).read()
        scope, rest = take_scope(drafts, origin.locale, self.labels)
        return rest, scope


def edition_of(header: Mapping[str, object], origin: Origin, scope: Scope) -> Edition:
    """The edition that a header and the scope lines describe; the title is the header's."""
    kind = _TRANSLATIONS.get(header_text(header, "ms.translationtype").upper())
    handed_over = header_date(header, "ms.lasthandoff")
    if kind is None:
        kind = TranslationType.SOURCE if origin.locale == SOURCE_LOCALE else TranslationType.HUMAN
    return Edition(
        path=origin.path,
        locale=origin.locale,
        title=plain_text(header_text(header, "title")),
        source_title=None,
        description=plain_text(header_text(header, "description")),
        url=origin.url,
        updated=header_date(header, "ms.date"),
        translation=Translation(kind, handed_over, header_text(header, "ms.sourcegitcommit") or None),
        roles=scope.roles,
        applies_to=scope.applies_to,
        retired_to=origin.retired_to,
    )
