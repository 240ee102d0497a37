"""The articles of some roots, by locale, and parsing them in path order.

1. Docsets are found (docsets.py) and their files listed (source_files.py).
2. A locale is parsed file by file; one that can't be read is reported and does not stop the others.
3. The source language, where no root holds it, is read from the English sides: for each article the
   newest hand-over that has English.

Nothing that an article links to is fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from indexer.docfx import ArticleParser, Origin, ParsedFile
from indexer.docsets import Docset, find_docsets, refuse_twins
from indexer.errors import ArticleError, CorpusError
from indexer.faq import parse_faq
from indexer.locales import SOURCE_LOCALE
from indexer.records import Article
from indexer.source_files import Skipped, SourceFile, list_files

__all__ = ["Corpus", "CorpusOptions", "Skipped", "SourceFile", "parse_file", "parse_locale", "read_corpus"]

DEFAULT_HOST = "https://learn.microsoft.com"


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """What the web addresses are made of; `base_paths` maps a docset's name to its base path."""

    host: str = DEFAULT_HOST
    base_paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Corpus:
    """The files of some roots by locale, and what became of the others."""

    options: CorpusOptions
    files: dict[str, list[SourceFile]]
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Skipped] = field(default_factory=list)

    @property
    def derives_source(self) -> bool:
        """Whether the source language is read from the English sides of the others."""
        return SOURCE_LOCALE not in self.files and bool(self.source_candidates())

    def source_candidates(self) -> dict[str, list[SourceFile]]:
        """For each article the bilingual files that hold its English, newest hand-over first."""
        found: dict[str, list[SourceFile]] = {}
        for locale in sorted(self.files):
            for source in self.files[locale]:
                if source.bilingual and locale != SOURCE_LOCALE:
                    found.setdefault(source.path, []).append(source)
        for candidates in found.values():
            candidates.sort(key=lambda source: source.handed_over or date.min, reverse=True)
        return dict(sorted(found.items()))

    def digest(self, locale: str) -> str:
        """A digest of all that a locale's articles are read from."""
        if locale == SOURCE_LOCALE and self.derives_source:
            candidates = self.source_candidates().values()
            files: Iterable[SourceFile] = (source for found in candidates for source in found)
        else:
            files = self.files[locale]
        digest = hashlib.sha256(repr((self.options.host, sorted(self.options.base_paths.items()))).encode())
        for source in files:
            parts = (
                source.path,
                source.docset.locale,
                source.docset.base_path,
                source.sha256,
                source.retired_to,
            )
            digest.update(repr(parts).encode())
        return digest.hexdigest()

    def note_failure(self, error: ArticleError) -> None:
        """Report a file that can't be read, once."""
        failure = Skipped(error.path, error.reason, error.line)
        if failure not in self.failed:
            self.failed.append(failure)


def read_corpus(
    roots: Sequence[Path],
    *,
    options: CorpusOptions | None = None,
    locales: Sequence[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Corpus:
    """List the articles of some roots, all locales or those named.

    Raises: CorpusError where a root is missing or holds no article, or two roots hold the same
    docset in the same locale.
    """
    corpus = Corpus(options or CorpusOptions(), {})
    # A docset and its locale may be named by the folder that "." stands for, or by its parent.
    folders = [root.resolve() if root.name in ("", "..") else root.absolute() for root in roots]
    docsets = [docset for folder in folders for docset in find_docsets(folder, corpus.options.base_paths)]
    refuse_twins(docsets)
    docsets.sort(key=lambda docset: (docset.locale, docset.name))
    for docset in docsets:
        if locales is None or docset.locale in locales or SOURCE_LOCALE in locales:
            found = list_files(docset, progress)
            corpus.skipped += found.skipped
            corpus.failed += found.failed
            if found.articles:
                corpus.files.setdefault(docset.locale, []).extend(found.articles)
    _mark_retired(corpus, docsets)
    if not corpus.files:
        named = ", ".join(str(root) for root in roots)
        wanted = "" if locales is None else f" in {', '.join(locales)}"
        raise CorpusError(f"no article{wanted} in {named}: name a checkout, a docset or a folder of locales")
    return corpus


def parse_locale(corpus: Corpus, locale: str, parser: ArticleParser) -> Iterator[Article]:
    """Yield a locale's articles in path order; what can't be read is noted in `corpus.failed`."""
    if locale == SOURCE_LOCALE and locale not in corpus.files:
        yield from _derive_source(corpus, parser)
        return
    for source in corpus.files[locale]:
        try:
            article = parse_file(source, corpus.options, parser)
        except ArticleError as error:
            corpus.note_failure(error)
            continue
        if _has_text(article):
            yield article
        else:
            corpus.skipped.append(Skipped(str(source.file), "an article without text"))


def parse_file(source: SourceFile, options: CorpusOptions, parser: ArticleParser) -> Article:
    """Parse one file.

    Raises: ArticleError naming the file.
    """
    if source.is_markdown:
        return _parse_markdown(source, options, parser).article
    return parse_faq(_read_text(source.file), _origin(source, options), parser)


def _parse_markdown(source: SourceFile, options: CorpusOptions, parser: ArticleParser) -> ParsedFile:
    return parser.parse(_read_text(source.file), _origin(source, options))


def _derive_source(corpus: Corpus, parser: ArticleParser) -> Iterator[Article]:
    for candidates in corpus.source_candidates().values():
        for source in candidates:
            try:
                article = _parse_markdown(source, corpus.options, parser).source_article()
            except ArticleError as error:
                corpus.note_failure(error)
                continue  # the next newest has English too
            if article is not None and _has_text(article):
                yield article
                break


def _has_text(article: Article) -> bool:
    return any(section.text for section in article.sections)


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


def _origin(source: SourceFile, options: CorpusOptions) -> Origin:
    docset = source.docset
    page = source.path.split("/", 1)[1]
    page = page.removesuffix("/index") if page != "index" else ""

    def address(locale: str) -> str:
        return "/".join(part for part in (options.host.rstrip("/"), locale, docset.base_path, page) if part)

    return Origin(
        str(source.file),
        source.path,
        docset.locale,
        address(docset.locale),
        address(SOURCE_LOCALE),
        source.retired_to,
    )


def _mark_retired(corpus: Corpus, docsets: Sequence[Docset]) -> None:
    """An article that any locale's redirection file names is retired: that locale is ahead."""
    redirects = {path: target for docset in docsets for path, target in docset.redirects.items()}
    for locale, files in corpus.files.items():
        corpus.files[locale] = [
            replace(source, retired_to=redirects.get(f"{source.path}{source.file.suffix}".lower()))
            for source in files
        ]
