"""A run of questions: their rankings, judged, and their answers; kept in a folder to compare with.

<folder>/run.json                          the generation, and the answerer's threshold or null
         article.qrels  article.run        TREC text; names are article paths
         evidence.qrels evidence.run       TREC text; names are passage ids
         answers.jsonl                     what the answerer gave, where there was one
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.answers import Answered, Answerer, answer_questions, read_answers, write_answers
from indexer.build_report import Progress, Silent
from indexer.errors import IndexerError
from indexer.evaluation import LEVELS, Search, judge_rankings, run_questions, search_index
from indexer.questions import Question
from indexer.reading import Index
from indexer.trec import JudgedRun, read_judged_run, write_judged_run

_HEAD, _ANSWERS = "run.json", "answers.jsonl"


@dataclass(frozen=True, slots=True)
class Answering:
    """The answer to each question by its id, and the confidence below which the answerer refuses."""

    threshold: float
    answers: Mapping[str, Answered]


@dataclass(frozen=True, slots=True)
class Run:
    """What one generation gave to questions; `answering` is None where nobody answered them."""

    generation: str
    levels: Mapping[str, JudgedRun]
    answering: Answering | None


def ask_questions(
    index: Index,
    questions: Sequence[Question],
    *,
    answerer: Answerer | None,
    search: Search = search_index,
    progress: Progress | None = None,
) -> Run:
    """Search and judge every question, then have each one answered.

    Raises: UnknownLocale where a question's locale is not in the index.
    """
    progress = progress or Silent()
    progress.stage("searching", len(questions))
    rankings = run_questions(index, questions, search=search, progress=progress.advance)
    progress.stage("judging", None)
    levels = judge_rankings(index, questions, rankings)
    if answerer is None:
        return Run(index.generation, levels, None)
    progress.stage("answering", len(questions))
    answers = answer_questions(index, questions, answerer, progress=progress.advance)
    return Run(index.generation, levels, Answering(answerer.threshold, answers))


def make_run_folder(folder: Path) -> None:
    """Make the folder for a run, with its parents, where it isn't there.

    Raises: IndexerError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndexerError(f"{folder} can't be made: {error}; name another folder to save to") from error


def write_run(folder: Path, run: Run) -> None:
    """Write the run into `folder`, over a run that is there already.

    Raises: IndexerError.
    """
    make_run_folder(folder)
    threshold = None if run.answering is None else run.answering.threshold
    try:
        for level, judged in run.levels.items():
            write_judged_run(folder, level, judged, tag=run.generation)
        if run.answering is None:
            (folder / _ANSWERS).unlink(missing_ok=True)
        else:
            write_answers(folder / _ANSWERS, run.answering.answers)
        head = {"generation": run.generation, "threshold": threshold}
        (folder / _HEAD).write_text(json.dumps(head, indent=2) + "\n", "utf-8", newline="\n")
    except OSError as error:
        raise IndexerError(f"the run can't be saved in {folder}: {error}") from error


def read_run(folder: Path) -> Run:
    """The run that `write_run` wrote.

    Raises: IndexerError naming the file that is missing or broken.
    """
    file = folder / _HEAD
    try:
        head = json.loads(file.read_text("utf-8"))
        generation, threshold = str(head["generation"]), head["threshold"]
        answering = (
            None if threshold is None else Answering(float(threshold), read_answers(folder / _ANSWERS))
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexerError(f"{file}: no run: {error!r}; name a folder that --save wrote") from error
    return Run(generation, {level: read_judged_run(folder, level) for level in LEVELS}, answering)
