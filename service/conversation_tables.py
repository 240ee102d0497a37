"""The tables that exchanges and feedback are kept in, and how a record becomes rows and back.

Version 1. A change of a column raises `SCHEMA_VERSION`: a database of another version is refused.
Deleting an exchange deletes its citations and its feedback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    TypeDecorator,
)

from indexer import TranslationType
from service.confidence import AbstainReason
from service.exchanges import CitedPassage, Exchange, Feedback, RatedExchange

SCHEMA_VERSION = 1


class _Utc(TypeDecorator[datetime]):
    """A point in time; SQLite keeps no zone, so that it is UTC there by agreement."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = MetaData()

SCHEMA = Table(
    "citedesk_schema",
    METADATA,
    Column("only_row", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

EXCHANGES = Table(
    "citedesk_exchanges",
    METADATA,
    Column("id", String, primary_key=True),
    Column("conversation", String, nullable=False, index=True),
    Column("asked_at", _Utc, nullable=False, index=True),
    Column("locale_requested", String),
    Column("locale_answered", String, nullable=False),
    Column("fallback", Boolean, nullable=False),
    Column("reason", String),
    Column("confidence", Float, nullable=False),
    Column("writer", String, nullable=False),
    Column("generation", String, nullable=False),
    Column("timings_ms", JSON, nullable=False),
    Column("nearest_article", String),
    Column("client_key", String),
    Column("question", String),
    Column("answer", String),
)

CITATIONS = Table(
    "citedesk_citations",
    METADATA,
    Column("exchange", ForeignKey(EXCHANGES.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("passage_id", String, nullable=False),
    Column("article", String, nullable=False),
    Column("translation", String, nullable=False),
    Column("drifted", Boolean),
)

FEEDBACK = Table(
    "citedesk_feedback",
    METADATA,
    Column("exchange", ForeignKey(EXCHANGES.c.id, ondelete="CASCADE"), primary_key=True),
    Column("rated_at", _Utc, nullable=False),
    Column("rating", String, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("note", String),
)

Values = dict[str, Any]


def exchange_values(exchange: Exchange) -> Values:
    """The row of `EXCHANGES`."""
    return {
        "id": exchange.id,
        "conversation": exchange.conversation,
        "asked_at": exchange.asked_at,
        "locale_requested": exchange.locale_requested,
        "locale_answered": exchange.locale_answered,
        "fallback": exchange.fallback,
        "reason": None if exchange.reason is None else exchange.reason.value,
        "confidence": exchange.confidence,
        "writer": exchange.writer,
        "generation": exchange.generation,
        "timings_ms": dict(exchange.timings_ms),
        "nearest_article": exchange.nearest_article,
        "client_key": exchange.client_key,
        "question": exchange.question,
        "answer": exchange.answer,
    }


def citation_values(exchange: Exchange) -> list[Values]:
    """The rows of `CITATIONS`, in the order of their numbers."""
    return [
        {
            "exchange": exchange.id,
            "number": citation.number,
            "passage_id": citation.passage_id,
            "article": citation.article,
            "translation": citation.translation.value,
            "drifted": citation.drifted,
        }
        for citation in exchange.citations
    ]


def feedback_values(feedback: Feedback) -> Values:
    """The row of `FEEDBACK`."""
    return {
        "exchange": feedback.answer_id,
        "rated_at": feedback.rated_at,
        "rating": feedback.rating,
        "reasons": list(feedback.reasons),
        "note": feedback.note,
    }


def rated_exchanges(
    exchanges: Iterable[Row[Any]], citations: Sequence[Row[Any]], feedback: Sequence[Row[Any]]
) -> list[RatedExchange]:
    """The records of these rows, in the order of `exchanges`; `citations` are in that of their numbers."""
    cited: dict[str, list[CitedPassage]] = {}
    for row in citations:
        cited.setdefault(row.exchange, []).append(
            CitedPassage(
                row.number, row.passage_id, row.article, TranslationType(row.translation), row.drifted
            )
        )
    rated = {
        row.exchange: Feedback(row.exchange, row.rated_at, row.rating, tuple(row.reasons), row.note)
        for row in feedback
    }
    return [
        RatedExchange(_exchange(row, tuple(cited.get(row.id, ()))), rated.get(row.id)) for row in exchanges
    ]


def _exchange(row: Row[Any], citations: tuple[CitedPassage, ...]) -> Exchange:
    return Exchange(
        id=row.id,
        conversation=row.conversation,
        asked_at=row.asked_at,
        locale_requested=row.locale_requested,
        locale_answered=row.locale_answered,
        fallback=row.fallback,
        reason=None if row.reason is None else AbstainReason(row.reason),
        confidence=row.confidence,
        writer=row.writer,
        generation=row.generation,
        timings_ms=row.timings_ms,
        nearest_article=row.nearest_article,
        client_key=row.client_key,
        question=row.question,
        answer=row.answer,
        citations=citations,
    )
