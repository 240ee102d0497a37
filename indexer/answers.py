"""Answers to questions, for measuring: what an answerer gives, and where the answerer comes from.

The indexer knows no service. Whoever answers implements `Answerer`, and is named as `MODULE:NAME`:
a callable without arguments that makes one.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from indexer.errors import AnswererMissing, IndexerError
from indexer.questions import Question
from indexer.reading import Index

# Answers as the service does with the settings that it comes with.
SHIPPED_ANSWERER = "service.evaluated:shipped_answerer"


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of a passage that an answer cites; `source` is its English, None where it has none."""

    text: str
    article: str
    passage_id: str
    source: str | None

    @property
    def locale(self) -> str:
        """The locale of its article."""
        return self.passage_id.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answerer gave to the question of this id.

    `confidence`, in 0..1, is that of the asked locale, also where another one (`fallback`) answered.
    `answered` says whether the reader got an answer; where not, `reason` says why and nothing is quoted.
    """

    question: str
    confidence: float
    answered: bool
    fallback: bool
    reason: str | None
    quotes: tuple[Quote, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.question}: a confidence lies in 0..1, not {self.confidence}")


class Answerer(Protocol):
    """Answers questions from an index; below `threshold` its confidence is too little to."""

    @property
    def threshold(self) -> float:
        """The confidence in 0..1 below which it refuses."""
        ...

    def __call__(self, index: Index, question: Question, /) -> Answered:
        """The answer to one question, asked in the question's locale."""
        ...


def load_answerer(name: str) -> Answerer:
    """The answerer that `MODULE:NAME` makes.

    Raises:
        AnswererMissing: MODULE, or one that it imports, is not installed.
        IndexerError: MODULE has no such NAME, or `name` is not of that form.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise IndexerError(f"{name!r} is not of the form MODULE:NAME")
    try:
        make = pkgutil.resolve_name(name)
    except ModuleNotFoundError as error:
        raise AnswererMissing(f"{name!r} can't answer: the module {error.name!r} is not installed") from error
    except (ImportError, AttributeError, ValueError) as error:
        raise IndexerError(f"{name!r} names no answerer: {error}") from error
    if not callable(make):
        raise IndexerError(f"{name!r} names no callable that makes an answerer")
    answerer: Answerer = make()
    return answerer


def answer_questions(
    index: Index,
    questions: Sequence[Question],
    answerer: Answerer,
    *,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Answered]:
    """The answer to each question, by its id, in their order; `progress` is told of each one."""
    answers = {}
    for question in questions:
        answers[question.id] = answerer(index, question)
        if progress is not None:
            progress(1)
    return answers


def write_answers(file: Path, answers: Mapping[str, Answered]) -> None:
    """One JSON object a line, in order."""
    lines = [json.dumps(asdict(answered), ensure_ascii=False) + "\n" for answered in answers.values()]
    file.write_text("".join(lines), "utf-8", newline="\n")


def read_answers(file: Path) -> dict[str, Answered]:
    """What `write_answers` wrote.

    Raises: IndexerError naming the file, and the line where one is broken.
    """
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise IndexerError(f"{file} can't be read: {error}") from error
    answers = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            quotes = tuple(Quote(**quote) for quote in fields.pop("quotes"))
            answered = Answered(**fields, quotes=quotes)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexerError(f"{file}:{number}: no answer: {error!r}") from error
        answers[answered.question] = answered
    return answers
