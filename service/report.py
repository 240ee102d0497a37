"""What was asked, what was answered, and what readers thought of it: counts over exchanges.

Pure: it reads no database and no clock.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from math import sqrt

from indexer import TranslationType
from service.exchanges import CitedPassage, RatedExchange
from service.refusal_groups import OpenModel, group_refusals
from service.report_figures import CitedSection, DayCount, LocaleCount, Note, Origin, Report

GROUPS_MAX = 50
SECTIONS_MAX = 15
NOTES_MAX = 20
# 95 % of a normal distribution lie within so many standard deviations.
Z = 1.96


def build_report(
    exchanges: Iterable[RatedExchange], *, since: datetime, until: datetime, open_model: OpenModel
) -> Report:
    """The report over `exchanges`, oldest first; `open_model` gives what groups refusals by meaning."""
    rated = list(exchanges)
    refused = [each.exchange for each in rated if each.exchange.reason is not None]
    # Without a filter there is always a nearest article.
    gaps = [exchange for exchange in refused if exchange.nearest_article is not None]
    groups = group_refusals(gaps, open_model=open_model)
    sections = _sections(rated)
    return Report(
        since=since,
        until=until,
        questions=len(rated),
        conversations=len({each.exchange.conversation for each in rated}),
        answered=len(rated) - len(refused),
        up=_ratings(rated, "up"),
        down=_ratings(rated, "down"),
        locales=_locales(rated),
        days=_days(rated),
        abstained=_most(Counter(str(exchange.reason) for exchange in gaps)),
        refusals=tuple(groups[:GROUPS_MAX]),
        refusals_left_out=sum(group.size for group in groups[GROUPS_MAX:]),
        nothing_allowed=len(refused) - len(gaps),
        reasons=_most(Counter(reason for each in rated if each.feedback for reason in each.feedback.reasons)),
        liked=_ranked(sections, lambda section: (section.up, section.down)),
        disliked=_ranked(sections, lambda section: (section.down, section.up)),
        origins=_origins(rated),
        outdated=_outdated(rated),
        notes=_notes(rated),
    )


def wilson_bound(hits: int, misses: int) -> float:
    """The lower end of the 95 % interval of a share: few ratings count for less; 0 without any.

    Source: E. B. Wilson, Probable inference, JASA 22 (1927), 209-212.
    """
    n = hits + misses
    if n == 0:
        return 0.0
    p = hits / n
    return (p + Z * Z / (2 * n) - Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))) / (1 + Z * Z / n)


def _ratings(rated: Iterable[RatedExchange], rating: str) -> int:
    return sum(each.feedback is not None and each.feedback.rating == rating for each in rated)


def _most(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _locales(rated: Sequence[RatedExchange]) -> tuple[LocaleCount, ...]:
    by_locale: dict[str, list[RatedExchange]] = {}
    for each in rated:
        by_locale.setdefault(each.exchange.locale, []).append(each)
    counts = [
        LocaleCount(
            locale=locale,
            questions=len(members),
            answered=sum(each.exchange.reason is None for each in members),
            fallbacks=sum(each.exchange.fallback for each in members),
            up=_ratings(members, "up"),
            down=_ratings(members, "down"),
        )
        for locale, members in by_locale.items()
    ]
    return tuple(sorted(counts, key=lambda count: (-count.questions, count.locale)))


def _days(rated: Iterable[RatedExchange]) -> tuple[DayCount, ...]:
    asked: Counter[date] = Counter()
    answered: Counter[date] = Counter()
    for each in rated:
        day = each.exchange.asked_at.astimezone(UTC).date()
        asked[day] += 1
        answered[day] += each.exchange.reason is None
    return tuple(DayCount(day, asked[day], answered[day]) for day in sorted(asked))


def _sections(rated: Iterable[RatedExchange], *, changed_only: bool = False) -> list[CitedSection]:
    """The cited sections; an answer that cites one twice counts once."""
    cited: Counter[str] = Counter()
    up: Counter[str] = Counter()
    down: Counter[str] = Counter()
    for each in rated:
        places = {_place(c) for c in each.exchange.citations if c.drifted or not changed_only}
        cited.update(places)
        if each.feedback is not None:
            (up if each.feedback.rating == "up" else down).update(places)
    return [CitedSection(place, cited[place], up[place], down[place]) for place in cited]


def _place(citation: CitedPassage) -> str:
    # The number of a passage in its section is not the same in the next generation.
    return re.sub(r"\.\d+$", "", citation.passage_id)


def _ranked(
    sections: Iterable[CitedSection], ratings: Callable[[CitedSection], tuple[int, int]]
) -> tuple[CitedSection, ...]:
    """Those with a rating of the first kind, surest first."""
    rated = [section for section in sections if ratings(section)[0]]
    rated.sort(key=lambda section: (-wilson_bound(*ratings(section)), section.place))
    return tuple(rated[:SECTIONS_MAX])


def _outdated(rated: Iterable[RatedExchange]) -> tuple[CitedSection, ...]:
    sections = _sections(rated, changed_only=True)
    sections.sort(key=lambda section: (-section.cited, section.place))
    return tuple(sections[:SECTIONS_MAX])


def _origins(rated: Iterable[RatedExchange]) -> tuple[Origin, ...]:
    counts: dict[TranslationType, Counter[str]] = {type_: Counter() for type_ in TranslationType}
    for each in rated:
        rating = None if each.feedback is None else each.feedback.rating
        for citation in each.exchange.citations:
            count = counts[citation.translation]
            count["citations"] += 1
            count["changed"] += citation.drifted is True
            count["unknown"] += citation.drifted is None
            count["up"] += rating == "up"
            count["down"] += rating == "down"
    return tuple(
        Origin(type_, n["citations"], n["changed"], n["unknown"], n["up"], n["down"])
        for type_, n in counts.items()
        if n["citations"]
    )


def _notes(rated: Sequence[RatedExchange]) -> tuple[Note, ...]:
    noted = [each for each in rated if each.feedback is not None and each.feedback.note is not None]
    noted.sort(key=lambda each: each.feedback.rated_at if each.feedback else each.exchange.asked_at)
    return tuple(
        Note(
            day=each.feedback.rated_at.astimezone(UTC).date(),
            locale=each.exchange.locale,
            rating=each.feedback.rating,
            reasons=each.feedback.reasons,
            text=each.feedback.note or "",
        )
        for each in reversed(noted[-NOTES_MAX:])
        if each.feedback is not None
    )
