"""Exchanges made up for the tests, and what reads a database's own bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from indexer import TranslationType
from service.confidence import AbstainReason
from service.exchanges import CitedPassage, Exchange, Feedback, FeedbackReason, Rating

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)
MAIL = CitedPassage(
    1, "de-de/partner-help/mail#stop.0", "partner-help/mail", TranslationType.MACHINE, drifted=None
)
ANSWERED = Exchange(
    id="a1",
    conversation="c1",
    asked_at=NOON,
    locale_requested="de-de",
    locale_answered="de-de",
    fallback=False,
    reason=None,
    confidence=0.75,
    writer="extractive",
    generation="20240601T080000Z-0123456789ab",
    timings_ms={"search": 12.5, "total": 14.0},
    nearest_article="partner-help/mail",
    client_key=None,
    question="Darf der Anbieter schreiben?",
    answer="Der Anbieter darf schreiben.[1]",
    citations=(MAIL,),
)


def answered(id_: str, *, minutes: float = 0, **changes: object) -> Exchange:
    """An answered question, so many minutes after noon."""
    given: dict[str, Any] = {"asked_at": NOON + timedelta(minutes=minutes), **changes}
    return replace(ANSWERED, id=id_, **given)


def refused(id_: str, *, minutes: float = 0, **changes: object) -> Exchange:
    """A refused question: no citation, and a reason."""
    kept: dict[str, object] = {
        "reason": AbstainReason.NOT_STATED,
        "citations": (),
        "answer": "Nein.",
        **changes,
    }
    return answered(id_, minutes=minutes, **kept)


def feedback(
    id_: str, rating: Rating = "up", *reasons: FeedbackReason, note: str | None = None, minutes: float = 60
) -> Feedback:
    """Feedback on the answer of this id, so many minutes after noon."""
    return Feedback(id_, NOON + timedelta(minutes=minutes), rating, reasons, note)


def bytes_beside(database: Path) -> bytes:
    """All that stands in SQLite's file, its log and its index of the log."""
    return b"".join(file.read_bytes() for file in sorted(database.parent.glob(f"{database.name}*")))
