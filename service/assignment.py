"""What a writer or a rewriter is given, and how long it may wait for others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer import LocaleSummary, Passage, Ranking, Turn


class PassageSource(Protocol):
    """The part of an index that backs sentences: `indexer.Index` is one."""

    @property
    def locales(self) -> Sequence[LocaleSummary]:
        """The locales that it holds."""
        ...

    def passage(self, passage_id: str) -> Passage:
        """The passage of this id.

        Raises:
            UnknownPassage: there is none.
        """
        ...

    def sentence_cosines(self, text: str, passage_id: str) -> tuple[float, ...]:
        """How near each sentence of the passage is to the text; -1 for one without a vector."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer is waited for: `left_s` gives the seconds until nobody does any more.

    `checkpoint` raises once that is so.
    """

    checkpoint: Callable[[], None] = lambda: None
    left_s: Callable[[], float] = lambda: math.inf


@dataclass(frozen=True, slots=True)
class Assignment:
    """One answer to write.

    `ranking.question` is what was searched for, `history` the turns before it that it may refer to.
    `locale` is the reader's: another one than the ranking's where that is a fallback.
    """

    ranking: Ranking
    passages: PassageSource
    locale: str
    history: tuple[Turn, ...] = ()
    patience: Patience = Patience()


class Rewriter(Protocol):
    """Makes one question of a follow-up."""

    def rewrite(
        self, question: str, history: Sequence[Turn], *, locale: str, patience: Patience
    ) -> str | None:
        """The question to search for, None where the history has to be searched with."""
        ...
