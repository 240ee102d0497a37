"""What the fits that the package ships have in common: which questions they learn from, and their files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexer import Index, Question, read_questions

TRAINING = Path(__file__).with_name("training")
# Stands where `fit_as_json` puts the weights.
WEIGHTS = "WEIGHTS"


def read_asked_of(index: Index, source: Path) -> list[Question]:
    """The questions of `source` whose locale the index has."""
    return [question for question in read_questions(source) if question.locale in index.shards]


def fit_as_json(fields: Mapping[str, object], weights: Sequence[float]) -> str:
    """`fields` as JSON with `weights` on one line where WEIGHTS stands: 384 lines tell a reader nothing."""
    return json.dumps(fields, indent=2).replace(f'"{WEIGHTS}"', json.dumps(list(weights)))


def replace_fit(file: Path, text: str) -> None:
    """Put `text` into `file`, whole or not at all."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text + "\n", "utf-8")
    fresh.replace(file)
