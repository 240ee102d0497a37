"""Docsets on disk: finding them, listing their files, and parsing a locale's articles in path order.

1. Each root is a checkout (`.openpublishing.publish.config.json` names docsets, locale and base path),
   a folder with `docfx.json`, a folder of such, or `<locale>/<docset>/...`.
2. Its files are listed in sorted order. Each is an article, an FAQ page, or skipped with a reason.
3. A locale is parsed file by file; one that can't be read is reported and does not stop the others.
4. The source language, where no root holds it, is read from the English sides: for each article the
   newest hand-over that has English.

Nothing outside a root is read: symbolic links that leave it, devices and oversize files are reported.
Nothing that an article links to is fetched.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from indexer.docfx import ArticleParser, Origin
from indexer.errors import ArticleError, CorpusError
from indexer.faq import MIME, parse_faq
from indexer.frontmatter import header_date
from indexer.locales import SOURCE_LOCALE, is_locale, normalise_locale
from indexer.records import Article

PUBLISH_CONFIG = ".openpublishing.publish.config.json"
REDIRECTIONS = ".openpublishing.redirection.json"
MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 100_000
DEFAULT_HOST = "https://learn.microsoft.com"
_SEARCH_DEPTH = 3
_SKIPPED_FOLDERS = {"includes": "an include", "obj": "build output", "breadcrumb": "a breadcrumb"}
_SKIPPED_NAMES = frozenset({"readme", "license", "license-code", "thirdpartynotices", "contributing"})
_HAND_OVER = re.compile(rb"^\s*ms\.lasthandoff:\s*[\"']?([0-9/-]+)", re.MULTILINE)
_MIME = re.compile(r"\A\ufeff?\s*#+\s*(YamlMime:\w+)")


@dataclass(frozen=True, slots=True)
class Docset:
    """A folder of articles in one locale. `base_path` is its place in the web address."""

    name: str
    locale: str
    folder: Path
    root: Path
    base_path: str
    redirects: Mapping[str, str]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that holds an article. `path` is `<docset>/<path without extension>`."""

    docset: Docset
    file: Path
    path: str
    sha256: str
    handed_over: date | None
    bilingual: bool
    retired_to: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that holds no article, or couldn't be read: where and why."""

    file: str
    reason: str
    line: int | None = None


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
            files: Iterable[SourceFile] = (found[0] for found in self.source_candidates().values())
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
    docsets = [docset for root in roots for docset in find_docsets(root, corpus.options)]
    _refuse_twins(docsets)
    for docset in sorted(docsets, key=lambda found: (found.locale, found.name)):
        if locales is None or docset.locale in locales or SOURCE_LOCALE in locales:
            _list_files(docset, corpus, progress)
    corpus.files = {locale: files for locale, files in sorted(corpus.files.items()) if files}
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
            yield parse_file(source, corpus.options, parser)
        except ArticleError as error:
            corpus.failed.append(Skipped(error.path, error.reason, error.line))


def parse_file(source: SourceFile, options: CorpusOptions, parser: ArticleParser) -> Article:
    """Parse one file.

    Raises: ArticleError naming the file.
    """
    text, origin = _read_text(source.file), _origin(source, options)
    if source.file.suffix == ".yml":
        return parse_faq(text, origin, parser)
    return parser.parse(text, origin).article


def _derive_source(corpus: Corpus, parser: ArticleParser) -> Iterator[Article]:
    for candidates in corpus.source_candidates().values():
        for source in candidates:
            try:
                parsed = parser.parse(_read_text(source.file), _origin(source, corpus.options))
            except ArticleError:
                continue  # named where its own locale is parsed; the next newest has English too
            article = parsed.source_article()
            if article is not None:
                yield article
                break


def find_docsets(
    root: Path, options: CorpusOptions, *, depth: int = 0, locale: str | None = None
) -> list[Docset]:
    """The docsets at or below `root`, sorted by folder.

    Raises: CorpusError where `root` is no folder or a configuration file can't be read.
    """
    if not root.is_dir():
        raise CorpusError(f"{root} is no folder")
    if (root / PUBLISH_CONFIG).is_file():
        return _checkout_docsets(root, options)
    locale = _locale_of(root.name) or locale
    if (root / "docfx.json").is_file() or (locale is not None and any(root.glob("*.md"))):
        if locale is None:
            locale = _locale_of(root.parent.name)
        if locale is None:
            raise CorpusError(
                f"{root} has articles but no locale: put it below a folder named after one, such as ja-jp"
            )
        return [_docset(root, root.parent, locale, root.name, options)]
    if depth >= _SEARCH_DEPTH:
        return []
    children = sorted(child for child in root.iterdir() if child.is_dir() and not child.name.startswith("."))
    return [
        docset
        for child in children
        for docset in find_docsets(child, options, depth=depth + 1, locale=locale)
    ]


def _checkout_docsets(root: Path, options: CorpusOptions) -> list[Docset]:
    config = _load_json(root / PUBLISH_CONFIG)
    entries = config.get("docsets_to_publish") if isinstance(config, dict) else None
    if not isinstance(entries, list):
        raise CorpusError(f"{root / PUBLISH_CONFIG} names no docsets_to_publish")
    folders = {child.name.lower(): child for child in root.iterdir() if child.is_dir()}
    found = []
    for entry in entries:
        folder = folders.get(str(entry.get("build_source_folder", "")).strip("./").lower())
        if folder is None:
            continue
        locale = _locale_of(str(entry.get("locale", ""))) or _locale_of(root.name)
        if locale is None:
            raise CorpusError(f"{root / PUBLISH_CONFIG} gives no locale for {folder.name}")
        base_path = str(entry.get("build_output_subfolder") or folder.name)
        found.append(_docset(folder, root, locale, base_path, options))
    return found


