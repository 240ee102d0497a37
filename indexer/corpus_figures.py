"""What an index holds, told by its editions: contents, ages, how locales lag behind each other, scope.

One edition of an article lags behind another that was handed over later, from another source commit;
commits themselves can't be ordered. What has changed in between is not looked at here.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from indexer.locales import SOURCE_LOCALE
from indexer.reading import Index
from indexer.records import Edition, TranslationType

# Locale -> article path -> edition.
Editions = Mapping[str, Mapping[str, Edition]]

# Columns of months that can still be read side by side; a longer time is counted by years.
MONTHS_MAX = 24


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers by row and column, `(rows, columns)`; NaN where there is nothing to count."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LocaleContents:
    """How much a locale holds; its articles by the kind of their translation."""

    locale: str
    articles: int
    passages: int
    sentences: int
    machine: int
    human: int
    source: int
    retired: int


@dataclass(frozen=True, slots=True)
class LocaleAge:
    """The hand-over dates of a locale's dated editions; `median_days` is their age on a given day."""

    locale: str
    dated: int
    oldest: date
    median: date
    newest: date
    median_days: int


@dataclass(frozen=True, slots=True)
class LocaleLag:
    """How a locale stands against all others.

    `missing` counts the articles that only others have, `behind` those of its `articles` that lag behind
    another locale's; `median_days` and `longest_days` are those between the two hand-overs, 0 without any.
    """

    locale: str
    articles: int
    missing: int
    behind: int
    median_days: int
    longest_days: int


@dataclass(frozen=True, slots=True)
class EditionLag:
    """An edition that lags behind, and the newest of those that it lags behind."""

    article: str
    locale: str
    handed_over: date
    newest_locale: str
    newest_handed_over: date
    days: int


@dataclass(frozen=True, slots=True)
class LocaleScope:
    """How many of a locale's articles say whom they are for, and how many different names they use."""

    locale: str
    articles: int
    with_roles: int
    roles: int
    with_applies_to: int
    applies_to: int


def editions_of(index: Index) -> dict[str, Mapping[str, Edition]]:
    """All editions of the index, by locale and path."""
    return {summary.locale: index.editions(summary.locale) for summary in index.locales}


def count_contents(index: Index) -> list[LocaleContents]:
    """What each locale holds, by name."""
    contents = []
    for summary in index.locales:
        editions = index.editions(summary.locale).values()
        types = Counter(edition.translation.type for edition in editions)
        contents.append(
            LocaleContents(
                summary.locale, summary.articles, summary.passages, summary.sentences,
                types[TranslationType.MACHINE], types[TranslationType.HUMAN], types[TranslationType.SOURCE],
                sum(edition.retired_to is not None for edition in editions),
            )
        )  # fmt: skip
    return contents


def measure_ages(editions: Editions, *, on: date) -> list[LocaleAge]:
    """The age of each locale's translations on a day; a locale without dates is left out."""
    ages = []
    for locale, ours in editions.items():
        dates = sorted(_dates(ours))
        if dates:
            median = statistics.median_low(dates)
            ages.append(LocaleAge(locale, len(dates), dates[0], median, dates[-1], (on - median).days))
    return ages


