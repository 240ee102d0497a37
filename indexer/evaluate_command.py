"""What `python -m indexer evaluate` does: everything that may be refused is looked at before asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.answers import SHIPPED_ANSWERER, Answerer, load_answerer
from indexer.build_report import Progress
from indexer.errors import AnswererMissing, IndexerError
from indexer.evaluation_report import ANSWER_FIGURES, FIGURES, Report, make_report, report_as_json
from indexer.figures import Floor, falls_below, read_floor
from indexer.questions import Question, group_questions, read_questions
from indexer.reading import Index, open_index
from indexer.runs import ask_questions, make_run_folder, read_run, write_run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    `left_out` counts the questions of locales that the index doesn't hold, by locale; `unanswered` says
    why nobody answered, None where somebody did; `below` are the floors that were not reached.
    """

    report: Report
    left_out: Mapping[str, int]
    unanswered: str | None
    below: Sequence[Floor]

    def as_json(self) -> dict[str, object]:
        """The report as JSON values, with what was left out and what is too low."""
        return {
            **report_as_json(self.report),
            "left_out": dict(self.left_out),
            "below": [str(floor) for floor in self.below],
        }


def evaluate_index(
    questions: Path,
    index_dir: Path,
    *,
    answerer: str | None,
    against: Path | None,
    save: Path | None,
    fail_under: Sequence[str],
    progress: Progress,
) -> Outcome:
    """Ask the questions whose locale the index holds, and measure.

    `answerer` is `MODULE:NAME`, None for the shipped one if it is installed. `against` is read before
    `save` is written: they may be the same folder.
    Raises: IndexerError.
    """
    floors = [read_floor(text, figures=FIGURES) for text in fail_under]
    earlier = None if against is None else read_run(against)
    index = open_index(index_dir)
    asked, left_out = _choose_questions(questions, index)
    answers, unanswered = _find_answerer(answerer)
    _check_floors(floors, asked, unanswered)
    if save is not None:
        make_run_folder(save)
    run = ask_questions(index, asked, answerer=answers, progress=progress)
    if save is not None:
        write_run(save, run)
    progress.stage("measuring", None)
    report = make_report(asked, run, against=earlier)
    below = [floor for floor in floors if falls_below(report.rows, floor)]
    return Outcome(report, left_out, unanswered, below)


def _choose_questions(source: Path, index: Index) -> tuple[list[Question], dict[str, int]]:
    questions = read_questions(source)
    asked = [question for question in questions if question.locale in index.shards]
    if not asked:
        raise IndexerError(f"{source} has no question in {', '.join(sorted(index.shards))}")
    missing = Counter(question.locale for question in questions if question.locale not in index.shards)
    return asked, dict(sorted(missing.items()))


def _find_answerer(name: str | None) -> tuple[Answerer | None, str | None]:
    """The answerer, or why there is none; only the shipped one may be missing."""
    try:
        return load_answerer(name or SHIPPED_ANSWERER), None
    except AnswererMissing as error:
        if name is not None:
            raise
        return None, str(error)


def _check_floors(floors: Sequence[Floor], questions: Sequence[Question], unanswered: str | None) -> None:
    groups = [name for name, _ in group_questions(questions)]
    for floor in floors:
        if floor.group not in groups:
            raise IndexerError(f"{floor}: no questions of {floor.group!r}; there are {', '.join(groups)}")
        if unanswered is not None and floor.figure in ANSWER_FIGURES:
            raise IndexerError(f"{floor} can't be measured: {unanswered}")