def _docset(folder: Path, root: Path, locale: str, base_path: str, options: CorpusOptions) -> Docset:
    base_path = options.base_paths.get(folder.name, base_path).strip("/")
    redirects: dict[str, str] = {}
    if (root / REDIRECTIONS).is_file():
        table = _load_json(root / REDIRECTIONS)
        entries = table.get("redirections", []) if isinstance(table, dict) else []
        redirects = {
            str(entry["source_path"]).lower(): str(entry["redirect_url"])
            for entry in entries
            if isinstance(entry, dict) and "source_path" in entry and "redirect_url" in entry
        }
    return Docset(folder.name, locale, folder, root, base_path, redirects, _excluded(folder))


def _excluded(folder: Path) -> tuple[str, ...]:
    """The globs that docfx.json leaves out."""
    if not (folder / "docfx.json").is_file():
        return ()
    config = _load_json(folder / "docfx.json")
    build = config.get("build") if isinstance(config, dict) else None
    content = build.get("content") if isinstance(build, dict) else None
    return tuple(
        str(glob)
        for entry in (content if isinstance(content, list) else [])
        if isinstance(entry, dict)
        for glob in entry.get("exclude", [])
    )


def _list_files(docset: Docset, corpus: Corpus, progress: Callable[[int], None] | None) -> None:
    listed = corpus.files.setdefault(docset.locale, [])
    taken: dict[str, Path] = {}
    for file in sorted(docset.folder.rglob("*")):
        if file.suffix.lower() not in (".md", ".yml", ".yaml") or (file.is_dir() and not file.is_symlink()):
            continue
        if len(listed) >= MAX_FILES:
            raise CorpusError(f"{docset.folder} holds more than {MAX_FILES} articles")
        relative = file.relative_to(docset.folder)
        try:
            reason = _reason_to_skip(docset, file, relative)
            content = b"" if reason else file.read_bytes()
            reason = reason or _kind_reason(content, relative)
        except (OSError, ArticleError) as error:
            what = error.reason if isinstance(error, ArticleError) else (error.strerror or str(error))
            corpus.failed.append(Skipped(str(file), what))
            continue
        if reason:
            corpus.skipped.append(Skipped(str(file), reason))
            continue
        path = f"{docset.name}/{relative.with_suffix('').as_posix()}"
        if (twin := taken.setdefault(path, file)) is not file:
            corpus.failed.append(Skipped(str(file), f"the article {path} is read from {twin.name} already"))
            continue
        listed.append(
            SourceFile(
                docset,
                file,
                path,
                hashlib.sha256(content).hexdigest(),
                _hand_over(content),
                b"data-stu-id=" in content,
            )
        )
        if progress is not None:
            progress(1)
    listed.sort(key=lambda source: (source.path, source.file.suffix))


def _reason_to_skip(docset: Docset, file: Path, relative: Path) -> str | None:
    if not file.resolve().is_relative_to(docset.root.resolve()):
        raise ArticleError(str(file), None, "a link that leaves the corpus")
    if not file.is_file():
        raise ArticleError(str(file), None, "no regular file")
    if file.stat().st_size > MAX_FILE_BYTES:
        raise ArticleError(str(file), None, f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
    for folder in relative.parts[:-1]:
        if folder.lower() in _SKIPPED_FOLDERS:
            return _SKIPPED_FOLDERS[folder.lower()]
    stem = relative.stem.lower()
    if stem == "toc":
        return "a table of contents"
    if stem in _SKIPPED_NAMES:
        return "about the repository, not an article"
    posix = relative.as_posix()
    for glob in docset.excluded:
        if fnmatchcase(posix, glob) or fnmatchcase(f"/{posix}", glob.replace("**", "*")):
            return f"left out by docfx.json ({glob})"
    return None


def _kind_reason(content: bytes, relative: Path) -> str | None:
    if relative.suffix == ".md":
        return None
    mime = _MIME.match(content[:200].decode("utf-8", errors="replace"))
    if mime is not None and mime[1] == MIME:
        return None
    return f"a {mime[1]} page" if mime is not None else "YAML that is no FAQ page"


def _hand_over(content: bytes) -> date | None:
    found = _HAND_OVER.search(content)
    return header_date({"at": found[1].decode("ascii")}, "at") if found is not None else None


def _read_text(file: Path) -> str:
    content = file.read_bytes()
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


def _locale_of(name: str) -> str | None:
    """The locale that a folder is named after: `ja-jp`, or `partner-center-pr.ja-jp`."""
    last = name.rsplit(".", 1)[-1]
    return normalise_locale(last) if is_locale(last) else None


def _load_json(file: Path) -> object:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise CorpusError(f"{file} can't be read: {error}") from error


def _refuse_twins(docsets: Sequence[Docset]) -> None:
    seen: dict[tuple[str, str], Docset] = {}
    for docset in docsets:
        twin = seen.setdefault((docset.locale, docset.name), docset)
        if twin is not docset:
            raise CorpusError(
                f"{docset.name} in {docset.locale} stands twice: "
                f"{twin.folder} and {docset.folder}; name one of them"
            )
