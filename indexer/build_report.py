"""What a build tells: how far it is while it runs, and what it did when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from indexer.corpus import Skipped


class Progress(Protocol):
    """Told what a build does. `total` is None where it isn't known."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins; the one before has ended."""

    def advance(self, count: int) -> None:
        """So many more of the stage's units are done."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int | None) -> None:
        """Ignore it."""

    def advance(self, count: int) -> None:
        """Ignore it."""


@dataclass(slots=True)
class LocaleReport:
    """What became of one locale.

    `embedded` and `copied` count rows: a side of a passage with its sentences, or words of an article.
    """

    articles: int = 0
    passages: int = 0
    sentences: int = 0
    embedded: int = 0
    copied: int = 0
    unchanged: bool = False


@dataclass(slots=True)
class BuildReport:
    """What a build did; `published` is False where nothing had changed.

    `damage` says what is wrong with the generation before, where nothing could be taken from it.
    """

    generation: str = ""
    published: bool = False
    seconds: float = 0.0
    locales: dict[str, LocaleReport] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Skipped] = field(default_factory=list)
    damage: str | None = None

    @property
    def embedded(self) -> int:
        """Rows embedded over all locales."""
        return sum(report.embedded for report in self.locales.values())

    @property
    def copied(self) -> int:
        """Rows copied over all locales."""
        return sum(report.copied for report in self.locales.values())
