"""How well an index finds what questions ask for: question files, runs, measures, tables.

A hit is right at the article level when its article is the question's or among those that answer
too; at the evidence level when its text holds the evidence, white space and markup ignored (one
half is enough from 40 characters on: a passage may be cut inside it). The article ranking is the
passage ranking without repeated articles. Measures are ir-measures'; a question that finds nothing
counts as a miss.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ir_measures
from ir_measures import RR, Qrel, ScoredDoc, Success, nDCG

from indexer.errors import IndexerError, UnknownLocale
from indexer.reading import Index
from indexer.records import Ranking, Turn

MEASURES = (Success @ 1, Success @ 3, Success @ 5, Success @ 10, RR @ 10, nDCG @ 10)
DEPTH = 50
HALF_EVIDENCE_CHARS = 40
_NO_DOCUMENT = "nothing-in-the-index"
_MARKUP = re.compile(r"[\s*_`\\|#>\[\]()~<]+")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what answers it; `articles` is empty for an unanswerable one."""

    id: str
    locale: str
    query: str
    query_lang: str
    kind: str
    history: tuple[Turn, ...]
    articles: tuple[str, ...]
    evidence: tuple[str, ...]
    near_miss: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the group's name, its number of questions, level -> measure -> mean."""

    group: str
    questions: int
    article: dict[str, float]
    evidence: dict[str, float]


def read_questions(source: Path) -> list[Question]:
    """The questions of a `.jsonl` file, or of all such files in a folder, in order of file and line.

    Raises: IndexerError naming the file and line of one that can't be read, or whose id stands twice.
    """
    files = sorted(source.glob("*.jsonl")) if source.is_dir() else [source]
    if not files:
        raise IndexerError(f"{source} holds no .jsonl file of questions")
    questions: dict[str, Question] = {}
    for file in files:
        try:
            lines = file.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise IndexerError(f"{file} can't be read: {error}") from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            question = _read_question(line, f"{file}:{number}")
            if questions.setdefault(question.id, question) is not question:
                raise IndexerError(
                    f"{file}:{number}: the id {question.id!r} stands twice; rename one of them"
                )
    return list(questions.values())


def _read_question(line: str, where: str) -> Question:
    try:
        fields = json.loads(line)
        if not fields["query"].strip():
            raise ValueError("the query is empty")
        articles = [fields["article"], *(fields.get("also") or [])] if fields["article"] else []
        evidence = [fields.get("evidence", ""), *(fields.get("evidence_also") or [])]
        history = tuple(Turn(turn["role"], turn["content"]) for turn in fields.get("history") or [])
        return Question(
            fields["id"], fields["locale"], fields["query"], fields.get("query_lang", ""), fields["kind"],
            history, tuple(articles), tuple(text for text in map(_evidence_text, evidence) if text),
            bool(fields.get("near_miss")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexerError(f"{where}: no question: {error!r}") from error


def _evidence_text(entry: object) -> str:
    """Evidence of other articles may stand as text or as an object with `evidence`."""
    if isinstance(entry, dict):
        return str(entry.get("evidence", ""))
    return str(entry or "")


def bare(text: str) -> str:
    """`text` without white space, markup and compatibility forms: what evidence is compared by."""
    return _MARKUP.sub("", unicodedata.normalize("NFKC", text)).casefold()


def holds_evidence(text: str, evidence: Iterable[str]) -> bool:
    """Whether `text` (as `bare` gives it) holds one of the pieces of evidence, or half of one."""
    for piece in filter(None, map(bare, evidence)):
        halves = (piece[: len(piece) // 2], piece[len(piece) // 2 :])
        if piece in text or (len(piece) >= HALF_EVIDENCE_CHARS and any(half in text for half in halves)):
            return True
    return False


def run_questions(
    index: Index, questions: Sequence[Question], progress: Callable[[int], None] | None = None
) -> dict[str, Ranking]:
    """The ranking of each question, by its id.

    Raises: UnknownLocale where a question's locale is not in the index.
    """
    rankings = {}
    for question in questions:
        rankings[question.id] = index.search(
            question.query, locale=question.locale, k=DEPTH, history=question.history
        )
        if progress is not None:
            progress(1)
    return rankings


def evaluate(index: Index, questions: Sequence[Question], rankings: dict[str, Ranking]) -> list[Row]:
    """A row for all answerable questions, then one for each locale, then one for each kind."""
    answerable = [question for question in questions if question.articles]
    levels = [
        _measure(*_article_level(answerable, rankings)),
        _measure(*_evidence_level(index, answerable, rankings)),
    ]
    groups: list[tuple[str, list[Question]]] = [("all", answerable)]
    for name in sorted({question.locale for question in answerable}):
        groups.append((name, [question for question in answerable if question.locale == name]))
    for name in sorted({question.kind for question in answerable}):
        groups.append((name, [question for question in answerable if question.kind == name]))
    return [
        Row(name, len(members), *(_mean(level, [question.id for question in members]) for level in levels))
        for name, members in groups
    ]


def _article_level(
    questions: Sequence[Question], rankings: dict[str, Ranking]
) -> tuple[list[Qrel], list[ScoredDoc]]:
    qrels = [Qrel(question.id, article, 1) for question in questions for article in question.articles]
    run = []
    for question in questions:
        articles = dict.fromkeys(hit.passage.edition.path for hit in rankings[question.id].hits)
        run += [ScoredDoc(question.id, article, -rank) for rank, article in enumerate(articles)]
    return qrels, run


def _evidence_level(
    index: Index, questions: Sequence[Question], rankings: dict[str, Ranking]
) -> tuple[list[Qrel], list[ScoredDoc]]:
    texts: dict[str, list[tuple[str, str, str]]] = {}
    qrels, run = [], []
    for question in questions:
        if question.locale not in texts:
            if question.locale not in index.shards:
                raise UnknownLocale(question.locale, sorted(index.shards))
            passages = index.shards[question.locale].passages
            every = (passages[row] for row in range(len(passages)))
            texts[question.locale] = [(p.id, p.edition.path, bare(p.text)) for p in every]
        right = [
            passage_id
            for passage_id, article, text in texts[question.locale]
            if article in question.articles and holds_evidence(text, question.evidence)
        ]
        qrels += [Qrel(question.id, passage_id, 1) for passage_id in right or [_NO_DOCUMENT]]
        run += [ScoredDoc(question.id, hit.passage.id, -hit.rank) for hit in rankings[question.id].hits]
    return qrels, run


def _measure(qrels: list[Qrel], run: list[ScoredDoc]) -> dict[str, dict[str, float]]:
    """question id -> measure -> value."""
    values: dict[str, dict[str, float]] = {qrel.query_id: {} for qrel in qrels}
    for metric in ir_measures.iter_calc(list(MEASURES), qrels, run):
        values[metric.query_id][str(metric.measure)] = float(metric.value)
    return values


def _mean(values: dict[str, dict[str, float]], ids: Sequence[str]) -> dict[str, float]:
    return {
        str(measure): sum(values[i].get(str(measure), 0.0) for i in ids) / len(ids) if ids else 0.0
        for measure in MEASURES
    }
