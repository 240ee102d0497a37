"""A store of conversations in memory, whose faults a test chooses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from service.conversations import Conversations
from service.database import Unstorable
from service.exchanges import Exchange
from tests.exchanges import NOON


class FakeStore:
    """A store in memory; `faults` are raised by the next calls, `refused` ids always."""

    name = "fake"

    def __init__(self, *faults: Exception, refused: Sequence[str] = ()) -> None:
        self.faults = list(faults)
        self.refused = set(refused)
        self.added: list[str] = []
        self.batches: list[int] = []
        self.prepared = 0
        self.purged: list[datetime] = []

    def prepare(self) -> None:
        self.prepared += 1

    def purge(self, *, before: datetime) -> int:
        self.purged.append(before)
        return 0

    def add(self, exchanges: Sequence[Exchange]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        if any(exchange.id in self.refused for exchange in exchanges):
            raise Unstorable("fake refuses a record: DataError")
        self.batches.append(len(exchanges))
        self.added += [exchange.id for exchange in exchanges]

    def close(self) -> None:
        pass


def keep_in(store: object, **options: Any) -> Conversations:
    given: dict[str, Any] = {
        "keep_texts": True,
        "retention": timedelta(days=90),
        "now": lambda: NOON,
        "on_event": lambda event: None,
        **options,
    }
    return Conversations(store, **given)  # type: ignore[arg-type]
