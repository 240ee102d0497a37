"""Keys in memory, and an Access over them whose clocks stand still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from limits.aio.storage import MemoryStorage, Storage

from service.access import Access, AccessRules
from service.keys import EVERYDAY_SCOPES, Key, KeyRing, Scope, make_key, new_ring
from service.rate_limits import RateLimiter
from service.rates import parse_rate
from tests.fakes import Clock

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
PAGE = "https://help.example"


@dataclass
class KeysInMemory:
    """A KeySource without a file; None stands for no file."""

    keys: KeyRing | None = None
    fault: str | None = None

    def ring(self) -> KeyRing | None:
        return self.keys

    def add(
        self,
        name: str = "helpdesk",
        *,
        scopes: Sequence[Scope] = EVERYDAY_SCOPES,
        origins: Sequence[str] = (),
        rate: str | None = None,
        total_rate: str | None = None,
        expires: date | None = None,
    ) -> tuple[str, Key]:
        """Make a key, keep it, and give its text with it."""
        text, key = make_key(
            name, scopes=scopes, origins=origins, rate=rate, total_rate=total_rate, expires=expires, now=NOW
        )
        self.keys = (self.keys or new_ring()).with_key(key)
        return text, key

    def revoke(self, key: Key) -> None:
        assert self.keys is not None
        self.keys = self.keys.without(key.id, now=NOW)


# On loopback; and without limits that a test would notice.
RULES = AccessRules(open=None, loopback=True, rate=parse_rate("1000000/second"), token_s=900)
CLOSED = replace(RULES, open=False)
OPEN = replace(RULES, open=True)


def make_access(
    keys: KeysInMemory | None = None,
    rules: AccessRules = RULES,
    *,
    storage: Storage | None = None,
    clock: Clock | None = None,
    events: list[str] | None = None,
) -> Access:
    """Access by `keys` (none where not given) and `rules`."""
    clock = clock or Clock(NOW.timestamp())
    heard: list[str] = [] if events is None else events
    limiter = RateLimiter(storage or MemoryStorage(), clock=clock, on_event=heard.append)
    return Access(keys or KeysInMemory(), rules, limiter=limiter, now=clock)


def bearer(text: str, **headers: str) -> dict[str, str]:
    """The headers of a request with this key or token."""
    return {"Authorization": f"Bearer {text}", **headers}
