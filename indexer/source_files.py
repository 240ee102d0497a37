"""The files of a docset: each is an article, or skipped or failed with a reason.

Nothing outside the docset's root is read: symbolic links that leave it, devices and oversize files
are reported. Files come in the order of their paths.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from indexer.docsets import REPOSITORY_PAGES, Docset
from indexer.errors import ArticleError, CorpusError
from indexer.faq import MIME
from indexer.frontmatter import header_date

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 100_000
MARKDOWN = ".md"
_SUFFIXES = frozenset({MARKDOWN, ".yml", ".yaml"})
_SKIPPED_FOLDERS = {"includes": "an include", "obj": "build output", "breadcrumb": "a breadcrumb"}
_HAND_OVER = re.compile(rb"^[ \t]*ms\.lasthandoff:[ \t]*[\"']?([0-9/-]+)", re.MULTILINE)
_MIME = re.compile(r"\A\ufeff?\s*#+\s*(YamlMime:\w+)")


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


@dataclass(slots=True)
class FileList:
    """What a docset's folder holds, in the order of paths."""

    articles: list[SourceFile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Skipped] = field(default_factory=list)


def list_files(docset: Docset, progress: Callable[[int], None] | None = None) -> FileList:
    """List a docset's articles; `progress` gets 1 for each.

    Raises: CorpusError where there are more than `MAX_FILES`.
    """
    found = FileList()
    taken: dict[str, Path] = {}
    for file in _walk(docset, found):
        if file.suffix.lower() not in _SUFFIXES:
            continue
        relative = file.relative_to(docset.folder)
        try:
            content = _content(docset, file, relative)
        except _NoArticle as error:
            found.skipped.append(Skipped(str(file), str(error)))
            continue
        except ArticleError as error:
            found.failed.append(Skipped(error.path, error.reason))
            continue
        path = f"{docset.name}/{relative.with_suffix('').as_posix()}"
        if (twin := taken.setdefault(path, file)) is not file:
            reason = f"the article {path} is read from {twin.name} already"
            found.failed.append(Skipped(str(file), reason))
            continue
        if len(found.articles) == MAX_FILES:
            raise CorpusError(f"{docset.folder} holds more than {MAX_FILES} articles: index it in parts")
        found.articles.append(_source_file(docset, file, path, content))
        if progress is not None:
            progress(1)
    found.articles.sort(key=lambda source: source.path)
    return found


class _NoArticle(Exception):
    """A file is skipped on purpose; the message is the reason."""


def _walk(docset: Docset, found: FileList) -> Iterator[Path]:
    """All files below a folder; links to folders are not followed, but reported."""
    folders = [docset.folder]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found.failed.append(Skipped(str(folder), error.strerror or str(error)))
            continue
        inner = []
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if entry.name.startswith("."):
                    found.skipped.append(Skipped(entry.path, "a hidden folder"))
                else:
                    inner.append(path)
            elif entry.is_symlink() and path.is_dir():
                if _is_inside(path, docset.root):
                    found.skipped.append(Skipped(entry.path, "a link to a folder of the corpus"))
                else:
                    found.failed.append(Skipped(entry.path, "a link that leaves the corpus"))
            else:
                yield path
        folders += reversed(inner)


def _is_inside(file: Path, root: Path) -> bool:
    # realpath, because Path.resolve raises on a link to itself.
    return Path(os.path.realpath(file)).is_relative_to(os.path.realpath(root))


def _content(docset: Docset, file: Path, relative: Path) -> bytes:
    """The bytes of a file that holds an article.

    Raises: _NoArticle where it holds none, ArticleError where it can't be read.
    """
    shown = os.fsencode(file).decode("utf-8", "backslashreplace")
    if shown != str(file):
        raise ArticleError(shown, None, "a name that is not UTF-8: rename the file")
    if not _is_inside(file, docset.root):
        raise ArticleError(shown, None, "a link that leaves the corpus")
    if not file.is_file():
        raise ArticleError(shown, None, "no regular file")
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ArticleError(shown, None, f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
        _refuse_place(docset, relative)
        content = file.read_bytes()
    except OSError as error:
        raise ArticleError(shown, None, error.strerror or str(error)) from error
    if file.suffix.lower() != MARKDOWN:
        _refuse_kind(content)
    return content


def _refuse_place(docset: Docset, relative: Path) -> None:
    for folder in relative.parts[:-1]:
        if folder.lower() in _SKIPPED_FOLDERS:
            raise _NoArticle(_SKIPPED_FOLDERS[folder.lower()])
    stem = relative.stem.lower()
    if stem == "toc":
        raise _NoArticle("a table of contents")
    if stem in REPOSITORY_PAGES:
        raise _NoArticle("about the repository, not an article")
    posix = relative.as_posix()
    for glob in docset.excluded:
        if fnmatchcase(posix, glob) or fnmatchcase(f"/{posix}", glob.replace("**", "*")):
            raise _NoArticle(f"left out by docfx.json ({glob})")


def _refuse_kind(content: bytes) -> None:
    mime = _MIME.match(content[:200].decode("utf-8", errors="replace"))
    if mime is None:
        raise _NoArticle("YAML that is no FAQ page")
    if mime[1] != MIME:
        raise _NoArticle(f"a {mime[1]} page")


def _source_file(docset: Docset, file: Path, path: str, content: bytes) -> SourceFile:
    found = _HAND_OVER.search(content)
    handed_over = None if found is None else header_date({"at": found[1].decode("ascii")}, "at")
    bilingual = file.suffix.lower() == MARKDOWN and b"data-stu-id=" in content
    return SourceFile(docset, file, path, hashlib.sha256(content).hexdigest(), handed_over, bilingual)
