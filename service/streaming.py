"""Answers that go out piece by piece: work in a thread, its pieces as server-sent events.

The work is a generator. It runs in the admission's threads under the admission's deadline; each of
its pieces is handed to the event loop at once. Whoever stops listening stops the work at its next
checkpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import aclosing, closing
from typing import TypeVar

from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent

from service.admission import Admission, Checkpoint

T = TypeVar("T")

# Line ends to many readers of streams, though not to the standard; JSON may hold them escaped.
_LINE_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
HEARTBEAT = ServerSentEvent(comment="heartbeat", sep="\n")


async def stream_work(
    admission: Admission, work: Callable[[Checkpoint], Generator[T, None, None]]
) -> AsyncGenerator[T, None]:
    """What `work` yields, each piece as soon as it is there.

    Raises what `Admission.run` raises, once what came before has been read. To stop listening, close
    the generator or cancel who reads it.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[tuple[T] | None] = asyncio.Queue()

    def hand_over(checkpoint: Checkpoint) -> None:
        # Closed at once where the checkpoint raises: the work may hold on to a call elsewhere.
        with closing(work(checkpoint)) as pieces:
            for piece in pieces:
                loop.call_soon_threadsafe(arrived.put_nowait, (piece,))
                checkpoint()

    def end(running: asyncio.Future[None]) -> None:
        if not running.cancelled():
            running.exception()  # looked at: asyncio reports an error that nobody has looked at
        arrived.put_nowait(None)

    # Who reads the stream is cancelled when the client leaves, and this task with it.
    running = asyncio.ensure_future(admission.run(hand_over, gone=_never))
    running.add_done_callback(end)
    try:
        while (piece := await arrived.get()) is not None:
            yield piece[0]
        running.result()
    finally:
        running.cancel()


def event_response(events: AsyncIterator[ServerSentEvent], *, heartbeat_s: float) -> EventSourceResponse:
    """A response that sends the events, and a comment after each `heartbeat_s` until they end."""
    return EventSourceResponse(events, ping=heartbeat_s, ping_message_factory=lambda: HEARTBEAT, sep="\n")


def json_event(body: BaseModel, *, name: str | None = None) -> ServerSentEvent:
    """An event whose data is the body in JSON on one line."""
    data = body.model_dump_json().translate(_LINE_ENDS)
    return ServerSentEvent(data, event=name, sep="\n")


async def end_with(
    events: AsyncGenerator[ServerSentEvent, None], data: str
) -> AsyncGenerator[ServerSentEvent, None]:
    """The events, then one of plain data."""
    async with aclosing(events):
        async for event in events:
            yield event
    yield ServerSentEvent(data, sep="\n")


async def _never() -> None:
    await asyncio.Event().wait()
