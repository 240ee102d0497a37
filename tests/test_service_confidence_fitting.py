"""Fitting the confidence: on examples made up so that the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from service.confidence import FEATURES
from service.confidence_fitting import Examples, cross_validate, fit_confidence


def examples(*, noise: float, seed: int = 7) -> Examples:
    """200 questions of two locales; only `first_dense` tells the answerable ones."""
    draw = np.random.default_rng(seed)
    answerable = np.arange(200) % 4 != 0
    dense = 0.84 + 0.03 * answerable + noise * draw.standard_normal(200)
    features = np.column_stack([dense, draw.normal(0.02, 0.003, 200), draw.uniform(0, 0.5, 200)])
    near = ~answerable & (np.arange(200) % 8 == 0)
    return Examples(features, answerable, near, np.array(["de-de", "ja-jp"])[np.arange(200) // 100])


def test_the_feature_that_tells_gets_the_weight() -> None:
    fit = fit_confidence(examples(noise=0.005), answered=0.92)
    assert list(fit.confidence.weights) == list(FEATURES)
    assert fit.confidence.weights["first_dense"] > 50
    assert fit.figures["auroc"] > 0.99
    assert fit.figures["answered"] == pytest.approx(0.92, abs=0.01)
    assert fit.figures["refused"] > 0.95


def test_features_without_knowledge_separate_nothing() -> None:
    fit = fit_confidence(examples(noise=1000.0), answered=0.92)
    assert 0.35 < fit.figures["auroc"] < 0.65


def test_no_question_is_judged_by_a_fit_that_saw_its_locale() -> None:
    given = examples(noise=0.01)
    changed = given.features.copy()
    changed[:100, 0] = 5.0  # the other locale's fit sees these, its own doesn't
    other = Examples(changed, given.answerable, given.near_miss, given.locales)
    before, after = cross_validate(given), cross_validate(other)
    assert after[100:].tolist() != before[100:].tolist()
    flipped = Examples(given.features, given.answerable.copy(), given.near_miss, given.locales)
    flipped.answerable[:100] = ~given.answerable[:100]
    assert cross_validate(flipped)[:100].tolist() == before[:100].tolist()


def test_one_locale_or_one_kind_of_question_is_refused() -> None:
    given = examples(noise=0.01)
    alone = Examples(given.features[:100], given.answerable[:100], given.near_miss[:100], given.locales[:100])
    with pytest.raises(ValueError, match="two locales"):
        cross_validate(alone)
