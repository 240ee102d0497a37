"""What a prepared model says of itself: `model.json` in its folder, and the answers given from it.

Written by `model_conversion.py`, read wherever a model is loaded; needs no engine.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from indexer.errors import ModelError

DESCRIPTION_FILE = "model.json"
PREPARE_ANEW = "build the index anew with --full, that prepares the model"

Engine = Literal["ctranslate2", "sentence-transformers"]


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What `model.json` says of a prepared model; `pooling` is "" where the engine does it all.

    Vectors are always of unit length, so the file doesn't say it.
    """

    name: str
    engine: Engine
    fingerprint: str
    dimension: int
    max_tokens: int
    pooling: Literal["mean", "cls", ""]
    query_prompt: str
    passage_prompt: str


class DescribedModel:
    """The part of the Embedder protocol that a description answers, for every engine."""

    def __init__(self, description: ModelDescription, *, prompt_tokens: int) -> None:
        """`prompt_tokens` is what a passage's prompt and the special tokens take of the window."""
        self._description = description
        self._prompt_tokens = prompt_tokens

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._description.dimension

    @property
    def fingerprint(self) -> str:
        """The prepared model's fingerprint."""
        return self._description.fingerprint

    @property
    def max_tokens(self) -> int:
        """The model's window in tokens."""
        return self._description.max_tokens

    @property
    def passage_tokens(self) -> int:
        """How many tokens of a passage are read, at least one."""
        return max(1, self.max_tokens - self._prompt_tokens)


def write_description(model_dir: Path, description: ModelDescription) -> None:
    """Write `model.json`."""
    text = json.dumps(asdict(description), ensure_ascii=False, indent=2)
    (model_dir / DESCRIPTION_FILE).write_text(text + "\n", encoding="utf-8")


def read_description(model_dir: Path) -> ModelDescription:
    """Read `model.json`.

    Raises: ModelError where it is missing, unreadable, or names an unknown engine or pooling.
    """
    file = model_dir / DESCRIPTION_FILE
    try:
        fields = json.loads(file.read_bytes())
        description = ModelDescription(**fields)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{file}: no description of a prepared model ({error}); {PREPARE_ANEW}") from error
    for field, value in asdict(description).items():
        kind = int if field in ("dimension", "max_tokens") else str
        if type(value) is not kind:
            raise ModelError(f"{file}: {field} is {value!r}, which is no {kind.__name__}; {PREPARE_ANEW}")
    if description.engine not in ("ctranslate2", "sentence-transformers"):
        raise ModelError(f"{file}: engine {description.engine!r} is not known here; {PREPARE_ANEW}")
    if description.engine == "ctranslate2" and description.pooling not in ("mean", "cls"):
        raise ModelError(f"{file}: pooling {description.pooling!r} is not known here; {PREPARE_ANEW}")
    return description
