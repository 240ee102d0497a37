"""AUROC, risk against coverage, and calibration, each worked by hand and by its definition."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.refusal import Bin, RiskCurve, auroc, calibrate, compare_pairs, trace_risk

# Few different values, so that ties are common.
confidence = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]) | st.floats(0, 1)
confidences = st.lists(confidence, min_size=1, max_size=30)
judged = st.lists(st.tuples(confidence, st.booleans()), min_size=1, max_size=30)


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    # .9 and .8 beat all three; .3 beats .1, ties with .3 and loses to .5: 3 + 3 + 1.5 of 9.
    assert auroc([0.9, 0.8, 0.3], [0.5, 0.3, 0.1]) == 7.5 / 9
    assert auroc([1.0], [0.0]) == 1
    assert auroc([0.0], [1.0]) == 0
    assert auroc([0.5, 0.5], [0.5]) == 0.5


@given(confidences, confidences)
def test_auroc_equals_its_definition_over_all_pairs(positive: list[float], negative: list[float]) -> None:
    wins = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
    assert auroc(positive, negative) == pytest.approx(fmean(wins), abs=1e-12)
    assert compare_pairs(positive, negative).ravel().tolist() == wins


@given(confidences, confidences)
def test_auroc_of_the_classes_changed_over_is_the_rest(positive: list[float], negative: list[float]) -> None:
    assert auroc(positive, negative) + auroc(negative, positive) == pytest.approx(1)


@pytest.mark.parametrize(("positive", "negative"), [([], [0.5]), ([0.5], [])])
def test_auroc_needs_both_classes(positive: list[float], negative: list[float]) -> None:
    with pytest.raises(ValueError, match="both classes"):
        auroc(positive, negative)


def test_risk_is_the_share_of_wrong_answers_among_those_given() -> None:
    curve = trace_risk([0.6, 0.9, 0.6, 0.8], [True, True, False, False])
    # Answered: .9 (right); then .8 (wrong); then both of .6 (one wrong). The area takes half an error
    # for the third question: (0 + 1/2 + 1.5/3 + 2/4) / 4.
    assert curve == RiskCurve((0.9, 0.8, 0.6), (0.25, 0.5, 1.0), (0.0, 0.5, 0.5), 0.375)
    assert [curve.at(threshold) for threshold in (0.95, 0.9, 0.7, 0.6, 0.0)] == [
        (0.0, 0.0),
        (0.25, 0.0),
        (0.5, 0.5),
        (1.0, 0.5),
        (1.0, 0.5),
    ]


def test_all_right_is_no_risk_and_all_wrong_is_all_risk() -> None:
    assert trace_risk([0.1, 0.9], [True, True]).area == 0
    assert trace_risk([0.1, 0.9], [False, False]).area == 1


@given(judged, st.randoms())
def test_the_curve_does_not_depend_on_the_order_of_the_questions(
    pairs: list[tuple[float, bool]], chance: random.Random
) -> None:
    shuffled = chance.sample(pairs, len(pairs))
    assert trace_risk(*zip(*shuffled, strict=True)) == trace_risk(*zip(*pairs, strict=True))


@given(judged)
def test_the_last_point_answers_everything(pairs: list[tuple[float, bool]]) -> None:
    curve = trace_risk(*zip(*pairs, strict=True))
    wrong = sum(not right for _, right in pairs)
    assert (curve.coverages[-1], curve.risks[-1]) == (1, wrong / len(pairs))
    assert list(curve.thresholds) == sorted({confidence for confidence, _ in pairs}, reverse=True)


@given(st.lists(st.tuples(confidence, st.booleans()), min_size=1, max_size=30, unique_by=lambda p: p[0]))
def test_without_ties_the_area_is_the_mean_risk_of_every_number_of_answers(
    pairs: list[tuple[float, bool]],
) -> None:
    surest = sorted(pairs, reverse=True)
    risks = [fmean(not right for _, right in surest[:n]) for n in range(1, len(pairs) + 1)]
    assert trace_risk(*zip(*pairs, strict=True)).area == pytest.approx(fmean(risks))


def test_calibration_sets_confidence_against_the_share_that_is_right() -> None:
    found = calibrate([0.1, 0.4, 0.5, 1.0], [False, True, True, True], bins=2)
    assert found.bins == (Bin(0, 0.5, 2, 0.25, 0.5), Bin(0.5, 1, 2, 0.75, 1))
    # Each bin is off by .25 and holds half of the questions.
    assert found.error == 0.25


def test_an_empty_bin_stays_in_its_place_and_costs_nothing() -> None:
    found = calibrate([1.0, 1.0], [True, True])
    assert [each.questions for each in found.bins] == [0] * 9 + [2]
    assert found.bins[3] == Bin(0.3, 0.4, 0, 0, 0)
    assert found.error == 0


def test_a_confidence_on_a_border_belongs_above_it() -> None:
    tenths = [number / 10 for number in range(10)]
    assert [each.questions for each in calibrate(tenths, [True] * 10).bins] == [1] * 10


@given(judged)
def test_the_calibration_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    found = calibrate(*zip(*pairs, strict=True))
    assert sum(each.questions for each in found.bins) == len(pairs)
    assert 0 <= found.error <= 1


@pytest.mark.parametrize("measured", [trace_risk, calibrate])
def test_confidences_and_truths_stand_side_by_side(measured: object) -> None:
    assert callable(measured)
    with pytest.raises(ValueError, match="no questions"):
        measured([], [])
    with pytest.raises(ValueError, match="2 confidences stand beside 1 truths"):
        measured([0.5, 0.5], [True])
