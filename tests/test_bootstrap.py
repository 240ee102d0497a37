"""Bootstrap intervals against distributions that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.bootstrap import RESAMPLES, STEP_NUMBERS, Estimate, estimate_means, estimate_pairs


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)[:, None]


def test_half_of_a_hundred_lies_between_forty_and_sixty() -> None:
    # Binomial(100, 1/2): P(X <= 39) = .018, P(X <= 40) = .028, so that 40 is the 2.5th percentile.
    assert estimate_means(column(*[1.0] * 50, *[0.0] * 50)) == [Estimate(0.5, 0.4, 0.6, 100)]


def test_of_two_questions_either_may_be_drawn_twice() -> None:
    # The mean is 0 and 1 once in four draws each.
    assert estimate_means(column(0.0, 1.0)) == [Estimate(0.5, 0.0, 1.0, 2)]


def test_equal_values_leave_nothing_open() -> None:
    assert estimate_means(column(0.25, 0.25, 0.25)) == [Estimate(0.25, 0.25, 0.25, 3)]
    assert estimate_means(column(-0.5)) == [Estimate(-0.5, -0.5, -0.5, 1)]


def test_a_paired_difference_is_surer_than_two_means() -> None:
    then = np.tile([0.0, 1.0], 50)
    now = then + 0.125
    (difference,) = estimate_means((now - then)[:, None])
    assert (difference.low, difference.high) == (0.125, 0.125)
    (alone,) = estimate_means(now[:, None])
    assert alone.high - alone.low == pytest.approx(0.2)


def test_the_same_questions_give_the_same_interval_at_every_call_and_beside_any_other_figure() -> None:
    table = np.random.default_rng(7).random((500, 3))
    assert RESAMPLES * len(table) > STEP_NUMBERS  # worked on in more than one step
    together = estimate_means(table)
    assert together == estimate_means(table)
    assert [estimate_means(table[:, [number]])[0] for number in range(3)] == together


def test_an_interval_holds_its_mean_and_narrows_with_more_questions() -> None:
    values = np.random.default_rng(7).random(400)
    few, many = estimate_means(values[:25, None])[0], estimate_means(values[:, None])[0]
    for estimate in (few, many):
        assert estimate.low < estimate.value < estimate.high
    # A standard error of .289 / sqrt(n), 1.96 of them on each side.
    assert few.high - few.low == pytest.approx(2 * 1.96 * 0.289 / 5, rel=0.15)
    assert many.high - many.low == pytest.approx(2 * 1.96 * 0.289 / 20, rel=0.15)


def test_no_question_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no questions"):
        estimate_means(np.empty((0, 2)))


def test_pairs_are_drawn_from_both_sides() -> None:
    # Either row alone is drawn once in four times: all of the pairs then are 1, or 0.
    assert estimate_pairs(np.array([[1.0, 1.0], [0.0, 0.0]])) == Estimate(0.5, 0.0, 1.0, 4)
    assert estimate_pairs(np.array([[1.0, 0.0], [1.0, 0.0]])) == Estimate(0.5, 0.0, 1.0, 4)
    assert estimate_pairs(np.ones((3, 2))) == Estimate(1.0, 1.0, 1.0, 5)


def test_the_sides_of_pairs_are_drawn_independently() -> None:
    # Drawn alike, both sides would always meet on the diagonal, and the mean would not fall to 0.
    assert estimate_pairs(np.eye(2)).low == 0.0


def test_pairs_are_drawn_alike_at_every_call() -> None:
    pairs = (np.random.default_rng(7).random((120, 40)) > 0.3).astype(np.float64)
    first = estimate_pairs(pairs)
    assert first == estimate_pairs(pairs)
    assert first.low < first.value == pairs.mean() < first.high


def test_an_empty_side_has_no_pairs() -> None:
    for shape in ((0, 2), (2, 0)):
        with pytest.raises(ValueError, match="no pairs"):
            estimate_pairs(np.empty(shape))
