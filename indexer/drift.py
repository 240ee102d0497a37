"""Locale drift: which editions lag behind, and what has changed in the article's English since.

1. The editions of an article are ordered by hand-over date; commits can't be ordered. One lags
   where another was handed over later, from another commit.
2. It is compared with the newest of those that have English. Of equal dates a translation comes
   before the source language, which may be derived from it, then the first by name.
3. Both English sides become statements, aligned in order by likeness (statements.py). Roles and
   scope have left the text and are compared by name.

Editions of one version share their English: it is compared once. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.locales import SOURCE_LOCALE
from indexer.records import Drift, Edition, EditionDrift, NamesChange, Passage, SentenceChange, Version
from indexer.statements import Statements, align, is_same, passage_place, plain, read_statements, source_of

ReadPassages = Callable[[Edition], Iterable[Passage]]


@dataclass(frozen=True, slots=True)
class Lag:
    """An edition's drift, and the newest English of each of its sentences that has changed.

    `quotes` maps (passage's place, sentence number) to it, None where the sentence was removed.
    """

    drift: EditionDrift
    quotes: Mapping[tuple[str, int], str | None]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two versions' statements aligned: `after[i]` is what became of the i-th old one."""

    changes: tuple[SentenceChange, ...]
    after: tuple[str | None, ...]
    changed: tuple[bool, ...]


def find_drift(editions: Iterable[Edition], read: ReadPassages) -> Iterator[Lag]:
    """The lagging editions by path and locale; `read` gives an edition's passages in order."""
    by_path: dict[str, list[Edition]] = {}
    for edition in editions:
        by_path.setdefault(edition.path, []).append(edition)
    for path in sorted(by_path):
        if len(by_path[path]) > 1:
            yield from _Article(by_path[path], read).lags()


class _Article:
    """The editions of one article; each one's English is read at most once, and only where asked for."""

    def __init__(self, editions: Sequence[Edition], read: ReadPassages) -> None:
        self._editions = sorted(editions, key=lambda edition: edition.locale)
        self._read = read
        self._sides: dict[str, Statements] = {}
        self._compared: dict[tuple[tuple[str, ...], tuple[str, ...]], _Comparison] = {}

    def lags(self) -> Iterator[Lag]:
        for edition in self._editions:
            newer = [other for other in self._editions if _is_newer(other, edition)]
            if newer:
                yield self._lag(edition, newer)

    def _lag(self, edition: Edition, newer: Sequence[Edition]) -> Lag:
        ranked = sorted(newer, key=_newest_first)
        newest = next((other for other in ranked if self._side(other).texts), ranked[0])
        own, theirs = self._side(edition), self._side(newest)
        version, ahead = _version(edition), _version(newest)
        if not own.texts or not theirs.texts:
            return Lag(EditionDrift(edition.path, version, ahead, None), {})
        texts = (own.texts, theirs.texts)
        if texts not in self._compared:
            self._compared[texts] = _compare(*texts)
        comparison = self._compared[texts]
        drift = EditionDrift(
            edition.path, version, ahead, comparison.changes,
            roles=_names_change(edition.roles, newest.roles),
            applies_to=_names_change(edition.applies_to, newest.applies_to),
        )  # fmt: skip
        return Lag(drift, _changed_quotes(own, comparison))

    def _side(self, edition: Edition) -> Statements:
        if edition.locale not in self._sides:
            self._sides[edition.locale] = read_statements(self._read(edition))
        return self._sides[edition.locale]


class DriftNotes:
    """What newer versions say of an index's sentences; holds only those that have changed."""

    def __init__(self, lags: Iterable[Lag]) -> None:
        self._lags = {(lag.drift.version.locale, lag.drift.path): lag for lag in lags}

    def of(self, passage: Passage, *, start: int, end: int) -> Drift | None:
        """What a newer version says of `passage.text[start:end]`, None where there is none."""
        lag = self._lags.get((passage.edition.locale, passage.edition.path))
        if lag is None:
            return None
        newest = lag.drift.newest
        touched = [
            number
            for number, sentence in enumerate(passage.sentences)
            if sentence.start < end and start < sentence.end and source_of(passage, number) is not None
        ]
        if lag.drift.changes is None or not touched:
            return Drift(newest.locale, newest.handed_over, None, None)
        place = passage_place(passage)
        if not any((place, number) in lag.quotes for number in touched):
            return Drift(newest.locale, newest.handed_over, False, None)
        said = [lag.quotes.get((place, number), source_of(passage, number)) for number in touched]
        # The cells of a row, and sentences that share their English, have one newest text.
        left = list(dict.fromkeys(text for text in said if text is not None))
        return Drift(newest.locale, newest.handed_over, True, " ".join(left) or None)


def _is_newer(other: Edition, edition: Edition) -> bool:
    ours, theirs = edition.translation, other.translation
    if ours.handed_over is None or theirs.handed_over is None or theirs.handed_over <= ours.handed_over:
        return False
    return theirs.source_commit is None or theirs.source_commit != ours.source_commit


def _newest_first(edition: Edition) -> tuple[int, bool, str]:
    handed_over = edition.translation.handed_over
    assert handed_over is not None
    return -handed_over.toordinal(), edition.locale == SOURCE_LOCALE, edition.locale


def _version(edition: Edition) -> Version:
    handed_over = edition.translation.handed_over
    assert handed_over is not None
    return Version(edition.locale, handed_over, edition.translation.source_commit)


def _compare(old: Sequence[str], new: Sequence[str]) -> _Comparison:
    before, after = [plain(text) for text in old], [plain(text) for text in new]
    found = align(before, after)
    texts = tuple(None if at is None else new[at] for at in found)
    changed = tuple(
        at is None or not is_same(after[at], text) for at, text in zip(found, before, strict=True)
    )
    # Sorted by the place in the new text; what was removed stands behind what it stood behind.
    steps: list[tuple[int, int, SentenceChange]] = []
    place = -1
    for number, at in enumerate(found):
        place = place if at is None else at
        if changed[number]:
            steps.append((place, 1 if at is None else 0, SentenceChange(old[number], texts[number])))
    added = set(range(len(new))).difference(at for at in found if at is not None)
    steps += [(at, 0, SentenceChange(None, new[at])) for at in added]
    changes = tuple(change for _, _, change in sorted(steps, key=lambda step: step[:2]))
    return _Comparison(changes, texts, changed)


def _changed_quotes(own: Statements, comparison: _Comparison) -> dict[tuple[str, int], str | None]:
    quotes: dict[tuple[str, int], str | None] = {}
    for place, numbers in own.owned.items():
        if any(comparison.changed[number] for number in numbers):
            left = [text for number in numbers if (text := comparison.after[number]) is not None]
            quotes[place] = " ".join(left) or None
    return quotes


def _names_change(before: tuple[str, ...], after: tuple[str, ...]) -> NamesChange | None:
    same = {name.casefold() for name in before} == {name.casefold() for name in after}
    return None if same else NamesChange(before, after)
