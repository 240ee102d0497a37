"""What metrics ask at each scrape, from the parts of the application that know it."""

from __future__ import annotations

from dataclasses import dataclass

from indexer import Index
from service.access import Access
from service.admission import Admission
from service.routes import IndexSource


@dataclass(frozen=True, slots=True)
class Observation:
    """The parts, seen from outside."""

    indexes: IndexSource
    admission: Admission
    access: Access

    def index(self) -> Index:
        """The index that serves.

        Raises:
            IndexMissing: none does.
        """
        return self.indexes.current()

    def faults(self) -> dict[str, bool]:
        """Whether the newest generation, the newest keys were refused; whether counts can't be kept."""
        return {
            "generation": self.indexes.fault is not None,
            "keys": self.access.keys_fault is not None,
            "limits": self.access.limiter.failing,
        }

    def refusals(self) -> dict[str, int]:
        """Questions without a free place, and past their deadline, since the start."""
        return {"overloaded": self.admission.turned_away, "deadline": self.admission.overdue}

    def places_free(self) -> int:
        """How many more questions would be taken now."""
        return self.admission.free
