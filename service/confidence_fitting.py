"""Fits the confidence on questions that are known to be answerable or not, and judges the fit on others.

    python -m service.confidence_fitting JUDGED --index DIR [--training DIR] [--answered 0.95] [--write]

1. Every question is searched as `/v1/ask` does; the features are those of confidence.py, and the
   question's vector.
2. A logistic regression over both is fitted on the training questions, which were written for it. The
   questions of JUDGED are never fitted on: what the figures say of them is said of unseen questions.
3. The threshold leaves the wanted share of JUDGED's answerable questions answered.
4. A second opinion: each locale's training questions, judged by a fit on all other locales.
Needs scikit-learn, which building an index needs too.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer import Index, Question, open_index
from service.confidence import FEATURES, HITS_JUDGED, AskedFor, FittedConfidence
from service.fit_files import TRAINING, WEIGHTS, fit_as_json, read_asked_of, replace_fit

# Weak for a few features; the vector's 384 components are held down by VECTOR_SHARE.
REGULARISATION = 1.0
# A component's scale beside a feature's: .02 to .07 give .90 to .93 AUROC (docs/measurements.md).
VECTOR_SHARE = 0.05
# One off-topic question stands for so many: they are cheap to tell, and few were written.
OFF_TOPIC_WEIGHT = 12.0
FILE = Path(__file__).with_name("confidence.json")
QUESTIONS = TRAINING / "questions"
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions as they were searched: `features (n, f)` in the order of FEATURES, `vectors (n, d)`,
    which are answerable, which near misses, and their locales."""

    features: Numbers
    vectors: Numbers
    answerable: Flags
    near_miss: Flags
    locales: NDArray[np.str_]

    def among(self, chosen: Flags) -> Examples:
        """Those that are chosen."""
        return Examples(
            self.features[chosen], self.vectors[chosen], self.answerable[chosen],
            self.near_miss[chosen], self.locales[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit, its threshold, and what it is worth: on the judged questions, and over the locales."""

    confidence: FittedConfidence
    threshold: float
    judged: dict[str, float]
    cross_validated: dict[str, float]


def gather_examples(index: Index, questions: Sequence[Question]) -> Examples:
    """The features and vector of each question's ranking; a question without hits is left out."""
    rows, vectors, kept = [], [], []
    for question in questions:
        ranking = index.search(
            question.query, locale=question.locale, k=HITS_JUDGED, history=question.history
        )
        if ranking.hits:
            rows.append([feature(ranking) for feature in FEATURES.values()])
            vectors.append(ranking.vector)
            kept.append(question)
    return Examples(
        np.array(rows, dtype=np.float64),
        np.array(vectors, dtype=np.float64),
        np.array([bool(question.articles) for question in kept]),
        np.array([question.near_miss for question in kept]),
        np.array([question.locale for question in kept]),
    )


def fit_confidence(training: Examples, judged: Examples, *, answered: float) -> Fit:
    """The fit on `training`, and the threshold that leaves the share `answered` of `judged` answered.

    Raises: ValueError where the training questions are of fewer than two locales, or of one kind only.
    """
    across = cross_validate(training)
    confidence = fit(training)
    chances = chances_of(confidence, judged)
    # Downwards, so that no fewer than the wanted share is answered.
    lowest = np.quantile(chances[judged.answerable], 1 - answered, method="lower")
    threshold = float(np.floor(1000 * lowest) / 1000)
    lowest_across = float(np.quantile(across[training.answerable], 1 - answered))
    return Fit(
        confidence,
        threshold,
        worth(judged, chances, threshold=threshold),
        worth(training, across, threshold=lowest_across),
    )


def worth(examples: Examples, chances: Numbers, *, threshold: float) -> dict[str, float]:
    """AUROC of all, near misses and off-topic questions, and the shares answered and refused.

    Where there are no near misses, or no off-topic questions, there is no figure for them.
    """
    from sklearn.metrics import roc_auc_score

    right = examples.answerable
    refused = chances < threshold
    groups = {
        "auroc": np.ones_like(right),
        "auroc_near_miss": right | examples.near_miss,
        "auroc_off_topic": ~examples.near_miss,
    }
    figures = {
        "questions": float(len(right)),
        **{
            name: float(roc_auc_score(right[chosen], chances[chosen]))
            for name, chosen in groups.items()
            if len(set(right[chosen].tolist())) == 2
        },
        "answered": float(1 - refused[right].mean()),
        "refused": float(refused[~right].mean()),
    }
    return {name: round(value, 3) for name, value in figures.items()}


def cross_validate(examples: Examples) -> Numbers:
    """The chance of each question by the fit on all other locales, `(n,)`."""
    if len(set(examples.locales)) < 2 or len(set(examples.answerable.tolist())) < 2:
        raise ValueError("fitting needs questions of two locales, answerable and unanswerable ones")
    chances = np.zeros(len(examples.answerable))
    for locale in sorted(set(examples.locales.tolist())):
        own = examples.locales == locale
        chances[own] = chances_of(fit(examples.among(~own)), examples.among(own))
    return chances


def fit(examples: Examples) -> FittedConfidence:
    """One fit on all examples: features of one spread, components of the vector VECTOR_SHARE of it."""
    # Imported here and there: a host that only answers has no scikit-learn.
    from sklearn.linear_model import LogisticRegression

    columns = np.hstack([examples.features, examples.vectors])
    scale = columns.std(axis=0)
    scale[scale == 0] = 1.0
    known = examples.features.shape[1]
    scale[known:] /= VECTOR_SHARE
    off_topic = ~examples.answerable & ~examples.near_miss
    model = LogisticRegression(C=REGULARISATION, max_iter=5000).fit(
        (columns - columns.mean(axis=0)) / scale,
        examples.answerable,
        sample_weight=np.where(off_topic, OFF_TOPIC_WEIGHT, 1.0),
    )
    weights = np.round(model.coef_[0] / scale, 4)
    intercept = float(model.intercept_[0]) - float(weights @ columns.mean(axis=0))
    return FittedConfidence(
        round(intercept, 4),
        dict(zip(FEATURES, weights[:known].tolist(), strict=True)),
        AskedFor(
            tuple(weights[known:].tolist()),
            round(float(examples.vectors.mean(axis=0) @ weights[known:]), 4),
        ),
    )


def chances_of(confidence: FittedConfidence, examples: Examples) -> Numbers:
    """What `confidence` says of each example, `(n,)`."""
    weights = np.array([confidence.weights[name] for name in FEATURES])
    evidence = confidence.intercept + examples.features @ weights
    evidence += examples.vectors @ np.array(confidence.asked_for.weights)
    chances: Numbers = 1 / (1 + np.exp(-evidence))
    return chances


def describe(found: Fit, index: Index, training: Sequence[Question]) -> str:
    """The fit as the service reads it, with where it comes from."""
    asked_for = found.confidence.asked_for
    fields = {
        "intercept": found.confidence.intercept,
        "weights": dict(found.confidence.weights),
        "asked_for": {"mean": asked_for.mean, "weights": WEIGHTS},
        "provenance": {
            "command": "python -m service.confidence_fitting JUDGED --index DIR --write",
            "model": index.model.name,
            "model_fingerprint": index.model.fingerprint,
            "locales": sorted({question.locale for question in training}),
            "threshold": found.threshold,
            "judged_on_unseen_questions": found.judged,
            "training_questions_cross_validated_by_locale": found.cross_validated,
        },
    }
    return fit_as_json(fields, asked_for.weights)


def main() -> None:
    """Print the fit as JSON; `--write` puts it where the service reads it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("judged", type=Path, help="questions to judge by and to set the threshold on")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--training", type=Path, default=QUESTIONS, help="questions to fit on")
    parser.add_argument("--answered", type=float, default=0.95, help="share of the answerable to answer")
    parser.add_argument("--write", action="store_true", help=f"replace {FILE.name}")
    chosen = parser.parse_args()
    index = open_index(chosen.index)

    training = read_asked_of(index, chosen.training)
    found = fit_confidence(
        gather_examples(index, training),
        gather_examples(index, read_asked_of(index, chosen.judged)),
        answered=chosen.answered,
    )
    text = describe(found, index, training)
    if chosen.write:
        replace_fit(FILE, text)
    print(text)


if __name__ == "__main__":
    main()
