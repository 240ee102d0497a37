"""The articles of some roots, by locale, in path order.

1. Docsets are found (docsets.py) and their files listed (source_files.py).
2. A locale's articles are read from its files (article_files.py).
3. The source language, where no root holds it, is read from the English sides: for each article the
   newest hand-over that has English.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from indexer.article_files import ArticleFiles, Unread
from indexer.docfx import Origin
from indexer.docsets import Docset, find_docsets, refuse_twins
from indexer.errors import CorpusError
from indexer.locales import SOURCE_LOCALE
from indexer.source_files import Skipped, SourceFile, list_files

__all__ = ["Corpus", "CorpusOptions", "Skipped", "SourceFile", "read_corpus"]

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

    def articles(self, locale: str) -> list[ArticleFiles]:
        """What a locale's articles are read from, in path order."""
        if locale == SOURCE_LOCALE and self.derives_source:
            return [
                ArticleFiles(tuple(map(self.origin, candidates)), derived=True)
                for candidates in self.source_candidates().values()
            ]
        return [ArticleFiles((self.origin(source),)) for source in self.files[locale]]

    def origin(self, source: SourceFile) -> Origin:
        """Where a file stands."""
        docset = source.docset
        page = source.path.split("/", 1)[1]
        page = page.removesuffix("/index") if page != "index" else ""

        def address(locale: str) -> str:
            parts = (self.options.host.rstrip("/"), locale, docset.base_path, page)
            return "/".join(part for part in parts if part)

        return Origin(
            str(source.file),
            source.path,
            docset.locale,
            address(docset.locale),
            address(SOURCE_LOCALE),
            source.retired_to,
        )

    def note(self, unread: Iterable[Unread]) -> None:
        """Report files that gave no article, each once."""
        for each in unread:
            file = next(s.file for s in self.files[each.locale] if s.path == each.path)
            entry = Skipped(str(file), each.reason, each.line)
            entries = self.failed if each.failed else self.skipped
            if entry not in entries:
                entries.append(entry)


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


def _mark_retired(corpus: Corpus, docsets: Sequence[Docset]) -> None:
    """An article that any locale's redirection file names is retired: that locale is ahead."""
    redirects = {path: target for docset in docsets for path, target in docset.redirects.items()}
    for locale, files in corpus.files.items():
        corpus.files[locale] = [
            replace(source, retired_to=redirects.get(f"{source.path}{source.file.suffix}".lower()))
            for source in files
        ]
