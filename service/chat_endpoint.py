"""One chat endpoint as the writers see it: text comes as it is written, or a fault says what is wrong.

The caller's thread waits for text and looks after its own checkpoint meanwhile; the network is a
loop in a thread of its own, so that a call ends at once when its caller leaves. What comes is bounded
in time and in silence. An endpoint that fails is left alone for a while (circuit.py).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

from service.chat_client import ChatFault, ChatRequest
from service.circuit import CircuitBreaker
from service.citations import WriterFault

# How often a waiting thread looks whether its caller is still there.
LOOK_S = 0.05
CLOSE_S = 5.0
# In less time no endpoint answers; trying would count against it.
CALL_MIN_S = 0.5


class ChatSource(Protocol):
    """Streams the text of one request."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[str]:
        """The pieces of the text; raises ChatFault."""
        ...

    async def close(self) -> None:
        """End its connections."""
        ...


class ChatEndpoint:
    """Calls one endpoint for any number of threads."""

    def __init__(
        self,
        client: ChatSource,
        *,
        stall_s: float,
        on_event: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Call through `client`; a silence of `stall_s` ends a call. Nothing is started yet."""
        self._client = client
        self._stall_s = stall_s
        self._on_event = on_event
        self._breaker = CircuitBreaker(clock)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def stream(
        self, request: ChatRequest, *, within_s: float, checkpoint: Callable[[], None]
    ) -> Generator[str]:
        """The pieces of the text, all within `within_s`; closing the iterator ends the call.

        `checkpoint` is called often while text is waited for, and may raise to end it too.

        Raises:
            ChatFault: what the endpoint did wrong, or that it was not called at all.
        """
        if within_s < CALL_MIN_S:
            raise ChatFault(WriterFault.SLOW, "no time is left to call", failed=False)
        if not self._breaker.admit():
            raise ChatFault(WriterFault.RESTING, "not called")
        settle = self._breaker.abandoned
        try:
            for text in self._receive(request, within_s, checkpoint):
                settle = self._succeed
                yield text
            settle = self._succeed
        except ChatFault as fault:
            settle = self._succeed
            if fault.failed:
                settle = partial(self._fail, fault)
            raise
        finally:
            settle()

    def close(self) -> None:
        """End running calls and the connections; it can't be called any more."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result(CLOSE_S)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _succeed(self) -> None:
        if self._breaker.succeeded():
            self._on_event("the chat endpoint answers again")

    def _fail(self, fault: ChatFault) -> None:
        if self._breaker.failed(rest_s=fault.rest_s):
            self._on_event(f"the chat endpoint is left alone for a while: {fault}")

    def _receive(
        self, request: ChatRequest, within_s: float, checkpoint: Callable[[], None]
    ) -> Iterator[str]:
        parts: SimpleQueue[str | ChatFault | None] = SimpleQueue()
        pumping = self._pump(request, parts, within_s=within_s)
        call = asyncio.run_coroutine_threadsafe(pumping, self._running_loop())
        try:
            while (part := _next(parts, checkpoint)) is not None:
                if isinstance(part, ChatFault):
                    raise part
                yield part
        finally:
            call.cancel()

    async def _pump(
        self, request: ChatRequest, parts: SimpleQueue[str | ChatFault | None], *, within_s: float
    ) -> None:
        """Put the pieces of the text into `parts`, then None or the fault."""
        try:
            async with asyncio.timeout(within_s), aclosing(self._client.stream(request)) as pieces:
                while True:
                    async with asyncio.timeout(self._stall_s):
                        text = await anext(pieces, None)
                    parts.put(text)
                    if text is None:
                        return
        except TimeoutError:
            parts.put(ChatFault(WriterFault.SLOW, f"no reply within {min(within_s, self._stall_s):.1f} s"))
        except ChatFault as fault:
            parts.put(fault)
        except asyncio.CancelledError:
            parts.put(ChatFault(WriterFault.UNAVAILABLE, "closing", failed=False))
            raise

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="chat", daemon=True)
                self._thread.start()
            return self._loop

    async def _end(self) -> None:
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._client.close()


def _next(
    parts: SimpleQueue[str | ChatFault | None], checkpoint: Callable[[], None]
) -> str | ChatFault | None:
    while True:
        checkpoint()
        try:
            return parts.get(timeout=LOOK_S)
        except Empty:
            continue
