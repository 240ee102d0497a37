"""Fits which questions can't be understood without the turns before them, and judges the fit on others.

    python -m service.context_need_fitting JUDGED --index DIR [--write]

1. Each question is embedded as it stands, without its turns: the follow-ups of `training/follow_ups` are
   the ones to tell, those of `training/questions` stand alone.
2. A logistic regression over the vectors; the questions of JUDGED are never fitted on.
Needs scikit-learn, which building an index needs too.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer import Index, Question, open_index
from service.context_need import ContextNeed
from service.fit_files import TRAINING, WEIGHTS, fit_as_json, read_asked_of, replace_fit

# The vector's components, of one spread, times this: so a few hundred examples can't bend them at will.
VECTOR_SHARE = 0.05
# One follow-up stands for so many: there are ten times as many of the others.
FOLLOW_UP_WEIGHT = 6.0
FILE = Path(__file__).with_name("context_need.json")
Vectors = NDArray[np.float64]
Flags = NDArray[np.bool_]


def embed_alone(index: Index, questions: Sequence[Question]) -> Vectors:
    """The vector of each question without its turns, `(n, d)`."""
    vectors = [index.prepare(question.query, locale=question.locale).vector for question in questions]
    return np.array(vectors, dtype=np.float64)


def fit(vectors: Vectors, follows: Flags) -> ContextNeed:
    """The fit on all examples."""
    # Imported here and there: a host that only answers has no scikit-learn.
    from sklearn.linear_model import LogisticRegression

    scale = vectors.std(axis=0)
    scale[scale == 0] = 1.0
    scale /= VECTOR_SHARE
    mean = vectors.mean(axis=0)
    model = LogisticRegression(max_iter=5000).fit(
        (vectors - mean) / scale, follows, sample_weight=np.where(follows, FOLLOW_UP_WEIGHT, 1.0)
    )
    weights = np.round(model.coef_[0] / scale, 4)
    return ContextNeed(round(float(model.intercept_[0]) - float(weights @ mean), 4), tuple(weights.tolist()))


def worth(need: ContextNeed, vectors: Vectors, follows: Flags, *, threshold: float) -> dict[str, float]:
    """AUROC, and of either kind the share whose chance is at least `threshold`."""
    from sklearn.metrics import roc_auc_score

    chances = np.array([need(vector.tolist()) for vector in vectors], dtype=np.float64)
    figures = {
        "questions": float(len(follows)),
        "auroc": float(roc_auc_score(follows, chances)),
        "follow_ups_read_with_their_turns": float(np.mean(chances[follows] >= threshold)),
        "others_read_with_their_turns": float(np.mean(chances[~follows] >= threshold)),
    }
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    """Print the fit as JSON; `--write` puts it where the service reads it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("judged", type=Path, help="questions to judge by")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--threshold", type=float, default=0.25, help="the chance to judge at")
    parser.add_argument("--write", action="store_true", help=f"replace {FILE.name}")
    chosen = parser.parse_args()
    index = open_index(chosen.index)

    training = [
        *read_asked_of(index, TRAINING / "follow_ups"),
        *read_asked_of(index, TRAINING / "questions"),
    ]
    need = fit(embed_alone(index, training), np.array([bool(question.history) for question in training]))
    judged = read_asked_of(index, chosen.judged)
    follows = np.array([bool(question.history) for question in judged])
    provenance = {
        "command": "python -m service.context_need_fitting JUDGED --index DIR --write",
        "model": index.model.name,
        "model_fingerprint": index.model.fingerprint,
        "training_questions": len(training),
        "threshold": chosen.threshold,
        "judged_on_unseen_questions": worth(
            need, embed_alone(index, judged), follows, threshold=chosen.threshold
        ),
    }
    fields = {"intercept": need.intercept, "weights": WEIGHTS, "provenance": provenance}
    text = fit_as_json(fields, need.weights)
    if chosen.write:
        replace_fit(FILE, text)
    print(text)


if __name__ == "__main__":
    main()
