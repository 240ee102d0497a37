"""How well an index finds what questions ask for: rankings, judgements, measures.

A hit is right at the article level when its article is the question's or among those that answer
too; at the evidence level when its text holds the evidence, white space and markup ignored (one
half is enough from 40 characters on: a passage may be cut inside it). The article ranking is the
passage ranking without repeated articles. Measures are ir-measures'; a question that finds nothing
counts as a miss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import ir_measures
from ir_measures import RR, Qrel, ScoredDoc, Success, nDCG

from indexer.errors import UnknownLocale
from indexer.figures import Row, mean_rows
from indexer.fusion import FusionWeights
from indexer.questions import Question, bare, holds_evidence
from indexer.reading import Index, ranking_of
from indexer.records import Ranking
from indexer.trec import JudgedRun

MEASURES = (Success @ 1, Success @ 3, Success @ 5, Success @ 10, RR @ 10, nDCG @ 10)
ARTICLE, EVIDENCE = LEVELS = ("article", "evidence")
RETRIEVAL_FIGURES = tuple(f"{level}:{measure}" for level in LEVELS for measure in MEASURES)
DEPTH = 50
# Stands in the judgements of a question whose evidence no passage holds, so that it counts as a miss.
NO_PASSAGE = "nothing-in-the-index"

Search = Callable[[Index, Question], Ranking]


def search_index(index: Index, question: Question) -> Ranking:
    """The ranking that the index itself gives, `DEPTH` deep.

    Raises: UnknownLocale where the question's locale is not in the index.
    """
    return index.search(question.query, locale=question.locale, k=DEPTH, history=question.history)


def search_with(weights: FusionWeights) -> Search:
    """A search whose legs weigh what is given, for every question: to see what each leg is worth."""

    def search(index: Index, question: Question) -> Ranking:
        if question.locale not in index.shards:
            raise UnknownLocale(question.locale, sorted(index.shards))
        query = replace(
            index.prepare(question.query, question.history, locale=question.locale), weights=weights
        )
        found = index.shards[question.locale].search(query, DEPTH, among=None)
        return ranking_of(question.query, question.locale, index.generation, query, found)

    return search


def run_questions(
    index: Index,
    questions: Sequence[Question],
    *,
    search: Search = search_index,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Ranking]:
    """The ranking of each question, by its id, in their order; `progress` is told of each one.

    Raises: UnknownLocale where a question's locale is not in the index.
    """
    rankings = {}
    for question in questions:
        rankings[question.id] = search(index, question)
        if progress is not None:
            progress(1)
    return rankings


def evaluate(index: Index, questions: Sequence[Question], rankings: Mapping[str, Ranking]) -> list[Row]:
    """The retrieval figures of the answerable questions: all, then each locale, then each kind.

    Raises: UnknownLocale where a question's locale is not in the index.
    """
    answerable = [question for question in questions if question.answerable]
    return mean_rows(answerable, measure(judge_rankings(index, answerable, rankings)))


def judge_rankings(
    index: Index, questions: Sequence[Question], rankings: Mapping[str, Ranking]
) -> dict[str, JudgedRun]:
    """The rankings by level, with what is right for each answerable question.

    Raises: UnknownLocale where a question's locale is not in the index.
    """
    answerable = [question for question in questions if question.answerable]
    passages = {
        question.id: [hit.passage for hit in rankings[question.id].hits]
        for question in questions
        if rankings[question.id].hits
    }
    articles = {id_: list(dict.fromkeys(p.edition.path for p in found)) for id_, found in passages.items()}
    right_articles = {question.id: list(dict.fromkeys(question.articles)) for question in answerable}
    return {
        ARTICLE: JudgedRun(right_articles, articles),
        EVIDENCE: JudgedRun(
            _right_passages(index, answerable),
            {id_: [p.id for p in found] for id_, found in passages.items()},
        ),
    }


def measure(levels: Mapping[str, JudgedRun]) -> dict[str, dict[str, float]]:
    """Question id -> `<level>:<measure>` -> value, of each judged question."""
    values: dict[str, dict[str, float]] = {}
    for level, judged in levels.items():
        qrels = [Qrel(question, name, 1) for question, names in judged.qrels.items() for name in names]
        # Ties would be broken by name: minus the rank has none.
        run = [
            ScoredDoc(question, name, -rank)
            for question in judged.qrels
            for rank, name in enumerate(judged.run.get(question, ()))
        ]
        found = {
            (metric.query_id, str(metric.measure)): float(metric.value)
            for metric in ir_measures.iter_calc(list(MEASURES), qrels, run)
        }
        for question in judged.qrels:
            figures = {f"{level}:{name}": found.get((question, str(name)), 0.0) for name in MEASURES}
            values.setdefault(question, {}).update(figures)
    return values


def _right_passages(index: Index, questions: Sequence[Question]) -> dict[str, list[str]]:
    """The ids of the passages of the right articles that hold the evidence, in the index's order."""
    right: dict[str, list[str]] = {}
    for locale in dict.fromkeys(question.locale for question in questions):
        ours = [question for question in questions if question.locale == locale]
        texts = _bare_texts(index, locale, {article for question in ours for article in question.articles})
        for question in ours:
            found = [
                passage_id
                for article in dict.fromkeys(question.articles)
                for passage_id, text in texts.get(article, ())
                if holds_evidence(text, question.evidence)
            ]
            right[question.id] = found or [NO_PASSAGE]
    return {question.id: right[question.id] for question in questions}


def _bare_texts(index: Index, locale: str, articles: set[str]) -> dict[str, list[tuple[str, str]]]:
    """Article -> the ids and bare texts of its passages."""
    if locale not in index.shards:
        raise UnknownLocale(locale, sorted(index.shards))
    passages = index.shards[locale].passages
    wanted = {number for number, edition in enumerate(passages.editions) if edition.path in articles}
    texts: dict[str, list[tuple[str, str]]] = {}
    for row, number in enumerate(passages.edition_numbers):
        if number in wanted:
            passage = passages[row]
            texts.setdefault(passage.edition.path, []).append((passage.id, bare(passage.text)))
    return texts
