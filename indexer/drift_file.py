"""A generation's drift on disk: what the build found out, a JSON line for each article that drifts.

    {"article", "texts": [...], "editions": [{"version", "newest", "changes", "roles", "applies_to",
    "quotes"}]}

Only what differs is stored, each English text once an article; the rest names it by its number.
The file looks over all locales, so it stands at the generation's root and is never taken over from
the one before. `DRIFT_FORMAT` is among the manifest's options; a generation without it was built
before there was drift.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import TypedDict

from indexer.drift import DriftNotes, Lag, find_drift
from indexer.durable import hash_file
from indexer.errors import IndexCorrupt, IndexMissing, UnknownArticle
from indexer.manifest import WAY_OUT, Manifest
from indexer.passage_file import PassageFile
from indexer.records import Edition, EditionDrift, NamesChange, SentenceChange, Version

DRIFT_FILE = "drift.jsonl"
# Raised when the comparison or the file changes; the next build then writes it anew, and nothing else.
DRIFT_FORMAT = 1


class _EditionLine(TypedDict):
    version: tuple[str, str, str | None]
    newest: tuple[str, str, str | None]
    changes: list[tuple[int | None, int | None]] | None
    roles: tuple[list[str], list[str]] | None
    applies_to: tuple[list[str], list[str]] | None
    quotes: dict[str, list[tuple[int, int | None]]]


class _Line(TypedDict):
    article: str
    texts: list[str]
    editions: list[_EditionLine]


def holds_drift(manifest: Manifest) -> bool:
    """Whether a generation's drift is recorded, in the form that this program reads."""
    return manifest.options.get("drift") == DRIFT_FORMAT


def check_article(glob: str, folder: Path, *, locales: Iterable[str]) -> None:
    """Let a glob over article paths pass where a generation has an article for it.

    Raises:
        UnknownArticle
    """
    for locale in locales:
        if any(fnmatchcase(edition.path, glob) for edition in PassageFile(folder / locale).editions):
            return
    raise UnknownArticle(f"no article matches {glob!r}: it is a glob over <docset>/<path>")


def write_drift(folder: Path, locales: Iterable[str]) -> None:
    """Compare the shards of these locales in a generation's folder and write its drift file."""
    files = {locale: PassageFile(folder / locale) for locale in sorted(locales)}
    editions = [edition for file in files.values() for edition in file.editions]
    rows: dict[Edition, list[tuple[PassageFile, int]]] = {edition: [] for edition in editions}
    for file in files.values():
        for row, number in enumerate(file.edition_numbers):
            rows[file.editions[number]].append((file, row))
    lags = find_drift(editions, lambda edition: (file[row] for file, row in rows[edition]))
    with (folder / DRIFT_FILE).open("wb") as out:
        for path, found in groupby(lags, key=lambda lag: lag.drift.path):
            out.write(_line(path, found))


def read_drift(folder: Path, manifest: Manifest) -> list[EditionDrift]:
    """The lagging editions of a generation, by path and locale; its drift file is verified first.

    Raises: IndexMissing where the generation was built without; IndexCorrupt.
    """
    if not holds_drift(manifest):
        raise IndexMissing(
            f"{folder}: was built before drift was recorded; run `python -m indexer build` with its articles"
        )
    entry, file = manifest.files.get(DRIFT_FILE), folder / DRIFT_FILE
    if entry is None or not file.is_file() or hash_file(file) != (entry.size, entry.sha256):
        raise IndexCorrupt(f"{file}: is not what the manifest says; {WAY_OUT}")
    return [lag.drift for lag in _read_lags(folder)]


def open_drift(folder: Path, manifest: Manifest) -> DriftNotes:
    """A generation's drift, ready to be asked; empty where it was built without.

    Raises: IndexCorrupt.
    """
    return DriftNotes(_read_lags(folder) if holds_drift(manifest) else ())


def _line(path: str, lags: Iterable[Lag]) -> bytes:
    numbers: dict[str, int] = {}

    def number(text: str | None) -> int | None:
        return None if text is None else numbers.setdefault(text, len(numbers))

    line = _Line(article=path, texts=[], editions=[_edition_line(lag, number) for lag in lags])
    line["texts"] = list(numbers)
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _edition_line(lag: Lag, number: Callable[[str | None], int | None]) -> _EditionLine:
    drift = lag.drift
    changes = None
    if drift.changes is not None:
        changes = [(number(change.before), number(change.after)) for change in drift.changes]
    quotes: dict[str, list[tuple[int, int | None]]] = {}
    for (place, sentence), text in lag.quotes.items():
        quotes.setdefault(place, []).append((sentence, number(text)))
    return _EditionLine(
        version=_version_line(drift.version),
        newest=_version_line(drift.newest),
        changes=changes,
        roles=_names_line(drift.roles),
        applies_to=_names_line(drift.applies_to),
        quotes=quotes,
    )


def _version_line(version: Version) -> tuple[str, str, str | None]:
    return version.locale, version.handed_over.isoformat(), version.source_commit


def _names_line(names: NamesChange | None) -> tuple[list[str], list[str]] | None:
    return None if names is None else (list(names.before), list(names.after))


def _read_lags(folder: Path) -> list[Lag]:
    file = folder / DRIFT_FILE
    try:
        return [lag for raw in file.read_bytes().splitlines() for lag in _read_line(json.loads(raw))]
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise IndexCorrupt(f"{file} holds no readable drift: {error!r}; {WAY_OUT}") from error


def _read_line(line: _Line) -> Iterator[Lag]:
    texts = line["texts"]

    def text(number: int | None) -> str | None:
        return None if number is None else texts[number]

    for entry in line["editions"]:
        found = entry["changes"]
        changes = None if found is None else tuple(SentenceChange(text(a), text(b)) for a, b in found)
        drift = EditionDrift(
            line["article"], _version(entry["version"]), _version(entry["newest"]), changes,
            _names(entry["roles"]), _names(entry["applies_to"]),
        )  # fmt: skip
        quotes = {(place, n): text(at) for place, own in entry["quotes"].items() for n, at in own}
        yield Lag(drift, quotes)


def _version(line: tuple[str, str, str | None]) -> Version:
    locale, handed_over, source_commit = line
    return Version(locale, date.fromisoformat(handed_over), source_commit)


def _names(line: tuple[list[str], list[str]] | None) -> NamesChange | None:
    return None if line is None else NamesChange(tuple(line[0]), tuple(line[1]))