def count_hand_overs(editions: Editions) -> Grid:
    """How many editions of each locale were handed over in each month, or year over a long time.

    Periods without a hand-over are there too. Without any date there are no columns.
    """
    dates = [day for ours in editions.values() for day in _dates(ours)]
    periods: list[str] = []
    if dates:
        first, last = (day.year * 12 + day.month - 1 for day in (min(dates), max(dates)))
        months = [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]
        years = [f"{year:04}" for year in range(first // 12, last // 12 + 1)]
        periods = months if len(months) <= MONTHS_MAX else years
    counts = np.zeros((len(editions), len(periods)), dtype=np.float64)
    for row, ours in enumerate(editions.values()):
        for day in _dates(ours):
            counts[row, periods.index(day.isoformat()[: len(periods[0])])] += 1
    return Grid(tuple(editions), tuple(periods), counts)


def find_lags(editions: Editions) -> list[EditionLag]:
    """Every edition that lags behind, the longest first, then by article and locale."""
    lags = []
    for path, ours in _by_article(editions).items():
        for edition in ours:
            newer = [other for other in ours if _lags(edition, other)]
            if newer:
                newest = min(newer, key=_newest_first)
                before, after = _handed_over(edition), _handed_over(newest)
                days = (after - before).days
                lags.append(EditionLag(path, edition.locale, before, newest.locale, after, days))
    return sorted(lags, key=lambda lag: (-lag.days, lag.article, lag.locale))


def measure_lags(editions: Editions) -> list[LocaleLag]:
    """How each locale stands against all others."""
    days: dict[str, list[int]] = {locale: [] for locale in editions}
    for lag in find_lags(editions):
        days[lag.locale].append(lag.days)
    articles = len(_by_article(editions))
    return [
        LocaleLag(
            locale, len(ours), articles - len(ours), len(days[locale]),
            statistics.median_low(days[locale]) if days[locale] else 0, max(days[locale], default=0),
        )
        for locale, ours in editions.items()
    ]  # fmt: skip


def compare_locales(editions: Editions) -> Grid:
    """Of the articles that both have, the share in which the row's locale lags behind the column's.

    NaN where they have none in common, and for a locale and itself.
    """
    shares = np.full((len(editions), len(editions)), np.nan, dtype=np.float64)
    for row, ours in enumerate(editions.values()):
        for column, theirs in enumerate(editions.values()):
            common = ours.keys() & theirs.keys()
            if row != column and common:
                shares[row, column] = sum(_lags(ours[path], theirs[path]) for path in common) / len(common)
    return Grid(tuple(editions), tuple(editions), shares)


def count_scope(editions: Editions) -> list[LocaleScope]:
    """How many articles of each locale name roles, and what they apply to."""
    return [
        LocaleScope(
            locale, len(ours),
            sum(bool(edition.roles) for edition in ours.values()),
            len({name for edition in ours.values() for name in edition.roles}),
            sum(bool(edition.applies_to) for edition in ours.values()),
            len({name for edition in ours.values() for name in edition.applies_to}),
        )
        for locale, ours in editions.items()
    ]  # fmt: skip


def share_roles(editions: Editions, *, most: int) -> Grid:
    """The `most` frequent roles, and the share of each locale's articles that name them.

    The order is that of their number over all locales, then by name. NaN in a locale without articles.
    """
    counts = {
        locale: Counter(role for edition in ours.values() for role in edition.roles)
        for locale, ours in editions.items()
    }
    total: Counter[str] = sum(counts.values(), Counter())
    names = sorted(total, key=lambda name: (-total[name], name))[:most]
    shares = [
        [counts[locale][name] / len(ours) if ours else np.nan for locale, ours in editions.items()]
        for name in names
    ]
    values = np.array(shares, dtype=np.float64).reshape(len(names), len(editions))
    return Grid(tuple(names), tuple(editions), values)


def _by_article(editions: Editions) -> dict[str, Sequence[Edition]]:
    """The editions of each article, by path; those of one article in order of their locales' names."""
    found: dict[str, list[Edition]] = {}
    for ours in editions.values():
        for path, edition in ours.items():
            found.setdefault(path, []).append(edition)
    return {path: sorted(found[path], key=attrgetter("locale")) for path in sorted(found)}


def _dates(ours: Mapping[str, Edition]) -> list[date]:
    return [edition.translation.handed_over for edition in ours.values() if edition.translation.handed_over]


def _handed_over(edition: Edition) -> date:
    assert edition.translation.handed_over is not None
    return edition.translation.handed_over


def _newest_first(edition: Edition) -> tuple[int, bool, str]:
    """The order of newer editions: of equal dates a translation comes before its source, then by name."""
    return -_handed_over(edition).toordinal(), edition.locale == SOURCE_LOCALE, edition.locale


def _lags(edition: Edition, other: Edition) -> bool:
    """Whether `edition` lags behind `other`; what has no date or no commit can't be told to."""
    ours, theirs = edition.translation, other.translation
    if ours.handed_over is None or theirs.handed_over is None:
        return False
    if ours.source_commit is None or theirs.source_commit is None:
        return False
    return ours.handed_over < theirs.handed_over and ours.source_commit != theirs.source_commit
