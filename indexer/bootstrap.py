"""How far a figure may be trusted: percentile bootstrap intervals, the same at every run.

Questions are drawn again with replacement, `RESAMPLES` times from one seed; the interval holds the
middle 95 % of the figures that come out. A difference of two runs is taken question by question
first and then estimated like any mean, so that it is paired.

Source: B. Efron, R. Tibshirani: An Introduction to the Bootstrap (1993), chapter 13.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
SEED = 20_211_105
PERCENTILES = (2.5, 97.5)
# Numbers that one step holds at a time: 32 MiB.
STEP_NUMBERS = 4_000_000

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over `questions` questions, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    questions: int


def estimate_means(values: Matrix) -> list[Estimate]:
    """The mean of each column of `values`, `(n, m)`, one row a question, all columns drawn alike.

    Raises: ValueError where there is no question.
    """
    count = len(values)
    if not count:
        raise ValueError("no questions, no mean")
    # Column by column, and not as a matrix product: the last bits of a sum depend on its order, and
    # with it on the number of columns or of threads.
    columns = np.ascontiguousarray(values.T)
    steps = [[column[drawn].mean(axis=1) for column in columns] for drawn in _draws(count, step=_step(count))]
    low, high = np.percentile(np.concatenate(steps, axis=1), PERCENTILES, axis=1)
    return [
        Estimate(float(column.mean()), float(low[number]), float(high[number]), count)
        for number, column in enumerate(columns)
    ]


def estimate_pairs(pairs: Matrix) -> Estimate:
    """The mean of `pairs`, `(p, n)`: what each question of one class is worth against each of the other.

    Both classes are drawn again, each by itself. With wins as 1, ties as .5 and losses as 0 the mean
    is the area under the ROC curve; the difference of two such tables gives that of two areas.
    Raises: ValueError where a class is empty.
    """
    rows, columns = pairs.shape
    if not rows or not columns:
        raise ValueError("a class without questions has no pairs")
    step = _step(rows + columns)
    draws = zip(_draws(rows, step=step), _draws(columns, step=step, stream=1), strict=True)
    # Halves and their sums are exact numbers, in whatever order they are added.
    sums = [((_counts(ours, rows) @ pairs) * _counts(theirs, columns)).sum(axis=1) for ours, theirs in draws]
    low, high = np.percentile(np.concatenate(sums) / (rows * columns), PERCENTILES)
    return Estimate(float(pairs.mean()), float(low), float(high), rows + columns)


def _step(numbers: int) -> int:
    """How many resamples of so many numbers each are worked on at a time."""
    return max(1, STEP_NUMBERS // numbers)


def _draws(count: int, *, step: int, stream: int = 0) -> Iterator[NDArray[np.int64]]:
    """Rows drawn with replacement, `(step, count)` at a time, `RESAMPLES` in all."""
    random = np.random.default_rng([SEED, stream])
    for start in range(0, RESAMPLES, step):
        yield random.integers(count, size=(min(step, RESAMPLES - start), count))


def _counts(drawn: NDArray[np.int64], count: int) -> Matrix:
    """How often each of `count` rows was drawn, `(step, count)`."""
    firsts = count * np.arange(len(drawn))[:, None]
    counted = np.bincount((drawn + firsts).ravel(), minlength=count * len(drawn))
    return counted.reshape(-1, count).astype(np.float64)
