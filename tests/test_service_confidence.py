"""How sure the service is, and why it refuses."""

from __future__ import annotations

import dataclasses
import json
import math
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import Ranking, Scores
from service.confidence import (
    FEATURES,
    HITS_JUDGED,
    AbstainReason,
    AskedFor,
    FittedConfidence,
    abstain_reason,
    read_confidence,
)
from service.messages import Messages, read_messages
from service.settings import Settings
from tests.fake_index import ARTICLES, build_passages, rank_passages

HIT = rank_passages("mail", build_passages(ARTICLES[0]), k=1)[0]
LOCALES = ["de-de", "en-us", "es-es", "fr-fr", "it-it", "ja-jp", "ko-kr", "pt-br", "ru-ru", "zh-cn", "zh-tw"]


FITTED = FittedConfidence(-30.0, {"first_dense": 35.0, "spread": -20.0, "lead": 4.0})


def ranking(*scores: Scores, spread: float = 0.0, lead: float = 0.0) -> Ranking:
    hits = tuple(dataclasses.replace(HIT, scores=each, rank=i + 1) for i, each in enumerate(scores))
    return Ranking("q", "en-us", "g", hits, spread, lead)


def test_confidence_is_the_logistic_of_the_weighted_features() -> None:
    # -30 + 35 * .87 - 20 * .02 + 4 * .5 = 2.05; 1 / (1 + e^-2.05) = 0.8859
    judged = FITTED(ranking(Scores(0.87, 0.1, 0.2), Scores(0.99, 0.9, 0.9), spread=0.02, lead=0.5))
    assert judged.confidence == pytest.approx(0.8859, abs=1e-4)


def test_what_is_asked_for_counts_beside_the_features() -> None:
    asked = FittedConfidence(0.5, {}, AskedFor((2.0, -1.0), mean=0.25))
    found = dataclasses.replace(ranking(Scores(0.9, 0.9, 0.9)), vector=(0.6, 0.8))
    # .5 + 2 * .6 - .8 = .9
    assert asked(found).confidence == pytest.approx(1 / (1 + math.exp(-0.9)))


def test_a_vector_of_another_model_counts_as_the_mean_of_the_fit() -> None:
    asked = FittedConfidence(0.5, {}, AskedFor((2.0, -1.0), mean=0.25))
    for vector in ((), (0.6,), (0.6, 0.8, 0.0)):
        found = dataclasses.replace(ranking(Scores(0.9, 0.9, 0.9)), vector=vector)
        assert asked(found).confidence == pytest.approx(1 / (1 + math.exp(-0.75)))


def test_an_empty_ranking_has_no_confidence_and_is_off_topic() -> None:
    verdict = FITTED(ranking())
    assert (verdict.confidence, verdict.reason) == (0.0, AbstainReason.OFF_TOPIC)


score = st.floats(-1, 3)


@pytest.mark.parametrize("text", ["?", " . ", "…！"])
def test_a_question_without_a_word_has_no_confidence(text: str) -> None:
    sure = FittedConfidence(9.0, {})
    asked = dataclasses.replace(ranking(Scores(0.9, 0.9, 0.9)), question=text)
    assert sure(asked).confidence == 0
    assert sure(asked).reason is AbstainReason.OFF_TOPIC
    assert sure(dataclasses.replace(asked, question="税?")).confidence > 0.9


@given(st.lists(st.builds(Scores, score, score, score), max_size=4), score, score)
def test_confidence_is_always_a_chance(scores: list[Scores], spread: float, lead: float) -> None:
    assert 0.0 <= FITTED(ranking(*scores, spread=spread, lead=lead)).confidence <= 1.0


def test_features_beyond_all_bounds_do_not_overflow() -> None:
    assert FITTED(ranking(Scores(-1e6, -1e6, -1e6))).confidence == 0.0
    assert FITTED(ranking(Scores(1e6, 1e6, 1e6))).confidence == 1.0


