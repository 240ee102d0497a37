"""How long the stages of an answer take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds since the last lap, summed by stage; each lap is also a place to stop at."""

    clock: Clock
    checkpoint: Callable[[], None]
    started: float = field(init=False)
    last: float = field(init=False)
    ms: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.started = self.last = self.clock()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to the stage's."""
        now = self.clock()
        self.ms[stage] = round(self.ms.get(stage, 0.0) + 1000 * (now - self.last), 3)
        self.last = now
        self.checkpoint()

    def total(self) -> dict[str, float]:
        """The stages, and the time since the start as "total"."""
        return {**self.ms, "total": round(1000 * (self.clock() - self.started), 3)}
