"""How the legs of a search become one score.

score = w * minmax(passage, best sentence) + (1 - w) * BM25 / weighted idf + a * article

The dense part is spread over the candidates of the question; the lexical part keeps its absolute
scale, so that a question in another language, whose words occur nowhere, is ranked by meaning
alone (min-max on both drowned it: .877 to .395 on English to Russian). The article part (how far
the article's name and titles stand out among all articles of the locale) lifts the passages of the
article that is about the question's subject over those that only share its words. It keeps an
absolute scale too: where no article is about the subject, as with articles of one paragraph each, the
best of them would else get as much as one that is (docs/measurements.md).

A short question says little in words: its subject counts more for it. A long one names what
it wants (docs/measurements.md).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """`dense` against the lexical rest, `sentence` inside the dense leg, `article` on top."""

    dense: float
    sentence: float
    article: float


SHORT_QUESTION = FusionWeights(dense=0.4, sentence=0.3, article=0.48)
LONG_QUESTION = FusionWeights(dense=0.32, sentence=0.75, article=0.08)
# In columns: a Chinese, Japanese or Korean character takes two.
SHORT_COLUMNS, LONG_COLUMNS = 40, 75
# So far above the mean of all articles' cosines counts as one.
STANDS_OUT = 0.15


def weights_for(question: str, *, follows: bool) -> FusionWeights:
    """The weights for a question of this length; one that follows earlier turns counts as long."""
    columns = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in question)
    length = (columns - SHORT_COLUMNS) / (LONG_COLUMNS - SHORT_COLUMNS)
    long = 1.0 if follows else min(1.0, max(0.0, length))

    def between(short: float, other: float) -> float:
        return (1 - long) * short + long * other

    return FusionWeights(
        between(SHORT_QUESTION.dense, LONG_QUESTION.dense),
        between(SHORT_QUESTION.sentence, LONG_QUESTION.sentence),
        between(SHORT_QUESTION.article, LONG_QUESTION.article),
    )


def fuse(
    passage: Column, sentence: Column, lexical: Column, article: Column, weights: FusionWeights
) -> Column:
    """One score a candidate, `(n,)`, from its four scores; higher is better, order kept."""
    if not len(passage):
        return np.empty(0, dtype=np.float32)
    dense = (1 - weights.sentence) * passage + weights.sentence * sentence
    fused: Column = weights.dense * spread(dense) + (1 - weights.dense) * lexical + weights.article * article
    return fused


def stand_out(cosines: Column) -> Column:
    """How far each of these lies above their mean, 0..1, squared: who stands out little counts for little."""
    above = (cosines - cosines.mean()) / np.float32(STANDS_OUT)
    squared: Column = np.clip(above, 0, 1) ** 2
    return squared


def spread(scores: Column) -> Column:
    """Scores moved and stretched to 0..1; all equal gives ones."""
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-9:
        return np.ones_like(scores)
    stretched: Column = (scores - low) / np.float32(high - low)
    return stretched
