"""Counting requests against rates, in this process or in Redis.

A window slides: at each moment the requests of the last period count, those of the period before
by the share that still overlaps. A storage that fails or is slow never keeps a question from being
answered: for a while requests are counted in this process instead.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from service.rates import Rate

MEMORY_URL = "memory://"
# Redis beside the service answers in a millisecond; a question waits no longer than this for it.
STORAGE_WAIT_S = 0.25
# How long a storage that failed is left alone.
REST_S = 5.0
# Each counts two numbers, and all are looked through as they expire: 10,000 take a millisecond.
BUCKETS_MAX = 10_000


class LimitsError(Exception):
    """The counts can't be kept there; the message names the setting and the way out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One request too many for `rate`; trying again may help in `retry_after_s` seconds."""

    rate: Rate
    retry_after_s: int


def open_storage(url: str) -> Storage:
    """Where requests are counted: `memory://`, or a Redis; nothing is connected yet.

    Raises:
        LimitsError: the URL names no such storage.
    """
    try:
        if url.startswith("redis"):
            return cast(Storage, storage_from_string(f"async+{url}", implementation="redispy"))
        return cast(Storage, storage_from_string(f"async+{url}"))
    except (ConfigurationError, ValueError):
        # The URL may hold a password, and so may the library's message.
        raise LimitsError(
            "CITEDESK_LIMITS_URL names no storage: use memory:// or redis://HOST:PORT"
        ) from None


class RateLimiter:
    """Counts requests in buckets, each with its rate."""

    def __init__(
        self, storage: Storage, *, clock: Callable[[], float], on_event: Callable[[str], None]
    ) -> None:
        """Count in `storage`; `clock` gives seconds, `on_event` is told when it fails and when it is back."""
        self._storage = storage
        self._spare = MemoryStorage()
        self._clock = clock
        self._on_event = on_event
        self._resting_until: float | None = None
        self.failures = 0

    @property
    def failing(self) -> bool:
        """Whether the storage failed when it was last asked."""
        return self._resting_until is not None

    async def count(self, bucket: str, rate: Rate) -> Refused | None:
        """Count one request in `bucket`; None where it is within `rate`. Never raises."""
        if self._resting_until is not None:
            now = self._clock()
            if now < self._resting_until:
                return await _count(self._spare, bucket, rate)
            # This request tries; others don't wait for it.
            self._resting_until = now + REST_S
        try:
            async with asyncio.timeout(STORAGE_WAIT_S):
                refused = await _count(self._storage, bucket, rate)
        # Whatever a storage raises, questions are answered.
        except Exception as error:
            self._rest(error)
            return await _count(self._spare, bucket, rate)
        if self._resting_until is not None:
            self._resting_until = None
            self._on_event("limits: the storage is back")
        return refused

    def _rest(self, error: Exception) -> None:
        self.failures += 1
        if self._resting_until is None:
            # Not the message: it may hold the address and a password.
            self._on_event(
                f"limits: the storage failed ({type(error).__name__}); requests are counted in this process"
            )
        self._resting_until = self._clock() + REST_S


async def _count(storage: Storage, bucket: str, rate: Rate) -> Refused | None:
    if isinstance(storage, MemoryStorage) and len(storage.expirations) > BUCKETS_MAX:
        # Memory stays bounded under a flood of addresses; all counts begin anew.
        await storage.reset()
    strategy = SlidingWindowCounterRateLimiter(storage)
    item = RateLimitItemPerSecond(rate.count, rate.period_s)
    if await strategy.hit(item, bucket):
        return None
    # The library counts by this clock.
    stats = await strategy.get_window_stats(item, bucket)
    return Refused(rate, retry_after_s=max(1, math.ceil(stats.reset_time - time.time())))
