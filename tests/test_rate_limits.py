"""Counting requests: within the rate, over it, and where the storage fails or is slow."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from limits.aio.storage import MemoryStorage

from service.rate_limits import BUCKETS_MAX, REST_S, LimitsError, RateLimiter, Refused, open_storage
from service.rates import Rate
from tests.fakes import Clock
from tests.lacking import skip_for_lack

# A day's window moves too slowly for a test to see it move.
THREE_A_DAY = Rate(3, 86_400)


class FailingStorage(MemoryStorage):
    """A storage that raises `fault`, or waits where that is a number of seconds, while it isn't None."""

    fault: Exception | float | None = None
    calls = 0

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        self.calls += 1
        if isinstance(self.fault, Exception):
            raise self.fault
        if self.fault is not None:
            await asyncio.sleep(self.fault)
        return await super().acquire_sliding_window_entry(key, limit, expiry, amount)


@pytest.fixture
def storage() -> FailingStorage:
    return FailingStorage()


@pytest.fixture
def limiter(storage: FailingStorage, clock: Clock, events: list[str]) -> RateLimiter:
    return RateLimiter(storage, clock=clock, on_event=events.append)


def count(limiter: RateLimiter, bucket: str, times: int, rate: Rate = THREE_A_DAY) -> list[bool]:
    """Whether each of so many requests is within the rate."""

    async def requests() -> list[bool]:
        return [await limiter.count(bucket, rate) is None for _ in range(times)]

    return asyncio.run(requests())


def test_the_request_after_the_last_allowed_one_is_refused_with_the_time_to_wait(
    limiter: RateLimiter,
) -> None:
    assert count(limiter, "key:a", 4) == [True, True, True, False]
    refused = asyncio.run(limiter.count("key:a", THREE_A_DAY))
    assert refused == Refused(THREE_A_DAY, refused.retry_after_s if refused else 0)
    assert refused is not None
    assert 1 <= refused.retry_after_s <= 86_400


def test_a_refused_request_does_not_count(limiter: RateLimiter) -> None:
    one_a_second = Rate(2, 1)
    assert count(limiter, "key:a", 3, one_a_second)[:2] == [True, True]
    count(limiter, "key:a", 100, one_a_second)
    deadline = time.monotonic() + 5
    while not count(limiter, "key:a", 1, one_a_second)[0]:
        assert time.monotonic() < deadline, "no request was let through after the window"
        time.sleep(0.05)


def test_buckets_do_not_touch_each_other(limiter: RateLimiter) -> None:
    assert count(limiter, "key:a", 4)[3] is False
    assert count(limiter, "key:b", 3) == [True] * 3
    assert count(limiter, "key:a", 1, Rate(5, 86_400)) == [True]


@pytest.mark.parametrize("fault", [ConnectionError("redis://:canary@host"), ValueError("canary"), 30.0])
def test_a_storage_that_fails_or_hangs_is_left_alone_and_requests_are_counted_here(
    limiter: RateLimiter, storage: FailingStorage, events: list[str], fault: Exception | float
) -> None:
    storage.fault = fault
    started = time.monotonic()
    assert count(limiter, "key:a", 4) == [True, True, True, False]
    assert time.monotonic() - started < 5
    assert storage.calls == 1
    assert (limiter.failing, limiter.failures) == (True, 1)
    name = "TimeoutError" if isinstance(fault, float) else type(fault).__name__
    assert events == [f"limits: the storage failed ({name}); requests are counted in this process"]


def test_a_storage_that_is_back_is_used_again_after_its_rest(
    limiter: RateLimiter, storage: FailingStorage, clock: Clock, events: list[str]
) -> None:
    storage.fault = ConnectionError()
    count(limiter, "key:a", 1)
    clock.now = REST_S - 0.1
    count(limiter, "key:a", 1)
    assert storage.calls == 1
    clock.now = REST_S
    count(limiter, "key:a", 5)
    assert storage.calls == 2
    storage.fault = None
    clock.now = 2 * REST_S
    assert count(limiter, "key:b", 1) == [True]
    assert not limiter.failing
    assert events[-1] == "limits: the storage is back"
    # The storage itself has counted nothing of bucket a.
    assert count(limiter, "key:a", 4) == [True, True, True, False]
    assert len(events) == 2


def test_while_one_request_tries_a_storage_again_the_others_do_not_wait(
    limiter: RateLimiter, storage: FailingStorage, clock: Clock
) -> None:
    storage.fault = ConnectionError()
    count(limiter, "key:a", 1)
    storage.fault = 30.0
    clock.now = REST_S

    async def together() -> None:
        await asyncio.gather(*(limiter.count(f"key:{n}", THREE_A_DAY) for n in range(20)))

    asyncio.run(together())
    assert storage.calls == 2


def test_a_flood_of_addresses_does_not_fill_memory() -> None:
    storage = MemoryStorage()
    limiter = RateLimiter(storage, clock=Clock(), on_event=print)
    now = time.time()
    storage.expirations.update({f"LIMITER/{n}": now + 1_000 for n in range(BUCKETS_MAX + 1)})
    assert count(limiter, "address:192.0.2.1", 1) == [True]
    assert len(storage.expirations) == 1


@pytest.mark.parametrize("url", ["nothing://canary", "redis://canary:notaport", "rediss+x://canary"])
def test_a_url_of_no_storage_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(LimitsError, match="CITEDESK_LIMITS_URL names no storage") as refusal:
        open_storage(url)
    assert "canary" not in str(refusal.value)


def test_a_redis_that_is_not_there_lets_requests_through(clock: Clock, events: list[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limiter = RateLimiter(open_storage(f"redis://127.0.0.1:{port}"), clock=clock, on_event=events.append)
    assert count(limiter, "key:a", 4) == [True, True, True, False]
    assert len(events) == 1


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    """The port of a Redis of this test's own, without a file."""
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        skip_for_lack("Redis is not installed: apt install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_two_services_that_share_a_redis_share_the_counts(
    redis_port: int, clock: Clock, events: list[str]
) -> None:
    async def requests() -> list[bool]:
        storages = [open_storage(f"redis://127.0.0.1:{redis_port}/1") for _ in range(2)]
        first, second = (RateLimiter(each, clock=clock, on_event=events.append) for each in storages)
        within = [await limiter.count("key:a", THREE_A_DAY) is None for limiter in (first, second) * 2]
        for each in storages:
            close: Callable[[], Awaitable[None]] = each.bridge.storage.aclose  # type: ignore[attr-defined]
            await close()
        return within

    assert asyncio.run(requests()) == [True, True, True, False]
    assert events == []
