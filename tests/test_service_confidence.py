"""How sure the service is, and why it refuses."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import Ranking, Scores
from service.confidence import AbstainReason, abstain_reason, confidence, judge
from service.messages import Messages, read_messages
from tests.fake_index import ARTICLES, build_passages, rank_passages

HIT = rank_passages("mail", build_passages(ARTICLES[0]), k=1)[0]
LOCALES = ["de-de", "en-us", "es-es", "fr-fr", "it-it", "ja-jp", "ko-kr", "pt-br", "ru-ru", "zh-cn", "zh-tw"]


def ranking(*scores: Scores) -> Ranking:
    hits = tuple(dataclasses.replace(HIT, scores=each, rank=i + 1) for i, each in enumerate(scores))
    return Ranking("q", "en-us", "g", hits)


def test_confidence_is_the_logistic_of_the_weighted_scores() -> None:
    # -30.22 + 10.31 * .88 + 24.12 * .87 + 3.80 * .8 = 2.8772; 1 / (1 + e^-2.8772) = 0.9467
    assert confidence(ranking(Scores(dense=0.87, sentence=0.88, lexical=0.8))) == pytest.approx(
        0.9467, abs=1e-4
    )


def test_each_score_is_the_best_among_the_hits() -> None:
    spread = ranking(Scores(0.87, 0.1, 0.0), Scores(0.1, 0.88, 0.8))
    assert confidence(spread) == confidence(ranking(Scores(0.87, 0.88, 0.8)))


def test_an_empty_ranking_has_no_confidence_and_is_off_topic() -> None:
    verdict = judge(ranking())
    assert (verdict.confidence, verdict.reason) == (0.0, AbstainReason.OFF_TOPIC)


score = st.floats(-1, 3)


@given(st.lists(st.builds(Scores, score, score, score), max_size=4))
def test_confidence_is_always_a_chance(scores: list[Scores]) -> None:
    assert 0.0 <= confidence(ranking(*scores)) <= 1.0


def test_scores_beyond_all_bounds_do_not_overflow() -> None:
    assert confidence(ranking(Scores(-1e6, -1e6, -1e6))) == 0.0
    assert confidence(ranking(Scores(1e6, 1e6, 1e6))) == 1.0


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (Scores(dense=0.80, sentence=0.81, lexical=0.1), AbstainReason.OFF_TOPIC),
        (Scores(dense=0.80, sentence=0.81, lexical=0.6), AbstainReason.NOT_STATED),
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
