"""How likely the hits answer the question, and why they don't where they don't.

The chance is a logistic function of the best scores among the hits. Cosines of the default model
lie close together (unrelated texts near .80, answers near .88), so their weights are large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from indexer import Ranking

# A logistic regression over the 332 development questions of 11 locales (docs/measurements.md).
INTERCEPT = -30.22
SENTENCE_WEIGHT = 10.31
DENSE_WEIGHT = 24.12
LEXICAL_WEIGHT = 3.80

# Below all three of these nothing among the hits is like the question.
OFF_TOPIC_SENTENCE = 0.82
OFF_TOPIC_DENSE = 0.82
OFF_TOPIC_LEXICAL = 0.25
# The topic is there (a passage as a whole is near) while no sentence is.
NOT_STATED_SENTENCE = 0.86


class AbstainReason(StrEnum):
    """Why there is no answer."""

    NOT_STATED = "not_stated"
    OFF_TOPIC = "off_topic"
    LOW_CONFIDENCE = "low_confidence"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The chance in 0..1 that the hits answer, and the reason to give where that is too little."""

    confidence: float
    reason: AbstainReason


class Confidence(Protocol):
    """Judges a ranking."""

    def __call__(self, ranking: Ranking, /) -> Judgement:
        """The chance, and the reason in case that it is too small."""
        ...


def judge(ranking: Ranking) -> Judgement:
    """Confidence and reason together: the default `Confidence`."""
    return Judgement(confidence(ranking), abstain_reason(ranking))


def confidence(ranking: Ranking) -> float:
    """The chance that the hits answer the question; 0 for an empty ranking."""
    if not ranking.hits:
        return 0.0
    best = _best_scores(ranking)
    evidence = (
        INTERCEPT
        + SENTENCE_WEIGHT * best.sentence
        + DENSE_WEIGHT * best.dense
        + LEXICAL_WEIGHT * best.lexical
    )
    return 1.0 / (1.0 + math.exp(-evidence)) if evidence > -700 else 0.0


def abstain_reason(ranking: Ranking) -> AbstainReason:
    """Why a ranking of too little confidence gives no answer."""
    if not ranking.hits:
        return AbstainReason.OFF_TOPIC
    best = _best_scores(ranking)
    if (
        best.sentence < OFF_TOPIC_SENTENCE
        and best.dense < OFF_TOPIC_DENSE
        and best.lexical < OFF_TOPIC_LEXICAL
    ):
        return AbstainReason.OFF_TOPIC
    if best.sentence < NOT_STATED_SENTENCE:
        return AbstainReason.NOT_STATED
    return AbstainReason.LOW_CONFIDENCE


@dataclass(frozen=True, slots=True)
class _Best:
    dense: float
    sentence: float
    lexical: float


def _best_scores(ranking: Ranking) -> _Best:
    return _Best(
        dense=max(hit.scores.dense for hit in ranking.hits),
        sentence=max(hit.scores.sentence for hit in ranking.hits),
        lexical=max(hit.scores.lexical for hit in ranking.hits),
    )
