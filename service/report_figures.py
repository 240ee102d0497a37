"""The records of a report: its figures, before they become a table or a page.

Frozen. Shares are None where there is nothing to divide by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from indexer import TranslationType
from service.refusal_groups import RefusalGroup


def share(part: int, whole: int) -> float | None:
    """`part / whole`, None of nothing."""
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class LocaleCount:
    """What was asked for in one locale; `fallbacks` were answered in another one."""

    locale: str
    questions: int
    answered: int
    fallbacks: int
    up: int
    down: int

    @property
    def share_answered(self) -> float | None:
        """Of its questions."""
        return share(self.answered, self.questions)


@dataclass(frozen=True, slots=True)
class DayCount:
    """One day in UTC."""

    day: date
    questions: int
    answered: int


@dataclass(frozen=True, slots=True)
class CitedSection:
    """A section of an article, with how often answers cited it and what readers thought of those.

    `place` is `<locale>/<article>#<section>`.
    """

    place: str
    cited: int
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Citations whose words come about in one way; `changed` ones quote a sentence that is outdated.

    `unknown` ones could not be compared with the newer version that there is.
    """

    translation: TranslationType
    citations: int
    changed: int
    unknown: int
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader wrote; `reasons` go with it."""

    day: date
    locale: str
    rating: str
    reasons: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the exchanges asked in `since <= t < until`.

    `reasons` and `abstained` are (name, count), most frequent first. `nothing_allowed` questions were
    refused because their filters left no passage; they stand in neither `abstained` nor `refusals`.
    """

    since: datetime
    until: datetime
    questions: int
    conversations: int
    answered: int
    up: int
    down: int
    locales: tuple[LocaleCount, ...]
    days: tuple[DayCount, ...]
    abstained: tuple[tuple[str, int], ...]
    refusals: tuple[RefusalGroup, ...]
    refusals_left_out: int
    nothing_allowed: int
    reasons: tuple[tuple[str, int], ...]
    liked: tuple[CitedSection, ...]
    disliked: tuple[CitedSection, ...]
    origins: tuple[Origin, ...]
    outdated: tuple[CitedSection, ...]
    notes: tuple[Note, ...]

    @property
    def share_answered(self) -> float | None:
        """Of all questions."""
        return share(self.answered, self.questions)
