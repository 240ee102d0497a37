"""What is kept of an answered question and of what its reader thought: records, and their making.

Frozen; they travel from the routes to the database and from there to the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from indexer import TranslationType
from service.confidence import AbstainReason
from service.schemas import AskReply, CitationReply

Rating = Literal["up", "down"]
FeedbackReason = Literal["wrong_citation", "not_answered", "outdated", "bad_translation", "other"]


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A citation of an answer.

    `drifted` says whether the quoted sentence has changed in a newer version of its article, None
    where there is a newer one that it can't be compared with.
    """

    number: int
    passage_id: str
    article: str
    translation: TranslationType
    drifted: bool | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question with its answer, or with its refusal where `reason` is not None.

    `locale_requested` is None where the locale was guessed. `nearest_article` is the first hit's,
    None without hits. `question` and `answer` are None where texts are not kept.
    """

    id: str
    conversation: str
    asked_at: datetime
    locale_requested: str | None
    locale_answered: str
    fallback: bool
    reason: AbstainReason | None
    confidence: float
    writer: str
    generation: str
    timings_ms: Mapping[str, float]
    nearest_article: str | None
    client_key: str | None
    question: str | None
    answer: str | None
    citations: tuple[CitedPassage, ...]

    @property
    def locale(self) -> str:
        """The locale asked for; the guessed one where none was."""
        return self.locale_requested or self.locale_answered


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader thought of the answer of this id; `reasons` without repeats."""

    answer_id: str
    rated_at: datetime
    rating: Rating
    reasons: tuple[FeedbackReason, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class RatedExchange:
    """An exchange with its last feedback, None where nobody gave any."""

    exchange: Exchange
    feedback: Feedback | None


def exchange_of(
    reply: AskReply, *, question: str, asked_at: datetime, client_key: str | None, keep_texts: bool
) -> Exchange:
    """What is kept of `reply`; without `keep_texts` no word of the question or answer is."""
    return Exchange(
        id=reply.id,
        conversation=reply.conversation,
        asked_at=asked_at,
        locale_requested=reply.locale.requested,
        locale_answered=reply.locale.answered,
        fallback=reply.locale.fallback,
        reason=reply.abstain_reason,
        confidence=reply.confidence,
        writer=reply.writer,
        generation=reply.generation,
        timings_ms=reply.timings_ms,
        nearest_article=reply.hits[0].article if reply.hits else None,
        client_key=client_key,
        question=question if keep_texts else None,
        answer=reply.answer if keep_texts else None,
        citations=tuple(
            CitedPassage(
                citation.number,
                citation.passage_id,
                citation.article,
                citation.translation.type,
                _has_drifted(citation),
            )
            for citation in reply.citations
        ),
    )


def _has_drifted(citation: CitationReply) -> bool | None:
    # Without a newer version of the article there is none that the sentence has changed in.
    return False if citation.drift is None else citation.drift.sentence_changed
