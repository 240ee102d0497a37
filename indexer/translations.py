"""A question in another language than the locale's, matched in that language's own passages.

Passages of equal article, section and number are translations of each other. The words of a French
question find nothing in an English article, but they do in its French edition: what those score
counts for the English passages too, and the answer still comes from the locale asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from indexer.lexical import Scores
from indexer.shard import Shard

# What another language's familiarity must be above the locale's own. Between .05 and .2 the same
# questions are told apart (332 questions, docs/measurements.md).
MARGIN = 0.12
# A question this familiar is in the locale's language: the other locales are not looked at.
FAMILIAR = 0.55


class Translations:
    """The shards of an index beside each other."""

    def __init__(self, shards: Mapping[str, Shard]) -> None:
        self._shards = shards
        self._rows_in = lru_cache(maxsize=None)(self._map_rows)

    def lexical_scores(self, texts: tuple[tuple[str, float], ...], locale: str) -> Scores | None:
        """What the translations of the locale's passages score, `(passages,)`.

        None where the first of `texts`, the question, is in the locale's own language, or no other
        locale knows its words better.
        """
        other = self.language_of(texts[0][0], locale)
        if other is None:
            return None
        found = self._shards[other].target_scores(texts)
        rows = self._rows_in(other, locale)
        borrowed = np.zeros(len(self._shards[locale].passages), dtype=np.float32)
        borrowed[rows[rows >= 0]] = found[rows >= 0]
        return borrowed

    def language_of(self, question: str, locale: str) -> str | None:
        """The locale whose language the question is in, where it is not the locale's own."""
        own = self._shards[locale].familiarity(question)
        if own >= FAMILIAR or len(self._shards) == 1:
            return None
        others = {
            other: shard.target_familiarity(question)
            for other, shard in sorted(self._shards.items())
            if other != locale
        }
        best = max(others, key=lambda other: others[other])
        return best if others[best] > own + MARGIN else None

    def _map_rows(self, other: str, locale: str) -> NDArray[np.int64]:
        """For each passage of `other` the row of its translation in `locale`, -1 where there is none."""
        own = self._shards[locale].passages
        found = [
            own.row_of(locale + passage_id[len(other) :]) for passage_id in self._shards[other].passages.ids()
        ]
        return np.array([-1 if row is None else row for row in found], dtype=np.int64)
