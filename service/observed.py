"""What metrics ask at each scrape, from the parts of the application that know it."""

from __future__ import annotations

from dataclasses import dataclass

from indexer import Index
from service.access import Access
from service.admission import Admission
from service.conversations import Conversations
from service.routes import IndexSource


@dataclass(frozen=True, slots=True)
class Observation:
    """The parts, seen from outside."""

    indexes: IndexSource
    admission: Admission
    access: Access
    conversations: Conversations

    def index(self) -> Index:
        """The index that serves.

        Raises:
            IndexMissing: none does.
        """
        return self.indexes.current()

    def faults(self) -> dict[str, bool]:
        """Whether the newest generation or keys were refused; conversations, counts can't be kept."""
        return {
            "generation": self.indexes.fault is not None,
            "keys": self.access.keys_fault is not None,
            "database": self.conversations.state == "down",
            "limits": self.access.limiter.failing,
        }

    def refusals(self) -> dict[str, int]:
        """Questions without a free place, and past their deadline, since the start."""
        return {"overloaded": self.admission.turned_away, "deadline": self.admission.overdue}

    def lost(self) -> int:
        """Exchanges that could not be stored, since the start."""
        return self.conversations.lost

    def places_free(self) -> int:
        """How many more questions would be taken now."""
        return self.admission.free
