"""Records of the indexer and of an answer, as the bodies of the wire."""

from __future__ import annotations

from typing import TypedDict

from indexer import Drift, Edition, Hit, Index, Passage, Ranking
from service.answering import Answer
from service.asking import LocaleChoice
from service.citations import Citation
from service.schemas import (
    AskReply,
    CitationReply,
    DriftReply,
    HitReply,
    LocaleReply,
    LocalesReply,
    LocaleSummaryReply,
    PassageReply,
    ScoresReply,
    SearchReply,
    SentenceReply,
    TranslationReply,
)


class _Place(TypedDict):
    passage_id: str
    article: str
    title: str
    headings: list[str]
    url: str
    translation: TranslationReply
    roles: list[str]
    applies_to: list[str]


def ask_reply(answer: Answer, *, answer_id: str, conversation: str) -> AskReply:
    """The body of `POST /v1/ask`."""
    return AskReply(
        id=answer_id,
        conversation=conversation,
        status="answered" if answer.reason is None else "abstained",
        abstain_reason=answer.reason,
        locale=_locale(answer.choice, answer.ranking.locale, fallback=answer.fallback),
        answer=answer.text,
        confidence=answer.confidence,
        writer=answer.writer,
        writer_fault=answer.fault,
        understood_as=answer.understood_as,
        citations=[_citation(citation) for citation in answer.cited.citations],
        hits=[_hit(hit) for hit in answer.ranking.hits],
        generation=answer.ranking.generation,
        timings_ms=answer.timings_ms,
    )


def search_reply(choice: LocaleChoice, ranking: Ranking) -> SearchReply:
    """The body of `POST /v1/search`."""
    return SearchReply(
        locale=_locale(choice, ranking.locale, fallback=False),
        hits=[_hit(hit) for hit in ranking.hits],
        generation=ranking.generation,
    )


def passage_reply(passage: Passage, *, generation: str) -> PassageReply:
    """The body of `GET /v1/passages/{id}`."""
    return PassageReply(
        **_place(passage),
        locale=passage.edition.locale,
        text=passage.text,
        source_text=passage.source_text,
        sentences=[
            SentenceReply(start=sentence.start, end=sentence.end, source=sentence.source)
            for sentence in passage.sentences
        ],
        generation=generation,
    )


def locales_reply(index: Index) -> LocalesReply:
    """The body of `GET /v1/locales`."""
    return LocalesReply(
        locales=[
            LocaleSummaryReply(
                locale=summary.locale,
                articles=summary.articles,
                passages=summary.passages,
                sentences=summary.sentences,
                newest_hand_over=summary.newest_hand_over,
            )
            for summary in index.locales
        ],
        generation=index.generation,
    )


def _locale(choice: LocaleChoice, answered: str, *, fallback: bool) -> LocaleReply:
    return LocaleReply(
        requested=choice.requested,
        answered=answered,
        guessed=choice.guessed,
        nearest=choice.nearest,
        fallback=fallback,
    )


def _place(passage: Passage) -> _Place:
    edition = passage.edition
    return _Place(
        passage_id=passage.id,
        article=edition.path,
        title=edition.title,
        headings=list(passage.headings),
        url=passage.url,
        translation=translation_reply(edition),
        roles=list(edition.roles),
        applies_to=list(edition.applies_to),
    )


def translation_reply(edition: Edition) -> TranslationReply:
    """Where the words of an edition come from."""
    return TranslationReply(
        type=edition.translation.type,
        handed_over=edition.translation.handed_over,
        source_commit=edition.translation.source_commit,
    )


def _hit(hit: Hit) -> HitReply:
    return HitReply(
        **_place(hit.passage),
        rank=hit.rank,
        text=hit.passage.text,
        source_text=hit.passage.source_text,
        score=hit.score,
        scores=ScoresReply(dense=hit.scores.dense, sentence=hit.scores.sentence, lexical=hit.scores.lexical),
    )


def _citation(citation: Citation) -> CitationReply:
    return CitationReply(
        **_place(citation.hit.passage),
        number=citation.number,
        quote=citation.quote,
        source_quote=citation.source_quote,
        context=citation.context or None,
        start=citation.start,
        end=citation.end,
        drift=None if citation.drift is None else _drift(citation.drift),
        score=citation.hit.score,
    )


def _drift(drift: Drift) -> DriftReply:
    return DriftReply(
        newest_locale=drift.newest_locale,
        newest_handed_over=drift.newest_handed_over,
        sentence_changed=drift.sentence_changed,
        newest_source_quote=drift.newest_source,
    )
