"""The questions that went wrong, worst first, as text to read: what was asked, found and quoted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from indexer.answer_figures import answer_values
from indexer.answers import Answered
from indexer.evaluation import EVIDENCE
from indexer.questions import Question
from indexer.reading import Index
from indexer.runs import Run

# Characters of a passage or quote that are shown; and hits of a question.
SHOWN_CHARS = 240
SHOWN_HITS = 3
FOUND_RANK = 5


class Fault(StrEnum):
    """What went wrong with a question."""

    NOT_FOUND = f"the evidence is not among the first {FOUND_RANK} hits"
    REFUSED = "answerable, but refused"
    ANSWERED = "unanswerable, but answered"
    MISQUOTED = "answered, but no quote holds the evidence"


@dataclass(frozen=True, slots=True)
class Wrong:
    """The questions with a fault, the worst first, of the `possible` ones that could have it."""

    fault: Fault
    questions: Sequence[Question]
    possible: int


def worst_questions(questions: Sequence[Question], run: Run, fault: Fault) -> Wrong:
    """The questions of `run` with this fault; ties stand in their order.

    Not found is worse the lower the evidence stands; refused is worse the higher it stands, then the less
    sure the answerer was; the others are worse the surer it was.
    """
    ranks = evidence_ranks(run)
    if fault is Fault.NOT_FOUND:
        judged = [question for question in questions if question.id in ranks]
        missed = [question for question in judged if ranks[question.id] > FOUND_RANK]
        return Wrong(fault, sorted(missed, key=lambda question: -ranks[question.id]), len(judged))
    if run.answering is None:
        return Wrong(fault, (), 0)
    answers = run.answering.answers
    asked = [question for question in questions if question.id in answers]
    values = answer_values(asked, answers, threshold=run.answering.threshold)
    figure, order = _ORDERS[fault]
    possible = [question for question in asked if figure in values[question.id]]
    wrong = [question for question in possible if values[question.id][figure] == 0]
    wrong.sort(key=lambda question: order(ranks.get(question.id, math.inf), answers[question.id]))
    return Wrong(fault, wrong, len(possible))


def evidence_ranks(run: Run) -> dict[str, float]:
    """The rank of the first passage that holds the evidence, by judged question; infinite without one."""
    judged = run.levels[EVIDENCE]
    ranks = {}
    for question, right in judged.qrels.items():
        found = judged.run.get(question, ())
        ranks[question] = next((rank for rank, name in enumerate(found, 1) if name in right), math.inf)
    return ranks


def read_worst(index: Index, questions: Sequence[Question], run: Run, fault: Fault, *, most: int) -> str:
    """The `most` worst questions as text, below a line that says how many there are."""
    wrong = worst_questions(questions, run, fault)
    shown = [describe_question(index, question, run) for question in wrong.questions[:most]]
    return "\n\n".join([f"{len(wrong.questions)} of {wrong.possible} questions: {fault}", *shown])


def describe_question(index: Index, question: Question, run: Run) -> str:
    """A question with what answers it, its best hits, and what was said.

    Hits that hold the evidence are marked with `*`.
    """
    judged = run.levels[EVIDENCE]
    right = judged.qrels.get(question.id, ())
    asked_in = f", asked in {question.query_lang}" if question.query_lang else ""
    lines = [f"{question.id} ({question.locale}, {question.kind}{asked_in})"]
    lines += [f"  {turn.role}: {_short(turn.content)}" for turn in question.history]
    lines.append(f"  QUESTION: {question.query}")
    lines += [f"  answered by {article}" for article in question.articles]
    lines += [f"  evidence: {_short(text)}" for text in question.evidence]
    if not question.answerable:
        lines.append(f"  stated nowhere, {'a near miss' if question.near_miss else 'off topic'}")
    for rank, name in enumerate(judged.run.get(question.id, ())[:SHOWN_HITS], 1):
        lines.append(f"  hit {rank}{'*' if name in right else ''}: {name}")
        lines.append(f"    {_short(index.passage(name).text)}")
    if run.answering is not None and question.id in run.answering.answers:
        lines += _describe_answer(run.answering.answers[question.id], run.answering.threshold)
    return "\n".join(lines)


def _describe_answer(answered: Answered, threshold: float) -> list[str]:
    said = "answered" if answered.answered else f"refused ({answered.reason})"
    elsewhere = " by another locale" if answered.fallback else ""
    lines = [f"  {said}{elsewhere}, confidence {answered.confidence:.2f} (threshold {threshold:g})"]
    for quote in answered.quotes:
        lines.append(f"  quote: {_short(quote.text)}")
        lines += [f"    English: {_short(quote.source)}"] if quote.source else []
    return lines


def _short(text: str) -> str:
    """One line, cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARS else f"{line[:SHOWN_CHARS]} …"


def _by_rank(rank: float, answered: Answered) -> tuple[float, float]:
    return rank, answered.confidence


def _surest(_: float, answered: Answered) -> tuple[float, float]:
    return 0.0, -answered.confidence


# The figure that is 0 where the fault is, and what the worst is by.
_ORDERS: Mapping[Fault, tuple[str, Callable[[float, Answered], tuple[float, float]]]] = {
    Fault.REFUSED: ("refusal:answered", _by_rank),
    Fault.ANSWERED: ("refusal:refused", _surest),
    Fault.MISQUOTED: ("citations:joined", _surest),
}
