"""The fused score: a sum worked by hand, and what must hold for any scores."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.fusion import Column, FusionWeights, fuse, spread, stand_out

WEIGHTS = FusionWeights(dense=0.25, sentence=0.5, article=0.125)
# Steps of 1/64 are exact in float32, so that equal inputs are equal bits.
steps = st.integers(-64, 64).map(lambda number: number / 64)
parts = st.integers(0, 64).map(lambda number: number / 64)
Row = tuple[float, float, float, float]
candidates = st.lists(st.tuples(steps, steps, parts, parts), min_size=1, max_size=12)


def fused(rows: Sequence[Row]) -> Column:
    """The scores of candidates, each given as passage, sentence, lexical, article."""
    passage, sentence, lexical, article = np.array(rows, dtype=np.float32).T
    return fuse(passage, sentence, lexical, article, WEIGHTS)


def test_the_sum_worked_by_hand() -> None:
    # dense: (.5+.75)/2, (.75+1)/2, (1+.5)/2 = .625 .875 .75, spread to 0, 1, .5
    scores = fused([(0.5, 0.75, 0.5, 0), (0.75, 1, 0, 1), (1, 0.5, 0.25, 0.5)])
    by_hand = [0.75 * 0.5, 0.25 * 1 + 0.125 * 1, 0.25 * 0.5 + 0.75 * 0.25 + 0.125 * 0.5]
    assert scores.tolist() == pytest.approx(by_hand)


def test_no_candidates_give_no_scores() -> None:
    empty = np.empty(0, dtype=np.float32)
    assert fuse(empty, empty, empty, empty, WEIGHTS).tolist() == []


def test_scores_are_spread_over_0_to_1() -> None:
    assert spread(np.array([0.75, 1, 0.875], dtype=np.float32)).tolist() == [0, 1, 0.5]


def test_equal_scores_are_all_the_best() -> None:
    assert spread(np.array([0.75, 0.75], dtype=np.float32)).tolist() == [1, 1]


def test_who_stands_out_counts_and_who_hardly_does_does_not() -> None:
    level = np.full(9, 0.7, dtype=np.float32)
    much, little, below = (stand_out(np.append(level, np.float32(top))) for top in (0.9, 0.73, 0.5))
    assert float(much[-1]) == 1.0
    assert 0 < float(little[-1]) < 0.05
    assert float(below[-1]) == 0.0
    assert max(stand_out(level).tolist()) < 1e-6


def test_without_a_shared_word_meaning_alone_ranks() -> None:
    scores = fused([(0.75, 0.75, 0, 0), (1, 1, 0, 0), (0.5, 0.5, 0, 0)])
    assert np.argsort(-scores).tolist() == [1, 0, 2]


@settings(max_examples=60, deadline=None)
@given(rows=candidates, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(rows: list[Row], shuffled: Random) -> None:
    order = list(range(len(rows)))
    shuffled.shuffle(order)
    assert fused([rows[number] for number in order]).tolist() == fused(rows)[order].tolist()


@settings(max_examples=60, deadline=None)
@given(rows=candidates, column=st.integers(0, 3), gain=st.integers(0, 64), data=st.data())
def test_a_better_score_never_ranks_lower(
    rows: list[Row], column: int, gain: int, data: st.DataObject
) -> None:
    chosen = data.draw(st.integers(0, len(rows) - 1))
    better = np.array(rows)
    better[chosen, column] += gain / 64

    before, after = fused(rows), fused([(row[0], row[1], row[2], row[3]) for row in better.tolist()])
    not_above = int((before <= before[chosen]).sum())
    assert int((after <= after[chosen] + 1e-6).sum()) >= not_above
