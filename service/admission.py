"""How many questions are worked on at once, how many may wait, and for how long.

The work is synchronous and runs in a fixed number of threads. A thread can't be interrupted, so
the work calls its checkpoint between its stages: once the deadline has passed or the client has
gone, the checkpoint raises and the thread is free again. A place counts as taken until then.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

RETRY_AFTER_S = 1


class Overloaded(Exception):
    """All threads work and all waiting places are taken, or the service is stopping."""


class DeadlinePassed(Exception):
    """The work did not end within its deadline."""


class ClientGone(Exception):
    """The client closed the connection before the work ended."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What work looks at between its stages; `ends` is its deadline by the monotonic clock."""

    stopped: threading.Event
    ends: float

    def __call__(self) -> None:
        """Raise where nobody waits for the work any more."""
        if self.stopped.is_set():
            raise DeadlinePassed("stopped between two stages")

    def left_s(self) -> float:
        """Seconds to the deadline."""
        return self.ends - time.monotonic()


class Admission:
    """A bounded number of threads with a bounded queue before them."""

    def __init__(self, *, threads: int, queue_max: int, deadline_s: float) -> None:
        """Start no thread yet; they start with the first calls.

        `turned_away` and `overdue` count calls without a place, and those past their deadline.
        """
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._places = threads + queue_max
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self._taken = 0
        self.turned_away = 0
        self.overdue = 0

    async def run(self, work: Callable[[Checkpoint], T], *, gone: Callable[[], Awaitable[None]]) -> T:
        """What `work` returns or raises; it is given its checkpoint.

        What `gone` makes ends when the client has left.

        Raises:
            Overloaded: at once, where no place is free.
            DeadlinePassed: at the deadline, waiting included.
            ClientGone: when that ended first.
        """
        stopped = threading.Event()
        checkpoint = Checkpoint(stopped, time.monotonic() + self._deadline_s)
        future = self._submit(lambda: _run_unless_stopped(work, checkpoint))
        result = asyncio.wrap_future(future)
        leaving = asyncio.ensure_future(gone())
        ends: set[asyncio.Future[Any]] = {result, leaving}
        try:
            await asyncio.wait(ends, timeout=self._deadline_s, return_when=asyncio.FIRST_COMPLETED)
            if result.cancelled():
                raise Overloaded("the service is stopping")  # it waited when `close` was called
            if result.done():
                return result.result()
            if leaving.done():
                raise ClientGone("the client closed the connection")
            self.overdue += 1
            raise DeadlinePassed(f"no answer within {self._deadline_s:g} s")
        finally:
            stopped.set()
            result.cancel()
            leaving.cancel()

    @property
    def free(self) -> int:
        """How many more calls would be taken now."""
        with self._lock:
            return self._places - self._taken

    def close(self) -> None:
        """Let running work end, drop what waits, and take nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._taken >= self._places:
                self.turned_away += 1
                raise Overloaded(f"all {self._places} places are taken")
            self._taken += 1
        try:
            future = self._pool.submit(call)
        except RuntimeError:
            self._release()
            raise Overloaded("the service is stopping") from None
        future.add_done_callback(lambda _: self._release())
        return future

    def _release(self) -> None:
        with self._lock:
            self._taken -= 1


def _run_unless_stopped(work: Callable[[Checkpoint], T], checkpoint: Checkpoint) -> T:
    checkpoint()
    return work(checkpoint)
