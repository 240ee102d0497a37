"""Fitting the confidence: on examples made up so that the right answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indexer import Question, read_questions
from indexer.questions import bare
from service.confidence import FEATURES
from service.confidence_fitting import (
    QUESTIONS,
    Examples,
    chances_of,
    cross_validate,
    fit,
    fit_confidence,
)

LOCALES = ["de-de", "en-us", "es-es", "fr-fr", "it-it", "ja-jp", "ko-kr", "pt-br", "ru-ru", "zh-cn", "zh-tw"]


def examples(*, noise: float, asked: float = 0.0, seed: int = 7, count: int = 200) -> Examples:
    """`count` questions of two locales; only `first_dense` tells the answerable ones, and one of eight
    components of the vector, as far as `asked` says."""
    draw = np.random.default_rng(seed)
    answerable = np.arange(count) % 4 != 0
    dense = 0.84 + 0.03 * answerable + noise * draw.standard_normal(count)
    lexical, lead = draw.uniform(0, 0.5, (2, count))
    features = np.column_stack([dense, lexical, draw.normal(0.02, 0.003, count), lead])
    near = ~answerable & (np.arange(count) % 8 == 0)
    vectors = 0.05 * draw.standard_normal((count, 8))
    vectors[:, 3] += asked * answerable
    locales = np.array(["de-de", "ja-jp"])[np.arange(count) // (count // 2)]
    return Examples(features, vectors, answerable, near, locales)


def test_the_feature_that_tells_gets_the_weight() -> None:
    found = fit_confidence(examples(noise=0.005), examples(noise=0.005, seed=8), answered=0.92)
    assert list(found.confidence.weights) == list(FEATURES)
    assert found.confidence.weights["first_dense"] > 50
    assert found.judged["auroc"] > 0.99
    assert found.judged["answered"] == pytest.approx(0.92, abs=0.02)
    assert found.judged["refused"] > 0.95
    assert found.cross_validated["auroc"] > 0.98


def test_what_a_question_asks_for_is_learnt_from_its_vector() -> None:
    def made(asked: float, seed: int) -> Examples:
        return examples(noise=1000.0, asked=asked, seed=seed, count=2000)

    found = fit_confidence(made(0.3, 7), made(0.3, 8), answered=0.92)
    assert int(np.argmax(np.abs(found.confidence.asked_for.weights))) == 3
    assert found.judged["auroc"] > 0.85
    # What is learnt is what the examples say: where their vectors say nothing, nothing is told apart.
    assert 0.45 < fit_confidence(made(0.0, 7), made(0.0, 8), answered=0.92).judged["auroc"] < 0.55


def test_questions_without_near_misses_have_no_figure_for_them() -> None:
    judged = replace(examples(noise=0.02), near_miss=np.zeros(200, dtype=np.bool_))
    figures = fit_confidence(examples(noise=0.02), judged, answered=0.92).judged
    assert "auroc_near_miss" not in figures
    assert "auroc_off_topic" in figures


def test_the_threshold_is_set_on_the_judged_questions_and_they_are_not_fitted_on() -> None:
    training = examples(noise=0.02)
    judged = examples(noise=0.02, seed=9)
    found = fit_confidence(training, judged, answered=0.9)
    chances = chances_of(found.confidence, judged)
    assert np.mean(chances[judged.answerable] >= found.threshold) >= 0.9
    flipped = replace(judged, answerable=~judged.answerable, near_miss=np.zeros(200, dtype=np.bool_))
    assert fit_confidence(training, flipped, answered=0.9).confidence == found.confidence


def test_a_vector_of_another_model_gets_the_mean_of_the_fit() -> None:
    training = examples(noise=0.02, asked=0.2)
    asked_for = fit(training).asked_for
    assert asked_for(()) == pytest.approx(np.mean(training.vectors @ np.array(asked_for.weights)), abs=1e-3)


def test_no_question_is_judged_by_a_fit_that_saw_its_locale() -> None:
    given = examples(noise=0.01)
    changed = replace(given, features=given.features.copy())
    changed.features[:100, 0] = 5.0  # the other locale's fit sees these, its own doesn't
    before, after = cross_validate(given), cross_validate(changed)
    assert after[100:].tolist() != before[100:].tolist()
    flipped = replace(given, answerable=given.answerable.copy())
    flipped.answerable[:100] = ~given.answerable[:100]
    assert cross_validate(flipped)[:100].tolist() == before[:100].tolist()


def test_one_locale_or_one_kind_of_question_is_refused() -> None:
    given = examples(noise=0.01)
    with pytest.raises(ValueError, match="two locales"):
        cross_validate(given.among(given.locales == "de-de"))
    with pytest.raises(ValueError, match="two locales"):
        cross_validate(given.among(given.answerable))


def test_the_training_questions_are_of_every_locale_and_kind() -> None:
    training = read_questions(QUESTIONS)
    assert {question.locale for question in training} == set(LOCALES)
    for locale in LOCALES:
        ours = [question for question in training if question.locale == locale]
        assert sum(question.answerable for question in ours) >= 100
        assert sum(question.near_miss for question in ours) >= 50
        assert sum(not question.answerable and not question.near_miss for question in ours) >= 10
    assert len({(question.locale, question.query) for question in training}) == len(training)


def test_no_training_question_is_a_development_question(development_questions: list[Question]) -> None:
    developed = {bare(question.query) for question in development_questions}
    assert not developed & {bare(question.query) for question in read_questions(QUESTIONS)}