def test_an_unknown_feature_is_refused_with_the_list() -> None:
    with pytest.raises(
        ValueError,
        match=r"no features \['luck'\]; there are \['best_lexical', 'first_dense', 'lead', 'spread'\]",
    ):
        FittedConfidence(0.0, {"luck": 1.0})


def test_what_is_shipped_says_where_it_comes_from_and_fits_the_default_threshold() -> None:
    shipped = json.loads(files("service").joinpath("confidence.json").read_text("utf-8"))
    asked_for = AskedFor(tuple(shipped["asked_for"]["weights"]), shipped["asked_for"]["mean"])
    assert read_confidence() == FittedConfidence(shipped["intercept"], shipped["weights"], asked_for)
    assert len(asked_for.weights) == 384
    assert shipped["weights"].keys() == FEATURES.keys()
    provenance = shipped["provenance"]
    assert Settings.model_fields["refuse_below"].default == provenance["threshold"]
    assert provenance["judged_on_unseen_questions"]["questions"] > 100
    assert provenance["training_questions_cross_validated_by_locale"]["questions"] > 1000
    assert provenance["command"].startswith("python -m service.confidence_fitting ")


def test_nearness_and_a_lead_in_words_make_surer() -> None:
    shipped = read_confidence()
    base = shipped(ranking(Scores(0.87, 0.88, 0.5), spread=0.02, lead=0.1)).confidence
    assert shipped(ranking(Scores(0.88, 0.88, 0.5), spread=0.02, lead=0.1)).confidence > base
    assert shipped(ranking(Scores(0.87, 0.88, 0.6), spread=0.02, lead=0.1)).confidence > base
    assert shipped(ranking(Scores(0.87, 0.88, 0.5), spread=0.02, lead=0.2)).confidence > base


def test_how_many_hits_a_client_wants_to_see_changes_no_judgement() -> None:
    ten = [Scores(0.80, 0.80, 0.3)] * HITS_JUDGED
    shipped = read_confidence()
    assert shipped(ranking(*ten, Scores(0.95, 0.95, 0.9))) == shipped(ranking(*ten))


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (Scores(dense=0.80, sentence=0.80, lexical=0.3), AbstainReason.OFF_TOPIC),
        (Scores(dense=0.80, sentence=0.80, lexical=0.6), AbstainReason.NOT_STATED),
        (Scores(dense=0.86, sentence=0.84, lexical=0.1), AbstainReason.NOT_STATED),
        (Scores(dense=0.86, sentence=0.87, lexical=0.1), AbstainReason.LOW_CONFIDENCE),
    ],
)
def test_the_reason_tells_topic_from_fact(scores: Scores, reason: AbstainReason) -> None:
    assert abstain_reason(ranking(scores)) is reason


def test_there_is_a_refusal_for_each_reason_in_each_locale() -> None:
    messages = read_messages()
    sentences = {messages.refusal(reason, locale) for locale in LOCALES for reason in AbstainReason}
    assert len(sentences) == len(LOCALES) * len(AbstainReason)


def test_a_refusal_speaks_the_nearest_locale_and_else_english() -> None:
    messages = read_messages()
    assert (
        messages.refusal(AbstainReason.OFF_TOPIC, "de-at") == "Zu dieser Frage gibt es hier keinen Artikel."
    )
    assert messages.refusal(AbstainReason.OFF_TOPIC, "zh-hk") == "沒有與此問題相關的文章。"
    assert messages.refusal(AbstainReason.OFF_TOPIC, "sv-se") == "No article here is about this question."


def test_a_locale_without_all_sentences_is_refused() -> None:
    with pytest.raises(ValueError, match="no sentence for low_confidence, off_topic in locale sv-se"):
        Messages({"sv-se": {AbstainReason.NOT_STATED: "Nej."}})
    with pytest.raises(ValueError, match="no sentences in locale en-us"):
        Messages({"sv-se": dict.fromkeys(AbstainReason, "Nej.")})
