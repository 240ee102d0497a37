"""All figures of a run: retrieval, refusal, citations, and how they differ from an earlier run's.

The same run and the same questions give the same report, to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from indexer.answer_figures import (
    CITATION_FIGURES,
    REFUSAL_FIGURES,
    answer_values,
    auroc_rows,
    confidences_of,
    contrast_rows,
)
from indexer.evaluation import RETRIEVAL_FIGURES, measure
from indexer.figures import Row, Values, mean_rows, merge_rows, merge_values, subtract_values
from indexer.questions import Question
from indexer.refusal import Calibration, RiskCurve, calibrate, trace_risk
from indexer.runs import Answering, Run

ANSWER_FIGURES = (*REFUSAL_FIGURES, *CITATION_FIGURES)
FIGURES = (*RETRIEVAL_FIGURES, *ANSWER_FIGURES)
# Digits that a figure is printed with for machines; more would tell processors apart, not runs.
DIGITS = 6


@dataclass(frozen=True, slots=True)
class RefusalReport:
    """The confidence as a whole: what is right is an answerable question.

    `threshold` is the answerer's, `coverage` and `risk` are those of answering from it on.
    """

    threshold: float
    coverage: float
    risk: float
    curve: RiskCurve
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Comparison:
    """This run's figures minus those of the run on `generation`, over the questions of both.

    `unpaired` counts the questions that the earlier run was not asked. Citations are compared where
    both runs answered; precision is not, for each run refuses others.
    """

    generation: str
    unpaired: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures by group; `refusal` is None where nobody answered, `against` where nothing is compared."""

    generation: str
    rows: Sequence[Row]
    refusal: RefusalReport | None
    against: Comparison | None


def make_report(questions: Sequence[Question], run: Run, *, against: Run | None = None) -> Report:
    """The figures of a run of `questions` (at least one)."""
    rows = mean_rows(questions, _values(questions, run))
    if run.answering is not None:
        answering = run.answering
        contrasts = contrast_rows(questions, answering.answers, threshold=answering.threshold)
        rows = merge_rows(rows, contrasts)
    return Report(
        generation=run.generation,
        rows=rows,
        refusal=None if run.answering is None else report_refusal(questions, run.answering),
        against=None if against is None else compare_runs(questions, run, against),
    )


def report_refusal(questions: Sequence[Question], answering: Answering) -> RefusalReport:
    """Risk-coverage curve and calibration over `questions` (at least one)."""
    confidences = confidences_of(questions, answering.answers)
    right = [question.answerable for question in questions]
    curve = trace_risk(confidences, right)
    return RefusalReport(
        answering.threshold, *curve.at(answering.threshold), curve, calibrate(confidences, right)
    )


def compare_runs(questions: Sequence[Question], now: Run, then: Run) -> Comparison:
    """Paired differences, `now` minus `then`; each run is judged by its own judgements."""
    known = {id_ for level in then.levels.values() for id_ in (*level.qrels, *level.run)}
    known |= set() if then.answering is None else set(then.answering.answers)
    paired = [question for question in questions if question.id in known]
    differences = subtract_values(_values(paired, now), _values(paired, then))
    rows = mean_rows(paired, differences)
    if now.answering is not None and then.answering is not None:
        before = then.answering.answers
        both = [question for question in paired if question.id in before]
        rows = merge_rows(rows, auroc_rows(both, now.answering.answers, minus=before))
    return Comparison(then.generation, len(questions) - len(paired), rows)


def report_as_json(report: Report) -> dict[str, object]:
    """The report as JSON values, numbers rounded to `DIGITS` digits."""
    rounded = _rounded(asdict(report))
    assert isinstance(rounded, dict)
    return rounded


def _values(questions: Sequence[Question], run: Run) -> Values:
    retrieval = measure(run.levels)
    if run.answering is None:
        return retrieval
    answered = [question for question in questions if question.id in run.answering.answers]
    return merge_values(
        retrieval, answer_values(answered, run.answering.answers, threshold=run.answering.threshold)
    )


def _rounded(value: object) -> object:
    if isinstance(value, float):
        # A difference of nothing may come out as minus nothing.
        return round(value, DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return value
