"""Fits the confidence on questions that are known to be answerable or not, and judges the fit.

    python -m service.confidence_fitting QUESTIONS --index DIR [--answered 0.92] [--write]

1. Every question is searched as `/v1/ask` does; the features are those of confidence.py.
2. A logistic regression on standardised features is fitted for each locale on all the others, and
   the chances it gives there are what is reported: no question is judged by a fit that saw it.
3. The shipped weights are those of one fit on all questions; the threshold leaves the wanted share
   of the answerable ones answered.
Needs scikit-learn, which building an index needs too.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from indexer import Index, Question, open_index, read_questions
from service.answering import HITS_READ
from service.confidence import FEATURES, FittedConfidence

# Weak: three features and some hundred questions; between .03 and 3 nothing changes.
REGULARISATION = 0.3
FILE = Path(__file__).with_name("confidence.json")
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Examples:
    """Features `(n, f)` in the order of FEATURES, which are answerable, which near misses, their locales."""

    features: Numbers
    answerable: Flags
    near_miss: Flags
    locales: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit on all questions, its threshold, and what cross-validation by locale says of it."""

    confidence: FittedConfidence
    threshold: float
    figures: dict[str, float]


def gather_examples(index: Index, questions: Sequence[Question]) -> Examples:
    """The features of each question's ranking; a question without hits is left out."""
    rows, kept = [], []
    for question in questions:
        ranking = index.search(question.query, locale=question.locale, k=HITS_READ, history=question.history)
        if ranking.hits:
            rows.append([feature(ranking) for feature in FEATURES.values()])
            kept.append(question)
    return Examples(
        np.array(rows, dtype=np.float64),
        np.array([bool(question.articles) for question in kept]),
        np.array([question.near_miss for question in kept]),
        np.array([question.locale for question in kept]),
    )


def fit_confidence(examples: Examples, *, answered: float) -> Fit:
    """The fit whose threshold leaves the share `answered` of the answerable questions answered.

    Raises: ValueError where there are fewer than two locales, or one kind of question only.
    """
    chances = cross_validate(examples)
    confidence = _fit(examples.features, examples.answerable)
    right = examples.answerable
    shipped = _chances(confidence, examples.features)
    refused = chances < np.quantile(chances[right], 1 - answered)
    figures = {
        "questions": float(len(right)),
        "auroc": float(roc_auc_score(right, chances)),
        "auroc_near_miss": _auroc_among(right | examples.near_miss, right, chances),
        "auroc_off_topic": _auroc_among(~examples.near_miss, right, chances),
        "answered": float(1 - refused[right].mean()),
        "refused": float(refused[~right].mean()),
    }
    threshold = float(np.quantile(shipped[right], 1 - answered))
    return Fit(confidence, round(threshold, 3), {name: round(value, 3) for name, value in figures.items()})


def _auroc_among(chosen: Flags, right: Flags, chances: Numbers) -> float:
    return float(roc_auc_score(right[chosen], chances[chosen]))


def cross_validate(examples: Examples) -> Numbers:
    """The chance of each question by the fit on all other locales, `(n,)`."""
    if len(set(examples.locales)) < 2 or len(set(examples.answerable.tolist())) < 2:
        raise ValueError("fitting needs questions of two locales, answerable and unanswerable ones")
    chances = np.zeros(len(examples.answerable))
    for locale in sorted(set(examples.locales.tolist())):
        own = examples.locales == locale
        confidence = _fit(examples.features[~own], examples.answerable[~own])
        chances[own] = _chances(confidence, examples.features[own])
    return chances


def _fit(features: Numbers, answerable: Flags) -> FittedConfidence:
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1.0
    model = LogisticRegression(C=REGULARISATION).fit((features - mean) / deviation, answerable)
    weights = model.coef_[0] / deviation
    intercept = float(model.intercept_[0] - weights @ mean)
    return FittedConfidence(
        round(intercept, 4),
        {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)},
    )


def _chances(confidence: FittedConfidence, features: Numbers) -> Numbers:
    weights = np.array([confidence.weights[name] for name in FEATURES])
    chances: Numbers = 1 / (1 + np.exp(-(confidence.intercept + features @ weights)))
    return chances


def main() -> None:
    """Print the fit as JSON; `--write` puts it where the service reads it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--answered", type=float, default=0.92, help="share of the answerable to answer")
    parser.add_argument("--write", action="store_true", help=f"replace {FILE.name}")
    chosen = parser.parse_args()
    index = open_index(chosen.index)
    questions = [question for question in read_questions(chosen.questions) if question.locale in index.shards]
    fit = fit_confidence(gather_examples(index, questions), answered=chosen.answered)
    text = json.dumps(
        {
            "intercept": fit.confidence.intercept,
            "weights": dict(fit.confidence.weights),
            "provenance": {
                "command": "python -m service.confidence_fitting QUESTIONS --index DIR --write",
                "model": index.model.name,
                "model_fingerprint": index.model.fingerprint,
                "locales": sorted({question.locale for question in questions}),
                "threshold": fit.threshold,
                "cross_validated_by_locale": fit.figures,
            },
        },
        indent=2,
    )
    if chosen.write:
        fresh = FILE.with_suffix(".new")
        fresh.write_text(text + "\n", "utf-8")
        fresh.replace(FILE)
    print(text)


if __name__ == "__main__":
    main()
