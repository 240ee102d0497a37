"""How likely the hits answer the question, and why they don't where they don't.

The chance is a logistic function of a few features of the ranking and of the question's vector, fitted on
questions written for it (confidence_fitting.py) and shipped with its provenance as `confidence.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Protocol

from indexer import Ranking

# Hits that are judged and written from, whatever number the client wants to see.
HITS_JUDGED = 10
# Below all three of these nothing among the hits is like the question.
OFF_TOPIC_SENTENCE = 0.81
OFF_TOPIC_DENSE = 0.81
OFF_TOPIC_LEXICAL = 0.35
# The topic is there (a passage as a whole is near) while no sentence is.
NOT_STATED_SENTENCE = 0.86

# Each takes a ranking that has hits.
FEATURES: Mapping[str, Callable[[Ranking], float]] = {
    # How near the first hit is in meaning.
    "first_dense": lambda ranking: ranking.hits[0].scores.dense,
    # How much of the question one of the hits holds in words.
    "best_lexical": lambda ranking: _best_scores(ranking).lexical,
    # What nearness is worth for this question: one that lies near everything needs more of it.
    "spread": lambda ranking: ranking.spread,
    # Whether its words point at one place: the best passage stands out among the next ones.
    "lead": lambda ranking: ranking.lead,
}


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


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What a question asks for, as far as its vector tells whether articles state such things.

    They say how something is done far more often than what it costs or whom to call, and no hit's score
    tells a price from a passage about prices. `weights` are those of the vector's components; a vector
    of another length, of another model, counts as `mean`, the mean over the questions of the fit.
    """

    weights: tuple[float, ...]
    mean: float

    def __call__(self, vector: Sequence[float]) -> float:
        """What the vector adds to the evidence that the question is answered."""
        if len(vector) != len(self.weights):
            return self.mean
        return sum(weight * component for weight, component in zip(self.weights, vector, strict=True))


@dataclass(frozen=True, slots=True)
class FittedConfidence:
    """The default `Confidence`: a logistic function of `intercept + sum of weight * feature + asked_for`."""

    intercept: float
    weights: Mapping[str, float]
    asked_for: AskedFor = AskedFor((), 0.0)

    def __post_init__(self) -> None:
        if unknown := set(self.weights) - set(FEATURES):
            raise ValueError(f"no features {sorted(unknown)}; there are {sorted(FEATURES)}")

    def __call__(self, ranking: Ranking, /) -> Judgement:
        """The chance that the hits answer the question, 0 for no hits or a question without a word."""
        if not any(map(str.isalnum, ranking.question)):
            return Judgement(0.0, AbstainReason.OFF_TOPIC)
        return Judgement(self._chance(ranking), abstain_reason(ranking))

    def _chance(self, ranking: Ranking) -> float:
        if not ranking.hits:
            return 0.0
        evidence = self.intercept + sum(
            weight * FEATURES[name](ranking) for name, weight in self.weights.items()
        )
        evidence += self.asked_for(ranking.vector)
        return 1.0 / (1.0 + math.exp(-evidence)) if evidence > -700 else 0.0


def read_confidence() -> FittedConfidence:
    """The confidence that the package ships."""
    fields = json.loads(files("service").joinpath("confidence.json").read_text("utf-8"))
    asked_for = AskedFor(tuple(fields["asked_for"]["weights"]), float(fields["asked_for"]["mean"]))
    return FittedConfidence(float(fields["intercept"]), dict(fields["weights"]), asked_for)


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
    scores = [hit.scores for hit in ranking.hits[:HITS_JUDGED]]
    return _Best(
        dense=max(score.dense for score in scores),
        sentence=max(score.sentence for score in scores),
        lexical=max(score.lexical for score in scores),
    )
