"""A circuit breaker: after some failures in a row nobody is sent on, until a rest is over.

Then one call alone is let through. If it succeeds all others follow; if not, the next rest is twice
as long, up to a limit. So an endpoint that is down costs nothing, and is used again by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

# Failures in a row that open it; a single one may be chance.
FAILURES_MAX = 3
REST_S = 5.0
REST_MAX_S = 120.0


class CircuitBreaker:
    """Counts the failures of one endpoint; `clock` gives seconds. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin closed: everybody is let through."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest_s = REST_S
        self._opens_again: float | None = None
        self._probing = False

    def admit(self) -> bool:
        """Whether to call now. Who is admitted must say how it went: one of the three below."""
        with self._lock:
            if self._opens_again is None:
                return True
            if self._probing or self._clock() < self._opens_again:
                return False
            self._probing = True
            return True

    def succeeded(self) -> bool:
        """The call was answered; whether that ended a rest."""
        with self._lock:
            was_open = self._opens_again is not None
            self._failures, self._rest_s = 0, REST_S
            self._opens_again, self._probing = None, False
            return was_open

    def failed(self, *, rest_s: float | None = None) -> bool:
        """The call failed; whether that began a rest. `rest_s` is how long the endpoint wants to be left."""
        with self._lock:
            self._failures += 1
            begins = self._opens_again is None and (rest_s is not None or self._failures >= FAILURES_MAX)
            if begins or self._probing:
                wanted = min(REST_MAX_S, rest_s or 0.0)
                self._opens_again = self._clock() + max(self._rest_s, wanted)
                self._rest_s = min(REST_MAX_S, 2 * self._rest_s)
                self._probing = False
            return begins

    def abandoned(self) -> None:
        """The caller gave up before it could tell; another one may try."""
        with self._lock:
            self._probing = False
