"""How the legs of a search become one score.

score = w * minmax(.6 passage + .4 best sentence) + (1 - w) * BM25 / summed idf + a * article

The dense part is spread over the candidates of the question; the lexical part keeps its absolute
scale, so that a question in another language, whose words occur nowhere, is ranked by meaning
alone (min-max on both drowned it: .877 to .395 on English to Russian). The article part (how near
the article's name and titles are, spread over all articles of the locale) lifts the passages of the
article that is about the question's subject over those that only share its words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """`dense` against the lexical rest, `sentence` inside the dense leg, `article` on top."""

    dense: float = 0.2
    sentence: float = 0.4
    article: float = 0.15


def fuse(
    passage: Column, sentence: Column, lexical: Column, article: Column, weights: FusionWeights
) -> Column:
    """One score a candidate, `(n,)`, from its four scores; higher is better, order kept."""
    if not len(passage):
        return np.empty(0, dtype=np.float32)
    dense = (1 - weights.sentence) * passage + weights.sentence * sentence
    fused: Column = weights.dense * spread(dense) + (1 - weights.dense) * lexical + weights.article * article
    return fused


def spread(scores: Column) -> Column:
    """Scores moved and stretched to 0..1; all equal gives ones."""
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-9:
        return np.ones_like(scores)
    stretched: Column = (scores - low) / np.float32(high - low)
    return stretched
