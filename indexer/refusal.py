"""How well a confidence tells what to answer from what to refuse; higher is surer.

Each function takes confidences with a truth beside each: is the question answerable, does its answer
hold the evidence, whatever is to be told apart. Order never matters; equal confidences share a place.

Sources: T. Fawcett: An Introduction to ROC Analysis (2006), section 7, for AUROC; Y. Geifman,
R. El-Yaniv: Selective Classification for Deep Neural Networks (2017) for risk and coverage; C. Guo et
al.: On Calibration of Modern Neural Networks (2017), equations 2 and 3, for the calibration error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """What answering from each confidence on would mean, the surest first.

    Of all questions `coverages[i]` would be answered with `thresholds[i]`, and of those `risks[i]` wrong.
    `area` is the mean risk over all numbers of questions that might be answered; lower is better.
    """

    thresholds: tuple[float, ...]
    coverages: tuple[float, ...]
    risks: tuple[float, ...]
    area: float

    def at(self, threshold: float) -> tuple[float, float]:
        """Coverage and risk where all from `threshold` on is answered; 0, 0 where that is nothing."""
        answered = sum(confidence >= threshold for confidence in self.thresholds)
        return (self.coverages[answered - 1], self.risks[answered - 1]) if answered else (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """The questions with a confidence in `low` <= c < `high` (the last bin holds 1 too).

    `confidence` is their mean confidence, `right` the share that was right; both 0 without questions.
    """

    low: float
    high: float
    questions: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The bins of a reliability diagram, and the expected calibration error; 0 is perfect."""

    bins: tuple[Bin, ...]
    error: float


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that one of `positive` is above one of `negative`, a tie counting half.

    Raises: ValueError where either is empty.
    """
    if not len(positive) or not len(negative):
        raise ValueError("no area under a ROC curve without both classes")
    ordered = np.sort(np.asarray(negative, dtype=np.float64))
    beaten = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(beaten.sum() / (2 * len(positive) * len(negative)))


def compare_pairs(positive: Sequence[float], negative: Sequence[float]) -> Numbers:
    """1 where a positive is above a negative, .5 where equal, else 0: `(p, n)`, with the mean `auroc`."""
    ours, theirs = np.asarray(positive, dtype=np.float64)[:, None], np.asarray(negative, dtype=np.float64)
    pairs: Numbers = (ours > theirs) + 0.5 * (ours == theirs)
    return pairs


def trace_risk(confidences: Sequence[float], right: Sequence[bool]) -> RiskCurve:
    """Risk against coverage, one point for each distinct confidence.

    Raises: ValueError where there is no question, or the two differ in length.
    """
    scores, wrong = _aligned(confidences, [not truth for truth in right])
    levels, places, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    errors = np.bincount(places, weights=wrong)
    answered, mistaken = np.cumsum(counts), np.cumsum(errors)
    # Inside a tie the order is open: its errors are spread evenly.
    numbers = np.arange(1, len(scores) + 1)
    expected = np.interp(numbers, np.concatenate([[0], answered]), np.concatenate([[0.0], mistaken]))
    return RiskCurve(
        thresholds=tuple((-levels).tolist()),
        coverages=tuple((answered / len(scores)).tolist()),
        risks=tuple((mistaken / answered).tolist()),
        area=float((expected / numbers).mean()),
    )


def calibrate(confidences: Sequence[float], right: Sequence[bool], *, bins: int = BINS) -> Calibration:
    """Confidence against the share that was right, in bins of equal width over 0..1.

    Raises: ValueError where there is no question, or the two differ in length.
    """
    scores, truths = _aligned(confidences, right)
    edges = np.arange(bins + 1) / bins
    places = np.minimum(np.searchsorted(edges, scores, "right") - 1, bins - 1)
    filled = []
    for number in range(bins):
        inside = places == number
        count = int(inside.sum())
        mean, share = (float(scores[inside].mean()), float(truths[inside].mean())) if count else (0.0, 0.0)
        filled.append(Bin(float(edges[number]), float(edges[number + 1]), count, mean, share))
    error = sum(each.questions * abs(each.confidence - each.right) for each in filled) / len(scores)
    return Calibration(tuple(filled), error)


def _aligned(confidences: Sequence[float], truths: Sequence[bool]) -> tuple[Numbers, Numbers]:
    if not len(confidences):
        raise ValueError("no questions, nothing to measure")
    if len(confidences) != len(truths):
        raise ValueError(f"{len(confidences)} confidences stand beside {len(truths)} truths")
    return np.asarray(confidences, dtype=np.float64), np.asarray(truths, dtype=np.float64)
