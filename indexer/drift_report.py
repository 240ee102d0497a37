"""Drift as a reader gets it: lines for the terminal, and rows for a spreadsheet."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from indexer.records import EditionDrift, NamesChange, SentenceChange, Version
from indexer.terminal import results

CSV_COLUMNS = (
    "article", "locale", "handed_over", "source_commit", "newest_locale", "newest_handed_over",
    "newest_source_commit", "change", "before", "after",
)  # fmt: skip
_NAMED = {
    "roles": "other roles", "applies_to": "another scope", "none": "no sentence changed",
    "not_compared": "no English to compare",
}  # fmt: skip
_WITHOUT_TEXT = ("none", "not_compared")
# A cell that begins so is a formula to a spreadsheet; articles are not to be trusted with one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def change_kind(change: SentenceChange) -> str:
    """`added`, `removed` or `changed`."""
    if change.before is None:
        return "added"
    return "removed" if change.after is None else "changed"


def print_drift(editions: Sequence[EditionDrift], *, with_sentences: bool) -> None:
    """Print a line for each lagging edition, with its changes below it where wanted, then the sums."""
    out = results()
    if not editions:
        out.print("no edition lags behind")
        return
    for edition in editions:
        own, newest = edition.version, edition.newest
        out.print(
            f"{edition.path}: {own.locale} of {own.handed_over} lags behind {newest.locale} "
            f"of {newest.handed_over}: {_summary(edition)}"
        )
        for kind, before, after in _changes(edition) if with_sentences else ():
            if kind not in _WITHOUT_TEXT:
                out.print(f"  - {before}\n  + {after}\n")
    behind = Counter(edition.version.locale for edition in editions)
    out.print(f"articles behind: {', '.join(f'{name} {behind[name]}' for name in sorted(behind))}")


def write_csv(editions: Sequence[EditionDrift], out: TextIO) -> None:
    """Write a row for each change, and one for an edition without any.

    `change` is `added`, `removed`, `changed`, `roles`, `applies_to`, `none`, or `not_compared`
    where there is no English. What a spreadsheet would take for a formula has an apostrophe before it.
    """
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    for edition in editions:
        place = (edition.path, *_version_row(edition.version), *_version_row(edition.newest))
        for kind, before, after in _changes(edition):
            rows.writerow([_cell(text) for text in (*place, kind, before, after)])


def _changes(edition: EditionDrift) -> Iterator[tuple[str, str, str]]:
    if edition.changes is None:
        yield "not_compared", "", ""
        return
    for change in edition.changes:
        yield change_kind(change), change.before or "", change.after or ""
    for kind, names in (("roles", edition.roles), ("applies_to", edition.applies_to)):
        if names is not None:
            yield kind, *_joined(names)
    if not edition.changes and edition.roles is None and edition.applies_to is None:
        yield "none", "", ""


def _joined(names: NamesChange) -> tuple[str, str]:
    return " | ".join(names.before), " | ".join(names.after)


def _summary(edition: EditionDrift) -> str:
    """`3 added, 12 changed, other roles`."""
    kinds = Counter(kind for kind, _, _ in _changes(edition))
    counted = [f"{kinds[kind]} {kind}" for kind in ("added", "removed", "changed") if kinds[kind]]
    named = [words for kind, words in _NAMED.items() if kinds[kind]]
    return ", ".join([*counted, *named])


def _version_row(version: Version) -> tuple[str, str, str]:
    return version.locale, version.handed_over.isoformat(), version.source_commit or ""


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
